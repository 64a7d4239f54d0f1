import os
from pathlib import Path

import fsspec
import pytest

import tunewright as tw
from tunewright.errors import CheckpointMissing, ExtraMissing, StudyError
from tunewright.execution.files import home
from tunewright.execution.live import LiveTrial
from tunewright.execution.remote import Mirror, Remote
from tunewright.samplers import Random
from tunewright.study import Study
from tunewright.trial import Task


@pytest.fixture(params=["memory", "file"])
def remote(request, tmp_path):
    """A folder in a store of each kind."""
    place = Remote.of("memory://bucket/runs" if request.param == "memory" else (tmp_path / "store").as_uri())
    yield place / "trial-0"
    if request.param == "memory":
        fsspec.filesystem("memory").store.clear()


def saved(mirror, name, text):
    folder = mirror.local / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "state").write_text(text)
    mirror.push(folder)


def found(remote):
    """The state in the newest checkpoint, seen from another machine."""
    mirror = Mirror(remote)
    checkpoint = mirror.checkpoint()
    try:
        return None if checkpoint is None else (checkpoint.name, (checkpoint / "deep" / "state").read_text())
    finally:
        mirror.close()


def test_a_checkpoint_takes_the_place_of_the_one_before(remote):
    assert found(remote) is None
    mirror = Mirror(remote)

    saved(mirror, "checkpoint-1", "one")
    saved(mirror, "checkpoint-2", "two")

    assert found(remote) == ("checkpoint-2", "two")
    assert sorted(mirror._names()) == ["checkpoint-2.whole", "checkpoint-2/deep/state"]
    mirror.close()
    assert not mirror.local.exists()


def test_a_checkpoint_that_was_not_uploaded_whole_is_none(remote):
    mirror = Mirror(remote)
    saved(mirror, "checkpoint-1", "whole")
    (mirror.local / "checkpoint-2").mkdir()
    (mirror.local / "checkpoint-2" / "state").write_text("torn")
    mirror._put([mirror.local / "checkpoint-2" / "state"])  # and then its machine was gone
    mirror.close()

    assert found(remote) == ("checkpoint-1", "whole")


def test_other_files_stay_from_task_to_task(remote):
    first = LiveTrial(Task(0, 0, {}), folder=Remote(remote.url.removesuffix("/trial-0")))
    (first.checkpoint_dir / "plots").mkdir()
    (first.checkpoint_dir / "plots" / "loss.txt").write_text("0.5")
    first.close()

    second = LiveTrial(Task(0, 0, {}), folder=Remote(remote.url.removesuffix("/trial-0")))

    assert (second.checkpoint_dir / "plots" / "loss.txt").read_text() == "0.5"
    assert second.resume_from is None
    second.close()


def test_a_store_that_fails_costs_the_files_and_not_the_result(tmp_path):
    (tmp_path / "store").write_text("a file stands where the folder should be")
    mirror = Mirror(Remote((tmp_path / "store").as_uri()))
    (mirror.local / "log").write_text("text")

    with pytest.warns(UserWarning, match="did not reach"):
        mirror.close()

    assert not mirror.local.exists()


def test_a_task_that_dies_goes_on_from_its_checkpoint_in_the_store(tmp_path):
    def objective(live):
        epoch = 0 if live.resume_from is None else int((Path(live.resume_from) / "epoch").read_text())
        if epoch == 0:
            with live.save_checkpoint() as folder:
                (folder / "epoch").write_text("3")
            os._exit(1)
        return {"loss": live["x"], "begun": epoch}

    study = Study({"x": tw.Float(0, 1)}, tw.Metric("loss"), storage=f"sqlite:///{tmp_path / 'runs.db'}", sampler=Random(), seed=0)
    study.optimize(objective, trials=2, workers=2, retries=1, files=(tmp_path / "store").as_uri())

    assert [trial.measurements[0].info["begun"] for trial in study.history.trials] == [3, 3]
    assert not (tmp_path / "runs.db.files").exists()
    assert len(list((tmp_path / "store").glob("*/trial-*/checkpoint-1.whole"))) == 2


def test_an_address_that_cannot_be_reached_is_said_before_any_work(monkeypatch):
    study = Study({"x": tw.Float(0, 1)}, tw.Metric("loss"), sampler=Random())

    with pytest.raises(StudyError, match=r'files="floppy://a/b": there is no way to that place'):
        study.optimize(lambda live: live["x"], trials=1, files="floppy://a/b")
    assert len(study.history) == 0
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(ExtraMissing, match='pip install "fsspec'):
        home("memory://a", url="memory", name="a", created=1.0)


def test_a_clone_fetches_its_parents_checkpoint_as_it_was(remote):
    base = Remote(remote.url.removesuffix("/trial-0"))
    for index, (budget, text) in enumerate([(2, "early"), (2, "two"), (4, "four"), (6, "six")]):
        parent = LiveTrial(Task(0, index, {}, budget=budget, keep=2 if budget < 6 else 4), folder=base)
        with parent.save_checkpoint() as folder:
            (folder / "state").write_text(text)
        parent.close()

    clone = LiveTrial(Task(7, 0, {}, budget=6, parent=0, since=4, keep=4), folder=base)
    place = Path(clone.resume_from)
    assert (place / "state").read_text() == "four"
    clone.close()
    assert not place.exists()
    assert LiveTrial(Task(0, 5, {}, budget=8), folder=base).resume_from.endswith("checkpoint-4")
    with pytest.raises(CheckpointMissing, match="clone of trial 0 at budget 2"):  # nobody needed it any more
        LiveTrial(Task(8, 0, {}, budget=4, parent=0, since=2, keep=4), folder=base)


@pytest.mark.parametrize("step", ["find", "get_file"])
def test_a_store_that_fails_while_a_checkpoint_is_fetched_leaves_no_folder_behind(remote, monkeypatch, tmp_path, step):
    mirror = Mirror(remote)
    saved(mirror, "checkpoint-1", "one")
    mirror.close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "twins"))
    (tmp_path / "twins").mkdir()

    def fails(*_, **__):
        raise OSError("the store is away")

    monkeypatch.setattr(type(mirror._system), step, fails)
    for task in (Task(0, 0, {}), Task(1, 0, {}, parent=0)):
        with pytest.raises(OSError, match="away"):
            LiveTrial(task, folder=Remote(remote.url.removesuffix("/trial-0")))

    assert list((tmp_path / "twins").iterdir()) == []
