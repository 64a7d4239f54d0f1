"""The coordinator's end of the lines to tasks in somebody else's processes.

A listening socket and one thread, as long as a crew lives whose executor is not our own. What is heard is pinned on the crew's `Board`, from
which everything else goes on as it does with processes of our own. Each report is taken once, however often a line breaks and whatever comes
with the outcome: of each run of a task it is known how many have arrived.
"""

import collections
import contextlib
import itertools
import os
import secrets
import selectors
import socket
import threading
import time
import weakref
from typing import Final

import msgspec

from tunewright.execution.channel import Board
from tunewright.execution.frames import (
    LEFT,
    LIMIT,
    Challenge,
    Delivery,
    Frames,
    Hello,
    Lead,
    News,
    Said,
    packed,
    proof,
    same,
    steady,
    unpacked,
)
from tunewright.processes import machine
from tunewright.trial import Outcome, Report

__all__ = ["Ledger", "Line"]

_STRANGERS: Final = 500
"""Connections at most that have not proved yet who they are; of more, the oldest goes."""
_PATIENCE: Final = 5.0
"""Seconds that they have for it."""
_GREETING: Final = 1 << 10
"""Bytes of a frame at most, before that."""
_LAST: Final = 0.5
"""Seconds to wait, when a task's process has died, for the end of what it had said."""
_FULL: Final = 1.0
"""Seconds without new connections, where this process can have no more files."""


class _Open:
    """A task under way."""

    def __init__(self, key: tuple[int, int]) -> None:
        self.key = key
        self.have: dict[str, int] = {}  # of each run, in the order in which they began


class Ledger:
    """Which reports have arrived, of which runs of which tasks; for several threads.

    Args:
        board: where they are pinned.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._lock = threading.Lock()
        self._count = 0
        self._open: dict[int, _Open] = {}

    def open(self, key: tuple[int, int]) -> int:
        """A task is under way; returns its number."""
        with self._lock:
            self._count += 1
            self._open[self._count] = _Open(key)
            return self._count

    def join(self, number: int, run: str) -> int | None:
        """A run of a task reaches us: how many of its reports have arrived. None: it is not listened to (any more)."""
        with self._lock:
            task = self._open.get(number)
            if task is None:
                return None
            if run not in task.have:
                task.have[run] = 0
            return task.have[run] if _newest(task) == run else None

    def take(self, said: Said, number: int, run: str) -> int | None:
        """Pin what has not arrived yet; returns as `join` does.

        Raises:
            ValueError: some before these are missing.
        """
        with self._lock:
            task = self._open.get(number)
            if task is None or _newest(task) != run:  # nobody else has heard them: they come with its outcome, if that counts
                return None
            have = task.have[run]
            if said.first > have:
                raise ValueError(f"Report {said.first} comes where {have} was to come.")
            for report in said.reports[have - said.first :]:
                self._board.pin(task.key, report)
            task.have[run] = max(have, said.first + len(said.reports))
            return task.have[run]

    def close(self, number: int, run: str, first: int, reports: tuple[Report, ...]) -> tuple[Report, ...]:
        """The task has ended: of the reports that come with its outcome, the first of which is number `first`, those that had not arrived."""
        with self._lock:
            task = self._open.pop(number, None)
        return reports if task is None else reports[max(0, task.have.get(run, 0) - first) :]

    def asked(self, number: int) -> str | None:
        """Why the task should stop; None: it should not."""
        with self._lock:
            task = self._open.get(number)
        return None if task is None else self._board.asked(task.key)


def _newest(task: _Open) -> str:
    """The run that began last: an executor starts a task anew when it takes the one before for dead."""
    return next(reversed(task.have), "")


class _Caller:
    """A connection."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.frames = Frames(_GREETING)
        self.nonce = secrets.token_hex(16)
        self.until = time.monotonic() + _PATIENCE
        self.number, self.run = 0, ""  # 0: a stranger
        self.out = bytearray(packed(Challenge(self.nonce)))
        self.mask = 0
        self.have = 0
        self.due = self.told = self.over = False  # an answer is due; it was told to stop; it is to be hung up on


