import math
import os
import pickle
import re
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import stats
from scipy.stats import loguniform, randint, uniform
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from tunewright.catalog import space_for
from tunewright.errors import ObjectiveError, SpaceError, StudyError
from tunewright.resampling import alike_rows
from tunewright.resampling.resource import NOT_BOTH
from tunewright.samplers import QuasiRandom, Random
from tunewright.schedulers import ASHA, Once
from tunewright.sklearn import SearchCV
from tunewright.space import Categorical, Float, Int, SearchSpace, param
from tunewright.study import Study

X, y = load_iris(return_X_y=True)
NEIGHBOURS = {"n_neighbors": randint(1, 40), "weights": ["uniform", "distance"]}


def search(estimator=None, given=NEIGHBOURS, **more) -> SearchCV:
    """A small search on few folds."""
    return SearchCV(estimator or KNeighborsClassifier(), given, **({"n_iter": 4, "cv": 3, "random_state": 0} | more))


# ---- scikit-learn's own checks -----------------------------------------------------------------------------------------------------

CHECKED = [
    search(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, n_iter=2, error_score="raise"),
    search(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=2, n_iter=2, error_score="raise"),
]


def expected_failures(searched: SearchCV) -> dict[str, str]:
    """A part of what scikit-learn expects of its own `RandomizedSearchCV` (utils/_test_common/instance_generator.py, 1.9)."""
    return (
        {"check_supervised_y_2d": "Ridge takes a column for several targets and does not warn"}
        if isinstance(searched.estimator, Ridge)
        else {}
    )


