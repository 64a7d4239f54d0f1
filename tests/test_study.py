import math
import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest

import tunewright as tw
from tunewright import errors
from tunewright.events import Opened, Released, Sent
from tunewright.history import RUNNING
from tunewright.samplers import Grid, Manual, Random
from tunewright.schedulers import Once

SPACE = tw.SearchSpace(
    {"x": tw.Float(-1, 1, default=0.5), "opt": tw.Categorical(["sgd", "adam"]), "momentum": tw.Float(0, 0.99)},
    when={"momentum": tw.param("opt") == "sgd"},
)
LOSS = tw.Metric("loss")


def loss(live):
    return live["x"] ** 2 + (live.get("momentum", 0.0) - 0.5) ** 2


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'runs.db'}"


def study_of(**arguments):
    return tw.Study(SPACE, LOSS, sampler=Random(), **arguments)


def test_a_search_finds_something_better_than_most():
    study = study_of()

    study.optimize(loss, trials=200)

    assert study.history.completed == 200
    # P(all 200 draws miss x^2 + ... < 0.1): the good region has probability > 0.1, so below 0.9^200 < 1e-9
    assert study.best.value < 0.1
    assert study.best.value == min(trial.value for trial in study.history.trials)


def test_running_the_same_line_again_finishes_the_job_and_then_does_nothing(url):
    study_of(storage=url).optimize(loss, trials=3)
    again = study_of(storage=url)
    again.optimize(loss, trials=5)
    assert again.history.finished == 5
    position = again.history.position

    third = study_of(storage=url)
    third.optimize(loss, trials=5)
    assert third.history.position == position

    third.optimize(loss, more=2)
    assert third.history.finished == 7


def test_the_same_seed_makes_the_same_study_and_another_seed_another():
    def proposals(seed):
        study = study_of(seed=seed)
        study.optimize(loss, trials=10)
        return [trial.params for trial in study.history.trials]

    assert proposals(1) == proposals(1)
    assert proposals(1) != proposals(2)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_decision_can_be_asked_again(url, workers):
    study = tw.Study(SPACE, LOSS, storage=url)
    study.enqueue({"opt": "adam"})

    study.optimize(loss, trials=20, workers=workers)

    found = study.replay()
    assert found.same
    assert (found.checked, found.skipped) == (19, 1)


def test_folds_and_seeds_are_tasks_of_one_trial():
    seen = []

    def objective(live):
        seen.append((live.trial, live.fold, live.seed))
        return live["x"] + live.fold + 10 * live.seed

    study = tw.Study(SPACE, LOSS, scheduler=Once(folds=3, seeds=2))
    study.optimize(objective, trials=2)

    assert len(seen) == len(set(seen)) == 12
    trial = study.history.trial(0)
    assert len(trial.measurements) == 6
    assert trial.value == pytest.approx(trial.params["x"] + 1 + 5)


def test_ask_and_tell_by_hand():
    study = study_of()

    task = study.ask()
    study.tell(task, {"loss": 0.25, "note": "by hand"})
    other = study.ask()
    study.tell(other.trial, 0.125)

    assert study.best.number == other.trial
    assert study.history.trial(task.trial).measurements[0].info == {"note": "by hand"}


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "1.5", [1.0, 2.0], {"accuracy": 1.0}])
def test_a_told_value_that_cannot_be_used_is_a_failure_and_is_said(value):
    study = study_of()
    task = study.ask()

    with pytest.warns(UserWarning, match="recorded as failed"):
        study.tell(task, value)

    assert study.history.trial(0).state is tw.TrialState.FAILED
    assert study.history.running == 0


def test_a_told_exception_is_a_failure_with_its_traceback():
    study = study_of()
    task = study.ask()

    try:
        raise ValueError("diverged")
    except ValueError as error:
        study.tell(task, error)

    assert study.history.trial(0).failure.message == "ValueError: diverged"
    assert "Traceback" in study.history.trial(0).failure.traceback


def test_a_second_result_is_refused():
    study = study_of()
    task = study.ask()
    study.tell(task, 1.0)

    with pytest.raises(errors.AlreadyTold):
        study.tell(task, 0.0)
    with pytest.raises(errors.TrialError, match="no trial 9"):
        study.tell(9, 0.0)
    with pytest.raises(errors.TrialError, match="takes a Task"):
        study.tell("0", 0.0)


