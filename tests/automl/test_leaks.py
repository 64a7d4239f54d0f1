import numpy as np
import pytest

from tunewright.automl.leaks import leaks
from tunewright.automl.records import TaskFacts
from tunewright.automl.schema import Column, Schema, Target
from tunewright.typing import Array

ROWS = 200
RNG = np.random.default_rng(0)
TWO = TaskFacts(kind="classification", target="y", reason="", classes=("no", "yes"))
THREE = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b", "c"))
NUMBER = TaskFacts(kind="regression", target="y", reason="")
Y = RNG.integers(0, 2, ROWS).astype(float)
NOISE = RNG.normal(size=ROWS)


def told(cells: Array, y: Array = Y, task: TaskFacts = TWO, role: str = "number") -> tuple[str, ...]:
    """What is said of a column beside one of noise."""
    column = Column(name="leak", role=role, levels=("u", "v", "w") if role == "category" else ())
    schema = Schema(columns=(column, Column(name="x", role="number")), target=Target(name="y", kind="number"))
    return leaks(schema, np.column_stack([cells, NOISE]), y, task)


def test_noise_says_nothing() -> None:
    assert told(RNG.normal(size=ROWS)) == ()
    assert told(RNG.normal(size=ROWS), RNG.normal(size=ROWS), NUMBER) == ()
    assert told(np.where(RNG.random(ROWS) < 0.5, np.nan, NOISE)) == ()


def test_the_target_in_other_words() -> None:
    assert told(3 - Y)[0].startswith('"leak" says the target exactly. If it is known only afterwards')
    assert told(np.where(Y == 1, 1.0, np.nan))[0].startswith('"leak" says the target exactly.')


def test_a_value_that_is_there_for_one_class_alone() -> None:
    (said,) = told(np.where(Y == 1, RNG.normal(size=ROWS), np.nan))

    assert said.startswith('"leak" says the target exactly by where values are missing.')


def test_a_value_that_is_missing_for_one_class_of_three() -> None:
    y = RNG.integers(0, 3, ROWS).astype(float)

    assert "by where values are missing" in told(np.where(y == 1, np.nan, RNG.normal(size=ROWS)), y, THREE)[0]
    assert told(np.where((y == 1) & (RNG.random(ROWS) < 0.5), np.nan, RNG.normal(size=ROWS)), y, THREE) == ()


@pytest.mark.parametrize("task", [TWO, THREE])
def test_a_number_that_one_threshold_for_each_class_tells_apart(task: TaskFacts) -> None:
    y = RNG.integers(0, len(task.classes), ROWS).astype(float)

    assert told(y + RNG.uniform(0, 0.9, ROWS), y, task)[0].startswith('"leak" tells the classes apart without an error.')
    assert told(y + RNG.uniform(0, 1.3, ROWS), y, task) == ()


def test_categories_that_belong_to_one_class_each() -> None:
    cells = np.where(Y == 1, 2.0, RNG.integers(0, 2, ROWS))

    assert told(cells, role="category")[0].startswith('"leak" tells the classes apart')
    assert told(RNG.permutation(ROWS).astype(float), role="category") == ()


def test_few_rows_may_be_told_apart_by_luck() -> None:
    y = (np.arange(ROWS) < 5).astype(float)

    assert told(y + RNG.uniform(0, 0.9, ROWS), y) == ()


def test_a_quantity_in_other_units_also_where_some_are_missing() -> None:
    y = RNG.normal(size=ROWS)

    for cells in (5 - 2 * y, np.where(RNG.random(ROWS) < 0.3, np.nan, 5 - 2 * y)):
        assert told(cells, y, NUMBER)[0].startswith('"leak" says the target exactly.')


def test_a_date_is_named_once() -> None:
    parts = RNG.normal(size=(ROWS, 2))
    parts[Y == 0] = np.nan
    schema = Schema(columns=(Column(name="death", role="date", parts=("year", "days")),), target=Target(name="y", kind="number"))

    (said,) = leaks(schema, parts, Y, TWO)

    assert said.startswith('"death" says')
