import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from tunewright.errors import DataError
from tunewright.resampling.predictions import Kept
from tunewright.resampling.splits import Fold


class Contrary(GaussianNB):
    """Predicts the least probable class."""

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


X = np.arange(12.0)[:, None]
Y = np.array([0, 1, 2] * 4)
FOLDS = (Fold(np.arange(6, 12), np.arange(6)), Fold(np.arange(6), np.arange(6, 12)))


def kept(tmp_path, model, y, params):
    store = Kept(tmp_path, "abc")
    for number, fold in enumerate(FOLDS):
        store.write(params, number, 0, model.fit(X[fold.train], y[fold.train]), X[fold.test])
    return store


def test_values_come_back_in_the_order_of_the_rows(tmp_path):
    answer = kept(tmp_path, Ridge(), X[:, 0], {"alpha": 1.0}).pooled({"alpha": 1.0}, FOLDS, None)

    assert answer.predicted == pytest.approx(X[:, 0], abs=3)
    assert answer.proba is None


def test_the_order_of_parameters_does_not_matter(tmp_path):
    store = Kept(tmp_path, "abc")

    assert store.name({"a": 1, "b": 2}, 0, 0) == store.name({"b": 2, "a": 1}, 0, 0) != store.name({"a": 1, "b": 2}, 1, 0)


def test_a_class_that_a_fold_never_saw_has_probability_zero(tmp_path):
    y = np.r_[[0, 1, 0, 1, 0, 1], [0, 1, 2, 0, 1, 2]]

    assert kept(tmp_path, GaussianNB(), y, {}).pooled({}, FOLDS, y).proba[6:, 2].tolist() == [0.0] * 6


def test_of_two_classes_decision_values_stand_for_probabilities(tmp_path):
    y = np.array(["no", "yes"] * 6)
    answer = kept(tmp_path, LinearSVC(), y, {}).pooled({}, FOLDS, y)

    for fold in FOLDS:
        model = LinearSVC().fit(X[fold.train], y[fold.train])
        assert answer.proba[fold.test][:, 1] == pytest.approx(model.decision_function(X[fold.test]))
        assert (answer.predicted[fold.test] == 1).tolist() == (model.predict(X[fold.test]) == "yes").tolist()


@pytest.mark.parametrize("model", [LinearSVC(), VotingClassifier([("a", GaussianNB())])], ids=["decisions", "labels"])
def test_else_what_was_predicted_is_enough_for_scores_of_labels(model, tmp_path):
    answer = kept(tmp_path, model, Y, {}).pooled({}, FOLDS, Y)

    for fold in FOLDS:
        assert (
            answer.predicted[fold.test].tolist() == clone(model).fit(X[fold.train], Y[fold.train]).predict(X[fold.test]).tolist()
        )
    assert answer.proba.argmax(axis=1).tolist() == answer.predicted.tolist()


def test_labels_that_are_no_class_of_the_target_are_no_answer(tmp_path):
    store = kept(tmp_path, VotingClassifier([("a", GaussianNB())]), Y, {})

    assert store.pooled({}, FOLDS, np.array(["a", "b", "c"])[Y]) is None


@pytest.mark.parametrize(
    "model", [FixedThresholdClassifier(GaussianNB(), threshold=0.9, response_method="predict_proba"), Contrary()]
)
def test_the_classes_are_those_that_the_model_predicts_and_not_the_most_probable(model, tmp_path):
    y = np.array([0, 1] * 6)
    answer = kept(tmp_path, model, y, {}).pooled({}, FOLDS, y)

    for fold in FOLDS:
        said = clone(model).fit(X[fold.train], y[fold.train]).predict(X[fold.test])
        assert answer.predicted[fold.test].tolist() == said.tolist()
    assert (answer.predicted != answer.proba.argmax(axis=1)).any()


@pytest.mark.parametrize("model", [GaussianNB(), LinearSVC()])
def test_a_file_without_the_classes_predicted_is_not_guessed_from(model, tmp_path):
    store = kept(tmp_path, model, Y, {})
    for path in tmp_path.glob("*.npz"):
        with np.load(path) as held:
            np.savez(path, **{name: held[name] for name in held if name != "predicted"})

    assert store.pooled({}, FOLDS, Y) is None


def test_what_predicts_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match="predicts nothing"):
        Kept(tmp_path, "abc").write({}, 0, 0, object(), X)


def test_labels_that_are_python_objects_come_back(tmp_path):
    y = np.array(list("cab") * 4, dtype=object)
    answer = kept(tmp_path, GaussianNB(), y, {}).pooled({}, FOLDS, y)

    assert answer.proba.shape == (12, 3)
    assert np.load(next(tmp_path.glob("*.npz")))["classes"].tolist() == ["a", "b", "c"]


def test_classes_that_come_as_a_column_are_kept(tmp_path):
    class Column(GaussianNB):
        """As CatBoost's."""

        def predict(self, X):
            return super().predict(X)[:, None]

    whole, column = (
        kept(tmp_path, model, Y, {"x": i}).pooled({"x": i}, FOLDS, Y) for i, model in enumerate((GaussianNB(), Column()))
    )
    assert column.predicted.tolist() == whole.predicted.tolist()
