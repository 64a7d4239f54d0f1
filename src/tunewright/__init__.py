"""Tunewright finds the hyperparameters of a model, judges them honestly, and loses nothing.

This is the table of contents. Names load when they are first used, so that `import tunewright` costs next to nothing.
"""

import importlib
from typing import Any

_CONTENTS = {
    "space": ("Bool", "Categorical", "Choice", "Float", "Int", "Normal", "Ordinal", "Parameter", "SearchSpace", "param"),
    "metric": ("Metric",),
    "trial": ("Failure", "Measurement", "Outcome", "Task", "Trial", "TrialState"),
    "history": ("History",),
    "execution.live": ("LiveTrial",),
    "study": ("Study",),
    "errors": ("Stopped", "TunewrightError"),
}
_HOME = {name: f"tunewright.{module}" for module, names in _CONTENTS.items() for name in names}
_ROOMS = frozenset({"automl", "errors", "samplers", "schedulers", "storage", "testing"})

__all__ = sorted([*_HOME, *_ROOMS])  # noqa: PLE0605  the type stub beside this file spells it out


def __getattr__(name: str) -> Any:  # noqa: ANN401  a table of contents holds everything
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"tunewright.{name}")
    elif name == "__version__":
        value = importlib.import_module("tunewright.tracking.provenance").version()
    else:
        raise AttributeError(f"module 'tunewright' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
