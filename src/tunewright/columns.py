"""NumPy columns of one length, grown in place.

Adding a row costs constant time on average (the arrays double), and reading a column is a view, so nothing that looks at the
history ever walks Python objects.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns"]

_FIRST = 64


class Columns:
    """Named columns. Each is described by its empty cell: a NumPy scalar, or an array for a column that is several wide."""

    def __init__(self, cells: Mapping[str, NDArray[Any] | np.generic]) -> None:
        self._cells = {name: np.asarray(cell) for name, cell in cells.items()}
        self.raw = {name: np.broadcast_to(cell, (_FIRST, *cell.shape)).copy() for name, cell in self._cells.items()}
        """The arrays themselves, longer than the table: write to `raw[name][i]` for i < len(self)."""
        self._length = 0
        self._capacity = _FIRST

    def __len__(self) -> int:
        return self._length

    def add(self, count: int = 1) -> int:
        """Add rows of empty cells and return the index of the first."""
        index = self._length
        self._length = index + count
        if self._length > self._capacity:
            while self._length > self._capacity:
                self._capacity *= 2
            for name, cell in self._cells.items():
                grown = np.empty((self._capacity, *cell.shape), cell.dtype)
                grown[:index] = self.raw[name][:index]
                grown[index:] = cell
                self.raw[name] = grown
        return index

    def view(self, name: str) -> NDArray[Any]:
        """The column, read-only, shape (len(self), …)."""
        column = self.raw[name][: self._length]
        column.flags.writeable = False
        return column

    def replace(self, name: str, values: NDArray[Any]) -> None:
        """Put other values in place of a column's, perhaps of another width; its empty cell stays what it is, as wide as they are."""
        cell = np.broadcast_to(self._cells[name].ravel()[:1], values.shape[1:]) if values.ndim > 1 else self._cells[name]
        self._cells[name] = cell
        self.raw[name] = np.broadcast_to(cell, (self._capacity, *cell.shape)).copy()
        self.raw[name][: self._length] = values
