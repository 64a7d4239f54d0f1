"""Is a study file sound, and what can be done if not.

The file is copied under the lock (with its log), and the copy is examined: SQLite's own check of every page, then the journal's rules,
which SQLite cannot know. Nothing is done to the file unless asked. When it is damaged, it is not touched even then: what can be read is
saved into a new file beside it.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from tunewright.errors import StorageError, StorageLocked
from tunewright.events import Asked, Event, Failed, Released, Reported, Sent, Told
from tunewright.storage import connect
from tunewright.storage.file_lock import FileLock
from tunewright.storage.salvage import carve, salvage
from tunewright.storage.schema import SHIFT
from tunewright.storage.sql import Sql
from tunewright.storage.sqlite_checks import check_file
from tunewright.storage.wire import decode, decode_header

__all__ = ["Finding", "examine"]

_SHOWN = 5


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
    """Examine a study file.

    Args:
        url: as `connect` takes it.
        mend: also do what can be done: merge the log, remove locks that were left over; of a damaged file, save what can be read into
            "<name>.salvaged.db" beside it, and leave the file itself as it is.
        timeout: seconds to wait for others who write the file.

    Returns:
        The worst first; empty if all is well.

    Raises:
        StorageError: there is no such file, or it cannot be read.
    """
    storage = connect(url)
    if not isinstance(storage, Sql):
        raise StorageError(f'"{url}" is no file: there is nothing to examine.')
    path = storage.path
    if not path.is_file():
        raise StorageError(f"{url}: there is no such file.")
    lock = path.with_name(path.name + ".lock")
    left = [other for other in (lock, *path.parent.glob(path.name + ".ask-*")) if other.exists()]
    with tempfile.TemporaryDirectory(prefix="tunewright-") as folder:
        copy = Path(folder) / path.name
        try:
            _copy(path, copy, timeout)
            findings = list(_damage(copy))
            sound = not any(finding.severity == "error" for finding in findings)
            if sound:
                findings += [*_orphans(copy), *_leftovers(path, left, mend=mend)]
            else:
                findings.append(_salvage(path, Path(folder), mend=mend))
        except _Stranger as stranger:
            findings = [Finding("error", str(stranger))]
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _copy(path: Path, copy: Path, timeout: float) -> None:
    """The file and its log as they are at one moment. The examination then spoils at most the copy; carving has one of its own."""
    lock = FileLock(
        path.with_name(path.name + ".lock"),
        lambda pid, _: f"{path} is held by another process (pid {pid}). Try again when it is done.",
    )
    there = lock.path.exists()
    try:
        with lock.hold(timeout):
            for target in (copy, copy.with_name("carve.db")):
                for ending in ("", "-wal"):
                    source = path.with_name(path.name + ending)
                    if source.exists():
                        shutil.copyfile(source, target.with_name(target.name + ending))
    except StorageLocked:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be copied to be examined: {error}") from error
    if not there:
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
        yield from _journals(connection)
    except sqlite3.DatabaseError as error:
        yield Finding("error", f"SQLite cannot read the file: {error}.")
    finally:
        connection.close()


def _journals(connection: sqlite3.Connection) -> Iterator[Finding]:
    names: dict[int, str] = {}
    for study, name, header in connection.execute("SELECT id, name, header FROM studies ORDER BY id"):
        names[study] = name
        try:
            decode_header(header)
        except StorageError as error:
            yield Finding("error", f'Study "{name}": {error}.')
    known = {row[0] for row in connection.execute("SELECT DISTINCT id >> ? FROM events", (SHIFT,))}
    for study in sorted(known - names.keys()):
        yield Finding("error", f"There are events of a study number {study} that is not in the list of studies.")
    for study, name in names.items():
        yield from _journal(connection, study, name)


def _journal(connection: sqlite3.Connection, study: int, name: str) -> Iterator[Finding]:
    base, expected, asked = study << SHIFT, 1, 0
    gaps: list[str] = []
    unreadable: list[str] = []
    strangers: list[str] = []
    rows = connection.execute(
        "SELECT id, kind, trial, body FROM events WHERE id > ? AND id < ? ORDER BY id", (base, base + (1 << SHIFT))
    )
    for number, kind, trial, body in rows:
        position = number - base
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


def _orphans(copy: Path) -> Iterator[Finding]:
    storage = Sql(str(copy))
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
    storage.close()


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
