import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.analysis.text import (
    choice_labels,
    counted,
    cut,
    duration,
    interval,
    labels,
    number,
    params_line,
    params_text,
    power,
    r2_text,
    read_alike,
    shift,
    thousandths,
    took_heading,
    value_text,
    with_spread,
)
from tunewright.space import Categorical, Float, SearchSpace


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (0.99523, "0.9952"),
        (12340.0, "12,340"),
        (1.0, "1"),
        (0.0, "0"),
        (-2.5, "−2.5"),
        (999999.0, "999,999"),
        (1.2346e-7, "1.235×10⁻⁷"),
        (1e300, "1×10³⁰⁰"),
        (1e-300, "1×10⁻³⁰⁰"),
        (9.99999e-10, "1×10⁻⁹"),
        (9.99996e8, "1×10⁹"),
        (-0.0, "0"),
        (5e-324, "4.941×10⁻³²⁴"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_reads_as_people_write_it(x: float, said: str) -> None:
    assert number(x) == said


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_to_its_digits(x: float) -> None:
    text = number(x, 6).replace("−", "-").replace(",", "")
    mantissa, _, exponent = text.partition("×10")
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    back = float(f"{mantissa}e{exponent.translate(plain) or 0}")

    # the largest float may round up beyond the range, and subnormal numbers have fewer digits than six
    assert math.isclose(back, x, rel_tol=6e-6) or abs(x) > 1.7976e308 or abs(x) < 1e-307


@pytest.mark.parametrize(
    ("mean", "sd", "said"),
    [
        (0.99523, 0.00312, "0.9952 ± 0.0031"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.5, math.nan, "0.5"),
        (1234.5, 56.0, "1,234 ± 56"),
        (-0.25, 0.5, "−0.25 ± 0.50"),
        (1e300, 1e299, "(1.00 ± 0.10)×10³⁰⁰"),
        (2e-300, 1e-301, "(2.00 ± 0.10)×10⁻³⁰⁰"),
        (1e-9, 1.0, "0.0 ± 1.0"),
        (-1e-9, 1.0, "0.0 ± 1.0"),
        (0.0, 1e-12, "(0.0 ± 1.0)×10⁻¹²"),
        (0.5, 1e-11, "0.5 ± 1×10⁻¹¹"),
    ],
)
def test_a_value_has_the_digits_that_its_spread_allows(mean: float, sd: float, said: str) -> None:
    assert with_spread(mean, sd) == said


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.1234, 0.05, 0.21, ("0.12", "0.05 to 0.21")),
        (1.541e8, 1.532e8, 1.548e8, ("1.541×10⁸", "1.532×10⁸ to 1.548×10⁸")),
        (0.3991, 0.3984, 0.3999, ("0.3991", "0.3984 to 0.3999")),
        (0.97222, 0.85827, 1.0, ("0.97", "0.86 to 1.00")),
        (0.99999, 0.999804, 1.0, ("0.99999", "0.99980 to 1.00000")),
        (0.000021, -0.0312, 0.0401, ("0.000", "−0.031 to 0.040")),
        (0.06, 0.0012, 0.12, ("0.060", "0.001 to 0.120")),
        (12_341.0, 11_912.3, 12_804.7, ("12,341", "11,912 to 12,805")),
        (1.2e-5, -0.31e-5, 3e-5, ("1.2×10⁻⁵", "−0.3×10⁻⁵ to 3.0×10⁻⁵")),
        (1e308, -1.7e308, 1.7e308, ("1.0×10³⁰⁸", "−1.7×10³⁰⁸ to 1.7×10³⁰⁸")),
        (1.0, 1.0 - 1e-15, 1.0 + 1e-15, ("1", "1 to 1")),
        (0.5, 0.5, 0.5, ("0.5", "0.5 to 0.5")),
        (0.0, -0.0, 0.0, ("0", "0 to 0")),
        (3.0, 1.0, 2.0, ("3.0", "1.0 to 2.0")),
        (1.0, 2.0, 1.0, ("1", "2 to 1")),
        (1.0, math.nan, math.nan, ("1", "– to –")),
        (1.0, -math.inf, math.inf, ("1", "−∞ to ∞")),
    ],
)
def test_an_interval_can_be_told_apart_and_holds_its_value(value: float, low: float, high: float, said: tuple[str, str]) -> None:
    assert interval(value, low, high) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0312, "31 ms"),
        (2.34, "2.3 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (200.0, "3 min 20 s"),
        (7500.0, "2 h 5 min"),
        (273600.0, "3 d 4 h"),
        (math.nan, "–"),
    ],
)
def test_a_time_is_given_in_the_unit_that_fits(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_counts_have_their_noun() -> None:
    assert [counted(n, "trial") for n in (0, 1, 1000)] == ["0 trials", "1 trial", "1,000 trials"]


@given(st.text(), st.integers(1, 50))
def test_cut_text_is_never_longer(text: str, length: int) -> None:
    assert len(cut(text, length)) <= max(length, 2)
    assert cut(text, len(text)) == text


def test_texts_beside_each_other_are_cut_where_they_are_alike() -> None:
    assert cut("a_very_long_parameter_name_17", 12, middle=True) == "a_very…me_17"
    assert labels(["adam", "sgd"], 17) == ["adam", "sgd"]
    assert labels([f"a_very_long_parameter_name_{i}" for i in range(2)], 15) == ["a_very_…_name_0", "a_very_…_name_1"]
    assert labels([f"all-mpnet-base-v{i}-finetuned-for-long" for i in range(2)], 12) == ["…0…", "…1…"]
    assert labels(["null", *(f"all-mpnet-base-v{i}-finetuned-for-long" for i in range(2))], 12) == ["null", "…0…", "…1…"]


def test_values_are_bare_where_json_would_quote_them() -> None:
    assert [value_text(value) for value in ("adam", 1e-05, 3, 20000, True, None, [1, "a"])] == [
        "adam",
        "1×10⁻⁵",
        "3",
        "20,000",
        "true",
        "null",
        '[1,"a"]',
    ]


def test_a_configuration_is_names_and_values() -> None:
    assert params_text({"lr": 0.001, "opt": "x" * 100}, length=10) == [("lr", "0.001"), ("opt", "x" * 9 + "…")]


def test_powers_of_ten_are_raised() -> None:
    assert power(-12) == "10⁻¹²"
    assert shift(1.7e308, 308) == pytest.approx(1.7)
    assert shift(3e-323, -323) == pytest.approx(3, rel=0.2)
    assert not re.search("[eE]", number(1e22))


def test_ends_are_apart_and_hold_their_value_at_any_size() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3000):
        low = float(rng.normal() * 10.0 ** rng.integers(-12, 13))
        high = low + abs(low) * float(10.0 ** rng.uniform(-7, 1))
        value = float(rng.uniform(low, high))
        shown, ends = interval(value, low, high)
        left, right = ends.split(" to ")
        assert len({len(text.partition("×")[0].partition(".")[2]) for text in (shown, left, right)}) == 1  # decimals
        assert max(abs(plain(left) - low), abs(plain(right) - high)) <= 0.0501 * (high - low)
        assert left != right
        assert plain(left) <= plain(shown) <= plain(right)
        assert "\N{MINUS SIGN}0 " not in f"{shown} {ends} "


