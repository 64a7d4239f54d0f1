"""Options that several commands share, and how their texts become values."""

import difflib
import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias

import typer

from tunewright import samplers
from tunewright.cli.own import made
from tunewright.errors import MetricError, StudyError
from tunewright.execution.fence import Isolation
from tunewright.metric import Metric
from tunewright.samplers.base import Sampler
from tunewright.samplers.grid import Grid
from tunewright.schedulers.asha import ASHA
from tunewright.schedulers.base import Scheduler
from tunewright.schedulers.hyperband import Hyperband
from tunewright.schedulers.once import Once
from tunewright.schedulers.pbt import PBT

__all__ = [
    "AsJson",
    "Budgets",
    "Debug",
    "Direction",
    "Edit",
    "Files",
    "Folds",
    "Goal",
    "Gpus",
    "Halving",
    "HalvingOption",
    "IsolationOption",
    "Levels",
    "MetricTexts",
    "Name",
    "OwnScheduler",
    "Population",
    "Quiet",
    "Retries",
    "SamplerName",
    "SamplerOption",
    "SchedulerOption",
    "Seed",
    "Seeds",
    "SpaceText",
    "StudyArgument",
    "TaskMemory",
    "TaskTime",
    "TimeSpan",
    "Workers",
    "metrics_of",
    "per_task",
    "sampler_called",
    "sampler_of",
    "scheduler_of",
    "span",
]

Goal: TypeAlias = Literal["minimize", "maximize"]

_UNITS: Final = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def span(text: str) -> float:
    """A time span in seconds: "90", "90s", "5m", "1h30m", "1.5 h".

    Raises:
        typer.BadParameter: it is none.
    """
    compact = text.replace(" ", "").lower()
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        return float(compact)
    if not re.fullmatch(r"(\d+(\.\d+)?[a-z]+)+", compact):
        raise typer.BadParameter(f"{text!r} is no time. Write for example 60s, 5m or 1h30m.")
    seconds = 0.0
    for amount, unit in re.findall(r"(\d+(?:\.\d+)?)([a-z]+)", compact):
        if unit not in _UNITS:
            raise typer.BadParameter(f'{text!r} is no time: there is no unit "{unit}". Write for example 60s, 5m or 1h30m.')
        seconds += float(amount) * _UNITS[unit]
    return seconds


class SamplerName(StrEnum):
    """Who proposes: each is the label of a sampler in `tunewright.samplers`."""

    auto = "auto"
    gp = "gp"
    tpe = "tpe"
    cmaes = "cmaes"
    evolution = "evolution"
    gradient = "gradient"
    quasi_random = "quasi_random"
    random = "random"
    grid = "grid"
    manual = "manual"


_CLASSES: Final = {
    SamplerName.auto: "Auto",
    SamplerName.gp: "GP",
    SamplerName.tpe: "TPE",
    SamplerName.cmaes: "CMAES",
    SamplerName.evolution: "Evolution",
    SamplerName.gradient: "Gradient",
    SamplerName.quasi_random: "QuasiRandom",
    SamplerName.random: "Random",
    SamplerName.grid: "Grid",
    SamplerName.manual: "Manual",
}


