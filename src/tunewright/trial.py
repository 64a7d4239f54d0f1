"""One trial, and the work that it is made of.

A `Trial` is one configuration and all that was measured of it. The unit of work is the `Task`: one trial at one budget, on one
fold, with one seed. Budget, fold and seed are one axis system, so that multi-fidelity, cross-validation and repeated seeds need
no special case anywhere. A worker gets a `Task` and returns an `Outcome`; the history keeps it as a `Measurement`.
"""

from enum import StrEnum
from html import escape
from typing import Final

import msgspec

from tunewright.space.table import html_rows
from tunewright.space.values import show
from tunewright.typing import Params, Value

__all__ = ["TRANSITIONS", "Descent", "Failure", "Measurement", "Outcome", "Report", "Task", "Trial", "TrialState"]


class TrialState(StrEnum):
    """The life of a trial.

        asked ──► RUNNING ──► COMPLETED     every task it was promised has a value
                   ▲   │          │
                   │   │          │         a scheduler gives it more effort
                   └───┼──────────┘
                       └────► FAILED        a task failed; its other results are kept

    A task whose worker died is given back and sent again: the trial stays RUNNING meanwhile. Spare tasks, such as the fresh folds that a
    race's best meet at its end, change nothing of the state: a COMPLETED trial keeps what it has while they run, and its value takes in
    each as it comes.
    """

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


TRANSITIONS: Final[dict[TrialState, frozenset[TrialState]]] = {
    TrialState.RUNNING: frozenset({TrialState.COMPLETED, TrialState.FAILED}),
    TrialState.COMPLETED: frozenset({TrialState.RUNNING}),
    TrialState.FAILED: frozenset(),
}
"""Who may become what; the only such table."""


