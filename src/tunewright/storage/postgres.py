"""The journal in a PostgreSQL database, for processes of any number of machines.

Whoever writes into a journal locks the study's row, so positions and numbers are given one after the other; other studies go on. The
right to ask is an advisory lock of the session. Both are the server's, which frees them the moment it sees that their holder is gone.

A connection may break in the middle. Before the commit was sent, nothing was written. After it was sent and before the answer came,
nobody knows; so the row is locked again (which waits until the server is done with the old transaction) and the journal is looked at.
If the very rows are there, at the very positions, all is well. If nothing was written there, results are written now. A question is
not: with the session the right to ask was lost, and somebody else may have asked meanwhile. Then `StorageLost` says that nothing was
written, and the coordinator asks anew.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from tunewright.errors import StorageLocked, StorageLost, StudyMissing
from tunewright.events import Asked, Sent
from tunewright.storage.database import Cursor, Database, rows_of, span
from tunewright.storage.page import Page
from tunewright.storage.schema import APPLICATION
from tunewright.storage.server import Server

__all__ = ["Postgres"]

_LINE: Final = 5.0
"""Seconds to wait for the right to ask before this process's other threads, such as its pulse, get their turn at the connection."""
_BREATH: Final = 0.01
"""Seconds that they get then."""


class Postgres(Database):
    """A storage in a PostgreSQL database. Needs the extra "postgres".

    Args:
        url: "postgresql://user:password@host:5432/database"; what is missing comes from PGHOST, PGUSER, PGPASSWORD, ~/.pgpass.
        patience: seconds to wait for the right to ask, and for a server that has gone.

    Raises:
        ExtraMissing: the driver, psycopg, is not installed.
    """

    def __init__(self, url: str, *, patience: float = 60.0) -> None:
        self._url = url
        self._patience = patience
        self._server = Server(url, patience=patience)
        self._asking: dict[int, tuple[int, Any]] = {}
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

    # ---- the journal -----------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self, study: int, since: int) -> Iterator[Page]:
        """See Storage.

        Raises:
            StorageLost: the connection broke, and nothing was written.
        """
        with self._server.threads:
            cursor, page = self._open_page(study, since)
            try:
                yield page
            except BaseException:
                self._server.roll_back()
                raise
            rows = rows_of(study, page)
            try:
                with self._server.explained():
                    self._commit(cursor, rows)
            except StorageLost:
                self._settle(study, rows, again=not any(isinstance(entry.event, Asked | Sent) for entry in page.stored))
            except BaseException:
                self._server.roll_back()
                raise

    def _open_page(self, study: int, since: int) -> tuple[Cursor, Page]:
        thread, session = self._asking.get(study, (0, None))
        while True:
            try:
                with self._server.explained():
                    if thread == threading.get_ident() and self._server.connection is not session:
                        raise StorageLost(f"{self.shown}: the right to ask was lost with the connection. Nothing was written.")
                    cursor = self._lock(study)
                    return cursor, self._page(cursor, study, since)
            except StorageLost:
                if thread == threading.get_ident():
                    raise
            except BaseException:
                self._server.roll_back()
                raise

    def _lock(self, study: int) -> Cursor:
        cursor = self._server.begin()
        if cursor.execute("SELECT id FROM studies WHERE id = %s FOR UPDATE", (study,)).fetchone() is None:
            raise StudyMissing(f"There is no study number {study} in {self.shown}; it may have been deleted meanwhile.")
        return cursor

    def _commit(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        if rows:
            cursor.executemany(self._text.insert, rows)
        cursor.execute("COMMIT")

    def _next(self, cursor: Cursor, study: int) -> int:
        with self._server.explained():  # asked in the middle of a page, by whoever writes on it
            return super()._next(cursor, study)

    def _settle(self, study: int, rows: list[dict[str, Any]], *, again: bool) -> None:
        """The connection broke while these rows were committed: see that they are there, or that nothing is."""
        if not rows:
            return
        ours = [tuple(row.values()) for row in rows]
        while True:
            try:
                with self._server.explained():
                    cursor = self._lock(study)
                    first = rows[0]["id"] - span(study, 0)["first"]
                    there = cursor.execute(self._text.tail, span(study, first)).fetchall()
                    if there[: len(ours)] == ours or (again and not there):
                        self._commit(cursor, [] if there else rows)
                        return
                    self._server.roll_back()
            except StorageLost:
                continue
            raise StorageLost(f"{self.shown}: the connection was lost, and others wrote meanwhile. Nothing was written.")

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        """See Storage. The right is an advisory lock."""
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
            finally:
                self._release(study, self._asking.pop(study)[1])
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

    def _release(self, study: int, session: Any) -> None:  # noqa: ANN401  the driver is optional
        with contextlib.suppress(StorageLost), self._server.threads, self._server.explained():
            if self._server.holds(session):  # else it ended, and the right with it
                session.execute("SELECT pg_advisory_unlock(%s, %s)", (APPLICATION, study))

    def _waited(self, who: str) -> str:
        return (
            f"{who} has held the right to ask {self.shown} for {self._patience:.0f} s. Tunewright waited and gave up; nothing was written. "
            "A sampler that thinks for so long may need more patience; a process that hangs should be ended."
        )

    def close(self) -> None:
        """See Storage."""
        self._server.close()


def _again(url: str, patience: float) -> Postgres:
    return Postgres(url, patience=patience)
