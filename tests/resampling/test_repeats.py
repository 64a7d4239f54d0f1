import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.resampling.repeats import Copies

X, Y = (part[:120] for part in load_breast_cancer(return_X_y=True))
HALVES = [(np.arange(60), np.arange(60, 120))]


class Drawn(ClassifierMixin, BaseEstimator):
    """Draws its answers, and has no parameter that says how."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.random.default_rng().choice(self.classes_, len(X))


@pytest.mark.parametrize("cv", [HALVES, KFold(3), GroupKFold(3)], ids=["ready-made", "KFold", "GroupKFold"])
@pytest.mark.parametrize(
    "estimator",
    [KNeighborsClassifier(), make_pipeline(StandardScaler(), KNeighborsClassifier()), RandomForestClassifier(5, random_state=0)],
    ids=["no chance", "pipeline", "a seed"],
)
def test_repeats_that_can_only_be_copies_are_refused(cv, estimator):
    groups = np.arange(120) // 4 if isinstance(cv, GroupKFold) else None

    with pytest.raises(StudyError, match="repeats=4 would count one measurement 4 times"):
        tw.CrossValidation(estimator, X, Y, cv=cv, groups=groups, repeats=4)
    assert tw.CrossValidation(estimator, X, Y, cv=cv, groups=groups).repeats == 1


def test_repeats_with_other_folds_or_other_seeds_are_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for estimator, cv in (
            (KNeighborsClassifier(), 3),
            (KNeighborsClassifier(), StratifiedKFold(3, shuffle=True, random_state=0)),
            (RandomForestClassifier(5), HALVES),
            (lambda live: KNeighborsClassifier(), HALVES),
        ):
            assert tw.CrossValidation(estimator, X, Y, cv=cv, repeats=2).repeats == 2


def test_an_estimator_of_ones_own_may_have_chance_of_its_own():
    with pytest.warns(UserWarning, match="Unless it draws by chance of its own"):
        tw.CrossValidation(Drawn(), X, Y, cv=HALVES, repeats=2)


def searched(estimator, space, **more):
    cv = tw.CrossValidation(estimator, X, Y, cv=HALVES, repeats=2, scoring="neg_log_loss", racing=False, **more)
    study = tw.Study(space, cv.metrics, sampler=tw.samplers.Random(), seed=0)
    study.optimize(cv, trials=3)
    return study


def test_a_seed_that_changes_nothing_is_noticed_and_said_once():
    model = make_pipeline(StandardScaler(), LogisticRegression())

    with pytest.warns(UserWarning, match="answer the same in every repeat") as said:
        searched(model, {"logisticregression__C": tw.Float(0.1, 10, log=True)})

    assert len(said) == 1


def test_nothing_is_said_where_the_seed_makes_a_difference():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = searched(RandomForestClassifier(5), {"min_samples_leaf": tw.Int(1, 9)})

    assert all(len({each.values["neg_log_loss"] for each in trial.measurements}) == 2 for trial in study.history.trials)


def test_repeats_of_catboost_are_other_seeds():
    kind = pytest.importorskip("catboost").CatBoostClassifier
    model = kind(iterations=5, verbose=0, allow_writing_files=False, thread_count=1)

    study = searched(model, {"depth": tw.Int(2, 6)})

    assert all(len({each.values["neg_log_loss"] for each in trial.measurements}) == 2 for trial in study.history.trials)
    with pytest.raises(StudyError, match="would count one measurement 2 times"):
        tw.CrossValidation(kind(random_seed=3), X, Y, cv=HALVES, repeats=2)


def test_what_is_compared_with_does_not_travel():
    copies = Copies(watched=True)
    copies.met({"a": 1}, 0, 0, KNeighborsClassifier().fit(X, Y), X)

    assert vars(pickle.loads(pickle.dumps(copies)))["_first"] == {}
    assert pickle.loads(pickle.dumps(copies)).watched
