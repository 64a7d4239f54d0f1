"""Copies of a row on both sides of a fold: a warning, and what holds them together.

Which rows are copies, and not alike by nature, `alike.py` tells. A warning that cannot be answered by a flag must not be a false one, so
here more is asked for:

- Copies agree in the target, too. Measurements of one thing that came out differently are none.
- They have few near misses, rows that agree with them in half of the columns and not in the others. Columns of few values make many, however
  much they depend on each other.
- There are several rows that are repeated. A row that is repeated far more often than others, as one of nothing but zeros, says nothing.
- Where a row is one text, it is long: short ones are the same by nature.
- They are divided by the very folds that are given: groups may hold them together.

A table that was put together several times is told without all this: each row, target included, stands there a multiple of so many times,
whatever its columns hold. By chance the numbers of m different rows are all even about once in 2^m times.

Where every fold is judged on rows that come after all that it trains on, rows are in time. There a past that comes again is what a model
may make use of, and where a process stands still its rows are the same: nothing is said.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

import numpy as np

from tunewright.arithmetic import as_usual
from tunewright.resampling.alike import WORTH_SAYING, Hashes, Numbers, Verdict, joined, judge, sets
from tunewright.resampling.cells import Table, drawn, hashed_rows, read, texts, twice
from tunewright.resampling.splits import checked_lengths
from tunewright.typing import Indices, Mask

__all__ = ["alike_rows", "untold", "warn_of_copies"]

_TARGET: Final = 1 << 40
"""Number of the target's first column, beyond that of any feature."""

_PATTERN: Final = 10
"""A row that is repeated so many times as often as half of the repeated ones is a pattern."""

_SEVERAL: Final = 5
"""Rows that are repeated, at least, before anything is said."""

_DIFFERENT: Final = 30
"""Different rows, at least, of a table that was put together several times: by chance once in 1e9."""

_AGREE: Final = 0.5
"""Agreement of alike rows in the target, at least (`Verdict.agreement`)."""

_NEAR: Final = 0.25
"""Where so large a share of alike rows has near misses (`Verdict.near`) they may be alike by nature."""

_MANY: Final = 0.1
"""Share of the rows from which on it is believed that copies of rows which are alike by nature are told by their target."""

_TELLING: Final = 0.9
"""A target tells rows apart where it has so many times as many values as there are different rows."""

_FINE: Final = 10
"""And where its range, divided by its smallest step, is so many times as large as the number of its values: it is not rounded."""

_READ: Final = 10_000_000
"""Cells of an array of texts or objects, at most: a few seconds."""

_LONG: Final = 60
"""Characters of a text that is not the same as another by chance."""

_untold: ContextVar[bool] = ContextVar("_untold", default=False)


class _Found(NamedTuple):
    """What is told of copies.

    Attributes:
        rows: how many of all rows repeat another.
        all_rows: how many there are.
        times: how often the whole table stands there; 1 where it is only some rows.
        tested: test rows of all folds.
        seen: those that have a copy among their training rows.
        by_target: whether rows are copies only where they agree in the target too.
    """

    rows: int
    all_rows: int
    times: int
    tested: int
    seen: int
    by_target: bool


@contextmanager
def untold(quiet: bool = True) -> Iterator[None]:
    """Within it nothing is looked for, if `quiet`: what is made there is part of something that was looked at already."""
    token = _untold.set(quiet or _untold.get())
    try:
        yield
    finally:
        _untold.reset(token)


def alike_rows(X: Any, y: Any = None, *, groups: Any = None) -> Numbers:  # noqa: ANN401, N803
    """Groups that hold copies together: the number of the set of alike rows that each row belongs to.

        CrossValidation(SVC(), X, y, cv=5, groups=alike_rows(X))

    Args:
        X: features: an array, a data frame, a sparse matrix, a list of rows or of texts. Missing values are the same as each other.
        y: target, if rows have to agree in it as well; default: by their features alone.
        groups: other groups, shape (rows,); those that share alike rows become one.

    Returns:
        Whole numbers from 0, shape (rows,).

    Raises:
        DataError: the numbers of rows differ.
        TypeError, ValueError: it is no table, or its cells cannot be compared.
    """
    checked_lengths(X=X, y=y, groups=groups)
    hashes = hashed_rows(read(X))
    if y is not None:
        hashes = hashes + hashed_rows(read(y), start=_TARGET)
    numbers = sets(hashes)[1]
    return numbers if groups is None else joined(numbers, sets(hashed_rows(read(groups)))[1])