class Line:
    """Listens until it is closed.

    Args:
        board: the crew's.
        listener: a socket that listens already; it is closed with the line.
        addresses: how tasks reach it.
    """

    def __init__(self, board: Board, listener: socket.socket, addresses: tuple[tuple[str, int], ...]) -> None:
        self.addresses = addresses
        here = listener.getsockname()[0]
        self._machine = machine() if all(host == here for host, _ in addresses) else ""
        self._secret = secrets.token_bytes(32)
        self._ledger = Ledger(board)
        self._numbers: dict[tuple[int, int], int] = {}
        self._listener = listener
        self._listener.setblocking(False)
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._callers: dict[socket.socket, _Caller] = {}
        self._strangers: dict[_Caller, None] = {}  # in the order in which they came
        self._joined: collections.Counter[int] = collections.Counter()
        self._left = threading.Condition()
        self._closing = False
        self._deaf_until = 0.0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="tunewright-line", daemon=True)
        _lines.add(self)
        self._thread.start()

    # ---- for the crew ----------------------------------------------------------------------------------------------------------

    def lead(self, key: tuple[int, int]) -> Lead:
        """A task is under way: what it needs to reach us."""
        self._numbers[key] = self._ledger.open(key)
        return Lead(self.addresses, self._numbers[key], self._secret, self._machine)

    def ask(self) -> None:
        """Somebody on the board is asked to stop."""
        with contextlib.suppress(OSError):  # it is full: it has been rung
            self._rope.send(b"!")

    def end(self, key: tuple[int, int], back: Outcome | Delivery) -> Outcome:
        """A task has ended: its outcome, with those of its reports that have not arrived. What died may have said something last, which is waited for."""
        number = self._numbers.pop(key)
        if isinstance(back, Outcome):
            with self._left:
                self._left.wait_for(lambda: not self._joined[number], _LAST)
            back = Delivery(back)
        rest = self._ledger.close(number, back.run, back.first, back.outcome.reports)
        return msgspec.structs.replace(back.outcome, reports=rest)

    def close(self) -> None:
        """Ask whoever is still on the line to stop, since nobody waits for it any more, and end."""
        self._closing = True
        self.ask()
        self._thread.join()

    # ---- the thread ------------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            while not self._closing:
                for key, events in self._selector.select(self._pause()):
                    if key.fileobj is self._bell:
                        self._pull()
                    elif key.fileobj is self._listener:
                        self._accept()
                    elif (caller := self._callers.get(key.data)) is not None:  # it may be gone since
                        self._attend(caller, events)
                self._clear()
        finally:
            for caller in list(self._callers.values()):
                self._dismiss(caller)
            self.abandon()
            _lines.discard(self)

    def _pause(self) -> float | None:
        """Seconds until there is something to do that nobody will wake us for."""
        times = [caller.until for caller in itertools.islice(self._strangers, 1)]
        times += [self._deaf_until] if self._deaf_until else []
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _pull(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(1 << 10):
                pass
        for caller in list(self._callers.values()):
            if caller.number and not caller.told:
                self._attend(caller, 0)

    def _accept(self) -> None:
        try:
            line, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # who came has gone
            return
        except OSError:  # no more files
            self._selector.unregister(self._listener)
            self._deaf_until = time.monotonic() + _FULL
            return
        line.setblocking(False)
        with contextlib.suppress(OSError):
            steady(line)
        caller = self._callers[line] = _Caller(line)
        self._strangers[caller] = None
        self._attend(caller, 0)

    def _clear(self) -> None:
        """Hang up on strangers who are too many or too slow; take new connections again."""
        now = time.monotonic()
        for caller in list(self._strangers):
            if caller.until > now and len(self._strangers) <= _STRANGERS:
                break
            self._drop(caller)
        if self._deaf_until and self._deaf_until <= now:
            self._deaf_until = 0.0
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _attend(self, caller: _Caller, events: int) -> None:
        """Hear a connection, and answer. Whatever comes from the network, it costs this connection at most."""
        try:
            if events & selectors.EVENT_READ:
                self._hear(caller)
            self._answer(caller)
        except (OSError, ValueError):
            self._drop(caller)

    def _hear(self, caller: _Caller) -> None:
        try:
            data = caller.line.recv(1 << 16)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError
        caller.frames.put(data)
        while not caller.over and (frame := caller.frames.take()) is not None:
            if caller.number:
                self._note(caller, self._ledger.take(unpacked(frame, Said), caller.number, caller.run))
            else:
                self._greet(caller, unpacked(frame, Hello))

    def _greet(self, caller: _Caller, hello: Hello) -> None:
        who = hello.number, hello.run
        if not same(hello.proof, proof(self._secret, "task", who, (caller.nonce, hello.nonce))):
            raise ValueError("It does not know the secret.")
        caller.number, caller.run = who
        del self._strangers[caller]
        caller.frames.limit = LIMIT
        with self._left:
            self._joined[caller.number] += 1
        have = self._ledger.join(*who)
        back = proof(self._secret, "coordinator", who, (hello.nonce, caller.nonce))
        caller.over, caller.have = have is None, have or 0
        why = self._ledger.asked(caller.number)
        caller.told = why is not None
        caller.out += packed(News(caller.have, why, caller.over, back))

    @staticmethod
    def _note(caller: _Caller, have: int | None) -> None:
        caller.due = True
        if have is None:
            caller.over = True
        else:
            caller.have = have

    def _answer(self, caller: _Caller) -> None:
        """Write what is to be said. While a connection takes nothing, what is to be said is kept short: only the newest counts."""
        with contextlib.suppress(BlockingIOError):
            while caller.out or self._compose(caller):
                del caller.out[: caller.line.send(caller.out)]
        if caller.over and not caller.out:
            raise ConnectionError
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if caller.out else 0)
        if not caller.mask:
            self._selector.register(caller.line, mask, caller.line)
        elif mask != caller.mask:
            self._selector.modify(caller.line, mask, caller.line)
        caller.mask = mask

    def _compose(self, caller: _Caller) -> bool:
        why = self._ledger.asked(caller.number) if caller.number and not caller.told else None
        if not caller.due and why is None:
            return False
        caller.out += packed(News(caller.have, why, caller.over))
        caller.due, caller.told = False, caller.told or why is not None
        return True

    def _drop(self, caller: _Caller) -> None:
        if self._callers.pop(caller.line, None) is None:
            return
        if caller.mask:
            self._selector.unregister(caller.line)
        caller.line.close()
        self._strangers.pop(caller, None)
        if caller.number:
            with self._left:
                self._joined[caller.number] -= 1
                self._left.notify_all()

    def _dismiss(self, caller: _Caller) -> None:
        """Its task is not waited for any more."""
        with contextlib.suppress(OSError, ValueError):
            if caller.number and not caller.told:
                caller.out += packed(News(caller.have, LEFT))
            if caller.out:
                caller.line.send(caller.out)
            caller.line.shutdown(socket.SHUT_WR)
            for _ in range(_STRANGERS):
                caller.line.recv(1 << 16)  # what is unread would take the last word with it
        self._drop(caller)

    def abandon(self) -> None:
        """Close what this process holds of it, and say nothing: after a fork, in the child."""
        for each in (self._listener, self._bell, self._rope, *self._callers):
            each.close()
        self._selector.close()


_lines: "weakref.WeakSet[Line]" = weakref.WeakSet()


def _abandon_all() -> None:
    for line in list(_lines):
        line.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
