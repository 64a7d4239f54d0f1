import numpy as np
import pytest

import tunewright as tw
from tunewright.events import Asked, Commented, Entry, Told
from tunewright.history import History
from tunewright.samplers import GP, TPE, Auto, QuasiRandom
from tunewright.testing import check_sampler, problems

SPACE = tw.SearchSpace({"x": tw.Float(0, 1), "opt": tw.Categorical(["a", "b"])})


def history_of(n, seconds, running=0, metrics=("loss",)):
    history, rng = History(SPACE, [tw.Metric(name) for name in metrics]), np.random.default_rng(0)
    for trial in range(n):
        asked = Entry(trial, Asked(SPACE.sample(rng), "test", 2 * trial), 0.0, 2 * trial + 1)
        history.fold([asked, Entry(trial, Told({name: float(rng.random()) for name in metrics}, seconds), 1.0, 2 * trial + 2)])
    for trial in range(n, n + running):
        history.fold([Entry(trial, Asked(SPACE.sample(rng), "test", 2 * n), 0.0, n + trial + 1)])
    return history


@pytest.mark.parametrize(
    ("trials", "seconds", "chosen"),
    [
        (0, 0, GP),
        (9, 1e-6, GP),
        (10, 1.0, GP),
        (600, 10.0, GP),
        (1001, 1e4, TPE),
        (150, 1e-6, GP),
        (300, 0.2, TPE),
        (2000, 1e-6, TPE),
        (5000, 0.1, TPE),
        (5000, 1e-3, QuasiRandom),
    ],
)
def test_who_proposes_follows_from_the_trials_and_what_they_cost(trials, seconds, chosen):
    assert isinstance(Auto().choose(history_of(trials, seconds)), chosen)


@pytest.mark.parametrize(("trials", "seconds", "chosen"), [(400, 1e-3, TPE), (1500, 0.1, QuasiRandom), (1500, 0.4, TPE)])
def test_with_several_objectives_tpe_takes_longer(trials, seconds, chosen):
    assert isinstance(Auto().choose(history_of(trials, seconds, metrics=("loss", "cost"))), chosen)
    assert isinstance(Auto().choose(history_of(trials, seconds)), TPE)


@pytest.mark.parametrize(("running", "chosen"), [(0, GP), (7, GP), (31, TPE), (400, QuasiRandom)])
def test_many_workers_are_not_kept_waiting(running, chosen):
    assert isinstance(Auto().choose(history_of(200, 2.0, running)), chosen)


def test_the_process_comes_back_only_when_it_is_clearly_cheap_enough():
    def after(note, seconds):
        history = history_of(300, seconds)
        history.fold([Entry(-1, Commented(note), 2.0, history.position + 1)])
        return type(Auto().choose(history))

    border = 2.0  # a proposal that may cost 0.2 s, and costs 0.18
    tpe, gp = "Auto: from here TPE, since 160 trials are there.", "Auto: from here a Gaussian process, since 10 trials are there."
    assert after(gp, border) is GP
    assert after("of a person: from here TPE", border) is GP
    assert after(tpe, border) is TPE
    assert after(tpe, 2.2 * border) is GP
    assert after(gp, border / 2) is TPE


def test_the_choice_is_explained_in_a_sentence():
    assert "Sobol" in Auto().explain(history_of(0, 0))
    assert Auto().explain(history_of(50, 2.0)) == "a Gaussian process, since 50 trials are there and one takes about 2 s"
    assert Auto().explain(history_of(50, 2.0, 3)).endswith("and one takes about 2 s, with 3 more at work")
    assert Auto().explain(history_of(2500, 1e-3)).startswith("a Sobol sequence")


def test_the_journal_says_once_what_was_chosen_and_why():
    study = tw.Study(SPACE, sampler=Auto())
    for number in range(20):
        if number == 15:
            study.sampler = Auto()  # as after a restart
        task = study.ask()
        study.tell(task, task.params["x"], seconds=5.0)

    assert [entry.event.text for entry in study.history.comments] == [
        "Auto: from here a Gaussian process, since 10 trials are there and one takes about 5 s."
    ]


def test_it_keeps_the_contract_where_it_changes_over():
    check_sampler(Auto(), on=[problem for problem in problems() if problem.name in ("nested", "constrained")], trials=14)


def test_it_is_the_default_of_a_study_and_its_decisions_can_be_made_again():
    study = tw.Study(SPACE)
    study.optimize(lambda live: live["x"], trials=15)

    assert repr(study.sampler) == "Auto()"
    assert study.replay().same
    assert study.history.origin(3) == "auto"


@pytest.mark.parametrize(("trials", "seconds", "chosen"), [(1001, 1e4, GP), (5001, 1e4, QuasiRandom), (300, 0.2, QuasiRandom)])
def test_where_budgets_differ_tpe_is_not_asked(trials, seconds, chosen):
    history, rng = History(SPACE, [tw.Metric("loss")]), np.random.default_rng(0)
    for trial in range(trials):
        asked = Entry(trial, Asked(SPACE.sample(rng), "test", 2 * trial, budget=1 + trial % 2), 0.0, 2 * trial + 1)
        history.fold([asked, Entry(trial, Told({"loss": float(rng.random())}, seconds), 1.0, 2 * trial + 2)])

    assert isinstance(Auto().choose(history), chosen)
