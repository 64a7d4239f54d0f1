import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import datasets
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

from tunewright.errors import DataError
from tunewright.resampling.cells import Table
from tunewright.resampling.copied import alike_rows, untold, warn_of_copies

RNG = np.random.default_rng(11)
ROWS = 300
NOISE = RNG.normal(size=(ROWS, 5))
LABELS = RNG.integers(0, 2, ROWS)
WORDS = np.array([f"word{number}" for number in range(300)])


def sentences(least: int, most: int) -> list[str]:
    """Texts as people write them: a few words are frequent."""
    shares = 1 / np.arange(1, 301)
    return [" ".join(RNG.choice(WORDS, RNG.integers(least, most), p=shares / shares.sum())) for _ in range(ROWS)]


LONG, SHORT = sentences(12, 30), sentences(1, 4)


def said(X: Any, y: Any, splitter: Any = None, **more: Any) -> str | None:
    """What is warned of on the folds that the splitter makes."""
    groups = more.get("groups")
    rows = X.shape[0] if hasattr(X, "shape") else len(X)
    splitter = splitter or KFold(5, shuffle=True, random_state=0)
    folds = list(splitter.split(np.zeros(rows), y, groups))
    classes = more.pop("classes", y is not None and np.asarray(y).dtype.kind != "f")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        told = warn_of_copies(X, y, folds, classes=classes, **more)
    assert told == bool(caught)
    assert len(caught) < 2
    return str(caught[0].message) if caught else None


def twice(part: Any) -> Any:
    return np.concatenate([part, part])


# ---- copies ------------------------------------------------------------------------------------------------------------------


def test_it_says_how_many_rows_are_copies_what_follows_and_how_to_mend_it() -> None:
    told = said(twice(NOISE), twice(LABELS))

    assert told is not None
    assert told.startswith(
        f"Each of {2 * ROWS} rows stands in X and y 2 times, or a multiple of it, as if the table were put together 2 times, "
    )
    assert "and the folds divide them: " in told
    assert "have such a copy among their training rows, so the scores praise memory" in told
    assert told.endswith("hold them together (from tunewright.resampling import alike_rows): cv=5, groups=alike_rows(X).")


def test_it_says_how_many_rows_repeat_others_where_not_all_do() -> None:
    rows = np.concatenate([np.arange(ROWS), np.arange(40)])

    told = said(NOISE[rows], LABELS[rows])

    assert told is not None
    assert told.startswith(
        f"40 of {ROWS + 40} rows repeat another row in all of X and y, more than chance gives, and the folds divide them: "
    )


@pytest.mark.parametrize("levels", [2, 3, 10])
def test_a_table_put_together_several_times_is_told_whatever_its_columns_hold(levels: int) -> None:
    for columns, y in ((6, LABELS), (2, NOISE[:, 0])):
        x = RNG.integers(0, levels, (ROWS, columns))

        told = said(np.tile(x, (3, 1)), np.tile(y, 3))

        assert said(x, y) is None
        assert told is not None
        assert "as if the table were put together 3 times" in told


def test_one_column_and_short_texts_are_told_where_all_stand_there_twice() -> None:
    assert said(twice(NOISE[:, :1]), twice(LABELS)) is not None
    assert said(SHORT + SHORT, twice(LABELS)) is not None


FRAME = pd.DataFrame(
    {
        "float": NOISE[:, 0].round(2),
        "text": RNG.choice(WORDS, ROWS),
        "category": pd.Categorical(RNG.choice(list("uvw"), ROWS)),
        "missing": pd.array([None if number < 9 else number for number in RNG.integers(0, 50, ROWS).tolist()], dtype="Int64"),
    }
)
SPARSE = sparse.random_array((ROWS, 900), density=0.02, format="csr", rng=RNG)
COPIED: dict[str, Table] = {
    "floats": twice(NOISE),
    "floats of 32 bits": twice(NOISE.astype(np.float32)),
    "whole numbers": twice(RNG.integers(0, 1000, (ROWS, 4))),
    "texts as cells": twice(RNG.integers(0, 100, (ROWS, 5)).astype(str)),
    "objects": twice(RNG.integers(0, 100, (ROWS, 5)).astype(str).astype(object)),
    "missing values": twice(np.where(RNG.random((ROWS, 6)) < 0.3, np.nan, RNG.normal(size=(ROWS, 6)))),
    "images": twice(RNG.integers(0, 256, (ROWS, 8, 8))),
    "lists": twice(NOISE).tolist(),
    "frame": pd.concat([FRAME, FRAME]),
    "sparse": sparse.vstack([SPARSE, SPARSE]).tocsr(),
    "sparse by columns": sparse.vstack([SPARSE, SPARSE]).tocsc(),
    "long texts": LONG + LONG,
    "array of long texts": np.array(LONG + LONG),
    "series of long texts": pd.Series(LONG + LONG),
    "words of long texts": CountVectorizer().fit_transform(LONG + LONG),
}


