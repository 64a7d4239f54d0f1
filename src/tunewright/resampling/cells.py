"""Rows of any table as numbers of 64 bits, which are the same where the rows are.

A table is what scikit-learn takes: an array of numbers, texts or objects, a data frame, a sparse matrix, a list of rows or of texts. No
cell is changed into another kind for it, so nothing is the same that was not, and missing values are the same as each other.

A row that differs from all others in a few columns is no copy, whatever the other columns hold. So a few columns are read of all
rows, and more of them only of the rows that are alike so far: for most tables that is a fraction of the work.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from tunewright.resampling.alike import Hashes, as_bits, hashed, mixed
from tunewright.resampling.splits import rows_of
from tunewright.typing import Array, Indices, Mask

__all__ = ["Table", "drawn", "hashed_rows", "read", "texts", "twice"]

Table: TypeAlias = Any
"""An array of two dimensions, a data frame, or a sparse matrix by rows."""

_FIRST: Final = 4
"""Columns that are read of all rows."""

_DRAWN: Final = 30_000
_FEWEST: Final = 4_000
_CELLS: Final = 4_000_000
"""As many rows of a wide table are drawn as hold so many cells."""

_WIDEST: Final = 256
"""Columns of a draw; by fewer columns more rows are alike, so none is taken for a copy for want of the others."""

_PARTS: Final = 64
"""Columns of a draw of sparse rows, each of which stands for many."""

_STORED: Final = 1 << 20
"""Stored cells of a sparse matrix that are hashed at once."""


def read(data: Any) -> Table:  # noqa: ANN401
    """Any table, or one column, as one of a few kinds.

    Raises:
        TypeError, ValueError: it is of no kind that can be told.
    """
    if hasattr(data, "tocsr"):
        table = data.tocsr()
        if not table.has_canonical_format:
            table = table.copy()
            table.sum_duplicates()
        return table
    if hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "get_column")):
        kinds = set(data.dtypes)
        plain = len(kinds) == 1 and all(isinstance(kind, np.dtype) and kind.kind in "biuf" for kind in kinds)
        return data.to_numpy() if plain else data
    if hasattr(data, "to_numpy"):
        data = data.to_numpy()
    if isinstance(data, list | tuple) and data and isinstance(data[0], str):
        column = np.empty(len(data), dtype=object)
        column[:] = data
        data = column
    if not isinstance(data, np.ndarray | list | tuple):
        raise TypeError(f"{type(data).__name__} is no table.")
    cells = np.asarray(data)
    return cells.reshape(len(cells), -1)


def hashed_rows(table: Table, *, start: int = 0, most: float = math.inf) -> Hashes:
    """A hash for each row: of all its cells, or of some in which it differs from all others.

    Args:
        table: as `read` gives it.
        start: the number of its first column; the same cells have other hashes from another number on.
        most: cells of an array of texts or objects that may be read, which takes long.

    Raises:
        TypeError: cells cannot be compared.
        ValueError: more of them would have to be read.
    """
    if hasattr(table, "tocsr"):
        return _of_sparse(table, start)
    rows, columns = rows_of(table), int(table.shape[1])
    hashes, left, some = np.zeros(rows, dtype=np.uint64), np.arange(rows), table
    done, width = 0, _FIRST
    while done < columns and len(left):
        these = range(done, min(done + width, columns))
        most -= len(left) * len(these) if getattr(table, "dtype", None) is not None and table.dtype.kind in "OUS" else 0
        if most < 0:
            raise ValueError("There are too many texts and objects to read them all.")
        hashes[left] += hashed(_cells(some, these), range(len(these)), salt=start + done)
        done, width = these.stop, 2 * width
        again = twice(hashes[left]) if done < columns else None
        if again is not None and 2 * len(again) < len(left):
            left = left[_among(hashes[left], again)]
            some = _safe_indexing(table, left)
    return hashes


def twice(hashes: Hashes) -> Hashes:
    """Those that several rows have, once for each but the first, in order."""
    ordered: Hashes = np.sort(hashes)
    again: Hashes = ordered[1:][ordered[1:] == ordered[:-1]]
    return again


def _among(hashes: Hashes, some: Hashes) -> Mask:
    """Which of them are among some others that are in order."""
    if not len(some):
        return np.zeros(len(hashes), dtype=bool)
    return np.asarray(some[np.minimum(np.searchsorted(some, hashes), len(some) - 1)] == hashes)


def drawn(table: Table, rows: Indices) -> Array | Hashes:
    """Columns of rows that are drawn by chance among these, as `alike` asks for them: shape (rows drawn, columns).

    Of a column of texts the two halves of each are the columns; of a wide table some columns are drawn; of a sparse one each is put together of many.
    """
    rng, columns = np.random.default_rng(0), int(table.shape[1])
    wide = table.nnz // table.shape[0] if hasattr(table, "tocsr") else min(columns, _WIDEST)
    count = min(len(rows), max(_FEWEST, min(_DRAWN, _CELLS // max(1, wide))))
    part = _safe_indexing(table, np.sort(rng.choice(rows, count, replace=False)))
    if hasattr(part, "tocsr"):
        return _in_parts(part, rng.permutation(columns) % _PARTS)
    if (said := texts(part)) is not None:
        return np.column_stack([_coded(list(halves)) for halves in zip(*map(_halved, said), strict=True)])
    kept = np.sort(rng.choice(columns, _WIDEST, replace=False)) if columns > _WIDEST else np.arange(columns)
    return _cells(part, kept.tolist())


def texts(table: Table) -> list[str] | None:
    """The texts of a table that is one column of them; None for any other table."""
    if hasattr(table, "tocsr") or table.shape[1] != 1:
        return None
    column = _column(table, 0)
    if isinstance(column, np.ndarray) and column.dtype.kind not in "OU":
        return None
    cells = column.tolist() if hasattr(column, "tolist") else column.to_list()
    return cells if all(isinstance(cell, str) for cell in cells) else None


def _halved(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _cells(table: Table, columns: Sequence[int]) -> Array | Hashes:
    """Numbers, or 64 bits for each cell, shape (rows, columns)."""
    if isinstance(table, np.ndarray) and table.dtype.kind in "biufmM":
        return _plain(table[:, slice(columns.start, columns.stop) if isinstance(columns, range) else np.asarray(columns)])
    found = np.empty((rows_of(table), len(columns)), dtype=np.uint64)
    for place, number in enumerate(columns):
        found[:, place] = _bits(_column(table, number))
    return found


def _column(table: Table, number: int) -> Any:  # noqa: ANN401
    if isinstance(table, np.ndarray):
        return table[:, number]
    return table.iloc[:, number] if hasattr(table, "iloc") else table[:, number]


def _plain(cells: NDArray[Any]) -> Array | Hashes:
    """Of an array of numbers or moments; what a float64 may not hold stays whole."""
    if cells.dtype.kind == "f" and cells.dtype.itemsize <= 8:
        return cells.astype(np.float64, copy=False)
    if cells.dtype.kind in "biumM":
        return cells.astype(np.uint64 if cells.dtype.kind == "u" else np.int64, order="C", copy=False).view(np.uint64)
    raise TypeError(f"Cells of {cells.dtype} cannot be told.")


def _bits(column: Any) -> Hashes:  # noqa: ANN401
    """64 bits for each cell of a column of an array or of a data frame."""
    plain = getattr(column, "dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "biufmM":
        return as_bits(_plain(np.asarray(column)))
    if isinstance(column, np.ndarray):
        return _coded(column.tolist())
    if hasattr(column, "factorize"):  # pandas
        return np.asarray(column.factorize()[0]).astype(np.int64).view(np.uint64)
    if hasattr(column, "is_nan") and hasattr(column, "null_count"):  # polars
        return _of_polars(column)
    raise TypeError(f"A column that is a {type(column).__name__} cannot be told.")


def _of_polars(column: Any) -> Hashes:  # noqa: ANN401
    if column.dtype.is_numeric() and not column.null_count():
        return as_bits(_plain(column.to_numpy()))
    return _coded(column.to_list())


def _coded(cells: Sequence[Any]) -> Hashes:
    """The number of each different value; of all that are NaN or None the same.

    Raises:
        TypeError: a cell is a list, or something else that may change.
    """
    codes: dict[Any, int] = {}
    numbers = np.fromiter((codes.setdefault(cell, len(codes)) for cell in cells), dtype=np.int64, count=len(cells))
    missing = [code for cell, code in codes.items() if cell is None or (isinstance(cell, float | np.floating) and np.isnan(cell))]
    if len(missing) > 1:
        numbers[np.isin(numbers, missing)] = missing[0]
    return numbers.view(np.uint64)


def _of_sparse(table: Any, start: int) -> Hashes:  # noqa: ANN401
    ends = np.asarray(table.indptr)
    hashes = np.zeros(rows_of(table), dtype=np.uint64)
    first = 0
    while first < len(hashes):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _STORED, side="right")) - 1)
        told = _stored(table, slice(ends[first], ends[last]), start)
        sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(told, dtype=np.uint64)])
        places = ends[first : last + 1] - ends[first]
        hashes[first:last] = sums[places[1:]] - sums[places[:-1]]
        first = last
    return hashes


def _in_parts(table: Any, parts: NDArray[np.int64]) -> Hashes:  # noqa: ANN401
    """The sums of the hashes of the columns of each part, shape (rows, parts)."""
    found = np.zeros((rows_of(table), _PARTS), dtype=np.uint64)
    rows = np.repeat(np.arange(len(found)), np.diff(table.indptr))
    np.add.at(found, (rows, parts[table.indices]), _stored(table, slice(None), 0))
    return found


def _stored(table: Any, places: slice, start: int) -> Hashes:  # noqa: ANN401
    """Hashes of stored cells; zeros count as those that are not stored do, nothing."""
    bits = as_bits(_plain(np.asarray(table.data[places])))
    return np.where(bits == 0, np.uint64(0), mixed(bits, table.indices[places].astype(np.int64) + start))
