from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import get_scorer

from tunewright.automl.metrics import resolve_metric
from tunewright.automl.records import MetricFacts, TaskFacts
from tunewright.errors import MetricError
from tunewright.resampling.scoring import WEIGHTED, Answer, respond, score, weighted_scores
from tunewright.typing import Array

RNG = np.random.default_rng(0)
ROWS = 150


class Known(ClassifierMixin, BaseEstimator):
    """Gives a fixed answer; X holds the numbers of its rows."""

    def __init__(self, proba: Array) -> None:
        self.proba = proba
        self.classes_ = np.arange(proba.shape[1])

    def predict(self, rows: Any) -> Any:
        return self.proba[rows[:, 0]].argmax(axis=1)

    def predict_proba(self, rows: Any) -> Any:
        return self.proba[rows[:, 0]]


class KnownValues(RegressorMixin, BaseEstimator):
    def __init__(self, values: Array) -> None:
        self.values = values

    def predict(self, rows: Any) -> Any:
        return self.values[rows[:, 0]]


def task(classes: int) -> TaskFacts:
    names = tuple("abcdefgh"[:classes])
    return TaskFacts(
        kind="classification" if classes else "regression",
        target="y",
        reason="",
        classes=names,
        positive="b" if classes == 2 else None,
    )


def answered(classes: int) -> tuple[Array, Answer, Any]:
    """Truth, an answer with many ties, and a model that gives it."""
    if not classes:
        y = RNG.normal(size=ROWS)
        values = y + RNG.normal(size=ROWS)
        return y, Answer(values, None), KnownValues(values)
    y = RNG.integers(0, classes, ROWS).astype(float)
    proba = np.round(RNG.dirichlet(np.ones(classes), ROWS) + 0.4 * np.eye(classes)[y.astype(int)], 1) + 0.01
    proba /= proba.sum(axis=1, keepdims=True)
    return y, Answer(proba.argmax(axis=1).astype(float), proba), Known(proba)


def fits(scorer: str, classes: int) -> MetricFacts | None:
    try:
        return resolve_metric(scorer, task(classes))
    except MetricError:
        return None


CASES = [(scorer, classes) for scorer in sorted(WEIGHTED) for classes in (0, 2, 4) if fits(scorer, classes)]


@pytest.mark.parametrize(("scorer", "classes"), CASES)
def test_scores_are_those_of_scikit_learn(scorer: str, classes: int) -> None:
    y, answer, model = answered(classes)
    metric = resolve_metric(scorer, task(classes))

    theirs = get_scorer(scorer)(model, np.arange(ROWS)[:, None], y)

    assert score(metric, y, answer) == pytest.approx(theirs if metric.goal == "maximize" else -theirs, rel=1e-12)


@pytest.mark.parametrize(("scorer", "classes"), CASES)
def test_a_weight_counts_a_row_so_many_times(scorer: str, classes: int) -> None:
    y, answer, _ = answered(classes)
    metric = resolve_metric(scorer, task(classes))
    weights = RNG.integers(0, 4, (3, ROWS)).astype(float)

    scores = weighted_scores(metric, y, answer, weights)

    for row, found in zip(weights, scores, strict=True):
        rows = np.repeat(np.arange(ROWS), row.astype(int))
        drawn = Answer(answer.predicted[rows], None if answer.proba is None else answer.proba[rows])
        assert found == pytest.approx(score(metric, y[rows], drawn), rel=1e-12)


@pytest.mark.parametrize(
    ("scorer", "classes"), [("matthews_corrcoef", 2), ("average_precision", 2), ("jaccard_macro", 4), ("neg_max_error", 0)]
)
def test_other_scorers_work_too(scorer: str, classes: int) -> None:
    y, answer, model = answered(classes)
    metric = resolve_metric(scorer, task(classes))

    theirs = get_scorer(scorer)(model, np.arange(ROWS)[:, None], y)

    assert scorer not in WEIGHTED
    assert score(metric, y, answer) == pytest.approx(theirs if metric.goal == "maximize" else -theirs)


def test_a_score_that_is_not_defined_is_nan() -> None:
    _, answer, _ = answered(2)

    assert np.isnan(score(resolve_metric("roc_auc", task(2)), np.ones(ROWS), answer))


def test_log_loss_needs_no_row_of_every_class() -> None:
    y, answer, _ = answered(4)
    rows = y < 2

    found = score(resolve_metric("log_loss", task(4)), y[rows], Answer(answer.predicted[rows], answer.proba[rows]))

    assert found == pytest.approx(metrics.log_loss(y[rows], answer.proba[rows], labels=[0, 1, 2, 3]))


def test_a_class_never_seen_has_no_probability() -> None:
    X, y = RNG.normal(size=(60, 3)), RNG.integers(0, 2, 60) * 2.0
    model = RandomForestClassifier(5, random_state=0).fit(X, y)

    answer = respond(model, X, 4)

    assert answer.proba is not None
    assert answer.proba.shape == (60, 4)
    assert (answer.proba[:, [1, 3]] == 0).all()
    np.testing.assert_array_equal(answer.predicted, model.predict(X))
