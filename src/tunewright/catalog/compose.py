"""The space of an estimator, of a pipeline, of a choice among algorithms; and a configuration as what `set_params` takes.

A pipeline's space holds the parameters of its steps under scikit-learn's own names, `step__parameter`, to any depth, also through
column transformers, feature unions and estimators that hold another. A step may itself be searched:

    space_for(pipeline, choices={"model": [SVC(), RandomForestClassifier()]})

    model                   "SVC" or "RandomForestClassifier"
    model__SVC__C           active where the model is "SVC"

Steps that the catalogue does not know are left as they are, and so is what was fitted before. Nothing here imports scikit-learn: a
class is known by its name and its package, so the spaces of XGBoost, LightGBM and CatBoost can be had without them.
"""

import copy
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tunewright.catalog import boosters, kernels, linear, neighbours, networks, preparing, trees, unsupervised
from tunewright.catalog.entries import VALUE, Entry, takes
from tunewright.catalog.shape import Shape
from tunewright.errors import SpaceError
from tunewright.space import Categorical, Expression, Parameter, SearchSpace, param
from tunewright.space.values import hint
from tunewright.typing import Params, Value

__all__ = ["ENTRIES", "Choices", "labelled", "own_params", "settings", "space_for"]

Choices = Mapping[str, Sequence[Any] | Mapping[str, Any]]
"""Step -> the estimators to choose among, or label -> estimator."""

ENTRIES: Final[Mapping[str, Entry]] = {
    entry.name: entry
    for table in (linear, trees, boosters, kernels, neighbours, networks, unsupervised, preparing)
    for entry in table.ENTRIES
}
"""Everything that the catalogue knows, by class name."""

_PARTS: Final = ("steps", "transformer_list", "transformers", "estimators")
"""What holds the parts of a pipeline, a feature union, a column transformer, a vote: tuples of a name, an estimator, and perhaps more."""

_ABSENT: Final = object()


def space_for(
    estimator: Any,  # noqa: ANN401  scikit-learn ships no types
    *,
    choices: Choices | None = None,
    shape: Shape | None = None,
    X: Any = None,  # noqa: ANN401, N803  its name in scikit-learn
) -> SearchSpace:
    """The catalogue's space for an estimator or a pipeline; its default is what the estimator is set to.

    What you set to something that the catalogue does not search stays as you set it, and is no parameter of the space:
    `SVC(kernel="precomputed")` and what depends on its kernel, `PCA(0.95)`, a dictionary of class weights, a number outside the range.
    So does what your other settings leave no choice about: `max_samples` of a forest with `bootstrap=False`.

    Args:
        estimator: an estimator, its class, the class's name ("XGBClassifier"), or anything composed of estimators.
        choices: steps to search, by their names in the pipeline: `{"model": [SVC(), LogisticRegression()]}`. "passthrough" may be
            among them. Labels are the names of the classes; give a mapping to choose your own.
        shape: of the data that one fit gets, which bounds what depends on it (components, neighbours); None: from `X`, or unbounded.
        X: the features that one fit gets, shape (rows, features); of texts, say, nothing is bounded.

    Raises:
        SpaceError: the catalogue knows nothing of it, or a choice names no step.
    """
    if shape is None and X is not None:
        rows, *width = getattr(X, "shape", (len(X),))
        shape = Shape(rows=int(rows), numbers=int(width[0])) if len(width) == 1 else None
    found = _Space(labelled(choices), shape)
    found.walk(estimator, "", None)
    if unused := sorted(set(found.choices) - found.chosen):
        raise SpaceError(f"choices names {', '.join(map(repr, unused))}, which is no step of {_name(estimator)}.")
    if not found.parameters:
        known = ": it knows nothing to search there beside what is set by hand."
        why = f".{hint(estimator, ENTRIES)}" if isinstance(estimator, str) else known
        raise SpaceError(
            f"The catalogue has no space for {_name(estimator)}{why} Give a SearchSpace, "
            'or distributions: {"alpha": loguniform(1e-3, 1e3)}.'
        )
    return SearchSpace(found.parameters, when=found.when)


def settings(params: Mapping[str, Any], *, choices: Choices | None = None) -> dict[str, Any]:
    """What `estimator.set_params` is to be given for a configuration of the catalogue's space.

    `max_depth="value"` and `max_depth.value=5` become `max_depth=5`; lists become tuples; the label of a chosen step becomes a copy
    of the estimator.

    Args:
        params: a configuration; a `LiveTrial` will do.
        choices: as `space_for` was given them.
    """
    known = labelled(choices)
    found: dict[str, Any] = {}
    for name, value in params.items():
        if name in known and value in known[name]:
            found[name] = copy.deepcopy(known[name][value])
        elif name.endswith(f".{VALUE}"):
            found[_plain(name.removesuffix(f".{VALUE}"), params, known)] = value
        elif not (value == VALUE and f"{name}.{VALUE}" in params):
            found[_plain(name, params, known)] = tuple(value) if isinstance(value, list) else value
    return found


