import math
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import TrialError
from tunewright.events import Told
from tunewright.gradients import gradient_of, mean_gradient, usable_gradient
from tunewright.samplers import Gradient
from tunewright.schedulers import Once
from tunewright.trial import Measurement

SPACE = tw.SearchSpace(
    {
        "x": tw.Float(-1, 1, default=0.75),
        "lr": tw.Float(1e-4, 1.0, log=True, default=0.5),
        "n": tw.Int(1, 3),
        "m": tw.Float(0, 1, default=0.5),
    },
    when={"m": tw.param("n") > 2},
)
LOSS = tw.Metric("loss")


def bowl(live):
    """Least at x = 0.25, lr = 0.01."""
    away = math.log(live["lr"] / 0.01)
    live.gradient({"x": 2 * (live["x"] - 0.25), "lr": 2 * away / live["lr"]})
    return (live["x"] - 0.25) ** 2 + away**2


class Other:
    def __float__(self):
        raise RuntimeError("no")


def test_any_number_is_one_and_all_else_is_none():
    given = {"a": 1, "b": np.float32(0.5), "c": np.array(2.0), 4: -1.0}
    assert gradient_of(given) == {"a": 1.0, "b": 0.5, "c": 2.0, "4": -1.0}

    bad = gradient_of({"a": "1", "b": None, "c": np.array([2.0]), "d": [1.0], "e": True, "f": Other()})
    assert list(bad) == ["a", "b", "c", "d", "e", "f"]
    assert all(math.isnan(value) for value in bad.values())


@pytest.mark.parametrize("given", [0.3, [0.1], "x", None])
def test_a_gradient_is_a_dictionary(given):
    with pytest.raises(TrialError, match="A gradient is a dictionary"):
        gradient_of(given)


def test_what_cannot_be_used_is_left_out_and_said():
    params = {"x": 0.5, "lr": 0.1, "n": 1}

    usable, complaints = usable_gradient(SPACE, params, {"x": 1.0, "lr": math.inf, "n": 2.0, "m": 0.1, "xx": 3.0})

    assert usable == {"x": 1.0}
    assert [text.split("kept: ")[1] for text in complaints] == [
        "it is no finite number. Tell one number for each parameter.",
        "it is of type Int, and only a Float has derivatives.",
        "it is not active in the trial.",
        'the space has no such parameter. Did you mean "x"?',
    ]


def measured(gradient, budget=None, values=1.0, fold=0):
    return Measurement(fold, budget, fold, 0, None if values is None else {"loss": values}, 1.0, gradient=gradient)


def test_the_gradient_of_a_mean_is_the_mean_of_those_that_all_told_at_the_highest_budget():
    assert mean_gradient([measured({"x": 1.0, "lr": 4.0}), measured({"x": 2.0})]) == {"x": 1.5}
    assert mean_gradient([measured({"x": 1.0}), measured({})]) == {}
    assert mean_gradient([measured({"x": 1.0}, 1), measured({"x": 5.0}, 9), measured({"x": 7.0}, 9, None)]) == {"x": 5.0}
    assert mean_gradient([measured({"x": 1.0}, 9), measured({"x": 5.0})]) == {"x": 5.0}
    assert mean_gradient([]) == {}


# ---- the way through a study ---------------------------------------------------------------------------------------------------


def told_all(study):
    """Whether every trial's gradient stands in the history as the objective told it."""
    trials = study.history.trials
    expected = [
        {"x": 2 * (x - 0.25), "lr": 2 * math.log(lr / 0.01) / lr} for x, lr in ((t.params["x"], t.params["lr"]) for t in trials)
    ]
    assert [trial.measurements[0].gradient for trial in trials] == expected
    return [study.history.gradient(trial.number) for trial in trials] == expected


@pytest.mark.parametrize(
    "how",
    [{}, {"isolation": "process"}, {"workers": 2, "isolation": "none"}, {"workers": 2, "isolation": "process"}],
    ids=["inline", "process", "threads", "processes"],
)
def test_gradients_come_home_from_wherever_a_task_runs(how, tmp_path):
    study = tw.Study(SPACE, LOSS, sampler=Gradient(), storage=f"sqlite:///{tmp_path}/a.db", seed=0)

    study.optimize(bowl, trials=12, **how)

    assert study.history.completed == 12
    assert told_all(study)
    assert told_all(tw.Study.load(f"sqlite:///{tmp_path}/a.db"))
    assert study.replay().same


@pytest.mark.parametrize("isolation", [None, "process"])
def test_gradients_come_home_from_an_executor(isolation):
    study = tw.Study(SPACE, LOSS, sampler=Gradient(), seed=0)

    with ThreadPoolExecutor(2) as pool:
        study.optimize(bowl, trials=4, workers=2, executor=pool, isolation=isolation)

    assert told_all(study)


def test_gradients_of_many_quick_trials_come_home():
    study = tw.Study(SPACE, LOSS, sampler=tw.samplers.Random(), seed=0)

    study.optimize(bowl, trials=200)

    assert told_all(study)
    assert told_all(tw.Study(SPACE, LOSS, storage=study.storage))  # folded by columns


