import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tunewright.automl import pipeline
from tunewright.automl.metrics import resolve_metric
from tunewright.automl.objective import TRAIN_ROWS, FoldObjective, Workspace, fit
from tunewright.automl.records import TaskFacts
from tunewright.automl.split import divide, fresh
from tunewright.catalog import Shape, build_space
from tunewright.execution.live import LiveTrial
from tunewright.resampling.scoring import respond, score
from tunewright.trial import Task

RNG = np.random.default_rng(0)
ROWS = 120
TWO = TaskFacts(kind="classification", target="y", reason="", classes=("a", "b"), positive="b")
SHAPE = Shape(rows=76, numbers=3, classes=2, smallest=30)
X = RNG.normal(size=(ROWS, 3))
Y = (X[:, 0] + RNG.normal(size=ROWS) > 0).astype(float)
SPLIT = divide(Y, TWO, cv=5, test=0.2, seed=0)
LINEAR = build_space(SHAPE, ["linear"]).default


def live(fold: int) -> LiveTrial:
    return LiveTrial(Task(0, fold, LINEAR, fold=fold))


def test_a_task_is_one_fold_fitted_and_judged() -> None:
    metric = resolve_metric("log_loss", TWO)
    with Workspace(X, Y, SPLIT, 0) as workspace:
        found = FoldObjective(str(workspace.folder), SHAPE, metric, 0)(live(2))

    train, valid = SPLIT.folds[2]
    model, _, _ = fit(LINEAR, SHAPE, 0, X[train], Y[train])
    assert found["log_loss"] == pytest.approx(score(metric, Y[valid], respond(model, X[valid], 2)))
    assert found["train"] == pytest.approx(score(metric, Y[train], respond(model, X[train], 2)))
    assert found["fit_seconds"] > 0
    assert "warnings" not in found


def test_an_objective_travels_light() -> None:
    with Workspace(X, Y, SPLIT, 0) as workspace:
        objective = FoldObjective(str(workspace.folder), SHAPE, resolve_metric(None, TWO), 0)
        text = pickle.dumps(objective)

        assert len(text) < 1000
        assert pickle.loads(text)(live(0))["roc_auc"] == objective(live(0))["roc_auc"]


def test_the_workspace_leaves_nothing_behind() -> None:
    with Workspace(X, Y, SPLIT, 0) as workspace:
        assert (workspace.folder / "X.npy").is_file()

    assert not workspace.folder.exists()


def test_warnings_of_a_fit_are_kept_and_not_shown() -> None:
    space = build_space(SHAPE, ["mlp"])
    with Workspace(X, Y, SPLIT, 0) as workspace:
        objective = FoldObjective(str(workspace.folder), SHAPE, resolve_metric(None, TWO), 0)
        found = objective(LiveTrial(Task(0, 0, {**space.default, "mlp.learning_rate_init": 1e-4}, fold=0)))

    (sentence,) = found["warnings"]
    assert sentence.startswith("ConvergenceWarning: Stochastic Optimizer: Maximum iterations (200) reached")


def test_test_rows_are_in_no_fold_of_the_workspace() -> None:
    with Workspace(X, Y, SPLIT, 0) as workspace:
        used = {int(row) for file in Path(workspace.folder).glob("*[0-9].npy") for row in np.load(file)}

    assert used == set(SPLIT.train.tolist())


def test_the_training_score_of_a_large_fold_is_of_a_sample() -> None:
    x, y = RNG.normal(size=(5000, 1)), RNG.integers(0, 2, 5000).astype(float)
    with Workspace(x, y, divide(y, TWO, cv=2, test=0.1, seed=0), 0) as workspace:
        seen = np.load(workspace.folder / "seen0.npy")

    assert len(seen) == len(set(seen.tolist())) == TRAIN_ROWS


def test_a_score_that_is_not_defined_is_a_failure_with_its_reason() -> None:
    split = SPLIT._replace(assigned=np.where(Y == 0, np.where(SPLIT.assigned == 0, 1, SPLIT.assigned), SPLIT.assigned))
    with Workspace(X, Y, split, 0) as workspace:
        objective = FoldObjective(str(workspace.folder), SHAPE, resolve_metric("roc_auc", TWO), 0)

        with pytest.raises(ValueError, match="roc_auc is not defined on fold 0"):
            objective(live(0))


@pytest.mark.filterwarnings("ignore:overflow")
def test_for_numbers_the_reason_is_not_looked_for_in_classes() -> None:
    y, number = np.where(np.arange(len(X)) == 3, 1e300, X[:, 0]), TaskFacts(kind="regression", target="y", reason="")
    split, shape = divide(y, number, cv=3, test=0.2, seed=0), msgspec.structs.replace(SHAPE, classes=0)
    with Workspace(X, y, split, 0) as workspace:
        objective = FoldObjective(str(workspace.folder), shape, resolve_metric(None, number), 0)

        with pytest.raises(ValueError, match="the predictions may be too large") as caught:
            objective(LiveTrial(Task(0, 0, build_space(shape, ["linear"]).default, fold=0)))

    assert "class" not in str(caught.value)


def test_a_warning_is_cut_at_the_end_of_its_first_sentence() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "_ITERATIONS", 1)
        _, said, _ = fit(LINEAR, SHAPE, 0, X, Y)

    (sentence,) = said
    assert sentence.startswith("ConvergenceWarning: lbfgs failed to converge")
    assert not sentence.endswith((":", "."))


def test_a_further_seed_is_a_fold_that_nobody_met() -> None:
    metric = resolve_metric("log_loss", TWO)
    with Workspace(X, Y, SPLIT, 0) as workspace:
        objective = FoldObjective(str(workspace.folder), SHAPE, metric, 0)
        found = objective(LiveTrial(Task(0, 7, LINEAR, fold=2, seed=1)))

    assigned = fresh(SPLIT.assigned, Y, None, classes=2, seed=0, repeat=1)
    model, _, _ = fit(LINEAR, SHAPE, 1, X[(assigned >= 0) & (assigned != 2)], Y[(assigned >= 0) & (assigned != 2)])
    assert found["log_loss"] == pytest.approx(score(metric, Y[assigned == 2], respond(model, X[assigned == 2], 2)))


def test_copies_stay_together_in_the_folds_that_confirm() -> None:
    x, y, numbers = np.tile(X, (2, 1)), np.tile(Y, 2), np.tile(np.arange(ROWS), 2)
    split = divide(y, TWO, cv=5, test=0.2, seed=0, groups=numbers, copies=True)
    metric = resolve_metric("log_loss", TWO)
    with Workspace(x, y, split, 0, numbers) as workspace:
        found = FoldObjective(str(workspace.folder), SHAPE, metric, 0)(LiveTrial(Task(0, 7, LINEAR, fold=2, seed=1)))

    assigned = fresh(split.assigned, y, numbers, classes=2, seed=0, repeat=1, copies=True)
    seen, judged = (assigned >= 0) & (assigned != 2), assigned == 2
    model, _, _ = fit(LINEAR, SHAPE, 1, x[seen], y[seen])
    assert not set(numbers[seen]) & set(numbers[judged])
    assert found["log_loss"] == pytest.approx(score(metric, y[judged], respond(model, x[judged], 2)))
