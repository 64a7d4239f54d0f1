"""A space for the eye: as Python text that builds it again, and as a table for notebooks; the table serves trials, too."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tunewright.space.choices import Bool, ChoiceParameter
from tunewright.space.expression import Expression
from tunewright.space.number import Float, Int
from tunewright.space.parameter import Parameter
from tunewright.space.prior import Normal
from tunewright.space.values import show

__all__ = ["html_rows", "html_table", "text_table"]


def text_table(parameters: Mapping[str, Parameter], when: Mapping[str, Expression], constraints: Sequence[Expression]) -> str:
    """Python text, a line for each parameter; evaluated, it gives an equal space."""
    lines = ["SearchSpace(", "    {", *(f"        {name!r}: {parameter!r}," for name, parameter in parameters.items()), "    },"]
    if when:
        lines += ["    when={", *(f"        {name!r}: {str(condition)!r}," for name, condition in when.items()), "    },"]
    if constraints:
        lines += ["    constraints=[", *(f"        {str(constraint)!r}," for constraint in constraints), "    ],"]
    return "\n".join([*lines, ")"])


def html_table(parameters: Mapping[str, Parameter], when: Mapping[str, Expression], constraints: Sequence[Expression]) -> str:
    """A table with a row for each parameter, and the constraints below it."""
    rows = [
        (
            name,
            type(parameter).__name__,
            _values(parameter),
            show(parameter.default_value),
            str(when[name]) if name in when else "always",
        )
        for name, parameter in parameters.items()
    ]
    below = "".join(f"<li><code>{escape(str(constraint))}</code></li>" for constraint in constraints)
    listed = f"<p>constraints</p><ul>{below}</ul>" if below else ""
    return html_rows(("parameter", "type", "values", "default", "active when"), rows) + listed


def html_rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with these heads; every text is escaped."""

    def row(name: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f'<{name} style="text-align:left">{escape(cell)}</{name}>' for cell in cells) + "</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f"<table><thead>{row('th', heads)}</thead><tbody>{body}</tbody></table>"


def _values(parameter: Parameter) -> str:
    """The values in words: "1e-05 to 0.1, logarithmic", "sgd, adam"."""
    if isinstance(parameter, Float | Int):
        parts = [f"{parameter.low} to {parameter.high}"]
        parts += ["logarithmic"] if parameter.log else []
        parts += (
            [f"step {parameter.step}"]
            if parameter.step not in {None, 1} or (isinstance(parameter, Float) and parameter.step)
            else []
        )
        parts += [f"likely near {parameter.prior.center}"] if isinstance(parameter.prior, Normal) else []
        return ", ".join(parts)
    if isinstance(parameter, ChoiceParameter):
        shown = ", ".join(map(show, parameter.choices[:12]))
        return f"{shown}, … {len(parameter.choices)} in all" if len(parameter.choices) > 12 else shown
    return "false, true" if isinstance(parameter, Bool) else ""
