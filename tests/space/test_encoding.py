import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.errors import ParamsError, SpaceError
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, Parameter
from tunewright.space.encoding import coding
from tunewright.typing import Array

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=5e-324, allow_infinity=False)
UNIT = st.floats(0, 1)


def column(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def check_line(parameter: Float, unit: float) -> None:
    code = coding(parameter)
    ends = column(parameter.low, parameter.high)

    assert code.to_unit(ends).tolist() == [0.0, 1.0]
    assert code.from_unit(column(0.0, 1.0)).tolist() == ends.tolist()
    assert code.from_unit(code.to_unit(ends)).tolist() == ends.tolist()
    inside = code.from_unit(column(unit))
    drawn = code.draw(unit)
    assert parameter.low <= inside[0] <= parameter.high
    assert parameter.low <= drawn <= parameter.high
    assert 0.0 <= code.to_unit(inside)[0] <= 1.0
    assert code.value(code.raw(drawn)) == drawn


@given(FINITE, FINITE, UNIT)
def test_a_line_is_exact_at_both_ends_whatever_the_floats(a: float, b: float, unit: float) -> None:
    if a != b:
        check_line(Float(min(a, b), max(a, b)), unit)


@given(POSITIVE, POSITIVE, UNIT)
def test_a_logarithmic_line_is_exact_at_both_ends_over_any_decades(a: float, b: float, unit: float) -> None:
    if a != b:
        check_line(Float(min(a, b), max(a, b), log=True), unit)


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), UNIT)
def test_a_logarithmic_line_is_the_line_of_the_logarithms(a: float, b: float, unit: float) -> None:
    low, high = min(a, b), max(a, b)
    if high / low > 1.001:
        x = coding(Float(low, high, log=True)).from_unit(column(unit))[0]

        assert math.isclose(math.log(x), math.log(low) + unit * (math.log(high) - math.log(low)), abs_tol=1e-9)


def test_a_range_wider_than_the_largest_float_does_not_overflow() -> None:
    high = 2.0**1023
    code = coding(Float(-high, high))

    assert code.from_unit(column(0.0, 0.25, 0.5, 1.0)).tolist() == [-high, -high / 2, 0.0, high]
    assert code.to_unit(column(-high / 2, 0.0, high / 2)).tolist() == [0.25, 0.5, 0.75]
    assert [code.draw(u) for u in (0.0, 0.5, 0.75)] == [-high, 0.0, high / 2]


DISCRETE: list[Parameter] = [
    Int(1, 12),
    Int(-7, 14, step=3),
    Int(0, 10**6, step=10**5),
    Int(1, 1000, log=True),
    Int(1, 2, log=True),
    Float(0, 1, step=0.1),
    Float(-3.3, 4.4, step=1.1),
    Float(0, 1, step=1 / 3),
    Float(1e15, 1e15 + 100, step=12.5),
    Float(-1e308, 1e308, step=1e307),
    Categorical(["a", 1, True, None, [1], {"k": 2}, 1.0]),
    Categorical(["a", "b"]),
    Categorical([3]),
    Ordinal([5, 1, 3]),
    Categorical(list(range(1000))),
    Bool(),
    Int(1, 12, prior=Normal(3, 0.1)),
    Float(0, 1, step=0.1, prior=Normal(0.3, 0.2)),
    Int(1, 1000, log=True, prior=Normal(30, 0.2)),
    Ordinal([5, 1, 3], prior=[1, 2, 3]),
    Bool(prior=0.1),
]


@pytest.mark.parametrize("parameter", DISCRETE, ids=repr)
def test_what_can_be_counted_comes_back_exactly(parameter: Parameter) -> None:
    code = coding(parameter)
    raws = code.members()
    values = [code.value(x) for x in raws.tolist()]

    assert len(raws) == parameter.size
    assert len(set(raws.tolist())) == parameter.size
    assert [code.raw(value) for value in values] == raws.tolist()
    assert [repr(code.check(value)) for value in values] == [repr(value) for value in values]
    assert [repr(parameter.check(value)) for value in values] == [repr(value) for value in values]
    assert code.from_unit(code.to_unit(raws)).tolist() == raws.tolist()
    assert code.from_unit(column(0.0, 1.0)).tolist() == [raws[0], raws[-1]]
    assert (np.diff(code.to_unit(raws)) > 0).all()


