"""One SQLite file, held so that many processes may write it and none can spoil it.

The file is in write-ahead-log mode (WAL) with synchronous=NORMAL: a commit is a write to the system's memory, so what was told
survives the death of any process, and readers never wait. (A power cut may take the last moments, never the file.)

SQLite before 3.51.3 has a race: when two connections write or checkpoint the same WAL at the same instant, the log may be reset
under one of them and the file is spoilt [1]. Python links whatever SQLite the system has, mostly an older one. So all of
Tunewright's own connections take one lock of the operating system, `<file>.lock`, around each of the moments that can write the
log or reset it: every write transaction (a commit may checkpoint), opening (recovery of a log, creation of the tables), and
closing (the last one out checkpoints). Within the lock there is one such connection at most, so the race has no second runner.
Reading takes no lock: a reader never resets the log. What this cannot guard is a foreign program that writes the file meanwhile;
reading with one is safe.

A connection must not cross a fork, not even unused: SQLite counts its file locks per process, and a child would count its parent's
[2]. So before a fork the connection is closed, under the lock; parent and child each open their own when they next need one.

[1] https://www.sqlite.org/wal.html, section 11. [2] https://www.sqlite.org/howtocorrupt.html, section 2.6.
"""

import contextlib
import os
import shlex
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy.pool import NullPool

from tunewright.errors import StorageDamaged, StorageError, StorageLocked
from tunewright.storage.file_lock import FileLock
from tunewright.storage.forks import around_forks
from tunewright.storage.migrations import outdated, upgrade
from tunewright.storage.schema import APPLICATION, TRIALS_VIEW, VERSION, metadata
from tunewright.storage.sqlite_checks import check_file, check_place, explain, look, real_path, sealed, vanished

__all__ = ["SqliteFile"]

T = TypeVar("T")

_FORK_WAIT: Final = 5.0
_PAGE: Final = 8192  # a page holds whole rows of some 300 bytes: larger ones waste less, and are read in fewer steps


