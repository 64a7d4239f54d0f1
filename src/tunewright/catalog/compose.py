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
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from tunewright.catalog.entries import VALUE, Entry, takes
from tunewright.catalog.own import ENTRIES, Own, entry_of, heeded_names, part_values, usual_values
from tunewright.catalog.shape import Shape
from tunewright.errors import SpaceError
from tunewright.space import Categorical, Expression, Parameter, SearchSpace, param
from tunewright.space.values import hint
from tunewright.typing import Params, Value

__all__ = ["ENTRIES", "Choices", "labelled", "nearest_params", "own_params", "settings", "space_for"]

Choices = Mapping[str, Sequence[Any] | Mapping[str, Any]]
"""Step -> the estimators to choose among, or label -> estimator."""

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


def own_params(space: SearchSpace, own: Mapping[str, Any], unsaid: Collection[str] = ()) -> Params | None:
    """The configuration of a space that an estimator is set to: the way back from `settings`, where no step is chosen.

    Args:
        space: the catalogue's, or one of your own.
        own: what the estimator is set to (`own_values`). Which parameters are active is decided by it.
        unsaid: names of which the estimator says None for the value in `own`.

    Returns:
        None where the estimator has no such parameter, or the space does not hold its value.
    """
    params, unknown = nearest_params(space, Own(own, frozenset(unsaid)))
    return None if unknown else params


def nearest_params(space: SearchSpace, own: Own) -> tuple[Params | None, list[str]]:
    """The configuration of a space that an estimator is set to, as far as the space holds it.

    Returns:
        The configuration, with the space's default of what is not known, or not held; None where a constraint forbids it. And the names of
        these parameters.
    """
    values: dict[str, Value] = {}
    unknown = []
    for name, parameter in space.parameters.items():
        plain = name.removesuffix(f".{VALUE}")
        value = own.values.get(plain, _ABSENT)
        value = None if plain in own.unsaid and takes(parameter, None) else value
        apart = f"{name}.{VALUE}" in space.parameters and not takes(parameter, value)
        try:
            values[name] = parameter.check(VALUE if apart else value)
        except SpaceError:
            unknown.append(name)
            values[name] = parameter.default_value
    params = space.params(space.deactivate([space.row(values)])[0])
    unknown = [name for name in unknown if name in params]
    try:
        return space.validate(params), unknown
    except SpaceError:  # a constraint
        return None, unknown or list(params)


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
        entry = entry_of(estimator)
        if entry is not None:
            self._add(entry, estimator, prefix, condition)
        for name, part in _parts(estimator):
            step = f"{prefix}{name}"
            if step in self.choices:
                self._choose(step, part, condition)
            else:
                self.walk(part, f"{step}__", condition)

    def _add(self, entry: Entry, estimator: Any, prefix: str, condition: Expression | None) -> None:  # noqa: ANN401
        own = part_values(estimator).values
        parameters, when = entry.flat(self.shape, own, usual_values(type(estimator), own) if own else {})
        names = {name: f"{prefix}{heard}" for name, heard in heeded_names(estimator, parameters).items()}
        for name, parameter in parameters.items():
            if own and name.removesuffix(f".{VALUE}") not in own:
                continue  # of a subclass that does not pass it on
            self.parameters[names[name]] = parameter
            if name in when and not (own and when[name][0] not in own):
                other, *values = when[name]
                local = param(names[str(other)]).isin(values)
                self.when[names[name]] = local if condition is None else condition & local
            elif condition is not None:
                self.when[names[name]] = condition

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


def _parts(estimator: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """The estimators inside that are still to be fitted, with the names that `set_params` knows them by."""
    own = part_values(estimator).values
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
