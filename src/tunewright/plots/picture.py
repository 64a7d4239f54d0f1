"""What a plot shows, without a word on how it is drawn.

A `Picture` is panels of marks on axes, with a title and a caption. The functions of this room make pictures from histories; two thin
renderers (`on_matplotlib.py`, `on_plotly.py`) draw any of them. So what a plot means is decided, and tested, once.
"""

import math
from typing import Final, Literal

import msgspec
import numpy as np

from tunewright.typing import Array

__all__ = [
    "LOOKS", "MANY", "SHADES", "SHARES", "Axis", "Bars", "Heat", "Line", "Look", "Mark", "Panel", "Parallel", "Picture", "Points", "axis_of",
    "said", "series",
]  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    """How a mark looks: colour, symbol, size in points, opacity, width of lines in points, and whether they are dashed."""

    colour: str
    symbol: Literal["dot", "ring", "cross", "up", "down", "left", "right", "diamond"] = "dot"
    size: float = 5.0
    opacity: float = 1.0
    width: float = 1.5
    dashed: bool = False


_PALETTE: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#666666")
"""Okabe and Ito's colours, which the colour-blind can tell apart, in an order of their own."""

SHADES: Final = "viridis"
"""The colour scale of both renderers: even in lightness, so that it is read in grey too."""

MANY: Final = 500
"""More dots than this are drawn smaller and fainter, so that it shows where they are dense."""

SHARES: Final = "Blues"
"""The colour scale of shares: none is white, so that what does nothing does not shout."""

LOOKS: Final[dict[str, Look]] = {
    "trial": Look("#0072b2", opacity=0.55),
    "beyond": Look("#0072b2", "up", 6.0, 0.8),
    "below": Look("#0072b2", "down", 6.0, 0.8),
    "shaded": Look("#0072b2", size=6.0),
    "infeasible": Look("#aaaaaa", opacity=0.7),
    "failed": Look("#c1272d", "cross", 6.0),
    "best": Look("#d55e00", "ring", 11.0, width=2.0),
    "default": Look("#333333", "diamond", 10.0, width=1.5),
    "spread": Look("#d55e00", width=1.0, opacity=0.8),
    "curve": Look("#0072b2", opacity=0.3, width=0.9),
    "curve failed": Look("#c1272d", opacity=0.5, width=0.9),
    "curve best": Look("#d55e00", width=2.2),
    "under": Look("#888888", size=3.5, opacity=0.5),
    "over heat": Look("#ffffff", "ring", 3.5, width=0.9, opacity=0.9),
    "bar": Look("#0072b2", opacity=0.8),
    "whisker": Look("#222222", width=1.3),
    "effect": Look("#0072b2", width=2.2),
    "guess": Look("#0072b2", width=1.2, dashed=True, opacity=0.7),
    "effect spread": Look("#0072b2", width=3.0, opacity=0.4),
    "effect dot": Look("#0072b2", size=7.0),
    "winner": Look("#d55e00", size=7.0),
    "single": Look("#444444", width=0.7, opacity=0.45),
    "faint": Look("#888888", size=3.0, opacity=0.35, width=0.8),
    "total": Look("#d55e00", "diamond", 8.0, width=1.5),
    "reference": Look("#888888", width=1.0, dashed=True),
    "veil": Look("#d4d4d4", opacity=0.82),
    **{f"series {i}": Look(colour) for i, colour in enumerate(_PALETTE)},
}


def series(i: int) -> str:
    """The look of the i-th of several studies; after eight they begin again."""
    return f"series {i % len(_PALETTE)}"


class Axis(msgspec.Struct, frozen=True):
    """An axis.

    Attributes:
        label: what it measures.
        low, high: its ends; NaN: the renderer sees to it.
        log: whether it is logarithmic.
        whole: whether only whole numbers are marked.
        ticks: places and their texts, for choices; (): the renderer's own.
    """

    label: str = ""
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    whole: bool = False
    ticks: tuple[tuple[float, str], ...] = ()


