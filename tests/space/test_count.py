import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, SearchSpace

BIG = 10**6
NESTED: dict[str, Any] = {
    "m": Choice({"a": {"x": Int(1, 10), "y": Choice({"p": {"z": Int(1, 3)}, "q": {}})}, "b": {"w": Bool()}, "c": {}})
}


@pytest.mark.parametrize(
    ("space", "size"),
    [
        (SearchSpace({"a": Int(1, 3), "b": Bool(), "c": Ordinal([1, 2])}), 12),
        (SearchSpace({"a": Float(0, 1)}), math.inf),
        (SearchSpace({"a": Float(0, 1, step=0.1), "b": Bool()}), 22),
        (SearchSpace({"a": Float(0, 1), "b": Bool()}, when={"a": "b"}), math.inf),
        (SearchSpace({"a": Float(0, 1), "b": Int(1, 5)}, when={"a": "b > 7"}), 5),
        (SearchSpace({"a": Int(1, 5), "b": Int(1, 9)}, when={"b": "a > 3"}), 3 + 2 * 9),
        (SearchSpace({"n": Int(1, BIG), "b": Bool()}, when={"b": "n > 10 and n != 50"}), 11 + 2 * (BIG - 11)),
        (SearchSpace({"n": Int(1, 2**53), "b": Bool()}, when={"b": "n in [1, 2, 2.5, 9007199254740992]"}), 2**53 + 3),
        (SearchSpace({"n": Int(0, 10 * BIG, step=5), "b": Bool()}, when={"b": "n < 12"}), 2 * BIG + 1 + 3),
        (SearchSpace({"x": Float(0, 1e5, step=0.1), "b": Bool()}, when={"b": "x <= 0.3"}), BIG + 1 + 4),
        (SearchSpace({"x": Float(0, 1), "b": Bool()}, when={"b": "x > 0.5"}), math.inf),
        (SearchSpace(NESTED), 10 * (3 + 1) + 2 + 1),
        (SearchSpace({f"{k}{name}": NESTED["m"] for k in "" for name in "m"} | {"s": Int(1, 7)} | NESTED), 7 * 43),
        (SearchSpace({"a": Int(1, 100), "b": Int(1, 100)}, constraints=["a < b"]), 4950),
        (SearchSpace({"a": Int(1, 100), "b": Int(1, 100), "c": Int(1, BIG)}, constraints=["a < b"]), 4950 * BIG),
        (SearchSpace({"a": Int(1, BIG), "b": Bool()}, constraints=["a > 999 or b"]), BIG + BIG - 999),
        (
            SearchSpace({f"x{i}": Int(1, 20) for i in range(8)}, constraints=[f"x{i} < x{i + 1}" for i in range(7)]),
            math.comb(20, 8),
        ),
        (SearchSpace({"c": Categorical(list(range(1000))), "b": Bool()}, when={"b": "c in [1, 2]"}), 1002),
        (SearchSpace({"a": Bool(), "x": Int(1, 4)}, when={"x": "a"}, constraints=["x > 2"]), 1 + 2),
    ],
)
def test_the_size_is_exact_without_walking(space: SearchSpace, size: float) -> None:
    assert space.size == size


def test_a_size_too_long_to_count_is_an_upper_bound() -> None:
    space = SearchSpace({"a": Int(1, 1000), "b": Int(1, 1000), "c": Bool()}, constraints=["a * b > 5"])
    tied = SearchSpace({"a": Int(1, BIG), "b": Int(1, BIG), "c": Bool()}, when={"c": "a * b > 5"})

    assert space.size == 2 * 10**6
    assert tied.size == 2 * BIG**2


def test_a_grid_is_counted_by_its_independent_parts() -> None:
    parameters = {f"x{i}": Float(0, 1) for i in range(40)}
    space = SearchSpace(parameters, constraints=["x0 < x1", "x2 < x3"])

    assert space.grid_size(4) == 6**2 * 4**36
    assert SearchSpace(parameters, constraints=[f"x{i} <= x{i + 1}" for i in range(9)]).grid_size(4) == math.comb(13, 3) * 4**30


@pytest.mark.parametrize("seed", range(60))
def test_the_size_of_a_random_space_is_that_of_its_full_grid(seed: int, small_space: Callable[..., SearchSpace]) -> None:
    space = small_space(np.random.default_rng([seed, 4]), floats=False)

    assert space.size == len(list(space.grid(100))) == space.grid_size(100)
