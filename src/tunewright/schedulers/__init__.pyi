from tunewright.schedulers.base import Decision, Done, Resume, Scheduler, Start, Wait
from tunewright.schedulers.once import Once
from tunewright.schedulers.race import Race

__all__ = ["Decision", "Done", "Once", "Race", "Resume", "Scheduler", "Start", "Wait"]
