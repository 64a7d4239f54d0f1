import math
import pickle
from typing import Any

import numpy as np
import pytest

from tunewright.errors import ParamsError, SpaceError
from tunewright.space import Bool, Categorical, Ordinal, Parameter


@pytest.mark.parametrize("kind", [Categorical, Ordinal])
@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ([], "needs at least one choice"),
        ("abc", "choices must be a list"),
        ({"a": 1}, "list them"),
        ({"b", "a"}, "(['a', 'b'])"),
        (None, "choices must be a list"),
        (3, "choices must be a list"),
        (["a", "b", "a"], 'the choice "a" stands twice (places 0 and 2)'),
        ([{"x": 1, "y": 2}, {"y": 2, "x": 1}], "stands twice"),
        ([1, math.nan], "choice 1 (nan) is not a finite number"),
        ([1, math.inf], "not a finite number"),
        ([b"x"], "no JSON value"),
        ([object], "no JSON value"),
        ([{1: 2}], "keys are not all text"),
        ([2**64], "64 bits"),
        (["\ud800"], "not valid Unicode"),
    ],
)
def test_choices_that_cannot_be(kind: type[Categorical], choices: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        kind(choices)

    assert says in str(caught.value)
    assert kind.__name__ in str(caught.value)


def test_a_list_that_holds_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(SpaceError, match="nested too deep"):
        Categorical([circle])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Categorical(["sgd", "adam"], "sdg"), 'Did you mean "sgd"?'),
        (lambda: Categorical([1, 2], None), "the default is null"),
        (lambda: Categorical([1], True), "the default is true, which is none of its choices (1)"),
        (lambda: Categorical([1, 2], prior=[1]), "one weight for each of the 2 choices, got 1"),
        (lambda: Categorical([1, 2], prior=[1, 0]), "must be positive"),
        (lambda: Categorical([1, 2], prior=[1e308, 1e308]), "finite sum"),
        (lambda: Categorical([1, 2], prior="ab"), "list of weights"),
        (lambda: Categorical([1, 2], prior=[1, math.nan]), "must be finite"),
        (lambda: Bool(default=1), "the default is 1, but must be True or False"),
        (lambda: Bool(prior=1.0), "between 0 and 1"),
        (lambda: Bool(prior=0), "between 0 and 1"),
    ],
)
def test_defaults_and_priors_that_do_not_fit(make: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()

    assert says in str(caught.value)


def test_one_true_one_point_zero_and_the_text_are_four_choices() -> None:
    parameter = Categorical([1, True, 1.0, "1", None, 0.0, -0.0])

    assert [parameter.index(value) for value in (1, True, 1.0, "1", None, 0.0, -0.0)] == [0, 1, 2, 3, 4, 5, 6]
    assert [repr(parameter.check(value)) for value in (np.int32(1), np.True_, np.float32(1), np.str_("1"))] == [
        "1",
        "True",
        "1.0",
        "'1'",
    ]


def test_none_may_be_a_choice_and_the_default() -> None:
    assert Categorical(["a", None]).default_value == "a"
    assert Categorical(["a", None], None).default_value is None
    assert Categorical(["a", None], None).has_default
    assert not Categorical(["a", None]).has_default


def test_a_value_that_is_no_choice_lists_some_of_them() -> None:
    with pytest.raises(ParamsError, match=r'is "c3", which is none of its choices \("c10", .*… 20 in all\)\. Did you mean "c23"'):
        Categorical([f"c{i}" for i in range(10, 30)]).check("c3")


def test_a_choice_taken_out_can_be_changed_without_changing_the_parameter() -> None:
    parameter = Categorical([[1, 2], {"a": []}], [1, 2])

    parameter.default_value.append(3)
    parameter.check({"a": []})["a"].append(1)

    assert parameter == Categorical([[1, 2], {"a": []}], [1, 2])


def test_tuples_and_numpy_become_json() -> None:
    parameter = Categorical([(1, (2, 3)), np.float32(0.5), np.array([1, 2])[0]])

    assert parameter.choices == ([1, [2, 3]], 0.5, 1)
    assert Categorical(np.array(["a", "b"])).choices == ("a", "b")


@pytest.mark.parametrize("given", [0, 1, "true", None, np.int8(1), [True]])
def test_a_bool_is_true_or_false_and_nothing_else(given: Any) -> None:
    assert Bool().check(np.False_) is False
    with pytest.raises(ParamsError, match="must be True or False"):
        Bool().check(given)


PARAMETERS: list[Parameter] = [
    Categorical([1, True, "x", None, [1], {"a": 1}], None, prior=[1, 2, 3, 4, 5, 6]),
    Ordinal(["s", "m", "l"], "m"),
    Bool(),
    Bool(default=True, prior=0.25),
    Categorical([1, 2]),
    Categorical([1.0, 2.0]),
    Ordinal([1, 2]),
]


def test_choices_are_equal_by_content_and_survive_repr_and_pickle() -> None:
    assert [eval(repr(parameter)) for parameter in PARAMETERS] == PARAMETERS
    assert [pickle.loads(pickle.dumps(parameter)) for parameter in PARAMETERS] == PARAMETERS
    assert len({*PARAMETERS, *(eval(repr(parameter)) for parameter in PARAMETERS)}) == len(PARAMETERS)
