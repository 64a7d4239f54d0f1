"""A study, as its user holds it: every question that one may ask of it, and every word that one may say to it.

What has happened stands in its journal (`journal.py`); asking, telling and the loop are the coordinator's (`coordinator.py`).
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from os import PathLike
from typing import Any, Literal, Self

from tunewright.agreement import agree
from tunewright.arguments import check_flag, check_instance, check_objective, check_text, checked_listeners, count_of, numbered
from tunewright.coordinator import Coordinator, Listener
from tunewright.deciders import as_said
from tunewright.deciding import Replay, replay
from tunewright.errors import NoResult, StudyChanged, StudyError
from tunewright.events import Commented, Entry
from tunewright.execution.crew import Crew
from tunewright.execution.fence import Fence, Isolation
from tunewright.execution.files import home
from tunewright.execution.prepared import Prepared
from tunewright.execution.worker import Objective
from tunewright.findings import Findings
from tunewright.history import History
from tunewright.journal import Journal
from tunewright.measuring import measure
from tunewright.metric import Metric, checked_metrics
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Scheduler
from tunewright.space import Choice, Parameter, SearchSpace
from tunewright.space.branches import Branches
from tunewright.stopping import Limits
from tunewright.storage import Memory, connect, only_study
from tunewright.storage.base import Storage
from tunewright.storage.records import Header
from tunewright.tracking.progress import shown
from tunewright.tracking.provenance import libraries
from tunewright.trial import Task
from tunewright.typing import Params

__all__ = ["Study"]


class Study(Findings):
    """A search: a space, what is measured, and all that has been tried.

    Running the same script again opens what is there and goes on.

    Args:
        space: what is searched. None: as recorded, for a study that exists.
        metrics: one `Metric` or several; default `Metric("value", "minimize")`, or as recorded.
        sampler: who proposes; default: as the process that worked on the study last had it, in a new study `Auto()`.
        scheduler: who decides on effort; default likewise, in a new study `Once()`: one task a trial. Where the last process had somebody's
            own, which cannot be made anew from the journal, `ask` and `optimize` warn, and go on with these two. To have worked is to
            have asked; until somebody has, it is those that the study was created with.
        storage: a URL ("sqlite:///runs.db"), a `Storage`, or None for memory.
        name: of the study in its storage; default "study".
        seed: of all decisions, 0 or more; default 0, or as recorded.
        edit: when the space differs from the recorded one, go on with the new one; what was tried stays usable where it fits.
        repeats: whether the same configuration of a finite space may be proposed twice; default: as for `sampler`, in a new study not.

    Raises:
        StudyChanged: space, metrics or seed differ from the recorded ones; the message lists the differences and the mend.
        StudyMissing: no space is given, and there is no such study.
        StorageError: the storage cannot be opened.
    """

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Parameter | Choice] | None = None,
        metrics: Metric | Sequence[Metric] | None = None,
        *,
        sampler: Sampler | None = None,
        scheduler: Scheduler | None = None,
        storage: str | Storage | None = None,
        name: str = "study",
        seed: int | None = None,
        edit: bool = False,
        repeats: bool | None = None,
    ) -> None:
        check_instance(sampler, Sampler, "sampler")
        check_instance(scheduler, Scheduler, "scheduler")
        check_text(name, "name")
        check_flag(edit, "edit")
        check_flag(repeats, "repeats", optional=True)
        wanted = space if space is None or isinstance(space, SearchSpace) else SearchSpace(space)
        self._journal = Journal(
            connect(storage), name, space=wanted, metrics=checked_metrics(metrics), seed=seed, edit=edit, said=as_said(sampler, scheduler, repeats)
        )  # fmt: skip
        self._coordinator = Coordinator(self._journal, sampler, scheduler, repeats=repeats)
        self._scheduled = scheduler is not None

    @classmethod
    def load(
        cls,
        storage: str | Storage,
        name: str | None = None,
        *,
        sampler: Sampler | None = None,
        scheduler: Scheduler | None = None,
        repeats: bool | None = None,
    ) -> Self:
        """Open a study that exists, with the space and the metrics that it has; arguments as for `Study`.

        Raises:
            StudyMissing: there is no study of that name; or no name was given and there is not exactly one.
        """
        store = connect(storage)
        return cls(
            storage=store, name=only_study(store) if name is None else name, sampler=sampler, scheduler=scheduler, repeats=repeats
        )  # fmt: skip

    # ---- what is there ---------------------------------------------------------------------------------------------------------

    @property
    def storage(self) -> Storage:
        """Where its journal lies."""
        return self._journal.storage

    @property
    def sampler(self) -> Sampler:
        """Who proposes."""
        return self._coordinator.sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        self._coordinator.sampler = sampler

    @property
    def scheduler(self) -> Scheduler:
        """Who decides on effort."""
        return self._coordinator.scheduler

    @scheduler.setter
    def scheduler(self, scheduler: Scheduler) -> None:
        self._coordinator.scheduler = scheduler
        self._scheduled = True

    @property
    def repeats(self) -> bool:
        """Whether the same configuration of a finite space may be proposed twice."""
        return self._coordinator.repeats

    @property
    def name(self) -> str:
        """Of the study in its storage."""
        return self._journal.record.name

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured."""
        return self._journal.record.header.metrics

    @property
    def seed(self) -> int:
        """Of all decisions."""
        return self._journal.record.header.seed

    @property
    def space(self) -> SearchSpace:
        """What is searched, as last edited."""
        return self._journal.history.space

    @property
    def history(self) -> History:
        """All that happened, also in other processes, up to now."""
        return self._journal.sync()

    def _search_anew(self, name: str, objective: Objective, trials: int, workers: int) -> Params:
        named, version = f"{self.name}, {name}", 1
        while True:
            try:
                return self._searched(named, objective, trials, workers)
            except StudyChanged:  # of another space or other rows, before this study was edited
                version += 1
                named = f"{self.name}, {name} ({version})"
            except NoResult as error:
                raise NoResult(f'The search "{named}" found no winner. {error}') from error

    def _searched(self, name: str, objective: Objective, trials: int, workers: int) -> Params:
        """The winner of the same search under another name; what somebody enqueued here is tried there, too."""
        study = Study(
            self.space, self.metrics, sampler=copy.deepcopy(self.sampler), scheduler=self.scheduler if self._scheduled else None,
            storage=self.storage, name=name, seed=self.seed, repeats=self.repeats,
        )  # fmt: skip
        for trial in self.history.trials:
            if trial.origin == "queue" and self.history.usable[trial.number] and study.history.tried(trial.params) is None:
                study.enqueue(trial.params, note=trial.note)
        study.optimize(objective, trials=trials, workers=workers, progress=False)
        return study.best.params

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {self.storage.url}: {self.history.tally})"

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickled study is a copy of its journal in memory, wherever it lies; a file is opened by `load`."""
        record = self._journal.record
        journal = record.name, record.header, list(self.storage.read(record.id))
        return _in_memory, (journal, *self._coordinator.chosen)

    # ---- asking ----------------------------------------------------------------------------------------------------------------

    def ask(self, *, hold: bool = False) -> Task:
        """The next task: one that a dead worker left, else what the scheduler and the sampler decide.

        Args:
            hold: nobody takes the task up when this process ends; it waits for its `tell`, from wherever.

        Raises:
            SpaceExhausted: nothing is left to propose.
            StudyError: the scheduler has nothing to hand out until a running task ends.
        """
        with self._journal.named():
            task = self._coordinator.next(Limits(), hold=hold)
        if task is None:
            raise StudyError("There is nothing to hand out until a running task ends. Tell one first.")
        return task

    def tell(
        self, task: Task | int, result: Any, *, index: int = 0, seconds: float | None = None,  # noqa: ANN401
        gradient: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Record what came of a task.

        A result that cannot be used (None, NaN, inf, a text, a missing metric) is recorded as a failure, with a warning.

        Args:
            task: the task, or the number of its trial.
            result: a number, a dictionary by metric name, an `Outcome`, or an exception: the task failed.
            index: which task of the trial, when `task` is a number. Default: the first.
            seconds: how long it took; default: the time since it was asked for, by whom ever; 0 for an `Outcome` that does not say it.
            gradient: derivatives by parameter, as `LiveTrial.gradient` takes them.

        Raises:
            TrialError: there is no such task; the gradient is no dictionary.
            AlreadyTold: it has its result; the first one stands.
        """
        trial, which = task.key if isinstance(task, Task) else (task, index)
        trial, which = (numbered(each, "tell takes a Task or the number of a trial") for each in (trial, which))
        outcome = self._coordinator.tell(trial, which, result, seconds, gradient)
        if outcome.failure is not None and outcome.failure.kind == "bad value":
            warnings.warn(f"Trial {trial} is recorded as failed. {outcome.failure.message}", stacklevel=2)

    def enqueue(self, params: Params, *, note: str = "", again: bool = False) -> Params:
        """Have a configuration tried before any proposal; missing parameters take their defaults.

        One that waits is passed over, so that a script may be run again; so is one that runs or has completed, with a warning.
        `again=True` queues it all the same.

        Returns:
            The whole configuration.

        Raises:
            ParamsError: it does not fit the space.
        """
        check_text(note, "note")
        check_flag(again, "again")
        whole, trial = self._journal.attempt(lambda pen: pen.enqueue(params, note, again=again))
        if trial is not None:
            warnings.warn(f"Not enqueued: it is trial {trial} already. To try it once more: again=True.", stacklevel=2)
        return copy.deepcopy(whole)

    def comment(self, text: str, *, trial: int = -1) -> None:
        """Write a remark into the journal, on one trial or on the whole study."""
        check_text(text, "A comment")
        number = numbered(trial, "comment takes the number of a trial")
        self._journal.write(number if number == -1 else self.history.trial(number).number, Commented(text))

    def edit(self, space: SearchSpace | Mapping[str, Parameter | Choice]) -> None:
        """Search another space from here on; trials that fit it are used on. What was asked stays as it was asked."""
        self._journal.edit(space if isinstance(space, SearchSpace) else SearchSpace(space))

    def stop(self, trial: int = -1, *, why: str = "somebody asked for it") -> None:
        """Ask a trial to stop, or (without one) all processes that work on the study now, wherever they are.

        An objective hears it when it next reports: `live.report` raises Stopped, once. What it returns after that counts; else, or if it was
        promised more (folds, seeds), or its worker dies, the trial has failed, with kind "stopped". When the whole study stops, no task
        begins any more, and tasks that stop without a result are given back: the next `optimize` takes them up, from their checkpoints.

        Raises:
            TrialError: the trial is not there, or gets no task any more.
        """
        check_text(why, "why")
        self._journal.stop(numbered(trial, "stop takes the number of a trial"), why)

    # ---- the loop --------------------------------------------------------------------------------------------------------------

    def optimize(
        self,
        objective: Objective,
        *,
        trials: int | None = None,
        more: int | None = None,
        seconds: float | None = None,
        overtime: float | None = None,
        workers: int = 1,
        executor: Executor | None = None,
        isolation: Isolation | None = None,
        task_seconds: float | None = None,
        task_memory: str | float | None = None,
        resources: Mapping[str, Sequence[int | str]] | None = None,
        retries: int = 0,
        files: str | PathLike[str] | None = None,
        on_failure: Literal["record", "raise"] = "record",
        listeners: Sequence[Listener] = (),
        progress: bool | None = None,
    ) -> None:
        """Search until a limit is reached, the space is exhausted, or Ctrl-C is pressed.

        Ctrl-C once finishes the running tasks; twice gives them back unfinished. After a crash the same line goes on. Warns at the end when
        trials failed and none completed.

        Args:
            objective: a function of a `LiveTrial`; returns a number, a dictionary by metric name (what else it holds is kept as `info`, see
                `Outcome`), or yields these on the way.
            trials: until the study holds so many finished (completed or failed) trials.
            more: so many in addition to those that it holds. Not together with `trials`.
            seconds: start no task after so many seconds of wall time.
            overtime: end tasks that still run so many seconds after that, and give them back; needs processes. Default: they finish.
                Those that report are asked to stop first, and have 5 s to clean up. In an executor's processes only these end.
            workers: how many tasks at once; more than 1 run in processes of their own.
            executor: any `concurrent.futures.Executor` to run the tasks instead; `workers` says how many tasks it gets at once. Tasks that report
                reach this process over the network, and hear from it that they should stop; TUNEWRIGHT_LISTEN says at which address.
            isolation: "process": each task in a warm child process, so that whatever it does costs its own trial at most. "none":
                in this process (several workers are threads then), for objectives of microseconds. Default: "process" for several
                workers, and where something asked for needs it. With an executor, "process" puts the child into its worker.
            task_seconds: end a task after so many seconds of wall time: it has failed, with kind "timeout".
            task_memory: end a task whose processes hold more memory together, "2GB" or a number of bytes: kind "memory".
            resources: `{"gpu": [0, 1]}`: the device of each worker, set as its CUDA_VISIBLE_DEVICES. Repeat one for several tasks on it.
            retries: how often a task whose process died is tried again, from its last checkpoint if it saved one. One that this process
                finds left by a dead coordinator is tried up to three times in any case.
            files: where checkpoints of the trials lie: a folder (default: `runs.db.files` beside `runs.db`), or "s3://…" (extra "fsspec").
            on_failure: "record" a failed trial and go on, or "raise" an ObjectiveError at once, unless somebody stopped it.
            listeners: called with the history and the entry after each result, in their order; of tasks that are over in no time, several
                results may be recorded before they are called. After a `stop` no task begins.
            progress: show a line of progress on the standard error: refreshed in place on a terminal, elsewhere (in a notebook, a log) a line at
                each new best and each tenth of the limit. Default: on a terminal only, and not for what Tunewright itself searches (`SearchCV`).

        Raises:
            ObjectiveError: a task failed and `on_failure="raise"`.
            StudyError: an argument cannot be used; the objective cannot be sent to another process; the executor takes no tasks.
        """
        check_objective(objective)
        heard = checked_listeners(listeners)
        check_flag(progress, "progress", optional=True)
        workers, retries = count_of(workers, "workers", 1), count_of(retries, "retries")
        if on_failure not in ("record", "raise"):
            raise StudyError(f'on_failure must be "record" or "raise", got {on_failure!r}.')
        limits = Limits.of(self.history.finished, trials=trials, more=more, seconds=seconds, overtime=overtime)
        fence = Fence.of(
            workers=workers, executor=executor is not None, overtime=overtime is not None, isolation=isolation,
            seconds=task_seconds, memory=task_memory, resources=resources,
        )  # fmt: skip
        folder = home(files, url=self.storage.url, name=self.name, created=self._journal.record.created)
        self._objective = objective
        if isinstance(objective, Prepared):
            agree(self._journal, objective, self.scheduler if self._scheduled else None)
            if not self._scheduled:
                self._coordinator.scheduler = objective.scheduler
        if self._journal.history.finished >= limits.goal and not self._coordinator.unfinished:
            return
        crew = partial(
            Crew, objective, tuple(metric.name for metric in self.metrics), workers=workers, executor=executor, fence=fence, folder=folder,
            branches=Branches.of(self.space.names, self.space.when),
        )  # fmt: skip
        before = self._journal.history.position, len(self._journal.history.failures)
        with shown(progress, heard, self.history, trials=limits.goal, seconds=seconds) as all_heard:
            self._coordinator.run(crew, limits, all_heard, on_failure=on_failure, retries=retries)
        if (fruitless := self.history.fruitless(*before)) is not None:
            warnings.warn(fruitless, stacklevel=2)

    def _measure(self, objective: Objective, configurations: list[Params], note: str, workers: int) -> None:
        scheduler = self.scheduler if self._scheduled or not isinstance(objective, Prepared) else objective.scheduler
        measure(self, scheduler, objective, configurations, note, workers)

    def replay(self, *others: Sampler) -> Replay:
        """Ask every recorded decision again and compare.

        Args:
            others: samplers of your own, other than the present one, that made proposals in this study.
        """
        journal, samplers = self._journal, [*others, self.sampler]
        return replay(
            journal.empty_history(), self.storage.read(journal.record.id), samplers, self.scheduler,
            seed=self.seed, repeats=self.repeats, libraries=libraries(),
        )  # fmt: skip


def _in_memory(
    journal: tuple[str, Header, list[Entry]], sampler: Sampler | None, scheduler: Scheduler | None, repeats: bool | None
) -> Study:
    return Study(storage=Memory.holding(*journal), name=journal[0], sampler=sampler, scheduler=scheduler, repeats=repeats)