StudyArgument: TypeAlias = Annotated[str, typer.Argument(metavar="STUDY", help="The file or URL: runs.db, sqlite:///runs.db.")]
Edit: TypeAlias = Annotated[bool, typer.Option("--edit", help="Accept that the space differs from the recorded one, and go on.")]
Name: TypeAlias = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Which study in it, when there are several.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
Debug: TypeAlias = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
SpaceText: TypeAlias = Annotated[
    str | None,
    typer.Option("--space", metavar="SPACE", help="space.yaml, space.json, or MODULE:NAME. Needed once: the study records it."),
]
MetricTexts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="METRIC",
        help='What is measured: loss, or accuracy:maximize, or with a bound "latency_ms<=10". Repeat it for several. [default: as recorded, else value]',
    ),
]
Direction: TypeAlias = Annotated[
    bool | None,
    typer.Option("--maximize/--minimize", help="Which way is better, for metrics that do not say it. [default: minimize]"),
]
_SAMPLERS: Final = ", ".join(SamplerName)
SamplerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--sampler",
        metavar="NAME|MODULE:CLASS",
        help=f"Who proposes: {_SAMPLERS}; or your own: mine:Neighbour is class Neighbour in ./mine.py. [default: the study's last one, else auto]",
    ),
]
SchedulerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="MODULE:CLASS",
        help="A scheduler of your own. [default: what the other options say, else the study's last one]",
    ),
]
OwnScheduler: TypeAlias = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="MODULE:CLASS", help="A scheduler of your own. [default: the study's last one]"),
]
Levels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--levels", metavar="N|NAME=N", help="Values of each number in a grid, or of one: 4, lr=7. [default: 5]"),
]
TimeSpan: TypeAlias = Annotated[
    float | None, typer.Option("--time", parser=span, metavar="TIME", help="How long to search: 60s, 5m, 1h30m.")
]
Workers: TypeAlias = Annotated[int, typer.Option("--workers", min=1, metavar="N", help="Processes that work at once.")]
IsolationOption: TypeAlias = Annotated[
    Isolation | None,
    typer.Option("--isolation", help="Run each task in a child process, or in this one. [default: what the other options need]"),
]
TaskTime: TypeAlias = Annotated[
    float | None, typer.Option("--task-time", parser=span, metavar="TIME", help="End a task that takes longer: 30s, 5m.")
]
TaskMemory: TypeAlias = Annotated[
    str | None, typer.Option("--task-memory", metavar="SIZE", help="End a task that holds more memory: 2GB, 512MiB.")
]
Gpus: TypeAlias = Annotated[
    str | None, typer.Option("--gpus", metavar="N,N", help="The device of each worker: 0,1; or 0,0 for two tasks on one.")
]
Retries: TypeAlias = Annotated[
    int, typer.Option("--retries", min=0, metavar="N", help="Try a task again whose process died, from its last checkpoint.")
]
Files: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--files",
        metavar="PLACE",
        help="Where checkpoints lie: a folder, or s3://bucket/runs. [default: beside the study's file; of a study on a server tunewright-files in the present folder]",
    ),
]
Folds: TypeAlias = Annotated[
    int | None, typer.Option("--folds", min=1, metavar="K", help="Judge each configuration on folds 0 to K-1 (live.fold).")
]
Seeds: TypeAlias = Annotated[
    int, typer.Option("--seeds", min=1, metavar="N", help="Judge each configuration with seeds 0 to N-1 (live.seed).")
]


class Halving(StrEnum):
    """How budgets grow."""

    promote = "promote"
    stop = "stop"
    hyperband = "hyperband"
    pbt = "pbt"


Budgets: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--budgets",
        metavar="LOW:HIGH",
        help="Begin each configuration with a budget of LOW (live.budget: epochs, rows), and give the best third three times as much, up to HIGH.",
    ),
]
HalvingOption: TypeAlias = Annotated[
    Halving,
    typer.Option(
        "--halving",
        help="With --budgets. promote: the best go on from their checkpoints (ASHA); stop: all begin with HIGH, and those are stopped that "
        "report worse; hyperband: promoted, and begun at every budget; pbt: a population is compared at each multiple of LOW, and its worst go on as "
        "clones of the best.",
    ),
]
Population: TypeAlias = Annotated[
    int | None, typer.Option("--population", min=2, metavar="N", help="With --halving pbt: how many members. [default: 20]")
]
Seed: TypeAlias = Annotated[int | None, typer.Option("--seed", min=0, metavar="N", help="Of all decisions. [default: 0]")]


def metrics_of(texts: list[str] | None, maximize: bool | None) -> list[Metric] | None:
    """The metrics that `--metric` and `--maximize` describe; None when neither was given: as recorded, or the default.

    Raises:
        MetricError: a text describes none.
    """
    goal: Goal = "maximize" if maximize else "minimize"
    if not texts:
        return None if maximize is None else [Metric("value", goal)]
    return [_metric(text, goal) for text in texts]


def _metric(text: str, goal: Goal) -> Metric:
    bounded = re.fullmatch(r"\s*(.+?)\s*(<=|>=)\s*(\S+)\s*", text)
    if bounded:
        try:
            bound = float(bounded[3])
        except ValueError:
            raise MetricError(f'--metric "{text}": {bounded[3]!r} is no number. Write for example "latency_ms<=10".') from None
        return Metric(bounded[1], "minimize" if bounded[2] == "<=" else "maximize", bound)
    name, colon, way = text.rpartition(":")
    if not colon:
        return Metric(text, goal)
    ways: dict[str, Goal] = {"min": "minimize", "minimize": "minimize", "max": "maximize", "maximize": "maximize"}
    if way not in ways:
        raise MetricError(f'--metric "{text}": after the colon comes "minimize" or "maximize", not "{way}".')
    return Metric(name, ways[way])


