"""What an analysis may learn from: the completed trials that the present space holds, as rows and losses.

A search does not visit the space evenly: once it converges, most trials are the optimum. What is asked of the space (what is far above
the bulk, how well a model predicts) therefore weighs each trial by the share of the space that is nearest to it.
"""

import math
import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.text import number
from tunewright.errors import StudyError
from tunewright.history import COMPLETED, History
from tunewright.metric import Metric
from tunewright.models.features import Features
from tunewright.sameness import alike
from tunewright.space import Float, Int, Ordinal, SearchSpace
from tunewright.typing import Array, Indices, Mask

__all__ = [
    "NONE_KEPT",
    "Crowd",
    "Evidence",
    "Seen",
    "check_names",
    "crowded",
    "cutoff",
    "evidence",
    "pulled_in",
    "seen",
    "share_of",
    "territory",
]

NONE_KEPT: Final = (
    "No completed trial keeps within every metric's bound: there is no winner to start from. Search on, or loosen a bound."
)

_ALPHA: Final = 1e-3
"""What chance would do less often than this is worth a word."""
_EDGE: Final = 0.05
_OUTER: Final = 3.0
_WIDE: Final = 50.0
"""The fence is never further above the median than so many widths of the good half."""
_AT_ONCE: Final = 2**24
_PLACES: Final = 2000
"""So many points of the space are given to the trials."""
_SOME: Final = 1e-3
"""Of such a point every trial has as much."""
_TOP: re.Pattern[str] = re.compile(r"(?:top\s*)?(\d+(?:\.\d+)?)\s*%")
_NUMBER: re.Pattern[str] = re.compile(r"\d*\.?\d+")


class Evidence(msgspec.Struct, frozen=True):
    """The completed trials of a study, for one metric.

    Attributes:
        space: the present one.
        metric: which one.
        numbers: of the trials, shape (n,), in the order of asking.
        rows: raw, shape (n, d), NaN where inactive.
        losses: smaller is better, finite, adjusted for the folds and seeds that each met (`History.adjusted`), shape (n,).
        kept: which of them keep within every metric's bound, shape (n,).
        doubts: standard deviations of the losses beyond that of the trial measured best, 0 where unknown, shape (n,).
        merits: what the study ranks them by (`History.order`), infinite where a bound is broken or too few folds were met, shape (n,).
        clones: how many trials of the study went on from another one's checkpoint; they are not among these, and the best may be one.
    """

    space: SearchSpace
    metric: Metric
    numbers: Indices
    rows: Array
    losses: Array
    kept: Mask
    doubts: Array
    merits: Array
    clones: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, index: Indices) -> "Evidence":
        """Some of the trials."""
        return Evidence(
            self.space,
            self.metric,
            self.numbers[index],
            self.rows[index],
            self.losses[index],
            self.kept[index],
            self.doubts[index],
            self.merits[index],
            self.clones,
        )

    @property
    def best(self) -> int:
        """The place of the best trial that keeps within the bounds; where none does, of the best."""
        return int(np.argmin(self.merits if np.isfinite(self.merits).any() else self.losses))

    @property
    def within(self) -> Array:
        """The losses, infinite where a bound is broken, shape (n,)."""
        within: Array = np.where(self.kept, self.losses, np.inf)
        return within

    @property
    def trouble(self) -> str:
        """Why nothing can be learned from them, in a sentence; "" when something can."""
        if self.clones:
            many = "1 trial is a clone that" if self.clones == 1 else f"{self.clones:,} trials are clones that"
            return (
                f"{many} went on from the checkpoint of another: their values come from the schedule of a lineage (study.lineage()), not from a "
                "configuration, so nothing is said of configurations. To explain those, search without schedulers.PBT."
            )
        if len(self) < 4:
            have = "There is no completed trial" if not len(self) else f"There {_are(len(self))} completed trial{_s(len(self))}"
            return f"{have} inside the present space; at least 4 are needed. Search on, and ask again."
        if alike(self.losses):
            return f"All {len(self):,} completed trials have the same {self.metric.name}: nothing made a difference, or it does not measure what it should."
        if _alike(self.rows[:2]) and _alike(self.rows):
            return f"All {len(self):,} completed trials have the same configuration: nothing was varied."
        if not seen(self.losses).values.any():
            return f"The values of {self.metric.name} differ too little, or lie too far apart, to be modelled."
        return ""