class Task(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """The unit of work: one trial, at one budget, on one fold, with one seed.

    Attributes:
        trial: number of the trial.
        index: which of the trial's tasks this is, from 0.
        params: the active parameters.
        budget: how much effort (epochs, share of the data, …); None: all of it.
        fold: which cross-validation fold, from 0; None: the objective knows no folds.
        seed: what to seed the objective's own randomness with.
        resume_from: where the checkpoint lies to go on from; None: from the start.
        attempt: 1 for the first time this task is sent; more after a worker died.
        parent: the trial from whose checkpoint it goes on while it has none of its own; None: from nobody's.
        since: the budget at which the parent had that checkpoint; None: its newest.
        keep: checkpoints of tasks with this budget and above are kept beside the newest, since clones may go on from them; None: the
            newest alone is.
    """

    trial: int
    index: int
    params: Params
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    resume_from: str | None = None
    attempt: int = 1
    parent: int | None = None
    since: int | float | None = None
    keep: float | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Trial and index: which task of the study it is."""
        return self.trial, self.index


class Descent(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Where a clone comes from.

    Attributes:
        parent: the trial from whose checkpoint it goes on.
        since: the budget at which the parent had that; None: its newest.
        replaces: the trial in whose place it goes on, which gets no more; None: in nobody's.
    """

    parent: int
    since: int | float | None = None
    replaces: int | None = None


class Failure(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Why a task gave no value.

    Attributes:
        kind: "exception" (the objective raised), "bad value" (it returned what cannot be used: None, NaN, inf, a string …),
            "crash" (its process died), "checkpoint" (a clone did not go on from one of its parent's), "timeout" (it was ended after so many seconds: a censored result), "memory" (it took too much),
            "stopped" (it was asked to stop, and neither returned nor reported its metrics), "told" (a person said so).
        message: one line, with the type of the exception.
        traceback: whole, as Python prints it; empty where there is none.
    """

    kind: str
    message: str
    traceback: str = ""

    def __repr__(self) -> str:
        """Without the traceback, which is to be printed by itself."""
        lines = len(self.traceback.splitlines())
        more = f", traceback=<{lines} lines>" if lines else ""
        return f"Failure(kind={self.kind!r}, message={self.message!r}{more})"


class Report(msgspec.Struct, frozen=True):
    """A value on the way: `step` counts what the objective counts (epochs, rounds, batches); `diverged` names those that were NaN or infinite."""

    step: float
    values: dict[str, float]
    diverged: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What came of a task: values, or a failure.

    Attributes:
        values: the study's metrics by name, finite; None when it failed.
        failure: why; None when it did not fail.
        seconds: wall time of the objective.
        info: whatever else the objective returned, by name; of a failure, what it told all the same. It is kept as JSON: arrays and lists
            (of up to 10,000 elements, 100,000 under one name) and pandas' columns as lists, numbers of any kind as numbers (NaN and
            infinity null), paths and dates as texts, members of an Enum as their values; all else as its repr, cut at 1,000 characters, and
            what cannot be read as a text that says so.
        reports: the curve on the way.
        reached: the step that it reported last, if it heard that it should stop; in the journal, if that was the scheduler's wish.
        gradient: derivatives of the first optimised metric by parameter, in the units of both; see `LiveTrial.gradient`.
    """

    values: dict[str, float] | None
    failure: Failure | None = None
    seconds: float = 0.0
    info: dict[str, Value] = {}
    reports: tuple[Report, ...] = ()
    reached: float | None = None
    gradient: dict[str, float] = {}


class Measurement(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """One finished task of a trial, as the history keeps it.

    Attributes:
        index: which of the trial's tasks, from 0.
        budget, fold, seed: as of the `Task`; of one that the scheduler stopped, budget is the step that it had reached, where that is less.
        values: per metric; None when it failed.
        seconds: wall time of the objective, in the attempt that came to its end: those before, whose worker died, are not counted.
        info: whatever else the objective told, by name.
        failure: why it has no values; None when it did not fail.
        gradient: derivatives of the first optimised metric by parameter, in the units of both; empty where none was told.
    """

    index: int
    budget: int | float | None
    fold: int | None
    seed: int
    values: dict[str, float] | None
    seconds: float
    info: dict[str, Value] = {}
    failure: Failure | None = None
    gradient: dict[str, float] = {}


class Trial(msgspec.Struct, frozen=True):
    """One configuration and all that was measured of it.

    Attributes:
        number: from 0, in the order of asking.
        params: as proposed.
        state: where in its life it is.
        values: per metric, the mean over folds and seeds at the highest budget; None unless COMPLETED.
        measurements: every finished task.
        origin: who proposed it: a sampler's label, or "queue" for an enqueued one.
        note: what was said when it was enqueued ("default").
        asked_at: seconds since 1970, UTC.
        finished_at: the same; None while it runs.
        seconds: wall time of all its finished tasks together; of a task whose worker died or was interrupted, that of the last attempt.
        failure: the first failure; None if there is none.
        usable: False when the space was edited since and no longer holds it.
        parent: of a clone, the trial from whose checkpoint it went on: what it is worth comes from the whole lineage (`study.lineage`), and
            not from its params alone. None: it began from nothing.
    """

    number: int
    params: Params
    state: TrialState
    values: dict[str, float] | None
    measurements: tuple[Measurement, ...]
    origin: str
    note: str
    asked_at: float
    finished_at: float | None
    seconds: float
    failure: Failure | None = None
    usable: bool = True
    parent: int | None = None

    @property
    def value(self) -> float | None:
        """The value of the first metric; None unless COMPLETED."""
        return None if self.values is None else next(iter(self.values.values()))

    def __repr__(self) -> str:
        """In a line, without what was measured on each fold and when: so trials can be read also in a list."""
        told = [f"number={self.number}", f"state={str(self.state)!r}", f"values={self.values}", f"params={self.params}"]
        return f"Trial({', '.join([*told, *self._rest])})"

    def _repr_html_(self) -> str:
        values = "".join(f", {name} {show(value)}" for name, value in (self.values or {}).items())
        table = html_rows(("parameter", "value"), [(name, show(value)) for name, value in self.params.items()])
        return (
            f"<p><b>Trial {self.number}</b>: {escape(f'{self.state}{values}')}</p>{table}<p>{escape(', '.join(self._rest))}</p>"
        )

    @property
    def _rest(self) -> list[str]:
        """Where it comes from and what it took, as far as there is something to say."""
        told = [f"origin={self.origin!r}"]
        told += [f"note={self.note!r}"] if self.note else []
        told += [f"failure={self.failure.message!r}"] if self.failure is not None else []
        told += [] if self.usable else ["usable=False"]
        told += [] if self.parent is None else [f"parent={self.parent}"]
        count = len(self.measurements)
        return [*told, f"seconds={self.seconds:.4g}", f"{count} measurement{'s' if count != 1 else ''}"]
