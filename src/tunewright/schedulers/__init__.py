"""How much effort, on which trial? Each module here is one answer.

`Once` gives every trial the same: all its folds and seeds. `Race` gives a trial its next one only while it can still become the best.
`ASHA` and `Hyperband` begin with little budget (epochs, rows) and give the best more; `Median` stops what reports worse values than most.
A scheduler answers with one of the decisions `Start`, `Resume`, `Wait` and `Done`. Names are imported when they are first used.
"""

from tunewright.lazy import face

__all__ = ["ASHA", "Decision", "Done", "Hyperband", "Median", "Once", "Race", "Resume", "Scheduler", "Start", "Wait"]

_CONTENTS = {
    "asha": ("ASHA",),
    "base": ("Decision", "Done", "Resume", "Scheduler", "Start", "Wait"),
    "hyperband": ("Hyperband",),
    "median": ("Median",),
    "once": ("Once",),
    "race": ("Race",),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
