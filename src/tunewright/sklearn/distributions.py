"""What scikit-learn calls `param_distributions`, as a search space, and the way back.

A search space holds JSON values; an estimator is given anything. So what is no JSON value (an estimator, a tuple, a function) stands
in the space under a label, and is looked up when a configuration is set on the estimator.

    uniform(low, width)              Float
    loguniform(low, high)            Float on the logarithmic scale
    randint(low, high)               Int
    any other frozen distribution    Ordinal of its quantiles, 199 of them; a discrete one: its values, weighted by their probability
    an object with `rvs`             Ordinal (or Categorical) of 199 draws
    a list of numbers                Int or Ordinal, sorted, so that neighbours are known to be alike
    another list                     Categorical
    a list of dictionaries           one of them is chosen first, as a Choice
    an empty dictionary              the estimator as it is set: one candidate

A value that stands k times in a list has k times the weight, as in a random search. Where the estimator's own value lies in the space
it is the default, so that the search begins with what the user had.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from tunewright.catalog import settings
from tunewright.errors import SpaceError
from tunewright.space import Categorical, Choice, Float, Int, Ordinal, Parameter, SearchSpace
from tunewright.space.values import canonical, json_key, plain_number, show
from tunewright.typing import Params, Value

__all__ = ["Translation", "translate"]

_QUANTILES: Final = 199
"""Into so many values of equal probability a distribution without a scale of its own is cut."""

_MOST_VALUES: Final = 1000
_TAIL: Final = 5e-4
"""Probability cut off at each end of a discrete distribution without end."""

_WHICH: Final = "distributions"
"""The parameter that says which dictionary of a list was chosen."""


class Translation:
    """A space, and how its configurations are told to an estimator.

    Attributes:
        space: what is searched.
        choices: step -> label -> estimator, for steps that are searched (see `catalog.space_for`).
        labels: parameter -> label (as JSON) -> what it stands for.
        listed: whether the parameters are those of several dictionaries, of which one is chosen.
    """

    def __init__(
        self,
        space: SearchSpace,
        choices: Mapping[str, Mapping[str, Any]] | None = None,
        labels: Mapping[str, Mapping[bytes, Any]] | None = None,
        *,
        listed: bool = False,
    ) -> None:
        self.space = space
        self.choices = choices or {}
        self.labels = labels or {}
        self.listed = listed

    def each(self) -> list[Params]:
        """A configuration of each dictionary; of one, the space's default."""
        if not self.listed:
            return [self.space.default]
        count = len(self.space.parameters[_WHICH].choices)  # type: ignore[attr-defined]
        return [self.space.validate({_WHICH: str(which)}, fill=True) for which in range(count)]

    def settings(self, params: Params) -> dict[str, Any]:
        """What `set_params` is to be given for this configuration."""
        prefix = f"{params[_WHICH]}." if self.listed else ""
        plain = {
            name: value for name, value in params.items() if name not in self.labels and not (self.listed and name == _WHICH)
        }
        found = settings({name.removeprefix(prefix): value for name, value in plain.items()}, choices=self.choices)
        own = {name.removeprefix(prefix): self.labels[name][json_key(params[name])] for name in params if name in self.labels}
        return own | found  # what the user gave is set as it was given


def translate(
    distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]], current: Mapping[str, Any], unsaid: Collection[str] = ()
) -> Translation:
    """What is searched, from dictionaries as `RandomizedSearchCV` takes them; a Tunewright `Parameter` may stand in them too.

    Args:
        distributions: a dictionary of parameter -> list, distribution or `Parameter`; or a list of such dictionaries. An empty one is
            the estimator as it is set.
        current: the estimator's own parameters, from which the search begins.
        unsaid: those of which the estimator says None; where None is among the values of a list, the search begins with that.

    Raises:
        SpaceError: something is no distribution; says which, and the mend.
    """
    labels: dict[str, dict[bytes, Any]] = {}
    if (
        isinstance(distributions, Mapping) and not distributions
    ):  # a space has a parameter: this one names what there is to choose
        return Translation(SearchSpace({_WHICH: Categorical(["0"])}), listed=True)
    if isinstance(distributions, Mapping):
        return Translation(SearchSpace(_members(distributions, current, unsaid, "", labels)), labels=labels)
    if not distributions or not all(isinstance(part, Mapping) for part in distributions):
        raise SpaceError(
            f"param_distributions must be a dictionary, a list of dictionaries or a SearchSpace, got {show(distributions)}."
        )
    if len(distributions) == 1:
        return translate(distributions[0], current, unsaid)
    branches = {str(i): _members(part, current, unsaid, f"{i}.", labels) for i, part in enumerate(distributions)}
    return Translation(SearchSpace({_WHICH: Choice(branches)}), labels=labels, listed=True)


