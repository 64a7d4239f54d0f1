"""Rows drawn with replacement, and what predictions score on them: the raw material of bias-corrected cross-validation.

A draw gives each row a weight, and what it changes in a score is taken to first order in the weights: the infinitesimal jackknife [1]. For
means over rows that is exact. Of others, R² or F1, a draw of the few rows of a fold may hold hardly any variance, or no positive: there R² is
-1e13 and F1 is 0 or not defined, which says nothing of what the score may have been on other rows. The slope is defined wherever the score is.

[1] Efron, Nonparametric estimates of standard error: the jackknife, the bootstrap and other methods, Biometrika 68, 1981.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tunewright.errors import MetricError
from tunewright.resampling.scoring import WEIGHTED, Answer, weighted_scores
from tunewright.typing import Array, Indices

__all__ = ["Drawn", "constant", "drawn_scores"]

_STEP: Final = 0.01
"""So far towards a draw the slope is taken."""

_DRAWS: Final = 500
_WORK: Final = 4e9
"""Rows times configurations times draws that are affordable: some ten seconds."""


class Drawn(NamedTuple):
    """Scores on all rows, shape (configurations,), and on the drawn rows, shape (configurations, draws)."""

    scores: Array
    drawn: Array


class _Named(NamedTuple):
    scorer: str


def constant(y: Array, folds: Sequence[tuple[Indices, Indices]], *, classes: bool) -> Answer:
    """What a model says of each row that knows the training targets and nothing else: class shares, or the mean."""
    if not classes:
        said = np.zeros(len(y))
        for train, test in folds:
            said[test] = y[train].mean()
        return Answer(said, None)
    shares = np.zeros((len(y), int(y.max()) + 1))
    for train, test in folds:
        shares[test] = np.bincount(y[train].astype(int), minlength=shares.shape[1]) / len(train)
    return Answer(shares.argmax(axis=1).astype(np.float64), shares)


def drawn_scores(scorer: str, y: Array, answers: Sequence[Answer], units: Indices, folds: Indices, *, seed: int) -> Drawn:
    """Score predictions on all rows and under the same draws of them, as the study scores them: the mean over the folds.

    Predictions of different folds come from different models, so pooled they say too little of what depends on their order: a support
    vector machine that ranks every fold perfectly need not rank all rows perfectly.

    Args:
        scorer: its scikit-learn name.
        y: class codes or values, shape (rows,).
        answers: of the configurations, for these rows.
        units: number of the unit (row or group) that is drawn as a whole, for each row, from 0.
        folds: in which fold each row was predicted, from 0.
        seed: of the draws.

    Returns:
        Greater is better, as scikit-learn's scorers have it; NaN where a score is not defined on half of the folds.

    Raises:
        MetricError: the scorer cannot be computed from predictions for many draws.
    """
    if scorer not in WEIGHTED:
        raise MetricError(f'"{scorer}" cannot be drawn anew from predictions; there are: {", ".join(WEIGHTED)}.')
    draws = int(np.clip(_WORK / (2 * len(y) * len(answers)), 100, _DRAWS))
    count, rng = int(units.max()) + 1, np.random.default_rng(seed)
    sign = -1.0 if scorer.startswith("neg_") else 1.0
    scores = np.array([_over_folds(scorer, y, answer, np.ones((1, len(y))), folds)[0] for answer in answers])
    slopes = []
    for start in range(0, draws, 50):
        size = min(50, draws - start)
        picked = rng.integers(count, size=(size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(picked.ravel(), minlength=size * count).reshape(size, count)[:, units].astype(np.float64)
        slopes.append(np.stack([_slope(scorer, y, answer, weights - 1.0, folds) for answer in answers]))
    return Drawn(sign * scores, sign * (scores[:, None] + np.concatenate(slopes, axis=1)))


def _slope(scorer: str, y: Array, answer: Answer, way: Array, folds: Indices) -> Array:
    """By how much the score changes when the weights of the rows go from 1 the given way, to first order, shape (draws,)."""
    ahead, behind = (_over_folds(scorer, y, answer, 1.0 + step * way, folds) for step in (_STEP, -_STEP))
    slope: Array = (ahead - behind) / (2 * _STEP)
    return slope


def _over_folds(scorer: str, y: Array, answer: Answer, weights: Array, folds: Indices) -> Array:
    """Mean score over the folds where it is defined, shape (draws,); NaN where that is less than half of them."""
    each = []
    for fold in np.unique(folds):
        rows = folds == fold
        each.append(weighted_scores(_Named(scorer), y[rows], answer.of(np.flatnonzero(rows)), weights[:, rows]))
    scores = np.array(each)
    defined = np.isfinite(scores)
    count = defined.sum(axis=0)
    enough = 2 * count >= len(scores)
    return np.where(enough, np.where(defined, scores, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
