"""How much effort, on which trial? Each module here is one answer.

`Once` gives every trial the same: all its folds and seeds. `Race` gives a trial its next one only while it can still become the best. A scheduler answers with one of the decisions `Start`, `Resume`,
`Wait` and `Done`. Names are imported when they are first used.
"""

from tunewright.lazy import face

__all__ = ["Decision", "Done", "Once", "Race", "Resume", "Scheduler", "Start", "Wait"]

_CONTENTS = {"base": ("Decision", "Done", "Resume", "Scheduler", "Start", "Wait"), "once": ("Once",), "race": ("Race",)}

__getattr__, __dir__ = face(__name__, _CONTENTS)
