"""What can still be read of a damaged file, saved into a new one.

SQLite finds a row by walking down a tree of pages; one bad page near the root hides all that is below it. So the tree is ignored
here: every page of the file is looked at by itself, and each that holds rows of the journal gives them up [1]. The write-ahead log
is laid over the file first, up to its last commit. Then each study is written again without what is lost: positions and trials are
numbered anew, and what refers to them with them. The damaged file is only read.

[1] https://www.sqlite.org/fileformat.html, sections 1.6 (pages), 2.1 (records), 4.1 (the log).
"""

import bisect
import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from sqlalchemy.dialects import sqlite

from tunewright.errors import StorageError
from tunewright.events import KINDS, Asked, Entry, Event, Opened, Sent, Warned
from tunewright.storage.records import Header
from tunewright.storage.schema import SHIFT, copies, studies
from tunewright.storage.sqlite import SqliteFile
from tunewright.storage.wire import NAMES, decode, decode_header, encode

__all__ = ["Carved", "carve", "salvage"]

_Cell: TypeAlias = None | int | float | str | bytes
_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)  # bytes of the integers of serial types 0 to 6
_LEAF: Final = 0x0D
_OURS: Final = 8192
_NAMED: Final = sqlite.dialect(paramstyle="named")
_BROKEN: Final = (IndexError, ValueError, struct.error, KeyError, StorageError, OverflowError)


class Carved(msgspec.Struct):
    """What was found in a file.

    Attributes:
        studies: number -> (name, created, header).
        events: study number -> position -> (time, trial, event).
        unreadable: rows of the journal whose body cannot be read.
    """

    studies: dict[int, tuple[str, float, Header]]
    events: dict[int, dict[int, tuple[float, int, Event]]]
    unreadable: int = 0


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9


def _record(data: bytes) -> list[_Cell]:
    end, at = _varint(data, 0)
    kinds = []
    while at < end:
        kind, at = _varint(data, at)
        kinds.append(kind)
    cells: list[_Cell] = []
    for kind in kinds:
        if kind <= 6:
            size = _SIZES[kind]
            cells.append(int.from_bytes(data[at : at + size], "big", signed=True) if size else None)
        elif kind == 7:
            size = 8
            cells.append(float(struct.unpack_from(">d", data, at)[0]))
        elif kind in {8, 9}:
            size = 0
            cells.append(kind - 8)
        else:
            size = (kind - 12) // 2
            piece = data[at : at + size]
            if len(piece) < size:
                raise ValueError("cut short")
            cells.append(piece.decode() if kind % 2 else piece)
        at += size
    return cells


