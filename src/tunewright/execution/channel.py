"""The way between a running objective and its study: reports go one way, the wish that it stops the other.

On the coordinator's side stands one `Board`, on which whoever supervises a task pins its reports, and from which the coordinator takes
them several times a second into the journal. The objective's end is a `Channel`; what it could not deliver travels with the outcome.
"""

import threading
from collections.abc import Callable

from tunewright.trial import Report

__all__ = ["Board", "BoardChannel", "Channel"]


class Channel:
    """An objective's end. This one keeps the reports, and hears nothing: where no way leads to the coordinator while a task runs."""

    def __init__(self) -> None:
        self._kept: list[Report] = []

    def send(self, report: Report) -> None:
        """Deliver, or keep."""
        self._kept.append(report)

    def rest(self) -> tuple[Report, ...]:
        """What was not delivered."""
        return tuple(self._kept)

    def stopping(self) -> str | None:
        """Why the task is asked to stop; None: it is not."""
        return None


class Board:
    """What running tasks have reported, and which of them are asked to stop. For several threads.

    Tasks are known by (trial, index).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[tuple[int, int], list[Report]] = {}
        self._asked: dict[tuple[int, int], str] = {}
        self._heard: set[tuple[int, int]] = set()

    def pin(self, key: tuple[int, int], report: Report) -> None:
        """Put up a report."""
        with self._lock:
            self._reports.setdefault(key, []).append(report)
            self._heard.add(key)

    def take(self) -> dict[tuple[int, int], list[Report]]:
        """Take all reports down, each task's in order."""
        with self._lock:
            taken, self._reports = self._reports, {}
        return taken

    def close(self, key: tuple[int, int]) -> list[Report]:
        """The task has ended: take down its last reports, and forget it."""
        with self._lock:
            self._asked.pop(key, None)
            self._heard.discard(key)
            return self._reports.pop(key, [])

    def reports(self, key: tuple[int, int]) -> bool:
        """Whether the task has ever reported: then it will hear."""
        with self._lock:
            return key in self._heard

    def ask(self, key: tuple[int, int], why: str) -> None:
        """Ask a task to stop."""
        with self._lock:
            self._asked.setdefault(key, why)

    def asked(self, key: tuple[int, int]) -> str | None:
        """Why the task is asked to stop; None: it is not."""
        with self._lock:
            return self._asked.get(key)


class BoardChannel(Channel):
    """For an objective in the coordinator's own process.

    Args:
        board: the coordinator's.
        key: (trial, index) of the task.
        listen: called after each report: the coordinator's turn, when the objective has its only thread.
    """

    def __init__(self, board: Board, key: tuple[int, int], listen: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._board = board
        self._key = key
        self._listen = listen

    def send(self, report: Report) -> None:
        """Pin it."""
        self._board.pin(self._key, report)
        if self._listen is not None:
            self._listen()

    def stopping(self) -> str | None:
        """See Channel."""
        return self._board.asked(self._key)
