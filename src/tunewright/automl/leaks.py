"""Columns that say the target in other words.

A column that is filled in after the fact tells what is to be predicted: a date of death, the amount that was lost. Scores are then perfect
and worth nothing. That a column is of this kind cannot be told from the table, only that it could be: its values, or whether there is one at all, leave no
doubt about the target. So this is a warning, and the column is used.
"""

import numpy as np
from numpy.typing import NDArray

from tunewright.automl.records import TaskFacts
from tunewright.automl.schema import Schema
from tunewright.automl.tables import quoted
from tunewright.typing import Array

__all__ = ["leaks"]

_ROWS_EACH = 10
"""Rows of each class, and of each category in the mean, below which telling them apart may be luck."""

_SAYS = "says", "say", "the target exactly"
_MISSING = "says", "say", "the target exactly by where values are missing"
_APART = "tells", "tell", "the classes apart without an error"


def leaks(schema: Schema, x: Array, y: Array, task: TaskFacts) -> tuple[str, ...]:
    """Sentences on columns that leave no doubt about the target.

    Args:
        schema: of the features.
        x, y: features and target of the training rows, shapes (rows, features) and (rows,).
        task: of what kind, with the class names.
    """
    categories = len(schema.categories)
    owners = [column.name for column in (*schema.categories, *schema.numeric) for _ in column.features]
    found: dict[tuple[str, str, str], list[str]] = {}
    told = set[str]()
    for place, (name, owner) in enumerate(zip(schema.features, owners, strict=True)):
        how = _regression(x[:, place], y) if not task.classes else _classes(x[:, place], y, len(task.classes), place < categories)
        who = owner if how == _MISSING else name
        if how is not None and who not in told:
            told.add(who)
            found.setdefault(how, []).append(who)
    return tuple(
        f"{quoted(names)} {one if len(names) == 1 else more} {what}. If {'it is' if len(names) == 1 else 'they are'} known only afterwards, "
        f"take {'it' if len(names) == 1 else 'them'} out of the table: the scores would promise too much."
        for (one, more, what), names in found.items()
    )


def _regression(cells: Array, y: Array) -> tuple[str, str, str] | None:
    known = ~np.isnan(cells)
    if known.sum() < max(_ROWS_EACH, len(y) / 10):
        return None
    cells, y = cells[known], y[known]
    spread = float(cells.std() * y.std())
    straight = spread > 0 and abs(float(np.mean((cells - cells.mean()) * (y - y.mean()))) / spread) > 1 - 1e-9
    return _SAYS if straight else None


def _classes(cells: Array, y: Array, classes: int, category: bool) -> tuple[str, str, str] | None:
    gone = np.isnan(cells)
    by_missing = _by_missing(gone, y)
    order = np.argsort(cells, kind="stable")  # missing ones last
    values, known = np.where(gone, np.inf, cells)[order], y[order]
    other, turns = values[1:] != values[:-1], known[1:] != known[:-1]
    if not (turns & ~other).any():  # each value in one class alone
        distinct = int(other.sum()) + 1
        if distinct == classes:
            return _SAYS
        often = distinct * _ROWS_EACH <= len(y) if category else int(turns.sum()) == classes - 1
        if often and not by_missing and int(np.bincount(y.astype(int), minlength=classes).min()) >= _ROWS_EACH:
            return _APART
    return _MISSING if by_missing else None


def _by_missing(gone: NDArray[np.bool_], y: Array) -> bool:
    """Whether values are missing in all rows of some class, or of all classes but one, and in no others."""
    if gone.all() or not gone.any():
        return False
    with_, without = np.unique(y[~gone]), np.unique(y[gone])
    apart = len(np.intersect1d(with_, without)) == 0
    return apart and min(len(with_), len(without)) == 1 and min(int(gone.sum()), int((~gone).sum())) >= _ROWS_EACH
