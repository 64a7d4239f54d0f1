"""The trials themselves over their hyperparameters: one at a time, two at a time, all at once. Nothing here is modelled but the contour."""

from typing import Any, Final

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.dependence import effects
from tunewright.analysis.evidence import Evidence, check_names, evidence
from tunewright.analysis.importances import importance
from tunewright.analysis.scale import axis
from tunewright.analysis.summary import association, default_trial, objective
from tunewright.analysis.text import choice_labels, counted, cut, labels, number, params_line, r2_text, read_alike
from tunewright.analysis.view import jitter, thin
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.plots.picture import Axis, Heat, Panel, Parallel, Picture, Points, axis_of, said
from tunewright.plots.studies import Backend, Several, dots, metric_axis, of_each, one, render, several
from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Array, Indices

__all__ = ["contour", "parallel", "parameter_axis", "rank", "raw_edges", "slices", "steady"]

_PANELS: Final = 12
_AXES: Final = 12
_POINTS: Final = 1500
_LINES: Final = 1000
_TEXT: Final = 18
_NO_TWO: Final = "No two hyperparameters were active together in a completed trial."
_OFF: Final = -0.12


@of_each
def slices(study: Several, *names: str, metric: str | None = None, backend: Backend = "plotly") -> Any:  # noqa: ANN401  the libraries are optional
    """The metric over each hyperparameter, a panel each, with the trials in which it was active.

    Args:
        study: one, a list, or a dictionary by name.
        names: of the parameters; default: all, or of more than 12 those whose order goes most with that of the values.
        metric: by name; default: the first that is optimised.
        backend: "plotly", "matplotlib", or "data" for the `Picture` itself.

    Raises:
        StudyError: there is no such parameter or metric.
    """
    history = one(study)
    known = evidence(history, metric)
    columns, left = _columns(known, names, _PANELS)
    title = f"{known.metric.name} over each hyperparameter"
    if not len(known):
        return render(said(title, "There is no completed trial yet."), backend)
    panels = tuple(_slice(history, known, column) for column in columns)
    caption = f"Each dot is a completed trial in which the hyperparameter was active. A clear valley or slope says that it matters; a cloud without shape, that it hardly does, or only with others; the best at an edge, that the range may be too narrow.{left}"
    return render(Picture(title, caption, panels, min(len(panels), 3), (3.6, 3.0) if len(panels) > 1 else (6.5, 4.0)), backend)


def _columns(known: Evidence, names: tuple[str, ...], most: int) -> tuple[list[int], str]:
    """Which columns of the space to draw, and a sentence on what was left out ("" for nothing)."""
    check_names(known.space, names)
    if names:
        return [known.space.names.index(name) for name in dict.fromkeys(names)], ""
    everyone = list(range(len(known.space)))
    if len(everyone) <= most:
        return everyone, ""
    strength = [association(known.rows[:, column], known.losses) for column in everyone]
    kept = sorted(sorted(everyone, key=lambda column: -strength[column])[:most])
    return (
        kept,
        f" {most} of {len(everyone)} hyperparameters are drawn: those whose order goes most with the order of the values.",
    )


