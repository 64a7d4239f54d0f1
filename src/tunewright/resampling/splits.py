"""Splits that are frozen: who learns from which rows, and is judged on which, in every fold of every repeat.

A splitter is asked once for each repeat, and what it said stays. So every configuration is judged on the same rows, differences
between configurations are differences within rows, and the fingerprint of the splits can stand in the study's journal: whoever goes
on with the study must bring the same ones.

Repeat r of a splitter that shuffles is the same splitter with another random state, so there are as many fresh repeats as one asks
for. A splitter that does not shuffle (rows in time, groups in their order, ready-made splits) says the same in every repeat.
"""

import copy
import hashlib
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import indexable
from sklearn.utils.multiclass import type_of_target

from tunewright.errors import DataError

__all__ = ["Fold", "Splits", "check_complete", "checked_lengths", "rows_of"]

_UNEVEN = 3.0
"""So many times may the largest test fold be the smallest before it is worth a warning."""


class Fold(NamedTuple):
    """Numbers of the rows to train on, and to judge on."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


class Splits:
    """The folds of every repeat.

    Args:
        cv: a number of folds (shuffled; stratified for `classes`; groups are held together if there are any), a scikit-learn
            splitter, or pairs (train rows, test rows).
        X, y, groups: what splitters look at.
        classes: whether y holds classes.
        seed: of the shuffling.

    Raises:
        DataError: the splits cannot be used; the message says which fold, and why.
    """

    def __init__(self, cv: Any, X: Any, y: Any, groups: Any, *, classes: bool, seed: int) -> None:  # noqa: ANN401, N803  scikit-learn's names
        self._data = (X, y, groups)
        self._classes = classes
        self._seed = seed
        self.cv = cv
        """As given."""
        ready = list(cv.split()) if isinstance(cv, PredefinedSplit) else cv
        self._fixed = None if hasattr(ready, "split") or isinstance(ready, int | np.integer) else _pairs(ready)
        self._splitter = None if self._fixed is not None else _splitter(cv, groups is not None, classes and _in_classes(y), seed)
        self._repeats: dict[int, tuple[Fold, ...]] = {}
        first = self.repeat(0)
        self.folds = len(first)
        sizes = [len(fold.test) for fold in first]
        self.ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in first]))
        """Test rows for each training row, the mean over folds: how much folds say the same (Nadeau & Bengio 2003)."""
        if self.fixed and not self.once_each():
            twice = sum(sizes) - len(np.unique(np.concatenate([fold.test for fold in first])))
            warnings.warn(
                f"{twice} rows are judged in more than one fold: they count more than the others, and what is said of chance takes the "
                "folds for less alike than they are. Give splits whose test rows do not overlap.",
                stacklevel=3,
            )
        if max(sizes) > _UNEVEN * min(sizes):
            warnings.warn(
                f"The test folds hold {min(sizes)} to {max(sizes)} rows, and every fold counts the same. The small ones bring noise.",
                stacklevel=3,
            )

    @property
    def fixed(self) -> bool:
        """Whether they were given ready-made."""
        return self._fixed is not None

    @property
    def fresh(self) -> bool:
        """Whether another repeat brings other folds."""
        return self._splitter is not None and _shuffles(self._splitter)

    def repeat(self, number: int) -> tuple[Fold, ...]:
        """The folds of a repeat, from 0."""
        number = number if number == 0 or self.fresh else 0
        if number not in self._repeats:
            self._repeats[number] = self._made(number)
        return self._repeats[number]

    def _made(self, number: int) -> tuple[Fold, ...]:
        X, y, groups = self._data  # noqa: N806  scikit-learn's names
        if self._fixed is not None:
            folds = self._fixed
        else:
            splitter: Any = self._splitter
            if self.fresh and (number or not isinstance(splitter.random_state, int)):
                kept = splitter.random_state if isinstance(splitter.random_state, int) else self._seed
                state = int(np.random.SeedSequence([kept, number]).generate_state(1)[0] % (1 << 31))
                splitter = copy.copy(splitter)
                splitter.random_state = state
            try:
                folds = tuple(Fold(np.asarray(train), np.asarray(test)) for train, test in splitter.split(X, y, groups))
            except ValueError as error:
                raise DataError(f"The rows cannot be divided by {self._splitter!r}: {error}") from error
        _check(folds, rows_of(X), y if self._classes and np.ndim(y) == 1 else None)
        return folds

    def fingerprint(self, repeats: int) -> str:
        """Of the first so many repeats: 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for number in range(repeats if self.fresh else 1):
            for fold in self.repeat(number):
                for rows in fold:
                    digest.update(len(rows).to_bytes(8, "little") + rows.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def once_each(self) -> bool:
        """Whether no row is judged twice in one repeat."""
        tests = np.concatenate([fold.test for fold in self.repeat(0)])
        return len(np.unique(tests)) == len(tests)


def rows_of(X: Any) -> int:  # noqa: ANN401, N803
    """How many rows an array, a sparse matrix, a table or a list has."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _shuffles(splitter: Any) -> bool:  # noqa: ANN401
    return hasattr(splitter, "random_state") and bool(getattr(splitter, "shuffle", True))


def _in_classes(y: Any) -> bool:  # noqa: ANN401
    """Whether each row has one class, so that folds can hold them in their shares."""
    return type_of_target(y) in {"binary", "multiclass"}


def _splitter(cv: Any, grouped: bool, classes: bool, seed: int) -> Any:  # noqa: ANN401
    if hasattr(cv, "split"):
        return cv
    if isinstance(cv, bool) or cv < 2:
        raise DataError(f"cv must be 2 folds or more, a scikit-learn splitter, or pairs of (train, test) rows, got {cv!r}.")
    if grouped:
        return StratifiedGroupKFold(cv, shuffle=True, random_state=seed) if classes else GroupKFold(cv)
    return (StratifiedKFold if classes else KFold)(cv, shuffle=True, random_state=seed)


def _pairs(cv: Iterable[Any]) -> tuple[Fold, ...]:
    try:
        pairs = [tuple(pair) for pair in cv]
    except TypeError as error:
        raise DataError(
            f"cv must be a number of folds, a scikit-learn splitter, or pairs of (train, test) rows, got {cv!r}."
        ) from error
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise DataError("cv must hold pairs of (train rows, test rows), one for each fold.")
    folds = []
    for pair in pairs:
        train, test = (np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows) for rows in pair)
        folds.append(Fold(train, test))
    return tuple(folds)


def _check(folds: tuple[Fold, ...], rows: int, y: Any) -> None:  # noqa: ANN401
    if not folds:
        raise DataError("cv gives no folds at all.")
    tests: dict[bytes, int] = {}
    for number, fold in enumerate(folds):
        for part, numbers in zip(("train on", "be judged on"), fold, strict=True):
            if not len(numbers):
                raise DataError(f"Fold {number} would {part} no rows. Use fewer folds.")
            if numbers.dtype.kind not in "iu":
                raise DataError(
                    f"Fold {number} names rows by {numbers.dtype} numbers. Give whole numbers, or a mask of True and False."
                )
            if len(wrong := numbers[(numbers < 0) | (numbers >= rows)]):
                raise DataError(f"Fold {number} names row {int(wrong[0])}, but there are {rows} rows (0 to {rows - 1}).")
        if len(np.unique(fold.test)) < len(fold.test):
            raise DataError(
                f"Fold {number} is judged on some rows several times ({len(fold.test)} rows, {len(np.unique(fold.test))} of them different): "
                "they would count as many. Name each row once."
            )
        both = np.intersect1d(fold.train, fold.test)
        if len(both):
            raise DataError(
                f"Fold {number} is judged on {len(both)} of the rows that it trains on (row {int(both[0])} for one): "
                "its scores would promise too much. Give splits whose parts do not overlap."
            )
        key = np.sort(fold.test).tobytes()
        if key in tests and len(folds) > 1:
            raise DataError(
                f"Folds {tests[key]} and {number} are judged on the same rows: one measurement would count twice. "
                "For repeats of the same folds say repeats=."
            )
        tests[key] = number
        if y is not None and len(np.unique(np.asarray(y)[fold.train])) < 2:
            raise DataError(
                f"Fold {number} would train on rows of one class only, so there is nothing to learn. "
                "Use fewer folds, or a stratified splitter."
            )


def checked_lengths(**arrays: Any) -> None:  # noqa: ANN401
    """Raise DataError unless all arrays have as many rows."""
    given = {name: rows_of(array) for name, array in arrays.items() if array is not None}
    if len(set(given.values())) > 1:
        said = ", ".join(f"{name} has {rows}" for name, rows in given.items())
        raise DataError(f"The numbers of rows differ: {said}. Each row needs its own entry.")
    indexable(*(array for array in arrays.values() if array is not None))


def check_complete(**arrays: Any) -> None:  # noqa: ANN401
    """Raise DataError where a value of a target or of groups is missing or infinite."""
    for name, array in arrays.items():
        if array is None:
            continue
        cells = np.asarray(array)
        missing = cells != cells if cells.dtype != object else np.array([cell is None or cell != cell for cell in cells.ravel()])  # noqa: PLR0124  NaN alone differs from itself
        for what, wrong in (
            ("missing", missing),
            ("infinite", np.isinf(cells) if cells.dtype.kind == "f" else np.zeros(0, bool)),
        ):
            if np.any(wrong):
                at = np.flatnonzero(np.reshape(wrong, (len(cells), -1)).any(axis=1))
                raise DataError(
                    f"{name} is {what} in {len(at)} of {len(cells)} rows (row {int(at[0])} first). Leave these rows out of all that you give."
                )
