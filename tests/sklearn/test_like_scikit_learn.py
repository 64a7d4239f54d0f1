"""Where a search must do what scikit-learn's own does: values as they were given, scores as they came, errors as they were raised."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tunewright.catalog import space_for
from tunewright.sklearn import SearchCV

X, y = load_iris(return_X_y=True)
TEXTS, LABELS = ["the cat", "a dog", "the dog", "a cat"] * 5, [0, 1, 0, 1] * 5


class Told(ClassifierMixin, BaseEstimator):
    """Keeps what it is given."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def fit(self, X: Any, y: Any) -> "Told":
        self.classes_, self.tables_ = np.unique(y), hasattr(X, "iloc")
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])


def search(estimator: Any, given: Any, **more: Any) -> SearchCV:
    return SearchCV(estimator, given, **({"n_iter": 4, "cv": 2, "random_state": 0} | more))


@pytest.mark.parametrize(
    "values",
    [
        [None, ["the"], ["a", "the"]],
        [None, np.array([0.3, 0.3, 0.4])],
        [(1, 2), [1, 2], [3]],
        [1, 2, 0.5, 1.0],
        [True, 1],
        [[np.arange(3)], {"a": [1]}],
    ],
    ids=str,
)
def test_a_value_is_set_as_it_was_given(values: list[Any]) -> None:
    found = search(Told(), {"value": values}, refit=False).fit(X, y)
    tried = [params["value"] for params in found.cv_results_["params"]]

    assert len(tried) == len(values)
    assert sorted(map(repr, tried)) == sorted(map(repr, values))


def test_lists_reach_estimators_that_ask_for_lists() -> None:
    words = {"tfidfvectorizer__stop_words": [None, ["the"], ["a", "the"]]}
    search(make_pipeline(TfidfVectorizer(), LogisticRegression()), words, error_score="raise").fit(TEXTS, LABELS)
    search(GaussianNB(), {"priors": [None, np.array([0.3, 0.3, 0.4])]}, error_score="raise").fit(X, y)
    voters = VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())])
    assert search(voters, {"weights": [[1, 2]]}, n_iter=1).fit(X, y).best_params_ == {"weights": [1, 2]}


def test_a_distribution_of_ones_own_values_is_searched() -> None:
    found = search(DecisionTreeClassifier(), {"max_depth": stats.rv_discrete(values=([1, 3, 5], [0.2, 0.3, 0.5]))}).fit(X, y)

    assert set(found.cv_results_["param_max_depth"]) == {1, 3, 5}


# ---- scores ------------------------------------------------------------------------------------------------------------------------


def patchy(estimator: Any, X: Any, y: Any) -> float:
    return {1: math.nan, 2: -math.inf, 3: math.inf}.get(estimator.max_depth, 0.5)


@pytest.mark.parametrize(
    "more", [{"scoring": {"acc": "accuracy", "odd": patchy}, "refit": False}, {"scoring": patchy}], ids=["several", "one"]
)
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite", "ignore:invalid value")
def test_scores_that_are_no_finite_numbers_stand_as_they_are(more: dict[str, Any]) -> None:
    given = {"max_depth": [1, 2, 3, 4]}
    ours = search(DecisionTreeClassifier(random_state=0), given, **more).fit(X, y).cv_results_
    theirs = RandomizedSearchCV(DecisionTreeClassifier(random_state=0), given, n_iter=4, cv=2, random_state=0, **more).fit(X, y)

    place = {params["max_depth"]: i for i, params in enumerate(ours["params"])}
    order = [place[params["max_depth"]] for params in theirs.cv_results_["params"]]
    names = [name for name in theirs.cv_results_ if name.startswith(("mean_test_", "split0_test_"))]
    for name in names:
        np.testing.assert_array_equal(ours[name][order], theirs.cv_results_[name])


