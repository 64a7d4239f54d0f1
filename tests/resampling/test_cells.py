from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tunewright.resampling import cells
from tunewright.resampling.alike import Numbers, sets

RNG = np.random.default_rng(3)
SEVEN = RNG.normal(size=(7, 9)).round(2)
ORDER = np.array([0, 1, 2, 3, 4, 5, 6, 2, 4, 2])


def numbers(data: Any) -> Numbers:
    return sets(cells.hashed_rows(cells.read(data)))[1]


def as_frame(rows: Any) -> pd.DataFrame:
    """Columns of every kind."""
    whole = np.abs(rows[:, 0] * 100).astype(int)
    return pd.DataFrame(
        {
            "float": rows[:, 1],
            "text": [f"t{cell}" for cell in whole % 3],
            "category": pd.Categorical([f"c{cell}" for cell in whole % 5]),
            "missing": pd.array([None if cell % 2 else int(cell) for cell in whole], dtype="Int64"),
            "moment": whole.astype("M8[h]").astype("M8[s]"),
            "object": pd.Series([None if cell % 3 else (int(cell), "a") for cell in whole], dtype=object),
            "few": pd.arrays.SparseArray(whole % 2),
        }
    )


TABLES = {
    "float64": SEVEN[ORDER],
    "float32": SEVEN[ORDER].astype(np.float32),
    "by columns": np.asfortranarray(SEVEN[ORDER]),
    "int": (SEVEN[ORDER] * 100).astype(int),
    "uint8": (np.abs(SEVEN[ORDER]) * 90).astype(np.uint8),
    "bool": np.unpackbits(np.arange(7, dtype=np.uint8)[:, None], axis=1)[ORDER].astype(bool),
    "moments": (np.abs(SEVEN[ORDER]) * 1e9).astype("M8[s]"),
    "images": SEVEN[ORDER].reshape(-1, 3, 3),
    "text cells": SEVEN[ORDER].astype(str),
    "objects": np.where(SEVEN[ORDER] > 1, None, SEVEN[ORDER].astype(object)),
    "lists": SEVEN[ORDER].tolist(),
    "texts": [f"text {number}" for number in ORDER],
    "series of texts": pd.Series([f"text {number}" for number in ORDER]),
    "one column": ORDER,
    "frame": as_frame(SEVEN[ORDER]),
    "frame with one name": pd.DataFrame(SEVEN[ORDER], columns=["a"] * 9),
    "csr": sparse.csr_matrix(np.where(SEVEN > 0, SEVEN, 0)[ORDER]),
    "csc": sparse.csc_matrix(np.where(SEVEN > 0, SEVEN, 0)[ORDER]),
    "sparse array": sparse.csr_array(np.where(SEVEN > 0, SEVEN, 0)[ORDER]),
    "sparse whole numbers": sparse.csr_array((SEVEN * 100).astype(int)[ORDER]),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_rows_are_the_same_where_they_are_in_any_kind_of_table(table: Any) -> None:
    found = numbers(table)

    assert len(set(zip(found.tolist(), ORDER.tolist(), strict=True))) == len(set(found.tolist())) == 7


def test_missing_values_are_the_same_as_each_other_and_zeros_of_either_sign() -> None:
    nan = float("nan")
    odd = np.array([[nan, 1], [None, 1], [np.float32("nan"), 1], [np.nan, 2]], dtype=object)

    assert len(set(numbers(odd)[:3].tolist())) == 1
    assert len(set(numbers(odd).tolist())) == 2
    assert len(set(numbers(np.array([[0.0, nan], [-0.0, np.nan]])).tolist())) == 1
    assert len(set(numbers(pd.DataFrame({"a": pd.array([pd.NA, None, 0], dtype="Int64")})).tolist())) == 2


def test_nothing_is_changed_into_another_kind() -> None:
    large = np.array([[2**53], [2**53 + 1]])

    assert len(set(numbers(large).tolist())) == 2
    assert len(set(numbers(np.array([["1"], ["1.0"], [1]], dtype=object)).tolist())) == 3


def test_stored_zeros_and_cells_stored_twice_count_as_what_they_are() -> None:
    zero = sparse.csr_matrix(([1.0, 0.0, 1.0], [0, 2, 0], [0, 2, 3]), shape=(2, 3))
    parted = sparse.csr_matrix(([1.0, 2.0, 3.0], [1, 1, 1], [0, 2, 3]), shape=(2, 3))

    for table in (zero, parted):
        before = table.copy()
        assert len(set(numbers(table).tolist())) == 1
        assert (table.data == before.data).all()


def test_a_sparse_matrix_is_hashed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    table = sparse.random_array((50, 40), density=0.2, format="csr", rng=np.random.default_rng(0))
    whole = cells.hashed_rows(table)

    monkeypatch.setattr(cells, "_STORED", 7)

    assert (cells.hashed_rows(table) == whole).all()


def test_columns_beyond_the_first_are_read_of_rows_that_are_alike_so_far() -> None:
    x = RNG.normal(size=(100, 30))
    x[50] = x[10]
    x[60, :29] = x[20, :29]

    found = numbers(x)

    assert found[50] == found[10]
    assert len(set(found.tolist())) == 99


def test_what_is_no_table_or_cannot_be_compared_is_refused() -> None:
    for odd in ([{"a": 1}, {"a": 1}], object(), np.ones((3, 2), np.longdouble), pd.DataFrame({"a": [[1], [2]]})):
        with pytest.raises(TypeError):
            numbers(odd)
    with pytest.raises(ValueError, match="too many"):
        cells.hashed_rows(cells.read(np.full((10, 3), "a", dtype=object)), most=29)


def test_what_is_drawn_is_drawn_from_the_rows_and_of_a_wide_table_some_columns() -> None:
    wide = np.arange(20.0)[:, None] * np.ones(1000)

    part = cells.drawn(wide, np.array([3, 5, 7]))

    assert part.shape == (3, 256)
    assert part[:, 0].tolist() == [3, 5, 7]


def test_of_texts_the_halves_are_drawn_and_of_sparse_rows_sums_of_columns() -> None:
    said = cells.drawn(cells.read(["one two", "one six", "ten two"]), np.arange(3))
    rows = cells.drawn(sparse.csr_array(np.eye(4, 500)[[0, 1, 0]]), np.arange(3))

    assert said[0, 0] == said[1, 0] != said[2, 0]
    assert rows.shape == (3, 64)
    assert (rows[0] == rows[2]).all()
    assert (rows[0] != rows[1]).any()


def test_only_one_column_of_texts_alone_is_texts() -> None:
    assert cells.texts(cells.read(["a", "b"])) == ["a", "b"]
    assert cells.texts(pd.DataFrame({"said": ["a", "b"]})) == ["a", "b"]
    for other in (np.ones((2, 1)), np.array([["a", "b"]]), np.array([["a"], [None]], dtype=object), sparse.csr_array(np.eye(2))):
        assert cells.texts(cells.read(other)) is None


def test_twice_tells_what_several_have() -> None:
    assert cells.twice(np.array([5, 1, 5, 2, 5, 1], dtype=np.uint64)).tolist() == [1, 5, 5]
