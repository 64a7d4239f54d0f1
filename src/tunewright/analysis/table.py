"""Trials as a flat table: one row a trial, one column a parameter."""

from typing import Final

from tunewright.history import History
from tunewright.typing import Value

__all__ = ["records"]

_KEYS: Final = frozenset({"number", "state", "tasks", "seconds", "origin", "note", "asked_at", "finished_at", "failure"})


def records(history: History) -> list[dict[str, Value]]:
    """One flat dictionary a trial, all with the same keys in the same order.

    Keys: number, state, the metrics by name (`metric.<name>` where that is one of these keys), `param.<name>` for every parameter that the
    space has or had (None where inactive), tasks (how many have ended), seconds, origin, note, asked_at, finished_at (seconds since 1970),
    failure (its message).
    """
    trials = history.trials
    names = dict.fromkeys([*history.space.names, *(name for trial in trials for name in trial.params)])
    table: list[dict[str, Value]] = []
    for trial in trials:
        row: dict[str, Value] = {"number": trial.number, "state": str(trial.state)}
        for metric in history.metrics:
            taken = metric.name in _KEYS or metric.name.startswith(("param.", "metric."))
            row[f"metric.{metric.name}" if taken else metric.name] = None if trial.values is None else trial.values[metric.name]
        for name in names:
            row[f"param.{name}"] = trial.params.get(name)
        row["tasks"] = len(trial.measurements)
        row["seconds"] = trial.seconds
        row["origin"] = trial.origin
        row["note"] = trial.note
        row["asked_at"] = trial.asked_at
        row["finished_at"] = trial.finished_at
        row["failure"] = None if trial.failure is None else trial.failure.message
        table.append(row)
    return table
