"""The tables of a report."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tunewright.analysis.facts import ReportExtras, Score
from tunewright.analysis.markup import Child, Markup, breakable, join, tag
from tunewright.analysis.scale import Linear, Log, axis
from tunewright.analysis.summary import Cause, Ranked, at_full_effort
from tunewright.analysis.svg import strip
from tunewright.analysis.text import (
    choice_labels,
    counted,
    cut,
    duration,
    interval,
    number,
    params_text,
    read_alike,
    took_heading,
    value_text,
    with_spread,
)
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, Int, Parameter
from tunewright.trial import Trial

__all__ = ["best_table", "failure_list", "pareto_table", "score_table", "space_table", "table"]

_CHOICES: Final = 12
_PARAMS: Final = 14  # shown at once; of more than these, only the first few
_FIRST_PARAMS: Final = 8
_SPACE_ROWS: Final = 40
_LONG: Final = 30  # characters of a heading that may be broken
_TRACEBACK: Final = 8000
_CAUSES: Final = 30


def table(head: Sequence[str], rows: Sequence[Markup], caption: str, kind: str = "") -> Markup:
    """A table with a heading for each column, that scrolls sideways on a narrow page.

    Args:
        head: column headings; one that begins with "#" stands over numbers.
        rows: the lines, as `<tr>`.
        caption: what the table shows.
        kind: its class.
    """
    kinds = [("number" if name.startswith("#") else "", "long" if len(name.removeprefix("#")) > _LONG else "") for name in head]
    heads = [
        tag("th", name.removeprefix("#"), scope="col", class_=" ".join(filter(None, each)) or None)
        for name, each in zip(head, kinds, strict=True)
    ]
    whole = tag(
        "table", tag("caption", tag("span", caption)), tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_=kind or None
    )
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _cell(child: Child, kind: str | None = None) -> Markup:
    return tag("td", child, class_=kind)


def _row(head: Child, *cells: Markup, kind: str | None = None) -> Markup:
    return tag("tr", tag("th", head, scope="row"), *cells, class_=kind)


def score_table(extras: ReportExtras, metric: Metric) -> Markup:
    """The test scores with their intervals, drawn on one scale."""
    scale = _score_axis(extras.test)
    rows = []
    for i, score in enumerate(extras.test):
        known = math.isfinite(score.low) and math.isfinite(score.high)
        value, bounds = interval(score.value, score.low, score.high) if known else (number(score.value), "–")
        picture = strip(
            scale,
            middle=score.value if math.isfinite(score.value) else None,
            span=(score.low, score.high) if known else None,
            kind="winner" if i == 0 else "",
            label=f"{score.name}: {value}, 95 % interval {bounds}",
            width=280,
            height=22,
        )
        rows.append(
            _row(
                score.name,
                _cell(value, "number"),
                _cell(bounds, "number"),
                _cell(picture),
                kind="winner" if i == 0 else None,
            )
        )
    rows.append(_row("", _cell(""), _cell(""), _cell(_ruler(scale, 280)), kind="ruler"))
    caption = f"{metric.name} on data that the search never saw" + (f": {extras.test_note}" if extras.test_note else "")
    return table(["", f"#{metric.name}", "#95 % interval", "drawn"], rows, caption, "scores")


def _score_axis(scores: Sequence[Score]) -> Linear | Log:
    """An axis for the first two scores, and for the others unless they would squeeze those into less than a third of it."""
    ends = [[x for x in (score.value, score.low, score.high) if math.isfinite(x)] for score in scores]
    near = [x for group in ends[:2] for x in group]
    everything = [x for group in ends for x in group]
    if not everything:
        return axis(0.0, 1.0)
    low, high = min(near or everything), max(near or everything)
    if high / 2 - low / 2 >= (max(everything) / 2 - min(everything) / 2) / 3 or low == high:
        low, high = min(everything), max(everything)
    return axis(low, high, count=4, log=False)


def _ruler(scale: Linear | Log, width: float) -> Markup:
    """The ticks under a column of strips."""
    texts = []
    free = -1e9
    for tick in scale.ticks:
        x = 5 + (width - 10) * tick.at
        half = 3.2 * len(tick.label)
        if x - half < free or x - half < -4 or x + half > width + 4:
            continue
        free = x + half + 6
        texts.append(tag("text", tick.label, x=x, y=14, text_anchor="middle"))
    factor = [tag("text", scale.factor, x=width, y=28, text_anchor="end")] if scale.factor else []
    height = 32 if factor else 18
    return tag(
        "svg",
        *texts,
        *factor,
        class_="strip ticks",
        viewBox=f"0 0 {width:g} {height}",
        width=width,
        height=height,
        aria_hidden="true",
    )


def _params(trial: Trial, exact: tuple[str, ...]) -> Markup:
    """A configuration as name = value, the first few open and the others folded."""
    short = _short_names(trial)
    parts = [
        tag("span", tag("b", breakable(cut(short[name], 80))), " = ", value, class_="param")
        for name, value in params_text(trial.params, exact=exact)
    ]
    if len(parts) <= _PARAMS:
        return join(parts, " ")
    more = tag("details", tag("summary", f"{len(parts) - _FIRST_PARAMS} more"), join(parts[_FIRST_PARAMS:], " "))
    return join([join(parts[:_FIRST_PARAMS], " "), more], " ")


def _short_names(trial: Trial) -> dict[str, str]:
    """Names without the branch that another parameter names just before (model = svm, C = 1 for svm.C), where they stay different."""
    branches = {value for value in trial.params.values() if isinstance(value, str)}
    short = {name: name.partition(".")[2] if name.partition(".")[0] in branches else name for name in trial.params}
    often = Counter(short.values())
    return {name: shorter if shorter and often[shorter] == 1 else name for name, shorter in short.items()}


def best_table(
    rows: Sequence[Ranked],
    default: Ranked | None,
    metric: Metric,
    *,
    winner: int | None = None,
    exact: tuple[str, ...] = (),
) -> Markup:
    """The best configurations with each fold, and the default beside them; `winner`: the trial to mark, by default the first; `exact`:
    parameters whose values are shown as JSON (`text.read_alike`).
    """
    winner = rows[0].trial.number if winner is None else winner
    everyone = [
        *rows,
        *([default] if default is not None and default.rank > 0 and all(r.trial != default.trial for r in rows) else []),
    ]
    values = [value for row in everyone for value in (*row.spread.values, row.spread.mean) if math.isfinite(value)]
    counts = {len(row.spread.values) for row in everyone}
    folds, raced = max(counts) > 1, len(counts) > 1
    budgets = [at_full_effort(row.trial)[0].budget for row in everyone]
    uneven = len(set(budgets)) > 1
    scale = axis(min(values), max(values), count=3)
    lines = []
    for row, budget in zip(everyone, budgets, strict=True):
        spread, trial = row.spread, row.trial
        is_default = default is not None and trial.number == default.trial.number
        label = f"measured: {', '.join(number(value) for value in spread.values[:30])}; mean {number(spread.mean)}"
        picture = strip(
            scale, dots=spread.values, middle=spread.mean, kind="winner" if trial.number == winner else "", label=label
        )
        cells = [
            _cell(str(trial.number), "number"),
            _cell(with_spread(spread.mean, spread.sd), "number"),
            _cell("all" if budget is None else number(budget), "number") if uneven else None,
            _cell(f"{len(spread.values)}", "number") if raced else None,
            _cell(picture) if folds else None,
            _cell(duration(trial.seconds), "number"),
            tag(
                "td",
                *[tag("span", cut(trial.note or "default", 60), class_="note"), " "] if trial.note or is_default else [],
                _params(trial, exact),
            ),
        ]
        kind = "winner" if trial.number == winner else "default" if is_default else None
        lines.append(_row(f"{row.rank:,}", *[cell for cell in cells if cell is not None], kind=kind))
    if folds:
        before = [_cell("") for _ in range(2 + raced + uneven)]
        lines.append(_row("", *before, _cell(_ruler(scale, 150)), _cell(""), _cell(""), kind="ruler"))
    measured = [*(["#budget"] if uneven else []), *(["#measured"] if raced else []), *(["each measurement"] if folds else [])]
    head = ["rank", "#trial", f"#{metric.name}", *measured, f"#{took_heading([metric.name])}", "configuration"]
    return table(
        head, lines, "The best configurations" + (", mean ± standard deviation over folds and seeds" if folds else ""), "best"
    )


def pareto_table(history: History, front: Sequence[Trial], limit: int = 30) -> Markup:
    """The trials that none beats in every metric."""
    rows, exact = [], read_alike(history.space.parameters)
    for trial in front[:limit]:
        assert trial.values is not None
        cells = [_cell(number(trial.values[metric.name]), "number") for metric in history.metrics]
        rows.append(_row(str(trial.number), *cells, _cell(duration(trial.seconds), "number"), _cell(_params(trial, exact))))
    shown = f" (the first {limit} of {len(front):,})" if len(front) > limit else ""
    metrics = [metric.name for metric in history.metrics]
    head = ["trial", *(f"#{name}" for name in metrics), f"#{took_heading(metrics)}", "configuration"]
    return table(head, rows, f"The configurations that no other beats in every metric{shown}", "best")


def space_table(history: History) -> Markup:
    """Every hyperparameter: its type, range, scale, default and condition; the first forty open, the others folded."""
    space = history.space
    conditional = bool(space.when)
    head = ["name", "type", "values", "scale", "#default", *(["active when"] if conditional else [])]
    rows, exact = [], read_alike(space.parameters)
    for name, parameter in space.parameters.items():
        kind, values, scale = _described(parameter)
        default = cut(value_text(parameter.default_value, exact=name in exact), 60)
        cells = [_cell(kind, "short"), _cell(values), _cell(scale, "short"), _cell(default, "number")]
        if conditional:
            cells.append(_cell(tag("code", cut(str(space.when[name]), 300)) if name in space.when else "always"))
        rows.append(_row(tag("code", breakable(cut(name, 300))), *cells))
    shown = table(head, rows[:_SPACE_ROWS], "The hyperparameters", "space")
    if len(rows) <= _SPACE_ROWS:
        return shown
    rest = tag(
        "details",
        tag("summary", f"{len(rows) - _SPACE_ROWS} more hyperparameters"),
        table(head, rows[_SPACE_ROWS:], "The other hyperparameters", "space"),
    )
    return join([shown, rest])


def _described(parameter: Parameter) -> tuple[str, str, str]:
    """Type, values and scale in words."""
    kind = {
        "Float": "real",
        "Int": "integer",
        "Categorical": "choice",
        "Ordinal": "ordered choice",
        "Bool": "yes or no",
    }
    name = kind[type(parameter).__name__]
    if isinstance(parameter, Float | Int):
        step = (
            ""
            if parameter.step is None or (isinstance(parameter, Int) and parameter.step == 1)
            else f", step {value_text(parameter.step)}"
        )
        return (
            name,
            f"{value_text(parameter.low)} to {value_text(parameter.high)}{step}",
            "log" if parameter.log else "linear",
        )
    labels = [cut(label, 60) for label in choice_labels(tuple(getattr(parameter, "choices", (False, True))))]
    more = f", … ({len(labels):,} choices)" if len(labels) > _CHOICES else ""
    return name, ", ".join(labels[:_CHOICES]) + more, "–"


def failure_list(causes: Sequence[Cause]) -> Markup:
    """What went wrong, how often, and one traceback each, folded."""
    items = []
    for cause in causes[:_CAUSES]:
        trials = ", ".join(str(each) for each in cause.trials[:10]) + (" …" if len(cause.trials) > 10 else "")
        text = cause.traceback
        if len(text) > _TRACEBACK:  # its end says what happened
            text = f"… {len(text) - _TRACEBACK:,} characters left out …\n{text[-_TRACEBACK:]}"
        items.append(
            tag(
                "li",
                tag("p", tag("b", f"{len(cause.trials):,} ×"), " ", tag("code", cut(cause.message, 400)), class_="cause"),
                tag("p", f"{cause.kind}; {'trial' if len(cause.trials) == 1 else 'trials'} {trials}", class_="small"),
                tag("details", tag("summary", "traceback of the first"), tag("pre", text, tabindex="0")) if text else None,
            )
        )
    if len(causes) > _CAUSES:
        items.append(tag("li", f"and {counted(len(causes) - _CAUSES, 'more message')}"))
    return tag("ul", *items, class_="causes")
