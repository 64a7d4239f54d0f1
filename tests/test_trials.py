import numpy as np

from tunewright.events import Asked
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, Int, SearchSpace
from tunewright.tasks import TaskTable
from tunewright.trial import TrialState
from tunewright.trials import COMPLETED, RUNNING, TrialTable

LOSS = (Metric("loss"),)
SPACE = SearchSpace({"x": Float(0, 1), "opt": Categorical(["a", "b"])})


def table_of(*params):
    table = TrialTable(SPACE, LOSS)
    for each in params:
        table.add(Asked(each, "test", basis=7), time=3.0)
    return table


def test_a_trial_is_a_row():
    table = table_of({"x": 0.5, "opt": "b"})

    assert table.column("rows").tolist() == [[0.5, 1.0]]
    assert table.column("states").tolist() == [RUNNING]
    assert (table.origin, table.basis, table.plan, table.sent) == (["test"], [7], [1], [1])
    assert table.params(0) == {"x": 0.5, "opt": "b"}


def test_a_row_that_was_asked_is_seen():
    table = table_of({"x": 0.0, "opt": "b"})

    assert table.seen([-0.0, 1.0])
    assert not table.seen(np.array([0.0, 0.0]))


def test_a_record_is_made_of_the_columns():
    table, tasks = table_of({"x": 0.5, "opt": "a"}), TaskTable(LOSS)
    tasks.add(0, 0, Asked({}, "test", 0))
    table.cells["states"][0] = COMPLETED
    table.cells["values"][0] = 0.25

    record = table.record(0, tasks)

    assert (record.state, record.values, record.asked_at) == (TrialState.COMPLETED, {"loss": 0.25}, 3.0)


def test_two_edits_leave_every_trial_as_it_was_asked():
    table = table_of({"x": 0.5, "opt": "a"}, {"x": 1.0, "opt": "b"})
    table.edit(SearchSpace({"x": Float(0, 1), "opt": Categorical(["a", "b", "c"]), "n": Int(1, 9, default=4)}))
    table.add(Asked({"x": 0.25, "opt": "c", "n": 9}, "test", 9), 4.0)
    table.edit(SearchSpace({"opt": Categorical(["a", "c"]), "n": Int(1, 9, default=4)}))

    assert [table.params(i) for i in range(3)] == [
        {"x": 0.5, "opt": "a"},
        {"x": 1.0, "opt": "b"},
        {"x": 0.25, "opt": "c", "n": 9},
    ]
    assert table.column("usable").tolist() == [True, False, True]
    assert table.column("rows")[[0, 2]].tolist() == [[0.0, 4.0], [1.0, 9.0]]
