"""The charts of a report: each function gives an SVG and the caption that says what to see in it."""

from typing import Final, Literal, cast

import msgspec
import numpy as np

from tunewright.analysis.markup import Markup
from tunewright.analysis.scale import Linear
from tunewright.analysis.summary import objective, spread
from tunewright.analysis.svg import Frame
from tunewright.analysis.text import counted, number
from tunewright.analysis.training import Gap
from tunewright.analysis.view import Values, direction, drawn, thin, value_axis
from tunewright.history import FAILED, History
from tunewright.metric import Metric
from tunewright.trial import Trial
from tunewright.typing import Array

__all__ = ["Figure", "gap_chart", "history_chart", "improvements", "pareto_chart", "whiskers"]

_WIDTH, _HEIGHT = 760, 320
_POINTS: Final = 1500
_WHISKERS: Final = 40
_LESS: Final = {
    False: " Grey: met fewer than half as many folds or seeds as others did, so its mean may be luck and is no best.",
    True: " Grey: judged with less effort than others (a smaller budget, fewer folds or seeds), so it is no best.",
}

_Side = Literal["top", "bottom", "left", "right"]


class Figure(msgspec.Struct, frozen=True):
    """A chart with its caption.

    Attributes:
        svg: the drawing.
        caption: what to see in it, plain text.
        name: a heading above it; "" for none.
        note: small print under the heading.
    """

    svg: Markup
    caption: str
    name: str = ""
    note: str = ""


def _beyond(values: Values) -> str:
    if not values.beyond:
        return ""
    verb = "lies" if values.beyond == 1 else "lie"
    return f" {counted(values.beyond, 'value')} far worse than the rest {verb} beyond the axis (arrows at its edge)."


def _thinned(shown: int, total: int) -> str:
    return f" {shown:,} of {total:,} points are drawn: the best, and an even choice of the rest." if shown < total else ""


