"""Tuning by hand, and anything outside Python: ask for a configuration, do the work, tell what came of it."""

import json
import math
import shlex
import time
import warnings
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from tunewright.cli.facts import best_text, params_line
from tunewright.cli.inputs import assignments, load_space, params_of
from tunewright.cli.opening import address, existing, go_on, opened
from tunewright.cli.options import (
    AsJson,
    Budgets,
    Debug,
    Direction,
    Edit,
    Folds,
    Halving,
    HalvingOption,
    Levels,
    MetricTexts,
    Name,
    Population,
    SamplerOption,
    SchedulerOption,
    Seed,
    Seeds,
    SpaceText,
    StudyArgument,
    metrics_of,
    sampler_of,
    scheduler_of,
)
from tunewright.cli.terminal import cut, document, pairs, remark, say, value_text
from tunewright.errors import MetricError, ParamsError, SpaceExhausted, StudyError, TrialError
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.paths import masked
from tunewright.samplers.manual import Manual
from tunewright.study import Study
from tunewright.trial import Failure, Outcome, Task, Trial
from tunewright.typing import Params, Value

__all__ = ["ask", "enqueue", "stop", "tell"]


_TrialArgument: TypeAlias = Annotated[int, typer.Argument(min=0, metavar="TRIAL", help="Its number, as ask printed it.")]
_Results: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="RESULT...", help="The value, 0.31, or NAME=VALUE for each metric and whatever else is to be kept."),
]
_Why: TypeAlias = Annotated[str | None, typer.Option("--failed", metavar="WHY", help="It gave no value; say why.")]
_Seconds: TypeAlias = Annotated[
    float | None,
    typer.Option("--seconds", min=0, metavar="S", help="How long it took. Default: the time since it was asked for."),
]
_Index: TypeAlias = Annotated[
    int | None, typer.Option("--index", min=0, metavar="N", help="Which of the trial's tasks. [default: the first that is open]")
]
_Gradient: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--gradient",
        metavar="NAME=NUMBER",
        help="The derivative of the first metric by a parameter, for samplers that descend. Repeat it for several.",
    ),
]


