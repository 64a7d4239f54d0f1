"""Which trial is best, and how sure that is: what a history says of its trials beside each other.

Every question here is a pure function of the columns. Where trials were given different folds and seeds (a race), their plain means
cannot be compared; `effects.py` takes apart what is due to whom, and all comparisons stand on that.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunewright.arguments import numbered
from tunewright.budgets import at_one_budget
from tunewright.by_budget import effects_at_highest, effects_by_budget
from tunewright.effects import Effects
from tunewright.errors import NoResult, TrialError
from tunewright.metric import Metric, one_alone
from tunewright.space import SearchSpace
from tunewright.tasks import Cell, TaskTable
from tunewright.trial import Failure, Trial
from tunewright.trials import COMPLETED, FAILED, TrialTable
from tunewright.typing import Array, Value

__all__ = ["Standing"]

_ENOUGH: Final = 0.5
"""Share of the cells of the trial that met most, from which on a trial has enough evidence."""


class Standing:
    """The trials of a history: their columns, and what they are worth beside each other.

    Args:
        space, metrics: of the study's header.
    """

    def __init__(self, space: SearchSpace, metrics: Sequence[Metric]) -> None:
        self.metrics = tuple(metrics)
        self.position = 0
        """Of the last entry folded."""
        self.frozen: dict[str, Value] = {}
        """What the objective judges by, as it said at first; empty where it said nothing."""
        self._effects: dict[int, Effects] = {}
        self._effects_at = -1
        self._levels: tuple[int, tuple[NDArray[np.intp], Array, Array]] | None = None
        self._signs = np.array([metric.sign for metric in metrics])
        self._trials = TrialTable(space, self.metrics)
        self._tasks = TaskTable(self.metrics)
        self._running: dict[int, None] = {}
        self._completed: dict[int, None] = {}
        self._failed = 0

    # ---- columns ---------------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def space(self) -> SearchSpace:
        """The space as last edited."""
        return self._trials.space

    @property
    def rows(self) -> Array:
        """Raw rows of all trials, shape (n, d); NaN where inactive."""
        return self._trials.column("rows")

    @property
    def values(self) -> Array:
        """Metrics of all trials, shape (n, m); NaN unless completed."""
        return self._trials.column("values")

    @property
    def losses(self) -> Array:
        """`values`, turned so that smaller is better, shape (n, m)."""
        losses: Array = self._trials.column("values") * self._signs
        return losses

    @property
    def states(self) -> NDArray[np.int8]:
        """RUNNING, COMPLETED or FAILED, shape (n,)."""
        return self._trials.column("states")

    @property
    def seconds(self) -> Array:
        """Wall seconds of the finished tasks of each trial together, shape (n,)."""
        return self._trials.column("seconds")

    @property
    def asked_at(self) -> Array:
        """Seconds since 1970, shape (n,)."""
        return self._trials.column("asked_at")

    @property
    def finished_at(self) -> Array:
        """Seconds since 1970, shape (n,); NaN while running."""
        return self._trials.column("finished_at")

    @property
    def result_at(self) -> NDArray[np.int64]:
        """Position in the journal of the last result of each trial, shape (n,); 0 before the first."""
        return self._trials.column("result_at")

    @property
    def usable(self) -> NDArray[np.bool_]:
        """False where an edited space no longer holds the trial, shape (n,)."""
        return self._trials.column("usable")

    def seen(self, row: Sequence[float] | Array) -> bool:
        """Whether this raw row, shape (d,), was asked before."""
        return self._trials.seen(row)

    # ---- counts and tasks ------------------------------------------------------------------------------------------------------

    @property
    def completed(self) -> int:
        """How many trials are COMPLETED."""
        return len(self._completed)

    @property
    def failed(self) -> int:
        """How many trials are FAILED."""
        return self._failed

    @property
    def running(self) -> int:
        """How many trials are RUNNING."""
        return len(self._running)

    @property
    def finished(self) -> int:
        """How many trials are COMPLETED or FAILED."""
        return len(self._completed) + self._failed

    @property
    def unfinished(self) -> int:
        """How many of the RUNNING trials nobody has in hand: their tasks were given back."""
        held = {self._tasks.trial(task) for task in self._tasks.open}
        return sum(trial not in held for trial in self._running)

    @property
    def tally(self) -> str:
        """How many trials are in which state, in words: "33 completed, 0 failed, 1 running, 2 unfinished"; the last only where there are any."""
        left = self.unfinished
        text = f"{self.completed} completed, {self.failed} failed, {self.running - left} running"
        return text + (f", {left} unfinished" if left else "")

    @property
    def failures(self) -> list[tuple[int, Failure]]:
        """Every failure with its trial, in the order they came."""
        return self._tasks.failures

    def trial(self, number: int) -> Trial:
        """One trial, whole.

        Raises:
            TrialError: there is no such trial.
        """
        number = numbered(number, "A trial is asked for by its number")
        if not 0 <= number < len(self):
            have = f"trials 0 to {len(self) - 1}" if len(self) else "no trial yet"
            raise TrialError(f"There is no trial {number}: the study holds {have}.")
        return self._trials.record(number, self._tasks)

    @property
    def cloned(self) -> NDArray[np.bool_]:
        """Which trials went on from another one's checkpoint, so that their values are not those of their configurations alone, shape (n,)."""
        cloned = np.zeros(len(self), bool)
        cloned[list(self._trials.descents)] = True
        return cloned

    # ---- beside each other -----------------------------------------------------------------------------------------------------

    @property
    def objectives(self) -> tuple[int, ...]:
        """Which metrics are optimised: those without a bound, or all if each has one."""
        free = tuple(j for j, metric in enumerate(self.metrics) if metric.bound is None)
        return free or tuple(range(len(self.metrics)))

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Which trials are completed, inside the present space, and within every metric's bound, shape (n,)."""
        bounds = np.array([np.inf if metric.bound is None else metric.sign * metric.bound for metric in self.metrics])
        within = np.asarray((self.losses <= bounds).all(axis=1))  # NaN is within nothing
        feasible: NDArray[np.bool_] = within & (self.states == COMPLETED) & self.usable
        return feasible

    @property
    def single(self) -> bool:
        """Whether no trial has more than one task, and none has a budget: what was measured is the value."""
        return self._tasks.single

    def effects(self, metric: int | None = None) -> Effects:
        """What is due to each trial, to each fold and seed, and to chance (`effects.py`), in losses of a metric.

        Args:
            metric: its place in `metrics`; default: the first optimised one.
        """
        which = self.objectives[0] if metric is None else metric
        if self._effects_at != self.position:
            self._effects, self._effects_at = {}, self.position
        if which not in self._effects:
            table, cells = (self.losses[:, [which]], ()) if self.single else self.table(which)
            self._effects[which] = effects_by_budget(table, None if self.single else self.budgets, self.overlap, cells)
        return self._effects[which]

    def at_full(self) -> Effects:
        """`effects` as if all had been judged with the highest budget: each moved to its `worth`; those of which nothing tells it met nothing."""
        which, known = self.objectives[0], self.effects()
        if len(known.cells) < 2 or not self.uneven:
            return known
        if ~which not in self._effects:
            table, cells = self.table(which)
            self._effects[~which] = effects_at_highest(table, self.budgets, self.worth[:, which], known, cells)
        return self._effects[~which]

    def table(self, metric: int = 0) -> tuple[Array, tuple[Cell, ...]]:
        """Losses by trial and cell, shape (n, cells), at each trial's highest budget, NaN where there is none; and the cells: (fold, seed)."""
        values, cells = self._tasks.table(len(self), metric)
        return np.where(self.states[:, None] == FAILED, np.nan, values * self._signs[metric]), cells

    @property
    def overlap(self) -> float:
        """Test rows for each training row, n_test / n_train: how much folds have in common. 0 where there are no folds."""
        said, folds = self.frozen.get("overlap"), self._tasks.folds
        return float(said) if isinstance(said, int | float) else 1 / (folds - 1) if folds > 1 else 0.0

    @property
    def adjusted(self) -> Array:
        """`losses` made comparable between trials that met different folds and seeds, shape (n, m); NaN where there is no result yet."""
        if self.single:
            return self.losses
        return np.stack([self.effects(j).values for j in range(len(self.metrics))], axis=1)

    @property
    def variances(self) -> Array:
        """Of `adjusted`, as estimates of what the configurations are worth, shape (n, m); NaN where that cannot be told."""
        if self.single:
            return np.full((len(self), len(self.metrics)), np.nan)
        return np.stack([self.effects(j).variances for j in range(len(self.metrics))], axis=1)

    @property
    def budgets(self) -> Array:
        """The highest budget at which each trial has a result, shape (n,); infinite where that was without one, -inf before the first."""
        return self._tasks.budgets(len(self), self.objectives[0])

    @property
    def sent_budgets(self) -> tuple[Array, Array]:
        """The lowest and the highest budget for which each trial was sent, ended or not, each of shape (n,); infinite without one."""
        return self._tasks.sent_budgets(len(self))

    def efforts(self, budget: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """How many tasks with this budget (infinite: without one) each trial was sent, and how many of them have values, each of shape (n,)."""
        return self._tasks.efforts(len(self), budget)

    @property
    def uneven(self) -> bool:
        """Whether trials were judged with different budgets."""
        budgets = self.budgets if self._tasks.limited else np.empty(0)
        return len(np.unique(budgets[budgets > -np.inf])) > 1

    def levels(self) -> tuple[NDArray[np.intp], Array, Array]:
        """What each trial was worth at each of its budgets, also if it failed at a later one.

        Returns:
            Numbers of trials, shape (k,), budgets, shape (k,), infinite without one, and losses, means over folds and seeds, shape (k, m), in
            the order in which the tasks were sent.
        """
        if self._levels is None or self._levels[0] != self.position:
            trials, budgets, values = self._tasks.levels(self.objectives[0])
            self._levels = self.position, (trials, budgets, values * self._signs)
        return self._levels[1]

    @property
    def worth(self) -> Array:
        """`adjusted`; where trials were judged with different budgets, what each would be worth at the highest one, as far as others tell
        (`budgets.py`), shape (n, m). NaN where there is no result yet, or nothing tells: so of clones, which no configuration was worth.
        """
        cloned = self.cloned
        if not self.uneven:
            return np.where(cloned[:, None], np.nan, self.adjusted) if cloned.any() else self.adjusted
        trials, budgets, losses = self.levels()
        if cloned.any():
            own = ~cloned[trials]
            trials, budgets, losses = trials[own], budgets[own], losses[own]
        worth = np.stack([at_one_budget(len(self), trials, budgets, column) for column in losses.T], axis=1)
        return np.where(np.isfinite(self.adjusted) & ~cloned[:, None], worth, np.nan)

    @property
    def merits(self) -> Array:
        """By what samplers order trials, smaller is better, shape (n, m). It is their `worth`; those of which nothing tells it come after all
        others, by budget, the highest first, and then by loss. NaN where there is no result yet.

        By budget alone the default would stand first for good, which schedulers send to the top whatever it is worth.
        """
        merits, adjusted = self.worth.copy(), self.adjusted
        for column, losses in zip(merits.T, adjusted.T, strict=True):
            unknown = np.isfinite(losses) & np.isnan(column)
            if unknown.any():
                pairs = np.stack([-self.budgets[unknown], losses[unknown]], axis=1)
                places = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
                last = np.nanmax(column, initial=0.0)
                column[unknown] = last + (1.0 + abs(last)) * (1.0 + places)
        return merits

    @property
    def proven(self) -> NDArray[np.bool_]:
        """Which trials are feasible, at the highest budget that one of these reached, and met enough folds and seeds there, shape (n,).

        Enough is half as many as any completed trial met at that budget, also one that breaks a bound; where no feasible one did, half as
        many as a feasible one. Spare ones do not raise that: who has not met them may be the default.
        """
        feasible, judged, counts = self.feasible, (self.states == COMPLETED) & self.usable, self.effects().counts
        owed = np.minimum(counts, self._trials.sent) if self._tasks.spare else counts
        if self._tasks.limited:
            budgets = self.budgets
            there = budgets == budgets[feasible].max(initial=-np.inf)
            feasible, judged = feasible & there, judged & there
        enough = feasible & (counts >= _ENOUGH * owed[judged].max(initial=0))
        proven: NDArray[np.bool_] = enough if enough.any() else feasible & (counts >= _ENOUGH * owed[feasible].max(initial=0))
        return proven

    @property
    def order(self) -> NDArray[np.intp]:
        """Numbers of the feasible trials, best first: the proven ones by posterior mean, then the others, by budget and posterior mean;
        the earlier one of equals.
        """
        feasible = self.feasible
        posterior = np.where(feasible, self.effects().posterior, np.inf)
        budgets = self.budgets if self._tasks.limited else np.zeros(len(self))
        order = np.lexsort((posterior, -budgets, ~self.proven, ~feasible))
        return order[: int(feasible.sum())]

    @property
    def best(self) -> Trial:
        """The feasible trial with the best value among those with enough evidence; the earlier one of equals.

        A trial that met fewer than half the folds and seeds of the one that met most is not chosen, however lucky, and where some
        reached a higher budget, one of these is (as the incumbent of Hyperband: Li et al., JMLR 18, 2018). Where trials met different
        folds and seeds, the posterior mean is compared (`effects`); where all met the same, that is the order of their values. Whom that
        passes over though it seems better, `study.health()` says.

        Raises:
            NoResult: there is none yet, or several metrics are optimised.
        """
        if len(self.objectives) > 1:
            names = ", ".join(f'"{self.metrics[j].name}"' for j in self.objectives)
            mend = f"{one_alone(self.metrics)}, or use `study.history.pareto`."
            raise NoResult(f"Several metrics are optimised ({names}), so there is no single best trial. {mend}")
        if not self.feasible.any():
            raise NoResult(self._why_no_result())
        return self.trial(int(self.order[0]))

    def _why_no_result(self) -> str:
        if not len(self):
            return "The study has no trial yet. Run study.optimize(objective, trials=20) first."
        if self.completed:
            return f"No completed trial is inside the present space and within every bound ({self.tally}). Loosen a bound, or search on."
        if self.failures:
            trial, failure = self.failures[0]
            return f"No trial has a value ({self.tally}). Trial {trial} failed first: {failure.message}"
        return f"No trial has a value yet ({self.tally}). Tell the running ones, or search on."

    def fruitless(self, position: int, failures: int) -> str | None:
        """What to say when, since that position and so many failures, some trials failed and no completed one has a further result;
        else None.
        """
        new = [
            (trial, failure)
            for trial, failure in self.failures[failures:]
            if failure.kind not in {"stopped", "told"} and self.states[trial] == FAILED
        ]
        if not new or ((self.states == COMPLETED) & (self.result_at > position)).any():
            return None
        message, count = Counter(failure.message for _, failure in new).most_common(1)[0]
        trials, times = len({trial for trial, _ in new}), "" if count == len(new) else f", {count} of {len(new)} times"
        return (
            f'No trial completed, and {trials} failed{times} with "{message.rstrip(".")}". '
            'The tracebacks are in study.history.failures; on_failure="raise" stops at the first.'
        )

    @property
    def pareto(self) -> list[Trial]:
        """The feasible trials that no other feasible trial beats in every optimised metric, in the order of asking."""
        found = np.flatnonzero(self.proven)
        losses = self.losses[found][:, self.objectives]
        beaten = [bool(((losses <= loss).all(axis=1) & (losses < loss).any(axis=1)).any()) for loss in losses]
        return [self.trial(int(number)) for number, dominated in zip(found, beaten, strict=True) if not dominated]

    @property
    def best_so_far(self) -> Array:
        """The running minimum of the first optimised loss, adjusted, over completed trials in the order of finishing, shape (completed,).

        Trials with too little evidence, and those that break a bound, count as the best before them (at first: infinite).
        """
        losses = np.where(self.proven, self.effects().values, np.inf)[list(self._completed)]
        best: Array = np.minimum.accumulate(losses)
        return best