@pytest.mark.parametrize("parameter", DISCRETE, ids=repr)
def test_every_cell_gets_its_share(parameter: Parameter) -> None:
    code = coding(parameter)
    uniform = (np.arange(20_000) + 0.5) / 20_000
    many = code.quantile(uniform).tolist()

    assert set(many) <= set(code.members().tolist())
    assert [code.raw(code.draw(u)) for u in uniform.tolist()[:: 20_000 // 500]] == many[:: 20_000 // 500]
    counts = np.array([many.count(x) for x in code.members().tolist()]) if parameter.size < 100 else None
    if counts is not None and getattr(parameter, "prior", None) is None and not getattr(parameter, "log", False):
        assert counts.max() - counts.min() <= 1


def test_the_cells_of_a_logarithmic_int_are_those_of_the_logarithm() -> None:
    code = coding(Int(1, 10, log=True))
    uniform = (np.arange(100_000) + 0.5) / 100_000
    drawn = code.quantile(uniform)

    for n in range(1, 11):
        share = math.log((n + 0.5) / (n - 0.5)) / math.log(10.5 / 0.5)
        assert abs((drawn == n).mean() - share) < 1e-4


def test_priors_draw_towards_their_center() -> None:
    uniform = (np.arange(10_000) + 0.5) / 10_000
    drawn = coding(Float(1e-5, 1, log=True, prior=Normal(1e-2, 0.1))).quantile(uniform)
    weighted = coding(Categorical(["a", "b", "c"], prior=[1, 2, 7])).quantile(uniform)

    # the spread is a tenth of five decades, far from both ends: half within 0.6745 sd of the center
    assert abs(np.median(np.log10(drawn)) + 2) < 1e-3
    assert abs((np.abs(np.log10(drawn) + 2) < 0.6745 * 0.5).mean() - 0.5) < 1e-3
    assert np.bincount(weighted.astype(int)).tolist() == [1000, 2000, 7000]
    assert coding(Bool(prior=0.25)).quantile(uniform).sum() == 2500


@pytest.mark.parametrize("parameter", [Int(-(2**49), 2**49 - 1), Int(1, 2**40, log=True), Float(0, 2**49, step=1)])
def test_a_great_many_values_come_back_exactly(parameter: Int | Float) -> None:
    rng = np.random.default_rng(0)
    code = coding(parameter)
    raws = code.from_unit(rng.random(10_000))

    assert code.from_unit(code.to_unit(raws)).tolist() == raws.tolist()


@pytest.mark.parametrize(
    "parameter", [Int(-(2**53), 2**53), Int(2**53 - 1, 2**53), Int(-(2**53), 2**53, step=2**53), Int(1, 2**53, log=True)]
)
def test_the_largest_ints_stay_exact_and_inside(parameter: Int) -> None:
    rng = np.random.default_rng(0)
    code = coding(parameter)

    assert code.from_unit(column(0.0, 1.0)).tolist() == [parameter.low, parameter.high]
    assert [code.value(x) for x in (float(parameter.low), float(parameter.high))] == [parameter.low, parameter.high]
    for u in [0.0, 1 - 2**-53, *rng.random(200).tolist()]:
        drawn = code.draw(u)
        assert type(drawn) is int
        assert parameter.check(drawn) == drawn == code.value(code.raw(drawn))


@pytest.mark.parametrize("parameter", [Float(0, 1), Float(1, 2, log=True), Float(0, 1, prior=Normal(0, 1)), *DISCRETE], ids=repr)
def test_nan_stays_nan_and_what_is_outside_comes_inside(parameter: Parameter) -> None:
    code = coding(parameter)
    nan = column(math.nan)

    assert all(np.isnan(f(nan)).all() for f in (code.to_unit, code.from_unit, code.quantile))
    assert code.from_unit(column(-1.0, 2.0)).tolist() == code.from_unit(column(0.0, 1.0)).tolist()


@pytest.mark.parametrize("wrong", ["c", 1, None, True, object(), [1, 2]])
def test_what_is_no_choice_is_refused(wrong: Any) -> None:
    with pytest.raises(ParamsError, match="none of its choices"):
        coding(Categorical(["a", "b", 1.0])).check(wrong)


def test_minus_zero_is_kept() -> None:
    code = coding(Float(-0.0, 1))

    assert math.copysign(1, code.from_unit(column(0.0))[0]) == -1
    assert math.copysign(1, code.value(code.raw(code.check(-0.0)))) == -1
    assert [math.copysign(1, coding(Categorical([0.0, -0.0])).check(x)) for x in (0.0, -0.0)] == [1, -1]


def test_a_line_cannot_be_counted_and_other_things_not_encoded() -> None:
    with pytest.raises(SpaceError, match="cannot be counted"):
        coding(Float(0, 1)).members()
    with pytest.raises(SpaceError, match="no encoding for Parameter"):
        coding(Parameter())