def per_task(
    isolation: Isolation | None, seconds: float | None, memory: str | None, gpus: str | None, retries: int, files: str | None
) -> dict[str, Any]:
    """What `Study.optimize` is told about each task."""
    devices = None if gpus is None else [int(each) if each.isdecimal() else each for each in gpus.replace(" ", "").split(",")]
    return {
        "isolation": isolation,
        "task_seconds": seconds,
        "task_memory": memory,
        "resources": None if devices is None else {"gpu": devices},
        "retries": retries,
        "files": files,
    }


def scheduler_of(
    folds: int | None, seeds: int, budgets: str | None, halving: str, population: int | None = None, own: str | None = None
) -> Scheduler | None:
    """The scheduler that `--folds` and `--seeds`, or `--budgets`, `--halving` and `--population`, or `--scheduler` describe; None when none
    of them was said.

    Raises:
        StudyError: they do not go together, the budgets are none, or there is no such scheduler.
    """
    if own is not None:
        if (folds, seeds, budgets, halving, population) != (None, 1, None, Halving.promote, None):
            raise StudyError(
                "--scheduler does not go with --folds, --seeds, --budgets, --halving or --population: it says all that by itself."
            )
        return made(own, Scheduler, "scheduler")  # type: ignore[type-abstract]
    if population is not None and halving != Halving.pbt:
        raise StudyError("--population is for population-based training. Add --halving pbt, or leave it out.")
    if budgets is None:
        if halving != Halving.promote:
            raise StudyError(f"--halving {halving} is for budgets that grow. Add --budgets 1:27.")
        return None if (folds, seeds) == (None, 1) else Once(folds, seeds)
    if (folds, seeds) != (None, 1):
        raise StudyError("--budgets does not go with --folds or --seeds: each configuration is judged once with each budget.")
    found = re.fullmatch(r"\s*([^:]+):([^:]+)\s*", budgets)
    ends = [] if found is None else [_plain(each) for each in found.groups()]
    if len(ends) < 2 or None in ends:
        raise StudyError(f'--budgets "{budgets}": write the lowest and the highest, 1:27.')
    low, high = (each or 0 for each in ends)
    if halving == Halving.pbt:
        return PBT(low, high) if population is None else PBT(low, high, population=population)
    return Hyperband(low, high) if halving == Halving.hyperband else ASHA(low, high, resume=halving == Halving.promote)


def _plain(text: str) -> float | None:
    """A number, whole if it is written so; None: it is none."""
    try:
        return int(text) if text.strip().isdecimal() else float(text)
    except ValueError:
        return None


def sampler_of(name: str | None, levels: list[str] | None) -> Sampler | None:
    """The sampler that `--sampler` and `--levels` describe; None when it was not said.

    Raises:
        StudyError: there is no such sampler, or it cannot be made; levels without a grid, or levels that are none.
    """
    if levels and name != SamplerName.grid:
        raise StudyError("--levels is for the grid. Add --sampler grid, or leave it out.")
    if name is None:
        return None
    if ":" in name:
        return made(name, Sampler, "sampler")  # type: ignore[type-abstract]
    if name not in set(SamplerName):
        close = difflib.get_close_matches(name, list(SamplerName), n=1)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        raise StudyError(f'--sampler "{name}" is none of {_SAMPLERS}.{meant} One of your own is MODULE:CLASS.')
    return Grid(_levels(levels)) if levels else sampler_called(name)


def sampler_called(label: str) -> Sampler:
    """The sampler of that label, as it is by default.

    Raises:
        ValueError: there is none.
    """
    made: Sampler = getattr(samplers, _CLASSES[SamplerName(label)])()
    return made


def _levels(texts: list[str]) -> int | dict[str, int]:
    named: dict[str, int] = {}
    for text in texts:
        name, _, count = text.rpartition("=")
        if not count.isdecimal():
            raise StudyError(f"--levels {text!r}: write a number of values for all, 4, or for one parameter, lr=7.")
        if not name and len(texts) == 1:
            return int(count)
        if not name:
            raise StudyError(f"--levels {text!r}: with several of them each names its parameter: --levels lr=7 --levels depth=3.")
        named[name] = int(count)
    return named
