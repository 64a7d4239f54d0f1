"""HTML and SVG that cannot be broken by what is put into them.

Text becomes markup in one place only: `tag` escapes every child that is a plain `str` and leaves a `Markup` as it is. So a
parameter called `<script>` is shown, not run, without anyone having to remember it.
"""

import html
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

__all__ = ["Child", "Markup", "breakable", "compact", "escape", "join", "tag"]

_VOID: Final = frozenset({"br", "col", "hr", "link", "meta", "wbr"})
_SELF_CLOSING: Final = frozenset({"circle", "line", "path", "polyline", "rect"})
# What HTML forbids in text: control characters except tab and line ends, and halves of surrogate pairs.
# And what turns the direction of all that follows: a message would mirror the page's own words beside it.
_FORBIDDEN: Final = re.compile(
    "[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


class Markup(str):
    """Text that is markup already: `tag` does not escape it again."""

    __slots__ = ()


Child: TypeAlias = str | Markup | None
"""What may stand inside a tag; None is left out."""


def escape(text: str) -> Markup:
    """The text as markup that shows exactly it; what HTML forbids, and marks that turn the direction of text, are shown as U+FFFD."""
    return text if isinstance(text, Markup) else Markup(html.escape(_FORBIDDEN.sub("\ufffd", text), quote=True))


def breakable(name: str) -> Markup:
    """A name that may be broken across lines after a dot or an underscore."""
    return Markup(re.sub(r"(?<=[._])(?=[^._])", "<wbr>", escape(name)))


def compact(number: float) -> str:
    """A coordinate with at most one decimal, as short as it goes; 12.0 -> "12"."""
    text = f"{number:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def join(parts: Iterable[Child], between: str = "") -> Markup:
    """The parts after each other, escaped where they are plain text, with `between` (escaped too) between them."""
    return Markup(escape(between).join(escape(part) for part in parts if part is not None))


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """An element.

    Args:
        name: of the element.
        children: markup, or text to be escaped.
        attributes: a trailing underscore is dropped (`class_`), others become hyphens (`stroke_width`); None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else compact(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    inside = join(children)
    if not inside and name in _SELF_CLOSING:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{inside}</{name}>")
