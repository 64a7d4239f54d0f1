"""Classification or regression? Told from the target, and said why.

Text and yes/no are classes. Numbers are quantities, unless they are few whole numbers that each come up often: then they are
labels. The rule can be wrong (ratings from 1 to 5 are both), so the sentence that goes with the decision names the way to overrule it.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunewright.automl.records import TaskFacts, TaskKind
from tunewright.automl.schema import Target
from tunewright.automl.tables import Frame, did_you_mean, quoted
from tunewright.automl.values import LARGEST, Labels, Numbers, Series, labels, number_style
from tunewright.errors import DataError
from tunewright.extras import require
from tunewright.typing import Array

__all__ = ["MAX_CLASSES", "MIN_CLASS_ROWS", "Task", "decide_task", "original", "with_target"]

MAX_CLASSES: Final = 100
_WHOLE: Final = re.compile(r"^(0|-?[1-9][0-9]{0,17})$")
"""Text that is a whole number and nothing more, so not a code like 007."""

_MAX_NUMBER_CLASSES: Final = 20
_ROWS_PER_CLASS: Final = 10
_COMMAS: Final = {"decimal comma": "a decimal comma", "thousands comma": "commas between thousands"}
_JUNK_SHARE: Final = 0.02
MIN_CLASS_ROWS: Final = 4
_MIN_ROWS: Final = 10


class Task(NamedTuple):
    """What is to be learned, and from which rows.

    Attributes:
        facts: for people.
        target: how the column is read.
        y: by row of the table kept: class codes, or numbers; shape (rows,).
        rows: numbers of the rows of the table that are kept.
        notes: rows left out, and why.
    """

    facts: TaskFacts
    target: Target
    y: Array
    rows: NDArray[np.int64]
    notes: tuple[str, ...]


def with_target(frame: Frame, name: str) -> str:
    """The target's name as the table has it.

    Raises:
        DataError: there is no such column.
    """
    names = [str(column) for column in frame.columns]
    if name in names:
        return name
    if name.strip() in names:
        return name.strip()
    if "," in name and all(part.strip() in names for part in name.split(",")):
        raise DataError(
            f'One target at a time: "{name}" names {name.count(",") + 1} columns. Tune for each of them on its own, without the others in the table.'
        )
    raise DataError(f'There is no column "{name}" to predict.{did_you_mean(name, names)} Columns: {quoted(names, 12)}.')


def decide_task(frame: Frame, name: str, kind: TaskKind | None) -> Task:
    """Decide what is learned from the target column, and drop the rows that cannot serve.

    Args:
        frame: the table.
        name: of the target, which is there.
        kind: what the user said; None: decide.

    Raises:
        DataError: there is nothing to learn (one class, a constant), or too much (hundreds of classes), or too few rows.
    """
    series = frame[name]
    text = labels(series)
    style, found = number_style(series)
    known = np.array([cell is not None for cell in text.tolist()], dtype=bool)
    if not known.any():
        raise DataError(f'The target "{name}" has no value in any row.')
    missing = np.isnan(found.floats) & ~found.junk  # "-" or "unknown" beside numbers, and infinities
    if kind != "classification" and (~np.isnan(found.floats)).any():
        known &= ~missing
    decided, reason = _kind(text[known], found.floats[known], name)
    if kind is not None and kind != decided:
        reason = f"{kind.capitalize()}, as asked for."
    if (kind or decided) == "regression":
        return _regression(name, found, style, text, reason)
    return _classification(name, series, text, known, int((found.far & ~known).sum()), reason)


def original(codes_or_values: Array, target: Target) -> list[Any]:
    """Predictions as the target column writes them: labels, whole numbers, booleans or numbers."""
    if not target.classes:
        return [float(value) for value in codes_or_values.tolist()]
    kinds: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "bool": lambda text: text == "True"}
    write = kinds.get(target.kind, str)
    return [write(target.classes[int(code)]) for code in codes_or_values.tolist()]


_OVERRULE: Final = " If these are quantities, say --task regression."


def _kind(text: Labels, values: Array, name: str) -> tuple[TaskKind, str]:
    distinct = sorted(set(text.tolist()))
    if np.isnan(values).mean() > _JUNK_SHARE:
        return "classification", f'Classification: "{name}" holds text ({len(distinct)} different values).'
    if len(distinct) == 2:
        return "classification", f'Classification: "{name}" has two values ({quoted(distinct)}).'
    whole = bool((values[~np.isnan(values)] % 1 == 0).all())
    if whole and len(distinct) <= _MAX_NUMBER_CLASSES and len(text) >= _ROWS_PER_CLASS * len(distinct):
        return (
            "classification",
            f'Classification: "{name}" holds only {len(distinct)} different whole numbers, each many times.{_OVERRULE}',
        )
    return (
        "regression",
        f'Regression: "{name}" holds numbers with {len(distinct)} different values. If these are labels, say --task classification.',
    )


def _regression(name: str, found: Numbers, style: str, text: Labels, reason: str) -> Task:
    values, far = found.floats, int(found.far.sum())
    known = ~np.isnan(values)
    if known.mean() < 0.5:
        shown = sorted({cell for cell in text.tolist() if cell is not None})
        raise DataError(
            f'The target "{name}" does not hold numbers ({quoted(shown, 3)}), so regression is not possible. Leave out --task, or name another target.'
        )
    rows = np.flatnonzero(known)
    notes: tuple[str, ...] = (f"The target is read with {_COMMAS[style]}.",) if style in _COMMAS else ()
    notes += _left_out(len(values) - len(rows) - far, "has no number in the target")
    notes += _left_out(far, f"has a target that no model can learn, infinite or beyond ±{LARGEST:.1e},")
    if len(np.unique(values[rows])) == 1:
        raise DataError(f'The target "{name}" is {values[rows][0]:g} in every row: there is nothing to learn.')
    _enough(name, len(rows))
    facts = TaskFacts(kind="regression", target=name, reason=reason)
    return Task(facts, Target(name=name, kind="number", style=style), values[rows], rows, notes)


def _classification(name: str, series: Series, text: Labels, known: NDArray[np.bool_], far: int, reason: str) -> Task:
    notes = _left_out(int((~known).sum()) - far, "has no value in the target")
    notes += _left_out(far, "has an infinite target")
    notes += (reason,) if reason.endswith(_OVERRULE) else ()
    rows = np.flatnonzero(known)
    classes, counts = np.unique(text[rows].astype(str), return_counts=True)
    if len(classes) == 1:
        raise DataError(
            f'The target "{name}" has one class, {quoted(classes.tolist())}, in every row: there is nothing to learn.'
        )
    if len(classes) > max(MAX_CLASSES, 0) and len(classes) > len(rows) / _ROWS_PER_CLASS:
        raise DataError(
            f'The target "{name}" has {len(classes)} classes in {len(rows)} rows: it looks like free text or an identifier. Name another target, or group its values.'
        )
    rare = [str(label) for label, count in zip(classes, counts, strict=True) if count < MIN_CLASS_ROWS]
    if len(classes) - len(rare) < 2:
        said = ", ".join(f'"{label}" {count}' for label, count in list(zip(classes, counts, strict=True))[:6])
        raise DataError(
            f'The target "{name}" has too few rows for each class (rows: {said}). At least two classes need {MIN_CLASS_ROWS} rows or more.'
        )
    if rare:
        said = ", ".join(f'"{label}" ({count})' for label, count in zip(classes, counts, strict=True) if label in rare[:5])
        rows = rows[~np.isin(text[rows].astype(str), rare)]
        notes += (
            f"Classes with fewer than {MIN_CLASS_ROWS} rows cannot be learned and judged, and are left out: {said}{' …' if len(rare) > 5 else ''}. Merge them with others, or collect more rows.",
        )
        classes, counts = np.unique(text[rows].astype(str), return_counts=True)
    if len(classes) > MAX_CLASSES:
        notes += (f"{len(classes)} classes are many: every model takes long, and a score hides much. Consider to group them.",)
    _enough(name, len(rows))
    order = _order(classes)
    classes, counts = classes[order], counts[order]
    code = {label: float(place) for place, label in enumerate(classes.tolist())}
    y = np.array([code[label] for label in text[rows].tolist()])
    facts = TaskFacts(
        kind="classification", target=name, reason=reason, classes=tuple(classes.tolist()), class_rows=tuple(counts.tolist()),
        positive=str(classes[-1]) if len(classes) == 2 else None,
    )  # fmt: skip
    return Task(facts, Target(name=name, kind=_written(series, facts.classes), classes=facts.classes), y, rows, notes)


def _order(classes: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers by size, text by alphabet."""
    try:
        return np.argsort(np.array([float(label) for label in classes.tolist()]), kind="stable")
    except ValueError:
        return np.arange(len(classes))


def _written(series: Series, classes: tuple[str, ...]) -> str:
    types = require("pandas", extra="tune").api.types
    if types.is_bool_dtype(series.dtype):
        return "bool"
    if types.is_integer_dtype(series.dtype):
        return "integer"
    if types.is_float_dtype(series.dtype):
        return "integer" if (series.dropna() % 1 == 0).all() else "number"
    return "integer" if all(_WHOLE.match(label) for label in classes) else "text"


def _left_out(count: int, why: str) -> tuple[str, ...]:
    if count == 0:
        return ()
    return (f"1 row {why} and is left out." if count == 1 else f"{count} rows {why.replace('has', 'have', 1)} and are left out.",)


def _enough(name: str, rows: int) -> None:
    if rows < _MIN_ROWS:
        raise DataError(f'Only {rows} rows have a usable target "{name}"; at least {_MIN_ROWS} are needed to learn and to judge.')