def _members(
    part: Mapping[str, Any], current: Mapping[str, Any], unsaid: Collection[str], prefix: str, labels: dict[str, dict[bytes, Any]]
) -> dict[str, Parameter | Choice]:
    listed = {name for name in unsaid if isinstance(part.get(name), list | tuple) and any(each is None for each in part[name])}
    begins = {**current, **dict.fromkeys(listed)}
    return {name: _member(given, name, begins, labels, f"{prefix}{name}") for name, given in part.items()}


def _member(
    given: Any,  # noqa: ANN401  whatever the user gave
    name: str,
    current: Mapping[str, Any],
    labels: dict[str, dict[bytes, Any]],
    full: str,
) -> Parameter | Choice:
    if isinstance(given, Parameter | Choice):
        return given
    now = current.get(name)
    if hasattr(given, "ppf") and hasattr(given, "support"):
        return _frozen(given, name, now)
    if hasattr(given, "rvs"):
        chance = np.random.RandomState(0)
        given = [given.rvs(random_state=chance) for _ in range(_QUANTILES)]
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise SpaceError(
            f'"{name}": {show(given)} is no list and no distribution. Write a list, [{given!r}], a frozen SciPy distribution, '
            "loguniform(1e-3, 1e3), or a Tunewright parameter, Float(1e-3, 1e3, log=True)."
        )
    return _listed(list(given), name, now, labels, full)


# ---- distributions -----------------------------------------------------------------------------------------------------------------


def _frozen(given: Any, name: str, now: Any) -> Parameter:  # noqa: ANN401
    low, high = (float(end) for end in given.support())
    if math.isnan(low) or math.isnan(high):
        raise SpaceError(f'"{name}": the distribution is not defined with these arguments. Try its rvs().')
    kind = _kind(given)
    if hasattr(given, "pmf"):
        return _discrete(given, name, now, low, high)
    if kind == "uniform":
        return _with_default(Float, now, low, high)
    if kind in {"loguniform", "reciprocal"} and math.isclose(float(given.median()), math.sqrt(low * high), rel_tol=1e-9):
        return _with_default(Float, now, low, high, log=True)
    return _ordered(np.asarray(given.ppf((np.arange(_QUANTILES) + 0.5) / _QUANTILES)).tolist(), name, now)


def _kind(given: Any) -> str:  # noqa: ANN401
    """SciPy's name of a frozen distribution, "" where it has none."""
    return str(getattr(getattr(given, "dist", None), "name", ""))


def _discrete(given: Any, name: str, now: Any, low: float, high: float) -> Parameter:  # noqa: ANN401
    low, high = (end if math.isfinite(end) else float(given.ppf(tail)) for end, tail in ((low, _TAIL), (high, 1 - _TAIL)))
    if low == high:
        return Categorical([int(low)])
    if _kind(given) == "randint":
        return _with_default(Int, now, int(low), int(high))
    values = np.arange(int(low), int(high) + 1)
    weights = given.pmf(values)
    values, weights = values[weights > 0], weights[weights > 0]
    if len(values) > _MOST_VALUES:
        return _ordered(given.ppf((np.arange(_QUANTILES) + 0.5) / _QUANTILES).astype(int).tolist(), name, now)
    return _begun(Ordinal, values.tolist(), weights.tolist(), now)


