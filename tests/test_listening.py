"""What running tasks report, and who hears that they should stop: whole studies, in this process and in others."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StorageError, StudyError, TrialError
from tunewright.events import Opened, Released, Reported, Told
from tunewright.listening import noted
from tunewright.samplers import TPE, Random
from tunewright.schedulers import ASHA, Median, Once
from tunewright.trial import Report

SPACE = tw.SearchSpace({"x": tw.Float(0.0, 1.0)})


def study_of(storage=None):
    return tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), storage=storage)


def journal_of(study):
    return list(study.storage.read(study._journal.record.id))


def soon(study, holds, then):
    """In a thread: wait until the study, opened anew, holds something, then do something with it."""

    def body():
        other = tw.Study.load(study.storage)
        while not holds(other.history):
            time.sleep(0.02)
        then(other)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


def endless(live):
    while True:
        live.report(1, loss=0.5)
        time.sleep(0.02)


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_reports_stand_in_the_journal_before_the_result_each_once(isolation, tmp_path):
    study = study_of(f"sqlite:///{tmp_path / 'runs.db'}")

    def objective(live):
        for step in range(50):
            live.report(step, loss=float(step))
            time.sleep(0.03)
        return 1.0

    study.optimize(objective, trials=1, isolation=isolation)

    entries = journal_of(study)
    reported = [entry for entry in entries if isinstance(entry.event, Reported)]
    (told,) = [entry for entry in entries if isinstance(entry.event, Told)]
    assert [entry.event.step for entry in reported] == list(range(50))
    assert reported[-1].position < told.position
    assert reported[0].time < told.time  # they came while the task ran ...
    apart = np.diff([entry.time for entry in reported])
    # ... two transactions a second: within one, entries are written microseconds apart; tasks report 30 ms apart
    assert (apart > 0.01).sum() <= 3 + (told.time - reported[0].time) / 0.5


@pytest.mark.parametrize("workers", [1, 2])
def test_a_person_stops_one_trial_from_another_process_or_thread(workers, tmp_path):
    study = study_of(f"sqlite:///{tmp_path / 'runs.db'}")

    def objective(live):
        return endless(live) if live.trial == 0 else 1.0

    stopper = soon(
        study, lambda history: history.curve(0) if len(history) else [], lambda other: other.stop(0, why="it diverges")
    )
    study.optimize(objective, trials=3, workers=workers)
    stopper.join()

    first = study.history.trial(0)
    assert (first.failure.kind, first.failure.message) == ("stopped", "Stopped: it diverges")
    assert len(study.history.curve(0)) > 1
    assert study.history.completed == 2


def test_what_an_objective_still_returns_counts(tmp_path):
    study = study_of(f"sqlite:///{tmp_path / 'runs.db'}")

    def objective(live):
        try:
            endless(live)
        except tw.Stopped:
            return 0.25

    stopper = soon(study, lambda history: len(history), lambda other: other.stop(0))
    study.optimize(objective, trials=1)
    stopper.join()

    assert study.history.trial(0).value == 0.25


def test_a_stopped_study_ends_and_goes_on_from_its_checkpoints(tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    study = study_of(url)

    def objective(live):
        done = 0 if live.resume_from is None else int((Path(live.resume_from) / "epoch").read_text())
        for epoch in range(done, 4 if done else 10**6):
            with live.save_checkpoint() as folder:
                (folder / "epoch").write_text(str(epoch + 1))
            live.report(epoch, loss=1.0)
            time.sleep(0.02)
        return {"loss": 1.0, "went on from": done}

    stopper = soon(study, lambda history: len(history.curve(0)) > 2 if len(history) else False, lambda other: other.stop())
    study.optimize(objective, trials=1, workers=2)
    stopper.join()

    assert [task.trial for task in study.history.released] == [0]
    assert study.history.running == 1

    study.optimize(objective, trials=1)  # what was asked before is past

    (trial,) = study.history.trials
    assert trial.measurements[0].info["went on from"] > 2
    assert trial.state == "completed"


def test_when_the_time_is_up_tasks_may_clean_up(tmp_path):
    study = study_of()

    def objective(live):
        try:
            endless(live)
        finally:
            (tmp_path / "cleaned up").touch()

    with ThreadPoolExecutor(1) as pool:
        study.optimize(objective, seconds=0.3, overtime=0.2, executor=pool)

    assert (tmp_path / "cleaned up").exists()
    assert [task.trial for task in study.history.released] == [0]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_crashed_task_is_tried_again_under_its_trial_from_its_checkpoint(retries, tmp_path):
    study = study_of(f"sqlite:///{tmp_path / 'runs.db'}")

    def objective(live):
        if live.resume_from is None:
            with live.save_checkpoint() as folder:
                (folder / "model").touch()
            live.report(1, loss=2.0)
            os._exit(1)
        return {"loss": 1.0, "files": [path.name for path in Path(live.resume_from).iterdir()], "attempt": live.attempt}

    with nullcontext() if retries else pytest.warns(UserWarning, match="No trial completed"):
        study.optimize(objective, trials=1, isolation="process", retries=retries)

    (trial,) = study.history.trials
    assert [report.values for report in study.history.curve(0)] == [{"loss": 2.0}]
    if retries:
        assert trial.measurements[0].info == {"files": ["model"], "attempt": 2}
        assert [entry.event.lost for entry in journal_of(study) if isinstance(entry.event, Released)] == [True]
    else:
        assert trial.failure.kind == "crash"


def test_retries_end():
    study = study_of()

    with pytest.warns(UserWarning, match=r"No trial completed, and 1 failed with .The worker process died"):
        study.optimize(lambda _: os._exit(1), trials=1, isolation="process", retries=2)

    (trial,) = study.history.trials
    assert trial.failure.kind == "crash"
    assert study.history.lost(0) == 2


def test_what_does_not_run_cannot_be_stopped():
    study = study_of()
    study.optimize(lambda _: 1.0, trials=1)

    with pytest.raises(TrialError, match="Trial 0 has no task that runs: it is completed"):
        study.stop(0)
    with pytest.raises(TrialError, match="no trial 7"):
        study.stop(7)


def test_a_session_says_how_far_it_goes():
    study = study_of()
    study.optimize(lambda _: 1.0, trials=2)
    study.optimize(lambda _: 1.0, seconds=0.0)

    assert [entry.event.goal for entry in journal_of(study) if isinstance(entry.event, Opened)] == [2, 0]


@pytest.mark.parametrize("seconds", [0.0, 0.01])
@pytest.mark.parametrize("storage", [None, "file"])
def test_an_objective_that_stops_the_study_is_the_last_one(seconds, storage, tmp_path):
    study = study_of(storage and f"sqlite:///{tmp_path / 'runs.db'}")
    begun = []

    def objective(live):
        begun.append(live.trial)
        time.sleep(seconds)
        if len(begun) == 7:
            study.stop()
        return 0.5

    study.optimize(objective, trials=100_000, isolation="none")

    assert len(begun) == study.history.finished == 7
    assert len(study.history.stops) == 1


@pytest.mark.parametrize("sampler", [Random(), TPE()])
def test_a_listener_that_stops_the_study_is_heard_at_once(sampler):
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=sampler)
    begun, stopped = [], []

    def objective(live):
        begun.append(live.trial)
        time.sleep(0.01)
        return live["x"]

    def listen(history, _):
        if history.finished >= 3:
            study.stop()
            stopped.append(len(begun))

    study.optimize(objective, trials=100_000, isolation="none", listeners=[listen])

    assert stopped == [3]
    assert len(begun) == 3


def test_the_results_of_a_group_that_ask_to_stop_write_it_once():
    study = study_of()
    study.optimize(lambda live: live["x"], trials=100_000, isolation="none", listeners=[lambda *_: study.stop()])

    assert study.history.finished < 100  # one, or the group that was over in no time
    assert len(study.history.stops) == 1


def test_a_stop_counts_for_those_who_work_and_not_for_those_who_begin_later():
    study = study_of()
    study.stop()
    study.stop()
    study.optimize(lambda live: live["x"], trials=2)
    study.stop()

    assert study.history.finished == 2
    assert [entry.trial for entry in study.history.stops] == [-1, -1]


def test_a_trial_that_is_stopped_gets_none_of_the_tasks_that_it_was_promised(tmp_path):
    study = tw.Study(
        SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Once(seeds=3), storage=f"sqlite:///{tmp_path / 'runs.db'}"
    )
    begun = []

    def objective(live):
        begun.append((live.trial, live.seed))
        if live.trial == 0:
            study.stop(0, why="it diverges")
            with pytest.raises(tw.Stopped):
                endless(live)
        return 1.0

    study.optimize(objective, trials=2)

    assert begun == [(0, 0), (1, 0), (1, 1), (1, 2)]
    stopped, whole = study.history.trials
    assert [(each.seed, each.values) for each in stopped.measurements] == [(0, {"loss": 1.0}), (1, None)]
    assert (stopped.failure.kind, stopped.failure.message) == ("stopped", "Stopped: it diverges")
    assert whole.state == "completed"
    assert study.replay().same
    assert tw.Study.load(study.storage).history.trials == study.history.trials


def test_a_trial_between_two_of_its_tasks_can_be_stopped():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Once(seeds=3))
    study.tell(study.ask(), 1.0)

    study.stop(0)
    task = study.ask()

    assert task.trial == 1
    assert study.history.trial(0).failure.kind == "stopped"
    assert not study.history.halted


@pytest.mark.parametrize("dies", ["the worker", "the process"])
def test_a_stop_outlives_the_worker_that_should_have_heard_it(dies, tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    study = study_of(url)

    def objective(live):
        (tmp_path / f"attempt {live.trial} {live.attempt}").touch()
        if live.trial == 0:
            tw.Study.load(url).stop(0)
            os._exit(1)
        return 1.0

    if dies == "the worker":
        study.optimize(objective, trials=2, workers=2, retries=3)
    else:
        run = lambda: study_of(url).optimize(objective, trials=1, isolation="none")  # noqa: E731
        child = multiprocessing.get_context("fork").Process(target=run)
        child.start()
        child.join()
        study.optimize(objective, trials=2, isolation="none")

    assert study.history.trial(0).failure.kind == "stopped"
    assert sorted(path.name for path in tmp_path.glob("attempt*")) == ["attempt 0 1", "attempt 1 1"]
    assert study.history.completed == 1


def test_a_trial_that_somebody_stops_does_not_end_a_search_that_failures_end():
    study = study_of()

    def objective(live):
        if live.trial == 1:
            study.stop(1)
            endless(live)
        return 1.0

    study.optimize(objective, trials=3, on_failure="raise")

    assert [trial.state for trial in study.history.trials] == ["completed", "failed", "completed"]


class Harsh(Once):
    """Stops every trial but the first at the step that is given, or beyond."""

    def __init__(self, step, folds=None):
        super().__init__(folds)
        self.step = step

    def stop(self, space, history, task, new):
        assert 1 <= new <= len(history.curve(*task.key))
        return "enough" if task.trial and history.curve(*task.key)[-1].step >= self.step else ""

    def __repr__(self):
        return f"Harsh({self.step}, folds={self.folds})"


@pytest.mark.parametrize("kind", ["inline", "threads", "processes", "generator"])
def test_what_the_scheduler_stops_is_worth_what_it_reported(kind, tmp_path):
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Harsh(3), storage=f"sqlite:///{tmp_path / 'runs.db'}")

    def objective(live):
        for step in range(1, 200):
            live.report(step, loss=100.0 - step, other=1.0)
            if live.trial or step > 10:
                time.sleep(0.02 if kind != "inline" else 0)
        return 0.0

    def steps(live):
        for step in range(1, 200):
            yield 100.0 - step
            if live.trial:
                time.sleep(0.02)

    given = {"inline": {"isolation": "none"}, "threads": {"isolation": "none", "workers": 2}}.get(kind, {"workers": 2})
    study.optimize(steps if kind == "generator" else objective, trials=4, **given)

    history = study.history
    assert (history.completed, history.failed) == (4, 0)
    assert history.trial(0).value == (100.0 - 199 if kind == "generator" else 0.0)
    assert history.budgets[0] == np.inf
    assert history.best.number == 0
    for trial in history.trials[1:]:
        (measured,) = trial.measurements
        assert measured.budget is not None
        assert trial.value == 100.0 - measured.budget
        assert history.budgets[trial.number] == measured.budget
        assert history.curve(trial.number)[-1].step == measured.budget
        assert measured.budget == 3 if kind == "inline" else 3 <= measured.budget < 199
    assert sorted((entry.trial, entry.event.why) for entry in history.stops) == [(1, "enough"), (2, "enough"), (3, "enough")]
    assert {entry.event.by for entry in history.stops} == {f"{__name__}.Harsh(3, folds=None)"}
    assert history.stopped.tolist() == [False, True, True, True]
    assert tw.Study.load(study.storage).history.trials == history.trials
    assert study.replay().same


def test_an_objective_that_catches_the_schedulers_stop_is_worth_what_it_returns_at_the_step_it_had_reached():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Harsh(2))

    def objective(live):
        try:
            for step in range(1, 10):
                live.report(step, loss=float(step))
        except tw.Stopped:
            live.report(2.5, loss=9.0)
            return {"loss": 7.0, "saved": True}
        return 0.0

    study.optimize(objective, trials=2, isolation="none")

    (measured,) = study.history.trial(1).measurements
    assert (measured.values, measured.budget, measured.info) == ({"loss": 7.0}, 2.5, {"saved": True})
    assert study.best.number == 0


def test_a_trial_that_the_scheduler_stops_on_one_fold_is_completed_with_those_it_has():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Harsh(2, folds=3))

    def objective(live):
        for step in range(1, 4 if live.fold == 1 else 2):
            live.report(step, loss=50.0)
        return float(live.fold)

    study.optimize(objective, trials=3, isolation="none")

    first, second, _ = study.history.trials
    assert first.value == 1.0
    assert [(each.fold, each.budget, each.values["loss"]) for each in second.measurements] == [(0, 2, 0.0), (1, 2, 50.0)]
    assert (second.state, second.value) == ("completed", 25.0)  # one fold that was given all does not stand for the other
    assert study.history.best.number == 0
    assert study.history.tally == "3 completed, 0 failed, 0 running"


def test_a_schedulers_stop_outlives_the_process_that_should_have_told_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"

    def objective(live):
        try:
            for step in range(1, 10):
                live.report(step, loss=float(step))
        except tw.Stopped:
            os._exit(1)
        return 0.0

    made = lambda: tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Harsh(2), storage=url)  # noqa: E731
    child = multiprocessing.get_context("fork").Process(target=lambda: made().optimize(objective, trials=2, isolation="none"))
    child.start()
    child.join()
    study = made()
    study.optimize(lambda live: 0.0, trials=2, isolation="none")

    (measured,) = study.history.trial(1).measurements
    assert (measured.values, measured.budget) == ({"loss": 2.0}, 2)


@pytest.mark.parametrize("given", [{"isolation": "none"}, {"workers": 2}])
def test_a_scheduler_that_says_nonsense_of_a_running_task_ends_the_search_and_no_trial(given):
    class Odd(Once):
        def stop(self, space, history, task, new):
            return True

    class Broken(Once):
        def stop(self, space, history, task, new):
            raise ZeroDivisionError

    def objective(live):
        live.report(1, loss=0.5)
        time.sleep(0.3)
        return 0.5

    for scheduler, error, said in ((Odd(), StudyError, "stop returned True. Return why"), (Broken(), ZeroDivisionError, None)):
        study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=scheduler)
        with pytest.raises(error, match=said):
            study.optimize(objective, trials=50, **given)
        assert study.history.failed == 0
        assert len(study.history) <= 4


def test_a_storage_that_fails_while_all_ends_does_not_hide_why():
    error = KeyboardInterrupt("SIGTERM")
    with noted(error):
        raise StorageError("the server cannot be reached")

    assert error.__notes__ == [
        "What ran was not given back; others take it up when this process counts as dead. the server cannot be reached"
    ]
    with pytest.raises(TrialError), noted(error):
        raise TrialError("no such trial")


def test_what_has_diverged_is_stopped_and_has_failed():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 27, resume=False), seed=0)
    epochs = []

    def objective(live):
        for epoch in range(1, 28):
            epochs.append(live.trial)
            bad = live["x"] > 0.7 and live.trial > 0
            yield {"loss": (np.nan if epoch > 1 else 0.01) if bad else live["x"] + 1 / epoch}

    study.optimize(objective, trials=40, isolation="none")

    bad = [trial.number for trial in study.history.trials if trial.number and trial.params["x"] > 0.7]
    assert len(bad) >= 3
    assert all(epochs.count(trial) <= 3 for trial in bad)
    assert all(study.history.trial(trial).state == "failed" for trial in bad if epochs.count(trial) > 1)
    assert study.best.params["x"] < 0.7


@pytest.mark.parametrize("reports", [{"val_loss": 1.0}, {"loss": 1.0}])
def test_reports_that_lack_a_metric_stop_nobody_and_that_is_said_once(reports):
    study = tw.Study(SPACE, [tw.Metric("loss"), tw.Metric("ms", bound=9)], sampler=Random(), scheduler=ASHA(1, 9, resume=False))

    def objective(live):
        for epoch in range(1, 10):
            live.report(epoch, **reports)
        return {"loss": live["x"], "ms": 1.0}

    with pytest.warns(UserWarning, match=r'its reports lack .*"ms"') as said:
        study.optimize(objective, trials=6, isolation="none")

    assert len(said) == 1
    assert study.history.tally == "6 completed, 0 failed, 0 running"
    assert not study.history.stops


def test_who_breaks_a_bound_at_a_rung_is_stopped():
    study = tw.Study(
        SPACE, [tw.Metric("loss"), tw.Metric("size", bound=0.5)], sampler=Random(), scheduler=ASHA(1, 9, resume=False), seed=0
    )

    def objective(live):
        for _ in range(9):
            yield {"loss": 1 - live["x"], "size": live["x"]}

    study.optimize(objective, trials=20, isolation="none")

    through = [trial for trial in study.history.trials[1:] if trial.measurements[0].budget == 9]
    assert through
    assert all(trial.params["x"] <= 0.5 for trial in through)


def test_an_executor_that_no_way_leads_to_stops_nobody_and_that_is_said(monkeypatch):
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Harsh(1))
    monkeypatch.setattr("tunewright.execution.doors._LOOPBACK", "198.51.100.77")  # RFC 5737: no machine's

    with (
        ThreadPoolExecutor(1) as pool,
        pytest.warns(UserWarning, match=r"cannot stop the executor's tasks: no way leads"),
        pytest.warns(UserWarning, match="this process cannot listen for them"),
    ):
        study.optimize(lambda live: live["x"], trials=2, executor=pool, isolation="process")

    assert study.history.completed == 2


def test_who_promotes_stops_nobody_and_has_nothing_to_warn_of():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9))

    def objective(live):
        live.report(1, other=1.0)
        return live["x"]

    with ThreadPoolExecutor(1) as pool:
        study.optimize(objective, trials=3, executor=pool, isolation="process")
    study.optimize(objective, trials=6, isolation="none")

    assert study.history.completed == 6
    assert (ASHA(1, 9).stops, ASHA(1, 9, resume=False).stops, Median().stops, Once().stops) == (False, True, True, False)


def test_one_fold_that_was_given_all_does_not_stand_for_those_that_were_not():
    study = tw.Study(SPACE, tw.Metric("loss"), scheduler=Median(folds=2, after=3), sampler=Random(), seed=0)

    def objective(live):
        for _ in range(9):
            yield {"loss": live["x"] + (5 if live.fold == 1 and live["x"] < 0.4 and live.trial else 0)}

    study.optimize(objective, trials=25, isolation="none")

    history = study.history
    trapped = [number for number in np.flatnonzero(history.stopped) if history.trial(int(number)).params["x"] < 0.4]
    assert trapped
    assert not history.stopped[study.best.number]
    assert all(
        history.trial(int(number)).values["loss"] > 2 for number in trapped if len(history.trial(int(number)).measurements) > 1
    )


def test_a_trial_that_waits_on_a_rung_can_be_withdrawn():
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9))
    tasks = [study.ask() for _ in range(4)]
    for task, loss in zip(tasks, [9.0, 1.0, 2.0, 3.0], strict=True):
        study.tell(task, loss)

    study.stop(1)

    assert [study.ask().trial for _ in range(2)] == [4, 5]  # else the first would be that trial


def test_a_report_that_comes_after_the_result_changes_nothing():
    study = study_of()
    task = study.ask()
    study.tell(task, 1.0)

    study._journal.report(task, [Report(5, {"loss": 0.5})])

    assert study.history.curve(0) == []
