"""Objectives that take their process with them, and objectives that return or raise what cannot be."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tunewright.events import Entry
from tunewright.study import Study


@pytest.mark.parametrize("how", ["segfault", "exit", "abort", "oom"])
def test_a_worker_that_dies_costs_its_own_trial_and_no_other(
    how: str, tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], journal: Callable[[str, str], list[Entry]]
) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"

    ended(start("die", url, how, 7))

    history = Study.load(url).history
    deadly = [trial.number for trial in history.trials if trial.params["x"] > 0.7]
    assert 0 < len(deadly) < 7  # the study's seed makes it so
    assert sorted(number for number, _ in history.failures) == deadly
    assert {failure.kind for _, failure in history.failures} == {"crash"}
    assert all("died" in failure.message for _, failure in history.failures)
    assert history.completed == 7 - len(deadly)
    assert all(trial.value == trial.params["x"] for trial in history.trials if trial.number not in deadly)
    assert journal(url, "line")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_an_objective_does_costs_at_most_its_trial(
    workers: int, tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], journal: Callable[[str, str], list[Entry]]
) -> None:
    url = f"sqlite:///{tmp_path / 'line.db'}"

    ended(start("misbehave", url, workers))

    history = Study.load(url).history
    messages = {number: failure.message for number, failure in history.failures}
    assert (history.completed, history.failed, history.running) == (3, 10, 0)
    assert messages[0] == "SystemExit: 3"
    assert messages[1] == "SystemExit: with a text"
    assert messages[2] == "CannotTravel: no pickle holds me"
    assert "CannotSpeak" in messages[3]
    assert messages[4] == "NeedsTwo: one two"
    assert messages[5] == "GeneratorExit"
    assert messages[6] == "SystemError: deep"
    assert "a lock" in messages[7]
    assert "a function" in messages[8]
    assert messages[11].startswith("RecursionError")
    assert {failure.kind for number, failure in history.failures} == {"exception", "bad value"}
    assert history.trial(9).values == {"loss": 1.0}  # what JSON cannot hold is kept as text
    assert "lock" in str(history.trial(9).measurements[0].info["info"])
    assert history.trial(10).values == {"loss": 2.0}
    assert history.trial(12).value == 0.5
    assert all("children.py" in failure.traceback for _, failure in history.failures if failure.kind == "exception")
    assert journal(url, "line")


def test_the_tasks_of_a_killed_coordinator_go_on_from_their_checkpoints_in_another(
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    running: Callable[[int], bool],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    first = start("climb", url, side)
    eventually(lambda: side.exists() and len(side.read_text(encoding="ascii").split()) == 2)
    workers = [int(pid) for pid in side.read_text(encoding="ascii").split()]

    os.kill(first, signal.SIGKILL)
    ended(start("climb", url, side))

    history = Study.load(url).history
    eventually(lambda: not any(map(running, workers)))
    assert (history.completed, history.failed, history.running) == (4, 0, 0)
    assert [trial.measurements[0].info["begun"] for trial in history.trials] == [3, 3, 0, 0]
    assert [report.step for report in history.curve(0)][-2:] == [4.0, 5.0]
    assert journal(url, "line")
