import copy
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.errors import NoResult, TrialError
from tunewright.events import (
    Asked,
    Commented,
    Enqueued,
    Entry,
    Failed,
    Opened,
    Released,
    Reported,
    Sent,
    SpaceEdited,
    Told,
    Warned,
)
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal
from tunewright.trial import Descent, Failure, Report, TrialState

SPACE = SearchSpace(
    {"x": Float(0, 1), "n": Int(1, 9, default=2), "opt": Categorical(["sgd", "adam"]), "momentum": Float(0, 0.99)},
    when={"momentum": param("opt") == "sgd"},
)
ADAM = {"x": 0.25, "n": 3, "opt": "adam"}
SGD = {"x": 0.5, "n": 4, "opt": "sgd", "momentum": 0.9}
LOSS = (Metric("loss"),)


class Writer:
    """Writes a journal and folds it."""

    def __init__(self, metrics=LOSS, space=SPACE):
        self.entries = []
        self.metrics, self.space = metrics, space
        self.history = History(space, metrics)

    def __call__(self, trial, event):
        self.entries.append(Entry(trial, event, 1000.0 + len(self.entries), len(self.entries) + 1))
        self.history.fold(self.entries[-1:])

    def ask(self, params=ADAM, **more):
        trial = len(self.history)
        self(trial, Asked(params, "test", len(self.entries), **more))
        return trial

    def tell(self, trial, value, index=0, **more):
        values = value if isinstance(value, dict) else {"loss": value}
        self(trial, Told(values, 2.0, index, **more))

    def fail(self, trial, index=0):
        self(trial, Failed(Failure("exception", "ValueError: no"), 1.0, index))


def snapshot(history):
    """All that a history says."""
    columns = [
        history.rows,
        history.values,
        history.losses,
        history.states,
        history.seconds,
        history.asked_at,
        history.finished_at,
        history.result_at,
        history.usable,
        history.budgets,
        history.merits,
        history.stopped,
        *history.sent_budgets,
        *history.levels(),
    ]
    counts = (history.completed, history.failed, history.running, history.position, history.underway)
    return (
        [column.tobytes() for column in columns],
        counts,
        history.trials,
        history.queue,
        history.open_tasks,
        history.released,
        history.failures,
        history.comments,
    )


def test_an_asked_trial_runs_and_a_told_one_is_completed():
    write = Writer()

    trial = write.ask(SGD)
    assert write.history.states.tolist() == [RUNNING]
    assert write.history.running == 1
    assert np.isnan(write.history.values).all()

    write.tell(trial, 0.5)
    assert write.history.states.tolist() == [COMPLETED]
    assert write.history.values.tolist() == [[0.5]]
    assert write.history.seconds.tolist() == [2.0]
    assert write.history.trial(0).params == SGD
    assert write.history.trial(0).finished_at == 1001.0


def test_rows_are_raw_and_inactive_parameters_are_nan():
    write = Writer()

    write.ask(ADAM)

    assert write.history.rows[0, :3].tolist() == [0.25, 3.0, 1.0]
    assert math.isnan(write.history.rows[0, 3])


def test_a_trial_is_finished_when_all_its_promised_tasks_are():
    write = Writer()
    trial = write.ask(plan=3, fold=0)
    for fold in (1, 2):
        write(trial, Sent(fold, fold=fold))

    write.tell(trial, 1.0, 0)
    write.tell(trial, 2.0, 1)
    assert write.history.states.tolist() == [RUNNING]

    write.tell(trial, 6.0, 2)
    assert write.history.states.tolist() == [COMPLETED]
    assert write.history.trial(0).values == {"loss": 3.0}
    assert [m.values["loss"] for m in write.history.trial(0).measurements] == [1.0, 2.0, 6.0]
    assert write.history.sent(0) == write.history.plan(0) == 3


def test_one_failed_fold_fails_the_trial_and_keeps_the_others():
    write = Writer()
    trial = write.ask(plan=2, fold=0)
    write(trial, Sent(1, fold=1))

    write.tell(trial, 1.0, 0)
    write.fail(trial, 1)

    found = write.history.trial(trial)
    assert found.state is TrialState.FAILED
    assert found.values is None
    assert found.failure.message == "ValueError: no"
    assert found.measurements[0].values == {"loss": 1.0}
    assert write.history.failed == 1


def test_more_effort_reopens_a_completed_trial():
    write = Writer()
    trial = write.ask(budget=1)
    write.tell(trial, 5.0)

    write(trial, Sent(1, budget=3))
    assert write.history.states.tolist() == [RUNNING]
    assert np.isnan(write.history.values).all()

    write.tell(trial, 4.0, 1)
    assert write.history.trial(trial).values == {"loss": 4.0}


