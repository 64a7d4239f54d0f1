"""The estimator that a configuration stands for, and the configuration that an estimator stands for.

Both ask one place what the estimator is set to, and by which name (`catalog.own`).
"""

import reprlib
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sklearn.base import clone

from tunewright.catalog.compose import nearest_params, settings
from tunewright.catalog.entries import VALUE
from tunewright.catalog.own import heeded, own_values
from tunewright.errors import StudyError
from tunewright.resampling.inputs import is_open_seed
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["built", "configured", "own_configuration"]


def configured(estimator: Any, told: Mapping[str, Any]) -> Any:  # noqa: ANN401  scikit-learn ships no types
    """A copy that is set so, each setting by the name that the estimator heeds."""
    return clone(estimator).set_params(**heeded(estimator, told))


def built(
    estimator: Any,  # noqa: ANN401
    live: Mapping[str, Any],
    *,
    seed: int,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Any:  # noqa: ANN401
    """The estimator of a configuration, not fitted.

    Args:
        estimator: takes the settings of the configuration; or a function of it.
        live: the configuration, also as `catalog.space_for` has it.
        seed: for every `random_state` that is None.
        more: settings beside the configuration.

    Raises:
        StudyError: the function did not return an estimator.
    """
    if hasattr(estimator, "fit"):
        listed = any(isinstance(value, list) for value in live.values())
        own = own_values(estimator).values if listed else {}
        told = {
            name: live[name] if isinstance(live.get(name), list) and not isinstance(own.get(name), tuple) else value
            for name, value in settings(live).items()
        }
        model = configured(estimator, told)
    else:
        model = estimator(live)
        if not hasattr(model, "fit"):
            raise StudyError(f"The function for the estimator returned {model!r}, which has no `fit`.")
    states = {name: seed for name, value in own_values(model).values.items() if is_open_seed(name, value)}
    return model.set_params(**heeded(model, states | dict(more))) if states or more else model


def own_configuration(estimator: Any, space: SearchSpace) -> Params | None:  # noqa: ANN401
    """The configuration of the space that an estimator is set to; None where it is not known, or a constraint forbids it.

    Where the space does not hold a value the space's default stands for it, and that is said in a warning.
    """
    own = own_values(estimator)
    if not own.values:
        return None
    params, unknown = nearest_params(space, own)
    if unknown:
        taken = params or space.default
        said = ", ".join(f"{name} {_own_value(name, own.values)}" for name in unknown)
        instead = ", ".join(f"{name}={taken[name]!r}" for name in unknown if name in taken)
        warnings.warn(
            f"The space does not hold the estimator as you gave it: there {said}. What is called the default is not quite your estimator, then: "
            f"it has {instead}. To compare with yours, let the space hold it.",
            stacklevel=5,
        )
    return params


def _own_value(name: str, own: Mapping[str, Any]) -> str:
    plain = name.removesuffix(f".{VALUE}")
    return f"is {reprlib.repr(own[plain])}" if plain in own else "is unknown"
