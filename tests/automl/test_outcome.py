from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from tunewright.analysis.summary import default_trial
from tunewright.automl.outcome import Finished, configuration, environment_facts, family_facts, finish, gap_of, now
from tunewright.automl.plan import Settled, paths_of, settle, shape_of
from tunewright.automl.records import MetricFacts, TuneRequest
from tunewright.catalog import Shape, build_space, default_params
from tunewright.errors import NoResult
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.schedulers.once import Once
from tunewright.space import SearchSpace
from tunewright.study import Study

LOSS = MetricFacts(name="loss", goal="minimize", scorer="neg_log_loss", reason="")
SPACE = build_space(Shape(rows=100, numbers=3, classes=2, smallest=40), ["linear", "knn"])


def study() -> Study:
    """Both defaults, one more of kNN and one failure."""
    made = Study(SPACE, Metric("loss"))
    for name in ("linear", "knn"):
        made.enqueue(default_params(SPACE, name), note=f"default {name}")
    made.enqueue({**default_params(SPACE, "knn"), "knn.n_neighbors": 9})
    made.enqueue({**default_params(SPACE, "knn"), "knn.n_neighbors": 11})
    for value in (0.3, 0.5, 0.2):
        made.tell(made.ask(), {"loss": value, "train": value / 2, "fit_seconds": 1.0})
    made.tell(made.ask(), RuntimeError("no"))
    return made


def test_a_trial_as_people_see_it() -> None:
    found = configuration(study().history.trial(0), LOSS)

    assert (found.family, found.title, found.note) == ("linear", "linear model", "default linear")
    assert (found.mean, found.sd, found.folds, found.train, found.fit_seconds) == (0.3, None, (0.3,), 0.15, 1.0)


def test_families_are_counted() -> None:
    facts = {family.name: family for family in family_facts(study().history, ("linear", "knn"), {"svm": "Too slow."}, LOSS)}

    assert (facts["knn"].trials, facts["knn"].failed, facts["knn"].best, facts["knn"].default) == (3, 1, 0.2, 0.5)
    assert (facts["svm"].searched, facts["svm"].reason, facts["svm"].best) == (False, "Too slow.", None)


def test_the_gap_is_the_winners() -> None:
    history = study().history

    found = gap_of(history, configuration(history.best, LOSS))

    assert (found.train, found.validation) == (0.1, 0.2)
    assert found.sentence


@pytest.mark.parametrize(("train", "verdict"), [(0.001, "overfitting"), (0.19, "sound")])
def test_a_gap_beyond_the_noise_of_the_folds_is_overfitting(train: float, verdict: str) -> None:
    made = Study(SPACE, Metric("loss"), scheduler=Once(folds=3))
    for loss in (0.19, 0.2, 0.21):
        made.tell(made.ask(), {"loss": loss, "train": train})
    history = made.history

    assert gap_of(history, configuration(history.best, LOSS)).verdict == verdict


@pytest.fixture
def settled(tmp_path: Path) -> Settled:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    frame.assign(y=np.where(frame.a > 0, "yes", "no")).to_csv(tmp_path / "t.csv", index=False)
    return settle(TuneRequest(data=str(tmp_path / "t.csv"), target="y", metric="log_loss", cv=3, out=str(tmp_path)))


def searched(settled: Settled, *, models: tuple[str, ...], loss: float | None) -> History:
    """A random forest whose default has no tree, which scikit-learn refuses, and then a linear model."""
    whole = build_space(shape_of(settled, None), models)
    trees = msgspec.structs.replace(whole.parameters["forest.n_estimators"], low=0, log=False, default=0)
    space = SearchSpace({**whole.parameters, "forest.n_estimators": trees}, when=whole.when)
    made = Study(space, Metric("log_loss"))
    for name in ("forest", *(["linear"] if "linear" in models else [])):
        made.enqueue(default_params(space, name), note=f"default {name}" if name == "forest" else "")
    made.tell(made.ask(), ValueError("no tree"))
    if loss is not None:
        made.tell(made.ask(), {"log_loss": loss})
    return made.history


def finished(settled: Settled, history: History, ended: str = "trials") -> Finished:
    paths = paths_of(TuneRequest(data="t.csv", target="y", out=str(Path(settled.data.path).parent)))
    return finish(settled, history, seed=0, workers=1, paths=paths, stage=lambda _: None, ended=ended)


