"""What came out: the trade-off between metrics, and the winner beside the default on every fold."""

from typing import Any, Final

import numpy as np

from tunewright.analysis.summary import at_full_effort, default_trial, difference, objective, sentence_on_difference
from tunewright.analysis.text import counted, number
from tunewright.analysis.view import direction, thin
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.plots.picture import Axis, Line, Mark, Panel, Picture, Points, said, series
from tunewright.plots.studies import Backend, Several, metric_axis, of_each, one, render, several
from tunewright.trial import Trial
from tunewright.typing import Array

__all__ = ["folds", "pareto"]

_POINTS: Final = 1500


def pareto(studies: Several, *, metrics: tuple[str, str] | None = None, backend: Backend = "plotly") -> Any:  # noqa: ANN401  the libraries are optional
    """Two metrics against each other, with the trials that no other one beats in every optimised metric.

    Args:
        studies: one, a list, or a dictionary by name.
        metrics: two by name; default: the first two that are optimised.
        backend: "plotly", "matplotlib", or "data" for the `Picture` itself.

    Raises:
        StudyError: a study does not measure two, or not these.
    """
    known = several(studies)
    first = next(iter(known.values()))
    chosen = _two_metrics(first, metrics)
    names = tuple(first.metrics[j].name for j in chosen)
    found = {name: (each, _two_metrics(each, (names[0], names[1]))) for name, each in known.items()}
    title = f"{names[1]} against {names[0]}"
    both = {name: _both(each, columns) for name, (each, columns) in found.items()}
    everything = np.concatenate([values for _, values in both.values()])
    if not len(everything):
        return render(said(title, "There is no completed trial yet."), backend)
    axes = [metric_axis(first.metrics[j], everything[:, i]) for i, j in enumerate(chosen)]
    marks: list[Mark] = []
    for i, (name, (each, columns)) in enumerate(found.items()):
        marks += _front(each, columns, both[name], series(i), name if len(known) > 1 else "")
    count = len(both[next(iter(both))][1]) if len(known) == 1 else sum(len(values) for _, values in both.values())
    caption = f"Each dot is one of {counted(count, 'completed trial')}. Ringed and joined: no other trial of the study is at least as good in every optimised metric and better in one. The choice among them is yours, not the search's."
    if any(view.beyond for view, _ in axes):
        caption += " Values far worse than the rest lie outside the picture."
    return render(Picture(title, caption, (Panel(axes[0][1], axes[1][1], tuple(marks)),), size=(6.5, 4.8)), backend)


def _two_metrics(history: History, names: tuple[str, str] | None) -> tuple[int, int]:
    held = [metric.name for metric in history.metrics]
    if names is None:
        places = [*history.objectives, *(j for j in range(len(held)) if j not in history.objectives)][:2]
        if len(places) < 2:
            raise StudyError(f"A trade-off needs two metrics, and the study measures only {held[0]}.")
        return places[0], places[1]
    missing = [name for name in names if name not in held]
    if missing or len(set(names)) != 2:
        raise StudyError(f"Name two different metrics that the study measures ({', '.join(held)}); got {', '.join(names)}.")
    return held.index(names[0]), held.index(names[1])


def _both(history: History, columns: tuple[int, int]) -> tuple[Array, Array]:
    """Numbers of the usable trials with both values, and these, shapes (n,), (n, 2)."""
    values = history.values[:, list(columns)]
    numbers = np.flatnonzero(np.isfinite(values).all(axis=1) & history.usable)
    return numbers.astype(float), values[numbers]


def _front(history: History, columns: tuple[int, int], both: tuple[Array, Array], look: str, name: str) -> list[Mark]:
    numbers, values = both
    if not len(numbers):
        return []
    metrics = [history.metrics[j] for j in columns]
    shown = thin(metrics[0].sign * values[:, 0], _POINTS)
    feasible = history.feasible[numbers.astype(int)]
    marks: list[Mark] = []
    grey, kept = shown[~feasible[shown]], shown[feasible[shown]]
    if len(grey):
        marks.append(Points(values[grey, 0], values[grey, 1], "infeasible", "outside a bound"))
    tips = tuple(
        f"trial {numbers[i]:.0f}: " + ", ".join(f"{m.name} {number(v)}" for m, v in zip(metrics, values[i].tolist(), strict=True))
        for i in kept
    )
    marks.append(Points(values[kept, 0], values[kept, 1], look, name or "trial", tips))
    front = history.values[[trial.number for trial in history.pareto]][:, list(columns)]
    if len(front):
        front = front[np.argsort(front[:, 0], kind="stable")]
        if len(history.objectives) == 2 and set(columns) == set(history.objectives):  # else the front is no line here
            marks.append(Line(*_staircase(front, metrics[0].sign), "reference"))
        marks.append(Points(front[:, 0], front[:, 1], "best", "not beaten" if len(history.objectives) > 1 else "best"))
    return marks


