import math

import pytest

from tunewright.history import COMPLETED, FAILED, RUNNING
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal
from tunewright.testing.checks import seen_of

SPACE = SearchSpace({"x": Float(0, 1)})


def test_what_is_written_stands_in_the_history() -> None:
    journal = Journal(SPACE)
    for x in (0.1, 0.2, 0.3):
        journal.ask({"x": x})
    journal.tell(0, 4.0)
    journal.fail(1)

    history = journal.history
    assert history.states.tolist() == [COMPLETED, FAILED, RUNNING]
    assert history.rows[:, 0].tolist() == [0.1, 0.2, 0.3]
    assert history.values[0, 0] == 4.0
    assert math.isnan(history.values[1, 0])
    assert [entry.position for entry in journal.entries] == [1, 2, 3, 4, 5]


def test_tasks_are_sent_and_told_one_by_one() -> None:
    journal = Journal(SPACE)
    trial = journal.ask({"x": 0.5}, plan=2, fold=0)
    index = journal.send(trial, fold=1)
    journal.tell(trial, 1.0)
    journal.tell(trial, 3.0, index=index)

    assert (index, journal.history.sent(trial), journal.history.plan(trial)) == (1, 2, 2)
    assert journal.history.values[trial, 0] == 2.0


def test_several_metrics() -> None:
    journal = Journal(SPACE, [Metric("loss"), Metric("accuracy", "maximize")])
    journal.tell(journal.ask({"x": 0.5}), {"loss": 1.0, "accuracy": 0.9})
    journal.tell(journal.ask({"x": 0.6}), 2.0)

    assert journal.history.losses.tolist() == [[1.0, -0.9], [2.0, -2.0]]


@pytest.mark.parametrize("length", [0, 2, 4, None])
def test_a_history_can_be_folded_anew_from_any_part(length: int | None) -> None:
    journal, shorter = Journal(SPACE), Journal(SPACE)
    for number, x in enumerate((0.1, 0.2)):
        for each in (journal, shorter):
            if length is None or len(each.entries) < length or each is journal:
                each.ask({"x": x})
            if length is None or len(each.entries) < length or each is journal:
                each.tell(number, x)

    assert seen_of(journal.folded(length)) == seen_of(shorter.history)
