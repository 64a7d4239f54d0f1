import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import check_scoring
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tunewright.execution.live import LiveTrial
from tunewright.sklearn.distributions import translate
from tunewright.sklearn.folds import FoldObjective, Problem, beside, evaluate_fold, names_of
from tunewright.trial import Task

X, y = load_iris(return_X_y=True)
SPLITS = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))


def problem(estimator, scorer=None, **more) -> Problem:
    filled = {"fit_params": {}, "score_params": {}, "train": False, "error_score": None} | more
    return Problem(estimator, X, y, SPLITS, check_scoring(estimator, scorer) if not callable(scorer) else scorer, **filled)


def test_a_fold_is_scored_as_scikit_learn_scores_it() -> None:
    model = make_pipeline(StandardScaler(), KNeighborsClassifier(3))
    expected = cross_validate(model, X, y, cv=SPLITS, return_train_score=True)

    found = [
        evaluate_fold(problem(model, train=True), {"kneighborsclassifier__n_neighbors": 3}, fold) for fold in range(len(SPLITS))
    ]

    assert [scores.test["score"] for scores in found] == expected["test_score"].tolist()
    assert [scores.train["score"] for scores in found] == expected["train_score"].tolist()
    assert all(scores.fit_time > 0 and scores.score_time > 0 for scores in found)


def test_weights_are_split_with_the_rows() -> None:
    weights = np.where(y == 2, 0.0, 1.0)
    tree = DecisionTreeClassifier(random_state=0)
    expected = cross_validate(tree, X, y, cv=SPLITS, params={"sample_weight": weights}, return_estimator=True)

    scores = evaluate_fold(problem(tree, fit_params={"sample_weight": weights}), {}, 0)

    assert scores.test["score"] == expected["estimator"][0].score(X[SPLITS[0][1]], y[SPLITS[0][1]])
    assert scores.test["score"] < 0.8  # the third class was not learned


def test_the_estimator_itself_is_not_touched() -> None:
    model = KNeighborsClassifier(3)

    evaluate_fold(problem(model), {"n_neighbors": 7}, 0)

    assert model.n_neighbors == 3
    assert not hasattr(model, "classes_")


def test_a_number_may_stand_for_a_fit_that_failed() -> None:
    model = KNeighborsClassifier()

    scores = evaluate_fold(problem(model, train=True, error_score=-1.0), {"n_neighbors": -1}, 0)

    assert (scores.test, scores.train) == ({"score": -1.0}, {"score": -1.0})
    assert "n_neighbors" in scores.error
    for error_score in (None, np.nan):
        with pytest.raises(ValueError, match="n_neighbors"):
            evaluate_fold(problem(model, error_score=error_score), {"n_neighbors": -1}, 0)


def test_a_scorer_must_return_numbers() -> None:
    with pytest.raises(ValueError, match="scoring must return a number"):
        evaluate_fold(problem(KNeighborsClassifier(), lambda *_: [1.0]), {}, 0)


def test_the_names_of_the_scores_are_known_beforehand_where_they_can_be() -> None:
    assert names_of(check_scoring(KNeighborsClassifier(), ["accuracy", "f1_macro"])) == ("accuracy", "f1_macro")
    assert names_of(lambda *_: 1.0) == ("score",)


def test_the_objective_returns_all_that_the_results_are_made_of() -> None:
    translation = translate({"n_neighbors": [1, 3, 5, 9]}, {})
    objective = FoldObjective(problem(KNeighborsClassifier(), train=True), translation, ["score"])

    found = objective(LiveTrial(Task(0, 0, {"n_neighbors": 3}, fold=1)))

    assert found["score"] == found["test_score"]
    assert set(found) == {"score", "test_score", "train_score", "fit_time", "score_time", "fit_error", "score_error", "several"}


@pytest.mark.parametrize("fold", [None, 3])
def test_a_scheduler_with_other_folds_is_told_so(fold) -> None:
    objective = FoldObjective(problem(KNeighborsClassifier()), translate({"n_neighbors": [1, 3]}, {}), ["score"])

    with pytest.raises(ValueError, match=r"there are folds 0 to 2. Give it the same number: Once\(folds=3\)"):
        objective(LiveTrial(Task(0, 0, {"n_neighbors": 3}, fold=fold)))


def test_a_metric_keeps_its_name_and_what_is_told_beside_it_gives_way() -> None:
    assert beside("fit_time", ["accuracy"]) == "fit_time"
    assert beside("fit_time", ["fit_time", "_fit_time"]) == "__fit_time"


def test_of_a_scorer_that_raises_the_fit_still_counts() -> None:
    def broken(*_: object) -> float:
        raise RuntimeError("no score")

    scores = evaluate_fold(problem(KNeighborsClassifier(), broken, error_score=np.nan), {}, 0)

    assert np.isnan(scores.test["score"])
    assert scores.error == ""
    assert "RuntimeError: no score" in scores.score_error
    with pytest.raises(RuntimeError, match="no score"):
        evaluate_fold(problem(KNeighborsClassifier(), broken), {}, 0)
