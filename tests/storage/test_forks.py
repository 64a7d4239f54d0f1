"""Signals that come while a fork is prepared: nothing is left half done, and the signal is not lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.storage import forks
from tunewright.storage.sql import Sql
from tunewright.storage.sqlite import SqliteFile
from tunewright.testing.storage_contract import HEADER

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="these processes are forked"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Sql]:
    storage = Sql(str(tmp_path / "runs.db"))
    storage.create("first", HEADER)
    yield storage
    storage.close()


def forked() -> int:
    """Fork a child that looks whether its own handlers are back; its exit code."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if signal.getsignal(signal.SIGINT) is signal.default_int_handler else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def within(seconds: float) -> None:
    """Wait so long for a signal."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("step", ["before_fork", "after_fork", "_close"])
def test_ctrl_c_in_the_middle_comes_when_the_fork_is_over(step: str, storage: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    work, here = getattr(SqliteFile, step), os.getpid()

    def pressed(file: SqliteFile, *arguments: object, **named: object) -> None:
        if os.getpid() == here:
            os.kill(here, signal.SIGINT)
            time.sleep(0.01)  # a handler would run here
        work(file, *arguments, **named)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(SqliteFile, step, pressed)
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012  wherever it comes
            assert forked() == 0
            within(5)
        monkeypatch.undo()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

        assert forked() == 0
        storage.create("second", HEADER)
        assert [record.name for record in storage.studies()] == ["first", "second"]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("breaks", [1, 2, 3])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_hooks_that_are_broken_off_at_once_leave_nothing_behind(
    breaks: int, storage: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, hush = [breaks], forks._hush

    def broken() -> None:
        if left[0]:
            left[0] -= 1
            raise KeyboardInterrupt
        hush()

    monkeypatch.setattr(forks, "_hush", broken)
    monkeypatch.setattr(forks, "_send", lambda _: None)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert [forked(), forked()] == [0, 0]
        storage.create("second", HEADER)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_file_that_cannot_be_closed_does_not_lock_the_next_fork(storage: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    close = SqliteFile._close

    def broken(_: SqliteFile, __: float) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(SqliteFile, "_close", broken)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    monkeypatch.setattr(SqliteFile, "_close", close)

    made = threading.Thread(target=storage.create, args=("second", HEADER))
    made.start()
    made.join(10)

    assert not made.is_alive()


def test_who_forks_all_the_time_hears_ctrl_c_and_goes_on(tmp_path: Path) -> None:
    code = f"""
import os, signal
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER

signal.signal(signal.SIGINT, signal.default_int_handler)
storage = Sql({str(tmp_path / "runs.db")!r})
storage.create("first", HEADER)
for number in range(10):
    try:
        print(number, flush=True)
        while True:
            pid = os.fork()
            if not pid:
                os._exit(0)
            os.waitpid(pid, 0)
            storage.studies()
    except KeyboardInterrupt:
        pass
storage.create("second", HEADER)
print(len(storage.studies()))
os._exit(0)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    watch = threading.Timer(60, process.kill)  # one that hangs
    watch.start()
    assert process.stdout is not None
    for number in range(10):
        assert process.stdout.readline() == f"{number}\n"
        time.sleep(0.02 + 0.001 * number)
        process.send_signal(signal.SIGINT)

    assert process.communicate()[0] == "2\n"
    watch.cancel()
