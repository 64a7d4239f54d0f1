"""Trials as a flat table: one row a trial, one column a parameter."""

from typing import Final

from tunewright.analysis.summary import at_full_effort
from tunewright.history import History
from tunewright.trial import Trial
from tunewright.typing import Value

__all__ = ["records"]

_KEYS: Final = frozenset(
    {"number", "state", "budget", "tasks", "seconds", "origin", "note", "asked_at", "finished_at", "failure"}
)


def records(history: History) -> list[dict[str, Value]]:
    """One flat dictionary a trial, all with the same keys in the same order.

    Keys: number, parent (where there are clones: of which trial it is one; None: of none), state, the metrics by name (`metric.<name>` where that is one of these keys), `param.<name>` for every parameter that the
    space has or had (None where inactive), `info.<name>` for whatever else the objective returned, budget (where there are budgets: that of the value; None: all), tasks (how many
    have ended), seconds, origin, note, asked_at, finished_at (seconds since 1970, UTC), failure (its message).

    Info is of the tasks at the highest budget, as the value is: where several folds or seeds told it, their mean if all of them are numbers,
    else the last one. What only other tasks told (at lower budgets, or those that failed) is as the last of them told it.
    """
    trials = history.trials
    names = dict.fromkeys([*history.space.names, *(name for trial in trials for name in trial.params)])
    told = [_info(trial) for trial in trials]
    infos = dict.fromkeys(name for each in told for name in each)
    limited = any(each.budget is not None for trial in trials for each in trial.measurements)
    table: list[dict[str, Value]] = []
    for trial, info in zip(trials, told, strict=True):
        row: dict[str, Value] = {"number": trial.number}
        if history.clones:
            row["parent"] = trial.parent
        row["state"] = str(trial.state)
        for metric in history.metrics:
            taken = (
                metric.name in _KEYS
                or (metric.name == "parent" and bool(history.clones))
                or metric.name.startswith(("param.", "metric.", "info."))
            )
            row[f"metric.{metric.name}" if taken else metric.name] = None if trial.values is None else trial.values[metric.name]
        for name in names:
            row[f"param.{name}"] = trial.params.get(name)
        for name in infos:
            row[f"info.{name}"] = info.get(name)
        if limited:
            row["budget"] = None if trial.values is None else at_full_effort(trial)[0].budget
        row["tasks"] = len(trial.measurements)
        row["seconds"] = trial.seconds
        row["origin"] = trial.origin
        row["note"] = trial.note
        row["asked_at"] = trial.asked_at
        row["finished_at"] = trial.finished_at
        row["failure"] = None if trial.failure is None else trial.failure.message
        table.append(row)
    return table


def _info(trial: Trial) -> dict[str, Value]:
    """What was told of a trial beside its values, one value a name."""
    found: dict[str, Value] = {name: value for each in trial.measurements for name, value in each.info.items()}
    whole: dict[str, list[Value]] = {}
    for measurement in at_full_effort(trial):
        for name, value in measurement.info.items():
            whole.setdefault(name, []).append(value)
    for name, values in whole.items():
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        averaged = len(values) > 1 and len(numbers) == len(values)
        found[name] = sum(numbers) / len(numbers) if averaged else values[-1]
    return found
