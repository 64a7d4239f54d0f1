"""What is said on the line between a coordinator and a task in somebody else's process.

A frame is a JSON text behind its length (four bytes, the highest first). Whoever connects is sent a challenge, and both sides prove by an HMAC
over both challenges that they know the secret, which came to the task with its arguments; the secret itself is never on the line. Then the task
sends its reports, numbered through from 0, and hears how many have arrived, and why it should stop. Nothing is unpickled, and nothing is
encrypted: what is said is as open as what Dask and Ray say on such a network themselves.
"""

import hashlib
import hmac
import socket
from typing import Final, TypeVar

import msgspec

from tunewright.trial import Outcome, Report

__all__ = [
    "LEFT",
    "LIMIT",
    "Challenge",
    "Delivery",
    "Frames",
    "Hello",
    "Lead",
    "News",
    "Said",
    "packed",
    "proof",
    "same",
    "steady",
    "unpacked",
]

M = TypeVar("M", bound=msgspec.Struct)

LIMIT: Final = 1 << 22
"""Bytes of a frame at most."""
_HEAD: Final = 4
"""Bytes that say how long a frame is."""


LEFT: Final = "The study goes on without this task."
"""Why a task should stop that nobody waits for any more."""


class Lead(msgspec.Struct, frozen=True):
    """How a task reaches its coordinator.

    Attributes:
        addresses: host and port, to be tried in turn.
        number: of the task, among all that the line leads to.
        secret: 32 random bytes, of this line alone.
        machine: where it listens at these addresses itself (`processes.machine`); empty: others may stand between.
    """

    addresses: tuple[tuple[str, int], ...]
    number: int
    secret: bytes
    machine: str = ""

    def __repr__(self) -> str:
        return f"Lead({self.addresses}, {self.number})"  # executors log what their tasks were called with


class Delivery(msgspec.Struct, frozen=True):
    """What comes back from somebody else's process.

    Attributes:
        outcome: of the task; its reports are those of which it is not known that they arrived.
        run: which of the task's runs it was, as `Hello.run`; empty: it had no line.
        first: the number of the first of those reports.
        missed: whether the line was looked for, and not found.
    """

    outcome: Outcome
    run: str = ""
    first: int = 0
    missed: bool = False


class Challenge(msgspec.Struct, frozen=True):
    """The coordinator's first word."""

    nonce: str


class Hello(msgspec.Struct, frozen=True):
    """The task's answer.

    Attributes:
        number: of the task, as `Lead.number`.
        run: a random name for this run of it: an executor may start a task anew.
        nonce: the task's challenge.
        proof: that it knows the secret.
    """

    number: int
    run: str
    nonce: str
    proof: str


class Said(msgspec.Struct, frozen=True):
    """Reports; `first` is the number of the first."""

    first: int
    reports: tuple[Report, ...]


class News(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the coordinator says.

    Attributes:
        have: how many of this run's reports have arrived.
        stop: why the task is asked to stop; None: it is not.
        over: the task is not under way for the coordinator, or was started anew: this run is not listened to.
        proof: that the coordinator knows the secret; in its first answer.
    """

    have: int = 0
    stop: str | None = None
    over: bool = False
    proof: str = ""


def proof(secret: bytes, role: str, hello: tuple[int, str], nonces: tuple[str, str]) -> str:
    """That whoever plays this role ("task", "coordinator") knows the secret: the HMAC-SHA256 of all that makes this meeting this one."""
    return hmac.new(secret, msgspec.json.encode([role, *hello, *nonces]), hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compare proofs in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def packed(message: msgspec.Struct) -> bytes:
    """As a frame."""
    body = msgspec.json.encode(message)
    return len(body).to_bytes(_HEAD, "big") + body


def unpacked(body: bytes, kind: type[M]) -> M:
    """A message of this kind.

    Raises:
        ValueError: it is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # the last: a thousand brackets
        raise ValueError(f"This is no {kind.__name__}: {error}") from error


class Frames:
    """Cuts what comes out of a socket into frames.

    Attributes:
        limit: bytes of a frame at most.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._held = bytearray()

    def put(self, data: bytes) -> None:
        """Add what came."""
        self._held += data

    def take(self) -> bytes | None:
        """The next frame; None while it is not whole.

        Raises:
            ValueError: it says that it is longer than the limit.
        """
        if len(self._held) < _HEAD:
            return None
        end = _HEAD + int.from_bytes(self._held[:_HEAD], "big")
        if end - _HEAD > self.limit:
            raise ValueError(f"A frame of {end - _HEAD:,} bytes, where {self.limit:,} are allowed.")
        if len(self._held) < end:
            return None
        frame = bytes(self._held[_HEAD:end])
        del self._held[:end]
        return frame


def steady(line: socket.socket) -> None:
    """Say what is said at once, and find out within two minutes that the other side has vanished without a word."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 60_000)):
        if hasattr(socket, name):  # each system has some of them
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
