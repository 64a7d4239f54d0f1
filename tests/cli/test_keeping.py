import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from tunewright.events import Asked, Entry, Opened
from tunewright.metric import Metric
from tunewright.samplers.base import Sampler
from tunewright.samplers.grid import Grid
from tunewright.samplers.quasi_random import QuasiRandom
from tunewright.samplers.random import Random as Draws
from tunewright.schedulers.once import Once
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study
from tunewright.tracking.provenance import libraries as libraries_here
from tunewright.tracking.provenance import version

Cli: TypeAlias = Callable[..., Any]


SPACE = SearchSpace({"x": Float(0, 1), "opt": Categorical(["sgd", "adam"])})


def search(name: str = "first", trials: int = 6, *, sampler: Sampler | None = None, scheduler: Once | None = None) -> Study:
    study = Study(SPACE, Metric("loss"), storage="runs.db", name=name, sampler=sampler, scheduler=scheduler)
    study.optimize(lambda live: live["x"], trials=trials)
    return study


def test_a_sound_file_is_sound(cli: Cli) -> None:
    search()

    result = cli("doctor", "runs.db")

    assert result.code == 0
    assert cli("doctor", "runs.db", "--json").json["sound"] is True


def test_a_damaged_file_is_storage_trouble_and_is_left_as_it_is(cli: Cli, folder: Path) -> None:
    search(trials=200).storage.close()
    path = folder / "runs.db"
    content = bytearray(path.read_bytes())
    content[8192 * 2 : 8192 * 3] = b"\xff" * 8192
    path.write_bytes(content)

    looked = cli("doctor", "runs.db")
    mended = cli("doctor", "runs.db", "--mend", "--json")

    assert looked.code == 3
    assert "error" in looked.out
    assert "tunewright doctor runs.db --mend" in looked.out
    assert mended.code == 3
    assert mended.json["sound"] is False
    assert path.read_bytes() == bytes(content)


def test_a_database_on_a_server_is_examined_and_its_password_not_shown(cli: Cli, postgres: str) -> None:
    with contextlib.closing(Study(SPACE, Metric("loss"), storage=postgres, name="first").storage) as storage:
        storage.append(1, [Entry(-1, Asked({"x": 0.5, "opt": "sgd"}, "random", 0, worker=77), 1.0)], 0)

    result = cli("doctor", postgres.replace("postgres:@", "postgres:secret@"))

    assert result.code == 0, result.err
    assert "1 task waits for a worker that is dead" in result.out
    assert "secret" not in result.out
    assert "no errors" in result.out
    assert "to mend" not in result.out


def test_the_command_that_mends_can_be_pasted(cli: Cli, folder: Path) -> None:
    search(trials=1).storage.close()
    (folder / "my runs.db").write_bytes((folder / "runs.db").read_bytes())
    (folder / "my runs.db.ask-1").touch()

    assert "tunewright doctor 'my runs.db' --mend" in cli("doctor", "my runs.db").out


def test_a_file_that_is_not_there_is_storage_trouble(cli: Cli) -> None:
    assert cli("doctor", "nothing.db").code == 3


@pytest.mark.parametrize("sampler", [QuasiRandom(), Draws(), Grid(levels=4)], ids=lambda sampler: sampler.label)
@pytest.mark.parametrize("scheduler", [Once(), Once(folds=3), Once(seeds=2)], ids=repr)
def test_every_decision_comes_out_the_same(cli: Cli, sampler: Sampler, scheduler: Once) -> None:
    search(sampler=sampler, scheduler=scheduler)

    assert cli("replay", "runs.db", "--json").json == {
        "study": "first",
        "checked": 6,
        "skipped": 0,
        "differing": [],
        "same": True,
        "other_versions": {},
    }


def test_what_comes_out_otherwise_is_named(cli: Cli) -> None:
    study = search(sampler=Grid(levels=4), trials=3)
    study.comment("a person's own trials are skipped")
    study.enqueue({"x": 0.123})
    study.optimize(lambda live: live["x"], trials=4)

    same = cli("replay", "runs.db")

    study._journal.write(-1, Asked({"x": 0.123, "opt": "sgd"}, "grid", study.history.position))
    other = cli("replay", "runs.db", "--json")

    assert same.code == 0
    assert "3 proposals made again, 1 skipped" in same.out
    assert other.code == 1
    assert other.json["differing"] == [4]
    assert other.json["other_versions"] == {}


def test_of_another_version_a_difference_is_no_sign_of_damage(cli: Cli) -> None:
    study = search(sampler=Grid(levels=4), trials=2)
    study._journal.write(-1, Asked({"x": 0.123, "opt": "sgd"}, "grid", study.history.position))
    before = msgspec.to_builtins(study.history.sessions[-1].event)
    libraries = {**libraries_here(), "tunewright": "0.0.1"}
    study._journal.write(-1, Opened(**{**before, "environment": {"libraries": libraries}}))
    study._journal.write(-1, Asked({"x": 0.456, "opt": "sgd"}, "grid", study.history.position))

    told = cli("replay", "runs.db")
    facts = cli("replay", "runs.db", "--json").json

    assert told.code == 1
    assert "2 came out otherwise: trials 2, 3" in told.out
    assert f"1 of them were proposed with other versions (tunewright 0.0.1, now {version()})" in " ".join(told.out.split())
    assert facts["differing"] == [2, 3]
    assert facts["other_versions"] == {"3": f"tunewright 0.0.1, now {version()}"}


def test_a_study_is_deleted_when_it_is_said_twice(cli: Cli) -> None:
    search("first")
    search("second")

    unsure = cli("delete", "runs.db", "--name", "first")
    sure = cli("delete", "runs.db", "--name", "first", "--yes")

    assert unsure.code == 2
    assert "Say it with --yes" in unsure.err
    assert sure.out == 'deleted "first"\n'
    assert cli("show", "runs.db", "--json").json["name"] == "second"


def test_which_of_several_must_be_said_even_with_yes(cli: Cli) -> None:
    search("first")
    search("second")

    assert cli("delete", "runs.db", "--yes").code == 2
    assert cli("delete", "runs.db", "--name", "second", "--yes", "--json").json["deleted"] == "second"


def test_on_a_terminal_it_asks_and_takes_no_for_an_answer(folder: Path) -> None:
    search()
    leader, follower = pty.openpty()

    process = subprocess.Popen(
        [sys.executable, "-m", "tunewright", "delete", "runs.db"], stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.write(leader, b"n\n")
    out, err = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)

    assert process.returncode == 1
    assert b"Delete it for good?" in err
    assert out == b"nothing was deleted\n"
    assert len(Study.load(str(folder / "runs.db")).history) == 6