def parameter_axis(space: SearchSpace, name: str) -> Axis:
    """The whole range of a parameter, in raw numbers; choices as texts."""
    parameter = space.parameters[name]
    if isinstance(parameter, Float | Int):
        low, high = float(parameter.low), float(parameter.high)
        return axis_of(name, low, high, log=parameter.log and low > 0, whole=isinstance(parameter, Int))
    texts = labels(choice_labels(tuple(getattr(parameter, "choices", (False, True)))), _TEXT)
    few = range(0, len(texts), max(1, len(texts) // 15))
    return Axis(name, -0.5, len(texts) - 0.5, ticks=tuple((float(i), texts[i]) for i in few))


def steady(x: Array, across: Axis) -> Array:
    """Raw numbers of a choice moved apart a little, shape (n,); other numbers as they are."""
    return x + jitter(len(x), 0.22) if across.ticks and len(x) > 1 else x


def _tips(history: History, known: Evidence, rows: Indices) -> tuple[str, ...]:
    """What each trial is, for these places in the evidence."""
    name, sign = known.metric.name, known.metric.sign
    said_of, exact = [], read_alike(history.space.parameters)
    for i in rows.tolist():
        params = history.space.params(known.rows[i])
        text = params_line(params, exact, length=20, most=8)
        said_of.append(f"trial {known.numbers[i]}: {name} {number(float(sign * known.losses[i]))}; {text}")
    return tuple(said_of)


def _slice(history: History, known: Evidence, column: int) -> Panel:
    name, metric = known.space.names[column], known.metric
    values = metric.sign * known.losses
    view, up = metric_axis(metric, values, better=False)
    across = parameter_axis(known.space, name)
    active = np.flatnonzero(np.isfinite(known.rows[:, column]))
    condition = f"only when {cut(str(known.space.when[name]), 60)}" if name in known.space.when else ""
    if not len(active):
        return Panel(title=condition, note=f"{name} was active in no completed trial.")
    shown = active[thin(known.losses[active], _POINTS)]
    x = known.rows[shown, column]
    feasible = history.feasible[known.numbers]
    marks = dots(steady(x, across), values[shown], view, up, _tips(history, known, shown), keep=feasible[shown])
    default = default_trial(history)
    place = np.flatnonzero(known.numbers == default.number) if default is not None else np.zeros(0, int)
    if len(place) and np.isfinite(known.rows[place[0], column]) and not view.outside(values[place[0]]):
        marks.append(Points(known.rows[place, column], values[place], "default", "default"))
    if metric == objective(history):
        best = np.flatnonzero(np.isin(known.numbers, history.order[:1]))
    else:
        best = np.argsort(np.where(feasible, known.losses, np.inf), kind="stable")[: int(feasible.any())]
    if len(best) and np.isfinite(known.rows[best[0], column]):
        marks.append(Points(known.rows[best, column], values[best], "best", "best"))
    return Panel(across, up, tuple(marks), condition)


def _two(history: History, known: Evidence, first: str | None, second: str | None) -> tuple[str, str] | None:
    """The two parameters; of those that are not named the most important ones that were active together. None where there is no such pair."""
    named = tuple(name for name in (first, second) if name is not None)
    check_names(known.space, named)
    if first is not None and first == second:
        raise StudyError(f'Name two different parameters, got "{first}" twice.')
    if first is not None and second is not None:
        return first, second
    found = importance(history, metric=known.metric.name)
    ranked = [share.names[0] for share in found.shares] or list(known.space.names)
    active = {name: np.isfinite(known.rows[:, column]) for column, name in enumerate(known.space.names)}
    for i, one_ in enumerate(named or ranked):
        for other in ranked if named else ranked[i + 1 :]:
            if other != one_ and (active[one_] & active[other]).any():
                return (one_, other) if second is None else (other, one_)
    return None


@of_each
def rank(
    study: Several, first: str | None = None, second: str | None = None, *, metric: str | None = None, backend: Backend = "plotly"
) -> Any:  # noqa: ANN401
    """Two hyperparameters against each other, coloured by the rank of the trials: 1 is the best. Arguments as for `slices`.

    Where parameters are not named, it is about the most important ones. Ranks show the order where values would show only the worst ones.

    Raises:
        StudyError: there is no such parameter or metric, or both are the same.
    """
    history = one(study)
    known = evidence(history, metric)
    two = _two(history, known, first, second)
    if two is None:
        return render(said(f"Ranks in {known.metric.name}", _NO_TWO), backend)
    first, second = two
    a, b = (known.space.names.index(name) for name in two)
    title = f"Ranks in {known.metric.name} over {first} and {second}"
    together = np.flatnonzero(np.isfinite(known.rows[:, [a, b]]).all(axis=1))
    if not len(together):
        return render(said(title, f"{first} and {second} were active together in no completed trial."), backend)
    ranks = stats.rankdata(known.losses[together], "min")
    shown = thin(known.losses[together], _POINTS)[::-1]
    shown = shown[np.argsort(-ranks[shown], kind="stable")]  # the best are drawn last
    across, up = parameter_axis(known.space, first), parameter_axis(known.space, second)
    x, y = steady(known.rows[together[shown], a], across), steady(known.rows[together[shown], b], up)
    points = Points(x, y, "shaded", "", _tips(history, known, together[shown]), ranks[shown], scale="rank (1 is the best)")
    caption = f"Each dot is one of {counted(len(together), 'completed trial')} in which both were active; the darker, the better its rank. Dark dots together in one region: that is where both should be. Dark everywhere: neither matters much here."
    return render(Picture(title, caption, (Panel(across, up, (points,)),), size=(6.5, 5.0)), backend)


def raw_edges(places: Array, across: Axis) -> Array:
    """The edges of cells around rising raw places, shape (k,) to (k + 1,), half-way between neighbours on the axis's scale."""
    if across.ticks:
        return np.append(places - 0.5, places[-1] + 0.5)
    at = np.log(places) if across.log else places
    if len(at) == 1:
        return np.array([across.low, across.high])
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[at[0] - (middle[0] - at[0])], middle, [at[-1] + (at[-1] - middle[-1])]])
    return np.asarray(np.exp(edges) if across.log else edges)


