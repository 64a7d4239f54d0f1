"""Bayesian optimisation with a Gaussian process.

The first few configurations are the space's default and the beginning of a Sobol sequence. From then on a Gaussian process over all
finished trials (`models/gaussian_process.py`) says for every configuration what loss to expect and how sure that is, and the one with
the largest expected improvement is proposed (`models/acquisition.py`, `models/climb.py`).

What hyperparameters ask for beyond the textbook:

- Losses are seen through `models/output.py`: divergences do not hide the differences that matter.
- A trial that met fewer folds or seeds than others counts with the variance that this leaves (`effects.py`).
- Where trials were judged with different budgets (`schedulers/asha.py`), every result counts: the budget is one more coordinate of the
  process, on a logarithmic scale, and improvement is expected at the highest one that anything was measured with [2].
- Improvement is measured against the best posterior mean, not the best measured value: under noise that would be the luckiest one.
- Trials that still run are believed to turn out as expected: nothing is left to be learnt there, so that a batch spreads.
- Failed trials teach a second process where configurations fail; improvement counts by the probability of success.
- A metric with a bound has a process of its own, of how far it passes the bound, and improvement counts by the probability that it does not
  [3]. It is measured against what keeps all bounds; while nothing does, that probability alone counts.
- Where less than a tenth of a deviation is expected, as mostly after the opening, every second proposal is made with the hyperparameters of
  the prior, for which nothing is irrelevant yet: on a plateau the fitted ones explain the little that was seen, and polish it, while the hill
  stands elsewhere.
- Every tenth proposal is the next point of the Sobol sequence, whatever the process believes: where it has settled on a wrong hill,
  nothing else would ever tell it.
- A prior on where the optimum lies multiplies the improvement, with a weight that decays as 1/n (πBO [1]).
- Several objectives have a process each, and what counts is how far a configuration is expected to push the front of what they expect of
  all that was tried (`models/front.py`): exactly, with up to four objectives for fronts of up to 50 points.

When numbers fail the proposal does not: hyperparameters that cannot be fitted are those of the prior; where no posterior can be
computed either, the next point of the Sobol sequence is proposed. Each leaves a `Warned` in the journal.

Everything is a pure function of the history: hyperparameters are fitted on the trials up to a milestone, which moves on as trials
finish, with every one at first and ever more slowly later, so a fresh instance finds the same ones.

[1] Hvarfner et al., πBO: Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization, ICLR 2022.
[2] As in Klein et al., Fast Bayesian Optimization of Machine Learning Hyperparameters on Large Datasets, AISTATS 2017, and Model-based
Asynchronous Hyperparameter and Neural Architecture Search, 2020 (arXiv 2003.10865), section 3; with the kernel of all other coordinates.
[3] Schonlau, Welch and Jones, Global versus Local Search in Constrained Optimization of Computer Models, 1998; Gardner et al., Bayesian
Optimization with Inequality Constraints, ICML 2014.
"""

import hashlib
import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.models.acquisition import Anything, Incumbent
from tunewright.models.belief import Aim, Belief, Chance, Efforts
from tunewright.models.features import Features, Points
from tunewright.models.front import Front
from tunewright.models.gaussian_process import GaussianProcess, Hyperparameters, fit
from tunewright.models.hypervolume import representatives
from tunewright.models.output import as_kept, as_seen
from tunewright.models.ranking import fronts
from tunewright.models.threads import ONE_THREAD
from tunewright.samplers.base import Sampler
from tunewright.samplers.sequence import Opening
from tunewright.space import SearchSpace
from tunewright.typing import Array, Indices, Mask, Params

__all__ = ["EACH", "GP"]

_MOST: Final = 600
"""So many trials at most stand in the model; of more, the best, the latest, and a spread of the rest."""
_FITTED: Final = 200
"""So many at most stand in a fit of hyperparameters."""
EACH: Final = 100
_GROWTH: Final = 1.05
"""Hyperparameters are fitted after every trial up to `EACH`, then whenever there are 5 % more."""
_PENDING: Final = 32
_WHOLE: Final = 2.0
"""A budget without end counts for so many times the highest one."""
_ELSEWHERE: Final = 10

