import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.catalog import space_for
from tunewright.errors import DataError, MetricError, StudyChanged, StudyError
from tunewright.execution.live import LiveTrial
from tunewright.resampling import CrossValidation, alike_rows
from tunewright.resampling.resource import NOT_BOTH
from tunewright.schedulers import Once, Race
from tunewright.trial import Task

X, Y = load_iris(return_X_y=True)
SPACE = tw.SearchSpace({"n_neighbors": tw.Int(1, 40, default=5)})
RNG = np.random.default_rng(0)


def knn(**more):
    return CrossValidation(KNeighborsClassifier(), X, Y, **more)


def live(params=None, fold=0, seed=0):
    return LiveTrial(Task(0, 0, params or {}, fold=fold, seed=seed))


def test_each_task_is_what_scikit_learn_says_of_that_fold():
    cv = knn(cv=StratifiedKFold(5, shuffle=True, random_state=3), scoring=["accuracy", "neg_log_loss"])
    theirs = cross_validate(
        KNeighborsClassifier(3), X, Y, cv=StratifiedKFold(5, shuffle=True, random_state=3), scoring=["accuracy", "neg_log_loss"]
    )

    ours = [cv(live({"n_neighbors": 3}, fold)) for fold in range(5)]

    for name in ("accuracy", "neg_log_loss"):
        assert [found[name] for found in ours] == pytest.approx(theirs[f"test_{name}"])
    assert {"train_accuracy", "train_neg_log_loss", "fit_seconds", "score_seconds"} <= ours[0].keys()


def test_a_score_that_cannot_be_kept_apart_from_what_else_is_told_is_refused_before_any_work():
    for name in ("train_acc", "fit_seconds"):
        with pytest.raises(MetricError, match=f'cannot be called "{name}"'):
            knn(scoring={name: "f1", "acc": "accuracy"}, optimize=name)


def test_a_study_of_it_races_and_keeps_what_was_said():
    cv = knn(repeats=2)
    study = tw.Study(SPACE, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=8)

    assert isinstance(study.scheduler, Race)
    assert study.history.effects().counts[0] >= 10
    assert study.history.effects().counts.sum() < 80
    assert study.history.frozen["folds"] == 5
    assert study.best.measurements[0].info["train_accuracy"] > 0.9
    assert study.replay().same


