"""What a study says of its hyperparameters: which mattered, how the metric goes with them, and what tuning them was worth."""

from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from tunewright.analysis.importances import Method
from tunewright.analysis.insight import json_of
from tunewright.cli.opening import existing
from tunewright.cli.options import AsJson, Debug, Name, StudyArgument
from tunewright.cli.terminal import document, say

__all__ = ["effects", "importance", "tunability"]

_About: TypeAlias = Annotated[
    str | None, typer.Option("--metric", metavar="NAME", help="About which metric. [default: the first that is optimised]")
]
_Seed: TypeAlias = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of what is drawn for the answer.")]


def importance(
    study: StudyArgument,
    *,
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="Shares of the variance by a random forest (fanova), or by a Gaussian process, alone and in any company (sobol); "
            "what sets the best apart (ped-anova); the whole shared out (shapley, up to 12 parameters).",
        ),
    ] = "fanova",
    of: Annotated[str, typer.Option("--of", metavar="PART", help='Of all trials, or of the best: "top 10 %", 0.1.')] = "all",
    metric: _About = None,
    seed: _Seed = 0,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say which hyperparameters mattered, with 95 % intervals, and whether the model behind it predicts."""
    del debug
    _tell(existing(study, name).importance(method, of, metric=metric, seed=seed), as_json=as_json)


def effects(
    study: StudyArgument,
    parameters: Annotated[
        list[str] | None, typer.Argument(metavar="PARAMETER...", help="One, or two for both together. [default: each alone]")
    ] = None,
    *,
    metric: _About = None,
    seed: _Seed = 0,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say how the metric goes with each hyperparameter, all others averaged out, with 95 % bands."""
    del debug
    _tell(existing(study, name).effects(*(parameters or []), metric=metric, seed=seed), as_json=as_json)


def tunability(
    study: StudyArgument,
    *,
    metric: _About = None,
    seed: _Seed = 0,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say what tuning is worth beyond the defaults: all, each alone, the path to the best trial, and what can stay at its default."""
    del debug
    _tell(existing(study, name).tunability(metric=metric, seed=seed), as_json=as_json)


def _tell(found: Any, *, as_json: bool) -> None:  # noqa: ANN401  any answer of an analysis
    if as_json:
        document(msgspec.json.decode(json_of(found)))
    else:
        say(repr(found))
