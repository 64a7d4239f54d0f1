"""What mattered: importance with its intervals, what two parameters do only together, effects with their bands."""

from typing import Any, Final

import numpy as np

from tunewright import analysis
from tunewright.analysis.dependence import Effect
from tunewright.analysis.evidence import check_names, evidence
from tunewright.analysis.importances import Method
from tunewright.analysis.shares import Importance, Share
from tunewright.analysis.text import interval, labels, r2_text, thousandths
from tunewright.analysis.view import thin
from tunewright.plots.parameters import parameter_axis, steady
from tunewright.plots.picture import Axis, Bars, Heat, Line, Mark, Panel, Picture, Points, axis_of, said
from tunewright.plots.studies import Backend, Several, metric_axis, of_each, one, render
from tunewright.typing import Array

__all__ = ["effects", "importance", "interactions"]

_SHOWN: Final = 20
_SQUARE: Final = 10
_PANELS: Final = 9
_POINTS: Final = 500


@of_each
def importance(
    study: Several,
    method: Method = "fanova",
    of: str | float = "all",
    *,
    metric: str | None = None,
    seed: int = 0,
    backend: Backend = "plotly",
) -> Any:  # noqa: ANN401  the libraries are optional
    """How much each hyperparameter mattered, with 95 % intervals (`analysis.importance`).

    Args:
        study: one, a list, or a dictionary by name.
        method, of, metric, seed: as for `Study.importance`.
        backend: "plotly", "matplotlib", or "data" for the `Picture` itself.

    Raises:
        StudyError: there is no such method or metric, or `of` means nothing.
    """
    found = analysis.importance(one(study), method, of, metric=metric, seed=seed)
    if not found.shares:
        return render(said(found.title, " ".join(found.remarks)), backend)
    shares = found.shares[:_SHOWN][::-1]
    rows = np.arange(len(shares), dtype=float)
    value, low, high = np.array([[share.value, share.low, share.high] for share in shares]).T
    totals = np.array([share.total for share in shares])
    tips = tuple(
        f"{share.names[0]}: {', '.join(interval(share.value, share.low, share.high))}{_total(share)}, n = {share.n:,}"
        for share in shares
    )
    clear = np.array([share.clear for share in shares])
    marks: list[Mark] = []
    for look, name, which in (("bar", "clear", clear), ("infeasible", "may be chance", ~clear)):
        if which.any():
            kept = tuple(tip for tip, is_in in zip(tips, which, strict=True) if is_in)
            marks.append(Bars(rows[which], np.zeros(int(which.sum())), value[which], look, name if not clear.all() else "", kept))
    marks.append(Points(value, rows, "whisker", low=low, high=high, across=True))
    if np.isfinite(totals).any():
        marks.append(Points(totals, rows, "total", "in any company (total)", tips))
    ticks = tuple((float(i), name) for i, name in enumerate(labels([share.names[0] for share in shares], 28)))
    panel = Panel(
        Axis("share", 0.0, max(float(np.fmax(high, totals).max()) * 1.05, 1e-3)),
        Axis("", -0.6, len(shares) - 0.4, ticks=ticks),
        tuple(marks),
    )
    return render(Picture(found.title, _importance_caption(found), (panel,), size=(7.5, 1.3 + 0.32 * len(shares))), backend)


def _total(share: Share) -> str:
    return f", total {thousandths(share.total)}" if np.isfinite(share.total) else ""


def _importance_caption(found: Importance) -> str:
    what = (
        "how much it sets the best trials apart from the others"
        if found.method == "ped-anova"
        else "its share of the variance of the metric"
    )
    sentences = [
        f"The length of a bar is {what}; the line at its end is the 95 % interval. Where intervals overlap, the order is not certain."
    ]
    if found.method == "sobol":
        sentences.append(
            "The diamond is the total: what it explains in any company, so what lies between is done only together with others."
        )
    if len(found.shares) > _SHOWN:
        sentences.append(f"The first {_SHOWN} of {len(found.shares)} are drawn.")
    sentences += [f"The {found.behind}."] if found.behind else []
    return " ".join([*sentences, *found.remarks])


