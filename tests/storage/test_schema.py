"""The view `trials`, for people who query by SQL."""

import json
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tunewright.events import Asked, Commented, Enqueued, Entry, Event, Failed, Released, Reported, Sent, Told
from tunewright.history import History
from tunewright.space import Float, SearchSpace
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER
from tunewright.trial import Failure

COLUMNS = ("study", "number", "state", "params", "values", "seconds", "asked_at", "finished_at", "origin", "note", "parent")
FAILURE = Failure("exception", "ValueError: no")


def trials(path: Path, *journal: tuple[int, Event]) -> list[dict[str, Any]]:
    """The rows of the view over a journal whose n-th event happens at second n."""
    storage = Sql(str(path / "runs.db"))
    storage.create("other", HEADER)
    study = storage.create("first", HEADER).id
    storage.append(study, [Entry(trial, event, float(second)) for second, (trial, event) in enumerate(journal, 1)], 0)
    storage.close()
    with closing(sqlite3.connect(path / "runs.db")) as foreign:
        cursor = foreign.execute("SELECT * FROM trials ORDER BY study, number")
        assert tuple(column[0] for column in cursor.description) == COLUMNS
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor]


def asked(plan: int = 1, budget: float | None = None) -> tuple[int, Event]:
    return -1, Asked({"lr": 0.1}, "Random", 0, plan=plan, budget=budget)


def told(loss: float, index: int = 0, seconds: float = 1.0, reached: float | None = None) -> tuple[int, Event]:
    return 0, Told({"loss": loss}, seconds, index, reached=reached)


def sent(index: int, attempt: int = 1, budget: float | None = None, *, spare: bool = False) -> tuple[int, Event]:
    return 0, Sent(index, attempt=attempt, budget=budget, spare=spare)


def test_a_trial_of_one_task_is_shown_whole(tmp_path: Path) -> None:
    loss = 0.1 + 0.2
    rows = trials(
        tmp_path,
        (-1, Enqueued({"lr": 0.5, "opt": None}, "mine")),
        (-1, Asked({"lr": 0.5, "opt": None}, "queue", 1, queued=1)),
        told(loss),
    )

    assert [(row["study"], row["number"], row["state"], row["origin"], row["note"]) for row in rows] == [
        ("first", 0, "completed", "queue", "mine")
    ]
    assert json.loads(rows[0]["params"]) == {"lr": 0.5, "opt": None}
    assert json.loads(rows[0]["values"]) == {"loss": loss}  # exact
    assert (rows[0]["seconds"], rows[0]["asked_at"], rows[0]["finished_at"]) == (1.0, 2.0, 3.0)


STATES: dict[str, tuple[Sequence[tuple[int, Event]], tuple[str, float | None, float, float | None]]] = {
    "nothing told yet": ([asked()], ("running", None, 0.0, None)),
    "reports are no results": ([asked(), (0, Reported(0, 1.0, {"loss": 9.0}))], ("running", None, 0.0, None)),
    "two of three folds": ([asked(3), sent(1), sent(2), told(1), told(2, 1)], ("running", None, 2.0, None)),
    "one of three sent": ([asked(3), told(1)], ("running", None, 1.0, None)),
    "three folds": ([asked(3), sent(1), sent(2), told(1), told(2, 1), told(6, 2)], ("completed", 3.0, 3.0, 6.0)),
    "more was sent than planned": ([asked(), told(1), sent(1)], ("running", None, 1.0, None)),
    "more was sent and told": ([asked(), told(1), sent(1), told(2, 1)], ("completed", 1.5, 2.0, 4.0)),
    "a failure": ([asked(), (0, Failed(FAILURE, 2.5))], ("failed", None, 2.5, 2.0)),
    "a failed fold": ([asked(2), sent(1), told(1), (0, Failed(FAILURE, 2.5, 1))], ("failed", None, 3.5, 4.0)),
    "a fold told after the failure": ([asked(2), sent(1), (0, Failed(FAILURE, 2.5, 1)), told(1)], ("failed", None, 3.5, 3.0)),
    "given back": ([asked(), (0, Released(0, "died"))], ("running", None, 0.0, None)),
    "given back, sent again, told": ([asked(), (0, Released(0, "died")), sent(0, 2), told(4)], ("completed", 4.0, 1.0, 4.0)),
    "told twice": ([asked(), told(4), told(5, seconds=9)], ("completed", 4.0, 1.0, 2.0)),
    "told, then failed": ([asked(), told(4), (0, Failed(FAILURE))], ("completed", 4.0, 1.0, 2.0)),
    "failed, then told": ([asked(), (0, Failed(FAILURE)), told(4)], ("failed", None, 0.0, 2.0)),
    "the highest budget counts": ([asked(budget=1), told(9), sent(1, budget=3), told(2, 1)], ("completed", 2.0, 2.0, 4.0)),
    "folds at the highest budget": (
        [asked(budget=1), told(9), sent(1, budget=3), sent(2, budget=3), told(2, 1), told(4, 2)],
        ("completed", 3.0, 3.0, 6.0),
    ),
    "no budget is all of it": ([asked(budget=1), told(9), sent(1), told(2, 1)], ("completed", 2.0, 2.0, 4.0)),
    "a spare one failed": (
        [asked(2), sent(1), told(1), told(3, 1), sent(2, spare=True), (0, Failed(FAILURE, 2.5, 2))],
        ("completed", 2.0, 4.5, 4.0),
    ),
    "a spare one is under way": ([asked(), told(1), sent(1, spare=True)], ("completed", 1.0, 1.0, 2.0)),
    "a spare one was given back": (
        [asked(), told(1), sent(1, spare=True), (0, Released(1, "interrupted"))],
        ("completed", 1.0, 1.0, 2.0),
    ),
    "a spare one told": ([asked(), told(1), sent(1, spare=True), told(2, 1)], ("completed", 1.5, 2.0, 2.0)),
    "a spare one told before the rest": ([asked(2), sent(1, spare=True), told(5, 1), told(1)], ("running", None, 2.0, None)),
    "stopped by the scheduler": ([asked(), told(4, reached=3)], ("completed", 4.0, 1.0, 2.0)),
    "promised more, and stopped by the scheduler": (
        [asked(3), sent(1), told(1), told(4, 1, reached=3)],
        ("completed", 2.5, 2.0, 4.0),
    ),
    "stopped, and resumed by another": (
        [asked(), told(4, reached=3), sent(1, budget=9), told(1, 1)],
        ("completed", 1.0, 2.0, 4.0),
    ),
    "stopped at once, and promised more": ([asked(3), told(4, reached=3)], ("completed", 4.0, 1.0, 2.0)),
    "stopped beyond its budget": (
        [asked(budget=3), sent(1, budget=3), told(4, reached=9), told(2, 1)],
        ("completed", 3.0, 2.0, 4.0),
    ),
    "a remark is no result": ([asked(), (0, Commented("odd"))], ("running", None, 0.0, None)),
}


