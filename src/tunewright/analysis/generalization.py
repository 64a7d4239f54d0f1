"""What the result of a search is worth on new data, beside the default and a baseline.

The score of a winner is too good, since the winner was chosen by it. Four ways lead to an honest number; the best that the study
allows is taken.

- *predictions*: bootstrap bias-corrected cross-validation [1]. Rows are drawn with replacement from the out-of-fold predictions of
  all configurations, and the best on the drawn rows is chosen. What it scores there beyond its score on all rows is the luck of having been
  chosen. Its score on all rows less this luck, in the mean over the draws, is what a winner chosen in this way is worth. For means over rows that
  is, in expectation, its score on the rows that were not drawn, as in [1]; but other scores of these, R² or F1 of a few rows, are no measure of
  what they are on many. Winner, default and baseline are all judged by their scores on all rows. The spread of the winner over the drawn rows
  gives the width. It knows nothing of the chance of the training rows, nor of rare rows that none of the few held, so the interval holds that
  of the folds too.
- *folds*: without predictions, the posterior of the winner given the scores of all configurations on all folds (`winner.py`).
- *nested*: the whole search is done anew inside each of some outer folds, and judged on rows that it never saw.
- *test*: rows that nothing has looked at.

Winner and default are compared on the same rows or folds, so what is hard for both cancels out. The default was not chosen by its
score, so nothing is taken off it, unless it is the winner: as the best of all compared it was lucky like any other, however it came to be tried. Models of folds learn from fewer rows than the one that is shipped; what the rest brings is added where it
is asked for (`growth.py`). The default is recommended unless the winner is better with probability 0.7 at least: where there is much to
gain the probability is near 1, and what lies between half and that is mostly luck (docs/honest-benchmark.md).

[1] Tsamardinos, Greasidou & Borboudakis, Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation,
Machine Learning 107, 2018, algorithm 3.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from tunewright.analysis.hits import least_deviation, rows_behind
from tunewright.analysis.lineages import refuse_clone
from tunewright.analysis.summary import difference, objective
from tunewright.analysis.text import cut
from tunewright.analysis.verdict import Generalization, said, turned
from tunewright.analysis.winner import Estimate, Judged, alone, believed, default_of, default_params, on_rows, posterior, within
from tunewright.effects import Effects
from tunewright.errors import DataError, StudyError
from tunewright.history import History
from tunewright.trial import Trial
from tunewright.typing import Array, Params

__all__ = ["by_draws", "by_folds", "by_objective", "by_outer_folds", "by_test", "nested"]

_NONE: Final = Estimate(0.0, 0.0, 0.0)
_QUANTILE: Final = float(stats.norm.ppf(0.975))

_SAME: Final = 1e-9
"""Gains that differ by less, of their size, say nothing about chance."""


def by_objective(history: History, judge: object) -> Generalization:
    """By the best way that the objective allows: its kept predictions, else the folds.

    Args:
        history: of the study.
        judge: its objective; of one that is no `CrossValidation` nothing is asked.
    """
    drawn = getattr(judge, "drawn", None)
    best, default = history.best, default_of(history)
    if drawn is not None:
        numbers = [int(number) for number in np.flatnonzero(history.proven)]
        found = drawn([history.trial(number).params for number in numbers])
        if found is not None:
            kept = [numbers[i] for i in found[0]]
            beside = default is not None and bool(history.proven[default.number])
            if best.number in kept and (default is None or not beside or default.number in kept):  # else the folds know more
                place = kept.index(default.number) if default is not None and beside else None
                scores = np.append(objective(history).sign * history.effects().values[kept], found[1].scores[-1])
                if np.isfinite(found[1].scores).all():
                    return by_draws(
                        history, scores, found[1].drawn, best=kept.index(best.number), default=place, baseline=len(kept)
                    )
    return by_folds(history, _baseline(judge))


def nested(history: History, judge: Any, outer: int, search: Callable[[int, Any], Params]) -> Generalization:  # noqa: ANN401  a cross-validation, from above
    """By the whole search anew inside each outer fold.

    Args:
        history: of the study itself.
        judge: its `CrossValidation`.
        outer: so many outer folds.
        search: is given the number of an outer fold and the cross-validation of its training rows, and returns the winner's parameters.

    Raises:
        StudyError: the objective is no cross-validation, so there are no rows to hold out; or the best is a clone.
    """
    if not hasattr(judge, "outer"):
        raise StudyError(
            "Nested cross-validation divides rows, so it needs the study's CrossValidation: generalization(cv, outer=5)."
        )
    refuse_clone(history, "judged inside outer folds")
    judged = judge.outer(outer)
    scores, defaults, lacking = [], [], ""
    for held, fold in enumerate(judged.splits.repeat(0)):
        scores.append(judged.score(search(held, judge.subset(fold.train)), held))
        try:
            defaults += [] if lacking else [judged.score(default_params(history), held)]
        except Exception as error:  # noqa: BLE001  what the default raises is no reason to lose the winner
            lacking = _lacking(error, f"outer fold {held}")
    beside = None if lacking else np.array(defaults)
    return by_outer_folds(history, np.array(scores), beside, _baseline(judged), lacking=lacking)


def by_test(history: History, judge: Any, X: Any, y: Any) -> Generalization:  # noqa: ANN401, N803  a cross-validation, from above
    """By rows that nothing has looked at: the winner, the default and the baseline are fitted to all rows of the study and judged there.

    They were not chosen by these rows, so nothing is taken off. Look once: who goes on tuning after it has spent the test set.

    Args:
        history: of the study.
        judge: its `CrossValidation`.
        X, y: the test set.

    Raises:
        DataError: the test set cannot be used.
        StudyError: the objective is no cross-validation, so it cannot fit a configuration to all rows; or the best is a clone.
    """
    if not hasattr(judge, "tested"):
        raise StudyError(
            "A test set is judged by models, so it needs the study's CrossValidation: generalization(cv, test=(X, y))."
        )
    refuse_clone(history, "fitted to other rows")
    metric, lacking, configurations = objective(history), "", [history.best.params, default_params(history)]
    try:
        scores, drawn = judge.tested(configurations, X, y)
        lacking = "" if np.isfinite(scores[1]) else _lacking(ValueError(f"its score is {scores[1]}"), "the test set")
    except Exception as error:  # noqa: BLE001  the default's, unless the winner fails, too
        lacking = _lacking(error, "the test set")
    if lacking:
        scores, drawn = judge.tested(configurations[:1], X, y)
    if not np.isfinite(scores[0]):
        raise DataError(f"The winner's score on the test set is {scores[0]}, which says nothing.")
    usable = np.isfinite(drawn).all(axis=0)
    losses, draws = metric.sign * scores, metric.sign * drawn[:, usable]
    claimed, *others = (
        turned(within(history, _around(float(loss), each)), metric) for loss, each in zip(losses, draws, strict=True)
    )
    if lacking:
        floor = others[0] if others else None
        return said("test", history, claimed, None, floor, gain=None, probability=math.nan, lacking=lacking)
    beside, *floors = others
    apart = draws[1] - draws[0]
    gain = _around(float(losses[1] - losses[0]), apart)
    probability = float(np.mean(apart > 0) + np.mean(apart == 0) / 2) if len(apart) else math.nan
    return said("test", history, claimed, beside, floors[0] if floors else None, gain=gain, probability=probability)


def _lacking(error: Exception, where: str) -> str:
    """Why there is no comparison with the default."""
    cause = error.__cause__ or error
    return f"There is no comparison with the default: it cannot be judged on {where} ({cut(f'{type(cause).__name__}: {cause}', 120)})."


def _baseline(judge: object) -> list[float]:
    baseline = getattr(judge, "baseline", None)
    return [] if baseline is None else list(baseline().values())


def by_folds(history: History, baseline: Sequence[float] = (), *, rows: float | None = None) -> Generalization:
    """From the scores on the folds alone.

    Args:
        history: of the study.
        baseline: scores of a model that does not look at the features, one for each fold and repeat.
        rows: that the folds divide, for a metric that is a share of them; default: as the history knows.

    Raises:
        NoResult: there is no winner.
    """
    metric, best, found = objective(history), history.best, history.at_full()
    judged = believed(history, best.number)  # for the claim and for the gain: with skewed noise it takes long
    claimed = posterior(history, best.number, rows, judged)
    default = default_of(history)
    beside = gain = None
    probability = math.nan
    if default is not None and default.number == best.number:
        beside, gain, probability = turned(claimed, metric), _NONE, 0.5
    elif default is not None:
        theirs = posterior(history, default.number, rows)
        half = (theirs.high - theirs.low) / 2
        plain = float(found.values[default.number])
        beside = turned(within(history, Estimate(plain, plain - half, plain + half)), metric)
        gain, probability = _gain_on_rows(history, best, default, judged, rows)
    return said(
        "folds", history, turned(claimed, metric), beside, _mean(baseline, history.overlap), gain=gain, probability=probability
    )


def _gain_on_rows(history: History, best: Trial, default: Trial, judged: Judged, rows: float | None) -> tuple[Estimate, float]:
    """The same as `_gain`, no surer than so many rows allow, where the metric is a share of them and luck can be told."""
    (gain, probability), found = _gain(history, best, default, judged), history.at_full()
    behind = [rows_behind(history, trial.number, rows) for trial in (best, default)]
    least = least_deviation(gain.value, min((each for each in behind if each is not None), default=None))
    told = np.isfinite(found.variances[[best.number, default.number]]).all() or _by_themselves(found, best, default)
    if not told or not least > 0 or (gain.high - gain.low) / 2 >= _QUANTILE * least:
        return gain, probability
    half = _QUANTILE * least
    return Estimate(gain.value, gain.value - half, gain.value + half), float(stats.norm.cdf(gain.value / least))


def _by_themselves(found: Effects, best: Trial, default: Trial) -> bool:
    """Whether nothing but their own scores tells how far chance moved the two."""
    return math.isnan(found.noise) and alone(found, best.number) and alone(found, default.number)


def _gain(history: History, best: Trial, default: Trial, judged: Judged) -> tuple[Estimate, float]:
    """What the winner gains on the default, its luck taken off, and the probability that it is better; fold by fold where nothing else tells of chance."""
    found = history.at_full()
    if (
        _by_themselves(found, best, default)
        and (paired := difference(best, default, objective(history), history)) is not None
        and paired.high > paired.gain
    ):
        quantile = float(stats.t.ppf(0.975, paired.shared - 1))
        sure = float(stats.t.cdf(paired.gain / (paired.high - paired.gain) * quantile, paired.shared - 1))
        return Estimate(paired.gain, paired.low, paired.high), sure
    mean, _, _, deviation, noise = judged
    apart = float(found.values[default.number]) - mean
    more = max(0.0, noise - found.noises[default.number]) * (1 / found.counts[default.number] + found.overlap)
    parts = np.array([deviation**2, found.variances[default.number] + more])
    spread = math.sqrt(parts.sum())
    if not spread > 0:
        return Estimate(apart, apart - spread, apart + spread), math.nan
    shares = parts / parts.sum()
    freedom = float(1 / (shares**2 / found.freedom[[best.number, default.number]]).sum())  # Satterthwaite's
    half = float(stats.t.ppf(0.975, freedom)) * spread
    return Estimate(apart, apart - half, apart + half), float(stats.t.cdf(apart / spread, freedom))


def by_draws(
    history: History, scores: Array, drawn: Array, *, best: int, default: int | None, baseline: int | None = None
) -> Generalization:
    """From scores on all rows, and on rows drawn with replacement.

    Args:
        history: of the study.
        scores: of the configurations on all rows, shape (configurations,), in the metric's units.
        drawn: the same on the drawn rows, shape (configurations, draws).
        best, default: which of the configurations; None: the default is not among them.
        baseline: which of them looks at no feature, and was not to be chosen; None: none of them.
    """
    metric, rough = objective(history), by_folds(history)
    level, moved = metric.sign * scores, metric.sign * drawn
    moved = moved - moved.mean(axis=1, keepdims=True) + level[:, None]
    choices = moved if baseline is None else np.where(np.arange(len(moved))[:, None] == baseline, np.inf, moved)
    chosen = choices.argmin(axis=0)
    luck = level[chosen] - choices.min(axis=0)
    value = max(float(level[best]), float((level[chosen] + luck).mean()))  # luck is taken off, never added

    def judged(value: float, draws: Array, other: Estimate | None) -> Estimate:
        return turned(within(history, _both(_around(value, draws), None if other is None else turned(other, metric))), metric)

    claimed = judged(value, moved[best], rough.winner)
    beside = gain = None
    probability = math.nan
    if default == best:
        beside, gain, probability = claimed, _NONE, 0.5
    elif default is not None:
        beside = judged(float(level[default]), moved[default], rough.default)
        shift, apart = float(level[default]) - value, moved[default] - moved[best]
        apart = np.where(np.abs(apart) > _SAME * np.abs(level[best]), apart, 0.0)
        plain = _around(shift, apart)
        gain = _both(plain, rough.gain)
        wider = (gain.high - gain.low) / (plain.high - plain.low)
        shifted = shift + (apart - apart.mean()) * (wider if math.isfinite(wider) else 1.0)
        probability = float(np.mean(shifted > 0) + np.mean(shifted == 0) / 2)
    floor = None if baseline is None else judged(float(level[baseline]), moved[baseline], None)
    return said("predictions", history, claimed, beside, floor, gain=gain, probability=probability)


def _both(found: Estimate, other: Estimate | None) -> Estimate:
    """With an interval that holds that of the other estimate too."""
    if other is None:
        return found
    return Estimate(found.value, float(np.fmin(found.low, other.low)), float(np.fmax(found.high, other.high)))


def by_outer_folds(
    history: History, scores: Array, defaults: Array | None, baseline: Sequence[float] = (), *, lacking: str = ""
) -> Generalization:
    """From searches inside outer folds, each judged on its own outer rows.

    Args:
        history: of the study itself, whose winner is recommended.
        scores, defaults: of the inner winner and of the default on each outer fold, shape (outer,), in the metric's units.
        baseline: as for `by_folds`.
        lacking: why there is no default.
    """
    metric = objective(history)
    overlap = 1 / max(1, len(scores) - 1)
    if defaults is None:
        claimed = _bounded(_mean(scores, overlap), history)
        assert claimed is not None
        floor = _mean(baseline, overlap)
        return said("nested", history, claimed, None, floor, gain=None, probability=math.nan, lacking=lacking)
    gains = metric.sign * (defaults - scores)
    gain = _mean(gains, overlap)
    assert gain is not None
    deviation, least = (
        float(gains.std(ddof=1)) * math.sqrt(1 / len(gains) + overlap),
        least_deviation(gain.value, rows_behind(history)),
    )
    if least > deviation:
        deviation, gain = least, Estimate(gain.value, gain.value - _QUANTILE * least, gain.value + _QUANTILE * least)
    varied = deviation > _SAME * float(np.abs(gains).max())
    probability = float(stats.t.cdf(gain.value / deviation, len(gains) - 1)) if varied else 0.5 if not gains.any() else math.nan
    claimed, beside = (_bounded(_mean(each, overlap), history) for each in (scores, defaults))
    assert claimed is not None
    return said("nested", history, claimed, beside, _mean(baseline, overlap), gain=gain, probability=probability)


def _bounded(found: Estimate | None, history: History) -> Estimate | None:
    metric = objective(history)
    return (
        None if found is None else turned(within(history, on_rows(history, turned(found, metric), rows_behind(history))), metric)
    )


def _around(value: float, draws: Array) -> Estimate:
    """The spread of the draws, about another value than their mean; none where all are the same, which is too few rows and not certainty."""
    if len(draws) < 2 or not np.ptp(draws) > 0:
        return Estimate(value)
    low, high = np.percentile(draws - draws.mean(), [2.5, 97.5])
    return Estimate(value, value + float(low), value + float(high))


def _mean(scores: Sequence[float] | Array, overlap: float) -> Estimate | None:
    """The mean of scores on folds with its interval (Nadeau & Bengio 2003, eq. (9)); None without scores."""
    numbers = np.asarray(scores, np.float64)
    if not len(numbers):
        return None
    mean = float(numbers.mean())
    if len(numbers) < 2:
        return Estimate(mean)
    half = float(stats.t.ppf(0.975, len(numbers) - 1) * numbers.std(ddof=1) * math.sqrt(1 / len(numbers) + overlap))
    return Estimate(mean, mean - half, mean + half)
