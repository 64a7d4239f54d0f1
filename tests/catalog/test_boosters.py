import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer

from tunewright.catalog import Entry, settings, space_for
from tunewright.catalog.boosters import ENTRIES
from tunewright.catalog.own import ENTRIES as KNOWN
from tunewright.catalog.own import part_values

X, Y = (part[:200] for part in load_breast_cancer(return_X_y=True))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_space_begins_with_the_library_and_fits_wherever_it_is_drawn(
    entry: Entry, own_defaults: Callable[[Entry], None], thirty: Callable[[Entry], None]
) -> None:
    own_defaults(entry)
    thirty(entry)


def xgboost(kind: str = "XGBClassifier", **own: Any) -> Any:
    return getattr(pytest.importorskip("xgboost"), kind)(n_jobs=1, **own)


def lightgbm(**own: Any) -> Any:
    return pytest.importorskip("lightgbm").LGBMClassifier(n_jobs=1, verbose=-1, **own)


def catboost(**own: Any) -> Any:
    return pytest.importorskip("catboost").CatBoostClassifier(verbose=0, allow_writing_files=False, thread_count=1, **own)


def trained(model: Any) -> dict[str, Any]:
    """What a library says that it trained with, by its own names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Y)
    if hasattr(model, "get_all_params"):
        return dict(model.get_all_params())
    if hasattr(model, "booster_"):
        lines = [line.strip("[]").split(": ") for line in model.booster_.model_to_string().splitlines() if line.startswith("[")]
        return {"trees": model.booster_.num_trees(), **{line[0]: line[1] for line in lines if len(line) == 2}}
    found: dict[str, Any] = {}

    def walk(part: Any) -> None:
        for name, value in part.items():
            if isinstance(value, dict):
                walk(value)
            else:
                found[name] = value

    walk(
        {key: value for key, value in json.loads(model.get_booster().save_config())["learner"].items() if isinstance(value, dict)}
    )
    return found


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("XGBClassifier", {}),
        ("XGBClassifier", {"booster": "gblinear"}),
        ("XGBRegressor", {"objective": "count:poisson"}),
        ("XGBRFClassifier", {}),
    ],
)
def test_where_xgboost_says_none_the_catalogue_says_what_it_takes(kind, own):
    model = xgboost(kind, **own)
    said = trained(clone(model).set_params(n_estimators=2))

    unsaid = part_values(model)

    shown = {name: float(said[name]) for name, value in unsaid.values.items() if isinstance(value, float) and name in said}
    assert {"learning_rate", "reg_lambda"} <= shown.keys()
    assert shown == pytest.approx({name: unsaid.values[name] for name in shown if name != "missing"})
    assert clone(model).fit(X[:50], Y[:50]).get_num_boosting_rounds() == (1 if "RF" in kind else unsaid.values["n_estimators"])


def test_where_catboost_says_nothing_the_catalogue_says_what_it_takes():
    own = part_values(catboost()).values

    said = trained(catboost(iterations=3, learning_rate=0.1))

    for name in (
        "depth",
        "l2_leaf_reg",
        "random_strength",
        "rsm",
        "border_count",
        "min_data_in_leaf",
        "grow_policy",
        "task_type",
    ):
        assert said[name] == own[name], name
    assert own["n_estimators"] == own["iterations"] == 1000
    assert own["learning_rate"] is None


GIVEN = {
    "learning_rate": 0.2, "n_estimators": 7, "min_child_samples": 33, "colsample_bytree": 0.5, "reg_lambda": 7.0, "reg_alpha": 3.0,
    "subsample": 0.5, "subsample_freq": 3, "min_split_gain": 0.7, "min_child_weight": 0.3, "random_state": 9, "boosting_type": "dart",
    "num_leaves": 5,
}  # fmt: skip
THEIRS = {
    "boosting_type": "boosting", "colsample_bytree": "feature_fraction", "min_child_samples": "min_data_in_leaf", "reg_lambda": "lambda_l2",
    "min_child_weight": "min_sum_hessian_in_leaf", "min_split_gain": "min_gain_to_split", "n_estimators": "num_iterations",
    "reg_alpha": "lambda_l1", "subsample": "bagging_fraction", "subsample_freq": "bagging_freq", "random_state": "seed",
}  # fmt: skip


def test_lightgbm_heeds_the_names_of_the_catalogue_and_no_others():
    known = pytest.importorskip("lightgbm.basic")._ConfigAliases
    names = KNOWN["LGBMClassifier"].aliases

    for name, value in GIVEN.items():
        heeded = {}
        theirs = THEIRS.get(name, name)
        for alias in {*known.get(theirs), name}:
            said = trained(lightgbm(**{"n_estimators": 3, alias: value}))
            heeded[alias] = said["trees"] == value if name == "n_estimators" else said[theirs] == str(value).removesuffix(".0")
        assert {alias for alias, heard in heeded.items() if heard} == set(names.get(name, {name})), name


def test_the_name_of_the_class_gives_way_with_lightgbm_and_not_with_xgboost():
    assert trained(lightgbm(reg_lambda=5.0, lambda_l2=7.0, n_estimators=2))["lambda_l2"] == "7"
    assert part_values(lightgbm(reg_lambda=5.0, lambda_l2=7.0)).values["reg_lambda"] == 7.0
    assert float(trained(xgboost(eta=0.01, learning_rate=0.2, n_estimators=2))["eta"]) == pytest.approx(0.2)
    assert part_values(xgboost(eta=0.01, learning_rate=0.2)).values["eta"] == 0.2


@pytest.mark.parametrize("name", ["learning_rate", "gamma", "reg_lambda", "reg_alpha", "random_state"])
def test_xgboost_heeds_the_other_names_of_the_catalogue(name):
    for alias in set(KNOWN["XGBClassifier"].aliases[name]) - {name}:
        said = trained(xgboost(n_estimators=2, **{alias: 3 if name == "random_state" else 0.25}))
        assert float(said["seed" if name == "random_state" else name]) == (3 if name == "random_state" else 0.25)


def test_the_names_of_catboost_are_those_of_its_own_table():
    core = pytest.importorskip("catboost.core")

    for names in KNOWN["CatBoostClassifier"].aliases.values():
        for alias in names:
            told = {alias: 1}
            core._process_synonyms_groups(told)
            assert told == {names[0]: 1}


@pytest.mark.parametrize(
    ("make", "own", "starts", "left_out"),
    [
        (lightgbm, {"num_iterations": 17, "n_estimators": 50}, {}, "n_estimators"),
        (lightgbm, {"num_iterations": 30}, {"num_iterations": 30}, "n_estimators"),
        (lightgbm, {"min_data_in_leaf": 7, "feature_fraction": 0.5}, {"min_data_in_leaf": 7, "feature_fraction": 0.5}, "reg"),
        (lightgbm, {"lambda_l2": 3.0, "n_iter": 40}, {"lambda_l2": 3.0, "n_iter": 40}, "reg_lambda"),
        (lightgbm, {"eta": 0.2}, {"learning_rate": 0.1}, "eta"),  # LightGBM itself trains with 0.1 then
        (xgboost, {"eta": 0.01}, {"eta": 0.01}, "learning_rate"),
        (xgboost, {"min_split_loss": 9.0}, {}, "gamma"),
        (catboost, {"n_estimators": 50, "max_depth": 3}, {"n_estimators": 50, "max_depth": 3}, "iterations"),
        (catboost, {"num_trees": 60, "reg_lambda": 2.0}, {"num_trees": 60, "reg_lambda": 2.0}, "l2_leaf_reg"),
        (catboost, {"eta": 0.3}, {"eta": "value", "eta.value": 0.3}, "learning_rate"),
    ],
)
def test_a_setting_is_searched_under_the_name_it_was_given_or_stays(make, own, starts, left_out):
    model = make(**own)

    space = space_for(model)

    assert {name: space.default[name] for name in starts} == starts
    assert left_out not in space.names


@pytest.mark.parametrize(("make", "own", "told"), [
    (lightgbm, {"num_iterations": 30}, {"num_iterations": 22}),
    (xgboost, {"eta": 0.01, "n_estimators": 3}, {"eta": 0.25}),
    (catboost, {"n_estimators": 50, "max_depth": 3}, {"n_estimators": 51, "max_depth": 2}),
])  # fmt: skip
def test_what_is_searched_is_what_is_trained(make, own, told):
    model = make(**own)
    space = space_for(model)

    params = space.validate(space.default | told)
    said = trained(clone(model).set_params(**settings(params)))

    if make is lightgbm:
        assert said["trees"] == 22
    elif make is xgboost:
        assert float(said["learning_rate"]) == 0.25
    else:
        assert (said["iterations"], said["depth"]) == (51, 2)


def test_a_linear_booster_is_searched_without_trees_and_begins_with_its_own_defaults():
    space = space_for(xgboost(booster="gblinear"))

    assert set(space.names) == {"learning_rate", "n_estimators", "reg_lambda", "reg_lambda.value", "reg_alpha"}
    assert settings(space.default) == {"learning_rate": 0.5, "n_estimators": 100, "reg_lambda": 0.0, "reg_alpha": 0.0}
    assert space_for(xgboost(booster="dart")).names == space_for(xgboost()).names == space_for("XGBClassifier").names


def test_dart_heeds_all_that_is_searched_for_trees():
    model = xgboost(booster="dart", n_estimators=20, random_state=0)
    default = clone(model).fit(X, Y).predict_proba(X)

    for name, value in {
        "learning_rate": 0.1, "max_depth": 2, "min_child_weight": 9.0, "subsample": 0.5, "colsample_bytree": 0.4, "reg_lambda": 9.0,
        "reg_alpha": 3.0, "gamma": 3.0, "n_estimators": 30,
    }.items():  # fmt: skip
        assert not np.array_equal(clone(model).set_params(**{name: value}).fit(X, Y).predict_proba(X), default), name


@pytest.mark.parametrize("name", ["boosting_type", "boosting"])
def test_a_forest_of_lightgbm_has_no_learning_rate(name):
    model = lightgbm(**{name: "rf"}, subsample=0.7, subsample_freq=1, n_estimators=20)
    slow, quick = (clone(model).set_params(learning_rate=rate).fit(X, Y).predict_proba(X) for rate in (0.01, 0.5))

    assert np.array_equal(slow, quick)  # which is why
    assert "learning_rate" not in space_for(model).names
    assert "learning_rate" in space_for(lightgbm(**{name: "dart"})).names


def test_a_forest_of_xgboost_begins_as_it_is_set_and_has_no_learning_rate():
    model = xgboost("XGBRFClassifier")

    space = space_for(model)

    assert "learning_rate" not in space.names
    own = part_values(model).values
    assert settings(space.default) == {name: own[name] for name in settings(space.default)}
    assert settings(space.default) | {"reg_lambda": 1e-5, "subsample": 0.8, "colsample_bynode": 0.8} == settings(space.default)


def test_a_class_of_ones_own_that_sets_a_number_outside_the_range_begins_with_it():
    kind: Any = pytest.importorskip("xgboost").XGBClassifier

    class Mine(kind):
        def __init__(self, *, reg_lambda=1e-5, **kwargs):
            super().__init__(reg_lambda=reg_lambda, **kwargs)

    assert settings(space_for(Mine()).default)["reg_lambda"] == 1e-5
