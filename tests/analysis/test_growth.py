import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.analysis.growth import growth
from tunewright.errors import StudyError

ROWS = np.arange(200.0)[:, None]


class Learner(RegressorMixin, BaseEstimator):
    """Predicts `floor` + `slope` m**-exponent with m training rows; the truth is 0, so that is its error."""

    def __init__(self, floor: float = 1.0, exponent: float = 0.75, slope: float = 20.0) -> None:
        self.floor, self.exponent, self.slope = floor, exponent, slope

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Learner":
        self.rows_ = len(X)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.full(len(X), self.floor + self.slope * self.rows_**-self.exponent)


def searched(cv: tw.CrossValidation, space: dict[str, tw.Parameter | tw.Choice], trials: int = 12) -> tw.Study:
    study = tw.Study(space, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=trials)
    return study


def learners(**more: float) -> tuple[tw.CrossValidation, tw.Study]:
    cv = tw.CrossValidation(Learner(**more), ROWS, np.zeros(200), cv=5, scoring="neg_mean_absolute_error")
    return cv, searched(cv, {"floor": tw.Float(0.5, 2.0, default=1.0)})


@pytest.mark.parametrize("exponent", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
def test_an_error_that_falls_like_a_power_is_followed_to_all_rows(exponent: float, share: float) -> None:
    half, folds, whole = ((share / 2) ** -exponent, share**-exponent, 1.0)
    found = growth(np.full(5, half - folds), share, 1 / share - 1)

    assert found.value == pytest.approx(folds - whole, rel=0.25)
    assert abs(found.value - (folds - whole)) < 1.1 * found.deviation


def test_folds_that_disagree_leave_doubt() -> None:
    """The deviation over folds is that of their mean (Nadeau and Bengio), times the factor of 0.2275 for four fifths of the rows."""
    found = growth(np.array([0.0, 2.0, 0.0, 2.0]), 0.8, 0.25)

    assert found.value == pytest.approx(0.2275, abs=1e-3)
    assert found.deviation == pytest.approx(0.2275 * math.sqrt(4 / 3) * math.sqrt(1 / 4 + 0.25), rel=0.03)
    assert growth(np.array([1.0]), 0.8, 0.25).deviation > 0.22


def test_no_curve_falls_to_the_bound_of_the_metric() -> None:
    """A loss of 0.7 with half of the rows, 0.3 of them: at most the mean of 1 - 0.3**0.5 and 1 - 0.3 of the 0.7 is left to fall."""
    lucky = np.array([9.0, 0.1, 0.2])

    assert growth(lucky, 0.3, 0.5).value > 2
    assert growth(lucky, 0.3, 0.5, room=0.7).value == pytest.approx(0.7 * (1 - (math.sqrt(0.3) + 0.3) / 2))
    assert growth(lucky, 0.3, 0.5, room=0.7).deviation == growth(lucky, 0.3, 0.5).deviation
    assert growth(-lucky, 0.3, 0.5, room=0.7).value < -2


def test_a_tree_whose_half_was_surely_wrong_is_no_perfect_model() -> None:
    """Without a bound the log loss of the model of all rows was put at 0, for two of these three."""
    X, y = load_breast_cancer(return_X_y=True)
    for seed in (1, 2, 3):
        rows = np.random.default_rng(seed).permutation(200)
        cv = tw.CrossValidation(
            DecisionTreeClassifier(random_state=0), X[rows, :8], y[rows], cv=TimeSeriesSplit(4), scoring="neg_log_loss"
        )
        study = searched(cv, {"max_depth": tw.Int(1, 6), "min_samples_leaf": tw.Int(1, 20)}, trials=6)

        found, before = study.generalization(all_rows=True), study.generalization()

        assert found.winner.value < 0.5 * before.winner.value < 0
        assert found.winner.low <= found.winner.value <= found.winner.high


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_what_is_claimed_is_what_the_model_of_all_rows_is_worth(exponent: float) -> None:
    cv, study = learners(exponent=exponent)
    found, before = study.generalization(all_rows=True), study.generalization()
    truth = -cv.build(study.best.params).fit(ROWS, np.zeros(200)).predict(ROWS[:1])[0]

    assert before.winner.value < truth - 0.01
    assert found.winner.value == pytest.approx(truth, abs=0.15 * (truth - before.winner.value))
    assert found.growth.value == pytest.approx(found.winner.value - before.winner.value)
    assert found.default.value > before.default.value
    assert found.raw == before.raw
    assert before.growth is None
    assert "learns from all rows" in found.sentence


def test_the_folds_decide_which_is_recommended() -> None:
    """A default that learns far faster than the winner is worth more for it, and is not recommended for it."""
    cv = tw.CrossValidation(Learner(exponent=0.5, floor=0.0), ROWS, np.zeros(200), cv=5, scoring="neg_mean_absolute_error")
    study = searched(cv, {"slope": tw.Float(1.0, 20.0, default=20.0)})
    found, before = study.generalization(all_rows=True), study.generalization()

    assert found.default.value - before.default.value > 3 * (found.winner.value - before.winner.value) > 0
    assert (found.gain, found.probability, found.recommended) == (before.gain, before.probability, before.recommended)
    assert found.recommended == "winner"


def test_a_metric_is_not_left_behind() -> None:
    """Every fold of this table is without an error, and half of the rows are not: no accuracy above 1 is claimed."""
    X, y = load_iris(return_X_y=True)
    easy = y < 2
    cv = tw.CrossValidation(KNeighborsClassifier(), X[easy], y[easy], cv=3, scoring="accuracy")
    study = searched(cv, {"n_neighbors": tw.Int(1, 30, default=30)})
    found = study.generalization(all_rows=True)

    assert found.winner.value <= 1.0
    assert found.default.value <= 1.0


def test_both_halves_hold_every_class_and_whole_groups() -> None:
    X, y = load_iris(return_X_y=True)
    seen = []

    class Watch(DecisionTreeClassifier):
        def fit(self, X: np.ndarray, y: np.ndarray, **more: object) -> "Watch":
            seen.append((X[:, -1], y))
            super().fit(X, y, **more)
            return self

    groups = np.arange(150) // 5
    for given in (None, groups):
        seen.clear()
        cv = tw.CrossValidation(Watch(), np.column_stack([X, groups]), y, cv=5, scoring="accuracy", groups=given)
        half = cv.halved([{}])
        assert half.scores.shape == (1, 5)
        assert half.share == pytest.approx(0.8)
        assert not half.remarks
        for units, labels in seen:
            assert len(labels) == 60
            if given is None:
                assert np.ptp(np.bincount(labels)) <= 1
            else:
                assert (np.unique(units, return_counts=True)[1] == 5).all()


def test_without_rows_to_leave_out_there_is_a_sentence() -> None:
    study = tw.Study({"x": tw.Float(0, 1)})
    study.optimize(lambda live: live["x"], trials=3)
    with pytest.raises(StudyError, match="needs the study's CrossValidation"):
        study.generalization(all_rows=True)
    _, study = learners()
    with pytest.raises(StudyError, match="leave out test= and outer="):
        study.generalization(all_rows=True, outer=2)


def test_fits_that_fail_on_half_of_the_rows_are_told() -> None:
    X, y = load_iris(return_X_y=True)
    cv = tw.CrossValidation(KNeighborsClassifier(n_neighbors=70), X, y, cv=5, scoring="accuracy")
    study = searched(cv, {"n_neighbors": tw.Int(65, 110, default=70)}, trials=4)
    with pytest.raises(StudyError, match=r"cannot be told: 5 of 5 fits failed: ValueError: Expected n_neighbors"):
        study.generalization(all_rows=True)


@pytest.mark.filterwarnings("ignore:The test folds hold")
def test_uneven_groups_are_halved_as_far_as_they_can_be() -> None:
    """One of 60 rows and 40 of one row each: the part that was used stands in the formula; of a single group there is no half."""
    groups = np.r_[np.zeros(60, int), np.arange(1, 41)]
    more = {"cv": 5, "scoring": "neg_mean_absolute_error"}
    cv = tw.CrossValidation(Learner(), ROWS[:100], np.zeros(100), groups=groups, **more)
    half = cv.halved([{}])
    assert 0.2 < half.part < 0.8
    assert half.part != 0.5

    alone = tw.CrossValidation(Learner(), ROWS[:100], np.zeros(100), groups=np.arange(100) // 50, **(more | {"cv": 2}))
    study = searched(alone, {"floor": tw.Float(0.5, 2.0, default=1.0)}, trials=3)
    with pytest.raises(StudyError, match="a fold trains on one group only"):
        study.generalization(all_rows=True)
