"""Scores of answers, for any weights of the rows.

A model is asked once for each set of rows; its *answer* (class probabilities or values) is then scored as often as needed. The usual
metrics are computed for many weightings of the rows at once, shape (draws, rows): a weighting of ones is the score itself, one
drawn at random is a bootstrap sample, so the interval is about exactly the number it stands beside. Every other scikit-learn scorer
is applied to the answer row set by row set, through an estimator that only repeats the answer.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from tunewright.typing import Array, Indices

__all__ = ["WEIGHTED", "Answer", "Scored", "respond", "score", "weighted_scores"]

_TINY: Final = float(np.finfo(np.float64).eps)


class Scored(Protocol):
    """Whatever names a scikit-learn scorer."""

    @property
    def scorer(self) -> str:
        """Its name, as `sklearn.metrics.get_scorer` knows it."""


class Answer(NamedTuple):
    """What a model says about rows.

    Attributes:
        predicted: class codes or values, shape (rows,).
        proba: probability of each class, shape (rows, classes); None for regression. Of kept predictions of a model that gives none, what
            orders the rows as the model does, for scores that need no more.
    """

    predicted: Array
    proba: Array | None

    def of(self, rows: Indices) -> "Answer":
        """For some of the rows."""
        return Answer(self.predicted[rows], None if self.proba is None else self.proba[rows])


def respond(model: Any, x: Array, classes: int) -> Answer:  # noqa: ANN401  scikit-learn ships no types
    """Ask a fitted model; a class that it never saw has probability 0.

    Args:
        model: with `predict_proba` for classification, `predict` for regression.
        x: shape (rows, features).
        classes: how many the task has; 0 for regression.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of categories never seen; `prepare` says it better
        if not classes:
            return Answer(np.asarray(model.predict(x), dtype=np.float64), None)
        proba = np.zeros((len(x), classes))
        proba[:, np.asarray(model.classes_).astype(int)] = model.predict_proba(x)
    return Answer(proba.argmax(axis=1).astype(np.float64), proba)


def score(metric: Scored, y: Array, answer: Answer) -> float:
    """The score of an answer in the metric's own units; NaN where it is not defined for these rows."""
    return float(weighted_scores(metric, y, answer, np.ones((1, len(y))))[0])


def weighted_scores(metric: Scored, y: Array, answer: Answer, weights: Array) -> Array:
    """Scores under many weightings of the rows.

    Args:
        metric: what to compute.
        y: the truth, shape (rows,).
        answer: of the model.
        weights: shape (draws, rows), 0 or more; whole numbers for scorers that are not in `WEIGHTED`.

    Returns:
        Shape (draws,), in the metric's own units; NaN where it is not defined.
    """
    compute = WEIGHTED.get(metric.scorer)
    if compute is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            return compute(y, answer, weights)
    return np.array([_by_scorer(metric, y, answer, row) for row in weights])


def _by_scorer(metric: Scored, y: Array, answer: Answer, weights: Array) -> float:
    rows = np.repeat(np.arange(len(y)), weights.astype(int))
    echo = _RegressionEcho(answer) if answer.proba is None else _ClassEcho(answer)
    sign = -1.0 if metric.scorer.startswith("neg_") else 1.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns of what NaN says already
            return sign * float(get_scorer(metric.scorer)(echo, rows[:, None], y[rows]))
    except ValueError:  # not defined for these rows: one class, a negative value under a logarithm
        if (weights == 1).all():
            raise
        return float("nan")