def test_going_on_with_other_splits_or_data_is_refused_with_a_sentence(tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    tw.Study(SPACE, knn().metrics, storage=url).optimize(knn(), trials=2)
    changed = Y.copy()
    changed[0] = 1

    for other in (knn(seed=1), knn(cv=4), knn(repeats=2), CrossValidation(KNeighborsClassifier(), X, changed)):
        with pytest.raises(StudyChanged, match="other splits or data"):
            tw.Study(SPACE, storage=url).optimize(other, trials=3)
    tw.Study(SPACE, storage=url).optimize(knn(), trials=3)
    study = tw.Study(SPACE, knn().metrics)
    study.optimize(lambda live: 0.5, trials=1)
    with pytest.raises(StudyChanged, match="without frozen splits"):
        study.optimize(knn(), trials=2)


def test_a_study_that_measures_something_else_says_how_to_begin():
    with pytest.raises(StudyError, match=r"objective\.metrics"):
        tw.Study(SPACE).optimize(knn(), trials=1)


def test_what_the_user_schedules_stays():
    study = tw.Study(SPACE, knn().metrics, scheduler=Once(folds=5))
    study.optimize(knn(), trials=2)

    assert isinstance(study.scheduler, Once)


def test_chance_is_the_same_for_all_configurations_and_another_in_each_repeat():
    cv = CrossValidation(RandomForestClassifier(n_estimators=3), X, Y)

    assert cv.build({}, 0).random_state == cv.build({"max_depth": 2}, 0).random_state == 0
    assert cv.build({}, 1).random_state == 1
    assert CrossValidation(RandomForestClassifier(random_state=7), X, Y).build({}, 1).random_state == 7


def test_a_function_builds_the_estimator_of_a_branch():
    cv = CrossValidation(lambda params: make_pipeline(StandardScaler(), LogisticRegression(C=params["C"])), X, Y)

    assert cv(live({"C": 1.0}))["accuracy"] > 0.9


WIDTHS = {"kernel": tw.Categorical(["linear", "rbf"]), "gamma": tw.Float(1e-5, 1, log=True)}


@pytest.mark.parametrize("begins", ["linear", "rbf"])
@pytest.mark.parametrize(
    ("estimator", "default"),
    [
        (SVC(kernel="rbf", gamma=0.123), {"kernel": "rbf", "gamma": 0.123}),
        (SVC(kernel="linear"), {"kernel": "linear"}),
        (SVC(kernel="rbf", gamma="scale"), {"kernel": "rbf", "gamma": 10**-2.5}),  # what is held is kept
        (SVC(kernel="poly"), None),
    ],
    ids=str,
)
def test_the_default_is_the_estimator_as_it_is_whatever_the_space_begins_with(begins, estimator, default):
    kernel = tw.Categorical(["linear", "rbf"], default=begins)
    space = tw.SearchSpace(WIDTHS | {"kernel": kernel}, when={"gamma": tw.param("kernel") == "rbf"})
    cv = CrossValidation(estimator, X, Y, cv=3, racing=False)
    study = tw.Study(space, cv.metrics)
    study.optimize(cv, trials=1)

    assert cv.default(space) == study.history.trials[0].params
    assert study.history.trials[0].params == (pytest.approx(default) if default else space.default)


def test_a_space_of_the_catalogue_is_searched_and_begins_with_the_estimator():
    cv = CrossValidation(SVC(C=3.0, gamma=0.2), X, Y, cv=3, racing=False)
    study = tw.Study(space_for(cv.estimator), cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=8)

    assert study.history.trials[0].params["gamma.value"] == 0.2
    assert not any(done.failure for trial in study.history.trials for done in trial.measurements)
    assert cv.build({"gamma": "value", "gamma.value": 0.5}).gamma == 0.5


def test_a_list_is_set_as_a_tuple_only_where_one_stood():
    words = CrossValidation(TfidfVectorizer(), X, Y, scoring=lambda model, X, y: 0.0)

    assert words.build({"ngram_range": [1, 2], "stop_words": ["a", "the"]}).get_params()["ngram_range"] == (1, 2)
    assert words.build({"ngram_range": [1, 2], "stop_words": ["a", "the"]}).get_params()["stop_words"] == ["a", "the"]


def test_clustering_has_no_target():
    assert CrossValidation(KMeans(3, n_init=2), X)(live())["score"] < 0


def test_weights_go_with_their_rows():
    weights = np.where(Y == 0, 0.0, 1.0)
    cv = CrossValidation(DecisionTreeClassifier(max_depth=1), X, Y, params={"sample_weight": weights})

    _, model = cv.judged(cv.build({}), 0, 0)

    assert model.predict(X[Y == 0]).min() > 0  # class 0 weighs nothing


def test_predictions_are_kept_beside_the_journal_and_pooled(tmp_path):
    cv = knn(predictions=tmp_path)
    for fold in range(5):
        name = cv(live({"n_neighbors": 4}, fold))["predictions"]

    assert (tmp_path / name).stat().st_size < 4000
    answer = cv.answers({"n_neighbors": 4})
    assert answer.proba.shape == (150, 3)
    assert (answer.predicted == Y).mean() > 0.9
    assert cv.answers({"n_neighbors": 5}) is None


def test_the_baseline_looks_at_no_feature():
    assert np.mean(list(knn().baseline().values())) == pytest.approx(1 / 3)
    assert np.mean(list(CrossValidation(Ridge(), X[:, :3], X[:, 3]).baseline().values())) == pytest.approx(0, abs=0.1)


def test_it_travels():
    assert pickle.loads(pickle.dumps(knn()))(live({"n_neighbors": 3})).keys() == knn()(live({"n_neighbors": 3})).keys()


def test_a_part_of_the_rows_is_divided_anew():
    part = knn().subset(np.arange(0, 150, 2))

    assert part.splits.folds == 5
    assert part(live({"n_neighbors": 3}))["accuracy"] > 0.8
    with pytest.raises(StudyError, match="Ready-made"):
        knn(cv=[(np.arange(0, 150, 2), np.arange(1, 150, 2))]).subset(np.arange(20))


# ---- bad input -----------------------------------------------------------------------------------------------------------------------


def test_outer_folds_of_rows_in_time_look_back() -> None:
    X, y = np.arange(80.0)[:, None], np.arange(80.0)
    cv = CrossValidation(Ridge(), X, y, cv=TimeSeriesSplit(3, gap=2), scoring="r2")

    outer = cv.outer(4).splits

    assert outer.folds == 4
    assert all(fold.train.max() + 2 < fold.test.min() for fold in outer.repeat(0))


@pytest.mark.parametrize("splitter", [GroupKFold(5), StratifiedGroupKFold(5), 5])
def test_outer_folds_hold_groups_together(splitter) -> None:
    groups = np.arange(150) % 30
    X, y = load_iris(return_X_y=True)

    outer = CrossValidation(LogisticRegression(), X, y, groups=groups, cv=splitter).outer(3).splits

    assert outer.folds == 3
    assert not any(np.intersect1d(groups[fold.train], groups[fold.test]).size for fold in outer.repeat(0))


def test_a_target_with_holes_is_refused():
    hole = X[:, 0].copy()
    hole[17] = np.nan

    with pytest.raises(DataError, match="row 17"):
        CrossValidation(Ridge(), X, hole)


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="groups has 10"):
        knn(groups=np.arange(10))


