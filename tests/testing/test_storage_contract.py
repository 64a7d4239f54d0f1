"""The contract of a storage catches those that break it."""

from collections.abc import Collection, Sequence

import pytest

from tunewright.events import Entry
from tunewright.storage import Memory
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


@pytest.mark.parametrize("broken", [Forgetful, Counting, Immortal])
def test_a_storage_that_breaks_the_contract_is_told_so(broken: type[Memory]) -> None:
    with pytest.raises(AssertionError):
        check_storage(broken)


def test_every_part_of_the_contract_says_what_it_is() -> None:
    assert all(check.__doc__ for check in CHECKS)
