"""Value against each hyperparameter, one small chart each.

A numeric parameter stands on the level axis over its whole range (so that what was never tried shows as empty), a choice as a row of
points, moved apart a little where they would hide each other. All charts share the value axis. With many parameters those are drawn
whose order goes most with the order of the values (`summary.association`), a sieve only: it does not see interactions.
"""

from typing import Final, Literal, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunewright.analysis.charts import Figure
from tunewright.analysis.scale import Bands, axis
from tunewright.analysis.summary import association, objective
from tunewright.analysis.svg import Frame
from tunewright.analysis.text import choice_labels, counted, cut, number
from tunewright.analysis.view import Values, drawn, jitter, thin, value_axis
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, Int, Parameter
from tunewright.trial import Trial
from tunewright.typing import Array

__all__ = ["slices"]

_CHARTS: Final = 36
_POINTS: Final = 8000
_ROWS: Final = 12
_FEW_LEVELS: Final = 12
_WIDTH, _HEIGHT = 250, 200


class _Slice(msgspec.Struct, frozen=True):
    """The trials in which one parameter was active."""

    name: str
    parameter: Parameter
    x: Array
    values: Array
    marks: tuple[tuple[str, float, float, str], ...]  # kind, raw value, metric, tip


def slices(history: History, default: Trial | None) -> tuple[list[Figure], str]:
    """One chart for each parameter that was active in a completed trial, and a sentence on what was left out ("" for nothing)."""
    numbers, values = drawn(history)
    if not len(numbers):
        return [], ""
    metric = objective(history)
    losses = metric.sign * values
    rows = history.rows[numbers]
    columns = [column for column in range(rows.shape[1]) if np.isfinite(rows[:, column]).any()]
    said = ""
    if len(columns) > _CHARTS:
        strength = {column: association(rows[:, column], losses) for column in columns}
        kept = sorted(columns, key=lambda column: -strength[column])[:_CHARTS]
        said = f"{_CHARTS} of {len(columns)} hyperparameters are drawn: those whose order goes most with the order of the values."
        columns = sorted(kept)
    total = int(np.isfinite(rows[:, columns]).sum())
    if total > _POINTS:
        said += f" {'Some' if said else 'In some'} charts {'are thinned' if said else 'points are thinned'}: the best fifth, and an even choice of the rest."
    view = value_axis(values, metric.sign)
    figures = []
    for column in columns:
        active = np.flatnonzero(np.isfinite(rows[:, column]))
        shown = active[thin(losses[active], max(60, _POINTS * len(active) // max(total, _POINTS)))]
        figures.append(_slice(history, column, numbers[shown], values[shown], view, default))
    return figures, said.strip()


def _slice(
    history: History, column: int, numbers: NDArray[np.intp], values: Array, view: Values, default: Trial | None
) -> Figure:
    space = history.space
    name = space.names[column]
    metric = objective(history)
    rows = history.rows[:, column]
    marks = []
    if default is not None and default.values is not None and np.isfinite(rows[default.number]):
        marks.append(
            ("ring default", float(rows[default.number]), default.values[metric.name], f"default: trial {default.number}")
        )
    best = int(history.order[0]) if history.feasible.any() else -1
    if best >= 0 and np.isfinite(rows[best]):
        value = float(history.values[best, history.objectives[0]])
        marks.append(("ring best", float(rows[best]), value, f"best: trial {best}, {metric.name} {number(value)}"))
    one = _Slice(name, space.parameters[name], rows[numbers], values, tuple(marks))
    svg_and_said = _numeric(one, view, metric) if isinstance(one.parameter, Float | Int) else _categories(one, view, metric)
    condition = f"only when {cut(str(space.when[name]), 160)}" if name in space.when else ""
    frame, said = svg_and_said
    return Figure(frame.render(kind="chart small"), said, name=name, note=condition)


def _numeric(one: _Slice, view: Values, metric: Metric) -> tuple[Frame, str]:
    parameter = cast(Float | Int, one.parameter)
    whole = isinstance(parameter, Int)
    frame = Frame(
        _WIDTH,
        _HEIGHT,
        axis(float(parameter.low), float(parameter.high), count=5, whole=whole, log=parameter.log),
        view.scale(count=4),
        title=f"{metric.name} against {one.name}",
        description=f"{counted(len(one.x), 'trial')} from {number(float(one.x.min()))} to {number(float(one.x.max()))}.",
        y_label=metric.name,
    )
    points = list(zip(one.x.tolist(), one.values.tolist(), strict=True))
    inside = [(x, v) for x, v in points if not view.outside(v)]
    few = len(np.unique(one.x)) <= _FEW_LEVELS
    half = min(6.0, 60 / max(len(np.unique(one.x)), 1))
    crowded = few and len(inside) > 30
    frame.dots(inside, "trial", nudges=[(dx, 0.0) for dx in _nudges(inside, half, one)] if crowded else ())
    frame.edge([x for x, v in points if view.outside(v)], cast(Literal["top", "bottom"], view.worse), "trial")
    for kind, x, value, tip in one.marks:
        frame.ring(x, value, kind, tip=f"{tip}, {one.name} {number(x)}")
    return frame, "log scale" if parameter.log else ""


def _nudges(points: list[tuple[float, float]], half: float, one: _Slice) -> list[float]:
    """Jitter for points (raw value, metric), none for those that get a ring."""
    marked = {(x, value) for _, x, value, _ in one.marks}
    return [0.0 if point in marked else float(by) for point, by in zip(points, jitter(len(points), half), strict=True)]


def _categories(one: _Slice, view: Values, metric: Metric) -> tuple[Frame, str]:
    choices = getattr(one.parameter, "choices", (False, True))
    labels = choice_labels(tuple(choices))
    place, shown = _rows_of(one, labels, metric)
    k = len(shown)
    frame = Frame(
        _WIDTH,
        max(_HEIGHT, 50 + 15 * k),
        view.scale(count=3),
        Bands(shown[::-1]),
        title=f"{metric.name} by {one.name}",
        description=f"{counted(len(one.x), 'trial')}; choices: {', '.join(cut(label, 30) for label in shown)}.",
        x_label=metric.name,
    )
    bands = np.array([k - 1 - place[int(x)] for x in one.x], float)
    inside = [i for i, value in enumerate(one.values) if not view.outside(float(value))]
    half = min(8.0, (_HEIGHT - 50) / k * 0.3)
    nudges = _nudges([(float(one.x[i]), float(one.values[i])) for i in inside], half, one)
    frame.dots([(float(one.values[i]), float(bands[i])) for i in inside], "trial", nudges=[(0.0, dy) for dy in nudges])
    worse: Literal["left", "right"] = "right" if metric.sign > 0 else "left"
    frame.edge([float(bands[i]) for i in range(len(bands)) if i not in set(inside)], worse, "trial")
    medians = [(float(np.sort(one.values[bands == band])[(bands == band).sum() // 2]), float(band)) for band in np.unique(bands)]
    frame.levels([(value, band) for value, band in medians if not view.outside(value)], "median", half=min(8.0, half + 2))
    for kind, x, value, tip in one.marks:
        frame.ring(value, float(k - 1 - place[int(x)]), kind, tip=f"{tip}, {cut(labels[int(x)], 60)}")
    return frame, ""


def _rows_of(one: _Slice, labels: list[str], metric: Metric) -> tuple[dict[int, int], list[str]]:
    """Which row each choice stands in, and the rows' labels: all in their order, or the best ones and the others together."""
    if len(labels) <= _ROWS:
        return {i: i for i in range(len(labels))}, labels
    marked = [int(x) for _, x, _, _ in one.marks]
    best = {int(x): float((metric.sign * one.values[one.x == x]).min()) for x in np.unique(one.x)}
    kept = sorted(sorted(best, key=lambda x: (x not in marked, best[x]))[: _ROWS - 1])
    place = {x: i for i, x in enumerate(kept)}
    others = len(labels) - len(kept)
    return {i: place.get(i, len(kept)) for i in range(len(labels))}, [*(labels[x] for x in kept), f"{others:,} others"]
