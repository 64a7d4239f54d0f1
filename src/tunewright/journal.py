"""A study's journal in its storage, with the history folded from it.

Opening says at once whether the study is the one that was meant: a changed space, other metrics or another seed are differences
that silently mixed results would hide.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import RLock, get_ident
from types import MappingProxyType
from typing import Any, TypeVar

from tunewright.arguments import count_of
from tunewright.errors import (
    AlreadyTold,
    SpaceExhausted,
    StorageLost,
    StudyChanged,
    StudyExists,
    StudyMissing,
    TrialError,
    TunewrightError,
)
from tunewright.events import (
    Entry,
    Event,
    Failed,
    Frozen,
    Opened,
    Released,
    Reported,
    StopAsked,
    called,
)
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.pen import Pen, as_dict
from tunewright.space import SearchSpace
from tunewright.storage.base import Storage
from tunewright.storage.page import Page
from tunewright.storage.records import Header, StudyRecord
from tunewright.tracking.provenance import environment, version
from tunewright.trial import Failure, Outcome, Report, Task
from tunewright.typing import Value

__all__ = ["Journal"]

T = TypeVar("T")

_DEATHS = 3
"""So many workers may die with a task in hand before it is taken for the cause."""


class Journal:
    """One study, opened or created.

    Args:
        storage: where it lies.
        name: of the study.
        space: what is searched; None: as recorded.
        metrics: what is measured; None: as recorded, or one metric "value" to minimize.
        seed: of all decisions; None: as recorded, or 0.
        edit: accept that the space differs from the recorded one, and go on with the new one.
        said: who shall propose and decide, by the names of the fields of `Header`; a study that is created remembers it.

    Raises:
        StudyMissing: no space is given, and there is no such study.
        StudyChanged: space, metrics or seed differ from the recorded ones.
        StudyError: the seed is no whole number of at least 0.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        *,
        space: SearchSpace | None = None,
        metrics: tuple[Metric, ...] | None = None,
        seed: int | None = None,
        edit: bool = False,
        said: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        seed = None if seed is None else count_of(seed, "seed")
        self.storage = storage
        self.lock = RLock()
        """Held while the history changes; ask and tell of several threads take turns."""
        self._asks = 0
        self._entered: tuple[object, object] = (None, None)
        self._opening: Opened | None = None
        self._session = 0
        self.record = self._open_or_create(name, space, metrics, seed, said)
        self.history = self.empty_history()
        self._life = storage.life
        self.sync()
        self._compare(metrics, seed)
        if space is not None and space != self.history.space:
            self._agree(space, agreed=edit)

    def _open_or_create(
        self, name: str, space: SearchSpace | None, metrics: tuple[Metric, ...] | None, seed: int | None, said: Mapping[str, Any]
    ) -> StudyRecord:
        try:
            return self.storage.open(name)
        except StudyMissing:
            if space is None:
                raise
        header = Header(as_dict(space), metrics or (Metric("value"),), seed or 0, version(), **said)
        try:
            return self.storage.create(name, header)
        except StudyExists:  # another process was quicker
            return self.storage.open(name)

    @property
    def where(self) -> str:
        """How messages call it."""
        return f'The study "{self.record.name}" in {self.storage.url}'

    def _compare(self, metrics: tuple[Metric, ...] | None, seed: int | None) -> None:
        header = self.record.header
        if metrics is not None and metrics != header.metrics:
            was, now = (", ".join(f"{metric.name} ({metric.goal})" for metric in each) for each in (header.metrics, metrics))
            mend = "Give it another name=, or leave metrics out to keep the recorded ones."
            raise StudyChanged(f"{self.where} measures {was}, not {now}. {mend}")
        if seed is not None and seed != header.seed:
            mend = "Give it another name=, or leave seed out to keep the recorded one."
            raise StudyChanged(f"{self.where} has seed {header.seed}, not {seed}. {mend}")

    def _agree(self, space: SearchSpace, *, agreed: bool) -> None:
        if not agreed:
            changes = "\n".join(f"  {change}" for change in self.history.space.diff(space))
            raise StudyChanged(
                f"{self.where} searches another space than the one given:\n{changes}\n"
                "To go on with the new space and keep what was tried, say Study(..., edit=True); for a fresh start, give another name=."
            )
        self.edit(space)

    def edit(self, space: SearchSpace) -> None:
        """Search another space from here on; nothing is written when it is the present one."""
        if space != self.sync().space:
            self.attempt(lambda pen: pen.edit(space))

    def empty_history(self) -> History:
        """The history of before the first event."""
        header = self.record.header
        return History(SearchSpace.from_json(header.space), header.metrics, seed=header.seed)

    def sync(self) -> History:
        """Take in what is new, and return the history."""
        with self.lock:
            while True:
                if self._stale:
                    self._life, self.history = self.storage.life, self.empty_history()
                try:
                    with self._whole():
                        self.history.fold(self.storage.read(self.record.id, self.history.position))
                except Exception:
                    if not self._stale:
                        raise
                if not self._stale:
                    return self.history

    @property
    def _stale(self) -> bool:
        """Whether what was folded may not be there any more."""
        return self._life != self.storage.life

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """What is broken off may leave the history half folded: then the next look folds anew from what is there."""
        try:
            yield
        except TunewrightError:
            raise
        except BaseException:
            self.history = self.empty_history()
            raise

    @contextlib.contextmanager
    def writing(self) -> Iterator[Pen]:
        """Take in what is new, and write: all that the pen writes is kept when the block ends well, else nothing.

        Other writers wait meanwhile, so the block must be short. Raises StorageError.
        """
        with self.lock:
            if self.history.position == 0 or self._stale:
                self.sync()  # a long journal is read in pieces, and holds nobody up
            page: Page | None = None
            try:
                with self._whole(), self.storage.writing(self.record.id, self.history.position) as page:
                    if self._stale:
                        raise StorageLost(f"{self.where}: the connection was lost. Nothing was written.")
                    self.history.fold(page.new)
                    yield Pen(self.history, page)
            except TunewrightError as error:
                if page is not None and page.stored:  # folded, and not in the journal
                    self.history = self.empty_history()
                if page is None and self._stale:  # what is amiss may be what was known
                    raise StorageLost(str(error)) from error
                raise

    def write(self, trial: int, event: Event) -> Entry:
        """Append one event; returns its entry, with its position and the trial that it got."""
        return self.attempt(lambda pen: pen.write(trial, event))

    def attempt(self, work: Callable[[Pen], T]) -> T:
        """Write in one transaction, and again when the connection to a server was lost before anything was written.

        Raises:
            StorageLost: this thread is `asking`, and has lost the right to.
        """
        while True:
            try:
                with self.writing() as pen:
                    return work(pen)
            except StorageLost:
                if self._asks == get_ident():
                    raise

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the right to ask, and the history; see `Storage.asking`."""
        with self.storage.asking(self.record.id), self.lock:
            before, self._asks = self._asks, get_ident()
            try:
                yield
            finally:
                self._asks = before

    def begin(self, worker: int, sampler: object, scheduler: object, *, repeats: bool, goal: int) -> int:
        """Write down that this process works from now on, with what, and until how many trials are finished (0: no such limit); returns
        the position where that stands.
        """
        self._entered = sampler, scheduler
        self._opening = Opened(worker, called(sampler), called(scheduler), environment(), goal, repeats)
        self._session = self.write(-1, self._opening).position
        return self._session

    def present(self, worker: int, sampler: object, scheduler: object, *, repeats: bool) -> None:
        """Say who is about to ask, to be written down with what is asked for. It takes a while, so before anybody has to wait for it."""
        if self._opening is None or self._entered[0] is not sampler or self._entered[1] is not scheduler:
            self._entered = sampler, scheduler
            self._opening = Opened(worker, called(sampler), called(scheduler), environment(), repeats=repeats)
            self._session = 0

    @contextlib.contextmanager
    def entering(self) -> Iterator[Pen]:
        """A transaction in which something is asked for; it begins with who asks (see `present`), where that is new."""
        assert self._opening is not None
        with self.writing() as pen:
            there = any(entry.position == self._session for entry in reversed(pen.history.sessions))
            session = self._session if there else pen.enter(self._opening)
            pen.session = 0 if session == pen.history.sessions[-1].position else session
            yield pen
        self._session = session

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """While something is asked for: whoever finds that nothing is left is written down, too, so that it can be gone on with the same."""
        try:
            yield
        except SpaceExhausted:
            if (opening := self._opening) is not None:
                self._session = self.attempt(lambda pen: pen.enter(opening))
            raise

    def freeze(self, facts: dict[str, Value]) -> None:
        """Write down by what the objective judges, or hold it to what stands there.

        Raises:
            StudyChanged: the study was begun with something else.
        """
        with self.asking():
            frozen = self.sync().frozen
            if not frozen and not len(self.history):
                self.write(-1, Frozen(facts))
                return
        if not frozen:
            raise StudyChanged(
                f"{self.where} holds {len(self.history)} trials that were judged by an objective without frozen splits. Their values cannot "
                "be compared with those of this cross-validation. Give the study another name=."
            )
        names = dict.fromkeys([*facts, *frozen])
        changes = [
            f"{name} was {frozen.get(name)}, now {facts.get(name)}" for name in names if frozen.get(name) != facts.get(name)
        ]
        if changes:
            raise StudyChanged(
                f"{self.where} was begun with other splits or data: {'; '.join(changes)}. Values would not be comparable. "
                "Go on with the cross-validation it was begun with, or give it another name=."
            )

    def reclaim(self, me: int, retries: int = 0) -> None:
        """Give back the tasks of dead workers. A task that three of them died with, or more than `retries` if those are more, is a
        failure: it kills who touches it.
        """
        held = [(task, holder) for task, holder in self.history.open_tasks if holder not in (0, me)]
        dead = self.storage.gone({holder for _, holder in held})
        for task, holder in held:
            if holder not in dead:
                continue
            self.write(task.trial, Released(task.index, f"worker {holder} is gone", lost=True))
            deaths = self.history.stuck(task.trial, task.index)
            if deaths >= max(_DEATHS, retries + 1):
                message = f"{deaths} worker processes died with this task in hand."
                self.write(task.trial, Failed(Failure("crash", message), index=task.index))

    def at_work(self) -> dict[int, str]:
        """The schedulers of other processes that live and have tasks in hand, as the journal calls them, by their workers."""
        history = self.sync()
        others = {holder for _, holder in history.open_tasks} - {0}
        if not others:
            return {}
        living = others - {self.storage.join()} - self.storage.gone(others)
        found = {getattr(entry.event, "worker", 0): getattr(entry.event, "scheduler", "") for entry in history.sessions}
        return {worker: name for worker, name in found.items() if worker in living}

    def stop(self, trial: int, why: str) -> None:
        """Append that a trial should stop, or all who work on the study (-1). Raises TrialError: it is not there, or gets no task any more."""
        history = self.sync()
        if trial != -1:
            state, held = history.trial(trial).state, any(task.trial == trial for task, _ in history.open_tasks)
            if not held and (state == "failed" or (state == "completed" and history.single)):  # else it may be given more
                raise TrialError(f"Trial {trial} has no task that runs: it is {state}.")
        elif history.stopping:  # who works on it now is asked already
            return
        self.write(trial, StopAsked(why))

    def report(self, task: Task, reports: Sequence[Report], then: Event | None = None) -> None:
        """Append what a running task reported, and `then`, in one transaction."""
        events: list[Event] = [Reported(task.index, report.step, report.values, report.diverged) for report in reports]
        events += [] if then is None else [then]
        if events:
            now = time.time()
            self.attempt(lambda pen: [pen.write(task.trial, event, now) for event in events])

    def tell(self, trial: int, index: int, outcome: Outcome) -> Entry:
        """Append what came of a task; returns the entry of its result. Raises as `Pen.tell` does."""
        with self.lock:
            if not self.history.knows(trial, index):
                self.sync().task(trial, index)  # raises, and says what is there
            if self.history.ended(trial, index):
                what = f"Trial {trial}" if self.history.plan(trial) < 2 else f"Task {index} of trial {trial}"
                raise AlreadyTold(f"{what} has its result already. The first one stands; nothing was changed.")
            return self.attempt(lambda pen: pen.tell(trial, index, outcome))
