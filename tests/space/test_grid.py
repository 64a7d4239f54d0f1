import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, Parameter, SearchSpace
from tunewright.space.engine import Engine
from tunewright.space.grid import level_values


@pytest.mark.parametrize(
    ("parameter", "levels", "values"),
    [
        (Float(0, 1), 5, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Float(1e-5, 1e-1, log=True), 5, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        (Float(0, 1), 1, [0.5]),
        (Float(0, 1, default=0.2), 1, [0.2]),
        (Float(-1e308, 1e308), 3, [-1e308, 0.0, 1e308]),
        (Float(0, 5e-324), 5, [0.0, 5e-324]),
        (Float(0, 1, step=0.1), 3, [0.0, 0.5, 1.0]),
        (Float(0, 1, step=0.5), 9, [0.0, 0.5, 1.0]),
        (Int(1, 9), 3, [1, 5, 9]),
        (Int(1, 3), 5, [1, 2, 3]),
        (Int(0, 100, step=50), 5, [0, 50, 100]),
        (Int(-(2**53), 2**53), 3, [-(2**53), 0, 2**53]),
        (Int(1, 1000, log=True), 4, [1, 10, 100, 1000]),
        (Int(1, 8, log=True), 8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (Int(1, 30, log=True), 7, [1, 2, 3, 5, 10, 17, 30]),
        (Categorical(["a", 1, None]), 2, ["a", 1, None]),
        (Ordinal(["s", "m"]), 1, ["s", "m"]),
        (Bool(), 1, [False, True]),
        (Float(0, 1), [0.5, 0, 0.5], [0.5, 0.0]),
        (Int(1, 9), (3, 9), [3, 9]),
        (Categorical(["a", "b"]), ["b"], ["b"]),
    ],
)
def test_levels_hold_both_ends_on_the_scale(parameter: Parameter, levels: Any, values: list[Any]) -> None:
    found = level_values(Engine({"x": parameter}, {}, []), {"x": levels})["x"]

    assert repr(found) == repr(values)


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        (0, 'at least 1 level for "lr"'),
        (-1, "at least 1 level"),
        (1.5, "whole number or a list"),
        (True, "whole number or a list"),
        ({"lrr": 3}, 'levels for "lrr", which is no parameter. Did you mean "lr"?'),
        ({"lr": "x"}, "whole number or a list"),
        ({"lr": []}, "is empty"),
        ({"lr": [2]}, 'a level of "lr" is 2, outside [0.0, 1.0]'),
    ],
)
def test_levels_that_cannot_be_are_refused_before_the_first_point(levels: Any, says: str) -> None:
    space = SearchSpace({"lr": Float(0, 1)})

    for count in (space.grid, space.grid_size):
        with pytest.raises(SpaceError) as caught:
            count(levels)
        assert says in str(caught.value)


def test_the_last_parameter_turns_fastest() -> None:
    space = SearchSpace({"a": Int(1, 2), "b": Categorical(["x", "y"])})

    assert list(space.grid()) == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]


def test_a_conditional_grid_holds_each_configuration_once() -> None:
    space = SearchSpace(
        {"m": Choice({"svm": {"C": Float(1, 100, log=True)}, "tree": {"depth": Int(1, 2), "best": Bool()}, "none": {}})}
    )

    assert list(space.grid({"svm.C": 3})) == [
        {"m": "svm", "svm.C": 1.0},
        {"m": "svm", "svm.C": 10.0},
        {"m": "svm", "svm.C": 100.0},
        {"m": "tree", "tree.depth": 1, "tree.best": False},
        {"m": "tree", "tree.depth": 1, "tree.best": True},
        {"m": "tree", "tree.depth": 2, "tree.best": False},
        {"m": "tree", "tree.depth": 2, "tree.best": True},
        {"m": "none"},
    ]
    assert space.grid_size({"svm.C": 3}) == 8


def test_a_grid_is_lazy_and_prunes() -> None:
    wide = SearchSpace({f"x{i}": Float(0, 1) for i in range(100)})
    pruned = SearchSpace({f"x{i}": Int(1, 60) for i in range(60)}, constraints=[f"x{i} < x{i + 1}" for i in range(59)][:3])

    assert next(wide.grid())["x99"] == 0.0
    assert next(pruned.grid(60))["x3"] == 4
    assert wide.grid_size(5) == 5**100


def test_points_share_nothing() -> None:
    space = SearchSpace({"layers": Categorical([[1], [2]]), "flag": Bool()})

    for point in space.grid():
        point["layers"].append(9)

    assert [point["layers"] for point in space.grid()] == [[1], [1], [2], [2]]


@pytest.mark.parametrize("seed", range(60))
def test_a_random_grid_is_what_brute_force_finds(seed: int, small_space: Callable[[np.random.Generator], SearchSpace]) -> None:
    rng = np.random.default_rng([seed, 3])
    space = small_space(rng)
    levels = {name: int(rng.integers(1, 5)) for name in space.names}
    engine = Engine(space.parameters, space.when, space.constraints)
    values = level_values(engine, levels)

    expected = set()
    for point in itertools.product(*(values[name] for name in space.names)):
        row = space.deactivate([space.row(dict(zip(space.names, point, strict=True)))])
        if space.allowed(row)[0]:
            expected.add(json.dumps(space.params(row[0])))
    found = [json.dumps(point) for point in space.grid(levels)]

    assert len(found) == len(set(found)) == space.grid_size(levels)
    assert set(found) == expected
    assert [space.validate(point) for point in space.grid(levels)] == list(space.grid(levels))
