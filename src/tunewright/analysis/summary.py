"""The numbers behind a report: functions of a history, and of nothing else.

The *spread* of a trial is the standard deviation over its folds and seeds at the highest budget. Whether two configurations that
were measured on the same folds differ is asked fold by fold: the interval of the mean difference is Student's t with the variance
corrected for the training sets of the folds overlapping [1], (1/k + 1/(k-1)) s^2 for k folds instead of s^2/k. It is still too
kind to a winner that was *chosen* by these folds; only data that the search never saw can judge that.

[1] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, eq. (9).
[2] Smyth, Linear models and empirical Bayes methods for assessing differential expression, SAGMB 3, 2004.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.text import interval, number
from tunewright.history import COMPLETED, FAILED, History
from tunewright.metric import Metric
from tunewright.trial import Failure, Measurement, Trial
from tunewright.typing import Array, Indices

__all__ = [
    "Cause",
    "Difference",
    "Ranked",
    "Spread",
    "Totals",
    "association",
    "at_full_effort",
    "causes",
    "counts_text",
    "default_trial",
    "default_without_value",
    "difference",
    "failures",
    "failures_left_out",
    "objective",
    "ranked",
    "ranking",
    "sentence_on_difference",
    "spread",
    "standard_deviation",
    "totals",
    "unfinished",
]

_NUMBERS: Final = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_CONFIDENCE: Final = 0.95
_SAME: Final = 1e-9
"""Gains that differ by less, of the size of the scores, say nothing about chance."""

_RARE: Final = 0.05
"""Fewer failures than this share of the trials are not worth a word."""

_PRIOR_FREEDOM: Final = 4.0
"""Folds that the noise of all trials counts for, as in `Race`."""


class Spread(msgspec.Struct, frozen=True):
    """A trial's value in one metric, and how it varies.

    Attributes:
        mean: the value of the trial (over folds and seeds at the highest budget).
        values: one per fold and seed, in the order of the tasks.
        sd: their standard deviation (n - 1 in the denominator); NaN for fewer than two.
    """

    mean: float
    values: tuple[float, ...]
    sd: float


class Ranked(msgspec.Struct, frozen=True):
    """A completed trial in its place: rank 1 is the best; `spread` is that of the first optimised metric."""

    rank: int
    trial: Trial
    spread: Spread


class Difference(msgspec.Struct, frozen=True):
    """How much better one is than another, in the metric's units (positive: better), with a 95 % interval.

    Attributes:
        gain: how much.
        low, high: the interval; NaN where it cannot be told.
        shared: folds and seeds that both were measured on; 0: something else was compared.
    """

    gain: float
    low: float
    high: float
    shared: int = 0


class Cause(msgspec.Struct, frozen=True):
    """Failures that say the same thing, apart from the numbers in it.

    Attributes:
        kind: as in `Failure`.
        message: of the first of them.
        trials: numbers of the trials, lowest first.
        traceback: of the first that has one.
    """

    kind: str
    message: str
    trials: tuple[int, ...]
    traceback: str


class Totals(msgspec.Struct, frozen=True):
    """How much was done.

    Attributes:
        completed, failed: trials.
        running: trials that somebody has in hand.
        unfinished: trials that were begun and given back, so that nobody works on them now.
        tasks: trials times folds and seeds, finished.
        seconds: wall time of all tasks together (several workers at once count each).
        started, ended: seconds since 1970 of the first asking and the last result; NaN if there is none.
        origins: trials by who proposed them, the most frequent first.
    """

    completed: int
    failed: int
    running: int
    unfinished: int
    tasks: int
    seconds: float
    started: float
    ended: float
    origins: tuple[tuple[str, int], ...]


def objective(history: History) -> Metric:
    """The first metric that is optimised: the one that charts and tables are about."""
    return history.metrics[history.objectives[0]]


def at_full_effort(trial: Trial) -> list[Measurement]:
    """The measurements with values at the highest budget: those that the trial's value is the mean of."""
    good = [measurement for measurement in trial.measurements if measurement.values is not None]
    budgets = [math.inf if measurement.budget is None else measurement.budget for measurement in good]
    return [measurement for measurement, budget in zip(good, budgets, strict=True) if budget == max(budgets)]


def spread(trial: Trial, metric: str) -> Spread:
    """Value and spread of a trial in a metric; the mean is NaN unless the trial is completed."""
    values = tuple(
        measurement.values[metric] for measurement in at_full_effort(trial) if measurement.values and metric in measurement.values
    )
    mean = math.nan if trial.values is None else trial.values[metric]
    return Spread(mean, values, standard_deviation(np.array(values)))