def test_a_score_that_is_not_defined_on_a_fold_is_a_recorded_failure():
    y = np.r_[np.zeros(75, int), np.ones(75, int)]
    cv = CrossValidation(KNeighborsClassifier(), X, y, scoring="roc_auc", cv=[(np.arange(50, 150), np.arange(50))], racing=False)
    study = tw.Study(SPACE, cv.metrics)
    with pytest.warns(UserWarning, match="No trial completed, and 1 failed"):
        study.optimize(cv, trials=1)

    assert study.history.failed == 1
    assert "fold 0" in study.history.failures[0][1].message


def test_a_scorer_that_fails_on_some_folds_fails_the_trial_and_not_the_study():
    def moody(truth, said):
        if truth[0] == 0:
            raise RuntimeError("not today")
        return 1.0

    cv = knn(scoring={"moody": make_scorer(moody)}, racing=False)
    study = tw.Study(SPACE, cv.metrics)
    with pytest.warns(UserWarning, match="No trial completed, and 2 failed"):
        study.optimize(cv, trials=2)

    assert study.history.failed == 2
    assert "not today" in study.history.failures[0][1].message


class Chatty(KNeighborsClassifier):
    def fit(self, X, y):
        for i in range(1000):
            warnings.warn(f"warning {i}", stacklevel=2)
        return super().fit(X, y)


def test_a_thousand_warnings_are_counted_and_not_shown():
    found = CrossValidation(Chatty(), X, Y)(live())

    assert len(found["warnings"]) == 10


@pytest.mark.parametrize(("more", "error", "said"), [
    ({"scoring": "rock_auc"}, MetricError, "rock_auc"), ({"scoring": []}, MetricError, "no scorer"), ({"repeats": 0}, StudyError, "repeats"),
    ({"optimize": "f1"}, MetricError, "f1"), ({"predictions": "/proc/none"}, DataError, "cannot be made"),
])  # fmt: skip
def test_what_cannot_be_is_refused(more, error, said):
    with pytest.raises(error, match=said):
        knn(**more)


def test_a_scaler_fitted_outside_the_folds_is_noticed():
    with pytest.warns(UserWarning, match="pipeline"):
        CrossValidation(KNeighborsClassifier(), StandardScaler().fit_transform(X), Y)


# ---- kept predictions ----------------------------------------------------------------------------------------------------------------


def searched(cv, trials=6, **space):
    study = tw.Study(space or {"max_depth": tw.Int(1, 12, default=3)}, cv.metrics)
    study.optimize(cv, trials=trials)
    return study


def tree(y=Y, x=X, **more):
    return CrossValidation(DecisionTreeClassifier(), x, y, cv=4, racing=False, **more)


