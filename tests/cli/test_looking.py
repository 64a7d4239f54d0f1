import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.analysis.facts import HELD
from tunewright.execution.live import LiveTrial
from tunewright.metric import Metric
from tunewright.samplers.quasi_random import QuasiRandom
from tunewright.schedulers.once import Once
from tunewright.schedulers.pbt import PBT
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]


SPACE = SearchSpace({"x": Float(0, 1), "opt": Categorical(["sgd", "adam"])})


def search(name: str = "first", trials: int = 12) -> Study:
    study = Study(SPACE, Metric("loss"), sampler=QuasiRandom(), scheduler=Once(folds=2), storage="runs.db", name=name)
    study.optimize(fails_sometimes, trials=trials)
    return study


def fails_sometimes(live: LiveTrial) -> dict[str, float]:
    if live["x"] > 0.8:
        raise ValueError(f"diverged at {live['x']:.2f}")
    return {"loss": live["x"] + 0.1 * (live.fold or 0), "size": 3}


def test_a_study_is_shown_with_all_that_matters(cli: Cli) -> None:
    study = search()
    study.comment("looks good")

    shown = cli("show", "runs.db", "--last", "3")

    assert shown.code == 0
    assert shown.err == ""
    history = study.history
    assert f"{history.completed} completed, {history.failed} failed, 0 running" in shown.out
    assert f"(trial {study.best.number})" in shown.out
    assert re.search(r"best      0(\.\d+)? ± 0\.071 \(trial \d+\)", shown.out)
    assert f"{history.failed} x  ValueError: diverged at" in shown.out
    assert "looks good" in shown.out
    assert len(re.findall(r"^ +\d+  (completed|failed)", shown.out, re.MULTILINE)) == 3


def test_the_same_as_json(cli: Cli) -> None:
    study = search()

    facts = cli("show", "runs.db", "--json").json

    assert facts["name"] == "first"
    assert facts["metrics"] == [{"name": "loss", "goal": "minimize", "bound": None}]
    assert facts["best"]["trial"] == study.best.number
    assert facts["counts"]["failed"] == len(facts["failures"][0]["trials"])


def test_several_studies_are_listed(cli: Cli) -> None:
    search("first", 2)
    search("second", 3)

    listed = cli("show", "runs.db")
    as_json = cli("show", "runs.db", "--json").json

    assert "2 studies" in listed.out
    assert [study["name"] for study in as_json["studies"]] == ["first", "second"]
    assert [study["counts"]["trials"] for study in as_json["studies"]] == [2, 3]
    assert cli("show", "runs.db", "--name", "second", "--json").json["counts"]["trials"] == 3


def test_one_trial_is_shown_whole(cli: Cli) -> None:
    study = search()
    failed = study.history.failures[0][0]
    study.comment("odd", trial=failed)

    whole = cli("show", "runs.db", "--trial", study.best.number)
    broken = cli("show", "runs.db", "--trial", failed)
    as_json = cli("show", "runs.db", "--trial", failed, "--json").json

    assert re.search(r"^ +0 +0 +0 +- +0(\.\d+)? .* size=3$", whole.out, re.MULTILINE)
    assert "Traceback (most recent call last)" in broken.out
    assert "odd" in broken.out
    assert as_json["state"] == "failed"
    assert as_json["failure"]["kind"] == "exception"
    assert as_json["comments"] == ["odd"]


def test_a_trial_that_is_not_there_is_bad_input(cli: Cli) -> None:
    search(trials=2)

    refused = cli("show", "runs.db", "--trial", 99)

    assert refused == (2, "", "tunewright: There is no trial 99: the study holds trials 0 to 1.\n")


def test_the_best_is_exact_and_can_be_copied(cli: Cli) -> None:
    study = search()

    shown = cli("best", "runs.db")
    facts = cli("best", "runs.db", "--json").json

    assert f"x    {study.best.params['x']!r}\n" in shown.out
    assert facts["params"] == study.best.params
    assert facts["values"] == study.best.values


def test_where_a_model_file_holds_another_trial_the_best_says_so(cli: Cli) -> None:
    study = search()
    other = next(trial.number for trial in study.history.trials if trial.usable and trial.number != study.best.number)
    study.comment(f"{HELD} (linear model, the default)", trial=other)

    shown = cli("best", "runs.db")

    assert f"note: The model file of tunewright tune holds trial {other}" in shown.err
    assert f"(trial {study.best.number})" in shown.out
    cli("report", "runs.db", "--quick")
    assert f"holds trial {other}" in Path("report.html").read_text(encoding="utf-8")


