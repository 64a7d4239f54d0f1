"""Asynchronous successive halving, in two forms.

With checkpoints (`resume=True`), every trial begins with the lowest budget; whenever a worker is free, a trial that is in the best 1/eta
of its rung is resumed at the next one, else a new trial begins [1, Algorithm 2]. Nobody waits for a rung to fill.

Without (`resume=False`), every trial begins with the highest budget, and is stopped in flight, when it reports that it has reached a rung
and is not among the best 1/eta of those that did so before [1, section 3; 2]. The first one at a rung always goes on. It needs objectives that
report their steps in the units of the budget (`live.report(epoch, loss=…)`, or by yielding), and workers that hear.

With few trials behind it the best 1/eta of a rung may be bad, and are promoted all the same; it makes up for that by making no worker wait.
A rung may mislead: with few rows the most regularised model is the best, with many the worst. Where the default shows that (`Rungs.beginning`), the first form
begins at the next rung.

Both forms let the default go to the top, so that the winner can be compared with it at the same effort, and when nothing may begin any
more, the best one climbs there, if nobody else was.

[1] Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
[2] Tune calls this form ASHA, too: Liaw et al., Tune: A Research Platform for Distributed Model Selection and Training, 2018.
"""

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.schedulers.base import Decision, Scheduler, Start, Wait
from tunewright.schedulers.rungs import Rungs, is_default, losses_at
from tunewright.space import SearchSpace
from tunewright.trial import Task

__all__ = ["ASHA"]


class ASHA(Rungs, Scheduler):
    """Gives a trial eta times the effort if it is among the best 1/eta with what it had.

    Args:
        low: the least budget, in whatever the objective counts (`live.budget`: epochs, boosting rounds, a share of the rows).
        high: the largest one.
        eta: one in eta is promoted from a rung to the next, whose budget is eta times as large.
        resume: whether trials go on from their checkpoints, else they run through and are stopped.
        folds, seeds: a trial meets so many folds with so many seeds on each rung before it is compared there, as of `Once`; with `resume`.

    Raises:
        StudyError: 0 < low < high and 1 < eta do not hold; folds or seeds is not a positive integer; or, without `resume`, there are several
            of them, or several metrics are optimised.
    """

    def __init__(
        self, low: float, high: float, eta: float = 3, *, resume: bool = True, folds: int | None = None, seeds: int = 1
    ) -> None:
        super().__init__(low, high, eta, folds, seeds)
        self.resume = bool(resume)
        if not self.resume and (self.folds is not None or self.seeds > 1):
            raise StudyError(
                "ASHA without resume stops single tasks, so it has no folds or seeds. Use ASHA(…) with checkpoints, or Median(folds=…)."
            )

    @property
    def stops(self) -> bool:
        """Without `resume`."""
        return not self.resume

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  the contract gives more than is used here
        """Resume whoever earned it, else start a trial."""
        if self.resume:
            return self.further(history) or self.promotion(space, history) or self.start(self.beginning(space, history))
        if len(history.objectives) > 1:
            raise StudyError(
                "ASHA without resume compares by one metric, and several are optimised. Use ASHA(…) with checkpoints."
            )
        return Start(budget=self.high)

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  as above
        """Resume whoever earned it; then see that somebody reaches the top."""
        return (self.further(history) or self.promotion(space, history) or self.last(space, history)) if self.resume else Wait()

    def stop(self, space: SearchSpace, history: History, task: Task, new: int) -> str:
        """Without `resume`: whether it has come to a rung where it is not among the best 1/eta."""
        if self.resume or is_default(space, history, task.trial):
            return ""
        curve = history.curve(*task.key)
        before = max((report.step for report in curve[:-new]), default=-np.inf)
        for rung in self.budgets[:-1]:
            if not before < rung <= max(report.step for report in curve):
                continue
            losses = losses_at(history, rung)
            known, mine = losses[~np.isnan(losses)], losses[task.trial]
            if mine == np.inf:
                return f"At step {rung:g} it has diverged, or breaks a bound."
            kept = max(1, int(len(known) / self.eta))
            if (known < mine).sum() >= kept:
                return f"At step {rung:g} it is not among the best {kept} of the {len(known)} that came so far."
        return ""

    def __repr__(self) -> str:
        return super().__repr__() if self.resume else f"{super().__repr__()[:-1]}, resume=False)"