def own_params(space: SearchSpace, own: Mapping[str, Any]) -> Params | None:
    """The configuration of a space that an estimator is set to: the way back from `settings`, where no step is chosen.

    Args:
        space: the catalogue's, or one of your own.
        own: what `estimator.get_params()` says. Which parameters are active is decided by it.

    Returns:
        None where the estimator has no such parameter, or the space does not hold its value.
    """
    values: dict[str, Value] = {}
    unknown = set()
    for name, parameter in space.parameters.items():
        value = own.get(name.removesuffix(f".{VALUE}"), _ABSENT)
        apart = f"{name}.{VALUE}" in space.parameters and not takes(parameter, value)
        try:
            values[name] = parameter.check(VALUE if apart else value)
        except SpaceError:
            unknown.add(name)
            values[name] = parameter.default_value
    params = space.params(space.deactivate([space.row(values)])[0])
    try:
        return None if unknown & params.keys() else space.validate(params)
    except SpaceError:  # a constraint
        return None


def labelled(choices: Choices | None) -> dict[str, dict[str, Any]]:
    """Choices by label. Raises SpaceError where two have the same."""
    found: dict[str, dict[str, Any]] = {}
    for step, candidates in (choices or {}).items():
        named = candidates.items() if isinstance(candidates, Mapping) else [(_name(one), one) for one in candidates]
        labels = [label for label, _ in named]
        if len(set(labels)) < len(labels) or not labels:
            raise SpaceError(
                f'choices: "{step}" needs candidates of different classes, got {labels}. To tell two of one class apart, give a '
                'mapping: {"one": SVC(), "other": SVC()}.'
            )
        found[step] = dict(named)
    return found


class _Space:
    """Grows a space while it walks through an estimator."""

    def __init__(self, choices: Mapping[str, Mapping[str, Any]], shape: Shape | None) -> None:
        self.choices = choices
        self.shape = shape
        self.chosen: set[str] = set()
        self.parameters: dict[str, Parameter] = {}
        self.when: dict[str, Expression] = {}

    def walk(self, estimator: Any, prefix: str, condition: Expression | None) -> None:  # noqa: ANN401
        entry = _entry(estimator)
        if entry is not None:
            self._add(entry, estimator, prefix, condition)
        for name, part in _parts(estimator):
            step = f"{prefix}{name}"
            if step in self.choices:
                self._choose(step, part, condition)
            else:
                self.walk(part, f"{step}__", condition)

    def _add(self, entry: Entry, estimator: Any, prefix: str, condition: Expression | None) -> None:  # noqa: ANN401
        own = _own(estimator)
        parameters, when = entry.flat(self.shape, own, _usual(type(estimator), own) if own else {})
        for name, parameter in parameters.items():
            if own and name.removesuffix(f".{VALUE}") not in own:
                continue  # of a subclass that does not pass it on
            self.parameters[prefix + name] = parameter
            if name in when and not (own and when[name][0] not in own):
                other, *values = when[name]
                local = param(f"{prefix}{other}").isin(values)
                self.when[prefix + name] = local if condition is None else condition & local
            elif condition is not None:
                self.when[prefix + name] = condition

    def _choose(self, step: str, part: Any, condition: Expression | None) -> None:  # noqa: ANN401
        self.chosen.add(step)
        labels = list(self.choices[step])
        self.parameters[step] = Categorical(labels, _name(part) if _name(part) in labels else labels[0])
        if condition is not None:
            self.when[step] = condition
        for label, candidate in self.choices[step].items():
            taken = param(step) == label
            self.walk(candidate, f"{step}__{label}__", taken if condition is None else condition & taken)


def _plain(name: str, params: Mapping[str, Any], choices: Mapping[str, Mapping[str, Any]]) -> str:
    """Without the label of the branch: `model__SVC__C` is `model__C`."""
    for step in choices:
        branch = f"{step}__{params.get(step)}__"
        if name.startswith(branch):
            return f"{step}__{name.removeprefix(branch)}"
    return name


def _entry(estimator: Any) -> Entry | None:  # noqa: ANN401
    if isinstance(estimator, str):
        return ENTRIES.get(estimator)
    kind = estimator if isinstance(estimator, type) else type(estimator)
    for ancestor in kind.__mro__:
        entry = ENTRIES.get(ancestor.__name__)
        if entry is not None and ancestor.__module__.split(".")[0] == entry.library:
            return entry
    return None


def _own(estimator: Any) -> dict[str, Any]:  # noqa: ANN401
    """What it is set to; nothing where it is only named."""
    if isinstance(estimator, str | type) or not hasattr(estimator, "get_params"):
        return {}
    told = {
        name: each.default
        for name, each in inspect.signature(type(estimator)).parameters.items()
        if each.default is not each.empty
    }
    return told | dict(estimator.get_params(deep=False))  # CatBoost's says only what was given


def _usual(kind: type, names: Iterable[str]) -> dict[str, Any]:
    """What the class sets, or the first of its ancestors that says so."""
    given = [inspect.signature(each).parameters for each in kind.__mro__[:-1]]
    return {name: next((each[name].default for each in given if name in each), None) for name in names}


def _parts(estimator: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """The estimators inside that are still to be fitted, with the names that `set_params` knows them by."""
    own = _own(estimator)
    fitted = own.get("prefit") is True or own.get("cv") == "prefit" or _name(estimator) == "FrozenEstimator"
    held = [] if fitted else [own[name] for name in _PARTS if isinstance(own.get(name), list)]
    for each in (each for parts in held for each in parts):
        if isinstance(each, tuple | list) and len(each) > 1 and isinstance(each[0], str):
            yield each[0], each[1]
    for name, value in own.items():
        if hasattr(value, "get_params") and not isinstance(value, type) and not (fitted and name == "estimator"):
            yield name, value


def _name(estimator: Any) -> str:  # noqa: ANN401
    if isinstance(estimator, str):
        return estimator
    if estimator is None:
        return "passthrough"
    return estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
