"""How much effort, on which trial? Each module here is one answer.

`Once` gives every trial the same: all its folds and seeds. `Race` gives a trial its next one only while it can still become the best.
`ASHA` and `Hyperband` begin with little budget (epochs, rows) and give the best more; `Median` stops what reports worse values than most.
`PBT` trains a population
whose worst members go on from copies of the best. A scheduler answers with one of the decisions `Start`, `Resume`, `Clone`, `Wait` and `Done`. Names are imported when they are first used.
"""

from tunewright.lazy import face

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

_CONTENTS = {
    "asha": ("ASHA",),
    "base": ("Clone", "Decision", "Done", "Resume", "Scheduler", "Start", "Wait"),
    "hyperband": ("Hyperband",),
    "median": ("Median",),
    "once": ("Once",),
    "pbt": ("PBT",),
    "race": ("Race",),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
