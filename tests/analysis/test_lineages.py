import math

import pytest

from tunewright.analysis import Lineage, Stretch, lineage
from tunewright.analysis.lineages import on_clone, refuse_clone
from tunewright.errors import NoResult, StudyError, TrialError
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"rate": Float(0, 1)})


def family():
    """Trial 0 is trained to 4; 2 goes on from it at 2, and 3 from that at 6."""
    journal = Journal(SPACE)
    for loss in (5.0, 9.0):
        journal.tell(journal.ask({"rate": 0.5}, budget=2), loss)
    journal.tell(0, 4.0, index=journal.send(0, budget=4))
    child = journal.clone(0, {"rate": 0.25}, budget=4, since=2, replaces=1)
    journal.tell(child, 3.0)
    journal.tell(child, 2.0, index=journal.send(child, budget=6))
    journal.tell(journal.clone(child, {"rate": 0.125}, budget=8, since=6, replaces=0), 1.0)
    return journal


def test_a_lineage_is_the_schedule_from_the_first_epoch_on():
    history = family().history

    assert lineage(history) == (
        Stretch(0, 0, 2, {"rate": 0.5}),
        Stretch(2, 2, 6, {"rate": 0.25}),
        Stretch(3, 6, 8, {"rate": 0.125}),
    )
    assert lineage(history, 0) == (Stretch(0, 0, 4, {"rate": 0.5}),)
    assert lineage(history, 2)[-1] == Stretch(2, 2, 6, {"rate": 0.25})
    assert str(lineage(history)[1]) == "2 to 6: rate 0.25 (trial 2)"


def test_a_clone_that_has_finished_nothing_has_its_parents_schedule_so_far():
    journal = family()
    child = journal.clone(2, {"rate": 0.75}, budget=6, since=4)

    assert [each.trial for each in lineage(journal.history, child)] == [0, 2]
    assert lineage(journal.history, child)[-1].end == 4


def test_a_trial_without_budgets_is_one_stretch():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"rate": 0.5}), 1.0)

    assert lineage(journal.history) == (Stretch(0, 0, math.inf, {"rate": 0.5}),)


def test_what_is_not_there_has_no_lineage():
    with pytest.raises(TrialError, match="no trial 9"):
        lineage(family().history, 9)
    with pytest.raises(NoResult):
        lineage(Journal(SPACE).history)


def test_a_clone_is_said_to_be_one():
    history = family().history

    assert on_clone(history, 0) == []
    assert "its lineage, tunewright show runs.db --trial 3, and not" in on_clone(history, 3, shell="runs.db")[0]
    assert "its lineage, and not" in on_clone(history, 3, shell="")[0]
    (said,) = on_clone(history, 3)
    assert said.startswith(
        "Trial 3 went on from trial 2 at budget 6: what it is worth comes from the schedule of its lineage, study.lineage(3)"
    )
    with pytest.raises(StudyError, match=r"Trial 3 went on .* cannot be shipped here"):
        refuse_clone(history, "shipped")


def test_a_lineage_prints_a_line_for_each_stretch_and_is_a_row_of_a_table_in_a_notebook():
    found = lineage(family().history)

    assert repr(found).splitlines() == [
        "0 to 2: rate 0.5 (trial 0)",
        "2 to 6: rate 0.25 (trial 2)",
        "6 to 8: rate 0.125 (trial 3)",
    ]
    assert '<tr><th scope="row">2 to 6</th><td>2</td><td>rate 0.25</td></tr>' in found._repr_html_()
    assert repr(Lineage()) == "Nothing was trained yet."
