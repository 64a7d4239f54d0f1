"""Training against validation: does the winner learn, or does it learn by heart?

An objective may put the score on its own training data beside each fold's validation score, as a number in `Outcome.info`. The *gap*
is how much better the training score is. A gap means something only beside the noise of the validation score, so it is measured in
standard deviations over the folds, of which three folds say little themselves. And a gap alone is no fault: flexible models that validate best often fit their training data
perfectly, and a gap of a hundredth of the score is none to speak of however quiet the folds are. Overfitting shows where configurations that fit the training data *more* closely than the winner validate *worse*;
underfitting where validation still rises with every closer fit and no gap has opened.
"""

import math
from typing import Final, Literal

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.summary import at_full_effort, objective, standard_deviation
from tunewright.analysis.text import counted, number
from tunewright.history import COMPLETED, History
from tunewright.metric import Metric
from tunewright.trial import Trial

__all__ = ["Gap", "gap", "gap_sentence", "gap_size", "train_key", "train_score"]

_SMALL, _LARGE = 1.0, 3.0  # standard deviations over the folds
_MATTERS: Final = 0.02  # of the score
_TREND: Final = 8  # trials needed before anything is said about a trend


class Gap(msgspec.Struct, frozen=True):
    """Training and validation scores of the trials of a history.

    Attributes:
        trials: numbers of the completed trials that have both.
        train, validation: their scores, in the metric's units.
        sd: of the winner's validation score over its folds; NaN without folds.
        best: the place of the winner in `trials`; -1 if it is not among them.
        n: folds and seeds behind `sd`; 0: unknown.
    """

    trials: tuple[int, ...]
    train: tuple[float, ...]
    validation: tuple[float, ...]
    sd: float
    best: int
    n: int = 0

    def __repr__(self) -> str:
        """Without the scores of all trials, in a line."""
        winner = "the winner is not among them"
        if self.best >= 0:
            train, validation = number(self.train[self.best]), number(self.validation[self.best])
            winner = f"the winner, trial {self.trials[self.best]}: train {train}, validation {validation}, sd {number(self.sd, 2)}, n = {self.n}"
        return f"Gap({counted(len(self.trials), 'trial')}; {winner})"


def train_key(history: History, name: str = "") -> str:
    """The name in `Measurement.info` of the training score of the first optimised metric: `name`, if given, else the first of
    train_<metric>, train_score and train that the first completed trial has; "" if it has none.
    """
    if name:
        return name
    completed = np.flatnonzero(history.states == COMPLETED)
    if not len(completed):
        return ""
    metric = objective(history).name
    known = {key for m in history.trial(int(completed[0])).measurements for key in m.info}
    return next((key for key in (f"train_{metric}", "train_score", "train") if key in known), "")


def train_score(trial: Trial, key: str) -> float:
    """The mean training score over the folds and seeds at the highest budget; NaN if one of them has none."""
    scores = [m.info.get(key) for m in at_full_effort(trial)]
    numbers = [float(score) for score in scores if isinstance(score, int | float) and not isinstance(score, bool)]
    return float(np.mean(numbers)) if numbers and len(numbers) == len(scores) else math.nan


def gap(history: History, name: str = "", *, winner: int | None = None) -> Gap | None:
    """Training beside validation scores of the completed trials; None where no trial has a training score.

    Args:
        history: whose objective puts the training score into its outcome's info.
        name: of the score there; default: as `train_key` finds it.
        winner: the trial whose gap is judged; default: the best.
    """
    key = train_key(history, name)
    if not key:
        return None
    metric = objective(history)
    found = []
    for trial_number in np.flatnonzero((history.states == COMPLETED) & history.usable):
        trial = history.trial(int(trial_number))
        score = train_score(trial, key)
        if math.isfinite(score) and trial.values is not None:
            found.append((trial.number, score, trial.values[metric.name]))
    if not found:
        return None
    numbers, train, validation = zip(*found, strict=True)
    judged = history.order.tolist() if winner is None else [winner]
    best = next((numbers.index(trial_number) for trial_number in judged if trial_number in numbers), -1)
    sd, n = math.nan, 0
    if best >= 0:
        values = [m.values[metric.name] for m in at_full_effort(history.trial(numbers[best])) if m.values]
        sd, n = standard_deviation(np.array(values)), len(values)
    return Gap(numbers, train, validation, sd, best, n)


