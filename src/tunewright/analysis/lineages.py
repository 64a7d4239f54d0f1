"""By which hyperparameters a model was trained, where trials are clones of others (`schedulers/pbt.py`).

A clone goes on from its parent's checkpoint with other hyperparameters. What it is worth is due to the whole schedule, from the first epoch of
its first ancestor on; trained by its own configuration alone, from nothing, it would be another model.
"""

import math

import msgspec

from tunewright.analysis.text import number, params_line
from tunewright.analysis.told import Row, Told
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.typing import Params

__all__ = ["Lineage", "Stretch", "lineage", "on_clone", "refuse_clone"]


class Stretch(msgspec.Struct, frozen=True):
    """A part of a training, with one configuration.

    Attributes:
        trial: that was trained so.
        begin, end: in units of the budget, from 0; the end is infinite for a trial without a budget.
        params: the configuration.
    """

    trial: int
    begin: int | float
    end: int | float
    params: Params

    def __str__(self) -> str:
        return f"{self.budget}: {self.configuration} (trial {self.trial})"

    @property
    def budget(self) -> str:
        """From where to where it goes, as text."""
        return f"{number(self.begin)} to {number(self.end)}"

    @property
    def configuration(self) -> str:
        """The params in a line."""
        return params_line(self.params, ())


class Lineage(Told, tuple[Stretch, ...]):
    """The stretches of a training, in their order: a tuple that prints each in a line."""

    __slots__ = ()

    @property
    def _told(self) -> list[str]:
        heads = ("budget", "trial", "configuration")
        return [Row(str(each), (each.budget, str(each.trial), each.configuration), heads) for each in self] or [
            "Nothing was trained yet."
        ]


def lineage(history: History, trial: int | None = None) -> Lineage:
    """The schedule by which the model of a trial was trained; of one that is no clone, a single stretch.

    Args:
        history: of the study.
        trial: its number; default: the best.

    Raises:
        NoResult: no trial is named, and there is no best.
        TrialError: there is no such trial.
    """
    last = history.best if trial is None else history.trial(trial)
    reached = float(history.budgets[last.number])
    found: list[Stretch] = []
    following, end = last.number, reached
    while True:
        descent = history.clones.get(following)
        begin = 0.0 if descent is None or descent.since is None else float(descent.since)
        if end > begin:  # else it has finished nothing of its own yet
            found.append(Stretch(following, _neat(begin), _neat(end), history.trial(following).params))
        if descent is None:
            return Lineage(reversed(found))
        following, end = descent.parent, begin


def _neat(budget: float) -> int | float:
    return int(budget) if math.isfinite(budget) and budget.is_integer() else budget


def on_clone(history: History, trial: int, *, shell: str | None = None) -> list[str]:
    """That a trial is a clone, in a sentence; nothing where it is none. `shell` names the study in commands, which then stand in place of Python:
    "runs.db --name first"; empty: no command reaches it.
    """
    descent = history.clones.get(trial)
    if descent is None:
        return []
    since = "" if descent.since is None else f" at budget {number(float(descent.since))}"
    shown = f"study.lineage({trial})" if shell is None else f"tunewright show {shell} --trial {trial}" if shell else ""
    said = (
        f"Trial {trial} went on from trial {descent.parent}{since}: what it is worth comes from the schedule of its lineage"
        f"{shown and f', {shown}'}, and not from its own configuration alone."
    )
    return [said]


def refuse_clone(history: History, what: str) -> None:
    """Raise StudyError where the best trial is a clone, so that its configuration alone cannot be `what`."""
    said = on_clone(history, history.best.number)
    if said:
        raise StudyError(f"{said[0]} So it cannot be {what} here. Train along the schedule, and judge that model.")
