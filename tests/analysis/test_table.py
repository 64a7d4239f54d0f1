from tunewright.analysis.table import records
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, SearchSpace, param
from tunewright.study import Study
from tunewright.testing.journal import Journal

SPACE = SearchSpace({"opt": Categorical(["sgd", "adam"]), "momentum": Float(0, 1)}, when={"momentum": param("opt") == "sgd"})


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
