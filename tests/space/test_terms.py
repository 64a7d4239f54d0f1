import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.errors import SpaceError
from tunewright.space import param, parse
from tunewright.space.terms import joined, name_text, number_in, value_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lr", "lr"),
        ("svm.C", "svm.C"),
        ("max depth", 'param("max depth")'),
        ("class", 'param("class")'),
        ("a.in", 'param("a.in")'),
        ("true", 'param("true")'),
        ("1x", 'param("1x")'),
        ("a.", 'param("a.")'),
        ("größe", 'param("größe")'),
        ('q"\n', 'param("q\\"\\n")'),
    ],
)
def test_a_name_is_bare_only_where_it_reads_back(name: str, text: str) -> None:
    assert name_text(name) == text
    assert parse(f"{text} == 1").names == {name}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_name_and_any_text_read_back(text: str) -> None:
    expression = param(text) == text

    assert str(parse(str(expression))) == str(expression)
    assert parse(str(expression)).names == {text}
    assert parse(str(expression)).evaluate({text: text}) is True


def test_what_divides_by_zero_or_overflows_is_undefined() -> None:
    undefined = [joined("/", 1, 0), joined("/", 0, 0), joined("*", 1e308, 10), joined("-", -1e308, 1e308)]

    assert all(math.isnan(x) for x in undefined)
    assert [joined("+", 1, 2), joined("-", 1, 2), joined("*", 3, 2), joined("/", 1, 2)] == [3, -1, 6, 0.5]


def test_what_is_frozen_does_not_change_and_copies_to_itself() -> None:
    expression = param("a") > 1

    with pytest.raises(AttributeError, match="does not change"):
        expression.op = "<"
    assert copy.copy(expression) is expression
    assert copy.deepcopy([expression])[0] is expression


def test_text_is_no_number() -> None:
    with pytest.raises(SpaceError, match=r'a < 1: "x" is no number'):
        number_in("x", param("a") < 1)
    assert value_text([1, None, True, "ü", {"a": 5e-324}]) == '[1, null, true, "ü", {"a": 5e-324}]'
