import pytest

from tunewright.automl.metrics import judged_class, resolve_metric
from tunewright.automl.records import TaskFacts
from tunewright.errors import MetricError

TWO = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b"), positive="b")
THREE = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b", "c"))
NUMBER = TaskFacts(kind="regression", target="y", reason="it holds numbers")


@pytest.mark.parametrize(
    ("name", "task", "own", "goal", "scorer"),
    [
        (None, TWO, "roc_auc", "maximize", "roc_auc"),
        (None, THREE, "log_loss", "minimize", "neg_log_loss"),
        (None, NUMBER, "root_mean_squared_error", "minimize", "neg_root_mean_squared_error"),
        ("neg_log_loss", TWO, "log_loss", "minimize", "neg_log_loss"),
        ("log_loss", TWO, "log_loss", "minimize", "neg_log_loss"),
        ("Log-Loss", TWO, "log_loss", "minimize", "neg_log_loss"),
        ("brier", TWO, "brier_score", "minimize", "neg_brier_score"),
        ("r2", NUMBER, "r2", "maximize", "r2"),
        ("rmse", NUMBER, "root_mean_squared_error", "minimize", "neg_root_mean_squared_error"),
        ("f1_macro", THREE, "f1_macro", "maximize", "f1_macro"),
        ("top_k_accuracy", THREE, "top_k_accuracy", "maximize", "top_k_accuracy"),
    ],
)
def test_a_name_means_a_scorer_and_a_direction(name: str | None, task: TaskFacts, own: str, goal: str, scorer: str) -> None:
    metric = resolve_metric(name, task)

    assert (metric.name, metric.goal, metric.scorer) == (own, goal, scorer)
    assert metric.reason


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        ("acuracy", TWO, 'Did you mean "accuracy"'),
        ("roc_auc", THREE, 'is for two classes, and "y" has 3. Take "roc_auc_ovr"'),
        ("f1", THREE, 'Take "f1_macro"'),
        ("top_k_accuracy", TWO, 'Take "accuracy"'),
        ("accuracy", NUMBER, "is not for regression.*it holds numbers"),
        ("r2", TWO, "is not for classification"),
        ("v_measure_score", TWO, "is for clusterings"),
        ("", TWO, "is no metric"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused_with_one_that_does(name: str, task: TaskFacts, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        resolve_metric(name, task)


@pytest.mark.parametrize(
    ("name", "task", "of"),
    [
        ("f1", TWO, "b"),
        ("recall", TWO, "b"),
        ("average_precision", TWO, "b"),
        ("roc_auc", TWO, None),
        ("f1_macro", TWO, None),
        ("accuracy", TWO, None),
        ("f1_macro", THREE, None),
        ("r2", NUMBER, None),
    ],
)
def test_some_metrics_are_of_one_of_two_classes(name: str, task: TaskFacts, of: str | None) -> None:
    assert judged_class(resolve_metric(name, task), task) == of
