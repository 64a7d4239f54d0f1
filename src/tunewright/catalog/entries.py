"""What the catalogue says of one estimator: a row of its tables.

The tables (`linear.py`, `trees.py`, …) are data. A row names the hyperparameters that are worth searching, over what range, under
which conditions, and says how much tuning them is worth, with the source. Four things a plain `Parameter` cannot say:

    Either([None], Int(2, 30))       one of these values, or a number
    when={"degree": ("kernel", "poly")}          searched only where the kernel is "poly"
    only={"p": {"metric": ("minkowski",)}}       searched only where the estimator is set so by hand
    limits={"n_components": "features"}          no more than the data have features
    aliases={"gamma": ("gamma", "min_split_loss")}      one setting of several names; the first that is set is heeded

Defaults are the library's own, so that the default configuration is what a user gets without tuning. `Either` becomes two
parameters of the space, `max_depth` (None or "value") and `max_depth.value`; `compose.settings` makes them one again.

What a user set by hand to something that is not searched (a precomputed kernel, weights of classes, seven neurons twice) is no
parameter of the space: it stays.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from tunewright.catalog.shape import Shape
from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Float, Int, Parameter
from tunewright.typing import Value

__all__ = ["BALANCED", "LIMITS", "SOURCES", "VALUE", "Either", "Entry", "Needs", "Otherwise", "Searched", "takes", "twins"]

VALUE: Final = "value"
"""What `Either` says where the number is taken; ".value" is the number's own name."""

_COUNTED: Final = frozenset({"max_features", "max_samples"})
"""A share where it is a float, 1.0: all; a number where it is an int, 1: one of them."""

BALANCED: Final = Categorical([None, "balanced"], default=None)
"""Weights of the classes, for classifiers that take them."""

SOURCES: Final[Mapping[str, str]] = MappingProxyType({
    "feurer2015": "Feurer et al., Efficient and Robust Automated Machine Learning, NeurIPS 2015, supplement: the space of auto-sklearn",
    "godbole2023": "Godbole, Dahl, Gilmer, Shallue & Nado, Deep Learning Tuning Playbook, 2023",
    "grinsztajn2022": "Grinsztajn, Oyallon & Varoquaux, Why Do Tree-Based Models Still Outperform Deep Learning on Typical Tabular Data?, NeurIPS 2022, appendix A.3",
    "guide": "the library's user guide; no study of its tunability is known to us",
    "hsu2016": "Hsu, Chang & Lin, A Practical Guide to Support Vector Classification, 2016, section 3.2",
    "probst2019": "Probst, Boulesteix & Bischl, Tunability: Importance of Hyperparameters of Machine Learning Algorithms, JMLR 20, 2019",
    "probst2019rf": "Probst, Wright & Boulesteix, Hyperparameters and Tuning Strategies for Random Forest, WIREs 9, 2019",
    "prokhorenkova2018": "Prokhorenkova et al., CatBoost: Unbiased Boosting with Categorical Features, NeurIPS 2018",
    "sipper2022": "Sipper, High Per Parameter: A Large-Scale Study of Hyperparameter Tuning, Algorithms 15, 2022",
    "vanrijn2018": "van Rijn & Hutter, Hyperparameter Importance Across Datasets, KDD 2018",
})  # fmt: skip
"""What the notes stand on."""


class Either(NamedTuple):
    """One of some values, or a number: `max_depth` is None or 2 to 30. Begins with the first value."""

    values: Sequence[Value]
    number: Float | Int


Searched: TypeAlias = Parameter | Either

Otherwise: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Value]]]
"""Name of a setting -> a value of it -> the defaults that are others then."""

Needs: TypeAlias = Mapping[str, tuple[Value, ...]]
"""Name of a setting -> the values that it may have."""


