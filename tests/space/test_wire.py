import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml

from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Choice, Float, Int, Normal, Ordinal, SearchSpace, param
from tunewright.space.wire import read, write_parameter

FULL = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True, default=1e-3, prior=Normal(1e-3, 0.2)),
        "drop": Float(0, 1, step=0.1),
        "depth": Int(-(2**53), 2**53),
        "opt": Categorical(["sgd", None, True, 1, 1.0, [1, {"ü": -0.0}]], None, prior=[1, 2, 3, 4, 5, 6]),
        "size": Ordinal(["s", "m"]),
        "flag": Bool(default=True, prior=0.1),
        "max depth": Int(1, 3),
        "model": Choice({"svm": {"C": Float(5e-324, 1.7976931348623157e308)}, "none": {}}),
    },
    when={"max depth": param("flag") & (param("lr") > 1e-4)},
    constraints=[param("drop") <= param("lr") * 1000, "flag or size == 's'"],
)


def test_a_space_is_written_and_read_exactly() -> None:
    text = FULL.to_json()
    again = SearchSpace.from_json(text)

    assert again == FULL
    assert again.to_json() == text
    assert repr(again) == repr(FULL)
    assert SearchSpace.from_json(json.loads(text)) == SearchSpace.from_json(text.encode()) == FULL
    assert hash(again) == hash(FULL)


def test_the_text_holds_what_was_said_and_no_more() -> None:
    space = SearchSpace({"lr": Float(1e-5, 1, log=True), "opt": Categorical(["a"])}, when={"lr": "opt == 'a'"})

    assert json.loads(space.to_json()) == {
        "version": 1,
        "parameters": {
            "lr": {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
            "opt": {"type": "categorical", "choices": ["a"]},
        },
        "when": {"lr": 'opt == "a"'},
        "constraints": [],
    }


def test_what_people_write_in_yaml_is_read() -> None:
    text = """
    parameters:
      lr: {type: float, low: 1e-5, high: 1e-1, log: true, prior: {center: 1e-3, spread: 0.2}}
      depth: {type: Int, low: 1, high: 1e2}
      model:
        type: choice
        default: forest
        branches:
          svm:
            kernel: {type: choice, branches: {poly: {degree: {type: int, low: 2, high: 5}}, rbf: }}
          forest: {}
      momentum: {type: float, low: 0, high: .99}
    when:
      momentum: model == 'forest'
    constraints:
      - depth < 50
    """
    space = SearchSpace.from_json(yaml.safe_load(text))

    assert space == SearchSpace(
        {
            "lr": Float(1e-5, 1e-1, log=True, prior=Normal(1e-3, 0.2)),
            "depth": Int(1, 100),
            "model": Choice(
                {"svm": {"kernel": Choice({"poly": {"degree": Int(2, 5)}, "rbf": {}})}, "forest": {}}, default="forest"
            ),
            "momentum": Float(0, 0.99),
        },
        when={"momentum": param("model") == "forest"},
        constraints=[param("depth") < 50],
    )


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "A space is a mapping"),
        ("{}", 'lacks "parameters"'),
        ('{"parameters": {}}', "at least one parameter"),
        ('{"parameters": []}', "holds parameters by name"),
        ('{"version": 2, "parameters": {}}', "version 2"),
        (
            '{"parametrs": {}}',
            'has no field "parametrs" (fields: version, parameters, when, constraints). Did you mean "parameters"?',
        ),
        ('{"parameters": {"a": {"type": "bool"}, "a": {"type": "bool"}}}', 'holds "a" twice'),
        ('{"parameters": {"a": {"low": 1}}}', '"a" needs a type'),
        ('{"parameters": {"a": 3}}', '"a" needs a type'),
        ('{"parameters": {"a": {"type": "flaot"}}}', '"a": there is no type "flaot". Types: float, int'),
        ('{"parameters": {"a": {"type": ["float"]}}}', "there is no type"),
        ('{"parameters": {"a": {"type": "float", "low": 0}}}', '"a" (float) lacks "high"'),
        ('{"parameters": {"a": {"type": "float", "low": 0, "hihg": 1}}}', 'has no field "hihg" (fields: low, high, log'),
        ('{"parameters": {"a": {"type": "float", "low": 1, "high": 0}}}', '"a": Float needs low < high'),
        ('{"parameters": {"a": {"type": "float", "low": "one", "high": 0}}}', '"a": Float: low must be a number, got "one"'),
        ('{"parameters": {"a": {"type": "float", "low": NaN, "high": 0}}}', '"a": Float: low must be finite'),
        ('{"parameters": {"a": {"type": "float", "low": "inf", "high": 0}}}', "must be finite"),
        ('{"parameters": {"a": {"type": "float", "low": 0, "high": 1, "prior": {"center": 1}}}}', '"a": prior needs {"center"'),
        (
            '{"parameters": {"a": {"type": "categorical", "choices": ["x", "x"]}}}',
            '"a": Categorical: the choice "x" stands twice',
        ),
        (
            '{"parameters": {"m": {"type": "choice", "branches": {"b": {"x": {"type": "int", "low": 1, "high": 0}}}}}}',
            '"x": Int needs',
        ),
        ('{"parameters": {"a": {"type": "bool"}}, "when": []}', ""),
        ('{"parameters": {"a": {"type": "bool"}}, "when": [1]}', '"when" holds a condition for each name'),
        ('{"parameters": {"a": {"type": "bool"}}, "when": {"b": "a"}}', 'when has a condition for "b"'),
        ('{"parameters": {"a": {"type": "bool"}}, "when": {"a": 3}}', 'The condition of "a" is 3'),
        ('{"parameters": {"a": {"type": "bool"}}, "constraints": "a"}', '"constraints" is a list'),
        ('{"parameters": {"a": {"type": "bool"}}, "constraints": ["a =="]}', "Constraint 0: Cannot read"),
    ],
)
def test_a_description_that_does_not_hold_names_the_place(source: str, says: str) -> None:
    if not says:
        assert SearchSpace.from_json(source) == SearchSpace({"a": Bool()})
        return
    with pytest.raises(SpaceError) as caught:
        SearchSpace.from_json(source)

    assert says in str(caught.value)


def test_parameters_may_stand_in_a_description_as_they_are() -> None:
    assert read({"parameters": {"a": Bool()}}).parameters == {"a": Bool()}
    assert write_parameter(Bool(default=False)) == {"type": "bool", "default": False}


@pytest.mark.parametrize("seed", range(100))
def test_random_spaces_are_written_and_read_exactly(
    seed: int, random_space: Callable[[np.random.Generator], SearchSpace]
) -> None:
    space: Any = random_space(np.random.default_rng([seed, 2]))

    assert SearchSpace.from_json(space.to_json()) == space
    assert eval(repr(space)) == space
