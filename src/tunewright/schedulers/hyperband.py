"""Hyperband: successive halving that does not trust the lowest budget.

Successive halving loses what begins slowly: a small learning rate is the worst after one epoch and the best after fifty. Hyperband [1] hedges:
trials begin at every rung of the ladder, those in *bracket* s at rung s, and a trial is promoted if it is among the best 1/eta of its own
bracket. Each bracket gets the same effort in all, so that few trials begin at the top, where nothing is halved, and many at the bottom.

Here the brackets fill side by side: a new trial goes to the one that has got the least effort so far, and promotions are those of ASHA, so that
no worker waits for a bracket to end [2, section 3.3]. To which bracket a trial belongs is said by the budget that it began with.

[1] Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18, 2018, Algorithm 1.
[2] Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
"""

import numpy as np

from tunewright.history import History
from tunewright.schedulers.base import Decision, Scheduler
from tunewright.schedulers.rungs import Rungs
from tunewright.space import SearchSpace

__all__ = ["Hyperband"]


class Hyperband(Rungs, Scheduler):
    """Successive halving from every rung, each with the same effort.

    Args:
        low: the least budget, in whatever the objective counts (`live.budget`: epochs, boosting rounds, a share of the rows).
        high: the largest one.
        eta: one in eta is promoted from a rung to the next, whose budget is eta times as large.
        folds, seeds: a trial meets so many folds with so many seeds on each rung before it is compared there, as of `Once`.

    Raises:
        StudyError: 0 < low < high and 1 < eta do not hold, or folds or seeds is not a positive integer.
    """

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  the contract gives more than is used here
        """Resume whoever earned it, else start a trial in the bracket with the least effort so far."""
        if (more := self.further(history) or self.promotion(space, history)) is not None:
            return more
        lowest, highest = history.sent_budgets
        spent = [float(highest[lowest == budget].sum()) for budget in self.budgets]
        return self.start(self.budgets[int(np.argmin(spent))])

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  as above
        """Resume whoever earned it; then see that somebody reaches the top."""
        return self.further(history) or self.promotion(space, history) or self.last(space, history)
