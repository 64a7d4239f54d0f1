import pytest

import tunewright as tw
from tunewright.agreement import agree
from tunewright.errors import StudyChanged, StudyError
from tunewright.journal import Journal
from tunewright.schedulers import ASHA, Once
from tunewright.storage import Memory

SPACE = tw.SearchSpace({"x": tw.Float(0.0, 1.0)})


class Objective:
    def __init__(self, metric=None, data="a", folds=None):
        self.metrics = (metric or tw.Metric("loss"),)
        self.scheduler = Once(folds)
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
        agree(journal, Objective(), None)

    assert [(queued.params, queued.note) for _, queued in journal.history.queue] == [({"x": 0.25}, "default")]
    assert journal.history.frozen == {"data": "a"}


def test_what_is_measured_and_judged_by_must_be_the_same():
    journal = journal_of()
    agree(journal, Objective(), None)

    with pytest.raises(StudyError, match=r"measures loss \(minimize\), but the objective loss \(maximize\)"):
        agree(journal, Objective(tw.Metric("loss", "maximize")), None)
    with pytest.raises(StudyChanged, match="data was a, now b"):
        agree(journal, Objective(data="b"), None)


def test_who_sends_no_folds_is_told_that_one_is_judged():
    folds = Objective(folds=3)

    with pytest.warns(
        UserWarning, match=r"ASHA\(1, 9\) sends no folds, so every configuration is judged on the first of 3 folds alone"
    ):
        agree(journal_of(), folds, ASHA(1, 9))
    agree(journal_of(), folds, Once(folds=3))
    agree(journal_of(), folds, None)
    agree(journal_of(), Objective(), ASHA(1, 9))