def test_what_is_enqueued_is_tried_first_and_completed_with_defaults():
    study = study_of()

    assert study.enqueue({"opt": "sgd"}, note="by ear") == {"x": 0.5, "opt": "sgd", "momentum": 0.495}
    study.optimize(loss, trials=2)

    trial = study.history.trial(0)
    assert (trial.origin, trial.note) == ("queue", "by ear")
    assert trial.params["x"] == 0.5


def test_a_script_that_enqueues_may_be_run_again(tmp_path):
    def script():
        study = study_of(storage=f"sqlite:///{tmp_path}/runs.db")
        study.enqueue({"opt": "sgd"}, note="by ear")
        return study

    assert len([script().history.queue, script().history.queue][1]) == 1  # it waits already
    study = script()
    study.optimize(loss, trials=3)
    with pytest.warns(UserWarning, match="it is trial 1 already.*again=True"):
        study.enqueue(study.history.trial(1).params)  # the sampler's own
    with pytest.warns(UserWarning, match="it is trial 0 already"):
        assert script().history.queue == []

    study.optimize(loss, more=2)
    assert [trial.params for trial in study.history.trials].count(study.history.trial(0).params) == 1

    study.enqueue({"opt": "sgd"}, again=True)
    study.optimize(loss, more=1)
    assert study.history.trial(5).params == study.history.trial(0).params
    assert study.replay().same


def test_what_has_failed_is_queued_again():
    def dies(live):
        raise ValueError

    study = study_of()
    study.enqueue({"opt": "sgd"})
    with pytest.warns(UserWarning, match="failed"):
        study.optimize(dies, trials=1)

    study.enqueue({"opt": "sgd"})
    assert len(study.history.queue) == 1


def test_a_misspelt_enqueued_name_is_refused():
    with pytest.raises(errors.ParamsError, match="momentum"):
        study_of().enqueue({"momentun": 0.5})


def test_failures_are_recorded_and_the_search_goes_on():
    def objective(live):
        if live.trial == 1:
            raise RuntimeError("no convergence")
        return math.nan if live.trial == 2 else live["x"]

    study = study_of()
    study.optimize(objective, trials=5)

    assert (study.history.completed, study.history.failed) == (3, 2)
    assert [trial for trial, _ in study.history.failures] == [1, 2]


def test_failures_can_be_fatal():
    def objective(live):
        raise RuntimeError("no convergence")

    study = study_of()
    with pytest.raises(errors.ObjectiveError, match="Trial 0 failed: RuntimeError: no convergence"):
        study.optimize(objective, trials=5, on_failure="raise")

    assert study.history.failed == 1


def test_listeners_hear_each_result():
    heard, known = [], []
    study = study_of()

    def listen(history, entry):
        heard.append(entry.trial)
        known.append(history.trial(entry.trial).value)

    study.optimize(loss, trials=100, listeners=[listen])

    assert heard == list(range(100))
    assert None not in known


def test_reports_on_the_way_are_kept():
    def objective(live):
        for epoch in range(3):
            live.report(epoch, loss=1 / (epoch + 1))
        return 0.1

    study = study_of()
    study.optimize(objective, trials=1)

    assert [report.values["loss"] for report in study.history.curve(0)] == [1, 1 / 2, 1 / 3]


def test_time_ends_a_search():
    study = study_of()
    start = time.monotonic()

    study.optimize(lambda live: time.sleep(0.05) or live["x"], seconds=0.5)

    assert time.monotonic() - start < 20
    assert study.history.finished >= 1
    assert study.history.running == 0


def test_overtime_ends_a_task_and_gives_it_back():
    study = study_of()

    study.optimize(lambda live: time.sleep(120), seconds=0.5, overtime=0.5)
    assert [task.trial for task in study.history.released] == [0]

    study.optimize(lambda live: 1.0, trials=1)
    assert study.history.completed == 1
    assert study.history.task(0).attempt == 2


def test_a_grid_ends_by_itself():
    study = tw.Study({"a": tw.Int(1, 3), "b": tw.Bool()}, sampler=Grid())

    study.optimize(lambda live: live["a"], trials=100)

    assert study.history.finished == 6
    with pytest.raises(errors.SpaceExhausted):
        study.ask()


