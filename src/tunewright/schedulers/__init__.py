"""How much effort, on which trial? Each module here is one answer.

`Once` gives every trial the same: all its folds and seeds. A scheduler answers with one of the decisions `Start`, `Resume`,
`Wait` and `Done`. Names are imported when they are first used.
"""

from tunewright.lazy import face

__all__ = ["Decision", "Done", "Once", "Resume", "Scheduler", "Start", "Wait"]

_CONTENTS = {"base": ("Decision", "Done", "Resume", "Scheduler", "Start", "Wait"), "once": ("Once",)}

__getattr__, __dir__ = face(__name__, _CONTENTS)
