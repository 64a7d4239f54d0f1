import warnings
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.resampling.building import built, configured, own_configuration
from tunewright.space import param

X, Y = (part[:200] for part in load_breast_cancer(return_X_y=True))
XGB = {"max_depth": tw.Int(1, 8), "reg_lambda": tw.Float(0.1, 90)}
CATBOOST = {"depth": tw.Int(2, 8), "l2_leaf_reg": tw.Float(1, 9)}


def xgboost(**own: Any) -> Any:
    return pytest.importorskip("xgboost").XGBClassifier(n_jobs=1, **own)


def lightgbm(**own: Any) -> Any:
    return pytest.importorskip("lightgbm").LGBMClassifier(n_jobs=1, verbose=-1, **own)


def catboost(**own: Any) -> Any:
    return pytest.importorskip("catboost").CatBoostClassifier(verbose=0, allow_writing_files=False, thread_count=1, **own)


@pytest.mark.parametrize(
    ("make", "own", "space", "default"),
    [
        (xgboost, {"max_depth": 3}, XGB, {"max_depth": 3, "reg_lambda": 1.0}),
        (xgboost, {}, {"max_depth": tw.Categorical([3, None])}, {"max_depth": None}),
        (xgboost, {}, {"eta": tw.Float(0.1, 0.9)}, {"eta": 0.3}),
        (catboost, {"depth": 3}, CATBOOST, {"depth": 3, "l2_leaf_reg": 3.0}),
        (catboost, {"max_depth": 3}, CATBOOST, {"depth": 3, "l2_leaf_reg": 3.0}),
        (catboost, {}, {"n_estimators": tw.Int(10, 5000)}, {"n_estimators": 1000}),
        (lightgbm, {"num_iterations": 17}, {"n_estimators": tw.Int(1, 50)}, {"n_estimators": 17}),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_the_first_configuration_is_the_estimator_with_its_librarys_defaults(make, own, space, default):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert own_configuration(make(**own), tw.SearchSpace(space)) == default


def test_a_study_of_a_space_of_ones_own_begins_with_the_estimator():
    cv = tw.CrossValidation(xgboost(max_depth=3, n_estimators=5), X, Y, cv=3)
    study = tw.Study(XGB, cv.metrics, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(cv, trials=1)

    assert study.history.trials[0].params == {"max_depth": 3, "reg_lambda": 1.0}
    own = tw.CrossValidation(xgboost(max_depth=3, n_estimators=5), X, Y, cv=3, racing=False)
    assert study.history.trials[0].measurements[0].values["accuracy"] == own.score({}, 0)


def test_what_the_space_does_not_hold_is_said_and_the_rest_is_kept():
    cv = tw.CrossValidation(make_pipeline(StandardScaler(), SVC(C=3.0)), X, Y, cv=3)
    study = tw.Study({"svc__C": tw.Float(0.1, 10), "svc__gamma": tw.Float(0.0, 1.0)}, cv.metrics)

    with pytest.warns(UserWarning, match="The space does not hold the estimator") as said:
        study.optimize(cv, trials=1)

    assert study.history.trials[0].params == {"svc__C": 3.0, "svc__gamma": 0.5}
    assert str(said[0].message) == (
        "The space does not hold the estimator as you gave it: there svc__gamma is 'scale'. What is called the default is not quite your "
        "estimator, then: it has svc__gamma=0.5. To compare with yours, let the space hold it."
    )
    assert len(said) == 1
    assert said[0].filename == __file__


def test_where_a_constraint_forbids_the_estimator_that_is_said_too():
    space = tw.SearchSpace({"C": tw.Float(0.1, 10, default=1.0)}, constraints=[param("C") < 2])

    with pytest.warns(UserWarning, match="there C is 5"):
        assert own_configuration(SVC(C=5), space) is None


def test_of_a_function_nothing_is_known_and_nothing_is_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert own_configuration(lambda live: SVC(), tw.SearchSpace({"C": tw.Float(0.1, 10)})) is None


@pytest.mark.parametrize(
    ("make", "own", "live", "has"),
    [
        (lightgbm, {"num_iterations": 17}, {"n_estimators": 5}, {"num_iterations": 5}),
        (catboost, {"n_estimators": 17}, {"iterations": 5, "max_depth": 3}, {"n_estimators": 5, "depth": 3}),
        (xgboost, {"eta": 0.1}, {"learning_rate": 0.2}, {"eta": 0.2}),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_a_setting_of_another_name_replaces_what_is_set(make, own, live, has):
    params = configured(make(**own), live).get_params()

    assert {name: params[name] for name in has} == has
    built(make(**own), live, seed=0).fit(X[:50], Y[:50])  # CatBoost refuses two names of one setting


@pytest.mark.parametrize(
    ("make", "own", "seed"),
    [
        (xgboost, {}, 7),
        (xgboost, {"seed": 3}, None),
        (xgboost, {"random_state": 3}, 3),
        (lightgbm, {}, 7),
        (lightgbm, {"seed": 3}, None),
        (catboost, {}, 7),
        (catboost, {"random_state": 3}, 3),
        (catboost, {"random_seed": 3}, None),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_chance_that_is_left_open_is_set_and_what_is_said_by_any_name_stays(make, own, seed):
    assert built(make(**own), {}, seed=7).get_params().get("random_state") == seed


def test_chance_inside_a_pipeline_is_set_too():
    model = built(make_pipeline(StandardScaler(), catboost()), {}, seed=5)

    assert model[-1].get_params()["random_state"] == 5


def test_a_function_that_makes_no_estimator_is_refused():
    assert isinstance(built(lambda live: LogisticRegression(C=live["C"]), {"C": 2.0}, seed=0), LogisticRegression)
    with pytest.raises(StudyError, match="has no `fit`"):
        built(lambda live: 3, {}, seed=0)
