import numpy as np

import tunewright as tw
from tunewright.samplers import Random
from tunewright.schedulers import Hyperband, Resume, Start
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})
RNG = np.random.default_rng(0)


def decide(journal):
    return Hyperband(1, 9).decide(SPACE, journal.history, RNG)


def test_the_bracket_with_the_least_effort_gets_the_next_trial():
    journal = Journal(SPACE)

    begun = []
    for _ in range(12):
        decision = decide(journal)
        assert isinstance(decision, Start)
        begun.append(decision.budget)
        journal.ask({"x": 0.5}, budget=decision.budget)

    assert begun[:3] == [1, 3, 9]
    assert [begun.count(budget) for budget in (1, 3, 9)] == [8, 3, 1]  # each bracket has had about 9


def test_a_trial_is_compared_with_those_of_its_bracket_alone():
    journal = Journal(SPACE)
    for budget, loss in ((1, 3.0), (1, 4.0), (1, 5.0), (3, 0.1), (3, 0.2)):
        journal.tell(journal.ask({"x": 0.5}, budget=budget), loss)

    assert decide(journal) == Resume(0, budget=3)
    journal.tell(0, 0.05, index=journal.send(0, budget=3))
    assert isinstance(decide(journal), Start)  # of its bracket it is alone on this rung, and the others are two
    journal.tell(journal.ask({"x": 0.5}, budget=3), 0.3)
    assert decide(journal) == Resume(3, budget=9)


def test_a_study_finds_what_is_slow_to_show():
    """A small x is the worst after one epoch, and the best after 27; halving from the lowest budget alone never sees it."""

    def objective(live):
        return live["x"] if live.budget == 27 else -live["x"]

    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Hyperband(1, 27), seed=0)
    study.optimize(objective, trials=120)

    lowest, highest = study.history.sent_budgets
    at_top = highest == 27
    assert {budget: int((lowest == budget).sum()) > 0 for budget in (1, 3, 9, 27)} == dict.fromkeys((1, 3, 9, 27), True)
    assert (study.best.value or 0.0) < 0.2
    assert study.history.task(study.best.number).budget == 27  # it began at the top
    assert at_top.sum() >= 10
    assert study.replay().same