def test_a_folder_serves_several_studies(tmp_path):
    """Whose folds are the same, since they do not look at the features."""
    cv = tree(predictions=tmp_path)
    study = searched(cv)
    before = study.generalization(cv)
    searched(tree(x=X[:, :1], predictions=tmp_path))
    searched(tree(y=Y[::-1].copy(), predictions=tmp_path))

    assert before.method == "predictions"
    assert study.generalization(cv) == before


def test_a_default_whose_predictions_are_an_older_versions_is_still_compared_with(tmp_path):
    cv = tree(predictions=tmp_path)
    study = searched(cv)
    assert study.generalization(cv).method == "predictions"
    for fold in range(4):
        path = tmp_path / cv.kept.name(study.history.trial(0).params, fold, 0)
        with np.load(path) as held:
            np.savez(path, **{name: held[name] for name in held if name != "predicted"})

    found = study.generalization(cv)
    assert study.best.number != 0
    assert (found.method, found.gain is not None) == ("folds", True)


@pytest.mark.parametrize("scoring", ["roc_auc", "accuracy"])
def test_a_model_without_probabilities_is_judged_by_its_decisions_as_its_folds_are(scoring, tmp_path):
    X, y = make_classification(300, 6, flip_y=0.2, random_state=0)
    cv = CrossValidation(SVC(), X, y, cv=4, scoring=scoring, racing=False, predictions=tmp_path)
    study = searched(cv, C=tw.Float(0.01, 100, log=True, default=1.0))

    kept, drawn = cv.drawn([trial.params for trial in study.history.trials])
    assert study.generalization().method == "predictions"
    assert drawn.scores[:-1] == pytest.approx([trial.value for trial in study.history.trials])
    assert kept == list(range(6))


def test_a_threshold_is_judged_by_what_it_predicts(tmp_path):
    """Recall with a threshold of 0.1 is far above that of the most probable class."""
    X, y = make_classification(400, 6, weights=[0.9], flip_y=0.1, random_state=0)
    eager = FixedThresholdClassifier(LogisticRegression(), threshold=0.1, response_method="predict_proba")
    worth = []
    for predictions in (None, tmp_path):
        cv = CrossValidation(eager, X, y, cv=4, scoring="recall", racing=False, predictions=predictions)
        worth.append(searched(cv, estimator__C=tw.Float(0.01, 100, log=True)).generalization())

    folds, kept = worth
    assert (folds.method, kept.method) == ("folds", "predictions")
    assert kept.winner.value == pytest.approx(folds.winner.value, abs=0.05)


@pytest.mark.parametrize("kind", [pd.Series, lambda y: np.array(y, dtype=object), lambda y: pd.Series(y, dtype="category")])
def test_labels_of_any_kind_are_kept(kind, tmp_path):
    cv = tree(kind(np.array(["a", "b", "c"])[Y]), predictions=tmp_path)

    assert searched(cv).generalization().method == "predictions"


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_another_positive_class_is_not_taken_for_ours(positive, tmp_path):
    """A score that predictions cannot be drawn for is said from the folds: near what the study says itself."""
    y = np.where((Y == 1) & (RNG.random(150) < 0.9), "no", "yes")
    scoring = {"f1": make_scorer(f1_score, pos_label=positive)}
    study = searched(tree(y, predictions=tmp_path, scoring=scoring))
    worth = study.generalization()

    assert worth.method == "folds"
    assert worth.winner.value == pytest.approx(study.best.values["f1"], abs=0.05)  # noqa: PD011


def test_rows_that_no_fold_predicts_are_left_out(tmp_path):
    cv = CrossValidation(Ridge(), X, X[:, 2], cv=TimeSeriesSplit(4), scoring="r2", predictions=tmp_path, racing=False)
    study = searched(cv, alpha=tw.Float(1e-4, 1e4, log=True, default=1.0))

    assert study.generalization().method == "predictions"


# ---- targets and parameters of other kinds -----------------------------------------------------------------------------------------


def test_several_labels_a_row_are_divided_like_numbers(tmp_path):
    cv = CrossValidation(DecisionTreeClassifier(), X, np.eye(3, dtype=int)[Y], cv=3, predictions=tmp_path, racing=False)

    assert searched(cv).generalization().method == "folds"


