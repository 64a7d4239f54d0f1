"""One conditional space over preprocessing and families.

    model = linear | knn | svm | forest | boosting | mlp
    scaler, imputer, indicator, rare      for the families that need dense, scaled numbers
    <family>.<parameter>                  for the family chosen

Preprocessing stands beside the families rather than inside each, so that what is learned about a scaler with one family serves the
others; it is active only where it has an effect.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tunewright.catalog.families import FAMILIES
from tunewright.catalog.shape import Shape
from tunewright.errors import DataError
from tunewright.space import Bool, Categorical, Choice, Ordinal, Parameter, SearchSpace
from tunewright.typing import Params

__all__ = [
    "PATIENCE",
    "REFERENCES",
    "Chosen",
    "build_space",
    "choose_families",
    "default_params",
    "duration",
    "resolve_families",
    "seconds_per_fit",
]

PATIENCE: Final = 600.0
"""Seconds that one configuration may be estimated to take when the search has no time limit."""

REFERENCES: Final = ("forest", "boosting", "linear", "svm", "knn", "mlp")
"""Whose default a result is compared with: a random forest is hard to beat untuned, and hard to get wrong."""

_SHARE: Final = 0.25
"""Share of the time limit that the default configuration of one family may be estimated to take."""


class Chosen(msgspec.Struct, frozen=True):
    """Which families are searched, cheapest first, and why the others are not: name -> sentence."""

    names: tuple[str, ...]
    left_out: dict[str, str]


def resolve_families(names: Sequence[str]) -> tuple[str, ...]:
    """Names and aliases as the catalog has them, each once.

    Raises:
        DataError: a name is unknown.
    """
    known = {form: family.name for family in FAMILIES.values() for form in (family.name, *family.aliases)}
    found = []
    for name in names:
        form = name.strip().lower().replace("-", "_").replace(" ", "_")
        if form not in known:
            close = difflib.get_close_matches(form, list(known), n=1)
            meant = f' Did you mean "{known[close[0]]}"?' if close else ""
            raise DataError(f'There is no model family "{name}".{meant} Families: {", ".join(FAMILIES)}.')
        found.append(known[form])
    return tuple(dict.fromkeys(found))


def choose_families(shape: Shape, *, wanted: Sequence[str] = (), seconds: float | None, folds: int, workers: int) -> Chosen:
    """Choose what can be searched in the time there is. A family that was asked for by name stays.

    Args:
        shape: of one training fold.
        wanted: names of families; empty: all that the size allows.
        seconds: of the whole search; None: no limit.
        folds, workers: how many fits a configuration takes, and how many run at once.
    """
    cost = {name: family.seconds(shape) * folds / min(workers, folds) for name, family in FAMILIES.items()}
    order = sorted(FAMILIES, key=lambda name: cost[name])
    if wanted:
        return Chosen(
            tuple(name for name in order if name in wanted), {name: "Not asked for." for name in FAMILIES if name not in wanted}
        )
    limit = PATIENCE if seconds is None else max(_SHARE * seconds, 1.0)
    names = tuple(name for name in order if cost[name] <= limit) or (order[0],)
    if len(names) == 1 and cost[order[1]] <= limit / _SHARE:
        names = (order[0], order[1])  # one family alone is no comparison
    allowed = "10 minutes" if seconds is None else f"a quarter of the {duration(seconds)}"
    left_out = {
        name: f"Left out: on {shape.rows} rows × {shape.width} features one configuration takes about {duration(cost[name])}, more than {allowed}. "
        f"To search it anyway, name it: --models {name}."
        for name in FAMILIES
        if name not in names
    }  # fmt: skip
    return Chosen(names, left_out)


def build_space(shape: Shape, names: Sequence[str]) -> SearchSpace:
    """The space over the families named; its default is that of the first of `REFERENCES` among them."""
    families = [FAMILIES[name] for name in names]
    branches = {family.name: family.space(shape) for family in families}
    first = next(name for name in REFERENCES if name in branches)
    parameters: dict[str, Parameter | Choice] = {
        "model": Choice({name: dict(part.parameters) for name, part in branches.items()}, default=first)
    }
    when = {
        f"{name}.{short}": _within_branch(condition, name, part.parameters)
        for name, part in branches.items()
        for short, condition in part.when.items()
    }
    shared = _preprocessing(shape)
    dense = [family.name for family in families if family.dense]
    if dense:
        parameters |= shared
        if len(dense) < len(families):
            condition = " | ".join(f'(model == "{name}")' for name in dense)
            when |= dict.fromkeys(shared, condition)
    return SearchSpace(parameters, when=when)


def seconds_per_fit(seconds: float | None, *, folds: int, workers: int) -> float | None:
    """What one fit may take in a search of so many seconds; None: whatever it takes."""
    return None if seconds is None else _SHARE * seconds * min(workers, folds) / folds


def default_params(space: SearchSpace, name: str) -> Params:
    """A family's default configuration."""
    return space.validate({"model": name}, fill=True)


def duration(seconds: float) -> str:
    """A time for people: "40 s", "9 minutes", "3 hours"."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.0f} hours"


def _within_branch(condition: str, branch: str, parameters: Mapping[str, object]) -> str:
    """The condition with its parameter named in full; conditions here compare one parameter: `kernel == "poly"`."""
    name, _, rest = condition.partition(" ")
    assert name in parameters
    return f"{branch}.{name} {rest}"


def _preprocessing(shape: Shape) -> dict[str, Parameter]:
    shared: dict[str, Parameter] = {}
    if shape.numbers:
        shared["scaler"] = Categorical(["standard", "robust", "quantile", "none"], default="standard")
    if shape.missing:
        shared["imputer"] = Categorical(["median", "mean", "most_frequent"], default="median")
        shared["indicator"] = Bool(default=False)
    if shape.categories:
        shared["rare"] = Ordinal([1, 3, 10, 30], default=1)
    return shared
