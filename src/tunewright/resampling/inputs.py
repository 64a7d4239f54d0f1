"""What a cross-validation is given, looked at: whether the target holds classes, the scorers by name, signs of a leak."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from sklearn import get_config
from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, get_scorer
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.multiclass import type_of_target

from tunewright.errors import MetricError
from tunewright.resampling.contents import fingerprint
from tunewright.resampling.scoring import WEIGHTED
from tunewright.resampling.splits import rows_of
from tunewright.typing import Params

__all__ = [
    "asked_by",
    "by_row",
    "for_rows",
    "is_open_seed",
    "looks_like_classes",
    "own_scorer",
    "scorers_by_name",
    "warn_of_leaks",
]

_TELLING: Final = 20
"""Rows from which on it is no accident that every column is scaled."""

_ROWS_PER_CLASS: Final = 10

_TOLD: Final = {
    "fit_seconds": "how long the fit took",
    "score_seconds": "how long the scoring took",
    "warnings": "what was warned of",
    "predictions": "where its predictions are kept",
}
"""What each task of a cross-validation tells beside its scores."""

_FIRST_POSITIVE: Final = frozenset({"f1", "precision", "recall"})
"""Scorers that are about the class labelled 1."""


def by_row(part: Any, X: Any) -> bool:  # noqa: ANN401, N803
    """Whether a parameter of `fit` has an entry a row, as scikit-learn tells it: anything array-like of a length."""
    return part is not None and not isinstance(part, str) and hasattr(part, "__len__") and rows_of(part) == rows_of(X)


def for_rows(params: Mapping[str, Any], X: Any) -> dict[str, Any]:  # noqa: ANN401, N803
    """Those of the parameters of `fit` that must have an entry a row."""
    return {name: part for name, part in params.items() if by_row(part, X) or (name == "sample_weight" and part is not None)}


def looks_like_classes(y: Any) -> bool:  # noqa: ANN401
    """Whether a target holds classes, where no estimator says so: texts, two values, or whole numbers of which each stands for ten rows."""
    if y is None or type_of_target(y) not in {"binary", "multiclass"}:
        return False
    cells = np.asarray(y)
    distinct = len(np.unique(cells))
    return cells.dtype.kind not in "fiu" or (
        cells.dtype.kind != "f" and (distinct == 2 or distinct * _ROWS_PER_CLASS <= len(cells))
    )


def scorers_by_name(scoring: Any, estimator: Any, *, classes: bool) -> dict[str, Any]:  # noqa: ANN401
    """Scorers by name, the first one first.

    Raises:
        MetricError: one does not exist, or has the name of another or of something else that each task tells.
    """
    if scoring is None:
        scoring = "accuracy" if classes else "r2" if not hasattr(estimator, "fit") or is_regressor(estimator) else None
        if scoring is None:
            return {"score": check_scoring(estimator)}
    if isinstance(scoring, str) or callable(scoring):
        scoring = [scoring]
    named = scoring.items() if isinstance(scoring, Mapping) else [(_name(each), each) for each in scoring]
    named = [(str(name), each) for name, each in named]
    _check_apart([name for name, _ in named])
    try:
        found = {name: get_scorer(each) if isinstance(each, str) else each for name, each in named}
    except ValueError as error:
        raise MetricError(f"{error} scikit-learn's names: sklearn.metrics.get_scorer_names().") from error
    if not found:
        raise MetricError('scoring names no scorer. Write for example scoring="roc_auc".')
    return found


def _check_apart(names: Sequence[str]) -> None:
    """Refuse names under which a task tells something else, too."""
    taken = _TOLD | {f"train_{name}": f'the score "{name}" on the training rows' for name in names}
    for name in names:
        if names.count(name) > 1:
            raise MetricError(
                f'Two scorers are called "{name}". Give a dictionary with a name for each, scoring={{"one": …, "other": …}}.'
            )
        if name in taken:
            raise MetricError(
                f'A scorer cannot be called "{name}" here: each task tells {taken[name]} under that name. Call it something else, '
                f'scoring={{"my_{name}": …}}.'
            )


def own_scorer(name: str, scorer: Any, y: Any) -> bool:  # noqa: ANN401
    """Whether it is scikit-learn's of that name and can be computed from predictions: of the class that stands second, if of one."""
    if name not in WEIGHTED or np.ndim(y) != 1 or fingerprint(scorer) != fingerprint(get_scorer(name)):
        return False
    return name not in _FIRST_POSITIVE or np.unique(np.asarray(y))[1:].tolist() == [1]


def _name(scorer: Any) -> str:  # noqa: ANN401
    return scorer if isinstance(scorer, str) else str(getattr(scorer, "__name__", "score"))


def warn_of_leaks(estimator: Any, X: Any) -> None:  # noqa: ANN401, N803
    """Warn of transformers that saw all rows, also those on which a fold is judged."""
    frozen = [name for name, step in getattr(estimator, "steps", ()) if type(step).__name__ == "FrozenEstimator"]
    if frozen:
        warnings.warn(
            f'Step "{frozen[0]}" of the pipeline is frozen: it was fitted outside the folds. If it saw these rows, the scores promise too much.',
            stacklevel=3,
        )
    cells = X.to_numpy() if hasattr(X, "to_numpy") else X
    if not isinstance(cells, np.ndarray) or cells.ndim != 2 or cells.dtype.kind != "f" or len(cells) < _TELLING or not cells.size:
        return
    varied = cells[:, np.ptp(cells, axis=0) > 0]
    if not varied.shape[1] or not np.isfinite(varied).all():
        return
    if np.allclose(varied.mean(axis=0), 0, atol=1e-6) and np.allclose(varied.std(axis=0), 1, atol=1e-6):
        how = "has mean 0 and deviation 1"
    elif (
        varied.shape[1] > 1 and (varied.min(axis=0) == 0).all() and (varied.max(axis=0) == 1).all() and len(np.unique(varied)) > 2
    ):
        how = "reaches from exactly 0 to exactly 1"
    else:
        return
    warnings.warn(
        f"Every column of X {how} over all rows, as if a scaler had been fitted outside the folds: then each fold has seen its test rows. "
        "Give the raw X, and put the scaler into a pipeline with the estimator.",
        stacklevel=3,
    )


def asked_by(scorer: Any, params: Params) -> set[str]:  # noqa: ANN401
    """Which of the parameters the scorer asks for where scikit-learn routes metadata."""
    return (
        set(get_routing_for_object(scorer).consumes("score", list(params))) if get_config()["enable_metadata_routing"] else set()
    )


def is_open_seed(name: str, value: object) -> bool:
    """Whether a parameter of an estimator is the seed of its chance, and not said."""
    return value is None and (name == "random_state" or name.endswith("__random_state"))