def test_a_function_that_builds_regressors_needs_no_scorer():
    cv = CrossValidation(lambda live: Ridge(alpha=live["alpha"]), X, np.arange(150), cv=3)

    assert [metric.name for metric in cv.metrics] == ["r2"]
    assert searched(cv, alpha=tw.Float(0.1, 10.0)).history.completed == 6


def test_weights_of_a_step_are_not_the_baselines():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    cv = CrossValidation(pipeline, X, Y, cv=3, params={"logisticregression__sample_weight": np.ones(150)}, racing=False)

    assert searched(cv, logisticregression__C=tw.Float(0.1, 10.0)).generalization().baseline.value < 0.4


def test_a_test_set_without_a_target_has_no_baseline():
    cv = CrossValidation(KMeans(n_init=1), X, cv=3, racing=False)
    worth = searched(cv, n_clusters=tw.Int(2, 6)).generalization(test=(X[:40], None))

    assert worth.baseline is None
    assert worth.winner.low < worth.winner.high


def test_a_test_set_whose_weights_are_not_known_is_judged_with_a_warning() -> None:
    X, y = load_iris(return_X_y=True)
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        weighing = make_scorer(f1_score, average="macro").set_score_request(sample_weight=True)
        for scoring, warned in ((weighing, True), (make_scorer(f1_score, average="macro"), False)):
            cv = CrossValidation(model, X, y, scoring={"f1": scoring}, params={"sample_weight": np.linspace(1, 2, 150)})
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                cv.tested([{}], X[::3], y[::3])

            assert any("not weighed by sample_weight" in str(each.message) for each in caught) == warned


def test_workers_find_the_configuration_of_scikit_learn():
    def tables(model, *_):
        return float(hasattr(model[0].transform(X), "iloc"))

    with config_context(transform_output="pandas"):
        cv = CrossValidation(make_pipeline(StandardScaler(), LogisticRegression()), X, Y, cv=2, scoring=tables)
        study = tw.Study({"logisticregression__C": tw.Float(0.1, 10.0)}, cv.metrics)
        study.optimize(cv, trials=2, workers=2)

    assert study.best.values["tables"] == 1.0  # noqa: PD011


def test_a_budget_is_for_who_makes_the_estimator() -> None:
    X, y = load_iris(return_X_y=True)
    fixed = tw.CrossValidation(GradientBoostingClassifier(random_state=0), X, y, cv=3)
    growing = tw.CrossValidation(
        lambda live: GradientBoostingClassifier(n_estimators=live.budget, max_depth=live["depth"], random_state=0), X, y, cv=3
    )
    space = tw.SearchSpace({"max_depth": tw.Int(1, 4)})

    study = tw.Study(space, fixed.metrics, scheduler=tw.schedulers.ASHA(1, 9), sampler=tw.samplers.Random())
    with pytest.warns(UserWarning, match="sends no folds"), pytest.warns(UserWarning, match="this cross-validation has none"):
        study.optimize(fixed, trials=2)
    study = tw.Study({"depth": tw.Int(1, 4)}, growing.metrics, scheduler=tw.schedulers.ASHA(1, 9), sampler=tw.samplers.Random())
    with pytest.warns(UserWarning, match="judged on the first of 3 folds alone"):
        study.optimize(growing, trials=4)

    assert study.history.completed == 4
    assert study.history.budgets.max() == 9


# ---- little of a resource at first -------------------------------------------------------------------------------------------------


class Counted(DecisionTreeClassifier):
    """A tree that remembers which rows it learned from: their numbers stand in the first column."""

    def fit(self, X, y, sample_weight=None):
        self.rows_ = X[:, 0].astype(int)
        return super().fit(X, y, sample_weight)


def counted(**more):
    numbered = np.column_stack([np.arange(150), X])
    return CrossValidation(Counted(random_state=0), numbered, Y, cv=3, resource="n_samples", **more)


def test_a_budget_of_rows_is_a_part_of_each_folds_training_rows():
    cv = counted()
    assert repr(cv.scheduler) == "ASHA(33, 100, folds=3)"

    def rows_of_fit(budget, fold):
        task = LiveTrial(Task(0, 0, {}, budget=budget, fold=fold))
        return cv.judged(cv.build({}), fold, 0, cv._part(fold, 0, task.budget))[1].rows_

    small, large, whole = (rows_of_fit(budget, 1) for budget in (30, 60, 100))
    assert (len(small), len(large), len(whole)) == (30, 60, 100)
    assert set(small) < set(large) < set(whole) == set(cv.splits.repeat(0)[1].train)
    assert np.bincount(Y[small]).tolist() == [10, 10, 10]
    assert rows_of_fit(30, 1).tolist() == small.tolist()


