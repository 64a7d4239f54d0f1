"""The journal in a PostgreSQL database, for processes of any number of machines.

Whoever writes into a journal locks the study's row, so positions and numbers are given one after the other; other studies go on. The
right to ask is an advisory lock of the session. Both are the server's, which frees them the moment it sees that their holder is gone.

**Nobody waits for the disk with a lock in hand.** A transaction is committed without waiting for the disk, which frees the row (and
then the right to ask), and only then its writer waits until the server's log has reached the disk: so many writers share one wait. Others may
read meanwhile what a crash of the server could still take. What builds on it stands behind it in the log, so it is never kept
without it. But who has read it must read anew when the connection is another one (`Storage.life`).

A connection may break in the middle. Before the commit was sent, nothing was written. After it was sent and before the answer came,
nobody knows; so the row is locked again (which waits until the server is done with the old transaction) and the journal is looked at.
If the very rows are there, at the very positions, all is well. Else `StorageLost` says that nothing was written, and whoever wrote reads
anew and does it again.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tunewright.errors import StorageError, StorageLocked, StorageLost, StudyMissing
from tunewright.events import Entry
from tunewright.storage.database import Cursor, Database, rows_of, span
from tunewright.storage.page import Page
from tunewright.storage.schema import APPLICATION
from tunewright.storage.server import Server

__all__ = ["Postgres"]

_BEGIN: Final = "BEGIN; SET LOCAL synchronous_commit = off"
_LOCK: Final = "SELECT id FROM studies WHERE id = %(study)s FOR UPDATE"
_INSERT: Final = "INSERT INTO events (id, time, kind, trial, body) VALUES"
_KEEP: Final = "SELECT pg_logical_emit_message(true, 'tunewright', '')"
"""An empty record at the end of the server's log; its commit waits for the disk, as the server is set, and so for all before it."""
_FEW: Final = 100  # rows that are written by one statement
_LINE: Final = 5.0
"""Seconds to wait for the right to ask before this process's other threads, such as its pulse, get their turn at the connection."""
_BREATH: Final = 0.01
"""Seconds that they get then."""


