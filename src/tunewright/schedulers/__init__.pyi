from tunewright.schedulers.asha import ASHA
from tunewright.schedulers.base import Clone, Decision, Done, Resume, Scheduler, Start, Wait
from tunewright.schedulers.hyperband import Hyperband
from tunewright.schedulers.median import Median
from tunewright.schedulers.once import Once
from tunewright.schedulers.pbt import PBT
from tunewright.schedulers.race import Race

__all__ = [
    "ASHA",
    "PBT",
    "Clone",
    "Decision",
    "Done",
    "Hyperband",
    "Median",
    "Once",
    "Race",
    "Resume",
    "Scheduler",
    "Start",
    "Wait",
]
