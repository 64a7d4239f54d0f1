"""One process's part in a study: it asks for decisions, hands out tasks, and takes results in.

`Study.ask`, `Study.tell` and `Study.optimize` are written with it, so the loop does nothing that a user could not do by hand. What
has happened stands in the journal; what to do next is a pure function of it (`deciding.py`); here the two are brought together.

Only one process asks at a time (`Storage.asking`), so the bases of the decisions rise strictly and every one of them can be made
again; results may arrive meanwhile. Where neither the sampler nor the scheduler learns and decisions are quick, results are told and the
next tasks asked for in one transaction, tasks that are over in no time in groups (`pace.py`). Else a decision is made while others write.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from tunewright.ahead import spares
from tunewright.deciders import Deciders
from tunewright.deciding import Decided, decide, finishes
from tunewright.errors import ObjectiveError, SpaceExhausted, StorageLost
from tunewright.events import Asked, Commented, Entry, Failed, Released, Sent, Warned
from tunewright.execution.crew import Crew
from tunewright.execution.interrupts import Interrupts
from tunewright.execution.worker import told
from tunewright.hand import Hand, marked
from tunewright.history import COMPLETED, FAILED, History
from tunewright.journal import Journal
from tunewright.listening import Listening, noted
from tunewright.pace import HELD, Pace
from tunewright.pen import Pen
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Clone, Resume, Scheduler, Start, Wait
from tunewright.stopping import Limits
from tunewright.storage.pulse import Pulse
from tunewright.trial import Outcome, Task

__all__ = ["Coordinator", "Listener"]

Listener: TypeAlias = Callable[[History, Entry], None]
"""Called after each result of this process has been recorded."""

_LOOK_FOR_THE_DEAD: Final = 1.0  # seconds between two looks for tasks whose worker died
_LOOK_AT_OTHERS: Final = 0.2  # seconds between two looks at other processes, when there is nothing to do but wait for them


class Coordinator(Deciders):
    """Asks and tells, for one process.

    Args:
        journal: of the study.
        sampler, scheduler, repeats: as for `Deciders`.
    """

    def __init__(self, journal: Journal, sampler: Sampler | None, scheduler: Scheduler | None, *, repeats: bool | None) -> None:
        super().__init__(journal, sampler, scheduler, repeats=repeats)
        self._pace = Pace()
        self._company = False
        self._waits = False
        self._next_look = 0.0
        self._retries = 0
        self._asked_at: dict[tuple[int, int], float] = {}

    # ---- asking ----------------------------------------------------------------------------------------------------------------

    def next(self, limits: Limits, *, hold: bool = False) -> Task | None:
        """A task that is recorded as sent; None when there is nothing to start now.

        Args:
            limits: no trial begins beyond its goal, and none when it is stopped.
            hold: nobody takes the task up when this process ends.

        Raises:
            SpaceExhausted: nothing is left to propose.
        """
        self.warn_of_strangers(3)
        _, tasks, exhausted = self.exchange((), 1, limits, hold=hold)
        if exhausted is not None:
            raise exhausted
        for task in tasks:
            self._asked_at[task.key] = time.perf_counter()
        return tasks[0] if tasks else None

    def exchange(
        self, done: Iterable[tuple[Task, Outcome]], room: int, limits: Limits, *, hold: bool = False, ahead: bool = False
    ) -> tuple[list[Entry], list[Task], SpaceExhausted | None]:
        """Tell results, and ask for tasks.

        Args:
            done: what came of tasks; a task that somebody else told meanwhile is passed over.
            room: for how many tasks at most; where the sampler or the scheduler learns, for one.
            limits, hold: see `next`.
            ahead: for a worker that is not free yet; see `ahead.py`.

        Returns:
            The entries of the results, the tasks, which are recorded as sent, and why nothing is left to propose (None: there is).
        """
        if not room:
            return self._tell(done), [], None
        worker = 0 if hold else self.journal.storage.join()
        self.journal.present(worker, self.sampler, self.scheduler, repeats=self.repeats)
        together = self._pace.quick and not (self.sampler.learns or self.scheduler.learns)
        told = [] if together else self._tell(done)
        while True:
            known = self.journal.history.position
            if self._company:
                self.journal.sync()  # the less there is to take in while others wait, the better
            try:
                with self.journal.asking():
                    self._look_for_the_dead(worker)
                    if not together:
                        return told, *self._ask_one(limits, worker, ahead=ahead)
                    with self.journal.entering() as pen:
                        self._company = pen.history.position > known
                        told = pen.tell_all(done)
                        asked = self._ask_for(pen, room, limits, worker)
                    return told, *asked
            except StorageLost:  # with the connection, and the right to ask
                continue

    def _ask_one(self, limits: Limits, worker: int, *, ahead: bool) -> tuple[list[Task], SpaceExhausted | None]:
        """A task at most; others write while it is decided."""
        history = self.journal.sync()
        if limits.stopped():
            return [], None
        if history.released:
            with self.journal.writing() as pen:
                again = pen.send_again(history.released[0], worker)
            return self._ask_one(limits, worker, ahead=ahead) if again is None else ([again], None)
        basis = history.position
        try:
            decided = self._decide(limits)
        except SpaceExhausted as exhausted:
            return [], exhausted
        if ahead and not isinstance(decided.decision, Start):
            return [], None
        space = history.space
        with self.journal.entering() as pen:
            edited = pen.history.space is not space
            task = None if edited or limits.stopped() else self._send(decided, basis, worker, pen)
        cut = task is None and isinstance(decided.decision, Resume) and not limits.stopped()
        if edited or cut:  # by somebody else, meanwhile
            return self._ask_one(limits, worker, ahead=ahead)
        return [] if task is None else [task], None

    def _ask_for(self, pen: Pen, room: int, limits: Limits, worker: int) -> tuple[list[Task], SpaceExhausted | None]:
        """Up to `room` tasks, one after the other, each decision knowing those before it."""
        tasks: list[Task] = []
        while len(tasks) < room and not limits.stopped():
            if pen.history.released:  # what a worker died with is taken up alone
                if tasks:
                    return tasks, None
                if (again := pen.send_again(pen.history.released[0], worker)) is not None:
                    return [again], None
                continue
            try:
                decided = self._decide(limits)
                task = self._send(decided, pen.history.position, worker, pen)
            except SpaceExhausted as exhausted:
                return tasks, None if tasks else exhausted
            if task is not None:
                tasks.append(task)
            elif not isinstance(decided.decision, Resume):
                break
        return tasks, None

    def _full(self, limits: Limits) -> bool:
        """Whether as many trials have begun as may."""
        return self.journal.history.finished + self.journal.history.running >= limits.goal

    def _decide(self, limits: Limits) -> Decided:
        history, begun = self.journal.history, time.thread_time()
        decided = decide(
            history,
            self.scheduler,
            self.sampler,
            seed=self.journal.record.header.seed,
            repeats=self.repeats,
            may_start=not self._full(limits),
            closing=limits.closing,
        )
        self._pace.thought_for(time.thread_time() - begun)
        self._waits = isinstance(decided.decision, Wait) and not self._full(limits)
        return decided

    def _look_for_the_dead(self, worker: int) -> None:
        """From time to time, give back the tasks of workers that died."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_FOR_THE_DEAD
            self.journal.sync()
            self.journal.reclaim(worker, self._retries)

    @staticmethod
    def _send(decided: Decided, basis: int, worker: int, pen: Pen) -> Task | None:
        """Record a task as sent. None: there is none, or its trial was asked to stop, and it has failed at once."""
        match decided.decision:
            case Start(plan=plan, budget=budget, fold=fold, seed=seed):
                for remark in decided.remarks:
                    pen.write(-1, Warned(remark))
                for note in decided.notes:
                    pen.write(-1, Commented(note))
                by, queued, stream = decided.by, decided.queued, decided.stream
                asked = Asked(decided.params, by, basis, worker, queued, plan, budget, fold, seed, stream, pen.session)
                # with a copy of the parameters: the objective may change its own
                return pen.history.task(pen.write(-1, asked).trial)
            case Clone(parent, params, budget, fold, seed, plan, since, replaces):
                new = Asked(
                    params, decided.by, basis, worker, 0, plan, budget, fold, seed, 0, pen.session, parent, since, replaces
                )
                return pen.history.task(pen.write(-1, new).trial)
            case Resume(trial=trial, budget=budget, fold=fold, seed=seed, spare=spare):
                index = pen.history.sent(trial)
                pen.write(trial, Sent(index, worker, 1, budget, fold, seed, spare=spare))
                return None if not spare and pen.cut(trial, index) else pen.history.task(trial, index)
        return None

    # ---- telling ---------------------------------------------------------------------------------------------------------------

    def tell(
        self,
        trial: int,
        index: int,
        result: Any,  # noqa: ANN401  whatever an objective returns
        seconds: float | None,
        gradient: object = None,
    ) -> Outcome:
        """Record what came of a task; see `Study.tell`."""
        names = tuple(metric.name for metric in self.journal.record.header.metrics)
        asked_at = self._asked_at.pop((trial, index), None)
        if seconds is None and not isinstance(result, Outcome):
            history = self.journal.history
            known = history.knows(trial, index) or self.journal.sync().knows(trial, index)
            seconds = (
                time.perf_counter() - asked_at if asked_at is not None else history.waited(trial, time.time()) if known else None
            )
        outcome = told(result, names, seconds, gradient)
        self.journal.tell(trial, index, outcome)
        return outcome

    def _tell(self, done: Iterable[tuple[Task, Outcome]]) -> list[Entry]:
        return self.journal.attempt(lambda pen: pen.tell_all(done)) if done else []

    # ---- the loop --------------------------------------------------------------------------------------------------------------

    @property
    def unfinished(self) -> bool:
        """Whether there is work although no trial may begin: a race that was cut off."""
        return self._left_over or finishes(self.journal.history, self.scheduler, seed=self.journal.record.header.seed)

    @property
    def _left_over(self) -> bool:
        """Whether spare tasks of completed trials are in other hands, or were given back."""
        history = self.journal.history
        return any(history.states[task.trial] == COMPLETED for task in (*self._held()[1], *history.released))

    def run(
        self, make: Callable[[], Crew], limits: Limits, listeners: Sequence[Listener], *, on_failure: str, retries: int = 0
    ) -> None:
        """Keep a crew at work until a limit is reached, the space is exhausted, or Ctrl-C is pressed; see `Study.optimize`."""
        storage, self._retries = self.journal.storage, retries
        self.warn_of_strangers(3)
        # the crew is made here, since an executor may start its processes then: broken off by Ctrl-C it would wait for them for ever
        with Interrupts(storage) as interrupts, make() as crew, Pulse(storage):
            hand = Hand(before={task.key for task in self._held()[0]}, single=on_failure == "raise")
            begun = self.journal.begin(storage.join(), self.sampler, self.scheduler, repeats=self.repeats, goal=limits.count)
            listening = Listening(self.journal, crew, hand.tasks, self.scheduler, since=begun)
            crew.listen = listening.hear
            limits = msgspec.structs.replace(limits, stopped=listening.stopped)
            turn = partial(self._turn, crew, hand, listeners=listeners, on_failure=on_failure)
            sort = partial(listening.sort, hand, interrupts, retries=retries)
            try:
                while not limits.over:
                    at_work = not interrupts.asked and not limits.late
                    if not at_work:
                        self._withdraw(crew, hand)
                    more_to_come = turn(limits if at_work else None)
                    if not hand.tasks and not (more_to_come and (self._held()[1] or self.journal.history.released)):
                        if at_work:
                            self._warn_of_waiting(limits, more_to_come=more_to_come)
                        break
                    if not hand.tasks:
                        time.sleep(_LOOK_AT_OTHERS)
                    elif crew.tasks:
                        hand.hurried = at_work and more_to_come and self._ask_ahead(crew, hand, limits)
                        self._work(crew, hand, limits, lambda: min(hand.patience(crew, limits), listening.patience), sort)
                    else:
                        break  # what is left of a group
                    listening()
                self._withdraw(crew, hand)
                listening.wind_down("The time is up.", sort)
                turn(None)
            except BaseException as error:
                if not isinstance(error, Exception):  # SIGTERM, Ctrl-C twice, sys.exit() in a handler of the user's
                    interrupts.hurry()
                with noted(error):  # perhaps between sending a task and noting it
                    hand.tasks.update({task.key: task for task in self._held()[0] if task.key not in hand.before})
                    listening.leave(hand)
                raise
            listening.leave(hand)

    def _warn_of_waiting(self, limits: Limits, *, more_to_come: bool) -> None:
        """If the search ends though nothing runs that the scheduler could wait for: it waits, or never sends what it promised."""
        history = self.journal.history
        if limits.late or history.open_tasks:
            return
        said = f"The search ends at {history.finished} finished trials"
        if more_to_come and self._waits:
            warnings.warn(
                f"{said}: {self.scheduler!r} waits, and nothing runs. Let it return Start, Resume or, when all is done, Done().",
                stacklevel=4,
            )
        elif left := sorted({*history.underway} - {task.trial for task in history.released}):
            sent = f"trial {left[0]} was promised {history.plan(left[0])} tasks and was sent {history.sent(left[0])}"
            warnings.warn(
                f"{said}, {len(left):,} unfinished: {self.scheduler!r} does not send what it promised ({sent}). Let it Resume them, or promise less.",
                stacklevel=4,
            )

    def _held(self) -> tuple[list[Task], list[Task]]:
        """What this process was sent and has not told, and what other processes were (what waits for a person is neither)."""
        me, held = self.journal.storage.join(), self.journal.sync().open_tasks
        return [task for task, holder in held if holder == me], [task for task, holder in held if holder not in (0, me)]

    def _turn(self, crew: Crew, hand: Hand, limits: Limits | None, *, listeners: Sequence[Listener], on_failure: str) -> bool:
        """Tell what is done and give the free workers work, unless `limits` is None. False: nothing more will begin."""
        while True:
            if limits is None or not limits.stopped():
                hand.begin(crew)
            room = 0 if limits is None or limits.late else hand.room(crew, self._pace)
            told, tasks, exhausted = self._get(hand, room, limits or Limits())
            for entry in told:
                self._announce(entry, listeners, on_failure=on_failure)
            if limits is None:
                return False
            if limits.stopped():  # what waits is given back
                return True
            hand.begin(crew)
            if room and not tasks:
                return exhausted is None and (self.journal.history.finished < limits.goal or self._left_over)
            if not room or not crew.free:
                return True

    def _get(
        self, hand: Hand, room: int, limits: Limits, *, ahead: bool = False
    ) -> tuple[list[Entry], list[Task], SpaceExhausted | None]:
        """See `exchange`; how long it took is noted."""
        begun = time.perf_counter()
        told, tasks, exhausted = self.exchange(hand.done, room, limits, ahead=ahead)
        tasks = marked(tasks, self.scheduler, self.journal.history)
        if tasks:
            self._pace.asked_for(time.perf_counter() - begun)
        hand.told(tasks)
        return told, tasks, exhausted

    def _ask_ahead(self, crew: Crew, hand: Hand, limits: Limits) -> bool:
        """Get a task that waits for the next worker, where that takes long; see `ahead.py`. Whether more may be wanted."""
        some = spares(self._pace, crew.workers, self.journal.history.finished)
        if hand.single or self._full(limits) or hand.spare(crew) >= some:
            return False
        _, tasks, _ = self._get(hand, 1, limits, ahead=True)
        hand.begin(crew)
        return bool(tasks)

    def _withdraw(self, crew: Crew, hand: Hand) -> None:
        """Give back what has not begun."""
        tasks = hand.withdraw(crew)
        if tasks:
            self.journal.attempt(lambda pen: [pen.write(task.trial, Released(task.index, "not begun")) for task in tasks])

    def _work(
        self, crew: Crew, hand: Hand, limits: Limits, patience: Callable[[], float], sort: Callable[[Task, Outcome], None]
    ) -> None:
        """Wait until something is done; of a group that is run in this process, go on until its results should be told."""
        begun = time.perf_counter()
        while True:
            for task, outcome in crew.wait(patience()):
                sort(task, outcome)
                self._pace.took(outcome.seconds)
            if not hand.waiting or limits.stopped() or time.perf_counter() - begun >= HELD:
                return
            hand.begin(crew)

    def _announce(self, entry: Entry, listeners: Sequence[Listener], *, on_failure: str) -> None:
        for listener in listeners:
            listener(self.journal.history, entry)
        failure = entry.event.failure if isinstance(entry.event, Failed) else None
        if failure is None or failure.kind == "stopped":  # somebody wanted that
            return
        if failure.kind == "checkpoint":  # so would all that are cloned
            raise ObjectiveError(f"Trial {entry.trial}: {failure.message}")
        if on_failure == "raise" and self.journal.history.states[entry.trial] == FAILED:
            raise ObjectiveError(f"Trial {entry.trial} failed: {failure.message}\n\n{failure.traceback}".rstrip())