def warn_of_copies(
    X: Any,  # noqa: ANN401, N803
    y: Any,  # noqa: ANN401
    folds: Sequence[tuple[Any, Any]],
    groups: Any = None,  # noqa: ANN401
    *,
    classes: bool,
    search: bool = False,
    stacklevel: int = 3,
) -> bool:
    """Warn where copies of test rows stand among the training rows. Where it cannot be told nothing is said; nothing is raised.

    Args:
        X, y: features and target, as the user gave them; y may be None.
        folds: training and test rows of each.
        groups: that the user gave.
        classes: whether y holds classes.
        search: whether a `SearchCV` asks, whose splitter has to be told to heed groups.
        stacklevel: of the warning.

    Returns:
        Whether it was said.
    """
    try:
        found = None if _untold.get() else _divided(X, y, folds, classes=classes)
    except Exception:  # noqa: BLE001  odd data, of which it cannot be told; whether they can be used is for others to say
        return False
    if found is None:
        return False
    called = f"alike_rows(X{', y' if found.by_target else ''}{'' if groups is None else ', groups=groups'})"
    parts = len(folds) if len(folds) > 1 else 5
    how = f"cv={parts}, groups={called}"
    if search:
        splitter = "StratifiedGroupKFold" if classes and np.ndim(y) == 1 else "GroupKFold"
        how = f"cv={splitter}({parts}), and fit(X, y, groups={called})"
    where = "X" if y is None else "X and y"
    which = (
        f"{found.rows} of {found.all_rows} rows repeat another row in all of {where}, more than chance gives"
        if found.times == 1
        else f"Each of {found.all_rows} rows stands in {where} {found.times} times, or a multiple of it, as if the table were put together {found.times} times"
    )
    warnings.warn(
        f"{which}, and the folds divide them: {found.seen} of {found.tested} test rows have such a copy among their training rows, so the scores "
        f"praise memory, and promise too much for new rows. Drop the copies, or hold them together (from tunewright.resampling import alike_rows): {how}.",
        stacklevel=stacklevel,
    )
    return True


@as_usual
def _divided(X: Any, y: Any, folds: Sequence[tuple[Any, Any]], *, classes: bool) -> _Found | None:  # noqa: ANN401, N803
    pairs = [(_rows(train), _rows(test)) for train, test in folds]
    if len(pairs) > 1 and all(train.max() < test.min() for train, test in pairs):
        return None  # rows in time
    table = read(X)
    hashes = hashed_rows(table, most=_READ)
    if not len(twice(hashes)):
        return None
    target = np.zeros_like(hashes) if y is None else hashed_rows(read(y), start=_TARGET)
    sizes, numbers = sets(hashes + target)
    times = int(np.gcd.reduce(sizes)) if y is not None and len(sizes) >= _DIFFERENT else 1
    counting = np.ones(len(hashes), dtype=bool) if times > 1 else _counting(table, sizes, numbers)
    kept = np.arange(len(hashes)) if counting.all() else np.flatnonzero(counting)
    found = judge(hashes[kept], target[kept], lambda: drawn(table, kept), quantity=y is not None and not classes)
    if found is None or not (times > 1 or _copied(found, target[kept], y)) or found.exact < WORTH_SAYING * len(hashes):
        return None
    copied = (sizes > 1)[numbers] & counting
    if np.bincount(numbers[copied], minlength=1).astype(bool).sum() < _SEVERAL:
        return None
    numbers = np.where(copied, numbers, len(sizes))
    tested, seen = sum(len(test) for _, test in pairs), sum(_seen(numbers, train, test, len(sizes)) for train, test in pairs)
    by_target = found.by_target or found.natural
    return _Found(found.exact, len(hashes), times, tested, seen, by_target) if seen >= WORTH_SAYING * tested else None


def _rows(part: Any) -> Indices:  # noqa: ANN401
    rows = np.asarray(part)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _counting(table: Table, sizes: Numbers, numbers: Numbers) -> Mask:
    """Rows that say something about copies: those that are unique, and no patterns or short texts."""
    counting = (sizes <= _PATTERN * np.median(sizes[sizes > 1]) if (sizes > 1).any() else sizes > 0)[numbers]
    if (said := texts(table)) is not None:
        counting &= (sizes[numbers] == 1) | (np.array([len(text) for text in said]) >= _LONG)
    return counting


def _copied(found: Verdict, target: Hashes, y: Any) -> bool:  # noqa: ANN401
    """Whether alike rows are copies, also by what the target says."""
    if found.natural:
        return False
    if not found.by_target:
        return found.near < _NEAR and found.agreement >= _AGREE
    values, different = np.unique(np.asarray(y, dtype=np.float64)), len(target) - found.exact
    fine = np.ptp(values) > _FINE * len(values) * np.diff(values).min()
    return bool(fine) and found.exact >= _MANY * len(target) and len(target) - len(twice(target)) >= _TELLING * different


def _seen(numbers: Numbers, train: Indices, test: Indices, unique: int) -> int:
    """How many test rows have a copy, and not themselves, among the training rows; `unique` is the number of rows that have none."""
    learned, trained = np.zeros(unique + 1, dtype=bool), np.zeros(len(numbers), dtype=bool)
    learned[numbers[train]] = True
    learned[unique] = False
    trained[train] = True
    return int((learned[numbers[test]] & ~trained[test]).sum())
