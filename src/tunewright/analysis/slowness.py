"""What the time of a task hangs on."""

from typing import Final

import numpy as np

from tunewright.analysis.evidence import Evidence
from tunewright.analysis.summary import association
from tunewright.analysis.text import choice_labels, duration, number
from tunewright.history import History
from tunewright.space import Bool, Categorical
from tunewright.typing import Array

__all__ = ["uneven"]

_ENOUGH: Final = 20
"""Trials in which a parameter is active."""
_SOME: Final = 5
"""Trials with a choice."""
_STRONG: Final = 0.3
_SLOWER: Final = 3.0


def uneven(history: History, known: Evidence) -> tuple[str, str] | None:
    """Where some values of a parameter take several times as long as others, for each fold and seed, since a race gives more of these to the
    better: that in a sentence, and what to do. None: nowhere, or nothing can be told, as where budgets differ, which time hangs on.
    """
    if history.uneven:
        return None
    counts = np.isfinite(history.table(history.objectives[0])[0]).sum(axis=1)
    seconds = (history.seconds / np.maximum(counts, 1))[known.numbers]
    often = np.flatnonzero(np.isfinite(known.rows).sum(axis=0) >= _ENOUGH).tolist()
    strength = {column: association(known.rows[:, column], seconds) for column in often}
    column = max(strength, key=lambda j: strength[j], default=-1)
    if column < 0 or strength[column] < _STRONG or not (seconds > 0.01).any():
        return None
    x, name = known.rows[:, column], known.space.names[column]
    parameter = known.space.parameters[name]
    if isinstance(parameter, Categorical | Bool):
        labels = choice_labels(tuple(getattr(parameter, "choices", (False, True))))
        return _of_choices(name, labels, x, seconds)
    groups = np.unique(np.quantile(x[np.isfinite(x)], [0.25, 0.75]))
    if len(groups) < 2:
        return None
    low, high = (float(np.median(seconds[side])) for side in (x <= groups[0], x >= groups[1]))
    times = max(low, high) / max(min(low, high), 1e-9)
    said = f"Time hangs on {name}: {duration(low)} in its lower quarter, {duration(high)} in its upper one, {number(times, 2)} times as much."
    mend = f"If large and small {name} do equally well, cap it: more trials fit into the same time."
    return (said, mend) if times >= _SLOWER else None


def _of_choices(name: str, labels: list[str], x: Array, seconds: Array) -> tuple[str, str] | None:
    """The quickest and the slowest choice, of those with some trials."""
    choices, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    medians = {int(choice): float(np.median(seconds[x == choice])) for choice in choices[counts >= _SOME]}
    if not medians:
        return None
    quick, slow = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    times = medians[slow] / max(medians[quick], 1e-9)
    said = (
        f"Time hangs on {name}: {duration(medians[quick])} with {labels[quick]}, {duration(medians[slow])} with {labels[slow]}, "
        f"{number(times, 2)} times as much."
    )
    mend = f"If another does as well as {labels[slow]}, leave that out: more trials fit into the same time."
    return (said, mend) if times >= _SLOWER else None
