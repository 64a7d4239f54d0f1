"""The median stopping rule: who is worse than most were on the way is stopped.

A running task is stopped at step s if the best value that it has reported is worse than the median, over the trials that came to their
end, of the mean of what these had reported up to step s [1]. Nothing is assumed of the curve, and no ladder of budgets is needed.

[1] Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017, "Median Stopping Rule".
"""

import numpy as np

from tunewright.arguments import whole
from tunewright.errors import StudyError
from tunewright.history import COMPLETED, History
from tunewright.schedulers.base import Decision
from tunewright.schedulers.once import Once
from tunewright.schedulers.rungs import is_default
from tunewright.space import SearchSpace
from tunewright.space.values import plain_number
from tunewright.trial import Report, Task

__all__ = ["Median"]


class Median(Once):
    """As `Once`, but tasks that report worse values than most did are stopped. The default is not.

    For objectives that report as they go (`live.report(epoch, loss=…)`, or by yielding), and workers that hear. Of several folds and seeds each is
    compared with the same one of other trials; a trial of which one is stopped gets no more of them.

    Args:
        folds, seeds: as for `Once`.
        after: so many trials must have come to their end before anybody is stopped, at least 1.
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

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """As `Once`."""
        if len(history.objectives) > 1:
            raise StudyError("Median compares by one metric, and several are optimised. Use Once(…).")
        return super().decide(space, history, rng)

    def stop(self, space: SearchSpace, history: History, task: Task, new: int) -> str:  # noqa: ARG002  the contract gives more than is used here
        """Whether the best that it has reported is worse than the median of the means of others up to the same step."""
        metric = history.metrics[history.objectives[0]]
        mine = _losses(history.curve(*task.key), metric.name, metric.sign)
        if not mine or max(step for step, _ in mine) < self.warmup or is_default(space, history, task.trial):
            return ""
        now = max(step for step, _ in mine)
        whole_way = np.flatnonzero((history.states == COMPLETED) & (history.budgets == history.budgets.max(initial=-np.inf)))
        means = []
        for trial in whole_way:
            curve = _losses(history.curve(int(trial), task.index), metric.name, metric.sign)
            so_far = [loss for step, loss in curve if step <= now]
            if so_far and trial != task.trial:
                means.append(float(np.mean(so_far)))
        best = min(loss for _, loss in mine)
        if len(means) < self.after or not best > np.median(means):
            return ""
        return f"At step {now:g} the best so far is worse than the median of {len(means)} others up to there."

    def __repr__(self) -> str:
        return f"Median(folds={self.folds}, seeds={self.seeds}, after={self.after}, warmup={self.warmup!r})"


def _losses(curve: list[Report], name: str, sign: float) -> list[tuple[float, float]]:
    return [(report.step, sign * report.values[name]) for report in curve if name in report.values]
