import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from tunewright.errors import SpaceError
from tunewright.sklearn.distributions import Translation, translate
from tunewright.space import Categorical, Choice, Float, Int, Ordinal, SearchSpace


def one(given, now=None):
    """The parameter that a single distribution becomes, where the estimator is set to `now`."""
    return translate({"p": given}, {"p": now}).space.parameters["p"]


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (stats.uniform(1, 3), Float(1, 4)),
        (stats.loguniform(1e-3, 1e2), Float(1e-3, 1e2, log=True)),
        (stats.randint(2, 9), Int(2, 8)),
        (stats.randint(4, 5), Categorical([4])),
        ([1, 3, 5, 7], Int(1, 7, step=2)),
        (range(2, 5), Int(2, 4)),
        ([5, 1, 30], Ordinal([1, 5, 30], default=5)),
        (np.array([0.1, 1.0, 10.0]), Ordinal([0.1, 1.0, 10.0], default=1.0)),
        ([0.5, 2], Categorical([0.5, 2], default=0.5)),
        (["a", 3, True], Categorical(["a", 3, True], default="a")),
        (["a", None, 3], Categorical(["a", None, 3], default=None)),
        (["a", "b", "b"], Categorical(["a", "b"], default="a", prior=[1, 2])),
        (Float(0, 1), Float(0, 1)),
        (Choice({"a": {}, "b": {}}), Categorical(["a", "b"])),
    ],
    ids=lambda value: None if hasattr(value, "ppf") else repr(value),  # scipy's say their address
)
def test_a_distribution_becomes_a_parameter(given, becomes) -> None:
    assert one(given) == becomes


@pytest.mark.parametrize(
    ("given", "now", "default"),
    [
        (stats.uniform(0, 4), 1.0, 1.0),
        (stats.uniform(2, 4), 1.0, 4.0),
        (stats.randint(1, 9), 3, 3),
        (stats.randint(1, 9), None, 4),
        (stats.loguniform(1e-3, 1e3), 5, 5.0),
        ([1, 10, 100], 100, 100),
        (["l1", "l2"], "l2", "l2"),
        ([None, 3, 5], None, None),
    ],
)
def test_the_search_begins_with_what_the_estimator_is_set_to(given, now, default) -> None:
    assert one(given, now).default_value == default


@pytest.mark.parametrize(
    ("given", "default"), [([1, 3, 5, 6], 6), ([3, 5, None], None), ([3, 4], 3), (stats.randint(1, 9), 6), ((3, None), None)]
)
def test_it_begins_with_the_librarys_default_where_the_estimator_says_none_unless_none_is_searched(given, default) -> None:
    space = translate({"x": given}, {"x": 6}, {"x", "y"}).space

    assert space.default == {"x": default}


@pytest.mark.parametrize("given", [stats.norm(3, 2), stats.expon(scale=5), stats.beta(2, 5), stats.loguniform(1, 9, loc=4)])
def test_any_other_frozen_distribution_is_cut_into_its_quantiles(given) -> None:
    parameter = one(given)

    assert isinstance(parameter, Ordinal)
    assert given.cdf(parameter.choices) == pytest.approx((np.arange(199) + 0.5) / 199)
    assert parameter.default_value == pytest.approx(given.median())


def test_a_discrete_distribution_keeps_its_probabilities() -> None:
    parameter = one(stats.binom(4, 0.3))

    assert isinstance(parameter, Ordinal)
    assert parameter.choices == (0, 1, 2, 3, 4)
    assert parameter.prior == pytest.approx(stats.binom(4, 0.3).pmf(range(5)))
    assert one(stats.poisson(1e5)).size <= 199  # one without end is cut like the others
    assert one(stats.poisson(2)).choices[0] == 0


def test_what_can_only_be_drawn_from_is_drawn_from() -> None:
    class Sizes:
        def rvs(self, random_state=None):
            return (int(random_state.randint(1, 4)), 8)

    translation = translate({"sizes": Sizes()}, {})

    drawn = [translation.settings(params)["sizes"] for params in translation.space.sample(np.random.default_rng(0), 50)]
    assert set(drawn) == {(1, 8), (2, 8), (3, 8)}


def test_what_is_no_json_value_comes_back_as_it_was() -> None:
    scalers = [StandardScaler(), MinMaxScaler(), MinMaxScaler(clip=True), "passthrough", None]
    translation = translate({"scale": scalers, "sizes": [(10,), (10, 10)], "f": [math.sqrt, np.exp, math.nan]}, {})

    scale = translation.space.parameters["scale"]
    assert isinstance(scale, Categorical)
    assert list(scale.choices) == [
        "StandardScaler",
        "MinMaxScaler",
        "MinMaxScaler (2)",
        "passthrough",
        None,
    ]
    many = [translation.settings(params) for params in translation.space.sample(np.random.default_rng(0), 200)]
    assert {id(found["scale"]) for found in many} == {id(scaler) for scaler in scalers}
    assert {found["sizes"] for found in many} == {(10,), (10, 10)}
    assert {id(found["f"]) for found in many} == {id(math.sqrt), id(np.exp), id(math.nan)}


def test_of_several_dictionaries_one_is_chosen_first() -> None:
    parts: list[dict[str, Any]] = [
        {"model": [SVC()], "model__C": stats.loguniform(0.1, 10), "model__kernel": ["rbf", "poly"]},
        {"model": [LogisticRegression()], "model__C": stats.loguniform(1e-3, 1e3)},
        {"model": ["passthrough"]},
    ]
    translation = translate(parts, {"model__C": 1.0})

    many = [translation.settings(params) for params in translation.space.sample(np.random.default_rng(0), 300)]
    assert {tuple(found) for found in many} == {("model", "model__C", "model__kernel"), ("model", "model__C"), ("model",)}
    for found in many:
        assert any(part["model"] == [found["model"]] and set(found) == set(part) for part in parts)
        assert "model__kernel" not in found or 0.1 <= found["model__C"] <= 10
    assert translate(parts[:1], {}).space == translate(parts[0], {}).space


def test_the_parameters_of_a_space_are_set_as_they_are() -> None:
    space = SearchSpace({"C": Float(0, 1), "distributions": Categorical(["a"])})

    assert Translation(space).settings({"C": 0.5, "distributions": "a"}) == {"C": 0.5, "distributions": "a"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"C": 3}, '"C": 3 is no list and no distribution. Write a list'),
        ({"C": "abc"}, "is no list and no distribution"),
        ({"C": []}, '"C" has an empty list'),
        ({"C": stats.uniform(2, 0)}, '"C": the distribution is not defined'),
        ([], "must be a dictionary, a list of dictionaries or a SearchSpace"),
        ([3], "must be a dictionary, a list of dictionaries or a SearchSpace"),
    ],
)
def test_what_is_no_distribution_is_refused_with_the_mend(given, says) -> None:
    with pytest.raises(SpaceError, match=says):
        translate(given, {})


def test_of_an_empty_dictionary_there_is_one_candidate_which_sets_nothing() -> None:
    found = translate({}, {})

    assert found.space.size == 1
    assert [found.settings(params) for params in found.each()] == [{}]