def ask(
    study: StudyArgument,
    *,
    space: SpaceText = None,
    metric: MetricTexts = None,
    maximize: Direction = None,
    sampler: SamplerOption = None,
    levels: Levels = None,
    folds: Folds = None,
    seeds: Seeds = 1,
    budgets: Budgets = None,
    halving: HalvingOption = Halving.promote,
    population: Population = None,
    scheduler: SchedulerOption = None,
    seed: Seed = None,
    edit: Edit = False,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Print the next configuration to try, and the number under which to tell its result.

    The trial waits for its `tell`, however long that takes and wherever it comes from. With --space the study is made if it is not
    there yet.
    """
    del debug
    storage = address(study)
    wanted, decider = sampler_of(sampler, levels), scheduler_of(folds, seeds, budgets, halving, population, scheduler)
    found = opened(
        storage,
        name,
        where=study,
        space=None if space is None else load_space(space),
        metrics=metrics_of(metric, maximize),
        sampler=wanted, scheduler=decider, seed=seed, edit=edit,
    )  # fmt: skip
    history = found.history
    if decider is None and not history.sessions and len(history) and history.plan(len(history) - 1) > 1:
        raise StudyError(
            f"An older version asked for trial {len(history) - 1}, and did not say with which folds. Say --folds and --seeds."
        )
    go_on(found, sampled=wanted is not None, scheduled=decider is not None)
    task = _next(found, f"{shlex.quote(masked(study))}{_named(name)}")
    if as_json:
        facts = {"trial": task.trial, "index": task.index, "params": task.params, "fold": task.fold, "seed": task.seed}
        origin = {} if task.parent is None else {"parent": task.parent, "since": task.since}
        document({**facts, "budget": task.budget, **origin, "study": found.name, "storage": storage.url})
        return
    say(f"trial {task.trial}{_effort(task, seeds=getattr(found.scheduler, 'seeds', 1) > 1)}")
    pairs([(each, value_text(value)) for each, value in task.params.items()])
    index = f" --index {task.index}" if task.index else ""
    results = " ".join(shlex.quote(f"{each.name}=...") for each in found.metrics)
    say(f"then: {_to_tell(study, name, task.trial)}{index} {results}")


def _next(found: Study, which: str) -> Task:
    """The next task, to be held; `which` names the study in commands."""
    try:
        return found.ask(hold=True)
    except SpaceExhausted as error:
        if not isinstance(found.sampler, Manual):
            raise
        raise SpaceExhausted(
            "Nothing is enqueued, and the manual sampler proposes nothing of its own. Say what you want to try, then ask again: "
            f"tunewright enqueue {which} NAME=VALUE, then tunewright ask {which}; or name another sampler with --sampler."
        ) from error


def _effort(task: Task, *, seeds: bool) -> str:
    """On which fold, with which budget and from where a task is to be done, to be put behind its trial."""
    part = "" if task.fold is None else f", fold {task.fold}"
    part += "" if task.budget is None else f", budget {task.budget:g}"
    part += f", seed {task.seed}" if seeds else ""
    if task.parent is None:
        return part
    return f"{part}, from the checkpoint of trial {task.parent}" + ("" if task.since is None else f" at budget {task.since:g}")


def tell(
    study: StudyArgument,
    trial: _TrialArgument,
    results: _Results = None,
    *,
    failed: _Why = None,
    seconds: _Seconds = None,
    gradient: _Gradient = None,
    index: _Index = None,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Record what came of a trial: its value, or why there is none.

    A trial has one result: the first stands. A value that is no finite number is refused, and the trial goes on waiting.
    """
    del debug
    found = existing(study, name)
    history = found.history
    history.trial(trial)
    if index is None:
        index = _open_task(history, trial, study)
    outcome = _outcome(results or [], failed, gradient or [], found.metrics, _to_tell(study, name, trial))
    before, warned = _best_number(history), len(history.warnings)
    found.tell(trial, outcome, index=index, seconds=history.waited(trial, time.time()) if seconds is None else seconds)
    history = found.history
    for entry in history.warnings[warned:]:
        if entry.trial == trial:
            remark(getattr(entry.event, "text", ""))
    told = history.trial(trial)
    new_best = _best_number(history) == trial != before
    if as_json:
        document(
            {
                "trial": trial,
                "index": index,
                "state": str(told.state),
                "values": told.values,
                "new_best": new_best,
                "study": found.name,
            }
        )
    elif outcome.failure is not None and told.failure is not None:
        say(f"trial {trial} failed: {outcome.failure.message}")
    elif outcome.failure is not None:
        say(f"task {index} of trial {trial} failed, which costs the trial nothing: {outcome.failure.message}")
    else:
        say(f"trial {trial} told{_to_come(history, told)}   {'new best' if new_best else 'best'} {best_text(history)}")


def _open_task(history: History, trial: int, study: str) -> int:
    """The first task of a trial that waits for its result; 0 where all have theirs, which is told when it is told.

    Raises:
        TrialError: none waits, and some are still to be asked for.
    """
    waiting = [task.index for task, _ in history.open_tasks if task.trial == trial]
    sent, plan = history.sent(trial), history.plan(trial)
    if not waiting and sent < plan and trial in history.underway:
        raise TrialError(
            f"No task of trial {trial} is open; {plan - sent} of its {plan} are still to be asked for: tunewright ask {shlex.quote(study)}."
        )
    return min(waiting, default=0)


def _outcome(
    results: Sequence[str], failed: str | None, gradient: Sequence[str], metrics: Sequence[Metric], command: str
) -> Outcome:
    """What came of a task, as typed."""
    if failed is None:
        values, info = _values(results, metrics, command)
        return Outcome(values, info=info, gradient=_slopes(gradient))
    if results or gradient:
        what = " ".join([*results, *(f"--gradient {each}" for each in gradient)])
        raise MetricError(f"Give a result or --failed, not both: {what!r} and {failed!r}.")
    return Outcome(None, Failure("told", failed.strip() or "told to have failed"))


def _to_tell(study: str, name: str | None, trial: int) -> str:
    """The command that tells of a trial, such that a shell takes it."""
    return f"tunewright tell {shlex.quote(masked(study))}{_named(name)} {trial}"


def _named(name: str | None) -> str:
    return f" --name {shlex.quote(name)}" if name else ""


def _to_come(history: History, trial: Trial) -> str:
    """Which tasks of a trial may still be told, now that one of them was."""
    held = sum(task.trial == trial.number for task, _ in history.open_tasks)
    waits = f", {held} of its tasks may still be told" if held else ""
    if trial.failure is not None:
        return f"   though it has failed ({cut(trial.failure.message, 60)}){waits}"
    if trial.number in history.halted:
        return f"   it was asked to stop and gets no further task{waits}"
    rest = history.plan(trial.number) - len(trial.measurements)
    return f"   {rest} of its tasks to go" if rest > 0 else ""


def enqueue(
    study: StudyArgument,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="Parameters; those left out take their defaults.")
    ] = None,
    *,
    params: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help='The same as one JSON object: {"lr": 0.001}.')
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A word on why; it stays with the trial.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Also when it waits already, or a trial has tried it.")] = False,
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Have a configuration tried before any proposal: by the next ask, or by the search that runs now.

    One that waits already, runs, or has completed is passed over, so that a script may be run again; --again queues it once more.
    """
    del debug
    found = existing(study, name)
    given = _together(_object(params) if params is not None else {}, params_of(found.space, assignments(values or [])))
    before = {position for position, _ in found.history.queue}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Not enqueued")  # which is said below
        whole = found.enqueue(given, note=note, again=again)
    history = found.history
    here = [position for position, queued in history.queue if queued.params == whole]
    trial = None if again or here else history.tried(whole)
    if as_json:
        document({"params": whole, "note": note, "queued": len(history.queue), "trial": trial, "study": found.name})
    elif trial is not None:
        say(f"not queued: {params_line(whole)} is trial {trial}   (--again has it tried once more)")
    else:
        said = "waits already" if here and before.issuperset(here) and not again else "queued"
        say(f"{said}: {params_line(whole)}   ({len(history.queue)} waiting)")


def stop(
    study: StudyArgument,
    *,
    trial: Annotated[
        int | None, typer.Option("--trial", min=0, metavar="N", help="This trial alone. [default: all work on the study]")
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="A word on why; it stays in the journal.")] = "",
    name: Name = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Ask running tasks to stop, in whichever process and on whichever machine they run.

    An objective hears it when it next reports (live.report); a trial that is stopped gets no further fold or seed. When the whole study stops, nothing new begins, tasks that never report run
    to their end, and what stops without a result waits for the next run.
    """
    del debug
    found = existing(study, name)
    said = why or "somebody asked for it"
    found.stop(-1 if trial is None else trial, why=said)
    running = sorted({task.trial for task, _ in found.history.open_tasks if trial in {None, task.trial}})
    if as_json:
        document({"study": found.name, "trial": trial, "why": said, "running": running})
    else:
        waits = (
            "nothing runs at this moment" if trial is None else f"trial {trial}, between two of its tasks: it gets no further one"
        )
        say(f"asked to stop: {', '.join(f'trial {each}' for each in running) or waits}")


