"""What several tests of this room wait for."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest


def living(pid: int) -> bool:
    """Not one that has ended, and only its parent has not looked yet."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds, a minute at most."""

    def eventually(holds: Callable[[], object]) -> None:
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end, "it did not happen within a minute"
            time.sleep(0.02)

    return eventually


@pytest.fixture
def lives() -> Callable[[int], bool]:
    """Whether there is a process of this number that has not ended."""
    return living


@pytest.fixture
def written() -> Callable[[Path], list[int]]:
    """The numbers in a file, one a line; none while it is not there."""
    return lambda path: [int(line) for line in path.read_text(encoding="ascii").split()] if path.exists() else []
