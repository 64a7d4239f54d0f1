import pytest

import tunewright as tw
from tunewright.agreement import agree
from tunewright.errors import StudyChanged, StudyError
from tunewright.journal import Journal
from tunewright.schedulers import Once
from tunewright.storage import Memory

SPACE = tw.SearchSpace({"x": tw.Float(0.0, 1.0)})


class Objective:
    def __init__(self, metric=None, data="a"):
        self.metrics = (metric or tw.Metric("loss"),)
        self.scheduler = Once()
        self.frozen = {"data": data}

    def default(self, space):
        return {"x": 0.25} if "x" in space.names else None

    def __call__(self, live):
        return 0.0


def journal_of(storage=None):
    return Journal(storage or Memory(), "study", space=SPACE, metrics=(tw.Metric("loss"),))


def test_the_objectives_default_is_tried_first():
    journal = journal_of()

    for _ in range(2):
        agree(journal, Objective())

    assert [(queued.params, queued.note) for _, queued in journal.history.queue] == [({"x": 0.25}, "default")]
    assert journal.history.frozen == {"data": "a"}


def test_what_is_measured_and_judged_by_must_be_the_same():
    journal = journal_of()
    agree(journal, Objective())

    with pytest.raises(StudyError, match=r"measures loss \(minimize\), but the objective loss \(maximize\)"):
        agree(journal, Objective(tw.Metric("loss", "maximize")))
    with pytest.raises(StudyChanged, match="data was a, now b"):
        agree(journal, Objective(data="b"))