class Entry(NamedTuple):
    """One estimator.

    Attributes:
        name: of the class.
        parameters: by name.
        when: parameter -> (another, the values of it under which the first is active, also such as only a user sets).
        only: parameter -> settings of the estimator, searched or not, that it needs: name -> the values with which it may be searched.
        limits: parameter -> rule in `LIMITS` that bounds it by the data.
        note: what is known of its tunability.
        source: where that is from; a key of `SOURCES`.
        library: package of the class.
        aliases: a setting -> all names that it has, itself among them, in the order in which the class heeds them: the first one that is set.
        defaults: what the library takes where its class says None, or nothing.
        otherwise: those of them that depend on another setting.
    """

    name: str
    parameters: Mapping[str, Searched]
    note: str
    source: str
    when: Mapping[str, tuple[Value, ...]] = MappingProxyType({})
    limits: Mapping[str, str] = MappingProxyType({})
    library: str = "sklearn"
    only: Mapping[str, Needs] = MappingProxyType({})
    aliases: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    defaults: Mapping[str, Value] = MappingProxyType({})
    otherwise: Otherwise = MappingProxyType({})

    def heeded(self, name: str, said: Mapping[str, Any]) -> str:
        """The name under which a setting, or the number of an `Either`, is heeded by an estimator that says this of itself."""
        plain = name.removesuffix(f".{VALUE}")
        for setting, names in self.aliases.items():
            if plain in names:
                return next((each for each in names if said.get(each) is not None), setting) + name.removeprefix(plain)
        return name

    def library_defaults(self, own: Mapping[str, Any]) -> dict[str, Value]:
        """What the library takes where nothing is said, beside an estimator's other settings."""
        found = dict(self.defaults)
        for name, cases in self.otherwise.items():
            value = own.get(name)
            found |= cases.get(value, {}) if isinstance(value, str) else {}
        return found

    def flat(
        self, shape: Shape | None, own: Mapping[str, Any], usual: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[dict[str, Parameter], dict[str, tuple[Value, ...]]]:
        """Plain parameters, and under which values of which other each is active.

        Args:
            shape: of the data, for the limits; None: as in the table.
            own: what the estimator is set to; where that lies in the range it is the default.
            usual: what its class sets. That is searched from where it lies outside the range, too. What is set to something else, outside the
                range, is left out, and what is active only under other values of it, too.
        """
        parameters: dict[str, Parameter] = {}
        when: dict[str, tuple[Value, ...]] = {}
        kept = {name for name in self.parameters if self._stays(name, own, usual)}
        for name, searched in self.parameters.items():
            other, *values = self.when.get(name, ("",))
            if name in kept or (other in kept and not _among(own[str(other)], values)):
                continue
            if other and other not in kept:
                when[name] = (other, *(value for value in values if takes(self.parameters[str(other)], value)))
            value = own.get(name, msgspec.UNSET)
            searched = _widened(searched, value)  # noqa: PLW2901  from here on with the class's own value
            number = searched.number if isinstance(searched, Either) else searched
            if shape is not None and name in self.limits:
                number = _limited(number, LIMITS[self.limits[name]](shape))
            if isinstance(searched, Either):
                listed = Categorical([*searched.values, VALUE])
                begin = value if listed.index(value) is not None else VALUE if _holds(number, value) else searched.values[0]
                parameters[name] = msgspec.structs.replace(listed, default=begin)
                parameters[f"{name}.{VALUE}"] = _begun(number, value)
                when[f"{name}.{VALUE}"] = (name, VALUE)
            else:
                parameters[name] = _begun(number, value)
        return parameters, when

    def _stays(self, name: str, own: Mapping[str, Any], usual: Mapping[str, Any]) -> bool:
        """Whether the estimator keeps what it is set to."""
        if name not in own:
            return False
        if any(other in own and not _among(own[other], values) for other, values in self.only.get(name, {}).items()):
            return True
        value, usually = own[name], usual.get(name)
        if type(value) is type(usually) and value == usually:
            return False
        searched = self.parameters[name]
        share = isinstance(searched.number if isinstance(searched, Either) else searched, Float)
        return (share and name in _COUNTED and type(value) is int) or not takes(searched, value)


def twins(
    stem: str,
    shared: Mapping[str, Searched],
    *,
    note: str,
    source: str,
    classifier: Mapping[str, Searched] = MappingProxyType({}),
    regressor: Mapping[str, Searched] = MappingProxyType({}),
    endings: tuple[str, str] = ("Classifier", "Regressor"),
    when: Mapping[str, tuple[Value, ...]] = MappingProxyType({}),
    only: Mapping[str, Needs] = MappingProxyType({}),
    limits: Mapping[str, str] = MappingProxyType({}),
    library: str = "sklearn",
    aliases: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    defaults: Mapping[str, Value] = MappingProxyType({}),
    otherwise: Otherwise = MappingProxyType({}),
) -> tuple[Entry, Entry]:
    """The entries of a classifier and of its regressor, which share most of their parameters; what each has alone comes on top."""
    return tuple(  # type: ignore[return-value]
        Entry(
            stem + ending,
            {**shared, **own},
            note,
            source,
            {name: rule for name, rule in when.items() if name in shared or name in own},
            limits,
            library,
            {name: rule for name, rule in only.items() if name in shared or name in own},
            aliases,
            defaults,
            otherwise,
        )
        for ending, own in zip(endings, (classifier, regressor), strict=True)
    )


def _among(value: object, values: Sequence[Value]) -> bool:
    return Categorical(values).index(value) is not None


def takes(searched: Searched, value: object) -> bool:
    """Whether a value is one that may be searched."""
    if isinstance(searched, Either):
        return _among(value, searched.values) or _holds(searched.number, value)
    return _holds(searched, value)


def _holds(number: Parameter, value: object) -> bool:
    try:
        number.check(value)
    except SpaceError:
        return False
    return True


def _widened(searched: Searched, value: object) -> Searched:
    """With the class's own value where that lies outside: to be had, and to begin with."""
    if not (value is None or isinstance(value, bool | int | float | str)) or takes(searched, value):
        return searched
    if isinstance(searched, Float | Int):
        return Either([value], searched)
    return Either([*searched.values, value], searched.number) if isinstance(searched, Either) else searched


def _begun(number: Parameter, own: object) -> Parameter:
    """The parameter with the estimator's own value as its default, where it can be one."""
    value = list(own) if isinstance(own, tuple) else own
    return msgspec.structs.replace(number, default=value) if _holds(number, value) else number


def _limited(number: Parameter, most: int) -> Parameter:
    """The same with no value above `most` (of False and True: 0 and 1); a single value where the range shrinks to one."""
    if isinstance(number, Bool):
        return number if most else Categorical([False])
    if not isinstance(number, Int) or number.high <= most:
        return number
    if most <= number.low:
        return Categorical([max(1, most)])
    default = None if number.default is None else min(number.default, most)
    prior = number.prior if number.prior is not None and number.prior.center <= most else None
    return msgspec.structs.replace(number, high=most - (most - number.low) % number.step, default=default, prior=prior)


LIMITS: Final[Mapping[str, Callable[[Shape], int]]] = MappingProxyType({
    "features": lambda shape: shape.width,
    "below features": lambda shape: shape.width - 1,
    "rank": lambda shape: min(shape.rows, shape.width),
    "rows": lambda shape: shape.rows,
    "below rows": lambda shape: shape.rows - 1,
    "a tenth of the rows": lambda shape: max(1, shape.rows // 10),
    "half of the rows": lambda shape: shape.rows // 2,
    "rows to hold out": lambda shape: int(shape.rows // 10 >= max(shape.classes, 2)),
    "discriminants": lambda shape: min(max(shape.classes - 1, 1), shape.width),
})  # fmt: skip
"""By name, the most that a parameter may be. Rows are those of one fit, features those that the estimator sees."""
