import pytest

from tunewright.execution.crew import Crew
from tunewright.hand import Hand
from tunewright.pace import Pace
from tunewright.trial import Outcome, Task

DONE = Outcome({"loss": 1.0})


@pytest.fixture
def crew():
    with Crew(lambda _: 1.0, ("loss",)) as crew:
        yield crew


def tasks_of(count):
    return [Task(trial, 0, {}) for trial in range(count)]


def test_a_group_waits_in_the_hand_until_there_is_a_place(crew):
    hand, (first, second) = Hand(set(), single=False), tasks_of(2)

    hand.told([first, second])
    hand.begin(crew)

    assert crew.tasks == [first]
    assert list(hand.waiting) == [second]
    assert set(hand.tasks) == {first.key, second.key}


def test_what_has_been_told_is_no_longer_held():
    hand, (first, second) = Hand(set(), single=False), tasks_of(2)
    hand.told([first])
    hand.done.append((first, DONE))

    hand.told([second])

    assert list(hand.tasks.values()) == [second]
    assert hand.done == []


def test_what_is_given_back_is_not_told():
    hand, (first, second) = Hand(set(), single=False), tasks_of(2)
    hand.told([first, second])
    hand.done = [(first, DONE), (second, DONE)]

    hand.forget(first)

    assert [task for task, _ in hand.done] == [second]
    assert list(hand.tasks.values()) == [second]


def test_where_a_failure_is_raised_tasks_come_one_by_one(crew):
    pace = Pace()
    pace.took(1e-6)

    assert Hand(set(), single=False).room(crew, pace) > 1
    assert Hand(set(), single=True).room(crew, pace) == 1
