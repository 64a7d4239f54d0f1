"""What a study and an objective that knows what it measures (`Prepared`) have to agree on before the first task."""

import warnings

from tunewright.errors import StudyError
from tunewright.events import Enqueued
from tunewright.execution.prepared import Prepared
from tunewright.journal import Journal
from tunewright.schedulers.base import Scheduler

__all__ = ["agree"]


def agree(journal: Journal, objective: Prepared, scheduler: Scheduler | None) -> None:
    """Hold the objective to what the study measures and was judged by, and have its default tried first.

    Warns where the scheduler (None: it is the objective's own) sends no folds, and the objective has several.

    Raises:
        StudyError: the study measures something else.
        StudyChanged: the study was judged by something else so far.
    """
    known = {metric.name: metric.goal for metric in objective.metrics}
    ours = {metric.name: metric.goal for metric in journal.record.header.metrics}
    if not known.keys() & ours.keys() or any(known.get(name, goal) != goal for name, goal in ours.items()):
        wanted, have = (", ".join(f"{name} ({goal})" for name, goal in each.items()) for each in (known, ours))
        raise StudyError(f"The study measures {have}, but the objective {wanted}. Write Study(space, objective.metrics).")
    folds = getattr(objective.scheduler, "folds", None) or 1
    if scheduler is not None and folds > 1 and getattr(scheduler, "folds", None) is None:
        said = f"{scheduler!r} sends no folds, so every configuration is judged on the first of {folds} folds alone."
        warnings.warn(f"{said} Leave the scheduler out: the objective brings its own.", stacklevel=4)
    history = journal.sync()
    default = objective.default(history.space)
    journal.freeze(objective.frozen)
    if not len(history) and not history.queue:  # whatever is found will be compared with it
        journal.write(-1, Enqueued(history.space.validate(default or history.space.default, fill=True), "default"))
