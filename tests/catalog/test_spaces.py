import numpy as np
import pytest

from tunewright.catalog import FAMILIES, Shape, build_space, choose_families, default_params, resolve_families
from tunewright.catalog.spaces import duration, seconds_per_fit
from tunewright.errors import DataError
from tunewright.space import SearchSpace

SMALL = Shape(rows=400, numbers=20, classes=2, smallest=80)
MIXED = Shape(rows=400, numbers=5, categories=4, wide=40, missing=True, classes=3, smallest=20)
LARGE = Shape(rows=40_000, numbers=20, classes=2, smallest=9000)
DENSE = {"scaler", "imputer", "indicator", "rare"}


def test_a_small_table_is_searched_with_every_family() -> None:
    chosen = choose_families(SMALL, seconds=60, folds=5, workers=2)

    assert set(chosen.names) == set(FAMILIES)
    assert chosen.left_out == {}


def test_a_large_table_leaves_out_what_is_hopeless_and_says_so() -> None:
    chosen = choose_families(LARGE, seconds=60, folds=5, workers=2)

    assert "svm" not in chosen.names
    assert {"linear", "boosting"} <= set(chosen.names)
    assert "more than a quarter of the 60 s. To search it anyway, name it: --models svm." in chosen.left_out["svm"]


def test_a_family_asked_for_by_name_stays() -> None:
    chosen = choose_families(LARGE, wanted=("svm", "linear"), seconds=10, folds=5, workers=1)

    assert chosen.names == ("linear", "svm")


def test_something_is_searched_however_large_the_table() -> None:
    assert choose_families(Shape(rows=10**8, numbers=1000), seconds=1, folds=10, workers=1).names


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["svm"], ("svm",)),
        (["RF", "random forest", "logistic"], ("forest", "linear")),
        ([], ()),
        (["k-nearest-neighbours"], ("knn",)),
    ],
)
def test_families_go_by_many_names(names: list[str], found: tuple[str, ...]) -> None:
    assert resolve_families(names) == found


def test_an_unknown_family_is_named_with_its_neighbour() -> None:
    with pytest.raises(DataError, match=r'no model family "forrest".*Did you mean "forest"'):
        resolve_families(["forrest"])


def test_preprocessing_is_active_where_it_has_an_effect() -> None:
    space = build_space(MIXED, list(FAMILIES))

    for params in space.sample(np.random.default_rng(0), 300):
        assert set(params) & DENSE == (DENSE if FAMILIES[str(params["model"])].dense else set())
        assert all(name in DENSE | {"model"} or name.startswith(f"{params['model']}.") for name in params)


def test_preprocessing_needs_no_condition_when_it_always_acts() -> None:
    assert "scaler" not in build_space(SMALL, ["linear", "knn"]).when


def test_conditions_within_a_family_hold() -> None:
    space = build_space(MIXED, ["svm"])

    for params in space.sample(np.random.default_rng(0), 200):
        assert ("svm.degree" in params) == (params["svm.kernel"] == "poly")
        assert ("svm.own_gamma" in params) == (params.get("svm.gamma") == "own")


@pytest.mark.parametrize("name", FAMILIES)
def test_the_default_of_a_family_is_a_configuration(name: str) -> None:
    space = build_space(MIXED, list(FAMILIES))

    params = default_params(space, name)

    assert params["model"] == name
    assert space.validate(params) == params


def test_the_default_of_all_is_a_random_forest() -> None:
    assert build_space(SMALL, list(FAMILIES)).default["model"] == "forest"
    assert build_space(SMALL, ["knn", "linear"]).default["model"] == "linear"


def test_a_space_goes_to_json_and_back() -> None:
    space = build_space(MIXED, list(FAMILIES))

    assert SearchSpace.from_json(space.to_json()) == space


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (59.6, "60 s"), (300, "5 minutes"), (10_000, "3 hours")])
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_fit_gets_its_part_of_the_time() -> None:
    assert seconds_per_fit(None, folds=5, workers=2) is None
    assert seconds_per_fit(60.0, folds=5, workers=2) == 6.0
    assert seconds_per_fit(60.0, folds=5, workers=8) == 15.0