class Points(msgspec.Struct, frozen=True):
    """Dots, shapes (n,).

    Attributes:
        x, y: where.
        look: a name in `LOOKS`.
        name: in the legend; "": not there.
        tips: what is said when one is pointed at; () or n of them.
        shade: a number each, shown as colour; empty: all look alike.
        low, high: ends of a whisker along the value, shape (n,); empty: none.
        across: the whisker is level, not upright.
        scale: what the shade means.
    """

    x: Array
    y: Array
    look: str = "trial"
    name: str = ""
    tips: tuple[str, ...] = ()
    shade: Array = np.zeros(0)
    low: Array = np.zeros(0)
    high: Array = np.zeros(0)
    across: bool = False
    scale: str = ""


class Line(msgspec.Struct, frozen=True):
    """A line through points, shapes (n,); with a band from low to high where these are given; `steps`: level up to the next point."""

    x: Array
    y: Array
    look: str
    name: str = ""
    steps: bool = False
    low: Array = np.zeros(0)
    high: Array = np.zeros(0)


class Bars(msgspec.Struct, frozen=True):
    """Level bars from `start` to `end` at heights `y`, shapes (n,), each so thick."""

    y: Array
    start: Array
    end: Array
    look: str
    name: str = ""
    tips: tuple[str, ...] = ()
    thick: float = 0.7


class Heat(msgspec.Struct, frozen=True):
    """Coloured cells.

    Attributes:
        x, y: edges of the cells, shapes (k + 1,), (l + 1,).
        z: shape (l, k), NaN: left empty.
        label: what the colour means.
        texts: written into the cells, shape (l, k), or none.
        veil: which cells are greyed, shape (l, k), 1 or NaN; empty: none.
        up: whether larger is darker.
        share: whether it is a share, from 0 and larger the darker.
    """

    x: Array
    y: Array
    z: Array
    label: str
    texts: tuple[tuple[str, ...], ...] = ()
    veil: Array = np.zeros((0, 0))
    up: bool = False
    share: bool = False


class Parallel(msgspec.Struct, frozen=True):
    """A line for each of n trials over k upright axes.

    Attributes:
        names: of the axes.
        ticks: of each axis, places in [0, 1] and texts.
        rows: shape (n, k), in [0, 1], or below 0 where inactive.
        shade: shape (n,), in [0, 1]; the smallest is the best and drawn last.
        scale: what the shade means.
    """

    names: tuple[str, ...]
    ticks: tuple[tuple[tuple[float, str], ...], ...]
    rows: Array
    shade: Array
    scale: str


Mark = Points | Line | Bars | Heat | Parallel


class Panel(msgspec.Struct, frozen=True):
    """Marks on one pair of axes; `note` is written in the middle where there is nothing to draw."""

    x: Axis = Axis()
    y: Axis = Axis()
    marks: tuple[Mark, ...] = ()
    title: str = ""
    note: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A whole plot.

    Attributes:
        title: what it is.
        caption: what to see in it, in sentences.
        panels: from left to right, then down.
        columns: how many panels stand beside each other.
        size: width and height of a panel in inches.
    """

    title: str
    caption: str
    panels: tuple[Panel, ...]
    columns: int = 1
    size: tuple[float, float] = (8.0, 4.2)


def said(title: str, sentence: str) -> Picture:
    """A picture that says why there is nothing to see."""
    return Picture(title, "", (Panel(note=sentence),), size=(8.0, 1.8))


def axis_of(label: str, low: float, high: float, *, log: bool = False, whole: bool = False, pad: float = 0.04) -> Axis:
    """An axis that holds low to high with some air, also where both are the same."""
    if log and low > 0:
        start, end = math.log10(low), math.log10(high)
        air = (end - start) * pad or 0.3
        return Axis(label, 10.0 ** max(start - air, -307), 10.0 ** min(end + air, 308), log=True)
    air = (high / 2 - low / 2) * 2 * pad or abs(high) * 0.05 or abs(high) or 1.0
    return Axis(label, low - air, high + air, whole=whole)
