import numpy as np
import pandas as pd
import pytest

from tunewright.automl.values import clocks, dates, labels, number_style, numbers


@pytest.mark.parametrize(
    ("cells", "style", "expected"),
    [
        (["1", "2.5", None, "-3e2"], "plain", [1, 2.5, np.nan, -300]),
        (["1,5", "2", "-0,25"], "decimal comma", [1.5, 2, -0.25]),
        (["1.234,5", "1.234", "7"], "decimal comma", [1234.5, 1234, 7]),
        (["1,234", "12,345,678", "9"], "thousands comma", [1234, 12345678, 9]),
        (["1,234.5", "9"], "thousands comma", [1234.5, 9]),
        (["12 %", "7%", "$ 3.50"], "plain", [12, 7, 3.5]),
        (["0,123", "1,234", "12,345"], "decimal comma", [0.123, 1.234, 12.345]),
        (["1.234.567", "123.456", "12"], "decimal comma", [1234567, 123456, 12]),
        (["¥ 120", "₹7", "1’250"], "plain", [120, 7, 1250]),
        (["(1.50)", "2", "−3"], "plain", [-1.5, 2, -3]),
        (["(1,234.50)", "2,000", "$ (3)"], "thousands comma", [-1234.5, 2000, -3]),
        (["1", "unknown", "-"], "plain", [1, np.nan, np.nan]),
        (["1", "inf", "-inf"], "plain", [1, np.nan, np.nan]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells: list[str | None], style: str, expected: list[float]) -> None:
    found, read = number_style(pd.Series(cells, dtype="str"))

    assert found == style
    assert not read.junk.any()
    np.testing.assert_array_equal(read.floats, expected)


def test_what_is_no_number_is_junk_and_not_a_number() -> None:
    read = numbers(pd.Series(["1", "abc", "1_000", None]), "plain")

    assert read.junk.tolist() == [False, True, True, False]
    assert np.isnan(read.floats[1:]).all()


@pytest.mark.parametrize("kind", [float, str, object])
def test_numbers_that_no_tree_can_hold_are_missing_and_told_from_junk(kind: type) -> None:
    read = numbers(pd.Series([1e300, -np.inf, 3.4e38, 2.0]).astype(kind), "plain")

    assert read.far.tolist() == [True, True, False, False]
    assert not read.junk.any()
    np.testing.assert_array_equal(read.floats, [np.nan, np.nan, 3.4e38, 2.0])


@pytest.mark.parametrize("cells", [[10**400, -(10**5000), 10**50, 2], [10**400, "-1e400", "1e50", "2"]])
def test_whole_numbers_of_any_length_are_too_far_out_alike(cells: list[object]) -> None:
    read = numbers(pd.Series(cells, dtype=object), "plain")

    assert read.far.tolist() == [True, True, True, False]
    assert not read.junk.any()
    np.testing.assert_array_equal(read.floats, [np.nan, np.nan, np.nan, 2.0])


def test_labels_do_not_depend_on_how_a_number_is_stored() -> None:
    columns = [
        pd.Series([1, 2, 3]),
        pd.Series([1.0, 2.0, 3.0]),
        pd.Series(["1", " 2", "3 "]),
        pd.Series([1, 2, 3], dtype="Int64"),
    ]

    assert [labels(column).tolist() for column in columns] == [["1", "2", "3"]] * 4


def test_labels_of_nothing_are_none() -> None:
    assert labels(pd.Series(["a", "  ", None])).tolist() == ["a", None, None]
    assert labels(pd.Series([1.0, np.nan])).tolist() == ["1", None]
    assert labels(pd.Series([True, None], dtype="boolean")).tolist() == ["True", None]


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("ISO8601", "2021-03-04"),
        ("ISO8601", "2021-03-04T00:00:00Z"),
        ("%d.%m.%Y", "04.03.2021"),
        ("%m/%d/%Y", "03/04/2021"),
        ("%d %b %Y", "04 Mar 2021"),
    ],
)
def test_dates_are_seconds_since_1970(form: str, cell: str) -> None:
    read = dates(pd.Series([cell, None, "-"]), form)

    assert read.floats[0] == 1614816000.0
    assert np.isnan(read.floats[1:]).all()
    assert not read.junk.any()


def test_dates_of_parquet_need_no_format() -> None:
    read = dates(pd.Series(pd.to_datetime(["2021-03-04", None])), "ISO8601")

    assert read.floats[0] == 1614816000.0
    assert np.isnan(read.floats[1])


@pytest.mark.parametrize(
    ("cell", "hours"),
    [
        ("2021-03-04T05:06:07+02:00", 2), ("2021-03-04 05:06-0530", -5.5), ("2021-03-04T05+01", 1), ("2021-03-04T05:06Z", 0), ("2021-03-04", 0),
        ("2021-03-04 05:06", 0), (None, np.nan), ("nonsense", np.nan),
    ],
)  # fmt: skip
def test_clocks_show_the_moment_as_it_was_written(cell: str | None, hours: float) -> None:
    column = pd.Series([cell, "2021-03-04"], dtype=object)
    moments = dates(column, "ISO8601").floats

    np.testing.assert_array_equal(clocks(column, moments) - moments, [3600 * hours, 0.0])


def test_clocks_of_a_column_with_a_time_zone() -> None:
    column = pd.Series(pd.to_datetime(["2021-01-04 12:00", "2021-07-04 12:00", None])).dt.tz_localize("Europe/Berlin")
    moments = dates(column, "ISO8601").floats

    np.testing.assert_array_equal(clocks(column, moments) - moments, [3600.0, 7200.0, np.nan])
    np.testing.assert_array_equal(clocks(column.dt.tz_localize(None), moments), moments)
