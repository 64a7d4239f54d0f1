"""The contract of a storage catches those that break it."""

import contextlib
import threading
from collections.abc import Collection, Iterator, Sequence

import pytest

from tunewright.events import Entry
from tunewright.storage import Memory
from tunewright.storage.records import StudyRecord
from tunewright.testing.storage_contract import CHECKS, check_storage


class Forgetful(Memory):
    def append(self, study: int, entries: Sequence[Entry], since: int) -> list[Entry]:
        return super().append(study, entries[:1], since)


class Counting(Memory):
    def append(self, study: int, entries: Sequence[Entry], since: int) -> list[Entry]:
        return super().append(study, entries, since)[-len(entries) :]


class Immortal(Memory):
    def gone(self, workers: Collection[int]) -> set[int]:
        return set()


def test_a_storage_that_keeps_the_contract_passes() -> None:
    check_storage(Memory)


class Grudging(Memory):
    """Keeps the right to ask for ever when something goes wrong; its owner alone does not notice."""

    def __init__(self) -> None:
        super().__init__()
        self._rights: dict[int, threading.RLock] = {}

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        with super().asking(study):  # an unknown study is refused
            pass
        right = self._rights.setdefault(study, threading.RLock())
        right.acquire()
        yield
        right.release()


class Bare(Memory):
    def open(self, name: str) -> StudyRecord:
        return {record.name: record for record in self.studies()}[name]


@pytest.mark.parametrize("broken", [Forgetful, Counting, Immortal])
def test_a_storage_that_breaks_the_contract_is_told_so(broken: type[Memory]) -> None:
    with pytest.raises(AssertionError):
        check_storage(broken)


def test_every_part_of_the_contract_says_what_it_is() -> None:
    assert all(check.__doc__ for check in CHECKS)


def test_a_right_that_is_not_given_back_after_an_error_is_found_in_bounded_time() -> None:
    with pytest.raises(AssertionError, match=r"free after an exception in the block. Release it in a finally"):
        check_storage(Grudging)


def test_an_error_of_another_kind_is_named_with_what_was_checked() -> None:
    with pytest.raises(AssertionError, match=r"Studies are found by name: the storage raised KeyError: 'first'"):
        check_storage(Bare)


def test_a_storage_is_not_what_makes_one() -> None:
    with pytest.raises(AssertionError, match="takes what makes a storage, such as its class or a function, not Memory"):
        check_storage(Memory())