@parametrize_with_checks(CHECKED, expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_finds_an_estimator(estimator, check) -> None:
    check(estimator)


# ---- in place of RandomizedSearchCV ------------------------------------------------------------------------------------------------


def test_it_takes_and_gives_what_a_random_search_does() -> None:
    model = make_pipeline(StandardScaler(), SVC())
    given = {"svc__C": loguniform(1e-2, 1e3), "svc__kernel": ["rbf", "linear"], "svc__gamma": uniform(0.01, 1)}
    arguments = {"n_iter": 6, "scoring": "f1_macro", "cv": StratifiedKFold(3), "random_state": 1, "return_train_score": True}

    theirs = RandomizedSearchCV(model, given, **arguments).fit(X, y)
    ours = SearchCV(model, given, **arguments).fit(X, y)

    assert set(theirs.cv_results_) == set(ours.cv_results_) - {"n_splits_run"}
    assert {name for name in vars(theirs) if name.endswith("_")} == {name for name in vars(ours) if name.endswith("_")} - {
        "study_"
    }
    assert {name: len(column) for name, column in ours.cv_results_.items()} == dict.fromkeys(ours.cv_results_, 6)
    assert set(RandomizedSearchCV(model, given).get_params()) <= set(SearchCV(model).get_params())
    assert ours.best_score_ == ours.cv_results_["mean_test_score"].max()
    assert ours.best_params_ == ours.cv_results_["params"][ours.best_index_]
    assert ours.best_score_ == pytest.approx(
        cross_val_score(clone(model).set_params(**ours.best_params_), X, y, cv=StratifiedKFold(3), scoring="f1_macro").mean()
    )
    assert ours.predict(X).tolist() == ours.best_estimator_.predict(X).tolist()
    assert ours.classes_.tolist() == [0, 1, 2]
    assert ours.n_features_in_ == 4
    assert pd.DataFrame(ours.cv_results_).shape[0] == 6


def test_the_first_candidate_is_the_estimator_as_it_is_set() -> None:
    found = search(KNeighborsClassifier(7, weights="distance")).fit(X, y)

    assert found.cv_results_["params"][0] == {"n_neighbors": 7, "weights": "distance"}


def test_an_int_makes_the_search_repeatable() -> None:
    first, again, other = (search(n_iter=14, random_state=seed).fit(X, y).cv_results_["params"] for seed in (1, 1, 2))

    assert first == again != other


def test_a_small_space_is_searched_whole_and_nothing_twice() -> None:
    found = search(given={"n_neighbors": [1, 3, 5], "p": [1, 2]}, n_iter=50).fit(X, y)

    tried = [tuple(params.values()) for params in found.cv_results_["params"]]
    assert sorted(tried) == [(k, p) for k in (1, 3, 5) for p in (1, 2)]


def test_a_space_with_conditions_sets_only_what_is_active() -> None:
    space = SearchSpace(
        {"kernel": Categorical(["rbf", "poly"]), "degree": Int(2, 4), "C": Float(0.1, 10, log=True)},
        when={"degree": param("kernel") == "poly"},
    )

    found = search(SVC(), space, n_iter=8).fit(X, y)

    for params, masked in zip(found.cv_results_["params"], found.cv_results_["param_degree"].mask, strict=True):
        assert ("degree" in params) == (params["kernel"] == "poly") == (not masked)


def test_without_distributions_the_catalogue_is_asked() -> None:
    found = search(make_pipeline(StandardScaler(), KNeighborsClassifier()), None).fit(X, y)

    assert "kneighborsclassifier__n_neighbors" in found.best_params_
    assert found.study_.space.parameters["kneighborsclassifier__n_neighbors"].high <= 100
    with pytest.raises(SpaceError, match="The catalogue has no space for Fragile"):
        SearchCV(Fragile()).fit(X, y)


def test_a_step_may_be_chosen() -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", KNeighborsClassifier())])
    candidates = {"model": [KNeighborsClassifier(), GaussianNB()], "scale": [StandardScaler(), "passthrough"]}

    found = SearchCV(pipeline, choices=candidates, n_iter=12, cv=2, random_state=0).fit(X, y)

    assert {type(params["model"]).__name__ for params in found.cv_results_["params"]} == {"KNeighborsClassifier", "GaussianNB"}
    assert all(("model__n_neighbors" in p) == isinstance(p["model"], KNeighborsClassifier) for p in found.cv_results_["params"])
    assert isinstance(found.best_estimator_[-1], type(found.best_params_["model"]))


# ---- metrics and the winner --------------------------------------------------------------------------------------------------------


def test_of_several_metrics_one_is_searched_for_and_all_are_told() -> None:
    found = search(scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss").fit(X, y)

    assert found.multimetric_
    assert set(found.scorer_) == {"accuracy", "neg_log_loss"}
    assert [metric.name for metric in found.study_.metrics] == ["neg_log_loss"]
    assert found.best_index_ == found.cv_results_["rank_test_neg_log_loss"].argmin()
    assert found.score(X, y) == found.scorer_["neg_log_loss"](found.best_estimator_, X, y)
    assert "split2_test_accuracy" in found.cv_results_


def test_where_no_metric_is_named_the_front_of_all_is_searched() -> None:
    found = search(
        scoring={"a": "accuracy", "b": make_scorer(accuracy_score)}, refit=lambda results: results["mean_test_a"].argmin()
    )
    found.fit(X, y)

    assert [metric.name for metric in found.study_.metrics] == ["a", "b"]
    assert found.best_index_ == found.cv_results_["mean_test_a"].argmin()
    assert not hasattr(found, "best_score_")


def test_a_function_may_give_several_scores() -> None:
    def judge(model, X, y):
        return {"right": model.score(X, y), "neighbours": -model.n_neighbors}

    found = search(scoring=judge, refit="neighbours", n_iter=6).fit(X, y)

    assert found.best_params_["n_neighbors"] == min(params["n_neighbors"] for params in found.cv_results_["params"])
    assert found.multimetric_
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        search(scoring=judge, refit=True).fit(X, y)


def test_without_refit_there_is_a_best_candidate_and_no_model() -> None:
    found = search(refit=False).fit(X, y)

    assert found.best_params_ == found.cv_results_["params"][found.best_index_]
    assert not hasattr(found, "best_estimator_")
    assert not hasattr(found, "predict")


def test_clusterers_need_no_target() -> None:
    found = search(KMeans(n_init=1, random_state=0), {"n_clusters": randint(2, 6)}).fit(X)

    assert found.transform(X).shape == (150, found.best_params_["n_clusters"])


# ---- failures ----------------------------------------------------------------------------------------------------------------------


class Fragile(ClassifierMixin, BaseEstimator):
    """Breaks for every second value."""

    def __init__(self, a: int = 0) -> None:
        self.a = a

    def fit(self, X, y):
        if self.a % 2:
            raise ZeroDivisionError(f"a is {self.a}")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_candidate_that_fails_is_recorded_and_cannot_win() -> None:
    with pytest.warns(FitFailedWarning, match=r"2 of 8 fits failed(?s:.*)ZeroDivisionError: a is"):
        found = search(Fragile(), {"a": [0, 1, 2, 3]}, n_iter=4).fit(X, y)

    means = {
        params["a"]: mean for params, mean in zip(found.cv_results_["params"], found.cv_results_["mean_test_score"], strict=True)
    }
    assert [a for a, mean in means.items() if np.isnan(mean)] == [1, 3]
    assert found.best_params_["a"] in {0, 2}
    assert sorted(found.cv_results_["n_splits_run"].tolist()) == [1, 1, 3, 3]


def test_a_number_may_stand_for_what_failed() -> None:
    with pytest.warns(FitFailedWarning, match="6 of 12 fits failed"):
        found = search(Fragile(), {"a": [0, 1, 2, 3]}, error_score=-1).fit(X, y)

    assert sorted(found.cv_results_["mean_test_score"].tolist())[:2] == [-1, -1]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_may_be_raised(workers: int) -> None:
    with pytest.raises(ZeroDivisionError, match="a is 1"):
        search(Fragile(1), {"a": [1]}, error_score="raise", n_jobs=workers).fit(X, y)


def test_when_everything_fails_the_error_says_why() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"All the 2 fits failed") as caught:
            search(Fragile(), {"a": [1, 3]}).fit(X, y)

    first, *below = str(caught.value).splitlines()
    assert re.fullmatch("All the 2 fits failed, the first with ZeroDivisionError: a is [13]", first)
    assert below[0].endswith("error_score='raise'. Its traceback:")
    assert not any("folds.py" in line for line in below)
    assert any("in fit" in line for line in below)
    assert re.fullmatch("ZeroDivisionError: a is [13]", below[-1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n_iter": 0}, "n_iter"),
        ({"sampler": "tpe"}, "sampler"),
        ({"scheduler": Once(folds=9)}, "there are folds 0 to 2"),
        ({"cv": [(np.arange(9), np.arange(9, 12))], "scoring": "no such"}, "scoring"),
        ({"given": {"no_such_parameter": [1, 2]}}, "no_such_parameter"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments, says) -> None:
    with pytest.raises(ValueError, match=says):
        search(**arguments).fit(X, y)


# ---- rows, groups and weights ------------------------------------------------------------------------------------------------------


def test_groups_and_weights_go_where_they_belong() -> None:
    groups, weights = np.arange(150) % 5, np.where(y == 2, 0.0, 1.0)

    found = search(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 5]}, cv=GroupKFold(5))
    found.fit(X, y, groups=groups, sample_weight=weights)

    assert found.n_splits_ == 5
    assert set(found.predict(X)) == {0, 1}


def test_metadata_is_routed_where_it_is_asked_for() -> None:
    weights = np.where(y == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        tree = DecisionTreeClassifier(random_state=0).set_fit_request(sample_weight=True)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        asked = search(tree, {"max_depth": [1, 2, 5]}, scoring=scorer, cv=GroupKFold(5))

        asked.fit(X, y, sample_weight=weights, groups=np.arange(150) % 5)

        assert asked.best_score_ > 0.9  # the third class counts for nothing, in fitting and in scoring
        assert set(asked.predict(X)) == {0, 1}
        assert asked.score(X, y, sample_weight=weights) > 0.9
        with pytest.raises(TypeError, match="sample_weight"):
            search(DecisionTreeClassifier(), {"max_depth": [1, 2]}).fit(X, y, sample_weights=weights)


def test_frames_keep_their_names() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))

    assert search().fit(frame, pd.Series(y)).feature_names_in_.tolist() == list("abcd")


