"""What expressions are written with: their text, their numbers, and being frozen."""

import json
import keyword
import math
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

from tunewright.errors import SpaceError
from tunewright.space.values import plain_number, show
from tunewright.typing import Value

__all__ = ["ABSENT", "Found", "Frozen", "Ranks", "Truth", "joined", "name_text", "number_in", "value_text"]

Truth: TypeAlias = bool | None
"""True, False, or None for unknown."""

Ranks: TypeAlias = Callable[[str, Value], float | None]
"""What a choice counts for in an order: (parameter, choice) to its number, None where it has none."""

Found: TypeAlias = Any
"""What an expression comes to: a Truth, a JSON value, or ABSENT."""

ABSENT: Final = object()
"""The value of what is inactive or undefined. (None is a JSON value.)"""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_RESERVED: Final = frozenset({*keyword.kwlist, "true", "false", "null", "param", "isin"})


class Frozen:
    """Slots that are set once, by `_set`."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change; build a new one instead of setting {name!r}.")

    def __copy__(self) -> "Frozen":
        return self

    def __deepcopy__(self, memo: object) -> "Frozen":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        slots = [slot for kind in type(self).__mro__ for slot in getattr(kind, "__slots__", ())]
        return _restored, (type(self), {slot: getattr(self, slot) for slot in slots})

    def _set(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)


def _restored(kind: type[Frozen], fields: dict[str, object]) -> Frozen:
    found = kind.__new__(kind)
    found._set(**fields)  # noqa: SLF001  unpickling is part of the class
    return found


def value_text(value: Value) -> str:
    """A JSON value as text that Python reads back, too."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def name_text(name: str) -> str:
    """A parameter's name: bare where it is an identifier (dots allowed), else param("…")."""
    plain = _IDENTIFIER.fullmatch(name) and _RESERVED.isdisjoint(name.split("."))
    return name if plain else f"param({value_text(name)})"


def number_in(value: Value, where: object) -> float:
    """The value as float64.

    Raises:
        SpaceError: it is no number; `where` is the expression that wants one.
    """
    number = plain_number(value)
    if number is None:
        raise SpaceError(
            f"{where}: {show(value)} is no number. Only numbers, and the choices of an Ordinal in its space, have an order."
        )
    return float(number)


def joined(op: str, a: float, b: float) -> float:
    """Two numbers joined by + - * / in float64; NaN where that is undefined."""
    if op == "/":
        result = a / b if b != 0.0 else math.nan
    else:
        result = a + b if op == "+" else a - b if op == "-" else a * b
    return result if math.isfinite(result) else math.nan
