"""Real processes, and one that dies."""

import os
import signal
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tunewright.events import Asked, Entry
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told

Say: TypeAlias = Callable[[object], None]

_LONGEST: Final = 120
"""Seconds after which a child ends, so that a test that waits for it fails."""


class Child:
    """A forked process, and what it says, line by line."""

    def __init__(self, work: Callable[[Say], None]) -> None:
        out, into = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(out)
            signal.alarm(_LONGEST)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
            code = 1
            try:
                work(lambda words: _say(into, words))
                code = 0
            except BaseException:  # noqa: BLE001  the parent reads it
                _say(into, traceback.format_exc())
            finally:
                os._exit(code)
        os.close(into)
        self.lines = os.fdopen(out)
        self.code: int | None = None

    def hear(self) -> str:
        """The next line; empty at the end."""
        return self.lines.readline().strip()

    def kill(self) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> tuple[int, str]:
        """What is left of its words, and its exit code."""
        rest = self.lines.read()
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code, rest

    @property
    def alive(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is None


def _say(into: int, words: object) -> None:
    os.write(into, f"{words}\n".encode())


@pytest.fixture
def fork() -> Iterator[Callable[[Callable[[Say], None]], Child]]:
    """Fork a process that works; those that still run at the end are killed."""
    children: list[Child] = []

    def begin(work: Callable[[Say], None]) -> Child:
        children.append(Child(work))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.wait()
        child.lines.close()


@pytest.fixture
def killed_writer(tmp_path: Path, fork: Callable[[Callable[[Say], None]], Child]) -> Path:
    """A file whose writer was killed: twenty trials told, one open, the right to ask held."""
    path = tmp_path / "runs.db"

    def work(say: Say) -> None:
        storage = Sql(str(path))
        study = storage.create("first", HEADER).id
        for number in range(20):
            storage.append(study, [asked(2 * number), told(number)], 2 * number)
        with storage.asking(study):
            storage.append(study, [Entry(-1, Asked({}, "Random", 40, worker=storage.join()), 1.0)], 40)
            say("ready")
            time.sleep(60)

    writer = fork(work)
    assert writer.hear() == "ready"
    writer.kill()
    writer.wait()
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
