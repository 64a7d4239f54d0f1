"""What an estimator is set to: one answer for whoever asks.

An estimator's `get_params` is not the whole of it. XGBoost's says None where the library's own default holds, CatBoost's leaves out what
was not given, and all three boosting libraries know one setting by several names, of which one is heeded: `eta`, `num_iterations`. So the
class's signature is asked as well, and the catalogue's entry (`Entry.aliases`, `Entry.defaults`).

Who sets something sets it under the name that the estimator heeds (`heeded`): beside `CatBoostClassifier(n_estimators=50)` a second name,
`iterations`, would be an error, and beside `LGBMClassifier(num_iterations=17)` nothing would come of `n_estimators`.
"""

import functools
import inspect
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tunewright.catalog import boosters, kernels, linear, neighbours, networks, preparing, trees, unsupervised
from tunewright.catalog.entries import Entry

__all__ = ["ENTRIES", "Own", "entry_of", "heeded", "heeded_names", "own_values", "part_values", "usual_values"]

ENTRIES: Final[Mapping[str, Entry]] = {
    entry.name: entry
    for table in (linear, trees, boosters, kernels, neighbours, networks, unsupervised, preparing)
    for entry in table.ENTRIES
}
"""Everything that the catalogue knows, by class name."""


class Own(NamedTuple):
    """What an estimator is set to.

    Attributes:
        values: by name, under every name that the setting has.
        unsaid: names of which the class says None, or nothing, and the library's default stands in `values`.
    """

    values: Mapping[str, Any] = MappingProxyType({})
    unsaid: frozenset[str] = frozenset()


def entry_of(estimator: Any) -> Entry | None:  # noqa: ANN401  scikit-learn ships no types
    """The catalogue's entry of an estimator, of its class, or of the class's name; of a subclass the nearest ancestor's."""
    if isinstance(estimator, str):
        return ENTRIES.get(estimator)
    kind = estimator if isinstance(estimator, type) else type(estimator)
    for ancestor in kind.__mro__:
        entry = ENTRIES.get(ancestor.__name__)
        if entry is not None and ancestor.__module__.split(".")[0] == entry.library:
            return entry
    return None


def part_values(estimator: Any) -> Own:  # noqa: ANN401
    """What an estimator itself is set to, without the parts that it holds; nothing where it is only named."""
    said = _said(estimator)
    entry = entry_of(estimator) if said else None
    if entry is None:
        return Own(said)
    values = dict(said)
    for name, names in entry.aliases.items():
        value = said.get(entry.heeded(name, said))
        if value is not None:
            values |= dict.fromkeys(names, value)
    return _filled(values, entry, values)


def own_values(estimator: Any) -> Own:  # noqa: ANN401
    """What an estimator is set to, with all that it holds, by the names that `set_params` knows; nothing where it has no `get_params`."""
    if not hasattr(estimator, "get_params"):
        return Own()
    values = dict(estimator.get_params())
    parts = [("", estimator), *((f"{name}__", part) for name, part in values.items() if _is_part(part))]
    unsaid: set[str] = set()
    for prefix, part in parts:
        own = part_values(part)
        values |= {prefix + name: value for name, value in own.values.items()}
        unsaid |= {prefix + name for name in own.unsaid}
    return Own(values, frozenset(unsaid))


def usual_values(kind: type, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the class sets, or the first of its ancestors that says so, else the library.

    Args:
        kind: the class.
        own: what an estimator of it is set to; its names, and what the library's defaults depend on.
    """
    given = [_signature(each) for each in kind.__mro__[:-1]]
    usual = {name: next((each[name] for each in given if name in each), None) for name in own}
    entry = entry_of(kind)
    return usual if entry is None else _filled(usual, entry, own).values


def heeded(estimator: Any, told: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """The same settings under the names that the estimator heeds; of two names of one setting the later one counts.

    Args:
        estimator: which is to be set.
        told: what `set_params` is to be given.
    """
    names = heeded_names(estimator, told, {name: part for name, part in told.items() if _is_part(part)})
    return {names[name]: value for name, value in told.items()}


def heeded_names(
    estimator: Any,  # noqa: ANN401
    names: Iterable[str],
    chosen: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, str]:
    """Name -> that under which the estimator, or a part of it, heeds the setting. `chosen`: parts that are to stand in the place of its own."""
    names = list(names)
    if not _is_part(estimator):
        return dict(zip(names, names, strict=True))
    parts = {"": estimator, **(estimator.get_params() if any("__" in name for name in names) else {}), **chosen}
    return {name: _heeded(parts, name) for name in names}


def _heeded(parts: Mapping[str, Any], name: str) -> str:
    prefix, between, short = name.rpartition("__")
    part = parts.get(prefix)
    entry = entry_of(part) if _is_part(part) else None
    return name if entry is None else f"{prefix}{between}{entry.heeded(short, _said(part))}"


def _is_part(value: Any) -> bool:  # noqa: ANN401
    return hasattr(value, "get_params") and not isinstance(value, type)


def _said(estimator: Any) -> dict[str, Any]:  # noqa: ANN401
    """What it says of itself, or its class."""
    if isinstance(estimator, str | type) or not hasattr(estimator, "get_params"):
        return {}
    kind: type = type(estimator)
    told = {name: value for name, value in _signature(kind).items() if value is not inspect.Parameter.empty}
    return told | dict(estimator.get_params(deep=False))  # CatBoost's says only what was given


def _filled(values: Mapping[str, Any], entry: Entry, own: Mapping[str, Any]) -> Own:
    """The same with the library's defaults where there is no value, under every name of a setting that the class has."""
    every: dict[str, Any] = {}
    for name, value in entry.library_defaults(own).items():
        names = entry.aliases.get(name, (name,))
        if values.get(name) is None and not values.keys().isdisjoint(names):
            every |= dict.fromkeys(names, value)
    return Own({**values, **every}, frozenset(every))


@functools.lru_cache(maxsize=256)
def _signature(kind: type) -> Mapping[str, Any]:
    """Default by name; `Parameter.empty` where there is none."""
    try:
        return MappingProxyType({name: each.default for name, each in inspect.signature(kind).parameters.items()})
    except (TypeError, ValueError):  # a class written in C
        return MappingProxyType({})
