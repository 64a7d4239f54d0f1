"""Every exception that Tunewright raises on purpose.

    TunewrightError
    ├── SpaceError (ValueError)          a search space that cannot be, said when it is built
    │   └── ParamsError                  a configuration that does not fit its space
    ├── SpaceExhausted                   nothing new is left to propose (a finite space, a finished grid)
    ├── MetricError (ValueError)         a metric or a measured value that cannot be used
    ├── TrialError (ValueError)          a trial that is not there, or is not in a state for this
    │   ├── AlreadyTold                  the task has its result already; the first result stands
    │   └── CheckpointMissing            a clone has no checkpoint of its parent's to go on from, or did not look at it
    ├── StudyError (ValueError)          a study used in a way that cannot work
    │   ├── StudyMissing                 no study of that name in this storage
    │   ├── StudyExists                  a study of that name is there already
    │   ├── StudyChanged                 space, metrics or seed differ from the recorded ones
    │   └── NoResult                     there is no finished trial to answer from
    │       └── NothingFinished          nor has one failed: a search that ended before its first result
    ├── StorageError (OSError)           the storage cannot be read or written; nothing was lost
    │   ├── StorageLocked                another process holds it
    │   ├── StorageLost                  the connection to a server broke, and nothing was written
    │   └── StorageDamaged               not a study file, or a broken one; it was not touched
    ├── DataError (ValueError)           a table that cannot be learned from as it stands
    ├── ModelError (ValueError)          a saved model that cannot be loaded, or data that do not fit it
    ├── ExtraMissing (ImportError)       an optional library is not installed
    ├── ObjectiveError                   the objective failed and the caller asked to hear of it at once
    ├── NoValue                          raised inside an objective that has no value to give
    └── Stopped                          raised inside an objective that is asked to stop

A message says what is wrong, where, and the mend. What a user's objective raises is never wrapped: it is recorded whole.
"""

from typing import Any

__all__ = [
    "AlreadyTold",
    "CheckpointMissing",
    "DataError",
    "ExtraMissing",
    "MetricError",
    "ModelError",
    "NoResult",
    "NoValue",
    "NothingFinished",
    "ObjectiveError",
    "ParamsError",
    "SpaceError",
    "SpaceExhausted",
    "Stopped",
    "StorageDamaged",
    "StorageError",
    "StorageLocked",
    "StorageLost",
    "StudyChanged",
    "StudyError",
    "StudyExists",
    "StudyMissing",
    "TrialError",
    "TunewrightError",
]


class TunewrightError(Exception):
    """The root: `except TunewrightError` catches all of Tunewright's own errors."""


class SpaceError(TunewrightError, ValueError):
    """A search space that cannot be."""


class ParamsError(SpaceError):
    """A configuration that does not fit its space."""


class SpaceExhausted(TunewrightError):
    """Every configuration has been proposed already."""


class MetricError(TunewrightError, ValueError):
    """A metric, or a measured value, that cannot be used."""


class TrialError(TunewrightError, ValueError):
    """A trial that is not there, or not in a state for what was asked."""


class AlreadyTold(TrialError):
    """The task has its result already; the first result stands."""


class CheckpointMissing(TrialError):
    """A clone has no checkpoint of its parent's to go on from, or did not look at it; the task has failed, with kind "checkpoint"."""


class StudyError(TunewrightError, ValueError):
    """A study used in a way that cannot work."""


class StudyMissing(StudyError):
    """No study of that name in this storage."""


class StudyExists(StudyError):
    """A study of that name is there already."""


class StudyChanged(StudyError):
    """Space, metrics or seed differ from the recorded ones."""


class NoResult(StudyError):
    """There is no finished trial to answer from."""


class NothingFinished(NoResult):
    """A search that ended before its first result: no trial is finished, and none has failed."""


class StorageError(TunewrightError, OSError):
    """The storage cannot be read or written."""


class StorageLocked(StorageError):
    """Another process holds the storage."""


class StorageLost(StorageError):
    """The connection to a server broke, and nothing was written; the same may be tried again."""


class StorageDamaged(StorageError):
    """Not a study file, or a broken one; it was not touched."""


class DataError(TunewrightError, ValueError):
    """A table that cannot be learned from as it stands."""


class ModelError(TunewrightError, ValueError):
    """A saved model that cannot be loaded, or data that do not fit it."""


class ExtraMissing(TunewrightError, ImportError):
    """An optional library is not installed."""


class ObjectiveError(TunewrightError):
    """The objective failed, and the caller asked to hear of it at once."""


class NoValue(TunewrightError):
    """Raised inside an objective that has no value to give: the task has failed, with kind "bad value", and `info` stays with it."""

    def __init__(self, message: str, info: dict[str, Any]) -> None:
        super().__init__(message)
        self.info = info


class Stopped(TunewrightError):
    """Raised inside an objective that is asked to stop."""
