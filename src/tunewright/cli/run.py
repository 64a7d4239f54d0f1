"""Search a space with a Python function, from the shell."""

import contextlib
import math
import sys
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import typer

from tunewright.analysis.lineages import on_clone
from tunewright.analysis.text import duration
from tunewright.cli.exits import FAILED, INTERRUPTED, OK
from tunewright.cli.facts import best_facts, counts, counts_text, failure_lines, metric_text, spread_text
from tunewright.cli.inputs import import_object, load_space
from tunewright.cli.opening import existing, go_on, last_goal, opened, pointed
from tunewright.cli.options import (
    AsJson,
    Budgets,
    Debug,
    Direction,
    Edit,
    Files,
    Folds,
    Gpus,
    Halving,
    HalvingOption,
    IsolationOption,
    Levels,
    MetricTexts,
    Name,
    OwnScheduler,
    Population,
    Quiet,
    Retries,
    SamplerOption,
    SchedulerOption,
    Seed,
    Seeds,
    SpaceText,
    StudyArgument,
    TaskMemory,
    TaskTime,
    TimeSpan,
    Workers,
    metrics_of,
    per_task,
    sampler_of,
    scheduler_of,
)
from tunewright.cli.signals import Ears
from tunewright.cli.terminal import document, pairs, remark, results_only, say, value_text
from tunewright.coordinator import Listener
from tunewright.errors import StudyError
from tunewright.execution.worker import Objective
from tunewright.history import History
from tunewright.paths import masked
from tunewright.samplers.auto import Auto
from tunewright.samplers.grid import Grid
from tunewright.samplers.manual import Manual
from tunewright.schedulers.once import Once
from tunewright.schedulers.pbt import PBT
from tunewright.schedulers.rungs import Rungs
from tunewright.storage import connect
from tunewright.storage.base import Storage
from tunewright.study import Study
from tunewright.tracking.progress import Progress

__all__ = ["run", "worker"]


_ObjectiveText: TypeAlias = Annotated[
    str, typer.Argument(metavar="MODULE:OBJECTIVE", help="The function: train:objective is objective(live) in ./train.py.")
]
_Trials: TypeAlias = Annotated[
    int | None, typer.Option("--trials", min=0, metavar="N", help="Search until the study holds so many finished trials.")
]
_Where: TypeAlias = Annotated[
    str, typer.Option("--study", metavar="STUDY", help="Where it is kept: a file, a URL, or memory, which ends with the command.")
]
_Repeats: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--repeats/--no-repeats",
        help="Allow the same configuration of a finite space twice. [default: as the last run, else not]",
    ),
]
_OnFailure: TypeAlias = Annotated[
    Literal["record", "raise"], typer.Option("--on-failure", help="Record it and go on, or end at the first failure.")
]


class _Limits(NamedTuple):
    trials: int | None
    seconds: float | None
    workers: int
    task: dict[str, Any]