def test_a_completed_trial_keeps_what_it_has_while_spare_tasks_run():
    write = Writer()
    trial = write.ask(plan=2, fold=0)
    write(trial, Sent(1, fold=1))
    write.tell(trial, 1.0)
    write.tell(trial, 2.0, index=1)
    ended = write.history.trial(trial).finished_at

    def now():
        known = write.history
        return (
            known.trial(trial).state,
            known.best.value,
            len(known.trial(trial).measurements),
            known.underway,
            known.trial(trial).finished_at,
        )

    def whole(value, measurements):
        return TrialState.COMPLETED, value, measurements, [], ended

    write(trial, Sent(2, fold=0, seed=1, spare=True))
    assert now() == whole(1.5, 2)
    assert write.history.sent(trial) == 3
    write(trial, Released(2, "interrupted"))
    assert now() == whole(1.5, 2)
    assert [(task.trial, task.index) for task in write.history.released] == [(trial, 2)]
    write(trial, Sent(2, attempt=2, fold=0, seed=1))
    write.tell(trial, 6.0, index=2)
    assert now() == whole(3.0, 3)
    write(trial, Sent(3, fold=1, seed=1, spare=True))
    write.fail(trial, 3)
    assert now() == whole(3.0, 4)
    write(trial, Sent(4, fold=2))  # not spare: it has to have this one
    assert write.history.underway == [trial]
    write.tell(trial, 7.0, index=4)
    assert write.history.best.value == 4.0


def test_a_spare_task_that_ends_before_the_rest_completes_nothing():
    write = Writer()
    trial = write.ask(plan=2, fold=0)
    write(trial, Sent(1, fold=0, seed=1, spare=True))
    write.tell(trial, 5.0, index=1)
    write.tell(trial, 1.0)
    assert write.history.underway == [trial]
    write(trial, Sent(2, fold=1))
    write(trial, Sent(3, fold=1, seed=1, spare=True))
    write.tell(trial, 3.0, index=2)

    assert write.history.best.value == 3.0  # without the spare one that still runs
    write.tell(trial, 7.0, index=3)
    assert write.history.best.value == 4.0


def test_the_first_result_stands():
    write = Writer()
    trial = write.ask()
    write.tell(trial, 1.0)

    write.tell(trial, 0.0)
    write.fail(trial)

    assert write.history.trial(trial).values == {"loss": 1.0}
    assert write.history.finished == 1


def test_a_task_given_back_waits_and_runs_again():
    write = Writer()
    trial = write.ask(worker=7)
    assert [holder for _, holder in write.history.open_tasks] == [7]

    write(trial, Released(0, "worker 7 is gone"))
    assert [task.trial for task in write.history.released] == [trial]
    assert write.history.open_tasks == []
    assert write.history.running == 1

    write(trial, Sent(0, worker=8, attempt=2))
    assert write.history.released == []
    assert write.history.task(trial).attempt == 2


def test_the_queue_holds_what_nobody_has_taken_up():
    write = Writer()
    write(-1, Enqueued(ADAM, "default"))
    write(-1, Enqueued(SGD))
    assert [event.params for _, event in write.history.queue] == [ADAM, SGD]

    write.ask(ADAM, queued=1)

    assert [event.params for _, event in write.history.queue] == [SGD]
    assert write.history.trial(0).note == "default"


def test_comments_warnings_sessions_and_curves_are_kept():
    write = Writer()
    trial = write.ask()

    write(-1, Opened(1, "Random()", "Once()", {}))
    write(-1, Commented("looks good"))
    write(-1, Warned("the fit failed"))
    write(trial, Reported(0, 1, {"loss": 3.0}))

    assert write.history.comments[0].event.text == "looks good"
    assert write.history.warnings[0].event.text == "the fit failed"
    assert write.history.sessions[0].event.sampler == "Random()"
    assert write.history.curve(trial) == [Report(1, {"loss": 3.0})]


def test_a_seen_row_is_seen():
    write = Writer()
    write.ask(SGD)

    assert write.history.seen(SPACE.row(SGD))
    assert not write.history.seen(SPACE.row(ADAM))

    write.ask(ADAM)
    assert write.history.seen(SPACE.row(ADAM))


@pytest.mark.parametrize(("goal", "winner"), [("minimize", 1), ("maximize", 2)])
def test_the_best_is_best_in_its_own_direction(goal, winner):
    write = Writer((Metric("loss", goal),))
    for value in (2.0, 1.0, 3.0):
        write.tell(write.ask(), value)
    write.fail(write.ask())
    write.ask()

    assert write.history.best.number == winner


