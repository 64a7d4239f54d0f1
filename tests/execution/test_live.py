import pytest

from tunewright.execution.live import LiveTrial
from tunewright.trial import Report, Task


def live(**axes):
    return LiveTrial(Task(3, 0, {"model": "svm", "svm.C": 2.0, "svm.kernel": "rbf"}, **axes))


def test_it_reads_like_a_dictionary_of_the_active_parameters():
    assert live()["svm.C"] == 2.0
    assert live().get("forest.depth", 7) == 7
    assert dict(live()) == {"model": "svm", "svm.C": 2.0, "svm.kernel": "rbf"}


def test_an_inactive_parameter_says_which_are_active():
    with pytest.raises(KeyError, match="not an active parameter of trial 3"):
        live()["forest.depth"]


def test_a_branch_comes_without_its_prefix():
    assert live().branch("model") == ("svm", {"C": 2.0, "kernel": "rbf"})


def test_the_same_fold_and_seed_draw_the_same_numbers():
    assert live(fold=1, seed=5).rng.random() == live(fold=1, seed=5).rng.random()
    assert live(fold=1, seed=5).rng.random() != live(fold=2, seed=5).rng.random()


def test_reports_are_kept():
    trial = live()

    trial.report(1, loss=0.5)
    trial.report(2, loss=0.25)

    assert trial.reports == [Report(1.0, {"loss": 0.5}), Report(2.0, {"loss": 0.25})]


def test_a_diverged_report_keeps_what_is_finite():
    trial = live()

    trial.report(1, loss=float("nan"), accuracy=0.5)

    assert trial.reports == [Report(1.0, {"accuracy": 0.5})]


def test_changing_params_in_the_objective_changes_nothing_outside():
    task = Task(0, 0, {"x": 1})

    LiveTrial(task).params["x"] = 2

    assert task.params == {"x": 1}
