"""The files of a task: one folder for each trial, fold and seed, and checkpoints that are whole or not there.

A checkpoint is a folder `checkpoint-N`. It is written under another name, and renamed when it is complete, which the file system does at
once or not at all. So a process that is killed while it writes leaves the checkpoint before. The next task of the same trial, fold
and seed (after a crash, or at a higher budget) goes on from the newest. Of an objective that yields its steps, `checkpoint-N.steps` says
how many of them the checkpoint holds.

Where trials are cloned, `checkpoint-N.budget` says with which budget its task was sent, and of each budget from which a clone may still go
on the newest is kept (`Task.keep`). So the parent's checkpoint is there as it was, however far the parent has gone on since.
"""

import atexit
import contextlib
import errno
import functools
import hashlib
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from tunewright.errors import StudyError
from tunewright.execution.checkpoints import NO_MARK, Mark, dispensable, newest
from tunewright.execution.remote import Remote
from tunewright.paths import expanded
from tunewright.processes import alive, machine, started
from tunewright.trial import Task

__all__ = ["Place", "count", "folder_of", "home", "latest", "saving", "steps_in", "sweep"]

Place: TypeAlias = Path | Remote
"""A folder, here or elsewhere."""

_LETTERS: Final = 240
"""Of a study's name in that of its folder: file systems take 255 bytes."""

_SILENT: Final = 600.0
"""Seconds without a write after which another machine is not taken to be at work on a checkpoint any more."""

_UNFINISHED = re.compile(r"\.unfinished-([0-9a-f]+)-(\d+)-(\d+)-.*")
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
    stamp = created * (
        1e6 if given is None and url == "memory" else 1e3
    )  # one process makes several studies in memory within a millisecond
    return base / f"{plain}-{int(stamp):x}"


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


def latest(folder: Path, since: float | None = None) -> Path | None:
    """The newest complete checkpoint in a task's folder, of those of tasks with at most the budget `since`; None: there is none."""
    there = _checkpoints(folder)
    number = newest({number: _budget_of(path) for number, path in there}, since)
    return None if number is None else dict(there)[number]


def _budget_of(checkpoint: Path) -> float | None:
    try:
        return float(_beside(checkpoint, "budget").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def sweep(folder: Path) -> None:
    """Remove what killed processes left of checkpoints that they had begun in a task's folder.

    Of a process of this machine it is known whether it lives; another's has to have been silent for a while.
    """
    for path in folder.glob(".unfinished-*"):
        found = _UNFINISHED.fullmatch(path.name)
        if found is not None and found[1] == _here():
            dead = alive(int(found[2]), float(found[3])) is False
        else:
            dead = time.time() - max(map(_touched, (path, *path.rglob("*")))) > _SILENT
        if dead:
            shutil.rmtree(path, ignore_errors=True)


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # its owner is at work
        return math.inf


@functools.cache
def _here() -> str:
    return hashlib.blake2b(machine().encode(), digest_size=6).hexdigest()


def steps_in(checkpoint: Path) -> int:
    """How many yields a checkpoint holds; 0: it does not say."""
    try:
        return int(_beside(checkpoint, "steps").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def count(checkpoint: Path, steps: int) -> Path:
    """Write down how many yields a checkpoint holds; returns the file that says it."""
    return _note(checkpoint, "steps", str(steps))


def _note(checkpoint: Path, about: str, text: str) -> Path:
    target = _beside(checkpoint, about)
    fresh = target.with_name(f".{target.name}-{os.urandom(4).hex()}")
    fresh.write_text(text, encoding="ascii")
    return fresh.replace(target)


def _beside(checkpoint: Path, about: str) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.{about}")


@contextlib.contextmanager
def saving(folder: Path, mark: Mark = NO_MARK) -> Iterator[Path]:
    """A fresh folder to write a checkpoint into; at the end of the block it takes the place of the one before.

    When the block raises, the checkpoint before stays.

    Args:
        folder: of the task.
        mark: what is written down with it, and which of those before must stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".unfinished-{_here()}-{os.getpid()}-{started(os.getpid()):.0f}-", dir=folder))
    try:
        yield fresh
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    before = dict(_settle(fresh, folder, mark))
    for number in dispensable({each: _budget_of(path) for each, path in before.items()}, mark):
        shutil.rmtree(before[number], ignore_errors=True)
        for about in ("steps", "budget"):
            _beside(before[number], about).unlink(missing_ok=True)


def _settle(fresh: Path, folder: Path, mark: Mark) -> list[tuple[int, Path]]:
    """Make a complete folder the newest checkpoint; returns those before it."""
    while True:
        before = _checkpoints(folder)
        checkpoint = folder / f"checkpoint-{before[-1][0] + 1 if before else 1}"
        if mark.steps:
            count(checkpoint, mark.steps)
        if mark.keep is not None and mark.budget is not None:
            _note(checkpoint, "budget", repr(mark.budget))
        try:
            fresh.rename(checkpoint)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            continue  # another thread took that number a moment ago
        return before
