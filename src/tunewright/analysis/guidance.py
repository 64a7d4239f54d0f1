"""The sections of a report that explain and advise, and the same as Markdown."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, cast

import msgspec
import numpy as np

from tunewright.analysis.charts import Figure
from tunewright.analysis.checks import Health
from tunewright.analysis.dependence import Effect
from tunewright.analysis.gains import Gain, Tunability
from tunewright.analysis.importances import DOUBT
from tunewright.analysis.insight import Insight
from tunewright.analysis.markup import Markup, breakable, join, tag
from tunewright.analysis.scale import Bands, Linear, axis
from tunewright.analysis.shares import Importance, Share
from tunewright.analysis.summary import counts_text, objective
from tunewright.analysis.svg import Frame, strip
from tunewright.analysis.tables import table
from tunewright.analysis.text import choice_labels, counted, cut, interval, number, thousandths
from tunewright.analysis.view import Values, direction, drawn, value_axis
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, Int

__all__ = ["advice", "ailments", "effect_chart", "markdown", "mattered"]

_SHARES: Final = 12
_PAIRS: Final = 4
_EFFECTS: Final = 6
_POINTS: Final = 300
_WIDTH, _HEIGHT = 250, 200
_ROWS: Final = 12
_FEW: Final = 5  # trials with a parameter, below which nothing is said of it
_UNKNOWN: Final = "What mattered is not known: the model behind it does not predict trials that it has not seen."
_DESCRIBED: Final = "The mean over all other hyperparameters with its 95 % band."


def _sentences(lines: tuple[str, ...] | list[str]) -> Markup:
    return join([tag("p", line, class_="small") for line in lines if line])


def _section(heading: str, *parts: Markup | None) -> Markup:
    return tag("section", tag("h2", heading), *parts)


# ---- what mattered -------------------------------------------------------------------------------------------------------------


def mattered(history: History, found: Insight) -> Markup | None:
    """Importance as a table of bars, then the effects of those that matter most; the doubts alone where the model explains nothing."""
    importance = found.importance
    if _mend(found):
        return None
    if not importance.shares:
        return _section("What mattered", _sentences(importance.remarks)) if importance.remarks else None
    if _blind(importance):
        return _section(
            "What mattered", tag("p", _UNKNOWN), _sentences([importance.behind, *_without_numbers(importance.remarks)])
        )
    importance, rare = _well_known(importance)
    charts = [effect_chart(history, effect) for effect in _chosen(importance, found)]
    panels = [
        tag("figure", tag("h3", breakable(cut(each.name, 120))), tag("p", each.caption, class_="small"), each.svg)
        for each in charts
    ]
    said = (
        f"How {importance.metric} goes with each, the others averaged out ({direction(objective(history))}). Thick: the mean, with a 95 % band; thin: the best"
        " trials, had only this been different; dotted: no trial is near, the model guesses. Dots: the trials."
    )
    return _section(
        "What mattered",
        _shares(importance),
        _sentences([rare, importance.behind, *importance.remarks]),
        tag("p", said) if panels else None,
        tag("div", *panels, class_="panels") if panels else None,
    )


def _blind(importance: Importance) -> bool:
    """Whether the shares are those of a model that does not predict, so that they say nothing; the method without a model has no such doubt."""
    return importance.method != "ped-anova" and not importance.fit.predicts


def _well_known(importance: Importance) -> tuple[Importance, str]:
    """Without the parameters that hardly any trial had, and a sentence on those."""
    known, rare = (tuple(s for s in importance.shares if (s.n < _FEW) == few) for few in (False, True))
    if not rare:
        return importance, ""
    together = tuple(each for each in importance.interactions if each.n >= _FEW)
    names = ", ".join(cut(each.names[0], 60) for each in rare[:_SHARES]) + (" …" if len(rare) > _SHARES else "")
    said = f"Left out, since fewer than {_FEW} trials had {'it' if len(rare) == 1 else 'them'}: {names}."
    return msgspec.structs.replace(importance, shares=known, interactions=together), said


def _chosen(importance: Importance, found: Insight) -> list[Effect]:
    """The effects of the most important parameters, in that order."""
    by_name = {effect.names[0]: effect for effect in found.effects.found}
    names = [share.names[0] for share in importance.shares]
    return [by_name[name] for name in names if name in by_name][:_EFFECTS]


def _shares(importance: Importance) -> Markup:
    shown = [*importance.shares[:_SHARES], *(share for share in importance.interactions[:_PAIRS] if share.clear)]
    scale = Linear(0.0, max([1e-9, *(share.high for share in shown)]))
    rows = [_share(share, scale) for share in shown]
    more = len(importance.shares) - _SHARES
    caption = (
        f"Share of the variance of {importance.metric} that each explains ({importance.method}, {counted(importance.n, 'trial')})"
    )
    caption += f"; {more} smaller ones are left out" if more > 0 else ""
    return table(["hyperparameter", "#share", "#95 % interval", "drawn", "#trials"], rows, caption, "shares")


def _share(share: Share, scale: Linear) -> Markup:
    name, interval = " × ".join(share.names), f"{thousandths(share.low)} to {thousandths(share.high)}"
    picture = strip(
        scale,
        middle=share.value,
        span=(share.low, share.high),
        kind="winner" if len(share.names) == 1 else "",
        label=f"{name}: {thousandths(share.value)}, 95 % interval {interval}",
        width=220,
    )
    return tag(
        "tr",
        tag("th", breakable(cut(name, 120)), scope="row"),
        tag("td", thousandths(share.value), class_="number"),
        tag("td", interval, class_="number"),
        tag("td", picture),
        tag("td", f"{share.n:,}", class_="number"),
    )


def effect_chart(history: History, effect: Effect) -> Figure:
    """The effect of one parameter as a small chart, on an axis that holds the values' bulk and the mean where trials are near."""
    name = effect.names[0]
    parameter = history.space.parameters[name]
    metric = objective(history)
    numbers, values = drawn(history)
    column = history.rows[numbers, history.space.names.index(name)]
    shown = np.flatnonzero(np.isfinite(column))
    shown = shown[np.linspace(0, len(shown) - 1, min(len(shown), _POINTS)).astype(np.intp)] if len(shown) else shown
    view = _with_mean(value_axis(values, metric.sign), effect)
    points = [(float(column[i]), float(values[i])) for i in shown if not view.outside(float(values[i]))]
    if isinstance(parameter, Float | Int):
        scale = axis(float(parameter.low), float(parameter.high), count=4, whole=isinstance(parameter, Int), log=parameter.log)
        frame = _frame(name, metric.name, scale, view)
        frame.dots(points, "trial faint")
        _curve(frame, effect, view)
    else:
        frame, kept = _bands(name, metric, effect, view, choice_labels(tuple(getattr(parameter, "choices", (False, True)))))
        points = [(v, float(kept[int(x)])) for x, v in points if int(x) in kept]
        frame.dots(points, "trial faint", nudges=[(0.0, 1.5 * ((i * 7) % 5 - 2)) for i in range(len(points))])
        rows = [i for i, level in enumerate(effect.levels[0]) if int(level) in kept]
        for i in rows:
            ends = np.clip((effect.low[i], effect.high[i]), view.low, view.high).tolist()
            frame.line([(end, float(kept[int(effect.levels[0][i])])) for end in ends], "effect")
        means = [(float(effect.mean[i]), float(kept[int(effect.levels[0][i])])) for i in rows]
        frame.dots([(mean, row) for mean, row in means if not view.outside(mean)], "winner")
    guessed = float(1 - effect.supported.mean())
    doubt = f"; no trial near {number(100 * guessed, 2)} % of the range" if guessed > 0.02 else ""
    doubt += "; it goes on beyond the axis" if ((effect.mean < view.low) | (effect.mean > view.high)).any() else ""
    return Figure(
        frame.render(kind="chart small"),
        f"moves {metric.name} by {number(effect.range, 2)}, {counted(effect.n, 'trial')}{doubt}",
        name=name,
    )


