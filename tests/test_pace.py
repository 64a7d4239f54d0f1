import pytest

from tunewright.pace import HELD, Pace


def pace_of(*tasks, thought=1e-4):
    pace = Pace()
    pace.thought_for(thought)
    for seconds in tasks:
        pace.took(seconds)
    return pace


def test_nothing_is_known_of_the_first_task():
    assert pace_of().group == 1
    assert not Pace().quick


@pytest.mark.parametrize(("seconds", "group"), [(1e-6, 32), (0.0, 32), (2.5e-4, 20), (9.9e-4, 5), (1e-3, 1), (10.0, 1)])
def test_a_group_is_over_before_its_results_are_held_back_for_long(seconds, group):
    assert pace_of(seconds).group == group
    assert group == 1 or group * seconds <= HELD


def test_a_slow_task_is_remembered_for_a_while():
    assert pace_of(*[1e-6] * 100, 1.0, *[1e-6] * 100).group == 1
    assert pace_of(*[1e-6] * 100, 1.0, *[1e-6] * 300).group == 32


def test_others_wait_for_quick_decisions_only():
    assert pace_of(thought=1e-4).quick
    assert not pace_of(thought=0.1).quick


def test_how_long_asking_took_is_remembered_for_a_while():
    pace = Pace()
    pace.asked_for(0.2)
    pace.asked_for(0.01)

    assert pace.asked == pytest.approx(0.19)
