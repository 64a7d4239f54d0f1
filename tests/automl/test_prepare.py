import numpy as np
import pandas as pd
import pytest

from tunewright.automl.columns import decide_columns
from tunewright.automl.prepare import date_part, prepare
from tunewright.automl.schema import Column, Schema, Target
from tunewright.errors import DataError

ROWS = 100
FRAME = pd.DataFrame({
    "age": [str(20 + i % 40) for i in range(ROWS)],
    "city": ["Oslo", "Rome", None, "Bonn"] * 25,
    "member": ["yes", "no"] * 50,
    "since": pd.date_range("2019-12-30", periods=ROWS, freq="36h").strftime("%Y-%m-%d"),
    "y": np.arange(ROWS) / 7,
})  # fmt: skip


def schema() -> Schema:
    return decide_columns(FRAME, np.arange(ROWS), Target(name="y", kind="number"), {})


def test_categories_come_first_as_codes_and_missing_is_nan() -> None:
    prepared = prepare(FRAME, schema())

    assert schema().features[:3] == ("city", "age", "member")
    np.testing.assert_array_equal(prepared.array[:4, 0], [1, 2, np.nan, 0])
    np.testing.assert_array_equal(prepared.array[:2, 2], [1, 0])
    assert prepared.notes == ()


def test_each_row_is_read_by_itself() -> None:
    whole = prepare(FRAME, schema()).array

    np.testing.assert_array_equal(prepare(FRAME[::-1], schema()).array, whole[::-1])
    np.testing.assert_array_equal(prepare(FRAME[40:41], schema()).array, whole[40:41])


def test_numbers_as_numbers_and_as_text_read_alike() -> None:
    typed = FRAME.assign(age=FRAME["age"].astype(float), member=FRAME["member"].str.upper(), since=pd.to_datetime(FRAME["since"]))

    np.testing.assert_array_equal(prepare(typed, schema()).array, prepare(FRAME, schema()).array)


def test_values_never_seen_and_columns_not_known_are_said() -> None:
    prepared = prepare(FRAME.assign(city="Atlantis", extra=1), schema())

    assert (prepared.array[:, 0] == 3).all()
    assert any("Atlantis" in note for note in prepared.notes)
    assert any('no such column: "extra"' in note for note in prepared.notes)


def test_a_few_unreadable_cells_are_missing_and_said() -> None:
    ages = FRAME["age"].where(FRAME.index > 2, "old")

    prepared = prepare(FRAME.assign(age=ages), schema())

    assert np.isnan(prepared.array[:3, 1]).all()
    assert any('"age" should hold numbers, but 3 rows do not: "old"' in note for note in prepared.notes)


def test_a_number_that_is_too_large_is_missing_and_said() -> None:
    prepared = prepare(FRAME.assign(age=FRAME["age"].where(FRAME.index != 2, "1e300")), schema())

    assert np.isnan(prepared.array[2, 1])
    assert prepared.notes == (
        'Column "age": 1 row holds a number that no model can use, infinite or beyond ±3.4e+38; counted as missing.',
    )


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    wrong = FRAME.drop(columns="city").rename(columns={"age": "Age"}).assign(since="some day", member="perhaps")

    with pytest.raises(DataError) as caught:
        prepare(wrong, schema())

    for part in (
        '"city" is missing',
        '"age" is missing (did you mean "Age"?)',
        '"since" should hold dates',
        '"member" should hold no or yes',
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("part", "value"), [("year", 2021), ("month", 3), ("day", 4), ("weekday", 3), ("hour", 18.5), ("days", 2.7708333333333335)]
)
def test_parts_of_a_date(part: str, value: float) -> None:
    moment, origin = (pd.Timestamp(text).timestamp() for text in ("2021-03-04 18:30", "2021-03-02"))

    moments = np.array([moment, np.nan])

    np.testing.assert_allclose(date_part(moments, moments, part, origin), [value, np.nan])


def test_parts_of_dates_agree_with_pandas() -> None:
    stamps = pd.Series(pd.date_range("1899-11-03", "2101-05-05", freq="97D"))
    seconds = np.array([stamp.timestamp() for stamp in stamps])

    for part, theirs in (("year", "year"), ("month", "month"), ("day", "day"), ("weekday", "day_of_week")):
        np.testing.assert_array_equal(date_part(seconds, seconds, part, 0.0), getattr(stamps.dt, theirs))


def test_parts_of_dates_are_those_of_the_clock_where_they_were_written() -> None:
    """In summer and in winter time, in text and as a column with a time zone; days count in time that passes."""
    shown = pd.Series(["2024-01-01T00:00:00", "2024-07-01T01:30:00"] * 60)
    written = shown + pd.Series(["+01:00", "+02:00"] * 60)
    typed = pd.to_datetime(shown).dt.tz_localize("Europe/Berlin")
    noise = np.random.default_rng(0).normal(size=120)
    for cells in (written, typed):
        frame = pd.DataFrame({"when": cells, "y": noise})
        schema = decide_columns(frame, np.arange(120), Target(name="y", kind="number"), {})
        (column,) = (column for column in schema.columns if column.name == "when")

        found = prepare(frame, schema).array[:2]

        assert column.zone == "as written"
        assert "by the clock of each row's own time zone" in column.sentence
        assert dict(zip(schema.features, found.T.tolist(), strict=True)) == {
            "when (month)": [1.0, 7.0], "when (hour)": [0.0, 1.5], "when (days)": [0.0, pytest.approx(182 + 0.5 / 24)],
        }  # fmt: skip


def test_models_of_dates_without_a_zone_read_offsets_as_they_did() -> None:
    column = Column(name="when", role="date", parts=("hour",))
    schema = Schema(columns=(column,), target=Target(name="y", kind="number"))

    found = prepare(pd.DataFrame({"when": ["2024-01-01T00:00:00+01:00", "2024-01-01T05:00:00Z"]}), schema)

    assert found.array.tolist() == [[23.0], [5.0]]