def test_a_bound_decides_what_is_feasible():
    write = Writer((Metric("loss"), Metric("seconds", bound=10), Metric("recall", "maximize", bound=0.5)))
    for loss, seconds, recall in [(1.0, 11, 0.9), (2.0, 9, 0.4), (3.0, 10, 0.5)]:
        write.tell(write.ask(), {"loss": loss, "seconds": seconds, "recall": recall})

    assert write.history.feasible.tolist() == [False, False, True]
    assert write.history.best.number == 2


def test_without_a_result_the_reason_is_said():
    write = Writer()
    with pytest.raises(NoResult, match="no trial yet"):
        _ = write.history.best

    write.fail(write.ask())
    with pytest.raises(NoResult, match="Trial 0 failed first: ValueError: no"):
        _ = write.history.best


def test_several_metrics_have_a_pareto_front_and_no_best():
    write = Writer((Metric("loss"), Metric("accuracy", "maximize")))
    for loss, accuracy in [(1.0, 0.5), (2.0, 0.9), (2.0, 0.4), (1.0, 0.5), (3.0, 0.9)]:
        write.tell(write.ask(), {"loss": loss, "accuracy": accuracy})

    assert [trial.number for trial in write.history.pareto] == [0, 1, 3]
    with pytest.raises(NoResult, match=r"use `study\.history\.pareto`"):
        _ = write.history.best


def test_best_so_far_falls_and_never_rises():
    write = Writer()
    for value in (3.0, 4.0, 1.0, 2.0):
        write.tell(write.ask(), value)

    assert write.history.best_so_far.tolist() == [3.0, 3.0, 1.0, 1.0]


def test_what_breaks_a_bound_is_never_the_best_so_far():
    write = Writer((Metric("loss"), Metric("seconds", bound=10)))
    for loss, seconds in [(1.0, 11), (3.0, 9), (2.0, 12), (2.5, 10)]:
        write.tell(write.ask(), {"loss": loss, "seconds": seconds})

    assert write.history.best_so_far.tolist() == [np.inf, 3.0, 3.0, 2.5]


def test_an_edited_space_keeps_old_trials_where_they_fit():
    write = Writer()
    write.tell(write.ask(SGD), 1.0)
    write.tell(write.ask(ADAM), 2.0)
    wider = SearchSpace(
        {"x": Float(0.4, 2), "n": Int(1, 9), "opt": Categorical(["rmsprop", "sgd", "adam"]), "depth": Int(1, 5, default=3)}
    )

    write(-1, SpaceEdited(__import__("json").loads(wider.to_json())))

    assert write.history.usable.tolist() == [True, False]  # x = 0.25 is outside now
    assert write.history.rows[0].tolist() == [0.5, 4.0, 1.0, 3.0]
    assert write.history.trial(0).params == SGD
    assert write.history.trial(1).params == ADAM
    assert write.history.best.number == 0

    write.tell(write.ask({"x": 1.5, "n": 1, "opt": "rmsprop", "depth": 1}), 0.0)
    assert write.history.best.number == 2


def test_an_unknown_trial_says_what_is_there():
    write = Writer()
    with pytest.raises(TrialError, match="no trial yet"):
        write.history.trial(0)

    write.ask()
    with pytest.raises(TrialError, match="trials 0 to 0"):
        write.history.task(5)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_folding_in_pieces_is_folding_at_once(data):
    write = Writer()
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    for _ in range(data.draw(st.integers(0, 40))):
        step = data.draw(st.sampled_from(["ask", "tell", "fail", "send", "release", "report", "enqueue", "edit", "comment"]))
        trial = int(rng.integers(len(write.history))) if len(write.history) else None
        match step:
            case "ask":
                write.ask(write.history.space.sample(rng), plan=int(rng.integers(1, 3)))
            case "enqueue":
                write(-1, Enqueued(write.history.space.sample(rng)))
            case "comment":
                write(-1, Commented("so"))
            case "edit":
                space = SearchSpace({"x": Float(0, float(rng.uniform(0.5, 2))), "n": Int(1, 9, default=2)})
                write(-1, SpaceEdited(__import__("json").loads(space.to_json())))
            case _ if trial is None:
                pass
            case "tell":
                reached = [None, 0.5, 1.5][int(rng.integers(3))]
                write(trial, Told({"loss": float(rng.normal())}, 1.0, int(rng.integers(2)), {"train": 1.0}, reached))
            case "fail":
                write.fail(trial, int(rng.integers(2)))
            case "send":
                write(trial, Sent(int(rng.integers(2)), worker=3, attempt=2, budget=float(rng.integers(1, 3))))
            case "release":
                write(trial, Released(int(rng.integers(2)), "gone"))
            case "report":
                write(trial, Reported(0, 1.0, {"loss": 1.0}))

    at_once = History(SPACE, LOSS)
    at_once.fold(write.entries)
    at_once.fold(write.entries)  # what is known is passed over

    assert snapshot(at_once) == snapshot(write.history)
    counts = [int((write.history.states == state).sum()) for state in (RUNNING, COMPLETED, FAILED)]
    assert counts == [write.history.running, write.history.completed, write.history.failed]