# ---- as a part of something --------------------------------------------------------------------------------------------------------


def test_it_is_cloned_nested_and_set_like_any_estimator() -> None:
    inner = search(n_iter=3)
    outer = make_pipeline(StandardScaler(), inner)

    scores = cross_val_score(outer, X, y, cv=2)

    assert scores.min() > 0.8
    with pytest.raises(NotFittedError):
        inner.predict(X)
    assert clone(inner).set_params(estimator__p=1).estimator.p == 1
    assert search(outer, {"searchcv__n_iter": [1, 2]}, n_iter=2, cv=2).fit(X, y).n_splits_ == 2


def test_a_fitted_search_survives_pickling_with_its_study() -> None:
    found = search(sampler=QuasiRandom()).fit(X, y)

    again = pickle.loads(pickle.dumps(found))

    assert again.predict(X).tolist() == found.predict(X).tolist()
    assert again.study_.history.trials == found.study_.history.trials
    assert again.study_.replay().same


def test_every_fold_of_every_candidate_is_in_the_study() -> None:
    found = search(sampler=Random()).fit(X, y)

    trials = found.study_.history.trials
    assert [trial.value for trial in trials] == pytest.approx(found.cv_results_["mean_test_score"].tolist())
    assert all([done.fold for done in trial.measurements] == [0, 1, 2] for trial in trials)
    assert found.study_.best.number == found.best_index_
    assert found.study_.replay().same


def test_a_race_saves_folds_and_its_winner_has_them_all() -> None:
    given = {"n_neighbors": randint(1, 90), "p": [1, 2]}

    found = search(given=given, n_iter=15, cv=StratifiedKFold(5), racing=True).fit(X, y)

    run = found.cv_results_["n_splits_run"]
    assert run[found.best_index_] == 5
    assert run.sum() < 15 * 5
    for fold in range(5):
        assert np.isnan(found.cv_results_[f"split{fold}_test_score"]).tolist() == (run <= fold).tolist()
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    whole = found.cv_results_["rank_test_score"][run == 5]
    assert whole.max() < found.cv_results_["rank_test_score"][run < 5].min()


def test_two_processes_find_what_one_finds() -> None:
    one, two = (search(sampler=Random(), n_iter=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2))

    assert len(two.cv_results_["params"]) == 3
    assert two.cv_results_["params"][0] == one.cv_results_["params"][0]
    assert two.cv_results_["split1_test_score"][0] == one.cv_results_["split1_test_score"][0]


