import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import msgspec
import pytest

from tunewright.tracking import provenance
from tunewright.tracking.provenance import environment, version


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    return subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    provenance._commit.cache_clear()


def test_the_version_is_the_installed_one() -> None:
    assert version() == metadata.version("tunewright")


def test_the_environment_says_what_somebody_needs_to_do_it_again() -> None:
    found = environment()

    assert found["pid"] == os.getpid()
    assert found["python"] == platform.python_version()
    assert found["command"] == " ".join(sys.argv)
    assert isinstance(found["libraries"], dict)
    assert found["libraries"]["numpy"] == metadata.version("numpy")
    assert "torch" not in found["libraries"] or metadata.version("torch")


def test_the_environment_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(environment())) == environment()


def test_the_commit_is_that_of_the_current_folder_with_a_plus_when_files_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("x = 1\n", encoding="utf-8")
    git(tmp_path, "add", "train.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.chdir(tmp_path)

    clean = environment()["commit"]
    (tmp_path / "notes.txt").write_text("not tracked", encoding="utf-8")
    (tmp_path / "train.py").write_text("x = 2\n", encoding="utf-8")
    provenance._commit.cache_clear()
    changed = environment()["commit"]

    assert clean == git(tmp_path, "rev-parse", "HEAD")
    assert changed == f"{clean}+"


def test_files_that_git_does_not_track_are_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    (tmp_path / "runs.db").write_text("a study", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert environment()["commit"] == git(tmp_path, "rev-parse", "HEAD")


def test_outside_a_repository_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert environment()["commit"] is None


def test_without_git_there_is_none_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert environment()["commit"] is None


def test_the_command_is_kept_without_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tunewright", "worker", "postgresql://tuner:s3cret@db/runs", "n1"])

    assert environment()["command"] == "tunewright worker postgresql://tuner:***@db/runs n1"
