import pytest

import tunewright as tw
from tunewright.coordinator import Coordinator
from tunewright.errors import SpaceExhausted
from tunewright.journal import Journal
from tunewright.samplers import Grid, Random
from tunewright.schedulers import Once
from tunewright.stopping import Limits
from tunewright.storage import connect

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
