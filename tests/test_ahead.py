import time
from itertools import pairwise

import pytest

import tunewright as tw
from tunewright.ahead import Ahead
from tunewright.deciding import Decided
from tunewright.events import Asked, Enqueued, Entry, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.pace import Pace
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Resume, Start
from tunewright.space import Float, SearchSpace
from tunewright.storage import connect

SPACE = SearchSpace({"x": Float(0, 1)})
NEXT = Decided(Start(), {"x": 0.5}, "slow")


class Slow(Sampler):
    """Thinks for 30 ms, by the trials that are done."""

    def propose(self, space, history, rng):
        end = time.thread_time() + 0.03
        while time.thread_time() < end:
            pass
        return {"x": (rng.random() + history.finished) / 100 % 1}


def history_of(*events):
    history = History(SPACE, (Metric("loss"),))
    history.fold(Entry(trial, event, 0.0, position) for position, (trial, event) in enumerate(events, 1))
    return history


def pace_of(task, thought):
    pace = Pace()
    pace.took(task)
    pace.thought_for(thought)
    return pace


ASKED = (0, Asked({"x": 0.1}, "slow", 0))
TOLD = (0, Told({"loss": 1.0}, 0))


def test_what_was_decided_ahead_is_used_once_and_names_its_basis():
    ahead = Ahead()
    ahead.think(history_of(ASKED), lambda: NEXT)

    assert ahead.take(history_of(ASKED, TOLD)) == (NEXT, 1)
    assert ahead.take(history_of(ASKED, TOLD)) is None


@pytest.mark.parametrize(
    "later", [(1, Asked({"x": 0.2}, "slow", 1)), (-1, Enqueued({"x": 0.3}))], ids=["another decision", "a person's wish"]
)
def test_what_others_decided_meanwhile_undoes_it(later):
    ahead = Ahead()
    ahead.think(history_of(ASKED), lambda: NEXT)

    assert ahead.take(history_of(ASKED, later)) is None


def test_it_is_decided_again_only_when_it_is_of_no_use_any_more():
    ahead, calls = Ahead(), []

    def decide():
        calls.append(1)
        return NEXT

    for history in (history_of(ASKED), history_of(ASKED, TOLD), history_of(ASKED, (1, Asked({"x": 0.2}, "slow", 1)))):
        ahead.think(history, decide)

    assert len(calls) == 2


def test_how_a_trial_goes_on_is_not_decided_ahead():
    ahead = Ahead()
    ahead.think(history_of(ASKED), lambda: Decided(Resume(0)))

    assert ahead.take(history_of(ASKED)) is None


@pytest.mark.parametrize(("task", "thought", "pays"), [(0.5, 0.05, True), (10.0, 0.05, False), (60.0, 0.5, False)])
def test_it_pays_where_decisions_take_long_beside_tasks(task, thought, pays):
    assert Ahead.pays(pace_of(task, thought)) is pays
    assert not Ahead.pays(Pace())


@pytest.mark.parametrize("workers", [1, 3])
def test_decisions_made_ahead_lack_one_result_and_can_be_made_again(workers, tmp_path):
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    study = tw.Study({"x": tw.Float(0, 1)}, sampler=Slow(), seed=5, storage=url, name="ahead")
    study.optimize(lambda live: time.sleep(0.1) or live["x"], trials=24, workers=workers, isolation="none")

    storage = connect(url)
    entries = list(storage.read(storage.open("ahead").id))
    asked = [entry for entry in entries if isinstance(entry.event, Asked)]
    told = {entry.position for entry in entries if isinstance(entry.event, Told)}
    late = [entry for entry in asked if entry.position - 1 in told and entry.event.basis < entry.position - 1]
    assert len(asked) == 24
    assert all(one.event.basis < two.event.basis for one, two in pairwise(asked))
    assert study.replay().same
    assert study.replay().checked == 24
    assert bool(late) is (workers > 1)
    storage.close()
