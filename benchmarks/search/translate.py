"""A Tunewright space, as other tools see spaces."""

from typing import Any

from tunewright.space import Bool, Categorical, Float, Int, Ordinal, Parameter, SearchSpace
from tunewright.typing import Params, Value

__all__ = ["bounds_of", "choices_of", "complete", "label", "parent_of", "trim"]


def choices_of(parameter: Parameter) -> list[Value] | None:
    """The values of what is chosen from a list, in order; None for numbers."""
    if isinstance(parameter, Categorical | Ordinal):
        return list(parameter.choices)
    if isinstance(parameter, Bool):
        return [False, True]
    return None


def bounds_of(parameter: Parameter) -> tuple[float, float, bool]:
    """Low, high, log of a number.

    Raises:
        SystemExit: it has a step that not every tool knows.
    """
    assert isinstance(parameter, Float | Int)
    if parameter.step not in (None, 1):
        raise SystemExit(f"{parameter}: no problem here has steps, since some tools know none.")
    return parameter.low, parameter.high, parameter.log


def parent_of(space: SearchSpace, name: str) -> tuple[str, list[Value]] | None:
    """On which choice a parameter depends directly, and for which of its values it is active; None: it is always active.

    A condition below a Choice names all choices above; the last in the order of the space is the direct one.
    """
    condition = space.when.get(name)
    if condition is None:
        return None
    above = [other for other in space.names if other in condition.names]
    values = choices_of(space.parameters[above[-1]])
    if values is None:
        raise SystemExit(
            f"{name} depends on {above[-1]}, which is no choice; no problem here does that, since some tools cannot."
        )
    fixed = {other: _leading_to(space, other, above[-1]) for other in above[:-1]}
    return above[-1], [value for value in values if condition.evaluate({**fixed, above[-1]: value}) is True]


def _leading_to(space: SearchSpace, name: str, child: str) -> Value:
    """The value of `name` with which `child` can be active."""
    values = choices_of(space.parameters[name]) or []
    for value in values:
        verdict = space.when[child].evaluate({name: value})
        if verdict is not False:
            return value
    raise SystemExit(f"{child} is never active.")


def complete(space: SearchSpace, params: Params) -> Params:
    """With the default of whatever is inactive, for tools that know no conditions."""
    return {name: params.get(name, parameter.default_value) for name, parameter in space.parameters.items()}


def trim(space: SearchSpace, full: dict[str, Any]) -> Params:
    """Only what is active, in Python's types; the inverse of `complete`. Numbers at a bound are put inside, where rounding pushed them out."""
    found: Params = {}
    for name, parameter in space.parameters.items():
        condition = space.when.get(name)
        if condition is not None and condition.evaluate(found) is not True:
            continue
        value = full[name]
        if isinstance(parameter, Float):
            value = min(parameter.high, max(parameter.low, float(value)))
        elif isinstance(parameter, Int):
            value = min(parameter.high, max(parameter.low, round(float(value))))
        found[name] = value
    return space.validate(found)


def label(value: Value) -> str:
    """A choice as text, for tools that take only text."""
    return str(value)
