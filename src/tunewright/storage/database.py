"""The journal in a database, whichever it is, by SQLAlchemy Core.

An append is one transaction: read what is new, number the trials, insert. The number of a trial is one more than that of the last
`Asked`, found by walking the table backwards from its end, which is a few rows.

The statements are built by SQLAlchemy for the database's dialect and compiled once; the hot path then runs them on the driver's own
cursor. What is particular to a database stands with its keeper: `SqliteFile` (`sqlite.py`), `Server` (`server.py`).
"""

import contextlib
import gc
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from tunewright import processes as people
from tunewright.errors import StorageDamaged, StorageError, StudyExists, StudyMissing
from tunewright.events import Entry
from tunewright.storage.base import Storage
from tunewright.storage.page import Page
from tunewright.storage.records import Header, StudyRecord
from tunewright.storage.schema import SHIFT, copies, events, studies, workers
from tunewright.storage.wire import DECODERS, NAMES, decode, decode_header, encode_header

__all__ = ["Cursor", "Database", "Keeper", "rows_of", "span"]

_CHUNK: Final = 5_000
_MANY: Final = 1_000  # from so many rows on, the cyclic garbage collector would take as long as the decoding: it waits
_POSITION: Final = (1 << SHIFT) - 1
_Row: TypeAlias = tuple[int, float, str, int, str]
Cursor: TypeAlias = Any
"""A cursor of the driver's, as the DB-API has it."""
T = TypeVar("T")


class Keeper(Protocol):
    """Who holds the connection to a database.

    Attributes:
        nothing: what is said of a database that does not `exists`.
    """

    nothing: str

    def exists(self) -> bool:
        """Whether there is a database with tables, without making one."""

    def fetch(self, text: str, values: Mapping[str, object]) -> list[Any]:
        """All rows of a query."""

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do something in a transaction, which may be done again when it did not come to its end."""

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction: all of it is committed at the end, or nothing."""

    def clock(self) -> float:
        """Seconds since 1970, on the one clock by which workers say that they live."""


