from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]
SPACE = SearchSpace({"x": Float(0, 1), "kind": Categorical(["good", "bad"]), "idle": Float(0, 1)})


@pytest.fixture
def study(folder: Path) -> Study:
    study = Study(SPACE, (Metric("loss"), Metric("size")), storage="runs.db", name="one", sampler=Random())
    study.optimize(lambda live: {"loss": live["x"] ** 2 + (live["kind"] == "bad"), "size": live["idle"]}, trials=40)
    return study


@pytest.mark.parametrize("command", ["importance", "effects", "tunability"])
def test_a_command_says_what_the_study_says_in_python(cli: Cli, study: Study, command: str) -> None:
    told = cli(command, "runs.db")

    assert told.code == 0
    assert told.out == f"{getattr(study, command)()!r}\n"
    assert (
        cli(command, "runs.db", "--metric", "size", "--seed", "3").out == f"{getattr(study, command)(metric='size', seed=3)!r}\n"
    )
    assert cli(command, "runs.db", "--json").json["metric"] == "loss"


def test_the_method_and_the_part_are_chosen(cli: Cli, study: Study) -> None:
    assert cli("importance", "runs.db", "--method", "sobol").out == f"{study.importance('sobol')!r}\n"
    assert cli("importance", "runs.db", "--of", "top 50 %", "--method", "ped-anova", "--json").json["of"] == 0.5


def test_one_parameter_or_two_together(cli: Cli, study: Study) -> None:
    assert [each["names"] for each in cli("effects", "runs.db", "kind", "--json").json["found"]] == [["kind"]]
    assert cli("effects", "runs.db", "x", "kind").out == f"{study.effects('x', 'kind')!r}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("importance", "runs.db", "--method", "guess"), "guess"),
        (("importance", "runs.db", "--of", "some"), 'of must be "all", "top 10 %"'),
        (("effects", "runs.db", "y"), 'There is no parameter "y"'),
        (("tunability", "runs.db", "--metric", "time"), 'does not measure "time"'),
        (("tunability", "runs.db", "--seed", "-1"), "greater than or equal to 0"),
    ],
)
def test_a_question_that_means_nothing_is_bad_usage(cli: Cli, study: Study, given: tuple[str, ...], said: str) -> None:
    told = cli(*given)

    assert told.code == 2
    assert said in " ".join(told.err.split())
    assert not told.out


def test_a_study_that_says_nothing_yet_gets_a_sentence(cli: Cli, folder: Path) -> None:
    Study(SPACE, Metric("loss"), storage="new.db", name="one")

    for command in ("importance", "effects", "tunability"):
        told = cli(command, "new.db")
        assert told.code == 0
        assert "at least 4 are needed" in told.out
