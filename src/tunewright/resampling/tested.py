"""Rows that nothing has looked at: configurations fitted to all training rows and judged on a test set, with draws of its rows.

Rows are drawn with replacement, the same ones for every configuration, so that what is hard about a row is hard for all and cancels
out of the difference of two [1]. A model is asked once; scikit-learn's scorers are then given its answers, any other scorer the rows.

[1] Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils import _safe_indexing

from tunewright.errors import DataError
from tunewright.resampling.splits import checked_lengths, rows_of
from tunewright.typing import Array

__all__ = ["Echo", "Tested", "judged_on"]

_DRAWS: Final = 300
_LEAST: Final = 10


class Tested(NamedTuple):
    """Scores on the test rows, shape (models,), and on the draws of them, shape (models, draws); NaN where a draw leaves it undefined."""

    scores: Array
    drawn: Array


class Echo:
    """A fitted model whose answers for some rows are known: asked with numbers of rows it repeats them.

    Args:
        model: fitted.
        X: the rows.
    """

    def __init__(self, model: Any, X: Any) -> None:  # noqa: ANN401, N803  scikit-learn ships no types
        self._model = model
        self._said = {
            name: getattr(model, name)(X) for name in ("predict", "predict_proba", "decision_function") if hasattr(model, name)
        }

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name not in self._said:
            return getattr(self._model, name)

        def answer(rows: Any) -> Any:  # noqa: ANN401
            return self._said[name][rows]

        answer.__name__ = name
        return answer

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        return self._model.__sklearn_tags__()


def judged_on(models: Sequence[Any], scorer: Callable[..., float], X: Any, y: Any, *, seed: int = 0) -> Tested:  # noqa: ANN401, N803
    """Judge fitted models on rows that they have not seen.

    Args:
        models: fitted.
        scorer: (model, X, y) -> score, greater is better.
        X, y: the test set; y None: there is no target.
        seed: of the draws.

    Raises:
        DataError: there are fewer than 10 rows, X and y do not fit, or the scorer cannot judge them.
    """
    checked_lengths(X=X, y=y)
    if (rows := rows_of(X)) < _LEAST:
        raise DataError(f"The test set has {rows} rows; fewer than {_LEAST} say nothing. Hold out more.")
    try:
        for model in models:
            _check_kind(model, y)
        plain = np.array([_score(scorer, model, X, y) for model in models])
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The test set cannot be judged: {str(error).rstrip('.')}. It needs the columns of the study's rows, and the same kind of target."
        ) from error
    echoed = isinstance(scorer, _BaseScorer)
    asked = [Echo(model, X) for model in models] if echoed else models
    rng, drawn = np.random.default_rng(seed), np.full((len(models), _DRAWS), np.nan)
    for draw in range(_DRAWS):
        picked = rng.integers(rows, size=rows)
        part = picked if echoed else _safe_indexing(X, picked)
        target = None if y is None else _safe_indexing(y, picked)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is not defined for these rows, all of one class say, is NaN
                drawn[:, draw] = [_score(scorer, model, part, target) for model in asked]
        except ValueError:
            continue
    return Tested(plain, drawn)


def _check_kind(model: Any, y: Any) -> None:  # noqa: ANN401
    """Raise ValueError where a model of numbered classes meets labels that are text, or the other way round: scikit-learn before 1.9 takes
    them for wrong answers, all of them.
    """
    classes = getattr(model, "classes_", None)
    if y is None or not isinstance(classes, np.ndarray):
        return
    known, met = _kind(classes), _kind(np.asarray(y).ravel())
    if "" not in (known, met) and known != met:
        raise ValueError(f"its labels are {met}, and those of the model are {known}")


def _kind(labels: Array) -> str:
    """Text or numbers; nothing where they are neither, or both."""
    found = {
        "text" if isinstance(label, str) else "numbers" if isinstance(label, int | float) else "" for label in labels.tolist()
    }
    return found.pop() if len(found) == 1 else ""


def _score(scorer: Callable[..., float], model: Any, X: Any, y: Any) -> float:  # noqa: ANN401, N803
    return float(scorer(model, X) if y is None else scorer(model, X, y))
