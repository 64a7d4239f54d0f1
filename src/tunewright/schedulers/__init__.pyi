from tunewright.schedulers.base import Decision, Done, Resume, Scheduler, Start, Wait
from tunewright.schedulers.once import Once

__all__ = ["Decision", "Done", "Once", "Resume", "Scheduler", "Start", "Wait"]
