import math
from decimal import Decimal

import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.stopping import Limits


def limits(finished=0, trials=None, more=None, seconds=None, overtime=None):
    return Limits.of(finished, trials=trials, more=more, seconds=seconds, overtime=overtime)


def test_trials_count_what_is_there_and_more_adds_to_it():
    assert limits(30, trials=200).goal == 200
    assert limits(30, more=50).goal == 80


def test_without_limits_there_is_no_end():
    free = limits()

    assert free.goal == math.inf
    assert not free.late
    assert not free.over
    assert free.patience == math.inf


def test_time_that_has_run_out_starts_nothing_and_lets_running_tasks_finish():
    spent = limits(seconds=0)

    assert spent.late
    assert not spent.over


def test_overtime_ends_what_still_runs():
    spent = limits(seconds=0, overtime=0)

    assert spent.over
    assert spent.patience == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"trials": -1}, "trials must be a whole number"),
        ({"trials": 2.5}, "trials must be a whole number"),
        ({"trials": True}, "trials must be a whole number"),
        ({"more": "5"}, "more must be a whole number"),
        ({"seconds": -1}, "seconds must be"),
        ({"seconds": math.nan}, "seconds must be"),
        ({"seconds": 1, "overtime": -2}, "overtime must be"),
        ({"trials": 1, "more": 1}, "not both"),
    ],
)
def test_limits_that_make_no_sense_are_refused(given, says):
    with pytest.raises(StudyError, match=says):
        limits(**given)


@pytest.mark.parametrize("span", [np.int64(0), np.float32(0), Decimal(0)])
def test_every_kind_of_number_is_a_time(span):
    spent = limits(seconds=span, overtime=span)

    assert spent.late
    assert spent.over
