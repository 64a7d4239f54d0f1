import json
import math

from tunewright.cli.facts import (
    best_facts,
    best_text,
    counts,
    counts_text,
    failure_lines,
    metric_text,
    params_line,
    spread_text,
    study_facts,
    took,
    when,
)
from tunewright.cli.terminal import json_text
from tunewright.metric import Metric
from tunewright.samplers import QuasiRandom
from tunewright.schedulers.once import Once
from tunewright.space import Float, SearchSpace
from tunewright.study import Study


def search() -> Study:
    study = Study(SearchSpace({"x": Float(0, 1, default=0.5)}), Metric("loss"), sampler=QuasiRandom(), scheduler=Once(folds=2))
    study.enqueue({"x": 0.5}, note="default")
    study.optimize(lambda live: 1 / 0 if live["x"] > 0.9 else live["x"] + (live.fold or 0), trials=20)
    return study


def test_the_facts_of_a_study_are_json_and_whole() -> None:
    study = search()

    facts = json.loads(json_text(study_facts(study, 0.0, last=3)))

    assert facts["counts"] == {
        "trials": 20,
        "completed": study.history.completed,
        "failed": study.history.failed,
        "running": 0,
        "unfinished": 0,
        "queued": 0,
    }
    assert facts["best"]["trial"] == study.best.number
    assert facts["default"]["params"] == {"x": 0.5}
    assert [trial["trial"] for trial in facts["last"]] == [17, 18, 19]
    assert facts["failures"][0]["message"] == "ZeroDivisionError: division by zero"


def test_the_spread_is_over_the_folds() -> None:
    study = search()

    assert spread_text(study.history.trial(0), study.metrics[0]) == "1.00 ± 0.71"  # 0.5 and 1.5
    facts = best_facts(study.history)
    assert facts is not None
    assert math.isclose(facts["spread"]["loss"], math.sqrt(0.5))


def test_a_study_without_a_result_has_no_best() -> None:
    study = Study(SearchSpace({"x": Float(0, 1)}))
    study.ask()

    assert best_facts(study.history) is None
    assert best_text(study.history) == "-"
    assert spread_text(study.history.trial(0), study.metrics[0]) == "-"
    assert counts(study.history)["running"] == 1
    assert counts_text(study.history) == "0 completed, 0 failed, 1 running"


def test_with_several_metrics_the_best_is_the_front() -> None:
    study = Study(SearchSpace({"x": Float(0, 1)}), [Metric("a"), Metric("b", "maximize")])
    study.optimize(lambda live: {"a": live["x"], "b": live["x"]}, trials=5)

    facts = best_facts(study.history)

    assert facts is not None
    assert len(facts["pareto"]) == 5
    assert best_text(study.history) == "5 trials on the Pareto front"


def test_failures_are_counted_by_cause() -> None:
    study = search()
    number = study.history.failed

    (line,) = failure_lines(study.history)

    assert number >= 1
    assert line.startswith(f"{number} x  ZeroDivisionError: division by zero  (trial")


def test_small_texts() -> None:
    assert metric_text(Metric("latency", "minimize", 10.0)) == "latency (minimize, <= 10)"
    assert params_line({"lr": 0.123456789, "opt": "adam", "on": True}) == "lr=0.12346 opt=adam on=true"
    assert when(0.0) == "1970-01-01 00:00:00 UTC"
    assert when(None) == "-"
    assert (took(0.0), took(2.0)) == ("-", "2.0 s")
