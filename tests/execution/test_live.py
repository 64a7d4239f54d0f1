from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import ParamsError, Stopped, TrialError
from tunewright.execution.channel import Board, BoardChannel, Channel
from tunewright.execution.executors import InlineExecutor
from tunewright.execution.live import LiveTrial
from tunewright.execution.remote import Remote
from tunewright.execution.worker import run
from tunewright.space import Bool, Choice, Float, Int, SearchSpace
from tunewright.space.branches import Branches
from tunewright.trial import Report, Task


def live(channel=None, folder=None, **axes):
    return LiveTrial(Task(3, 0, {"model": "svm", "svm.C": 2.0, "svm.kernel": "rbf"}, **axes), channel, folder)


def test_it_reads_like_a_dictionary_of_the_active_parameters():
    assert live()["svm.C"] == 2.0
    assert live().get("forest.depth", 7) == 7
    assert live().number == live().trial == 3
    assert dict(live()) == {"model": "svm", "svm.C": 2.0, "svm.kernel": "rbf"}


def test_an_inactive_parameter_says_which_are_active():
    with pytest.raises(KeyError, match="not an active parameter of trial 3"):
        live()["forest.depth"]


def test_a_branch_comes_without_its_prefix():
    assert live().branch("model") == ("svm", {"C": 2.0, "kernel": "rbf"})


SHARED = SearchSpace(
    {
        "enc": Choice({"pca": {"k": Int(1, 9)}, "none": {}}),
        "dec": Choice({"pca": {"w": Bool(), "how": Choice({"fast": {"n": Int(1, 9)}})}, "none": {}}),
        "lr": Float(0, 1),
    }
)


def in_shared(**changes):
    params = {"enc": "pca", "pca.k": 8, "dec": "pca", "pca.w": True, "pca.how": "fast", "pca.fast.n": 3, "lr": 0.1} | changes
    return LiveTrial(Task(0, 0, params), branches=Branches.of(SHARED.names, SHARED.when))


def test_branches_of_the_same_name_do_not_mix():
    assert in_shared().branch("enc") == ("pca", {"k": 8})
    assert in_shared().branch("dec") == ("pca", {"w": True, "how": "fast", "fast.n": 3})
    assert in_shared().branch("pca.how") == ("fast", {"n": 3})


def test_what_is_no_choice_has_no_branch():
    with pytest.raises(ParamsError, match=r'"lr" is no Choice: its value is 0\.1'):
        in_shared().branch("lr")
    with pytest.raises(KeyError, match="not an active parameter"):
        in_shared().branch("enc2")


@pytest.mark.parametrize(
    "settings", [{"isolation": "none"}, {"workers": 2}, {"executor": InlineExecutor(), "isolation": "process"}]
)
def test_every_worker_knows_the_branches(settings):
    study = tw.Study(SHARED, sampler=tw.samplers.Random())
    study.enqueue(dict(in_shared()))

    study.optimize(lambda live: {"value": 1.0, "found": live.branch("enc")}, trials=1, **settings)

    assert study.history.trial(0).measurements[0].info == {"found": ["pca", {"k": 8}]}


def test_the_same_fold_and_seed_draw_the_same_numbers():
    assert live(fold=1, seed=5).rng.random() == live(fold=1, seed=5).rng.random()
    assert live(fold=1, seed=5).rng.random() != live(fold=2, seed=5).rng.random()


def test_reports_go_to_the_channel():
    channel = Channel()
    trial = live(channel)

    trial.report(1, loss=0.5)
    trial.report(2, loss=0.25)

    assert channel.rest() == (Report(1.0, {"loss": 0.5}), Report(2.0, {"loss": 0.25}))


def test_a_diverged_report_keeps_what_is_finite():
    channel = Channel()

    live(channel).report(1, loss=float("nan"), accuracy=0.5)

    assert channel.rest() == (Report(1.0, {"accuracy": 0.5}, ("loss",)),)