def history_chart(history: History, default: Trial | None) -> Figure | None:
    """Value by trial with the best so far; None before there is a value."""
    numbers, values = drawn(history)
    if not len(numbers):
        return None
    metric = objective(history)
    records = improvements(history)
    bars = whiskers(history, records)
    view = _with_whisker(value_axis(values, metric.sign), bars)
    last = max(len(history) - 1, 1)
    frame = Frame(
        _WIDTH,
        _HEIGHT,
        Linear(-0.02 * last, last * 1.02, count=8, whole=True),
        view.scale(),
        title=f"{metric.name} by trial",
        description=f"{counted(len(numbers), 'completed trial')}, with the best value so far as a step line.",
        x_label="trial",
        y_label=f"{metric.name} ({direction(metric)})",
    )
    feasible, proven = history.feasible[numbers], history.proven[numbers]
    shown = thin(metric.sign * values, _POINTS)
    points = [(float(n), float(v), bool(f)) for n, v, f in zip(numbers[shown], values[shown], proven[shown], strict=True)]
    inside = [point for point in points if not view.outside(point[1])]
    frame.dots([(n, v) for n, v, f in inside if not f], "infeasible")
    frame.dots([(n, v) for n, v, f in inside if f], "trial")
    frame.edge([n for n, v, _ in points if view.outside(v)], cast(_Side, view.worse), "trial")
    failed = np.flatnonzero(history.states == FAILED)
    shown_failed = failed[np.linspace(0, len(failed) - 1, min(len(failed), _POINTS // 5)).astype(int)]
    frame.floor(map(float, shown_failed), "failed")
    frame.bars([whisker for whisker in bars if not view.outside((whisker[1] + whisker[2]) / 2)], "spread")
    frame.steps([point for point in records if not view.outside(point[1])], "best", until=float(last))
    _mark(frame, records[-1:], default, metric)
    said = f"Each dot is a trial; the line is the best {metric.name} so far"
    if records:
        at = int(records[-1][0])
        said += f", last improved by trial {at} ({len(history):,} trials, counted from 0)" if len(history) > 1 else ""
        said += ". Where the line has long been level, more trials of the same kind are unlikely to gain much."
        said += " Thin upright lines: plus and minus one standard deviation over the folds." if bars else ""
    else:
        said += ", which no trial within the bounds has set yet."
    said += f" {counted(len(failed), 'failed trial')} marked × along the bottom." if len(failed) else ""
    said += " Grey: outside a metric's bound." if not feasible.all() else ""
    said += _LESS[history.uneven] if (feasible & ~proven).any() else ""
    return Figure(frame.render(), said + _beyond(view) + _thinned(len(shown), len(numbers)))


def improvements(history: History) -> list[tuple[float, float]]:
    """The trials better than all before them, as `History.order` has it, in the order of asking: the last one is `History.best`.

    Who met few of the folds does not count, and who met others is compared by what is left when the folds' own share is taken off.
    """
    numbers = np.flatnonzero(history.proven)
    values: Array = history.values[numbers, history.objectives[0]]
    best = np.minimum.accumulate(history.effects().posterior[numbers])
    new = [i for i in range(len(numbers)) if i == 0 or best[i] < best[i - 1]]
    return [(float(numbers[i]), float(values[i])) for i in new]


def whiskers(history: History, records: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """(trial, value - sd, value + sd) over the folds of the latest records."""
    metric = objective(history).name
    spreads = [(at, value, spread(history.trial(int(at)), metric).sd) for at, value in records[-_WHISKERS:]]
    return [(at, value - sd, value + sd) for at, value, sd in spreads if sd > 0]


def _with_whisker(view: Values, bars: list[tuple[float, float, float]]) -> Values:
    """An even axis with room for the best one's whisker, unless that would shrink everything else."""
    if not bars or view.log:
        return view
    low, high = min(view.low, bars[-1][1]), max(view.high, bars[-1][2])
    wide = high / 2 - low / 2 > (view.high / 2 - view.low / 2) * 1.5
    return view if wide else msgspec.structs.replace(view, low=low, high=high)


def _mark(frame: Frame, best: list[tuple[float, float]], default: Trial | None, metric: Metric) -> None:
    """Rings around the default and the best."""
    if default is not None and default.values is not None:
        value = default.values[metric.name]
        frame.ring(default.number, value, "ring default", tip=f"default: trial {default.number}, {metric.name} {number(value)}")
    for at, value in best:
        frame.ring(at, value, "ring best", tip=f"best: trial {at:.0f}, {metric.name} {number(value)}")


def gap_chart(found: Gap, metric: Metric) -> Figure:
    """Training score against validation score."""
    train, validation = np.array(found.train), np.array(found.validation)
    x_view, y_view = value_axis(train, metric.sign), value_axis(validation, metric.sign)
    frame = Frame(
        560,
        360,
        x_view.scale(count=6),
        y_view.scale(),
        title=f"{metric.name} in validation against {metric.name} on the training data",
        description=f"{counted(len(train), 'trial')}; the diagonal is where both are equal.",
        x_label=f"{metric.name} on the training data",
        y_label=f"{metric.name} in validation",
    )
    frame.line(_diagonal(x_view, y_view), "equal")
    shown = thin(metric.sign * validation, _POINTS)
    points = [(float(train[i]), float(validation[i])) for i in shown]
    inside = [(t, v) for t, v in points if not x_view.outside(t) and not y_view.outside(v)]
    frame.dots(inside, "trial")
    frame.edge(
        [v for t, v in points if x_view.outside(t) and not y_view.outside(v)], "right" if metric.sign > 0 else "left", "trial"
    )
    frame.edge([t for t, v in points if y_view.outside(v)], cast(_Side, y_view.worse), "trial")
    if found.best >= 0:
        i = found.best
        tip = f"winner: trial {found.trials[i]}, training {number(train[i])}, validation {number(validation[i])}"
        frame.ring(float(train[i]), float(validation[i]), "ring best", tip=tip)
    side = "above" if metric.goal == "minimize" else "below"
    said = f"Each dot is a trial. On the dashed diagonal training and validation agree; the further {side} it, the wider the gap. Ring: the winner."
    beyond = max(x_view.beyond, y_view.beyond)
    return Figure(
        frame.render(),
        said + (" Values far worse than the rest are arrows at the edge." if beyond else "") + _thinned(len(shown), len(train)),
    )


def _diagonal(x: Values, y: Values) -> list[tuple[float, float]]:
    """Where both scores are equal: a straight line, or a curve when one of the axes is logarithmic; [] where it is off the chart."""
    low, high = max(x.low, y.low), min(x.high, y.high)
    if not low < high:
        return []
    if not (x.log or y.log):
        return [(low, low), (high, high)]
    steps = np.geomspace(low, high, 40) if low > 0 else np.linspace(low, high, 40)
    return [(float(at), float(at)) for at in steps]


def pareto_chart(history: History, front: list[Trial]) -> Figure | None:
    """The first two optimised metrics against each other; None before there is a value."""
    first, second = history.objectives[:2]
    numbers = np.flatnonzero(np.isfinite(history.values).all(axis=1) & history.usable)
    if not len(numbers):
        return None
    metrics = (history.metrics[first], history.metrics[second])
    xs, ys = history.values[numbers, first], history.values[numbers, second]
    views = (value_axis(xs, metrics[0].sign), value_axis(ys, metrics[1].sign))
    names = tuple(f"{metric.name} ({direction(metric)})" for metric in metrics)
    frame = Frame(
        560,
        360,
        views[0].scale(count=6),
        views[1].scale(),
        title=f"{metrics[1].name} against {metrics[0].name}",
        description=f"{counted(len(numbers), 'completed trial')}; {len(front)} of them are beaten by none.",
        x_label=names[0],
        y_label=names[1],
    )
    shown = thin(metrics[0].sign * xs, _POINTS)
    frame.dots([(float(xs[i]), float(ys[i])) for i in shown if not (views[0].outside(xs[i]) or views[1].outside(ys[i]))], "trial")
    frame.edge([float(xs[i]) for i in shown if views[1].outside(ys[i])], cast(_Side, views[1].worse), "trial")
    frame.edge([float(ys[i]) for i in shown if views[0].outside(xs[i])], "right" if metrics[0].sign > 0 else "left", "trial")
    for trial in front[:200]:
        x, y = (float(history.values[trial.number, column]) for column in (first, second))
        frame.ring(x, y, "ring best", tip=f"trial {trial.number}: {metrics[0].name} {number(x)}, {metrics[1].name} {number(y)}")
    said = "Ringed: no other trial is at least as good in every metric and better in one. The choice among them is yours, not the search's."
    return Figure(frame.render(), said + _thinned(len(shown), len(numbers)))