def test_a_stored_search_is_resumed_on_the_same_data_only(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    first = search(n_iter=3, storage=url, random_state=None).fit(X, y)

    more = search(n_iter=5, storage=url, random_state=None).fit(X, y)
    other = search(n_iter=3, storage=url, random_state=None).fit(X[:90], y[:90])

    assert more.cv_results_["params"][:3] == first.cv_results_["params"]
    assert len(more.cv_results_["params"]) == 5
    assert more.study_.name == first.study_.name != other.study_.name
    assert len(Study.load(url, first.study_.name).history) == 5
    assert pickle.loads(pickle.dumps(more)).study_.storage.url == "memory"


def test_callbacks_hear_of_every_fold_and_of_the_refit() -> None:
    pytest.importorskip("sklearn.callback")

    class Listener:
        def __init__(self) -> None:
            self.heard: list[str] = []

        def setup(self, estimator, context) -> None:
            self.heard.append("setup")

        def teardown(self, estimator, context) -> None:
            self.heard.append("teardown")

        def on_fit_task_begin(self, estimator, context) -> None:
            self.heard.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context) -> None:
            self.heard.append(f"end {context.task_name}")

    listener = Listener()

    search(n_iter=2).set_callbacks(listener).fit(X, y)

    fold = ["begin candidate-split-evaluation", "end candidate-split-evaluation"]
    refit = ["begin refit-with-best-params", "end refit-with-best-params"]
    assert listener.heard == ["setup", "begin fit", "begin search", *fold * 6, "end search", *refit, "end fit", "teardown"]


def test_it_says_what_it_does_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    search(n_iter=2, verbose=2).fit(X, y)

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Fitting 3 folds for each of 2 candidates, totalling 6 fits"
    assert said[1].startswith("[candidate 0, fold 0] n_neighbors=5, weights=uniform; score=0.")
    assert len(said) == 7


def test_the_time_may_be_limited() -> None:
    found = search(Lasso(), {"alpha": loguniform(1e-3, 1)}, n_iter=2000, cv=KFold(2), seconds=0.5)
    found.fit(*load_wine(return_X_y=True))

    assert 1 <= len(found.cv_results_["params"]) < 2000


# ---- as scikit-learn does: values as they were given, scores as they came, errors as they were raised -------------------------------
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


def small(estimator: Any, given: Any, **more: Any) -> SearchCV:
    return SearchCV(estimator, given, **({"n_iter": 4, "cv": 2, "random_state": 0} | more))


@pytest.mark.parametrize(
    "values",
    [
        [None, ["the"], ["a", "the"]],
        [None, np.array([0.3, 0.3, 0.4])],
        [(1, 2), [1, 2], [3]],
        [1, 2, 0.5, 1.0],
        ["1", 1, 1.0],
        ["1.0", 1, 1.0],
        [True, 1],
        [[np.arange(3)], {"a": [1]}],
    ],
    ids=str,
)
def test_a_value_is_set_as_it_was_given(values: list[Any]) -> None:
    found = small(Told(), {"value": values}, refit=False).fit(X, y)
    tried = [params["value"] for params in found.cv_results_["params"]]

    assert len(tried) == len(values)
    assert sorted(map(repr, tried)) == sorted(map(repr, values))


def test_lists_reach_estimators_that_ask_for_lists() -> None:
    words = {"tfidfvectorizer__stop_words": [None, ["the"], ["a", "the"]]}
    small(make_pipeline(TfidfVectorizer(), LogisticRegression()), words, error_score="raise").fit(TEXTS, LABELS)
    small(GaussianNB(), {"priors": [None, np.array([0.3, 0.3, 0.4])]}, error_score="raise").fit(X, y)
    voters = VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())])
    assert small(voters, {"weights": [[1, 2]]}, n_iter=1).fit(X, y).best_params_ == {"weights": [1, 2]}


def test_a_distribution_of_ones_own_values_is_searched() -> None:
    found = small(DecisionTreeClassifier(), {"max_depth": stats.rv_discrete(values=([1, 3, 5], [0.2, 0.3, 0.5]))}).fit(X, y)

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
    ours = small(DecisionTreeClassifier(random_state=0), given, **more).fit(X, y).cv_results_
    theirs = RandomizedSearchCV(DecisionTreeClassifier(random_state=0), given, n_iter=4, cv=2, random_state=0, **more).fit(X, y)

    place = {params["max_depth"]: i for i, params in enumerate(ours["params"])}
    order = [place[params["max_depth"]] for params in theirs.cv_results_["params"]]
    names = [
        name for name in theirs.cv_results_ if name.startswith("split0_test_") or name in {"mean_test_odd", "mean_test_score"}
    ]
    for name in names:
        np.testing.assert_array_equal(ours[name][order], theirs.cv_results_[name])


