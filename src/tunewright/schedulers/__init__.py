"""How much effort, on which trial? Each module here is one answer.

`Once` gives every trial the same: all its folds and seeds. A scheduler answers with one of the decisions `Start`, `Resume`,
`Wait` and `Done`. Names are imported when they are first used.
"""

import importlib

__all__ = ["Decision", "Done", "Once", "Resume", "Scheduler", "Start", "Wait"]

_MODULES = {
    "Decision": "base",
    "Done": "base",
    "Once": "once",
    "Resume": "base",
    "Scheduler": "base",
    "Start": "base",
    "Wait": "base",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
