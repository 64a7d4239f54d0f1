import numpy as np
import pytest

from tunewright import param
from tunewright.schedulers.explore import explored
from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, SearchSpace
from tunewright.testing.problems import problems

NUMBERS = SearchSpace(
    {
        "share": Float(0, 1),
        "rate": Float(1e-4, 1, log=True),
        "momentum": Float(-1, 1),
        "tenths": Float(0, 1, step=0.1),
        "layers": Int(1, 9),
        "width": Int(1, 1000, log=True),
        "size": Int(8, 64, step=8),
        "grade": Ordinal(["a", "b", "c"]),
        "kind": Categorical(["p", "q"]),
        "on": Bool(),
    }
)
PARENT = {
    "share": 0.5, "rate": 0.01, "momentum": 0.0, "tenths": 0.3, "layers": 3, "width": 100, "size": 24, "grade": "b", "kind": "p", "on": True,
}  # fmt: skip


def children(space, params, count=200, **how):
    return [explored(space, params, np.random.default_rng(seed), **how) for seed in range(count)]


def values(name, **how):
    return {child[name] for child in children(NUMBERS, PARENT, **how)}


def test_numbers_move_by_a_factor_on_their_own_scale():
    assert values("share", resample=0) == {0.4, 0.6}
    assert values("rate", resample=0) == {0.008, 0.012}
    assert values("momentum", resample=0) == {-0.2, 0.2}  # by a fifth of its distance from low
    assert values("width", resample=0) == {80, 120}
    assert values("share", resample=0, factors=(0.5, 2)) == {0.25, 1.0}


def test_what_has_steps_goes_to_a_neighbour_at_least():
    assert values("tenths", resample=0) == {0.2, 0.4}
    assert values("layers", resample=0) == {2, 4}
    assert values("size", resample=0) == {16, 32}
    assert values("grade", resample=0) == {"a", "c"}


def test_choices_change_only_by_being_drawn_anew():
    assert values("kind", resample=0) == {"p"}
    assert values("on", resample=0) == {True}
    # 1 in 8 changes: that none of 200 does, less than once in 1e11
    assert values("kind") == {"p", "q"}
    assert values("on") == {True, False}


def test_the_ends_of_a_range_hold():
    low = {**PARENT, "share": 0.0, "rate": 1e-4, "tenths": 0.0, "layers": 1, "width": 1, "size": 8, "grade": "a"}
    high = {**PARENT, "share": 1.0, "rate": 1.0, "tenths": 1.0, "layers": 9, "width": 1000, "size": 64, "grade": "c"}

    for child in [*children(NUMBERS, low), *children(NUMBERS, high)]:
        assert NUMBERS.validate(child) == child
    assert {child["share"] for child in children(NUMBERS, low, resample=0)} == {0.0, 0.02}  # zero does not stick
    assert {child["layers"] for child in children(NUMBERS, low, resample=0)} == {1, 2}


def test_a_quarter_is_drawn_anew():
    fresh = sum(child["share"] not in {0.4, 0.6} for child in children(NUMBERS, PARENT, 4000))

    assert abs(fresh / 4000 - 0.25) < 0.04  # 5.8 sigma: fails by chance less than once in 1e8 runs


def test_what_is_fixed_stays():
    assert values("width", fixed=("width", "kind")) == {100}
    assert values("kind", fixed=("width", "kind")) == {"p"}
    assert children(NUMBERS, PARENT, 3, fixed=tuple(NUMBERS)) == [PARENT] * 3


def test_a_choice_drawn_anew_brings_its_own_parameters():
    space = SearchSpace({"opt": Choice({"sgd": {"momentum": Float(0, 1)}, "adam": {}}), "rate": Float(0, 1)})

    found = children(space, {"opt": "adam", "rate": 0.5}, resample=0.5)

    assert {child["opt"] for child in found} == {"sgd", "adam"}  # 1 in 4 changes: all of 200 the same, less than once in 1e24
    assert all(space.validate(child) == child for child in found)


def test_constraints_hold_and_where_nothing_is_allowed_the_parent_stays():
    space = SearchSpace({"low": Int(0, 10), "high": Int(0, 10)}, constraints=[param("low") < param("high")])

    assert all(child["low"] < child["high"] for child in children(space, {"low": 4, "high": 5}))
    narrow = SearchSpace({"a": Int(0, 1000), "b": Int(0, 1000)}, constraints=[param("a") + param("b") == 500])
    parent = {"a": 250, "b": 250}
    assert explored(narrow, parent, np.random.default_rng(0), resample=0, factors=(0.9, 1.3)) == parent


@pytest.mark.parametrize("problem", problems(), ids=lambda problem: problem.name)
def test_every_child_is_inside_every_space(problem):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        child = explored(problem.space, problem.space.sample(rng), rng)
        assert problem.space.validate(child) == child