def _with_default(kind: type[Float] | type[Int], now: Any, low: float, high: float, **more: Any) -> Parameter:  # noqa: ANN401
    number = plain_number(now)
    inside = number is not None and low <= number <= high and (kind is Float or number == int(number))
    found: Parameter = kind(low, high, default=number if inside else None, **more)  # type: ignore[arg-type]
    return found


# ---- lists -------------------------------------------------------------------------------------------------------------------------


def _listed(given: list[Any], name: str, now: Any, labels: dict[str, dict[bytes, Any]], full: str) -> Parameter:  # noqa: ANN401
    if not given:
        raise SpaceError(f'"{name}" has an empty list. Give it values, or leave the parameter out.')
    numbers = [plain_number(value) for value in given]
    alike = len({(type(value), value) for value in numbers}) > len(set(numbers))  # 1 and 1.0: one feature, and all of them
    if all(number is not None and math.isfinite(number) for number in numbers) and len(set(numbers)) > 2 and not alike:
        return _ordered([number for number in numbers if number is not None], name, now)
    known: dict[bytes, Any] = {}
    weights: dict[bytes, int] = {}
    shown: list[Value] = []
    for value in given:
        label = _free_label(value, known, apart=alike)
        key = json_key(label)
        if key not in known:
            known[key] = value
            shown.append(label)
        weights[key] = weights.get(key, 0) + 1
    if any(json_key(_label(value)) != key or _is_told(value) for key, value in known.items()):
        labels[full] = known
    return _begun(
        Categorical, shown, list(weights.values()), repr(now) if alike and plain_number(now) is not None else _label(now)
    )


def _ordered(numbers: list[float | int], name: str, now: Any) -> Parameter:  # noqa: ANN401
    if not all(math.isfinite(number) for number in numbers):
        raise SpaceError(f'"{name}": the distribution gives numbers that are not finite. Use one with finite quantiles.')
    counts: dict[float | int, int] = {}
    for number in sorted(numbers):
        counts[number] = counts.get(number, 0) + 1
    values = list(counts)
    steps = set(np.diff(values).tolist())
    if len(steps) == 1 and all(isinstance(value, int) for value in values) and len(set(counts.values())) == 1:
        begin = plain_number(now)
        return Int(values[0], values[-1], step=int(steps.pop()), default=begin if begin in counts else None)  # type: ignore[arg-type]
    return _begun(Ordinal, values, list(counts.values()), now)


def _begun(kind: type[Categorical] | type[Ordinal], values: Sequence[Value], weights: Sequence[float], now: Any) -> Parameter:  # noqa: ANN401
    """A parameter that begins with the estimator's own value where that is among the values; an Ordinal else with its middle."""
    prior = None if len(set(weights)) == 1 else weights
    middle = values[len(values) // 2] if kind is Ordinal else values[0]
    return kind(values, now if kind(values).index(now) is not None else middle, prior)


def _is_told(value: Any) -> bool:  # noqa: ANN401
    """Whether a label stands for the value, which is no JSON value itself."""
    try:
        canonical(value)
    except SpaceError:
        return True
    return isinstance(value, list | tuple | Mapping)


def _label(value: Any) -> Value:  # noqa: ANN401
    """How the value is called in the space: itself if it is a JSON scalar, else a text."""
    if not _is_told(value):
        return canonical(value)
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value).__name__
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _free_label(value: Any, known: Mapping[bytes, Any], *, apart: bool = False) -> Value:  # noqa: ANN401
    """Its label, with a number behind it where another value has the same; the same one for a value that is known. `apart`: numbers are
    told by how they are written.
    """
    told = apart and plain_number(value) is not None
    plain = repr(plain_number(value)) if told else _label(value)
    label, number = plain, 1
    while (key := json_key(label)) in known and not _same(known[key], value) and (apart or _is_told(value)):
        number += 1
        label = f"{plain} ({number})"
    return label


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    return (
        one is other
        or (type(one) is type(other) and isinstance(one, str | int | float) and one == other)
        or (isinstance(one, tuple | list) and type(one) is type(other) and repr(one) == repr(other))
    )