class _Pages:
    """The pages of a file with its log laid over."""

    def __init__(self, path: Path) -> None:
        self._file = path.read_bytes()
        size = struct.unpack_from(">H", self._file.ljust(100, b"\0"), 16)[0]
        size = 65536 if size == 1 else size
        self.size = size if size >= 512 and size & (size - 1) == 0 else _OURS
        self._over: dict[int, bytes] = {}
        log = path.with_name(path.name + "-wal")
        if log.exists():
            self._lay_over(log.read_bytes())

    def _lay_over(self, log: bytes) -> None:
        pending: dict[int, bytes] = {}
        salts = log[16:24]
        for at in range(32, len(log) - self.size - 23, self.size + 24):
            number, commit = struct.unpack_from(">II", log, at)
            if log[at + 8 : at + 16] != salts:  # of an earlier round of the log
                return
            pending[number] = log[at + 24 : at + 24 + self.size]
            if commit:
                self._over |= pending
                pending = {}

    def __getitem__(self, number: int) -> bytes:
        if number in self._over:
            return self._over[number]
        return self._file[(number - 1) * self.size : number * self.size]

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, max(-(-len(self._file) // self.size), *self._over, 0) + 1))

    def rows(self, number: int) -> Iterator[tuple[int, list[_Cell]]]:
        """The rows of one page: (the row's number, its cells); what cannot be read is passed over."""
        page = self[number]
        head = 100 if number == 1 else 0
        if len(page) < head + 8 or page[head] != _LEAF:
            return
        count = struct.unpack_from(">H", page, head + 3)[0]
        for index in range(min(count, (len(page) - head - 8) // 2)):
            with contextlib.suppress(*_BROKEN):
                yield self._row(page, struct.unpack_from(">H", page, head + 8 + 2 * index)[0])

    def _row(self, page: bytes, at: int) -> tuple[int, list[_Cell]]:
        length, at = _varint(page, at)
        row, at = _varint(page, at)
        largest = self.size - 35
        if length <= largest:
            return row, _record(page[at : at + length])
        if length > len(self._file) + len(self._over) * self.size:
            raise ValueError("longer than the file")
        least = (self.size - 12) * 32 // 255 - 23
        local = least + (length - least) % (self.size - 4)
        local = local if local <= largest else least
        parts = [page[at : at + local]]
        following = struct.unpack_from(">I", page, at + local)[0]
        while local < length and following:
            more = self[following]
            parts.append(more[4 : 4 + length - local])
            local += len(parts[-1])
            following = struct.unpack_from(">I", more, 0)[0]
        return row, _record(b"".join(parts))


def carve(path: Path) -> Carved:
    """Read every row that is left. The file is not changed; memory in proportion to it."""
    found = Carved({}, {})
    pages = _Pages(path)
    for number in pages:
        for row, cells in pages.rows(number):
            match cells:
                case [None, float() | int() as time, str() as kind, int() as trial, str() as body] if kind in KINDS:
                    try:
                        event = decode(kind, body)
                    except _BROKEN:
                        found.unreadable += 1
                        continue
                    found.events.setdefault(row >> SHIFT, {})[row & ((1 << SHIFT) - 1)] = float(time), trial, event
                case [None, str() as name, float() | int() as created, str() as header]:
                    with contextlib.suppress(*_BROKEN):
                        found.studies[row] = name, float(created), decode_header(header)
                case _:
                    continue
    return found


def _renumbered(events: dict[int, tuple[float, int, Event]]) -> list[Entry]:
    """Without gaps: trials whose asking is lost are left out, and references follow."""
    trials: dict[int, int] = {}
    kept: list[int] = []  # old positions, rising: the new position of kept[i] is i + 1
    entries: list[Entry] = []
    for old in sorted(events):
        time, trial, event = events[old]
        if isinstance(event, Asked):
            at = bisect.bisect_right(kept, event.queued)
            queued = at if event.queued and at and kept[at - 1] == event.queued else 0
            event = msgspec.structs.replace(
                event,
                basis=bisect.bisect_right(kept, event.basis),
                queued=queued,
                parent=None if event.parent is None else trials.get(event.parent),
                replaces=None if event.replaces is None else trials.get(event.replaces),
            )
            trials[trial] = len(trials)
        if trial >= 0:
            if trial not in trials:
                continue
            trial = trials[trial]
        kept.append(old)
        entries.append(Entry(trial, event, time, len(kept)))
    return entries


def salvage(found: Carved, target: Path, note: str) -> int:
    """Write what was found into a new file; each study ends with a warning that says what happened to it.

    Returns:
        How many events were kept.

    Raises:
        StorageError: the new file cannot be written, or is there already.
    """
    if target.exists():
        raise StorageError(f"{target} is there already. Move it away first.")
    file = SqliteFile(os.fspath(target), timeout=30.0)
    kept, worker = 0, 0
    with file.writing() as cursor:
        names: set[str] = set()
        for study, (name, created, header) in sorted(found.studies.items()):
            unique = f"{name} ({study})" if name in names else name
            names.add(unique)
            text = msgspec.json.encode(header).decode()
            for table in (studies, copies):
                cursor.execute(
                    str(table.insert().compile(dialect=_NAMED)), {"id": study, "name": unique, "created": created, "header": text}
                )
            entries = _renumbered(found.events.get(study, {}))
            kept += len(entries)
            last = max((entry.time for entry in entries), default=created)
            entries.append(Entry(-1, Warned(note), last, len(entries) + 1))
            cursor.executemany("INSERT INTO events (id, time, kind, trial, body) VALUES (?, ?, ?, ?, ?)", _rows(study, entries))
            workers = [entry.event.worker for entry in entries if isinstance(entry.event, Asked | Sent | Opened)]
            worker = max([worker, *workers])
        if worker:  # numbers that the journals know must not be given again: the tasks of the dead would look taken
            cursor.execute("INSERT INTO workers (id, host, pid, started, seen) VALUES (?, 'salvaged', 0, 0, 0)", (worker,))
    file.close()
    return kept


def _rows(study: int, entries: list[Entry]) -> Iterator[tuple[int, float, str, int, str]]:
    for entry in entries:
        yield (study << SHIFT) + entry.position, entry.time, NAMES[type(entry.event)], entry.trial, encode(entry)
