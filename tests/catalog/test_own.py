from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tunewright.catalog.own import entry_of, heeded, heeded_names, own_values, part_values, usual_values


class XGBClassifier(BaseEstimator):
    """As XGBoost's: None for the library's own default, and other names as further arguments."""

    __module__ = "xgboost.sklearn"

    def __init__(self, learning_rate=None, max_depth=None, reg_lambda=None, booster=None, **kwargs):
        self.learning_rate, self.max_depth, self.reg_lambda, self.booster = learning_rate, max_depth, reg_lambda, booster
        self.kwargs = kwargs

    def get_params(self, deep=True):
        own = ("learning_rate", "max_depth", "reg_lambda", "booster")
        return {name: getattr(self, name) for name in own} | self.kwargs


class CatBoostClassifier:
    """As CatBoost's: says only what was given."""

    __module__ = "catboost.core"

    def __init__(self, iterations=None, n_estimators=None, depth=None, max_depth=None, random_seed=None, random_state=None):
        self.given = {name: value for name, value in locals().items() if name != "self" and value is not None}

    def get_params(self, deep=True):
        return dict(self.given)


def test_an_estimator_of_scikit_learn_is_set_to_what_it_says() -> None:
    pipeline = make_pipeline(StandardScaler(), SVC(C=3))

    own = own_values(pipeline)

    assert own.values["svc__C"] == 3
    assert dict(own.values) == pipeline.get_params()
    assert not own.unsaid


def test_where_the_class_says_none_or_nothing_the_librarys_default_stands() -> None:
    xgb, cat = own_values(XGBClassifier(max_depth=3)), own_values(CatBoostClassifier(depth=3))

    assert (xgb.values["max_depth"], xgb.values["reg_lambda"], xgb.values["learning_rate"]) == (3, 1.0, 0.3)
    assert xgb.unsaid == {"learning_rate", "eta", "reg_lambda", "lambda", "booster"}
    assert cat.values["depth"] == cat.values["max_depth"] == 3
    assert cat.values["iterations"] == cat.values["n_estimators"] == 1000
    assert cat.values["random_state"] is None
    assert cat.unsaid == {"iterations", "n_estimators", "num_boost_round", "num_trees"}


def test_a_default_may_depend_on_another_setting() -> None:
    own = part_values(XGBClassifier(booster="gblinear")).values

    assert (own["learning_rate"], own["reg_lambda"]) == (0.5, 0.0)
    assert usual_values(XGBClassifier, own)["reg_lambda"] == 0.0


def test_what_stands_inside_is_asked_the_same_way() -> None:
    own = own_values(make_pipeline(StandardScaler(), XGBClassifier(eta=0.01)))

    assert own.values["xgbclassifier__learning_rate"] == own.values["xgbclassifier__eta"] == 0.01
    assert own.values["xgbclassifier__reg_lambda"] == 1.0
    assert "xgbclassifier__reg_lambda" in own.unsaid


@pytest.mark.parametrize(
    ("estimator", "told", "becomes"),
    [
        (CatBoostClassifier(n_estimators=50), {"iterations": 9, "depth": 2}, {"n_estimators": 9, "depth": 2}),
        (CatBoostClassifier(), {"n_estimators": 9}, {"iterations": 9}),
        (CatBoostClassifier(), {"max_depth": 3, "depth": 2}, {"depth": 2}),
        (CatBoostClassifier(random_seed=3), {"random_state": 1}, {"random_seed": 1}),
        (XGBClassifier(eta=0.1), {"learning_rate": 0.2}, {"eta": 0.2}),
        (XGBClassifier(eta=0.1, learning_rate=0.3), {"eta": 0.2}, {"learning_rate": 0.2}),
        (SVC(), {"C": 3}, {"C": 3}),
        (object(), {"C": 3}, {"C": 3}),
        (make_pipeline(XGBClassifier(eta=0.1)), {"xgbclassifier__learning_rate": 0.2}, {"xgbclassifier__eta": 0.2}),
        (make_pipeline(XGBClassifier(eta=0.1)), {"xgbclassifier": SVC(), "xgbclassifier__learning_rate": 2}, None),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_setting_is_made_under_the_name_that_is_heeded(estimator: Any, told: dict[str, Any], becomes: Any) -> None:
    assert heeded(estimator, told) == (told if becomes is None else becomes)


def test_a_class_and_a_name_heed_the_catalogues_names() -> None:
    assert heeded_names(CatBoostClassifier, ["iterations"]) == {"iterations": "iterations"}
    assert heeded_names("CatBoostClassifier", ["iterations"]) == {"iterations": "iterations"}
    assert part_values("CatBoostClassifier") == part_values(CatBoostClassifier)
    assert not own_values("CatBoostClassifier").values


def test_the_entry_of_a_subclass_is_its_ancestors_and_a_namesake_has_none() -> None:
    class Mine(SVC):
        pass

    Namesake = type("SVC", (), {"__module__": "elsewhere.svm"})

    entry = entry_of(Mine())
    assert entry is not None
    assert entry is entry_of("SVC")
    assert entry.name == "SVC"
    assert entry_of(Namesake()) is None