def test_who_is_asked_to_stop_hears_it_at_the_next_report_which_is_kept():
    board = Board()
    trial = live(BoardChannel(board, (3, 0)))
    board.ask((3, 0), "enough")

    with pytest.raises(Stopped, match="enough"):
        trial.report(1, loss=0.5)

    assert board.take() == {(3, 0): [Report(1.0, {"loss": 0.5})]}


def test_a_task_goes_on_from_the_checkpoint_of_its_trial_fold_and_seed(tmp_path):
    first = live(folder=tmp_path, fold=1)
    with first.save_checkpoint() as folder:
        (folder / "model").write_text("weights")

    assert first.resume_from is None
    assert (Path(live(folder=tmp_path, fold=1, budget=3.0).resume_from) / "model").read_text() == "weights"
    assert live(folder=tmp_path, fold=2).resume_from is None
    assert live(folder=tmp_path, fold=1, resume_from="elsewhere").resume_from == "elsewhere"


def test_the_files_of_a_trial_stay(tmp_path):
    (live(folder=tmp_path).checkpoint_dir / "plot.svg").touch()

    assert (live(folder=tmp_path).checkpoint_dir / "plot.svg").exists()


def test_a_task_that_was_asked_for_by_hand_has_no_place_for_files():
    with pytest.raises(TrialError, match="not started by Study"):
        live().save_checkpoint()


def test_changing_params_in_the_objective_changes_nothing_outside():
    task = Task(0, 0, {"x": 1})

    LiveTrial(task).params["x"] = 2

    assert task.params == {"x": 1}


@pytest.mark.parametrize("step", [float("nan"), float("inf"), "1", None, {"loss": 0.3}])
def test_a_step_that_is_no_number_is_the_objectives_error(step):
    with pytest.raises(ValueError, match="step of a report must be a finite number"):
        live(Channel()).report(step, loss=1.0)


def test_a_report_is_a_step_and_numbers_by_name():
    channel = Channel()
    with pytest.raises(ValueError, match=r"live\.report\(step, loss=0\.3\), got only 0\.3"):
        live(channel).report(0.3)
    for wrong in (None, "0.3", [1, 2]):
        with pytest.raises(ValueError, match="A report holds numbers, got loss="):
            live(channel).report(1, loss=wrong)
    live(channel).report(np.int64(1), loss=Decimal("0.5"))

    assert channel.rest() == (Report(1.0, {"loss": 0.5}),)


def test_a_reported_name_can_be_stored(tmp_path):
    def objective(live):
        live.record(1, {"\udcff": 1.0, 2: 3.0})
        return live["x"]

    for storage in ("memory", str(tmp_path / "s.db")):
        study = tw.Study({"x": Float(0, 1)}, storage=storage, sampler=tw.samplers.Random())
        study.optimize(objective, trials=2)
        assert [report.values for report in study.history.curve(0)] == [{"\\udcff": 1.0, "2": 3.0}]


@pytest.mark.parametrize("first", ["checkpoint", "yield"])
def test_the_steps_of_what_yields_go_on_from_the_checkpoint(first, tmp_path):
    def objective(trial, epochs):
        done = 0 if trial.resume_from is None else int((Path(trial.resume_from) / "epoch").read_text())
        for epoch in range(done + 1, done + epochs + 1):
            if first == "yield":
                yield 1.0 / epoch
            with trial.save_checkpoint() as folder:
                (folder / "epoch").write_text(str(epoch))
            if first == "checkpoint":
                yield 1.0 / epoch

    curve = []
    for attempt in range(3):
        channel = Channel()
        outcome = run(lambda trial: objective(trial, 2), Task(0, 0, {}, attempt=attempt), ("loss",), channel, tmp_path)
        curve += [(report.step, report.values["loss"]) for report in outcome.reports]

    assert curve == [(step, 1.0 / step) for step in range(1, 7)]
    assert len(list((tmp_path / "trial-0").iterdir())) == 2  # of the checkpoints before nothing is left


