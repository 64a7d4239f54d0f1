"""Pictures drawn by matplotlib: for files and for print. No window and no global state is touched."""

import textwrap
from typing import Any, Final

import msgspec
import numpy as np

from tunewright.extras import require
from tunewright.plots.picture import LOOKS, MANY, SHADES, SHARES, Axis, Bars, Heat, Line, Mark, Panel, Parallel, Picture, Points

__all__ = ["draw"]

_SYMBOLS: Final = {"dot": "o", "ring": "o", "cross": "x", "diamond": "D", "up": "^", "down": "v", "left": "<", "right": ">"}
_HOLLOW: Final = ("ring", "diamond")
_CAPTION: Final = 14.5
"""Characters of the caption to an inch."""

_HEADING: Final = 9.0
"""Characters of the title to an inch."""

_TICKS: Final = 15.0
"""Characters of a tick's text to an inch."""

_LETTERS: Final = 11.5
"""Characters of a panel's title or of an axis's label to an inch."""

_SLANTED: Final = 0.3
"""Inches between two slanted texts below which they stand upright."""

_NARROW: Final = 100.0
"""An axis of a logarithm over less than this factor shows 1, 2 and 5 of each decade: its decades alone would be one number or none."""

_FAR: Final = 1e150
"""Beyond it matplotlib's own arithmetic overflows: what lies there is drawn there, at the edge."""

_CUT: Final = "Numbers beyond ±1e150 are drawn there, at the edge: matplotlib reaches no farther."


