from tunewright.execution.crew import Crew
from tunewright.hand import Hand
from tunewright.pace import Pace
from tunewright.trial import Task


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
