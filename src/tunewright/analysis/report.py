"""The report of a study: one page, one file.

It asks nothing of the network: style and drawings stand inside, text is set in the reader's own fonts. It follows the reader's choice
of light or dark, prints, and reads on a telephone. The order is that of the questions: what came out, and is it real; what
mattered, what ails the study, what to do next (where these were computed); what was searched; which configurations; how the search went; what mattered; does it overfit; what failed; how to go on.
"""

import datetime as dt
import math
from importlib import resources
from typing import Final

from tunewright.analysis.charts import Figure, gap_chart, history_chart, pareto_chart
from tunewright.analysis.facts import ReportExtras, verdict
from tunewright.analysis.guidance import advice, ailments, mattered
from tunewright.analysis.insight import Insight
from tunewright.analysis.lineages import lineage, on_clone
from tunewright.analysis.markup import Markup, breakable, join, tag
from tunewright.analysis.slices import slices
from tunewright.analysis.summary import (
    Totals,
    causes,
    counts_text,
    default_trial,
    difference,
    objective,
    ranked,
    ranking,
    sentence_on_difference,
    totals,
)
from tunewright.analysis.tables import best_table, failure_list, pareto_table, score_table, space_table, table
from tunewright.analysis.text import counted, cut, duration, number, read_alike, value_text, with_spread
from tunewright.analysis.training import gap, gap_sentence
from tunewright.analysis.view import direction
from tunewright.history import History
from tunewright.trial import Trial
from tunewright.typing import Value

__all__ = ["report"]

_TOP: Final = 10
_NOTES: Final = 20


def report(history: History, *, title: str, extras: ReportExtras | None = None, insight: Insight | None = None) -> str:
    """The whole page as HTML text; write it as UTF-8. The same history and extras give the same page.

    Args:
        history: of the study, in any state: empty, running, all failed.
        title: what was tuned; any text, it is escaped.
        extras: what the history does not know: test scores, data, commands.
        insight: what the study says of itself (`insight.insight`), for the sections that explain and advise; default: without them.
    """
    extras = extras or ReportExtras()
    default = default_trial(history) if len(history.objectives) == 1 else None
    done = totals(history)
    style = resources.files("tunewright.analysis").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        _outcome(history, extras, default, title),
        *([] if insight is None else [mattered(history, insight), ailments(insight.health), advice(insight)]),
        _searched(history, extras, done),
        _best(history, extras, default),
        _course(history, default),
        _hyperparameters(history, default),
        _fit(history, extras),
        _failures(history),
        _onward(history, extras),
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="Tunewright"),
        tag("title", cut(title, 200)),
        tag("style", Markup(style)),
    )
    page = tag("html", head, tag("body", tag("main", *[part for part in sections if part])), lang="en")
    return f"<!doctype html>\n{page}\n"


def _section(heading: str, *parts: Markup | None) -> Markup:
    return tag("section", tag("h2", heading), *parts)


def _p(text: str | Markup, kind: str | None = None) -> Markup:
    return tag("p", text, class_=kind)


def _figure(figure: Figure, kind: str | None = None) -> Markup:
    scroll = tag("div", figure.svg, class_="scroll", tabindex="0", role="region", aria_label=cut(f"chart: {figure.caption}", 90))
    return tag("figure", scroll, tag("figcaption", figure.caption), class_=kind)


def _pairs(pairs: list[tuple[str, str]]) -> Markup:
    """Names and texts as a description list."""
    return tag("dl", *[part for name, text in pairs for part in (tag("dt", name), tag("dd", cut(text, 2000)))])


# ---- 1. what came out ----------------------------------------------------------------------------------------------------------


def _outcome(history: History, extras: ReportExtras, default: Trial | None, title: str) -> Markup:
    notes = [tag("li", note) for note in extras.notes[:_NOTES]]
    if len(extras.notes) > _NOTES:
        notes.append(tag("li", f"and {counted(len(extras.notes) - _NOTES, 'more note')}"))
    return tag(
        "header",
        tag("h1", cut(title, 300)),
        _p(extras.lead, "lead") if extras.lead else None,
        _best_line(history, extras, default),
        _p(_meaning(history, extras, default), "verdict"),
        _schedule(history, extras),
        score_table(extras, objective(history)) if extras.test else None,
        tag("aside", tag("h2", "Read this first"), tag("ul", *notes), class_="notes") if notes else None,
    )


def _schedule(history: History, extras: ReportExtras) -> Markup | None:
    """Where the winner is a clone: by which hyperparameters its model was trained."""
    if len(history.objectives) > 1 or not history.feasible.any():
        return None
    winner = _winner(history, extras)
    if winner.parent is None:
        return None
    lines = [tag("li", str(stretch)) for stretch in lineage(history, winner.number)]
    return tag("div", _p(" ".join(on_clone(history, winner.number))), tag("ul", *lines))


def _winner(history: History, extras: ReportExtras) -> Trial:
    """What is called the winner everywhere on the page: the trial that was kept, else the best."""
    return history.best if extras.winner is None else history.trial(extras.winner)


