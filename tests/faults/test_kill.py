"""SIGKILL at random moments: what was told is there, what was not is taken up.

TUNEWRIGHT_KILLS says how many processes to kill in each of the two searches (default 15; the full test: 100).
"""

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.harness import acknowledged, hands_of, told
from tunewright.events import Entry, Released, Reported, Told
from tunewright.samplers import Random
from tunewright.schedulers import Once
from tunewright.study import Study

KILLS = int(os.environ.get("TUNEWRIGHT_KILLS", "30")) // 2


@pytest.mark.parametrize(("folds", "longest", "group"), [(1, 0.004, 4), (3, 0.004, 1), (1, 0.0, 32)])
def test_killing_two_processes_again_and_again_loses_nothing_that_was_told(
    folds: int,
    longest: float,
    group: int,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    running: Callable[[int], bool],
    printed: Callable[[int], str],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side, chance = f"sqlite:///{tmp_path / 'killed.db'}", tmp_path / "acknowledged", random.Random(f"{folds} {longest}")
    pair = [start("seek", url, side, 1_000_000, folds, longest) for _ in range(2)]
    for _ in range(KILLS - 2):
        time.sleep(chance.uniform(0.0, 0.5))
        victim = chance.randrange(2)
        assert running(pair[victim]), printed(pair[victim])
        os.kill(pair[victim], signal.SIGKILL)
        pair[victim] = start("seek", url, side, 1_000_000, folds, longest)
    known = len(acknowledged(side))
    eventually(lambda: len(acknowledged(side)) > known + 3 * group)  # on a busy machine none of them may have begun yet
    for pid in pair:
        os.kill(pid, signal.SIGKILL)
    for pid in pair:
        assert ended(pid, well=False) == ""
    before = journal(url, "killed")

    ended(start("seek", url, side, 0, folds, longest))

    entries = journal(url, "killed")
    kept, safe = told(entries), acknowledged(side)
    assert safe.items() <= kept.items()
    assert len(kept) - len(safe) <= KILLS * group  # told, but killed before it could say so
    assert entries[: len(before)] == before
    curves: dict[tuple[int, int], list[float]] = {}
    for entry in entries:  # before a result stands its curve, whole, perhaps after what a killed attempt had reported
        if isinstance(entry.event, Reported):
            curves.setdefault((entry.trial, entry.event.index), []).append(entry.event.step)
        elif isinstance(entry.event, Told):
            assert curves[entry.trial, entry.event.index][-2:] == [1, 2]
    # a process holds a task nearly all of its time: that none of so many held one when killed does not happen (0.3 ** 13 < 1e-6)
    assert any(isinstance(entry.event, Released) for entry in entries)
    study = Study.load(url, sampler=Random(), scheduler=Once(folds=folds))
    assert (study.history.running, study.history.failed) == (0, 0), study.history.failures
    assert study.history.completed == len(study.history)
    assert len(kept) == folds * len(study.history)
    assert not study.history.open_tasks
    assert not study.history.released
    assert study.replay().same
    assert study.replay().checked == len(study.history)


def grown(side: Path, beyond: int) -> bool:
    return len(acknowledged(side)) > beyond


@pytest.mark.parametrize("server", [False, True])
def test_killing_workers_and_coordinators_loses_nothing_that_was_told(
    server: bool,
    postgres_server: Any,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url = postgres_server.database() if server else f"sqlite:///{tmp_path / 'killed.db'}"
    side, hands, chance = tmp_path / "acknowledged", tmp_path / "hands", random.Random(server)
    coordinator = start("toil", url, side, hands, 1_000_000)
    for number in range(4):
        eventually(partial(grown, side, len(acknowledged(side)) + 2))
        time.sleep(chance.uniform(0.0, 0.1))
        if number == 1:
            os.kill(coordinator, signal.SIGKILL)
            coordinator = start("toil", url, side, hands, 1_000_000)
        else:
            os.kill(hands_of(hands)[-1], signal.SIGKILL)
    os.kill(coordinator, signal.SIGKILL)
    ended(coordinator, well=False)

    ended(start("toil", url, side, hands, 0))

    assert acknowledged(side).items() <= told(journal(url, "killed")).items()
    study = Study.load(url, sampler=Random())
    assert (study.history.running, study.history.failed) == (0, 0), study.history.failures
    assert study.replay().same
    eventually(lambda: not hands_of(hands))
    study.storage.close()


def test_killing_a_process_while_it_makes_the_file_leaves_nothing_that_the_next_one_cannot_use(
    tmp_path: Path, start: Callable[..., int], ended: Callable[..., str], journal: Callable[[str, str], list[Entry]]
) -> None:
    chance, urls = random.Random(0), [f"sqlite:///{tmp_path / f'new-{number}.db'}" for number in range(12)]
    for url in urls:
        pid = start("seek", url, tmp_path / "side", 1_000_000, 1)
        time.sleep(chance.uniform(0.02, 0.08))  # nothing yet, an empty file, half the tables, a study without trials
        os.kill(pid, signal.SIGKILL)
        ended(pid, well=False)

    goals = {url: start("seek", url, tmp_path / "side", 0, 1) for url in urls}
    for pid in goals.values():
        assert ended(pid) == ""

    for url in urls:
        assert journal(url, "killed")
        history = Study.load(url).history
        assert history.completed == len(history) >= 3


def test_who_is_killed_while_asking_does_not_keep_the_others_from_asking(
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    thinker = start("think", url, side)
    eventually(side.exists)
    os.kill(thinker, signal.SIGKILL)

    ended(start("count_to", url, 3), seconds=30)  # a right that died with its holder would be waited for for 60 s

    assert Study.load(url).history.completed == 3
    assert journal(url, "line")


def test_the_workers_of_a_killed_coordinator_end_too(
    tmp_path: Path, start: Callable[..., int], eventually: Callable[..., None], running: Callable[[int], bool]
) -> None:
    url, side = f"sqlite:///{tmp_path / 'line.db'}", tmp_path / "side"
    coordinator = start("leave", url, side)
    eventually(lambda: side.exists() and len(side.read_text(encoding="ascii").split()) == 2)
    workers = [int(pid) for pid in side.read_text(encoding="ascii").split()]
    try:
        os.kill(coordinator, signal.SIGKILL)

        eventually(lambda: not any(map(running, workers)), seconds=20)
    finally:
        for pid in filter(running, workers):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_killing_a_population_while_it_is_trained_loses_and_doubles_nothing(
    workers: int,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    running: Callable[[int], bool],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side, chance = f"sqlite:///{tmp_path / 'bred.db'}", tmp_path / "side", random.Random(workers)
    kills, deadline = 0, time.monotonic() + 60
    while "over" not in (lines := read(side)):
        assert time.monotonic() < deadline, lines[-3:]
        held = in_hand(url) if lines else set()  # three deaths with one task in hand would be a failure
        known, pid = len(lines), start("breed", url, side, workers)
        if kills < 5:
            eventually(partial(further, side, known + chance.randrange(2, 6), held))
            time.sleep(chance.uniform(0.0, 0.02))
            if running(pid):
                os.kill(pid, signal.SIGKILL)
                kills += 1
            eventually(lambda pid=pid: not running(pid))
        else:
            ended(pid)

    entries = journal(url, "bred")
    results = told(entries)
    assert {line for line in lines if line != "over"} <= {f"told {t} {i} {value.hex()}" for t, i, value in results.values()}
    assert len({(t, i) for t, i, _ in results.values()}) == len(results)
    study = Study.load(url, sampler=Random())
    history = study.history
    assert kills >= 3
    assert any(isinstance(entry.event, Released) for entry in entries)
    assert (history.running, history.failures, history.open_tasks, history.released) == (0, [], [], [])
    assert (history.budgets == 40).sum() == 8  # the same population, nobody twice
    replaced = [clone.replaces for clone in history.clones.values()]
    assert 0 < len(replaced) == len(set(replaced)) == len(history) - 8
    for trial in (
        history.trials
    ):  # each value is that of its whole lineage: every clone began where its parent was, however often it was killed
        schedule = sum((each.end - each.begin) * each.params["x"] for each in study.lineage(trial.number))
        assert trial.value == pytest.approx(schedule, rel=1e-9)
    assert study.replay().same
    assert study.replay().checked == len(history)


def read(side: Path) -> list[str]:
    """The whole lines of a side file."""
    return side.read_text(encoding="ascii").split("\n")[:-1] if side.exists() else []


def in_hand(url: str) -> set[str]:
    """How the lines begin of the tasks that the killed had in hand."""
    history = Study.load(url).history
    return {f"told {task.trial} {task.index} " for task in (*history.released, *(task for task, _ in history.open_tasks))}


def further(side: Path, lines: int, held: set[str]) -> bool:
    found = read(side)
    return "over" in found or (len(found) >= lines and all(any(line.startswith(task) for line in found) for task in held))
