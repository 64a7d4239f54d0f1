import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import f1_score, get_scorer, make_scorer

from tunewright.errors import MetricError
from tunewright.resampling.inputs import by_row, for_rows, looks_like_classes, own_scorer, scorers_by_name

BINARY = np.arange(40) % 2


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (BINARY, True),
        (BINARY == 1, True),
        (np.array(["a", "b"])[BINARY], True),
        (np.arange(40) % 4, True),
        (np.arange(40), False),
        (np.arange(40) % 5, False),
        (BINARY + 0.5, False),
        (BINARY * 1.0, False),
        (np.eye(2)[BINARY].astype(int), False),
        (None, False),
    ],
)
def test_a_target_without_an_estimator_holds_classes_where_each_has_many_rows(y: object, classes: bool) -> None:
    assert looks_like_classes(y) == classes


def test_a_function_that_builds_regressors_is_judged_by_r2() -> None:
    assert list(scorers_by_name(None, lambda live: Ridge(), classes=False)) == ["r2"]


@pytest.mark.parametrize(
    ("scoring", "says"),
    [
        ({"train_acc": "f1", "acc": "accuracy"}, 'called "train_acc" here: each task tells the score "acc" on the training rows'),
        ({"fit_seconds": "f1", "acc": "accuracy"}, 'called "fit_seconds" here: each task tells how long the fit took'),
        ({"predictions": "f1"}, 'called "predictions" here'),
        ([make_scorer(f1_score), make_scorer(f1_score, pos_label=0)], 'Two scorers are called "score"'),
    ],
)
def test_a_scorer_whose_name_says_something_else_is_refused(scoring: object, says: str) -> None:
    with pytest.raises(MetricError, match=says):
        scorers_by_name(scoring, None, classes=True)


def test_a_name_that_nothing_else_has_is_free() -> None:
    assert list(scorers_by_name({"train_f1": "f1", "test_acc": "accuracy"}, None, classes=True)) == ["train_f1", "test_acc"]


@pytest.mark.parametrize(
    ("name", "scorer", "y", "own"),
    [
        ("f1", get_scorer("f1"), BINARY, True),
        ("f1", get_scorer("f1"), BINARY + 1, False),
        ("f1", get_scorer("f1"), 1 - 2 * BINARY, True),
        ("f1", make_scorer(f1_score, pos_label=0), BINARY, False),
        ("f1", get_scorer("f1_macro"), BINARY, False),
        ("roc_auc", get_scorer("roc_auc"), BINARY + 1, True),
        ("accuracy", get_scorer("accuracy"), np.array(["a", "b"])[BINARY], True),
        ("accuracy", get_scorer("accuracy"), np.eye(2)[BINARY], False),
        ("neg_max_error", get_scorer("neg_max_error"), BINARY, False),
    ],
)
def test_predictions_are_scored_as_the_study_scores_them_or_not_at_all(
    name: str, scorer: object, y: np.ndarray, own: bool
) -> None:
    assert own_scorer(name, scorer, y) == own


def test_what_has_an_entry_a_row_is_told_by_its_length() -> None:
    X = np.zeros((3, 2))

    assert by_row([1, 2, 3], X)
    assert not by_row("abc", X)
    assert list(for_rows({"sample_weight": [1.0], "flag": True, "each": [1, 2, 3]}, X)) == ["sample_weight", "each"]
