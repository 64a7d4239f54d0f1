import pytest

from tunewright.catalog import Shape
from tunewright.catalog.shape import within


def test_width_is_what_encoded_models_see() -> None:
    assert Shape(rows=10, numbers=3).width == 3
    assert Shape(rows=10, numbers=3, categories=2, wide=17).width == 17
    assert Shape(rows=10, numbers=3, categories=2, wide=17).features == 5


@pytest.mark.parametrize(("classes", "outputs"), [(0, 1), (2, 1), (3, 3), (10, 10)])
def test_a_function_is_fitted_for_each_of_several_classes(classes: int, outputs: int) -> None:
    assert Shape(rows=10, numbers=3, classes=classes).outputs == outputs


@pytest.mark.parametrize(("seconds", "cost", "most"), [(None, 9.0, 400), (1.0, 0.5, 200), (100.0, 0.5, 400), (0.1, 5.0, 101)])
def test_what_takes_time_is_bounded_by_the_time(seconds: float | None, cost: float, most: int) -> None:
    assert within(Shape(rows=10, numbers=3, seconds=seconds), 100, 400, cost) == most
