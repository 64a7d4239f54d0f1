import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tunewright.errors import ParamsError, SpaceError
from tunewright.space import Float, Int, Normal
from tunewright.space.number import neat


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(1, 0), "Float needs low < high, got low=1.0, high=0.0. Swap them."),
        (lambda: Float(1, 1), "For a fixed value use Categorical([1.0])"),
        (lambda: Float(0, 1, log=True), "Float with log needs low > 0, got low=0.0"),
        (lambda: Float(-1, 1, log=True), "low > 0"),
        (lambda: Float(math.nan, 1), "low must be finite"),
        (lambda: Float(0, math.inf), "high must be finite"),
        (lambda: Float(0, 10**400), "high must be finite"),
        (lambda: Float("0", 1), "low must be a number"),
        (lambda: Float(None, 1), "low must be a number, got null"),
        (lambda: Float(False, 1), "low must be a number, got false"),
        (lambda: Float(0, 1, log=1), "log must be True or False"),
        (lambda: Float(0, 1, step=0.3), "The nearest high that fits is 0.9."),
        (lambda: Float(0, 1, step=5), "The nearest high that fits is 5.0."),
        (lambda: Float(0, 1, step=0), "step > 0"),
        (lambda: Float(0, 1, step=math.nan), "step must be finite"),
        (lambda: Float(0, 1e300, step=1e-300), "2**52"),
        (lambda: Float(1, 2, log=True, step=1), "log and step exclude each other"),
        (lambda: Float(0, 1, default=2), "the default is 2, outside [0.0, 1.0]"),
        (lambda: Float(0, 1, default=math.nan), "the default is NaN"),
        (lambda: Float(0, 1, step=0.25, default=0.3), "off its step 0.25. The nearest value is 0.25."),
        (lambda: Float(0, 1, prior=Normal(2, 0.1)), "center 2.0 is outside [0.0, 1.0]"),
        (lambda: Float(0, 1, prior=[1, 2]), "prior must be Normal"),
        (lambda: Int(3, 3), "For a fixed value use Categorical([3])"),
        (lambda: Int(5, 3), "Swap them"),
        (lambda: Int(0, 1.5), "high must be whole, got 1.5"),
        (lambda: Int(False, 3), "low must be a number, got false"),
        (lambda: Int(0, 2**53 + 2), "2**53"),
        (lambda: Int(math.nan, 3), "low must be finite"),
        (lambda: Int(0, 3, log=True), "low >= 1"),
        (lambda: Int(1, 9, log=True, step=2), "log and step exclude each other"),
        (lambda: Int(0, 10, step=3), "The nearest high that fits is 9."),
        (lambda: Int(0, 10, step=0), "step >= 1"),
        (lambda: Int(0, 10, step=20), "The nearest high that fits is 20."),
        (lambda: Int(0, 10, default=11), "outside [0, 10]"),
        (lambda: Int(0, 10, step=5, default=6), "off its step 5. The nearest value is 5."),
        (lambda: Int(0, 10, default=True), "must be a whole number"),
        (lambda: Int(1, 10, prior=Normal(0, 0.1)), "center 0.0 is outside [1, 10]"),
    ],
)
def test_a_number_that_cannot_be_says_why_and_the_mend(make: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()

    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "default", "size"),
    [
        (Float(0, 1), 0.5, math.inf),
        (Float(1e-5, 1e-1, log=True), 0.001, math.inf),
        (Float(-1e308, 1e308), 0.0, math.inf),
        (Float(0, 1, default=0), 0.0, math.inf),
        (Float(0, 1, step=0.1), 0.5, 11),
        (Int(1, 12), 6, 12),
        (Int(1, 1000, log=True), 32, 1000),
        (Int(0, 100, step=25), 50, 5),
        (Int(-(2**53), 2**53), 0, 2**54 + 1),
    ],
)
def test_the_default_is_the_middle_of_the_scale(parameter: Float | Int, default: float, size: float) -> None:
    assert parameter.default_value == default
    assert parameter.size == size
    assert parameter.check(default) == default


