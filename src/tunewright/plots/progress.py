"""How searches went: best so far, when and where trials ran, what they reported on the way, and searches beside each other."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from tunewright.analysis.charts import improvements, whiskers
from tunewright.analysis.comparison import compare
from tunewright.analysis.summary import default_trial, objective
from tunewright.analysis.text import counted, cut, number
from tunewright.analysis.view import direction, drawn, thin
from tunewright.errors import StudyError
from tunewright.findings import Findings
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.metric import Metric
from tunewright.plots.picture import Axis, Bars, Line, Mark, Panel, Picture, Points, axis_of, said, series
from tunewright.plots.studies import Backend, One, Several, common_metric, dots, metric_axis, of_each, one, render, several
from tunewright.typing import Array

__all__ = ["comparison", "distribution", "history", "learning_curves", "timeline"]

_POINTS: Final = 3000
_CURVES: Final = 150
_BARS: Final = 5000
_UNITS: Final = (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def history(studies: Several, *, backend: Backend = "plotly") -> Any:  # noqa: ANN401  the libraries are optional
    """Value by trial with the best so far, and what the records vary over their folds; of several studies, the best so far of each.

    Args:
        studies: one, a list, or a dictionary by name.
        backend: "plotly", "matplotlib", or "data" for the `Picture` itself.
    """
    known = several(studies)
    if len(known) == 1:
        return render(_history(next(iter(known.values()))), backend)
    metric = common_metric(list(known.values()))
    found = {name: improvements(each) for name, each in known.items()}
    values = np.array([value for each in found.values() for _, value in each])
    if not len(values):
        return render(said(f"{metric.name} by trial", "None of these studies has a value yet."), backend)
    marks: list[Mark] = []
    for i, (name, records) in enumerate(found.items()):
        if records:
            at, best = np.array([*records, (len(known[name]) - 1.0, records[-1][1])]).T
            marks.append(Line(at, best, series(i), name, steps=True))
    ends = [f"{name} {number(each[-1][1])}" if each else f"{name} none" for name, each in found.items()]
    caption = f"The best {metric.name} so far; {direction(metric)}. At the end: {', '.join(ends)}. One search each is an anecdote: see plots.comparison for repeated seeds."
    longest = max(len(each) for each in known.values())
    panel = Panel(_by_trial(longest), metric_axis(metric, values)[1], tuple(marks))
    return render(Picture(f"Best {metric.name} by trial", caption, (panel,)), backend)


def _by_trial(count: int) -> Axis:
    return axis_of("trial", 0, max(count - 1, 1), whole=True, pad=0.02)


def _history(known: History) -> Picture:
    metric = objective(known)
    numbers, values = drawn(known)
    failed = np.flatnonzero(known.states == FAILED)
    title = f"{metric.name} by trial"
    if not len(numbers):
        tried = f"{counted(len(failed), 'trial')} failed" if len(failed) else f"{counted(known.running, 'trial')} running"
        return said(title, f"There is no completed trial yet ({tried}).")
    records = improvements(known)
    bars = np.array(whiskers(known, records)).reshape(-1, 3)
    view, axis = metric_axis(metric, values)
    shown = thin(metric.sign * values, _POINTS)
    tips = [f"trial {n}: {metric.name} {number(v)}" for n, v in zip(numbers[shown].tolist(), values[shown].tolist(), strict=True)]
    why = (("outside a bound", ~known.feasible[numbers]), ("few folds", known.feasible & ~known.proven))
    grey = " or ".join(name for name, which in why if which.any())
    marks = dots(numbers[shown].astype(float), values[shown], view, axis, tips, keep=known.proven[numbers[shown]], grey=grey)
    if records:
        at, best = np.array([*records, (max(len(known) - 1.0, records[-1][0]), records[-1][1])]).T
        marks.append(Line(at, best, "spread", "best so far", steps=True))
    if len(bars):
        marks.append(Points(bars[:, 0], bars[:, 1:].mean(axis=1), "spread", low=bars[:, 1], high=bars[:, 2]))
    default = default_trial(known)
    if default is not None and default.values is not None and not view.outside(default.values[metric.name]):
        marks.append(Points(np.array([float(default.number)]), np.array([default.values[metric.name]]), "default", "default"))
    if records:
        marks.append(Points(np.array([records[-1][0]]), np.array([records[-1][1]]), "best", "best"))
    if len(failed):
        marks.append(Points(failed.astype(float), np.full(len(failed), axis.low), "failed", "failed"))
    return Picture(
        title,
        _history_caption(known, len(records) and int(records[-1][0]), len(bars)),
        (Panel(_by_trial(len(known)), axis, tuple(marks)),),
    )


def _history_caption(known: History, last: int, bars: int) -> str:
    metric = objective(known)
    sentences = [f"Each dot is a trial; the line is the best {metric.name} so far ({direction(metric)})"]
    if known.feasible.any():
        sentences[0] += f", last improved by trial {last} ({len(known):,} trials, counted from 0)." if len(known) > 1 else "."
        if len(known.objectives) > 1:
            sentences.append(
                f"This is about {metric.name} alone of {len(known.objectives)} metrics; plots.pareto shows them together."
            )
        elif len(known) >= 10:
            sentences.append("Where it has long been level, more trials of the same kind are unlikely to gain much.")
    else:
        sentences[0] += ", which no trial within the bounds has set yet."
    if (known.feasible & ~known.proven).any():
        less = "judged with less effort" if known.uneven else "met fewer than half as many folds or seeds"
        sentences.append(f"Grey: {less} {'than others' if known.uneven else 'as others did'}, and is no best.")
    if bars:
        sentences.append("Upright lines: plus and minus one standard deviation over the folds of the records.")
    if (known.states == FAILED).any():
        sentences.append(f"{counted(known.failed, 'failed trial')} marked × at the bottom.")
    return " ".join(sentences)


def timeline(studies: Several, *, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """When each trial ran, by worker; a panel for each study. Arguments as for `history`.

    A worker is a process; one that ran several tasks at once has several rows.
    """
    known = several(studies)
    begun = {name: each for name, each in known.items() if len(each)}
    if not begun:
        return render(said("Timeline", "No trial was begun yet."), backend)
    panels = tuple(_timeline(each, name if len(known) > 1 else "") for name, each in begun.items())
    caption = "Each bar is a trial from its start to its last result; gaps are times in which a worker had nothing to do. Long bars late in the search make the others wait."
    if any(len(each) > _BARS for each in begun.values()):
        caption += f" Of more than {_BARS:,} trials an even choice is drawn."
    tallest = max(len(panel.y.ticks) for panel in panels)
    return render(Picture("Timeline by worker", caption, panels, size=(8.0, min(1.5 + 0.4 * tallest, 12.0))), backend)


def _timeline(known: History, name: str) -> Panel:
    shown = np.unique(np.linspace(0, len(known) - 1, min(len(known), _BARS)).astype(int))
    ended, asked = known.finished_at[shown], known.asked_at[shown]
    now = float(np.nanmax([np.nanmax(asked), *ended[np.isfinite(ended)]]))
    end = np.where(np.isfinite(ended), ended, now)
    spent = known.seconds[shown]
    start = np.maximum(asked, np.where(spent > 0, end - spent, asked))
    zero = float(start.min())
    unit, size = next((each for each in _UNITS if now - zero >= 2 * each[1]), _UNITS[-1])
    rows, labels = _lanes(np.array([known.worker(int(i)) for i in shown]), start, end)
    start, end = (start - zero) / size, (end - zero) / size
    end = np.maximum(end, start + 0.001 * float(end.max()))
    states, marks = known.states[shown], []
    for state, look, word in (
        (COMPLETED, "trial", "completed"),
        (FAILED, "failed", "failed"),
        (RUNNING, "infeasible", "running"),
    ):
        of = states == state
        if of.any():
            tips = tuple(f"trial {i}, {word}" for i in shown[of].tolist())
            marks.append(Bars(rows[of], start[of], end[of], look, word, tips))
    axis = Axis("", len(labels) - 0.4, -0.6, ticks=tuple((float(i), label) for i, label in enumerate(labels)))
    return Panel(axis_of(f"{unit} since the start", 0.0, float(end.max()), pad=0.02), axis, tuple(marks), name)


def _lanes(workers: Array, start: Array, end: Array) -> tuple[Array, list[str]]:
    """The row of each trial, shape (n,), and the rows' labels: a worker has as many rows as it ran trials at once."""
    rows: Array = np.zeros(len(workers))
    labels: list[str] = []
    for worker in np.unique(workers):
        free: list[float] = []
        mine = np.flatnonzero(workers == worker)
        for i in mine[np.argsort(start[mine], kind="stable")]:
            place = next((j for j, until in enumerate(free) if until <= start[i] + 1e-9), len(free))
            free[place : place + 1] = [float(end[i])]
            rows[i] = len(labels) + place
        name = f"worker {worker}" if worker else "by hand"
        labels += [name, *(f"… {j + 1}" for j in range(1, len(free)))]
    return rows, labels


