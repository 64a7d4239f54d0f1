"""Real processes to kill and interrupt, and the look at what they left: `tests/harness.py`, as fixtures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import Nursery, eventually, journal_of, runs
from tunewright.events import Entry


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A process that has Tunewright loaded and forks the children."""
    with Nursery(Path(__file__).with_name("children.py"), tmp_path_factory.mktemp("children")) as nursery:
        yield nursery


@pytest.fixture
def nursery(forker: Nursery, tmp_path: Path) -> Iterator[Nursery]:
    """The same, whose children print into this test's folder and do not outlive it."""
    forker.folder = tmp_path
    yield forker
    forker.kill_all()


@pytest.fixture
def start(nursery: Nursery) -> Callable[..., int]:
    """Start a function of `children.py` in a process of its own: (name, arguments …) -> process number."""
    return nursery.start


@pytest.fixture
def printed(nursery: Nursery) -> Callable[[int], str]:
    """What a child has printed so far."""
    return nursery.printed


@pytest.fixture
def ended(nursery: Nursery) -> Callable[..., str]:
    """Wait for the end of a child; returns what it printed. `well`: it must have come to its end by itself."""
    return nursery.ended


@pytest.fixture(name="running")
def running_() -> Callable[[int], bool]:
    """Whether there is a process of this number."""
    return runs


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., None]:
    """Wait until a condition holds, a minute at most."""
    return eventually


@pytest.fixture
def journal() -> Callable[[str, str], list[Entry]]:
    """The whole journal of a study, (url, name) -> entries, having looked that the file is whole and the journal makes sense."""
    return journal_of