def test_steps_are_decimal() -> None:
    ladder = Float(0, 1, step=0.1).ladder

    assert ladder is not None
    assert [ladder.value(i) for i in range(11)] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


@pytest.mark.parametrize("step", [0.1, 1 / 3, 1e-3, 1e-17, 12.5, 1e300])
def test_a_ladder_begins_at_low_and_ends_at_high_whatever_its_step(step: float) -> None:
    parameter = Float(-7 * step, 93 * step, step=step) if step != 1 / 3 else Float(0, 1, step=step)
    ladder = parameter.ladder

    assert ladder is not None
    assert (ladder.value(0), ladder.value(ladder.length - 1)) == (parameter.low, parameter.high)
    assert [parameter.check(ladder.value(i)) for i in range(ladder.length)] == [ladder.value(i) for i in range(ladder.length)]


@pytest.mark.parametrize(
    ("parameter", "given", "canonical"),
    [
        (Float(0, 9), 3, 3.0),
        (Float(0, 9), np.float32(0.5), 0.5),
        (Float(0, 9), np.int8(3), 3.0),
        (Float(0, 1, step=0.1), 0.1 + 0.2, 0.3),
        (Int(0, 9), 3.0, 3),
        (Int(0, 9), np.int64(3), 3),
        (Int(0, 9), np.float64(3.0), 3),
        (Int(-(2**53), 2**53), 2**53, 2**53),
    ],
)
def test_numbers_become_python_numbers(parameter: Float | Int, given: Any, canonical: float) -> None:
    found = parameter.check(given)

    assert found == canonical
    assert type(found) is type(canonical)


@pytest.mark.parametrize(
    "given",
    [
        True,
        np.True_,
        "1",
        None,
        [1],
        math.nan,
        math.inf,
        -math.inf,
        pytest.param(10**5000, id="huge"),
        10,
        -1,
        1j,
        np.array([1.0]),
    ],
)
@pytest.mark.parametrize("parameter", [Float(0, 9), Int(0, 9), Float(0, 9, step=1), Int(0, 9, step=3)])
def test_other_things_are_no_numbers(parameter: Float | Int, given: Any) -> None:
    with pytest.raises(ParamsError):
        parameter.check(given)


@pytest.mark.parametrize("given", [2.5, 2.0000001])
def test_an_int_takes_no_fraction(given: float) -> None:
    with pytest.raises(ParamsError, match=r"not whole\. The nearest value is 2"):
        Int(0, 9).check(given)


def test_repr_shows_what_was_said_and_builds_it_again() -> None:
    parameters = [
        Float(1e-5, 0.1, log=True),
        Float(0, 1, step=0.25, default=0.5, prior=Normal(0.5, 0.1)),
        Int(1, 12),
        Int(0, 10, step=5, default=0),
        Int(1, 12, log=True, prior=Normal(3, 0.2)),
    ]

    assert repr(parameters[0]) == "Float(1e-05, 0.1, log=True)"
    assert [eval(repr(parameter)) for parameter in parameters] == parameters  # noqa: S307, RUF100
    assert [pickle.loads(pickle.dumps(parameter)) for parameter in parameters] == parameters
    assert len({*parameters, *map(eval, map(repr, parameters))}) == len(parameters)


def test_numbers_of_different_kinds_are_not_equal() -> None:
    assert Float(0, 1) != Int(0, 1)
    assert Float(0, 1) == Float(0.0, 1.0)
    assert Float(0, 1) != Float(0, 1, default=0.5)


def test_a_neat_number_stays_inside() -> None:
    assert neat(0.0010000000000000002, 0.0, 1.0) == 0.001
    assert neat(1.0000000000000002, 1.0000000000000002, 2.0) == 1.0000000000000002


@pytest.mark.parametrize("number", [Decimal("0.1"), Fraction(1, 10), np.array(0.1), np.float64(0.1)])
def test_every_kind_of_number_is_a_bound_and_a_value(number: Any) -> None:
    assert Float(number, 1) == Float(0.1, 1)
    assert Float(0, 1).check(number) == 0.1
    assert type(Float(0, 1).check(number)) is float
    assert Int(Decimal(1), Fraction(9)).check(Decimal(3)) == 3
