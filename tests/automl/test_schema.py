import msgspec

from tunewright.automl.schema import Column, Schema, Target

SCHEMA = Schema(
    columns=(
        Column(name="age", role="number"),
        Column(name="id", role="identifier", sentence="Not used."),
        Column(name="day", role="date", parts=("year", "days")),
        Column(name="city", role="category", levels=("Bonn", "Rome")),
        Column(name="y", role="target"),
    ),
    target=Target(name="y", kind="text", classes=("a", "b")),
)


def test_categories_come_before_numbers() -> None:
    assert SCHEMA.features == ("city", "age", "day (year)", "day (days)")
    assert [column.name for column in SCHEMA.categories] == ["city"]
    assert [column.name for column in SCHEMA.numeric] == ["age", "day"]


def test_a_schema_goes_to_json_and_back() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SCHEMA), type=Schema) == SCHEMA
