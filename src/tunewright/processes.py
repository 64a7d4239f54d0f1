"""Who is alive.

A process of this machine is alive when there is a process of that number that was started at the same moment (numbers are given
again). The machine is the host's name, its boot and its process namespace: two containers see different process numbers. A
process of another machine can only be heard: after a minute of silence it counts as dead.
"""

import functools
import os
import platform
import sys
from pathlib import Path
from typing import Final

__all__ = ["SILENCE", "alive", "machine", "started"]

SILENCE: Final = 60.0
"""Seconds after which a worker of another machine counts as dead."""


@functools.cache
def machine() -> str:
    """What names this machine, since it was started, with its process numbers."""
    parts = [platform.node()]
    for read in (_boot, _namespace):
        try:
            parts.append(read())
        except OSError:  # not Linux
            continue
    return "/".join(parts)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _stat(pid: int) -> list[bytes]:
    """From the third field of /proc/pid/stat on: the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def started(pid: int) -> float:
    """When a process was started, in the machine's own ticks; 0 where that cannot be known."""
    try:
        return float(_stat(pid)[19])
    except (OSError, IndexError, ValueError):
        return 0.0


def alive(pid: int, since: float) -> bool | None:
    """Whether a process of this machine lives.

    Args:
        pid: its number.
        since: `started(pid)` when it was known; 0: unknown.

    Returns:
        None where it cannot be known (Windows).
    """
    if sys.platform == "win32":  # there, os.kill(pid, 0) would interrupt it
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        if _stat(pid)[0] in {b"Z", b"X"}:  # ended, and only its parent has not looked yet
            return False
    except (OSError, IndexError):
        return not Path("/proc/self/stat").exists()
    return not since or started(pid) == since
