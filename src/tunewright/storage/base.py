"""The journal, as the rest of the house sees it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager

import msgspec

from tunewright.events import Entry
from tunewright.metric import Metric
from tunewright.typing import Value

__all__ = ["Header", "Storage", "StudyRecord"]


class Header(msgspec.Struct, frozen=True):
    """What a study is from its first moment.

    Attributes:
        space: as `SearchSpace.to_json` writes it, parsed; the first of possibly several (see `SpaceEdited`).
        metrics: in order of importance; the first is the one that is optimised when only one can be.
        seed: of all decisions.
        version: of Tunewright that created it.
    """

    space: dict[str, Value]
    metrics: tuple[Metric, ...]
    seed: int
    version: str


class StudyRecord(msgspec.Struct, frozen=True):
    """A study as stored: its number in this storage, its unique name, when it was created (seconds since 1970), its header."""

    id: int
    name: str
    created: float
    header: Header


class Storage(ABC):
    """An append-only journal for each study, shared by threads and, where the storage can, by processes and machines.

    Everything told is durable when `append` returns: the death of any process loses nothing.
    All methods may raise StorageError. Positions are 1, 2, 3 … within a study, without gaps.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """What opens this storage again; "memory" for one that dies with the process."""

    @abstractmethod
    def create(self, name: str, header: Header) -> StudyRecord:
        """Create a study. Raises StudyExists. Safe against other processes that create the same one at the same moment."""

    @abstractmethod
    def open(self, name: str) -> StudyRecord:
        """Find a study by name. Raises StudyMissing, naming those that are there."""

    @abstractmethod
    def studies(self) -> list[StudyRecord]:
        """All studies, oldest first."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a study with its journal. Raises StudyMissing."""

    @abstractmethod
    def append(self, study: int, entries: Sequence[Entry], since: int) -> list[Entry]:
        """Append all entries or none, and hear what is new.

        Args:
            study: `StudyRecord.id`.
            entries: position is ignored; so is the trial of an `Asked`, which becomes the number of `Asked` before it.
            since: the last position that the caller knows.

        Returns:
            Every entry after `since`, in order, the appended ones (with their positions) last.
        """

    @abstractmethod
    def read(self, study: int, since: int = 0) -> Iterator[Entry]:
        """Every entry after `since`, in order. One consistent snapshot or a growing prefix of it; never a gap."""

    @abstractmethod
    def asking(self, study: int) -> AbstractContextManager[None]:
        """Hold the right to ask: one holder at a time among all threads and processes. Reading and telling go on meanwhile.

        The right of a process that dies is free at once. Raises StorageLocked after `timeout` seconds (default 60).
        """

    @abstractmethod
    def join(self) -> int:
        """Enter this process among the workers and return its number, 1 or more. The same process gets the same number."""

    @abstractmethod
    def beat(self) -> None:
        """Say that this process is alive."""

    @abstractmethod
    def gone(self, workers: Collection[int]) -> set[int]:
        """Which of these workers are dead: their process has ended (same machine) or they were silent for 60 s (another one)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Using the storage again opens it again."""