def _staircase(front: Array, sign: float) -> tuple[Array, Array]:
    """What is attained: of the second metric the best that some trial has at no worse a value of the first, shape (2n - 1,) each.

    Args:
        front: trials that none beats, by rising values of the first metric, shape (n, 2).
        sign: of the first metric.
    """
    stairs = np.repeat(front, 2, axis=0)
    across, up = (stairs[1:, 0], stairs[:-1, 1]) if sign > 0 else (stairs[:-1, 0], stairs[1:, 1])
    return across, up


@of_each
def folds(study: Several, *, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """The winner beside the default on every fold and seed that both were measured on. Arguments as for `pareto`; one study."""
    history = one(study)
    metric = objective(history)
    title = f"{metric.name} of the winner and the default, fold by fold"
    if len(history.objectives) > 1:
        return render(said(title, "Several metrics are optimised, so there is no single winner. See plots.pareto."), backend)
    if not history.feasible.any():
        return render(said(title, "No trial within the bounds has a value yet."), backend)
    winner, default = history.best, default_trial(history)
    ours = _cells(winner, metric.name)
    if len(ours) < 2:
        return render(said(title, f"The winner, trial {winner.number}, was measured once: there are no folds to show."), backend)
    other = default if default is not None and default.number != winner.number else None
    theirs = _cells(other, metric.name) if other is not None else {}
    keys = sorted(ours, key=lambda key: (key[1], -1 if key[0] is None else key[0]))
    at = np.arange(len(keys), dtype=float)
    y = np.array([ours[key] for key in keys])
    z = np.array([theirs.get(key, np.nan) for key in keys])
    marks: list[Mark] = [
        Line(np.array([i, i]), np.array([a, b]), "reference") for i, a, b in zip(at, y, z, strict=True) if np.isfinite(b)
    ]
    marks += [Points(at, y, "winner", f"winner: trial {winner.number}"), Line(at[[0, -1]], np.full(2, y.mean()), "winner")]
    if np.isfinite(z).any() and other is not None:
        marks += [
            Points(at, z, "default", f"default: trial {other.number}"),
            Line(at[[0, -1]], np.full(2, np.nanmean(z)), "default"),
        ]
    several_seeds = len({seed for _, seed in keys}) > 1
    ticks = tuple((float(i), _cell(key, seeds=several_seeds)) for i, key in enumerate(keys) if i % max(1, len(keys) // 15) == 0)
    up = metric_axis(metric, np.r_[y, z[np.isfinite(z)]])[1]
    panel = Panel(Axis("", -0.5, len(keys) - 0.5, ticks=ticks), up, tuple(marks))
    return render(Picture(title, _folds_caption(winner, default, history), (panel,)), backend)


def _cells(trial: Trial, metric: str) -> dict[tuple[int | None, int], float]:
    return {(each.fold, each.seed): each.values[metric] for each in at_full_effort(trial) if each.values}


def _cell(key: tuple[int | None, int], *, seeds: bool) -> str:
    fold, seed = key
    return f"seed {seed}" if fold is None else f"fold {fold}" + (f", seed {seed}" if seeds else "")


def _folds_caption(winner: Trial, default: Trial | None, history: History) -> str:
    metric = objective(history)
    caption = f"Each place is a fold; level lines are the means ({direction(metric)})."
    if default is None:
        return f"{caption} The default was not tried, so there is nothing to compare with."
    if default.number == winner.number:
        return f"{caption} The default itself is the winner."
    found = difference(winner, default, metric, history)
    if found is None:
        return f"{caption} The two have fewer than two folds in common, so no difference can be told."
    return f"{caption} {sentence_on_difference(found)} The winner was chosen by these very folds, which flatters it: see study.generalization()."
