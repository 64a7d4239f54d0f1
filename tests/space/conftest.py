"""Random spaces of every kind, with the corners that floating point has."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunewright.errors import SpaceError
from tunewright.space import (
    Bool,
    Categorical,
    Choice,
    Expression,
    Float,
    Int,
    Normal,
    Ordinal,
    Parameter,
    SearchSpace,
    param,
)
from tunewright.space.bind import bind

CORNERS = [-1e308, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1e-310, 1e-5, 0.1, 1.0, 1.0000000000000002, 1e16, 1.7e308]
VALUES: list[Any] = [
    "a",
    "b",
    "",
    "1",
    1,
    1.0,
    True,
    False,
    None,
    0,
    -0.0,
    2**63 - 1,
    1e300,
    5e-324,
    [1, 2],
    [],
    {},
    {"k": [None]},
    "ü\n\"'",
]


def two(rng: np.random.Generator, draw: Callable[[], float]) -> tuple[float, float]:
    while True:
        a, b = draw(), draw()
        if a != b:
            return min(a, b), max(a, b)


def random_float(rng: np.random.Generator) -> Float:
    kind = rng.integers(4)
    if kind == 0:
        low, high = two(rng, lambda: CORNERS[rng.integers(len(CORNERS))])
    elif kind == 1:
        low, high = two(rng, lambda: float(rng.normal() * 10.0 ** rng.integers(-300, 300)))
    elif kind == 2:
        low, high = two(rng, lambda: float(10.0 ** rng.uniform(-320, 308)))
        prior = Normal(low, 0.1) if rng.random() < 0.3 else None
        return Float(low, high, log=True, prior=prior)
    else:
        digits, count = int(rng.integers(0, 4)), int(rng.integers(1, 50))
        start, step = int(rng.integers(-100, 100)), int(rng.integers(1, 50))
        unit = 10**digits
        return Float(start / unit, (start + count * step) / unit, step=step / unit)
    default = low if rng.random() < 0.3 else None
    return Float(low, high, default=default, prior=Normal(high, 0.3) if rng.random() < 0.3 else None)


def random_int(rng: np.random.Generator) -> Int:
    kind = rng.integers(4)
    if kind == 0:
        low = int(rng.integers(1, 50))
        return Int(low, low + int(rng.integers(1, 10 ** int(rng.integers(1, 12)))), log=True)
    if kind == 1:
        low, step = int(rng.integers(-(10**6), 10**6)), int(rng.integers(1, 20))
        return Int(low, low + step * int(rng.integers(1, 1000)), step=step)
    if kind == 2:
        return Int(-(2**49), 2**49 - 1) if rng.random() < 0.5 else Int(2**53 - 5, 2**53)
    low = int(rng.integers(-5, 5))
    return Int(low, low + int(rng.integers(1, 6)), prior=Normal(low, 0.2) if rng.random() < 0.3 else None)


def random_choices(rng: np.random.Generator) -> Parameter:
    picked = rng.permutation(len(VALUES))[: rng.integers(1, 6)]
    values = [VALUES[i] for i in picked]
    prior = (0.1 + rng.random(len(values))).tolist() if rng.random() < 0.3 else None
    kind = Categorical if rng.random() < 0.6 else Ordinal
    return kind(values, values[-1], prior) if rng.random() < 0.5 else kind(values, prior=prior)


def random_parameter(rng: np.random.Generator) -> Parameter:
    kind = rng.integers(4)
    if kind == 3:
        return Bool(prior=0.2) if rng.random() < 0.3 else Bool()
    make: list[Callable[[np.random.Generator], Parameter]] = [random_float, random_int, random_choices]
    return make[kind](rng)


def random_comparison(rng: np.random.Generator, name: str, parameter: Parameter) -> Expression:
    if isinstance(parameter, Bool) and rng.random() < 0.5:
        return param(name)
    if isinstance(parameter, Float | Int):
        bound = parameter.default_value if rng.random() < 0.5 else parameter.low
        ops: list[Callable[[], Expression]] = [
            lambda: param(name) < bound,
            lambda: param(name) >= bound,
            lambda: param(name) != bound,
            lambda: param(name) * 2 - 1 <= bound,
            lambda: 1 / param(name) > 0,
            lambda: param(name).isin([bound, parameter.high]),
        ]
        return ops[rng.integers(len(ops))]()
    choices = (False, True) if isinstance(parameter, Bool) else parameter.choices  # type: ignore[attr-defined]
    value = choices[rng.integers(len(choices))]
    if isinstance(parameter, Ordinal) and rng.random() < 0.5:
        return param(name) >= value
    return [param(name) == value, param(name) != value, param(name).isin(choices[:2])][rng.integers(3)]


def random_condition(rng: np.random.Generator, parents: dict[str, Parameter]) -> Expression:
    names = list(parents)
    parts = [random_comparison(rng, name, parents[name]) for name in (names[rng.integers(len(names))] for _ in range(3))]
    return [parts[0], parts[0] & parts[1], parts[0] | ~parts[1], ~(parts[0] | parts[1]) | parts[2]][rng.integers(4)]


def likely(rng: np.random.Generator, parameters: dict[str, Parameter], constraint: Expression) -> Expression:
    """The constraint, or its contrary where a random configuration of the parameters violates it."""
    space = SearchSpace(parameters)
    rows = space.sample_rows(rng, 5)
    return constraint if bind(constraint, parameters, "").many(rows).mean() > 1 else ~constraint


def make_space(rng: np.random.Generator) -> SearchSpace:
    """A random space; where its constraints turn out impossible, another one."""
    while True:
        parameters: dict[str, Parameter] = {f"p{i}": random_parameter(rng) for i in range(rng.integers(1, 4))}
        names = list(parameters)
        when = {
            name: random_condition(rng, {parent: parameters[parent] for parent in names[:i]})
            for i, name in enumerate(names)
            if i and rng.random() < 0.4
        }
        constraints = [likely(rng, parameters, random_condition(rng, parameters))] if rng.random() < 0.2 else []
        order = [names[i] for i in rng.permutation(len(names))]
        members: dict[str, Parameter | Choice] = {name: parameters[name] for name in order}
        if rng.random() < 0.15:
            members["model"] = Choice(
                {"x y": {"c": random_parameter(rng), "in": Choice({"deep": {"d": Bool()}, "none": {}})}, "n": {}}
            )
        try:
            return SearchSpace(members, when=when, constraints=constraints)
        except SpaceError as error:
            assert "impossible" in str(error) or "defaults violate" in str(error), error  # noqa: PT017  all else is a fault


@pytest.fixture(scope="session")
def random_space() -> Callable[[np.random.Generator], SearchSpace]:
    return make_space


def make_small(rng: np.random.Generator, *, floats: bool = True) -> SearchSpace:
    """A random space that can be walked through: few values, many conditions and constraints."""
    while True:
        kinds: list[Callable[[], Parameter]] = [
            lambda: Float(0, 1) if floats else Int(0, 3),
            lambda: Float(-1, 2, step=0.5),
            lambda: Int(1, int(rng.integers(2, 9))),
            lambda: Int(1, 20, log=True),
            Bool,
            lambda: Categorical([VALUES[i] for i in rng.permutation(len(VALUES))[: rng.integers(1, 4)]]),
            lambda: Ordinal([VALUES[i] for i in rng.permutation(len(VALUES))[: rng.integers(1, 4)]]),
        ]
        parameters = {f"p{i}": kinds[rng.integers(len(kinds))]() for i in range(rng.integers(1, 5))}
        names = list(parameters)
        when = {
            name: random_condition(rng, {parent: parameters[parent] for parent in names[:i]})
            for i, name in enumerate(names)
            if i and rng.random() < 0.5
        }
        constraints = [likely(rng, parameters, random_condition(rng, parameters)) for _ in range(rng.integers(0, 3))]
        numbers = [name for name in names if isinstance(parameters[name], Int | Float)]
        if len(numbers) > 1 and rng.random() < 0.4:
            constraints.append(param(numbers[0]) <= param(numbers[1]))
        try:
            return SearchSpace(
                {names[i]: parameters[names[i]] for i in rng.permutation(len(names))}, when=when, constraints=constraints
            )
        except SpaceError as error:
            assert "impossible" in str(error), error  # noqa: PT017  all else is a fault


@pytest.fixture(scope="session")
def small_space() -> Callable[..., SearchSpace]:
    return make_small