class Seen(msgspec.Struct, frozen=True):
    """Losses as a model sees them: `values` of zero mean and unit variance (all zero where they are equal); loss = scale · value + shift,
    up to the `fence`, to which larger ones are pulled in.
    """

    values: Array
    scale: float
    shift: float
    fence: float


def territory(space: SearchSpace, rows: Array) -> Array:
    """Which share of the space is nearest to each of n raw rows, shape (n,); above 0, they sum to 1, and equal rows have equal shares.

    Counted on 2,000 points drawn uniformly on the unit scale (without regard to constraints), the same each time; distances are those
    of the surrogate (`Features`): on the unit scale, a choice that differs being as far as a whole range, what is inactive alike.
    """
    features = Features(space)
    drawn = space.deactivate(space.from_unit(np.random.default_rng(0).random((_PLACES, len(space)))))
    marked = np.where(np.isnan(rows), np.inf, rows)  # `equal_nan` does nothing beside `axis`
    _, first, which, many = np.unique(marked, axis=0, return_index=True, return_inverse=True, return_counts=True)
    different = rows[first]
    places, trials = features.points(drawn), features.points(different)
    counts = np.full(len(different), _SOME)
    size = 0.5 * (trials.numbers**2).sum(axis=1)
    for piece in np.array_split(np.arange(_PLACES), math.ceil(_PLACES * len(different) / _AT_ONCE)):
        at = places.take(piece)
        nearness = (
            at.numbers @ trials.numbers.T + at.codes @ trials.codes.T - size
        )  # minus half the squared distance, but for a constant
        np.add.at(counts, nearness.argmax(axis=1), 1.0)
    shares: Array = (counts / many)[which.ravel()]
    shares /= shares.sum()
    return shares


def seen(losses: Array, weights: Array | None = None) -> Seen:
    """Losses, shape (n,), as a model should see them.

    As in `models/output.py`, but what lies far above the bulk begins at Tukey's outer fence, 3 interquartile ranges above the third
    quartile: what is explained are the units of the metric, so less may be pulled in than where only the best counts.

    Args:
        losses: shape (n,).
        weights: what each counts for in mean, variance and quartiles, shape (n,), summing to 1 (`territory`: then the bulk is that of
            the space and not that of a search which converged); None: all alike.
    """
    weights = np.full(len(losses), 1.0 / len(losses)) if weights is None else weights
    unit = float(np.abs(losses).max()) or 1.0
    y = losses / unit
    order = np.argsort(y, kind="stable")
    places = np.cumsum(weights[order]) - 0.5 * weights[order]
    first, median, third = np.interp([0.25, 0.5, 0.75], places, y[order]).tolist()
    fence = third + _OUTER * (third - first)
    if median > y.min():
        fence = min(fence, median + _WIDE * (median - float(y.min())))
    fence = fence if fence > y.min() else math.inf
    y = np.minimum(y, fence)
    mean = float(weights @ y)
    deviation = math.sqrt(float(weights @ (y - mean) ** 2))
    if not (deviation > 0 and math.isfinite(1.0 / deviation)):
        return Seen(np.zeros(len(y)), 0.0, float(losses[0]), math.inf)
    return Seen((y - mean) / deviation, deviation * unit, mean * unit, float(fence) * unit)


def pulled_in(known: Evidence, fence: float) -> tuple[str, ...]:
    """How many trials count as the fence and no more, in a sentence; nothing where none does."""
    far = int((known.losses > fence).sum())
    if not far:
        return ()
    value = number(known.metric.sign * fence, 3)
    counts = "counts" if far == 1 else "count"
    return (
        f"{far:,} of {len(known):,} trials, far worse than the rest of the space, {counts} as {known.metric.name} {value} here.",
    )


