"""Everything that is settled before the first trial.

Reading, deciding, dividing, and only then looking at columns: the schema is made from training rows, so the division comes first.
What is settled here is a function of the file and the request alone; a later run with the same two settles the same, which is what
`Identity` holds the next run to.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunewright.automl.columns import decide_columns
from tunewright.automl.leaks import leaks
from tunewright.automl.metrics import resolve_metric
from tunewright.automl.pipeline import MAX_COLUMNS
from tunewright.automl.prepare import prepare
from tunewright.automl.records import ColumnFacts, DataFacts, MetricFacts, Paths, TaskFacts, TuneRequest
from tunewright.automl.schema import Schema
from tunewright.automl.split import Split, divide
from tunewright.automl.tables import Frame, did_you_mean, quoted, read_table
from tunewright.automl.task import Task, decide_task, with_target
from tunewright.automl.together import hold_together
from tunewright.automl.values import DATE_FORMATS, Series, dates, labels, number_style
from tunewright.catalog import Shape, resolve_families
from tunewright.errors import DataError
from tunewright.paths import expanded
from tunewright.typing import Array

__all__ = ["Identity", "Settled", "checked", "identity", "paths_of", "settle", "shape_of", "workers_of"]


class Settled(NamedTuple):
    """What is learned from what, and who sees which row.

    Attributes:
        task, metric, data, columns: for people.
        schema: how a table is read.
        split: of the kept rows.
        x, y: features and target of the kept rows, shapes (rows, features) and (rows,).
        groups: number of each row's group, of which copies of a row are one; None without groups.
        warnings: what may be wrong with the data.
    """

    task: TaskFacts
    metric: MetricFacts
    data: DataFacts
    columns: tuple[ColumnFacts, ...]
    schema: Schema
    split: Split
    x: Array
    y: Array
    groups: NDArray[np.int64] | None
    warnings: tuple[str, ...]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What two runs of one study must have in common."""

    data: str
    target: str
    task: str
    metric: str
    split: str
    features: tuple[str, ...]
    cv: int
    test: float
    groups: str | None
    time_order: str | None
    seed: int


def checked(request: TuneRequest) -> TuneRequest:
    """The request, with the default budget.

    Raises:
        DataError: a number in it is impossible, or there is no such family of models.
    """
    resolve_families(request.models)
    numbers = {"time": request.seconds, "trials": request.trials, "workers": request.workers}
    for name, number in numbers.items():
        if number is not None and not (np.isfinite(number) and number > 0):
            raise DataError(f"{name} must be more than 0, got {number!r}. Leave it out for the default.")
    if not 0 <= request.seed < 1 << 32:
        raise DataError(f"seed must be 0 or more, and below {1 << 32} (scikit-learn takes no larger one), got {request.seed}.")
    if request.groups is not None and request.time_order is not None:
        raise DataError(
            "Give either groups or a time order, not both: one says which rows belong together, the other which come later."
        )
    if request.seconds is None and request.trials is None:
        return msgspec.structs.replace(request, seconds=60.0)
    return request


def workers_of(request: TuneRequest) -> int:
    """How many processes: as asked, else one for each processor that this process may use."""
    if request.workers is not None:
        return request.workers
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable)


def settle(request: TuneRequest) -> Settled:
    """Read the table and decide everything about it.

    Raises:
        DataError: the table cannot be learned from as it stands; the message names the mend.
        MetricError: the metric does not exist or does not fit.
    """
    table = read_table(request.data)
    target = with_target(table.frame, request.target)
    reserved = _reserved(table.frame, request, target)
    task = decide_task(table.frame, target, request.task)
    metric = resolve_metric(request.metric, task.facts)
    frame, y, times, groups, notes = _rows(table.frame, task, request)
    split = divide(y, task.facts, cv=request.cv, test=request.test, seed=request.seed, groups=groups, times=times)
    schema = decide_columns(frame, split.train, task.target, reserved)
    x = prepare(frame, schema).array
    held = hold_together(x, y, task.facts, split, request, groups)
    if held.split is not split:
        split = held.split
        schema = decide_columns(frame, split.train, task.target, reserved)
        x = prepare(frame, schema).array
    data = DataFacts(
        path=request.data,
        rows=len(table.frame),
        columns=table.frame.shape[1],
        used_rows=len(y),
        train_rows=len(split.train),
        test_rows=len(split.test),
        features=len(schema.features),
        fingerprint=table.fingerprint,
        notes=(*table.notes, *task.notes, *notes, *held.notes),
        copies=held.copies,
    )
    columns = tuple(
        ColumnFacts(name=c.name, role=c.role, used=bool(c.features), missing=c.missing, sentence=c.sentence)
        for c in schema.columns
    )
    warnings = (
        *held.warnings,
        *leaks(schema, x[split.train], y[split.train], task.facts),
        *_smallness(data, task.facts),
        *split.facts.notes,
    )
    return Settled(task.facts, metric, data, columns, schema, split, x, y, held.groups, warnings)