def _values(texts: Sequence[str], metrics: Sequence[Metric], command: str) -> tuple[dict[str, float], dict[str, Value]]:
    """Results as typed, sorted into metrics and further information."""
    if len(metrics) == 1 and len(texts) == 1 and "=" not in texts[0] and not texts[0].startswith("--"):
        return {metrics[0].name: _finite(metrics[0].name, texts[0], command)}, {}
    wanted = " ".join(shlex.quote(f"{metric.name}=...") for metric in metrics)
    if not texts:
        raise MetricError(f'What came of it? Say: {command} {wanted}, or if nothing did: {command} --failed "why".')
    if unknown := [text for text in texts if text.startswith("--")]:
        raise MetricError(f"There is no option {unknown[0].partition('=')[0]}. For help: tunewright tell --help")
    if any("=" not in text for text in texts):
        raise MetricError(f"{' '.join(texts)!r}: write {wanted}.")
    named = assignments(texts)
    missing = [metric.name for metric in metrics if metric.name not in named]
    if missing:
        raise MetricError(f'The metric "{missing[0]}" is missing. Say: {command} {wanted}.')
    names = {metric.name for metric in metrics}
    values = {metric.name: _finite(metric.name, named[metric.name], command) for metric in metrics}
    return values, {each: _loose(text) for each, text in named.items() if each not in names}


def _finite(name: str, text: str, command: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise MetricError(f"{name}={text}: this is no number. Nothing was recorded; the trial waits.") from None
    if not math.isfinite(number):
        raise MetricError(
            f'{name}={text}: this is no finite number. If the configuration diverged, say: {command} --failed "diverged".'
        )
    return number


def _slopes(texts: Sequence[str]) -> dict[str, float]:
    """Derivatives as typed. One that is no finite number, or cannot be used, is left out where it is recorded, as for `Study.tell`."""
    named = assignments(texts)
    try:
        return {name: float(text) for name, text in named.items()}
    except ValueError:
        raise MetricError(
            f"--gradient {' '.join(texts)}: write a number for each parameter, --gradient lr=0.3. Nothing was recorded; the trial waits."
        ) from None


def _loose(text: str) -> Value:
    try:
        value: Value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    return value


def _object(text: str) -> dict[str, Value]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ParamsError(f"--params is not JSON: {error}. Write for example --params '{{\"lr\": 0.001}}'.") from None
    if not isinstance(value, dict):
        raise ParamsError(f"--params takes a JSON object by parameter name, got {text}.")
    return value


def _together(listed: Params, typed: Params) -> Params:
    """What was given in both ways.

    Raises:
        ParamsError: they contradict each other.
    """
    for name in listed.keys() & typed.keys():
        if listed[name] != typed[name]:
            raise ParamsError(
                f'"{name}" is given twice: {value_text(typed[name])}, and {value_text(listed[name])} in --params. Leave out one of the two.'
            )
    return {**listed, **typed}


def _best_number(history: History) -> int | None:
    return history.best.number if len(history.objectives) == 1 and history.feasible.any() else None
