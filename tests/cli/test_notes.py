from typing import Any

import msgspec

from tunewright.automl.records import (
    ColumnFacts,
    Copies,
    DataFacts,
    FamilyFacts,
    MetricFacts,
    Paths,
    SplitFacts,
    TaskFacts,
    TunePlan,
)
from tunewright.cli.notes import notes

PLAN = TunePlan(
    headline="",
    task=TaskFacts(kind="regression", target="y", reason=""),
    metric=MetricFacts(name="r2", goal="maximize", scorer="r2", reason=""),
    data=DataFacts(
        path="t.csv", rows=60_000, columns=3, used_rows=60_000, train_rows=48_000, test_rows=12_000, features=2, fingerprint=""
    ),
    columns=(
        ColumnFacts(name="y", role="target", used=False, missing=0),
        ColumnFacts(name="x", role="number", used=True, missing=0),
    ),
    split=SplitFacts(kind="shuffled", folds=5, sentence="", fingerprint=""),
    families=(FamilyFacts(name="linear", title="linear model", searched=True),),
    seconds=None,
    trials=3,
    workers=1,
    paths=Paths(folder="", model="", result="", report="", study="", name=""),
)


def column(name: str, role: str, sentence: str = "") -> ColumnFacts:
    return ColumnFacts(name=name, role=role, used=role in {"number", "date"}, missing=0, sentence=sentence)


def plan(**changes: Any) -> TunePlan:
    return msgspec.structs.replace(PLAN, **changes)


def test_a_table_that_is_used_as_it_stands_needs_no_word() -> None:
    assert notes(PLAN) == []


def test_rows_that_were_left_out_come_first() -> None:
    data = msgspec.structs.replace(PLAN.data, notes=("30 rows have no value in the target and are left out.",))

    assert notes(plan(data=data)) == [" noted   30 rows have no value in the target and are left out."]


def test_columns_that_are_not_used_share_a_line() -> None:
    columns = (
        *(column(f"e{i}", "empty", "Not used.") for i in range(100)),
        column("id", "identifier", "Not used."),
        column("g", "groups", "It."),
    )

    (line,) = notes(plan(columns=columns))

    assert line == ' noted   columns not used: "e0", "e1", "e2", "e3", "e4" and 95 more (no value); "id" (only tells rows apart)'


def test_columns_that_are_read_in_the_same_way_share_a_line_and_there_are_few() -> None:
    same = [column(name, "number", "Read with a decimal comma.") for name in ("a", "b")]
    others = [column(f"d{i}", "date", f"A date: {i}.") for i in range(6)]

    lines = notes(plan(columns=(*same, *others)))

    assert lines[0] == ' noted   "a", "b": Read with a decimal comma.'
    assert lines[-1] == " noted   3 more columns are read in ways of their own; the report says how"
    assert len(lines) == 5


def test_families_that_are_too_slow_share_a_line_and_what_was_not_asked_for_needs_none() -> None:
    slow = "Left out: on 48000 rows one configuration takes about 9 minutes."
    families = (
        FamilyFacts(name="knn", title="k nearest neighbours", searched=False, reason=slow),
        FamilyFacts(name="svm", title="support vector machine", searched=False, reason=slow),
        FamilyFacts(name="mlp", title="neural network", searched=False, reason="Not asked for."),
    )

    (line,) = notes(plan(families=families))

    assert line == (
        " noted   models left out, too slow on 48,000 rows for the time there is: k nearest neighbours, support vector machine. "
        "To search them anyway, name them: --models knn,svm"
    )


def test_copies_that_are_held_together_are_told_before_the_search() -> None:
    copies = Copies(rows=1300, exact=1000, natural=False, handled="together", sets=400, seen=0)
    data = msgspec.structs.replace(PLAN.data, copies=copies)

    assert notes(plan(data=data)) == [
        " noted   1,300 rows repeat another in all features: such copies are held together, on one side of every split"
    ]
    assert notes(plan(data=msgspec.structs.replace(data, copies=msgspec.structs.replace(copies, handled="apart")))) == []
