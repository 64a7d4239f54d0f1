import numpy as np
import pandas as pd
import pytest

from tunewright.automl.columns import decide_columns, describe_column
from tunewright.automl.schema import Target
from tunewright.errors import DataError

RNG = np.random.default_rng(0)
ROWS = 200


def describe(cells: object, name: str = "x") -> tuple[str, str]:
    column = describe_column(pd.Series(cells, name=name), pd.Series(cells, name=name))
    return column.role, column.sentence


def shuffled(cells: range) -> list[int]:
    return [int(cell) for cell in RNG.permutation(np.array(cells))]


@pytest.mark.parametrize(
    ("cells", "name", "role"),
    [
        (RNG.normal(size=ROWS), "x", "number"),
        ([f"{value:.9f}".replace(".", ",") for value in RNG.normal(size=ROWS)], "x", "number"),
        (["1", "2", None, "n.d."] * 50, "x", "number"),
        (["a", "b", None, "c"] * 50, "x", "category"),
        (["Yes", "no"] * 100, "x", "bool"),
        ([True, False] * 100, "x", "bool"),
        (["k"] * ROWS, "x", "constant"),
        ([7] * ROWS, "x", "constant"),
        ([None] * ROWS, "x", "empty"),
        (shuffled(range(ROWS)), "x", "identifier"),
        (shuffled(range(0, 3 * ROWS, 3)), "patient_id", "identifier"),
        (shuffled(range(0, 3 * ROWS, 3)), "salary", "number"),
        ([f"a{i:x}z" for i in range(ROWS)], "x", "identifier"),
        ([f"they said {i} things about it" for i in range(ROWS)], "x", "text"),
        ([f"street {i % 150}" for i in range(ROWS)], "x", "text"),
        (pd.date_range("2020-01-01", periods=ROWS, freq="D"), "x", "date"),
        (pd.date_range("2020-01-01", periods=ROWS, freq="D").strftime("%d.%m.%Y"), "x", "date"),
        (["20200131", "20210228"] * 100, "start_date", "date"),
        (["20200131", "20210228"] * 100, "amount", "number"),
        ([[1, 2]] * ROWS, "x", "text"),
    ],
)
def test_roles_are_told_from_the_values(cells: object, name: str, role: str) -> None:
    assert describe(cells, name)[0] == role


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["1,5", "2,5"] * 100, "decimal comma"),
        (["1,500", "12,500"] * 100, "commas between thousands"),
        (["abc"] + [str(i / 7) for i in range(ROWS - 1)], 'no numbers ("abc", 1 in all) count as missing'),
        (["1e300", "inf", *(str(i / 7) for i in range(ROWS))], "infinite or beyond ±3.4e+38 (2 in all) count as missing"),
        ([f"c{i % 50}" for i in range(ROWS)], "50 categories"),
        (["03/04/2021", "05/06/2021"] * 100, "day first would fit as well"),
        ([None] * ROWS, "no training row has a value"),
        (list(range(ROWS)), "counts the rows"),
    ],
)
def test_what_is_done_to_a_column_is_said(cells: object, says: str) -> None:
    assert says in describe(cells)[1]


def test_many_words_that_are_no_numbers_make_a_category() -> None:
    cells = [str(i % 5) if i % 10 else f"word{i % 30}" for i in range(ROWS)]

    assert describe(cells)[0] == "category"


def test_days_count_from_the_earliest_training_row() -> None:
    whole = pd.Series(pd.date_range("2020-01-01", periods=30, freq="D"), name="d")

    column = describe_column(whole[10:], whole)

    assert column.origin == pd.Timestamp("2020-01-11").timestamp()
    assert set(column.parts) == {"day", "weekday", "days"}


def test_reserved_columns_and_the_target_are_no_features() -> None:
    frame = pd.DataFrame({"site": ["a", "b"] * 50, "x": RNG.normal(size=100), "y": RNG.normal(size=100)})

    schema = decide_columns(frame, np.arange(80), Target(name="y", kind="number"), {"site": "groups"})

    assert schema.features == ("x",)
    assert [column.role for column in schema.columns] == ["groups", "number", "target"]


def test_nothing_to_learn_from_is_an_error_that_says_why() -> None:
    frame = pd.DataFrame({"k": ["same"] * 100, "y": RNG.normal(size=100)})

    with pytest.raises(DataError, match=r'No column is left to learn from .*"k": Not used: every training row holds "same"'):
        decide_columns(frame, np.arange(80), Target(name="y", kind="number"), {})