class _RegressionEcho(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Repeats an answer; X holds row numbers."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def predict(self, rows: Any) -> Array:  # noqa: ANN401
        return np.asarray(self.answer.predicted[rows[:, 0]])


class _ClassEcho(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        assert answer.proba is not None
        self.classes_ = np.arange(answer.proba.shape[1])

    def predict(self, rows: Any) -> Array:  # noqa: ANN401
        return np.asarray(self.answer.predicted[rows[:, 0]])

    def predict_proba(self, rows: Any) -> Array:  # noqa: ANN401
        assert self.answer.proba is not None
        return np.asarray(self.answer.proba[rows[:, 0]])


# ---- one number for each weighting -----------------------------------------------------------------------------------------------


def _mean(loss: Array, weights: Array) -> Array:
    means: Array = weights @ loss / weights.sum(axis=1)
    return means


def _log_loss(y: Array, answer: Answer, weights: Array) -> Array:
    proba = _proba(answer)
    sure = proba[np.arange(len(y)), y.astype(int)] / proba.sum(axis=1)
    return _mean(-np.log(np.clip(sure, _TINY, 1 - _TINY)), weights)


def _brier(y: Array, answer: Answer, weights: Array) -> Array:
    proba = _proba(answer)
    truth = np.eye(proba.shape[1])[y.astype(int)]
    half = 0.5 if proba.shape[1] == 2 else 1.0
    return half * _mean(((proba - truth) ** 2).sum(axis=1), weights)


def _r2(y: Array, answer: Answer, weights: Array) -> Array:
    apart = y - y[0]  # 0 and not its rounding where all are the same
    total = _mean(apart**2, weights) - _mean(apart, weights) ** 2
    return np.where(total > 0, 1 - _mean((y - answer.predicted) ** 2, weights) / total, np.nan)


def _auc(truth: Array, ranks: Array, weights: Array) -> Array:
    """Chance that a positive row ranks above a negative one, ties counted half."""
    order = np.argsort(ranks, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(ranks[order]) > 0])
    sorted_weights, positive = weights[:, order], truth[order]
    up = np.add.reduceat(sorted_weights * positive, starts, axis=1)
    down = np.add.reduceat(sorted_weights * (1 - positive), starts, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    areas: Array = (up * below).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1))
    return areas


def _roc_auc(y: Array, answer: Answer, weights: Array) -> Array:
    return _auc(y, _proba(answer)[:, 1], weights)


def _roc_auc_ovr(y: Array, answer: Answer, weights: Array) -> Array:
    """Mean over the classes that are there."""
    proba = _proba(answer)
    areas = np.array([_auc((y == k).astype(float), proba[:, k], weights) for k in range(proba.shape[1])])
    defined = np.isfinite(areas)
    return np.where(defined.any(axis=0), np.where(defined, areas, 0).sum(axis=0) / defined.sum(axis=0), np.nan)


def _confusion(y: Array, answer: Answer, weights: Array) -> tuple[Array, Array, Array]:
    """Weights rightly given to each class, given to it, and belonging to it; each of shape (draws, classes)."""
    classes = _proba(answer).shape[1]
    truth, said = y.astype(int), answer.predicted.astype(int)
    right = truth == said
    hit = np.array([np.bincount(truth[right], row[right], classes) for row in weights])
    return (
        hit,
        np.array([np.bincount(said, row, classes) for row in weights]),
        np.array([np.bincount(truth, row, classes) for row in weights]),
    )


def _balanced_accuracy(y: Array, answer: Answer, weights: Array) -> Array:
    hit, _, there = _confusion(y, answer, weights)
    means: Array = np.where(there > 0, hit / np.maximum(there, _TINY), 0).sum(axis=1) / (there > 0).sum(axis=1)
    return means


def _ratio(kind: str, average: str) -> Callable[[Array, Answer, Array], Array]:
    def compute(y: Array, answer: Answer, weights: Array) -> Array:
        hit, given, there = _confusion(y, answer, weights)
        below = {"f1": (given + there) / 2, "precision": given, "recall": there}[kind]
        each = np.where(below > 0, hit / np.maximum(below, _TINY), 0)
        if average == "binary":
            return each[:, 1]
        present = (given + there) > 0
        share = there if average == "weighted" else present.astype(float)
        means: Array = (each * share).sum(axis=1) / share.sum(axis=1)
        return means

    return compute


def _proba(answer: Answer) -> Array:
    assert answer.proba is not None
    return answer.proba


WEIGHTED: Final[dict[str, Callable[[Array, Answer, Array], Array]]] = {
    "accuracy": lambda y, answer, weights: _mean((y == answer.predicted).astype(float), weights),
    "balanced_accuracy": _balanced_accuracy,
    "f1": _ratio("f1", "binary"),
    "f1_macro": _ratio("f1", "macro"),
    "f1_weighted": _ratio("f1", "weighted"),
    "neg_brier_score": _brier,
    "neg_log_loss": _log_loss,
    "neg_mean_absolute_error": lambda y, answer, weights: _mean(np.abs(y - answer.predicted), weights),
    "neg_mean_squared_error": lambda y, answer, weights: _mean((y - answer.predicted) ** 2, weights),
    "neg_root_mean_squared_error": lambda y, answer, weights: np.sqrt(_mean((y - answer.predicted) ** 2, weights)),
    "precision": _ratio("precision", "binary"),
    "precision_macro": _ratio("precision", "macro"),
    "r2": _r2,
    "recall": _ratio("recall", "binary"),
    "recall_macro": _ratio("recall", "macro"),
    "roc_auc": _roc_auc,
    "roc_auc_ovr": _roc_auc_ovr,
}
"""Scorers that are computed for all weightings at once."""
