import msgspec
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.resampling.curves import Curve

X, Y = load_iris(return_X_y=True)
CV = tw.CrossValidation(KNeighborsClassifier(), X, Y, cv=5)


def test_a_learning_curve_ends_at_what_the_study_measures():
    curve = CV.learning_curve({"n_neighbors": 3}, [1.0, 0.2])

    whole = [CV.judged(CV.build({"n_neighbors": 3}), fold, 0)[0]["accuracy"] for fold in range(5)]
    assert curve.points == (24, 120)
    assert curve.validation[1].tolist() == whole
    assert curve.validation.shape == curve.train.shape == (2, 5)
    assert "120 training rows" in curve.sentence
    assert curve.sentence in repr(curve)


def test_a_validation_curve_shows_underfitting_at_its_end():
    curve = CV.validation_curve("n_neighbors", [1, 5, 110])

    assert curve.best in {0, 1}
    assert "underfitting" in curve.sentence


def test_the_end_of_the_space_is_no_reason_to_look_further():
    study = tw.Study({"n_neighbors": tw.Int(1, 30)}, CV.metrics, sampler=tw.samplers.Random())
    study.optimize(CV, trials=1)
    points = study.validation_curve(CV, "n_neighbors", [1, 30])
    high = msgspec.structs.replace(points, validation=np.array([[1.0] * 5, [0.5] * 5]))

    assert high.bounds == (1.0, 30.0)
    assert high.sentence.endswith("That is the end of the range that the space holds.")
    assert msgspec.structs.replace(high, bounds=(0.0, 30.0)).sentence.endswith("the end of what was tried: look further.")


def test_a_study_draws_curves_around_its_winner():
    study = tw.Study({"n_neighbors": tw.Int(1, 30)}, CV.metrics, sampler=tw.samplers.Random())
    study.optimize(CV, trials=3)

    assert study.learning_curve(CV, sizes=[0.5, 1.0]).points == (60, 120)
    assert study.validation_curve(CV, "n_neighbors", [1, 9]).points == (1, 9)
    assert study.overfitting().gap is not None
    with pytest.raises(StudyError, match="CrossValidation"):
        study.learning_curve(print)


def test_fits_that_fail_are_told_and_not_counted():
    curve = CV.learning_curve({"n_neighbors": 30}, [10, 100])

    assert np.isnan(curve.validation[0]).all()
    assert "5 of 10 fits failed" in curve.remarks[0]
    assert "100 training rows" in curve.sentence


def test_one_fold_gives_no_interval():
    curve = Curve("learning", "rows", (10, 20), "accuracy", np.ones((2, 1)), np.array([[0.5], [0.6]]), 0.25)

    assert "cannot be told" in curve.sentence


@pytest.mark.parametrize("sizes", [[], [0], [1.5], [-0.1], [1000], [True]])
def test_sizes_that_mean_nothing_are_refused(sizes):
    with pytest.raises(StudyError, match="size"):
        CV.learning_curve({}, sizes)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(StudyError, match="no parameter"):
        CV.validation_curve("depth", [1])


def test_a_notebook_shows_a_curve_as_a_table() -> None:
    scores = np.array([[0.25, 0.75], [0.5, 1.0]])
    curve = Curve("validation", "<C>", (1, "<b>"), "accuracy", scores, scores / 2, 0.25, ("1 of 4 fits failed: <i>no",))

    html = curve._repr_html_()

    assert '<th scope="col">&lt;C&gt;</th><th scope="col">validation</th><th scope="col">training</th>' in html
    assert '<tr><th scope="row">&lt;b&gt;</th><td>0.38 ± 0.18</td><td>0.75 ± 0.35</td></tr>' in html
    assert "<li>1 of 4 fits failed: &lt;i&gt;no</li>" in html
    assert "  validation 0.38 ± 0.18  training 0.75 ± 0.35" in repr(curve)


@pytest.mark.parametrize(
    ("library", "kind", "own", "name"),
    [
        (
            "catboost",
            "CatBoostClassifier",
            {"iterations": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1},
            "depth",
        ),
        (
            "catboost",
            "CatBoostClassifier",
            {"iterations": 3, "verbose": 0, "allow_writing_files": False, "max_depth": 3},
            "depth",
        ),
        ("xgboost", "XGBClassifier", {"n_estimators": 3, "n_jobs": 1}, "max_depth"),
        ("xgboost", "XGBClassifier", {"n_estimators": 3, "n_jobs": 1}, "eta"),
    ],
)
def test_a_validation_curve_is_drawn_of_whatever_was_searched(library, kind, own, name):
    estimator = getattr(pytest.importorskip(library), kind)(**own)
    cv = tw.CrossValidation(estimator, X, Y, cv=3)

    curve = cv.validation_curve(name, [1, 0.001] if name == "eta" else [1, 6])

    assert np.isfinite(curve.validation).all()
    assert not np.array_equal(curve.train[0], curve.train[1])


def test_a_validation_curve_of_a_value_or_a_number_is_not_flat():
    cv = tw.CrossValidation(DecisionTreeClassifier(random_state=0), X, Y, cv=3)

    curve = cv.validation_curve("max_depth", [1, 4], {"max_depth": "value", "max_depth.value": 2})

    assert (curve.train[0] < curve.train[1]).all()
