"""Is a storage sound, and what can be done if not.

A file is copied under the lock (with its log), and the copy is examined: SQLite's own check of every page, then the journal's rules,
which SQLite cannot know. Nothing is done to the file unless asked. When it is damaged, it is not touched even then: what can be read is
saved into a new file beside it.

Of a PostgreSQL database the journal's rules are checked where they are, while others may write; its pages are the server's affair.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tunewright.errors import StorageError, StorageLocked
from tunewright.events import Asked, Event, Failed, Released, Reported, Sent, Told
from tunewright.paths import masked
from tunewright.storage import connect
from tunewright.storage.base import Storage
from tunewright.storage.file_lock import FileLock
from tunewright.storage.postgres import Postgres
from tunewright.storage.salvage import carve, salvage
from tunewright.storage.schema import SHIFT
from tunewright.storage.sql import Sql
from tunewright.storage.sqlite_checks import check_file, sealed
from tunewright.storage.wire import decode, decode_header

__all__ = ["Finding", "examine"]

_SHOWN: Final = 5
_SOME: Final = 5_000  # events that are read at once
_Rows: TypeAlias = Callable[[str, Mapping[str, object]], list[Any]]
"""Asks a database: the question, its parameters by name as %(name)s."""


class Finding(msgspec.Struct, frozen=True):
    """Something that the doctor saw.

    Attributes:
        severity: "error": data are damaged or lost; "warning": it should be looked at; "note": good to know.
        what: one sentence.
        mend: what to do about it; empty if nothing.
        mended: whether that has been done.
    """

    severity: Literal["error", "warning", "note"]
    what: str
    mend: str = ""
    mended: bool = False


class _Stranger(Exception):
    """Not a file of Tunewright's."""


def examine(url: str, *, mend: bool = False, timeout: float = 30.0) -> list[Finding]:
    """Examine a study file, or the studies in a PostgreSQL database.

    Args:
        url: as `connect` takes it.
        mend: also do what can be done to a file: merge the log, remove locks that were left over; of a damaged file, save what can be read into
            "<name>.salvaged.db" beside it, and leave the file itself as it is.
        timeout: seconds to wait for others who write the file.

    Returns:
        The worst first; empty if all is well.

    Raises:
        StorageError: there is no such file or database, or it cannot be read.
    """
    storage = connect(url)
    if isinstance(storage, Sql):
        findings = _examine_file(storage.path, url, timeout, mend=mend)
    elif isinstance(storage, Postgres):
        findings = _examine_server(storage)
    else:
        raise StorageError(f'"{masked(url)}" is kept in no file and no database: there is nothing to examine.')
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _examine_server(storage: Postgres) -> list[Finding]:
    try:
        findings = list(_journals(storage.rows))
        return findings or list(_orphans(storage))
    finally:
        storage.close()


def _examine_file(path: Path, shown: str, timeout: float, *, mend: bool) -> list[Finding]:
    if not path.is_file():
        raise StorageError(f"{shown}: there is no such file.")
    lock = path.with_name(path.name + ".lock")
    left = [other for other in (lock, *path.parent.glob(path.name + ".ask-*")) if other.exists()]
    with tempfile.TemporaryDirectory(prefix="tunewright-") as folder:
        copy = Path(folder) / path.name
        try:
            _copy(path, copy, timeout)
            findings = list(_damage(copy))
            sound = not any(finding.severity == "error" for finding in findings)
            if sound:
                with contextlib.closing(Sql(str(copy))) as storage:
                    findings += _orphans(storage)
                findings += _leftovers(path, left, mend=mend)
            else:
                findings.append(_salvage(path, Path(folder), mend=mend))
        except _Stranger as stranger:
            findings = [Finding("error", str(stranger))]
    return findings


