"""The task's end of a line to its coordinator, from somebody else's process.

It has no thread: it works when the objective reports, or is asked whether it should stop. The first report waits for the connection, two
seconds at most; after that nothing waits. What is not known to have arrived is kept, and travels with the outcome under its numbers, so that
the coordinator leaves out what had arrived after all.
"""

import contextlib
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

from tunewright.execution.channel import Channel
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

__all__ = ["LineChannel", "Outbox"]

_FIRST: Final = 2.0
"""Seconds that a task waits for its line, once."""
_AGAIN: Final = 1.0
"""The same, for a line that broke."""
_PAUSES: Final = (1.0, 60.0)
"""Seconds before a line that broke is looked for again: the first time, and in the end."""
_SHARE: Final = 20.0
"""Looking for a line takes at most one in so many seconds."""
_MISSED: Final = 300.0
"""Seconds for which the tasks of a process do not look again where one has waited for an answer in vain."""
_BATCH: Final = 200
"""Reports in a frame at most."""
_SOON: Final = 0.1
"""Seconds that a refusal takes at most: after more, looking again would cost the next task as much."""

_missed: dict[tuple[tuple[str, int], ...], float] = {}
"""Where tasks of this process have waited in vain, and until when no other does."""


class Outbox:
    """The reports of one run that are not known to have arrived.

    Attributes:
        first: the number of the first of them: so many have arrived.
        said: the number of the next one to be said.
    """

    def __init__(self) -> None:
        self.first = 0
        self.said = 0
        self._kept: list[Report] = []

    def add(self, report: Report) -> None:
        """Take a report."""
        self._kept.append(report)

    @property
    def kept(self) -> tuple[Report, ...]:
        """All of them."""
        return tuple(self._kept)

    @property
    def waiting(self) -> bool:
        """Whether some have yet to be said."""
        return self.said < self.first + len(self._kept)

    def next(self, most: int = _BATCH) -> Said:
        """What is to be said next."""
        start = self.said - self.first
        reports = tuple(self._kept[start : start + most])
        self.said += len(reports)
        return Said(self.said - len(reports), reports)

    def arrived(self, have: int) -> None:
        """So many reports of this run have arrived.

        Raises:
            ValueError: so many were never made.
        """
        if have > self.first + len(self._kept):
            raise ValueError(f"{have} reports are said to have arrived, of {self.first + len(self._kept)}.")
        if have > self.first:
            del self._kept[: have - self.first]
            self.first = have
            self.said = max(self.said, have)

    def begin_anew(self, have: int) -> None:
        """On a new connection: so many have arrived, and all others are to be said again. Raises as `arrived`."""
        self.arrived(have)
        self.said = self.first


