"""No worker outlives its coordinator.

When a coordinator is killed nobody would hear of what its workers find. A worker that hangs in native code cannot notice, so a guard
does: a process forked from the worker before anything is loaded, that waits for the end of a pipe whose other end the coordinator
alone holds. The operating system closes that end whatever happens to the coordinator; then the guard kills the worker's process group.
"""

import os
import signal

__all__ = ["guard"]


def guard(lifeline: int) -> None:
    """Fork the guard; the caller goes on. The caller leads its process group, and runs one thread.

    Args:
        lifeline: the reading end of the coordinator's pipe.
    """
    if os.fork():
        os.close(lifeline)
        return
    try:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)  # whoever reads what the worker prints must see its end
        os.dup2(nothing, 2)
        os.closerange(3, lifeline)
        os.closerange(lifeline + 1, 256)
        while os.read(lifeline, 1):
            pass
        os.killpg(0, signal.SIGKILL)
    finally:
        os._exit(0)