def _with_mean(view: Values, effect: Effect) -> Values:
    """The axis, widened to hold what the chart is about: the mean, where trials are near (everywhere, if they are near nowhere)."""
    near = effect.mean[effect.supported] if effect.supported.any() else effect.mean
    near = near[np.isfinite(near) & (near > 0)] if view.log else near[np.isfinite(near)]
    if not len(near):
        return view
    return msgspec.structs.replace(view, low=min(view.low, float(near.min())), high=max(view.high, float(near.max())))


def _bands(name: str, metric: Metric, effect: Effect, view: Values, labels: list[str]) -> tuple[Frame, dict[int, int]]:
    """A frame with a row for each choice, the first on top (of very many, those with the best means), and the rows by choice."""
    best = np.argsort(metric.sign * effect.mean, kind="stable")[:_ROWS]
    shown = sorted((int(level) for level in effect.levels[0][best]), reverse=True)
    frame = Frame(
        _WIDTH,
        max(_HEIGHT, 50 + 15 * len(shown)),
        view.scale(count=3),
        Bands([labels[choice] for choice in shown]),
        title=f"Effect of {name} on {metric.name}",
        description=_DESCRIBED,
        x_label=metric.name,
    )
    return frame, {choice: row for row, choice in enumerate(shown)}


def _frame(name: str, metric: str, scale: object, view: Values) -> Frame:
    title = f"Effect of {name} on {metric}"
    return Frame(
        _WIDTH,
        _HEIGHT,
        cast(Linear, scale),
        view.scale(count=4),
        title=title,
        description=_DESCRIBED,
        y_label=metric,
    )


