"""Are two studies really different?

Each side is one study, or several that repeat it with other seeds. What is compared is the best value after equally many trials.

- Several on both sides, with the same seeds: paired by seed, Student's t of the differences.
- Several on both sides, with other seeds: Welch's t.
- One on either side: a single search says nothing about searches; but its winner was measured on folds, and where both were measured
  on the same folds the winners are compared fold by fold (`summary.difference`).

The same studies on both sides differ by exactly nothing, which is no estimate. A study that stands on both sides beside others is refused.

"No difference was found" is not "they are equal": equal, up to a margin that somebody must name, are they only when the whole interval
lies within it (two one-sided tests at 2.5 % [1]). Differences that are all the same, and be it 0, have no interval: they are too few to
show chance, or the searches do not depend on their seeds.

[1] Schuirmann, A comparison of the two one-sided tests procedure and the power approach, J. Pharmacokinetics and Biopharmaceutics 15, 1987.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal, Protocol, TypeAlias

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.summary import difference
from tunewright.analysis.text import counted, cut, interval, number
from tunewright.analysis.told import Told
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.trial import Trial
from tunewright.typing import Array

__all__ = ["Comparison", "compare"]

_CONFIDENCE: Final = 0.95
_SAME: Final = 1e-12
"""Width of an interval beside the values that is rounding alone."""

_ALIKE: Final = {
    "paired seeds": "All pairs differ",
    "unpaired seeds": "All studies of a side came out",
    "folds of the winners": "The winners differ on all folds",
}
_ENOUGH: Final = 0.5
"""Share of the folds and seeds of the trial that met most, as for `History.proven`."""


class Comparison(Told, msgspec.Struct, frozen=True):
    """How two sides differ.

    Attributes:
        metric: which one.
        names: of the two sides.
        trials: after how many finished trials each was looked at.
        values: the mean of the best values of each side.
        gain: how much better the first is, in units of the metric (positive: better); NaN: unknown.
        low, high: its 95 % interval; NaN: unknown, as where all differences are the same.
        n: pairs, or the smaller number of studies, or folds.
        how: "paired seeds", "unpaired seeds", "folds of the winners", "the same", or "none".
        margin: within which a difference does not matter; NaN: nobody said.
        remarks: what to know.
    """

    metric: str
    names: tuple[str, str]
    trials: int
    values: tuple[float, float]
    gain: float
    low: float
    high: float
    n: int
    how: Literal["paired seeds", "unpaired seeds", "folds of the winners", "the same", "none"]
    margin: float = math.nan
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What to make of it, a sentence."""
        first, second = self.names
        if self.how == "the same":
            return f"{first} and {second} are the same search, told twice: the difference is exactly 0."
        if math.isnan(self.low):
            return f"Whether {first} and {second} differ cannot be told."
        if abs(self.low) <= self.margin and abs(self.high) <= self.margin:
            return f"{first} and {second} are equal within the margin of {number(self.margin)}."
        if self.low > 0:
            return f"{first} is better than {second}."
        if self.high < 0:
            return f"{second} is better than {first}."
        return f"No difference between {first} and {second} was found; that they are equal is not shown."

    @property
    def _told(self) -> list[str]:
        lines = [f"{self.names[i]}: {self.metric} {number(self.values[i])} after {counted(self.trials, 'trial')}" for i in (0, 1)]
        if self.n:
            unknown = math.isnan(self.low)
            gain, ends = interval(self.gain, self.low, self.high)
            bounds = "no interval" if unknown else f"95 % interval {ends}"
            lines.append(f"gain of {self.names[0]}: {gain} ({bounds}; {self.how}, n = {self.n})")
        return [*lines, self.verdict, *self.remarks]


def _count(names: tuple[str, str], first: Sequence[History], second: Sequence[History], trials: int | None) -> int:
    """After how many finished trials they are compared; StudyError where they cannot be."""
    everyone = [*first, *second]
    if not first or not second:
        raise StudyError("Each side needs at least one study.")
    metrics = {(each.metrics[each.objectives[0]].name, each.metrics[each.objectives[0]].goal) for each in everyone}
    if len(metrics) > 1 or any(len(each.objectives) > 1 for each in everyone):
        said = "; ".join(f"{name}: {_aims(side)}" for name, side in zip(names, (first, second), strict=True))
        raise StudyError(f"Studies can be compared when all optimise the same single metric, but they do not. {said}.")
    least = min(each.finished for each in everyone)
    if trials is not None and trials > least:
        raise StudyError(
            f"A study has finished {counted(least, 'trial')} only, so there is no comparison after {trials}. Compare after {least} at most."
        )
    return least if trials is None else trials