@of_each
def learning_curves(study: Several, *, metric: str | None = None, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """What trials reported on the way, the best one standing out.

    Args:
        study: one, a list, or a dictionary by name.
        metric: by name, also anything else that was reported; default: the first that is optimised.
        backend: as for `history`.

    Raises:
        StudyError: nothing is measured or was reported under this name.
    """
    known = one(study)
    names, reported = [each.name for each in known.metrics], _reported(known)
    if metric is not None and metric not in {*names, *reported}:
        also = f" On the way was reported: {', '.join(reported)}." if reported else ""
        raise StudyError(f'The study does not measure "{metric}". It measures: {", ".join(names)}.{also}')
    measured = metric is None or metric in names
    chosen = objective(known) if metric is None else known.metrics[names.index(metric)] if measured else Metric(metric)
    title = f"{chosen.name} on the way"
    curves = _curves(known, chosen.name)
    if not curves:
        mend = f"{', '.join(reported)} was: name it with metric=." if reported else "An objective reports with live.report."
        return render(said(title, f"No trial reported {chosen.name} on the way. {mend}"), backend)
    trials = np.array(list(dict.fromkeys(trial for trial, *_ in curves)))
    best = _best_of(known, trials, names.index(chosen.name) if measured and len(known.objectives) > 1 else None)
    losses = np.where(known.feasible, known.losses[:, names.index(chosen.name if measured else objective(known).name)], np.inf)
    kept = set((trials if len(trials) <= _CURVES else trials[thin(losses[trials], _CURVES)]).tolist()) | {best}
    marks: list[Mark] = []
    for trial, steps, values in curves:
        if trial in kept and trial != best:
            look, word = ("failed", "failed") if known.states[trial] == FAILED else ("trial", "trial")
            marks.append(Line(steps, values, "curve failed" if look == "failed" else "curve", word))
    marks += [Line(steps, values, "curve best", f"best: trial {best}") for trial, steps, values in curves if trial == best]
    every = np.concatenate([values for *_, values in curves])
    at = np.concatenate([steps for _, steps, _ in curves])
    axis = metric_axis(chosen, every, better=measured)[1]
    panel = Panel(axis_of("step", float(at.min()), float(at.max()), pad=0.02), axis, tuple(marks))
    toward = f"; {direction(chosen)}" if measured else ""
    caption = f"Each line is what a task reported{toward}. Where lines cross late, stopping early would have been unfair to those that win in the end."
    if len(kept - {-1}) < len(trials):
        caption += f" Drawn are {len(kept - {-1})} of {len(trials):,} trials: the best, and an even choice of the rest."
    return render(Picture(title, caption, (panel,)), backend)


def _best_of(known: History, trials: Array, metric: int | None) -> int:
    """Which of these trials the study ranks first, or, by one of several objectives, which is the best in that; -1: none is within the bounds."""
    ranked = known.order if metric is None else np.flatnonzero(known.feasible)
    ranked = ranked[np.isin(ranked, trials)]
    if metric is not None and len(ranked):
        return int(ranked[np.argmin(known.losses[ranked, metric])])
    return int(ranked[0]) if len(ranked) else -1


def _reported(known: History) -> list[str]:
    """The names under which anything was reported on the way, in the order of their first report."""
    tasks = ((trial, index) for trial in range(len(known)) for index in range(known.sent(trial)))
    return list(dict.fromkeys(name for task in tasks for report in known.curve(*task) for name in report.values))


def _curves(known: History, metric: str) -> list[tuple[int, Array, Array]]:
    """Trial, rising steps and values of each task that reported the metric; of a step reported twice (a task that was sent again) the later value."""
    found = []
    for trial in range(len(known)):
        for index in range(known.sent(trial)):
            at = {float(report.step): report.values[metric] for report in known.curve(trial, index) if metric in report.values}
            reports = sorted((step, float(value)) for step, value in at.items() if math.isfinite(value))
            if reports:
                steps, values = np.array(reports).T
                found.append((trial, steps, values))
    return found


def distribution(studies: Several, *, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """The share of the finished trials that are at least as good as each value; failures never are. Arguments as for `history`."""
    known = several(studies)
    metric = common_metric(list(known.values()))
    title = f"How often each {metric.name} was reached"
    every = [drawn(each)[1] for each in known.values()]
    if not any(map(len, every)):
        return render(said(title, "There is no completed trial yet."), backend)
    view, axis = metric_axis(metric, np.concatenate(every))
    ends = (axis.low, axis.high) if metric.sign > 0 else (axis.high, axis.low)
    marks: list[Mark] = []
    for i, (name, values) in enumerate(zip(known, every, strict=True)):
        if len(values):
            ordered = metric.sign * np.sort(metric.sign * values)
            share = np.arange(1, len(values) + 1) / max(known[name].finished, len(values))
            marks.append(
                Line(
                    np.array([ends[0], *ordered, ends[1]]),
                    np.array([0.0, *share, share[-1]]),
                    series(i),
                    name if len(known) > 1 else "",
                    steps=True,
                )
            )
    caption = f"How large a share of the finished trials is at least as good as the {metric.name} on the level axis ({direction(metric)}); failed trials never are, so a line that ends below 1 had failures. The higher a line is near the good end, the more common good values are in that space, or with that sampler."
    caption += f" {counted(view.beyond, 'value')} far worse than the rest are beyond the axis." if view.beyond else ""
    return render(Picture(title, caption, (Panel(axis, Axis("share of finished trials", -0.02, 1.02), tuple(marks)),)), backend)


def comparison(sides: Mapping[str, One | Sequence[One]], *, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """The best so far of several ways to search, each repeated over seeds: the mean with its 95 % band, and every single search.

    Args:
        sides: by name, the studies that repeat it; one alone gets no band.
        backend: as for `history`.

    Raises:
        StudyError: there is no side, one is empty, or they optimise different metrics.
    """
    if not isinstance(sides, Mapping) or not sides:
        raise StudyError('Give a dictionary of sides: {"random": [study_1, study_2], "gp": [study_3, study_4]}.')
    known = {
        str(name): list(several([side] if isinstance(side, Findings | History) else side).values())
        for name, side in sides.items()
    }
    everyone = [each for side in known.values() for each in side]
    metric = common_metric(everyone)
    title = f"Best {metric.name}, repeated over seeds"
    count = min(each.finished for each in everyone)
    lines = {
        name: np.array([_best_so_far(each, count) for each in side]).reshape(len(side), count) for name, side in known.items()
    }
    if count == 0 or any(np.isnan(each[:, -1]).any() for each in lines.values()):
        return render(
            said(title, f"A study has no value within its first {counted(count, 'finished trial')}. Let it run longer."), backend
        )
    marks: list[Mark] = []
    for i, (name, each) in enumerate(lines.items()):
        marks += _side(each, series(i), f"{name} (n = {len(each)})")
    values = np.concatenate([each[np.isfinite(each)] for each in lines.values()])
    panel = Panel(_by_trial(count), metric_axis(metric, values)[1], tuple(marks))
    caption = f"The best {metric.name} after each finished trial ({direction(metric)}): thick, the mean over seeds, with its 95 % interval where there are at least two; thin, every search. All are cut at {counted(count, 'trial')}, where the shortest ends."
    if len(known) == 2 and all(len(each.objectives) == 1 for each in everyone):
        first, second = known
        caption += f" {compare(known[first], known[second], names=(first, second)).verdict}"
    return render(Picture(title, caption, (panel,)), backend)


def _best_so_far(known: History, count: int) -> Array:
    """The best value after each of the first so many finished trials, NaN before there is one; adjusted for the folds met."""
    ended = np.flatnonzero(np.isfinite(known.finished_at))
    early = ended[np.argsort(known.finished_at[ended], kind="stable")[:count]]
    losses = np.where(known.proven, known.effects().values, np.inf)[early]
    best = np.minimum.accumulate(losses)
    return np.where(np.isfinite(best), objective(known).sign * best, np.nan)


def _side(lines: Array, look: str, name: str) -> list[Mark]:
    at = np.arange(lines.shape[1], dtype=float)
    marks: list[Mark] = [Line(at, line, "faint", steps=True) for line in lines] if len(lines) > 1 else []
    mean = lines.mean(axis=0)
    band: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
    if len(lines) > 1:
        half = stats.t.ppf(0.975, len(lines) - 1) * lines.std(axis=0, ddof=1) / math.sqrt(len(lines))
        band = mean - half, mean + half
    return [*marks, Line(at, mean, look, cut(name, 60), True, *band)]
