"""What a study and an objective that knows what it measures (`Prepared`) have to agree on before the first task."""

from tunewright.errors import StudyError
from tunewright.events import Enqueued
from tunewright.execution.prepared import Prepared
from tunewright.journal import Journal

__all__ = ["agree"]


def agree(journal: Journal, objective: Prepared) -> None:
    """Hold the objective to what the study measures and was judged by, and have its default tried first.

    Raises:
        StudyError: the study measures something else.
        StudyChanged: the study was judged by something else so far.
    """
    known = {metric.name: metric.goal for metric in objective.metrics}
    ours = {metric.name: metric.goal for metric in journal.record.header.metrics}
    if not known.keys() & ours.keys() or any(known.get(name, goal) != goal for name, goal in ours.items()):
        wanted, have = (", ".join(f"{name} ({goal})" for name, goal in each.items()) for each in (known, ours))
        raise StudyError(f"The study measures {have}, but the objective {wanted}. Write Study(space, objective.metrics).")
    journal.freeze(objective.frozen)
    history = journal.sync()
    if not len(history) and not history.queue:  # whatever is found will be compared with it
        default = history.space.validate(objective.default(history.space) or history.space.default, fill=True)
        journal.write(-1, Enqueued(default, "default"))