def test_the_best_few_come_in_order(cli: Cli) -> None:
    search()

    top = cli("best", "runs.db", "--top", "3", "--json").json["top"]

    assert len(top) == 3
    assert [trial["values"]["loss"] for trial in top] == sorted(trial["values"]["loss"] for trial in top)


def test_the_best_few_can_be_copied_each(cli: Cli) -> None:
    study = Study(SearchSpace({"a_rather_long_name": Float(0, 1), "text": Categorical(["x" * 90])}), storage="runs.db")
    study.optimize(lambda live: live["a_rather_long_name"], trials=4)

    blocks = cli("best", "runs.db", "--top", "2").out.split("\n\n")

    assert len(blocks) == 2
    for number, block in zip(study.history.order[:2], blocks, strict=True):
        assert f"(trial {number})" in block
        assert f"a_rather_long_name  {study.history.trial(int(number)).params['a_rather_long_name']!r}" in block
        assert "x" * 90 in block
    assert "x" * 90 in cli("show", "runs.db").out  # no terminal, nothing cut


def test_a_study_without_a_trial_has_no_best_and_the_mend_is_for_the_shell(cli: Cli) -> None:
    Study(SPACE, storage="runs.db", name="mine")

    result = cli("best", "runs.db")

    assert result.code == 1
    assert 'The study "mine" has no trial yet. Begin with tunewright run' in result.err
    assert "study.optimize" not in result.err


def test_without_a_result_the_best_says_why(cli: Cli) -> None:
    study = Study(SPACE, storage="runs.db")
    study.ask(hold=True)

    result = cli("best", "runs.db")

    assert result.code == 1
    assert "No trial has a value yet" in result.err


def test_with_several_metrics_the_best_is_the_front(cli: Cli) -> None:
    study = Study(SPACE, [Metric("a"), Metric("b", "maximize")], storage="runs.db")
    study.optimize(lambda live: {"a": live["x"], "b": live["x"]}, trials=4)

    assert len(cli("best", "runs.db", "--json").json["pareto"]) == 4
    shown = cli("show", "runs.db")
    assert "4 trials on the Pareto front" in shown.out
    assert re.search(r"hypervolume +[\d.]+ before the reference point ", shown.out)
    assert set(cli("show", "runs.db", "--json").json["hypervolume"]["reference"]) == {"a", "b"}


@pytest.mark.parametrize("command", ["show", "best", "export", "replay"])
def test_what_is_no_study_file_is_storage_trouble_and_stays_untouched(cli: Cli, folder: Path, command: str) -> None:
    content = b"SQLite format 3\x00 not really"
    (folder / "runs.db").write_bytes(content)

    result = cli(command, "runs.db")

    assert result.code == 3
    assert "runs.db" in result.err
    assert "Traceback" not in result.err
    assert (folder / "runs.db").read_bytes() == content


def test_a_clone_is_shown_with_its_schedule(cli: Cli) -> None:
    scheduler = PBT(1, 3, population=4)
    study = Study(SPACE, Metric("loss"), sampler=QuasiRandom(), scheduler=scheduler, storage="runs.db", name="bred", seed=7)
    study.optimize(grows)
    clone, descent = next(iter(study.history.clones.items()))

    listed = cli("show", "runs.db", "--last", "20").out
    shown = cli("show", "runs.db", "--trial", str(clone)).out
    told = json.loads(cli("show", "runs.db", "--trial", str(clone), "--json").out)

    assert f"clone of {descent.parent}" in listed
    assert f"trial {descent.parent}, as a clone of it" in shown
    assert f"(trial {descent.parent})" in shown.split("trained by")[1]
    assert told["parent"] == descent.parent
    assert told["lineage"][-1]["trial"] == clone
    best = cli("best", "runs.db")
    assert study.best.parent is not None
    assert f"tunewright show runs.db --trial {study.best.number}, and not" in best.err
    assert f"tunewright show runs.db --trial {study.best.number}, and not" in listed
    Study(SPACE, storage="runs.db", name="other")
    assert f"tunewright show runs.db --name bred --trial {study.best.number}," in cli("best", "runs.db", "--name", "bred").err
    schedule = [f"  {stretch}" for stretch in study.lineage()]
    assert listed.split("trained by\n")[1].splitlines()[: len(schedule)] == schedule


def grows(live: LiveTrial) -> float:
    done = 0.0 if live.resume_from is None else float(Path(live.resume_from, "loss").read_text())
    with live.save_checkpoint() as folder:
        (folder / "loss").write_text(str(done - live["x"]))
    return float(done - live["x"])
