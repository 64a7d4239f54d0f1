import pytest

from tunewright.space import parse
from tunewright.space.shortfall import shortfall


@pytest.mark.parametrize(
    ("text", "less", "more"),
    [
        ("a + b <= 5", {"a": 3, "b": 3}, {"a": 3, "b": 30}),
        ("a < b", {"a": 2, "b": 2}, {"a": 3, "b": 2}),
        ("a == 4 and b == 4", {"a": 4, "b": 5}, {"a": 5, "b": 5}),
        ("a > 10 or b > 10", {"a": 9, "b": 1}, {"a": 5, "b": 1}),
    ],
)
def test_the_farther_the_more(text: str, less: dict[str, int], more: dict[str, int]) -> None:
    assert 0 < shortfall(parse(text), less) < shortfall(parse(text), more) <= 1


@pytest.mark.parametrize(("text", "amount"), [("a != 1", 1.0), ('c == "x"', 1.0), ("a < 5", 0.0), ("missing < 5", 0.0)])
def test_what_has_no_distance_is_violated_or_not(text: str, amount: float) -> None:
    assert shortfall(parse(text), {"a": 1, "c": "y"}) == amount


def test_choices_are_as_far_apart_as_their_places() -> None:
    places = {"small": 0.0, "medium": 1.0, "large": 2.0}

    def amount(size: str) -> float:
        return shortfall(parse('size >= "large" and x == 1'), {"size": size, "x": 0.5}, lambda name, value: places.get(value))

    assert amount("small") > amount("medium") > amount("large") > 0