def _aims(side: Sequence[History]) -> str:
    """What the studies of a side optimise, each way once."""
    ways = (" and ".join(f"{each.metrics[i].goal} {each.metrics[i].name}" for i in each.objectives) for each in side)
    return ", ".join(dict.fromkeys(ways))


class _Held(Protocol):
    """What has a history, as a study does."""

    @property
    def history(self) -> History:
        """The history."""


_One: TypeAlias = History | _Held


def _histories(side: _One | Sequence[_One]) -> list[History]:
    """The histories of a side, also of studies, which have one each; StudyError where it is something else."""
    found = []
    for each in side if isinstance(side, Sequence) and not isinstance(side, str) else [side]:
        history = getattr(each, "history", each)
        if not isinstance(history, History):
            raise StudyError(
                f"Studies are compared, or their histories, one or a list of them on each side; got {cut(repr(each), 80)}."
            )
        found.append(history)
    return found


def compare(
    first: _One | Sequence[_One],
    second: _One | Sequence[_One],
    *,
    names: tuple[str, str] = ("A", "B"),
    margin: float = math.nan,
    trials: int | None = None,
) -> Comparison:
    """Whether two sides differ; see the module.

    Args:
        first, second: one history or several on each side, or the studies themselves, of the same one optimised metric.
        names: of the two.
        margin: within which a difference does not matter, in units of the metric, 0 or more; NaN: nobody said.
        trials: after how many finished trials; default: as many as all of them have.

    Raises:
        StudyError: a side is empty, the metrics differ, several are optimised, or a study has no result yet, or fewer
            trials than are compared; a study stands on both sides, beside others; `names` are not two, or `margin` is below 0.
    """
    names, margin = _checked(names, margin)
    return _compared(_histories(first), _histories(second), names, margin, trials)


def _compared(
    first: list[History], second: list[History], names: tuple[str, str], margin: float, trials: int | None
) -> Comparison:
    everyone = [*first, *second]
    count = _count(names, first, second, trials)
    best = [_bests(side, name, count) for side, name in zip((first, second), names, strict=True)]
    metric = everyone[0].metrics[everyone[0].objectives[0]]
    values = [np.array([trial.values[metric.name] for trial in side if trial and trial.values]) for side in best]
    means = (float(values[0].mean()), float(values[1].mean()))

    def result(gain: float, low: float, high: float, n: int, how: str, *remarks: str) -> Comparison:
        if n and not high - low > _SAME * max(map(abs, means)):
            low, high, remarks = math.nan, math.nan, (*remarks, f"{_ALIKE[how]} alike: that shows no chance to judge by.")
        return Comparison(metric.name, names, count, means, gain, low, high, n, how, margin, remarks)  # type: ignore[arg-type]

    if _same_sides(first, second, names):
        return Comparison(metric.name, names, count, means, 0.0, 0.0, 0.0, 0, "the same", margin)
    differ = _differ(everyone)
    losses = [metric.sign * each for each in values]
    pairs = _paired(first, second)
    if pairs is not None:
        means = (float(values[0][pairs[0]].mean()), float(values[1][pairs[1]].mean()))
        alone = len(first) + len(second) - 2 * len(pairs[0])
        said = [f"{counted(alone, 'study', 'studies')} without a partner of the same seed left out."] if alone else []
        return result(*_t(losses[1][pairs[1]] - losses[0][pairs[0]]), len(pairs[0]), "paired seeds", *differ, *said)
    if min(map(len, losses)) >= 2:
        twice = any(len({history.seed for history in side}) < len(side) for side in (first, second))
        said = ["A seed stands twice on a side: the same search told again is no further evidence."] if twice else []
        return result(*_welch(*losses), min(map(len, losses)), "unpaired seeds", *differ, *said)
    winners = best[0][0], best[1][0]
    assert winners[0] is not None
    assert winners[1] is not None
    found = difference(winners[0], winners[1], metric, first[0], second[0])
    lucky = "One search on a side: this compares two winners, not two ways to search. Repeat both with other seeds."
    if found is None:
        gain = metric.sign * (means[1] - means[0])
        return result(gain, math.nan, math.nan, 0, "none", *differ, f"{lucky} There are no folds in common either.")
    alike = (
        ["Both winners are the same configuration: how they differ is chance."] if winners[0].params == winners[1].params else []
    )
    remarks = [*differ, *alike, *_not_shared(winners[0], winners[1], found.shared), lucky]
    return result(found.gain, found.low, found.high, found.shared, "folds of the winners", *remarks)