@of_each
def contour(
    study: Several,
    first: str | None = None,
    second: str | None = None,
    *,
    metric: str | None = None,
    seed: int = 0,
    backend: Backend = "plotly",
) -> Any:  # noqa: ANN401
    """What a Gaussian process expects of two hyperparameters, all others averaged out, greyed where no trial is near; with the trials.
    Beside it how unsure that is.

    Args:
        study: one, a list, or a dictionary by name.
        first, second: names of the parameters; default: the most important ones (`Study.importance`).
        metric: by name; default: the first that is optimised.
        seed: of what is averaged over.
        backend: as for `slices`.

    Raises:
        StudyError: there is no such parameter or metric, or both are the same.
    """
    history = one(study)
    known = evidence(history, metric)
    two = _two(history, known, first, second)
    if two is None:
        return render(said(f"{known.metric.name} over two hyperparameters", _NO_TWO), backend)
    first, second = two
    a, b = (known.space.names.index(name) for name in two)
    title = f"{known.metric.name} over {first} and {second}"
    found = effects(history, first, second, metric=metric, seed=seed)
    effect = found.found[0] if found.found else None
    if effect is None or not np.isfinite(effect.mean).any():
        return render(said(title, " ".join(found.remarks) or f"{first} and {second} are never active together."), backend)
    across, up = parameter_axis(known.space, first), parameter_axis(known.space, second)
    places = _whole(effect.levels[0], across), _whole(effect.levels[1], up)
    mean, half, supported = (
        _spread(each, effect.levels, places)
        for each in (effect.mean, (effect.high - effect.low) / 2, effect.supported.astype(float))
    )
    veil = np.where(supported == 1, np.nan, 1.0).T
    edges = raw_edges(places[0], across), raw_edges(places[1], up)
    heat = Heat(*edges, mean.T, known.metric.name, veil=veil, up=known.metric.goal == "maximize")
    unsure = Heat(*edges, half.T, f"± {known.metric.name}", veil=veil, share=True)
    together = np.flatnonzero(np.isfinite(known.rows[:, [a, b]]).all(axis=1))
    shown = together[thin(known.losses[together], 500)]
    x, y = steady(known.rows[shown, a], across), steady(known.rows[shown, b], up)
    trials = Points(x, y, "over heat", "", _tips(history, known, shown))
    across, up = (_around(axis_, edge) for axis_, edge in zip((across, up), edges, strict=True))
    caption = f"What a Gaussian process expects, averaged over all other hyperparameters: the darker the better. Greyed: no trial is near, so the model only guesses. Dots: the trials behind it. On the right: half of the 95 % interval; the darker, the less is known (cross-validated R² {r2_text(found.fit.r2)})."
    panels = (
        Panel(across, up, (heat, trials), "expected"),
        Panel(across, up, (unsure, msgspec.structs.replace(trials, look="under")), "uncertainty"),
    )
    return render(Picture(title, " ".join([caption, *found.remarks]), panels, 2, (5.4, 4.4)), backend)


def _whole(levels: Array, across: Axis) -> Array:
    """Of choices every one between those that were looked at, so that each has a cell as wide as another; numbers as they are."""
    return np.arange(levels[0], levels[-1] + 1) if across.ticks else levels


def _spread(values: Array, levels: tuple[Array, ...], places: tuple[Array, Array]) -> Array:
    """A square of values at these levels, at more places; NaN where there is none."""
    spread = np.full([len(each) for each in places], np.nan)
    spread[np.ix_(*(np.searchsorted(place, level) for place, level in zip(places, levels, strict=True)))] = values
    return spread


