import math
import threading
import time

import tunewright as tw
from tunewright.execution.crew import Crew
from tunewright.execution.fence import Fence
from tunewright.hand import Hand, marked
from tunewright.pace import Pace
from tunewright.samplers import Random
from tunewright.schedulers import PBT, Once
from tunewright.space import Float, SearchSpace
from tunewright.stopping import Limits
from tunewright.testing import Journal
from tunewright.trial import Outcome, Task


def test_a_group_waits_until_there_is_room():
    hand, pace = Hand(set(), single=False), Pace()
    pace.took(1e-6)
    with Crew(lambda live: live.trial, ("value",)) as crew:
        assert hand.room(crew, pace) == 32
        assert Hand(set(), single=True).room(crew, pace) == 1

        hand.told([Task(0, 0, {}), Task(1, 0, {})])
        hand.begin(crew)
        assert [task.trial for task in hand.waiting] == [1]  # one at a time in this process
        hand.done += crew.wait(None)

        hand.told([])
        assert list(hand.tasks) == [(1, 0)]
        assert hand.done == []


def test_what_waits_for_a_worker_can_be_taken_back():
    hand = Hand(set(), single=False)
    begun = threading.Semaphore(0)

    def objective(live):
        begun.release()
        time.sleep(0.2)
        return 1.0

    with Crew(objective, ("value",), workers=2, fence=Fence("none")) as crew:
        hand.told([Task(number, 0, {}) for number in range(4)])
        hand.begin(crew)
        assert all(begun.acquire(timeout=30) for _ in range(2))
        assert (hand.spare(crew), hand.room(crew, Pace())) == (2, 0)
        assert 0 < hand.patience(crew, Limits(deadline=time.monotonic() + 5.0)) <= 5.0

        assert [task.trial for task in hand.withdraw(crew)] == [2, 3]

        assert list(hand.tasks) == [(0, 0), (1, 0)]
        assert hand.spare(crew) == 0
        assert hand.patience(crew, Limits(deadline=time.monotonic() + 5.0)) == math.inf


def test_who_wants_more_tasks_does_not_wait_for_a_result():
    hand = Hand(set(), single=False)
    hand.hurried = True
    with Crew(lambda live: live.trial, ("value",)) as crew:
        assert hand.patience(crew, Limits()) == 0.0


def test_who_leaves_tells_what_is_done_and_gives_back_the_rest():
    study, hand = tw.Study({"x": tw.Float(0, 1)}, sampler=Random()), Hand(set(), single=False)
    for _ in range(2):
        study.ask()
    hand.told([task for task, _ in study.history.open_tasks])
    hand.done.append((hand.tasks[0, 0], Outcome({"value": 1.0})))

    with study._journal.writing() as pen:
        hand.let_go(pen)

    assert study.history.completed == 1
    assert [task.key for task in study.history.released] == [(1, 0)]


def test_a_task_is_told_which_checkpoints_are_to_be_kept():
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    journal.ask({"x": 0.5}, budget=2)
    tasks = [journal.history.task(0)]

    assert [task.keep for task in marked(tasks, PBT(2, 8), journal.history)] == [2]
    assert marked(tasks, Once(), journal.history) == tasks
    assert marked([], PBT(2, 8), journal.history) == []