def plain(text: str) -> float:
    """What a printed number says."""
    mantissa, _, power_ = text.replace(",", "").replace("\N{MINUS SIGN}", "-").partition("×10")
    return float(f"{mantissa}e{power_.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789')) or 0}")


def test_an_interval_without_width_is_its_value() -> None:
    assert interval(0.1234, 0.1234, 0.1234) == ("0.1234", "0.1234 to 0.1234")


def test_thousandths_have_a_minus_and_zero_none() -> None:
    assert [thousandths(x) for x in (0.25, -0.0041, -0.0001)] == ["0.250", "\N{MINUS SIGN}0.004", "0.000"]


def test_labels_tell_choices_apart_that_read_alike():
    assert choice_labels(("sgd", "adam")) == ["sgd", "adam"]
    assert choice_labels((1, "1", True, None)) == ["1", '"1"', "true", "null"]
    assert choice_labels((1, 1.0)) == ["1", "1.0"]


def test_only_parameters_whose_choices_read_alike_are_shown_exactly():
    space = SearchSpace({"a": Categorical([1, 1.0, "1"]), "b": Categorical(["1", "2"]), "x": Float(0, 1)})

    exact = read_alike(space.parameters)

    assert exact == ("a",)
    assert params_text({"a": "1", "b": "1", "x": 0.123456}, exact=exact) == [("a", '"1"'), ("b", "1"), ("x", "0.1235")]


def test_a_configuration_in_a_line_says_how_much_it_leaves_out():
    assert params_line({"lr": 0.012345, "opt": "adam"}) == "lr 0.01235, opt adam"
    assert params_line({f"x{j}": j for j in range(14)}, most=2) == "x0 0, x1 1, and 12 more"


@pytest.mark.parametrize(
    ("r2", "text"),
    [(0.3, "0.3"), (0.297, "0.297"), (0.29999, "0.29999"), (0.29, "0.29"), (0.987, "0.99"), (-0.2, "−0.2"), (float("nan"), "–")],
)
def test_an_r2_that_is_too_low_does_not_read_as_high_enough(r2, text):
    assert r2_text(r2) == text


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (0.99998979, "0.99999"),
        (-0.99998979, "−0.99999"),
        (0.99996, "0.99996"),
        (0.9952, "0.9952"),
        (0.99949, "0.9995"),
        (1 - 1e-12, "1"),
        (1.00001, "1"),
    ],
)
def test_what_is_not_quite_one_does_not_read_as_one(x, said):
    assert number(x) == said
    assert number(x, 2) in {"1", "−1"}


def test_a_metric_called_time_is_not_confused_with_how_long_it_took():
    assert took_heading(["loss"]) == "time"
    assert took_heading(["loss", "time"]) == "took"
