from itertools import pairwise

import numpy as np
import pytest

import tunewright as tw
from tunewright.coordinator import Coordinator
from tunewright.errors import SpaceExhausted
from tunewright.events import Asked, Released
from tunewright.journal import Journal
from tunewright.samplers import TPE, Grid, Random
from tunewright.schedulers import Once
from tunewright.stopping import Limits
from tunewright.storage import connect
from tunewright.trial import Outcome, Task

LINE = tw.SearchSpace({"x": tw.Float(0, 1)})
SPACE = tw.SearchSpace({"n": tw.Int(1, 3)})


def coordinator_of(sampler, storage=None):
    return Coordinator(Journal(connect(storage), "study", space=SPACE), sampler, Once(), repeats=False)


def test_no_trial_begins_beyond_the_goal():
    coordinator = coordinator_of(Random())
    limits = Limits(goal=1)

    assert coordinator.next(limits).trial == 0
    assert coordinator.next(limits) is None


def test_what_a_process_asked_and_told_stands_in_the_journal(tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    coordinator = coordinator_of(Grid(), url)

    task = coordinator.next(Limits())
    coordinator.tell(task.trial, task.index, 0.5, None)

    (trial,) = coordinator_of(Grid(), url).journal.history.trials
    assert (trial.params, trial.value) == (task.params, 0.5)


def test_an_exhausted_space_is_said():
    coordinator = coordinator_of(Grid())
    for _ in range(3):
        coordinator.next(Limits())

    with pytest.raises(SpaceExhausted):
        coordinator.next(Limits())


def exchanged(coordinator, rounds, room, limits):
    """Ask for groups and tell them in the next exchange; how many tasks each brought."""
    done: list[tuple[Task, Outcome]] = []
    sizes = []
    for _ in range(rounds):
        entries, tasks, _ = coordinator.exchange(done, room, limits)
        assert len(entries) == len(done)
        done = [(task, Outcome({"value": float(task.params["x"])})) for task in tasks]
        sizes.append(len(tasks))
    coordinator.exchange(done, 0, limits)
    return sizes


@pytest.mark.parametrize("kind", [None, "sqlite"])
def test_a_group_is_asked_for_at_once_and_every_decision_can_be_made_again(kind, tmp_path):
    url = kind and f"sqlite:///{tmp_path / 'runs.db'}"
    study = tw.Study(LINE, storage=url, sampler=Random(), name="study")
    coordinator = Coordinator(Journal(study.storage, "study"), Random(), Once(), repeats=False)

    sizes = exchanged(coordinator, 10, 8, Limits(goal=60))

    assert sum(sizes) == 60
    assert max(sizes) == 8
    assert study.history.completed == 60
    assert (study.replay().checked, study.replay().same) == (60, True)
    bases = [study.history.basis(trial) for trial in range(60)]
    assert sorted(set(bases)) == bases


def test_a_sampler_that_learns_is_asked_one_by_one():
    coordinator = Coordinator(Journal(connect(None), "study", space=LINE), TPE(), Once(), repeats=False)

    assert set(exchanged(coordinator, 5, 8, Limits())) == {1}


def test_a_group_ends_where_the_space_does():
    coordinator = coordinator_of(Grid())
    coordinator.next(Limits())

    _, tasks, exhausted = coordinator.exchange((), 8, Limits())
    assert (len(tasks), exhausted) == (2, None)

    _, tasks, exhausted = coordinator.exchange((), 8, Limits())
    assert tasks == []
    assert isinstance(exhausted, SpaceExhausted)


def test_a_result_that_came_from_elsewhere_is_passed_over():
    journal = Journal(connect(None), "study", space=LINE)
    coordinator = Coordinator(journal, Random(), Once(), repeats=False)
    (task,) = coordinator.exchange((), 1, Limits())[1]
    Journal(journal.storage, "study").tell(task.trial, 0, Outcome({"value": 1.0}))

    entries, tasks, _ = coordinator.exchange([(task, Outcome({"value": 2.0}))], 1, Limits())

    assert (entries, len(tasks)) == ([], 1)
    assert journal.history.best.value == 1.0


def test_what_a_worker_died_with_is_taken_up_alone():
    journal = Journal(connect(None), "study", space=LINE)
    coordinator = Coordinator(journal, Random(), Once(), repeats=False)
    coordinator.exchange((), 1, Limits())
    _, lost, _ = coordinator.exchange((), 3, Limits())
    for task in lost:
        journal.write(task.trial, Released(task.index, "gone", lost=True))

    for task in lost:
        _, tasks, _ = coordinator.exchange((), 8, Limits())
        assert [(again.key, again.attempt) for again in tasks] == [(task.key, 2)]


def test_an_error_in_a_group_leaves_the_history_as_the_journal_is():
    class Breaks(Random):
        def propose(self, space, history, rng):
            if len(history) == 3:
                raise ZeroDivisionError
            return super().propose(space, history, rng)

    journal = Journal(connect(None), "study", space=LINE)
    coordinator = Coordinator(journal, Breaks(), Once(), repeats=False)
    (task,) = coordinator.exchange((), 1, Limits())[1]

    with pytest.raises(ZeroDivisionError):
        coordinator.exchange([(task, Outcome({"value": 2.0}))], 8, Limits())

    assert journal.sync().position == 2  # who works, and what was asked before
    assert journal.history.running == 1


def test_tasks_that_are_over_in_no_time_share_transactions(tmp_path):
    study = tw.Study(LINE, sampler=Random(), storage=f"sqlite:///{tmp_path / 'runs.db'}")

    study.optimize(lambda live: live["x"], trials=1000)

    asked = [entry.position for entry in study.storage.read(1) if isinstance(entry.event, Asked)]
    together = sum(late == early + 1 for early, late in pairwise(asked))  # nothing was told between them
    assert (len(asked), study.history.completed) == (1000, 1000)
    assert together > 100
    assert study.replay().same


def test_what_does_not_learn_proposes_the_same_in_groups_and_one_by_one():
    one, other = tw.Study(LINE, sampler=Random(), seed=5), tw.Study(LINE, sampler=Random(), seed=5)
    for _ in range(200):
        one.tell(one.ask(), 1.0)

    other.optimize(lambda live: live["x"], trials=200)

    assert np.array_equal(one.history.rows, other.history.rows)
    assert one.replay().same
    assert other.replay().same
