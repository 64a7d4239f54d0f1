"""The journal in a SQLite file: several processes of one machine, locks of the operating system."""

import contextlib
import os
import shlex
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunewright.errors import StudyMissing
from tunewright.storage.database import Database
from tunewright.storage.file_lock import FileLock
from tunewright.storage.sqlite import SqliteFile

__all__ = ["Sql"]


class Sql(Database):
    """A storage in a SQLite file, for any number of processes of one machine.

    Args:
        path: of the file; made when the first study is created.
        timeout: seconds to wait for other writers.
        patience: seconds to wait for the right to ask.
    """

    def __init__(self, path: str, *, timeout: float = 30.0, patience: float = 60.0) -> None:
        self._file = SqliteFile(path, timeout=timeout)
        self._patience = patience
        self._rights: dict[int, FileLock] = {}
        super().__init__(
            self._file, path, ("sqlite", "named"), rescue=f"See what can be saved with: tunewright doctor {shlex.quote(path)}"
        )
        self._close_at_exit = weakref.finalize(self, _let_go, self._file, self._rights)

    @property
    def url(self) -> str:
        """What opens this file again, from any folder."""
        return f"sqlite:///{self._file.path}"

    def __repr__(self) -> str:
        return f'Sql("{self._file.shown}")'

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (str(self._file.path), self._file.timeout, self._patience)

    def delete(self, name: str) -> None:
        """See Storage. The file keeps its size; the space is used again."""
        number = self.open(name).id
        super().delete(name)
        if (right := self._rights.pop(number, None)) is not None:
            right.remove()

    @contextlib.contextmanager
    def asking(self, study: int) -> Iterator[None]:
        """See Storage. The right is a lock file beside the database."""
        right = self._rights.get(study)
        if right is None:
            if not self._file.exists():
                raise StudyMissing(f"There is no study number {study}: {self._file.shown} does not exist.")
            self._there(study)
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