class Postgres(Database):
    """A storage in a PostgreSQL database. Needs the extra "postgres".

    Args:
        url: "postgresql://user:password@host:5432/database"; what is missing comes from PGHOST, PGUSER, PGPASSWORD, ~/.pgpass.
        patience: seconds to wait for the right to ask, and for a server that has gone, whoever of this process waits.

    Raises:
        ExtraMissing: the driver, psycopg, is not installed.
    """

    def __init__(self, url: str, *, patience: float = 60.0) -> None:
        self._url = url
        self._patience = patience
        self._server = Server(url, patience=patience)
        self._asking: dict[int, tuple[int, Any]] = {}
        self._unkept: dict[int, list[dict[str, Any]]] = {}
        self._turns: dict[int, threading.RLock] = {}
        super().__init__(
            self._server,
            self._server.shown,
            ("postgresql.psycopg", "pyformat"),
            rescue="Restore it from a backup of the database.",
        )

    @property
    def url(self) -> str:
        """What opens this storage again, without its password, which comes from PGPASSWORD or ~/.pgpass then."""
        return self._server.shown

    def __repr__(self) -> str:
        return f'Postgres("{self._server.shown}")'

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._url, self._patience)

    def rows(self, text: str, values: Mapping[str, object]) -> list[Any]:
        """All rows of a question of somebody's own; its parameters stand in it as %(name)s."""
        return self._server.fetch(text, values)

    # ---- the journal -----------------------------------------------------------------------------------------------------------

    @property
    def life(self) -> int:
        """See Storage. Another one with each connection."""
        return self._server.life

    def append(self, study: int, entries: Sequence[Entry], since: int) -> list[Entry]:
        """See Storage. Appended again when the connection was lost before anything was written, unless the right to ask went with it."""
        while True:
            try:
                return super().append(study, entries, since)
            except StorageLost:
                if self._session(study) is not None:
                    raise

    @contextlib.contextmanager
    def writing(self, study: int, since: int) -> Iterator[Page]:
        """See Storage.

        Raises:
            StorageLost: the connection broke, and nothing was written.
        """
        with self._server.threads:
            session = self._session(study)
            cursor, page = self._open_page(study, since, session)
            try:
                yield page
            except BaseException:
                self._server.roll_back()
                raise
            rows = rows_of(study, page)
            try:
                with self._server.explained():
                    self._commit(cursor, rows, keep=session is None)
            except StorageLost:
                self._settle(study, rows)
            except BaseException:
                self._server.roll_back()
                raise
            if session is not None and rows:
                self._unkept[study] = rows

    def _session(self, study: int) -> Any:  # noqa: ANN401  the driver is optional
        """The session in which this thread holds the right to ask; None: it does not."""
        thread, session = self._asking.get(study, (0, None))
        return session if thread == threading.get_ident() else None

    def _open_page(self, study: int, since: int, session: Any) -> tuple[Cursor, Page]:  # noqa: ANN401  the driver is optional
        try:
            with self._server.explained():
                if session is not None and not self._server.holds(session):
                    raise StorageLost(f"{self.shown}: the right to ask was lost with the connection. Nothing was written.")
                cursor, tail = self._lock(study, max(since, 1))
                return cursor, self._page(cursor, study, since, tail)
        except StorageLost:
            raise
        except BaseException:
            self._server.roll_back()
            raise

    def _lock(self, study: int, since: int) -> tuple[Cursor, list[Any]]:
        """Lock the study's row, and read its journal from a position on: one message, in a new transaction."""
        cursor = self._server.statements()
        cursor.execute(f"{_BEGIN}; {_LOCK}; {self._text.tail}", {"study": study, **span(study, since)})
        while cursor.description is None:  # of the statements that return no rows
            cursor.nextset()
        if cursor.fetchone() is None:
            raise StudyMissing(f"There is no study number {study} in {self.shown}; it may have been deleted meanwhile.")
        cursor.nextset()
        return cursor, cursor.fetchall()

    def _commit(self, cursor: Cursor, rows: list[dict[str, Any]], *, keep: bool) -> None:
        """Write the rows and commit them; `keep`: and wait until they are on the server's disk."""
        last = f"COMMIT; {_KEEP}" if keep and rows else "COMMIT"
        if 0 < len(rows) <= _FEW:
            places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
            cursor.execute(f"{_INSERT} {places}; {last}", [value for row in rows for value in row.values()])
            return
        if rows:
            self._server.cursor().executemany(self._text.insert, rows)
        cursor.execute(last)

    def _next(self, cursor: Cursor, study: int) -> int:
        with self._server.explained():  # asked in the middle of a page, by whoever writes on it
            return super()._next(cursor, study)

    def _settle(self, study: int, rows: list[dict[str, Any]]) -> None:
        """The connection broke while these rows were committed or kept: see that they are there, and keep them."""
        while rows:
            try:
                with self._server.explained():
                    cursor, there = self._lock(study, rows[0]["id"] - span(study, 0)["first"])
                    if there[: len(rows)] == [tuple(row.values()) for row in rows]:
                        cursor.execute(f"COMMIT; {_KEEP}")
                        return
                    self._server.roll_back()
            except StorageLost:
                continue
            raise StorageLost(f"{self.shown}: the connection was lost before the server had kept anything. Nothing was written.")

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        """See Storage. The right is an advisory lock; what was written under it is waited for when it has been let go.

        Raises:
            StorageLost: the connection broke, and what was written last is not there.
        """
        turn = self._turns.setdefault(study, threading.RLock())
        if not turn.acquire(timeout=self._patience):
            raise StorageLocked(self._waited("Another thread"))
        try:
            if study in self._asking:  # the same thread once more
                yield
                return
            self._asking[study] = threading.get_ident(), self._acquire(study)
            try:
                yield
            except BaseException:
                with contextlib.suppress(StorageError):  # what broke it off goes on by itself, and says more
                    self._release(study)
                raise
            self._release(study)
        finally:
            turn.release()

    def _acquire(self, study: int) -> Any:  # noqa: ANN401  the driver is optional
        """Returns the session that holds the right. Who has to wait stands in the server's queue, and asks for nothing meanwhile."""
        begun, wait = time.monotonic(), 0.0
        while True:
            with contextlib.suppress(StorageLost, StorageLocked), self._server.threads, self._server.explained():
                session = self._server.connection
                if self._stood_in_line(session, study, wait):
                    return session
            waited = time.monotonic() - begun
            if waited >= self._patience:
                raise StorageLocked(self._waited("Another process"))
            if wait:
                time.sleep(_BREATH)
            wait = min(_LINE, self._patience - waited)

    def _stood_in_line(self, session: Any, study: int, wait: float) -> bool:  # noqa: ANN401  the driver is optional
        """Take the right to ask, in `wait` seconds at most (0: at once); False, or StorageLocked, when it was not to be had."""
        if wait:  # one message is one transaction, and at its end the setting is the old one again; the lock stays
            session.execute(
                f"SET LOCAL lock_timeout = {max(1, int(1000 * wait))}; SELECT pg_advisory_lock({APPLICATION}, {study})"
            )
            return True
        taken = session.execute("SELECT pg_try_advisory_lock(%s, id) FROM studies WHERE id = %s", (APPLICATION, study)).fetchone()
        if taken is None:
            self._exists(session, study)
        return bool(taken[0])

    def _release(self, study: int) -> None:
        """Let go of the right to ask, and then wait until what was written under it is on the server's disk."""
        session, rows = self._asking.pop(study)[1], self._unkept.pop(study, [])
        with self._server.threads:
            try:
                with self._server.explained():
                    if not self._server.holds(session):  # it ended, and the right with it
                        raise StorageLost(f"{self.shown}: the connection was lost.")
                    session.execute(f"SELECT pg_advisory_unlock({APPLICATION}, {study})" + (f"; {_KEEP}" if rows else ""))
            except StorageLost:
                self._settle(study, rows)

    def _waited(self, who: str) -> str:
        return (
            f"{who} has held the right to ask {self.shown} for {self._patience:.0f} s. Tunewright waited and gave up; nothing was written. "
            "A sampler that thinks for so long may need more patience; a process that hangs should be ended."
        )

    def hurry(self, *, on: bool) -> None:
        """See Storage. Nobody waits for a server that has gone."""
        self._server.hurried = on

    def close(self) -> None:
        """See Storage."""
        self._server.close()


def _again(url: str, patience: float) -> Postgres:
    return Postgres(url, patience=patience)
