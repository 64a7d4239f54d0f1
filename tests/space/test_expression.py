import math
import pickle
from typing import Any

import pytest

from tunewright.errors import SpaceError
from tunewright.space import Expression, param, parse

A, B = param("a"), param("b")


@pytest.mark.parametrize(
    ("expression", "params", "found"),
    [
        (A == 1, {"a": 1}, True),
        (A == 1, {"a": 1.0}, True),
        (A == 1, {"a": True}, False),
        (A == "1", {"a": 1}, False),
        (A == None, {"a": None}, True),  # noqa: E711
        (A == None, {}, None),  # noqa: E711
        (A != "x", {"a": "y"}, True),
        (A != "x", {}, None),
        (A == [1, {"k": 2}], {"a": [1, {"k": 2}]}, True),
        (A < 3, {"a": 2}, True),
        (A <= B, {"a": 2, "b": 2.0}, True),
        (A <= B, {"a": 2}, None),
        (A > B + 1, {"a": 3, "b": 2}, False),
        (2 < A, {"a": 2}, False),  # noqa: SIM300  the other way round
        (1 / A > 0, {"a": 0}, None),
        (1e308 * A > 0, {"a": 100}, None),
        (-A == -2, {"a": 2}, True),
        (2 - A * 3 == -4, {"a": 2}, True),
        (A.isin(["x", None, 1]), {"a": None}, True),
        (A.isin(["x", None, 1]), {"a": True}, False),
        (A.isin(["x"]), {}, None),
        ((A + 1).isin([3]), {"a": 2}, True),
        (~(A == 1), {"a": 1}, False),
        (~(A == 1), {}, None),
        ((A == 1) & (B == 1), {"a": 2}, False),
        ((A == 1) & (B == 1), {"a": 1}, None),
        ((A == 1) | (B == 1), {"a": 1}, True),
        ((A == 1) | (B == 1), {"a": 2}, None),
        (A & (B > 1), {"a": True, "b": 2}, True),
        (A & (B > 1), {"b": 2}, None),
        (A | ~B, {"a": False, "b": False}, True),
        (True & (B > 1), {"b": 2}, True),
    ],
)
def test_three_values(expression: Expression, params: dict[str, Any], found: bool | None) -> None:
    assert expression.evaluate(params) is found
    assert parse(str(expression)).evaluate(params) is found
    assert pickle.loads(pickle.dumps(expression)).evaluate(params) is found


TRUTHS: list[bool | None] = [True, False, None]


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_and_or_not_are_those_of_kleene(left: bool | None, right: bool | None) -> None:
    params = {name: value for name, value in (("a", left), ("b", right)) if value is not None}
    order = {False: 0, None: 1, True: 2}

    assert order[(A & B).evaluate(params)] == min(order[left], order[right])
    assert order[(A | B).evaluate(params)] == max(order[left], order[right])
    assert order[(~A).evaluate(params)] == 2 - order[left]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ((param("opt") == "sgd") & (param("depth") > 3), 'opt == "sgd" and depth > 3'),
        (~((A == 1) | (B == 2)) & (A < B), "not (a == 1 or b == 2) and a < b"),
        ((A == 1) | ((B == 2) & (A < 3)), "a == 1 or b == 2 and a < 3"),
        (((A == 1) | (B == 2)) & (A < 3), "(a == 1 or b == 2) and a < 3"),
        (A - (B - 1) > 0, "a - (b - 1) > 0"),
        ((A - B) - 1 > 0, "a - b - 1 > 0"),
        ((A + B) * 2 / A > -1.5, "(a + b) * 2 / a > -1.5"),
        (A.isin([1, "x", None, True]), 'a in [1, "x", null, true]'),
        (param("max depth").isin([]), 'param("max depth") in []'),
        (~param("flag"), "not flag"),
    ],
)
def test_the_text_is_short_and_reads_back(expression: Expression, text: str) -> None:
    assert str(expression) == repr(expression) == text
    assert str(parse(text)) == text


def test_names_are_those_of_all_parts() -> None:
    assert (((A + 1) < B) & param("c").isin([1]) | ~param("d")).names == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: bool(A == 1),
        lambda: (A == 1) and (B == 2),
        lambda: not A,
        lambda: 1 < A < 3,
        lambda: A in [B, B],
        lambda: A if A > 1 else B,
    ],
)
def test_python_s_own_words_are_refused_with_the_mend(misuse: Any) -> None:
    with pytest.raises(SpaceError, match=r"Write & \| ~ instead of and, or, not.*isin"):
        misuse()


@pytest.mark.parametrize(
    ("misuse", "says"),
    [
        (lambda: param(""), "needs the name"),
        (lambda: param(3), "needs the name"),
        (lambda: object() == A, "no JSON value"),
        (lambda: math.inf == A, "not a finite number"),
        (lambda: A + "x", "is no number"),
        (lambda: A + True, "is no number"),
        (lambda: (A == 1) + 1, "is no number"),
        (lambda: A.isin("sgd"), "isin needs a list"),
        (lambda: A.isin(B), "isin needs a list"),
        (lambda: (A == 1).isin([True]), "true or false"),
        (lambda: (A == 1) == (B == 2), "Put parentheses"),
        (lambda: A & 1, "neither true nor false"),
        (lambda: (A + 1) | (B == 1), "neither true nor false"),
        (lambda: ~(A * 2), "neither true nor false"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(misuse: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        misuse()

    assert says in str(caught.value)


@pytest.mark.parametrize(("expression", "params"), [(A < 3, {"a": "x"}), (A + 1 > 0, {"a": True}), (A & B, {"a": 1, "b": True})])
def test_a_configuration_that_has_no_order_is_refused(expression: Expression, params: dict[str, Any]) -> None:
    with pytest.raises(SpaceError):
        expression.evaluate(params)
