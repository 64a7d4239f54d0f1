"""Ctrl-C: once finishes what runs, twice gives it back; the next run goes on."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tunewright.events import Entry, Released
from tunewright.samplers import Random
from tunewright.space import Float
from tunewright.study import Study


def lines(path: Path, first: str) -> list[str]:
    text = path.read_text(encoding="ascii") if path.exists() else ""
    return [line for line in text.splitlines() if line.startswith(first)]


@pytest.mark.parametrize("workers", [1, 2])
def test_once_finishes_the_running_trials_and_returns(
    workers: int, tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], eventually: Callable[..., None]
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    pid = start("linger", url, side, 1.0, workers)
    eventually(lambda: len(lines(side, "begin")) == workers)

    os.kill(pid, signal.SIGINT)
    ended(pid)

    assert len(lines(side, "begin")) == len(lines(side, "end")) == workers
    assert lines(side, "returned")
    history = Study.load(url).history
    assert (history.completed, history.running, history.failed) == (workers, 0, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_twice_gives_the_running_trials_back_and_the_next_run_takes_them_up(
    workers: int,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    running: Callable[[int], bool],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    pid = start("linger", url, side, 600, workers)
    eventually(lambda: len(lines(side, "begin")) == workers)

    for _ in range(5):  # two signals that arrive before Python has seen the first are one: press again, as people do
        os.kill(pid, signal.SIGINT)
        time.sleep(1.0)
        if not running(pid):
            break
    text = ended(pid, well=False, seconds=30)

    assert text.rstrip().endswith("KeyboardInterrupt")
    assert not lines(side, "end")
    assert not lines(side, "returned")
    history = Study.load(url).history
    assert (history.completed, history.running, history.failed) == (0, workers, 0)
    assert [task.trial for task in history.released] == list(range(workers))

    ended(start("count_to", url, 0))

    after = Study.load(url).history
    assert (after.completed, after.running, len(after)) == (workers, 0, workers)
    assert sum(isinstance(entry.event, Released) for entry in journal(url, "line")) == workers


def test_ctrl_c_reaches_the_whole_group_as_in_a_terminal_and_the_workers_still_finish(
    tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], eventually: Callable[..., None]
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    pid = start("linger_in_a_group", url, side, 1.0, 2)
    eventually(lambda: len(lines(side, "begin")) == 2)

    os.killpg(pid, signal.SIGINT)
    ended(pid)

    assert len(lines(side, "end")) == 2
    assert Study.load(url).history.completed == 2


def test_a_machine_that_is_taken_back_gives_its_trials_back_at_once(
    tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], eventually: Callable[..., None]
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    pid = start("linger", url, side, 600, 2)
    eventually(lambda: len(lines(side, "begin")) == 2)

    os.kill(pid, signal.SIGTERM)
    ended(pid, well=False, seconds=60)

    history = Study.load(url).history
    assert [task.trial for task in history.released] == [0, 1]
    assert (history.running, history.failed, history.lost(0)) == (2, 0, 0)


@pytest.mark.parametrize(("seconds", "workers"), [(0.05, 1), (600, 2)])
@pytest.mark.parametrize("presses", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["SIGTERM", "Ctrl-C twice"])
def test_who_is_stopped_while_the_server_is_away_ends_at_once(
    presses: list[int],
    seconds: float,
    workers: int,
    postgres_server: Any,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    eventually: Callable[..., None],
) -> None:
    url, side = postgres_server.database(), tmp_path / "side"
    pid = start("linger", url, side, seconds, workers)
    eventually(lambda: len(lines(side, "begin")) >= workers)

    postgres_server.stop("immediate")
    try:
        time.sleep(1.0)
        for number in presses:
            os.kill(pid, number)
            time.sleep(0.5)
        text = ended(pid, well=False, seconds=15)
    finally:
        postgres_server.start()

    assert "KeyboardInterrupt" in text
    assert not lines(side, "returned")
    ended(start("linger", url, side, 0, 1, 5))
    study = Study.load(url)
    assert study.history.running == 0
    assert study.history.completed >= 5
    study.storage.close()


class Pressed(ThreadPoolExecutor):
    """Ctrl-C is pressed while it takes its first task."""

    presses = 1

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Any:
        if self.presses:
            self.presses = 0
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        return super().submit(work, *arguments, **named)


def test_ctrl_c_while_an_executor_starts_breaks_nothing_off() -> None:
    study = Study({"x": Float(0.0, 1.0)}, sampler=Random())
    with Pressed(1) as executor:
        study.optimize(lambda live: live["x"], trials=5, executor=executor)
        assert len(study.history) == 0

        study.optimize(lambda live: live["x"], trials=5, executor=executor)
        assert study.history.completed == 5
