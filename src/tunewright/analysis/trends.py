"""Over- and underfitting: how the gap between training and validation goes along each hyperparameter.

The gap of a trial is how much better it scores on its training data than in validation (`training.py`). Its trend along a
hyperparameter with an order is Spearman's rank correlation, with the interval of Bonett and Wright [1], tanh(artanh(r) +- z
sqrt((1 + r^2 / 2) / (n - 3))). For choices without an order the median gap of each stands instead. The trials are those that the search
tried: where it went after good ones, hyperparameters go together, and a trend may belong to another one.

[1] Bonett and Wright, Sample size requirements for estimating Pearson, Kendall and Spearman correlations, Psychometrika 65, 2000.
"""

import math
from typing import Final

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.summary import objective
from tunewright.analysis.text import choice_labels, counted, cut, interval, number
from tunewright.analysis.told import Told
from tunewright.analysis.training import Gap, gap, gap_sentence
from tunewright.analysis.tuning import levels
from tunewright.errors import StudyError
from tunewright.history import COMPLETED, History
from tunewright.space import Categorical, SearchSpace
from tunewright.typing import Array, Value

__all__ = ["Overfitting", "Trend", "over_range", "overfitting"]

_FEW: Final = 8
"""With fewer trials nothing is said about a trend."""
_CLEAR: Final = 0.05
_SAID: Final = 3
_LISTED: Final = 20


class Trend(msgspec.Struct, frozen=True):
    """How the gap goes along one hyperparameter.

    Attributes:
        name: of the hyperparameter.
        n: trials in which it was active, and that have both scores.
        rank: rank correlation of its value with the gap, positive: the gap widens with it; NaN for fewer than 8 trials, where nothing
            varies, and for choices without an order.
        low, high: its 95 % interval.
        p: of no trend; NaN likewise.
        medians: of choices without an order: (value, median gap, trials), the widest gap first.
    """

    name: str
    n: int
    rank: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    medians: tuple[tuple[Value, float, int], ...] = ()


class Overfitting(Told, msgspec.Struct, frozen=True):
    """Training beside validation.

    Attributes:
        metric: the first that is optimised.
        gap: the scores; None where the objective tells no training scores.
        trends: along each hyperparameter, the clearest first.
        sentence: in plain words.
    """

    metric: str
    gap: Gap | None
    trends: tuple[Trend, ...]
    sentence: str

    @property
    def _told(self) -> list[str]:
        lines = []
        for each in self.trends:
            if each.medians:
                texts = choice_labels(value for value, _, _ in each.medians)
                said = ", ".join(
                    f"{number(gap, 2)} with {cut(text, 30)} (n = {n})"
                    for text, (_, gap, n) in zip(texts, each.medians, strict=True)
                )
                lines.append(f"  {each.name}: median gap {said}")
            elif math.isnan(each.rank):
                lines.append(f"  {each.name}: no trend can be told from {counted(each.n, 'trial')}")
            else:
                rank, bounds = interval(each.rank, each.low, each.high)
                lines.append(f"  {each.name}: rank correlation with the gap {rank} (95 % interval {bounds}, n = {each.n})")
        return [self.sentence, *lines]


def overfitting(history: History, name: str = "") -> Overfitting:
    """The gap between training and validation, its trends, and a sentence.

    Args:
        history: whose objective puts its training score into its result, as `CrossValidation` does.
        name: of that score; default: train_<metric>, train_score or train, the first that is there.
    """
    metric = objective(history)
    found = gap(history, name)
    if found is None:
        said = _unknown(history, name) or (
            f'No completed trial has a training score, so nothing is said about overfitting. Return it beside the metric, as "train_{metric.name}"; '
            "CrossValidation does so."
        )
        return Overfitting(metric.name, None, (), said)
    widths = metric.sign * (np.array(found.validation) - np.array(found.train))
    if history.clones:
        said = "How it goes along the hyperparameters is not said: clones owe it to a whole lineage (study.lineage())."
        return Overfitting(metric.name, found, (), f"{gap_sentence(found, metric)} {said}")
    rows = history.rows[list(found.trials)]
    trends = sorted((_trend(history, column, rows, widths) for column in range(len(history.space))), key=_clarity)
    return Overfitting(metric.name, found, tuple(trends), " ".join([gap_sentence(found, metric), *_said(trends, len(widths))]))


def _unknown(history: History, name: str) -> str:
    """That the objective returned no score of this name, and what it did return; "" where no name was given."""
    if not name:
        return ""
    trials = (history.trial(int(number)) for number in np.flatnonzero(history.states == COMPLETED))
    returned = sorted({key for trial in trials for each in trial.measurements for key in each.info})
    there = (
        f"It returned: {', '.join(returned[:_LISTED])}{', …' if len(returned) > _LISTED else ''}."
        if returned
        else "It returned none."
    )
    other = (
        f" {name} is a hyperparameter; trends along all of them are told when no name is given."
        if name in history.space.names
        else ""
    )
    return f'Beside the metrics the objective returned no number called "{name}" in a completed trial, so nothing is said about overfitting. {there}{other}'


def over_range(space: SearchSpace, name: str, count: int = 7) -> list[Value]:
    """Values of a hyperparameter over its range, evenly on its scale: all, or `count` with both ends.

    Raises:
        StudyError: there is no such hyperparameter.
    """
    if name not in space.names:
        raise StudyError(f'The space has no parameter "{name}". It has: {", ".join(space.names)}.')
    alone = SearchSpace({name: space.parameters[name]})
    return [alone.params([value])[name] for value in levels(alone, 0, count)]


def _clarity(trend: Trend) -> float:
    return math.inf if math.isnan(trend.p) else trend.p


def _trend(history: History, column: int, rows: Array, widths: Array) -> Trend:
    name, parameter = list(history.space.parameters.items())[column]
    active = np.isfinite(rows[:, column])
    x, y = rows[active, column], widths[active]
    n = len(x)
    if isinstance(parameter, Categorical):
        medians = [
            (history.space.params(rows[active][x == level][0])[name], float(np.median(y[x == level])), int((x == level).sum()))
            for level in np.unique(x)
        ]
        return Trend(name, n, medians=tuple(sorted(medians, key=lambda each: -each[1])))
    if n < _FEW or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return Trend(name, n)
    found = stats.spearmanr(x, y)
    rank = float(found.statistic)
    if abs(rank) >= 1.0:
        return Trend(name, n, rank, rank, rank, 0.0)
    half = 1.959964 * math.sqrt((1 + rank**2 / 2) / (n - 3))
    return Trend(name, n, rank, math.tanh(math.atanh(rank) - half), math.tanh(math.atanh(rank) + half), float(found.pvalue))


def _said(trends: list[Trend], n: int) -> list[str]:
    asked = [trend for trend in trends if not math.isnan(trend.p)]
    if not asked:
        few = f" from {counted(n, 'trial')}" if n < _FEW else ""
        return [f"How the gap goes along the hyperparameters cannot be told{few}."]
    clear = [trend for trend in asked if trend.p < _CLEAR / len(asked)]  # one in twenty shows a trend by chance
    if not clear:
        return [f"No hyperparameter goes clearly with the gap (n = {n})."]
    said = []
    for trend in clear[:_SAID]:
        way = "widens" if trend.rank > 0 else "narrows"
        rank, bounds = interval(trend.rank, trend.low, trend.high)
        said.append(f"The gap {way} with {trend.name} (rank correlation {rank}, 95 % interval {bounds}, n = {trend.n}).")
    return said
