"""A chart in a few strokes: two scales, a frame with ticks, and marks on it.

A `Frame` knows its size and its two scales and turns values into coordinates; colours and line widths live in `report.css` under
the class names given here, so that one drawing serves the light page, the dark page and paper. Many points are one `<path>` of
dots (moves of length zero with round ends), about a dozen bytes each, and points that fall on the same half pixel are drawn once.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from tunewright.analysis.markup import Markup, compact, join, tag
from tunewright.analysis.scale import Bands, Scale, Tick
from tunewright.analysis.text import cut, labels

__all__ = ["Frame", "strip"]

_CHARACTER: Final = 6.3  # mean width of a digit or letter of the tick labels, in pixels
_LINE: Final = 15  # height of a line of them
_LABEL: Final = 17  # most characters of a category's label
_MANY: Final = 300  # dots of a chart beyond which they are drawn smaller


def _at(x: float, y: float) -> str:
    return f"{compact(x)} {compact(y)}"


class Frame:
    """A chart's frame, to be drawn on.

    Args:
        width, height: in pixels, all included.
        x, y: the scales.
        title, description: what a screen reader says.
        x_label, y_label: what the axes show; the y label stands above the axis, level, so that it can be read.
    """

    def __init__(
        self,
        width: float,
        height: float,
        x: Scale,
        y: Scale,
        *,
        title: str,
        description: str,
        x_label: str = "",
        y_label: str = "",
    ) -> None:
        self._size = (width, height)
        self._x, self._y = x, y
        self._texts = (title, description)
        self._labels = (
            " ".join(part for part in (x_label, x.factor) if part),
            " ".join(part for part in (y_label, y.factor) if part),
        )
        named = isinstance(y, Bands)
        short = labels([tick.label for tick in y.ticks], _LABEL) if named else []
        self._y_ticks = [Tick(tick.at, text) for tick, text in zip(y.ticks, short, strict=True)] if named else y.ticks
        longest = max((len(tick.label) for tick in self._y_ticks), default=0)
        self._left = 10 + _CHARACTER * longest
        self._right = width - 12
        self._top = 8 + (_LINE + 4 if self._labels[1] else 0)
        self._bottom = height - _LINE - 9 - (_LINE if self._labels[0] else 0)
        self._marks: list[Markup] = []

    # ---- from values to pixels -------------------------------------------------------------------------------------------------

    def _px(self, x: float, nudge: float = 0.0) -> float:
        return self._left + (self._right - self._left) * self._x(x) + nudge

    def _py(self, y: float, nudge: float = 0.0) -> float:
        return self._bottom - (self._bottom - self._top) * self._y(y) + nudge

    def _place(self, x: float, y: float) -> tuple[float, float]:
        """The pixel, drawn in to the edge where the value lies beyond it."""
        inside_x, inside_y = min(max(self._x(x), -1.0), 2.0), min(max(self._y(y), -1.0), 2.0)
        px = self._left + (self._right - self._left) * inside_x
        py = self._bottom - (self._bottom - self._top) * inside_y
        return min(max(px, self._left), self._right), min(max(py, self._top), self._bottom)

    # ---- marks -----------------------------------------------------------------------------------------------------------------

    def dots(self, points: Iterable[tuple[float, float]], kind: str, *, nudges: Sequence[tuple[float, float]] = ()) -> None:
        """Points (x, y) as dots of the class `kind`; `nudges` moves each by so many pixels (jitter)."""
        places: dict[str, None] = {}
        for i, (x, y) in enumerate(points):
            px, py = self._place(x, y)
            if nudges:
                px, py = px + nudges[i][0], py + nudges[i][1]
            places[f"M{_at(round(px * 2) / 2, round(py * 2) / 2)}h0"] = None
        if places:
            many = " many" if len(places) > _MANY else ""
            self._marks.append(tag("path", class_=f"dots {kind}{many}", d="".join(places)))

    def floor(self, xs: Iterable[float], kind: str) -> None:
        """Crosses along the bottom: what has no value."""
        path = "".join(f"M{_at(self._place(x, 0)[0] - 3, self._bottom - 8)}l6 6m0-6l-6 6" for x in xs)
        if path:
            self._marks.append(tag("path", class_=f"line {kind}", d=path))

    def edge(self, xs: Iterable[float], side: Literal["top", "bottom", "left", "right"], kind: str) -> None:
        """Small arrows at an edge, for values beyond it; `xs` are their values on the other axis."""
        path = []
        for value in xs:
            if side in {"top", "bottom"}:
                px = self._place(value, 0)[0]
                py, out = (self._top, -5) if side == "top" else (self._bottom, 5)
                path.append(f"M{_at(px - 3, py - out)}h6l-3 {out}z")
            else:
                px, out = (self._left, -5) if side == "left" else (self._right, 5)
                path.append(f"M{_at(px - out, self._py(value) - 3)}v6l{out}-3z")
        if path:
            self._marks.append(tag("path", class_=f"edge {kind}", d="".join(dict.fromkeys(path))))

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through points."""
        if len(points) > 1:
            path = "L".join(_at(*self._place(x, y)) for x, y in points)
            self._marks.append(tag("path", class_=f"line {kind}", d=f"M{path}"))

    def band(self, points: Sequence[tuple[float, float, float]], kind: str) -> None:
        """A filled band (x, from, to)."""
        if len(points) > 1:
            above = [_at(*self._place(x, high)) for x, _, high in points]
            below = [_at(*self._place(x, low)) for x, low, _ in reversed(points)]
            self._marks.append(tag("path", class_=f"band {kind}", d=f"M{'L'.join(above + below)}z"))

    def steps(self, points: Sequence[tuple[float, float]], kind: str, *, until: float) -> None:
        """A line that keeps each y until the next x, and the last one until `until`."""
        if not points:
            return
        path = f"M{_at(*self._place(*points[0]))}"
        for x, y in points[1:]:
            px, py = self._place(x, y)
            path += f"H{compact(px)}V{compact(py)}"
        path += f"H{compact(self._place(until, points[-1][1])[0])}"
        self._marks.append(tag("path", class_=f"line {kind}", d=path))

    def bars(self, spans: Iterable[tuple[float, float, float]], kind: str) -> None:
        """Upright lines (x, y from, y to): spreads."""
        path = "".join(f"M{_at(*self._place(x, low))}V{compact(self._place(x, high)[1])}" for x, low, high in spans)
        if path:
            self._marks.append(tag("path", class_=f"line {kind}", d=path))

    def levels(self, spots: Iterable[tuple[float, float]], kind: str, *, half: float = 5.0) -> None:
        """Short upright strokes across a band (x, band): medians."""
        path = ""
        for x, band in spots:
            px, py = self._place(x, band)
            path += f"M{_at(px, py - half)}v{compact(2 * half)}"
        if path:
            self._marks.append(tag("path", class_=f"line {kind}", d=path))

    def ring(
        self, x: float, y: float, kind: str, *, tip: str, radius: float = 5.0, nudge: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """A circle around one point, with a text that shows when it is pointed at."""
        px, py = self._place(x, y)
        self._marks.append(tag("circle", tag("title", tip), class_=kind, cx=px + nudge[0], cy=py + nudge[1], r=radius))

    # ---- the frame -------------------------------------------------------------------------------------------------------------

    def _x_ticks(self) -> list[tuple[Tick, float]]:
        """Those whose labels stand clear of each other, with the middle of each label, drawn in from the picture's edge."""
        kept: list[tuple[Tick, float]] = []
        free = -1e9
        for tick in self._x.ticks:
            half = len(tick.label) * _CHARACTER / 2
            middle = min(max(self._left + (self._right - self._left) * tick.at, half), self._size[0] - half)
            if middle - half >= free:
                kept.append((tick, middle))
                free = middle + half + 8
        return kept

    def _axes(self) -> Markup:
        parts: list[Markup] = []
        grid = ""
        width = self._size[0]
        for tick, middle in self._x_ticks():
            px = self._left + (self._right - self._left) * tick.at
            grid += f"M{_at(px, self._top)}V{compact(self._bottom)}"
            parts.append(tag("text", tick.label, x=middle, y=self._bottom + _LINE + 3, text_anchor="middle"))
        last = 1e9
        for tick in self._y_ticks:
            py = self._bottom - (self._bottom - self._top) * tick.at
            if last - py < _LINE - 1:
                continue
            last = py
            grid += f"M{_at(self._left, py)}H{compact(self._right)}"
            parts.append(tag("text", tick.label, x=self._left - 6, y=py + 4, text_anchor="end"))
        base = f"M{_at(self._left, self._bottom)}H{compact(self._right)}"
        lines = (tag("path", class_="grid", d=grid) if grid else None, tag("path", class_="axis", d=base))
        if self._labels[0]:
            text = cut(self._labels[0], int(width / _CHARACTER) - 4)
            half = len(text) * _CHARACTER / 2
            middle = min(max((self._left + self._right) / 2, half), width - half)
            parts.append(tag("text", text, class_="name", x=middle, y=self._bottom + 2 * _LINE + 4, text_anchor="middle"))
        if self._labels[1]:
            parts.append(tag("text", cut(self._labels[1], int(width / _CHARACTER) - 2), class_="name", x=2, y=13))
        return join([*lines, tag("g", *parts, class_="ticks")])

    def render(self, *, kind: str = "chart") -> Markup:
        """The SVG."""
        title, description = self._texts
        width, height = (compact(side) for side in self._size)
        return tag(
            "svg",
            tag("title", title),
            tag("desc", description),
            self._axes(),
            *self._marks,
            class_=kind,
            role="img",
            viewBox=f"0 0 {width} {height}",
            width=width,
            height=height,
            aria_label=f"{title}. {description}",
        )


def strip(
    scale: Scale,
    *,
    dots: Sequence[float] = (),
    middle: float | None = None,
    span: tuple[float, float] | None = None,
    kind: str = "",
    label: str,
    width: float = 150,
    height: float = 18,
) -> Markup:
    """A line of a table as a picture: a span, dots and a middle on a scale that all its lines share.

    Args:
        scale: of the values.
        dots: single values.
        middle: drawn as an upright stroke.
        span: drawn as a thick line from and to.
        kind: class of the marks.
        label: what a screen reader says.
        width: in pixels.
        height: in pixels.
    """

    def px(x: float) -> float:
        return 5 + (width - 10) * min(max(scale(x), 0.0), 1.0)

    def beyond(x: float) -> int:
        return -1 if scale(x) < -1e-9 else 1 if scale(x) > 1 + 1e-9 else 0

    half = height / 2
    parts = [tag("path", class_="grid", d=f"M5 {compact(half)}H{compact(width - 5)}")]
    if span is not None and scale(span[1]) >= 0 and scale(span[0]) <= 1:
        parts.append(tag("path", class_=f"span {kind}", d=f"M{_at(px(span[0]), half)}H{compact(px(span[1]))}"))
    if dots:
        parts.append(tag("path", class_=f"dots {kind}", d="".join(f"M{_at(px(x), half)}h0" for x in dots)))
    if middle is not None and beyond(middle):  # an arrow out of the picture
        out = 7 * beyond(middle)
        parts.append(tag("path", class_="edge", d=f"M{_at(px(middle) - out, half - 4)}v8l{out}-4z"))
    elif middle is not None:
        parts.append(tag("path", class_=f"middle {kind}", d=f"M{_at(px(middle), half - 6)}v12"))
    return tag(
        "svg",
        *parts,
        class_="strip",
        role="img",
        viewBox=f"0 0 {compact(width)} {compact(height)}",
        width=width,
        height=height,
        aria_label=label,
    )
