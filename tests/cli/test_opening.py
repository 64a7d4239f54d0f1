import contextlib
from pathlib import Path
from typing import Any

import pytest

from tunewright.cli.opening import address, existing, find_name, last_goal, last_sampler, last_scheduler, opened
from tunewright.errors import SpaceExhausted, StorageError, StudyChanged, StudyError, StudyMissing
from tunewright.events import Asked, Opened
from tunewright.metric import Metric
from tunewright.samplers.base import Sampler
from tunewright.samplers.gp import GP
from tunewright.samplers.grid import Grid
from tunewright.samplers.manual import Manual
from tunewright.samplers.random import Random
from tunewright.schedulers.once import Once
from tunewright.space import Float, SearchSpace
from tunewright.study import Study

SPACE = SearchSpace({"x": Float(0, 1)})


def make(*names: str) -> None:
    for name in names:
        Study(SPACE, storage="runs.db", name=name)


def test_the_only_study_needs_no_name(folder: Path) -> None:
    make("first")

    assert existing("runs.db", None).name == "first"
    assert existing("sqlite:///runs.db", "first").name == "first"


def test_of_several_studies_one_must_be_named(folder: Path) -> None:
    make("first", "second")

    with pytest.raises(StudyMissing, match='holds 2 studies: "first", "second"'):
        existing("runs.db", None)
    assert existing("runs.db", "second").name == "second"


def test_a_misspelt_name_is_answered_with_the_right_one(folder: Path) -> None:
    make("first", "second")

    with pytest.raises(StudyMissing, match='Did you mean "first"'):
        existing("runs.db", "frist")
    with pytest.raises(StudyMissing, match='Studies there: "first", "second"'):
        existing("runs.db", "other")


def test_looking_for_a_file_makes_none(folder: Path) -> None:
    with pytest.raises(StudyMissing, match=r"The file nothing\.db does not exist"):
        existing("nothing.db", None)
    with pytest.raises(StudyMissing, match="To make one, give its space"):
        opened(address("nothing.db"), None, where="nothing.db", space=None, metrics=None)

    assert not (folder / "nothing.db").exists()


def test_memory_is_no_place_to_find_a_study() -> None:
    with pytest.raises(StudyMissing, match="there is nothing in it between two commands"):
        address("memory")


def test_an_address_that_means_nothing_is_refused() -> None:
    with pytest.raises(StorageError, match="Did you mean"):
        address("runs")


def test_a_new_study_takes_the_name_that_is_left(folder: Path) -> None:
    storage = address("runs.db")

    first = opened(storage, None, where="runs.db", space=SPACE, metrics=[Metric("loss")], new_name="bread")
    again = opened(storage, None, where="runs.db", space=SPACE, metrics=None)

    assert (first.name, again.name) == ("bread", "bread")
    assert again.metrics == (Metric("loss"),)
    assert find_name(storage, None, where="runs.db") == "bread"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": SearchSpace({"x": Float(0, 2)})}, "add --edit; for a fresh start, give another --name"),
        ({"metrics": [Metric("accuracy", "maximize")]}, "another --name, or leave --metric out"),
        ({"seed": 5}, "another --name, or leave --seed out"),
    ],
)
def test_what_differs_is_said_in_the_words_of_the_command_line(folder: Path, change: dict[str, Any], message: str) -> None:
    make("first")

    with pytest.raises(StudyChanged, match=message) as caught:
        opened(address("runs.db"), "first", where="runs.db", **{"space": SPACE, "metrics": None, **change})

    assert "=True" not in str(caught.value)
    assert "name=" not in str(caught.value)


def test_an_agreed_edit_goes_on(folder: Path) -> None:
    make("first")

    found = opened(address("runs.db"), None, where="runs.db", space=SearchSpace({"x": Float(0, 2)}), metrics=None, edit=True)

    assert found.space == SearchSpace({"x": Float(0, 2)})


@pytest.mark.parametrize("sampler", [Random(), Grid(levels=3), Grid(levels={"x": [0.0, 0.5]}), Manual(), GP(initial=7)], ids=repr)
def test_the_last_sampler_is_that_of_the_last_session_with_its_arguments(sampler: Sampler) -> None:
    study = Study(SPACE)
    before = last_sampler(study)
    study.sampler = sampler
    study.enqueue({"x": 0.5})
    study.ask()

    assert before is None
    assert repr(last_sampler(study)) == repr(sampler)


def test_where_nobody_worked_it_is_what_the_study_was_created_with() -> None:
    study = Study(SPACE, sampler=GP(initial=7), scheduler=Once(seeds=2))
    study.enqueue({"x": 0.5})

    assert repr(last_sampler(study)) == "GP(initial=7)"
    assert repr(last_scheduler(study)) == "Once(folds=None, seeds=2)"


def test_who_found_nothing_to_propose_is_the_last_sampler_too() -> None:
    study = Study(SPACE, sampler=Manual())
    for _ in range(2):
        with pytest.raises(SpaceExhausted):
            study.ask()

    assert isinstance(last_sampler(study), Manual)
    assert len(study.history.sessions) == 1


def test_a_sampler_that_is_none_of_ours_is_said_to_be_lost(capsys: pytest.CaptureFixture[str]) -> None:
    study = Study(SPACE)
    study._journal.write(-1, Opened(1, "mine.Mine(3)", "Once()", {}))

    assert last_sampler(study) is None
    assert "the study's last sampler, mine.Mine(3), is none of Tunewright's" in capsys.readouterr().err


def test_where_no_session_is_written_the_label_tells_the_sampler() -> None:
    study = Study(SPACE)
    study._journal.write(-1, Asked({"x": 0.5}, "random", 0))
    study._journal.write(-1, Asked({"x": 0.6}, "queue", 1))

    assert isinstance(last_sampler(study), Random)

    study._journal.write(-1, Asked({"x": 0.7}, "grid", 2))
    with pytest.raises(StudyError, match=r"how fine it was\. Say --sampler grid and --levels"):
        last_sampler(study)


def test_a_server_is_no_file_that_does_not_exist(postgres: str) -> None:
    with contextlib.closing(address(postgres)) as storage:
        for name in (None, "first"):
            with pytest.raises(StudyMissing) as raised:
                find_name(storage, name, where=postgres)
            assert "file" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Once(folds=5, seeds=2)", "Once(folds=5, seeds=2)"),
        ("Mine(3)", "None"),
        ("Once(folds=open('x'))", "None"),
        ("<object at 0x7f>", "None"),
    ],
)
def test_the_last_scheduler_is_read_from_its_repr_and_nothing_is_run(text: str, found: str) -> None:
    study = Study({"x": Float(0, 1)})
    study._journal.write(-1, Opened(1, "Random()", text, {}))

    assert repr(last_scheduler(study)) == found


def test_the_last_goal_is_that_of_the_last_session_that_had_one() -> None:
    study = Study({"x": Float(0, 1)})
    assert last_goal(study) is None

    for goal in (3, 7, 0):
        study._journal.write(-1, Opened(1, "Random()", "Once()", {}, goal))

    assert last_goal(study) == 7