def standard_deviation(values: Array) -> float:
    """With n - 1 in the denominator, and safe for values up to the ends of the float range; NaN for fewer than two."""
    if len(values) < 2:
        return math.nan
    size = float(np.abs(values).max())
    return float((values / size).std(ddof=1)) * size if size else 0.0


def ranking(history: History, count: int | None = 10) -> list[Ranked]:
    """The best feasible trials, in the order of `History.order`. `count` None: all."""
    metric = objective(history)
    found = [history.trial(int(number)) for number in history.order[:count]]
    return [Ranked(rank, trial, spread(trial, metric.name)) for rank, trial in enumerate(found, 1)]


def ranked(history: History, trial: Trial) -> Ranked:
    """A completed trial with its rank among all feasible ones (an infeasible one: as if it were feasible)."""
    order = history.order
    place = np.flatnonzero(order == trial.number)
    values = history.effects().values
    better = int(place[0]) if len(place) else int((values[order] < values[trial.number]).sum())
    return Ranked(better + 1, trial, spread(trial, objective(history).name))


def default_trial(history: History) -> Trial | None:
    """The completed trial enqueued as "default", else that of the space's default configuration, else of one whose note begins so; None
    if none was tried.
    """
    return _default_among(history, np.flatnonzero((history.states == COMPLETED) & history.usable))


def default_without_value(history: History) -> Trial | None:
    """The trial of the default configuration that has no value, or none yet, where no other of it has one; None if none was tried."""
    if default_trial(history) is not None:
        return None
    return _default_among(history, np.flatnonzero((history.states != COMPLETED) & history.usable))


def failures_left_out(history: History) -> str:
    """A sentence where at least one in twenty finished trials failed, for what looks at completed ones only; else ""."""
    failed, completed = (int((history.states == state).sum()) for state in (FAILED, COMPLETED))
    if not failed or failed < _RARE * (failed + completed):
        return ""
    return f"{failed:,} of {failed + completed:,} finished trials failed and are not in this; what failures go with says study.health()."


def _default_among(history: History, numbers: Indices) -> Trial | None:
    named = next((int(number) for number in numbers if history.note(int(number)) == "default"), None)
    if named is not None:
        return history.trial(named)
    if len(history.space):
        row = np.asarray(history.space.row(history.space.default), np.float64)
        rows = history.rows[numbers]
        same = ((rows == row) | (np.isnan(rows) & np.isnan(row))).all(axis=1)
        if same.any():
            return history.trial(int(numbers[np.argmax(same)]))
    noted = (history.trial(int(number)) for number in numbers if history.origin(int(number)) == "queue")
    return next((trial for trial in noted if trial.note.lower().startswith("default")), None)


def difference(better: Trial, other: Trial, metric: Metric, *histories: History) -> Difference | None:
    """How much `better` gains on `other` over the folds and seeds that both were measured on; None for fewer than two of them.

    Args:
        better, other: the trials.
        metric: of whose values.
        histories: the one that holds both, or that of each. Where they tell the noise, it counts as much as four further folds, so
            that two that happen to agree prove nothing [2]; n_test / n_train is theirs, too, else 1 / (folds - 1).

    Gains that are all the same, but not 0, have no interval (NaN) unless the noise is known.

    Source: Nadeau & Bengio 2003, eq. (9); without folds (seeds only): the plain t interval.
    """
    pairs = [{(m.fold, m.seed): m.values[metric.name] for m in at_full_effort(trial) if m.values} for trial in (better, other)]
    shared = [key for key in pairs[0] if key in pairs[1]]
    if len(shared) < 2:
        return None
    ours, theirs = (np.array([pair[key] for key in shared]) for pair in pairs)
    size = float(max(np.abs(ours).max(), np.abs(theirs).max())) or 1.0
    gains = -metric.sign * (ours / size - theirs / size)
    mean, free = float(gains.mean()), len(gains) - 1.0
    squares = float(((gains - mean) ** 2).sum())
    noise = _noise(histories, (better, other), metric) / size / size
    if math.isfinite(noise) and noise > 0:
        squares, free = squares + _PRIOR_FREEDOM * noise, free + _PRIOR_FREEDOM
    elif mean and float(np.ptp(gains)) <= _SAME:
        return Difference(mean * size, math.nan, math.nan, len(shared))
    folds = len({fold for pair in pairs for fold, _ in pair})
    overlap = max((each.overlap for each in histories), default=1 / (folds - 1) if folds > 1 else 0.0)
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, free)) * math.sqrt(squares / free * (1 / len(gains) + overlap))
    return Difference(mean * size, (mean - half) * size, (mean + half) * size, len(shared))