def test_a_search_goes_on_after_a_restart_as_if_nothing_had_been(tmp_path):
    space = {name: SPACE[name] for name in ("x", "lr")}
    whole = tw.Study(space, LOSS, sampler=Gradient(), seed=3)
    whole.optimize(bowl, trials=12)
    url = f"sqlite:///{tmp_path}/a.db"
    for trials in (1, 4, 5, 12):
        tw.Study(space, LOSS, sampler=Gradient(), storage=url, seed=3).optimize(bowl, trials=trials, isolation="process")

    resumed = tw.Study.load(url, sampler=Gradient())
    assert [trial.params for trial in resumed.history.trials] == [trial.params for trial in whole.history.trials]
    assert resumed.replay().same
    assert whole.history.losses.min() < 1e-8


def test_told_by_hand():
    study = tw.Study(SPACE, LOSS, sampler=Gradient(), seed=0)
    for gradient in ({"x": 1.5}, {"x": np.float64(2.5)}):
        task = study.ask()
        study.tell(task, 0.5, gradient=gradient)
    study.tell(study.ask(), tw.Outcome({"loss": 0.1}, gradient={"x": 3.5}))
    study.tell(study.ask(), tw.Outcome(None, tw.Failure("told", "no"), gradient={"x": 3.5}))

    assert [study.history.gradient(number) for number in range(4)] == [{"x": 1.5}, {"x": 2.5}, {"x": 3.5}, {}]
    task = study.ask()
    with pytest.raises(TrialError, match="A gradient is a dictionary"):
        study.tell(task, 0.5, gradient=[1.0])
    assert not study.history.ended(task.trial)  # nothing is lost: it may be told again
    with pytest.raises(TrialError, match="A gradient is a dictionary"):
        study.tell(task, tw.Outcome({"loss": 0.1}, gradient=[3.5]))


@pytest.mark.parametrize("told", [{"x": 1.5}, {}])
@pytest.mark.parametrize("trial", [99, -1, 2, "a", None, 0.5])
def test_a_trial_that_is_not_there_has_no_gradient(told, trial):
    study = tw.Study(SPACE, LOSS, seed=0)
    for _ in range(2):
        study.tell(study.ask(), 0.5, gradient=told)

    with pytest.raises(TrialError, match="trial"):
        study.history.gradient(trial)


def test_a_bad_gradient_costs_nothing_and_is_said_once():
    def objective(live):
        live.gradient({"x": math.nan, "n": 1.0, "lr": 2.0})
        return live["x"]

    study = tw.Study(SPACE, LOSS, sampler=Gradient(), seed=0)
    study.optimize(objective, trials=4)

    assert study.history.completed == 4
    assert [study.history.gradient(number) for number in range(4)] == [{"lr": 2.0}] * 4
    assert [entry.event.text.split(" is left")[0] for entry in study.history.warnings] == [
        'The derivative by "x"',
        'The derivative by "n"',
    ]


def test_names_that_no_journal_can_hold_cost_nothing(tmp_path):
    study = tw.Study(SPACE, LOSS, sampler=Gradient(), storage=f"sqlite:///{tmp_path}/a.db", seed=0)

    study.tell(study.ask(), 0.5, gradient={"\udcff": 1.0, "n" * 10_000: 2.0, "x": 3.0})

    assert study.history.gradient(0) == {"x": 3.0}
    assert [len(entry.event.text) < 400 for entry in study.history.warnings] == [True, True]


def test_the_last_one_told_counts_and_a_failed_trial_has_none():
    def objective(live):
        live.gradient({"x": 1.0, "lr": 1.0})
        yield {"loss": 1.0}
        live.gradient({"x": 2.0})
        if live.trial == 1:
            raise ValueError("no")
        yield {"loss": 0.5}

    study = tw.Study(SPACE, LOSS, sampler=Gradient(), seed=0)
    study.optimize(objective, trials=2)

    assert study.history.gradient(0) == {"x": 2.0, "lr": 1.0}
    assert study.history.gradient(1) == {}


def test_folds_are_averaged():
    def objective(live):
        live.gradient({"x": 1.0 + live.fold} | ({"lr": 1.0} if live.fold else {}))
        return live["x"]

    study = tw.Study(SPACE, LOSS, sampler=Gradient(), scheduler=Once(folds=3), seed=0)
    study.optimize(objective, trials=1)

    assert study.history.gradient(0) == {"x": 2.0}


def test_a_journal_without_gradients_opens_as_before(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    tw.Study(SPACE, LOSS, storage=url, sampler=tw.samplers.Random()).optimize(lambda live: live["x"], trials=3)

    with sqlite3.connect(tmp_path / "a.db") as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM events WHERE kind = 'told'")]
    connection.close()
    assert len(bodies) == 3
    assert not any("gradient" in body for body in bodies)
    assert tw.Study.load(url).history.gradient(0) == {}
    assert Told({"loss": 1.0}).gradient == {}