def test_a_study_with_a_resource_judges_the_winner_and_the_default_by_all_of_it():
    cv = counted()
    study = tw.Study(
        {"max_depth": tw.Int(1, 8), "min_samples_leaf": tw.Int(1, 20)}, cv.metrics, sampler=tw.samplers.Random(), seed=0
    )
    study.optimize(cv, trials=12)

    history = study.history
    assert history.frozen["resource"] == "n_samples up to 100"
    assert {done.budget for trial in history.trials for done in trial.measurements} == {33, 100}
    assert len([done for trial in history.trials for done in trial.measurements if done.budget == 33]) == 36
    found = study.generalization()
    assert found.default is not None
    assert study.best.number in np.flatnonzero(history.budgets == 100)
    assert found.winner.value == pytest.approx(study.winner().value)


def test_the_largest_budget_of_rows_is_no_more_than_was_said():
    cv = counted(budgets=(20, 60))
    study = tw.Study({"max_depth": tw.Int(1, 8)}, cv.metrics, sampler=tw.samplers.Random(), seed=0)
    study.optimize(cv, trials=3)

    fitted = [len(cv.judged(cv.build({}), 0, 0, cv._part(0, 0, budget))[1].rows_) for budget in (20, 60, None)]
    assert fitted == [20, 60, 100]
    assert study.best.measurements[-1].budget == 60
    with pytest.raises(StudyError, match="judge by n_samples up to 60, so"):
        study.generalization(all_rows=True)


def test_a_budget_of_trees_is_set_and_the_model_that_is_built_at_last_has_all():
    cv = CrossValidation(RandomForestClassifier(), X, Y, cv=2, resource="n_estimators", budgets=(2, 9))

    assert (cv.build({}, budget=4).n_estimators, cv.build({}).n_estimators) == (4, 9)
    assert cv.build({}).random_state == 0
    study = tw.Study({"max_depth": tw.Int(1, 4)}, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=3)
    assert {done.budget for done in study.history.trials[0].measurements} == {2, 9}
    assert np.isfinite(study.generalization(outer=2).winner.value)


def test_predictions_of_a_part_are_not_kept_for_those_of_all(tmp_path):
    cv = counted(predictions=tmp_path)
    study = tw.Study({"max_depth": tw.Int(1, 8)}, cv.metrics, sampler=tw.samplers.Random(), seed=0)
    study.optimize(cv, trials=6)

    whole = {trial.number for trial in study.history.trials if any("predictions" in done.info for done in trial.measurements)}
    assert whole == set(np.flatnonzero(study.history.budgets == 100))
    assert study.generalization().method == "predictions"


def test_of_rows_in_time_a_budget_is_of_the_latest():
    cv = CrossValidation(Ridge(), X, X[:, 0], cv=TimeSeriesSplit(3), resource="n_samples", budgets=(10, 100))

    assert cv._part(1, 0, 10).tolist() == cv.splits.repeat(0)[1].train[-10:].tolist()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"budgets": (1, 9)}, "and not of what"),
        ({"budgets": (9,), "resource": "n_samples"}, "must be two numbers"),
        ({"budgets": 9, "resource": "n_samples"}, "must be two numbers, the least and the largest, got 9"),
        ({"resource": "metric"}, "is no parameter of the estimator that is a whole number"),
        ({"racing": True, "resource": "n_samples"}, NOT_BOTH),
        ({"resource": "n_neighbor"}, "a whole number: the estimator has leaf_size, n_neighbors, p"),
        ({"resource": "n_samples", "budgets": (100, 20)}, "Budgets must rise"),
    ],
)
def test_a_resource_that_cannot_be_is_refused(more, said):
    with pytest.raises(StudyError, match=said):
        knn(**more)


