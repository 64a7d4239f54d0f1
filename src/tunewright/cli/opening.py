"""Find the study that a command line means."""

import difflib
import shlex
from collections.abc import Sequence
from typing import Final

from tunewright import deciders
from tunewright.cli.options import SamplerName, sampler_called
from tunewright.cli.terminal import remark
from tunewright.errors import StudyChanged, StudyError, StudyMissing
from tunewright.events import Opened
from tunewright.metric import Metric
from tunewright.paths import expanded, masked
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Scheduler
from tunewright.space import SearchSpace
from tunewright.storage import connect
from tunewright.storage.base import Storage
from tunewright.study import Study

__all__ = [
    "address",
    "existing",
    "find_name",
    "go_on",
    "last_goal",
    "last_sampler",
    "last_scheduler",
    "no_study",
    "opened",
    "pointed",
]

_FLAGS: Final = (
    ("say Study(..., edit=True); for a fresh start, give another name=.", "add --edit; for a fresh start, give another --name."),
    ("Give it another name=, or leave metrics out", "Give it another --name, or leave --metric out"),
    ("Give it another name=, or leave seed out", "Give it another --name, or leave --seed out"),
)
"""What a library's message says to a Python user, and what it is on the command line."""


def address(where: str) -> Storage:
    """The storage at a URL or a plain path. Nothing is made or opened yet.

    Raises:
        StorageError: the address means nothing.
        StudyMissing: it is the memory of this process, which ends with the command.
    """
    storage = connect(where)
    if storage.url == "memory":
        raise StudyMissing(
            f'"{where}" is the memory of one process: there is nothing in it between two commands. Name a file: runs.db.'
        )
    return storage


def find_name(storage: Storage, name: str | None, *, where: str) -> str:
    """The name of the study that is meant.

    Args:
        storage: where to look.
        name: as the user gave it; None: the only one there.
        where: the storage as the user wrote it, for messages.

    Raises:
        StudyMissing: it is not there, or no name is given and there is not exactly one.
    """
    where = masked(where)
    names = [record.name for record in storage.studies()]
    there = ", ".join(f'"{known}"' for known in names)
    if name is not None:
        if name in names:
            return name
        close = difflib.get_close_matches(name, names, n=1)
        meant = f' Did you mean "{close[0]}"?' if close else f" Studies there: {there}." if names else ""
        raise StudyMissing(f'There is no study "{name}" in {where}.{meant}{_no_file(where)}')
    if not names:
        raise StudyMissing(no_study(where))
    if len(names) > 1:
        raise StudyMissing(f"{where} holds {len(names)} studies: {there}. Say which with --name.")
    return names[0]


def pointed(study: Study, where: str) -> str:
    """How a command names a study, such that a shell takes it: runs.db, or runs.db --name first where there are several.

    Args:
        study: that is meant.
        where: its storage as the user wrote it.
    """
    named = f" --name {shlex.quote(study.name)}" if len(study.storage.studies()) > 1 else ""
    return f"{shlex.quote(masked(where))}{named}"


def no_study(where: str) -> str:
    """That there is none in a storage, named as the user wrote it, and whether that is because the file is not there."""
    where = masked(where)
    return f"There is no study in {where}.{_no_file(where)}"


def _no_file(where: str) -> str:
    path = where.removeprefix("sqlite:///")
    return "" if "://" in path or expanded(path).exists() else f" (The file {path} does not exist.)"


def existing(where: str, name: str | None, *, sampler: Sampler | None = None, scheduler: Scheduler | None = None) -> Study:
    """Open a study that is there.

    Raises:
        StudyMissing: as `find_name`.
        StorageError: it cannot be read.
    """
    storage = address(where)
    return Study(storage=storage, name=find_name(storage, name, where=where), sampler=sampler, scheduler=scheduler)


def opened(
    storage: Storage,
    name: str | None,
    *,
    where: str,
    space: SearchSpace | None,
    metrics: Sequence[Metric] | None,
    sampler: Sampler | None = None,
    scheduler: Scheduler | None = None,
    seed: int | None = None,
    edit: bool = False,
    repeats: bool | None = None,
    new_name: str = "study",
) -> Study:
    """Open a study, or make it when a space is given.

    Args:
        storage, name, where: as for `find_name`.
        space, metrics, sampler, scheduler, seed, edit, repeats: as for `Study`.
        new_name: what a new study is called when no name is given.

    Raises:
        StudyMissing: as `find_name`, when no space is given.
        StudyError: the name is empty.
        StudyChanged: space, metrics or seed differ from the recorded ones; the message names the options that mend it.
    """
    if name == "":
        raise StudyError("--name is empty. Give the study a name, for example --name first, or leave it out.")
    if space is None and not storage.studies():
        raise StudyMissing(f"{no_study(where)} To make one, give its space: --space space.yaml.")
    if space is None or (name is None and len(storage.studies()) > 1):
        name = find_name(storage, name, where=where)
    elif name is None:
        name = next((record.name for record in storage.studies()), new_name)
    try:
        return Study(
            space,
            metrics,
            sampler=sampler,
            scheduler=scheduler,
            storage=storage,
            name=name,
            seed=seed,
            edit=edit,
            repeats=repeats,
        )
    except StudyChanged as error:
        text = str(error)
        for library, command in _FLAGS:
            text = text.replace(library, command)
        raise StudyChanged(text) from error


def last_sampler(study: Study) -> Sampler | None:
    """The sampler of the process that worked on it last, with its arguments; None where the journal says none that can be made again,
    which is said where it names somebody's own.

    Raises:
        StudyError: an older version asked by hand for the points of a grid, and did not say how fine it was.
    """
    history = study.history
    found, said = deciders.last_sampler(history, study.storage.open(study.name).header)
    if history.sessions or said:
        _say_lost("sampler", said, found, "auto")
        return found
    label = next((origin for number in reversed(range(len(history))) if (origin := history.origin(number)) != "queue"), "")
    if label == SamplerName.grid:
        raise StudyError(
            "An older version proposed from a grid, and did not say how fine it was. Say --sampler grid and --levels."
        )
    return sampler_called(label) if label in set(SamplerName) else None


def last_scheduler(study: Study) -> Scheduler | None:
    """The scheduler of the process that worked on it last, as its repr tells it; None where it does not, which is said where it is
    somebody's own.
    """
    found, said = deciders.last_scheduler(study.history, study.storage.open(study.name).header)
    _say_lost("scheduler", said, found, "one task for each trial")
    return found


def _say_lost(what: str, said: str, found: object, now: str) -> None:
    if said and found is None:
        remark(
            f"the study's last {what}, {said}, is none of Tunewright's; from here on it is another ({now}). To go on with your own, say "
            f"--{what} MODULE:CLASS."
        )


def go_on(study: Study, *, sampled: bool, scheduled: bool) -> None:
    """With what the study was worked on last, unless something else was said.

    Raises:
        StudyError: as `last_sampler`.
    """
    if not sampled:
        study.sampler = last_sampler(study) or study.sampler
    if not scheduled and (
        study.history.sessions or study.storage.open(study.name).header.scheduler
    ):  # else it is left to the objective
        study.scheduler = last_scheduler(study) or study.scheduler


def last_goal(study: Study) -> int | None:
    """How many finished trials the process wanted that worked on it last with such a goal; None: none did."""
    goals = [entry.event.goal for entry in study.history.sessions if isinstance(entry.event, Opened) and entry.event.goal]
    return goals[-1] if goals else None
