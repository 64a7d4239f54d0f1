"""Choices: Categorical, Ordinal and Bool."""

import math
from collections.abc import Sequence
from typing import NoReturn

import msgspec
from msgspec.structs import force_setattr

from tunewright.errors import ParamsError, SpaceError
from tunewright.space.parameter import Parameter, checked_default
from tunewright.space.values import canonical, hint, json_key, number_of, show
from tunewright.typing import Value

__all__ = ["Bool", "Categorical", "ChoiceParameter", "Ordinal", "refuse_choice"]


class ChoiceParameter(Parameter, frozen=True, eq=False):
    """What Categorical and Ordinal share."""

    choices: Sequence[Value]
    default: Value | msgspec.UnsetType = msgspec.UNSET
    prior: Sequence[float] | None = None

    def __post_init__(self) -> None:
        kind = type(self).__name__
        force_setattr(self, "choices", _choices(kind, self.choices))
        if self.prior is not None:
            force_setattr(self, "prior", _weights(kind, self.prior, self.choices))
        if self.default is not msgspec.UNSET:
            force_setattr(self, "default", checked_default(kind, self, self.default))

    @property
    def default_value(self) -> Value:
        value = self.choices[0] if isinstance(self.default, msgspec.UnsetType) else self.default
        return canonical(value) if isinstance(value, list | dict) else value

    @property
    def size(self) -> int:
        return len(self.choices)

    def index(self, value: object) -> int | None:
        """Which choice this is; None when it is none."""
        try:
            key = json_key(canonical(value))
        except SpaceError:
            return None
        return next((i for i, choice in enumerate(self.choices) if json_key(choice) == key), None)

    def check(self, value: object) -> Value:
        index = self.index(value)
        if index is None:
            refuse_choice(value, self.choices)
        choice = self.choices[index]
        return canonical(choice) if isinstance(choice, list | dict) else choice


class Categorical(ChoiceParameter, frozen=True, eq=False):
    """One of several choices without order.

    Args:
        choices: at least one, any JSON values, none twice. 1, 1.0, True and "1" are different choices.
        default: the choice to begin with; not given: the first one. (None may be a choice.)
        prior: a positive weight for each choice; None: all alike.

    Raises:
        SpaceError: the description cannot be.
    """


class Ordinal(ChoiceParameter, frozen=True, eq=False):
    """One of several choices in an order, the lowest first.

    Args:
        choices: at least one, any JSON values, none twice, in their order.
        default: the choice to begin with; not given: the first one. (None may be a choice.)
        prior: a positive weight for each choice; None: all alike.

    Raises:
        SpaceError: the description cannot be.
    """


class Bool(Parameter, frozen=True, eq=False):
    """True or False. Its values are bool.

    Args:
        default: the value to begin with; None: False.
        prior: the probability of True, between 0 and 1; None: one half.

    Raises:
        SpaceError: the description cannot be.
    """

    default: bool | None = None
    prior: float | None = None

    def __post_init__(self) -> None:
        if self.default is not None:
            force_setattr(self, "default", checked_default("Bool", self, self.default))
        if self.prior is not None:
            force_setattr(self, "prior", float(number_of(self.prior, "Bool: prior")))
            if not 0 < self.prior < 1:
                raise SpaceError(f"Bool: prior is the probability of True, between 0 and 1, got {self.prior}.")

    @property
    def default_value(self) -> bool:
        return bool(self.default)

    @property
    def size(self) -> int:
        return 2

    def check(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        plain = value.item() if hasattr(value, "dtype") and hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
        if isinstance(plain, bool):
            return plain
        raise ParamsError(f"is {show(value)}, but must be True or False.")


def refuse_choice(value: object, choices: Sequence[Value]) -> NoReturn:
    """Raise the ParamsError for a value that is none of the choices."""
    listed = ", ".join(show(choice) for choice in choices[:8]) + (f", … {len(choices)} in all" if len(choices) > 8 else "")
    raise ParamsError(f"is {show(value)}, which is none of its choices ({listed}).{hint(value, choices)}")


def _choices(kind: str, given: object) -> tuple[Value, ...]:
    if isinstance(given, str | bytes | dict | set | frozenset) or not hasattr(given, "__iter__"):
        listed = f"list them: {kind}({sorted(given, key=repr)!r})" if isinstance(given, set | frozenset | dict) else "give a list"
        raise SpaceError(f"{kind}: choices must be a list in its order, got {show(given)} ({type(given).__name__}); {listed}.")
    found: list[Value] = []
    seen: dict[bytes, int] = {}
    for i, choice in enumerate(given):
        try:
            value = canonical(choice)
        except SpaceError as error:
            raise SpaceError(
                f"{kind}: choice {i} ({show(choice)}) is {error}. Use a name for it and look the object up by name."
            ) from None
        if seen.setdefault(json_key(value), i) != i:
            raise SpaceError(
                f"{kind}: the choice {show(value)} stands twice (places {seen[json_key(value)]} and {i}). Remove one."
            )
        found.append(value)
    if not found:
        raise SpaceError(f"{kind} needs at least one choice, got none.")
    return tuple(found)


def _weights(kind: str, given: object, choices: Sequence[Value]) -> tuple[float, ...]:
    if isinstance(given, str | bytes | dict | set) or not hasattr(given, "__iter__"):
        raise SpaceError(f"{kind}: prior must be a list of weights, one for each choice, got {show(given)}.")
    weights = tuple(float(number_of(weight, f"{kind}: a weight of the prior")) for weight in given)
    if len(weights) != len(choices):
        raise SpaceError(f"{kind}: prior needs one weight for each of the {len(choices)} choices, got {len(weights)}.")
    if min(weights) <= 0 or not math.isfinite(sum(weights)):
        raise SpaceError(f"{kind}: the weights of the prior must be positive, with a finite sum, got {list(weights)}.")
    return weights
