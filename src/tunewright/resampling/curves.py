"""Learning curves and validation curves: training and validation scores over the number of rows, or over one hyperparameter.

Each point is measured on every fold of every repeat, so two points are compared fold by fold, by Student's t with the variance
corrected for training sets that overlap [1].

[1] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, eq. (9).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis import Halved, number, with_spread
from tunewright.analysis.text import interval
from tunewright.analysis.told import Row, Told
from tunewright.catalog.entries import VALUE
from tunewright.catalog.own import own_values
from tunewright.errors import StudyError
from tunewright.resampling.splits import Splits, rows_of
from tunewright.typing import Array, Indices, Params, Value

__all__ = ["Curve", "halved", "learning", "measured", "training_rows", "validation"]


class Curve(Told, msgspec.Struct, frozen=True, eq=False):
    """Scores over the points of an axis; greater is better.

    Attributes:
        kind: "learning" or "validation".
        name: of the axis: "rows", or a hyperparameter.
        points: training rows (the mean over the folds), or values, k of them.
        metric: name of the score.
        train, validation: shape (k, folds x repeats); NaN where a fit failed.
        overlap: test rows for each training row.
        remarks: what failed, one line each.
        bounds: the least and the largest value that the study's space holds; infinite where there is no such bound.
    """

    kind: Literal["learning", "validation"]
    name: str
    points: tuple[Value, ...]
    metric: str
    train: Array
    validation: Array
    overlap: float
    remarks: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def best(self) -> int:
        """Which point validates best; -1 where none was measured on every fold."""
        means = self.validation.mean(axis=1)
        return -1 if np.isnan(means).all() else int(np.nanargmax(means))

    def gain(self, before: int, after: int) -> tuple[float, float, float]:
        """By how much one point validates better than another, with its 95 % interval; NaN bounds for fewer than two folds in common."""
        gains = self.validation[after] - self.validation[before]
        gains = gains[np.isfinite(gains)]
        if len(gains) < 2:
            return (float(gains[0]) if len(gains) else math.nan), math.nan, math.nan
        mean, width = float(gains.mean()), math.sqrt(1 / len(gains) + self.overlap)
        half = float(stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1)) * width
        return mean, mean - half, mean + half

    @property
    def sentence(self) -> str:
        """What to make of it."""
        if self.best < 0:
            return "No point was measured on every fold, so nothing can be said."
        return self._on_rows() if self.kind == "learning" else self._on_values()

    def _on_rows(self) -> str:
        at = len(self.points) - 1
        means = self.validation.mean(axis=1)
        said = f"With {_text(self.points[at])} training rows {self.metric} is {number(float(means[at]))} in validation and {number(float(self.train[at].mean()))} on the training rows."
        if at < 1:
            return said
        mean, low, high = self.gain(at - 1, at)
        if math.isnan(low):
            return f"{said} Whether more data would help cannot be told."
        by, bounds = interval(mean, low, high)
        change = f"from {_text(self.points[at - 1])} rows on it changed by {by} (95 % interval {bounds})"
        if low > 0:
            return f"{said} More data would probably still help: {change}."
        return f"{said} That more data would help is not shown: {change}."

    def _on_values(self) -> str:
        best, last = self.best, len(self.points) - 1
        said = f"Validation is best at {self.name} = {_text(self.points[best])} ({self.metric} {number(float(self.validation[best].mean()))}; {number(float(self.train[best].mean()))} on the training rows)."
        numbers = all(isinstance(point, int | float) and not isinstance(point, bool) for point in self.points)
        for end in (0, last) if numbers else ():
            mean, low, high = self.gain(best, end)
            closer = float(self.train[end].mean() - self.train[best].mean())
            if end == best or not high < 0:
                continue
            how = "overfitting" if closer > 0 else "underfitting" if closer < 0 else ""
            fits = f", where it fits its training rows {'more' if closer > 0 else 'less'} closely: {how}" if how else ""
            by, bounds = interval(-mean, -high, -low)
            said += f" At {_text(self.points[end])} it is worse by {by} (95 % interval {bounds}){fits}."
        if numbers and last and best in {0, last}:
            least, most = self.bounds
            inside = least < float(cast(float, self.points[best])) < most
            said += f" That is the end of {'what was tried: look further' if inside else 'the range that the space holds'}."
        return said

    @property
    def _told(self) -> list[str]:
        lines = [f"{self.kind.capitalize()} curve of {self.metric} over {self.name} ({self.validation.shape[1]} folds)"]
        for point, train, validation in zip(self.points, self.train, self.validation, strict=True):
            cells = _text(point), _mean(validation), _mean(train)
            text = f"  {cells[0]:>12}  validation {cells[1]}  training {cells[2]}"
            lines.append(Row(text, cells, (self.name, "validation", "training")))
        return [*lines, *(f"  {remark}" for remark in self.remarks), self.sentence]


def _text(point: Value) -> str:
    return number(point) if isinstance(point, int | float) and not isinstance(point, bool) else str(point)


def _mean(scores: Array) -> str:
    return with_spread(float(scores.mean()), float(scores.std(ddof=1)) if len(scores) > 1 else math.nan)


def training_rows(splits: Splits, sizes: Sequence[float], repeats: int, seed: int, *, shuffle: bool) -> list[list[Indices]]:
    """The training rows of each point of a learning curve, by cell (repeat after repeat, fold after fold); smaller ones are parts of larger.

    Args:
        splits: the frozen folds.
        sizes: shares of each fold's training rows, above 0 and at most 1 (floats), or numbers of rows (whole numbers).
        repeats: of the folds.
        seed: of the drawing.
        shuffle: draw them by chance; False: the last ones of each fold, as for rows in time.

    Raises:
        StudyError: a size is neither.
    """
    parts = []
    for repeat in range(repeats):
        for number_, fold in enumerate(splits.repeat(repeat)):
            places = np.arange(len(fold.train))
            drawn = np.random.default_rng([seed, repeat, number_]).permutation(places) if shuffle else places[::-1]
            parts.append((fold.train, drawn))
    least = min(len(train) for train, _ in parts)
    if not len(sizes):
        raise StudyError("sizes holds no size. Write for example sizes=[0.25, 0.5, 1.0].")
    for size in sizes:
        whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
        share = isinstance(size, float | np.floating) and 0 < size <= 1
        if not (share or (whole and 1 <= size <= least)):
            raise StudyError(
                f"A size must be a share above 0.0 and at most 1.0, or a whole number of rows up to {least} (the smallest training set), got {size!r}."
            )
    ordered = sorted(sizes, key=lambda size: size * least if isinstance(size, float | np.floating) else size)
    return [
        [
            train[np.sort(drawn[: max(1, round(size * len(drawn))) if isinstance(size, float | np.floating) else int(size)])]
            for train, drawn in parts
        ]
        for size in ordered
    ]


def measured(
    score: Callable[[int, int], dict[str, Any]], points: int, cells: int, metric: str
) -> tuple[Array, Array, tuple[str, ...]]:
    """Scores of every point on every cell, and what failed.

    Args:
        score: is given the numbers of a point and a cell, and returns the metric and train_<metric>.
        points, cells: how many there are.
        metric: name of the score.

    Returns:
        Training scores and validation scores, shape (points, cells); NaN where `score` raised, and one remark for each kind of failure.
    """
    train, validation = np.full((points, cells), np.nan), np.full((points, cells), np.nan)
    failed: dict[str, int] = {}
    for point in range(points):
        for cell in range(cells):
            try:
                found = score(point, cell)
            except Exception as error:  # noqa: BLE001  an estimator may raise anything; it is told below
                said = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
                failed[said] = failed.get(said, 0) + 1
                continue
            train[point, cell], validation[point, cell] = found[f"train_{metric}"], found[metric]
    return train, validation, tuple(f"{count} of {points * cells} fits failed: {said}" for said, count in failed.items())


def learning(cv: Any, params: Params, sizes: Sequence[float], *, shuffle: bool) -> Curve:  # noqa: ANN401  a cross-validation, from above
    """`CrossValidation.learning_curve`."""
    rows = training_rows(cv.splits, sizes, cv.repeats, cv.seed, shuffle=shuffle)

    def score(point: int, cell: int) -> dict[str, Any]:
        repeat, fold = divmod(cell, cv.splits.folds)
        return dict(cv.judged(cv.build(params, repeat), fold, repeat, rows[point][cell])[0])

    return _curve(cv, "learning", "rows", tuple(round(float(np.mean([len(part) for part in each]))) for each in rows), score)


def halved(cv: Any, configurations: Sequence[Params]) -> Halved:  # noqa: ANN401  as above
    """`CrossValidation.halved`."""
    folds = cv.splits.repeat(0)
    rows = [_half(fold.train, cv, np.random.default_rng([cv.seed, number_])) for number_, fold in enumerate(folds)]

    def score(point: int, cell: int) -> dict[str, Any]:
        return dict(cv.judged(cv.build(configurations[point]), cell, 0, rows[cell])[0])

    _, scores, failed = measured(score, len(configurations), len(folds), cv.metrics[0].name)
    parts = np.array([len(part) / len(fold.train) for part, fold in zip(rows, folds, strict=True)])
    if (parts == 1).any():
        scores[:, parts == 1] = np.nan
        failed = (*failed, "a fold trains on one group only, of which there is no half")
    return Halved(scores, float(np.mean([len(fold.train) for fold in folds])) / rows_of(cv.X), float(parts.mean()), failed)


def _half(train: Indices, cv: Any, rng: np.random.Generator) -> Indices:  # noqa: ANN401  as above
    """Half of the rows: whole groups where there are any, else every second one in the order of the target, so that classes keep their shares."""
    drawn = rng.permutation(train)
    if cv.groups is not None:
        units = np.unique(np.asarray(cv.groups)[drawn], return_inverse=True)[1]
        counts = np.bincount(units)
        order = rng.permutation(len(counts))
        reached = np.cumsum(counts[order])
        taken = 1 + int(np.argmin(np.abs(reached[:-1] - len(drawn) / 2))) if len(counts) > 1 else 1
        return np.sort(drawn[np.isin(units, order[:taken])])
    if cv.y is not None and np.ndim(cv.y) == 1:
        ranks = np.unique(np.asarray(cv.y), return_inverse=True)[1][drawn]
        drawn = drawn[np.argsort(ranks, kind="stable")]
    return np.sort(drawn[::2])


def validation(cv: Any, name: str, values: Sequence[Any], params: Params) -> Curve:  # noqa: ANN401  as above
    """`CrossValidation.validation_curve`."""
    own = own_values(cv.estimator).values
    if own and name not in own:
        raise StudyError(f'The estimator has no parameter "{name}". It has: {", ".join(sorted(own))}.')
    if not len(values):
        raise StudyError(f'There are no values of "{name}" to try.')
    others = {other: value for other, value in params.items() if other != f"{name}.{VALUE}"}  # the number of an `Either`

    def score(point: int, cell: int) -> dict[str, Any]:
        repeat, fold = divmod(cell, cv.splits.folds)
        return dict(cv.judged(cv.build({**others, name: values[point]}, repeat), fold, repeat)[0])

    return _curve(cv, "validation", name, tuple(values), score)


def _curve(
    cv: Any,  # noqa: ANN401  as above
    kind: Literal["learning", "validation"],
    name: str,
    points: tuple[Any, ...],
    score: Callable[[int, int], dict[str, Any]],
) -> Curve:
    metric = cv.metrics[0].name
    train, held_out, failed = measured(score, len(points), cv.splits.folds * cv.repeats, metric)
    return Curve(kind, name, points, metric, train, held_out, cv.splits.ratio, failed)
