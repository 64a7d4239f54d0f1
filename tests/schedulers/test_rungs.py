import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.schedulers import ASHA
from tunewright.schedulers.rungs import is_default, ladder, losses_at
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})


@pytest.mark.parametrize(
    ("low", "high", "eta", "budgets"),
    [
        (1, 9, 3, (1, 3, 9)),
        (1, 52, 3, (1, 3, 9, 27, 52)),
        (1, 28, 3, (1, 3, 9, 28)),  # 27 is next to the top
        (2, 3, 4, (2, 3)),
        (1, 8, 1.5, (1, 2, 3, 5, 8)),  # whole numbers stay whole: 1.5 is 2, 2.25 too
        (0.1, 1, 3, (0.1, pytest.approx(0.3), 1)),
        (1.0, 9, 3, (1.0, 3.0, 9)),
        (np.int64(1), np.float64(4.0), 2, (1, 2, 4)),
    ],
)
def test_a_ladder_rises_by_eta_from_low_to_high(low, high, eta, budgets):
    assert ladder(low, high, eta, name="ASHA") == budgets


def test_whole_numbers_stay_whole():
    assert [type(budget) for budget in ladder(1, 81, 3, name="ASHA")] == [int] * 5
    assert {type(budget) for budget in ladder(0.5, 81, 3, name="ASHA")} == {float, int}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 9), "0 < low < high"),
        ((9, 9), "0 < low < high"),
        ((1, np.inf), "finite"),
        (("1", 9), "low='1'"),
        ((True, 9), "low=True"),
        ((1, 9, 1), "above 1, got 1"),
        ((1, 9, np.nan), "above 1"),
    ],
)
def test_impossible_ladders_are_refused(arguments, said):
    with pytest.raises(StudyError, match=said):
        ASHA(*arguments)


def test_the_first_trial_is_the_default_if_it_is_the_spaces_or_a_persons():
    journal, other = Journal(SPACE), Journal(SPACE)
    journal.ask({"x": 0.25})
    journal.ask({"x": 0.25})
    other.ask({"x": 0.5})

    assert [is_default(SPACE, journal.history, trial) for trial in (0, 1)] == [True, False]
    assert not is_default(SPACE, other.history, 0)
    assert not is_default(SPACE, Journal(SPACE).history, 0)


def test_a_step_is_reached_by_the_first_report_at_or_beyond_it():
    journal = Journal(SPACE)
    for steps in ((1, 2, 4), (1, 3), (1,), ()):
        trial = journal.ask({"x": 0.5})
        for step in steps:
            journal.report(trial, step, 10 * trial + step)

    assert losses_at(journal.history, 2).tolist() == pytest.approx([2.0, 13.0, np.nan, np.nan], nan_ok=True)
