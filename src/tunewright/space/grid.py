"""Every combination of a few levels of each parameter.

Parents are decided before children and constraints are checked as soon as all that they read is decided, so that whole branches of the
grid that cannot be are never walked.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import numpy as np

from tunewright.errors import ParamsError, SpaceError
from tunewright.space.choices import Bool, ChoiceParameter
from tunewright.space.engine import Engine
from tunewright.space.number import Float, Int, neat
from tunewright.space.parameter import Parameter
from tunewright.space.terms import ABSENT
from tunewright.space.values import canonical, hint, json_key, show
from tunewright.typing import Params, Value

__all__ = ["Levels", "grid", "level_values"]

Levels: TypeAlias = int | Mapping[str, int | Sequence[Value]]
"""How many levels at most: for all numbers, or by name as a number or the values themselves."""

_USUAL: Final = 5
_END: Final = object()


def grid(engine: Engine, levels: Levels) -> Iterator[Params]:
    """Walk the grid; see `SearchSpace.grid`."""
    values = level_values(engine, levels)
    if engine.conditions or engine.constraints:
        return _walk(engine, values)
    return (
        {name: _own(value) for name, value in zip(engine.names, point, strict=True)}
        for point in product(*(values[name] for name in engine.names))
    )


def _walk(engine: Engine, values: Mapping[str, Sequence[Value]]) -> Iterator[Params]:
    order = engine.order
    due = engine.due()
    params: Params = {}

    def options(i: int) -> Iterator[Any]:
        condition = engine.conditions.get(order[i])
        return iter(values[order[i]]) if condition is None or condition.one(params) is True else iter((ABSENT,))

    stack = [options(0)]
    while stack:
        i = len(stack) - 1
        value: Any = next(stack[i], _END)
        params.pop(order[i], None)
        if value is _END:
            stack.pop()
            continue
        if value is not ABSENT:
            params[order[i]] = value
        if any(holds(params) is False for holds in due[order[i]]):
            continue
        if len(stack) == len(order):
            yield {name: _own(params[name]) for name in engine.names if name in params}
        else:
            stack.append(options(i + 1))


def level_values(engine: Engine, levels: Levels) -> dict[str, list[Value]]:
    """The levels of each parameter, each value once.

    Raises:
        SpaceError: a number of levels below 1, an unknown name, or a value that does not fit.
    """
    if not isinstance(levels, Mapping):
        return {name: _levels(name, parameter, engine, levels) for name, parameter in engine.parameters.items()}
    for name in levels:
        if name not in engine.parameters:
            raise SpaceError(f"grid has levels for {show(name)}, which is no parameter.{hint(name, engine.names)}")
    return {name: _levels(name, parameter, engine, levels.get(name, _USUAL)) for name, parameter in engine.parameters.items()}


def _levels(name: str, parameter: Parameter, engine: Engine, wish: object) -> list[Value]:
    if isinstance(wish, list | tuple | range | np.ndarray):
        try:
            values = {json_key(value := parameter.check(given)): value for given in wish}
        except ParamsError as error:
            raise SpaceError(f"grid: a level of {show(name)} {error}") from None
        if not values:
            raise SpaceError(f"grid: the list of levels of {show(name)} is empty. Give at least one value.")
        return list(values.values())
    if not isinstance(wish, int | np.integer) or isinstance(wish, bool) or wish < 1:
        raise SpaceError(
            f"grid needs at least 1 level for {show(name)}, as a whole number or a list of values; got {show(wish)}."
        )
    code = engine.codings[engine.place[name]]
    if isinstance(parameter, Bool | ChoiceParameter):
        return [code.value(x) for x in code.members().tolist()]
    assert isinstance(parameter, Float | Int)
    return list(dict.fromkeys(_spread(parameter, int(wish))))


def _spread(parameter: Float | Int, n: int) -> Sequence[Value]:
    """At most n numbers from low to high, evenly spaced on the scale of the parameter."""
    low, high, log = parameter.low, parameter.high, parameter.log
    count = parameter.size
    n = int(min(n, count))
    if n == 1:
        return [parameter.default_value]
    if (isinstance(parameter, Int) and not log) or (parameter.step is not None and not log):
        last = int(count) - 1
        ladder = parameter.ladder if isinstance(parameter, Float) else None
        places = [round(last * i / (n - 1)) if last < 2**52 else last * i // (n - 1) for i in range(n)]
        return [ladder.value(i) if ladder else low + i * parameter.step for i in places]  # type: ignore[operator]  # an Int has a step
    inner = np.exp(np.linspace(np.log(low), np.log(high), n)) if log else _line(low, high, n)
    if isinstance(parameter, Int):
        found = [low]
        for i, x in enumerate(inner.tolist()[1:], 1):  # near low the logarithm asks for less than one apart
            found.append(min(high - (n - 1 - i), max(found[-1] + 1, round(x))))
        return found
    return [low, *(neat(x, low, high) for x in inner.tolist()[1:-1]), high]


def _line(low: float, high: float, n: int) -> Any:  # noqa: ANN401  an array of shape (n,)
    share = np.linspace(0.0, 1.0, n)
    return low * (1.0 - share) + high * share


def _own(value: Value) -> Value:
    return canonical(value) if isinstance(value, list | dict) else value
