"""Several processes on one study at the same moment."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tunewright.events import Asked, Entry
from tunewright.study import Study


@pytest.mark.parametrize("round_", range(3))
def test_eight_processes_create_one_study_at_once(
    round_: int,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, gate, side = f"sqlite:///{tmp_path / f'one-{round_}.db'}", tmp_path / "gate", tmp_path / "side"
    processes = [start("create", url, gate, side) for _ in range(8)]
    gate.touch()

    for pid in processes:
        assert ended(pid) == ""

    assert sorted(side.read_text(encoding="ascii").splitlines()) == [f"ok {trial}" for trial in range(8)]
    study = Study.load(url)
    assert [record.name for record in study.storage.studies()] == ["one"]
    assert study.history.completed == 8
    assert journal(url, "one")


@pytest.mark.parametrize(("coordinators", "workers"), [(4, 1), (2, 2)])
def test_coordinators_with_one_goal_do_not_overshoot_it(
    coordinators: int,
    workers: int,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, gate, side = f"sqlite:///{tmp_path / 'shared.db'}", tmp_path / "gate", tmp_path / "side"
    processes = [start("share", url, gate, side, 50, workers) for _ in range(coordinators)]
    gate.touch()

    for pid in processes:
        assert ended(pid) == ""

    entries = journal(url, "shared")
    assert sum(isinstance(entry.event, Asked) for entry in entries) == 50
    assert sorted(map(int, side.read_text(encoding="ascii").split())) == list(range(50))  # each was run, and run once
    assert Study.load(url).history.completed == 50


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_four_processes_exhaust_a_finite_space_and_repeat_nothing(
    sampler: str,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, gate = f"sqlite:///{tmp_path / 'finite.db'}", tmp_path / "gate"
    processes = [start("exhaust", url, gate, sampler) for _ in range(4)]
    gate.touch()

    for pid in processes:
        assert ended(pid) == ""

    study = Study.load(url)
    tried = Counter(tuple(trial.params.values()) for trial in study.history.trials)
    assert study.space.size == 6 * 3 * 2
    assert (len(tried), max(tried.values())) == (36, 1)
    assert study.history.completed == 36
    assert journal(url, "finite")
