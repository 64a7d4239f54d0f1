import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.events import Asked, Sent, Told
from tunewright.metric import Metric
from tunewright.space import Int
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]


def test_a_study_is_tuned_by_hand_from_the_shell(cli: Cli) -> None:
    asked = cli("ask", "oven.db", "--space", "space.yaml", "--metric", "taste", "--maximize")
    told = cli("tell", "oven.db", "0", "6.5")
    again = cli("ask", "oven.db")
    better = cli("tell", "oven.db", "1", "taste=8", "cost=3", "--seconds", "95")
    best = cli("best", "oven.db")

    assert [result.code for result in (asked, told, again, better, best)] == [0, 0, 0, 0, 0]
    assert asked.out.startswith("trial 0\n  x      ")
    assert told.out == "trial 0 told   new best 6.5 (trial 0)\n"
    assert better.out == "trial 1 told   new best 8 (trial 1)\n"
    assert best.out.startswith("taste 8 (trial 1)\n")
    trial = Study.load("oven.db").history.trial(1)
    assert trial.seconds == 95
    assert trial.measurements[0].info == {"cost": 3}


def test_what_ask_prints_last_is_the_command_that_tells(cli: Cli) -> None:
    asked = cli("ask", "oven.db", "--space", "space.yaml", "--name", "grandma's bread")
    command = shlex.split(asked.out.splitlines()[-1].partition("then: ")[2])

    told = cli(*command[1:-1], "value=1")

    assert command[0] == "tunewright"
    assert told.code == 0


def test_a_program_asks_and_tells_with_json(cli: Cli) -> None:
    asked = cli("ask", "oven.db", "--space", "space.yaml", "--json").json
    told = cli("tell", "oven.db", asked["trial"], "0.5", "--json").json

    assert set(asked["params"]) == {"x", "shape"}
    assert told == {"trial": 0, "index": 0, "state": "completed", "values": {"value": 0.5}, "new_best": True, "study": "study"}