def test_a_scorer_that_gives_a_text_is_told() -> None:
    with pytest.raises(ValueError, match="scoring must return a number, got 'good'"):
        small(SVC(), {"C": [1, 2]}, scoring=lambda *_: "good", error_score="raise").fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [(None, "accuracy"), ("roc_auc_ovr", "roc_auc_ovr"), (lambda *_: 1.0, "score")],
    ids=["none", "named", "own"],
)
def test_a_study_knows_what_its_score_can_reach(scoring: Any, metric: str) -> None:
    found = small(LogisticRegression(max_iter=1000), {"C": stats.loguniform(0.1, 10)}, scoring=scoring).fit(X, y)

    assert found.study_.metrics[0].name == metric
    assert "mean_test_score" in found.cv_results_
    assert metric == "score" or found.study_.winner().high <= 1


# ---- other processes, and the file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_the_configuration_of_scikit_learn_holds_in_every_process(workers: int) -> None:
    with config_context(transform_output="pandas"):
        found = small(
            make_pipeline(StandardScaler(), Told()), {"told__value": [1, 2]}, n_jobs=workers, refit=False, n_iter=2,
            scoring=lambda model, *_: float(model[-1].tables_),
        ).fit(X, y)  # fmt: skip

    assert found.cv_results_["mean_test_score"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("workers", [1, 2])
def test_routed_weights_reach_every_process(workers: int) -> None:
    """Fitting and scoring: rows of the first class have no weight, so nothing of them is learned, and they do not count."""
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            LogisticRegression(max_iter=1000).set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
        )
        given, weights = {"logisticregression__C": [0.001, 1]}, np.where(y == 0, 1e-6, 1.0)
        ours = small(model, given, n_jobs=workers, error_score="raise").fit(X, y, sample_weight=weights)
        theirs = RandomizedSearchCV(model, given, n_iter=2, cv=2, random_state=0).fit(X, y, sample_weight=weights)
        plain = small(model, given, error_score="raise").fit(X, y, sample_weight=np.ones(len(y)))

    def scores(found: Any) -> dict[float, float]:
        tried = [params["logisticregression__C"] for params in found.cv_results_["params"]]
        return dict(zip(tried, found.cv_results_["mean_test_score"], strict=True))

    assert scores(ours) == pytest.approx(scores(theirs))
    assert scores(ours) != pytest.approx(scores(plain))


def scored(estimator: Any, X: Any, y: Any) -> float:
    return float(accuracy_score(y, estimator.predict(X)))


def test_a_stored_search_goes_on_with_the_same_candidates_only(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"

    def searched(c: float, scoring: Any = None) -> SearchCV:
        given = {"m": [SVC(C=c), DecisionTreeClassifier(max_depth=1)]}
        found = small(Pipeline([("m", SVC())]), given, storage=url, scoring=scoring, n_iter=2)
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
        small(SVC(), {"foo": [1, 2]}).fit(X, y)


@pytest.mark.parametrize("distributions", [{"C": [1, 2]}, [{"C": [1]}, {"C": [2]}]])
def test_choices_are_for_the_space_of_the_catalogue(distributions: Any) -> None:
    pipeline = Pipeline([("model", SVC())])

    with pytest.raises(SpaceError, match="choices is for the catalogue's space"):
        small(pipeline, distributions, choices={"model": [SVC()]}).fit(X, y)


class Slow(SVC):
    def fit(self, X: Any, y: Any) -> "Slow":
        time.sleep(0.2)
        super().fit(X, y)
        return self


def test_when_no_candidate_has_all_its_folds_in_time_it_says_so() -> None:
    with pytest.warns(UserWarning, match=r"No candidate had all 5 folds within 0\.1 s"):
        search(Slow(), {"C": [1, 2]}, cv=5, seconds=0.1).fit(X, y)


def test_when_no_fold_was_finished_in_time_it_says_so() -> None:
    with pytest.raises(ValueError, match=r"No fold was finished within 1e-09 s\. Allow more seconds\."):
        small(SVC(), {"C": [1, 2]}, seconds=1e-9).fit(X, y)


def test_the_promised_fits_are_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    small(SVC(), {"C": [1, 2]}, verbose=1).fit(X, y)

    assert "Fitting 2 folds for each of 2 candidates, totalling 4 fits" in capsys.readouterr().out


# ---- the catalogue -------------------------------------------------------------------------------------------------------------------


class Forest(RandomForestClassifier):
    """Passes on a part of what its parent takes."""

    def __init__(self, n_estimators: int = 10, max_features: float | str = "sqrt", random_state: int | None = None) -> None:
        super().__init__(n_estimators=n_estimators, max_features=max_features, random_state=random_state)


def test_a_subclass_is_searched_in_what_it_takes() -> None:
    assert {name.split(".")[0] for name in space_for(Forest()).names} <= {"n_estimators", "max_features"}
    small(Forest(), None, n_iter=2, error_score="raise").fit(X, y)


@pytest.mark.parametrize("texts", [["a b", "c"], pd.Series(["a b", "c"])])
def test_texts_bound_nothing(texts: Any) -> None:
    assert space_for(TfidfVectorizer(), X=texts) == space_for(TfidfVectorizer())


class Deadly(Told):
    """Ends the process that fits it."""

    def fit(self, X: Any, y: Any) -> "Told":
        if os.environ["HOME_OF_THE_TEST"] != str(os.getpid()):
            os._exit(7)
        raise AssertionError("it was fitted at home")


def test_what_kills_a_worker_does_not_kill_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME_OF_THE_TEST", str(os.getpid()))
    with pytest.raises(ObjectiveError, match="The worker process died"):
        small(Deadly(), {"value": [1, 2]}, n_jobs=2, error_score="raise").fit(X, y)


def test_every_dictionary_of_a_list_is_looked_at_before_any_fit() -> None:
    with pytest.raises(ValueError, match="Invalid parameter 'Q'"):
        small(Pipeline([("c", SVC())]), [{"c__C": [1]}, {"c__Q": [1, 2]}]).fit(X, y)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_scores_that_are_no_numbers_are_told_and_do_not_spoil_the_study() -> None:
    with pytest.warns(UserWarning, match="One or more of the test scores are non-finite"):
        found = small(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3, 4, 5, 6]}, scoring=patchy, n_iter=6).fit(
            X, y
        )

    history = found.study_.history
    assert history.failed == 3
    assert np.nanmax(np.abs(history.losses)) < 10