def test_a_default_that_cannot_be_fitted_leaves_the_winner_alone(settled: Settled) -> None:
    found = finished(settled, searched(settled, models=("forest", "linear"), loss=0.4))

    assert found.winner.family == "linear"
    assert found.test.winner.value is not None
    assert found.test.default.value is None
    assert "could not be fitted" in found.test.difference.sentence
    assert any(warning.startswith("The default, random forest, could not be fitted") for warning in found.warnings)


def test_the_default_is_the_one_that_the_studys_own_analyses_call_so(settled: Settled) -> None:
    history = searched(settled, models=("forest", "linear"), loss=0.4)
    made = Study(history.space, Metric("log_loss"))
    for name in ("forest", "linear"):
        made.enqueue(default_params(history.space, name), note=f"default {name}")
    made.tell(made.ask(), ValueError("no tree"))
    made.tell(made.ask(), {"log_loss": 0.4})

    found = finished(settled, made.history)

    assert default_trial(made.history) is not None
    assert (found.default.trial, found.default.title, found.test.default_title) == (
        1, "linear model", "linear model with scikit-learn's defaults",
    )  # fmt: skip
    assert found.claim.gain == 0.0


def test_where_the_default_was_kept_the_claim_names_whom_it_is_about(settled: Settled) -> None:
    space = build_space(shape_of(settled, None), ("linear", "knn"))
    made = Study(space, Metric("log_loss"), scheduler=Once(folds=3))
    made.enqueue(default_params(space, "linear"), note="default linear")
    noise = np.random.default_rng(0).normal(0.45, 0.03, (8, 3))
    for row in noise - noise.mean(axis=1, keepdims=True) + np.array([0.45, 0.449, *[0.45] * 6])[:, None]:
        for loss in row:
            made.tell(made.ask(), {"log_loss": loss, "train": 0.3})

    found = finished(settled, made.history)

    assert made.history.best.number == 1
    assert (found.winner.trial, found.default.trial) == (0, 0)
    assert found.claim.sentence.startswith(
        "The best in cross-validation was another, k nearest neighbours, trial 1. Expected log_loss"
    )
    assert gap_of(made.history, found.winner, default=True).sentence.startswith("The default scores 0.3 on its training data")


def test_where_all_failed_the_message_says_so_once_and_with_one_full_stop(settled: Settled) -> None:
    with pytest.raises(NoResult) as caught:
        finished(settled, searched(settled, models=("forest",), loss=None))

    assert str(caught.value) == (
        "The only configuration failed, 1 of the fits with: ValueError: no tree. Look at the data, or choose other --models."
    )


def test_where_the_search_was_interrupted_the_message_names_the_way_on(settled: Settled) -> None:
    with pytest.raises(NoResult, match="interrupted before a configuration was finished"):
        finished(settled, Study(SPACE, Metric("log_loss")).history, "interrupted")


def test_the_environment_names_versions_and_nothing_private() -> None:
    facts = environment_facts()

    assert set(facts) <= {"tunewright", "python", "system", "cores", "numpy", "scipy", "scikit-learn", "pandas"}
    assert now().endswith("+00:00")


@pytest.mark.parametrize(
    ("metric", "said", "low"),
    [("roc_auc", "the rows are too few for an interval", None), ("accuracy", "Wilson's", pytest.approx(0.8064, abs=1e-4))],
)
def test_a_model_that_is_right_on_every_test_row_is_not_called_certain(
    tmp_path: Path, metric: str, said: str, low: float | None
) -> None:
    a = np.linspace(-1, 1, 80)
    pd.DataFrame({"a": a + 3 * np.sign(a), "y": np.where(a > 0, "yes", "no")}).to_csv(tmp_path / "t.csv", index=False)
    apart = settle(TuneRequest(data=str(tmp_path / "t.csv"), target="y", metric=metric, cv=3, out=str(tmp_path)))
    made = Study(build_space(shape_of(apart, None), ("linear",)), Metric(metric, "maximize"))
    made.tell(made.ask(), {metric: 1.0})

    test = finished(apart, made.history).test

    assert (test.winner.value, test.winner.low) == (1.0, low)
    assert said in test.sentence