def _copy(path: Path, copy: Path, timeout: float) -> None:
    """The file and its log as they are at one moment. The examination then spoils at most the copy; carving has one of its own."""
    lock = FileLock(
        path.with_name(path.name + ".lock"),
        lambda pid, _: f"{path} is held by another process (pid {pid}). Try again when it is done.",
    )
    there = lock.path.exists()
    alone = sealed(path)
    try:
        with contextlib.nullcontext() if alone else lock.hold(timeout):
            for target in (copy, copy.with_name("carve.db")):
                for ending in ("", "-wal"):
                    source = path.with_name(path.name + ending)
                    if source.exists():
                        shutil.copyfile(source, target.with_name(target.name + ending))
    except StorageLocked:
        raise
    except OSError as error:
        if not os.access(path.parent, os.W_OK):
            raise StorageError(
                f"{path} cannot be examined where it is: the folder is read-only for you, and beside the file lies a log that is not merged "
                f"into it yet. Copy {path.name} and {path.name}-wal to a folder of yours, and examine it there."
            ) from error
        raise StorageError(f"{path} cannot be copied to be examined: {error.strerror or error}.") from error
    if not there and not alone:
        lock.remove()


def _damage(path: Path) -> Iterator[Finding]:
    try:
        fresh = check_file(path, path.name)
    except StorageError as error:
        if "is damaged" not in str(error) and "cut short" not in str(error):
            raise _Stranger(str(error)) from error
        yield Finding("error", str(error).partition(". ")[0] + ".")
        return
    if fresh:
        yield Finding("note", f"{path.name} is empty: it holds no study yet.")
        return
    connection = sqlite3.connect(path)
    try:
        rows = [row[0] for row in connection.execute("PRAGMA integrity_check(100)")]
        if rows != ["ok"]:
            yield Finding(
                "error", f"SQLite finds the file damaged ({len(rows)} places): " + "; ".join(rows[:_SHOWN]).replace("\n", " ")
            )
        yield from _journals(_rows_of(connection))
    except sqlite3.DatabaseError as error:
        yield Finding("error", f"SQLite cannot read the file: {error}.")
    finally:
        connection.close()


def _rows_of(connection: sqlite3.Connection) -> _Rows:
    return lambda text, values: connection.execute(re.sub(r"%\((\w+)\)s", r":\1", text), values).fetchall()


def _journals(rows: _Rows) -> Iterator[Finding]:
    # in one question: a study that others make or delete meanwhile has all of its events or none
    lost = rows(
        "SELECT DISTINCT id >> %(shift)s FROM events "
        "WHERE NOT EXISTS (SELECT 1 FROM studies WHERE studies.id = events.id >> %(shift)s) ORDER BY 1",
        {"shift": SHIFT},
    )
    for study, name, header in rows("SELECT id, name, header FROM studies ORDER BY id", {}):
        try:
            decode_header(header)
        except StorageError as error:
            yield Finding("error", f'Study "{name}": {error}.')
        yield from _journal(rows, study, name)
    for (study,) in lost:
        yield Finding("error", f"There are events of a study number {study} that is not in the list of studies.")


def _events(rows: _Rows, study: int) -> Iterator[tuple[int, str, int, str]]:
    """Position, kind, trial and body of each event; not all at once."""
    base = first = study << SHIFT
    while True:
        some = rows(
            "SELECT id, kind, trial, body FROM events WHERE id > %(first)s AND id < %(end)s ORDER BY id LIMIT %(some)s",
            {"first": first, "end": base + (1 << SHIFT), "some": _SOME},
        )
        yield from ((number - base, kind, trial, body) for number, kind, trial, body in some)
        if len(some) < _SOME:
            return
        first = some[-1][0]


