import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.schedulers import Clone, Done, Once, Resume, Scheduler, Start, Wait
from tunewright.schedulers.base import checked
from tunewright.space import Float, Int, SearchSpace
from tunewright.testing import Journal


def test_decisions_are_values() -> None:
    assert Start(plan=3, fold=0) == Start(3, None, 0, 0)
    assert Resume(4, seed=1) != Resume(4, seed=2)
    assert Wait() == Wait()
    assert {Wait(): 1, Done(): 2}[Done()] == 2
    with pytest.raises(AttributeError):
        Start().plan = 2


def test_a_scheduler_must_say_how_it_decides() -> None:
    class Silent(Scheduler):
        pass

    with pytest.raises(TypeError, match="decide"):
        Silent()  # type: ignore[abstract]


SPACE = SearchSpace({"x": Float(0, 1), "n": Int(1, 9)})


def one_trial():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5, "n": 2}, budget=2), 1.0)
    return journal.history


def test_a_clone_is_made_canonical():
    given = Clone(np.int64(0), {"n": np.int64(3), "x": np.float64(0.25)}, np.float64(4), since=np.int64(2), replaces=np.int64(0))

    found = checked(Once(), one_trial(), given)

    assert found == Clone(0, {"x": 0.25, "n": 3}, 4, since=2, replaces=0)
    assert [type(each) for each in (found.trial, found.since, found.replaces, *found.params.values())] == [
        int,
        int,
        int,
        float,
        int,
    ]
    assert list(found.params) == ["x", "n"]


@pytest.mark.parametrize(
    ("clone", "said"),
    [
        (Clone(1, {"x": 0.5, "n": 2}), "whose parent is trial 1, and there are 1 trials"),
        (Clone(None, {"x": 0.5, "n": 2}), "whose parent is trial None"),
        (Clone(0, {"x": 0.5, "n": 2}, replaces=5), "whose predecessor is trial 5"),
        (Clone(0, {"x": 0.5, "n": 2}, since=0), "since=0"),
        (Clone(0, {"x": 0.5, "n": 2}, budget=-1), "budget=-1"),
        (Clone(0, {"x": 0.5, "n": 2}, plan=0), "0 tasks"),
        (Clone(0, {"x": 1.5, "n": 2}), 'clone of trial 0 that the space does not hold: "x" is 1.5'),
    ],
)
def test_a_clone_that_cannot_be_is_named(clone, said):
    with pytest.raises(StudyError, match=said):
        checked(Once(), one_trial(), clone)
