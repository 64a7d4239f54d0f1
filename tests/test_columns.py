import numpy as np
import pytest

from tunewright.columns import Columns


def test_columns_keep_their_cells_while_they_grow():
    columns = Columns({"number": np.float64(np.nan), "pair": np.zeros(2)})

    for i in range(1000):
        assert columns.add() == i
        columns.raw["number"][i] = i
        columns.raw["pair"][i] = [i, -i]

    assert len(columns) == 1000
    assert columns.view("number").tolist() == list(range(1000))
    assert columns.view("pair")[:, 1].tolist() == [-i for i in range(1000)]


def test_a_new_row_is_empty():
    columns = Columns({"number": np.float64(np.nan), "flag": np.bool_(True)})

    for _ in range(100):
        columns.add()

    assert np.isnan(columns.view("number")).all()
    assert columns.view("flag").all()


def test_a_view_cannot_be_written():
    columns = Columns({"number": np.float64(0)})
    columns.add()

    with pytest.raises(ValueError, match="read-only"):
        columns.view("number")[0] = 1.0


def test_a_replaced_column_may_be_wider_and_goes_on_growing():
    columns = Columns({"row": np.full(2, np.nan), "flag": np.bool_(True)})
    for _ in range(3):
        columns.add()

    columns.replace("row", np.ones((3, 4)))
    columns.replace("flag", np.zeros(3, bool))

    for _ in range(200):
        columns.add()
    assert columns.view("row").shape == (203, 4)
    assert (columns.view("row")[:3] == 1).all()
    assert np.isnan(columns.view("row")[3:]).all()
    assert columns.view("flag").tolist() == [False] * 3 + [True] * 200
