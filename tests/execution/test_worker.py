import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import MetricError, NoValue, Stopped, TrialError
from tunewright.execution.channel import Board, BoardChannel
from tunewright.execution.worker import measured, outcome_of, run, told
from tunewright.trial import Failure, Outcome, Report, Task

TASK = Task(0, 0, {"x": 0.5})


class Whole(int):
    pass


class Real(float):
    pass


@pytest.mark.parametrize("number", [0.25, 1, np.float32(0.25), np.array(0.25), np.int64(1), Decimal("0.25")])
def test_every_kind_of_number_is_a_value(number):
    values, info = measured(number, ("loss",))

    assert values == {"loss": float(number)}
    assert type(values["loss"]) is float
    assert info == {}


def test_a_dictionary_is_sorted_into_metrics_and_information():
    values, info = measured({"loss": 1, "train": np.float64(0.5), "shape": (3, 4), "odd": float("nan"), "kind": len}, ("loss",))

    assert values == {"loss": 1.0}
    assert info == {"train": 0.5, "shape": [3, 4], "odd": None, "kind": "<built-in function len>"}


def test_what_json_cannot_hold_is_told_as_text_or_number():
    _, info = measured({"loss": 1, "big": 2**70, "huge": 10**400, "name": "a\udc80b", "flag": True}, ("loss",))

    assert info == {"big": float(2**70), "huge": str(10**400), "name": "a\\udc80b", "flag": True}


def test_a_sequence_has_one_number_per_metric():
    assert measured((1, 2.5), ("loss", "seconds"))[0] == {"loss": 1.0, "seconds": 2.5}


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (None, "returned None"),
        ("1.5", "returned the text '1.5'"),
        (float("nan"), "returned nan"),
        (float("inf"), "returned inf"),
        (True, "returned True"),
        (np.True_, "Return one number"),
        (np.array(False), "Return one number"),
        (np.eye(2), "returned array([[1., 0.], [0., 1.]]) (a ndarray)"),
        (np.zeros(3), "Return one number"),
        (object(), "Return a number"),
        (1 + 2j, "Return a number"),
        (10**400, "Return a number"),
        ({"accuracy": 1.0}, 'did not return the metric "loss"; it returned "accuracy"'),
        ({}, "it returned nothing"),
        ({"loss": None}, 'returned None for "loss"'),
    ],
)
def test_what_cannot_be_used_says_why(result, says):
    with pytest.raises(MetricError) as raised:
        measured(result, ("loss",))

    assert says in str(raised.value)


def test_the_wrong_number_of_values_says_what_to_return():
    with pytest.raises(MetricError, match=r'Return \{"loss": …, "seconds": …\}'):
        measured(1.0, ("loss", "seconds"))


def test_an_exception_is_kept_whole():
    def objective(_):
        raise ValueError("no such kernel")

    outcome = run(objective, TASK, ("loss",))

    assert outcome.values is None
    assert outcome.failure.kind == "exception"
    assert outcome.failure.message == "ValueError: no such kernel"
    assert 'raise ValueError("no such kernel")' in outcome.failure.traceback
    assert "execution/worker.py" not in outcome.failure.traceback


def test_an_exception_that_cannot_say_what_it_is_keeps_its_name():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("nothing to say")

    def objective(_):
        raise Mute

    assert run(objective, TASK, ("loss",)).failure.message == "Mute: (its text cannot be had: RuntimeError)"


def test_sys_exit_costs_the_task_and_not_the_study():
    outcome = run(lambda _: sys.exit(0), TASK, ("loss",))

    assert outcome.failure.message == "SystemExit: 0"


