"""What may be written into a study's journal, and how: the one hand that writes, inside one transaction."""

import contextlib
import time
from collections.abc import Iterable

import msgspec

from tunewright.errors import AlreadyTold, TrialError
from tunewright.events import Enqueued, Entry, Event, Failed, Opened, Reported, Sent, SpaceEdited, Told, Warned
from tunewright.gradients import usable_gradient
from tunewright.history import History
from tunewright.space import SearchSpace
from tunewright.storage.page import Page
from tunewright.trial import Failure, Outcome, Task
from tunewright.typing import Params, Value

__all__ = ["Pen", "as_dict"]


class Pen:
    """Writes into a journal and its history, in one transaction.

    Attributes:
        history: of the study; what is written is folded into it at once.
        session: as for `Asked`.
    """

    def __init__(self, history: History, page: Page) -> None:
        self.history = history
        self.session = 0
        self._page = page

    def write(self, trial: int, event: Event, at: float | None = None) -> Entry:
        """Write one event, which happened now or `at`; returns its entry, with its position and the trial that it got."""
        entry = self._page.add(Entry(trial, event, time.time() if at is None else at))
        self.history.fold((entry,))
        return entry

    def cut(self, trial: int, index: int) -> bool:
        """If somebody asked the trial to stop, append that this task of it, which nobody has in hand, ended so; whether it was so."""
        stop = self.history.halted.get(trial)
        if stop is not None:
            last = self.history.so_far(trial, index) if stop.by else None
            failure = Failure("stopped", f"Stopped: {stop.why}".rstrip(": "))
            short = None if last is None else Told(last.values, index=index, reached=last.step)
            self.write(trial, short or Failed(failure, index=index))
        return stop is not None

    def send_again(self, task: Task, worker: int) -> Task | None:
        """Append that a task which was given back goes out again. None: it does not, since its trial was asked to stop."""
        if self.cut(task.trial, task.index):
            return None
        self.write(task.trial, Sent(task.index, worker, task.attempt + 1, task.budget, task.fold, task.seed, task.resume_from))
        return self.history.task(task.trial, task.index)

    def enqueue(self, params: Params, note: str, *, again: bool) -> tuple[Params, int | None]:
        """Append a configuration that waits, unless it does so already, or was tried, and not `again`.

        Returns:
            The configuration, whole; and the trial for which it was passed over, None: for none.

        Raises:
            ParamsError: it does not fit the space as last edited.
        """
        whole = self.history.space.validate(params, fill=True)
        waits = not again and self.history.waits(whole)
        trial = None if again or waits else self.history.tried(whole)
        if trial is None and not waits:
            self.write(-1, Enqueued(whole, note))
        return whole, trial

    def enter(self, opening: Opened) -> int:
        """Append who asks, unless the last one to do so worked with the same; returns the position where that stands."""
        before = self.history.sessions
        if before and _who(before[-1].event) == _who(opening):
            return before[-1].position
        return self.write(-1, opening).position

    def edit(self, space: SearchSpace) -> None:
        """Append another space, and a warning for each enqueued configuration that it has no room for."""
        before = self.history.queue
        self.write(-1, SpaceEdited(as_dict(space)))
        after = dict(self.history.queue)
        for position, queued in before:
            if position not in after:
                params = ", ".join(f"{name}={value!r}" for name, value in queued.params.items())
                self.write(
                    -1,
                    Warned(f"The enqueued configuration {params} does not fit the edited space; it waits for one that it fits."),
                )

    def tell(self, trial: int, index: int, outcome: Outcome) -> Entry:
        """Write what came of a task; returns the entry of its result.

        Raises:
            TrialError: there is no such task, or the outcome has neither values nor a failure.
            AlreadyTold: the task has its result; the first one stands.
        """
        if not self.history.knows(trial, index):
            self.history.task(trial, index)  # raises, and says what is there
        if self.history.ended(trial, index):
            raise AlreadyTold(f"Trial {trial} got its result from another process a moment ago. The first one stands.")
        if outcome.failure is None and outcome.values is None:
            raise TrialError(f"The outcome of trial {trial} has neither values nor a failure.")
        now = time.time()
        for report in outcome.reports:
            self.write(trial, Reported(index, report.step, report.values, report.diverged), now)
        if outcome.failure is not None:
            return self.write(trial, Failed(outcome.failure, outcome.seconds, index, outcome.info), now)
        values, reached, gradient = outcome.values or {}, outcome.reached, self._usable(trial, index, outcome.gradient)
        return self.write(trial, Told(values, outcome.seconds, index, outcome.info, reached, gradient), now)

    def _usable(self, trial: int, index: int, gradient: dict[str, float]) -> dict[str, float]:
        """What can be used of a gradient; what cannot is said once."""
        if not gradient:
            return {}
        usable, complaints = usable_gradient(self.history.space, self.history.task(trial, index).params, gradient)
        known = {getattr(entry.event, "text", "") for entry in self.history.warnings} if complaints else set()
        for text in complaints:
            if text not in known:
                self.write(trial, Warned(text))
        return usable

    def tell_all(self, done: Iterable[tuple[Task, Outcome]]) -> list[Entry]:
        """Write what came of tasks; passes over those that somebody else did meanwhile, who thought this process dead."""
        told = []
        for task, outcome in done:
            with contextlib.suppress(AlreadyTold):
                told.append(self.tell(task.trial, task.index, outcome))
        return told


def as_dict(space: SearchSpace) -> dict[str, Value]:
    """A space as headers and events hold it."""
    parsed: dict[str, Value] = msgspec.json.decode(space.to_json())
    return parsed


def _who(event: Event) -> tuple[object, ...]:
    """What a process works with, whichever process it is."""
    facts = {name: fact for name, fact in getattr(event, "environment", {}).items() if name not in {"command", "pid"}}
    return *(getattr(event, name, None) for name in ("sampler", "scheduler", "repeats")), facts
