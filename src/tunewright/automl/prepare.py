"""From a table to the array that the models see.

Deterministic and without memory: `prepare(frame, schema)` reads each row by itself. Categories come first, as codes; then numbers;
missing is NaN everywhere. Scaling, imputing and encoding are learned inside the scikit-learn pipeline, so inside each fold.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunewright.automl.schema import Column, Schema
from tunewright.automl.tables import Frame, did_you_mean, quoted
from tunewright.automl.values import LARGEST, SOFT_MISSING, Labels, Series, clocks, dates, labels, numbers
from tunewright.errors import DataError
from tunewright.typing import Array

__all__ = ["DATE_PARTS", "Prepared", "bools", "codes", "date_part", "prepare"]

_DAY: Final = 86400.0


class Prepared(NamedTuple):
    """The array and what had to be said about the rows.

    Attributes:
        array: shape (rows, features), in the order of `Schema.features`; NaN where missing.
        notes: sentences: columns not used, values never seen in training, cells that could not be read.
    """

    array: Array
    notes: tuple[str, ...]


def prepare(frame: Frame, schema: Schema) -> Prepared:
    """Read every used column by the schema.

    Raises:
        DataError: columns are missing, or a column holds another kind of value than in training; all of them are named.
    """
    names = [str(name) for name in frame.columns]
    known = {column.name for column in schema.columns}
    used = (*schema.categories, *schema.numeric)
    wrong = [_missing_column(column.name, names, known) for column in used if column.name not in names]
    notes: list[str] = []
    parts: list[Array] = []
    for column in used:
        if column.name in names:
            values, note, problem = _read(frame[column.name], column)
            parts.append(values)
            notes += [note] if note else []
            wrong += [problem] if problem else []
    if wrong:
        raise DataError("The data do not fit: " + "; ".join(wrong) + ".")
    extra = [name for name in names if name not in known]
    if extra:
        notes.append(f"Not used, since training had no such column: {quoted(extra)}.")
    values = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return Prepared(values, tuple(notes))


def codes(text: Labels, levels: tuple[str, ...]) -> Array:
    """The code of each label: its place in `levels`, len(levels) for any other, NaN where missing."""
    table = {level: float(place) for place, level in enumerate(levels)}
    return np.array([np.nan if cell is None else table.get(cell, len(levels)) for cell in text.tolist()], dtype=np.float64)


def bools(text: Labels, levels: tuple[str, ...]) -> tuple[Array, Array]:
    """0.0 and 1.0 for the two words (in any case), NaN where missing; and 1.0 where the word is neither."""
    table = {level.lower(): float(place) for place, level in enumerate(levels)}
    table |= {"false": 0.0, "true": 1.0, "0": 0.0, "1": 1.0} if {level.lower() for level in levels} == {"false", "true"} else {}
    words = [None if cell is None or cell.lower() in SOFT_MISSING else cell.lower() for cell in text.tolist()]
    values = np.array([np.nan if word is None else table.get(word, np.nan) for word in words], dtype=np.float64)
    return values, np.array([float(word is not None and word not in table) for word in words])


def date_part(moments: Array, shown: Array, part: str, origin: float) -> Array:
    """One part of dates, as numbers; NaN where missing.

    Args:
        moments: seconds since 1970.
        shown: the same as a clock shows them, from which all parts but "days" are read.
        part: of `DATE_PARTS`.
        origin: from which "days" count.
    """
    return DATE_PARTS[part](moments if part == "days" else shown, origin)


def _calendar(moments: Array, unit: str) -> Array:
    gone = np.isnan(moments)
    stamps = np.where(gone, 0.0, moments).astype("int64").astype("datetime64[s]")
    if unit == "Y":
        values = stamps.astype("datetime64[Y]").astype("int64") + 1970
    elif unit == "M":
        values = stamps.astype("datetime64[M]").astype("int64") % 12 + 1
    else:
        values = (stamps.astype("datetime64[D]") - stamps.astype("datetime64[M]").astype("datetime64[D]")).astype("int64") + 1
    return np.where(gone, np.nan, values.astype(np.float64))


DATE_PARTS: Final[dict[str, Callable[[Array, float], Array]]] = {
    "year": lambda moments, _: _calendar(moments, "Y"),
    "month": lambda moments, _: _calendar(moments, "M"),
    "day": lambda moments, _: _calendar(moments, "D"),
    "weekday": lambda moments, _: np.mod(np.floor(moments / _DAY) + 3, 7),  # 1970-01-01 was a Thursday; Monday is 0
    "hour": lambda moments, _: np.mod(moments, _DAY) / 3600,
    "days": lambda moments, origin: (moments - origin) / _DAY,
}
"""Part -> how it is computed from seconds since 1970 and the origin."""


def _missing_column(name: str, names: list[str], known: set[str]) -> str:
    meant = did_you_mean(name, [other for other in names if other not in known]).strip().removeprefix("Did").strip()
    return f'column "{name}" is missing' + (f" (did {meant})" if meant else "")


def _read(series: Series, column: Column) -> tuple[Array, str, str]:
    """Values, a sentence or "", and what makes them unusable or ""."""
    if column.role == "category":
        values = codes(labels(series), column.levels)
        return values[:, None], _unseen(series, column, values), ""
    if column.role == "bool":
        read, junk = bools(labels(series), column.levels)
        note, problem = _unreadable(series, column, junk.astype(bool), f"{column.levels[0]} or {column.levels[1]}")
        return read[:, None], note, problem
    if column.role == "date":
        moments = dates(series, column.form)
        note, problem = _unreadable(series, column, moments.junk, f"dates ({column.form})")
        shown = clocks(series, moments.floats) if column.zone == "as written" else moments.floats
        parts = [date_part(moments.floats, shown, part, column.origin) for part in column.parts]
        return np.column_stack(parts), note, problem
    found = numbers(series, column.style)
    note, problem = _unreadable(series, column, found.junk, f"numbers ({column.style})" if column.style != "plain" else "numbers")
    return found.floats[:, None], " ".join(part for part in (note, _too_far(column, found.far)) if part), problem


def _too_far(column: Column, far: NDArray[np.bool_]) -> str:
    count = int(far.sum())
    rows = "1 row holds a number" if count == 1 else f"{count} rows hold numbers"
    return (
        f'Column "{column.name}": {rows} that no model can use, infinite or beyond ±{LARGEST:.1e}; counted as missing.'
        if count
        else ""
    )


def _unseen(series: Series, column: Column, values: Array) -> str:
    new = values == len(column.levels)
    if not new.any():
        return ""
    found = sorted(set(labels(series[new]).tolist()))
    rows = "1 row holds a value that is" if new.sum() == 1 else f"{int(new.sum())} rows hold values that are"
    return f'Column "{column.name}": {rows} not among the known ones and {"counts" if new.sum() == 1 else "count"} as "other": {quoted(found)}.'


def _unreadable(series: Series, column: Column, junk: NDArray[np.bool_], kind: str) -> tuple[str, str]:
    """Few cells that cannot be read are missing values; when half of them cannot, it is another kind of column."""
    if not junk.any():
        return "", ""
    found = sorted({str(cell) for cell in labels(series[junk])})
    rows = "1 row does not" if junk.sum() == 1 else f"{int(junk.sum())} rows do not"
    what = f'column "{column.name}" should hold {kind}, but {rows}: {quoted(found, 3)}'
    if junk.sum() * 2 > series.notna().sum():
        return "", what
    return what[0].upper() + what[1:] + (". It counts as missing." if junk.sum() == 1 else ". They count as missing."), ""
