"""Real processes, and one that dies."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PRELUDE = """
import os, random, sys, time
from tunewright.errors import *
from tunewright.events import *
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told
path = sys.argv[1]
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start Python on a piece of code, with `path` as the study file; its output is read by lines."""
    running: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: object, path: Path = tmp_path / "runs.db") -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(code), str(path), *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def killed_writer(tmp_path: Path, start: Start) -> Path:
    """A file whose writer was killed: twenty trials told, one open, the right to ask held."""
    process = start(
        """
        storage = Sql(path)
        study = storage.create("first", HEADER).id
        for number in range(20):
            storage.append(study, [asked(2 * number), told(number)], 2 * number)
        with storage.asking(study):
            storage.append(study, [Entry(-1, Asked({}, "Random", 40, worker=storage.join()), 1.0)], 40)
            print("ready", flush=True)
            time.sleep(60)
        """
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    return tmp_path / "runs.db"
