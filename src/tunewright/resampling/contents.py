"""What an object is made of, as a fingerprint: the same in every process, and another when the object does something else.

`repr` shows addresses and shortens, and a pickle of a function is only its name. So estimators are told by class and parameters,
functions by their names and their code, other objects by class and attributes.
"""

import functools
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import CodeType, ModuleType
from typing import Any, Final

import joblib
import numpy as np

__all__ = ["fingerprint"]

_LIBRARIES: Final = frozenset({"numpy", "scipy", "sklearn"})
"""Whose functions their names are enough for."""

_PLAIN: Final = (str, bytes, int, float, complex, bool, type(None))
_DATA: Final = (np.ndarray, np.generic, np.random.RandomState, np.random.Generator)


def fingerprint(*parts: object) -> str:
    """16 hexadecimal digits of what the parts are made of."""
    return _told(parts, ())[:16]


def _hashed(kind: str, parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([kind, *parts]).encode()).hexdigest()


def _told(value: Any, above: tuple[int, ...]) -> str:  # noqa: ANN401
    """The fingerprint of one object; `above` are the objects that it is a part of."""
    if isinstance(value, _PLAIN):
        return _hashed(type(value).__name__, [repr(value)])
    if isinstance(value, _DATA) or type(value).__module__.split(".")[0] in {"pandas", "polars"} or hasattr(value, "tocsr"):
        return _hashed("data", [str(joblib.hash(value))])
    if id(value) in above:
        return _hashed("again", [str(len(above) - above.index(id(value)))])
    kind, parts = _parts(value)
    return _hashed(kind, (_told(part, (*above, id(value))) for part in parts))


def _parts(value: Any) -> tuple[str, list[Any]]:  # noqa: ANN401  one line for each kind
    if isinstance(value, Mapping):
        pairs = sorted(((repr(key), each) for key, each in value.items()), key=lambda pair: pair[0])
        return "mapping", [part for pair in pairs for part in pair]
    if isinstance(value, list | tuple):
        return type(value).__name__, list(value)
    if isinstance(value, AbstractSet):
        return "set", sorted(repr(each) for each in value)
    if isinstance(value, type | ModuleType):
        return "name", [getattr(value, "__module__", ""), getattr(value, "__qualname__", value.__name__)]
    if isinstance(value, CodeType):
        return "code", [value.co_code, list(value.co_names), list(value.co_consts)]
    if isinstance(value, functools.partial):
        return "partial", [value.func, value.args, value.keywords]
    if inspect.ismethod(value):
        return "method", [value.__name__, value.__self__]
    if callable(value) and hasattr(value, "__qualname__"):
        return "function", _function(value)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if hasattr(value, "get_params"):
        return kind, [value.get_params(deep=False)]
    return kind, [vars(value) if hasattr(value, "__dict__") else repr(value)]


def _function(value: Any) -> list[Any]:  # noqa: ANN401
    module, code = str(getattr(value, "__module__", "")), getattr(value, "__code__", None)
    if code is None or module.split(".")[0] in _LIBRARIES:
        return [module, value.__qualname__]
    held = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
    return [module, value.__qualname__, code, value.__defaults__, value.__kwdefaults__, held]


def _filled(cell: Any) -> bool:  # noqa: ANN401
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises
    except ValueError:
        return False
    return True
