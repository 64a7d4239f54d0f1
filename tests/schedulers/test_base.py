import pytest

from tunewright.schedulers import Done, Resume, Scheduler, Start, Wait


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
