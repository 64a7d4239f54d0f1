"""A race over folds and seeds: a configuration gets its next one only while it can still matter.

Every configuration meets the same *cells*, a fold with a seed each, in the same order. The first one, the space's default, meets all of
them and is the *incumbent*; so does whoever stays in the race to the end, and the best of these by mean is the incumbent from then on.
A challenger that has met j of m cells is stopped when

1. its mean is above the worst cell of the incumbent (the *forgiving* rule [1], from the first cell on: one noisy fold stops only
   what is worse on it than the incumbent was anywhere; [1] stops equals, too, which with scores of 0 and 1 are nearly all), or
2. from the second cell on, when it is worse than the incumbent on the same cells beyond chance: for the differences d on the shared
   cells, mean(d) / (s sqrt(1/j + r)) lies above the 80 % quantile of Student's t. The variance factor 1/j + r, r = n_test / n_train, is
   that of Nadeau and Bengio [2]: folds share training rows and are not independent. s^2 is the variance of d, moderated [3]: the
   incumbent's own fold noise (`effects.py`) counts for 4 degrees of freedom, so that two differences that happen to be equal prove nothing.

What a stop may cost. Let p_j be the probability, after j cells, that the challenger would finish with the better mean over all m cells. It
is t with 1/j - 1/m in place of 1/j + r, which is smaller, so a stop by rule 2 means p_j < 0.20 (0.13 at j = 2 and 0.05 at j = 5 of 5 x 2
cross-validation). p_j is a martingale, so this holds however often one looks: of the configurations that rule 2 stops, at most a
fifth would have overtaken the incumbent, for normal differences. (In simulated races, most over 5 x 2 cells: 1 to 2 %; `benchmarks/honest_simulated.py`.)

*Bounds.* Only a configuration within every bound is an incumbent. A challenger that clearly breaks a bound is stopped: in its first cell,
where it lies further beyond the bound than any cell of a full configuration beyond the mean of that one; later, by the test of rule 2
against the bound, with the variance over these cells for the prior. While nobody within the bounds has met all cells, nothing else stops.

A stopped configuration is a completed trial with fewer cells. Its value, adjusted for the cells that it met, and its variance stand in
`History.effects`; `History.best` does not choose it. Nothing is asked about a trial again once another one was begun after its result, unless it is within the bounds and ahead, on the cells that it met, of everyone who met all: no race
has stopped that one, it is of a time when there were fewer cells.

*Confirmation.* The winner of a search was chosen for being lucky, too. When nothing may begin any more, the best few by posterior mean
meet fresh cells, with seeds that nobody met in the race, all of them the same ones, until a tenth of the work is spent on it. An
objective that has no such seed fails there, and the trial keeps what it had.

[1] Bergman, Purucker, Hutter, Don't Waste Your Time: Early Stopping Cross-Validation, AutoML 2024.
[2] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, eq. (9).
[3] Smyth, Linear models and empirical Bayes methods for assessing differential expression, SAGMB 3, 2004, eq. (8).
"""

import math
from typing import Final

import msgspec
import numpy as np
from scipy.special import stdtr

from tunewright.errors import StudyError
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.schedulers.base import Decision, Resume, Scheduler, Start, Wait
from tunewright.schedulers.once import Once
from tunewright.space import SearchSpace
from tunewright.typing import Array, Mask

__all__ = ["Race"]

_PRIOR_FREEDOM: Final = 4.0
_CONFIRMED: Final = 0.1
"""Share of all tasks that confirmation may take."""


