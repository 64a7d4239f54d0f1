import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tunewright.analysis.scale import Bands, Linear, Log, axis

finite = st.floats(allow_nan=False, allow_infinity=False)


def labels(scale: Linear | Log | Bands) -> list[str]:
    return [tick.label for tick in scale.ticks]


def test_an_even_axis_has_ticks_at_round_numbers() -> None:
    assert labels(Linear(0, 1)) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert labels(Linear(0.913, 0.987)) == ["0.92", "0.94", "0.96", "0.98"]
    assert labels(Linear(-3, 3)) == ["−3", "−2", "−1", "0", "1", "2", "3"]


def test_whole_numbers_have_whole_ticks() -> None:
    assert labels(Linear(0.9, 3.1, whole=True)) == ["1", "2", "3"]


def test_large_and_small_numbers_share_a_factor() -> None:
    scale = Linear(0, 4e6)

    assert (labels(scale), scale.factor) == (["0", "1", "2", "3", "4"], "×10⁶")
    assert Linear(0, 4e-7).factor == "×10⁻⁷"
    assert Linear(0, 4).factor == ""


def test_a_logarithmic_axis_has_ticks_at_powers_of_ten() -> None:
    assert labels(Log(1e-5, 1e-1)) == ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]
    assert labels(Log(0.01, 100)) == ["0.01", "0.1", "1", "10", "100"]
    assert labels(Log(1, 12)) == ["1", "2", "5", "10"]
    assert labels(Log(1e-12, 1e12)) == ["10⁻¹⁰", "10⁻⁵", "1", "10⁵", "10¹⁰"]


def test_a_logarithmic_axis_within_one_power_still_has_ticks() -> None:
    assert len(Log(3.1, 4.2).ticks) >= 2


@given(finite, finite, st.booleans())
def test_every_axis_keeps_its_ends_and_its_ticks_inside(a: float, b: float, log: bool) -> None:
    low, high = min(a, b), max(a, b)
    assume(not log or low > 0)
    scale = axis(low, high, log=log)

    assert -1e-9 <= scale(low) <= scale(high) <= 1 + 1e-9
    assert all(-1e-6 <= tick.at <= 1 + 1e-6 for tick in scale.ticks)
    assert len(scale.ticks) <= 12


@given(finite, finite)
def test_an_axis_that_is_not_all_but_constant_has_two_ticks(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assume(high / 2 - low / 2 > 1e-6 * max(abs(low), abs(high)) and high > 1e-300)

    assert len(axis(low, high, log=False).ticks) >= 2


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_ticks_stand_where_their_labels_say(a: float, b: float) -> None:
    assume(max(a, b) > 10 * min(a, b))
    scale = axis(min(a, b), max(a, b), log=True)
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

    for tick in scale.ticks:
        multiple, _, power = tick.label.rpartition("·")
        text = power.translate(plain)
        is_power = power != text
        value = float(f"{multiple or 1}e{text[2:]}") if is_power else float(power.replace(",", ""))
        assert math.isclose(scale(value), tick.at, abs_tol=1e-6)


@pytest.mark.parametrize(("low", "high", "log"), [(1e-6, 1.0, True), (0.5, 1.0, False), (-1.0, 1e9, False)])
def test_the_axis_is_logarithmic_where_the_values_span_powers_of_ten(low: float, high: float, log: bool) -> None:
    assert isinstance(axis(low, high), Log) == log


def test_a_constant_gets_room_on_both_sides() -> None:
    for value in (0.0, 0.5, -7.0, 1e300, -1e300, 1.797e308):
        scale = axis(value, value)

        assert 0.2 < scale(value) <= 1 + 1e-9


def test_categories_stand_in_the_middle_of_their_bands() -> None:
    scale = Bands(["a", "b"])

    assert [(tick.at, tick.label) for tick in scale.ticks] == [(0.25, "a"), (0.75, "b")]


def test_the_smallest_range_that_there_is_has_an_axis() -> None:
    scale = axis(0.0, 5e-324)

    assert 0 < scale(0.0) < scale(5e-324) < 1
    assert labels(scale)
