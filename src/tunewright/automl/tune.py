"""The main job: a table goes in, a tuned model comes out, with an honest account of what it is worth.

    result = tune(TuneRequest(data="patients.csv", target="diagnosis", seconds=60))

reads and divides the table, searches one conditional space over preprocessing and families of models by cross-validation in parallel
processes, fits the winner, judges it on rows that the search never saw, and writes model, study, report and result into one folder.

The search ends when its time is over, also in the middle of a fit; what comes after it (fitting the winner and the default on all
training rows, intervals, files) takes a few seconds more, and the result says how many. Everything that was told stands in the
study: `resume` goes on with it, if the table and the division of its rows are still the same.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tunewright.analysis.facts import HELD, held_trial
from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.analysis.text import counted
from tunewright.automl.advice import advice
from tunewright.automl.objective import FoldObjective, Workspace
from tunewright.automl.outcome import (
    Finished,
    as_json,
    environment_facts,
    family_facts,
    finish,
    gap_of,
    now,
)
from tunewright.automl.page import report_extras
from tunewright.automl.plan import Identity, Settled, checked, identity, paths_of, settle, shape_of, workers_of
from tunewright.automl.records import BudgetFacts, Counts, Paths, TunePlan, TuneRequest, TuneResult
from tunewright.automl.split import Split
from tunewright.catalog import FAMILIES, build_space, choose_families, default_params, resolve_families
from tunewright.catalog.spaces import REFERENCES, seconds_per_fit
from tunewright.coordinator import Listener
from tunewright.errors import DataError, StorageError, StudyChanged, StudyExists
from tunewright.metric import Metric
from tunewright.schedulers.race import Race
from tunewright.space import Categorical, SearchSpace
from tunewright.storage import connect
from tunewright.storage.base import Storage
from tunewright.study import Study

__all__ = ["tune"]

_MARK: Final = "tunewright tune: "
"""How the comment begins that holds the identity of a study."""

_LEAST: Final = 1.0
"""Seconds that the search gets, however long reading took."""


class _Search(NamedTuple):
    study: Study
    names: tuple[str, ...]
    left_out: dict[str, str]


def tune(
    request: TuneRequest,
    *,
    on_plan: Callable[[TunePlan], None] | None = None,
    on_stage: Callable[[str], None] | None = None,
    listeners: Sequence[Listener] = (),
) -> TuneResult:
    """Do the whole job.

    Ctrl-C once ends the search after the running fits, twice at once; either way the best so far is fitted, judged and saved.

    Args:
        request: what to do.
        on_plan: told once, before the first trial, what will be done.
        on_stage: told in a few words what is being done, when it is not the search.
        listeners: called with the history and the entry after each result of a fold, as `Study.optimize` does.

    Returns:
        What came of it; the same record is written as JSON to `paths.result`.

    Raises:
        DataError: the table cannot be learned from as it stands, or the request is impossible.
        MetricError: the metric does not exist or does not fit the task.
        StudyExists: there is a study of that name already, and `resume` was not asked for.
        StudyChanged: `resume`, but the data, the division or the families are others.
        NoResult: no configuration could be fitted.
        StorageError, ModelError: something cannot be written.
    """
    start = time.monotonic()
    request = checked(request)
    stage = on_stage or _quiet
    stage(f"reading {request.data}")
    settled, paths, workers = settle(request), paths_of(request), workers_of(request)
    _folder(paths)
    storage = connect(paths.study)
    try:
        search = _opened(storage, request, settled, paths, workers, stage)
        plan = _plan(request, settled, search, paths, workers)
        if on_plan is not None:
            on_plan(plan)
        ended = _searched(search, request, settled, workers, start=start, listeners=listeners, stage=stage)
        searched = time.monotonic() - start
        history = search.study.history
        done = finish(settled, history, seed=request.seed, workers=workers, paths=paths, stage=stage, ended=ended)
        _note_held(search.study, done)
        result = _result(request, plan, search, done, BudgetFacts(
            seconds=request.seconds, trials=request.trials, workers=workers, searched=searched, finished=done.seconds, ended=ended,
        ))  # fmt: skip
        _written(paths.result, as_json(result))
        stage("writing the report")
        title = f"{result.task.target}: {Path(request.data).name}"
        page = report(history, title=title, extras=report_extras(result), insight=insight(history))
        _written(paths.report, page.encode())
    finally:
        storage.close()
    return result


def _quiet(_: str) -> None:
    pass


def _written(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}. The study and the model are safe; make room and say --resume."
        ) from error


def _folder(paths: Paths) -> None:
    try:
        Path(paths.folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"The folder {paths.folder} cannot be made: {error.strerror or error}. Choose another one with --out."
        ) from error


# ---- the study ---------------------------------------------------------------------------------------------------------------------


def _opened(
    storage: Storage, request: TuneRequest, settled: Settled, paths: Paths, workers: int, stage: Callable[[str], None]
) -> _Search:
    there = paths.name in {record.name for record in storage.studies()}
    if request.resume and not there:
        stage(f'there is no study "{paths.name}" in {storage.url} to go on with; beginning a new one')
    if there and not request.resume:
        raise StudyExists(
            f'There is a study "{paths.name}" in {storage.url} already. To go on with it, say --resume; for a fresh start, '
            "give another folder with --out, or delete this one."
        )
    search = _resumed(storage, request, settled, paths) if there else _fresh(storage, request, settled, paths, workers)
    study = search.study
    noted = {trial.note for trial in study.history.trials} | {queued.note for _, queued in study.history.queue}
    for name in sorted(
        search.names, key=lambda name: REFERENCES.index(name) if name in REFERENCES else len(REFERENCES)
    ):  # the first meets all folds
        if f"default {name}" not in noted:
            study.enqueue(default_params(study.space, name), note=f"default {name}", again=True)
    if _recorded(study) is None:
        study.comment(_MARK + msgspec.json.encode(identity(settled, request)).decode())
    return search


def _fresh(storage: Storage, request: TuneRequest, settled: Settled, paths: Paths, workers: int) -> _Search:
    folds = settled.split.facts.folds
    shape = shape_of(settled, seconds_per_fit(request.seconds, folds=folds, workers=workers))
    wanted = resolve_families(request.models)
    chosen = choose_families(shape, wanted=wanted, seconds=request.seconds, folds=folds, workers=workers)
    metric = Metric(settled.metric.name, settled.metric.goal)
    study = _study(storage, paths.name, settled.split, build_space(shape, chosen.names), metric, request.seed)
    return _Search(study, chosen.names, chosen.left_out)


def _resumed(storage: Storage, request: TuneRequest, settled: Settled, paths: Paths) -> _Search:
    study = _study(storage, paths.name, settled.split)
    recorded, mine = _recorded(study), identity(settled, request)
    model = study.space.parameters.get("model")
    if (recorded is None and len(study.history)) or not isinstance(model, Categorical):
        raise StudyChanged(f'The study "{paths.name}" in {storage.url} was not made by tune. Give another --name or --study.')
    if recorded is not None and recorded != mine:
        changes = "; ".join(
            _change(name, getattr(recorded, name), getattr(mine, name))
            for name in mine.__struct_fields__
            if getattr(recorded, name) != getattr(mine, name)
        )
        raise StudyChanged(
            f'The study "{paths.name}" was begun with something else: {changes}. Scores would not be comparable. '
            "Go on with what it was begun with, or start afresh with another --out."
        )
    names = tuple(str(name) for name in model.choices)
    wanted = resolve_families(request.models)
    if wanted and set(wanted) != set(names):
        raise StudyChanged(
            f"The study searches the families {', '.join(names)}, not {', '.join(wanted)}. Leave out --models, or start afresh with another --out."
        )
    return _Search(study, names, {name: "Not in this study." for name in FAMILIES if name not in names})


def _study(
    storage: Storage,
    name: str,
    split: Split,
    space: SearchSpace | None = None,
    metric: Metric | None = None,
    seed: int | None = None,
) -> Study:
    return Study(
        space,
        metric,
        scheduler=Race(folds=split.facts.folds, confirm=0 if split.timed else 5),
        storage=storage,
        name=name,
        seed=seed,
    )


def _recorded(study: Study) -> Identity | None:
    for entry in study.history.comments:
        text = getattr(entry.event, "text", "")
        if text.startswith(_MARK):
            return msgspec.json.decode(text.removeprefix(_MARK), type=Identity)
    return None


def _note_held(study: Study, done: Finished) -> None:
    """Have the study know which trial the model file holds, since that need not be its best."""
    if done.winner.trial != held_trial(study.history):
        default = ", the default" if done.winner.params == done.default.params else ""
        study.comment(f"{HELD} ({done.winner.title}{default})", trial=done.winner.trial)


def _change(name: str, before: object, after: object) -> str:
    known = {
        "data": "the file's content differs",
        "split": "its rows were divided differently",
        "features": "its columns are read differently",
    }
    return known.get(name, f"{name.replace('_', ' ')} was {before}, now {after}")


# ---- the search --------------------------------------------------------------------------------------------------------------------


def _searched(
    search: _Search, request: TuneRequest, settled: Settled, workers: int, *, start: float, listeners: Sequence[Listener],
    stage: Callable[[str], None],
) -> str:  # fmt: skip
    """Search until a limit; returns why it ended."""
    study = search.study
    shape = shape_of(settled, None)
    with Workspace(settled.x, settled.y, settled.split, request.seed, settled.groups) as workspace:
        objective = FoldObjective(str(workspace.folder), shape, settled.metric, request.seed)
        limit = None if request.seconds is None else max(_LEAST, request.seconds - (time.monotonic() - start))
        begun = time.monotonic()
        try:
            study.optimize(
                objective,
                trials=request.trials,
                seconds=limit,
                overtime=None if limit is None else 0.0,
                workers=workers,
                listeners=listeners,
                progress=False,
            )
            history = study.history
            late = limit is not None and time.monotonic() - begun >= limit
            while late and not history.completed and history.failed < len(search.names):
                stage("no configuration was finished in time; going on until the first one is")
                study.optimize(objective, more=1, workers=workers, listeners=listeners, progress=False)
                history = study.history
        except KeyboardInterrupt:
            return "interrupted"
    if request.trials is not None and history.finished >= request.trials:
        return "trials"
    if late:
        return "time"
    return "exhausted" if history.finished >= study.space.size else "interrupted"


# ---- what is said ------------------------------------------------------------------------------------------------------------------


def _plan(request: TuneRequest, settled: Settled, search: _Search, paths: Paths, workers: int) -> TunePlan:
    task, data = settled.task, settled.data
    kind = f"classification ({len(task.classes)} classes)" if task.classes else "regression"
    budget = [f"budget {request.seconds:g} s"] if request.seconds is not None else []
    budget += [counted(request.trials, "trial")] if request.trials is not None else []
    headline = " · ".join([
        task.target, f"{counted(data.train_rows, 'row')} × {counted(data.features, 'column')}", kind,
        f"{settled.metric.name}, {settled.split.facts.folds} folds", *budget,
    ])  # fmt: skip
    return TunePlan(
        headline=headline, task=task, metric=settled.metric, data=data, columns=settled.columns, split=settled.split.facts,
        families=family_facts(search.study.history, search.names, search.left_out, settled.metric),
        seconds=request.seconds, trials=request.trials, workers=workers, paths=paths, warnings=settled.warnings,
    )  # fmt: skip


def _result(request: TuneRequest, plan: TunePlan, search: _Search, done: Finished, budget: BudgetFacts) -> TuneResult:
    history = search.study.history
    best_default = done.winner.params == done.default.params
    counts = Counts(trials=len(history), completed=history.completed, failed=history.failed, unfinished=history.running)
    warnings = [*plan.warnings, *done.warnings]
    if history.failed:
        warnings.append(f"{history.failed} of {counted(len(history), 'configuration')} failed; the report lists why.")
    if budget.ended == "interrupted":
        warnings.append("The search was interrupted; this is the best so far. Say --resume to go on.")
    missing = [
        name
        for name in search.names
        if not any(trial.params["model"] == name and trial.value is not None for trial in history.trials)
    ]
    if missing:
        warnings.append(
            f"Not one configuration was finished of: {', '.join(FAMILIES[name].title for name in missing)}. Give more time, or fewer --models."
        )
    return TuneResult(
        request=request, task=plan.task, metric=plan.metric, data=plan.data, columns=plan.columns, split=plan.split,
        families=family_facts(history, search.names, search.left_out, plan.metric), budget=budget, counts=counts,
        winner=done.winner, default=done.default, best=done.best, recommended="default" if best_default else "winner",
        advice=advice(done, plan.metric), test=done.test, gap=gap_of(history, done.winner, default=best_default),
        claim=done.claim, race=done.race, warnings=tuple(warnings), paths=plan.paths,
        environment=environment_facts(), created=now(),
    )  # fmt: skip
