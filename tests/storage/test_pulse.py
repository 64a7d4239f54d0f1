"""The pulse of a process."""

import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StorageError
from tunewright.storage import Memory
from tunewright.storage.pulse import Pulse
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER

Say = Callable[[object], None]
Fork = Callable[[Callable[[Say], None]], Any]


class Heart(Memory):
    """Counts its beats; the first ones fail."""

    def __init__(self, failing: int = 0) -> None:
        super().__init__()
        self.beats, self.failing = 0, failing
        self.enough = threading.Event()

    def beat(self) -> None:
        self.beats += 1
        if self.beats >= 5:
            self.enough.set()
        if self.beats <= self.failing:
            raise StorageError("the disk sleeps")


def test_it_beats_until_it_is_stopped() -> None:
    heart = Heart()
    with Pulse(heart, every=0.001) as pulse:
        assert pulse.beating
        assert heart.enough.wait(10)
    beats = heart.beats

    assert not pulse.beating
    pulse.stop()
    assert heart.beats == beats
    heart.enough.clear()
    with pulse:  # again
        assert heart.enough.wait(10)


def test_it_starts_once() -> None:
    pulse = Pulse(Heart(), every=60)

    before = threading.active_count()
    pulse.start().start()

    assert threading.active_count() == before + 1
    pulse.stop()
    assert threading.active_count() == before


def test_it_survives_failures_and_says_so_once() -> None:
    heart = Heart(failing=3)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with Pulse(heart, every=0.001):
            assert heart.enough.wait(10)

    assert [str(warning.message) for warning in said] == [
        "The pulse of this process did not reach its study, and tries on: the disk sleeps"
    ]


@pytest.mark.parametrize("every", [0, -1, float("nan")])
def test_it_needs_a_time_between_beats(every: float) -> None:
    with pytest.raises(ValueError, match="more than 0 seconds"):
        Pulse(Heart(), every=every)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="these processes are forked")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_beats_for_itself(fork: Fork) -> None:
    heart = Heart()

    def child(say: Say) -> None:
        heart.enough.wait(10)
        say(heart.beats >= 5)

    with Pulse(heart, every=0.01):
        assert fork(child).wait() == (0, "True\n")
        assert heart.enough.wait(10)


def test_a_beat_is_seen_in_the_file(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    storage.create("first", HEADER)
    number = storage.join()
    with storage._file.writing() as cursor:
        cursor.execute("UPDATE workers SET seen = 0")

    storage.beat()

    with storage._file.reading() as cursor:
        assert cursor.execute("SELECT id, seen > 1e9 FROM workers").fetchall() == [(number, 1)]
    storage.close()


@pytest.mark.parametrize("why", [KeyboardInterrupt, SystemExit])
def test_who_is_told_to_end_does_not_wait_for_the_last_beat(why: type[BaseException]) -> None:
    begun, free = threading.Event(), threading.Event()

    class Slow(Memory):
        def beat(self) -> None:
            begun.set()
            free.wait(30)

    pulse = Pulse(Slow(), every=0.001).start()
    assert begun.wait(10)
    since = time.monotonic()
    pulse.__exit__(why, why(), None)

    assert time.monotonic() - since < 15
    assert not pulse.beating
    free.set()
