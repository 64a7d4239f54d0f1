"""A process with everything that it started: how much memory they hold, and how to end them all.

A task may start processes of its own (a pool of loky, a shell, a compiler). They belong to the session that the worker leads, or at
least descend from it. A daemon, which leaves the session and its parent, has left for good: only a container holds it.
"""

import contextlib
import math
import os
import signal
import threading
import time
from typing import Final

__all__ = ["end", "members", "memory", "resident"]

_ROUNDS: Final = 50
"""How often one looks for processes that were started while the others were being killed."""
_AGE: Final = 0.05
"""Seconds that a look for the members may lie back when their memory is summed."""

_lock = threading.Lock()
_looked = -math.inf
_sessions: dict[int, set[int]] = {}


def members(leader: int, age: float = 0.0) -> set[int]:
    """The numbers of the processes of this session.

    It takes a look at all processes of the machine, of about a microsecond each.

    Args:
        leader: of the session.
        age: seconds that the look may lie back, so that many supervisors need not look by themselves.
    """
    global _looked, _sessions
    import psutil  # noqa: PLC0415  a study whose tasks run in its own process need not load it

    with _lock:
        if time.monotonic() >= _looked + age:
            sessions: dict[int, set[int]] = {}
            for pid in psutil.pids():
                with contextlib.suppress(OSError):  # it has ended, or is not ours to look at
                    sessions.setdefault(os.getsid(pid), set()).add(pid)
            _looked, _sessions = time.monotonic(), sessions
        return _sessions.get(leader, set()) | {leader}


def memory(leader: int, limit: float) -> float:
    """Bytes of memory that the processes of a session hold together.

    Resident sets are summed first. They count a page once for each process that shares it, so only when the sum is above the limit
    are the proportional sets read (Linux; elsewhere the unique sets), which are exact, and take a millisecond for each process.

    Args:
        leader: of the session.
        limit: below it the sum of the resident sets is good enough.
    """
    import psutil  # noqa: PLC0415

    found = members(leader, _AGE)
    rough, exact = sum(map(resident, found)), 0.0
    if rough <= limit or len(found) < 2:
        return rough
    for pid in found:
        with contextlib.suppress(psutil.Error):
            full = psutil.Process(pid).memory_full_info()
            exact += getattr(full, "pss", full.uss)
    return exact


def resident(pid: int) -> float:
    """Bytes that one process holds, shared ones included; 0 if there is no such process."""
    import psutil  # noqa: PLC0415

    try:
        return float(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0.0


def _descendants(leader: int) -> set[int]:
    """Also those that lead sessions of their own."""
    import psutil  # noqa: PLC0415

    try:
        return {child.pid for child in psutil.Process(leader).children(recursive=True)}
    except psutil.Error:
        return set()


def end(leader: int) -> None:
    """Kill them all, also those that they start meanwhile. The leader's number must still be its own (not waited for)."""
    import psutil  # noqa: PLC0415

    for _ in range(_ROUNDS):
        living = set()
        for pid in members(leader) | _descendants(leader):
            with contextlib.suppress(psutil.Error):
                if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    living.add(pid)
        if not living:
            return
        with contextlib.suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
        for pid in living:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)