def test_ctrl_c_passes_through():
    def objective(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(objective, TASK, ("loss",))


def test_a_bad_value_is_a_failure_with_the_mend():
    outcome = run(lambda _: "0.5", TASK, ("loss",))

    assert outcome.failure.kind == "bad value"
    assert "Return a number" in outcome.failure.message


def test_a_generator_reports_on_the_way_and_its_last_yield_is_the_value():
    def objective(live):
        for epoch in range(3):
            yield live["x"] / (epoch + 1)

    outcome = run(objective, TASK, ("loss",))

    assert outcome.values == {"loss": 0.5 / 3}
    assert outcome.reports == (Report(1.0, {"loss": 0.5}), Report(2.0, {"loss": 0.25}), Report(3.0, {"loss": 0.5 / 3}))


def test_a_generator_may_return_its_value():
    def objective(_):
        yield {"loss": 3.0, "lr": 0.1}
        return 1.0

    assert run(objective, TASK, ("loss",)).values == {"loss": 1.0}


def test_a_generator_that_yields_a_text_fails():
    def objective(_):
        yield "half way"

    assert run(objective, TASK, ("loss",)).failure.kind == "bad value"


def test_seconds_are_measured():
    assert 0 <= run(lambda _: 1.0, TASK, ("loss",)).seconds < 5


@pytest.mark.parametrize("catches", [True, False])
def test_a_generator_that_is_asked_to_stop_may_clean_up_and_return(catches):
    board, seen = Board(), []
    board.ask(TASK.key, "enough")

    def objective(_):
        try:
            yield 1.0
            yield 2.0
        except Stopped:
            seen.append("cleaned up")
            if not catches:
                raise

    outcome = run(objective, TASK, ("loss",), BoardChannel(board, TASK.key))

    assert seen == ["cleaned up"]
    assert outcome.values == ({"loss": 1.0} if catches else None)
    assert catches or outcome.failure.kind == "stopped"


def test_want_of_memory_is_a_kind_of_its_own():
    class OutOfMemoryError(RuntimeError):
        """As PyTorch calls it."""

    def objective(live):
        raise live["error"]

    kinds = [
        run(objective, Task(0, 0, {"error": error}), ("loss",)).failure.kind
        for error in (MemoryError(), OutOfMemoryError(), RuntimeError())
    ]

    assert kinds == ["memory", "memory", "exception"]


class _Mute:
    def __repr__(self):
        raise RuntimeError("no repr")


class _Broken:
    def __float__(self):
        raise RuntimeError("no float")


def _circle():
    found: dict[str, object] = {"loss": 1.0}
    found["me"] = found
    return found


@pytest.mark.parametrize("result", [_Mute(), _Broken()], ids=["repr", "float"])
def test_a_result_that_cannot_be_read_is_a_bad_value(result):
    outcome = run(lambda _: result, Task(0, 0, {}), ("loss",))

    assert outcome.failure.kind == "bad value"
    assert "cannot be read" in outcome.failure.message


def test_a_last_step_that_is_no_number_is_a_bad_value():
    def objective(_):
        yield 1.0
        yield float("nan")

    assert run(objective, Task(0, 0, {}), ("loss",)).failure.kind == "bad value"


def test_a_step_on_the_way_that_is_no_number_is_left_out():
    def objective(_):
        yield {"loss": 1.0, "score": 2.0}
        yield float("inf"), np.float32("nan")
        yield {"loss": float("nan"), "score": 3.0}
        yield 0.5, 4.0

    outcome = run(objective, Task(0, 0, {}), ("loss", "score"))

    assert outcome.values == {"loss": 0.5, "score": 4.0}
    assert [report.values for report in outcome.reports] == [
        {"loss": 1.0, "score": 2.0},
        {},
        {"score": 3.0},
        {"loss": 0.5, "score": 4.0},
    ]


def test_a_stop_that_nobody_asked_for_is_an_error_like_others():
    def objective(_):
        raise Stopped("it diverges")

    failure = run(objective, TASK, ("loss",)).failure

    assert (failure.kind, failure.message) == ("exception", "Stopped: it diverges")
    with pytest.warns(UserWarning, match="No trial completed, and 2 failed with .Stopped: it diverges"):
        tw.Study({"x": tw.Float(0, 1)}).optimize(objective, trials=2)


def test_an_objective_of_a_thread_that_interrupts_costs_its_task():
    def objective(_):
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run, objective, Task(0, 0, {}), ("loss",)).result().failure.message == "KeyboardInterrupt"


def test_what_is_told_as_an_outcome_may_hold_what_an_objective_may_return():
    outcome = told(Outcome({"loss": 1.0}, info={"p": np.arange(2), "file": Path("a.csv")}), ("loss",), np.float64(2))

    assert outcome.info == {"p": [0, 1], "file": "a.csv"}
    assert type(outcome.seconds) is float


@pytest.mark.parametrize("seconds", ["a", True, -1, float("nan"), float("inf")])
def test_seconds_are_a_time(seconds):
    with pytest.raises(TrialError, match="seconds must be a finite number, 0 or more, got"):
        told(1.0, ("loss",), seconds)


