"""The journal in memory."""

import threading

import pytest

from tunewright.errors import StorageLocked
from tunewright.storage import Memory
from tunewright.testing.storage_contract import HEADER


def test_who_waits_too_long_for_the_right_to_ask_is_told() -> None:
    storage = Memory(timeout=0.05)
    study = storage.create("first", HEADER).id
    held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with storage.asking(study):
            held.set()
            end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)

    with pytest.raises(StorageLocked, match="gave up; nothing was written"), storage.asking(study):
        pass

    end.set()
    thread.join()