def test_what_the_budget_counts_is_not_searched_and_nothing_is_written_then(tmp_path):
    cv = knn(resource="n_neighbors", budgets=(2, 20))
    study = tw.Study(SPACE, cv.metrics, storage=tmp_path / "s.db", name="s")

    with pytest.raises(StudyError, match='"n_neighbors" is searched, and it is what the budget counts as well'):
        study.optimize(cv, trials=2)
    assert study.history.position == 0


def test_going_on_with_another_resource_is_refused(tmp_path):
    space = {"max_depth": tw.Int(1, 8)}

    def study():
        return tw.Study(space, counted().metrics, storage=tmp_path / "s.db", name="s", sampler=tw.samplers.Random())

    study().optimize(counted(), trials=1)
    numbered = np.column_stack([np.arange(150), X])
    for other in (counted(budgets=(20, 60)), CrossValidation(Counted(random_state=0), numbered, Y, cv=3)):
        with pytest.raises(StudyChanged, match="resource was n_samples up to 100, now"):
            study().optimize(other, trials=2)


def test_predictions_of_models_with_other_numbers_of_trees_stay_apart(tmp_path):
    first, second = (
        CrossValidation(RandomForestClassifier(), X, Y, cv=2, resource="n_estimators", budgets=(1, high), predictions=tmp_path)
        for high in (3, 9)
    )
    for cv in (first, second):
        study = tw.Study({"max_depth": tw.Int(1, 4)}, cv.metrics, sampler=tw.samplers.Random(), seed=0)
        study.optimize(cv, trials=1)

    assert len(list(tmp_path.iterdir())) == 4


def test_a_small_part_of_the_rows_has_no_resource():
    assert counted(budgets=(40, 100)).subset(np.arange(0, 150, 3)).resource is None
    assert counted(budgets=(40, 100)).subset(np.arange(0, 150, 2)).resource is not None


def test_a_part_of_the_rows_has_the_same_resource():
    cv = counted(budgets=(12, 90))
    part = cv.subset(np.arange(0, 150, 2))

    assert repr(part.scheduler) == "ASHA(12, 50, folds=3)"  # it has no more rows than that
    assert cv.outer(2).resource is None


# ---- copies of rows ----------------------------------------------------------------------------------------------------------

COPIED, TOLD = (
    np.vstack([np.random.default_rng(1).normal(size=(400, 3))] * 2),
    np.tile(np.random.default_rng(2).integers(0, 2, 400), 2),
)


def praise(cv: CrossValidation) -> float:
    return float(np.mean([cv(live({"n_neighbors": 1}, fold))["roc_auc"] for fold in range(5)]))


def copied(**more) -> CrossValidation:
    return CrossValidation(KNeighborsClassifier(1), COPIED, TOLD, **({"scoring": "roc_auc", "racing": False} | more))


def test_copies_that_the_folds_divide_are_told_once_where_they_are_given() -> None:
    with pytest.warns(UserWarning, match="the scores praise memory") as caught:
        cv = copied(repeats=2)

    assert [Path(each.filename).name for each in caught] == ["test_cross_validation.py"]
    assert cv.groups is None
    assert praise(cv) > 0.7  # of noise; 0.9 is expected, within 0.02: less by chance than once in 1e9
    cv.subset(np.arange(0, 800, 2))
    cv.outer(3)


def test_what_the_warning_says_holds_copies_together_and_noise_is_noise_again() -> None:
    cv = copied(groups=alike_rows(COPIED))

    assert praise(cv) < 0.7  # 0.5 is expected, within 0.03: more by chance less than once in 1e9


def test_outer_folds_that_divide_copies_are_told_where_the_given_ones_do_not() -> None:
    folds = [(np.flatnonzero(COPIED[:, 0] > 0), np.flatnonzero(COPIED[:, 0] <= 0))]

    with pytest.warns(UserWarning, match="the scores praise memory"):
        copied(cv=[*folds, folds[0][::-1]]).outer(3)


def test_workers_do_not_tell_of_copies_again(capfd) -> None:
    with pytest.warns(UserWarning, match="the scores praise memory"):
        cv = copied(cv=2)

    pickle.loads(pickle.dumps(cv))
    tw.Study(SPACE, cv.metrics).optimize(cv, trials=2, workers=2)

    assert "praise memory" not in capfd.readouterr().err
