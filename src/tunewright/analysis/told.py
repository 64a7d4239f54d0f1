"""Results that are told in lines: printed as they are, and in a notebook shown as HTML that says the same.

A line that is not indented is a sentence or a title, an indented one an item of a list, a `Row` a row of a table. So what a result says, and
how its numbers are rounded, is written once.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Self

from tunewright.analysis.markup import Markup, tag
from tunewright.analysis.notebook import framed

__all__ = ["Row", "Told", "told_html"]


class Row(str):
    """A line that is a row of a table.

    Args:
        text: as it is printed.
        cells: as a notebook shows it; the first names the row.
        heads: of the columns, if they need any; those of a table's first row count.
    """

    __slots__ = ("cells", "heads")

    cells: tuple[str, ...]
    heads: tuple[str, ...]

    def __new__(cls, text: str, cells: Sequence[str], heads: Sequence[str] = ()) -> Self:
        row = super().__new__(cls, text)
        row.cells, row.heads = tuple(cells), tuple(heads)
        return row


class Told:
    """A result that says itself in `_told`, a line each."""

    __slots__ = ()

    @property
    @abstractmethod
    def _told(self) -> Sequence[str]: ...

    def __repr__(self) -> str:
        return "\n".join(self._told)

    def _repr_html_(self) -> str:
        return told_html(self._told)


def told_html(lines: Sequence[str]) -> str:
    """Lines as HTML in the notebook's own colours; whatever stands in them is escaped."""
    return framed(*_parts(lines))


def _parts(lines: Sequence[str]) -> Iterator[Markup]:
    for kind, group in groupby(pairwise([*lines, ""]), lambda pair: _kind(pair[0])):
        block = list(group)
        if kind == "row":
            yield _table([line for line, _ in block if isinstance(line, Row)])
        elif kind == "item":
            yield tag("ul", *(tag("li", line.strip()) for line, _ in block))
        else:
            yield from (tag("p", tag("b", line) if _is_title(line, following) else line) for line, following in block if line)


def _kind(line: str) -> str:
    return "row" if isinstance(line, Row) else "item" if line.startswith("  ") else "sentence"


def _is_title(line: str, following: str) -> bool:
    return _kind(following) != "sentence" and not line.endswith(".")


def _table(rows: Sequence[Row]) -> Markup:
    heads = [tag("th", head, scope="col") for head in rows[0].heads]
    body = [tag("tr", tag("th", row.cells[0], scope="row"), *(tag("td", cell) for cell in row.cells[1:])) for row in rows]
    table = tag("table", tag("thead", tag("tr", *heads)) if heads else None, tag("tbody", *body), class_="shares")
    return tag("div", table, class_="scroll")
