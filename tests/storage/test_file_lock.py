"""One holder at a time."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StorageLocked
from tunewright.storage.file_lock import FileLock

Say = Callable[[object], None]
Fork = Callable[[Callable[[Say], None]], Any]

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="these processes are forked")


def lock(path: Path) -> FileLock:
    return FileLock(path / "lock", lambda pid, _: f"held by {pid}")


def test_two_locks_on_one_file_exclude_each_other(tmp_path: Path) -> None:
    first, second = lock(tmp_path), lock(tmp_path)

    with first.hold(1), pytest.raises(StorageLocked, match=f"held by {os.getpid()}"), second.hold(0.01):
        pass
    with second.hold(0), second.hold(0), pytest.raises(StorageLocked), first.hold(0):  # the same thread may take it again
        pass
    with first.hold(0):
        pass


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    shared, inside, most = lock(tmp_path), [0], [0]

    def work() -> None:
        for _ in range(200):
            with shared.hold(10):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]


@forks
def test_processes_exclude_each_other(tmp_path: Path, fork: Fork) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count(_: object) -> None:
        mine = lock(tmp_path)
        for _ in range(200):
            with mine.hold(10):
                counter.write_text(str(int(counter.read_text()) + 1))

    children = [fork(count) for _ in range(3)]

    assert [child.wait() for child in children] == [(0, "")] * 3
    assert counter.read_text() == "600"


@forks
def test_the_lock_of_a_dead_process_is_free_at_once(tmp_path: Path, fork: Fork) -> None:
    mine = lock(tmp_path)

    def hold(say: Say) -> None:
        with mine.hold(0):
            say("held")
            time.sleep(60)

    holder = fork(hold)
    assert holder.hear() == "held"

    with pytest.raises(StorageLocked, match=f"held by {holder.pid}"), mine.hold(0):
        pass
    holder.kill()
    holder.wait()
    with mine.hold(0):
        pass


@forks
def test_a_child_does_not_hold_what_its_parent_held_at_the_fork(tmp_path: Path, fork: Fork) -> None:
    mine = lock(tmp_path)

    def held_by_parent(_: object) -> None:
        with pytest.raises(StorageLocked), mine.hold(0):
            pass

    with mine.hold(0):
        fork(lambda _: time.sleep(60))
        assert fork(held_by_parent).wait() == (0, "")

    with lock(tmp_path).hold(0):  # though the first child lives
        pass


def test_a_lock_file_is_removed_only_when_nobody_holds_it(tmp_path: Path) -> None:
    first, second = lock(tmp_path), lock(tmp_path)

    with first.hold(0):
        assert not second.remove()
        assert (tmp_path / "lock").exists()
    assert second.remove()
    assert second.remove()
    assert not (tmp_path / "lock").exists()
    with first.hold(0), pytest.raises(StorageLocked), second.hold(0):
        pass


def test_whoever_waits_on_a_removed_file_starts_over(tmp_path: Path) -> None:
    first, second = lock(tmp_path), lock(tmp_path)
    with first.hold(0):
        pass
    with second.hold(0):
        (tmp_path / "lock").unlink()

    with first.hold(0), pytest.raises(StorageLocked), second.hold(0):
        pass