# ---- scorers, as GridSearchCV has them -----------------------------------------------------------------------------------------------

BINARY = load_breast_cancer(return_X_y=True)
BINARY = BINARY[0][:150, :5], BINARY[1][:150]


def minus_c(estimator: Any, X: Any, y: Any) -> float:
    return -float(estimator.C)


def one_named(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {"score": float(estimator.C)}


def check_like_the_grid(data: tuple[Any, Any], given: Any, **more: Any) -> SearchCV:
    """Every column but the times is that of a grid search, whatever the order of the candidates."""
    theirs = GridSearchCV(SVC(), given, cv=3, **more).fit(*data)
    ours = SearchCV(SVC(), given, cv=3, **more).fit(*data)
    columns = {
        name: np.ma.filled(np.ma.asarray(column), 0).astype(float)
        for name, column in theirs.cv_results_.items()
        if name != "params" and name not in {f"{part}_{time}_time" for part in ("mean", "std") for time in ("fit", "score")}
    }
    order = [ours.cv_results_["params"].index(params) for params in theirs.cv_results_["params"]]
    for name, column in columns.items():
        np.testing.assert_array_equal(np.ma.filled(ours.cv_results_[name], 0).astype(float)[order], column, err_msg=name)
    assert set(ours.cv_results_) == {*theirs.cv_results_, "n_splits_run"}
    assert ours.multimetric_ == theirs.multimetric_
    if more.get("refit", True) is not False:
        np.testing.assert_array_equal(ours.best_score_, theirs.best_score_)
    assert isinstance(ours, SearchCV)
    return ours


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize(
    "scoring",
    [
        {"acc": "accuracy", "score_time": minus_c},
        {"acc": "accuracy", "test_acc": "f1"},
        {"acc": "accuracy", "train_acc": "f1"},
        {"fit_error": "f1"},
        {"fit_time": "accuracy", "several": "recall", "score_error": "precision", "_fit_time": "f1"},
        {"score": "accuracy", "f1": "f1"},
    ],
    ids=lambda scoring: "+".join(scoring),
)
def test_a_scorer_may_have_any_name(scoring: dict[str, Any], train: bool) -> None:
    given, last = {"C": [0.1, 1.0, 10.0]}, list(scoring)[-1]

    found = check_like_the_grid(BINARY, given, scoring=scoring, refit=last, return_train_score=train)
    front = check_like_the_grid(BINARY, given, scoring=scoring, refit=False, return_train_score=train)

    assert found.study_.best.value == found.best_score_ == pytest.approx(max(found.cv_results_[f"mean_test_{last}"]))
    for name in scoring:
        told = [trial.values[name] for trial in front.study_.history.trials]  # noqa: PD011
        assert told == pytest.approx(front.cv_results_[f"mean_test_{name}"].tolist())


@pytest.mark.parametrize("scoring", [{"score": "accuracy"}, one_named], ids=["dictionary", "function"])
def test_one_score_with_a_name_is_several_metrics(scoring: Any) -> None:
    found = check_like_the_grid(BINARY, {"C": [0.1, 1.0]}, scoring=scoring, refit="score")

    assert found.multimetric_
    assert isinstance(found.score(*BINARY), float)


@pytest.mark.parametrize("error_score", [np.nan, -1.0])
@pytest.mark.parametrize(
    "more",
    [{"scoring": "roc_auc"}, {"scoring": {"acc": "accuracy", "roc_auc": "roc_auc"}, "refit": "acc"}],
    ids=["one", "several"],
)
@pytest.mark.filterwarnings("ignore:Scoring failed", "ignore:One or more of the", "ignore:invalid value")
def test_a_scorer_that_raises_is_no_fit_that_failed(more: dict[str, Any], error_score: float) -> None:
    found = check_like_the_grid((X, y), {"C": [1.0, 2.0]}, error_score=error_score, return_train_score=True, **more)

    assert found.best_estimator_.predict(X).shape == y.shape


def test_what_a_scorer_raised_is_told() -> None:
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.warns(UserWarning, match=r"(?s)Scoring failed on 2 of 2 fits, where the score is nan\..*multi_class must be in"),
    ):
        SearchCV(SVC(), {"C": [1.0, 2.0]}, cv=3, scoring="roc_auc").fit(X, y)
    assert not [each for each in caught if "non-finite" in str(each.message)]  # that is the same once more
    with pytest.raises(ValueError, match=r"^multi_class must be in"):
        SearchCV(SVC(), {"C": [1.0, 2.0]}, cv=3, scoring="roc_auc", error_score="raise").fit(X, y)


