from tunewright.analysis.table import records
from tunewright.events import Entry, Told
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, SearchSpace, param
from tunewright.study import Study
from tunewright.testing.journal import Journal

SPACE = SearchSpace({"opt": Categorical(["sgd", "adam"]), "momentum": Float(0, 1)}, when={"momentum": param("opt") == "sgd"})


def tell(journal, trial, index, value, info):
    """With what the objective returned beside the metric."""
    position = len(journal.entries) + 1
    journal.entries.append(Entry(trial, Told({"loss": value}, 0.25, index, info), 1.76e9 + position, position))
    journal.history.fold(journal.entries[-1:])


def test_every_row_has_the_same_columns():
    journal = Journal(SPACE, [Metric("loss")])
    journal.tell(journal.ask({"opt": "sgd", "momentum": 0.5}), 1.0)
    journal.fail(journal.ask({"opt": "adam"}))
    journal.ask({"opt": "adam"})

    table = records(journal.history)

    assert len({tuple(row) for row in table}) == 1
    assert [row["loss"] for row in table] == [1.0, None, None]
    assert [row["param.momentum"] for row in table] == [0.5, None, None]
    assert [row["state"] for row in table] == ["completed", "failed", "running"]
    assert table[1]["failure"] == "ValueError: made to fail by a test"
    assert table[2]["finished_at"] is None


def test_a_metric_with_the_name_of_a_column_has_its_own():
    journal = Journal(SPACE, [Metric("seconds")])
    journal.tell(journal.ask({"opt": "adam"}), 123.0)
    row = records(journal.history)[0]

    assert row["metric.seconds"] == 123.0
    assert row["seconds"] != 123.0


def test_parameters_of_earlier_spaces_stay():
    study = Study(SPACE, Metric("loss"))
    study.enqueue({"opt": "sgd", "momentum": 0.5})
    study.optimize(lambda live: 1.0, trials=1)
    study.edit(SearchSpace({"opt": Categorical(["sgd", "adam"]), "decay": Float(0, 1)}))
    row = records(study.history)[0]

    assert {name: value for name, value in row.items() if name.startswith("param.")} == {
        "param.opt": "sgd", "param.decay": None, "param.momentum": 0.5,
    }  # fmt: skip


def test_what_the_objective_returned_beside_the_metrics_has_columns():
    study = Study(SPACE, Metric("loss"))
    study.optimize(lambda live: {"loss": 1.0, "size": 3, "kind": "small", "steps": [1, 2]}, trials=1)
    study.enqueue({"opt": "adam"})
    study.tell(study.ask(), 2.0)

    first, second = records(study.history)

    assert [first[f"info.{name}"] for name in ("size", "kind", "steps")] == [3, "small", [1, 2]]
    assert [second[f"info.{name}"] for name in ("size", "kind", "steps")] == [None, None, None]


def test_of_several_folds_numbers_are_averaged_and_the_rest_is_the_last():
    journal = Journal(SPACE, [Metric("loss")])
    trial = journal.ask({"opt": "adam"}, fold=0)
    tell(journal, trial, 0, 1.0, {"size": 1, "kind": "a", "odd": 1})
    tell(journal, trial, journal.send(trial, fold=1), 2.0, {"size": 4, "kind": "b", "odd": None, "late": True})

    (row,) = records(journal.history)

    assert [row[f"info.{name}"] for name in ("size", "kind", "odd", "late")] == [2.5, "b", None, True]


def test_info_of_the_highest_budget_counts_as_values_do():
    journal = Journal(SPACE, [Metric("loss")])
    trial = journal.ask({"opt": "adam"}, budget=1.0)
    tell(journal, trial, 0, 1.0, {"size": 1, "early": 7})
    tell(journal, trial, journal.send(trial, budget=9.0), 2.0, {"size": 4})

    (row,) = records(journal.history)

    assert (row["info.size"], row["info.early"]) == (4, 7)


def test_where_there_are_clones_each_row_says_of_which_trial_it_is_one():
    journal = Journal(SPACE, [Metric("parent")])
    journal.tell(journal.ask({"opt": "adam"}, budget=1), 1.0)
    assert records(journal.history)[0]["parent"] == 1.0

    journal.tell(journal.clone(0, {"opt": "adam"}, budget=2, since=1), 2.0)
    table = records(journal.history)

    assert [row["parent"] for row in table] == [None, 0]
    assert [row["metric.parent"] for row in table] == [1.0, 2.0]
    assert [row["origin"] for row in table] == ["test", "clone"]
