"""Which metric, and which way is better.

Any scikit-learn scorer for the task will do. A scorer is always better when larger, so errors carry a minus sign and "neg_" in their
name; here they are shown as what they are: `log_loss` 0.12, smaller is better. Without a wish, the metric is

- two classes: the area under the ROC curve. It needs no threshold and does not flatter the larger class.
- more classes: the log loss. It judges the probabilities, so it tells configurations apart that predict the same labels; accuracy
  on a small fold moves in steps larger than the differences that are looked for.
- regression: the root mean squared error. It is in the target's units and, unlike R², means the same on each fold.
"""

import difflib
from typing import Final, Literal

from sklearn.metrics import get_scorer_names

from tunewright.automl.records import MetricFacts, TaskFacts
from tunewright.errors import MetricError

__all__ = ["FURTHER", "judged_class", "resolve_metric"]

_ALIASES: Final = {
    "auc": "roc_auc", "logloss": "neg_log_loss", "cross_entropy": "neg_log_loss", "brier": "neg_brier_score", "acc": "accuracy",
    "mcc": "matthews_corrcoef", "rmse": "neg_root_mean_squared_error", "mse": "neg_mean_squared_error", "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error", "rmsle": "neg_root_mean_squared_log_error", "ap": "average_precision",
}  # fmt: skip

_REGRESSION: Final = frozenset({
    "d2_absolute_error_score", "explained_variance", "neg_max_error", "neg_mean_absolute_error", "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance", "neg_mean_poisson_deviance", "neg_mean_squared_error", "neg_mean_squared_log_error",
    "neg_median_absolute_error", "neg_root_mean_squared_error", "neg_root_mean_squared_log_error", "r2",
})  # fmt: skip

_UNUSABLE: Final = frozenset({
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score", "homogeneity_score",
    "mutual_info_score", "normalized_mutual_info_score", "rand_score", "v_measure_score",  # for clusterings
    "f1_samples", "jaccard_samples", "precision_samples", "recall_samples",  # for several labels a row
})  # fmt: skip

_BINARY: Final = {
    "roc_auc": "roc_auc_ovr", "f1": "f1_macro", "precision": "precision_macro", "recall": "recall_macro", "jaccard": "jaccard_macro",
    "average_precision": "roc_auc_ovr", "positive_likelihood_ratio": "roc_auc_ovr", "neg_negative_likelihood_ratio": "roc_auc_ovr",
}  # fmt: skip
"""Scorers for two classes -> what to take for more."""

_OF_BOTH: Final = frozenset({"roc_auc"})
"""Those of them that are the same whichever of the classes is called positive."""

FURTHER: Final = {
    "binary": ("accuracy", "balanced_accuracy", "roc_auc", "neg_log_loss", "f1"),
    "classes": ("accuracy", "balanced_accuracy", "neg_log_loss", "f1_macro"),
    "regression": ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"),
}
"""Scorers shown beside the chosen one on the test set."""


def resolve_metric(name: str | None, task: TaskFacts) -> MetricFacts:
    """The metric that a name means for a task.

    Args:
        name: a scikit-learn scorer, with or without "neg_", or a common short form ("rmse", "auc"); None: the default of the task.
        task: what is learned.

    Raises:
        MetricError: there is no such scorer, or it does not fit the task.
    """
    if name is None:
        scorer, reason = _default(task)
        return _facts(scorer, reason)
    known = [scorer for scorer in get_scorer_names() if scorer not in _UNUSABLE]
    fitting = sorted(
        scorer for scorer in known if (scorer in _REGRESSION) == (task.kind == "regression") and not _misfit(scorer, task)
    )
    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    scorer = next((form for form in (_ALIASES.get(wanted, wanted), f"neg_{wanted}", f"{wanted}_score") if form in known), "")
    if not scorer:
        shown = [_own(form) for form in fitting]
        close = difflib.get_close_matches(_own(wanted), [*shown, *_ALIASES], n=1, cutoff=0.5)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        why = " is for clusterings or several labels a row, not for this task" if wanted in _UNUSABLE else " is no metric"
        raise MetricError(f'"{name}"{why}.{meant} For {task.kind}: {", ".join(shown)}.')
    if (scorer in _REGRESSION) != (task.kind == "regression"):
        raise MetricError(
            f'"{name}" is not for {task.kind}. Take one of: {", ".join(_own(form) for form in fitting)}; or say --task if the task was told wrongly ({task.reason})'
        )
    if mend := _misfit(scorer, task):
        raise MetricError(f'"{name}" {mend}')
    return _facts(scorer, "As asked for.")


def judged_class(metric: MetricFacts, task: TaskFacts) -> str | None:
    """The class that the metric is of, as precision and recall are of one of two; None where it is of all of them."""
    return task.positive if metric.scorer in _BINARY and metric.scorer not in _OF_BOTH else None


def _default(task: TaskFacts) -> tuple[str, str]:
    if task.kind == "regression":
        return (
            "neg_root_mean_squared_error",
            "The default for regression: in the target's units, and the same measure on each fold.",
        )
    if task.positive is not None:
        return "roc_auc", "The default for two classes: needs no threshold and does not flatter the larger class."
    return "neg_log_loss", "The default for several classes: judges the probabilities, so it tells close configurations apart."


def _misfit(scorer: str, task: TaskFacts) -> str:
    """Why a classification scorer does not fit the number of classes; "" when it does."""
    if task.kind != "classification":
        return ""
    if task.positive is None and scorer in _BINARY:
        return f'is for two classes, and "{task.target}" has {len(task.classes)}. Take "{_BINARY[scorer]}".'
    if task.positive is not None and scorer == "top_k_accuracy":
        return f'needs more than two classes, and "{task.target}" has two. Take "accuracy".'
    return ""


def _own(scorer: str) -> str:
    return scorer.removeprefix("neg_")


def _facts(scorer: str, reason: str) -> MetricFacts:
    goal: Literal["minimize", "maximize"] = "minimize" if scorer.startswith("neg_") else "maximize"
    return MetricFacts(name=_own(scorer), goal=goal, scorer=scorer, reason=reason)