def _alike(rows: Array) -> bool:
    return bool(((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all())


def _are(n: int) -> str:
    return "is 1" if n == 1 else f"are {n}"


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def evidence(history: History, metric: str | None = None) -> Evidence:
    """What a history has to learn from.

    Args:
        history: of the study.
        metric: by name; default: the first that is optimised.

    Raises:
        StudyError: there is no such metric.
    """
    names = [each.name for each in history.metrics]
    if metric is not None and metric not in names:
        raise StudyError(f'The study does not measure "{metric}". It measures: {", ".join(names)}.')
    column = history.objectives[0] if metric is None else names.index(metric)
    losses = history.worth[:, column]
    if history.uneven:  # nobody is carried to where nobody was: an accuracy to below 0
        losses = np.minimum(losses, np.nanmax(history.levels()[2][:, column], initial=-np.inf))
    numbers = np.flatnonzero(np.isfinite(losses) & history.usable & (history.states == COMPLETED))
    rows, kept = history.rows.take(numbers, axis=0), history.feasible[numbers]
    variances = history.variances[numbers, column]
    doubts = np.sqrt(np.nan_to_num(variances - np.nanmin(variances))) if np.isfinite(variances).any() else np.zeros(len(numbers))
    merits = np.where(history.proven, history.effects(column).posterior, np.inf)[numbers]
    return Evidence(
        history.space, history.metrics[column], numbers, rows, losses[numbers], kept, doubts, merits, len(history.clones)
    )


def check_names(space: SearchSpace, names: Sequence[object]) -> None:
    """Raises StudyError where one is no parameter of the space."""
    for name in names:
        if not isinstance(name, str):
            raise StudyError(
                f"A parameter is given by its name, and several one after the other ({_example(space)}), got {name!r}."
            )
        if name not in space.parameters:
            raise StudyError(f'There is no parameter "{name}". The space has: {", ".join(space.names)}.')


def _example(space: SearchSpace) -> str:
    return ", ".join(f'"{name}"' for name in space.names[:2])


def share_of(of: str | float) -> float:
    """The share of the trials that a question is about: "all" is 1; "top 10 %", "10 %", 0.1 and "0.1" are 0.1.

    Raises:
        StudyError: it is neither.
    """
    found = _TOP.fullmatch(of.strip()) if isinstance(of, str) else None
    if isinstance(of, str) and _NUMBER.fullmatch(of.strip()):  # from the shell
        of = float(of)
    share = 1.0 if of == "all" else float(found[1]) / 100 if found else of
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise StudyError(f'of must be "all", "top 10 %", or a share between 0 and 1, got {of!r}.')
    return float(share)


def cutoff(losses: Array, share: float) -> float:
    """The loss of the last trial that belongs to the best `share`."""
    return float(np.partition(losses, k := math.ceil(share * len(losses)) - 1)[k])


class Crowd(msgspec.Struct, frozen=True):
    """The best trials at one end of a range: `hits` of `n` of them."""

    side: Literal["low", "high"]
    hits: int
    n: int


def crowded(known: Evidence, column: int, unit: Array) -> Crowd | None:
    """Whether the best trials crowd at an end of a range, beyond chance.

    Args:
        known: the trials.
        column: which parameter.
        unit: its values on the unit scale, shape (n,).

    Returns:
        Where, and how many of the best, these being the best tenth of those within every metric's bound, and at least 5; None if they do
        not, and for what has no order. At an end is what lies within a twentieth of the range, and of few values the last.
    """
    parameter = list(known.space.parameters.values())[column]
    count = int(known.kept.sum())
    if not isinstance(parameter, Float | Int | Ordinal) or parameter.size < 2 or count < 10:
        return None
    limit = cutoff(known.within, max(0.1 * count, 5) / len(known))
    best = (known.within <= limit) & np.isfinite(unit)
    unit = unit[best]
    first, last = _ends(known.space, column, parameter)
    wide = max(_EDGE, 2 * first) + max(_EDGE, 2 * (1 - last))  # what chance has of either end
    sides: tuple[tuple[Literal["low", "high"], Mask], ...] = (
        ("low", unit <= max(_EDGE, first)),
        ("high", unit >= min(1 - _EDGE, last)),
    )
    for side, near in sides:
        hits, n = int(near.sum()), len(unit)
        winner = near[int(np.argmin(known.losses[best]))] if n else False
        if winner and hits >= 0.5 * n and stats.binom.sf(hits - 1, n, min(1.0, wide)) < _ALPHA:
            return Crowd(side, hits, n)
    return None


def _ends(space: SearchSpace, column: int, parameter: Float | Int | Ordinal) -> tuple[float, float]:
    """Where the least and the largest value stand on the unit scale: in the middle of their cells."""
    ends = (0, len(parameter.choices) - 1) if isinstance(parameter, Ordinal) else (parameter.low, parameter.high)
    rows = np.full((2, len(space)), np.nan)
    rows[:, column] = ends
    first, last = space.to_unit(rows)[:, column].tolist()
    return first, last