def test_what_stands_beside_a_good_metric_costs_nothing():
    outcome = run(lambda _: _circle() | {"mute": _Mute(), 1: Whole(2), "f\udcff": Real(0.5)}, Task(0, 0, {}), ("loss",))

    assert outcome.failure is None
    assert outcome.values == {"loss": 1.0}
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
    assert (outcome.info["1"], outcome.info["f\\udcff"]) == (2, 0.5)


@pytest.mark.parametrize("result", [{"f\udcff": 1.0}, NoValue("f\udcff", {}), NoValue("none", None), ValueError("f\udcff")])
def test_a_failure_can_be_stored_whatever_it_says(result):
    outcome = outcome_of(result, ("loss",))

    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def test_one_odd_result_leaves_its_neighbours_and_the_search_alone(tmp_path):
    odd: dict[int, dict[str, float]] = {3: {"f\udcff.csv": 1.0}, 5: {"n": Whole(1)}, 6: {"x": Real(1)}}
    study = tw.Study({"x": tw.Float(0, 1)}, storage=str(tmp_path / "s.db"), sampler=tw.samplers.Random())

    study.optimize(lambda live: {"value": live["x"], **odd.get(live.trial, {})}, trials=10)

    assert tw.Study.load(str(tmp_path / "s.db")).history.completed == 10


@pytest.mark.filterwarnings("error")
def test_a_coroutine_asks_whether_the_objective_is_async():
    async def objective(_):
        return 1.0

    for metrics in (("loss",), ("loss", "seconds")):
        assert "Is the objective async? Give a plain def." in outcome_of(objective(None), metrics).failure.message


def test_an_outcome_may_hold_numbers_of_any_kind():
    values: dict[str, Any] = {"a": np.float32(0.5), "f\udcff": Decimal(2), "nan": np.float64("nan")}
    rest: dict[str, Any] = {"seconds": Decimal(2), "info": None, "reports": (Report(np.int64(1), values),)}
    given = Outcome(cast(Any, {"loss": np.float64(1), "more": np.int8(3)}), **rest)

    outcome = told(given, ("loss",), None)

    assert outcome == Outcome({"loss": 1.0}, None, 2.0, {"more": 3}, (Report(1.0, {"a": 0.5, "f\\udcff": 2.0}, ("nan",)),))
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"seconds": -5.0}, "seconds must be a finite number, 0 or more, got -5.0"),
        ({"seconds": Decimal("sNaN")}, "seconds must be a finite number"),
        ({"info": 5}, "info of the outcome cannot be read"),
        (
            {"reports": (Report(1, cast(Any, {"a": "b"})),)},
            "reports of the outcome cannot be read: ValueError: A report holds numbers",
        ),
        ({"failure": "no memory"}, "failure of an outcome is a Failure"),
    ],
)
def test_an_outcome_that_cannot_be_read_is_said(given, says):
    with pytest.raises(TrialError, match=says):
        told(Outcome(**{"values": {"loss": 1.0}} | given), ("loss",), None)


def test_a_failure_that_is_told_stays_what_it_is():
    given = Outcome(None, Failure("memory", "f\udcff"), 3.0, {"n": Whole(1)})

    outcome = told(given, ("loss",), None)

    assert outcome == Outcome(None, Failure("memory", "f\\udcff"), 3.0, {"n": 1})
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def test_who_was_asked_to_stop_may_report_while_it_cleans_up():
    board = Board()
    board.ask(TASK.key, "enough")

    def objective(live):
        try:
            live.report(1, loss=1.0)
        except Stopped:
            live.report(2, loss=0.5)
            return 0.5

    outcome = run(objective, TASK, ("loss",), BoardChannel(board, TASK.key))

    assert outcome.values == {"loss": 0.5}
    assert board.take() == {TASK.key: [Report(1.0, {"loss": 1.0}), Report(2.0, {"loss": 0.5})]}


def test_a_generator_that_was_asked_to_stop_may_yield_while_it_cleans_up():
    board = Board()
    board.ask(TASK.key, "enough")

    def objective(_):
        try:
            yield 1.0
        except Stopped:
            yield 0.5
            yield 0.25

    outcome = run(objective, TASK, ("loss",), BoardChannel(board, TASK.key))

    assert outcome.values == {"loss": 0.25}
    assert [report.values["loss"] for report in board.take()[TASK.key]] == [1.0, 0.5, 0.25]
