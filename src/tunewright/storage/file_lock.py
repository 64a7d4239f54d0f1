"""One holder at a time among all threads and processes of a machine.

The lock is the operating system's own (`flock`, on Windows `msvcrt.locking`), on a small file beside the data. The system frees it
the moment its holder dies, however it dies, so there is no stale lock to break: a lock file that is left over locks nothing. The
holder writes its process number into the file, so that those who wait in vain can say for whom they waited.

Two subtleties. A lock belongs to the open file, which a forked child shares with its parent; were the child to keep it open, the
lock would outlive a parent that is killed. So the child closes it at once. And a lock file may be removed by its holder: whoever
gets a lock looks whether the file still is the one at that path, and if not starts over.
"""

import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tunewright.errors import StorageLocked

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock"]

_FIRST: Final = 0.0002
_LAST: Final = 0.01
_FAR: Final = 1 << 30  # Windows locks bytes: one far behind the text, so that the text can be read


def _try(fd: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(fd, _FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _free(fd: int) -> None:
    if sys.platform == "win32":
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(fd, fcntl.LOCK_UN)


class FileLock:
    """A lock for threads and processes, which the same thread may take again.

    Args:
        path: of the lock file; made when needed, in a folder that exists.
        say: what to tell who waited in vain: (process number of the holder, or None if unknown; seconds waited) -> message.
    """

    def __init__(self, path: Path, say: Callable[[int | None, float], str]) -> None:
        self.path = path
        self._say = say
        self._fd: int | None = None
        self._depth = 0
        self._threads = threading.RLock()
        _LOCKS.add(self)

    @contextlib.contextmanager
    def hold(self, timeout: float) -> Iterator[None]:
        """Hold the lock. Raises StorageLocked after `timeout` seconds, OSError if the lock file cannot be made."""
        self._acquire(timeout)
        pid = os.getpid()
        try:
            yield
        finally:
            if os.getpid() == pid:  # else: a child forked inside the block; the lock is its parent's
                self._release()

    def _acquire(self, timeout: float) -> None:
        started = time.monotonic()
        if not self._threads.acquire(timeout=timeout):
            raise StorageLocked(self._say(os.getpid(), timeout))
        try:
            if self._depth == 0:
                self._lock(started, timeout)
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def _lock(self, started: float, timeout: float) -> None:
        while True:
            if self._fd is None:
                self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            if _try(self._fd):
                if self._current():
                    with contextlib.suppress(OSError):  # a full disk: the number only serves a message
                        os.lseek(self._fd, 0, os.SEEK_SET)
                        os.write(self._fd, b"%-20d\n" % os.getpid())
                    return
                self._forget()
                continue
            waited = time.monotonic() - started
            if waited >= timeout:
                raise StorageLocked(self._say(self.holder(), waited))
            # short waits are followed closely; after a tenth of a second it may as well be a hundredth
            time.sleep(min(_LAST, max(_FIRST, waited / 10)))

    def _current(self) -> bool:
        assert self._fd is not None
        mine = os.fstat(self._fd)
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        return (mine.st_ino, mine.st_dev) == (there.st_ino, there.st_dev)

    def _release(self) -> None:
        self._depth -= 1
        if self._depth == 0 and self._fd is not None:
            _free(self._fd)
        self._threads.release()

    def _forget(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def holder(self) -> int | None:
        """The process that took the lock last, as it wrote itself down."""
        try:
            with self.path.open("rb") as file:
                return int(file.read(32))
        except (OSError, ValueError):
            return None

    def remove(self) -> bool:
        """Remove the lock file if nobody holds it. True if it is gone."""
        if not self.path.exists():
            self._forget()
            return True
        try:
            with self.hold(0.0):
                if sys.platform == "win32":  # an open file cannot be removed there
                    return False
                self.path.unlink()
        except OSError:  # held, or not ours to remove
            return False
        self._forget()
        return True

    def after_fork(self) -> None:
        """In a forked child: nothing is held here, whatever the parent holds."""
        self._forget()
        self._depth = 0
        self._threads = threading.RLock()


_LOCKS: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _after_fork() -> None:
    for lock in list(_LOCKS):
        lock.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
