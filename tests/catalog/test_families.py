import math

import numpy as np
import pytest

from tunewright.catalog import FAMILIES, Family, Shape, build_space
from tunewright.space import Float, Int, Parameter

SHAPES = {
    "two classes": Shape(rows=400, numbers=20, classes=2, smallest=80),
    "mixed columns": Shape(rows=400, numbers=5, categories=4, wide=40, missing=True, classes=3, smallest=20),
    "regression": Shape(rows=400, numbers=20),
    "tiny": Shape(rows=8, numbers=1),
    "large": Shape(rows=40_000, numbers=100, classes=10, smallest=900, seconds=3.0),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_every_family_has_a_space_for_every_shape(family: Family, shape: Shape) -> None:
    space = build_space(shape, [family.name])

    assert len(space) > 1
    for params in space.sample(np.random.default_rng(0), 20):
        assert space.validate(params) == params


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_every_parameter_says_its_default(family: Family, shape: Shape) -> None:
    for name, parameter in family.space(shape).parameters.items():
        assert isinstance(parameter, Parameter)
        assert "default" in parameter.describe(), name


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_more_rows_cost_more(family: Family) -> None:
    costs = [family.seconds(Shape(rows=rows, numbers=20, classes=2)) for rows in (100, 1000, 10_000, 100_000)]

    assert costs == sorted(costs)
    assert all(math.isfinite(cost) and cost > 0 for cost in costs)


def test_neighbours_are_no_more_than_the_rows() -> None:
    neighbours = FAMILIES["knn"].space(SHAPES["tiny"]).parameters["n_neighbors"]

    assert isinstance(neighbours, Int)
    assert (neighbours.high, neighbours.default) == (5, 5)


def test_the_decades_of_a_range_are_searched_alike() -> None:
    strength = FAMILIES["linear"].space(SHAPES["two classes"]).parameters["C"]

    assert isinstance(strength, Float)
    assert strength.log


def test_aliases_are_no_names_and_mean_one_family() -> None:
    aliases = [alias for family in FAMILIES.values() for alias in family.aliases]

    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(FAMILIES)
