"""The median stopping rule: who is worse than most were on the way is stopped.

A running task is stopped at step s if the best value that it has reported is worse than the median, over the trials that came to their
end, of the mean of what these had reported up to step s [1]. Nothing is assumed of the curve, and no ladder of budgets is needed.

[1] Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017, "Median Stopping Rule".
"""

import weakref

import numpy as np

from tunewright.arguments import whole
from tunewright.errors import StudyError
from tunewright.history import COMPLETED, History
from tunewright.schedulers.base import Decision
from tunewright.schedulers.once import Once
from tunewright.schedulers.rungs import is_default
from tunewright.space import SearchSpace
from tunewright.space.values import plain_number
from tunewright.trial import Task
from tunewright.typing import Array

__all__ = ["Median"]


class Median(Once):
    """As `Once`, but tasks that report worse values than most did, or have diverged, are stopped. The default is not.

    For objectives that report as they go (`live.report(epoch, loss=…)`, or by yielding), and workers that hear. Of several folds and seeds each is
    compared with the same one of other trials; a trial of which one is stopped gets no more of them.

    Args:
        folds, seeds: as for `Once`.
        after: so many trials must have come to their end before anybody is compared with them, at least 1.
        warmup: nobody is stopped before this step.

    Raises:
        StudyError: an argument cannot be used, or several metrics are optimised.
    """

    def __init__(self, folds: int | None = None, seeds: int = 1, *, after: int = 5, warmup: float = 0) -> None:
        super().__init__(folds, seeds)
        if (whole(after) or 0) < 1:
            raise StudyError(f"Median: after must be a whole number of at least 1, got {after!r}.")
        step = plain_number(warmup)
        if step is None or not np.isfinite(step):
            raise StudyError(
                f"Median: warmup must be a finite number, got {warmup!r}. It is a step, as the objective counts them."
            )
        self.after, self.warmup, self.learns = int(after), step, True
        self._means = _Means()

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """As `Once`."""
        if len(history.objectives) > 1:
            raise StudyError("Median compares by one metric, and several are optimised. Use Once(…).")
        return super().decide(space, history, rng)

    def stop(self, space: SearchSpace, history: History, task: Task, new: int) -> str:
        """Whether the best that it has reported is worse than the median of the means of others up to the same step."""
        metric = history.metrics[history.objectives[0]]
        curve = history.curve(*task.key)
        now = max(report.step for report in curve)
        if now < self.warmup or is_default(space, history, task.trial):
            return ""
        if any(metric.name in report.diverged for report in curve[-new:]):
            return f"At step {now:g} it has diverged."
        means = self._means.upto(now, history, task.index)
        means = means[~np.isnan(means)]
        if len(means) < self.after:
            return ""
        best = min(
            (metric.sign * report.values[metric.name] for report in curve if metric.name in report.values), default=-np.inf
        )
        if not best > np.median(means):
            return ""
        return f"At step {now:g} the best so far is worse than the median of {len(means)} others up to there."

    def __repr__(self) -> str:
        return f"Median(folds={self.folds}, seeds={self.seeds}, after={self.after}, warmup={self.warmup!r})"


class _Means:
    """Running means of what trials reported that came to their end, kept by trial and task: what has ended stays as it is."""

    def __init__(self) -> None:
        self._history: weakref.ref[History] | None = None
        self._known: dict[tuple[int, int], tuple[Array, Array]] = {}

    def upto(self, step: float, history: History, index: int) -> Array:
        """Of each such trial the mean of the losses that its task `index` reported up to a step; NaN: none."""
        if self._history is None or self._history() is not history:
            self._history, self._known = weakref.ref(history), {}
        ended = (history.states == COMPLETED) & (history.budgets == history.budgets.max(initial=-np.inf))
        found = []
        for trial in np.flatnonzero(ended).tolist():
            if (trial, index) not in self._known:
                self._known[trial, index] = _running(history, trial, index)
            steps, means = self._known[trial, index]
            before = int(np.searchsorted(steps, step, side="right"))
            found.append(means[before - 1] if before else np.nan)
        return np.array(found)

    def __reduce__(self) -> tuple[type["_Means"], tuple[()]]:
        return _Means, ()


def _running(history: History, trial: int, index: int) -> tuple[Array, Array]:
    """Steps, rising, and the means of the losses up to each."""
    metric = history.metrics[history.objectives[0]]
    told = sorted(
        (report.step, report.values[metric.name]) for report in history.curve(trial, index) if metric.name in report.values
    )
    steps, values = np.array(told, np.float64).reshape(-1, 2).T
    return steps, metric.sign * np.cumsum(values) / np.arange(1, len(values) + 1)
