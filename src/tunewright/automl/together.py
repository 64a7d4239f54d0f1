"""Copies of a row stand on one side of every split, or it is said that they do not.

Copies are found in what the models see, so after a first division and a first look at the columns; where there are any, the rows are
divided anew. Held together they count once: in the division, in the share of each class, and in intervals. Where that cannot be done
(rows in time, or so few different rows that no fold could be made), scores promise too much, and a warning says how many test rows have a
copy among the training rows.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunewright.analysis.text import counted
from tunewright.automl.copies import Copies, facts
from tunewright.automl.records import TaskFacts, TuneRequest
from tunewright.automl.split import Split, divide
from tunewright.errors import DataError
from tunewright.resampling.alike import WORTH_SAYING, Alike, find_alike, joined
from tunewright.typing import Array

__all__ = ["Held", "hold_together"]

_WORTH_NOTING: Final = 0.1
"""As `WORTH_SAYING`, for a note on rows that are alike by nature."""

_LARGEST: Final = 0.5
"""Share of the test set that copies of one row may fill: more of them decide alone what the score is."""


class Held(NamedTuple):
    """What came of it.

    Attributes:
        split: the one that was given, or another.
        groups: number of each row's group, with copies as groups; None: there are none.
        copies: for people; None: no two rows are the same.
        notes, warnings: sentences.
    """

    split: Split
    groups: NDArray[np.int64] | None
    copies: Copies | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def hold_together(
    x: Array, y: Array, task: TaskFacts, split: Split, request: TuneRequest, groups: NDArray[np.int64] | None = None
) -> Held:
    """Divide the rows anew where copies stand on both sides of a split.

    Args:
        x, y: features and target, shapes (rows, features) and (rows,).
        task: of what kind, with the class names.
        split: how rows would be divided if no two were the same.
        request: how copies are to be handled, and what else `divide` needs.
        groups: as for `divide`.

    Raises:
        DataError: copies are asked to stand together, and cannot.
    """
    found = find_alike(x, y, classes=len(task.classes))
    if found is None:
        return Held(split, groups, None)
    if groups is not None and int(joined(found.numbers, groups).max()) == int(groups.max()):
        return Held(split, groups, facts(found, split.train, split.test, "together"))  # by the groups
    wanted = request.copies == "together" or (request.copies == "auto" and not found.natural)
    why = "as asked for" if request.copies == "apart" else "since rows in time cannot be held together" if split.timed else ""
    if wanted and not split.timed:
        try:
            return _together(y, task, request, groups, found)
        except DataError as error:
            if request.copies == "together":
                raise
            why = f"since they cannot be held together: {_uncapitalized(str(error)).split('. ')[0].rstrip('.')}"
    copies = facts(found, split.train, split.test, "apart")
    if found.natural and request.copies != "together":
        return Held(split, groups, copies, notes=_natural(copies, len(y)) if request.copies == "auto" else ())
    return Held(split, groups, copies, warnings=_apart(copies, split, why))


def _together(y: Array, task: TaskFacts, request: TuneRequest, groups: NDArray[np.int64] | None, found: Alike) -> Held:
    numbers = found.numbers if groups is None else joined(found.numbers, groups)
    largest, most = int(np.bincount(numbers).max()), _LARGEST * request.test * len(y)
    if groups is None and largest > most:
        raise DataError(f"One row has {largest - 1} copies, which would fill most of a test set. Say --copies apart.")
    split = divide(y, task, cv=request.cv, test=request.test, seed=request.seed, groups=numbers, copies=groups is None)
    copies = facts(found, split.train, split.test, "together")
    return Held(split, numbers, copies, warnings=_said_together(copies, split))


def _repeat(copies: Copies, rows: int) -> str:
    in_target = (
        "" if copies.exact == 0 else f" ({'all' if copies.exact == copies.rows else copies.exact} of them in the target too)"
    )
    verb = "repeats" if copies.rows == 1 else "repeat"
    return f"{copies.rows} of {rows} rows {verb} another row in all features{in_target}"


def _said_together(copies: Copies, split: Split) -> tuple[str, ...]:
    rows = len(split.assigned)
    if copies.rows < WORTH_SAYING * rows:
        return ()
    more = "" if copies.natural else ", more than chance gives"
    said = (
        f"{_repeat(copies, rows)}{more}. Such copies are held together, on one side of every split, so the {counted(len(split.test), 'test row')} "
        f"count as {copies.sets}. If they are rows of their own that only look alike, say --copies apart."
    )
    return (said,)


def _apart(copies: Copies, split: Split, why: str) -> tuple[str, ...]:
    rows = len(split.assigned)
    if copies.rows < WORTH_SAYING * rows or copies.seen == 0:
        return ()
    said = (
        f"{_repeat(copies, rows)}, and they stand on both sides of the splits, {why}. {copies.seen} of {counted(len(split.test), 'test row')} "
        "have a copy among the training rows: for new rows the scores promise too much."
    )
    return (said,)


def _natural(copies: Copies, rows: int) -> tuple[str, ...]:
    if copies.rows < _WORTH_NOTING * rows:
        return ()
    said = (
        f"{_repeat(copies, rows)}, as is to be expected where columns have few values; they are divided as rows of their own. "
        "If they are copies, say --copies together."
    )
    return (said,)


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