@pytest.mark.parametrize("case", STATES)
def test_states_and_values_are_those_of_the_journal(case: str, tmp_path: Path) -> None:
    journal, (state, loss, seconds, finished) = STATES[case]

    (row,) = trials(tmp_path, *journal)

    assert (row["state"], row["seconds"], row["finished_at"]) == (state, seconds, finished)
    assert (None if row["values"] is None else json.loads(row["values"])) == (None if loss is None else {"loss": loss})


def test_a_mean_is_taken_of_each_metric(tmp_path: Path) -> None:
    (row,) = trials(
        tmp_path, asked(2), sent(1), (0, Told({"loss": 1.0, "ms": 10.0})), (0, Told({"loss": 2.0, "ms": 30.0}, index=1))
    )

    assert json.loads(row["values"]) == {"loss": 1.5, "ms": 20.0}


def test_a_trial_of_ten_numbers_takes_some_440_bytes_of_the_file(tmp_path: Path) -> None:
    """At 100,000 trials 433 were measured; here the first pages weigh more."""
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    position = 0
    for number in range(5_000):
        params = {f"p{index}": (number * 0.6180339887498949 + index * 0.1414213562373095) % 1 for index in range(10)}
        ask = Entry(-1, Asked(dict(params), "Random", position, worker=1), 1.7e9 + number)
        tell = Entry(number, Told({"loss": params["p0"] / 3}, params["p1"] / 7), 1.7e9 + number)
        position = storage.append(study, [ask, tell], position)[-1].position
    storage.close()

    assert (tmp_path / "runs.db").stat().st_size / 5_000 < 455  # the first pages and shorter numbers included


@pytest.mark.parametrize("seed", range(30))
def test_the_view_agrees_with_the_history_folded_from_the_same_journal(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    journal: list[tuple[int, Event]] = []
    count = 0
    sent: dict[int, int] = {}  # tasks of each trial
    for _ in range(60):
        trial, budget = chance.randrange(max(count, 1)), chance.choice([None, 1.0, 3.0])
        index = chance.randrange(sent.get(trial, 1))
        events: list[tuple[int, Event]] = [
            (trial, Sent(sent.get(trial, 1), budget=budget)),
            (trial, Sent(index, attempt=2)),
            (trial, Told({"loss": chance.random(), "latency": chance.random()}, chance.random(), index)),
            (trial, Told({"loss": chance.random(), "latency": chance.random()}, chance.random(), 0)),
            (
                trial,
                Told(
                    {"loss": chance.random(), "latency": chance.random()},
                    chance.random(),
                    index,
                    reached=chance.choice([1.0, 2.0]),
                ),
            ),
            (trial, Failed(FAILURE, 0.5, index)),
            (trial, Released(index, "died")),
        ]
        if not count or chance.random() < 0.3:
            journal.append((-1, Asked({"lr": chance.random()}, "Random", len(journal), plan=chance.randint(1, 3), budget=budget)))
            sent[count] = 1
            count += 1
        else:
            journal.append(chance.choice(events))
            sent[trial] += journal[-1] is events[0]
    rows = trials(tmp_path, *journal)
    history = History(SearchSpace({"lr": Float(0, 1)}), HEADER.metrics)
    storage = Sql(str(tmp_path / "runs.db"))
    history.fold(storage.read(storage.open("first").id))
    storage.close()

    assert len(rows) == len(history) == count
    for row in rows:
        known = history.trial(row["number"])
        values = None if row["values"] is None else json.loads(row["values"])
        assert (row["state"], row["finished_at"], row["asked_at"]) == (known.state, known.finished_at, known.asked_at)
        assert row["seconds"] == pytest.approx(known.seconds, abs=1e-12)
        assert json.loads(row["params"]) == known.params
        assert values == (None if known.values is None else pytest.approx(known.values, rel=1e-14))


def test_of_a_clone_stands_whose_checkpoint_it_goes_on_from(tmp_path: Path) -> None:
    clone = Asked({"lr": 0.2}, "clone", 2, budget=2.0, parent=0, since=1.0, replaces=1)

    rows = trials(tmp_path, asked(), asked(), (-1, clone))

    assert [row["parent"] for row in rows] == [None, None, 0]
