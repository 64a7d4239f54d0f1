"""Who may see which row.

Test rows are set aside first, and nothing looks at them until the search has ended. The training rows are divided into folds once;
every configuration is judged on the same folds, so that differences between configurations are differences within rows. A division
is a number per row: -1 for test, else the row's fold. For rows in time, fold f is judged by a model that saw folds 0 … f-1 only,
and fold 0 is never judged.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn import model_selection

from tunewright.automl.records import SplitFacts, TaskFacts
from tunewright.errors import DataError
from tunewright.typing import Array

__all__ = ["TEST", "Fold", "Split", "divide", "fresh"]

TEST: Final = -1
_MIN_CLASS_SETS: Final = 4

_Rows = NDArray[np.int64]


class Fold(NamedTuple):
    """Numbers of the rows to train on, and to judge on."""

    train: _Rows
    valid: _Rows


class Split(NamedTuple):
    """A division of the rows.

    Attributes:
        facts: for people.
        assigned: by row: TEST, or the number of its fold.
        timed: whether folds follow one another in time.
        copies: whether groups are copies of one row, which count once.
    """

    facts: SplitFacts
    assigned: _Rows
    timed: bool
    copies: bool = False

    @property
    def train(self) -> _Rows:
        """All rows that are not test rows."""
        return np.flatnonzero(self.assigned != TEST)

    @property
    def test(self) -> _Rows:
        return np.flatnonzero(self.assigned == TEST)

    @property
    def folds(self) -> tuple[Fold, ...]:
        if self.timed:
            return tuple(
                Fold(np.flatnonzero((self.assigned >= 0) & (self.assigned < f)), np.flatnonzero(self.assigned == f))
                for f in range(1, self.facts.folds + 1)
            )
        return tuple(
            Fold(np.flatnonzero((self.assigned >= 0) & (self.assigned != f)), np.flatnonzero(self.assigned == f))
            for f in range(self.facts.folds)
        )


def fresh(
    assigned: _Rows, y: Array, groups: _Rows | None, *, classes: int, seed: int, repeat: int, copies: bool = False
) -> _Rows:
    """The training rows divided into as many folds in another way; test rows stay test rows.

    Args:
        assigned: of `Split`, not in time.
        y, groups: as for `divide`.
        classes: how many; 0 for regression.
        seed, repeat: of the shuffling; repeat from 1 on.
        copies: as for `divide`.

    Raises:
        ValueError: so few groups or rows of a class are there that a fold would be left without.
    """
    if copies and groups is not None:
        _, first, place = np.unique(groups, return_index=True, return_inverse=True)
        return fresh(assigned[first], y[first], None, classes=classes, seed=seed, repeat=repeat)[place]
    train, folds = np.flatnonzero(assigned != TEST), int(assigned.max()) + 1
    state = int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % (1 << 31))
    kinds = ("StratifiedKFold", "KFold") if groups is None else ("StratifiedGroupKFold", "GroupKFold")
    splitter = getattr(model_selection, kinds[0 if classes else 1])(folds, shuffle=True, random_state=state)
    return _assign(len(y), train, splitter.split(train, y[train], None if groups is None else groups[train]))


def divide(
    y: Array, task: TaskFacts, *, cv: int, test: float, seed: int, groups: _Rows | None = None, times: Array | None = None,
    copies: bool = False,
) -> Split:  # fmt: skip
    """Divide rows into a test set and folds.

    Args:
        y: class codes or numbers, shape (rows,).
        task: of what kind, with the class names.
        cv: folds wanted.
        test: share of test rows.
        seed: of the shuffling.
        groups: number of each row's group; no group is divided.
        times: each row's place in time, no NaN; the latest rows are the test set.
        copies: whether groups are copies of one row: then one of each is divided, as rows are, and the others follow it.

    Raises:
        DataError: the rows, groups or moments do not suffice.
    """
    if not 0 < test < 1:
        raise DataError(f"The share of test rows must lie between 0 and 1, got {test:g}. Write for example --test 0.2.")
    if cv < 2:
        raise DataError(f"Cross-validation needs 2 folds or more, got {cv}. Write for example --cv 5.")
    if times is not None:
        return _by_time(y, task, cv, test, times)
    if groups is not None and copies:
        return _by_copy(y, task, cv, test, seed, groups)
    if groups is not None:
        return _by_group(y, task, cv, test, seed, groups)
    return _by_row(y, task, cv, test, seed)


def _by_row(y: Array, task: TaskFacts, cv: int, test: float, seed: int) -> Split:
    classes = len(task.classes)
    wanted = max(round(test * len(y)), classes, 2)
    if len(y) - wanted < max(2 * classes, 6):
        raise DataError(
            f"{len(y)} rows are too few for a test set of {wanted} and folds from the rest. Take a smaller --test, or collect more rows."
        )
    strata = y if classes else None
    train, held = model_selection.train_test_split(np.arange(len(y)), test_size=wanted, stratify=strata, random_state=seed)
    notes: list[str] = []
    folds = cv
    if classes:
        counts = np.bincount(y[train].astype(int), minlength=classes)
        folds, notes = _fewer_folds(cv, int(counts.min()), f'the rarest class, "{task.classes[int(counts.argmin())]}", has')
        splitter = model_selection.StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        folds, notes = _fewer_folds(cv, len(train) // 2, "twice that many rows are there to train on: it has")
        splitter = model_selection.KFold(folds, shuffle=True, random_state=seed)
    assigned = _assign(len(y), train, splitter.split(train, y[train]))
    how = "drawn at random with the share of each class kept" if classes else "drawn at random"
    sentence = f"{len(held)} of {len(y)} rows are the test set, {how}; the others make {folds} folds in the same way."
    return _split("stratified" if classes else "shuffled", folds, sentence, assigned, notes)


def _by_copy(y: Array, task: TaskFacts, cv: int, test: float, seed: int, groups: _Rows) -> Split:
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    if task.classes:
        counts = np.bincount(y[first].astype(int), minlength=len(task.classes))
        if counts.min() < _MIN_CLASS_SETS:
            raise DataError(
                f'The class "{task.classes[int(counts.argmin())]}" has {counts.min()} rows that are not copies; {_MIN_CLASS_SETS} are needed.'
            )
    one = _by_row(y[first], task, cv, test, seed)
    assigned = one.assigned[place]
    how = "drawn at random with the share of each class kept" if task.classes else "drawn at random"
    sentence = (
        f"{int((assigned == TEST).sum())} of {len(y)} rows, {len(one.test)} of the {len(first)} different ones, are the test set, {how}; "
        f"the others make {one.facts.folds} folds in the same way; copies of a row stay on its side."
    )
    split = _split(one.facts.kind, one.facts.folds, sentence, assigned, list(one.facts.notes))
    return split._replace(copies=True)


def _by_group(y: Array, task: TaskFacts, cv: int, test: float, seed: int, groups: _Rows) -> Split:
    count = len(np.unique(groups))
    parts = max(2, round(1 / test))
    if count < 4:
        raise DataError(f"There are {count} groups; at least 4 are needed for a test set and folds that hold groups together.")
    kind = model_selection.StratifiedGroupKFold if task.classes else model_selection.GroupKFold
    rows = np.arange(len(y))
    outer = kind(min(parts, count), shuffle=True, random_state=seed)
    train, held = min(outer.split(rows, y, groups), key=lambda part: _fit(part[1], groups, test * len(y)))
    left = len(np.unique(groups[train]))
    folds, notes = _fewer_folds(cv, left, "the groups left for training number")
    assigned = _assign(len(y), train, kind(folds, shuffle=True, random_state=seed).split(train, y[train], groups[train]))
    sentence = (
        f"{len(np.unique(groups[held]))} of {count} groups ({len(held)} of {len(y)} rows) are the test set; "
        f"the others make {folds} folds; no group is divided."
    )
    split = _split("stratified groups" if task.classes else "groups", folds, sentence, assigned, notes)
    _both_classes(split, y, task)
    return split


def _fit(held: _Rows, groups: _Rows, wanted: float) -> tuple[bool, float]:
    """How ill a test set serves: one group alone says nothing of others, then the size counts."""
    return len(np.unique(groups[held])) < 2, abs(len(held) - wanted)


def _by_time(y: Array, task: TaskFacts, cv: int, test: float, times: Array) -> Split:
    moments, counts = np.unique(times, return_counts=True)
    before = np.cumsum(counts) - counts  # rows earlier than each moment
    first = int(np.searchsorted(before, round((1 - test) * len(times)), side="left"))
    first = min(max(first, 1), len(moments) - 1)
    held = times >= moments[first] if len(moments) > 1 else np.zeros(len(times), dtype=bool)
    if first < 3:
        raise DataError(
            f"The order column has {len(moments)} different moments, {first} of them before the test set; at least 3 are needed there."
        )
    folds, notes = _fewer_folds(cv, first - 1, "the moments before the test set, less one, number")
    place = np.searchsorted(moments, times)
    cuts = (
        np.searchsorted(np.cumsum(counts[:first]), np.arange(1, folds + 1) * counts[:first].sum() / (folds + 1), side="left") + 1
    )
    cuts = np.maximum.accumulate(np.minimum(cuts, np.arange(first - folds, first)))
    cuts = np.maximum(cuts, np.arange(1, folds + 1))
    assigned = np.where(held, TEST, np.searchsorted(cuts, place, side="right"))
    sentence = f"The latest {int(held.sum())} of {len(times)} rows are the test set; each of {folds} folds is judged by models that saw earlier rows only."
    split = _split("time", folds, sentence, assigned, notes, timed=True)
    _both_classes(split, y, task)
    return split


def _fewer_folds(cv: int, most: int, who: str) -> tuple[int, list[str]]:
    if most >= cv:
        return cv, []
    folds = max(most, 2)
    if most < 2:
        raise DataError(f"Cross-validation is not possible: {who} {most} in training, and 2 are needed. Collect more rows.")
    return folds, [f"{folds} folds instead of {cv}, since {who} {most} in training."]


def _assign(rows: int, train: _Rows, folds: Iterable[tuple[_Rows, _Rows]]) -> _Rows:
    assigned = np.full(rows, TEST, dtype=np.int64)
    for number, (_, valid) in enumerate(folds):
        assigned[train[valid]] = number
    return assigned


def _both_classes(split: Split, y: Array, task: TaskFacts) -> None:
    """Groups and time may leave a fold one class to train on: then nothing can be learned there."""
    for number, fold in enumerate(split.folds):
        if task.classes and len(np.unique(y[fold.train])) < 2:
            raise DataError(
                f"Fold {number} would train on rows of one class only. Use fewer folds (--cv), or leave out --groups or --time-order."
            )


def _split(kind: str, folds: int, sentence: str, assigned: _Rows, notes: list[str], *, timed: bool = False) -> Split:
    fingerprint = hashlib.sha256(assigned.astype("<i8").tobytes() + kind.encode()).hexdigest()[:16]
    return Split(
        SplitFacts(kind=kind, folds=folds, sentence=sentence, fingerprint=fingerprint, notes=tuple(notes)), assigned, timed
    )