@pytest.mark.parametrize("given", [{}, [{}], [{}, {"C": [0.1, 10.0]}]], ids=str)
def test_an_empty_dictionary_is_the_estimator_as_it_is_set(given: Any) -> None:
    found = check_like_the_grid((X, y), given)

    assert {} in found.cv_results_["params"]


# ---- little of a resource at first -------------------------------------------------------------------------------------------------


def test_candidates_begin_with_few_rows_and_those_with_all_rank_first() -> None:
    search = SearchCV(
        DecisionTreeClassifier(random_state=0), {"max_depth": randint(1, 9), "min_samples_leaf": randint(1, 30)}, n_iter=12, cv=3,
        resource="n_samples", random_state=0, return_train_score=True,
    ).fit(X, y)  # fmt: skip

    found = search.cv_results_
    order = np.argsort(found["rank_test_score"], kind="stable")
    assert sorted(set(found["n_resources"])) == [33, 100]
    assert found["n_resources"][0] == 100  # the estimator as it is set
    assert (np.diff(found["n_resources"][order]) <= 0).all()
    assert found["n_resources"][search.best_index_] == 100
    assert (found["n_splits_run"] == 3).all()
    assert not np.isnan(found["mean_train_score"]).any()
    done = [done for done in search.study_.history.trials[search.best_index_].measurements if done.budget == 100]
    assert search.best_score_ == pytest.approx(np.mean([each.values["accuracy"] for each in done]))  # noqa: PD011


def test_a_parameter_as_a_resource_stands_among_the_best_parameters() -> None:
    search = SearchCV(
        RandomForestClassifier(random_state=0), {"max_depth": randint(1, 9)}, n_iter=5, cv=2, resource="n_estimators", min_resources=2,
        max_resources=8, factor=2, random_state=0,
    ).fit(X, y)  # fmt: skip

    assert {done.budget for trial in search.study_.history.trials for done in trial.measurements} == {2, 4, 8}
    assert search.best_params_["n_estimators"] == 8 == search.best_estimator_.n_estimators
    assert set(search.cv_results_["param_n_estimators"]) <= {2, 4, 8}
    assert clone(search).get_params()["factor"] == 2


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"resource": "trees"}, ValueError, "is no parameter of the estimator"),
        (
            {"resource": "min_samples_leaf", "max_resources": 9},
            ValueError,
            "is searched, and it is what the budget counts as well",
        ),
        ({"resource": "n_samples", "racing": True}, ValueError, NOT_BOTH),
        ({"resource": "n_samples", "max_resources": 8}, ValueError, "Budgets must rise"),
        ({"resource": "n_samples", "factor": 1}, ValueError, "factor"),
        ({"min_resources": 5}, ValueError, "and not of what"),
        ({"resource": "criterion", "max_resources": 9}, ValueError, "that is a whole number"),
        (
            {"resource": "n_samples", "scheduler": ASHA(33, 900, folds=3)},
            ValueError,
            "hands out up to 900, and the search has n_samples up to 100",
        ),
        ({"scheduler": ASHA(1, 9, folds=3)}, ValueError, 'Say resource="n_samples"'),
    ],
)
def test_a_resource_that_cannot_be_is_refused(more: dict[str, Any], error: type[Exception], said: str) -> None:
    search = SearchCV(DecisionTreeClassifier(), {"min_samples_leaf": randint(1, 30)}, cv=3, n_iter=3, error_score="raise", **more)
    with pytest.raises(error, match=said):
        search.fit(X, y)


