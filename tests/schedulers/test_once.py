import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.schedulers import Decision, Once, Resume, Start
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1)})


def decide(scheduler: Once, history: History) -> Decision:
    return scheduler.decide(SPACE, history, np.random.default_rng(0))


def carry_out(decision: Decision, journal: Journal) -> int:
    if isinstance(decision, Start):
        return journal.ask({"x": 0.5}, plan=decision.plan, fold=decision.fold, seed=decision.seed)
    assert isinstance(decision, Resume)
    journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
    return decision.trial


def started(scheduler: Once, trials: int) -> Journal:
    """Trials with their first task sent, as by workers that all ask at once."""
    journal = Journal(SPACE)
    first = decide(scheduler, journal.history)
    for _ in range(trials):
        carry_out(first, journal)
    return journal


def test_without_folds_and_seeds_every_trial_is_one_task() -> None:
    journal = started(Once(), 3)

    assert decide(Once(), journal.history) == Start(plan=1, fold=None, seed=0)


def test_folds_come_first_then_seeds() -> None:
    scheduler, journal = Once(folds=3, seeds=2), Journal(SPACE)
    decisions = []
    for _ in range(6):
        decisions.append(decide(scheduler, journal.history))
        carry_out(decisions[-1], journal)

    assert decisions[0] == Start(plan=6, fold=0, seed=0)
    assert decisions[1:] == [Resume(0, fold=fold, seed=seed) for seed, fold in [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]]
    assert decide(scheduler, journal.history) == Start(plan=6, fold=0, seed=0)


def test_seeds_alone() -> None:
    journal = started(Once(seeds=3), 1)

    assert decide(Once(seeds=3), journal.history) == Resume(0, fold=None, seed=1)


def test_the_lowest_numbered_trial_goes_first() -> None:
    journal = started(Once(folds=2), 4)
    scheduler = Once(folds=2)

    order = [carry_out(decide(scheduler, journal.history), journal) for _ in range(5)]

    assert order == [0, 1, 2, 3, 4]


def test_a_failed_fold_ends_its_trial() -> None:
    journal = started(Once(folds=5), 2)
    journal.fail(0)

    assert decide(Once(folds=5), journal.history) == Resume(1, fold=1, seed=0)


def test_a_trial_that_waited_and_then_failed_is_left() -> None:
    journal, scheduler = started(Once(folds=5), 2), Once(folds=5)
    before = decide(scheduler, journal.history)
    journal.fail(0)

    assert before == Resume(0, fold=1, seed=0)
    assert decide(scheduler, journal.history) == Resume(1, fold=1, seed=0)


def test_what_another_scheduler_promised_is_kept() -> None:
    journal = started(Once(folds=5), 1)

    assert decide(Once(), journal.history) == Resume(0, fold=None, seed=1)


def test_a_used_scheduler_serves_another_history() -> None:
    scheduler = Once(folds=2)
    one, other = started(scheduler, 3), started(scheduler, 1)

    assert decide(scheduler, one.history) == Resume(0, fold=1, seed=0)
    carry_out(decide(scheduler, one.history), one)
    assert decide(scheduler, other.history) == Resume(0, fold=1, seed=0)
    assert decide(scheduler, one.history) == Resume(1, fold=1, seed=0)


def test_many_running_trials_are_not_gone_through_at_each_decision() -> None:
    journal = started(Once(), 500)
    scheduler, looked_up = Once(), 0

    class Counted(History):
        def plan(self, trial: int) -> int:
            nonlocal looked_up
            looked_up += 1
            return super().plan(trial)

    history = Counted(SPACE, journal.metrics)
    for entry in journal.entries:
        history.fold([entry])
        decide(scheduler, history)

    assert looked_up <= 2 * 500


def test_repr_tells_folds_and_seeds() -> None:
    assert repr(Once(folds=5, seeds=2)) == "Once(folds=5, seeds=2)"
    assert repr(Once()) == "Once(folds=None, seeds=1)"


@pytest.mark.parametrize(
    "arguments", [{"folds": 0}, {"folds": -1}, {"folds": 2.5}, {"folds": "5"}, {"folds": True}, {"seeds": 0}, {"seeds": None}]
)
def test_numbers_that_cannot_be_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(StudyError, match=rf"{next(iter(arguments))} must be .*an integer of at least 1"):
        Once(**arguments)
