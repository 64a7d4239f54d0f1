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
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tunewright.typing import Array

__all__ = [
    "WORTH_SAYING",
    "Alike",
    "Hashes",
    "Numbers",
    "Verdict",
    "as_bits",
    "find_alike",
    "hashed",
    "joined",
    "judge",
    "mixed",
    "sets",
]

Numbers: TypeAlias = NDArray[np.int64]
"""Of the set that each row belongs to, from 0, shape (rows,)."""

Hashes: TypeAlias = NDArray[np.uint64]
"""64 bits for each row, or for each cell."""

WORTH_SAYING: Final = 0.01
"""Share of the rows from which on copies are worth a warning."""

_TIMES: Final = 5.0
"""So many times as many pairs as expected are more than what dependent columns bring about."""

_DIVISIONS: Final = 32
_HEARD: Final = 8
_SAMPLE: Final = 30_000
"""Rows from which it is told how often halves agree."""

_AS_GOOD: Final = 0.8

_CELLS: Final = 1 << 16
"""Hashed at once: what fits into a processor's cache."""


class Verdict(NamedTuple):
    """What is told of rows that are alike in all features.

    Attributes:
        rows: how many repeat an earlier one in all features.
        exact: how many of all rows repeat an earlier one in the target too.
        natural: whether about as many are to be expected by chance, where columns have few values.
        by_target: whether only those that agree in the target as well are copies.
        near: share of alike rows that have a near miss as well: a row that agrees with them in one half of the columns, whichever, and not in
            all. What makes rows alike by nature makes near misses, too; copies of a table of many values have few.
        agreement: of alike rows in the target: 1 where they always agree, 0 where as often as any two rows do.
    """

    rows: int
    exact: int
    natural: bool
    by_target: bool
    near: float
    agreement: float


class Alike(NamedTuple):
    """Rows by what they are alike in.

    Attributes:
        numbers: of the set of alike rows that each row belongs to, shape (rows,); by features, or by features and target where only
            those that agree in it as well are copies.
        rows, exact, natural: as of `Verdict`.
    """

    numbers: Numbers
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
    features, target = hashed(x, range(x.shape[1])), hashed(y[:, None], [0], salt=x.shape[1])
    found = judge(features, target, lambda: x, quantity=not classes)
    if found is None:
        return None
    _, numbers = sets(features + target if found.by_target else features)
    return Alike(numbers, found.rows, found.exact, found.natural)


def judge(features: Hashes, target: Hashes, part: Callable[[], Array | Hashes], *, quantity: bool) -> Verdict | None:
    """Tell whether rows that are the same in all features are more than chance gives.

    Args:
        features, target: hashes of each row, shapes (rows,).
        part: the columns of all rows, or of some that were drawn by chance, shape (drawn, features); asked where rows are alike.
        quantity: whether targets are numbers, not classes.

    Returns:
        None where no two rows are the same.
    """
    whole, rows = _sizes(features), len(features)
    if len(whole) == rows:
        return None
    full = _sizes(features + target)
    expected, near = _expected(part(), rows, _pairs(whole))
    share, chance = _pairs(full) / _pairs(whole), _pairs(_sizes(target)) / _all_pairs(rows)
    copied = _pairs(whole) > _TIMES * expected
    by_target = (
        not copied
        and quantity
        and len(full) > len(whole)  # else the target may follow from the features
        and share > _TIMES * chance
    )
    agreement = (share - chance) / (1 - chance) if chance < 1 else 1.0
    return Verdict(rows - len(whole), rows - len(full), not (copied or by_target), by_target, near, agreement)