@pytest.mark.parametrize("table", COPIED.values(), ids=COPIED.keys())
@pytest.mark.parametrize(
    "target", [twice(LABELS), pd.Series(twice(LABELS)).map({0: "no", 1: "yes"}), twice(NOISE[:, 1]), None], ids=type
)
def test_copies_are_found_in_tables_of_every_kind(table: Any, target: Any) -> None:
    assert said(table, target) is not None


@pytest.mark.parametrize("table", COPIED.values(), ids=COPIED.keys())
def test_groups_of_alike_rows_are_the_mend_for_tables_of_every_kind(table: Any) -> None:
    groups = alike_rows(table)

    assert len(np.unique(groups)) == ROWS
    assert said(table, twice(LABELS), GroupKFold(5), groups=groups) is None


def test_a_rare_class_drawn_again_and_again_before_the_folds_is_told() -> None:
    rare = np.flatnonzero(RNG.random(ROWS) < 0.1)
    rows = np.concatenate([np.arange(ROWS), RNG.choice(rare, ROWS)])

    assert said(NOISE[rows], np.isin(rows, rare).astype(int), StratifiedKFold(5)) is not None


def test_where_alike_rows_are_natural_a_quantity_tells_copies_and_the_mend_asks_it() -> None:
    x, y = RNG.integers(0, 3, (ROWS, 5)), RNG.normal(size=ROWS)

    told = said(np.tile(x, (3, 1)), np.tile(y, 3))

    assert said(x, y) is None
    assert told is not None
    assert "groups=alike_rows(X, y)" in told
    assert said(np.tile(x, (3, 1)), np.tile(y, 3), GroupKFold(5), groups=alike_rows(np.tile(x, (3, 1)), np.tile(y, 3))) is None


def test_groups_that_divide_copies_are_joined_by_the_mend() -> None:
    x, y, groups = twice(NOISE), twice(LABELS), RNG.permutation(ROWS // 2)[np.arange(2 * ROWS) // 4]

    told = said(x, y, GroupKFold(5), groups=groups)

    assert told is not None
    assert "groups=alike_rows(X, groups=groups)" in told
    joined = alike_rows(x, groups=groups)
    assert said(x, y, GroupKFold(5), groups=joined) is None
    assert all(len(set(joined[groups == group].tolist())) == 1 for group in range(5))


def test_a_search_is_told_which_splitter_heeds_groups() -> None:
    classes = said(twice(NOISE), twice(LABELS), search=True)
    quantity = said(twice(NOISE), twice(NOISE[:, 0]), search=True)

    assert classes is not None
    assert "cv=StratifiedGroupKFold(5), and fit(X, y, groups=alike_rows(X))" in classes
    assert quantity is not None
    assert "cv=GroupKFold(5)" in quantity


# ---- folds -------------------------------------------------------------------------------------------------------------------


def test_only_copies_that_the_folds_divide_are_told() -> None:
    beside, after = (np.repeat(NOISE, 2, axis=0), np.repeat(LABELS, 2)), (twice(NOISE), twice(LABELS))

    assert said(*beside, KFold(5)) is None
    assert said(*after, KFold(5)) is not None
    assert said(*after, KFold(2)) is not None


def test_rows_in_time_may_come_again() -> None:
    assert said(twice(NOISE), twice(LABELS), TimeSeriesSplit(5)) is None


def test_a_row_is_no_copy_of_itself_where_folds_are_judged_on_what_they_train_on() -> None:
    x, rows = twice(NOISE), np.arange(2 * ROWS)

    assert not warn_of_copies(x, None, [(rows, rows)], classes=False)
    assert not warn_of_copies(NOISE, LABELS, [(rows[:ROWS], rows[:ROWS])], classes=True)


def test_masks_may_stand_for_rows() -> None:
    first = np.arange(2 * ROWS) < ROWS

    with pytest.warns(UserWarning, match=f"{2 * ROWS} of {2 * ROWS} test rows"):
        warn_of_copies(twice(NOISE), twice(LABELS), [(~first, first), (first, ~first)], classes=True)


def test_a_few_copies_are_passed_over() -> None:
    few = np.concatenate([np.arange(ROWS), [3]])

    assert said(NOISE[few], LABELS[few]) is None


# ---- no copies ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud"])
@pytest.mark.parametrize(
    "change", [lambda x: x, np.round, lambda x: x > np.median(x, axis=0)], ids=["as it is", "rounded", "two values"]
)
def test_what_scikit_learn_brings_has_no_copies(name: str, change: Callable[[Any], Any]) -> None:
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)

    assert said(change(x), y) is None
    assert said(change(x), None) is None