def test_a_finite_space_is_searched_once_or_again_on_request():
    study = tw.Study({"a": tw.Int(1, 3)}, sampler=Random())
    study.optimize(lambda live: live["a"], trials=10)
    assert sorted(trial.params["a"] for trial in study.history.trials) == [1, 2, 3]

    again = tw.Study({"a": tw.Int(1, 3)}, sampler=Random(), repeats=True)
    again.optimize(lambda live: live["a"], trials=10)
    assert again.history.finished == 10


def test_manual_search_takes_what_is_enqueued_and_nothing_else():
    study = tw.Study(SPACE, LOSS, sampler=Manual())
    study.enqueue({"x": 0.25})

    study.optimize(loss, trials=10)

    assert [trial.params["x"] for trial in study.history.trials] == [0.25]


def test_ctrl_c_finishes_what_runs():
    def objective(live):
        if live.trial == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return live["x"]

    study = study_of()
    study.optimize(objective, trials=100)

    assert 3 <= study.history.completed < 100
    assert not study.history.open_tasks  # of tasks that are over in no time, those asked for together are finished or given back


def test_ctrl_c_twice_gives_back_what_runs():
    def objective(live):
        if live.trial == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return live["x"]

    study = study_of()
    with pytest.raises(KeyboardInterrupt):
        study.optimize(objective, trials=100)

    assert study.history.completed == 2
    assert [task.trial for task in study.history.released] == list(range(2, len(study.history)))

    study.optimize(loss, trials=len(study.history))
    assert study.history.running == 0


def test_several_threads_may_ask_and_tell(url):
    study = tw.Study(SPACE, LOSS, storage=url)

    def work():
        for _ in range(10):
            study.tell(study.ask(), 1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert study.history.completed == 40
    assert study.replay().same


def test_a_batch_is_asked_before_it_is_told():
    study = tw.Study({"a": tw.Int(1, 8)})

    tasks = [study.ask() for _ in range(8)]

    assert sorted(task.params["a"] for task in tasks) == list(range(1, 9))
    assert study.history.states.tolist() == [RUNNING] * 8


def test_load_opens_what_is_there(url):
    study_of(storage=url, name="first", seed=5).optimize(loss, trials=2)

    found = tw.Study.load(url)
    assert (found.name, found.seed, found.metrics, found.space) == ("first", 5, (LOSS,), SPACE)
    assert found.history.finished == 2

    study_of(storage=url, name="second")
    with pytest.raises(errors.StudyMissing, match='"first", "second"'):
        tw.Study.load(url)
    with pytest.raises(errors.StudyMissing):
        tw.Study.load(url, "third")


def test_each_run_says_with_what_and_where(url):
    study_of(storage=url).optimize(loss, trials=1)

    opened = tw.Study.load(url).history.sessions[0].event
    assert isinstance(opened, Opened)
    assert opened.sampler == "Random()"
    assert opened.environment["libraries"]["numpy"]


def test_comments_stand_in_the_journal():
    study = study_of()
    study.optimize(loss, trials=1)

    study.comment("warm-up was too short", trial=0)

    assert study.history.comments[0].event.text == "warm-up was too short"
    with pytest.raises(errors.TrialError):
        study.comment("nowhere", trial=7)


def test_trials_are_a_table():
    pytest.importorskip("pandas")
    study = study_of()
    study.optimize(loss, trials=3)

    table = study.trials

    assert table["loss"].tolist() == study.history.values[:, 0].tolist()
    assert {"number", "state", "param.x", "param.momentum", "seconds"} <= set(table.columns)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tw.Study(SPACE, sampler=Random), r"Write Random\(\)"),
        (lambda: tw.Study(SPACE, scheduler=Random()), "instance of Scheduler"),
        (lambda: tw.Study(SPACE, seed=-1), "seed must be"),
        (lambda: tw.Study(SPACE, seed=1.5), "seed must be"),
        (lambda: study_of().optimize(3, trials=1), "must be a function"),
        (lambda: study_of().optimize(loss, trials=1, workers=0), "workers must be"),
        (lambda: study_of().optimize(loss, trials=-1), "trials must be"),
    ],
)
def test_a_study_used_wrongly_says_what_is_wrong(call, says):
    with pytest.raises(errors.StudyError, match=says):
        call()


@pytest.mark.parametrize("metrics", ["loss", [], [LOSS, LOSS], ["loss"]])
def test_metrics_that_cannot_be_are_refused(metrics):
    with pytest.raises(errors.MetricError):
        tw.Study(SPACE, metrics)


