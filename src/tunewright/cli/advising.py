"""What to do next, and which of two is better."""

import math
import shlex
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tunewright.analysis.comparison import compare as compared
from tunewright.analysis.insight import json_of
from tunewright.cli.opening import address, existing, find_name, no_study, pointed
from tunewright.cli.options import AsJson, Debug, Name, StudyArgument
from tunewright.cli.terminal import document, say
from tunewright.cli.writing import whole_file
from tunewright.errors import StudyMissing
from tunewright.history import History
from tunewright.study import Study

__all__ = ["compare", "refine"]


def refine(
    study: StudyArgument,
    *,
    keep: Annotated[
        float,
        typer.Option(
            "--keep",
            metavar="SHARE",
            help="So much of the best tenth of the space stays inside the new ranges; less makes them narrower.",
        ),
    ] = 0.9,
    freeze: Annotated[
        bool,
        typer.Option(
            "--freeze",
            help="Fix parameters that make no difference. Trials with other values no longer count as tried: of numbers often the best alone stays.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Search the proposed space from here on.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the space as JSON, to edit it.")] = None,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Propose the space of the next round, as a list of changes; nothing is changed without --yes.

    An edited file is taken up by `tunewright run ... --space FILE --edit`.
    """
    del debug
    found = existing(study, name)
    proposal = found.refine(keep, freeze=freeze)
    if out is not None:
        with whole_file(out) as partial:
            partial.write_text(proposal.space.to_json() + "\n", encoding="utf-8")
    accepted = yes and bool(proposal.changes)
    if accepted:
        found.edit(proposal.space)
    if as_json:
        document({**msgspec.json.decode(json_of(proposal)), "accepted": accepted})
        return
    say(repr(proposal))
    if accepted:
        say("Accepted: the study searches this space from here on.")
    elif proposal.changes:
        say("Nothing is changed yet. To accept: --yes.")
    if out is not None and not proposal.changes:
        say(f"{out} holds the present space, unchanged.")
    elif out is not None:
        searched = (
            ""
            if accepted
            else f"; to search it: tunewright run MODULE:OBJECTIVE --study {pointed(found, study)} --space {shlex.quote(str(out))} --edit"
        )
        say(f"{out} holds the proposed space{searched}")


def compare(
    first: Annotated[str, typer.Argument(metavar="A", show_default=False, help="A study file or URL, or FILE::NAME.")],
    second: Annotated[str, typer.Argument(metavar="B", show_default=False, help="The other one.")],
    *,
    margin: Annotated[
        float | None, typer.Option("--margin", min=0, metavar="M", help="A difference up to this does not matter.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, metavar="N", help="Compare after N trials. [default: as many as all have]")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say whether two studies really differ. A file with several studies counts as one search repeated with several seeds.

    Paired by seed where the seeds are the same; with one study on either side the winners are compared fold by fold.
    """
    del debug
    sides = [_histories(where) for where in (first, second)]
    found = compared(*sides, names=(first, second), margin=math.nan if margin is None else margin, trials=trials)
    if as_json:
        document({**msgspec.json.decode(json_of(found)), "verdict": found.verdict})
    else:
        say(repr(found))


def _histories(where: str) -> list[History]:
    place, _, name = where.partition("::")
    storage = address(place)
    if name:
        return [Study(storage=storage, name=find_name(storage, name, where=place)).history]
    records = storage.studies()
    if not records:
        raise StudyMissing(no_study(place))
    return [Study(storage=storage, name=record.name).history for record in records]
