import pickle
from typing import Any

import pytest

from tunewright.errors import ParamsError
from tunewright.space import Bool, Categorical, Choice, Float, Int, SearchSpace
from tunewright.space.branches import Branches, branch_of

MODEL = Choice({"svm": {"C": Float(0, 1), "kernel": Choice({"poly": {"degree": Int(2, 5)}, "rbf": {}})}, "none": {}})
SPACE = SearchSpace(
    {"model": MODEL, "opt": Categorical(["sgd", "adam"]), "momentum": Float(0, 1)}, when={"momentum": "opt == 'sgd'"}
)
POLY: dict[str, Any] = {"model": "svm", "svm.C": 0.5, "svm.kernel": "poly", "svm.poly.degree": 3, "opt": "sgd", "momentum": 0.5}


def test_a_branch_is_taken_out_under_its_own_names() -> None:
    assert SPACE.branch(POLY, "model") == ("svm", {"C": 0.5, "kernel": "poly", "poly.degree": 3})
    assert SPACE.branch(POLY, "svm.kernel") == ("poly", {"degree": 3})
    assert SPACE.branch({"model": "none", "opt": "adam"}, "model") == ("none", {})
    assert SPACE.branch(POLY, "opt") == ("sgd", {})


def test_branches_survive_json() -> None:
    assert SearchSpace.from_json(SPACE.to_json()).branch(POLY, "svm.kernel") == ("poly", {"degree": 3})


def test_branches_of_the_same_name_do_not_mix() -> None:
    space = SearchSpace(
        {
            "a": Choice({"on": {"x": Bool(), "in": Choice({"deep": {"y": Bool()}, "off": {}})}}),
            "b": Choice({"deep": {"z": Bool()}, "off": {}}),
        }
    )
    params = {"a": "on", "on.x": True, "on.in": "off", "b": "deep", "deep.z": True}

    assert space.branch(params, "on.in") == ("off", {})
    assert space.branch(params, "b") == ("deep", {"z": True})


def test_a_name_with_dots_of_its_own_is_found() -> None:
    space = SearchSpace({"pre.scale": Choice({"minmax": {"low": Float(0, 1)}})})

    assert space.branch({"pre.scale": "minmax", "minmax.low": 0.5}, "pre.scale") == ("minmax", {"low": 0.5})


def test_what_is_no_choice_is_said() -> None:
    with pytest.raises(ParamsError, match=r'"modle" is no Choice .* Did you mean "model"\?'):
        branch_of(SPACE.when, POLY, "modle")
    with pytest.raises(ParamsError, match=r'"svm\.C" is no Choice: its value is 0\.5, which names no branch\.$'):
        branch_of(SPACE.when, POLY, "svm.C")


def test_branches_are_small_and_travel() -> None:
    branches = Branches.of(SPACE.names, SPACE.when)

    assert hash(pickle.loads(pickle.dumps(branches))) == hash(branches)
    assert branches.taken(POLY, "model") == SPACE.branch(POLY, "model")
    assert branches.taken(POLY, "svm.kernel") == ("poly", {"degree": 3})


def test_what_the_space_did_not_have_is_told_by_its_name() -> None:
    branches = Branches.of(SPACE.names, SPACE.when)

    assert branches.taken(POLY | {"svm.poly.coef": 1.0}, "svm.kernel") == ("poly", {"degree": 3, "coef": 1.0})
    assert Branches(frozenset(), ()).taken(POLY, "svm.kernel") == ("poly", {"degree": 3})