def _same_sides(first: Sequence[History], second: Sequence[History], names: tuple[str, str]) -> bool:
    """Whether both sides are the same studies; StudyError where some studies are, and others are not."""
    both = [one for one in first if any(_same(one, other) for other in second)]
    if both and len(both) == len(first) == len(second):
        return True
    if both:
        raise StudyError(
            f"{counted(len(both), 'study stands', 'studies stand')} both among those of {names[0]} and of {names[1]}, and would be compared with "
            "itself. Take it off one of them."
        )
    return False


def _same(one: History, other: History) -> bool:
    """Whether two histories are of one study, read once or twice: begun by the same process, and asked for the same at the same moments."""
    if one is other:
        return True
    begun, n = [each.sessions[:1] for each in (one, other)], min(len(one), len(other))
    ours, theirs = (np.column_stack([each.asked_at, each.rows])[:n] for each in (one, other))
    return bool(begun[0]) and begun[0] == begun[1] and np.array_equal(ours, theirs, equal_nan=True)


def _not_shared(one: Trial, other: Trial, shared: int) -> list[str]:
    """That somebody's mean is of other folds than the gain."""
    first, second = (sum(each.values is not None for each in trial.measurements) for trial in (one, other))
    if max(first, second) == shared:
        return []
    return [f"The winners met {first} and {second} folds and seeds; the gain is by the {shared} that both met."]


def _checked(names: tuple[str, str], margin: float) -> tuple[tuple[str, str], float]:
    if isinstance(names, str) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise StudyError(f'names must be two texts, one for each side, got {names!r}. Say for example names=("GP", "TPE").')
    if not isinstance(margin, int | float) or isinstance(margin, bool) or margin < 0 or math.isinf(margin):
        raise StudyError(
            f"margin must be 0 or more, in units of the metric, got {margin!r}. Leave it out where nobody named one."
        )
    return (names[0], names[1]), margin


def _differ(histories: Sequence[History]) -> list[str]:
    """What else differs, in sentences."""
    spaces = {id(each.space): each.space for each in histories}
    return ["They searched different spaces."] if len({space.to_json() for space in spaces.values()}) > 1 else []


def _best(history: History, count: int) -> Trial | None:
    """The best feasible of the first so many finished trials: as `History.best` of these, not one that a race stopped while it was lucky."""
    ended = np.flatnonzero(np.isfinite(history.finished_at))
    early = ended[np.argsort(history.finished_at[ended], kind="stable")[:count]]
    found, feasible = history.effects(), np.isin(history.order, early)
    order = history.order[feasible]
    if not len(order):
        return None
    enough = found.counts[order] >= _ENOUGH * found.counts[order].max()
    return history.trial(int(order[enough][np.argmin(found.posterior[order[enough]])]))


def _bests(histories: Sequence[History], name: str, count: int) -> list[Trial | None]:
    """The best of each study of a side; StudyError where one has none."""
    found = [_best(history, count) for history in histories]
    which = f"{name} has" if len(found) == 1 else f"A study of {name} has"
    if any(not history.finished for history in histories):
        raise StudyError(f"{which} no finished trial, so there is nothing to compare. Let it run longer.")
    if count and None in found:
        raise StudyError(f"{which} no result within its first {counted(count, 'finished trial')}. Let it run longer.")
    return found


def _paired(first: Sequence[History], second: Sequence[History]) -> tuple[list[int], list[int]] | None:
    """Which of either side have the same seed, in the same order; None for fewer than two, or where a seed stands twice."""
    seeds = [[history.seed for history in side] for side in (first, second)]
    shared = sorted(set(seeds[0]) & set(seeds[1]))
    if len(shared) < 2 or any(len(set(side)) < len(side) for side in seeds):
        return None
    return [seeds[0].index(seed) for seed in shared], [seeds[1].index(seed) for seed in shared]


def _t(gains: Array) -> tuple[float, float, float]:
    mean, n = float(gains.mean()), len(gains)
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, n - 1) * gains.std(ddof=1) / math.sqrt(n))
    return mean, mean - half, mean + half


def _welch(ours: Array, theirs: Array) -> tuple[float, float, float]:
    mean = float(theirs.mean() - ours.mean())
    parts = np.array([ours.var(ddof=1) / len(ours), theirs.var(ddof=1) / len(theirs)])
    if not (parts**2).sum():
        return mean, mean, mean
    freedom = float(parts.sum() ** 2 / (parts**2 / [len(ours) - 1, len(theirs) - 1]).sum())
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, freedom) * math.sqrt(parts.sum()))
    return mean, mean - half, mean + half