def identity(settled: Settled, request: TuneRequest) -> Identity:
    """What another run must share to go on with the same study."""
    return Identity(
        data=settled.data.fingerprint,
        target=settled.task.target,
        task=settled.task.kind,
        metric=settled.metric.scorer,
        split=settled.split.facts.fingerprint,
        features=settled.schema.features,
        cv=request.cv,
        test=request.test,
        groups=request.groups,
        time_order=request.time_order,
        seed=request.seed,
    )


def shape_of(settled: Settled, seconds: float | None, *, whole: bool = False) -> Shape:
    """The shape of a training fold, or of all training rows (`whole`)."""
    folds = settled.split.folds
    rows = settled.split.train if whole else min((fold.train for fold in folds), key=len)
    classes = len(settled.task.classes)
    smallest = (
        min(int(np.bincount(settled.y[fold.train].astype(int), minlength=classes).min()) for fold in folds) if classes else 0
    )
    count = len(settled.schema.categories)
    numbers = settled.x[:, count:]
    return Shape(
        rows=len(rows),
        numbers=numbers.shape[1],
        categories=count,
        wide=numbers.shape[1] + sum(min(len(column.levels) + 1, MAX_COLUMNS) for column in settled.schema.categories),
        missing=bool(np.isnan(numbers[settled.split.train]).any()),
        classes=classes,
        smallest=smallest,
        seconds=seconds,
    )


def paths_of(request: TuneRequest) -> Paths:
    """Where things go. Nothing is created here."""
    stem = Path(request.data).stem or "table"
    folder = expanded(request.out if request.out is not None else f"tunewright-{stem}")
    study = folder / "study.db"
    return Paths(
        folder=str(folder),
        model=str(folder / "model.skops"),
        result=str(folder / "result.json"),
        report=str(folder / "report.html"),
        study=request.study
        or (str(study) if "?" in str(study) else f"sqlite:///{study}"),  # which an address would take for options
        name=request.name or stem,
    )


def _reserved(frame: Frame, request: TuneRequest, target: str) -> dict[str, str]:
    names = [str(name) for name in frame.columns]
    found = {}
    for name, role, flag in ((request.groups, "groups", "--groups"), (request.time_order, "order", "--time-order")):
        if name is None:
            continue
        if name not in names:
            raise DataError(f'There is no column "{name}" for {flag}.{did_you_mean(name, names)} Columns: {quoted(names, 12)}.')
        if name == target:
            raise DataError(f'"{name}" is the target; {flag} needs another column.')
        found[name] = role
    return found


def _rows(
    frame: Frame, task: Task, request: TuneRequest
) -> tuple[Frame, Array, Array | None, NDArray[np.int64] | None, tuple[str, ...]]:
    """The rows that are kept, with what orders or groups them."""
    kept, y = frame.iloc[task.rows].reset_index(drop=True), task.y
    if request.time_order is not None:
        times = _times(kept[request.time_order])
        known = ~np.isnan(times)
        if not known.all():
            kept, y, times = kept[known].reset_index(drop=True), y[known], times[known]
            return kept, y, times, None, (f'{int((~known).sum())} rows without a value in "{request.time_order}" are left out.',)
        return kept, y, times, None, ()
    if request.groups is None:
        return kept, y, None, None, ()
    names: dict[str, int] = {}
    cells = labels(kept[request.groups]).tolist()
    alone = sum(cell is None for cell in cells)
    groups = np.array([names.setdefault(cell if cell is not None else f"\0{row}", len(names)) for row, cell in enumerate(cells)])
    note = (f'{alone} rows without a value in "{request.groups}" count as groups of their own.',) if alone else ()
    return kept, y, None, groups, note


def _times(series: Series) -> Array:
    """Numbers or moments by row; NaN where a cell is neither."""
    _, found = number_style(series)
    times = found.floats
    if found.junk.any():
        times = min((dates(series, form) for form in DATE_FORMATS), key=lambda read: int(np.isnan(read.floats).sum())).floats
    if np.isnan(times).mean() > 0.5:
        raise DataError(
            f'"{series.name}" does not order the rows: most of its values are neither numbers nor dates. Write dates as 2024-01-31.'
        )
    return times


def _smallness(data: DataFacts, task: TaskFacts) -> tuple[str, ...]:
    said = []
    if data.test_rows < 50:
        said.append(f"The test set has only {data.test_rows} rows, so its interval is wide and rough.")
    if data.train_rows < 100:
        said.append(
            f"With {data.train_rows} training rows the best of many configurations is partly the luckiest; trust the test score, not the validation score."
        )
    if task.classes and min(task.class_rows) < 30:
        said.append(
            f'The rarest class, "{task.classes[int(np.argmin(task.class_rows))]}", has {min(task.class_rows)} rows: what is said about it is uncertain.'
        )
    return tuple(said)
