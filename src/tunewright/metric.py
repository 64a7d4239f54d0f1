"""What is measured, and which way is better."""

import math
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from tunewright.errors import MetricError

__all__ = ["Metric", "checked_metrics", "one_alone"]


_SHARES: Final = frozenset(
    {
        "accuracy", "auc", "average_precision", "balanced_accuracy", "completeness_score", "f1", "fowlkes_mallows_score", "homogeneity_score",
        "jaccard", "normalized_mutual_info_score", "precision", "rand_score", "recall", "roc_auc", "top_k_accuracy", "v_measure_score",
    }
)  # fmt: skip
_PREFIXES: Final = ("val_", "valid_", "validation_", "test_", "train_", "eval_", "cv_", "mean_")
_SHORT: Final = {
    "acc": "accuracy",
    "bal_acc": "balanced_accuracy",
    "auroc": "roc_auc",
    "mcc": "matthews_corrcoef",
    "f1_score": "f1",
}
_AVERAGED: Final = ("_macro", "_micro", "_weighted", "_samples", "_ovr", "_ovo", "_ovr_weighted", "_ovo_weighted")
_LOSSES: Final = frozenset(
    {
        "brier_score", "log_loss", "mae", "max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance",
        "mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "median_absolute_error", "mse", "rmse",
        "root_mean_squared_error", "root_mean_squared_log_error",
    }
)  # fmt: skip
_OTHERS: Final = {
    "adjusted_mutual_info_score": (-math.inf, 1.0),
    "adjusted_rand_score": (-0.5, 1.0),
    "d2_absolute_error_score": (-math.inf, 1.0),
    "d2_brier_score": (-math.inf, 1.0),
    "d2_log_loss_score": (-math.inf, 1.0),
    "explained_variance": (-math.inf, 1.0),
    "matthews_corrcoef": (-1.0, 1.0),
    "r2": (-math.inf, 1.0),
    "silhouette": (-1.0, 1.0),
}


class Metric(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A measured quantity.

    Args:
        name: what the objective calls it.
        goal: "minimize" or "maximize".
        bound: makes it an outcome constraint: a trial is feasible when the value is at most (minimize) or at least (maximize) this
            bound. Beside a metric without a bound it is then no longer optimised; where each metric has one, all are. Default: no bound.

    Raises:
        MetricError: the name is empty, the goal is neither of the two, or the bound is not finite.
    """

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    bound: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise MetricError(f'Metric needs a name, got {self.name!r}. Write for example Metric("loss", "minimize").')
        if self.goal not in ("minimize", "maximize"):
            raise MetricError(f'Metric "{self.name}": goal must be "minimize" or "maximize", got {self.goal!r}.')
        if self.bound is not None and not (isinstance(self.bound, int | float) and math.isfinite(self.bound)):
            raise MetricError(f'Metric "{self.name}": bound must be a finite number, got {self.bound!r}.')

    @property
    def _plain(self) -> str:
        """The name as scikit-learn's scorers have it: without capitals, without on what it was measured, and without how it was averaged."""
        plain = self.name.strip().lower()
        for ending in _AVERAGED:
            plain = plain.removesuffix(ending)
        known = _SHARES | _LOSSES | _OTHERS.keys() | _SHORT.keys()
        for prefix in _PREFIXES:
            if plain.removeprefix(prefix).removeprefix("neg_") in known and plain not in known:
                plain = plain.removeprefix(prefix)
        return _SHORT.get(plain, plain)

    @property
    def limits(self) -> tuple[float, float]:
        """Between what its values can lie at all, told by its name, which is understood as scikit-learn's scorers have it, also as `val_accuracy`,
        `test_f1` or `acc`; infinite: unknown.
        """
        plain = self._plain
        if plain in _SHARES:
            return 0.0, 1.0
        if plain in _LOSSES:
            return 0.0, math.inf
        if plain.startswith("neg_") and plain.removeprefix("neg_") in _LOSSES:
            return -math.inf, 0.0
        return _OTHERS.get(plain, (-math.inf, math.inf))

    @property
    def sign(self) -> float:
        """+1.0 to minimize, -1.0 to maximize: `sign * value` is always better when smaller."""
        return 1.0 if self.goal == "minimize" else -1.0


def checked_metrics(metrics: Metric | Sequence[Metric] | None) -> tuple[Metric, ...] | None:
    """The metrics of a study as it was told them; None stays None.

    Raises:
        MetricError: they are no metrics, none, or two of one name.
    """
    if metrics is None or isinstance(metrics, Metric):
        return None if metrics is None else (metrics,)
    if isinstance(metrics, str) or not metrics or not all(isinstance(metric, Metric) for metric in metrics):
        raise MetricError(
            f'metrics must be a Metric or a list of them, got {metrics!r}. Write for example Metric("loss", "minimize").'
        )
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise MetricError(f"Two metrics have the same name: {', '.join(names)}. Rename one.")
    return tuple(metrics)


def one_alone(metrics: Sequence[Metric]) -> str:
    """What to do, of several optimised metrics, to optimise one alone; begins a sentence."""
    return "Take the bound off one" if all(metric.bound is not None for metric in metrics) else "Give all but one a bound"
