import numpy as np
import pytest
from sklearn import datasets

from tunewright.resampling.alike import Verdict, as_bits, find_alike, hashed, joined, judge
from tunewright.typing import Array


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def labels(rows: int, classes: int = 2) -> Array:
    return rng().integers(0, classes, rows).astype(float)


def leaning(levels: int, columns: int, lean: float, rows: int = 2000) -> Array:
    """Columns of few values that depend on each other."""
    said = rng()
    hidden = said.integers(0, levels, (rows, 1))
    return np.where(said.random((rows, columns)) < lean, hidden, said.integers(0, levels, (rows, columns))).astype(float)


def test_rows_that_all_differ_are_no_copies() -> None:
    assert find_alike(rng().normal(size=(200, 3)), labels(200), classes=2) is None


def test_a_table_put_together_three_times_is_told() -> None:
    x, y = rng().normal(size=(150, 5)).round(3), labels(150)

    found = find_alike(np.tile(x, (3, 1)), np.tile(y, 3), classes=2)

    assert found is not None
    assert (found.rows, found.exact, found.natural) == (300, 300, False)
    assert np.bincount(found.numbers).tolist() == [3] * 150
    assert len({*zip(found.numbers.tolist(), np.tile(np.arange(150), 3).tolist(), strict=True)}) == 150


def test_missing_values_and_zeros_of_either_sign_are_the_same() -> None:
    x = rng().normal(size=(60, 4))
    x[10], x[20] = [np.nan, 0.0, 1.5, 2.5], [np.nan, -0.0, 1.5, 2.5]

    found = find_alike(x, labels(60), classes=2)

    assert found is not None
    assert found.rows == 1
    assert found.numbers[10] == found.numbers[20]


def test_the_order_of_columns_counts() -> None:
    x = np.vstack([rng().normal(size=(50, 2)), [[1.0, 2.0], [2.0, 1.0]]])

    assert find_alike(x, labels(52), classes=2) is None


@pytest.mark.parametrize("columns", [1, 3, 5, 10])
@pytest.mark.parametrize("lean", [0.0, 0.3, 0.6, 0.9])
def test_in_columns_of_few_values_rows_are_alike_by_nature(columns: int, lean: float) -> None:
    found = find_alike(leaning(4, columns, lean), labels(2000), classes=2)

    assert found is not None
    assert found.natural


def test_two_flowers_of_the_same_size_are_natural() -> None:
    x, y = datasets.load_iris(return_X_y=True)

    found = find_alike(x, y.astype(float), classes=3)

    assert found is not None
    assert (found.rows, found.natural) == (1, True)


def test_one_column_of_many_values_is_enough_where_others_tell_something() -> None:
    said = rng()
    x = np.column_stack([said.normal(10, 5, 150).round(2), said.integers(18, 90, 150), said.integers(0, 2, 150)])

    found = find_alike(np.tile(x, (2, 1)), labels(300), classes=2)

    assert found is not None
    assert not found.natural


def test_columns_that_say_the_same_do_not_make_copies() -> None:
    x = leaning(4, 4, 0.0)

    found = find_alike(np.hstack([x, x, x + 1]), labels(2000), classes=2)

    assert found is not None
    assert found.natural


def test_where_alike_rows_are_natural_a_quantity_that_repeats_tells_copies() -> None:
    x, y = leaning(4, 5, 0.3, rows=500), rng().normal(size=500)

    once, thrice = (find_alike(np.tile(x, (times, 1)), np.tile(y, times), classes=0) for times in (1, 3))

    assert once is not None
    assert once.natural
    assert thrice is not None
    assert (thrice.exact, thrice.natural) == (1000, False)
    assert np.bincount(thrice.numbers).tolist() == [3] * 500


def test_a_quantity_that_follows_from_the_features_tells_nothing() -> None:
    x = leaning(4, 5, 0.3, rows=500)

    found = find_alike(x, x @ np.array([1.0, 0.1, 0.01, 3.0, 0.5]), classes=0)

    assert found is not None
    assert found.natural


def test_copies_are_found_in_a_table_of_which_only_a_part_is_looked_at() -> None:
    x = rng().normal(size=(60_000, 3))
    x = np.vstack([x, x[:100]])

    found = find_alike(x, labels(len(x)), classes=2)

    assert found is not None
    assert (found.rows, found.natural) == (100, False)


def test_groups_that_share_a_copy_are_one() -> None:
    groups = np.array([0, 0, 1, 1, 2, 3])
    numbers = np.array([0, 1, 1, 2, 3, 4])  # rows 1 and 2 are copies

    assert joined(numbers, groups).tolist() == [0, 0, 0, 0, 1, 2]


def verdict(x: Array, y: Array, *, quantity: bool = False) -> Verdict:
    found = judge(hashed(x, range(x.shape[1])), hashed(y[:, None], [0], salt=99), lambda: x, quantity=quantity)
    assert found is not None
    return found


def test_copies_of_a_table_of_many_values_have_no_near_misses() -> None:
    x = rng().normal(size=(200, 4)).round(3)

    assert verdict(np.tile(x, (2, 1)), labels(400)).near < 0.05


@pytest.mark.parametrize("lean", [0.3, 0.6, 0.9])
def test_rows_alike_by_nature_have_near_misses_however_much_columns_depend_on_each_other(lean: float) -> None:
    assert verdict(leaning(50, 4, lean), labels(2000)).near > 0.5


def test_one_half_without_near_misses_is_enough() -> None:
    said = rng()
    x = np.column_stack([said.normal(size=300), said.integers(0, 9, 300), said.integers(0, 9, 300)])

    assert verdict(np.tile(x, (2, 1)), labels(600)).near < 0.05


def test_agreement_is_1_for_copies_and_0_for_targets_that_are_drawn_anew() -> None:
    x, y = np.tile(rng().normal(size=(2000, 3)), (2, 1)), labels(2000)

    assert verdict(x, np.tile(y, 2)).agreement == pytest.approx(1)
    assert abs(verdict(x, labels(4000)).agreement) < 0.15  # 2,000 pairs: 0.022 is one sigma, so by chance less than once in 1e9


def test_a_cell_has_another_hash_in_another_column_and_bits_stay_as_they_are() -> None:
    x = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]])

    hashes = hashed(x, [0, 1])

    assert hashes[0] == hashes[2] != hashes[1]
    assert (hashed(as_bits(x), [0, 1]) == hashes).all()
    assert (hashed(x, [0, 1], salt=1) != hashes).all()
