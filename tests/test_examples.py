"""Every example runs, says what it promises, and is short enough to be read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tunewright.study import Study

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(folder: Path, *command: str) -> str:
    """Run an example in an empty folder, with this Python first on the path; returns what it printed."""
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    env = os.environ | {"PATH": os.pathsep.join(paths), "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Warning" not in done.stderr
    return done.stdout


def python(folder: Path, name: str, *arguments: str) -> str:
    return run(folder, sys.executable, str(EXAMPLES / name), *arguments)


def test_the_first_study_finds_something_and_has_nothing_to_do_the_second_time(tmp_path: Path) -> None:
    first = python(tmp_path, "first.py")
    second = python(tmp_path, "first.py")

    assert first.startswith("best of 60 trials: loss 0.")
    assert second == first
    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]  # no log and no lock is left


def test_cross_validation_has_a_value_for_each_fold_of_the_best(tmp_path: Path) -> None:
    text = python(tmp_path, "sklearn_cv.py", "4").splitlines()

    assert [line.split()[0] for line in text[:2]] == ["default", "best"]
    for line in text[:2]:
        mean, folds = float(line.split()[1]), line.split("folds: ")[1].split("{")[0].split()
        assert len(folds) == 5
        assert mean == pytest.approx(sum(map(float, folds)) / 5, abs=1e-3)
    assert float(text[1].split()[1]) >= float(text[0].split()[1])


@pytest.mark.skipif(shutil.which("sh") is None or shutil.which("awk") is None, reason="a shell script")
def test_a_shell_asks_tells_enqueues_and_sees_the_best(tmp_path: Path) -> None:
    text = run(tmp_path, "sh", str(EXAMPLES / "by_hand.sh"))

    assert "trial 0 told" in text
    assert "trial 2 failed: the oven was cold" in text
    trials = Study.load(tmp_path / "bread.db").history.trials
    assert [str(trial.state) for trial in trials] == ["completed", "completed", "failed"]
    assert (trials[1].origin, trials[1].note) == ("queue", "grandmother's way")
    best = max(trials[:2], key=lambda trial: trial.value or 0.0)
    assert f"(trial {best.number})" in text.splitlines()[-5]


def test_searches_of_scikit_learns_gallery_run_with_another_name(tmp_path: Path) -> None:
    text = python(tmp_path, "sklearn_gallery.py").splitlines()

    assert len(text) == 8
    for line in text[:-1]:
        assert int(line[36:].split()[0]) in {6, 15}
    assert float(next(line for line in text if line.startswith("kernel ridge"))[28:36]) > 0.3


def test_q_learning_is_judged_over_seeds(tmp_path: Path) -> None:
    text = python(tmp_path, "reinforcement_learning.py")

    assert int(text.split(" seeds: sd")[0].split()[-1]) >= 20
    assert "measured (n = " in text
    assert "The gain over the default" in text or "Warning: the gain over the default" in text or "is the winner" in text


def test_the_table_of_the_demo_is_written(tmp_path: Path) -> None:
    said = python(tmp_path, "breast_cancer.py", "table.csv")

    header, *rows = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert said.startswith("table.csv: 569 patients")
    assert header.endswith(",diagnosis")
    assert {row.rpartition(",")[2] for row in rows} == {"malignant", "benign"}


def test_every_example_is_run_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")

    assert all(f'"{path.name}"' in here for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh"})