class _Statements:
    """Compiled once for a dialect, with named parameters."""

    def __init__(self, dialect: str, paramstyle: Literal["named", "pyformat"]) -> None:
        self._dialect: sa.Dialect = registry.load(dialect)(paramstyle=paramstyle)
        p = sa.bindparam
        columns = events.c
        zero: sa.ColumnClause[int] = sa.literal_column("0")
        one: sa.ColumnClause[int] = sa.literal_column("1")
        here = columns.id.between(p("first"), p("last"))
        self.studies = self._text(sa.select(studies).order_by(studies.c.id))
        self.study = self._text(sa.select(studies).where(studies.c.name == p("name")))
        self.study_exists = self._text(sa.select(studies.c.id).where(studies.c.id == p("id")))
        self.create = self._text(studies.insert().values(name=p("name"), created=p("created"), header=p("header")))
        self.copy = self._text(copies.insert())
        self.delete_copy = self._text(copies.delete().where(copies.c.id == p("id")))
        self.delete_events = self._text(events.delete().where(here))
        self.delete_study = self._text(studies.delete().where(studies.c.id == p("id")))
        self.tail = self._text(sa.select(events).where(here).order_by(columns.id))
        self.chunk = self._text(
            sa.select(events).where(here).order_by(columns.id).limit(sa.literal_column(str(_CHUNK))).offset(zero)
        )
        self.last = self._text(sa.select(columns.id).where(here).order_by(columns.id.desc()).limit(one).offset(zero))
        self.last_asked = self._text(
            sa.select(columns.trial)
            .where(here, columns.kind == sa.literal_column("'asked'"))
            .order_by(columns.id.desc())
            .limit(one)
            .offset(zero)
        )
        self.insert = self._text(events.insert())
        self.worker = self._text(
            sa.select(workers.c.id).where(
                workers.c.host == p("host"), workers.c.pid == p("pid"), workers.c.started == p("started")
            )
        )
        self.join = self._text(workers.insert().values(host=p("host"), pid=p("pid"), started=p("started"), seen=p("seen")))
        self.beat = self._text(workers.update().where(workers.c.id == p("worker")).values(seen=p("now")))
        self.workers = self._text(sa.select(workers))

    def _text(self, statement: sa.ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": False, "render_postcompile": True}))


class Database(Storage):
    """A storage in a database; `Sql` and `Postgres` say which.

    Args:
        keeper: holds the connection.
        shown: how messages call it.
        dialect: SQLAlchemy's name of it, and how its driver marks parameters.
        rescue: what to do when something in it cannot be read.
    """

    def __init__(self, keeper: Keeper, shown: str, dialect: tuple[str, Literal["named", "pyformat"]], *, rescue: str) -> None:
        self._keeper = keeper
        self.shown = shown
        self._rescue = rescue
        self._text = _Statements(*dialect)
        self._worker: tuple[int, int] | None = None

    # Studies

    def create(self, name: str, header: Header) -> StudyRecord:
        """See Storage."""
        if not name:
            raise StorageError('A study needs a name that is not empty, for example "first".')
        text, now = encode_header(header), time.time()
        again = False

        def make(cursor: Cursor) -> Any:  # noqa: ANN401  a row
            nonlocal again
            there = cursor.execute(self._text.study, {"name": name}).fetchone()
            again, before = True, again
            if there is not None:
                # done again and there: made by this very call, whose answer was lost. The first time it is another's, even if
                # that one looked at its clock in the same tick
                if before and tuple(there[2:]) == (now, text):
                    return there
                raise StudyExists(f'A study "{name}" is in {self.shown} already. Open it, or choose another name.')
            cursor.execute(self._text.create, {"name": name, "created": now, "header": text})
            row = cursor.execute(self._text.study, {"name": name}).fetchone()
            cursor.execute(self._text.copy, dict(zip(("id", "name", "created", "header"), row, strict=True)))
            return row

        return self._record(self._keeper.write(make))

    def open(self, name: str) -> StudyRecord:
        """See Storage."""
        if not self._keeper.exists():
            raise StudyMissing(f'There is no study "{name}": {self.shown} {self._keeper.nothing}.')
        rows = self._keeper.fetch(self._text.study, {"name": name})
        if not rows:
            raise self._missing(name)
        return self._record(rows[0])

    def _missing(self, name: str) -> StudyMissing:
        there = ", ".join(f'"{record.name}"' for record in self.studies()) or "none"
        return StudyMissing(f'There is no study "{name}" in {self.shown}. Studies there: {there}.')

    def _record(self, row: tuple[Any, ...]) -> StudyRecord:
        number, name, created, header = row
        try:
            return StudyRecord(number, name, created, decode_header(header))
        except StorageError as error:
            raise type(error)(f'{self.shown}, study "{name}": {error}{self._help(error)}') from error

    def studies(self) -> list[StudyRecord]:
        """See Storage. None when there is no file."""
        if not self._keeper.exists():
            return []
        return [self._record(row) for row in self._keeper.fetch(self._text.studies, {})]

    def delete(self, name: str) -> None:
        """See Storage. The file keeps its size; the space is used again."""
        number = self.open(name).id

        def erase(cursor: Cursor) -> bool:
            cursor.execute(self._text.delete_study, {"id": number})  # first: it is what writers of the study wait for
            there = bool(cursor.rowcount)
            cursor.execute(self._text.delete_events, span(number))
            cursor.execute(self._text.delete_copy, {"id": number})
            return there

        if not self._keeper.write(erase):
            raise self._missing(name)

    # The journal

    @contextlib.contextmanager
    def writing(self, study: int, since: int) -> Iterator[Page]:
        """See Storage."""
        with self._keeper.writing() as cursor:
            # the row that the caller knows is read again: it shows that the journal is the one that it knew
            tail = cursor.execute(self._text.tail, span(study, max(since, 1))).fetchall()
            page = self._page(cursor, study, since, tail)
            yield page
            cursor.executemany(self._text.insert, rows_of(study, page))

    def _page(self, cursor: Cursor, study: int, since: int, fresh: list[_Row]) -> Page:
        base = study << SHIFT
        if since:
            fresh = self._behind(cursor, study, since, fresh)
        elif not fresh:
            self._exists(cursor, study)
        position = fresh[-1][0] - base if fresh else since
        return Page(self._entries(fresh, base, since), position, lambda: self._next(cursor, study))

    def _behind(self, cursor: Cursor, study: int, since: int, rows: list[_Row]) -> list[_Row]:
        if rows and rows[0][0] == (study << SHIFT) + since:
            return rows[1:]
        self._exists(cursor, study)
        last = cursor.execute(self._text.last, span(study)).fetchone()
        end = 0 if last is None else last[0] & _POSITION
        raise StorageError(
            f"{self.shown}: position {since} of study {study} is not there; its journal ends at {end}. Was it replaced by an older "
            f"copy? Nothing was written. Start the program again to go on from what is there. {self._rescue}"
        )

    def _exists(self, cursor: Cursor, study: int) -> None:
        if cursor.execute(self._text.study_exists, {"id": study}).fetchone() is None:
            raise StudyMissing(f"There is no study number {study} in {self.shown}; it may have been deleted meanwhile.")

    def _there(self, study: int) -> None:
        if not self._keeper.fetch(self._text.study_exists, {"id": study}):
            raise StudyMissing(f"There is no study number {study} in {self.shown}; it may have been deleted meanwhile.")

    def _next(self, cursor: Cursor, study: int) -> int:
        row = cursor.execute(self._text.last_asked, span(study)).fetchone()
        return 0 if row is None else int(row[0]) + 1

    def _entries(self, rows: list[_Row], base: int, since: int) -> list[Entry]:
        entries = []
        position = since
        collecting = len(rows) > _MANY and gc.isenabled()
        if collecting:
            gc.disable()
        try:
            for number, moment, kind, trial, body in rows:
                position += 1
                if number - base != position:
                    raise StorageDamaged(f"the journal has a gap: after position {position - 1} comes {number - base}")
                try:
                    event = DECODERS[kind](body)
                except (KeyError, msgspec.MsgspecError, TypeError, ValueError):
                    event = decode(kind, body)  # says what is wrong
                entries.append(Entry(trial, event, moment, position))
        except StorageError as error:
            raise type(error)(f"{self.shown}, position {position}: {error}{self._help(error)}") from error
        finally:
            if collecting:
                gc.enable()
        return entries

    def _help(self, error: StorageError) -> str:
        """What to do about what cannot be read; what a newer Tunewright wrote is whole."""
        return f". {self._rescue}" if isinstance(error, StorageDamaged) else ""

    def read(self, study: int, since: int = 0) -> Iterator[Entry]:
        """See Storage. Raises StudyMissing. No transaction stays open between the entries."""
        base = study << SHIFT
        if not self._keeper.exists():
            raise StudyMissing(f"There is no study number {study}: {self.shown} {self._keeper.nothing}.")
        while True:
            rows = self._keeper.fetch(self._text.chunk, span(study, since + 1))
            if not rows:
                self._there(study)
            yield from self._entries(rows, base, since)
            since += len(rows)
            if len(rows) < _CHUNK:
                return

    # Workers

    def join(self) -> int:
        """See Storage."""
        pid = os.getpid()
        if self._worker is None or self._worker[0] != pid:
            me = {"host": people.machine(), "pid": pid, "started": people.started(pid)}
            seen = self._keeper.clock()

            def enter(cursor: Cursor) -> int:
                if cursor.execute(self._text.worker, me).fetchone() is None:
                    cursor.execute(self._text.join, me | {"seen": seen})
                return int(cursor.execute(self._text.worker, me).fetchone()[0])

            self._worker = pid, self._keeper.write(enter)
        return self._worker[1]

    def beat(self) -> None:
        """See Storage."""
        number = self.join()
        now = self._keeper.clock()
        self._keeper.write(lambda cursor: cursor.execute(self._text.beat, {"worker": number, "now": now}))

    def gone(self, workers: Collection[int]) -> set[int]:
        """See Storage. A number that nobody has counts as dead."""
        me = None if self._worker is None or self._worker[0] != os.getpid() else self._worker[1]
        asked = {worker for worker in workers if worker > 0 and worker != me}
        if not asked:
            return set()
        rows = self._keeper.fetch(self._text.workers, {})
        here, now = people.machine(), self._keeper.clock()
        living = set()
        for number, host, pid, since, seen in rows:
            if number in asked:
                known = people.alive(pid, since) if host == here else None
                if known or (known is None and now - seen <= people.SILENCE):
                    living.add(number)
        return asked - living


def span(study: int, since: int = 1) -> dict[str, int]:
    """The range of ids of a study's events from a position on."""
    return {"first": (study << SHIFT) + since, "last": (study << SHIFT) + _POSITION}


def rows_of(study: int, page: Page) -> list[dict[str, Any]]:
    """What is inserted for a page."""
    return [
        {
            "id": (study << SHIFT) + entry.position,
            "time": entry.time,
            "kind": NAMES[type(entry.event)],
            "trial": entry.trial,
            "body": body,
        }
        for entry, body in zip(page.stored, page.bodies, strict=True)
    ]