def test_several_metrics_are_measured_at_once():
    study = tw.Study(SPACE, [LOSS, tw.Metric("size", "minimize")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(lambda live: (live["x"] ** 2, 1 - live["x"]), trials=20)

    front = study.history.pareto
    assert front
    assert all(set(trial.values) == {"loss", "size"} for trial in front)


def test_studies_with_other_seeds_are_other_repetitions_also_without_chance():
    def points(seed):
        study = tw.Study(SPACE, LOSS, seed=seed)
        return [study.ask().params["x"] for _ in range(4)]

    assert points(0) == points(0)
    assert points(0) != points(1)


def test_a_refined_space_is_an_event_of_the_same_study_and_what_fits_is_used_on(url):
    study = study_of(storage=url)
    study.optimize(loss, trials=60)

    proposal = study.refine()
    assert study.space == SPACE  # nothing changes before it is accepted
    study.edit(proposal.space)

    again = tw.Study.load(url)
    assert again.space == proposal.space != SPACE
    assert int(again.history.usable.sum()) == proposal.usable[0]
    position = again.history.position
    again.edit(proposal.space)
    assert again.history.position == position
    assert again.best.number == study.best.number


def test_a_study_explains_itself_in_any_state():
    study = study_of()
    for trials in (0, 1, 12):
        study.optimize(loss, trials=trials) if trials else None
        said = [study.importance("ped-anova"), study.tunability(), study.health(), study.refine(), study.value_of_continuing(5)]

        assert all(repr(each) for each in said)


def test_a_pickled_study_is_a_copy_of_its_journal_in_memory(url):
    study = study_of(storage=url, seed=3)
    study.optimize(loss, trials=3)

    again = pickle.loads(pickle.dumps(study))

    assert again.history.trials == study.history.trials
    assert (again.seed, again.storage.url) == (3, "memory")
    again.optimize(loss, trials=4)
    assert (len(again.history), len(study.history)) == (4, 3)


def test_an_outcome_without_the_metric_is_a_failure():
    study = tw.Study({"x": tw.Float(0, 1)}, tw.Metric("loss"))
    with pytest.warns(UserWarning, match="Trial 0 is recorded as failed"):
        study.tell(study.ask(), tw.Outcome({"los": 1.0}))
    study.tell(study.ask(), tw.Outcome({"loss": 1.0}))

    assert [str(trial.state) for trial in study.history.trials] == ["failed", "completed"]


@pytest.mark.parametrize("seconds", [-5, float("nan"), float("inf")])
def test_seconds_that_are_no_time_are_refused_and_the_trial_waits(seconds):
    study = tw.Study({"x": tw.Float(0, 1)})
    task = study.ask()
    with pytest.raises(errors.TrialError, match="seconds must be a finite number, 0 or more"):
        study.tell(task, 1.0, seconds=seconds)
    study.tell(task, 1.0)

    assert study.history.completed == 1


def test_what_to_do_on_a_failure_is_one_of_two_things():
    with pytest.raises(errors.StudyError, match='on_failure must be "record" or "raise"'):
        tw.Study({"x": tw.Float(0, 1)}).optimize(lambda live: 1.0, trials=1, on_failure="ignore")


def test_what_is_no_text_is_no_remark(tmp_path):
    study = tw.Study({"x": tw.Float(0, 1)}, storage=f"sqlite:///{tmp_path}/a.db")
    for wrong in (lambda: study.comment(None), lambda: study.enqueue({}, note=3), lambda: study.stop(why=3)):
        with pytest.raises(errors.StudyError, match="must be a text, got"):
            wrong()

    assert len(tw.Study.load(study.storage.url).history) == 0


def test_who_asks_by_hand_is_written_down_once_and_again_when_it_changes(url):
    study = study_of(storage=url)
    for _ in range(2):
        study.tell(study.ask(), 0.5)
    again = tw.Study.load(url, sampler=Random())
    again.ask()
    again.sampler = tw.samplers.TPE()
    again.ask()
    again.ask()

    entered = [entry.event for entry in again.history.sessions]
    assert [getattr(event, "sampler", None) for event in entered] == ["Random()", "TPE()"]
    assert "python" in getattr(entered[0], "environment", {})
    assert again.replay().same


def test_what_waits_is_carried_into_an_edited_space_or_falls_out_with_a_word(url):
    study = tw.Study({"x": tw.Float(0, 10), "opt": tw.Categorical(["sgd", "adam"])}, LOSS, sampler=Random(), storage=url)
    study.enqueue({"x": 1.0, "opt": "adam"})
    study.enqueue({"x": 7.0, "opt": "sgd"})
    study.edit({"x": tw.Float(5, 10), "opt": tw.Categorical(["sgd", "lion"]), "depth": tw.Int(1, 9, default=4)})

    assert [queued.params for _, queued in study.history.queue] == [{"x": 7.0, "opt": "sgd", "depth": 4}]
    assert "x=1.0, opt='adam' does not fit the edited space" in study.history.warnings[0].event.text
    study.optimize(lambda live: live["x"] + live["depth"], trials=3)
    again = tw.Study.load(url)
    assert again.history.trial(0).params == {"x": 7.0, "opt": "sgd", "depth": 4}
    assert again.history.completed == 3

    again.edit({"x": tw.Float(0, 10), "opt": tw.Categorical(["sgd", "adam"])})
    assert [queued.params for _, queued in again.history.queue] == [{"x": 1.0, "opt": "adam"}]  # as it was enqueued


def test_what_another_process_edited_meanwhile_is_heeded(url):
    study, other = (tw.Study({"x": tw.Float(0, 1)}, LOSS, sampler=Random(), storage=url) for _ in range(2))
    other.edit({"x": tw.Float(0, 0.5)})
    with pytest.raises(errors.ParamsError):
        study.enqueue({"x": 0.9})

    class Edits(tw.samplers.Sampler):
        def propose(self, space, history, rng):
            other.edit({"x": tw.Float(0.75, 1)})
            return space.sample(rng)

    study.sampler = Edits()
    assert 0.75 <= study.ask().params["x"] <= 1
    assert study.history.usable.all()


def test_two_who_ask_by_turns_replay_the_same(url):
    studies = [
        tw.Study(SPACE, LOSS, sampler=sampler, storage=url)
        for sampler in (tw.samplers.TPE(startup=0), tw.samplers.TPE(startup=9))
    ]
    for turn in range(14):
        study = studies[turn % 2]
        study.tell(study.ask(hold=turn > 9), float(turn % 5))

    assert len(studies[0].history.sessions) == 2
    found = tw.Study.load(url).replay()
    assert (found.checked, found.differing) == (14, ())
    assert pickle.loads(pickle.dumps(studies[0])).replay().same


def test_what_an_objective_does_to_its_parameters_stays_with_it():
    study = tw.Study({"layers": tw.Categorical([[64, 64], [128]]), "x": tw.Float(0, 1)}, LOSS, sampler=Random())
    queued = study.enqueue({"layers": [128], "x": 0.5})
    queued["x"] = 99.0
    queued["layers"].append(1)
    task = study.ask()
    task.params["layers"].append(2)
    del task.params["x"]
    study.tell(task, 0.0)

    def changes(live):
        live["layers"].append(3)
        live.params["x"] = -1.0
        return 1.0

    study.optimize(changes, more=5)

    assert study.history.trial(0).params == {"layers": [128], "x": 0.5}
    assert all(trial.params["layers"] in ([128], [64, 64]) for trial in study.history.trials)
    assert study.replay().same
    assert pickle.loads(pickle.dumps(study)).history.completed == 6


def test_a_sampler_that_keeps_its_dictionary_does_not_change_what_was_asked():
    kept = {"x": 0.0, "opt": "adam"}

    class Keeps(tw.samplers.Sampler):
        def propose(self, space, history, rng):
            kept["x"] = np.float64(rng.random())
            return kept

    study = tw.Study(SPACE, LOSS, sampler=Keeps())
    tasks = [study.ask() for _ in range(3)]

    assert len({task.params["x"] for task in tasks}) == 3
    assert [study.history.trial(n).params for n in range(3)] == [task.params for task in tasks]


@pytest.mark.parametrize(
    ("proposed", "says"),
    [
        ({"x": -99.0, "opt": "adam"}, '"x" '),
        ({"x": 0.0, "opt": "adam", "momentum": 0.5}, "inactive"),
        ({"y": 0.0}, 'no parameter "y"'),
        (None, "a mapping from names to values"),
        ("hello", "a mapping from names to values"),
    ],
)
@pytest.mark.parametrize("repeats", [False, True])
def test_a_proposal_that_the_space_does_not_hold_is_refused(proposed, says, repeats):
    class Wrong(tw.samplers.Sampler):
        def propose(self, space, history, rng):
            return proposed

    study = tw.Study(SPACE, LOSS, sampler=Wrong(), repeats=repeats)

    with pytest.raises(errors.ParamsError, match=r"Wrong\(\) proposed what the space does not hold") as error:
        study.optimize(loss, trials=3)
    assert says in str(error.value)
    assert len(study.history) == 0


@pytest.mark.parametrize(
    "decision",
    [
        None,
        "start",
        tw.schedulers.Start,
        tw.schedulers.Resume(9),
        tw.schedulers.Start(plan=-3),
        tw.schedulers.Start(plan=True),
        tw.schedulers.Start(fold=-1),
        tw.schedulers.Start(fold=0.5),
        tw.schedulers.Start(seed=-1),
        tw.schedulers.Start(seed=None),
        tw.schedulers.Start(seed=2**63),
        tw.schedulers.Start(budget=float("nan")),
        tw.schedulers.Start(budget=float("inf")),
        tw.schedulers.Start(budget=0),
        tw.schedulers.Start(budget="abc"),
    ],
)
def test_a_decision_that_cannot_be_carried_out_is_refused(decision):
    class Wrong(tw.schedulers.Scheduler):
        def decide(self, space, history, rng):
            return decision

        def __repr__(self):
            return "Wrong()"

    with pytest.raises(errors.StudyError, match=r"Wrong\(\) decided on "):
        tw.Study(SPACE, LOSS, sampler=Random(), scheduler=Wrong()).optimize(loss, trials=3)


def test_a_further_task_of_a_failed_trial_is_refused():
    class Stubborn(tw.schedulers.Scheduler):
        def decide(self, space, history, rng):
            return tw.schedulers.Resume(0) if len(history) else tw.schedulers.Start()

    with pytest.raises(errors.StudyError, match="decided on a further task of trial 0, which has failed"):
        tw.Study(SPACE, LOSS, sampler=Random(), scheduler=Stubborn()).optimize(lambda _: 1 / 0, trials=3)


def test_a_scheduler_may_count_with_numpy(url):
    class Counting(tw.schedulers.Scheduler):
        def decide(self, space, history, rng):
            axes = {"budget": np.float32(2.0), "fold": np.int64(0), "seed": np.int32(3)}
            new = not len(history) or history.states[-1] != history.states[0] or history.sent(len(history) - 1) == 2
            return tw.schedulers.Start(plan=np.int64(2), **axes) if new else tw.schedulers.Resume(np.int64(0), **axes)

    study = tw.Study(SPACE, LOSS, sampler=Random(), scheduler=Counting(), storage=url)
    study.optimize(loss, trials=1)

    (trial,) = tw.Study.load(url).history.trials
    assert [(each.budget, each.fold, each.seed) for each in trial.measurements] == [(2.0, 0, 3)] * 2


def test_a_scheduler_that_waits_for_nothing_is_named():
    class Lazy(tw.schedulers.Scheduler):
        def decide(self, space, history, rng):
            return tw.schedulers.Start() if len(history) < 2 else tw.schedulers.Wait()

        def __repr__(self):
            return "Lazy()"

    study = tw.Study(SPACE, LOSS, sampler=Random(), scheduler=Lazy())
    with pytest.warns(UserWarning, match=r"The search ends at 2 finished trials: Lazy\(\) waits, and nothing runs"):
        study.optimize(loss, trials=5)


def test_replay_knows_with_which_arguments_scheduler_and_repeats_each_proposal_was_made(url):
    study = tw.Study({"flag": tw.Bool(), "n": tw.Int(1, 3)}, LOSS, sampler=tw.samplers.TPE(), storage=url, repeats=True)
    study.optimize(lambda live: live["n"], trials=8)
    study.sampler, study.scheduler = tw.samplers.TPE(startup=3), tw.schedulers.Once(seeds=2)
    study.optimize(lambda live: live["n"], trials=12)

    both = tw.Study.load(url).replay()
    assert (both.checked, both.skipped, both.differing) == (12, 0, ())
    assert tw.Study.load(url, repeats=True).repeats


def test_a_spare_task_that_fails_raises_nothing():
    class Spare(tw.schedulers.Scheduler):
        def decide(self, space, history, rng):
            if not len(history):
                return tw.schedulers.Start()
            if history.sent(0) == 1:
                return tw.schedulers.Resume(0, seed=1, spare=True) if history.completed else tw.schedulers.Wait()
            return tw.schedulers.Done()

    def fails(live):
        if live.seed:
            raise RuntimeError("no such seed")
        return 1.0

    study = study_of(scheduler=Spare())
    study.optimize(fails, trials=5, on_failure="raise")

    assert (study.history.completed, study.history.failed, study.best.value) == (1, 0, 1.0)


def test_it_may_be_asked_in_a_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert study_of().ask().trial == 0


def test_numpys_whole_numbers_count():
    study = tw.Study(SPACE, LOSS, sampler=Random(), seed=np.int64(3))
    study.optimize(loss, trials=np.int64(2), workers=np.int8(1), retries=np.uint8(0))
    study.optimize(loss, more=np.int64(1))
    task = study.ask()
    study.tell(np.int64(task.trial), 0.5)

    assert (type(study.seed), study.history.finished) == (int, 4)
    assert study.history.trial(np.int64(3)).value == 0.5
    with pytest.raises(errors.TrialError, match=r"A trial is asked for by its number, got 3\.0"):
        study.history.trial(3.0)
    with pytest.raises(errors.TrialError, match="tell takes a Task or the number of a trial, got '3'"):
        study.tell("3", 0.5)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"repeats": "yes"}, "repeats must be True or False"),
        ({"edit": 1}, "edit must be True or False"),
        ({"name": 3}, "name must be a text"),
        ({"storage": 3}, "storage must be an address, a path or a Storage, got 3"),
    ],
)
def test_arguments_of_a_study_that_are_of_another_kind_are_refused(arguments, says):
    with pytest.raises((errors.StudyError, errors.StorageError), match=says):
        study_of(**arguments)