def test_an_asked_trial_waits_whatever_happens_to_the_process(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    assert [cli("ask", "oven.db", "--json").json["trial"] for _ in range(2)] == [1, 2]


def test_folds_are_asked_and_told_one_by_one(cli: Cli) -> None:
    fold_0 = cli("ask", "oven.db", "--space", "space.yaml", "--folds", "2", "--json").json
    fold_1 = cli("ask", "oven.db", "--folds", "2")

    first = cli("tell", "oven.db", "0", "1")
    second = cli("tell", "oven.db", "0", "3", "--json").json

    assert (fold_0["fold"], fold_0["index"]) == (0, 0)
    assert fold_1.out.startswith("trial 0, fold 1\n")
    assert "tell oven.db 0 --index 1 value=..." in fold_1.out
    assert "1 of its tasks to go" in first.out
    assert second["values"] == {"value": 2.0}


def test_a_study_that_an_older_version_asked_by_hand_is_not_guessed(cli: Cli) -> None:
    study = Study({"heat": Int(150, 250)}, Metric("taste"), storage="oven.db")
    study._journal.write(-1, Asked({"heat": 200}, "random", 0, plan=3, fold=0))

    assert "Say --folds and --seeds" in cli("ask", "oven.db").err
    assert cli("ask", "oven.db", "--folds", "3").out.startswith("trial 0, fold 1\n")


def test_a_spare_task_that_failed_costs_its_trial_nothing(cli: Cli) -> None:
    study = Study({"heat": Int(150, 250)}, Metric("taste"), storage="oven.db")
    study.tell(study.ask(hold=True), 7.0)
    study._journal.write(0, Sent(1, seed=1, spare=True))

    assert (
        cli("tell", "oven.db", "0", "--failed", "burnt").out == "task 1 of trial 0 failed, which costs the trial nothing: burnt\n"
    )
    assert Study.load("oven.db").best.value == 7.0


def test_the_sampler_of_the_last_proposal_goes_on(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--sampler", "random")
    cli("ask", "oven.db")
    cli("ask", "oven.db", "--sampler", "quasi_random")
    cli("ask", "oven.db")

    history = Study.load("oven.db").history
    assert [history.origin(number) for number in range(4)] == ["random", "random", "quasi_random", "quasi_random"]


def test_a_failure_is_told_with_its_reason(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    told = cli("tell", "oven.db", "0", "--failed", "the power went out")

    assert (told.code, told.out) == (0, "trial 0 failed: the power went out\n")
    assert Study.load("oven.db").history.failures[0][1].kind == "told"


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (["nan"], 'If the configuration diverged, say: tunewright tell oven.db 0 --failed "diverged"'),
        (["inf"], "no finite number"),
        (["good"], "value=good: this is no number"),
        (["loss=1"], 'The metric "value" is missing'),
        (["1", "2"], "write value=..."),
        (["value=1", "value=2"], '"value" is given twice'),
        ([], "What came of it?"),
        (["1", "--failed", "why"], "not both"),
    ],
)
def test_a_result_that_cannot_be_used_is_refused_and_the_trial_waits(cli: Cli, results: list[str], message: str) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    refused = cli("tell", "oven.db", "0", *results)

    assert refused.code == 2
    assert message in refused.err
    assert cli("tell", "oven.db", "0", "1").code == 0


def test_the_first_result_stands(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")
    cli("tell", "oven.db", "0", "1")

    second = cli("tell", "oven.db", "0", "2")

    assert second.code == 2
    assert "has its result already" in second.err
    assert Study.load("oven.db").best.value == 1


def test_a_trial_that_was_not_asked_cannot_be_told(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    assert "There is no trial 7: the study holds trials 0 to 0" in cli("tell", "oven.db", "7", "1").err


def test_what_is_enqueued_is_asked_next(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    queued = cli("enqueue", "oven.db", "x=2.5", "--note", "a hunch")
    as_json = cli("enqueue", "oven.db", "shape=ridge", "--params", '{"x": -1}', "--json").json

    assert queued.out == "queued: x=2.5 shape=bowl   (1 waiting)\n"
    assert as_json["params"] == {"x": -1.0, "shape": "ridge"}
    assert [cli("ask", "oven.db", "--json").json["params"]["x"] for _ in range(2)] == [2.5, -1.0]
    assert Study.load("oven.db").history.trial(1).note == "a hunch"


def test_what_waits_or_was_tried_is_queued_again_on_request_only(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--sampler", "manual")

    said = [cli("enqueue", "oven.db", "x=2.5").out for _ in range(2)]
    cli("ask", "oven.db")
    tried, twice = cli("enqueue", "oven.db", "x=2.5").out, cli("enqueue", "oven.db", "x=2.5", "--json").json
    again = cli("enqueue", "oven.db", "x=2.5", "--again")

    assert said == ["queued: x=2.5 shape=bowl   (1 waiting)\n", "waits already: x=2.5 shape=bowl   (1 waiting)\n"]
    assert tried == "not queued: x=2.5 shape=bowl is trial 0   (--again has it tried once more)\n"
    assert (twice["queued"], twice["trial"]) == (0, 0)
    assert again.out == "queued: x=2.5 shape=bowl   (1 waiting)\n"
    assert cli("ask", "oven.db", "--json").json["params"]["x"] == 2.5


def test_what_is_given_in_two_ways_must_agree(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    agrees = cli("enqueue", "oven.db", "x=2", "--params", '{"x": 2, "shape": "bowl"}')
    refused = cli("enqueue", "oven.db", "x=2.5", "--params", '{"x": 3}')

    assert agrees.code == 0, agrees.err
    assert refused.code == 2
    assert '"x" is given twice: 2.5, and 3 in --params' in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["y=1"], '"y"'),
        (["x=9"], "x"),
        (["x=low"], "x"),
        (["shape=bowel"], 'Did you mean "bowl"'),
        (["--params", "{x: 1}"], "--params is not JSON"),
        (["--params", "[1]"], "takes a JSON object"),
    ],
)
def test_what_does_not_fit_is_not_enqueued(cli: Cli, arguments: list[str], message: str) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    refused = cli("enqueue", "oven.db", *arguments)

    assert refused.code == 2
    assert message in refused.err
    assert Study.load("oven.db").history.queue == []


def test_an_exhausted_space_is_no_result_and_says_so(cli: Cli, folder: Path) -> None:
    (folder / "tiny.yaml").write_text("parameters:\n  b: {type: bool}\n", encoding="utf-8")
    codes = [cli("ask", "tiny.db", "--space", "tiny.yaml").code for _ in range(3)]

    assert codes == [0, 0, 1]
    assert cli("ask", "tiny.db", "--json").json["error"]["type"] == "SpaceExhausted"


def test_asking_without_a_space_makes_nothing(cli: Cli, folder: Path) -> None:
    refused = cli("ask", "oven.db")

    assert refused.code == 2
    assert "To make one, give its space: --space space.yaml" in refused.err
    assert not (folder / "oven.db").exists()


def test_stopping_is_asked_of_what_runs(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")

    whole = cli("stop", "oven.db")
    one = cli("stop", "oven.db", "--trial", "0", "--why", "burnt", "--json").json
    refused = cli("stop", "oven.db", "--trial", "3")

    assert whole.out == "asked to stop: trial 0\n"
    assert one == {"study": "study", "trial": 0, "why": "burnt", "running": [0]}
    assert refused.code == 2
    assert "no trial 3" in refused.err


def test_a_trial_between_two_of_its_tasks_can_be_stopped(cli: Cli) -> None:
    study = Study({"heat": Int(150, 250)}, Metric("taste"), storage="oven.db")
    study._journal.write(-1, Asked({"heat": 200}, "random", 0, plan=3, fold=0))
    study._journal.write(0, Told({"taste": 7.0}))

    assert cli("stop", "oven.db").out == "asked to stop: nothing runs at this moment\n"
    assert cli("stop", "oven.db", "--trial", "0").out == (
        "asked to stop: trial 0, between two of its tasks: it gets no further one\n"
    )


def test_a_negative_result_is_a_result(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--metric", "taste")
    cli("ask", "oven.db")

    assert cli("tell", "oven.db", "0", "-0.31").out.startswith("trial 0 told   new best -0.31")
    assert cli("tell", "oven.db", "1", "-1e-3", "--seconds", "2").code == 0
    assert Study.load("oven.db").history.trial(1).values == {"taste": -1e-3}


def test_an_option_that_does_not_exist_is_no_result(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--metric", "taste")
    wrong = cli("tell", "oven.db", "0", "3", "--secnds=2")

    assert wrong.code != 0
    assert "There is no option --secnds" in wrong.err


def test_folds_are_those_that_were_asked_for_before(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--metric", "taste", "--folds", "2")
    second = cli("ask", "oven.db")
    third = cli("ask", "oven.db")

    assert second.out.startswith("trial 0, fold 1\n")
    assert third.out.startswith("trial 1, fold 0\n")
    assert Study.load("oven.db").history.plan(1) == 2


def test_the_grid_it_was_begun_with_goes_on(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--sampler", "grid", "--levels", "2")
    for _ in range(3):
        cli("ask", "oven.db")

    history = Study.load("oven.db").history
    assert [history.origin(number) for number in range(4)] == ["grid"] * 4
    assert {history.trial(number).params["x"] for number in range(4)} == {-5.0, 5.0}
    assert cli("ask", "oven.db").code == 1


def test_a_study_by_hand_stays_one(cli: Cli) -> None:
    first = cli("ask", "oven.db", "--space", "space.yaml", "--sampler", "manual")
    second = cli("ask", "oven.db")

    assert (first.code, second.code) == (1, 1)
    assert "proposes nothing of its own" in second.err
    assert "study." not in second.err
    assert "tunewright enqueue oven.db NAME=VALUE, then tunewright ask oven.db;" in second.err


def test_where_nothing_is_enqueued_the_command_names_the_study_that_was_named(cli: Cli) -> None:
    refused = cli("ask", "oven.db", "--space", "space.yaml", "--sampler", "manual", "--name", "grandma's")
    options = shlex.split(refused.err.partition("tunewright enqueue ")[2].partition(" NAME=VALUE")[0])

    assert cli("enqueue", *options, "x=1").code == 0
    assert cli("ask", *options, "--json").json["params"]["x"] == 1.0


@pytest.mark.parametrize("between", [[], [["ask", "oven.db"]]], ids=["told at once", "after another ask"])
def test_a_stopped_trial_is_promised_no_further_task(cli: Cli, between: list[list[str]]) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--folds", "3", "--seeds", "2")
    cli("stop", "oven.db", "--trial", "0", "--why", "burnt")
    for command in between:
        cli(*command)

    told = cli("tell", "oven.db", "0", "1").out

    assert "to go" not in told
    assert ("though it has failed (Stopped: burnt)" if between else "it was asked to stop and gets no further task") in told


def test_seeds_are_named_as_long_as_there_are_several(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--seeds", "2")

    assert cli("ask", "oven.db").out.startswith("trial 0, seed 1\n")


@pytest.mark.parametrize("results", [[], ["nan"], ["loss=1"]], ids=repr)
def test_the_command_that_is_proposed_can_be_pasted(cli: Cli, folder: Path, results: list[str]) -> None:
    (folder / "my runs").mkdir()
    cli("ask", "my runs/1.db", "--space", "space.yaml", "--name", "first one")

    refused = cli("tell", "my runs/1.db", "0", *results)

    assert "tunewright tell 'my runs/1.db' 0 " in refused.err
    assert "tunewright tell 'my runs/1.db' --name 'first one' 0 " in (
        cli("tell", "my runs/1.db", "0", *results, "--name", "first one").err
    )


def test_an_empty_name_is_refused(cli: Cli, folder: Path) -> None:
    refused = cli("ask", "oven.db", "--space", "space.yaml", "--name", "")

    assert refused.code == 2
    assert "--name is empty" in refused.err
    assert not (folder / "oven.db").exists()


def test_derivatives_are_told_with_the_value(cli: Cli) -> None:
    cli("ask", "runs.db", "--space", "space.yaml", "--metric", "loss")

    result = cli("tell", "runs.db", "0", "0.5", "--gradient", "x=-1.25", "--gradient", "shape=2", "--gradient", "y=nan")

    assert Study.load("runs.db").history.gradient(0) == {"x": -1.25}
    assert result.code == 0
    assert 'The derivative by "shape" is left out, and the value kept' in result.err
    assert 'The derivative by "y" is left out' in result.err
    assert len(Study.load("runs.db").history.warnings) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0.5", "--gradient", "x=steep"], "--gradient x=steep: write a number for each parameter"),
        (["0.5", "--gradient", "0.3"], "'0.3': write NAME=VALUE"),
        (["0.5", "--gradient", "x=1", "--gradient", "x=2"], '"x" is given twice'),
        (["--failed", "why", "--gradient", "x=1"], "Give a result or --failed, not both: '--gradient x=1' and 'why'"),
    ],
)
def test_derivatives_that_are_none_are_refused_and_the_trial_waits(cli: Cli, arguments: list[str], message: str) -> None:
    cli("ask", "runs.db", "--space", "space.yaml")

    result = cli("tell", "runs.db", "0", *arguments)

    assert result.code != 0
    assert message in result.err
    assert Study.load("runs.db").history.running == 1


def test_a_trial_took_as_long_as_somebody_had_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else evaluations of hours would count as nothing, and the sampler think no longer than nothing."""
    cli("ask", "oven.db", "--space", "space.yaml", "--folds", "2")
    asked = float(Study.load("oven.db").history.asked_at[0])
    monkeypatch.setattr("tunewright.cli.by_hand.time.time", lambda: asked + 3600)

    cli("tell", "oven.db", "0", "0.5")

    assert Study.load("oven.db").history.seconds[0] == pytest.approx(3600)


def test_a_task_that_nobody_asked_for_is_not_told(cli: Cli) -> None:
    cli("ask", "oven.db", "--space", "space.yaml", "--folds", "3")
    cli("tell", "oven.db", "0", "0.5")

    result = cli("tell", "oven.db", "0", "0.6")
    again = cli("tell", "oven.db", "0", "0.6", "--index", "0")

    assert result.code == 2
    assert "No task of trial 0 is open; 2 of its 3 are still to be asked for: tunewright ask oven.db." in result.err
    assert "Task 0 of trial 0 has its result already." in again.err
    assert cli("ask", "oven.db", "--json").json["index"] == 1


def test_the_space_of_a_study_by_hand_can_be_edited(cli: Cli, folder: Path) -> None:
    cli("ask", "oven.db", "--space", "space.yaml")
    (folder / "other.yaml").write_text("parameters:\n  x: {type: int, low: 1, high: 3}\n")

    refused = cli("ask", "oven.db", "--space", "other.yaml")
    edited = cli("ask", "oven.db", "--space", "other.yaml", "--edit", "--json")

    assert "add --edit" in refused.err
    assert set(edited.json["params"]) == {"x"}