def test_the_catalogues_space_is_searched_without_what_the_budget_counts() -> None:
    search = SearchCV(
        RandomForestClassifier(random_state=0), n_iter=3, cv=2, resource="n_estimators", max_resources=6, random_state=0
    )
    search.fit(X, y)

    assert "n_estimators" not in search.study_.space.parameters
    assert search.best_estimator_.n_estimators == 6


def test_of_rows_in_time_a_search_takes_the_latest() -> None:
    seen: list[list[int]] = []

    class Spy(Ridge):
        def fit(self, X: Any, y: Any) -> Any:
            seen.append(X[:, 0].astype(int).tolist())
            return super().fit(X, y)

    numbered = np.column_stack([np.arange(150), X])
    SearchCV(Spy(), {"alpha": [1.0]}, n_iter=1, cv=TimeSeriesSplit(2), resource="n_samples", min_resources=10, refit=False).fit(
        numbered, y
    )

    assert seen[0] == list(range(40, 50))


def booster(library: str, kind: str, **own: Any) -> Any:
    quiet: dict[str, dict[str, Any]] = {
        "lightgbm": {"verbose": -1, "n_jobs": 1},
        "catboost": {"verbose": 0, "allow_writing_files": False, "thread_count": 1},
        "xgboost": {"n_jobs": 1},
    }
    return getattr(pytest.importorskip(library), kind)(**quiet[library], **own)


@pytest.mark.parametrize("named", ["n_estimators", "iterations", "num_trees"])
def test_catboost_is_searched_under_the_name_that_was_given(named: str) -> None:
    model = booster("catboost", "CatBoostClassifier", depth=2, learning_rate=0.3, **{named: 50})

    search = SearchCV(model, n_iter=1, cv=2, random_state=0, error_score="raise").fit(X[::4], y[::4])

    assert search.best_params_[named] == 50
    assert search.best_estimator_.tree_count_ == 50


def test_a_search_begins_with_the_librarys_defaults_and_counts_rounds_by_any_name() -> None:
    model = booster("xgboost", "XGBClassifier", max_depth=3)
    space = {"max_depth": randint(1, 9), "reg_lambda": uniform(0.1, 90)}

    search = SearchCV(
        model,
        space,
        n_iter=3,
        cv=2,
        random_state=0,
        resource="n_estimators",
        min_resources=2,
        max_resources=6,
        error_score="raise",
    ).fit(X[::4], y[::4])

    assert search.cv_results_["params"][0] | {"n_estimators": 0} == {"max_depth": 3, "reg_lambda": 1.0, "n_estimators": 0}
    assert set(search.cv_results_["n_resources"]) <= {2, 6}
    assert search.best_estimator_.get_num_boosting_rounds() in {2, 6}


def test_what_is_counted_is_not_searched_by_another_name() -> None:
    model = booster("catboost", "CatBoostClassifier", depth=2)
    counted: dict[str, Any] = {"n_iter": 1, "cv": 2, "resource": "n_estimators", "min_resources": 2, "max_resources": 6}

    with pytest.raises(StudyError, match="is what the budget counts as well"):
        SearchCV(model, {"num_trees": [3, 4]}, **counted).fit(X[::4], y[::4])
    search = SearchCV(model, **counted, random_state=0, error_score="raise").fit(X[::4], y[::4])
    assert "iterations" not in search.study_.space.names


def test_a_setting_by_another_name_is_replaced_in_the_search_and_in_the_end() -> None:
    model = booster("lightgbm", "LGBMClassifier", num_iterations=17, min_child_samples=2)

    search = SearchCV(model, {"n_estimators": [3, 4, 5]}, n_iter=1, cv=2, random_state=0).fit(X[::4], y[::4])

    assert search.best_estimator_.booster_.num_trees() == 3 * search.best_params_["n_estimators"]


def test_copies_that_the_folds_divide_are_told_once_and_the_mend_mends_it() -> None:
    rng = np.random.default_rng(0)
    rows, classes = np.vstack([rng.normal(size=(400, 3))] * 2), np.tile(rng.integers(0, 2, 400), 2)

    with pytest.warns(UserWarning, match=re.escape("cv=StratifiedGroupKFold(3), and fit(X, y, groups=alike_rows(X))")) as caught:
        praised = search(given={"n_neighbors": [1, 2]}, n_iter=2, scoring="roc_auc").fit(rows, classes)
    held = search(given={"n_neighbors": [1, 2]}, n_iter=2, scoring="roc_auc", cv=StratifiedGroupKFold(3))
    held.fit(rows, classes, groups=alike_rows(rows))

    assert [Path(each.filename).name for each in caught] == ["test_search_cv.py"]
    assert praised.best_score_ > 0.7  # of noise; 0.83 and 0.5 are expected, within 0.02 and 0.03:
    assert held.best_score_ < 0.7  # by chance less than once in 1e9