@pytest.mark.parametrize(("arguments", "says"), [({"listeners": print}, "listeners must be"), ({"files": 3}, "files must be")])
def test_arguments_of_a_search_that_are_of_another_kind_are_refused_before_it(arguments, says):
    study = study_of()

    with pytest.raises(errors.StudyError, match=says):
        study.optimize(loss, trials=2, **arguments)

    assert study.history.position == 0


def test_a_search_in_which_all_trials_fail_says_so_once():
    def objective(live):
        if live.trial == 3:
            raise KeyError("seldom")
        raise ValueError("no such file")

    study = study_of()
    with pytest.warns(
        UserWarning, match=r"No trial completed, and 5 failed, 4 of 5 times with .ValueError: no such file"
    ) as said:
        study.optimize(objective, trials=5)
    study.optimize(lambda live: 1.0 / (live.trial % 2), trials=9)  # some complete

    assert len(said) == 1
    assert study.history.completed == 2


@pytest.mark.parametrize("when", ["given back", "held by another"])
def test_the_same_line_goes_on_with_spare_tasks(url, when):
    """As after Ctrl-C or a kill while a race's best meet fresh seeds: the trials are complete, and yet there is something to do."""
    study = tw.Study({"x": tw.Float(0, 1)}, LOSS, storage=url)
    study.optimize(lambda live: 1.0 + live.seed, trials=1)
    study._journal.write(0, Sent(1, seed=1, spare=True, worker=7))  # who is found to be dead
    if when == "given back":
        study._journal.write(0, Released(1, "interrupted"))

    again = tw.Study.load(url)
    again.optimize(lambda live: 1.0 + live.seed, trials=1)

    assert (again.best.value, len(again.best.measurements)) == (1.5, 2)
    assert not again.history.open_tasks
    assert not again.history.released


@pytest.mark.parametrize("trial", [np.int64(-1), -1.0, "0"])
def test_the_number_of_a_trial_is_a_whole_number(url, trial):
    study = tw.Study(SPACE, LOSS, storage=url)
    study.optimize(loss, trials=1)
    for say in (study.stop, lambda trial: study.comment("odd", trial=trial)):
        if isinstance(trial, np.int64):
            say(trial=trial)
        else:
            with pytest.raises(errors.TrialError, match="takes the number of a trial"):
                say(trial=trial)

    again = tw.Study.load(url)
    again.stop()
    again.optimize(loss, trials=2)
    assert again.history.completed == 2
