"""The journal in a database, by SQLAlchemy Core.

An append is one transaction: read what is new, number the trials, insert. The number of a trial is one more than that of the last
`Asked`, found by walking the table backwards from its end, which is a few rows.

The statements are built by SQLAlchemy for the database's dialect and compiled once; the hot path then runs them on the driver's own
cursor. What is particular to SQLite stands in `sqlite.py`.
"""

import contextlib
import gc
import os
import sqlite3
import time
import weakref
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from tunewright.errors import StorageDamaged, StorageError, StudyExists, StudyMissing
from tunewright.events import Entry
from tunewright.storage import workers as people
from tunewright.storage.base import Storage
from tunewright.storage.file_lock import FileLock
from tunewright.storage.page import Page
from tunewright.storage.records import Header, StudyRecord
from tunewright.storage.schema import SHIFT, copies, events, studies, workers
from tunewright.storage.sqlite import SqliteFile
from tunewright.storage.wire import DECODERS, NAMES, decode, decode_header, encode_header

__all__ = ["Sql"]

_CHUNK: Final = 5_000
_MANY: Final = 1_000  # from so many rows on, the cyclic garbage collector would take as long as the decoding: it waits
_POSITION: Final = (1 << SHIFT) - 1
_Row: TypeAlias = tuple[int, float, str, int, str]


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


