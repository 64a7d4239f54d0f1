"""Trials as a flat table: one row a trial, one column a parameter."""

from tunewright.history import History
from tunewright.typing import Value

__all__ = ["records"]


def records(history: History) -> list[dict[str, Value]]:
    """One flat dictionary a trial, all with the same keys in the same order.

    Keys: number, state, the metrics by name, `param.<name>` for every parameter (None where inactive), tasks (how many have ended), seconds,
    origin, note, asked_at, finished_at (seconds since 1970), failure (its message).
    """
    table: list[dict[str, Value]] = []
    for trial in history.trials:
        row: dict[str, Value] = {"number": trial.number, "state": str(trial.state)}
        for metric in history.metrics:
            row[metric.name] = None if trial.values is None else trial.values[metric.name]
        for name in history.space.names:
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
