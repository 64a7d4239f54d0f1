"""What cells mean: numbers, dates, labels.

Each function turns a column as read into plain arrays, by a rule that the schema names; the same rule reads the next file. Nothing
here learns from data.
"""

import re
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunewright.extras import require
from tunewright.typing import Array

__all__ = [
    "DATE_FORMATS",
    "LARGEST",
    "NUMBER_STYLES",
    "SOFT_MISSING",
    "Labels",
    "Numbers",
    "Series",
    "clocks",
    "dates",
    "labels",
    "number_style",
    "numbers",
]

Series: TypeAlias = Any
"""A pandas Series."""

Labels: TypeAlias = NDArray[np.object_]
"""Text by row, None where missing."""

SOFT_MISSING: Final = frozenset(
    {"-", "--", ".", "..", "missing", "unknown", "none", "n.a.", "n.d.", "nil", "na", "n/a", "nan", "null", "?"}
)
"""Words that mean "no value" among numbers and dates, compared in lower case; a category keeps them as a value of its own."""

NUMBER_STYLES: Final = ("plain", "decimal comma", "thousands comma")
"""1234.5; 1234,5 or 1.234,5; 1,234.5. Each also with a currency sign, a per cent sign or spaces around, and below zero in
brackets or with a minus of typesetters."""

DATE_FORMATS: Final = (
    "ISO8601", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y%m%d",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
"""Tried in this order; the first that reads all wins."""

LARGEST: Final = float(np.finfo(np.float32).max)
"""Numbers beyond it, 3.4e38, count as missing, as infinite ones do: trees compute in single precision and refuse them, and their squares
overflow in everything that scales."""

_OFFSET: Final = re.compile(r"[T ]\d{2}.*([+-])(\d{2}):?(\d{2})?$")
_UNITS: Final = re.compile(r"[\s€$£¥₹%'’\u00a0\u202f]")
_IN_BRACKETS: Final = re.compile(r"^\([\d.,]+\)$")
_BELOW_ONE: Final = re.compile(r"^[+-]?0,\d")
_WITH_DOTS: Final = re.compile(r"^[+-]?\d{1,3}(?:\.\d{3})+$")
_WITH_COMMA: Final = re.compile(r"^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+(?:[eE][+-]?\d+)?$")
_DOTTED: Final = re.compile(r"^[+-]?\d{1,3}(?:\.\d{3}){2,}$")
_THOUSANDS: Final = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")


class Numbers(NamedTuple):
    """Numbers by row, NaN where missing.

    Attributes:
        floats: the numbers.
        junk: where a cell held something that is no number.
        far: where it held a number that is infinite or beyond `LARGEST`.
    """

    floats: Array
    junk: NDArray[np.bool_]
    far: NDArray[np.bool_]


def labels(column: Series) -> Labels:
    """Text for each row: whole numbers without ".0", dates in ISO form, text without outer blanks; None where missing."""
    types = require("pandas", extra="tune").api.types
    missing = column.isna().to_numpy(dtype=bool)
    if types.is_bool_dtype(column.dtype) or types.is_integer_dtype(column.dtype):
        cells = column.astype(object).to_numpy(dtype=object)
    elif types.is_float_dtype(column.dtype):
        floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        cells = np.array([int(x) if x == x and abs(x) < 2**53 and x == int(x) else x for x in floats.tolist()], dtype=object)  # noqa: PLR0124  NaN
    elif types.is_datetime64_any_dtype(column.dtype):
        cells = np.array([None if m else x.isoformat() for x, m in zip(column, missing, strict=True)], dtype=object)
    else:
        cells = column.astype(object).to_numpy(dtype=object)
    texts = [None if gone else (str(cell).strip() or None) for cell, gone in zip(cells.tolist(), missing.tolist(), strict=True)]
    out = np.empty(len(cells), dtype=object)
    out[:] = texts
    return out


def number_style(column: Series) -> tuple[str, Numbers]:
    """The style under which most cells are numbers, and the numbers."""
    plain = numbers(column, "plain")
    if not _is_text(column) or not plain.junk.any():
        return "plain", plain
    bare = [_bare(text) for text in labels(column[plain.junk]) if text is not None]
    cells = [text for text in bare if "," in text]
    if not cells and not any(_DOTTED.match(text) for text in bare):
        return "plain", plain
    # 1,234 could be either: three digits after every comma speak for thousands, but where 0,123 stands beside it
    thousands = cells and all(_THOUSANDS.match(text) for text in cells) and not any(_BELOW_ONE.match(text) for text in cells)
    style = "thousands comma" if thousands else "decimal comma"
    return style, numbers(column, style)


def numbers(column: Series, style: str) -> Numbers:
    """Numbers by row; infinite ones, and those beyond `LARGEST`, count as missing.

    Args:
        column: text, numbers, booleans, dates or durations as pandas has them.
        style: one of `NUMBER_STYLES`.
    """
    pandas = require("pandas", extra="tune")
    types = pandas.api.types
    missing = column.isna().to_numpy(dtype=bool)
    if types.is_timedelta64_dtype(column.dtype):
        values = column.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    elif types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif types.is_datetime64_any_dtype(column.dtype):
        return _nothing(missing)
    else:
        cells = column.to_numpy(dtype=object)
        quick = _quick(cells, missing)
        if quick is not None:
            return _near(quick, np.zeros(len(cells), dtype=bool))
        codes, kinds = pandas.factorize(np.where(missing, None, cells))
        read, junk = _numbers_of_text([_text(cell) for cell in kinds], style)
        return _near(np.append(read, np.nan)[codes], np.append(junk, False)[codes])
    return _near(values, np.zeros(len(values), dtype=bool))


def _near(values: Array, junk: NDArray[np.bool_]) -> Numbers:
    """The numbers without those that are too far out."""
    far = np.abs(values) > LARGEST
    return Numbers(np.where(far, np.nan, values), junk, far)


def _nothing(missing: NDArray[np.bool_]) -> Numbers:
    """No cell is what it should be."""
    return Numbers(np.full(len(missing), np.nan), ~missing, np.zeros(len(missing), dtype=bool))


def dates(column: Series, form: str) -> Numbers:
    """Seconds since 1970 (UTC; times without a zone as they stand) by row.

    Args:
        column: dates, or text in the format.
        form: one of `DATE_FORMATS`.
    """
    pandas = require("pandas", extra="tune")
    missing = column.isna().to_numpy(dtype=bool)
    if pandas.api.types.is_numeric_dtype(column.dtype) and form != "%Y%m%d":
        return _nothing(missing)
    if not pandas.api.types.is_datetime64_any_dtype(column.dtype):
        text = labels(column)
        soft = np.array([cell is None or cell.lower() in SOFT_MISSING for cell in text.tolist()], dtype=bool)
        missing = missing | soft
        text[soft] = None
        column = pandas.to_datetime(pandas.Series(text), format=form, errors="coerce", utc=True)
    elif column.dt.tz is None:
        column = column.dt.tz_localize("UTC")
    moments: Array = column.astype("datetime64[us, UTC]").astype("int64").to_numpy().astype(np.float64) / 1e6
    moments[column.isna().to_numpy(dtype=bool)] = np.nan
    return Numbers(moments, np.isnan(moments) & ~missing, np.zeros(len(moments), dtype=bool))


def clocks(column: Series, moments: Array) -> Array:
    """Seconds since 1970 as clocks showed them where the moments were written: moved by the offset of the text ("…+02:00") or by the time zone of the
    column; those without one as they stand.

    Args:
        column: dates, or text.
        moments: of it, as `dates` reads them.
    """
    pandas = require("pandas", extra="tune")
    if pandas.api.types.is_datetime64_any_dtype(column.dtype):
        if column.dt.tz is None:
            return moments
        shown = column.dt.tz_localize(None).astype("datetime64[us]").astype("int64").to_numpy().astype(np.float64) / 1e6
        return np.where(np.isnan(moments), np.nan, shown)
    parts = pandas.Series(labels(column), dtype=object).astype("string").str.extract(_OFFSET)
    sign = np.where((parts[0] == "-").to_numpy(dtype=bool, na_value=False), -1.0, 1.0)
    hours, minutes = (pandas.to_numeric(parts[place]).to_numpy(dtype=np.float64, na_value=0.0) for place in (1, 2))
    return np.asarray(moments + sign * (3600 * hours + 60 * minutes))


def _is_text(column: Series) -> bool:
    types = require("pandas", extra="tune").api.types
    return not (
        types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype)
    )