def test_images_of_few_pixels_or_shades_are_alike_by_nature() -> None:
    x, y = datasets.load_digits(return_X_y=True)

    for part in (x[:, 20:32] // 4, x[:, [18, 20, 27, 29, 35, 37]] // 6, x // 8):
        assert said(part, y) is None


@pytest.mark.parametrize("levels", [2, 4, 20, 50])
@pytest.mark.parametrize("columns", [1, 2, 4, 8])
@pytest.mark.parametrize("lean", [0.0, 0.5, 0.9])
def test_columns_of_few_values_make_no_copies_however_much_they_depend_on_each_other(
    levels: int, columns: int, lean: float
) -> None:
    hidden = RNG.integers(0, levels, (2000, 1))
    x = np.where(RNG.random((2000, columns)) < lean, hidden, RNG.integers(0, levels, (2000, columns)))
    follows = (x.sum(axis=1) > x.sum(axis=1).mean()).astype(int)

    for y in (follows, RNG.integers(0, 2, 2000), x @ RNG.normal(size=columns), follows + RNG.normal(size=2000).round(1), None):
        assert said(x, y) is None


def test_short_texts_and_their_words_are_alike_by_nature() -> None:
    spoken, words = np.array(SHORT), CountVectorizer().fit_transform(SHORT)
    follows = np.array([int("word0" in text.split()) for text in SHORT])

    assert len(np.unique(spoken)) < 0.9 * ROWS
    for table in (SHORT, spoken, pd.Series(SHORT), words):
        for y in (LABELS, follows, None):
            assert said(table, y) is None


def test_texts_of_a_few_forms_are_alike_by_nature() -> None:
    forms = [
        f"The customer has rated this product with {stars} stars, thank you very much for it."
        for stars in RNG.integers(0, 6, ROWS)
    ]

    assert said(forms, LABELS) is None


def test_indicators_of_categories_are_alike_by_nature() -> None:
    frame = pd.DataFrame({name: RNG.choice(list("abcdefgh"), 2000) for name in "uvw"})

    dense = pd.get_dummies(frame)

    for table in (frame, dense, sparse.csr_array(dense.to_numpy(dtype=float))):
        assert said(table, RNG.integers(0, 2, 2000)) is None
        assert said(table, dense.iloc[:, 0].astype(int)) is None


def test_measurements_of_the_same_things_that_came_out_differently_are_no_copies() -> None:
    products = NOISE[RNG.integers(0, 30, 900)]

    assert said(products, RNG.integers(0, 2, 900)) is None
    assert said(products, (RNG.random(900) < 0.05).astype(int)) is None
    assert said(products, products[:, 0] + RNG.normal(size=900)) is None


def test_rows_of_nothing_but_zeros_are_no_copies() -> None:
    x, y = NOISE.copy(), LABELS.copy()
    x[:90], y[:90] = 0, 0

    assert said(x, y) is None
    assert said(x, None) is None


def test_counts_that_are_mostly_zero_are_alike_by_nature() -> None:
    x = RNG.poisson(0.3, size=(2000, 15))

    assert said(x, (x.sum(axis=1) > 4).astype(int)) is None


@pytest.mark.parametrize(
    "odd",
    [
        [{"a": 1}] * 100, [[1], [1, 2]] * 50, object(), np.ones((100, 0)), np.ones((100, 3)), np.full((100, 2), None), np.ones((100, 2), complex),
        [object()] * 100, np.full((100, 2), np.nan), sparse.csr_array((100, 5)), pd.DataFrame({"a": [[1]] * 100}), [""] * 100,
    ],
    ids=lambda odd: type(odd).__name__,
)  # fmt: skip
def test_of_odd_data_nothing_is_said(odd: Any) -> None:
    folds = [(np.arange(50), np.arange(50, 100)), (np.arange(50, 100), np.arange(50))]

    for y in ([0, 1] * 50, [[1], [1, 2]] * 50, None, np.full(100, np.nan), [None] * 100):
        assert not warn_of_copies(odd, y, folds, classes=True)
        assert not warn_of_copies(odd, y, folds, classes=False)


def test_it_hangs_on_nobodys_settings_and_changes_nothing() -> None:
    x, y = twice(NOISE), twice(LABELS)
    x[0, 0] = x[ROWS, 0] = 1e-320
    kept, state = x.copy(), pickle.dumps(np.random.get_state())  # noqa: NPY002  everybody's

    with np.errstate(all="raise"):
        assert said(x, y) is not None

    assert (x == kept).all()
    assert pickle.dumps(np.random.get_state()) == state  # noqa: NPY002  the same


def test_within_untold_nothing_is_looked_for() -> None:
    with untold():
        assert said(twice(NOISE), twice(LABELS)) is None
        with untold(False):
            assert said(twice(NOISE), twice(LABELS)) is None
    with untold(False):
        assert said(twice(NOISE), twice(LABELS)) is not None


def test_alike_rows_need_as_many_targets() -> None:
    with pytest.raises(DataError, match="numbers of rows differ"):
        alike_rows(NOISE, LABELS[1:])
    with pytest.raises(TypeError):
        alike_rows([{"a": 1}, {"a": 1}])
