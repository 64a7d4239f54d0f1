import subprocess
import sys
import threading

import pytest

from tunewright.errors import StudyError
from tunewright.execution.parcel import pack, unpack


def test_a_closure_travels():
    factor = 3.0

    assert unpack(pack(lambda live: factor * live["x"]))({"x": 2.0}) == 6.0


def test_the_same_parcel_is_the_same_objective():
    parcel = pack(lambda _: 1.0)

    assert unpack(parcel) is unpack(bytes(bytearray(parcel)))


def test_a_traceback_still_says_where_the_code_was_written(tmp_path):
    def objective(_):
        raise ValueError("here")

    (tmp_path / "parcel").write_bytes(pack(objective))
    code = f"import pickle; pickle.load(open({str(tmp_path / 'parcel')!r}, 'rb'))(None)"

    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr

    assert "test_parcel.py" in text
    assert 'raise ValueError("here")' in text


def test_what_cannot_travel_is_one_sentence_with_the_mend():
    lock = threading.Lock()

    with pytest.raises(
        StudyError, match=r"cannot be sent to another process: TypeError: cannot pickle '_thread.lock' object.*isolation"
    ):
        pack(lambda _: lock.locked())
