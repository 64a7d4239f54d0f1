"""What a notebook shows of a study, and of what it says: small pieces of the report, in the notebook's own colours.

The rules of `report.css` are nested under one class, so that they touch nothing else in the notebook; ink is whatever colour its text has,
so light and dark notebooks are both served. Nothing is computed that takes a model: a card is drawn whenever a cell ends with the study.
"""

from importlib import resources
from typing import Final

from tunewright.analysis.charts import history_chart
from tunewright.analysis.markup import Child, Markup, breakable, tag
from tunewright.analysis.summary import counts_text, default_trial, objective, ranking
from tunewright.analysis.text import counted, cut, params_text, read_alike, with_spread
from tunewright.analysis.view import direction
from tunewright.history import History

__all__ = ["card", "framed"]

_SHOWN: Final = 12
_COLOURS: Final = (
    "color: inherit; max-width: 54rem; --ink: currentColor; --paper: transparent; --soft: color-mix(in srgb, currentColor 70%, transparent);"
    " --raised: color-mix(in srgb, currentColor 6%, transparent); --rule: color-mix(in srgb, currentColor 25%, transparent);"
    " --grid: color-mix(in srgb, currentColor 14%, transparent); --trial: #4a8ecb; --best: #d9652a; --default: #3c9a69;"
    " --failed: #d0557a; --tint: color-mix(in srgb, #d9652a 12%, transparent);"
)


def framed(*parts: Child) -> str:
    """The parts as HTML that looks like the report wherever it is put."""
    style = resources.files("tunewright.analysis").joinpath("report.css").read_text(encoding="utf-8")
    return str(
        tag(
            "div",
            tag("style", Markup(f".tunewright {{ {_COLOURS} table {{ color: inherit; }}\n{style} }}")),
            *parts,
            class_="tunewright",
        )
    )


def card(history: History, title: str) -> str:
    """A study at a glance: counts, the best, its configuration, and how the search went.

    Args:
        history: of the study, in any state.
        title: what to call it; any text, it is escaped.
    """
    figure = history_chart(history, default_trial(history) if len(history.objectives) == 1 else None)
    return framed(
        tag("p", tag("b", cut(title, 200)), f": {counts_text(history)}"),
        *_best(history),
        None if figure is None else tag("figure", figure.svg, tag("figcaption", figure.caption)),
        tag("p", 'More: .report("report.html"), .importance(), .health(), .value_of_continuing()', class_="small"),
    )


def _best(history: History) -> list[Markup]:
    """The best value with its configuration, or the size of the front; nothing before there is one."""
    if not history.feasible.any():
        return []
    if len(history.objectives) > 1:
        return [
            tag(
                "p",
                f"{counted(len(history.pareto), 'configuration')} beaten by no other in all metrics together (.history.pareto).",
            )
        ]
    metric = objective(history)
    best = ranking(history, 1)[0]
    value = with_spread(best.spread.mean, best.spread.sd)
    params = params_text(best.trial.params, 40, read_alike(history.space.parameters))
    shown = [tag("span", tag("b", breakable(cut(name, 60))), f" = {text}", class_="param") for name, text in params[:_SHOWN]]
    if len(params) > _SHOWN:
        shown.append(tag("span", f"and {len(params) - _SHOWN} more", class_="param"))
    line = f"best {metric.name} {value} ({direction(metric)}), trial {best.trial.number}"
    return [tag("p", tag("strong", line)), tag("p", *shown)]