def test_what_yields_from_the_start_again_counts_from_one(tmp_path):
    def objective(trial):
        for epoch in range(2):
            with trial.save_checkpoint():
                pass
            yield epoch

    for _ in range(2):
        outcome = run(objective, Task(0, 0, {}), ("loss",), Channel(), tmp_path)

        assert [report.step for report in outcome.reports] == [1, 2]


def test_the_steps_of_a_checkpoint_elsewhere_go_with_it(tmp_path):
    def objective(trial):
        _ = trial.resume_from
        with trial.save_checkpoint():
            pass
        yield 1.0

    store = Remote.of((tmp_path / "store").as_uri())
    steps = [run(objective, Task(0, 0, {}), ("loss",), Channel(), store).reports[0].step for _ in range(3)]

    assert steps == [1, 2, 3]


def clone(folder, **changes):
    return LiveTrial(Task(9, 0, {}, budget=4, **({"parent": 3, "since": 2, "keep": 2} | changes)), folder=folder)


def parent_saves(folder, budget, text):
    parent = LiveTrial(Task(3, budget // 2, {}, budget=budget, keep=2), folder=folder)
    with parent.save_checkpoint() as place:
        (place / "state").write_text(text)


def test_a_clone_goes_on_from_its_parents_checkpoint_as_it_was(tmp_path):
    parent_saves(tmp_path, 2, "at two")
    parent_saves(tmp_path, 4, "at four")

    assert Path(clone(tmp_path).resume_from, "state").read_text() == "at two"
    assert Path(clone(tmp_path, since=None).resume_from, "state").read_text() == "at four"


def test_a_clone_that_has_saved_goes_on_from_its_own(tmp_path):
    parent_saves(tmp_path, 2, "parent")
    begun = clone(tmp_path)
    assert Path(begun.resume_from, "state").read_text() == "parent"
    assert Path(clone(tmp_path, attempt=2).resume_from, "state").read_text() == "parent"  # its worker died before it had saved

    with begun.save_checkpoint() as folder:
        (folder / "state").write_text("own")

    assert Path(clone(tmp_path, attempt=3).resume_from, "state").read_text() == "own"


def test_a_clone_counts_the_yields_of_its_parent(tmp_path):
    def steps(live):
        done = 0 if live.resume_from is None else int(Path(live.resume_from, "step").read_text())
        for step in range(done + 1, live.budget + 1):
            with live.save_checkpoint() as folder:
                (folder / "step").write_text(str(step))
            yield step

    run(steps, Task(3, 0, {}, budget=2, keep=2), ("value",), folder=tmp_path)
    run(steps, Task(3, 1, {}, budget=4, keep=2), ("value",), folder=tmp_path)
    cloned = run(steps, Task(9, 0, {}, budget=5, keep=2, parent=3, since=2), ("value",), folder=tmp_path)

    assert [report.step for report in cloned.reports] == [3, 4, 5]


def test_without_a_checkpoint_a_clone_says_where_it_looked_and_the_mend(tmp_path):
    outcome = run(lambda live: 1.0, Task(9, 0, {}, budget=4, parent=3, since=2), ("value",), folder=tmp_path)

    assert outcome.failure.kind == "checkpoint"
    assert "a clone of trial 3 at budget 2" in outcome.failure.message
    assert str(tmp_path / "trial-3") in outcome.failure.message
    assert "live.save_checkpoint()" in outcome.failure.message


def test_a_clone_that_never_looks_at_its_checkpoint_has_failed(tmp_path):
    parent_saves(tmp_path, 2, "unread")

    outcome = run(lambda live: 1.0, Task(9, 0, {}, budget=4, parent=3, since=2), ("value",), folder=tmp_path)

    assert outcome.failure.kind == "checkpoint"
    assert "never looked at live.resume_from" in outcome.failure.message
