"""What one transaction writes into a journal."""

from collections.abc import Callable

from tunewright.events import Asked, Entry
from tunewright.storage.wire import encode

__all__ = ["Page"]


class Page:
    """What one transaction writes into a journal. Nobody else writes meanwhile, so positions and numbers are known at once.

    Args:
        new: every entry behind the position that the writer knew.
        position: of the last entry of the journal.
        asked: says how many trials there are; called when the first `Asked` is added.

    Attributes:
        stored: what was added, with its positions; the storage keeps it when the transaction ends well.
        bodies: the same as JSON.
    """

    def __init__(self, new: list[Entry], position: int, asked: Callable[[], int]) -> None:
        self.new = new
        self.stored: list[Entry] = []
        self.bodies: list[str] = []
        self._position = position
        self._asked = asked
        self._trials: int | None = None

    def add(self, entry: Entry) -> Entry:
        """Add an entry and return it as it will stand in the journal.

        Raises:
            StorageError: it holds what JSON cannot.
        """
        body, trial = encode(entry), entry.trial
        if type(entry.event) is Asked:
            trial = self._asked() if self._trials is None else self._trials
            self._trials = trial + 1
        self._position += 1
        stored = Entry(trial, entry.event, entry.time, self._position)
        self.stored.append(stored)
        self.bodies.append(body)
        return stored
