"""What an object is made of, as a fingerprint: the same in every process, and another when the object does something else.

`repr` shows addresses and shortens, and a pickle of a function is only its name. So estimators are told by class and parameters,
functions by their names and their code, other objects by class and attributes.
"""

import functools
import hashlib
import inspect
import pickle
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import CodeType, ModuleType
from typing import Any, Final

import joblib
import numpy as np

__all__ = ["fingerprint"]

_LIBRARIES: Final = frozenset({"numpy", "scipy", "sklearn"})
"""Whose functions their names are enough for."""

_SHARED: Final = np.random.mtrand._rand  # noqa: SLF001  NumPy's own, which everybody moves on
_PLAIN: Final = (str, bytes, int, float, complex, bool, type(None))
_DATA: Final = (np.ndarray, np.generic)


def fingerprint(*parts: object) -> str:
    """16 hexadecimal digits of what the parts are made of."""
    return _told(parts, ())[:16]


def _hashed(kind: str, parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([kind, *parts]).encode()).hexdigest()


def _told(value: Any, above: tuple[int, ...]) -> str:  # noqa: ANN401
    """The fingerprint of one object; `above` are the objects that it is a part of."""
    if isinstance(value, _PLAIN):
        return _hashed(type(value).__name__, [repr(value)])
    if isinstance(value, _DATA) or hasattr(value, "tocsr"):
        return _hashed("data", [str(joblib.hash(value))])
    if id(value) in above:
        return _hashed("again", [str(len(above) - above.index(id(value)))])
    kind, parts = _parts(value)
    return _hashed(kind, (_told(part, (*above, id(value))) for part in parts))


def _parts(value: Any) -> tuple[str, list[Any]]:  # noqa: ANN401
    found = _of_libraries(value)
    return _of_python(value) if found is None else found


def _of_libraries(value: Any) -> tuple[str, list[Any]] | None:  # noqa: ANN401
    """What others make, without what changes though nothing else does: blocks of a table, time stamps, the chance of everybody."""
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return "table", [part for name in value.columns for part in (str(name), value[name])]
    if hasattr(value, "to_numpy") and hasattr(value, "dtype"):
        return "column", [str(value.dtype), np.asarray(value.to_numpy())]
    if isinstance(value, np.random.RandomState):
        return "chance", [] if value is _SHARED else [repr(value.get_state(legacy=False))]
    if isinstance(value, np.random.Generator):
        return "chance", [repr(value.bit_generator.state)]
    if isinstance(value, joblib.Memory):
        return "memory", [str(value.location)]
    if hasattr(value, "rvs") and hasattr(value, "args") and hasattr(value, "kwds"):
        return "distribution", [type(value.dist), value.args, value.kwds]
    return None


def _of_python(value: Any) -> tuple[str, list[Any]]:  # noqa: ANN401  one line for each kind
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
    if type(value).__name__ == "FrozenEstimator":
        return kind, [vars(value.estimator)]  # which stays as it was fitted
    if hasattr(value, "get_params"):
        return kind, [value.get_params(deep=False)]
    slots = [name for each in type(value).__mro__ for name in getattr(each, "__slots__", ()) if hasattr(value, name)]
    held = {**getattr(value, "__dict__", {}), **{name: getattr(value, name) for name in slots if name != "__weakref__"}}
    return kind, [held or _pickled(value)]


def _pickled(value: Any) -> Any:  # noqa: ANN401
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001  whatever it is: its text must do
        return repr(value)


def _function(value: Any) -> list[Any]:  # noqa: ANN401
    value = inspect.unwrap(value)
    module, code = str(getattr(value, "__module__", "")), getattr(value, "__code__", None)
    if code is None or module.split(".")[0] in _LIBRARIES:
        owner = getattr(value, "__self__", None)
        return [module, value.__qualname__, None if isinstance(owner, ModuleType) else owner]
    held = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
    return [module, value.__qualname__, code, value.__defaults__, value.__kwdefaults__, held]


def _filled(cell: Any) -> bool:  # noqa: ANN401
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises
    except ValueError:
        return False
    return True