@of_each
def interactions(
    study: Several, method: Method = "fanova", *, metric: str | None = None, seed: int = 0, backend: Backend = "plotly"
) -> Any:  # noqa: ANN401
    """What each pair of hyperparameters does only together, and each alone (on the diagonal). Arguments as for `importance`.

    Args:
        method: "fanova" or "shapley"; the others know no pairs.

    Raises:
        StudyError: there is no such method or metric.
    """
    found = analysis.importance(one(study), method, metric=metric, seed=seed)
    title = f"Alone and in pairs: {found.method}, {found.metric}"
    if method in {"ped-anova", "sobol"}:
        return render(said(title, f'The method "{method}" knows no pairs. Say "fanova" or "shapley".'), backend)
    pairs = [share for share in found.interactions if len(share.names) == 2]
    if len(found.shares) == 1:
        return render(
            said(title, f"There is one hyperparameter, {found.shares[0].names[0]}: it has none to interact with."), backend
        )
    if not found.shares or not pairs:
        return render(said(title, " ".join(found.remarks) or "No two of them were ever active together."), backend)
    strength = {share.names[0]: share.value for share in found.shares}
    for share in pairs:
        for name in share.names:
            strength[name] = max(strength[name], abs(share.value))
    names = sorted(strength, key=lambda name: -strength[name])[:_SQUARE]
    z, texts = _square(names, [*found.shares, *pairs])
    edges: Array = np.arange(len(names) + 1, dtype=np.float64) - 0.5
    ticks = tuple((float(i), name) for i, name in enumerate(labels(names, 18)))
    across, up = Axis("", -0.5, len(names) - 0.5, ticks=ticks), Axis("", len(names) - 0.5, -0.5, ticks=ticks)
    side = max(4.2, 1.6 + 0.62 * len(names))
    caption = "On the diagonal what each does alone, below it what two do only together, as shares. Read two parameters with a large pair together: the best value of one depends on the other. Empty: not among the largest pairs."
    if found.behind:
        caption += f" The {found.behind}."
    panel = Panel(across, up, (Heat(edges, edges, z, "share", texts, share=True),))
    return render(Picture(title, " ".join([caption, *found.remarks]), (panel,), size=(side + 1.6, side)), backend)


def _square(names: list[str], shares: list[Share]) -> tuple[Array, tuple[tuple[str, ...], ...]]:
    """The lower triangle with the diagonal, and what is written into it."""
    z = np.full((len(names), len(names)), np.nan)
    for share in shares:
        places = sorted(names.index(name) for name in share.names if name in names)
        if len(places) == len(share.names):
            z[places[-1], places[0]] = share.value
    return z, tuple(tuple("" if np.isnan(value) else f"{value:.2f}" for value in row) for row in z)


@of_each
def effects(study: Several, *names: str, metric: str | None = None, seed: int = 0, backend: Backend = "plotly") -> Any:  # noqa: ANN401
    """How the metric goes with each hyperparameter, all others averaged out: the mean with its 95 % band, the trials underneath.

    Args:
        study: one, a list, or a dictionary by name.
        names: of the parameters; default: the nine with the largest effects.
        metric: by name; default: the first that is optimised.
        seed: of what is averaged over.
        backend: as for `importance`.

    Raises:
        StudyError: there is no such parameter or metric.
    """
    history = one(study)
    known = evidence(history, metric)
    check_names(known.space, names)
    found = analysis.effects(history, *(names if len(names) == 1 else ()), metric=metric, seed=seed)
    title = f"Effects on {found.metric}"
    kept = [effect for effect in found.found if not names or effect.names[0] in names][:_PANELS]
    kept = [effect for effect in kept if np.isfinite(effect.mean).any()]
    if not kept:
        return render(said(title, " ".join(found.remarks) or "None of these was active in a completed trial."), backend)
    values = known.metric.sign * known.losses
    reach = np.concatenate([np.r_[effect.low, effect.high][np.isfinite(np.r_[effect.low, effect.high])] for effect in kept])
    shown = thin(known.losses, _POINTS)
    view, up = metric_axis(known.metric, values, better=False)
    if not view.log:
        up = axis_of(up.label, min(view.low, float(reach.min())), max(view.high, float(reach.max())))
    panels = tuple(
        _effect(
            effect,
            known.rows[shown, known.space.names.index(effect.names[0])],
            values[shown],
            up,
            parameter_axis(known.space, effect.names[0]),
        )
        for effect in kept
    )
    caption = f"The line is what a Gaussian process expects when only this hyperparameter changes, averaged over all others; the band its 95 % interval; dashed, where no trial is near and it only guesses; thin, what the best five trials would have had; dots are the trials. A band that would hold a level line: no effect is shown (cross-validated R² {r2_text(found.fit.r2)})."
    if not names and len(found.found) > len(kept):
        caption += f" {len(kept)} of {len(found.found)} are drawn, the largest first."
    size = (3.6, 3.0) if len(panels) > 1 else (6.5, 4.0)
    return render(Picture(title, " ".join([caption, *found.remarks]), panels, min(len(panels), 3), size), backend)


def _effect(effect: Effect, raw: Array, values: Array, up: Axis, across: Axis) -> Panel:
    inside = np.isfinite(raw) & (values >= up.low) & (values <= up.high)
    marks: list[Mark] = [Points(steady(raw[inside], across), values[inside], "under", "trial")]
    if not across.ticks:
        marks += [
            Line(effect.levels[0], np.clip(curve, up.low, up.high), "single", "one of the best five") for curve in effect.curves
        ]
    x = effect.levels[0]
    low, mean, high = (
        np.clip(each, up.low, up.high) for each in (effect.low, effect.mean, effect.high)
    )  # a logarithm has no zero
    if across.ticks:
        marks.append(Points(x, mean, "effect spread", low=low, high=high))
        marks.append(Points(x, mean, "effect dot", "expected"))
        return Panel(across, up, tuple(marks))
    marks.append(Line(x, mean, "guess", "no trial near", low=low, high=high))
    known = np.where(effect.supported, mean, np.nan)
    marks.append(Line(x, known, "effect", "expected"))
    return Panel(across, up, tuple(marks))
