"""The journal in memory: fast, shared by the threads of one process, gone with it."""

import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Self

from tunewright.errors import StorageError, StorageLocked, StudyExists, StudyMissing
from tunewright.events import Asked, Entry
from tunewright.storage.base import Storage
from tunewright.storage.page import Page
from tunewright.storage.records import Header, StudyRecord
from tunewright.storage.wire import encode_header

__all__ = ["Memory"]

_CHUNK = 10_000


class Memory(Storage):
    """A storage for one process. A forked child goes on with a copy of its own.

    Args:
        timeout: seconds to wait for the right to ask.
    """

    def __init__(self, *, timeout: float = 60.0) -> None:
        self._timeout = timeout
        self._studies: dict[str, StudyRecord] = {}
        self._journals: dict[int, list[Entry]] = {}
        self._asked: dict[int, int] = {}
        self._asking: dict[int, threading.RLock] = {}
        self._created = 0
        self._threads = threading.Lock()

    @classmethod
    def holding(cls, name: str, header: Header, entries: Sequence[Entry]) -> Self:
        """A storage of its own for one study with this journal."""
        made = cls()
        made.append(made.create(name, header).id, entries, 0)
        return made

    @property
    def url(self) -> str:
        """Always "memory"."""
        return "memory"

    def __repr__(self) -> str:
        return f"Memory({len(self._studies)} studies)"

    def create(self, name: str, header: Header) -> StudyRecord:
        """See Storage."""
        if not name:
            raise StorageError('A study needs a name that is not empty, for example "first".')
        encode_header(header)
        with self._threads:
            if name in self._studies:
                raise StudyExists(f'A study "{name}" is in this storage already. Open it, or choose another name.')
            self._created += 1
            record = StudyRecord(self._created, name, time.time(), header)
            self._studies[name] = record
            self._journals[record.id] = []
            self._asked[record.id] = 0
            self._asking[record.id] = threading.RLock()
        return record

    def open(self, name: str) -> StudyRecord:
        """See Storage."""
        with self._threads:
            return self._find(name)

    def _find(self, name: str) -> StudyRecord:
        try:
            return self._studies[name]
        except KeyError:
            there = ", ".join(f'"{other}"' for other in self._studies) or "none"
            raise StudyMissing(f'There is no study "{name}" in memory. Studies there: {there}.') from None

    def studies(self) -> list[StudyRecord]:
        """See Storage."""
        with self._threads:
            return list(self._studies.values())

    def delete(self, name: str) -> None:
        """See Storage."""
        with self._threads:
            record = self._find(name)
            del self._studies[name], self._journals[record.id], self._asked[record.id]

    def _journal(self, study: int) -> list[Entry]:
        try:
            return self._journals[study]
        except KeyError:
            raise StudyMissing(f"There is no study number {study} in memory; it may have been deleted.") from None

    @contextlib.contextmanager
    def writing(self, study: int, since: int) -> Iterator[Page]:
        """See Storage."""
        with self._threads:
            journal = self._journal(study)
            if not 0 <= since <= len(journal):
                raise StorageError(f"since={since}, but the journal of study {study} ends at position {len(journal)}.")
            page = Page(journal[since:], len(journal), lambda: self._asked[study])
            yield page
            journal += page.stored
            self._asked[study] += sum(type(entry.event) is Asked for entry in page.stored)

    def read(self, study: int, since: int = 0) -> Iterator[Entry]:
        """See Storage."""
        with self._threads:
            journal = self._journal(study)
        while chunk := journal[since : since + _CHUNK]:
            yield from chunk
            since += len(chunk)

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        """See Storage."""
        with self._threads:
            self._journal(study)
            right = self._asking[study]
        if not right.acquire(timeout=self._timeout):
            raise StorageLocked(
                f"Another thread has been asking for {self._timeout:g} s. Tunewright waited and gave up; nothing was written."
            )
        try:
            yield
        finally:
            right.release()

    def join(self) -> int:
        """1: the process is the only worker."""
        return 1

    def beat(self) -> None:
        """Nothing to say: whoever could hear it is in this process."""

    def gone(self, workers: Collection[int]) -> set[int]:
        """All but 1, which is this process, and 0, which is nobody."""
        return {worker for worker in workers if worker > 1}

    def close(self) -> None:
        """Nothing to let go of; the journals stay until the object goes."""
