"""What several machines do to one study: the same script in processes that share nothing but a PostgreSQL server."""

import contextlib
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Machines, PostgresServer, acknowledged, runs, told
from tunewright.events import Asked, Entry, Released, Sent, Told
from tunewright.samplers import Random
from tunewright.study import Study

KILLS = int(os.environ.get("TUNEWRIGHT_KILLS", "16")) // 2


def test_four_coordinators_with_one_goal_do_not_overshoot_it(
    postgres: str,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    gate, side = tmp_path / "gate", tmp_path / "side"
    processes = [start("share", postgres, gate, side, 50, 1) for _ in range(4)]
    gate.touch()

    for pid in processes:
        assert ended(pid) == ""

    entries = journal(postgres, "shared")
    assert sum(isinstance(entry.event, Asked) for entry in entries) == 50
    assert sorted(map(int, side.read_text(encoding="ascii").split())) == list(range(50))  # each was run, and run once
    study = Study.load(postgres, sampler=Random())
    assert study.history.completed == 50
    assert study.replay().same
    study.storage.close()


@pytest.mark.parametrize("restarts", [0, 2])
def test_killing_processes_and_the_server_loses_nothing_that_was_told(
    restarts: int,
    postgres_server: Any,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    url, side, chance = postgres_server.database(), tmp_path / "acknowledged", random.Random(restarts)

    def restart() -> None:
        for _ in range(restarts):
            time.sleep(0.5)
            postgres_server.stop("immediate")
            postgres_server.start()

    restarter = threading.Thread(target=restart)
    restarter.start()
    pair = [start("seek", url, side, 1_000_000, 1) for _ in range(2)]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.0, 0.4))
        victim = chance.randrange(2)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pair[victim], signal.SIGKILL)
        pair[victim] = start("seek", url, side, 1_000_000, 1)
    restarter.join()
    for place, pid in enumerate(pair):
        if not runs(pid):  # who begins while the server is away is told so at once; who has begun goes on
            assert restarts
            assert "the server cannot be reached" in ended(pid, well=False)
            pair[place] = start("seek", url, side, 1_000_000, 1)
    known = len(side.read_text(encoding="ascii").splitlines()) if side.exists() else 0
    eventually(lambda: side.exists() and len(side.read_text(encoding="ascii").splitlines()) > known + 5)
    for pid in pair:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        said = ended(pid, well=False)
        assert not said or (restarts and "the server cannot be reached" in said)

    ended(start("seek", url, side, 0, 1))

    kept = told(journal(url, "killed"))
    assert acknowledged(side).items() <= kept.items()
    study = Study.load(url, sampler=Random())
    assert (study.history.running, study.history.failed) == (0, 0)
    assert len(kept) == len(study.history)
    assert study.replay().same
    study.storage.close()


@pytest.fixture
def machines() -> Iterator[Machines]:
    with Machines(4) as four:
        if four.trouble:
            pytest.skip(four.trouble)
        yield four


@pytest.fixture
def heard(machines: Machines) -> Iterator[str]:
    """The address of an empty database, which all the machines reach."""
    folder = Path(tempfile.mkdtemp(prefix="tw-"))
    server = PostgresServer(folder / "data")
    name = server.database().partition("?")[0].rpartition("/")[2]
    server.listen(machines.address)
    yield f"postgresql://postgres@{machines.address}:5432/{name}"
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_machine_that_is_cut_off_gives_its_trial_to_the_others_and_comes_back(
    machines: Machines,
    heard: str,
    tmp_path: Path,
    start: Callable[..., int],
    ended: Callable[..., str],
    eventually: Callable[..., None],
    journal: Callable[[str, str], list[Entry]],
) -> None:
    side, back = tmp_path / "side", tmp_path / "back"
    awaited = tmp_path / "back.awaited"
    lost, *others = machines.names

    cut = start("far", heard, lost, side, back, 60)
    eventually(awaited.exists)
    working = [start("far", heard, machine, side, "", 60) for machine in others]
    eventually(lambda: all(machine in side.read_text(encoding="ascii") for machine in others))
    machines.plug(lost, out=True)

    for pid in working:
        assert ended(pid, seconds=240.0) == ""
    trial = int(awaited.read_text(encoding="ascii"))
    machines.plug(lost)
    back.touch()
    ended(cut, seconds=240.0)

    begun = [line.split() for line in side.read_text(encoding="ascii").splitlines()]
    assert {machine for _, machine in begun} == set(machines.names)
    assert sorted(int(number) for number, _ in begun) == sorted([*range(60), trial])  # each once, and the lost one's twice
    entries = [entry for entry in journal(heard, "far") if entry.trial == trial]
    assert [type(entry.event) for entry in entries] == [Asked, Released, Sent, Told]
    first, given_back, again = (entry.event for entry in entries[:3])
    assert isinstance(first, Asked)
    assert isinstance(again, Sent)
    assert given_back == Released(0, f"worker {first.worker} is gone", lost=True)
    assert again.worker != first.worker
    study = Study.load(heard, sampler=Random())
    assert (study.history.completed, study.history.running) == (60, 0)
    assert study.replay().same
    study.storage.close()
