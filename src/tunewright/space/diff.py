"""What changes between two spaces, in plain sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from tunewright.space.choices import ChoiceParameter
from tunewright.space.expression import Expression
from tunewright.space.parameter import Parameter
from tunewright.space.values import json_key, show

__all__ = ["Described", "differences"]


class Described(Protocol):
    """What a space says of itself."""

    @property
    def parameters(self) -> Mapping[str, Parameter]: ...
    @property
    def when(self) -> Mapping[str, Expression]: ...
    @property
    def constraints(self) -> Sequence[Expression]: ...


def differences(old: Described, new: Described) -> tuple[str, ...]:
    """A sentence for each change from `old` to `new`, parameters first; nothing when the spaces are equal."""
    return tuple(_differences(old, new))


def _differences(old: Described, new: Described) -> Iterator[str]:
    for name, parameter in old.parameters.items():
        if name not in new.parameters:
            yield f"{name}: removed"
        elif type(parameter) is not type(new.parameters[name]):
            yield f"{name}: {parameter} -> {new.parameters[name]}"
        else:
            yield from (f"{name}: {change}" for change in _changes(parameter, new.parameters[name]))
    for name, parameter in new.parameters.items():
        if name not in old.parameters:
            yield f"{name}: added, {parameter}"
    both = [name for name in old.parameters if name in new.parameters]
    if both != [name for name in new.parameters if name in old.parameters]:
        yield f"the order of the parameters: {', '.join(new.parameters)}"
    for name in both:
        before, after = (str(space.when[name]) if name in space.when else None for space in (old, new))
        if before != after:
            yield f"{name}: active {_when(before)} -> {_when(after)}"
    had, has = ([str(constraint) for constraint in space.constraints] for space in (old, new))
    yield from (f"constraint removed: {text}" for text in had if text not in has)
    yield from (f"constraint added: {text}" for text in has if text not in had)
    if sorted(had) == sorted(has) and had != has:
        yield f"the order of the constraints: {'; '.join(has)}"


def _when(condition: str | None) -> str:
    return "always" if condition is None else f"when {condition}"


def _changes(old: Parameter, new: Parameter) -> Iterator[str]:
    had, has = old.describe(), new.describe()
    for field in old.__struct_fields__:
        if json_key(had.get(field)) == json_key(has.get(field)) and (field in had) == (field in has):
            continue
        if field == "choices" and isinstance(old, ChoiceParameter) and isinstance(new, ChoiceParameter):
            yield from _choices(old, new)
        else:
            yield f"{field} {_told(old, had, field)} -> {_told(new, has, field)}"


def _told(parameter: Parameter, described: Mapping[str, Any], field: str) -> str:
    if field not in described:
        usual = getattr(parameter, field)
        return show(usual) if field in {"log", "step"} and usual is not None else "none"
    return show(described[field])


def _choices(old: ChoiceParameter, new: ChoiceParameter) -> Iterator[str]:
    had, has = ({json_key(choice): choice for choice in parameter.choices} for parameter in (old, new))
    yield from (f"choice {show(choice)} added" for key, choice in has.items() if key not in had)
    yield from (f"choice {show(choice)} removed" for key, choice in had.items() if key not in has)
    if [key for key in had if key in has] != [key for key in has if key in had]:
        yield f"the order of the choices is {', '.join(map(show, new.choices))}"
