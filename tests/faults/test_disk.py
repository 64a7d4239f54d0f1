"""A disk that fills up, and a file that vanishes, during a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import small_disk
from tunewright.events import Entry, Told
from tunewright.study import Study


@pytest.fixture(name="small_disk")
def small_disk_(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    with small_disk(tmp_path / "disk") as trouble:
        if trouble:
            pytest.skip(trouble)
        yield tmp_path / "disk"


def test_a_full_disk_stops_the_run_with_a_clear_error_and_it_goes_on_when_there_is_space(
    small_disk: Path,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side = f"sqlite:///{small_disk / 'line.db'}", tmp_path / "side"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_200_000))

    text = ended(start("fill", url, side, 1000), well=False)

    assert "StorageError" in text
    assert "disk is full" in text
    assert "Free some space" in text
    safe = [line.split() for line in side.read_text(encoding="ascii").splitlines()]
    assert len(safe) > 20
    ballast.unlink()
    entries = {entry.position: entry for entry in journal(url, "line")}
    for position, trial, value in safe:
        entry = entries[int(position)]
        assert isinstance(entry.event, Told)
        assert (entry.trial, entry.event.values["loss"]) == (int(trial), float.fromhex(value))
    goal = len(Study.load(url).history) + 5
    ended(start("count_to", url, goal))
    history = Study.load(url).history
    assert (history.completed, history.running) == (goal, 0)
    assert journal(url, "line")


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_vanishes_during_a_run_ends_it_with_a_clear_error(
    how: str, tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], eventually: Callable[..., None]
) -> None:
    path, side, content = tmp_path / "line.db", tmp_path / "side", b""
    pid = start("outlive", f"sqlite:///{path}", side)
    eventually(lambda: side.exists() and len(side.read_text(encoding="ascii").split()) > 10)

    if how == "deleted":
        path.unlink()
    else:
        other = tmp_path / "other.db"
        ended(start("count_to", f"sqlite:///{other}", 1))
        content = other.read_bytes()
        other.rename(path)
    text = ended(pid, well=False, seconds=30)

    last = text.rstrip().splitlines()[-1]
    assert "StorageError" in last
    assert "deleted, moved, replaced or emptied" in last
    if how == "deleted":
        assert not path.exists()  # it did not start another one behind the user's back
    else:
        assert path.read_bytes() == content  # nothing was written into the other one