_KEPT: Final = 32
"""So many fits are remembered: of each objective and of success, for some asks back."""
_DOUBT: Final = 0.04
"""Variance of a label of success or failure: how sure one can be at most, 5 deviations."""
_SEVERE: Final = 20.0
_ELITE: Final = 5
_STANDING: Final = {2: 50, 3: 50, 4: 50, 5: 20, 6: 12}
_FEWEST: Final = 8
"""So many points stand for a front of 2, 3, … objectives, or of more: what they leave are some 800 boxes at most with up to six, more with more."""
_PRIOR_WEIGHT: Final = 10.0


_See = Callable[[Array], tuple[Array, Array]]
"""Values, shape (n,), to what the process sees of them, and the slope of that at each."""


class GP(Sampler):
    """Proposes where a Gaussian process expects the largest improvement.

    Args:
        initial: how many configurations come before the model; default: one more than parameters, at least 5 and at most 10.

    Raises:
        StudyError: `initial` is no whole number of at least 0.
    """

    def __init__(self, initial: int | None = None) -> None:
        if initial is not None and (isinstance(initial, bool) or not isinstance(initial, int | np.integer) or initial < 0):
            raise StudyError(f"GP: initial must be a whole number of at least 0, got {initial!r}.")
        self.initial = None if initial is None else int(initial)
        self._opening = Opening()
        self._features: Features | None = None
        self._fits: dict[bytes, Hyperparameters] = {}
        self._fitted: weakref.ref[History] | None = None

    def __repr__(self) -> str:
        return "GP()" if self.initial is None else f"GP(initial={self.initial})"

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The best configuration found that no trial has had."""
        self.remarks = ()
        known = history.usable & (history.states == COMPLETED)
        wanted = min(10, max(5, len(space) + 1)) if self.initial is None else self.initial
        if int(known.sum()) < max(2, wanted) or len(history) % _ELSEWHERE == 0:
            return self._opening.propose(space, history, rng)
        features = self._prepare(space, history)
        try:
            with ONE_THREAD:
                belief = self._believe(features, history, known)
                found = belief.search(rng)
                if len(history) % 2 == 0 and belief.gain(found[:1]).max(initial=-math.inf) < belief.aim.little:
                    found = self._believe(features, history, known, open_minded=True).search(rng)
        except np.linalg.LinAlgError as error:
            self.remarks += (f"GP: no posterior after {int(known.sum())} trials ({error}). A Sobol point was proposed instead.",)
            return self._opening.propose(space, history, rng)
        for row in found:
            if not history.seen(row):
                return space.params(row)
        return space.sample(rng)

    def _prepare(self, space: SearchSpace, history: History) -> Features:
        if self._features is None or self._features.space != space or self._fitted is None or self._fitted() is not history:
            self._features, self._fits, self._fitted = Features(space), {}, weakref.ref(history)
        return self._features

    def _believe(self, features: Features, history: History, known: Mask, *, open_minded: bool = False) -> Belief:
        order, every, efforts = _evidence(history, known)
        losses = every[:, history.objectives]
        rows = history.rows[order]
        points = efforts.join(features.points(rows), efforts.levels)
        process = GaussianProcess(features.code_of_level)
        start = Hyperparameters.start(points.numbers.shape[1], process.codes)
        running = np.flatnonzero(history.usable & (history.states == RUNNING))[-_PENDING:]
        here = features.points(history.rows[running])
        kept = _spread(_order(losses), _MOST)
        tried = efforts.join(features.points(rows[kept]), efforts.top)
        posteriors, means, expected = [], [], []
        for y, doubt in zip(losses.T, efforts.doubt[:, history.objectives].T, strict=True):
            theta = start if open_minded else self._fit(process, points, y, doubt, "loss", as_seen)
            seen, slope = as_seen(y[kept])
            posterior = process.condition(theta, points.take(kept), seen, (doubt[kept] * slope) ** 2)
            means.append(posterior.predict(tried)[0])
            if len(running):
                posterior = posterior.believe(efforts.join(here, efforts.running[running]))
                expected.append(posterior.predict(efforts.join(here, efforts.top))[0])
            posteriors.append(posterior)
        believed = np.column_stack(means)
        limits = _limits(history)
        good = np.flatnonzero((every[kept][:, list(limits)] <= list(limits.values())).all(axis=1))
        met = np.vstack([believed[good], np.column_stack(expected)]) if expected else believed[good]
        return Belief(
            features=features,
            posteriors=tuple(posteriors),
            chances=(
                *self._success(process, features, history, efforts),
                *(self._keeping(process, points, every[:, j], efforts.doubt[:, j], limit, kept) for j, limit in limits.items()),
            ),
            aim=_aim(met, near=len(history) // 2 % 2 == 0) if len(met) else Anything(),
            elite=rows[kept[good[_best(believed[good], _ELITE)]]],
            prior_weight=_PRIOR_WEIGHT / len(losses),
            efforts=efforts,
        )

    def _success(self, process: GaussianProcess, features: Features, history: History, efforts: Efforts) -> list[Chance]:
        """The belief in where trials succeed, +1, or fail, -1; none when all do the same."""
        ended = np.flatnonzero(history.usable & (history.states != RUNNING))
        ended = ended[np.lexsort((ended, history.finished_at[ended]))]
        good = history.states[ended] != FAILED
        if good.all() or not good.any():
            return []
        kept = _spread(good.astype(np.float64), _MOST)
        labels = np.where(good, 1.0, -1.0)
        points = efforts.join(features.points(history.rows[ended]), efforts.top)
        theta = self._fit(process, points, labels, np.zeros(len(labels)), "success", _plain)
        return [Chance(process.condition(theta, points.take(kept), labels[kept], np.zeros(len(kept))), 1.0, _DOUBT, _SEVERE)]

    def _keeping(
        self, process: GaussianProcess, points: Points, losses: Array, doubt: Array, limit: float, kept: Indices
    ) -> Chance:
        """The belief in where a bound is kept: by how much a metric passes it, shape (k,), is below 0."""
        see = partial(as_kept, limit=limit)
        theta = self._fit(process, points, losses, doubt, f"limit {limit!r}", see)
        excess, slope = see(losses[kept])
        return Chance(process.condition(theta, points.take(kept), excess, (doubt[kept] * slope) ** 2), -1.0, 0.0)

    def _fit(self, process: GaussianProcess, points: Points, y: Array, doubt: Array, what: str, see: _See) -> Hyperparameters:
        """The hyperparameters of the last milestone, from the trials up to it, of values that are seen through a transformation."""
        n = _milestone(len(y))
        key = hashlib.blake2b(
            what.encode() + y[:n].tobytes() + points.numbers[:n, -1:].tobytes(), digest_size=16
        ).digest()  # a further fold changes old losses
        if key not in self._fits:
            while len(self._fits) >= _KEPT:
                del self._fits[next(iter(self._fits))]
            kept = _spread(y[:n], _FITTED)
            seen, slope = see(y[:n][kept])
            found = fit(process, points.take(kept), seen, (doubt[:n][kept] * slope) ** 2)
            if found is None:
                found = Hyperparameters.start(points.numbers.shape[1], process.codes)
                self.remarks += (f"GP: no hyperparameters could be fitted to {n} trials. Those of the prior are used instead.",)
            self._fits[key] = found
        return self._fits[key]

    def __reduce__(self) -> tuple[type["GP"], tuple[int | None]]:
        return GP, (self.initial,)


def _plain(labels: Array) -> tuple[Array, Array]:
    return labels, np.ones(len(labels))


def _limits(history: History) -> dict[int, float]:
    """How large the losses by bounded metrics may be, by the number of the metric; those are left out that are the same in all trials."""
    found = {}
    for j, metric in enumerate(history.metrics):
        if metric.bound is not None and len(np.unique(history.adjusted[history.states == COMPLETED, j])) > 1:
            found[j] = metric.sign * metric.bound
    return found


def _evidence(history: History, known: Mask) -> tuple[Indices, Array, Efforts]:
    """What the process learns from: numbers of trials, shape (k,), their losses by each metric, shape (k, metrics), and with which effort they were judged."""
    order = np.flatnonzero(known & ~history.cloned)
    budgets = history.budgets[order]
    if len(np.unique(budgets)) < 2:
        order = order[np.lexsort((order, history.finished_at[order]))]
        return (
            order,
            history.adjusted[order],
            Efforts(
                False,
                budgets,
                np.ones(len(history)),
                1.0,
                np.column_stack([_doubt(column) for column in history.variances[order].T]),
            ),
        )
    trials, budgets, losses = history.levels()
    here = history.usable[trials] & (history.states[trials] != FAILED) & ~history.cloned[trials]
    trials, budgets, losses = trials[here], budgets[here], losses[here]
    sent = history.sent_budgets[1]
    finite = np.concatenate([budgets, sent[history.states == RUNNING]])
    finite = finite[np.isfinite(finite)]
    shift = max(0.0, 1.0 - float(finite.min())) if finite.min() <= 0 else 0.0  # steps may be counted from 0
    low, high = np.log(finite.min() + shift), np.log((finite.max() + shift) * (_WHOLE if np.isinf(budgets).any() else 1.0))
    levels, running = (
        ((np.log(np.maximum(each + shift, 1e-300)) - low) / max(high - low, 1e-9)).clip(0.0, 1.0) for each in (budgets, sent)
    )
    return (
        trials,
        losses[:, history.objectives],
        Efforts(True, levels, running, float(levels.max()), np.zeros(losses.shape)),
    )


def _milestone(n: int) -> int:
    """The largest number not above n at which hyperparameters are fitted."""
    m = min(n, EACH)
    while (following := max(m + 1, math.ceil(m * _GROWTH))) <= n:
        m = following
    return m


def _doubt(variances: Array) -> Array:
    """Deviation by which each loss is less certain than the most certain one, shape (n,): what all have in common is the fitted noise."""
    known = np.isfinite(variances)
    if not known.any():
        return np.zeros(len(variances))
    return np.sqrt(np.where(known, variances - variances[known].min(), 0.0))


def _order(losses: Array) -> Array:
    """By which trials are better, shape (n,): the loss, or, of several, the number of the front that a trial stands in."""
    if losses.shape[1] == 1:
        return losses[:, 0]
    found = fronts(losses, _MOST)
    order = np.full(len(losses), float(len(found)))
    for number, front in enumerate(found):
        order[front] = number
    return order


def _best(believed: Array, wanted: int) -> Indices:
    """Which rows are the best: of several objectives those of the front that dominate most."""
    if believed.shape[1] == 1 or not len(believed):
        return np.argsort(believed[:, 0], kind="stable")[:wanted]
    first = fronts(believed, 1)[0]
    return first[representatives(believed[first], wanted)]


def _aim(believed: Array, *, near: bool) -> Aim:
    """What is to be improved on, from the posterior means of what was tried or runs, shape (n, m); of several objectives the reference
    point stands near and far by turns: so the middle of a front is found, and its ends are.
    """
    if believed.shape[1] == 1:
        return Incumbent(float(believed.min()))
    few = _STANDING.get(believed.shape[1], _FEWEST)
    return Front.ahead_of(believed[_best(believed, few)], near=near)


def _spread(y: Array, most: int) -> Indices:
    """Which of n trials, in the order of finishing, stand for all: the best, the latest, and evenly from the rest."""
    n = len(y)
    if n <= most:
        return np.arange(n)
    best = np.argsort(y, kind="stable")[: most // 2]
    latest = np.arange(n - most // 4, n)
    rest = np.setdiff1d(np.arange(n), np.concatenate([best, latest]))
    evenly = rest[np.linspace(0, len(rest) - 1, most - most // 2 - most // 4).astype(np.intp)]
    return np.unique(np.concatenate([best, latest, evenly]))