def test_a_scorer_that_gives_a_text_is_told() -> None:
    with pytest.raises(ValueError, match="scoring must return a number, got 'good'"):
        search(SVC(), {"C": [1, 2]}, scoring=lambda *_: "good", error_score="raise").fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [(None, "accuracy"), ("roc_auc_ovr", "roc_auc_ovr"), (lambda *_: 1.0, "score")],
    ids=["none", "named", "own"],
)
def test_a_study_knows_what_its_score_can_reach(scoring: Any, metric: str) -> None:
    found = search(LogisticRegression(max_iter=1000), {"C": stats.loguniform(0.1, 10)}, scoring=scoring).fit(X, y)

    assert found.study_.metrics[0].name == metric
    assert "mean_test_score" in found.cv_results_
    assert metric == "score" or found.study_.winner().high <= 1


# ---- other processes, and the file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_the_configuration_of_scikit_learn_holds_in_every_process(workers: int) -> None:
    with config_context(transform_output="pandas"):
        found = search(
            make_pipeline(StandardScaler(), Told()), {"told__value": [1, 2]}, n_jobs=workers, refit=False, n_iter=2,
            scoring=lambda model, *_: float(model[-1].tables_),
        ).fit(X, y)  # fmt: skip

    assert found.cv_results_["mean_test_score"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("workers", [1, 2])
def test_routed_weights_reach_every_process(workers: int) -> None:
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            LogisticRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
        )
        search(model, {"logisticregression__C": [1, 2]}, n_jobs=workers, error_score="raise").fit(
            X, y, sample_weight=np.ones(len(y))
        )


def scored(estimator: Any, X: Any, y: Any) -> float:
    return float(accuracy_score(y, estimator.predict(X)))


def test_a_stored_search_goes_on_with_the_same_candidates_only(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"

    def searched(c: float, scoring: Any = None) -> SearchCV:
        given = {"m": [SVC(C=c), DecisionTreeClassifier(max_depth=1)]}
        found = search(Pipeline([("m", SVC())]), given, storage=url, scoring=scoring, n_iter=2)
        found.fit(X, y)
        return found

    poor, good = searched(1e-4), searched(10.0)

    assert poor.study_.name != good.study_.name
    assert good.best_score_ > 0.9 > poor.best_score_
    assert searched(10.0).study_.name == good.study_.name
    assert searched(10.0, scored).study_.name == searched(10.0, scored).study_.name != good.study_.name


# ---- errors --------------------------------------------------------------------------------------------------------------------------


def test_a_parameter_that_does_not_exist_is_told_before_any_fit() -> None:
    with pytest.raises(ValueError, match="Invalid parameter 'foo' for estimator SVC"):
        search(SVC(), {"foo": [1, 2]}).fit(X, y)


def test_when_no_fold_was_finished_in_time_it_says_so() -> None:
    with pytest.raises(ValueError, match=r"No fold was finished within 1e-09 s\. Allow more seconds\."):
        search(SVC(), {"C": [1, 2]}, seconds=1e-9).fit(X, y)


def test_the_promised_fits_are_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    search(SVC(), {"C": [1, 2]}, verbose=1).fit(X, y)

    assert "Fitting 2 folds for each of 2 candidates, totalling 4 fits" in capsys.readouterr().out


# ---- the catalogue -------------------------------------------------------------------------------------------------------------------


class Forest(RandomForestClassifier):
    """Passes on a part of what its parent takes."""

    def __init__(self, n_estimators: int = 10, max_features: float | str = "sqrt", random_state: int | None = None) -> None:
        super().__init__(n_estimators=n_estimators, max_features=max_features, random_state=random_state)


def test_a_subclass_is_searched_in_what_it_takes() -> None:
    assert {name.split(".")[0] for name in space_for(Forest()).names} <= {"n_estimators", "max_features"}
    search(Forest(), None, n_iter=2, error_score="raise").fit(X, y)


@pytest.mark.parametrize("texts", [["a b", "c"], pd.Series(["a b", "c"])])
def test_texts_bound_nothing(texts: Any) -> None:
    assert space_for(TfidfVectorizer(), X=texts) == space_for(TfidfVectorizer())
