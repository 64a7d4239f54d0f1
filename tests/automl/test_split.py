from collections.abc import Callable

import numpy as np
import pytest

from tunewright.automl.records import TaskFacts
from tunewright.automl.split import TEST, Split, divide, fresh
from tunewright.errors import DataError
from tunewright.typing import Array

RNG = np.random.default_rng(0)
NUMBER = TaskFacts(kind="regression", target="y", reason="")
CLASSES = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b", "c"))
LABELS = np.repeat([0.0, 1.0, 2.0], [120, 60, 20])
GROUPS = RNG.integers(0, 25, 200)
TIMES = RNG.permutation(200).astype(float) // 3

Make = Callable[..., Split]
MAKERS: dict[str, Make] = {
    "shuffled": lambda **k: divide(RNG.normal(size=200), NUMBER, **k),
    "stratified": lambda **k: divide(LABELS, CLASSES, **k),
    "groups": lambda **k: divide(RNG.normal(size=200), NUMBER, groups=GROUPS, **k),
    "stratified groups": lambda **k: divide(LABELS, CLASSES, groups=GROUPS, **k),
    "time": lambda **k: divide(RNG.normal(size=200), NUMBER, times=TIMES, **k),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_no_row_is_learned_from_and_judged_on(kind: str) -> None:
    split = MAKERS[kind](cv=5, test=0.2, seed=3)

    assert split.facts.kind == kind
    assert len(split.folds) == split.facts.folds == 5
    assert sorted([*split.train, *split.test]) == list(range(200))
    for fold in split.folds:
        assert len(fold.valid)
        assert len(fold.train)
        assert not set(fold.train) & set(fold.valid)
        assert not set(split.test) & {*fold.train, *fold.valid}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_seed_divides_in_the_same_way(kind: str) -> None:
    one, two, other = (MAKERS[kind](cv=5, test=0.2, seed=seed) for seed in (3, 3, 4))

    assert one.facts.fingerprint == two.facts.fingerprint
    assert (one.facts.fingerprint == other.facts.fingerprint) == (kind == "time")


@pytest.mark.parametrize("kind", ["shuffled", "stratified"])
def test_every_training_row_is_judged_once(kind: str) -> None:
    split = MAKERS[kind](cv=5, test=0.2, seed=0)

    assert sorted(row for fold in split.folds for row in fold.valid) == split.train.tolist()


def test_classes_keep_their_share() -> None:
    split = MAKERS["stratified"](cv=4, test=0.2, seed=0)

    assert np.bincount(LABELS[split.test].astype(int)).tolist() == [24, 12, 4]
    for fold in split.folds:
        assert np.bincount(LABELS[fold.valid].astype(int)).tolist() == [24, 12, 4]


@pytest.mark.parametrize("kind", ["groups", "stratified groups"])
def test_no_group_is_divided(kind: str) -> None:
    split = MAKERS[kind](cv=4, test=0.2, seed=0)

    for fold in split.folds:
        parts = [set(GROUPS[rows]) for rows in (fold.train, fold.valid, split.test)]
        assert not parts[0] & parts[1]
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]


def test_a_test_set_holds_several_groups_where_it_can() -> None:
    groups = np.repeat(np.arange(8), 25)

    split = divide(RNG.normal(size=200), NUMBER, cv=3, test=0.2, seed=0, groups=groups)

    assert len(np.unique(groups[split.test])) == 2


def test_time_flows_one_way() -> None:
    split = MAKERS["time"](cv=4, test=0.2, seed=0)

    for fold in split.folds:
        assert TIMES[fold.train].max() < TIMES[fold.valid].min()
        assert TIMES[fold.valid].max() < TIMES[split.test].min()


@pytest.mark.parametrize("counts", [[50, 1, 1, 1, 1, 1, 45], [1, 1, 1, 90], [20, 1, 60, 1, 30], [3] * 5])
def test_time_flows_one_way_with_ties(counts: list[int]) -> None:
    times: Array = np.repeat(np.arange(float(len(counts))), counts)

    split = divide(times, NUMBER, cv=5, test=0.3, seed=0, times=times)

    assert all(times[fold.train].max() < times[fold.valid].min() for fold in split.folds)
    assert times[split.train].max() < times[split.test].min()


def test_fewer_folds_where_a_class_is_rare() -> None:
    split = divide(np.repeat([0.0, 1.0, 2.0], [100, 50, 5]), CLASSES, cv=10, test=0.2, seed=0)

    assert split.facts.folds == 4
    assert split.facts.notes == ('4 folds instead of 10, since the rarest class, "c", has 4 in training.',)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: divide(RNG.normal(size=50), NUMBER, cv=1, test=0.2, seed=0), "2 folds or more"),
        (lambda: divide(RNG.normal(size=50), NUMBER, cv=5, test=1.5, seed=0), "between 0 and 1"),
        (lambda: divide(RNG.normal(size=10), NUMBER, cv=5, test=0.9, seed=0), "too few for a test set of 9"),
        (lambda: divide(RNG.normal(size=50), NUMBER, cv=5, test=0.2, seed=0, groups=np.arange(50) % 3), "There are 3 groups"),
        (lambda: divide(RNG.normal(size=50), NUMBER, cv=5, test=0.2, seed=0, times=np.zeros(50)), "1 different moments"),
        (
            lambda: divide(np.repeat([0.0, 1.0, 2.0], [40, 5, 5]), CLASSES, cv=2, test=0.2, seed=0, times=np.arange(50.0)),
            "would train on rows of one class only",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(make: Make, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


def test_fresh_folds_divide_the_same_rows_in_another_way() -> None:
    y = np.tile([0.0, 1.0, 1.0], 40)
    task = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b"), positive="b")
    groups = np.repeat(np.arange(30), 4)
    for given in (None, groups):
        split = divide(y, task, cv=4, test=0.2, seed=0, groups=given)

        first, second, again = (fresh(split.assigned, y, given, classes=2, seed=0, repeat=repeat) for repeat in (1, 2, 1))

        assert (first == again).all()
        assert ((first == TEST) == (split.assigned == TEST)).all()
        assert set(first) == set(split.assigned)
        assert (first != split.assigned).any()
        assert (first != second).any()
        if given is not None:
            assert all(len(set(first[groups == group])) == 1 for group in range(30))


def test_copies_follow_the_row_that_they_repeat() -> None:
    numbers, y = np.repeat(np.arange(200), 3), np.repeat(LABELS, 3)

    split = divide(y, CLASSES, cv=4, test=0.2, seed=0, groups=numbers, copies=True)
    again = fresh(split.assigned, y, numbers, classes=3, seed=0, repeat=1, copies=True)

    assert split.copies
    assert split.facts.kind == "stratified"
    assert "120 of 600 rows, 40 of the 200 different ones" in split.facts.sentence
    for assigned in (split.assigned, again):
        assert all(len(set(three)) == 1 for three in assigned.reshape(200, 3).tolist())
        assert np.bincount(y[assigned == 2].astype(int)).tolist() == [72, 36, 12]
    assert np.array_equal(again == TEST, split.assigned == TEST)
    assert not np.array_equal(again, split.assigned)


def test_a_class_with_few_rows_that_are_not_copies_is_refused() -> None:
    y = np.repeat([0.0, 1.0, 2.0], [100, 60, 12])

    with pytest.raises(DataError, match='class "c" has 3 rows that are not copies'):
        divide(y, CLASSES, cv=3, test=0.2, seed=0, groups=np.concatenate([np.arange(160), np.arange(12) // 4 + 160]), copies=True)
