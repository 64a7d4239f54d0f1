"""Pictures drawn by plotly: to point at, zoom and brush."""

import textwrap
from typing import Any, Final

import numpy as np

from tunewright.analysis.scale import Log
from tunewright.extras import require
from tunewright.plots.picture import LOOKS, MANY, SHADES, SHARES, Axis, Bars, Heat, Line, Mark, Panel, Parallel, Picture, Points
from tunewright.typing import Array

__all__ = ["draw"]

_SYMBOLS: Final = {
    "dot": "circle", "ring": "circle-open", "cross": "x-thin-open", "diamond": "diamond-open", "up": "triangle-up",
    "down": "triangle-down", "left": "triangle-left", "right": "triangle-right",
}  # fmt: skip
_INCH: Final = 96
_CAPTION: Final = 14.0
_LINE: Final = 17
_HEAD: Final = 58
"""Pixels at the top for plotly's own buttons, and below them the title."""
_WIDEST: Final = 9.0
"""Inches; a wider picture takes the width of its window, but for parallel axes, whose names would run into each other."""
_TITLE: Final = {"x": 0.01, "y": 1, "yanchor": "top", "pad": {"t": 30}, "font": {"size": 16}}
_LEGEND: Final = {"orientation": "h", "yref": "container", "yanchor": "top", "x": 1, "xanchor": "right"}