def _best_line(history: History, extras: ReportExtras, default: Trial | None) -> Markup | None:
    if len(history.objectives) > 1 or not history.feasible.any():
        return None
    metric = objective(history)
    best = ranked(history, _winner(history, extras))
    what = "best" if best.trial.number == history.best.number else "the default's" if best.trial == default else "the winner's"
    kept = f" · {extras.kept}" if extras.kept else ""
    count = len(best.spread.values)
    over = (
        f"mean ± standard deviation over {count} measurements" if count > 1 else "a single measurement, so its spread is unknown"
    )
    return tag(
        "p",
        tag("span", f"{what} {metric.name}", class_="what"),
        tag("strong", with_spread(best.spread.mean, best.spread.sd)),
        tag(
            "span",
            f"trial {best.trial.number}, of {history.completed:,} completed{kept} · {over} · {direction(metric)}",
            class_="how",
        ),
        class_="outcome",
    )


def _meaning(history: History, extras: ReportExtras, default: Trial | None) -> str:
    """What the outcome means, in a sentence or two."""
    if not len(history):
        return "No trial has been run yet. The page fills as the study does."
    if not history.feasible.any():
        return _no_result(history)
    if len(history.objectives) > 1:
        front, names = len(history.pareto), " and ".join(history.metrics[j].name for j in history.objectives)
        verb = "is" if front == 1 else "are"
        return f"{counted(front, 'configuration')} of {history.completed:,} {verb} beaten by no other in {names} together."
    metric = objective(history)
    said = verdict(extras, metric.sign)
    if said:
        return said
    if default is None:
        return "There is no completed trial of the default configuration to compare with."
    best = ranking(history, 1)[0].trial
    if best.number == default.number:
        return "Nothing beat the default configuration: keep it."
    if not history.feasible[default.number]:
        return "The default configuration does not keep within every metric's bound, so there is nothing to compare the best one with."
    found = difference(best, default, metric, history)
    caution = "The search chose the winner by these same measurements, so expect a little less next time."
    if found is not None:
        return f"On the same folds and seeds: {_lower(sentence_on_difference(found))} {caution}"
    gain = metric.sign * (default.values[metric.name] - best.values[metric.name]) if best.values and default.values else 0.0
    by = f" by {number(gain, 3)}" if math.isfinite(gain) else ""
    if not gain:
        return "The best configuration is exactly as good as the default."
    return f"Better than the default{by} in a single measurement each; without folds or seeds nobody can say whether that is noise. {caution}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _no_result(history: History) -> str:
    counts = counts_text(history)
    if history.completed:
        return f"No completed trial keeps within every metric's bound ({counts}). Loosen a bound, or search on."
    if history.failed:
        return f"No trial has a value ({counts}). The failures below say why; the first one is the place to start."
    return f"No trial is finished yet ({counts})."


# ---- 2. what was searched ------------------------------------------------------------------------------------------------------


def _searched(history: History, extras: ReportExtras, done: Totals) -> Markup:
    space = history.space
    size = "unlimited" if math.isinf(space.size) else f"{space.size:,}"
    pairs = list(extras.facts)
    pairs.append(
        (
            "metric" if len(history.metrics) == 1 else "metrics",
            "; ".join(_metric_text(history, j) for j in range(len(history.metrics))),
        )
    )
    pairs.append(
        ("hyperparameters", f"{len(space)}, of which {len(space.when)} conditional; distinct configurations: {cut(size, 40)}")
    )
    by = ", ".join(f"{name} ({count:,})" for name, count in done.origins[:12])
    pairs.append(("proposed by", " · ".join(part for part in (extras.sampler, by) if part) or "–"))
    each = "" if history.single else ", each of one trial on one fold or seed"
    pairs.append(("trials", f"{counts_text(history)}; {counted(done.tasks, 'measurement')}{each}"))
    pairs.append(("work", f"{duration(done.seconds)} of measuring, all workers together{_when(done)}"))
    constraints = [tag("li", tag("code", cut(str(each), 500))) for each in space.constraints[:50]]
    tables = [table(each.head, [_plain(row, each.head) for row in each.rows], each.caption) for each in extras.tables]
    return _section(
        "What was searched",
        _pairs(pairs),
        space_table(history) if len(space) else None,
        join([_p("Constraints that every configuration keeps:"), tag("ul", *constraints)]) if constraints else None,
        *tables,
    )


def _plain(row: tuple[str, ...], head: tuple[str, ...]) -> Markup:
    cells = [
        tag("td", text, class_="number" if name.startswith("#") else None) for name, text in zip(head[1:], row[1:], strict=False)
    ]
    return tag("tr", tag("th", *row[:1], scope="row"), *cells)


def _metric_text(history: History, column: int) -> str:
    metric = history.metrics[column]
    bound = (
        ""
        if metric.bound is None
        else f", must be {'at most' if metric.goal == 'minimize' else 'at least'} {number(metric.bound)}"
    )
    return f"{metric.name} ({direction(metric)}{bound})"