class SqliteFile:
    """A SQLite file of Tunewright's, opened when first needed.

    Args:
        path: as the user wrote it; made absolute here, so that a later change of folder does no harm, and links are followed, so that the
            locks beside a file are the same ones whichever way one comes to it.
        timeout: seconds to wait for other writers.

    Raises:
        StorageError: no file can have such a path.
    """

    nothing = "does not exist"

    def __init__(self, path: str, *, timeout: float) -> None:
        self.shown = path
        self.path = real_path(path)
        self.timeout = timeout
        self.lock = FileLock(self.path.with_name(self.path.name + ".lock"), self._held)
        self._engine = sqlalchemy.create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._threads = threading.RLock()
        self._forking: int | None = None
        _FILES.add(self)

    def _held(self, pid: int | None, seconds: float) -> str:
        who = (
            "another process"
            if pid is None
            else "another thread of this process"
            if pid == os.getpid()
            else f"another process (pid {pid})"
        )
        return (
            f"{self.shown} is held by {who} for {seconds:.0f} s. Tunewright waited and gave up; nothing was written. "
            f"If that process is dead, run: tunewright doctor {shlex.quote(self.shown)}"
        )

    def exists(self) -> bool:
        """Whether there is a file, without making one."""
        with self._threads:
            return self._identity is not None or self.path.exists()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A cursor to read with; of a file that nobody here can write it needs no lock. Errors of SQLite become StorageError."""
        with self.explained(), contextlib.ExitStack() as stack:
            if self._connection is None and sealed(self.path):
                yield stack.enter_context(contextlib.closing(look(self.path, self.shown))).cursor()
                return
            if self._connection is None:
                stack.enter_context(self._hold())
            stack.enter_context(self._threads)
            yield self._ready().cursor()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A cursor in a write transaction: all of it is committed at the end, or nothing. Errors of SQLite become StorageError."""
        with self.explained(), self._hold(), self._threads:
            connection = self._ready()
            cursor = connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    def fetch(self, text: str, values: Mapping[str, object]) -> list[Any]:
        """All rows of a query."""
        with self.reading() as cursor:
            return cursor.execute(text, values).fetchall()

    def write(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do something in a transaction."""
        with self.writing() as cursor:
            return work(cursor)

    def clock(self) -> float:
        """This machine's."""
        return time.time()

    @contextlib.contextmanager
    def _hold(self) -> Iterator[None]:
        if self._connection is None:
            check_place(self.path, self.shown)
        with self.lock.hold(self.timeout):
            yield

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of SQLite and of the system become StorageError, with what to do."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise explain(error, self.path, self.shown, self.timeout) from error
        except StorageError:
            raise
        except OSError as error:
            raise explain(error, self.path, self.shown, self.timeout) from error

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                return self._open()
            except BaseException:
                self.lock.remove()  # it guards nothing
                raise
        if self._identity != self._look():
            raise StorageError(vanished(self.shown))
        return self._connection

    def _look(self) -> tuple[int, int] | None:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return None
        return (there.st_dev, there.st_ino) if there.st_size or self._identity is None else None  # what was open was not empty

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False, cached_statements=64
        )

    def _open(self) -> sqlite3.Connection:
        if self._identity not in {None, self._look()}:
            raise StorageError(vanished(self.shown))
        fresh = check_file(self.path, self.shown)
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()  # it is held open and closed here, under the lock
        assert isinstance(connection, sqlite3.Connection)
        try:
            if (
                not fresh
            ):  # a process killed while it made the file leaves a whole header, and a journal by which all is undone here
                fresh = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if fresh and self._create(connection) is False:
                raise StorageDamaged(
                    f"{self.shown} is a SQLite database, but not one of Tunewright's. It was not touched. Give another path, or move it away."
                )
            # the header may be older than the log: it said enough to open the file, and here is the truth
            older = outdated(connection.execute("PRAGMA user_version").fetchone()[0], self.shown)
            connection.execute("PRAGMA synchronous=NORMAL")
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise StorageError(
                    f"{self.shown}: SQLite cannot keep a write-ahead log here (journal_mode stays {mode}). Put the file on a local disk."
                )
            connection.execute(
                "SELECT 1 FROM studies LIMIT 1"
            ).fetchall()  # recovers a log that was left over, here, under the lock
            if older:
                self._upgrade()
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # now the header says it too
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._identity = self._look()
        return connection

    def _create(self, connection: sqlite3.Connection) -> bool:
        """Make the tables, in one transaction of the rollback journal: a crash leaves an empty file or a whole one."""
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return False
            for table in metadata.sorted_tables:
                connection.execute(str(sqlalchemy.schema.CreateTable(table).compile(self._engine)))
            connection.execute(TRIALS_VIEW)
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.rollback()
        return True

    def _upgrade(self) -> None:
        """Bring the tables up to date, in one transaction."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                upgrade(connection)
                connection.commit()
        except sqlalchemy.exc.DBAPIError as error:
            raise error.orig or error from None

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file, as far as readers allow."""
        with self.explained(), self._hold(), self._threads:
            self._ready().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection, and tidy up the lock file if nobody needs it. Using the file again opens it again."""
        if self._connection is not None:
            self._close(self.timeout)
            self.lock.remove()
        self._identity = None

    def _close(self, timeout: float) -> None:
        with contextlib.ExitStack() as stack:
            # if the lock cannot be had, another process is at work on the file, so that this connection is not the last one,
            # and closing it does not checkpoint
            with contextlib.suppress(StorageLocked, FileNotFoundError, PermissionError):
                stack.enter_context(self.lock.hold(timeout))
            stack.enter_context(self._threads)
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def before_fork(self) -> None:
        """No connection crosses a fork. Other threads wait until it is done. Called twice, it does it once."""
        if self._forking == threading.get_ident():
            return
        try:
            self._close(_FORK_WAIT)
        finally:
            self._threads.acquire()
            self._forking = threading.get_ident()
        if self._connection is not None:  # another thread was quicker
            self._close(_FORK_WAIT)

    def after_fork(self, *, child: bool) -> None:
        """Both sides go on, each with a connection of its own. Nothing happens where `before_fork` did nothing."""
        if self._forking is None:
            return
        self._forking = None
        if child:
            self._threads = threading.RLock()
        else:
            self._threads.release()


_FILES: "weakref.WeakSet[SqliteFile]" = weakref.WeakSet()
_FORKING: list[SqliteFile] = []
_one_fork = threading.Lock()
_forker: int | None = None


def _before_fork() -> None:
    global _forker  # noqa: PLW0603  there is one process
    if _forker != threading.get_ident():
        _one_fork.acquire()  # two threads may fork at once: the second waits for the first
        _forker = threading.get_ident()
        _FORKING[:] = _FILES
    with contextlib.ExitStack() as each:  # a file that cannot be closed does not keep the others from it
        for file in _FORKING:
            each.callback(file.before_fork)


def _after_fork(*, child: bool) -> None:
    global _forker, _one_fork  # noqa: PLW0603
    if _forker is None or (not child and _forker != threading.get_ident()):
        return
    while _FORKING:
        _FORKING.pop().after_fork(child=child)
    _forker = None
    if child:
        _one_fork = threading.Lock()
    else:
        _one_fork.release()


if hasattr(os, "register_at_fork"):
    around_forks(_before_fork, lambda: _after_fork(child=False), lambda: _after_fork(child=True))