def draw(picture: Picture) -> Any:  # noqa: ANN401  plotly is optional
    """A `plotly.graph_objects.Figure`. Raises ExtraMissing without plotly."""
    subplots = require("plotly.subplots", extra="plots")
    columns = min(picture.columns, len(picture.panels))
    rows = -(-len(picture.panels) // columns)
    parallel = any(isinstance(mark, Parallel) for panel in picture.panels for mark in panel.marks)
    width = max(columns * picture.size[0], 5.5)
    lines = [_plain(line) for line in textwrap.wrap(picture.caption, int(_CAPTION * (width - 1)))]
    scaled = any(
        isinstance(mark, Heat | Parallel) or len(getattr(mark, "shade", ())) for panel in picture.panels for mark in panel.marks
    )
    legend = any(getattr(mark, "name", "") for panel in picture.panels for mark in panel.marks)
    titles = any(panel.title for panel in picture.panels[:columns])
    top = _HEAD + _LINE * (1.4 * legend + 1.4 * titles + 2.5 * parallel)
    gap = 15 if parallel or not any(panel.marks for panel in picture.panels) else 50  # below the axes and their labels
    bottom = _LINE * len(lines) + gap + 15
    height = rows * picture.size[1] * _INCH + top + bottom - 60
    figure = subplots.make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[_plain(panel.title) for panel in picture.panels],
        specs=[[{"type": "domain"} if parallel else {}] * columns] * rows,
        vertical_spacing=min(1.0 / picture.size[1] / rows, 0.3),
        horizontal_spacing=min((1.7 if scaled else 0.75) / width, 0.25) if columns > 1 else 0,
    )
    figure.update_annotations(font_size=13)  # the panels' titles
    named: set[str] = set()
    for i, panel in enumerate(picture.panels):
        _panel(figure, panel, {"row": i // columns + 1, "col": i % columns + 1}, named)
    figure.update_layout(
        template="plotly_white",
        title=_TITLE | {"text": f"<b>{_plain(picture.title)}</b>"},
        width=width * _INCH if width <= _WIDEST or parallel else None,
        autosize=width > _WIDEST and not parallel,
        height=height,
        margin={"t": top, "b": bottom, "l": 70, "r": 30},
        legend=_LEGEND | {"y": 1 - (_HEAD - 6) / height},
        hovermode="closest",
    )
    figure.add_annotation(
        text="<br>".join(lines),
        x=0, y=0, xref="paper", yref="paper", xanchor="left", yanchor="top", yshift=-gap, align="left", showarrow=False,
        font={"size": 12, "color": "#444444"},
    )  # fmt: skip
    return figure


def _plain(text: str) -> str:
    """Plotly reads tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _panel(figure: Any, panel: Panel, place: dict[str, int], named: set[str]) -> None:  # noqa: ANN401
    objects = require("plotly.graph_objects", extra="plots")
    for mark in panel.marks:
        for trace in _DRAW[type(mark)](objects, mark):
            name = trace.name or ""
            if trace.type == "scatter":
                trace.showlegend = bool(name) and name not in named
                trace.legendgroup = name
                named.add(name)
            _beside(figure, trace, place)
            figure.add_trace(trace, **place)
    if not any(isinstance(mark, Parallel) for mark in panel.marks):
        figure.update_xaxes(**_axis(panel.x, shown=bool(panel.marks)), **place)
        figure.update_yaxes(**_axis(panel.y, shown=bool(panel.marks)), **place)
    if panel.note:
        figure.add_annotation(
            text="<br>".join(_plain(line) for line in textwrap.wrap(panel.note, 60)),
            x=0.5, y=0.5, xref="x domain", yref="y domain", showarrow=False, font={"size": 14}, **place,
        )  # fmt: skip


def _beside(figure: Any, trace: Any, place: dict[str, int]) -> None:  # noqa: ANN401
    """Puts a colour scale beside its own panel; by itself plotly puts them all at the right."""
    within = figure.get_subplot(**place)
    x, y = (within.x, within.y) if trace.type == "parcoords" else (within.xaxis.domain, within.yaxis.domain)
    bar = {"x": x[1] + 0.005, "xanchor": "left", "y": (y[0] + y[1]) / 2, "len": y[1] - y[0]}
    if trace.type == "parcoords":
        trace.line.colorbar.update(bar, x=x[1] + 0.04)
    elif trace.type == "heatmap" and trace.showscale is None:
        trace.colorbar.update(bar)
    elif trace.type == "scatter" and trace.marker.showscale:
        trace.marker.colorbar.update(bar)


def _axis(axis: Axis, *, shown: bool) -> dict[str, Any]:
    if not shown:
        return {"visible": False}
    found: dict[str, Any] = {"title": {"text": _plain(axis.label), "font": {"size": 13}}, "zeroline": False}
    if axis.log:
        found["type"] = "log"
        if np.isfinite(axis.low):  # plotly's own are of two sizes
            start, end = np.log10([axis.low, axis.high])
            ticks = Log(axis.low, axis.high).ticks
            found |= {
                "tickvals": [10 ** (start + tick.at * (end - start)) for tick in ticks],
                "ticktext": [tick.label for tick in ticks],
            }
    if np.isfinite(axis.low):
        found["range"] = [float(np.log10(end)) if axis.log else end for end in (axis.low, axis.high)]
    if axis.ticks:
        at, texts = zip(*axis.ticks, strict=True)
        found |= {"tickvals": at, "ticktext": [_plain(text) for text in texts]}
    elif axis.whole and axis.high - axis.low < 8:
        found["dtick"] = 1
    return found


def _points(objects: Any, mark: Points) -> list[Any]:  # noqa: ANN401
    look = LOOKS[mark.look]
    many = look.symbol == "dot" and len(mark.x) > MANY
    marker: dict[str, Any] = {
        "symbol": _SYMBOLS[look.symbol],
        "size": look.size * (0.8 if many else 1.2),
        "color": look.colour,
        "opacity": 1 if len(mark.shade) else look.opacity * (0.6 if many else 1),
    }
    if look.symbol in {"ring", "diamond", "cross"}:
        marker["line"] = {"width": look.width, "color": look.colour}
    if len(mark.shade):
        marker |= {"color": mark.shade, "colorscale": SHADES, "line": {"width": 0.5, "color": "white"}}
        if mark.scale:
            marker |= {"showscale": True, "colorbar": {"title": {"text": _plain(mark.scale), "side": "right"}, "thickness": 12}}
    whisker = {}
    if len(mark.low):
        middle = mark.x if mark.across else mark.y
        ends = {"array": mark.high - middle, "arrayminus": middle - mark.low, "color": look.colour, "thickness": look.width}
        whisker = {"error_x" if mark.across else "error_y": {"type": "data", "symmetric": False, "width": 0, **ends}}
        marker["size"] = 1
    return [
        objects.Scatter(
            x=mark.x, y=mark.y, mode="markers", marker=marker, name=_plain(mark.name),
            text=[_plain(tip) for tip in mark.tips] or None, hoverinfo="text" if mark.tips else "x+y", cliponaxis=look.symbol == "dot", **whisker,
        )
    ]  # fmt: skip


def _line(objects: Any, mark: Line) -> list[Any]:  # noqa: ANN401
    look, shape = LOOKS[mark.look], "hv" if mark.steps else "linear"
    line = {"color": look.colour, "width": look.width * 1.3, "dash": "dash" if look.dashed else "solid", "shape": shape}
    found = []
    if len(mark.low):
        edge = {"mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip"}
        red, green, blue = (int(look.colour[i : i + 2], 16) for i in (1, 3, 5))
        filled = {"fill": "tonexty", "fillcolor": f"rgba({red},{green},{blue},0.18)"}
        found = [objects.Scatter(x=mark.x, y=mark.low, **edge), objects.Scatter(x=mark.x, y=mark.high, **edge, **filled)]
    main = objects.Scatter(x=mark.x, y=mark.y, mode="lines", line=line, name=_plain(mark.name), opacity=look.opacity)
    return [*found, main]


def _bars(objects: Any, mark: Bars) -> list[Any]:  # noqa: ANN401
    look, half = LOOKS[mark.look], mark.thick / 2
    gap = np.full(len(mark.y), np.nan)
    corners: list[Array] = [mark.start, mark.end, mark.end, mark.start, mark.start, gap]
    heights: list[Array] = [mark.y - half, mark.y - half, mark.y + half, mark.y + half, mark.y - half, gap]
    areas = objects.Scatter(
        x=np.stack(corners, axis=1).ravel(), y=np.stack(heights, axis=1).ravel(), mode="lines", fill="toself",
        line={"width": 0}, fillcolor=look.colour, opacity=look.opacity, name=_plain(mark.name), hoverinfo="skip",
    )  # fmt: skip
    if not mark.tips:
        return [areas]
    tips = [_plain(tip) for tip in mark.tips]
    middle = (mark.start + mark.end) / 2
    return [areas, objects.Scatter(x=middle, y=mark.y, mode="markers", marker={"opacity": 0}, text=tips, hoverinfo="text")]


def _heat(objects: Any, mark: Heat) -> list[Any]:  # noqa: ANN401
    cells = {"x": mark.x, "y": mark.y}
    found = [
        objects.Heatmap(
            **cells, z=mark.z, colorscale=SHARES if mark.share else f"{SHADES}_r" if mark.up else SHADES, zmin=0 if mark.share else None,
            zmax=max(float(np.nanmax(mark.z)), 1e-3) if mark.share else None, text=mark.texts or None,
            texttemplate="%{text}" if mark.texts else None, colorbar={"title": {"text": _plain(mark.label), "side": "right"}, "thickness": 12},
        )
    ]  # fmt: skip
    if mark.veil.size:
        look = LOOKS["veil"]
        grey = {
            "colorscale": [[0, look.colour], [1, look.colour]],
            "showscale": False,
            "opacity": look.opacity,
            "hoverinfo": "skip",
        }
        found.append(objects.Heatmap(**cells, z=mark.veil, **grey))
    return found


def _parallel(objects: Any, mark: Parallel) -> list[Any]:  # noqa: ANN401
    order = np.argsort(-mark.shade, kind="stable")
    dimensions = [
        {
            "label": _plain(name), "values": mark.rows[order, i], "range": [-0.15, 1.02],
            "tickvals": [at for at, _ in ticks], "ticktext": [_plain(text) for _, text in ticks],
        }
        for i, (name, ticks) in enumerate(zip(mark.names, mark.ticks, strict=True))
    ]  # fmt: skip
    line = {
        "color": -mark.shade[order],  # plotly draws the largest colour on top: that should be the best
        "colorscale": f"{SHADES}_r",
        "cmin": -1,
        "cmax": 0,
        "showscale": True,
        "colorbar": {
            "thickness": 12,
            "title": {"text": _plain(mark.scale), "side": "right"},
            "tickvals": [-1, -0.5, 0],
            "ticktext": ["1", "0.5", "0"],
        },
    }
    return [objects.Parcoords(dimensions=dimensions, line=line)]


_DRAW: Final[dict[type[Mark], Any]] = {Points: _points, Line: _line, Bars: _bars, Heat: _heat, Parallel: _parallel}
