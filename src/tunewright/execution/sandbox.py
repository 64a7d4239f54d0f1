"""One worker process, and the thread that supervises it.

A pool of processes that share a queue cannot say whose fault a death was, and cannot end one task. So each place for a task has a
child of its own: it leads a session, gets the objective once and then one task at a time, and stays warm between them. While a task
runs, its supervisor waits for the child's word and looks ten times a second at what it takes. A child that is over its limits, or
dead, is ended with everything that it started, and the next task gets a fresh one.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, NamedTuple

from tunewright.errors import StudyError
from tunewright.execution import tree
from tunewright.execution.channel import Channel
from tunewright.execution.fence import Fence
from tunewright.execution.files import Place
from tunewright.execution.script import refuse_spawned, script
from tunewright.space.branches import Branches
from tunewright.trial import Failure, Outcome, Report, Task

__all__ = ["Sandbox", "Work"]

_LOOK: Final = 0.1
"""Seconds between two looks at a running task."""
_LOAD: Final = 600.0
"""Seconds that an objective may take to be loaded, with the libraries that it imports."""
_FAREWELL: Final = 1.0
"""Seconds that an idle child has to end by itself, with what it registered for its end."""
_CODE: Final = (
    "import sys; from multiprocessing.connection import Connection; pipe = Connection(int(sys.argv[1])); "
    "lifeline = int(sys.argv[2]); sys.path[:], sys.argv[:] = pipe.recv(); "
    "from tunewright.execution.guard import guard; guard(lifeline); "
    "from tunewright.execution.child import main; main(pipe)"
)


class Work(NamedTuple):
    """What every task of a crew shares: the packed objective, the names of its metrics, where the trials' files lie, the number of the
    coordinator's process, and the branches of the space.
    """

    parcel: bytes
    metrics: tuple[str, ...]
    folder: Place | None
    home: int = 0
    branches: Branches | None = None


class _Child(NamedTuple):
    process: "subprocess.Popen[bytes]"
    pipe: "Connection[Any, Any]"
    lifeline: int


class Sandbox:
    """A place for one task at a time. `run` belongs to one thread; `end` to any.

    Args:
        work: what to run.
        fence: what a task may take.
        slot: which place among the workers, from 0; it decides on the device.

    Raises:
        StudyError: on Windows, where a process cannot be ended with everything that it started.
    """

    def __init__(self, work: Work, fence: Fence, slot: int = 0) -> None:
        if sys.platform == "win32":
            mend = "Give executor=concurrent.futures.ProcessPoolExecutor(4), or say isolation='none'."
            raise StudyError(f"Worker processes of Tunewright's own need Linux or macOS. {mend}")
        self._work = work
        self._fence = fence
        self._slot = slot
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._next_weighing = 0.0
        self._busy = False
        self._ended = False

    # ---- the child -------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the child if there is none, and wait until it has the objective.

        Raises:
            StudyError: the objective cannot be loaded there, or the sandbox has ended.
        """
        if self._child is not None:
            return
        refuse_spawned()
        with self._lock:
            if self._ended:
                raise StudyError("The workers have been ended.")
            child = self._child = self._spawn()
        try:
            child.pipe.send((sys.path, sys.argv))
            child.pipe.send((script(), self._work.parcel, self._work.metrics, self._work.folder, self._work.branches))
            said = child.pipe.recv() if child.pipe.poll(_LOAD) else f"It took longer than {_LOAD:g} s."
        except (OSError, EOFError):
            said = f"The process died: {_death(self._fall(child, _LOOK))}."
        if said is not None:
            self._drop(child)
            raise StudyError(f"The objective cannot be loaded in a worker process. {said}")

    def _spawn(self) -> _Child:
        ours, theirs = Pipe()
        guarded, lifeline = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: S603  this very Python
                [sys.executable, "-c", _CODE, str(theirs.fileno()), str(guarded)],
                stdin=subprocess.DEVNULL,
                env=self._fence.environment(self._slot),
                pass_fds=(theirs.fileno(), guarded),
                start_new_session=True,
            )
        except BaseException:
            os.close(lifeline)
            raise
        finally:
            theirs.close()
            os.close(guarded)
        return _Child(process, ours, lifeline)

    def _fall(self, child: _Child, patience: float = 0.0) -> int:
        """Kill a child with everything that it started; its exit code, its own if it ends within `patience` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(patience)
        tree.end(child.process.pid)
        return child.process.wait()

    def _drop(self, child: _Child, patience: float = 0.0) -> None:
        """End the child and forget it."""
        self._fall(child, patience)
        with self._lock:
            self._child = None
        child.pipe.close()
        os.close(child.lifeline)

    # ---- a task ----------------------------------------------------------------------------------------------------------------

    def run(self, task: Task, channel: Channel) -> Outcome:
        """Run one task; whatever it does, it costs no more than its own outcome.

        Args:
            task: what to run.
            channel: takes its reports, and says when it should stop.

        Raises:
            StudyError: as `start`.
        """
        with self._lock:
            self._busy = True
        try:
            self.start()
            assert self._child is not None
            return self._run(self._child, task, channel)
        finally:
            with self._lock:
                self._busy = False

    def _run(self, child: _Child, task: Task, channel: Channel) -> Outcome:
        start = time.monotonic()
        try:
            child.pipe.send(task)
            back = self._supervise(child, channel, start)
        except (OSError, EOFError):
            back = Failure("crash", f"The worker process died: {_death(self._fall(child, _LOOK))}.")
        now = time.monotonic()
        if isinstance(back, Failure):
            self._drop(child)
            return Outcome(None, back, now - start)
        if self._fence.memory < math.inf and now >= self._next_weighing:
            self._next_weighing = now + _LOOK
            if tree.resident(child.process.pid) > self._fence.memory / 2:
                self._drop(child)  # what tasks left behind is not the next one's fault
        return back

    def _supervise(self, child: _Child, channel: Channel, start: float) -> Outcome | Failure:
        """Wait for the outcome, or find that the task is over a limit or its process dead. Raises EOFError when the pipe breaks."""
        fence, asked = self._fence, False
        look = start + _LOOK
        while True:
            now = time.monotonic()
            if child.pipe.poll(max(0.0, min(look, start + fence.seconds) - now)):
                said = child.pipe.recv()
                if not isinstance(said, Report):
                    outcome: Outcome = said
                    return outcome
                channel.send(said)
            now = time.monotonic()
            if now >= start + fence.seconds:
                return Failure("timeout", f"The task took longer than {fence.seconds:g} s and was ended.")
            if now < look:
                continue
            look = now + _LOOK
            if not child.pipe.poll() and child.process.poll() is not None:  # what it started may hold the pipe open
                raise EOFError
            if fence.memory < math.inf and (held := tree.memory(child.process.pid, fence.memory)) > fence.memory:
                return Failure(
                    "memory", f"The task held {_size(held)} of memory, more than {_size(fence.memory)}, and was ended."
                )
            why = None if asked else channel.stopping()
            if why is not None:
                child.pipe.send(why)
                asked = True

    # ---- the end ---------------------------------------------------------------------------------------------------------------

    def dismiss(self) -> None:
        """Tell an idle child to end by itself; `end` waits for it."""
        with self._lock:
            if self._child is not None and not self._busy:
                self._child.pipe.close()

    def end(self) -> None:
        """End the child with everything that it started, whatever it does, and take no more tasks."""
        with self._lock:
            self._ended = True
            child, busy = self._child, self._busy
        if child is not None and busy:
            tree.end(child.process.pid)  # its supervisor hears it, and clears away
        elif child is not None:
            self._drop(child, _FAREWELL if child.pipe.closed else 0.0)


def _death(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in {each.value for each in signal.Signals} else f"signal {-code}"
    hints = {
        "SIGKILL": "killed from outside, perhaps by the system for want of memory",
        "SIGSEGV": "a crash in native code",
        "SIGABRT": "native code gave up",
        "SIGBUS": "a crash in native code",
    }
    return f"{name}, {hints[name]}" if name in hints else name


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"
