"""What a result says on the report page beyond the history of its study."""

import math
import shlex
from typing import Final

import msgspec

from tunewright.analysis import Difference, ReportExtras, Rows, Score, duration, number
from tunewright.analysis.facts import verdict
from tunewright.analysis.text import counted
from tunewright.automl import scores
from tunewright.automl.advice import worth
from tunewright.automl.records import TuneRequest, TuneResult

__all__ = ["report_extras"]

_KEPT: Final = "in the model file"


def report_extras(result: TuneResult) -> ReportExtras:
    """The extras of `analysis.report` for a result of `tune`."""
    sign = 1.0 if result.metric.goal == "maximize" else -1.0
    test, data = result.test, result.data
    stayed = result.recommended == "default"
    alone = stayed or test.default.value is None  # nothing to be seen beside, or nothing that could be fitted
    winner = (
        f"the default ({test.default_title})" if stayed else f"the winner ({result.winner.title}, trial {result.winner.trial})"
    )
    extras = ReportExtras(
        lead=f"{counted(data.train_rows, 'training row')}, {counted(data.test_rows, 'test row')}, {counted(data.features, 'feature')} from {data.path}",
        facts=_facts(result),
        tables=(_families(result), _columns(result)),
        test=(
            _score(f"{winner}, {_KEPT}", test.winner),
            *(() if alone else (_score(f"the default ({test.default_title})", test.default),)),
            _score(f"the baseline ({test.baseline_title})", test.baseline),
        ),
        test_note=test.sentence.removeprefix("Scores on ").replace(" that the search never saw", "", 1),  # the table says it
        gain=None if stayed else _gain(test.difference, sign),
        winner=result.winner.trial if result.winner.trial >= 0 else None,
        kept=_KEPT,
        gap=result.gap.sentence,
        train="train",
        notes=result.warnings,
        study=result.paths.name,
        url=result.paths.study,
        seed=result.request.seed,
        commands=_commands(result),
        environment=tuple((name, str(value)) for name, value in result.environment.items()),
    )
    if worth(test, result.metric) != "some":  # the model may be of no use, which is all that matters
        return msgspec.structs.replace(extras, verdict=result.advice)
    return msgspec.structs.replace(extras, verdict=f"{result.advice} {verdict(extras, -sign)}") if stayed else extras


def _score(name: str, score: scores.Score) -> Score:
    return Score(name, _float(score.value), _float(score.low), _float(score.high))


def _gain(difference: scores.Difference, sign: float) -> Difference | None:
    """Positive is better."""
    if difference.value is None or difference.low is None or difference.high is None:
        return None
    low, high = sorted((sign * difference.low, sign * difference.high))
    return Difference(sign * difference.value, low, high)


def _facts(result: TuneResult) -> tuple[tuple[str, str], ...]:
    task, budget = result.task, result.budget
    facts = [
        ("task", task.reason),
        ("why this metric", result.metric.reason),
        ("division of the rows", result.split.sentence),
    ]
    if task.classes:
        facts.append(
            ("classes", ", ".join(f"{label} ({rows})" for label, rows in zip(task.classes, task.class_rows, strict=True)))
        )
    if task.positive is not None:
        facts.append(("positive class", task.positive))
    facts.append(
        (
            "wall time",
            f"{duration(budget.searched)} of search with {counted(budget.workers, 'process', 'processes')}, {duration(budget.finished)} to fit and judge the winner",
        )
    )
    if result.claim is not None:
        facts.append(("cross-validation", result.claim.sentence))
    if result.race is not None:
        facts.append(("racing", result.race.sentence))
    return (*facts, *(("table", note) for note in result.data.notes))


def _families(result: TuneResult) -> Rows:
    rows = tuple(
        (family.title, str(family.trials), number(_float(family.best)), number(_float(family.default)), family.reason)
        for family in result.families
    )
    return Rows("Families of models", ("family", "#trials", f"#best {result.metric.name}", "#default", "why not"), rows)


def _columns(result: TuneResult) -> Rows:
    rows = tuple((column.name, column.role, f"{column.missing:.0%}", column.sentence) for column in result.columns)
    return Rows("Columns of the table", ("column", "role", "#missing", "what became of it"), rows)


def _commands(result: TuneResult) -> tuple[tuple[str, str], ...]:
    again = shlex.join(
        ["tunewright", "tune", result.request.data, "--target", result.task.target, "--resume", *_options(result.request)]
    )
    return (
        ("predict new rows", f"tunewright predict {shlex.quote(str(result.paths.model))} new.csv -o predictions.csv"),
        ("search on", again),
    )


def _options(request: TuneRequest) -> list[str]:
    """What was asked for beside the defaults, without the budget: a study only goes on with the splits and models it was begun with."""
    names = ("task", "metric", "cv", "groups", "time_order", "test", "seed", "out", "study", "name", "copies")
    plain = {field.name: field.default for field in msgspec.structs.fields(TuneRequest)}
    found = [f"--{name.replace('_', '-')}={getattr(request, name)}" for name in names if getattr(request, name) != plain[name]]
    return [*found, *([f"--models={','.join(request.models)}"] if request.models else [])]


def _float(value: float | None) -> float:
    return math.nan if value is None else value
