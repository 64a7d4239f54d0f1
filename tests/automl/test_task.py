import numpy as np
import pandas as pd
import pytest

from tunewright.automl.records import TaskKind
from tunewright.automl.schema import Target
from tunewright.automl.task import Task, decide_task, original, with_target
from tunewright.errors import DataError

RNG = np.random.default_rng(0)


def decide(cells: object, kind: TaskKind | None = None) -> Task:
    return decide_task(pd.DataFrame({"y": cells}), "y", kind)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["a", "b", "c"] * 20, "classification"),
        ([0, 1] * 30, "classification"),
        (["1.5", "2.5"] * 30, "classification"),
        ([True, False] * 30, "classification"),
        (list(range(10)) * 10, "classification"),
        (list(range(10)) * 5, "regression"),
        (RNG.normal(size=60), "regression"),
        (RNG.integers(25, 346, 442), "regression"),
        (["1,5", "2,5", "3,25", "7"] * 10, "regression"),
    ],
)
def test_the_task_is_told_from_the_target(cells: object, kind: str) -> None:
    task = decide(cells)

    assert task.facts.kind == kind
    assert task.facts.reason.lower().startswith(kind)


def test_the_user_overrules() -> None:
    ratings = list(range(1, 6)) * 20

    assert decide(ratings).facts.kind == "classification"
    assert decide(ratings, "regression").y[:5].tolist() == [1, 2, 3, 4, 5]
    assert decide(RNG.integers(0, 15, 100), "classification").facts.kind == "classification"


def test_classes_are_in_the_order_of_their_numbers() -> None:
    task = decide([10, 9, 2] * 20)

    assert task.facts.classes == ("2", "9", "10")
    assert task.y[:3].tolist() == [2, 1, 0]
    assert task.facts.class_rows == (20, 20, 20)


def test_the_positive_class_is_the_last_of_two() -> None:
    assert decide(["benign", "malignant"] * 10).facts.positive == "malignant"
    assert decide(["a", "b", "c"] * 10).facts.positive is None


def test_rows_without_a_target_are_left_out_and_said() -> None:
    task = decide([None, "a", "b"] * 20)

    assert len(task.y) == 40
    assert task.rows[:2].tolist() == [1, 2]
    assert task.notes == ("20 rows have no value in the target and are left out.",)


def test_an_infinite_class_is_not_called_missing() -> None:
    task = decide([None, None, np.inf, *([0.0, 1.0] * 30)])

    assert task.facts.kind == "classification"
    assert task.notes == ("2 rows have no value in the target and are left out.", "1 row has an infinite target and is left out.")


def test_a_target_that_is_too_large_is_left_out_and_said() -> None:
    task = decide([None, 1e300, *RNG.normal(size=60)])

    assert len(task.y) == 60
    assert task.notes == (
        "1 row has no number in the target and is left out.",
        "1 row has a target that no model can learn, infinite or beyond ±3.4e+38, and is left out.",
    )


def test_classes_too_rare_to_judge_are_left_out_and_counted() -> None:
    task = decide(["a", "b"] * 20 + ["c"] * 3 + ["d"] * 4)

    assert task.facts.classes == ("a", "b", "d")
    assert 'left out: "c" (3)' in task.notes[0]


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        (["a"] * 30, None, "one class"),
        ([None] * 30, None, "no value in any row"),
        ([3.5] * 30, "regression", "is 3.5 in every row"),
        ([f"u{i}" for i in range(300)], None, "300 classes in 300 rows"),
        (["a", "b", "c"] * 20, "regression", "does not hold numbers"),
        (["a"] * 30 + ["b"] * 2, None, 'too few rows for each class .*"a" 30, "b" 2'),
        (["a", "b"] * 4, None, "Only 8 rows"),
        ([1.0, 2.5, 3.5], None, "Only 3 rows"),
    ],
)
def test_what_cannot_be_learned_is_refused(cells: object, kind: TaskKind | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decide(cells, kind)


def test_predictions_are_written_as_the_target_is() -> None:
    for cells in ([1, 2] * 20, ["x", "y"] * 20, ["007", "1"] * 20, [True, False] * 20, [0.5, 1.5] * 20):
        task = decide(cells)
        assert original(task.y, task.target) == cells

    assert original(np.array([0.0]), decide(["1", "-2"] * 20).target) == [-2]
    assert original(np.array([1.25]), Target(name="y", kind="number")) == [1.25]


def test_the_target_is_looked_for_by_name() -> None:
    frame = pd.DataFrame({"Price": [1], "size": [2]})

    assert with_target(frame, "Price ") == "Price"
    with pytest.raises(DataError, match='Did you mean "Price"'):
        with_target(frame, "price")
    with pytest.raises(DataError, match="One target at a time"):
        with_target(frame, "Price,size")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["-"] * 10 + [f"{value:.3f}" for value in RNG.normal(size=110)], "regression"),
        (["unknown"] * 10 + ["0", "1"] * 60, "classification"),
        ([float("inf")] * 10 + list(RNG.normal(size=90)), "regression"),
    ],
    ids=["a dash", "unknown", "infinite"],
)
def test_a_target_that_says_missing_in_words_is_no_text(cells: list[object], kind: str) -> None:
    task = decide(cells)

    assert task.facts.kind == kind
    assert len(task.rows) == len(cells) - 10
    assert len(task.facts.classes) == (2 if kind == "classification" else 0)


def test_counts_that_are_taken_for_classes_are_told_with_the_mend() -> None:
    task = decide([*([0, 1, 2, 3] * 40), 11])

    assert task.facts.kind == "classification"
    assert any(note.endswith("If these are quantities, say --task regression.") for note in task.notes)
    assert not any("quantities" in note for note in decide(["a", "b"] * 30).notes)


@pytest.mark.parametrize(
    ("cells", "note"),
    [(["1,5", "2,25"], "with a decimal comma"), (["1,500", "2,250"], "with commas between thousands"), (["1.5", "2"], None)],
)
def test_how_commas_in_the_target_are_read_is_told(cells: list[str], note: str | None) -> None:
    task = decide_task(pd.DataFrame({"y": [*cells, "7"] * 20, "x": range(60)}), "y", "regression")

    assert task.notes == (() if note is None else (f"The target is read {note}.",))