class Race(Scheduler):
    """Gives a trial its next fold or seed only while it can still become the best.

    For one optimised metric. Cell i has fold i % folds and seed i // folds, as with `Once`.

    Args:
        folds: number of cross-validation folds; None: the objective knows no folds.
        seeds: how often the whole is repeated, with `task.seed` 0, 1, ….
        overlap: n_test / n_train; default: as the objective said, else 1 / (folds - 1).
        error: level of the paired test, between 0 and 0.5; 0: the forgiving rule alone.
        confirm: so many of the best meet fresh cells at the end; 0: none.

    Raises:
        StudyError: an argument cannot be used, or several metrics are optimised.
    """

    def __init__(
        self, folds: int | None = None, seeds: int = 1, *, overlap: float | None = None, error: float = 0.2, confirm: int = 5
    ) -> None:
        for name, number, least in (("folds", 1 if folds is None else folds, 1), ("seeds", seeds, 1), ("confirm", confirm, 0)):
            if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
                raise StudyError(f"Race: {name} must be a whole number of at least {least}, got {number!r}.")
        for name, share, most in (("error", error, 0.5), ("overlap", 0.0 if overlap is None else overlap, math.inf)):
            if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 <= share < most:
                raise StudyError(
                    f"Race: {name} must be a number of at least 0{' and below 0.5' if most < 1 else ''}, got {share!r}."
                )
        self.folds = None if folds is None else int(folds)
        self.seeds, self.overlap, self.error, self.confirm = (
            int(seeds),
            None if overlap is None else float(overlap),
            float(error),
            int(confirm),
        )

    @property
    def cells(self) -> int:
        """How many cells a configuration meets that stays in the race."""
        return (self.folds or 1) * self.seeds

    @property
    def whole(self) -> Once:
        """The same cells for every trial, without a race."""
        return Once(self.folds, self.seeds)

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  the contract gives more than is used here
        """Send the next cell of a trial that was promised one or still matters, else start a trial."""
        if len(history.objectives) > 1:
            raise StudyError("Race compares by one metric, and several are optimised. Use Once(folds=…, seeds=…).")
        for trial in history.underway:
            if history.plan(trial) > history.sent(trial):
                return self._next(history, trial)
        losses = self._losses(history, history.objectives[0])
        full = np.isfinite(losses).all(axis=1) & (history.states == COMPLETED) & history.usable
        incumbent = self._best(losses, full & history.feasible)
        known = self._best(losses, full) if incumbent is None else incumbent
        for trial in self._waiting(history):
            if known is None or self._matters(losses, trial, incumbent, known, history):
                return self._next(history, trial)
        first = known is None and not any(history.plan(trial) == self.cells for trial in history.underway)
        left = self._left_behind(losses, full & history.feasible, history) if first or known is not None else None
        if left is not None:
            return self._next(history, left)
        return Start(plan=self.cells if first else 1, fold=None if self.folds is None else 0)

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """First what is still in the race, then fresh cells for the best few, then Wait."""
        decision = self.decide(space, history, rng)
        if not isinstance(decision, Start):
            return decision
        proven = history.proven & (history.effects().counts >= self.cells) & (history.states == COMPLETED)
        finalists = self._confirmed(history)[: self.confirm]
        better = [int(trial) for trial in history.order if proven[trial] and trial not in finalists]
        finalists += better[: max(0, self.confirm - len(finalists))]
        sent = {trial: history.sent(trial) - self.cells for trial in finalists}
        spent = sum(max(0, history.sent(trial) - self.cells) for trial in range(len(history)))
        whole = sum(map(history.sent, range(len(history)))) - spent
        if len(finalists) < 2 or spent + 1 > max(_CONFIRMED * whole, 0):
            return Wait()
        least = min(sent, key=lambda trial: (sent[trial], trial))
        return msgspec.structs.replace(self._next(history, least), spare=True)

    def _confirmed(self, history: History) -> list[int]:
        """Those that meet or met fresh cells since the last trial began: who falls behind by them is not exchanged for the next best."""
        if not len(history):
            return []
        known, now = history.basis(len(history) - 1), {task.trial for task, _ in history.open_tasks}
        latest = [trial for trial in range(len(history)) if history.result_at[trial] > known or trial in now]
        return [trial for trial in latest if history.sent(trial) > self.cells and history.states[trial] == COMPLETED]

    def _next(self, history: History, trial: int) -> Resume:
        """The first cell that the trial has not met; beyond those of the race it may fail at no cost."""
        sent, folds = {self._cell(*cell) for cell in history.cells(trial)}, self.folds or 1
        cell = next(cell for cell in range(len(sent) + 1) if cell not in sent)
        return Resume(trial, fold=None if self.folds is None else cell % folds, seed=cell // folds, spare=cell >= self.cells)

    def _cell(self, fold: int | None, seed: int) -> int:
        """Its number in the order of the race; -1: it is none of these."""
        known = (fold is None) == (self.folds is None) and (fold or 0) < (self.folds or 1)
        return seed * (self.folds or 1) + (fold or 0) if known else -1

    def _losses(self, history: History, metric: int) -> Array:
        """By trial and cell of the race, in its order; NaN where not met."""
        table, cells = history.table(metric)
        losses = np.full((len(history), self.cells), np.nan)
        for column, (fold, seed) in enumerate(cells):
            if 0 <= (at := self._cell(fold, seed)) < self.cells:
                losses[:, at] = table[:, column]
        return losses

    @staticmethod
    def _best(losses: Array, full: Mask) -> int | None:
        """The one with the least mean; the earlier one of equals."""
        means = np.where(full, losses.mean(axis=1), np.inf)
        return int(np.argmin(means)) if full.any() else None

    def _left_behind(self, losses: Array, full: Mask, history: History) -> int | None:
        """The best trial that has cells left and is ahead, on those it met, of everyone who met all: there were fewer when it was begun."""
        met = np.isfinite(losses)
        mine = np.where(met, losses, 0.0).sum(axis=1)
        theirs = (met.astype(np.float64) @ losses[full].T).min(axis=1, initial=np.inf)  # over the same cells
        ahead = history.feasible & ~met.all(axis=1) & (mine < theirs) & ~history.stopped
        if not ahead.any():
            return None
        return next((int(trial) for trial in history.order if ahead[trial] and not self._next(history, int(trial)).spare), None)

    def _waiting(self, history: History) -> list[int]:
        """Trials with something left whose last result no decision to begin another one knew, lowest first."""
        known = history.basis(len(history) - 1) if len(history) else 0
        states, results = history.states, history.result_at
        idle = (results > known) & (states != FAILED) & (states != RUNNING) & history.usable & ~history.stopped
        return [int(trial) for trial in np.flatnonzero(idle) if self._next(history, int(trial)).spare is False]

    def _matters(self, losses: Array, trial: int, incumbent: int | None, known: int, history: History) -> bool:
        """Whether the trial can still become the best.

        Args:
            losses: see `_losses`.
            trial: that is asked about.
            incumbent: the best of those within the bounds that met all cells; None: there is none.
            known: one that met all cells; it says how much they differ.
            history: of the study.
        """
        if self._breaks(trial, known, history):
            return False
        if incumbent is None:
            return True
        met = np.isfinite(losses[trial])
        mine, theirs = losses[trial][met], losses[incumbent][met]
        j = len(mine)
        if not j:
            return True
        if mine.mean() > losses[incumbent].max():
            return False
        if j < 2 or not self.error:
            return True
        apart = mine - theirs
        worse = float(apart.mean())
        if worse <= 0:
            return True
        squares = float(((apart - worse) ** 2).sum())
        least = math.sqrt(squares / (_PRIOR_FREEDOM + j - 1) * self._shrinks(j, history))
        if least and float(stdtr(_PRIOR_FREEDOM + j - 1, -worse / least)) >= self.error:
            return True  # whatever the incumbent's noise is; to know it costs most of a decision
        noise = float(history.effects().noises[incumbent])
        prior = _PRIOR_FREEDOM if math.isfinite(noise) else 0.0
        freedom = prior + j - 1
        variance = (prior * 2 * (noise if prior else 0.0) + squares) / freedom
        deviation = math.sqrt(variance * self._shrinks(j, history))
        return not deviation or float(stdtr(freedom, -worse / deviation)) >= self.error

    def _breaks(self, trial: int, known: int, history: History) -> bool:
        """Whether the trial clearly breaks a bound on the cells that it met."""
        for metric, each in enumerate(history.metrics):
            if each.bound is None:
                continue
            losses = self._losses(history, metric)
            mine, theirs = losses[trial][np.isfinite(losses[trial])], losses[known]
            j, beyond = len(mine), float(mine.mean()) - each.sign * each.bound if len(mine) else 0.0
            if not beyond > 0:
                continue
            spread = float(theirs.var(ddof=1)) if self.cells > 1 else 0.0
            if j == 1 or not self.error:
                clear = beyond > float(theirs.max() - theirs.mean())
            else:
                freedom = _PRIOR_FREEDOM + j - 1
                variance = (_PRIOR_FREEDOM * spread + float(((mine - mine.mean()) ** 2).sum())) / freedom
                deviation = math.sqrt(variance * self._shrinks(j, history))
                clear = not deviation or float(stdtr(freedom, -beyond / deviation)) < self.error
            if clear:
                return True
        return False

    def _shrinks(self, j: int, history: History) -> float:
        """What the variance of a mean over j cells is, in those of one."""
        return 1 / j + (self.overlap if self.overlap is not None else history.overlap)

    def __repr__(self) -> str:
        more = "" if self.overlap is None else f", overlap={self.overlap!r}"
        return f"Race(folds={self.folds}, seeds={self.seeds}{more}, error={self.error!r}, confirm={self.confirm})"
