"""How sure is a test score? The bootstrap over test rows, and rules for shares of rows.

Rows (or whole groups, where rows of a group resemble each other) are drawn with replacement as many times as there are; the score of
each such sample stands for what another test set might have said. The interval holds the middle 95 % of them [1]. Two models are
compared on the same draws, row by row, so that what is hard about a row is hard for both and cancels out.

Where all rows say the same, so do all draws, and the bootstrap would call that certain: 20 rows without an error would be an accuracy of
1 for ever. So accuracy, the share of rows that a model has right, has the interval of Wilson [2], and the difference of two such shares on the same
rows that of Bonett and Price [3]. For other metrics, and for groups, draws that are all the same have no interval.

[1] Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
[2] Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
[3] Bonett & Price, Adjusted Wald confidence interval for a difference of binomial proportions based on paired data, J. Educational and
Behavioral Statistics 37, 2012.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tunewright.analysis.text import evenly, interval, number
from tunewright.automl.records import MetricFacts
from tunewright.automl.scores import Difference, Score
from tunewright.resampling.scoring import WEIGHTED, Answer, score, weighted_scores
from tunewright.typing import Array

__all__ = ["DRAWS", "Draws", "bootstrap", "difference", "scored", "share_of_rows"]

DRAWS: Final = 1000
_SLOW: Final = 4.0
"""Seconds that the draws of a metric without vectorised form may take for one model."""

_MIN_UNITS: Final = 4
"""Rows or groups below which an interval would only pretend."""

_CHUNK: Final = 1 << 22

_SAME: Final = 1e-12
"""Relative spread of draws that differ by rounding alone."""


class Draws(dict[str, Array]):
    """Scores by model name, each of shape (draws,), over the same draws."""


def bootstrap(
    metric: MetricFacts, y: Array, answers: Mapping[str, Answer], *, seed: int, groups: NDArray[np.int64] | None = None
) -> Draws:
    """Scores of every model under the same draws of the test rows.

    Args:
        metric: what to compute.
        y: the truth, shape (rows,).
        answers: by model name.
        seed: of the draws.
        groups: number of each row's group; None: each row is its own.

    Returns:
        Nothing to draw from (empty arrays) with fewer than 4 rows or groups.
    """
    units = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(units.max()) + 1
    if count < _MIN_UNITS:
        return Draws({name: np.empty(0) for name in answers})
    draws = _affordable(metric, y, answers)
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Array]] = {name: [] for name in answers}
    at_once = max(1, min(draws, _CHUNK // max(count, len(y))))
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        picked = rng.integers(count, size=(size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(picked.ravel(), minlength=size * count).reshape(size, count)[:, units].astype(np.float64)
        for name, answer in answers.items():
            parts[name].append(weighted_scores(metric, y, answer, weights))
    return Draws({name: np.concatenate(scores) for name, scores in parts.items()})


def _affordable(metric: MetricFacts, y: Array, answers: Mapping[str, Answer]) -> int:
    if metric.scorer in WEIGHTED:
        return DRAWS
    start = time.perf_counter()
    score(metric, y, next(iter(answers.values())))
    return int(np.clip(_SLOW / max(time.perf_counter() - start, 1e-6), 100, DRAWS))


def share_of_rows(metric: MetricFacts, groups: NDArray[np.int64] | None) -> bool:
    """Whether a score is the share of independent rows that a model has right, which has an interval of its own."""
    return groups is None and metric.scorer == "accuracy"


def scored(
    metric: MetricFacts,
    y: Array,
    answer: Answer,
    draws: Array,
    further: Sequence[MetricFacts] = (),
    *,
    groups: NDArray[np.int64] | None = None,
) -> Score:
    """A score with its interval, and further metrics without.

    Args:
        metric: what to compute.
        y: the truth, shape (rows,).
        answer: of the model.
        draws: its scores from `bootstrap`; none: there is no interval.
        further: metrics shown beside it.
        groups: as for `bootstrap`.
    """
    low, high = _middle(draws)
    if len(draws) and share_of_rows(metric, groups):
        low, high = _wilson(y == answer.predicted)
    others = {other.name: value for other in further if other != metric and np.isfinite(value := score(other, y, answer))}
    return Score(value=_finite(score(metric, y, answer)), low=low, high=high, others=others)


def difference(
    metric: MetricFacts,
    y: Array,
    answers: Mapping[str, Answer],
    draws: Draws,
    other: str = "default",
    *,
    groups: NDArray[np.int64] | None = None,
) -> Difference:
    """Winner minus another on the same rows, with a sentence.

    Args:
        metric: which way is better.
        y: the truth.
        answers, draws: with the name "winner", and that of the other unless it could not be fitted.
        other: "default" or "baseline".
        groups: as for `bootstrap`.
    """
    if other not in answers:
        said = f"The {other} could not be fitted, so there is nothing to compare the winner with."
        return Difference(value=None, low=None, high=None, better=None, sentence=said)
    apart = draws["winner"] - draws[other]
    apart = apart[np.isfinite(apart)]
    value = _finite(score(metric, y, answers["winner"]) - score(metric, y, answers[other]))
    if value is None or not _enough(apart):
        said = f"The test set is too small to compare the winner with the {other}."
        return Difference(value=value, low=None, high=None, better=None, sentence=said)
    low, high = _middle(apart)
    if answers["winner"] is answers[other]:  # one model, not two that happen to say the same
        low = high = 0.0
    elif share_of_rows(metric, groups):
        low, high = _bonett_price(y == answers["winner"].predicted, y == answers[other].predicted)
    gain = apart if metric.goal == "maximize" else -apart
    better = float(np.mean(gain > 0) + np.mean(gain == 0) / 2)
    said = _sentence(metric, value, low, high, other)
    return Difference(value=value, low=low, high=high, better=better, sentence=said)


def _sentence(metric: MetricFacts, value: float, low: float | None, high: float | None, other: str) -> str:
    way = "better" if (value > 0) == (metric.goal == "maximize") else "worse"
    if value == 0 and (low is None or high is None or low == high):
        return f"The winner and the {other} score the same on the test set."
    if low is None or high is None:
        return f"On the test set the winner is {way} than the {other} by {number(abs(value))} {metric.name}, by the same in every draw of its rows, so how sure that is cannot be told."
    if low > 0 or high < 0:
        by, bounds = interval(abs(value), *sorted((abs(low), abs(high))))
        return f"On the test set the winner is {way} than the {other} by {by} {metric.name} (95 % interval {bounds})."
    apart, least, most = (_signed(text) for text in evenly(value, low, high))
    bounds = f"95 % interval {least} to {most}"
    if value == 0:
        return f"On the test set the winner and the {other} score the same; a difference is within chance ({bounds})."
    return f"On the test set the difference to the {other}, {apart} {metric.name}, is within chance ({bounds})."


def _signed(shown: str) -> str:
    return shown if shown[0] == "\N{MINUS SIGN}" or not shown.strip("0.") else f"+{shown}"


def _enough(draws: Array) -> bool:
    return int(np.isfinite(draws).sum()) >= DRAWS // 20


def _middle(draws: Array) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws; None where they are too few, or all the same, which is too few rows and not certainty."""
    real = draws[np.isfinite(draws)]
    if not _enough(draws) or np.ptp(real) <= _SAME * np.abs(real).max():
        return None, None
    low, high = np.percentile(real, [2.5, 97.5])
    return (None, None) if low == high else (float(low), float(high))


def _wilson(right: NDArray[np.bool_]) -> tuple[float, float]:
    low, high = stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return float(low), float(high)


def _bonett_price(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> tuple[float, float]:
    """Of the difference of two shares on the same rows, [3]: only rows on which they differ tell."""
    n = len(ours)
    only, other = (int((ours & ~theirs).sum()) + 1) / (n + 2), (int((theirs & ~ours).sum()) + 1) / (n + 2)
    half = float(stats.norm.ppf(0.975)) * math.sqrt((only + other - (only - other) ** 2) / (n + 2))
    return max(-1.0, only - other - half), min(1.0, only - other + half)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
