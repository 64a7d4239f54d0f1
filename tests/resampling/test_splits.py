import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from tunewright.errors import DataError
from tunewright.resampling.splits import Splits, check_complete, checked_lengths

X = np.arange(60.0).reshape(30, 2)
Y = np.tile([0, 1, 1], 10)
GROUPS = np.repeat(np.arange(10), 3)


def splits(cv=5, groups=None, classes=True, seed=0):
    return Splits(cv, X, Y, groups, classes=classes, seed=seed)


@pytest.mark.parametrize("cv", [
    5, KFold(3), KFold(3, shuffle=True, random_state=7), StratifiedKFold(3, shuffle=True), TimeSeriesSplit(4), GroupKFold(5), LeaveOneOut(),
    PredefinedSplit(np.arange(30) // 10), RepeatedStratifiedKFold(n_splits=3, n_repeats=2), ShuffleSplit(4, random_state=np.random.RandomState(1)),
])  # fmt: skip
def test_every_splitter_is_frozen(cv):
    groups = GROUPS if isinstance(cv, GroupKFold) else None
    made = splits(cv, groups)

    assert made.repeat(0) is made.repeat(0)
    assert len(made.repeat(0)) == made.folds
    assert made.fingerprint(2) == splits(cv, groups).fingerprint(2) or isinstance(
        getattr(cv, "random_state", None), np.random.RandomState
    )


def test_repeats_of_a_shuffling_splitter_are_fresh_and_of_another_the_same():
    shuffled, ordered = splits(5), splits(TimeSeriesSplit(4))

    assert shuffled.fresh
    assert not np.array_equal(shuffled.repeat(0)[0].test, shuffled.repeat(1)[0].test)
    assert shuffled.fingerprint(1) != shuffled.fingerprint(2)
    assert not ordered.fresh
    assert ordered.repeat(3) is ordered.repeat(0)


def test_a_splitter_with_its_own_state_is_taken_at_its_word():
    own = KFold(3, shuffle=True, random_state=7)

    assert np.array_equal(splits(own).repeat(0)[1].test, list(own.split(X))[1][1])


def test_groups_are_held_together():
    for fold in splits(5, GROUPS).repeat(1):
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.test])


def test_another_seed_is_another_fingerprint():
    assert splits(seed=0).fingerprint(1) != splits(seed=1).fingerprint(1)


@pytest.mark.parametrize(("cv", "said"), [
    (1, "2 folds or more"), (True, "2 folds or more"), ([], "pairs"), (7.5, "pairs"), ([(range(5),)], "pairs"),
    ([(np.arange(20), np.arange(15, 30))], "rows that it trains on"),
    ([(np.arange(20), np.arange(20, 31))], "row 30"),
    ([(np.arange(20), np.array([], int))], "no rows"),
    ([(np.arange(20), np.arange(-5, 0))], "row -5"),
    ([(np.arange(20.0), np.arange(20.0, 30.0))], "whole numbers"),
    ([(np.arange(20), np.r_[20:30, [25] * 9])], "several times"),
    ([(np.arange(20), np.arange(20, 30)), (np.arange(1, 20), np.arange(20, 30))], "same rows"),
    ([(np.arange(0, 30, 3), np.array([1]))], "one class only"),
    (StratifiedKFold(25), "divided"),
])  # fmt: skip
def test_splits_that_cannot_be_used_are_refused_with_a_sentence(cv, said):
    with pytest.raises(DataError, match=said):
        splits(cv)


def test_very_uneven_folds_are_said():
    uneven = [(np.arange(5, 30), np.arange(5)), (np.arange(10), np.arange(10, 30))]

    with pytest.warns(UserWarning, match="5 to 20 rows"):
        splits(uneven)


def test_folds_that_judge_the_same_rows_are_said():
    with pytest.warns(UserWarning, match="5 rows are judged in more than one fold"):
        splits([(np.arange(10), np.arange(10, 20)), (np.arange(10), np.arange(15, 25))])


@pytest.mark.parametrize(("values", "said"), [
    (np.array([1.0, np.nan, 2.0]), "groups is missing in 1 of 3 rows"), (np.array(["a", None, "b"], object), "row 1 first"),
    (np.array([[1.0, np.inf], [1.0, 2.0]]), "groups is infinite in 1 of 2 rows"),
])  # fmt: skip
def test_what_is_not_there_is_refused(values, said):
    with pytest.raises(DataError, match=said):
        check_complete(y=None, groups=values)


def test_rows_judged_twice_are_known():
    assert splits(5).once_each()
    assert not splits(ShuffleSplit(9, test_size=0.5, random_state=0)).once_each()


def test_lengths_must_agree():
    with pytest.raises(DataError, match="groups has 29"):
        checked_lengths(X=X, y=Y, groups=GROUPS[:-1])


def test_predefined_splits_are_ready_made():
    X = np.arange(12.0)[:, None]

    splits = Splits(PredefinedSplit(np.arange(12) % 3), X, None, None, classes=False, seed=0)

    assert splits.fixed
    assert [fold.test.tolist() for fold in splits.repeat(0)] == [[i, i + 3, i + 6, i + 9] for i in range(3)]