def gap_size(found: Gap, metric: Metric) -> Literal["none", "unknown", "noise", "some", "large"]:
    """How the winner's gap stands to the noise of the folds. A large one is both clear and of a size that matters: beyond three standard
    deviations over the folds, certain at the level of three sigma although few folds say little of their noise, and more than a
    fiftieth of the score.
    """
    train, validation = found.train[found.best], found.validation[found.best]
    width = metric.sign * (validation - train)
    if not width > 0:
        return "none"
    if math.isnan(found.sd):
        return "unknown"
    if width <= _SMALL * found.sd:
        return "noise"
    few = float(stats.t.isf(stats.norm.sf(_LARGE), found.n - 1)) / math.sqrt(found.n) if found.n > 1 else 0.0
    clear = width > max(_LARGE, few) * found.sd
    return "large" if clear and width > _MATTERS * max(abs(train), abs(validation)) else "some"


def gap_sentence(found: Gap, metric: Metric, who: str = "the winner") -> str:
    """Plain words on over- and underfitting: what the winner's gap is, whether it matters, and where to look; `who`: what to call it."""
    if found.best < 0:
        return "No trial has a valid result, so there is no winner whose gap could be judged."
    train, validation = found.train[found.best], found.validation[found.best]
    width, size = metric.sign * (validation - train), gap_size(found, metric)
    said = f"{who[:1].upper()}{who[1:]} scores {number(train)} on its training data and {number(validation)} in validation"
    closer, trend = _closer_fits(found, metric)
    if size == "none":
        return f"{said}: no gap, so no sign of overfitting. {_underfitting(trend, closer, who)}".rstrip()
    if size == "unknown":
        return f"{said}: a gap of {number(width, 2)}. Without folds there is no spread to judge it by. {_overfitting(closer, who)}".rstrip()
    said = f"{said}, a gap of {number(width, 2)}"
    if size == "noise":
        return f"{said}, which is within one standard deviation over the folds: no sign of overfitting. {_underfitting(trend, closer, who)}".rstrip()
    times = (
        f"{number(width / found.sd, 2)} standard deviations over the folds" if found.sd else "while the folds do not vary at all"
    )
    if size == "some":
        return f"{said} ({times}): it fits its training data somewhat better than new data, as most models do. {_overfitting(closer, who)}".rstrip()
    advice = _overfitting(closer, who) or "More data or stronger regularisation may narrow it."
    return f"{said} ({times}): it has learned details of its training data that do not carry over. {advice}"


def _closer_fits(found: Gap, metric: Metric) -> tuple[float, float]:
    """(How much worse, in the median, those validate that fit more closely than the winner; NaN if there are fewer than 3 —
    rank correlation of training with validation scores over the better half of the trials; NaN if too few).
    """
    train, validation = -metric.sign * np.array(found.train), -metric.sign * np.array(found.validation)
    more = train > train[found.best] + 1e-9 * abs(train[found.best])
    worse = float(np.median(validation[found.best] - validation[more])) if more.sum() >= 3 else math.nan
    upper = validation >= np.median(validation)
    if upper.sum() < _TREND or len(np.unique(train[upper])) < 3 or len(np.unique(validation[upper])) < 3:
        return worse, math.nan
    return worse, float(stats.spearmanr(train[upper], validation[upper]).statistic)


def _overfitting(worse: float, who: str) -> str:
    if math.isnan(worse) or worse <= 0:
        return ""
    return (
        f"Configurations that fit their training data more closely than {who} validate worse (by {number(worse, 2)} in the median):"
        f" overfitting sets in there, and {who} lies before it."
    )


def _underfitting(trend: float, worse: float, who: str) -> str:
    if trend > 0.5 and math.isnan(worse):
        return (
            "Validation still rises with every closer fit: a more flexible model, or wider ranges, may gain more (underfitting)."
        )
    return _overfitting(worse, who)