def _curve(frame: Frame, effect: Effect, view: Values) -> None:
    """The band, the single curves, and the mean: solid where trials are near; each is cut where it leaves the view."""
    x, mean = effect.levels[0].tolist(), effect.mean.tolist()
    low, high = (np.clip(each, view.low, view.high).tolist() for each in (effect.low, effect.high))
    frame.band(list(zip(x, low, high, strict=True)), "effect")
    for curve in effect.curves.tolist():
        for part in _parts(x, curve, view):
            frame.line(part, "curve")
    for i in range(len(x) - 1):
        both = bool(effect.supported[i] and effect.supported[i + 1])
        for part in _parts(x[i : i + 2], mean[i : i + 2], view):
            frame.line(part, "effect" if both else "unsupported")


def _parts(x: list[float], y: list[float], view: Values) -> list[list[tuple[float, float]]]:
    """The parts of a line that lie inside the view."""
    parts: list[list[tuple[float, float]]] = []
    for start, end in pairwise(zip(x, y, strict=True)):
        part = _inside(start, end, view.low, view.high)
        if part and parts and parts[-1][-1] == part[0]:
            parts[-1].append(part[1])
        elif part:
            parts.append(part)
    return parts


def _inside(start: tuple[float, float], end: tuple[float, float], low: float, high: float) -> list[tuple[float, float]]:
    """The part of a stroke between two heights; empty where it has none."""
    (x0, y0), (x1, y1) = start, end
    if max(y0, y1) < low or min(y0, y1) > high:
        return []

    def at(y: float) -> float:
        return x0 + (x1 - x0) * (y - y0) / (y1 - y0)

    cut = [(x, y) if low <= y <= high else (at(edge := min(max(y, low), high)), edge) for x, y in (start, end)]
    return [(float(x), float(y)) for x, y in cut]


def _mend(found: Insight) -> str:
    """What to do first where all that ended has failed, so that nothing can be learned; "" elsewhere."""
    failures = (check.mend for check in found.health.findings if check.name == "failures")
    return "" if found.importance.n else next(failures, "")


# ---- what ails it, and what to do ----------------------------------------------------------------------------------------------


def ailments(found: Health) -> Markup:
    """The health checks."""
    items = [
        tag("li", tag("b", check.name, class_=check.level), f": {check.said} ", tag("span", check.mend, class_="mend"))
        for check in found.findings
    ]
    passed = f"Nothing to say: {', '.join(found.passed)}." if found.passed else ""
    return _section("Health checks", tag("ul", *items, class_="health") if items else None, _sentences([passed]))


