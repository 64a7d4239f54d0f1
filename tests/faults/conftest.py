"""Real processes to kill and interrupt, and the look at what they left."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tunewright.events import Asked, Entry, Failed, Told
from tunewright.storage import connect
from tunewright.storage.workers import alive

_CHILDREN = Path(__file__).with_name("children.py")


@pytest.fixture(scope="session")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """A process that has Tunewright loaded and forks the children."""
    command = [sys.executable, str(_CHILDREN), "nursery"]
    source = str(Path(__file__).parents[2] / "src")
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.stdout.close()
    process.wait()


@pytest.fixture
def logs() -> dict[int, Path]:
    """Where each child writes what it prints."""
    return {}


@pytest.fixture
def start(nursery: subprocess.Popen[str], logs: dict[int, Path], tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start a function of `children.py` in a process of its own: (name, arguments …) -> process number."""

    def start(name: str, *arguments: object) -> int:
        log = tmp_path / f"{name}-{len(logs)}.log"
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(json.dumps([name, *map(str, arguments), str(log)]) + "\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        logs[pid] = log
        return pid

    yield start
    for pid in logs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Also one that has ended, and only its parent has not looked yet, does not run."""
    return bool(alive(pid, 0.0))


@pytest.fixture
def running() -> Callable[[int], bool]:
    """Whether there is a process of this number."""
    return runs


@pytest.fixture
def printed(logs: dict[int, Path]) -> Callable[[int], str]:
    """What a child has printed so far."""
    return lambda pid: logs[pid].read_text(encoding="utf-8") if logs[pid].exists() else ""


@pytest.fixture
def ended(printed: Callable[[int], str]) -> Callable[..., str]:
    """Wait for the end of a child; returns what it printed. `well`: it must have come to its end by itself."""

    def ended(pid: int, *, well: bool = True, seconds: float = 120.0) -> str:
        end = time.monotonic() + seconds
        while runs(pid):
            assert time.monotonic() < end, f"still running after {seconds} s; it printed:\n{printed(pid)}"
            time.sleep(0.005)
        text = printed(pid)
        assert text.endswith("done\n") == well, text
        return text.removesuffix("done\n")

    return ended


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, a minute at most."""

    def eventually(holds: Callable[[], object], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not after {seconds} s"
            time.sleep(0.005)

    return eventually


@pytest.fixture
def journal() -> Callable[[str, str], list[Entry]]:
    """The whole journal of a study, (url, name) -> entries, having looked that the file is whole and the journal makes sense."""

    def journal(url: str, name: str) -> list[Entry]:
        if url.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        storage = connect(url)
        entries = list(storage.read(storage.open(name).id))
        storage.close()
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        asked = [entry for entry in entries if isinstance(entry.event, Asked)]
        assert [entry.trial for entry in asked] == list(range(len(asked)))
        bases = [entry.event.basis for entry in asked if isinstance(entry.event, Asked)]
        assert all(early < late for early, late in pairwise(bases)), "two proposals knew the same history"
        results = Counter((entry.trial, entry.event.index) for entry in entries if isinstance(entry.event, Told | Failed))
        assert not results or max(results.values()) == 1, f"counted twice: {results.most_common(3)}"
        return entries

    return journal
