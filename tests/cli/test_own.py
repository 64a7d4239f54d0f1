"""Samplers and schedulers of somebody's own on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.cli.options import sampler_of, scheduler_of
from tunewright.errors import StudyError
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]

MINE = """
import tunewright as tw


class Left(tw.samplers.Sampler):
    def __init__(self, share=0.1):
        self.share = share

    def propose(self, space, history, rng):
        return {**space.sample(rng), "x": -self.share * len(history)}

    def __repr__(self):
        return f"Left({self.share})"


class Twice(tw.schedulers.Scheduler):
    def decide(self, space, history, rng):
        left = [trial for trial in history.underway if history.sent(trial) < 2]
        return tw.schedulers.Resume(left[0], seed=1) if left else tw.schedulers.Start(plan=2)

    finish = decide

    def __repr__(self):
        return "Twice()"


def slow():
    return Left(0.01)


ready = Left(0.02)


class Needs(Left):
    def __init__(self, must):
        super().__init__(must)
"""


@pytest.fixture
def mine(folder: Path) -> Path:
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    return folder


@pytest.fixture
def begun(cli: Cli, mine: Path) -> Study:
    told = cli(
        "run", "train:objective", "--space", "space.yaml", "--trials", "3", "-q",
        "--sampler", "mine:Left", "--scheduler", "mine:Twice",
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    return Study.load("runs.db")


def origins(study: Study) -> list[tuple[str, int]]:
    return [(study.history.origin(number), study.history.plan(number)) for number in range(len(study.history))]


def test_ones_own_can_be_named(begun: Study) -> None:
    assert origins(begun) == [("left", 2)] * 3
    assert begun.history.completed == 3


@pytest.mark.parametrize("command", [("run", "train:objective"), ("worker", "runs.db", "train:objective", "train:objective")])
def test_who_joins_goes_on_with_ones_own_where_it_is_named_and_else_says_so(
    cli: Cli, begun: Study, command: tuple[str, ...]
) -> None:
    own = cli(*command, "--trials", "5", "-q", "--sampler", "mine:Left", "--scheduler", "mine:Twice")
    without = cli(*command, "--trials", "7", "-q")

    assert origins(Study.load("runs.db"))[3:5] == [("left", 2)] * 2
    assert own.err == ""
    assert [plan for _, plan in origins(Study.load("runs.db"))[5:]] == [1, 1]
    for what, called in (("sampler", "mine.Left(0.1)"), ("scheduler", "mine.Twice()")):
        assert without.err.count(f"the study's last {what}, {called}, is none of Tunewright's") == 1
        assert f"say --{what} MODULE:CLASS" in without.err
    assert len(without.err.splitlines()) == 2


@pytest.mark.parametrize("command", [("run", "train:objective"), ("worker", "runs.db", "train:objective", "train:objective")])
def test_where_nothing_is_left_to_do_nothing_is_said_of_who_would_propose(
    cli: Cli, begun: Study, command: tuple[str, ...]
) -> None:
    again = cli(*command, "--trials", "3")

    assert "is none of Tunewright's" not in again.err
    assert "(nothing was left to do)" in again.out


def test_by_hand_too(cli: Cli, begun: Study) -> None:
    assert cli("ask", "runs.db", "--sampler", "mine:Left", "--scheduler", "mine:Twice").err == ""

    assert origins(Study.load("runs.db"))[-1] == ("left", 2)


def test_a_replay_makes_its_proposals_again_where_it_is_named(cli: Cli, begun: Study) -> None:
    alone = cli("replay", "runs.db")
    named = cli("replay", "runs.db", "--sampler", "mine:Left", "--scheduler", "mine:Twice")
    other = cli("replay", "runs.db", "--sampler", "mine:slow")

    assert "0 proposals made again, 3 skipped" in alone.out
    assert "3 proposals made again, 0 skipped" in named.out
    assert "all came out the same" in named.out
    assert (named.code, other.code) == (0, 1)


@pytest.mark.parametrize(("text", "made"), [("Left", "Left(0.1)"), ("slow", "Left(0.01)"), ("ready", "Left(0.02)")])
def test_a_class_a_function_or_an_instance(mine: Path, text: str, made: str) -> None:
    assert repr(sampler_of(f"mine:{text}", None)) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grit", 'is none of auto, gp, tpe, .* Did you mean "grid"'),
        ("mine:Right", 'there is no "Right" in mine'),
        ("mine:Needs", "making it without arguments failed .* Name an instance"),
        ("mine:Twice", "is a Twice, no tunewright.samplers.Sampler"),
        ("nowhere:Left", 'there is no module "nowhere"'),
    ],
)
def test_what_is_no_sampler_is_refused(mine: Path, text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        sampler_of(text, None)


def test_a_scheduler_of_ones_own_says_all_by_itself(mine: Path) -> None:
    assert repr(scheduler_of(None, 1, None, "promote", own="mine:Twice")) == "Twice()"
    with pytest.raises(StudyError, match="--scheduler does not go with --folds"):
        scheduler_of(3, 1, None, "promote", own="mine:Twice")
