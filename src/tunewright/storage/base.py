"""The journal, as the rest of the house sees it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from tunewright.events import Entry
from tunewright.storage.page import Page
from tunewright.storage.records import Header, StudyRecord

__all__ = ["Storage"]


class Storage(ABC):
    """An append-only journal for each study, shared by threads and, where the storage can, by processes and machines.

    Everything told is durable when `append` returns, or a `writing` ends, or the `asking` around it: the death of any process loses
    nothing.
    All methods may raise StorageError. Positions are 1, 2, 3 … within a study, without gaps.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """What opens this storage again; "memory" for one that dies with the process."""

    @property
    def life(self) -> int:
        """Changes when what was read so far must be read anew: a server that crashed forgets what nobody was told is kept."""
        return 0

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
    def writing(self, study: int, since: int) -> AbstractContextManager[Page]:
        """Write into the journal, having heard what is new: when the block ends well all that was added is kept, else nothing.

        Args:
            study: `StudyRecord.id`.
            since: the last position that the caller knows.

        Position of the entries added is ignored; so is the trial of an `Asked`, which becomes the number of `Asked` before it.
        Others who write wait, so a block must be short. Raises StorageLost when nothing was written and the block may be run again.
        """

    def append(self, study: int, entries: Sequence[Entry], since: int) -> list[Entry]:
        """Append all entries or none, and hear what is new; see `writing`.

        Returns:
            Every entry after `since`, in order, the appended ones (with their positions) last.
        """
        if not entries:
            return list(self.read(study, since))
        with self.writing(study, since) as page:
            for entry in entries:
                page.add(entry)
        return [*page.new, *page.stored]

    @abstractmethod
    def read(self, study: int, since: int = 0) -> Iterator[Entry]:
        """Every entry after `since`, in order. One consistent snapshot or a growing prefix of it; never a gap."""

    @abstractmethod
    def asking(self, study: int) -> AbstractContextManager[None]:
        """Hold the right to ask: one holder at a time among all threads and processes. Reading and telling go on meanwhile.

        The right of a process that dies is free at once. Raises StorageLocked after `timeout` seconds (default 60); StorageLost, at the
        end, when what was written last was not kept.
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

    def hurry(self, *, on: bool) -> None:  # noqa: B027  most have nobody to wait for
        """Say that this process has to end (or need not any more): what cannot be reached now is given up.

        A signal handler calls it, in the middle of anything: it may only note that.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Using the storage again opens it again."""
