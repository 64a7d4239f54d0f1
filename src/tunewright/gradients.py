"""Derivatives that objectives tell beside their values.

A gradient is a dictionary: by the name of a Float, the derivative of the first optimised metric with respect to it, both as the user knows
them (natural units, the metric's own sign). What cannot be used of it is left out, with a sentence that says so; the value stands.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tunewright.errors import TrialError
from tunewright.space import Float, SearchSpace
from tunewright.trial import Measurement
from tunewright.typing import Params

__all__ = ["gradient_of", "mean_gradient", "usable_gradient"]

_LONGEST: Final = 200


def gradient_of(given: object) -> dict[str, float]:
    """What somebody tells, as floats by name; NaN for what is no single number.

    Raises:
        TrialError: it is no dictionary.
    """
    if not isinstance(given, Mapping):
        shown = " ".join(repr(given).split())[:60]
        raise TrialError(f'A gradient is a dictionary by the name of the parameter, as in {{"alpha": 0.3}}, got {shown}.')
    return {_name(key): _number(value) for key, value in given.items()}


def _name(key: object) -> str:
    """As UTF-8 can hold it."""
    return str(key).encode("utf-8", "backslashreplace").decode()


def _number(value: Any) -> float:  # noqa: ANN401  the user's value
    if isinstance(value, str | bytes | bool) or getattr(value, "ndim", 0) != 0:
        return math.nan
    try:
        return float(value)
    except Exception:  # noqa: BLE001  the user's own class, which may raise whatever it is asked
        return math.nan


def usable_gradient(space: SearchSpace, params: Params, gradient: Mapping[str, float]) -> tuple[dict[str, float], list[str]]:
    """What can be used of a gradient, and why the rest cannot, in a sentence for each name.

    Args:
        space: of the study.
        params: the active parameters of the trial.
        gradient: as `gradient_of` gives it.
    """
    usable: dict[str, float] = {}
    complaints = []
    for name, slope in gradient.items():
        why = _trouble(space, params, name, slope)
        if why:
            shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
            complaints.append(f'The derivative by "{shown}" is left out, and the value kept: {why}')
        else:
            usable[name] = slope
    return usable, complaints


def _trouble(space: SearchSpace, params: Params, name: str, slope: float) -> str:
    parameter = space.parameters.get(name)
    if parameter is None:
        near = [f' Did you mean "{known}"?' for known in difflib.get_close_matches(name, space.names, 1)]
        return "".join(["the space has no such parameter.", *near])
    if not isinstance(parameter, Float):
        return f"it is of type {type(parameter).__name__}, and only a Float has derivatives."
    if name not in params:
        return "it is not active in the trial."
    return "" if math.isfinite(slope) else "it is no finite number. Tell one number for each parameter."


def mean_gradient(measurements: Sequence[Measurement]) -> dict[str, float]:
    """The gradient of a trial's value, which is the mean over folds and seeds at its highest budget: by each name that all of them told."""
    good = [each for each in measurements if each.values is not None]
    highest = max((_budget(each) for each in good), default=math.inf)
    told = [each.gradient for each in good if _budget(each) == highest]
    names = [name for name in told[0] if all(name in each for each in told)] if told else []
    return {name: math.fsum(each[name] for each in told) / len(told) for name in names}


def _budget(measurement: Measurement) -> float:
    return math.inf if measurement.budget is None else measurement.budget
