"""What is each column? Decided by its values, said in a sentence.

The questions are asked in this order, and the first yes decides: nothing there (all missing, one value) — an identifier (a value per
row, in sequence or under a telling name) — numbers — dates — a yes/no — categories — text. What is neither number nor date nor a
manageable set of categories is not used, and the sentence says how to use it anyway. Whether a column identifies rows is asked of
all rows, since a sequence with test rows taken out is a sequence no more; everything else is asked of the training rows alone.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunewright.automl.prepare import DATE_PARTS, date_part
from tunewright.automl.schema import Column, Schema, Target
from tunewright.automl.tables import Frame, quoted
from tunewright.automl.values import (
    DATE_FORMATS,
    LARGEST,
    SOFT_MISSING,
    Labels,
    Series,
    clocks,
    dates,
    labels,
    number_style,
    numbers,
)
from tunewright.errors import DataError
from tunewright.extras import require

__all__ = ["MAX_LEVELS", "decide_columns", "describe_column"]

MAX_LEVELS: Final = 1000
"""Categories that the schema keeps by name; rarer ones count as one."""

_FEW_LEVELS: Final = 20
_JUNK_SHARE: Final = 0.02
_JUNK_KINDS: Final = 5
_WORDS: Final = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"off", "on"})
_ID_NAME: Final = re.compile(
    r"(^|[_\s.-])(id|uid|uuid|guid|key|index|idx|row|rownum|row_?number|record|serial|nr|no)$|(?<=[a-z])(Id|ID|Key)$",
    re.IGNORECASE,
)
_DATE_NAME: Final = re.compile(r"date|day|datum|_dt$|^dt$", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 19000101, 21001231


def decide_columns(frame: Frame, train: NDArray[np.int64], target: Target, reserved: Mapping[str, str]) -> Schema:
    """Decide the role of every column.

    Args:
        frame: the whole table.
        train: numbers of the training rows.
        target: the column to predict.
        reserved: columns that are not features, name -> role ("groups", "order").

    Raises:
        DataError: no column is left to learn from; the message says what became of each.
    """
    columns = []
    training = frame.iloc[train]
    for name in frame.columns:
        if name == target.name:
            columns.append(Column(name=name, role="target"))
        elif name in reserved:
            what = "only holds groups together in the splits" if reserved[name] == "groups" else "only orders the rows"
            columns.append(Column(name=name, role=reserved[name], sentence=f"It {what}; the models do not see it."))
        else:
            columns.append(describe_column(training[name], frame[name]))
    schema = Schema(columns=tuple(columns), target=target)
    if not schema.features:
        said = "; ".join(
            f'"{column.name}": {column.sentence or column.role}' for column in columns[:8] if column.role != "target"
        )
        raise DataError(
            f"No column is left to learn from{f' ({said})' if said else ''}. The table needs at least one usable column beside the target."
        )
    return schema


def describe_column(series: Series, whole: Series) -> Column:
    """Decide the role of one column.

    Args:
        series: its training rows.
        whole: all its rows.
    """
    name = str(series.name)
    missing = float(series.isna().mean())
    if _nested(series):
        return Column(
            name=name, role="text", missing=missing, sentence="Not used: it holds lists or records. Make columns of their parts."
        )
    text = labels(series)
    kinds = {cell for cell in text.tolist() if cell is not None}
    missing = float(np.mean([cell is None for cell in text.tolist()]))
    if not kinds:
        return Column(name=name, role="empty", missing=1.0, sentence="Not used: no training row has a value.")
    if len(kinds) == 1 and missing == 0:
        return Column(name=name, role="constant", sentence=f"Not used: every training row holds {quoted([*kinds])}.")
    if sentence := _identifier(name, whole, len(kinds) / len(text)):
        return Column(name=name, role="identifier", missing=missing, sentence=sentence)
    return (
        _number(series, whole, missing)
        or _date(series, name, missing, text)
        or _words(name, missing, kinds)
        or _category(name, missing, text)
    )


def _nested(series: Series) -> bool:
    cells = series.head(50).to_numpy(dtype=object)
    return any(isinstance(cell, list | dict | tuple | set | np.ndarray | bytes) for cell in cells)


def _identifier(name: str, whole: Series, distinct: float) -> str:
    """The sentence for a column that only tells rows apart, or ""."""
    if distinct < 1 or len(whole) < _FEW_LEVELS:
        return ""
    named = bool(_ID_NAME.search(name))
    _, found = number_style(whole)
    if found.junk.mean() <= _JUNK_SHARE:
        values = found.floats
        if np.isnan(values).any() or (values != np.floor(values)).any() or len(np.unique(values)) < len(values):
            return ""
        if values.max() - values.min() == len(values) - 1:
            return "Not used: it counts the rows. If it means something (a time, a rank), give it as --time-order or change its values."
        return (
            "Not used: by its name and its values, all different, it identifies rows. Rename it if it carries meaning."
            if named
            else ""
        )
    text = labels(whole)
    if any(cell is None for cell in text.tolist()) or len(set(text.tolist())) < len(text):
        return ""
    token = float(np.mean([len(cell.split()) for cell in text.tolist()])) < 1.5
    if (named or token) and not _as_date(whole, name, text):
        return "Not used: every row has a value of its own, so it identifies rows and teaches nothing about others."
    return ""


def _number(series: Series, whole: Series, missing: float) -> Column | None:
    name = str(series.name)
    style, found = number_style(series)
    types = require("pandas", extra="tune").api.types
    if types.is_bool_dtype(series.dtype):
        return Column(name=name, role="bool", missing=missing, levels=("False", "True"))
    real = int((~np.isnan(found.floats)).sum())
    junk = {str(cell) for cell in labels(series[found.junk]).tolist()} if found.junk.any() else set()
    if real == 0 or found.junk.sum() > _JUNK_SHARE * len(series) or len(junk) > _JUNK_KINDS:
        return None
    if len(np.unique(found.floats[~np.isnan(found.floats)])) == 1 and not np.isnan(found.floats).any():
        return Column(name=name, role="constant", sentence="Not used: every training row holds the same number.")
    if _DATE_NAME.search(name) and _compact_dates(found.floats):
        return None
    said = []
    if style == "decimal comma":
        said.append("Read with a decimal comma.")
    if style == "thousands comma":
        said.append("Read with commas between thousands.")
    if junk:
        said.append(f"Cells that are no numbers ({quoted(sorted(junk))}, {int(found.junk.sum())} in all) count as missing.")
    if far := int(numbers(whole, style).far.sum()):
        said.append(f"Numbers that are infinite or beyond ±{LARGEST:.1e} ({far} in all) count as missing.")
    return Column(name=name, role="number", missing=float(np.isnan(found.floats).mean()), style=style, sentence=" ".join(said))


def _compact_dates(values: NDArray[np.float64]) -> bool:
    """Whether numbers are dates written as 20240131."""
    real = values[~np.isnan(values)]
    if not ((real >= _FIRST_YEAR) & (real <= _LAST_YEAR) & (real == np.floor(real))).all():
        return False
    month, day = real // 100 % 100, real % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def _as_date(series: Series, name: str, text: Labels) -> str:
    """The date format that reads the column, or ""."""
    types = require("pandas", extra="tune").api.types
    if types.is_datetime64_any_dtype(series.dtype):
        return "ISO8601"
    if types.is_numeric_dtype(series.dtype) and not _DATE_NAME.search(name):
        return ""
    cells = [cell for cell in text.tolist() if cell is not None and cell.lower() not in SOFT_MISSING]
    if not cells or not all(any(ch.isdigit() for ch in cell) for cell in cells[:50]):
        return ""
    pandas = require("pandas", extra="tune")
    for form in DATE_FORMATS:
        first = dates(pandas.Series(cells[:50], dtype=object), form)
        if first.junk.any():
            continue
        if dates(series, form).junk.mean() <= _JUNK_SHARE:
            return form
    return ""


def _date(series: Series, name: str, missing: float, text: Labels) -> Column | None:
    form = _as_date(series, name, text)
    if not form:
        return None
    found = dates(series, form).floats
    shown, origin = clocks(series, found), float(np.nanmin(found))
    parts = []
    for part in DATE_PARTS:
        values = date_part(found, shown, part, origin)
        if len(np.unique(values[~np.isnan(values)])) > 1:
            parts.append(part)
    if not parts:
        return Column(name=name, role="constant", sentence="Not used: every training row holds the same date.")
    rule = "" if form == "ISO8601" else f" (read as {form}{_ambiguous(form, series)})"
    zoned = bool((shown != found)[~np.isnan(found)].any())
    more = "; days count from the earliest in training" if "days" in parts else ""
    more += ", all others by the clock of each row's own time zone" if zoned else ""
    sentence = f"A date{rule}: taken apart into {', '.join(parts)}{more}."
    return Column(
        name=name, role="date", missing=missing, form=form, parts=tuple(parts), origin=origin, sentence=sentence, zone="as written" if zoned else "UTC"
    )  # fmt: skip


def _ambiguous(form: str, series: Series) -> str:
    if not form.startswith("%m/%d") or dates(series, "%d/%m" + form[len("%m/%d") :]).junk.any():
        return ""
    return ", month first; day first would fit as well: write dates as 2024-01-31 to be sure"


def _words(name: str, missing: float, kinds: Collection[str]) -> Column | None:
    words = {cell.lower() for cell in kinds if cell.lower() not in SOFT_MISSING}
    for pair in _WORDS:
        if words == pair:
            return Column(name=name, role="bool", missing=missing, levels=tuple(sorted(pair)))
    return None


def _category(name: str, missing: float, text: Labels) -> Column:
    cells = [cell for cell in text.tolist() if cell is not None]
    levels, counts = np.unique(np.array(cells, dtype=object).astype(str), return_counts=True)
    if len(levels) > _FEW_LEVELS and len(levels) > 0.5 * len(cells):
        words = float(np.mean([len(cell.split()) for cell in cells]))
        kind = "free text" if words > 2 else f"{len(levels)} different values in {len(cells)} rows"
        return Column(
            name=name,
            role="text",
            missing=missing,
            sentence=f"Not used: {kind}, too many to learn from. Group its values, or add columns that say what matters in it.",
        )
    sentence = ""
    if len(levels) > MAX_LEVELS:
        order = np.lexsort((levels, -counts))[:MAX_LEVELS]
        sentence = f"{len(levels)} categories: the {MAX_LEVELS} most frequent are kept, the rest count as one."
        levels = np.sort(levels[order])
    elif len(levels) > _FEW_LEVELS:
        sentence = f"{len(levels)} categories; rare ones are put together where a model gives each a column of its own."
    return Column(name=name, role="category", missing=missing, levels=tuple(levels.tolist()), sentence=sentence)