def _journal(rows: _Rows, study: int, name: str) -> Iterator[Finding]:
    expected, asked = 1, 0
    gaps: list[str] = []
    unreadable: list[str] = []
    strangers: list[str] = []
    for position, kind, trial, body in _events(rows, study):
        if position != expected:
            gaps.append(str(expected) if position == expected + 1 else f"{expected} to {position - 1}")
        expected = position + 1
        try:
            event = decode(kind, body)
        except StorageError as error:
            unreadable.append(f"{position} ({error})")
            asked += kind == "asked"
            continue
        if isinstance(event, Asked):
            if trial != asked:
                strangers.append(f"{position} (trial {trial} asked where {asked} should be)")
            if event.parent is not None and not 0 <= event.parent < trial:
                strangers.append(f"{position} (trial {trial} a clone of trial {event.parent}, which is not before it)")
            asked = max(asked, trial) + 1
        elif not _known(event, trial, asked):
            strangers.append(f"{position} ({kind} of trial {trial})")
    for places, what in (
        (gaps, "positions are missing"),
        (unreadable, "events cannot be read"),
        (strangers, "events belong to no trial"),
    ):
        if places:
            more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            yield Finding("error", f'Study "{name}": {what}: {", ".join(places[:_SHOWN])}{more}.')


def _known(event: Event, trial: int, asked: int) -> bool:
    least = 0 if isinstance(event, Sent | Reported | Told | Failed | Released) else -1
    return least <= trial < asked


def _orphans(storage: Storage) -> Iterator[Finding]:
    for record in storage.studies():
        held: dict[tuple[int, int], int] = {}
        for entry in storage.read(record.id):
            match entry.event:
                case Asked(worker=worker):
                    held[entry.trial, 0] = worker
                case Sent(index=index, worker=worker):
                    held[entry.trial, index] = worker
                case Told(index=index) | Failed(index=index) | Released(index=index):
                    held.pop((entry.trial, index), None)
                case _:
                    continue
        gone = storage.gone(set(held.values()))
        orphans = sum(worker in gone for worker in held.values())
        if orphans:
            tasks = "1 task waits" if orphans == 1 else f"{orphans} tasks wait"
            yield Finding(
                "note",
                f'Study "{record.name}": {tasks} for a worker that is dead.',
                "The next run takes them up; nothing needs to be done.",
            )


def _leftovers(path: Path, left: list[Path], *, mend: bool) -> Iterator[Finding]:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if mend:
        storage = Sql(str(path))
        storage.studies()
        storage.checkpoint()
        storage.close()
        for other in left:
            FileLock(other, lambda *_: "").remove()
    if size:
        merged = mend and not (log.exists() and log.stat().st_size)
        what = f"A log of {size / 2**20:.1f} MiB is not merged into the file yet: normal while a study runs, else left by a process that died."
        yield Finding("note", what, "Nothing is lost: the next run merges it, or --mend.", merged)
    for other in left:
        yield Finding(
            "note",
            f"{other.name} is there: normal while a study runs, else left over; it locks nothing.",
            "--mend removes it.",
            not other.exists(),
        )


def _salvage(path: Path, folder: Path, *, mend: bool) -> Finding:
    found = carve(folder / "carve.db")
    events = sum(len(found.events.get(study, {})) for study in found.studies)
    lost = sum(len(journal) for study, journal in found.events.items() if study not in found.studies)
    can = f"{len(found.studies)} studies with {events} events can be read"
    if lost:
        can += f"; {lost} more events belong to studies whose description is lost"
    if not found.studies:
        return Finding(
            "error",
            f"No study can be read from {path.name}; {lost} events without their study.",
            "Restore the file from a backup.",
        )
    target = next(
        candidate
        for number in range(1, 1000)
        if not (candidate := path.with_name(f"{path.stem}.salvaged{'' if number == 1 else f'-{number}'}.db")).exists()
    )
    if not mend:
        return Finding("warning", f"{can}.", f"Save them into {target.name} with --mend; {path.name} stays as it is.")
    kept = salvage(found, target, f"Salvaged from {path.name}, which was damaged; positions and trials were numbered anew.")
    return Finding(
        "warning",
        f"{can}; {kept} were saved into {target.name}. {path.name} stays as it was.",
        f"Go on with sqlite:///{target}",
        mended=True,
    )