def _noise(histories: Sequence[History], trials: Sequence[Trial], metric: Metric) -> float:
    """The variance of the difference of two trials on one fold, as all trials tell it; NaN where they do not."""
    if not histories:
        return math.nan
    pairs = zip((histories[0], histories[-1]), trials, strict=True)
    each = [
        history.effects([known.name for known in history.metrics].index(metric.name)).noises[trial.number]
        for history, trial in pairs
    ]
    return float(sum(each))


def causes(history: History) -> list[Cause]:
    """The failed trials grouped by what they say (numbers in the messages do not count), the most frequent first."""
    groups: dict[tuple[str, str], list[tuple[int, Failure]]] = {}
    for number_, failure in failures(history):
        groups.setdefault((failure.kind, _NUMBERS.sub("#", failure.message)), []).append((number_, failure))
    found = [
        Cause(
            failure.kind,
            failure.message,
            tuple(number_ for number_, _ in group),
            next((each.traceback for _, each in group if each.traceback), ""),
        )
        for group in groups.values()
        for _, failure in group[:1]
    ]
    return sorted(found, key=lambda cause: (-len(cause.trials), cause.trials[0]))


def failures(history: History) -> list[tuple[int, Failure]]:
    """The failed trials, each with its first failure."""
    trials = (history.trial(int(number_)) for number_ in np.flatnonzero(history.states == FAILED))
    return [(trial.number, trial.failure) for trial in trials if trial.failure is not None]


def totals(history: History) -> Totals:
    """How much was done, by whom, and when."""
    ended = history.finished_at[np.isfinite(history.finished_at)]
    left = unfinished(history)
    origins = Counter(history.origin(number_) for number_ in range(len(history)))
    return Totals(
        completed=history.completed,
        failed=history.failed,
        running=history.running - len(left),
        unfinished=len(left),
        tasks=sum(len(trial.measurements) for trial in history.trials),
        seconds=float(history.seconds.sum()),
        started=float(history.asked_at.min()) if len(history) else math.nan,
        ended=float(ended.max()) if len(ended) else math.nan,
        origins=tuple(origins.most_common()),
    )


def unfinished(history: History) -> set[int]:
    """The trials that were begun and given back: no result, and nobody who has a task of them in hand."""
    held = {task.trial for task, _ in history.open_tasks}
    return {number_ for number_ in history.underway if number_ not in held}


def counts_text(history: History) -> str:
    """How many trials are in which state: "33 completed, 0 failed, 1 running, 2 unfinished"; the last only where there are any."""
    left = len(unfinished(history))
    text = f"{history.completed:,} completed, {history.failed:,} failed, {history.running - left:,} running"
    return text + (f", {left:,} unfinished" if left else "")


def association(x: Array, losses: Array, groups: int = 6) -> float:
    """How much of the order of the losses goes with x: the correlation ratio of the ranks over groups of x, adjusted for their number.

    A rough sieve for what is worth drawing first, in [0, 1]; not a measure of importance.

    Args:
        x: one raw column, shape (n,), NaN where inactive.
        losses: shape (n,), NaN where there is none.
        groups: into how many equal parts a column with many distinct values is cut.
    """
    known = np.isfinite(x) & np.isfinite(losses)
    x, losses = x[known], losses[known]
    if len(x) < 4:
        return 0.0
    ranks = stats.rankdata(losses)
    label = np.unique(x, return_inverse=True)[1]
    if label.max() >= groups:
        label = (stats.rankdata(x, "average") * groups / (len(x) + 1)).astype(int)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    used = np.unique(label)
    if not total or len(used) < 2 or len(x) <= len(used):
        return 0.0
    within = sum(float(((ranks[label == each] - ranks[label == each].mean()) ** 2).sum()) for each in used)
    return max(0.0, 1 - (within / (len(x) - len(used))) / (total / (len(x) - 1)))


def sentence_on_difference(found: Difference, versus: str = "the default") -> str:
    """What a difference means, in a sentence."""
    if math.isnan(found.low):
        word = "Better" if found.gain > 0 else "Worse"
        return f"{word} than {versus} by {number(abs(found.gain), 3)} on each fold alike: how much of it is luck cannot be told."
    size, ends = interval(found.gain, found.low, found.high)
    size, bounds = size.lstrip("\N{MINUS SIGN}"), f"95 % interval {ends}"
    if found.low > 0:
        return f"Better than {versus} by {size} ({bounds})."
    if found.high < 0:
        return f"Worse than {versus} by {size} ({bounds})."
    word = "better" if found.gain > 0 else "worse"
    return f"Within noise of {versus}: {size} {word} ({bounds})." if found.gain else f"As good as {versus} ({bounds})."