def advice(found: Insight) -> Markup:
    """What to do next: go on or stop, what can be left alone, and the space of the next round."""
    if mend := _mend(found):
        return _section("What to do next", tag("p", f"Nothing can be learned from failures alone. {mend}"))
    tunability, prospect, refinement = found.tunability, found.prospect, found.refinement
    going_on = [] if prospect is None else prospect.lines
    parts = [tag("p", line) for line in going_on]
    if tunability is not None and tunability.whole is not None:
        parts += _worth(tunability)
    head, *lines = repr(refinement).split("\n")
    parts += [tag("p", head), tag("ul", *(tag("li", line.strip()) for line in lines))]
    return _section("What to do next", *parts)


def _worth(found: Tunability) -> list[Markup]:
    """What tuning was worth, as two tables and two sentences."""
    if not found.fit.predicts:
        return [tag("p", "What tuning was worth is not known."), _sentences(_without_numbers(found.remarks))]
    first, *_ = found.lines
    alone = [
        _gain_row(" and ".join(gain.names), found.at(gain), gain)
        for gain in (*found.parameters[: _SHARES - 3], *found.worthwhile[:3])
    ]
    steps = [_gain_row(step.name, " → ".join(found.ends(step)), step.gain) for step in found.path]
    head = [f"#gain in {found.metric}", "#95 % interval"]
    parts = [tag("p", first)]
    if alone:
        parts.append(
            table(
                ["tuned alone", "best at", *head],
                alone,
                "What each is worth with all others at their default",
                "shares",
            )
        )
    if steps:
        parts.append(table(["step", "change", *head], steps, found.walk, "shares"))
    if found.stay is not None and found.stay.names:
        parts.append(tag("p", found.lines[-1]))
    return [*parts, _sentences(found.remarks)]


def _gain_row(name: str, at: str, gain: Gain) -> Markup:
    cells = [
        tag("td", at),
        *(tag("td", text, class_="number") for text in interval(gain.value, gain.low, gain.high)),
    ]
    return tag("tr", tag("th", breakable(cut(name, 120)), scope="row"), *cells)


def markdown(history: History, title: str, found: Insight) -> str:
    """The same as Markdown: the result, what mattered, what ails it, what to do next."""
    lines = [f"# {title}", ""]
    if history.feasible.any() and len(history.objectives) == 1:
        best = history.best
        lines += [
            f"Best {objective(history).name}: {number(float(best.value or 0.0))} (trial {best.number} of {len(history):,}).",
            "",
        ]
        lines += [f"- `{name}` = `{value}`" for name, value in best.params.items()]
    else:
        lines += [f"{counts_text(history)}."]
    parts: list[tuple[str, object]] = [
        ("What mattered", found.importance),
        ("Health checks", found.health),
        ("What tuning was worth", found.tunability),
        ("Going on", found.prospect),
        ("The next round", found.refinement),
    ]
    for heading, part in parts:
        if part is not None and (part is found.health or not _mend(found)):
            lines += ["", f"## {heading}", "", "```text", _text(part), "```"]
    return "\n".join(lines) + "\n"


def _without_numbers(remarks: Sequence[str]) -> list[str]:
    """Remarks where none of the numbers that they are about are shown."""
    return [remark.replace(f": {DOUBT}", "") for remark in remarks]


def _text(part: object) -> str:
    """A part as text, without numbers that nothing stands behind."""
    if isinstance(part, Importance) and part.shares and _blind(part):
        return "\n".join(
            [part.title, *(f"  {line}" for line in (_UNKNOWN, part.behind, *_without_numbers(part.remarks)) if line)]
        )
    if isinstance(part, Importance) and part.shares:
        known, rare = _well_known(part)
        return "\n".join([repr(known), *([f"  {rare}"] if rare else [])])
    if isinstance(part, Tunability) and part.whole is not None and not part.fit.predicts:
        return "\n".join(["What tuning was worth is not known.", *(f"  {line}" for line in _without_numbers(part.remarks))])
    return repr(part)