class LineChannel(Channel):
    """A channel over the network; for the threads of one process.

    Where the coordinator is on the same machine and its door is shut, it has ended, or its search has: nobody waits for the task.

    Args:
        lead: how the coordinator is reached.
    """

    def __init__(self, lead: Lead) -> None:
        super().__init__()
        self._lead = lead
        self._home = os.getpid()
        self._lock = threading.Lock()
        self._run = secrets.token_hex(8)
        self._box = Outbox()
        self._socket: socket.socket | None = None
        self._frames = Frames()
        self._out = bytearray()
        self._why: str | None = None
        self._met = self._missed = self._closed = False
        self._next, self._pause = 0.0, _PAUSES[0]

    def send(self, report: Report) -> None:
        """Say it, if the line is there; else keep it. A process that the objective forked off is not heard."""
        if os.getpid() == self._home:
            with self._lock:
                self._box.add(report)
                self._work()

    def stopping(self) -> str | None:
        """See Channel."""
        if os.getpid() == self._home:
            with self._lock:
                if self._socket is not None or self._box.waiting:
                    self._work()
        return self._why

    def rest(self) -> tuple[Report, ...]:
        """What is not known to have arrived. The line ends here."""
        with self._lock:
            if self._socket is not None and os.getpid() == self._home:
                with self._losing():
                    self._say()
                    self._hear()
            self._closed = True
            self._hang_up()
            return self._box.kept

    def delivery(self, outcome: Outcome) -> Delivery:
        """What comes back of a task whose reports, if any, are the `rest` of this channel."""
        self.rest()
        return Delivery(outcome, self._run, self._box.first, self._missed and not self._met)

    # ---- under the lock --------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Hear and say what can be heard and said now."""
        if self._closed or (self._socket is None and not self._join()):
            return
        with self._losing():
            self._hear()
            self._say()

    @contextlib.contextmanager
    def _losing(self) -> Iterator[None]:
        """What breaks the line is no fault of the objective's."""
        try:
            yield
        except (OSError, ValueError):
            self._hang_up()
            self._put_off(time.monotonic(), 0.0)

    def _hear(self) -> None:
        """Read what is there. Raises OSError when the line is broken, ValueError when what is said makes no sense."""
        while self._socket is not None:
            while (body := self._frames.take()) is not None:
                self._take(unpacked(body, News))
            if self._socket is None:
                return
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            if not data:
                raise ConnectionError("The coordinator has hung up.")
            self._frames.put(data)

    def _take(self, news: News) -> None:
        self._box.arrived(news.have)
        self._why = self._why or news.stop
        if news.over:
            self._closed = True
            self._hang_up()

    def _say(self) -> None:
        """Write what the line takes now. Raises OSError when it is broken."""
        while self._socket is not None:
            if not self._out:
                if not self._box.waiting:
                    return
                self._out += self._frame()
            try:
                del self._out[: self._socket.send(self._out)]
            except BlockingIOError:
                return

    def _frame(self) -> bytes:
        """Of as many reports as fit. Raises ValueError where a single one does not: it travels with the outcome, and so do all after it."""
        most, said = _BATCH, self._box.said
        while len(frame := packed(self._box.next(most))) > LIMIT:
            self._box.said = said
            if most == 1:
                self._closed = True
                raise ValueError("A report that is too long for the line.")
            most //= 2
        return frame

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # ---- the connection --------------------------------------------------------------------------------------------------------

    def _join(self) -> bool:
        """Look for the line, if it is time."""
        begun = time.monotonic()
        if not self._met and begun < (until := _missed.get(self._lead.addresses, 0.0)):
            self._missed, self._next = True, max(self._next, until)
        if begun < self._next:
            return False
        end, left = begun + (_AGAIN if self._met else _FIRST), len(self._lead.addresses)
        spoke, shut = False, 0
        for number, (host, port) in enumerate(self._lead.addresses):
            now = time.monotonic()
            try:
                line = socket.create_connection((host, port), timeout=max(0.01, (end - now) / (left - number)))
            except ConnectionRefusedError:
                shut += 1
                continue
            except OSError:
                continue
            spoke = True
            try:
                self._meet(line, end)
            except (OSError, ValueError):
                line.close()
                continue
            self._pause = _PAUSES[0]
            return True
        if shut == left and self._lead.machine == machine():
            self._why, self._closed = self._why or LEFT, True
            return False
        now = time.monotonic()
        self._put_off(now, now - begun)
        if not self._met:
            self._missed = True
            self._next = self._next if spoke else math.inf
            if now - begun > _SOON:
                _missed[self._lead.addresses] = min(self._next, now + _MISSED)
        return False

    def _put_off(self, now: float, took: float) -> None:
        self._next = max(now + max(self._pause, _SHARE * took), self._next)
        self._pause = min(2 * self._pause, _PAUSES[1])

    def _meet(self, line: socket.socket, end: float) -> None:
        """Prove who we are, and have it proved who answers.

        Raises:
            OSError: the line broke, or it took too long.
            ValueError: it is somebody else.
        """
        steady(line)
        frames, lead = Frames(), self._lead
        theirs, ours = unpacked(_next_frame(line, frames, end), Challenge).nonce, secrets.token_hex(16)
        who = lead.number, self._run
        line.sendall(packed(Hello(*who, ours, proof(lead.secret, "task", who, (theirs, ours)))))
        news = unpacked(_next_frame(line, frames, end), News)
        if not same(news.proof, proof(lead.secret, "coordinator", who, (ours, theirs))):
            self._closed = True
            raise ValueError("Whoever answers there is not this task's coordinator.")
        self._box.begin_anew(news.have)
        line.setblocking(False)
        self._socket, self._frames, self._met = line, frames, True
        self._out.clear()
        self._take(news)


def _next_frame(line: socket.socket, frames: Frames, end: float) -> bytes:
    """Wait for one. Raises as `_meet`."""
    while (frame := frames.take()) is None:
        line.settimeout(max(0.01, end - time.monotonic()))
        data = line.recv(1 << 12)
        if not data:
            raise ConnectionError("The coordinator has hung up.")
        frames.put(data)
    return frame
