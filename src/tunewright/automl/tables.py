"""Reading a table as people have it.

A CSV file is not self-describing: delimiter, encoding and the spelling of "missing" must be told from the text. Here every cell of
a CSV file stays text; what a column means is decided later, once, and kept in the schema (`columns.py`), so that the next file is
read in the same way even if its values would suggest another. Parquet brings its own types and keeps them.
"""

import csv
import difflib
import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from tunewright.errors import DataError
from tunewright.extras import require

__all__ = ["MISSING", "Frame", "Table", "did_you_mean", "quoted", "read_table"]

Frame: TypeAlias = Any
"""A pandas DataFrame; pandas is an extra, so its types cannot be named here."""

MISSING: Final = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "NaT", "?")
"""Cells that mean "no value" in every column of a CSV file."""

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE: Final = 1 << 18
_SIGNATURES: Final = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"SQLite format 3": "an SQLite database",
}


class Table(NamedTuple):
    """A table as read.

    Attributes:
        frame: pandas DataFrame; text cells from CSV (missing ones NaN), the file's own types from Parquet.
        fingerprint: hash of the file, 16 hexadecimal digits.
        notes: sentences on what was found.
    """

    frame: Frame
    fingerprint: str
    notes: tuple[str, ...]


def read_table(path: str | Path) -> Table:
    """Read CSV (any delimiter of , ; tab |, UTF-8 with or without BOM, UTF-16 or Windows-1252) or Parquet.

    Raises:
        DataError: there is no such file, it is no table, it is empty, or its column names repeat.
        ExtraMissing: pandas (or pyarrow, for Parquet) is not installed.
    """
    file = Path(path)
    data = _bytes(file)
    fingerprint = hashlib.sha256(data).hexdigest()[:16]
    if data[:4] == b"PAR1" or file.suffix.lower() in {".parquet", ".pq"}:
        frame, notes = _parquet(file, data), list[str]()
    else:
        for signature, what in _SIGNATURES.items():
            if data.startswith(signature):
                raise DataError(f"{file} is {what}, not a CSV or Parquet file. Save the table as CSV and give that file.")
        if _is_json(file, data):
            raise DataError(f"{file} is JSON, not a CSV or Parquet file. Save the table as CSV and give that file.")
        frame, notes = _csv(file, data)
    if frame.shape[1] == 0:
        raise DataError(f"{file} has no columns. The first line of a CSV file must name them.")
    if len(frame) == 0:
        raise DataError(f"{file} has column names but no rows. There is nothing to read from it.")
    return Table(frame, fingerprint, tuple(notes))


def _is_json(file: Path, data: bytes) -> bool:
    """By its name, or because its first line opens an object or a list of them, as no line of column names does."""
    first = data.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0].replace(b" ", b"")
    return file.suffix.lower() in {".json", ".jsonl", ".ndjson"} or first.startswith((b'{"', b'[{"'))