def _quick(cells: Labels, missing: NDArray[np.bool_]) -> Array | None:
    """Plain numbers, where every cell is one; None otherwise."""
    try:
        values = np.where(missing, np.nan, cells).astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    if any("_" in cell for cell in cells.tolist() if isinstance(cell, str)):  # Python reads 1_000 as a number; people do not
        return None
    return values


def _text(cell: object) -> str:
    if isinstance(cell, int) and abs(cell) > LARGEST:  # too far out, and Python writes out no more than 4,300 digits
        return "inf" if cell > 0 else "-inf"
    return str(cell).strip()


def _numbers_of_text(cells: list[str], style: str) -> tuple[Array, NDArray[np.bool_]]:
    pandas = require("pandas", extra="tune")
    values: Array = pandas.to_numeric(pandas.Series(cells, dtype=object), errors="coerce").to_numpy(dtype=np.float64).copy()
    for place, text in enumerate(cells):
        if np.isnan(values[place]) or (style == "decimal comma" and "." in text):
            values[place] = _number(text, style)
    soft = np.array([text.lower() in SOFT_MISSING or not text for text in cells], dtype=bool)
    return values, np.isnan(values) & ~soft


def _bare(text: str) -> str:
    """Without signs of currencies and blanks, and with the minus of programs."""
    bare = _UNITS.sub("", text).replace("\N{MINUS SIGN}", "-")
    return f"-{bare[1:-1]}" if _IN_BRACKETS.match(bare) else bare


def _number(text: str, style: str) -> float:
    bare = _bare(text)
    if style == "decimal comma" and (_WITH_COMMA.match(bare) or _WITH_DOTS.match(bare)):
        bare = bare.replace(".", "").replace(",", ".")
    elif style == "thousands comma" and _THOUSANDS.match(bare):
        bare = bare.replace(",", "")
    try:
        return float(bare) if "_" not in bare else float("nan")
    except ValueError:
        return float("nan")
