"""Workers for one objective, and what happens when one of them dies.

A worker process that is killed, segfaults or calls `os._exit` breaks its whole pool: every task in flight comes back without a
result, and nobody knows whose fault it was. The crew then starts a new pool and tries those tasks again one at a time; the one
that breaks the pool once more is recorded as a crash. So a deadly configuration costs itself and nothing else.
"""

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from tunewright.execution.executors import InlineExecutor, ProcessExecutor, run_installed
from tunewright.execution.worker import Objective, run
from tunewright.trial import Failure, Outcome, Task

__all__ = ["Crew"]


class Crew:
    """Runs tasks of one objective; use it as a context.

    Args:
        objective: what to run.
        metrics: the names that its results must have.
        workers: how many tasks at once. 1 without an executor: in this very process, where a task cannot be ended.
        executor: any `concurrent.futures.Executor`, which is not shut down; default: processes of our own.
        processes: use a process of its own also for one worker.

    Attributes:
        inline: whether a task runs in this process, at once when it is submitted.
    """

    def __init__(
        self,
        objective: Objective,
        metrics: tuple[str, ...],
        *,
        workers: int = 1,
        executor: Executor | None = None,
        processes: bool = False,
    ) -> None:
        self._objective = objective
        self._metrics = metrics
        self.workers = workers
        self._foreign = executor is not None
        self.inline = executor is None and workers == 1 and not processes
        self._executor: Executor | None = executor
        self._flying: dict[Future[Outcome], Task] = {}
        self._suspects: deque[Task] = deque()
        self._alone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many more tasks can be taken now; none while the suspects of a crash are tried one by one."""
        return 0 if self._suspects or self._alone else self.workers - len(self._flying)

    @property
    def tasks(self) -> list[Task]:
        """What has been submitted and has not come back."""
        return [*self._flying.values(), *self._suspects]

    @property
    def can_end_tasks(self) -> bool:
        """Whether `close` stops tasks in the middle."""
        return not self.inline and not self._foreign

    def submit(self, task: Task) -> None:
        """Take a task; only while something is `free`."""
        if self._executor is None:
            self._executor = InlineExecutor() if self.inline else ProcessExecutor(self._objective, self.workers)
        if isinstance(self._executor, ProcessExecutor):
            future = self._executor.submit(run_installed, task, self._metrics)
        else:
            future = self._executor.submit(run, self._objective, task, self._metrics)
        self._flying[future] = task

    def wait(self, timeout: float | None) -> list[tuple[Task, Outcome]]:
        """Wait until something comes back, at most `timeout` seconds, and return it."""
        done, _ = wait(self._flying, timeout=timeout, return_when=FIRST_COMPLETED)
        back: list[tuple[Task, Outcome]] = []
        broken: list[Task] = []
        for future in sorted(done, key=lambda future: self._flying[future].trial):
            task = self._flying.pop(future)
            try:
                back.append((task, future.result()))
            except BrokenProcessPool:
                broken.append(task)
            except Exception as error:  # noqa: BLE001  what an executor raises (it could not pickle, lost its node) costs the task
                back.append((task, Outcome(None, Failure("crash", f"{type(error).__name__}: {error}"))))
        if broken:
            back.extend(self._after_a_crash(broken))
        elif done:
            self._alone = False
        if self._suspects and not self._flying:
            self._alone = True
            self.submit(self._suspects.popleft())
        return back

    def _after_a_crash(self, broken: list[Task]) -> list[tuple[Task, Outcome]]:
        if self._foreign:
            return [(task, Outcome(None, Failure("crash", "The executor's worker died."))) for task in broken]
        self._stop_pool()
        if self._alone:  # it had the pool for itself: it is the one
            self._alone = False
            (task,) = broken
            return [
                (
                    task,
                    Outcome(
                        None, Failure("crash", "The worker process died (killed, out of memory, or a crash in native code).")
                    ),
                )
            ]
        self._suspects.extend([*broken, *self._flying.values()])
        self._flying.clear()
        return []

    def _stop_pool(self) -> None:
        if isinstance(self._executor, ProcessExecutor):
            self._executor.end()
            self._executor = None

    def close(self) -> None:
        """End what still runs, where that can be done."""
        if not self._foreign:
            self._stop_pool()
        for future in self._flying:
            future.cancel()
