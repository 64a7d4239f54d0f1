"""What every kind of parameter answers.

A parameter is a frozen description: what values it may take, which one to begin with, and where the optimum is thought to lie.
It knows nothing of other parameters. How its values become numbers in an array is said in `encoding.py`.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from tunewright.errors import ParamsError, SpaceError
from tunewright.space.prior import Normal
from tunewright.space.values import json_key
from tunewright.typing import Value

__all__ = ["Parameter", "checked_default"]


class Parameter(msgspec.Struct, frozen=True, eq=False):
    """What every kind of parameter answers. Frozen, hashable, equal when the descriptions are equal."""

    @property
    def default_value(self) -> Value:
        """The value to begin with: the default if one is given, else the middle of the range or the first choice."""
        raise NotImplementedError

    @property
    def has_default(self) -> bool:
        """Whether a default was given."""
        return "default" in self.describe()

    @property
    def size(self) -> int | float:
        """How many values it may take; math.inf for a Float without step."""
        raise NotImplementedError

    def check(self, value: object) -> Value:
        """The same value in its canonical Python type.

        Raises:
            ParamsError: it is not a value of this parameter; the message is a sentence without subject ("is 3, …").
        """
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The fields that differ from their defaults, and the required ones, as JSON values by name."""
        return {name: _plain(value) for name, value, _ in self._told()}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Parameter) and type(self) is type(other) and json_key(self.describe()) == json_key(other.describe())
        )

    def __hash__(self) -> int:
        return hash((type(self).__name__, json_key(self.describe())))

    def __repr__(self) -> str:
        told = [(name, list(value) if isinstance(value, tuple) else value, required) for name, value, required in self._told()]
        return f"{type(self).__name__}({', '.join(f'{v!r}' if required else f'{name}={v!r}' for name, v, required in told)})"

    def _told(self) -> Iterator[tuple[str, Any, bool]]:
        names, defaults = self.__struct_fields__, self.__struct_defaults__
        required = len(names) - len(defaults)
        for i, name in enumerate(names):
            value = getattr(self, name)
            if i < required or value is not defaults[i - required]:
                yield name, value, i < required


def _plain(value: Any) -> Any:  # noqa: ANN401  JSON values of any kind
    return (
        {"center": value.center, "spread": value.spread}
        if isinstance(value, Normal)
        else list(value)
        if isinstance(value, tuple)
        else value
    )


def checked_default(kind: str, parameter: Parameter, value: object) -> Value:
    """The default in its canonical type, or a SpaceError that says what is wrong with it."""
    try:
        return parameter.check(value)
    except ParamsError as error:
        raise SpaceError(f"{kind}: the default {error}") from None
