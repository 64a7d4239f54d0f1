"""Which rows are copies of others?

Where a copy of a test row stands among the training rows, a model that remembers is praised for what it cannot do, and even noise is
predicted without an error. But rows may also be alike by nature: a table of a few categories has no other choice, and there a new row will
have its like among the training rows too.

Which of the two it is, the table tells. Divide the columns into two halves, each of which tells much about a row. Were the halves
independent, pairs of rows that agree in all columns would be as frequent as the product of the frequencies with which they agree in the
one half and in the other. By nature they are a few times as frequent, since columns depend on each other; copies agree in everything as
soon as they agree in anything, and are so many times as frequent as there are pairs that a half tells apart. Of several divisions that are
as good as each other the one speaks that expects most, so that columns that say the same are not divided.

Targets are asked second: where alike rows are natural, and the target is a quantity, rows that agree in it as well, far more often than
any two rows do, are copies.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tunewright.typing import Array

__all__ = ["Alike", "Copies", "find_alike", "joined"]

_TIMES: Final = 5.0
"""So many times as many pairs as expected are more than what dependent columns bring about."""

_DIVISIONS: Final = 32
_HEARD: Final = 8
_SAMPLE: Final = 30_000
"""Rows from which it is told how often halves agree."""

_AS_GOOD: Final = 0.8

_Numbers = NDArray[np.int64]
_Hashes = NDArray[np.uint64]


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that repeat another row.

    Attributes:
        rows: how many repeat an earlier one in all features.
        exact: how many of all rows repeat an earlier one in the target too.
        natural: whether about as many are to be expected by chance, where columns have few values.
        handled: "together": copies stand on one side of every split; "apart": they were divided as independent rows.
        sets: different rows in the test set, where copies count once.
        seen: test rows that have a copy among the training rows.
    """

    rows: int
    exact: int
    natural: bool
    handled: str
    sets: int
    seen: int


class Alike(NamedTuple):
    """Rows by what they are alike in.

    Attributes:
        numbers: of the set of alike rows that each row belongs to, shape (rows,); by features, or by features and target where only
            those that agree in it as well are copies.
        rows, exact, natural: as of `Copies`.
    """

    numbers: _Numbers
    rows: int
    exact: int
    natural: bool


def find_alike(x: Array, y: Array, *, classes: int) -> Alike | None:
    """Find rows that are the same in all features, and tell whether they are more than chance gives.

    Args:
        x: what models see, shape (rows, features); missing values are NaN, and equal to each other.
        y: class codes or numbers, shape (rows,).
        classes: how many; 0 for regression.

    Returns:
        None where no two rows are the same.
    """
    hashes = _hashed(x, range(x.shape[1]))
    whole, numbers = _sets(hashes)
    if len(whole) == len(y):
        return None
    full, finer = _sets(hashes + _hashed(y[:, None], [0], salt=x.shape[1]))
    found = Alike(numbers, len(y) - len(whole), len(y) - len(full), natural=False)
    if _pairs(whole) > _TIMES * _expected(x, _pairs(whole)):
        return found
    if not classes and found.exact < found.rows:  # else the target may follow from the features
        pairs, same = len(y) * (len(y) - 1) / 2, _pairs(_sets(_hashed(y[:, None], [0]))[0])
        if _pairs(full) > _TIMES * _pairs(whole) * same / pairs:
            return found._replace(numbers=finer)
    return found._replace(natural=True)


def joined(numbers: _Numbers, groups: _Numbers) -> _Numbers:
    """Groups that hold alike rows are one group."""
    ones = np.ones(len(numbers), dtype=np.int8)
    sets, count = int(numbers.max()) + 1, int(groups.max()) + 1
    edges = coo_array((ones, (numbers, sets + groups)), shape=(sets + count, sets + count))
    _, parts = connected_components(edges, directed=False)
    return np.unique(parts[numbers], return_inverse=True)[1].astype(np.int64)


def _expected(x: Array, all_: float) -> float:
    """Pairs of rows that would be the same in all columns by chance.

    Args:
        x: the columns.
        all_: pairs that are.
    """
    rows = len(x)
    pairs = rows * (rows - 1) / 2
    if rows > _SAMPLE:
        x = x[np.random.default_rng(0).choice(rows, _SAMPLE, replace=False)]

    def agreeing(some: Iterable[int]) -> float:
        share = _pairs(_sets(_hashed(x, some))[0]) * 2 / len(x) / (len(x) - 1)
        return max(share * pairs, all_)  # at least those that agree in all

    agree = np.array([agreeing([column]) for column in range(x.shape[1])])
    kept = [column for column in range(x.shape[1]) if agree[column] <= _TIMES * all_]  # which only copies divide in the same way
    kept += _different(x, [column for column in range(x.shape[1]) if column not in kept])
    x, told = x[:, kept], np.log(pairs / agree[kept])
    if len(told) < 2 or told.sum() == 0:
        return all_
    halves = list(_halves(told))
    least = np.array([min(told[half].sum(), told[~half].sum()) for half in halves])
    good = [half for half, size in zip(halves, least, strict=True) if size >= _AS_GOOD * least.max()]
    return max(
        agreeing(np.flatnonzero(half).tolist()) * agreeing(np.flatnonzero(~half).tolist()) / pairs for half in good[:_HEARD]
    )


def _different(x: Array, columns: Iterable[int]) -> list[int]:
    """Columns, without those that divide the rows as one before them does."""
    seen: dict[bytes, int] = {}
    for column in columns:
        _, first, numbers = np.unique(_hashed(x, [column]), return_index=True, return_inverse=True)
        seen.setdefault(first[numbers].tobytes(), column)
    return list(seen.values())


def _halves(told: Array) -> Iterator[NDArray[np.bool_]]:
    """Divisions of the columns; each adds the next column to the half that tells less, in another order."""
    rng = np.random.default_rng(0)
    for number in range(_DIVISIONS):
        order = np.argsort(-told, kind="stable") if number == 0 else rng.permutation(len(told))
        half, sums = np.zeros(len(told), dtype=bool), [0.0, 0.0]
        for column in order.tolist():
            side = int(sums[1] < sums[0])
            half[column] = side == 0
            sums[side] += float(told[column])
        yield half


def _hashed(x: Array, columns: Iterable[int], salt: int = 0) -> _Hashes:
    """A number of 64 bits for each row: the sum of one for each cell, by SplitMix64 [1].

    [1] Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    hashes = np.zeros(len(x), dtype=np.uint64)
    for column in columns:
        cells = np.where(np.isnan(x[:, column]), np.nan, x[:, column] + 0.0)  # one NaN, and one zero
        bits = cells.view(np.uint64) + np.uint64((column + salt + 1) * 0x9E3779B97F4A7C15 % (1 << 64))
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes += bits ^ (bits >> np.uint64(31))
    return hashes


def _pairs(counts: _Numbers) -> float:
    """Of alike rows."""
    sizes = counts.astype(np.float64)
    return math.fsum((sizes * (sizes - 1) / 2).tolist())


def _sets(hashes: _Hashes) -> tuple[_Numbers, _Numbers]:
    """Sizes of the sets of alike rows, and the number of each row's."""
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return counts.astype(np.int64), numbers.astype(np.int64)