def _when(done: Totals) -> str:
    if not (math.isfinite(done.started) and math.isfinite(done.ended)):
        return ""
    start, end = (dt.datetime.fromtimestamp(t, dt.UTC) for t in (done.started, done.ended))
    form = "%H:%M" if start.date() == end.date() else "%Y-%m-%d %H:%M"
    return f"; {start:%Y-%m-%d %H:%M} to {end:{form}} UTC"


# ---- 3. to 7. ------------------------------------------------------------------------------------------------------------------


def _best(history: History, extras: ReportExtras, default: Trial | None) -> Markup | None:
    if not history.feasible.any():
        return None
    if len(history.objectives) > 1:
        front = history.pareto
        figure = pareto_chart(history, front)
        return _section("The best configurations", pareto_table(history, front), _figure(figure) if figure else None)
    beside = None if default is None else ranked(history, default)
    rows = ranking(history, _TOP)
    said = "Ranks that differ by much less than the spread over folds and seeds are ties: prefer the cheaper or simpler one."
    if history.feasible.sum() == 1:
        said = "A single trial has a result so far; there is nothing to compare it with."
    elif len(rows[0].spread.values) < 2:
        said = "Each was measured once: how much of a difference is noise, nobody can say. Folds or seeds would tell."
    if len({len(row.spread.values) for row in rows}) > 1:
        said += (
            " Not all met the same folds and seeds, so the ranks go by values adjusted for the ones that each met, not by the means"
            " shown; who met fewer than half as many as others comes last."
        )
    if history.uneven:
        said += " Those with the highest budget come first: only they can be compared with the best."
    winner = _winner(history, extras).number
    exact = read_alike(history.space.parameters)
    shown = best_table(rows, beside, objective(history), winner=winner, exact=exact)
    return _section("The best configurations", shown, _p(said, "small"))


def _course(history: History, default: Trial | None) -> Markup | None:
    figure = history_chart(history, default)
    return _section("How the search went", _figure(figure)) if figure else None


def _hyperparameters(history: History, default: Trial | None) -> Markup | None:
    metric = objective(history)
    if history.clones:
        said = "Clones owe their values to the schedule of a lineage and not to their configurations, so these are not set against each other."
        return _section(f"{cut(metric.name, 60)} against each hyperparameter", _p(said))
    figures, left_out = slices(history, default)
    if not figures:
        return None
    best = "the best" if len(history.objectives) == 1 else f"the best in {metric.name} alone"
    ring = f" Rings: {best}, and the default." if default is not None else f" Ring: {best}."
    said = (
        f"Each dot is a trial; {direction(metric)}.{ring} Strokes across a row of points: the median. A clear slope or trough says where to look next; good values heaped at the end of a"
        " range say that the range is too narrow. A level cloud says that the hyperparameter hardly matters by itself in this range."
    )
    panels = [
        tag(
            "figure",
            tag("h3", breakable(cut(each.name, 120))),
            _p(" · ".join(part for part in (each.note, each.caption) if part), "small"),
            each.svg,
        )
        for each in figures
    ]
    return _section(
        f"{cut(metric.name, 60)} against each hyperparameter",
        _p(said),
        _p(left_out, "small") if left_out else None,
        tag("div", *panels, class_="panels"),
    )


def _fit(history: History, extras: ReportExtras) -> Markup | None:
    found = gap(history, extras.train, winner=extras.winner) if len(history.objectives) == 1 else None
    if found is None:
        return _section("Training against validation", _p(extras.gap)) if extras.gap else None
    metric = objective(history)
    return _section(
        "Training against validation", _p(extras.gap or gap_sentence(found, metric)), _figure(gap_chart(found, metric))
    )


def _failures(history: History) -> Markup | None:
    if not history.failed:
        return None
    found = causes(history)
    share = history.failed / max(history.finished, 1)
    said = f"{history.failed:,} of {counted(history.finished, 'finished trial')} failed ({number(100 * share, 2)} %), for {counted(len(found), 'reason')}. Messages that differ only in their numbers are counted together."
    return _section("What failed", _p(said), failure_list(found))


# ---- 8. how to go on -----------------------------------------------------------------------------------------------------------


def _onward(history: History, extras: ReportExtras) -> Markup:
    commands = [part for what, command in extras.commands for part in (_p(what, "small"), tag("pre", command, tabindex="0"))]
    known = (("study", extras.study), ("stored at", extras.url), ("seed", "" if extras.seed is None else str(extras.seed)))
    pairs = [(name, text) for name, text in known if text]
    environment = list(extras.environment) or _environment(history)
    return _section(
        "How to go on" if commands else "Where this comes from",
        *commands,
        _pairs([*pairs, *environment]) if pairs or environment else None,
        _p(
            "Made by Tunewright from the study's own journal. The page needs no network and can be kept or sent as it is.",
            "small",
        ),
    )


def _environment(history: History) -> list[tuple[str, str]]:
    """As the last process that worked on the study wrote it."""
    if not history.sessions:
        return []
    written: dict[str, Value] = getattr(history.sessions[-1].event, "environment", {})
    return [
        (name, ", ".join(f"{each} {version}" for each, version in fact.items()) if isinstance(fact, dict) else value_text(fact))
        for name, fact in written.items()
        if fact is not None and name != "pid"
    ]