def hashed(x: Array | Hashes, columns: Sequence[int], salt: int = 0) -> Hashes:
    """A number of 64 bits for each row: the sum of one for each cell, by SplitMix64 [1].

    Args:
        x: numbers, where NaN is the same as NaN, and 0 as -0; or 64 bits a cell. Shape (rows, columns).
        columns: which of them.
        salt: added to the number of a column: the same cell has another hash in another column.

    [1] Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    some = np.asarray(columns, dtype=np.int64)
    hashes = np.zeros(len(x), dtype=np.uint64)
    step = max(1, _CELLS // max(1, len(some)))
    for start in range(0, len(x) if len(some) else 0, step):
        cells = x[start : start + step, some]
        hashes[start : start + step] = mixed(as_bits(cells), some + salt).sum(axis=1)
    return hashes


def mixed(bits: Hashes, columns: NDArray[np.int64]) -> Hashes:
    """The hashes of cells that stand in these columns; shapes that broadcast."""
    bits = bits + (columns + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def as_bits(cells: Array | Hashes) -> Hashes:
    """64 bits for each number: the same for every NaN, and for zeros of either sign. What are bits already stays as it is."""
    if cells.dtype == np.uint64:
        return cells.view(np.uint64)
    return np.where(np.isnan(cells), np.nan, cells + 0.0).view(np.uint64)


def sets(hashes: Hashes) -> tuple[Numbers, Numbers]:
    """Sizes of the sets of alike rows, and the number of each row's."""
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return counts.astype(np.int64), numbers.astype(np.int64)


def joined(numbers: Numbers, groups: Numbers) -> Numbers:
    """Groups that hold alike rows are one group."""
    ones = np.ones(len(numbers), dtype=np.int8)
    first, count = int(numbers.max()) + 1, int(groups.max()) + 1
    edges = coo_array((ones, (numbers, first + groups)), shape=(first + count, first + count))
    _, parts = connected_components(edges, directed=False)
    return np.unique(parts[numbers], return_inverse=True)[1].astype(np.int64)


def _expected(x: Array | Hashes, rows: int, all_: float) -> tuple[float, float]:
    """Pairs of rows that would be the same in all columns by chance, and `Verdict.near`.

    Args:
        x: the columns, of all rows or of some.
        rows: how many there are.
        all_: pairs that are.
    """
    pairs = _all_pairs(rows)
    if len(x) > _SAMPLE:
        x = x[np.random.default_rng(0).choice(len(x), _SAMPLE, replace=False)]

    def agreeing(some: Sequence[int]) -> float:
        share = _pairs(_sizes(hashed(x, some))) / _all_pairs(len(x))
        return max(share * pairs, all_)  # at least those that agree in all

    agree = np.array([agreeing([column]) for column in range(x.shape[1])])
    kept = [column for column in range(x.shape[1]) if agree[column] <= _TIMES * all_]  # which only copies divide in the same way
    kept += _different(x, [column for column in range(x.shape[1]) if column not in kept])
    whole, x, told = x, x[:, kept], np.log(pairs / agree[kept])
    if len(told) < 2 or told.sum() == 0:
        return all_, math.inf
    halves = list(_halves(told))
    least = np.array([min(told[half].sum(), told[~half].sum()) for half in halves])
    good = [half for half, size in zip(halves, least, strict=True) if size >= _AS_GOOD * least.max()]
    sides = [[np.flatnonzero(side).tolist() for side in (half, ~half)] for half in good[:_HEARD]]
    expected = max(agreeing(one) * agreeing(other) / pairs for one, other in sides)
    alone = _others(hashed(whole, range(whole.shape[1])))
    again = alone > 0
    near = [min((_others(hashed(x, side)) > alone)[again].mean() for side in both) for both in sides] if again.any() else [0.0]
    return expected, float(max(near))


def _others(hashes: Hashes) -> Numbers:
    """How many other rows are the same as each."""
    sizes, numbers = sets(hashes)
    return sizes[numbers] - 1


def _different(x: Array | Hashes, columns: Iterable[int]) -> list[int]:
    """Columns, without those that divide the rows as one before them does."""
    seen: dict[bytes, int] = {}
    for column in columns:
        _, first, numbers = np.unique(hashed(x, [column]), return_index=True, return_inverse=True)
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


def _sizes(hashes: Hashes) -> Numbers:
    """Of the sets of alike rows."""
    return np.unique(hashes, return_counts=True)[1].astype(np.int64)


def _pairs(counts: Numbers) -> float:
    """Of alike rows."""
    return float((counts * (counts - 1) // 2).sum())


def _all_pairs(rows: int) -> float:
    return rows * (rows - 1) / 2
