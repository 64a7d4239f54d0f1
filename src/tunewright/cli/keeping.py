"""Keep studies in order: check, replay, delete."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from tunewright.analysis.text import counted
from tunewright.cli.exits import FAILED, OK, STORAGE
from tunewright.cli.facts import best_text, counts, counts_text
from tunewright.cli.opening import address, existing, find_name
from tunewright.cli.options import (
    AsJson,
    Debug,
    Halving,
    Name,
    OwnScheduler,
    SamplerName,
    StudyArgument,
    sampler_called,
    sampler_of,
    scheduler_of,
)
from tunewright.cli.terminal import document, say
from tunewright.errors import StudyError
from tunewright.events import Asked
from tunewright.execution.files import home
from tunewright.history import History
from tunewright.paths import masked
from tunewright.samplers.base import Sampler
from tunewright.schedulers.once import Once
from tunewright.storage.doctor import Finding, examine
from tunewright.study import Study

__all__ = ["delete", "doctor", "replay"]


def doctor(
    study: StudyArgument,
    *,
    mend: Annotated[bool, typer.Option("--mend", help="Do what can be done. A damaged file itself is left as it is.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Check a storage: every page of a file, and the rules of every journal in it; of a database on a server the journals alone.

    The exit code is 3 while an error stands.
    """
    del debug
    findings = examine(study, mend=mend)
    where = masked(study)
    broken = any(finding.severity == "error" and not finding.mended for finding in findings)
    if as_json:
        document({"storage": where, "sound": not broken, "findings": findings})
    else:
        for finding in findings:
            _print(finding)
        if not findings:
            say(f"{where}: sound")
        elif not broken:
            say(f"{where}: no errors")
        if not mend and any("--mend" in finding.mend and not finding.mended for finding in findings):
            say(f"to mend what can be mended: tunewright doctor {shlex.quote(where)} --mend")
    return STORAGE if broken else OK


def _print(finding: Finding) -> None:
    say(f"{finding.severity:<7}  {finding.what}")
    if finding.mend:
        say(f"         {'done' if finding.mended else 'mend'}: {finding.mend}")


def replay(
    study: StudyArgument,
    *,
    name: Name = None,
    sampler: Annotated[
        list[str] | None,
        typer.Option(
            "--sampler", metavar="MODULE:CLASS", help="A sampler of your own that proposed here; repeat it for several."
        ),
    ] = None,
    scheduler: OwnScheduler = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Make every recorded proposal again, from the journal alone, and compare.

    What people enqueued is skipped, and so are the proposals of samplers that are not Tunewright's own unless --sampler names them. The
    exit code is 1 if one differs.
    """
    del debug
    theirs = [made for text in sampler or [] if (made := sampler_of(text, None)) is not None]
    decider = scheduler_of(None, 1, None, Halving.promote, own=scheduler)
    found = existing(study, name)
    copy = Study(storage=found.storage, name=found.name, scheduler=decider or _scheduler(found))
    again = copy.replay(*_samplers(found.history), *theirs)
    if as_json:
        facts = {"study": found.name, "checked": again.checked, "skipped": again.skipped}
        others = {str(trial): versions for trial, versions in again.elsewhere.items()}
        document({**facts, "differing": again.differing, "same": again.same, "other_versions": others})
    else:
        say(
            f"{counted(again.checked, 'proposal')} made again, {again.skipped:,} skipped (by people, or by samplers that are not at hand)"
        )
        if again.same:
            say("all came out the same" if again.checked else "nothing to compare")
        else:
            first = ", ".join(str(number) for number in again.differing[:10])
            say(f"{len(again.differing):,} came out otherwise: trials {first}{', ...' if len(again.differing) > 10 else ''}")
            if again.remark:
                say(again.remark)
    return OK if again.same else FAILED


def _samplers(history: History) -> list[Sampler]:
    """As they are by default, for what older versions did not say; of a grid nobody knows how fine it was."""
    labels = {history.origin(trial) for trial in range(len(history))} & (set(SamplerName) - {"grid"})
    return [sampler_called(label) for label in sorted(labels)]


def _scheduler(study: Study) -> Once:
    """With as many tasks a trial as the journal promised; which of them are folds does not change what is proposed."""
    for entry in study.storage.read(next(record.id for record in study.storage.studies() if record.name == study.name)):
        if isinstance(entry.event, Asked):
            plan = entry.event.plan
            return Once(seeds=plan) if entry.event.fold is None else Once(folds=plan)
    return Once()


def delete(
    study: StudyArgument,
    *,
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Delete a study with its whole journal. This cannot be undone."""
    del debug
    storage = address(study)
    found = Study(storage=storage, name=find_name(storage, name, where=study))
    history = found.history
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise StudyError(f'Nobody is there to ask whether "{found.name}" may go ({counts_text(history)}). Say it with --yes.')
        sys.stderr.write(f'study "{found.name}" in {storage.url}: {counts_text(history)}; best {best_text(history)}\n')
        sys.stderr.write("Delete it for good? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            say("nothing was deleted")
            return FAILED
    record = next(each for each in storage.studies() if each.name == found.name)
    files = home(None, url=storage.url, name=record.name, created=record.created)
    storage.delete(found.name)
    left = str(files) if isinstance(files, Path) and files.is_dir() else None
    if as_json:
        document({"deleted": found.name, "storage": storage.url, "counts": counts(history), "files": left})
    else:
        say(f'deleted "{found.name}"' + (f"; the checkpoints of its trials are still in {left}" if left else ""))
    return OK
