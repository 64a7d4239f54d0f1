"""One configuration on one fold, as `cross_validate` would judge it.

`evaluate_fold` is the only place where an estimator is fitted during a search: cloned, set to the configuration, fitted to the
training rows with their part of the fit parameters, and scored on the test rows with theirs.
"""

import math
import numbers
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from tunewright.catalog import Shape
from tunewright.errors import NoValue
from tunewright.execution.live import LiveTrial
from tunewright.resampling.ambient import Ambient
from tunewright.resampling.building import configured
from tunewright.resampling.resource import Resource, part_of
from tunewright.sklearn.callbacks import Quiet
from tunewright.sklearn.distributions import Translation

__all__ = [
    "FoldObjective",
    "Problem",
    "Rows",
    "Scores",
    "beside",
    "evaluate_fold",
    "name_of",
    "names_of",
    "shape_of",
    "weights_of",
    "with_budget",
]

Rows = NDArray[np.intp]


class Problem(NamedTuple):
    """What every fold of every configuration shares.

    Attributes:
        estimator: not fitted.
        X, y: all rows; y may be None.
        splits: training and test rows of each fold, frozen for the whole search.
        scorer: as `check_scoring` gives it: one number, or a dictionary of them.
        fit_params: for `fit`; what has a value for each row is split with the rows.
        score_params: for the scorer; the same.
        train: whether to score the training rows too.
        error_score: what stands for the scores of a fit or a scorer that failed; NaN: for those of a scorer alone, and what a fit raises
            is raised; None: every error is raised.
        caller: the search, which callbacks hear of.
        resource: what a budget is of; None: every fit has everything.
        classes: whether y holds one class for each row.
        timed: whether rows follow one another in time.
    """

    estimator: Any
    X: Any
    y: Any
    splits: Sequence[tuple[Rows, Rows]]
    scorer: Any
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    train: bool
    error_score: float | None
    caller: Any = None
    resource: Resource | None = None
    classes: bool = False
    timed: bool = False

    def part(self, fold: int, budget: float | None) -> Rows:
        """The training rows of a fold that a budget allows."""
        train: Rows = self.splits[fold][0]
        if self.resource is None or not self.resource.of_rows or budget is None:
            return train
        return part_of(train, self.y if self.classes else None, self.resource.amount(budget), seed=(0, 0, fold), timed=self.timed)


class Scores(NamedTuple):
    """Of one fold, by the names of the scorers ("score" where there is but one).

    Attributes:
        test: scores on the test rows.
        train: scores on the training rows; empty unless asked for.
        fit_time, score_time: seconds.
        error: the traceback of a fit that failed, where `error_score` stands for the scores; else "".
        score_error: the traceback of a scorer that failed, where `error_score` stands for its score; else "".
        several: whether the scorer names its scores.
    """

    test: dict[str, float]
    train: dict[str, float]
    fit_time: float
    score_time: float
    error: str = ""
    score_error: str = ""
    several: bool = False


def evaluate_fold(
    problem: Problem,
    settings: Mapping[str, Any],
    fold: int,
    context: Any = None,  # noqa: ANN401
    budget: float | None = None,
) -> Scores:
    """Fit one configuration to the training rows of one fold, and score it.

    Args:
        problem: what is learned, and how it is judged.
        settings: for `set_params`.
        fold: which of `problem.splits`.
        context: of scikit-learn's callbacks; None: nobody listens.
        budget: of the problem's resource; None: all of it.

    Raises:
        Exception: whatever the estimator or the scorer raises, unless `problem.error_score` stands for it.
    """
    context = Quiet() if context is None else context
    train, test = problem.part(fold, budget), problem.splits[fold][1]
    fit_params = _check_method_params(problem.X, params=problem.fit_params, indices=train)
    model = configured(problem.estimator, clone(with_budget(problem, settings, budget), safe=False))
    X_train, y_train = _safe_split(model, problem.X, problem.y, train)
    heard = {"estimator": problem.caller, "X": X_train, "y": y_train, "metadata": weights_of(fit_params)}
    start = time.perf_counter()
    try:
        with context.propagate_callback_context(model):
            context.call_on_fit_task_begin(**heard)
            model.fit(X_train, *([] if y_train is None else [y_train]), **fit_params)
        fitted = time.perf_counter()
        X_test, y_test = _safe_split(model, problem.X, problem.y, test, train)
        scored, wrong, several = _score(problem, model, X_test, y_test, test)
        ended = time.perf_counter()
        trained, also, _ = _score(problem, model, X_train, y_train, train) if problem.train else ({}, "", several)
    except Exception:
        if problem.error_score is None or math.isnan(problem.error_score):
            raise
        failed = dict.fromkeys(names_of(problem.scorer), problem.error_score)
        return Scores(failed, failed if problem.train else {}, time.perf_counter() - start, 0.0, traceback.format_exc())
    finally:
        context.call_on_fit_task_end(**heard)
    return Scores(scored, trained, fitted - start, ended - fitted, score_error=wrong or also, several=several)


def with_budget(problem: Problem, settings: Mapping[str, Any], budget: float | None) -> dict[str, Any]:
    """The settings of the estimator, with the parameter that the budget counts, if it counts one."""
    return {**settings, **({} if problem.resource is None else problem.resource.setting(budget))}


def name_of(scoring: Any, estimator: Any) -> str:  # noqa: ANN401
    """The name of a single score in the study, which knows by it what the score can reach; "score" where nothing is known."""
    if isinstance(scoring, str):
        return scoring
    if scoring is not None or type(estimator).score not in {ClassifierMixin.score, RegressorMixin.score}:
        return "score"
    return "accuracy" if is_classifier(estimator) else "r2"


