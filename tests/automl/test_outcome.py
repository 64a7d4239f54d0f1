import pytest

from tunewright.automl.outcome import configuration, environment_facts, family_facts, gap_of, now
from tunewright.automl.records import MetricFacts
from tunewright.catalog import Shape, build_space, default_params
from tunewright.metric import Metric
from tunewright.schedulers.once import Once
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


def test_the_environment_names_versions_and_nothing_private() -> None:
    facts = environment_facts()

    assert set(facts) <= {"tunewright", "python", "system", "cores", "numpy", "scipy", "scikit-learn", "pandas"}
    assert now().endswith("+00:00")
