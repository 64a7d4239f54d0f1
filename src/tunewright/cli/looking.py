"""Look at what a storage, a study or a trial holds."""

import sys
from typing import Annotated

import typer

from tunewright.analysis.facts import held_note
from tunewright.analysis.lineages import lineage, on_clone
from tunewright.analysis.summary import at_full_effort, default_trial, ranking, unfinished
from tunewright.analysis.text import counted, took_heading
from tunewright.analysis.volume import volume
from tunewright.cli.facts import (
    best_facts,
    best_text,
    counts,
    counts_text,
    failure_lines,
    metric_text,
    params_line,
    spread_text,
    study_facts,
    took,
    trial_facts,
    when,
)
from tunewright.cli.opening import address, existing, find_name, pointed
from tunewright.cli.options import AsJson, Debug, Name, StudyArgument
from tunewright.cli.terminal import cut, document, pairs, remark, say, table, value_text
from tunewright.errors import NoResult
from tunewright.history import History
from tunewright.storage.base import Storage
from tunewright.study import Study
from tunewright.tracking.progress import plain_number
from tunewright.trial import Trial

__all__ = ["best", "show"]


def show(
    study: StudyArgument,
    *,
    name: Name = None,
    trial: Annotated[int | None, typer.Option("--trial", min=0, metavar="N", help="Everything about one trial.")] = None,
    last: Annotated[int, typer.Option("--last", min=0, metavar="N", help="How many of the last trials to list.")] = 5,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show the studies of a storage, or all about one: counts, the best with its spread, the last trials, failures by cause."""
    del debug
    storage = address(study)
    records = storage.studies()
    if name is None and trial is None and len(records) > 1:
        _storage(storage, as_json=as_json)
        return
    found = Study(storage=storage, name=find_name(storage, name, where=study))
    if trial is not None:
        _trial(found, trial, as_json=as_json)
        return
    created = next(record.created for record in records if record.name == found.name)
    if as_json:
        document(study_facts(found, created, last))
    else:
        _study(found, study, created, last)


def best(
    study: StudyArgument,
    *,
    name: Name = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="So many, best first.")] = 1,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Print the best configuration, ready to be copied; with several metrics, those that no other beats in all of them."""
    del debug
    found = existing(study, name)
    history = found.history
    facts = best_facts(history, top)
    if facts is None:
        if not len(history):
            raise NoResult(
                f'The study "{found.name}" has no trial yet. Begin with tunewright run, or by hand with tunewright ask.'
            )
        _ = history.best  # says why there is none
        raise NoResult("There is no result yet.")
    if len(history.objectives) == 1 and (note := held_note(history)):
        remark(f"note: {note}")
    if len(history.objectives) == 1:
        for note in on_clone(history, history.best.number, shell=pointed(found, study)):
            remark(f"note: {note}")
    if as_json:
        document(facts)
    else:
        front = len(history.objectives) > 1
        shown = history.metrics if front else [history.metrics[history.objectives[0]]]
        for i, trial in enumerate(history.pareto if front else [each.trial for each in ranking(history, top)]):
            values = ", ".join(f"{metric.name} {spread_text(trial, metric)}" for metric in shown)
            say(f"{chr(10) if i else ''}{values} (trial {trial.number})")
            pairs([(each, value_text(value)) for each, value in trial.params.items()])


# ---- a storage -----------------------------------------------------------------------------------------------------------------


def _storage(storage: Storage, *, as_json: bool) -> None:
    studies = [(record, Study(storage=storage, name=record.name)) for record in storage.studies()]
    if as_json:
        facts = [
            {
                "name": record.name,
                "created": record.created,
                "counts": counts(study.history),
                "best": best_facts(study.history),
            }
            for record, study in studies
        ]
        document({"storage": storage.url, "studies": facts})
        return
    say(f"{storage.url}: {counted(len(studies), 'study', 'studies')}")
    rows = [
        (
            record.name,
            f"{study.history.completed:,}",
            f"{study.history.failed:,}",
            f"{counts(study.history)['running']:,}",
            ", ".join(metric.name for metric in study.metrics),
            best_text(study.history),
            when(record.created),
        )
        for record, study in studies
    ]
    table(("name", "#completed", "#failed", "#running", "metric", "best", "created"), rows)


# ---- a study -------------------------------------------------------------------------------------------------------------------


def _study(study: Study, where: str, created: float, last: int) -> None:
    history = study.history
    default = None if len(history.objectives) > 1 else default_trial(history)
    say(f'study "{study.name}" in {study.storage.url}')
    rows = [
        ("created", f"{when(created)}, seed {study.seed}"),
        ("measures", ", ".join(metric_text(metric) for metric in study.metrics)),
        ("searches", f"{len(study.space)} parameters: {cut(', '.join(study.space.names), 120)}"),
        ("trials", counts_text(history)),
        ("work", took(float(history.seconds.sum()))),
        ("best", best_text(history)),
    ]
    if default is not None:
        rows.append(("default", f"{spread_text(default, history.metrics[history.objectives[0]])} (trial {default.number})"))
    if (dominated := volume(history)) is not None:
        rows.append(("hypervolume", str(dominated)))
    pairs(rows)
    if history.feasible.any() and len(history.objectives) == 1:
        for note in on_clone(history, history.best.number, shell=pointed(study, where)):
            say(f"\n{note}")
        say("\nbest configuration")
        pairs([(each, value_text(value)) for each, value in history.best.params.items()])
        if history.best.parent is not None:
            _schedule(history, history.best.number)
    if last and len(history):
        say("\nlast trials")
        _trials(history, [history.trial(number) for number in range(max(0, len(history) - last), len(history))])
    if history.failed:
        say("\nfailures")
        for line in failure_lines(history):
            say(f"  {line}")
    for heading, entries in (("warnings", history.warnings), ("comments", history.comments)):
        if entries:
            say(f"\n{heading}")
            for entry in entries[-5:]:
                where = f"trial {entry.trial}: " if entry.trial >= 0 else ""
                say(f"  {when(entry.time)}  {where}{cut(str(getattr(entry.event, 'text', '')), 200)}")


def _trials(history: History, trials: list[Trial]) -> None:
    rows, left, whole = [], unfinished(history), not sys.stdout.isatty()
    for trial in trials:
        note = f"{trial.origin} ({cut(trial.note, 30)})" if trial.note else trial.origin
        note = note if trial.parent is None else f"{note} of {trial.parent}"
        values = (spread_text(trial, metric) for metric in history.metrics)
        state = "unfinished" if trial.number in left else str(trial.state)
        budget = (_budget(trial),) if history.uneven else ()
        rows.append(
            (str(trial.number), state, *values, *budget, took(trial.seconds), note, params_line(trial.params, whole=whole))
        )
    names, more = [metric.name for metric in history.metrics], ("#budget",) if history.uneven else ()
    table(("#trial", "state", *(f"#{name}" for name in names), *more, f"#{took_heading(names)}", "by", "parameters"), rows)


def _budget(trial: Trial) -> str:
    """With which it was judged."""
    judged = at_full_effort(trial)
    return "-" if not judged else "all" if judged[0].budget is None else plain_number(judged[0].budget)


# ---- a trial -------------------------------------------------------------------------------------------------------------------


def _trial(study: Study, number: int, *, as_json: bool) -> None:
    history = study.history
    trial = history.trial(number)
    if as_json:
        facts = {"study": study.name, **trial_facts(trial, history)}
        facts["comments"] = [getattr(entry.event, "text", "") for entry in history.comments if entry.trial == number]
        document(facts)
        return
    say(f'trial {number} of "{study.name}": {trial.state}')
    rows = [(metric.name, spread_text(trial, metric)) for metric in study.metrics if trial.values is not None]
    rows += [
        ("proposed by", trial.origin + (f" ({trial.note})" if trial.note else "")),
        *([] if trial.parent is None else [("goes on from", f"trial {trial.parent}, as a clone of it")]),
        ("asked", when(trial.asked_at)),
        ("finished", when(trial.finished_at)),
        ("work", took(trial.seconds)),
    ]
    stops = [entry.event for entry in history.stops if entry.trial == number]
    rows += [("stopped", f"by {getattr(stop, 'by', '') or 'a person'}: {getattr(stop, 'why', '')}") for stop in stops[:1]]
    if not trial.usable:
        rows.append(("usable", "no: the space was edited since and no longer holds it"))
    pairs(rows)
    say("\nparameters")
    pairs([(each, value_text(value)) for each, value in trial.params.items()])
    if trial.parent is not None:
        _schedule(history, number)
    if trial.measurements:
        say("\nmeasured")
        _measurements(study, trial)
    for entry in history.comments:
        if entry.trial == number:
            say(f"\n{when(entry.time)}: {getattr(entry.event, 'text', '')}")
    if trial.failure is not None:
        say(f"\nfailed ({trial.failure.kind}): {trial.failure.message}")
        if trial.failure.traceback:
            say(trial.failure.traceback.rstrip())


def _schedule(history: History, trial: int) -> None:
    """Of a clone."""
    say("\ntrained by")
    for stretch in lineage(history, trial):
        say(f"  {stretch}")


def _measurements(study: Study, trial: Trial) -> None:
    rows = []
    for each in trial.measurements:
        values = ["-" if each.values is None else plain_number(each.values[metric.name], 6) for metric in study.metrics]
        fold = "-" if each.fold is None else str(each.fold)
        budget = "-" if each.budget is None else plain_number(each.budget)
        extra = " ".join(f"{key}={cut(value_text(value), 30)}" for key, value in each.info.items())
        rows.append(
            (str(each.index), fold, str(each.seed), budget, *values, took(each.seconds), "failed" if each.failure else extra)
        )
    names = [metric.name for metric in study.metrics]
    table(("#task", "#fold", "#seed", "#budget", *(f"#{name}" for name in names), f"#{took_heading(names)}", "also"), rows)
