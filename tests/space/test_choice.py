import copy
import pickle
from typing import Any

import pytest

from tunewright.errors import SpaceError
from tunewright.space import Bool, Choice, Float, Int, SearchSpace
from tunewright.space.choice import flatten

NESTED = Choice(
    {
        "svm": {
            "C": Float(1e-3, 1e3, log=True),
            "kernel": Choice({"poly": {"degree": Int(2, 5), "half": Choice({"x": {"y": Bool()}})}, "rbf": {}}),
        },
        "forest": {"trees": Int(10, 1000, log=True)},
        "dummy": {},
    },
    default="forest",
)


def test_a_choice_flattens_to_a_categorical_and_conditions() -> None:
    flat = flatten({"model": NESTED, "seed": Int(0, 9)})

    assert list(flat.parameters) == [
        "model", "svm.C", "svm.kernel", "svm.poly.degree", "svm.poly.half", "svm.poly.x.y", "forest.trees", "seed",
    ]  # fmt: skip
    assert {name: str(condition) for name, condition in flat.when.items()} == {
        "svm.C": 'model == "svm"',
        "svm.kernel": 'model == "svm"',
        "svm.poly.degree": 'model == "svm" and svm.kernel == "poly"',
        "svm.poly.half": 'model == "svm" and svm.kernel == "poly"',
        "svm.poly.x.y": 'model == "svm" and svm.kernel == "poly" and svm.poly.half == "x"',
        "forest.trees": 'model == "forest"',
    }
    assert flat.parameters["model"].default_value == "forest"


def test_a_condition_given_for_a_branch_is_joined_with_its_own() -> None:
    space = SearchSpace({"fast": Bool(), "model": NESTED}, when={"forest.trees": "not fast"})

    assert str(space.when["forest.trees"]) == 'model == "forest" and not fast'
    assert space.default == {"fast": False, "model": "forest", "forest.trees": 100}


def test_the_prior_of_branches_goes_by_name_or_by_order() -> None:
    branches: dict[str, Any] = {"a": {}, "b": {}}

    assert Choice(branches, prior={"b": 3, "a": 1}) == Choice(branches, prior=[1, 3])
    assert Choice(branches, prior=[1, 3]).categorical().prior == (1.0, 3.0)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Choice({}), "Choice needs branches"),
        (lambda: Choice(["svm"]), "Choice needs branches"),
        (lambda: Choice({"": {}}), "a branch needs a name"),
        (lambda: Choice({"svm": Float(0, 1)}), 'branch "svm" must hold parameters by name'),  # type: ignore[dict-item]
        (lambda: Choice({"svm": {}}, default="swm"), 'the default "swm" is no branch (branches: "svm"). Did you mean "svm"?'),
        (lambda: Choice({"a": {}, "b": {}}, prior={"a": 1}), "a weight for each branch"),
        (lambda: Choice({"a": {}, "b": {}}, prior=[1]), "one weight for each of the 2"),
        (lambda: flatten({"m": Choice({"a": {"x": 3}})}), '"x" in branch "a" of "m" is 3 (int), which is no parameter'),  # type: ignore[dict-item]
        (lambda: flatten({"m": Choice({"a": {"": Bool()}})}), "A parameter needs a name"),
        (
            lambda: flatten({"a.x": Bool(), "m": Choice({"a": {"x": Bool()}})}),
            'The name "a.x", from branch "a" of "m", stands twice',
        ),
        (lambda: flatten({"m": Choice({"a": {"x": Bool()}}), "n": Choice({"a": {"x": Bool()}})}), "stands twice"),
    ],
)
def test_a_choice_that_cannot_be(make: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()

    assert says in str(caught.value)


def test_a_choice_is_frozen_equal_by_content_and_survives_repr_and_pickle() -> None:
    assert eval(repr(NESTED)) == NESTED == pickle.loads(pickle.dumps(NESTED)) == copy.deepcopy(NESTED)
    assert hash(eval(repr(NESTED))) == hash(NESTED)
    assert Choice({"a": {}, "b": {}}) != Choice({"b": {}, "a": {}})
    assert Choice({"a": {"x": Bool()}}) != Choice({"a": {"y": Bool()}})
    with pytest.raises(AttributeError):
        NESTED.default = "svm"
