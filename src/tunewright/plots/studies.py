"""What plots are drawn from, and how: studies or histories in, a figure out."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, ParamSpec, TypeAlias

import msgspec
import numpy as np

from tunewright.analysis.summary import objective
from tunewright.analysis.text import cut
from tunewright.analysis.view import Values, direction, value_axis
from tunewright.errors import StudyError
from tunewright.findings import Findings
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.plots import on_matplotlib, on_plotly
from tunewright.plots.picture import Axis, Mark, Panel, Picture, Points, axis_of
from tunewright.typing import Array, Mask

__all__ = ["Backend", "One", "Several", "common_metric", "dots", "metric_axis", "of_each", "one", "render", "several"]

Backend: TypeAlias = Literal["plotly", "matplotlib", "data"]
One: TypeAlias = Findings | History
Several: TypeAlias = One | Sequence[One] | Mapping[str, One]

_Arguments = ParamSpec("_Arguments")

_BROAD: Final = 6.6
"""Panels broader than this (inches) stand below each other."""

_TELL = "A plot is drawn from a Study, or from its history"


def one(study: Several) -> History:
    """Its history.

    Raises:
        StudyError: it is no study.
    """
    if isinstance(study, History):
        return study
    if isinstance(study, Findings):
        return study.history
    more = " This plot shows one study at a time." if isinstance(study, Sequence | Mapping) and not isinstance(study, str) else ""
    raise StudyError(f"{_TELL}; got {cut(repr(study), 80)}.{more}")


def several(studies: Several) -> dict[str, History]:
    """Histories by name: as given, or the studies' own names, numbered where they are the same.

    Raises:
        StudyError: there is none, or one of them is no study.
    """
    if isinstance(studies, Mapping):
        named = [(str(name), one(study)) for name, study in studies.items()]
    else:
        given = list(studies) if isinstance(studies, Sequence) and not isinstance(studies, str) else [studies]
        named = [(str(getattr(study, "name", "study")), one(study)) for study in given]
    if not named:
        raise StudyError("There is no study to draw. Give one, a list, or a dictionary by name.")
    names = [name for name, _ in named]
    return {
        name if names.count(name) == 1 else f"{name} {names[: i + 1].count(name)}": history
        for i, (name, history) in enumerate(named)
    }


def of_each(draw: Callable[_Arguments, Any]) -> Callable[_Arguments, Any]:
    """Makes a plot of one study a plot of several, too: the panels of each after those of the one before."""

    @functools.wraps(draw)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Any:  # noqa: ANN401
        given = args[0] if args else kwargs.get("study")
        if isinstance(given, str) or not isinstance(given, Sequence | Mapping):
            return draw(*args, **kwargs)
        backend: Any = kwargs.pop("backend", "plotly")
        kwargs.pop("study", None)
        again: Callable[..., Any] = draw
        pictures = {name: again(known, *args[1:], **kwargs, backend="data") for name, known in several(given).items()}
        return render(_joined(pictures), backend)

    return drawn


def _joined(pictures: Mapping[str, Picture]) -> Picture:
    """One picture of several; each begins a row of its own if it has more panels than one."""
    every = list(pictures.values())
    alone = all(len(picture.panels) == 1 for picture in every)
    broad = any(picture.size[0] > _BROAD for picture in every)
    columns = (1 if broad else min(len(every), 2)) if alone else max(picture.columns for picture in every)
    titles, captions = ({getattr(picture, part) for picture in every} for part in ("title", "caption"))
    panels: list[Panel] = []
    for name, picture in pictures.items():
        head = name if len(titles) == 1 else f"{name}: {picture.title}"
        first, *rest = picture.panels
        panels.append(msgspec.structs.replace(first, title=" · ".join(part for part in (cut(head, 60), first.title) if part)))
        panels += rest + [Panel()] * (0 if alone else -len(picture.panels) % columns)
    title = titles.pop() if len(titles) == 1 else ", ".join(pictures)
    said = captions.pop() if len(captions) == 1 else " ".join(f"{name}: {picture.caption}" for name, picture in pictures.items())
    size = (max(picture.size[0] for picture in every), max(picture.size[1] for picture in every))
    return Picture(cut(title, 90), said, tuple(panels), columns, size)


def common_metric(histories: Sequence[History]) -> Metric:
    """The metric that all of them optimise first.

    Raises:
        StudyError: they optimise different ones.
    """
    metrics = [objective(history) for history in histories]
    if len({(metric.name, metric.goal) for metric in metrics}) > 1:
        held = ", ".join(dict.fromkeys(f"{metric.name} ({metric.goal})" for metric in metrics))
        raise StudyError(f"These studies optimise different metrics: {held}. Draw those together that optimise the same one.")
    return metrics[0]


def render(picture: Picture, backend: Backend) -> Any:  # noqa: ANN401  the libraries are optional
    """The picture by a library, or itself ("data").

    Raises:
        StudyError: there is no such backend.
        ExtraMissing: its library is not installed.
    """
    if backend == "data":
        return picture
    if backend == "matplotlib":
        return on_matplotlib.draw(picture)
    if backend == "plotly":
        return on_plotly.draw(picture)
    raise StudyError(f'There is no backend {backend!r}. Say "plotly", "matplotlib", or "data".')


def metric_axis(metric: Metric, values: Array, *, better: bool = True) -> tuple[Values, Axis]:
    """The axis for values of a metric, shape (n,), n >= 1: what it leaves out, and itself."""
    view = value_axis(values, metric.sign)
    label = f"{metric.name} ({direction(metric)})" if better else metric.name
    return view, axis_of(label, view.low, view.high, log=view.log)


def dots(
    x: Array, y: Array, view: Values, axis: Axis, tips: Sequence[str], *, keep: Mask | None = None, grey: str = "outside a bound"
) -> list[Mark]:
    """Trials as dots, those beyond the value axis as arrows at its edge, and those not to keep in grey, so named; all shapes (n,)."""
    out = np.array([view.outside(value) for value in y.tolist()], bool)
    keep = np.ones(len(x), bool) if keep is None else keep
    marks: list[Mark] = []
    for look, name, which in (("infeasible", grey, ~keep & ~out), ("trial", "trial", keep & ~out)):
        if which.any():
            marks.append(
                Points(x[which], y[which], look, name, tuple(tip for tip, is_in in zip(tips, which, strict=True) if is_in))
            )
    if out.any():
        edge = axis.high if view.worse == "top" else axis.low
        marks.append(
            Points(x[out], np.full(int(out.sum()), edge), "beyond" if view.worse == "top" else "below", "beyond the axis")
        )
    return marks