def quoted(names: Sequence[object], limit: int = 5) -> str:
    """Names for a message: the first few, quoted, and how many more."""
    shown = ", ".join(f'"{name}"' for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def did_you_mean(name: str, names: Sequence[str], cutoff: float = 0.6) -> str:
    """' Did you mean "x"?' when a name is close to one that is there; empty otherwise."""
    folded = {known.casefold(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return f' Did you mean "{folded[close[0]]}"?' if close else ""


def _bytes(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        there = sorted(item.name for item in file.parent.glob("*") if item.is_file()) if file.parent.is_dir() else []
        raise DataError(f"{file} is not there (current folder: {Path.cwd()}).{did_you_mean(file.name, there, 0.8)}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}. Give the path of a CSV or Parquet file.") from error
    if not data.strip():
        raise DataError(f"{file} is empty. A table needs a line of column names and at least one row.")
    return data


def _parquet(file: Path, data: bytes) -> Frame:
    pandas = require("pandas", extra="tune")
    arrow = require("pyarrow", extra="tune")
    parquet = require("pyarrow.parquet", extra="tune")
    try:
        table = parquet.read_table(io.BytesIO(data))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file} is not a readable Parquet file: {error}. Write it again, or give a CSV file.") from error
    _unrepeated(file, table.column_names)
    frame = table.to_pandas()
    if not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index(drop=all(name is None for name in frame.index.names))
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _csv(file: Path, data: bytes) -> tuple[Frame, list[str]]:
    text, notes = _text(file, data)
    if "\n" not in text:
        text = text.replace("\r", "\n")  # as the first Macintosh wrote it
    try:
        return _regular(file, text, notes)
    except csv.Error as error:
        raise DataError(f"{file} is not a regular table: {error}. Write it again as CSV, or give a Parquet file.") from error


def _regular(file: Path, text: str, notes: list[str]) -> tuple[Frame, list[str]]:
    pandas = require("pandas", extra="tune")
    delimiter = _delimiter(text[:_SAMPLE])
    if delimiter != ",":
        notes.append(f"The columns are separated by {_DELIMITERS[delimiter]}s.")
    header = next(row for row in _cells(text, delimiter) if any(cell.strip() for cell in row))
    names = [name.strip() or f"column {position}" for position, name in enumerate(header, 1)]
    _unrepeated(file, names)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(
                io.StringIO(text), sep=delimiter, dtype=str, index_col=False, keep_default_na=False, na_values=list(MISSING),
                skipinitialspace=True,
            )  # fmt: skip
    except pandas.errors.ParserWarning as error:
        raise DataError(
            f"{file}: the rows have more cells than the first line has names ({len(names)}). Name every column."
        ) from error
    except (pandas.errors.ParserError, csv.Error, ValueError) as error:
        said = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(
            f"{file} is not a regular table: {said}. Each row needs {len(names)} cells; quote cells that hold a {_DELIMITERS[delimiter]}."
        ) from error
    frame = frame.astype(object).where(frame.notna(), None)
    frame.columns = names
    unnamed = [name for name, given in zip(names, header, strict=True) if not given.strip() and frame[name].isna().all()]
    if names and all(_is_number(name) for name in names):
        notes.append(
            "The first line looks like a row of numbers, but it was taken as the column names. Add a line with names if it is not."
        )
    return frame.drop(columns=unnamed), notes


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows, one after the other. A cell may be as long as the text: under the wrong delimiter a line is one."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    return csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)


def _text(file: Path, data: bytes) -> tuple[str, list[str]]:
    """Decode: a byte order mark decides, then UTF-8, then Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16"), ["The file is in UTF-16."]
    if b"\x00" in data[:_SAMPLE]:
        raise DataError(f"{file} holds binary data, not text. Give a CSV or Parquet file.")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        where = data[: error.start].count(b"\n") + 1
        note = f"The file is not in UTF-8 (line {where}); it was read as Windows-1252. Check letters with accents."
    try:
        return data.decode("cp1252"), [note]
    except UnicodeDecodeError:
        return data.decode("latin-1"), [note.replace("Windows-1252", "Latin-1")]


def _delimiter(sample: str) -> str:
    """The delimiter under which the first rows have as many cells as the header has names; more cells win."""
    scores = {}
    for delimiter in _DELIMITERS:
        rows = [row for _, row in zip(range(200), _cells(sample, delimiter), strict=False) if row]
        if len(sample) == _SAMPLE and len(rows) > 1:
            rows.pop()  # cut off in the middle
        widths = Counter(len(row) for row in rows[1:] or rows)
        agree = widths[len(rows[0])] / max(1, widths.total())
        scores[delimiter] = (len(rows[0]) > 1, round(agree, 1), len(rows[0]))
    return max(scores, key=lambda delimiter: scores[delimiter])


def _unrepeated(file: Path, names: Sequence[str]) -> None:
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        where = "; ".join(f'"{name}" (columns {_positions(names, name)})' for name in repeated[:5])
        raise DataError(f"{file}: column names repeat: {where}. Give each column a name of its own, or delete the copies.")


def _positions(names: Sequence[str], name: str) -> str:
    return ", ".join(str(position) for position, other in enumerate(names, 1) if other == name)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