@pytest.mark.parametrize("odd", [0.0, 0.02, 0.5])
def test_long_runs_are_folded_as_one_by_one(odd):
    write = Writer()
    waiting: list[int] = []
    rng = np.random.default_rng(int(100 * odd))
    strange = [
        lambda trial: write.ask(plan=2),
        lambda trial: write.ask(budget=0.5, fold=1, seed=3),
        lambda trial: write.ask(queued=len(write.entries)),
        lambda trial: write.tell(trial, 1.0, info={"train": 1.0}),
        lambda trial: write.tell(trial + 2, 1.0),  # perhaps never asked
        lambda trial: write.fail(trial),
        lambda trial: write(trial, Released(0, "gone")),
        lambda trial: write(trial, Sent(int(rng.integers(2)), worker=3, attempt=2)),
        lambda trial: write(-1, Enqueued(SGD, "note")),
    ]
    for _ in range(800):
        if len(write.history) and rng.random() < odd:
            strange[int(rng.integers(len(strange)))](int(rng.integers(len(write.history))))
        elif waiting and rng.random() < 0.5:
            write.tell(waiting.pop(int(rng.integers(len(waiting)))), float(rng.normal()), info={"a": 1.0} if odd else {})
        else:
            waiting.append(write.ask(SPACE.sample(rng), worker=int(rng.integers(3))))

    at_once, by_seven = History(SPACE, LOSS), History(SPACE, LOSS)
    at_once.fold(write.entries)
    for start in range(0, len(write.entries), 300):
        by_seven.fold(iter(write.entries[: start + 300]))

    assert snapshot(at_once) == snapshot(write.history)
    assert snapshot(by_seven) == snapshot(write.history)


def test_a_copy_goes_its_own_way_and_travels():
    write = Writer()
    write.tell(write.ask(), 1.0)
    whole = write.history.position
    entries = [Entry(-1, Commented("a"), 0.0, whole + 1), Entry(1, Asked(ADAM, "test", whole), 0.0, whole + 2)]

    for other in (copy.copy(write.history), copy.deepcopy(write.history), pickle.loads(pickle.dumps(write.history))):
        other.fold(entries)
        assert (len(other), other.comments, other.running) == (2, entries[:1], 1)
        assert other.best.value == 1.0

    assert (len(write.history), write.history.comments, write.history.position) == (1, [], whole)


def test_what_it_holds_is_said_in_one_line():
    write = Writer()
    write.tell(write.ask(), 1.0)
    write.fail(write.ask())
    write.ask()
    write(write.ask(), Released(0, "interrupted"))

    assert repr(write.history) == "History(1 completed, 1 failed, 1 running, 1 unfinished)"
    assert write.history.unfinished == 1


def test_a_clone_is_known_with_where_it_comes_from():
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for _ in range(40):  # enough to be folded by columns
        journal.tell(journal.ask({"x": 0.5}), 1.0)
    clone = journal.clone(3, {"x": 0.25}, since=2, replaces=7)
    journal.tell(clone, 0.5)

    for history in (journal.history, journal.folded()):
        assert dict(history.clones) == {clone: Descent(3, 2, 7)}
        assert (history.task(clone).parent, history.task(clone).since) == (3, 2)
        assert history.task(0).parent is None
        assert [trial.parent for trial in history.trials] == [None] * 40 + [3]
        assert history.origin(clone) == "clone"


def test_a_configuration_is_known_to_wait_and_to_have_been_tried():
    write = Writer()
    for params in (SGD, ADAM, ADAM):
        write.ask(params)
    write.fail(0)

    history = write.history
    assert [history.tried(params) for params in (SGD, ADAM, {**ADAM, "x": 0.75})] == [None, 1, None]
    assert not history.waits(ADAM)

    write(-1, Enqueued(ADAM))
    assert [history.waits(params) for params in (SGD, ADAM)] == [False, True]

    write(-1, SpaceEdited(json.loads(SearchSpace({"x": Float(0.5, 1)}).to_json())))
    assert history.tried({"x": 0.5}) is None
    assert not history.waits(ADAM)


def test_a_clone_has_not_tried_its_configuration():
    write = Writer()
    write.ask(SGD)
    write.ask(ADAM, parent=0, since=1)

    assert (write.history.tried(SGD), write.history.tried(ADAM)) == (0, None)
