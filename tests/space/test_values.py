import math
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.errors import SpaceError
from tunewright.space.values import canonical, hint, is_name, json_key, number_of, plain_number, same_value, show, value_key

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


class Colour(StrEnum):
    RED = "red"


class Plain(Enum):
    RED = "red"


@given(JSON)
def test_a_json_value_is_its_own_canonical_form_and_shares_nothing(value: Any) -> None:
    found = canonical(value)

    assert repr(found) == repr(value)
    assert same_value(found, value)
    if isinstance(value, list | dict):
        assert found is not value


@given(JSON, JSON)
def test_equal_keys_are_equal_text(left: Any, right: Any) -> None:
    if json_key(left) == json_key(right):
        assert left == right
        assert value_key(left) == value_key(right)
    assert same_value(left, right) == (value_key(left) == value_key(right)) == same_value(right, left)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        (1, True, False),
        (1, "1", False),
        (None, False, False),
        ([1, {"a": 2}], [1.0, {"a": 2.0}], True),
        ([True], [1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (2**53, 2**53 + 1, True),
        ("a", "a", True),
    ],
)
def test_what_equals_what_in_a_condition(left: Any, right: Any, same: bool) -> None:
    assert same_value(left, right) is same


def test_numpy_and_tuples_become_plain() -> None:
    found = canonical((np.int16(1), np.float32(0.5), np.bool_(True), np.str_("x"), Colour.RED, {"k": (1,)}))

    assert repr(found) == "[1, 0.5, True, 'x', 'red', {'k': [1]}]"


@pytest.mark.parametrize(
    "value",
    [math.nan, -math.inf, b"", {1}, object(), Plain.RED, 2**63, {1: 1}, [np.datetime64("2020")], 1j, "\udfff", np.longdouble(1)],
)
def test_what_is_no_json_value(value: Any) -> None:
    with pytest.raises(SpaceError):
        canonical(value)


def test_a_bool_is_no_number() -> None:
    numbers = [plain_number(x) for x in (True, np.True_, "1", None, 1, 1.5, np.int8(1), np.float32(0.5))]

    assert numbers == [None, None, None, None, 1, 1.5, 1, 0.5]


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, "x", None, True])
def test_a_number_that_is_asked_for_by_name_is_missed_by_name(value: Any) -> None:
    with pytest.raises(SpaceError, match="the width must be"):
        number_of(value, "the width")


def test_a_hint_names_the_nearest_or_nothing() -> None:
    assert hint("Momentun", ["momentum", "lr"]) == ' Did you mean "momentum"?'
    assert hint("zzz", ["momentum", "lr"]) == ""
    assert hint(10, [100, 5]) == " Did you mean 100?"


def test_what_is_long_is_cut() -> None:
    assert len(show("x" * 1000)) == 80
    assert show(object) == "<class 'object'>"
    assert show(math.nan) == "nan"


@pytest.mark.parametrize(
    ("name", "fits"), [("a", True), ("a b.c", True), ("ü", True), ("", False), (" ", False), (3, False), ("\ud800", False)]
)
def test_what_can_name_a_parameter(name: object, fits: bool) -> None:
    assert is_name(name) is fits


def test_what_is_no_number_is_shown_as_what_it_is() -> None:
    assert show(Decimal("0.1")) == "Decimal('0.1')"
    assert show(b"ab") == "b'ab'"
    assert [plain_number(each) for each in (Fraction(10**400), Decimal("sNaN"), np.array([1.0]))] == [math.inf, None, None]
    with pytest.raises(SpaceError, match=r"low must be finite, got Decimal\('Infinity'\)"):
        number_of(Decimal("inf"), "low")