def _around(axis_: Axis, edges: Array) -> Axis:
    """The axis, no wider than the cells."""
    return Axis(axis_.label, float(edges[0]), float(edges[-1]), axis_.log, axis_.whole, axis_.ticks)


def parallel(study: Several, *names: str, metric: str | None = None, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """Every trial as a line over the hyperparameters and the metric; inactive ones pass below the axis. Arguments as for `slices`.

    With plotly, drag along an axis to keep only the lines that pass there. Several studies of one space share the axes, and have one of
    their own.

    Raises:
        StudyError: there is no such parameter or metric, or the studies search different spaces.
    """
    learned = {name: evidence(history, metric) for name, history in several(study).items()}
    every = list(learned.values())
    if len({known.space.to_json() for known in every}) > 1:
        raise StudyError("Studies share parallel axes when they search the same space. Draw these one at a time.")
    parts = {name: np.concatenate([getattr(known, name) for known in every]) for name in Evidence.__struct_fields__[2:-1]}
    known = msgspec.structs.replace(every[0], **parts)
    whose = np.repeat(np.arange(len(every)), [len(each) for each in every])
    columns, left = _columns(known, names, _AXES)
    title = f"Configurations and their {known.metric.name}"
    if not len(known):
        return render(said(title, "There is no completed trial yet."), backend)
    shown = thin(known.losses, _LINES)
    values = known.metric.sign * known.losses[shown]
    view, _ = metric_axis(known.metric, known.metric.sign * known.losses)
    scale = view.scale()
    sides = [_unit_axis(known.space, column, known.rows[shown, column]) for column in columns]
    last = np.array([min(1.0, max(0.0, scale(float(value)))) for value in values])
    rows = np.stack([*(row for row, _ in sides), last], axis=1)
    ticks = (*(each for _, each in sides), tuple((tick.at, tick.label + scale.factor) for tick in scale.ticks))
    ranks = stats.rankdata(known.losses[shown])
    shade = (ranks - 1) / max(len(ranks) - 1, 1)
    shown_names = labels([known.space.names[column] for column in columns], 24)
    marked = tuple(
        text + (" *" if known.space.names[column] in known.space.when else "")
        for text, column in zip(shown_names, columns, strict=True)
    )
    if len(every) > 1:
        marked, k = ("study", *marked), len(every)
        rows = np.column_stack([(whose[shown] + 0.5 + jitter(len(shown), 0.15)) / k, rows])
        ticks = (tuple(((i + 0.5) / k, name) for i, name in enumerate(labels(list(learned), _TEXT))), *ticks)
    mark = Parallel((*marked, known.metric.name), ticks, rows, shade, "rank: 0 the best, 1 the worst")
    caption = "Each line is a trial, the darker the better. Where the dark lines pass through one place of an axis, that value is common to good trials; where they spread, it matters less."
    if any((row < 0).any() for row, _ in sides):
        caption += ' Axes with * are conditional: lines pass below them ("off") where the hyperparameter is inactive.'
    caption += f" {counted(view.beyond, 'value')} far worse than the rest end at the edge." if view.beyond else ""
    width = max(6.5, 1.35 * rows.shape[1])
    return render(Picture(title, caption + left, (Panel(marks=(mark,)),), size=(width, 4.4)), backend)


def _unit_axis(space: SearchSpace, column: int, raw: Array) -> tuple[Array, tuple[tuple[float, str], ...]]:
    """A column on [0, 1], below where inactive, and the ticks."""
    parameter = space.parameters[space.names[column]]
    if isinstance(parameter, Float | Int):
        low, high = float(parameter.low), float(parameter.high)
        scale = axis(low, high, count=5, whole=isinstance(parameter, Int), log=parameter.log)
        row = np.array([scale(x) if np.isfinite(x) else _OFF for x in raw.tolist()])
        ticks = tuple((tick.at, tick.label + scale.factor) for tick in scale.ticks)
    else:
        marks = parameter_axis(space, space.names[column])
        k = marks.high + 0.5
        row = np.where(np.isfinite(raw), (raw + 0.5 + jitter(len(raw), 0.15)) / k, _OFF)  # a fan says more than one point
        ticks = tuple(((at + 0.5) / k, text) for at, text in marks.ticks)
    off = ((_OFF, "off"),) if (row < 0).any() else ()
    return row, (*ticks, *off)
