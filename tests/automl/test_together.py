from typing import Any

import numpy as np
import pytest

from tunewright.automl.records import TaskFacts, TuneRequest
from tunewright.automl.split import TEST, divide
from tunewright.automl.together import Held, hold_together
from tunewright.errors import DataError
from tunewright.typing import Array

RNG = np.random.default_rng(0)
TWO = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b"), positive="b")
DIFFERENT = RNG.normal(size=(150, 4))
ORDER = RNG.permutation(450)
X = np.tile(DIFFERENT, (3, 1))[ORDER]
Y = np.tile(RNG.integers(0, 2, 150).astype(float), 3)[ORDER]
NUMBERS = np.tile(np.arange(150), 3)[ORDER]


def held(x: Array = X, y: Array = Y, *, groups: Any = None, times: Any = None, **asked: Any) -> Held:
    request = TuneRequest(data="t.csv", target="y", **{"cv": 3, **asked})
    split = divide(y, TWO, cv=request.cv, test=request.test, seed=request.seed, groups=groups, times=times)
    return hold_together(x, y, TWO, split, request, groups)


def straddling(found: Held, numbers: Any = NUMBERS) -> int:
    """Sets of copies that are not all in one place."""
    return sum(len(set(found.split.assigned[numbers == number].tolist())) > 1 for number in np.unique(numbers))


def test_copies_stand_on_one_side_of_every_split() -> None:
    found = held()

    assert straddling(found) == 0
    assert found.groups is not None
    assert found.copies is not None
    assert (found.copies.rows, found.copies.exact, found.copies.handled) == (300, 300, "together")
    assert (found.copies.sets, found.copies.seen) == (30, 0)
    assert len(found.split.test) == 90
    (warning,) = found.warnings
    assert warning.startswith(
        "300 of 450 rows repeat another row in all features (all of them in the target too), more than chance"
    )
    assert "the 90 test rows count as 30" in warning


def test_rows_that_all_differ_stay_where_they_are() -> None:
    found = held(RNG.normal(size=(450, 2)))

    assert (found.copies, found.groups, found.warnings, found.notes) == (None, None, (), ())


def test_who_wants_copies_apart_is_told_what_that_means() -> None:
    found = held(copies="apart")

    assert found.groups is None
    assert straddling(found) > 50
    assert found.copies is not None
    assert found.copies.seen > 60
    (warning,) = found.warnings
    assert f"{found.copies.seen} of 90 test rows have a copy among the training rows" in warning


def test_rows_of_few_values_are_divided_as_ever_and_a_note_says_so() -> None:
    x = RNG.integers(0, 3, (450, 3)).astype(float)

    found = held(x)

    assert found.groups is None
    assert found.warnings == ()
    assert "as is to be expected where columns have few values" in found.notes[0]
    assert held(x, copies="apart").notes == ()


def test_on_request_they_are_held_together_all_the_same() -> None:
    x = RNG.integers(0, 8, (450, 3)).astype(float)

    found = held(x, copies="together")

    assert straddling(found, np.unique(x, axis=0, return_inverse=True)[1].ravel()) == 0
    assert "more than chance" not in found.warnings[0]


def test_groups_that_hold_a_copy_are_joined() -> None:
    groups = np.arange(450) // 9  # copies lie in groups of all kinds
    x = RNG.normal(size=(450, 4))
    x[[0, 100]] = x[[200, 300]]

    found = held(x, groups=groups)

    assert found.groups is not None
    assert len(np.unique(found.groups)) == len(np.unique(groups)) - 2
    assert found.split.assigned[0] == found.split.assigned[200]
    assert straddling(found, groups) == 0


def test_groups_that_hold_their_copies_already_are_left_alone() -> None:
    split = divide(Y, TWO, cv=3, test=0.2, seed=0, groups=NUMBERS // 5)

    found = hold_together(X, Y, TWO, split, TuneRequest(data="t.csv", target="y", cv=3), NUMBERS // 5)

    assert found.split is split
    assert found.warnings == ()


def test_rows_in_time_cannot_be_held_together() -> None:
    found = held(times=np.arange(450.0))

    assert found.split.timed
    assert found.copies is not None
    assert found.copies.handled == "apart"
    assert "since rows in time cannot be held together" in found.warnings[0]


def test_a_class_of_one_row_and_its_copies_is_divided_as_ever() -> None:
    x, y = RNG.normal(size=(200, 3)), np.zeros(200)
    x[:40], y[:40] = x[0], 1

    found = held(x, y)

    assert found.copies is not None
    assert found.copies.handled == "apart"
    assert "they cannot be held together" in found.warnings[0]
    with pytest.raises(DataError):
        held(x, y, copies="together")


def test_copies_of_one_row_do_not_fill_the_test_set() -> None:
    x = RNG.normal(size=(300, 3))
    x[:90] = x[0]

    found = held(x, Y[:300])

    assert found.copies is not None
    assert found.copies.handled == "apart"
    assert "one row has 89 copies, which would fill most of a test set" in found.warnings[0]


def test_a_few_copies_are_held_together_without_many_words() -> None:
    x = RNG.normal(size=(450, 3))
    x[0] = x[1]

    found = held(x)

    assert found.split.assigned[0] == found.split.assigned[1]
    assert found.warnings == ()


def test_a_minority_that_was_repeated_to_balance_the_classes_is_in_every_fold() -> None:
    x = RNG.normal(size=(400, 3))
    y = (np.arange(400) < 20).astype(float)
    x, y = np.vstack([x, np.tile(x[:20], (18, 1))]), np.concatenate([y, np.ones(360)])

    found = held(x, y)

    assert found.copies is not None
    assert found.copies.handled == "together"
    for part in (TEST, 0, 1, 2):
        assert 0 < y[found.split.assigned == part].sum() < (found.split.assigned == part).sum()