class Sql(Storage):
    """A storage in a SQLite file, for any number of processes of one machine.

    Args:
        path: of the file; made when the first study is created.
        timeout: seconds to wait for other writers.
        patience: seconds to wait for the right to ask.
    """

    def __init__(self, path: str, *, timeout: float = 30.0, patience: float = 60.0) -> None:
        self._file = SqliteFile(path, timeout=timeout)
        self._patience = patience
        self._text = _Statements("sqlite", "named")
        self._rights: dict[int, FileLock] = {}
        self._worker: tuple[int, int] | None = None
        self._close_at_exit = weakref.finalize(self, _let_go, self._file, self._rights)

    @property
    def url(self) -> str:
        """What opens this file again, from any folder."""
        return f"sqlite:///{self._file.path}"

    def __repr__(self) -> str:
        return f'Sql("{self._file.shown}")'

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (str(self._file.path), self._file.timeout, self._patience)

    # Studies

    def create(self, name: str, header: Header) -> StudyRecord:
        """See Storage."""
        if not name:
            raise StorageError('A study needs a name that is not empty, for example "first".')
        text, now = encode_header(header), time.time()
        with self._file.writing() as cursor:
            if cursor.execute(self._text.study, {"name": name}).fetchone() is not None:
                raise StudyExists(f'A study "{name}" is in {self._file.shown} already. Open it, or choose another name.')
            cursor.execute(self._text.create, {"name": name, "created": now, "header": text})
            row = cursor.execute(self._text.study, {"name": name}).fetchone()
            cursor.execute(self._text.copy, dict(zip(("id", "name", "created", "header"), row, strict=True)))
        return self._record(row)

    def open(self, name: str) -> StudyRecord:
        """See Storage."""
        with contextlib.ExitStack() as stack:
            if not self._file.exists():
                raise StudyMissing(f'There is no study "{name}": the file {self._file.shown} does not exist.')
            cursor = stack.enter_context(self._file.reading())
            row = cursor.execute(self._text.study, {"name": name}).fetchone()
        if row is None:
            raise self._missing(name)
        return self._record(row)

    def _missing(self, name: str) -> StudyMissing:
        there = ", ".join(f'"{record.name}"' for record in self.studies()) or "none"
        return StudyMissing(f'There is no study "{name}" in {self._file.shown}. Studies there: {there}.')

    def _record(self, row: tuple[Any, ...]) -> StudyRecord:
        number, name, created, header = row
        try:
            return StudyRecord(number, name, created, decode_header(header))
        except StorageDamaged as error:
            raise StorageDamaged(
                f'{self._file.shown}, study "{name}": {error}. See what can be saved with: tunewright doctor {self._file.shown}'
            ) from error

    def studies(self) -> list[StudyRecord]:
        """See Storage. None when there is no file."""
        if not self._file.exists():
            return []
        with self._file.reading() as cursor:
            rows = cursor.execute(self._text.studies).fetchall()
        return [self._record(row) for row in rows]

    def delete(self, name: str) -> None:
        """See Storage. The file keeps its size; the space is used again."""
        number = self.open(name).id
        with self._file.writing() as cursor:
            cursor.execute(self._text.delete_events, _span(number))
            cursor.execute(self._text.delete_study, {"id": number})
            gone = cursor.rowcount == 0
            cursor.execute(self._text.delete_copy, {"id": number})
        if gone:
            raise self._missing(name)
        if (right := self._rights.pop(number, None)) is not None:
            right.remove()

    # The journal

    @contextlib.contextmanager
    def writing(self, study: int, since: int) -> Iterator[Page]:
        """See Storage."""
        base = study << SHIFT
        with self._file.writing() as cursor:
            # the row that the caller knows is read again: it shows that the journal is the one that it knew
            fresh = cursor.execute(self._text.tail, _span(study, max(since, 1))).fetchall()
            if since:
                fresh = self._behind(cursor, study, since, fresh)
            elif not fresh:
                self._exists(cursor, study)
            position = fresh[-1][0] - base if fresh else since
            page = Page(self._entries(fresh, base, since), position, lambda: self._next(cursor, study))
            yield page
            rows = [
                {
                    "id": base + entry.position,
                    "time": entry.time,
                    "kind": NAMES[type(entry.event)],
                    "trial": entry.trial,
                    "body": body,
                }
                for entry, body in zip(page.stored, page.bodies, strict=True)
            ]
            cursor.executemany(self._text.insert, rows)

    def _behind(self, cursor: sqlite3.Cursor, study: int, since: int, rows: list[_Row]) -> list[_Row]:
        if rows and rows[0][0] == (study << SHIFT) + since:
            return rows[1:]
        self._exists(cursor, study)
        last = cursor.execute(self._text.last, _span(study)).fetchone()
        end = 0 if last is None else last[0] & _POSITION
        raise StorageError(
            f"{self._file.shown}: position {since} of study {study} is not there; its journal ends at {end}. Was the file replaced by an older "
            f"copy? Nothing was written. Start the program again to go on from what is there, or look with: tunewright doctor {self._file.shown}"
        )

    def _exists(self, cursor: sqlite3.Cursor, study: int) -> None:
        if cursor.execute(self._text.study_exists, {"id": study}).fetchone() is None:
            raise StudyMissing(f"There is no study number {study} in {self._file.shown}; it may have been deleted meanwhile.")

    def _next(self, cursor: sqlite3.Cursor, study: int) -> int:
        row = cursor.execute(self._text.last_asked, _span(study)).fetchone()
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
            raise type(error)(
                f"{self._file.shown}, position {position}: {error}. See what can be saved with: tunewright doctor {self._file.shown}"
            ) from error
        finally:
            if collecting:
                gc.enable()
        return entries

    def read(self, study: int, since: int = 0) -> Iterator[Entry]:
        """See Storage. Raises StudyMissing. No transaction stays open between the entries."""
        base = study << SHIFT
        if not self._file.exists():
            raise StudyMissing(f"There is no study number {study}: the file {self._file.shown} does not exist.")
        while True:
            with self._file.reading() as cursor:
                rows = cursor.execute(self._text.chunk, _span(study, since + 1)).fetchall()
                if not rows:
                    self._exists(cursor, study)
            yield from self._entries(rows, base, since)
            since += len(rows)
            if len(rows) < _CHUNK:
                return

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        """See Storage. The right is a lock file beside the database."""
        right = self._rights.get(study)
        if right is None:
            if not self._file.exists():
                raise StudyMissing(f"There is no study number {study}: the file {self._file.shown} does not exist.")
            with self._file.reading() as cursor:
                self._exists(cursor, study)
            right = self._rights.setdefault(study, FileLock(Path(f"{self._file.path}.ask-{study}"), self._waited))
        with self._file.explained():
            stack = contextlib.ExitStack()
            stack.enter_context(right.hold(self._patience))
        with stack:
            yield

    def _waited(self, pid: int | None, seconds: float) -> str:
        who = "Another process" if pid is None else "Another thread" if pid == os.getpid() else f"Another process (pid {pid})"
        return (
            f"{who} has held the right to ask {self._file.shown} for {seconds:.0f} s. Tunewright waited and gave up; nothing was written. "
            "A sampler that thinks for so long may need more patience; a process that hangs should be ended."
        )

    # Workers

    def join(self) -> int:
        """See Storage."""
        pid = os.getpid()
        if self._worker is None or self._worker[0] != pid:
            me = {"host": people.machine(), "pid": pid, "started": people.started(pid)}
            with self._file.writing() as cursor:
                if cursor.execute(self._text.worker, me).fetchone() is None:
                    cursor.execute(self._text.join, me | {"seen": time.time()})
                row = cursor.execute(self._text.worker, me).fetchone()
            self._worker = pid, int(row[0])
        return self._worker[1]

    def beat(self) -> None:
        """See Storage."""
        number = self.join()
        with self._file.writing() as cursor:
            cursor.execute(self._text.beat, {"worker": number, "now": time.time()})

    def gone(self, workers: Collection[int]) -> set[int]:
        """See Storage. A number that nobody has counts as dead."""
        me = None if self._worker is None or self._worker[0] != os.getpid() else self._worker[1]
        asked = {worker for worker in workers if worker > 0 and worker != me}
        if not asked:
            return set()
        with self._file.reading() as cursor:
            rows = cursor.execute(self._text.workers).fetchall()
        here, now = people.machine(), time.time()
        living = set()
        for number, host, pid, since, seen in rows:
            if number in asked:
                known = people.alive(pid, since) if host == here else None
                if known or (known is None and now - seen <= people.SILENCE):
                    living.add(number)
        return asked - living

    # Files

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._file.path

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file, as far as readers allow."""
        self._file.checkpoint()

    def close(self) -> None:
        """See Storage. Lock files that nobody holds are removed."""
        _let_go(self._file, self._rights)


def _let_go(file: SqliteFile, rights: dict[int, FileLock]) -> None:
    while rights:
        rights.popitem()[1].remove()
    file.close()


def _again(path: str, timeout: float, patience: float) -> Sql:
    return Sql(path, timeout=timeout, patience=patience)


def _span(study: int, since: int = 1) -> dict[str, int]:
    return {"first": (study << SHIFT) + since, "last": (study << SHIFT) + _POSITION}
