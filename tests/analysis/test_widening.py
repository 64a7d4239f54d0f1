import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.analysis.widening import neat, widened
from tunewright.space import Float, Int


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        (Float(10, 20), 7.5, 23.0),
        (Float(-1, 1), -1.5, 1.5),
        (Float(0, 10), 0.0, 13.0),  # never across zero
        (Float(1, 10), 0.0, 13.0),
        (Float(-10, 0), -13.0, 0.0),
        (Float(0.5, 0.99), 0.37, 1.0),  # shares end at 1
        (Float(0, 1), 0.0, 1.0),
        (Float(1e-5, 1e-1, log=True), 1e-6, 1.0),
        (Int(2, 10), 1, 12),
        (Int(1, 10), 1, 13),
        (Int(0, 3), 0, 4),
        (Int(1, 256, log=True), 1, 1024),
        (Int(16, 128, step=16), 16, 160),
        (Float(0.1, 0.5, step=0.1), 0.0, 0.6),
        (Float(0.5, 1.0, step=0.25), 0.25, 1.0),
        (Int(2**52, 2**53), 2**51 + 2**50, 2**53),
    ],
    ids=repr,
)
def test_a_range_is_widened_by_a_quarter_on_its_own_scale_but_not_beyond_what_can_be(parameter, low, high):
    assert widened(parameter, "low") == pytest.approx(low)
    assert widened(parameter, "high") == pytest.approx(high)


NUMBERS = st.one_of(
    st.tuples(st.floats(-1e308, 1e308), st.floats(1e-3, 1e6)).map(lambda t: (t[0], t[0] + max(abs(t[0]), 1e-3) * t[1])),
    st.tuples(st.integers(-50, 50), st.integers(1, 40)).map(lambda t: (t[0] / 10, (t[0] + t[1]) / 10)),
).filter(lambda ends: ends[0] < ends[1] < 1.7e308)


@given(NUMBERS, st.booleans())
def test_a_widened_range_is_a_range_that_holds_the_old_one(ends, log):
    parameter = Float(*ends, log=log and ends[0] > 1e-308)

    wide = Float(widened(parameter, "low"), widened(parameter, "high"), log=parameter.log)

    assert wide.low <= parameter.low < parameter.high <= wide.high
    assert (wide.low >= 0) == (parameter.low >= 0)


@given(st.integers(-100, 100), st.integers(1, 30), st.sampled_from([1, 2, 5]))
def test_steps_are_kept(low, count, step):
    for parameter in (Int(low, low + count * step, step=step), Float(low / 10, (low + count * step) / 10, step=step / 10)):
        new = type(parameter)(
            widened(parameter, "low"), widened(parameter, "high"), step=parameter.step
        )  # raises where they do not fit

        assert new.low <= parameter.low
        assert new.high >= parameter.high
        assert new.check(parameter.low) == parameter.low


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_neat_numbers_are_rounded_to_the_side_that_was_asked_for(x):
    assert neat(x, down=True) <= x + 1e-5 * abs(x)
    assert neat(x, down=False) >= x - 1e-5 * abs(x)
    assert neat(x, down=True) == pytest.approx(x, rel=0.1)


def test_neat_numbers_have_two_digits():
    assert [neat(0.01234, down=True), neat(0.01234, down=False), neat(-0.01234, down=True)] == [0.012, 0.013, -0.013]
