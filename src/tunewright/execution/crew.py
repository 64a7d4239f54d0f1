"""Workers for one objective: tasks are handed in, outcomes come back, reports are heard meanwhile."""

import os
import re
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any, Self

import msgspec

from tunewright.errors import StudyError
from tunewright.execution.channel import Board, BoardChannel
from tunewright.execution.doors import listener_for
from tunewright.execution.executors import InlineExecutor, Sandboxes, run_fenced, run_here
from tunewright.execution.fence import Fence
from tunewright.execution.files import Place
from tunewright.execution.frames import Delivery
from tunewright.execution.line import Line
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Work
from tunewright.execution.worker import Objective, run
from tunewright.space.branches import Branches
from tunewright.trial import Failure, Outcome, Task

__all__ = ["Crew"]


class Crew:
    """Runs tasks of one objective; use it as a context.

    Args:
        objective: what to run.
        metrics: the names that its results must have.
        workers: how many tasks at once.
        executor: any `concurrent.futures.Executor`, which is not shut down at the end; None: processes of our own, or, where the fence
            says so, this very process, with a thread for each of several workers. To tasks in another's processes leads a `Line`.
        fence: what a task may take. With an executor: "process" puts a sandbox into the executor's worker.
        folder: where the trials' files lie.
        branches: of the study's space.

    Attributes:
        inline: whether a task runs in this process and thread, at once when it is submitted.
        board: what running tasks report, and which are asked to stop.
        inline: whether a task runs in the coordinator's own thread, at once when it is submitted.
        listen: called after each report of an objective that has the coordinator's own thread.

    Raises:
        StudyError: the objective cannot travel, the executor takes no tasks, or TUNEWRIGHT_LISTEN cannot be used.
    """

    def __init__(
        self,
        objective: Objective,
        metrics: tuple[str, ...],
        *,
        workers: int = 1,
        executor: Executor | None = None,
        fence: Fence | None = None,
        folder: Place | None = None,
        branches: Branches | None = None,
    ) -> None:
        fence = Fence.of(workers=workers, executor=executor is not None) if fence is None else fence
        self.workers = workers
        self.board = Board()
        self.listen: Callable[[], None] = _nothing
        self._flying: dict[Future[Any], Task] = {}
        self._missed = False
        self._metrics = metrics
        self._objective = objective
        self._folder = folder
        self._branches = branches
        self.inline = executor is None and workers == 1 and fence.isolation == "none"
        self._own: Sandboxes | ThreadPoolExecutor | None = None
        self._executor = executor
        local = isinstance(executor, ThreadPoolExecutor | InlineExecutor) and fence.isolation == "none"
        if executor is not None:
            _check_open(executor)
            self._launch = self._here if local else self._there
        elif fence.isolation == "none":
            self._executor = InlineExecutor() if workers == 1 else ThreadPoolExecutor(workers, "tunewright-worker")
            self._launch = self._here
            self._own = self._executor if isinstance(self._executor, ThreadPoolExecutor) else None
        else:
            self._launch = self._in_sandbox
        self._fence = fence
        if self._launch != self._here:
            self._work = Work(pack(objective), metrics, folder, os.getpid(), branches)
        if self._launch == self._in_sandbox:
            self._own = Sandboxes(self._work, fence, workers)
        self._line = self._listening() if self._launch == self._there else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many workers have no task."""
        return max(0, self.workers - len(self._flying))

    @property
    def takes(self) -> bool:
        """Whether one more task can be taken now: by a worker, or, where workers are our own, to wait for the next that becomes free."""
        return self._own is not None or self.free > 0

    @property
    def tasks(self) -> list[Task]:
        """What has been submitted and has not come back."""
        return list(self._flying.values())

    @property
    def hears(self) -> bool:
        """Whether tasks that report hear while they run that they should stop."""
        return self._launch != self._there or self._line is not None

    @property
    def can_end_tasks(self) -> bool:
        """Whether `close` stops tasks in the middle."""
        return isinstance(self._own, Sandboxes)

    def submit(self, task: Task) -> None:
        """Take a task; only while it `takes` one."""
        self._flying[self._launch(task)] = task

    def _here(self, task: Task) -> Future[Outcome]:
        assert self._executor is not None
        channel = BoardChannel(self.board, task.key, self.listen if self.inline else None)
        return self._executor.submit(run, self._objective, task, self._metrics, channel, self._folder, self._branches)

    def _in_sandbox(self, task: Task) -> Future[Outcome]:
        assert isinstance(self._own, Sandboxes)
        return self._own.submit(task, BoardChannel(self.board, task.key))

    def _listening(self) -> Line | None:
        """The way to tasks in somebody else's processes."""
        assert self._executor is not None
        try:
            return Line(self.board, *listener_for(self._executor))
        except OSError as error:
            warnings.warn(
                f"No way leads to the executor's tasks while they run: this process cannot listen for them ({error}). What they report comes "
                "with their results, and nobody can stop them. TUNEWRIGHT_LISTEN may say at which address of this machine to listen.",
                stacklevel=2,
            )
            return None

    def _there(self, task: Task) -> Future[Delivery]:
        assert self._executor is not None
        lead = None if self._line is None else self._line.lead(task.key)
        try:
            if self._fence.isolation == "none":
                return self._executor.submit(run_here, self._work, task, lead)
            return self._executor.submit(run_fenced, self._work, self._fence, task, lead)
        except Exception as error:  # any executor refuses in its own way
            raise StudyError(
                f"The executor takes no tasks any more ({type(error).__name__}: {error}). A task that ends its process takes a whole "
                'pool with it; with isolation="process" it ends alone. What was finished is kept: the same call goes on.'
            ) from error

    def wait(self, timeout: float | None) -> list[tuple[Task, Outcome]]:
        """Wait until something comes back, at most `timeout` seconds, and return it, with what is left of its reports.

        Raises:
            StudyError: the objective, or Tunewright itself, cannot be loaded in a worker process. What came back beside it is returned
                first.
        """
        done, _ = wait(self._flying, timeout=timeout, return_when=FIRST_COMPLETED)
        back: list[tuple[Task, Outcome]] = []
        broken: BaseException | None = None
        for future in sorted(done, key=lambda future: self._flying[future].key):
            task = self._flying.pop(future)
            try:
                came = _result(future)
            except BaseException as error:  # noqa: BLE001  raised below
                broken = error
                self._flying[future] = task  # its turn comes when the others have been told
                continue
            back.append((task, self._arrived(task, came)))
        if broken is not None and not back:
            raise broken
        return back

    def _arrived(self, task: Task, came: Outcome | Delivery) -> Outcome:
        """What came of a task, with those of its reports that are not on their way into the journal."""
        outcome = came.outcome if isinstance(came, Delivery) else came
        if self._line is not None:
            outcome = self._line.end(task.key, came)
            if isinstance(came, Delivery) and came.missed and not self._missed:
                self._missed = True
                where = " or ".join(f"{host}:{port}" for host, port in self._line.addresses)
                warnings.warn(
                    f"The executor's tasks do not reach this process at {where}: what they report comes with their results, and nobody can stop "
                    "them meanwhile. Let TUNEWRIGHT_LISTEN say by which address they reach it, as in 10.0.0.5 or 10.0.0.5:8787.",
                    stacklevel=2,
                )
        last = self.board.close(task.key)
        return msgspec.structs.replace(outcome, reports=(*last, *outcome.reports)) if last else outcome

    def withdraw(self) -> list[Task]:
        """Take back what waits for a worker, and return it; it will not begin."""
        waiting = [future for future in self._flying if self._own is not None and future.cancel()]
        return [self._flying.pop(future) for future in waiting]

    def ask_to_stop(self, task: Task, why: str) -> None:
        """Raise Stopped in the objective when it next reports; in somebody else's process, if that reaches us."""
        self.board.ask(task.key, why)
        if self._line is not None:
            self._line.ask()

    def close(self) -> None:
        """End what still runs, where that can be done; tasks of another executor are asked to stop."""
        if isinstance(self._own, Sandboxes):
            self._own.end()
        elif self._own is not None:
            self._own.shutdown(wait=not self._flying, cancel_futures=True)
        for future in self._flying:
            future.cancel()
        if self._line is not None:
            self._line.close()


