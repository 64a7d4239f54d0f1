"""The files of a task: one folder for each trial, fold and seed, and checkpoints that are whole or not there.

A checkpoint is a folder `checkpoint-N`. It is written under another name, and renamed when it is complete, which the file system does at
once or not at all. So a process that is killed while it writes leaves the checkpoint before. The next task of the same trial, fold
and seed (after a crash, or at a higher budget) goes on from the newest. Of an objective that yields its steps, `checkpoint-N.steps` says
how many of them the checkpoint holds.
"""

import atexit
import contextlib
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from tunewright.errors import StudyError
from tunewright.execution.remote import Remote
from tunewright.paths import expanded
from tunewright.trial import Task

__all__ = ["Place", "count", "folder_of", "home", "latest", "saving", "steps_in"]

Place: TypeAlias = Path | Remote
"""A folder, here or elsewhere."""

_LETTERS: Final = 240
"""Of a study's name in that of its folder: file systems take 255 bytes."""

_NAME = re.compile(r"checkpoint-(\d+)")


def home(given: "str | os.PathLike[str] | None", *, url: str, name: str, created: float) -> Place:
    """Where a study's files lie. Nothing is made yet.

    Args:
        given: the folder that the user named, or an address that fsspec reaches ("s3://bucket/runs"); None: `runs.db.files` beside an SQLite file, a folder that ends with this process for
            a study in memory, else `tunewright-files` in the present folder.
        url: of the study's storage.
        name: of the study.
        created: seconds since 1970; a new study of an old name does not find the old one's checkpoints.

    Raises:
        ExtraMissing: an address is given, and fsspec is not installed.
        StudyError: it is no text or path, or fsspec does not reach such an address.
    """
    base: Place
    if isinstance(given, str) and "://" in given:
        base = Remote.of(given)
    elif given is not None:
        if not isinstance(given, str | os.PathLike):
            raise StudyError(f"files must be a folder or an address, got {given!r}.")
        base = expanded(given).absolute()
    elif url.startswith("sqlite:///"):
        base = Path(url.removeprefix("sqlite:///") + ".files").absolute()
    elif url == "memory":
        base = _passing()
    else:
        base = Path("tunewright-files").absolute()
    plain = re.sub(r"[^0-9A-Za-z._-]", "_", name)
    plain = plain if len(plain) <= _LETTERS else f"{plain[: _LETTERS // 2]}__{plain[-_LETTERS // 2 :]}"
    return base / f"{plain}-{int(created * 1000):x}"


@functools.cache
def _passing() -> Path:
    folder = Path(tempfile.gettempdir()) / f"tunewright-{os.getpid()}-{os.urandom(4).hex()}"
    owner = os.getpid()

    def clear() -> None:
        if os.getpid() == owner:  # not a forked child
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clear)
    return folder


def folder_of(base: Place, task: Task) -> Place:
    """The folder of a task: `trial-3`, with fold and seed where there are any."""
    fold = "" if task.fold is None else f"-fold-{task.fold}"
    seed = f"-seed-{task.seed}" if task.seed else ""
    return base / f"trial-{task.trial}{fold}{seed}"


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """Those that are complete, oldest first."""
    if not folder.is_dir():
        return []
    return sorted((int(found[1]), path) for path in folder.iterdir() if (found := _NAME.fullmatch(path.name)))


def latest(folder: Path) -> Path | None:
    """The newest complete checkpoint in a task's folder; None: there is none."""
    there = _checkpoints(folder)
    return there[-1][1] if there else None


def steps_in(checkpoint: Path) -> int:
    """How many yields a checkpoint holds; 0: it does not say."""
    try:
        return int(_counter(checkpoint).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def count(checkpoint: Path, steps: int) -> Path:
    """Write down how many yields a checkpoint holds; returns the file that says it."""
    counter = _counter(checkpoint)
    fresh = counter.with_name(f".{counter.name}-{os.urandom(4).hex()}")
    fresh.write_text(str(steps), encoding="ascii")
    return fresh.replace(counter)


def _counter(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.steps")


@contextlib.contextmanager
def saving(folder: Path, steps: int = 0) -> Iterator[Path]:
    """A fresh folder to write a checkpoint into; at the end of the block it takes the place of the one before.

    When the block raises, the checkpoint before stays.

    Args:
        folder: of the task.
        steps: how many yields the checkpoint holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        yield fresh
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    before = _checkpoints(folder)
    checkpoint = folder / f"checkpoint-{before[-1][0] + 1 if before else 1}"
    if steps:
        count(checkpoint, steps)
    fresh.rename(checkpoint)
    for _, old in before:
        shutil.rmtree(old, ignore_errors=True)
        _counter(old).unlink(missing_ok=True)