def names_of(scorer: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The names of its scores, as far as they are known before it is called."""
    return tuple(getattr(scorer, "_scorers", None) or ("score",))


def shape_of(problem: Problem) -> Shape | None:
    """Of the smallest training part; None where the features have no two dimensions."""
    shape: tuple[int, ...] = getattr(problem.X, "shape", ())
    if len(shape) != 2:
        return None
    rows = min(len(train) for train, _ in problem.splits)
    classes = len(np.unique(problem.y)) if is_classifier(problem.estimator) and problem.y is not None else 0
    return Shape(rows=rows, numbers=int(shape[1]), classes=classes)


def weights_of(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The sample weights among parameters of `fit`, as callbacks are told of them; None where there are none."""
    return None if params.get("sample_weight") is None else {"sample_weight": params["sample_weight"]}


def _score(problem: Problem, model: Any, X: Any, y: Any, rows: Rows) -> tuple[dict[str, float], str, bool]:  # noqa: ANN401
    """Scores by name, the traceback of a scorer that failed ("": none did), and whether the scorer names them."""
    params = _check_method_params(problem.X, params=problem.score_params, indices=rows)
    lost = math.nan if problem.error_score is None else problem.error_score
    try:
        found = problem.scorer(model, X, *([] if y is None else [y]), **params)
    except Exception:
        if problem.error_score is None:
            raise
        return dict.fromkeys(names_of(problem.scorer), lost), traceback.format_exc(), False
    if not isinstance(found, dict):
        return {"score": _number(found, "score")}, "", False
    raised = {
        name: score for name, score in found.items() if isinstance(score, str)
    }  # so scikit-learn's scorer of several says it
    scores = {name: lost if name in raised else _number(score, name) for name, score in found.items()}
    return scores, next(iter(raised.values()), ""), True


def _number(score: Any, name: str) -> float:  # noqa: ANN401
    plain = score.item() if hasattr(score, "item") else score
    if not isinstance(plain, numbers.Number):
        raise ValueError(f'scoring must return a number, got {score!r} ({type(score)}) for "{name}" instead.')  # noqa: TRY004  as scikit-learn
    return float(plain)  # type: ignore[arg-type]


def _told(score: float) -> float | str:
    """As it may stand in a journal, which holds no infinite numbers."""
    return score if math.isfinite(score) else str(score)


class FoldObjective:
    """The objective of a search: configuration and fold in, scores out.

    Returns the metrics of the study, and beside them all that `cv_results_` is made of: "test_<name>", "train_<name>", "fit_time",
    "score_time", "fit_error", "score_error", "several". One of these that a metric is called as well has a "_" before its name
    (`beside`). Where a score is no finite number the task has failed for the study, and `cv_results_` has it as it is.

    Args:
        problem: what is learned, and how it is judged.
        translation: from configurations to settings.
        metrics: names of the study's metrics; scores have the same names, but for a scorer whose names are not known beforehand.
        contexts: of callbacks, for fold f of trial t at t * folds + f.
    """

    def __init__(self, problem: Problem, translation: Translation, metrics: Sequence[str], contexts: Sequence[Any] = ()) -> None:
        self.problem, self.translation = problem, translation
        self.metrics = tuple(metrics)
        self.contexts = contexts
        self.raised: Exception | None = None
        self._ambient = Ambient()

    def __call__(self, live: LiveTrial) -> dict[str, Any]:
        """Evaluate one task."""
        with self._ambient.restored():
            return self._evaluated(live)

    def _evaluated(self, live: LiveTrial) -> dict[str, Any]:
        if live.fold is None or not 0 <= live.fold < len(self.problem.splits):
            raise ValueError(
                f"The scheduler asks for fold {live.fold}, but there are folds 0 to {len(self.problem.splits) - 1}. "
                f"Give it the same number: Once(folds={len(self.problem.splits)})."
            )
        if live.budget is not None and self.problem.resource is None:
            raise ValueError(
                f'The scheduler asks for a budget of {live.budget:g}, and this search has none. Say resource="n_samples" if it counts training '
                "rows, or name the parameter of the estimator that it counts."
            )
        place = live.trial * len(self.problem.splits) + live.fold
        lowest = live.budget is None or (self.problem.resource is not None and live.budget <= self.problem.resource.low)
        context = self.contexts[place] if place < len(self.contexts) and lowest else None  # it hears of one fit of each fold
        try:
            scores = evaluate_fold(self.problem, self.translation.settings(live.params), live.fold, context, live.budget)
        except Exception as error:
            self.raised = error
            raise
        first = next(iter(scores.test))
        values = {name: scores.test.get(name, scores.test[first]) for name in self.metrics}
        told = {
            **{f"test_{name}": _told(score) for name, score in scores.test.items()},
            **{f"train_{name}": _told(score) for name, score in scores.train.items()},
            "fit_time": scores.fit_time,
            "score_time": scores.score_time,
            "fit_error": scores.error,
            "score_error": scores.score_error,
            "several": scores.several,
        }
        told = {beside(name, self.metrics): value for name, value in told.items()}
        odd = next((name for name, value in values.items() if not math.isfinite(value)), None)
        if odd is not None:
            why = (scores.score_error.strip().splitlines() or [""])[-1]
            raise NoValue(
                f'The scorer gives {values[odd]} for "{odd}" on fold {live.fold}: '
                + (f"it raised {why}" if why else "it is not defined there, or the model diverged."),
                told,
            )
        return {**told, **values}


def beside(name: str, metrics: Sequence[str]) -> str:
    """Under which name something stands beside metrics, which may be called the same; without the "_" before it, it is the name."""
    while name in metrics:
        name = f"_{name}"
    return name