def _result(future: "Future[Any]") -> Outcome | Delivery:
    """What came of a task. What an executor raises (its process or node died) costs the task.

    Raises:
        StudyError: as `Crew.wait`.
    """
    try:
        came = future.result()
    except StudyError:
        raise
    except ImportError as error:  # the objective's own are outcomes
        raise StudyError(
            f"Tunewright cannot be loaded on a worker of the executor ({_line(error)}). Install it there, as here."
        ) from error
    except Exception as error:  # noqa: BLE001
        text = re.sub(r"\x1b\[[0-9;]*m", "", "".join(traceback.format_exception(error)))
        return Outcome(None, Failure("crash", f"The executor lost the task: {_line(error)}", text))
    if not isinstance(came, Outcome | Delivery):
        raise StudyError(
            f"The executor gave a {type(came).__name__} for a task, and not what the function that it was handed returned. Its futures must have the "
            "result of that call."
        )
    return came


def _line(error: Exception) -> str:
    """An exception in one line, without colours."""
    first = (re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}".rstrip(": ")


def _nothing() -> None:
    pass


def _check_open(executor: Executor) -> None:
    if not callable(getattr(executor, "submit", None)):
        raise StudyError(
            f"executor must be a concurrent.futures.Executor, got {executor!r}. For a number of workers write workers=4."
        )
    try:
        given = executor.submit(_nothing)
    except Exception as error:  # any executor refuses in its own way
        raise StudyError(
            f"The executor takes no tasks ({type(error).__name__}: {error}). Is it shut down? Give one that is open."
        ) from error
    if not isinstance(given, Future):
        dask = (
            " For a Dask client write executor=client.get_executor(pure=False)."
            if type(given).__module__.startswith("distributed")
            else ""
        )
        raise StudyError(
            f"executor must be a concurrent.futures.Executor, and submit of {executor!r} returned a {type(given).__name__}, which is no "
            f"concurrent.futures.Future.{dask}"
        )
    given.cancel()