def draw(picture: Picture) -> Any:  # noqa: ANN401  matplotlib is optional
    """A `matplotlib.figure.Figure`. Raises ExtraMissing without matplotlib."""
    figures = require("matplotlib.figure", extra="plots")
    columns = min(picture.columns, len(picture.panels))
    rows = -(-len(picture.panels) // columns)
    width = max(columns * picture.size[0], 5.5)
    cut = any(_near(mark) is not mark for panel in picture.panels for mark in panel.marks)
    caption = f"{picture.caption} {_CUT}".lstrip() if cut else picture.caption
    lines = textwrap.wrap(caption, int(_CAPTION * width))
    figure = figures.Figure(figsize=(width, rows * picture.size[1] + 0.45 + 0.17 * len(lines)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    names: dict[str, Any] = {}
    for place, panel in zip(axes, picture.panels, strict=False):
        _panel(figure, place, panel, names, (width / columns, picture.size[1]))
        _crowded(place, panel, width / columns)
    for place in axes[len(picture.panels) :]:
        place.set_axis_off()
    title = textwrap.fill(picture.title, int(_HEADING * width))
    figure.suptitle(_plain(title), x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(_plain("\n".join(lines)), x=0.01, ha="left", fontsize=8.5, color="#444444")
    if names:
        needed = len(picture.title) / _HEADING + sum(0.075 * (len(name) + 7) for name in names)
        beside = {"loc": "outside right center"} if needed > width else {"loc": "outside upper right", "ncols": len(names)}
        figure.legend(names.values(), map(_plain, names), fontsize=8, frameon=False, **beside)
    return figure


def _plain(text: str) -> str:
    """A dollar sign begins mathematics in matplotlib, unless it is escaped."""
    return text.replace("$", r"\$")


def _within(text: str, inches: float) -> str:
    """Broken into lines that a panel of this size has room for."""
    return _plain(textwrap.fill(text, max(16, int(_LETTERS * inches))))


def _panel(figure: Any, place: Any, panel: Panel, names: dict[str, Any], size: tuple[float, float]) -> None:  # noqa: ANN401
    place.set_title(_within(panel.title, size[0]), fontsize=9.5)
    place.spines[["top", "right"]].set_visible(False)
    place.tick_params(labelsize=8)
    if not panel.marks:
        place.set_axis_off()
        place.text(0.5, 0.5, _plain(textwrap.fill(panel.note, 60)), ha="center", va="center", transform=place.transAxes)
        return
    _axis(place, "x", panel.x, size[0])
    _axis(place, "y", panel.y, size[1])
    for mark in panel.marks:
        _DRAW[type(mark)](figure, place, _near(mark), names)
    if panel.note:
        place.text(0.5, 0.5, _plain(textwrap.fill(panel.note, 40)), ha="center", va="center", transform=place.transAxes)


def _near(mark: Mark) -> Mark:
    """The same with its numbers where they can be drawn."""
    numbers = {
        name: np.clip(value, -_FAR, _FAR)
        for name, value in msgspec.structs.asdict(mark).items()
        if isinstance(value, np.ndarray) and value.size and np.nanmax(np.abs(value)) > _FAR
    }
    return msgspec.structs.replace(mark, **numbers) if numbers else mark


def _axis(place: Any, which: str, axis: Axis, length: float) -> None:  # noqa: ANN401
    getattr(place, f"set_{which}label")(_within(axis.label, length), fontsize=9)
    if axis.log:
        getattr(place, f"set_{which}scale")("log")
    if np.isfinite(axis.low):
        least = 1 / _FAR if axis.log else -_FAR
        getattr(place, f"set_{which}lim")(max(axis.low, least), min(axis.high, _FAR))
    line = getattr(place, f"{which}axis")
    if axis.ticks:
        at, texts = zip(*axis.ticks, strict=True)
        line.set_ticks(at, [_plain(text) for text in texts])
    elif axis.log and np.isfinite(axis.low) and axis.high / axis.low < _NARROW:
        ticker = require("matplotlib.ticker", extra="plots")
        line.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        line.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        line.set_minor_formatter(ticker.NullFormatter())
    elif axis.whole:
        line.get_major_locator().set_params(integer=True)


def _crowded(place: Any, panel: Panel, width: float) -> None:  # noqa: ANN401
    """Turns texts below the axis that would run into each other, upright where even slanted ones would."""
    texts = [name for mark in panel.marks if isinstance(mark, Parallel) for name in mark.names]
    texts = texts or [text for _, text in panel.x.ticks]
    longest, room = max(map(len, texts), default=0), (width - 0.8) / max(len(texts), 1)
    if longest + 1 > _TICKS * room:
        place.tick_params(axis="x", rotation=30 if room > _SLANTED else 90)
        for text in place.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")


def _name(names: dict[str, Any], name: str, handle: Any) -> None:  # noqa: ANN401
    if name:
        names.setdefault(name, handle)


def _points(figure: Any, place: Any, mark: Points, names: dict[str, Any]) -> None:  # noqa: ANN401
    look = LOOKS[mark.look]
    if len(mark.low):
        far = np.abs(np.array([mark.low, mark.high]) - (mark.x if mark.across else mark.y))
        whisker = {"xerr" if mark.across else "yerr": far}
        drawn = place.errorbar(mark.x, mark.y, **whisker, fmt="none", ecolor=look.colour, elinewidth=look.width, zorder=3)
        _name(names, mark.name, drawn)
        return
    symbol, hollow = _SYMBOLS[look.symbol], look.symbol in _HOLLOW
    colours: dict[str, Any] = {"color": look.colour}
    if len(mark.shade):
        colours = {"c": mark.shade, "cmap": SHADES, "edgecolors": "#ffffff", "linewidths": 0.4}
    elif hollow:
        colours = {"facecolors": "none", "edgecolors": look.colour, "linewidths": look.width}
    else:
        colours["linewidths"] = look.width if look.symbol == "cross" else 0
    many = look.symbol == "dot" and len(mark.x) > MANY
    alpha = 1.0 if len(mark.shade) else look.opacity * (0.6 if many else 1.0)
    drawn = place.scatter(
        mark.x,
        mark.y,
        s=(look.size * (0.7 if many else 1.0)) ** 2,
        marker=symbol,
        alpha=alpha,
        zorder=5 if hollow else 2,
        clip_on=look.symbol == "dot",
        **colours,
    )
    _name(names, mark.name, drawn)
    if mark.scale:
        _colourbar(figure, place, drawn, mark.scale)


def _colourbar(figure: Any, place: Any, drawn: Any, label: str) -> None:  # noqa: ANN401
    bar = figure.colorbar(drawn, ax=place)
    bar.set_label(_plain(label), fontsize=8.5)
    bar.ax.tick_params(labelsize=7.5)


def _line(_: Any, place: Any, mark: Line, names: dict[str, Any]) -> None:  # noqa: ANN401
    look = LOOKS[mark.look]
    style = {"color": look.colour, "linewidth": look.width, "linestyle": "--" if look.dashed else "-", "alpha": look.opacity}
    (drawn,) = place.plot(mark.x, mark.y, drawstyle="steps-post" if mark.steps else "default", zorder=4, **style)
    if len(mark.low):
        place.fill_between(
            mark.x, mark.low, mark.high, step="post" if mark.steps else None, color=look.colour, alpha=0.18, linewidth=0
        )
    _name(names, mark.name, drawn)


def _bars(_: Any, place: Any, mark: Bars, names: dict[str, Any]) -> None:  # noqa: ANN401
    look = LOOKS[mark.look]
    low, high = mark.y - mark.thick / 2, mark.y + mark.thick / 2
    corners = np.stack([mark.start, low, mark.end, low, mark.end, high, mark.start, high], axis=1).reshape(-1, 4, 2)
    collections = require("matplotlib.collections", extra="plots")
    drawn = collections.PolyCollection(corners, facecolors=look.colour, alpha=look.opacity, linewidth=0)
    place.add_collection(drawn)
    _name(names, mark.name, drawn)


def _heat(figure: Any, place: Any, mark: Heat, _: dict[str, Any]) -> None:  # noqa: ANN401
    colours = SHARES if mark.share else f"{SHADES}_r" if mark.up else SHADES
    ends = {"vmin": 0.0, "vmax": max(float(np.nanmax(mark.z)), 1e-3)} if mark.share else {}
    drawn = place.pcolormesh(mark.x, mark.y, np.ma.masked_invalid(mark.z), cmap=colours, rasterized=True, **ends)
    if mark.veil.size:
        look = LOOKS["veil"]
        grey = require("matplotlib.colors", extra="plots").ListedColormap([look.colour])
        place.pcolormesh(mark.x, mark.y, np.ma.masked_invalid(mark.veil), cmap=grey, alpha=look.opacity, linewidth=0)
    middle = float(np.nanmean([0.0 if mark.share else np.nanmin(mark.z), np.nanmax(mark.z)])) if mark.texts else 0.0
    for j, row in enumerate(mark.texts):
        for i, text in enumerate(row):
            dark = (mark.z[j, i] > middle) == (mark.up or mark.share)
            at = (mark.x[i] + mark.x[i + 1]) / 2, (mark.y[j] + mark.y[j + 1]) / 2
            place.text(*at, text, ha="center", va="center", fontsize=7.5, color="#ffffff" if dark else "#222222")
    _colourbar(figure, place, drawn, mark.label)


def _parallel(figure: Any, place: Any, mark: Parallel, _: dict[str, Any]) -> None:  # noqa: ANN401
    collections = require("matplotlib.collections", extra="plots")
    order = np.argsort(-mark.shade, kind="stable")
    at = np.arange(len(mark.names))
    lines = collections.LineCollection(
        [np.column_stack([at, row]) for row in mark.rows[order]], cmap=SHADES, linewidths=0.9, alpha=0.7
    )
    lines.set_array(mark.shade[order])
    lines.set_clim(0, 1)
    place.add_collection(lines)
    place.set_xlim(-0.3, len(at) - 0.4)
    place.set_ylim(-0.18, 1.04)
    place.set_yticks([])
    place.spines["left"].set_visible(False)
    place.set_xticks(at, [_plain(name) for name in mark.names])
    for i, ticks in enumerate(mark.ticks):
        place.axvline(i, color="#555555", linewidth=0.8)
        for y, text in ticks:
            back = {"facecolor": "white", "alpha": 0.7, "pad": 0.5, "linewidth": 0}
            place.text(i + 0.03, y, _plain(text), fontsize=7, va="center", bbox=back, zorder=6)
    _colourbar(figure, place, lines, mark.scale)


_DRAW: Final[dict[type[Mark], Any]] = {Points: _points, Line: _line, Bars: _bars, Heat: _heat, Parallel: _parallel}