def run(
    objective: _ObjectiveText,
    *,
    space: SpaceText = None,
    metric: MetricTexts = None,
    maximize: Direction = None,
    sampler: SamplerOption = None,
    levels: Levels = None,
    trials: _Trials = None,
    time: TimeSpan = None,
    workers: Workers = 1,
    isolation: IsolationOption = None,
    task_time: TaskTime = None,
    task_memory: TaskMemory = None,
    gpus: Gpus = None,
    retries: Retries = 0,
    files: Files = None,
    folds: Folds = None,
    seeds: Seeds = 1,
    budgets: Budgets = None,
    halving: HalvingOption = Halving.promote,
    population: Population = None,
    scheduler: SchedulerOption = None,
    study: _Where = "runs.db",
    name: Name = None,
    seed: Seed = None,
    edit: Edit = False,
    repeats: _Repeats = None,
    on_failure: _OnFailure = "record",
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Search a space with a Python function of your own.

    The function takes the live trial, live["lr"], and returns a number or a dictionary by metric name. The same line again goes on
    where the last one ended. Ctrl-C finishes the running trials; pressed twice it gives them back.

    It needs --trials or --time, or both: the first that is reached ends it. A space that is finite, and a population, end by themselves.
    """
    del debug
    limits = _Limits(trials, time, workers, per_task(isolation, task_time, task_memory, gpus, retries, files))
    with results_only(as_json):
        function, storage = _function(objective), connect(study)
        decider = scheduler_of(folds, seeds, budgets, halving, population, scheduler)
        found = opened(
            storage,
            _name(storage, name, objective, has_space=space is not None),
            where=study,
            space=None if space is None else load_space(space), metrics=metrics_of(metric, maximize),
            sampler=sampler_of(sampler, levels), scheduler=decider,
            seed=seed, edit=edit, repeats=repeats,
        )  # fmt: skip
        _go_on(found, trials, sampled=sampler is not None, scheduled=decider is not None)
        before, goal = found.history.finished, _goal(found, limits)
        interrupted = _search(found, function, limits, on_failure, _timed(found, objective, function, limits, quiet=quiet), goal)
    return _show(found, study, before, interrupted=interrupted, as_json=as_json)


def worker(
    study: StudyArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which study in it.")],
    objective: _ObjectiveText,
    *,
    trials: _Trials = None,
    time: TimeSpan = None,
    workers: Workers = 1,
    isolation: IsolationOption = None,
    task_time: TaskTime = None,
    task_memory: TaskMemory = None,
    gpus: Gpus = None,
    retries: Retries = 0,
    files: Files = None,
    sampler: SamplerOption = None,
    levels: Levels = None,
    scheduler: OwnScheduler = None,
    on_failure: _OnFailure = "record",
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Join a study that others have begun, from any machine that reaches its storage.

    Sampler, folds and seeds are those of the process that worked on it last, and so is the goal unless --trials or --time says another.
    Any number of workers may come and go; what one of them leaves undone the others take up.
    """
    del debug
    with results_only(as_json):
        function = _function(objective)
        proposer, decider = sampler_of(sampler, levels), scheduler_of(None, 1, None, Halving.promote, own=scheduler)
        found = existing(study, name, sampler=proposer, scheduler=decider)
        goal = trials if trials is not None or time is not None else last_goal(found)
        _go_on(found, goal, sampled=proposer is not None, scheduled=decider is not None)
        limits = _Limits(goal, time, workers, per_task(isolation, task_time, task_memory, gpus, retries, files))
        before = found.history.finished
        headline = "" if quiet else _headline(found, objective, limits)
        interrupted = _search(found, function, limits, on_failure, headline, _goal(found, limits))
    return _show(found, study, before, interrupted=interrupted, as_json=as_json)


def _function(text: str) -> Objective:
    found = import_object(text, what="the objective")
    if not callable(found):
        raise StudyError(f'the objective "{text}" is a {type(found).__name__}, not a function of the live trial.')
    function: Objective = found
    return function


def _timed(study: Study, objective: str, function: Objective, limits: _Limits, *, quiet: bool) -> str:
    """The headline, none where it is to be quiet; the first point of a grid is tried by itself before, so that it can say how long the
    grid will take.
    """
    if quiet:
        return ""
    bred = isinstance(study.scheduler, PBT)  # of a grid it takes the first population
    if isinstance(study.sampler, Grid) and not bred and not study.history.finished and limits.trials != 0:
        remark(f"timing the first of {study.sampler.count(study.space):,} configurations")
        study.optimize(function, more=1, seconds=limits.seconds, progress=False, **limits.task)
    return _headline(study, objective, limits)


def _search(
    study: Study, function: Objective, limits: _Limits, on_failure: Literal["record", "raise"], headline: str, goal: int | None
) -> bool:
    """Search, and show it if there is a headline; whether Ctrl-C ended it."""
    history, end = study.history, math.inf if limits.trials is None else limits.trials
    if not _left(study, limits.trials):
        return False
    with Ears(shown=bool(headline) and sys.stderr.isatty()) as ears, contextlib.ExitStack() as shown:
        listeners: list[Listener] = []
        if headline:
            progress = Progress(headline, trials=goal, seconds=limits.seconds, history=history, stopping=lambda: ears.interrupted)
            listeners.append(shown.enter_context(progress))
        study.optimize(
            function,
            trials=limits.trials,
            seconds=limits.seconds,
            workers=limits.workers,
            on_failure=on_failure,
            listeners=listeners,
            progress=False,
            **limits.task,
        )
        return ears.interrupted and study.history.finished < end


def _go_on(study: Study, trials: int | None, *, sampled: bool, scheduled: bool) -> None:
    """As `go_on`, which may say that the study's own sampler is not at hand: where nobody will be asked, nothing is said."""
    if _left(study, trials):
        go_on(study, sampled=sampled, scheduled=scheduled)


def _left(study: Study, trials: int | None) -> bool:
    """Whether anything is left to do until so many trials are finished (None: there is no such goal)."""
    return trials is None or study.history.finished < trials


def _there(finished: int) -> str:
    return "1 trial is there" if finished == 1 else f"{finished:,} trials are there"


def _name(storage: Storage, name: str | None, objective: str, *, has_space: bool) -> str | None:
    """The study that is meant: the named one, else the objective's own, else (without a space) the only one."""
    if name is not None or has_space or any(record.name == objective for record in storage.studies()):
        return objective if name is None else name
    return None


def _goal(study: Study, limits: _Limits) -> int | None:
    """How many finished trials the study can come to hold by the limits, as far as one knows.

    Raises:
        StudyError: nothing would ever end the search.
    """
    history = study.history
    size = study.sampler.count(study.space) if isinstance(study.sampler, Grid) else study.space.size
    if isinstance(study.sampler, Manual):
        size = len(history) + len(history.queue)
    elif study.repeats and not isinstance(study.sampler, Grid):
        size = math.inf
    if isinstance(study.scheduler, PBT):
        return limits.trials  # ends by itself; clones repeat configurations
    if math.isinf(size) and limits.trials is None and limits.seconds is None:
        raise StudyError("When is it enough? Say --trials 100, or --time 5m, or both: the first that is reached ends the search.")
    goal = min(math.inf if limits.trials is None else limits.trials, size)
    return None if math.isinf(goal) else int(goal)


def _headline(study: Study, objective: str, limits: _Limits) -> str:
    """What is about to happen, on one line; for a grid with its size, and how long it will take if that is known."""
    history, (trials, seconds, workers, _) = study.history, limits
    sampler, tasks = study.sampler.label, study.scheduler
    if isinstance(tasks, PBT):
        sampler += " for the first population, then clones of its best with other hyperparameters"
    elif isinstance(study.sampler, Grid):
        count = study.sampler.count(study.space)
        sampler = f"grid of {count:,} configurations"
        if history.finished:
            left = max(0, min(count, trials or count) - history.finished) * float(history.seconds.sum()) / history.finished
            sampler += f", about {duration(left / workers)} to go"
    effort = ""
    if isinstance(tasks, Once):
        effort = "".join(
            f", {count} {what}" for count, what in ((tasks.folds, "folds"), (tasks.seeds, "seeds")) if count and count > 1
        )
    elif isinstance(tasks, Rungs):
        effort = f", with budgets from {tasks.low:g} to {tasks.high:g}"
    elif isinstance(tasks, PBT):
        effort = f", a population of {tasks.population} with budgets from {tasks.step:g} to {tasks.high:g}"
    budget = [f"{trials:,} trials"] if trials is not None else []
    budget += [duration(seconds) if seconds >= 60 else f"{seconds:g} s"] if seconds is not None else []
    parts = [
        f"running  {objective}",
        f"{len(study.space)} parameter{'' if len(study.space) == 1 else 's'}",
        ", ".join(metric_text(metric) for metric in study.metrics) + effort,
        sampler,
        f"{workers} worker{'' if workers == 1 else 's'}",
        *([f"budget {', '.join(budget)}"] if budget else []),
        *([_there(history.finished)] if history.finished else []),
    ]
    line = " · ".join(parts)
    if isinstance(tasks, PBT) or not isinstance(study.sampler, Auto):  # no sampler proposes clones
        return line
    return f"{line}\nauto     {study.sampler.explain(history)}"


def _show(study: Study, where: str, before: int, *, interrupted: bool, as_json: bool) -> int:
    """The result, and the exit code."""
    history = study.history
    best = best_facts(history)
    code = INTERRUPTED if interrupted else OK if best is not None else FAILED
    if as_json:
        facts = {"study": study.name, "storage": study.storage.url, "counts": counts(history), "new": history.finished - before}
        document({**facts, "interrupted": interrupted, "best": best})
    if history.failed:
        remark(f"{history.failed:,} of {history.finished:,} trials failed:")
        for line in failure_lines(history, 3):
            sys.stderr.write(f"  {line}\n")
    if interrupted:
        remark("interrupted; what was finished is kept. The same line goes on.")
    if best is None:
        remark("no trial has a value, so there is no best configuration.")
    if as_json:
        return code
    where, which = masked(where), pointed(study, where)
    if best is not None:
        _say_best(history, "" if where == "memory" else which)
    say(
        f'study   "{study.name}" in {where}: {counts_text(history)}'
        + ("" if history.finished > before else " (nothing was left to do)")
    )
    if where == "memory":
        say("        it ends with this command; to keep it, say --study runs.db")
    else:
        say(f"next    tunewright show {which}")
        say(f"        tunewright report {which}")
    return code


def _say_best(history: History, which: str) -> None:
    if len(history.objectives) > 1:
        say(f"best    {len(history.pareto):,} trials on the Pareto front")
        return
    metric = history.metrics[history.objectives[0]]
    say(f"best    {metric.name} {spread_text(history.best, metric)} (trial {history.best.number})")
    for note in on_clone(history, history.best.number, shell=which):
        say(f"        {note}")
    pairs([(each, value_text(value)) for each, value in history.best.params.items()], indent=8)
