import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tunewright.errors import StudyError
from tunewright.execution.checkpoints import Mark
from tunewright.execution.files import folder_of, home, latest, saving, sweep
from tunewright.execution.live import LiveTrial
from tunewright.trial import Task


def found(folder):
    checkpoint = latest(folder)
    assert checkpoint is not None
    return checkpoint


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("sqlite:////data/runs.db", Path("/data/runs.db.files")),
        ("postgresql://host/db", Path.cwd() / "tunewright-files"),
    ],
)
def test_files_lie_beside_the_study(url, base):
    assert home(None, url=url, name="a", created=1.5).parent == base


def test_the_user_may_name_the_folder(tmp_path):
    assert home(tmp_path, url="memory", name="train:objective", created=1.0) == tmp_path / "train_objective-3e8"


def test_a_new_study_of_an_old_name_has_other_files(tmp_path):
    assert home(tmp_path, url="memory", name="a", created=1.0) != home(tmp_path, url="memory", name="a", created=2.0)


def test_each_fold_and_seed_has_its_own_folder():
    base = Path("base")

    assert folder_of(base, Task(3, 0, {})) == base / "trial-3"
    assert folder_of(base, Task(3, 5, {}, fold=1, seed=2)) == base / "trial-3-fold-1-seed-2"


def test_a_checkpoint_takes_the_place_of_the_one_before(tmp_path):
    assert latest(tmp_path / "none") is None

    for number in range(12):
        with saving(tmp_path) as folder:
            (folder / "model").write_text(str(number))

    assert latest(tmp_path) == tmp_path / "checkpoint-12"
    assert (found(tmp_path) / "model").read_text() == "11"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_checkpoint_that_was_not_finished_is_none(tmp_path):
    with saving(tmp_path) as folder:
        (folder / "model").write_text("whole")

    def interrupted():
        with saving(tmp_path) as folder:
            (folder / "model").write_text("torn")
            raise OSError

    with pytest.raises(OSError):
        interrupted()
    (tmp_path / ".unfinished-killed").mkdir()  # what a kill leaves

    assert (found(tmp_path) / "model").read_text() == "whole"


def test_a_long_name_keeps_its_ends(tmp_path):
    name = "a" * 300 + ", outer fold 2 of 5"

    folder = home(tmp_path, url="memory", name=name, created=1.0).name
    assert 200 < len(folder) < 256
    assert folder.startswith("aaa")
    assert folder.endswith("__outer_fold_2_of_5-3e8")


def test_what_is_no_folder_is_refused():
    with pytest.raises(StudyError, match="files must be a folder or an address, got 3"):
        home(3, url="memory", name="study", created=1.0)


def _kill_in_the_middle(folder):
    with saving(folder) as unfinished:
        (unfinished / "model").write_bytes(bytes(1000))
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_kill_left_of_a_checkpoint_is_swept_when_the_task_begins_again(tmp_path):
    folder = tmp_path / "trial-0"
    with saving(folder) as whole:
        (whole / "model").touch()
    for _ in range(2):
        child = multiprocessing.get_context("fork").Process(target=_kill_in_the_middle, args=(folder,))
        child.start()
        child.join()
    assert len(list(folder.iterdir())) == 3

    with saving(folder) as mine:  # by a thread that still writes
        assert LiveTrial(Task(0, 0, {}), folder=tmp_path).resume_from == str(folder / "checkpoint-1")
        assert mine.exists()

    assert [path.name for path in folder.iterdir()] == ["checkpoint-2"]


def test_what_another_machine_has_begun_is_swept_when_it_has_been_silent(tmp_path):
    for name in (".unfinished-0123456789ab-7-1-fresh", ".unfinished-0123456789ab-7-1-old"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".unfinished-0123456789ab-7-1-old", (0, 0))

    sweep(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [".unfinished-0123456789ab-7-1-fresh"]


def test_several_threads_may_save(tmp_path):
    def save(number):
        for _ in range(50):
            with saving(tmp_path, Mark(steps=1)) as folder:
                (folder / "model").write_text(str(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, range(4)))

    assert (found(tmp_path) / "model").exists()


def test_of_each_budget_from_which_a_clone_may_go_on_the_newest_stays(tmp_path: Path) -> None:
    for budget, text in ((2, "a"), (2, "b"), (4, "c"), (6, "d")):
        with saving(tmp_path, Mark(steps=budget, budget=budget, keep=2)) as folder:
            (folder / "state").write_text(text)

    states = {since: (latest(tmp_path, since) or tmp_path).joinpath("state") for since in (2, 3, 4, 6)}
    assert {since: path.read_text() for since, path in states.items()} == {2: "b", 3: "b", 4: "c", 6: "d"}
    assert latest(tmp_path, 1) is None

    with saving(tmp_path, Mark(budget=8, keep=6)) as folder:
        (folder / "state").write_text("e")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["checkpoint-4", "checkpoint-4.budget", "checkpoint-4.steps", "checkpoint-5", "checkpoint-5.budget"]


def test_studies_in_memory_of_one_millisecond_do_not_share_their_files() -> None:
    assert home(None, url="memory", name="study", created=1.7e9) != home(None, url="memory", name="study", created=1.7e9 + 1e-5)
