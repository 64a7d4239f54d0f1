"""The configuration of a clone: its parent's, explored.

Each active parameter is drawn anew from its prior with some probability, else perturbed [1, section 4.1.1]: a number moves by a factor, on a
logarithmic scale its value and on any other its distance from `low`, so that it is the value itself where low is 0; an Ordinal goes to a
neighbour. Whole numbers and those with a step move by one step at least, other numbers by 2 % of their range, or they would stick where the
factor moves nothing. Choices know no neighbours, so they change only by being drawn anew, and are never perturbed.

What becomes active comes from its prior, what becomes inactive is left out, and a child that violates a constraint is made anew, a bounded
number of times; then it has its parent's configuration.

[1] Jaderberg et al., Population Based Training of Neural Networks, arXiv:1711.09846, 2017.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np

from tunewright.space import Float, Int, Ordinal, Parameter, SearchSpace
from tunewright.space.number import neat
from tunewright.typing import Params

__all__ = ["explored"]

_TRIES: Final = 32
_LEAST: Final = 0.02
"""Of the range of a number on a linear scale."""


def explored(
    space: SearchSpace,
    params: Params,
    rng: np.random.Generator,
    *,
    factors: tuple[float, float] = (0.8, 1.2),
    resample: float = 0.25,
    fixed: Collection[str] = (),
) -> Params:
    """A configuration near another one, inside the space; the same one where none was found that meets the constraints.

    Args:
        space: that holds `params`.
        params: the parent's.
        rng: all chance comes from it.
        factors: by which numbers move down and up, 0 < down < 1 < up; either with even odds.
        resample: the probability with which a parameter is drawn anew from its prior.
        fixed: names of those that stay as they are.
    """
    row, parameters = np.array(space.row(params), np.float64), list(space.parameters.items())
    for _ in range(_TRIES):
        child = _free(space).from_quantiles(rng.random((1, len(space))))[0]
        anew, up = rng.random(len(space)) < resample, rng.random(len(space)) < 0.5
        for place, (name, parameter) in enumerate(parameters):
            if name in fixed and not np.isnan(row[place]):
                child[place] = row[place]
            elif not anew[place] and not np.isnan(row[place]):
                child[place] = _perturbed(parameter, float(row[place]), factors[int(up[place])])
        children = space.deactivate(child[None, :])
        if space.allowed(children)[0]:
            return space.params(children[0])
    return dict(params)


@lru_cache(maxsize=64)
def _free(space: SearchSpace) -> SearchSpace:
    """The same parameters, all of them always active, without constraints."""
    return SearchSpace(space.parameters) if space.when or space.constraints else space


def _perturbed(parameter: Parameter, x: float, factor: float) -> float:
    """A raw value moved by a factor, inside its parameter; a choice stays."""
    way = 1 if factor > 1 else -1
    if isinstance(parameter, Ordinal):
        return min(max(x + way, 0), parameter.size - 1)
    if not isinstance(parameter, Float | Int):
        return x
    low, high = float(parameter.low), float(parameter.high)
    moved = x * factor if parameter.log else low + (x - low) * factor
    if not parameter.log and abs(moved - x) < _LEAST * (high - low):
        moved = x + way * _LEAST * (high - low)
    moved = min(max(moved, low), high)
    if isinstance(parameter, Float) and parameter.ladder is None:
        return neat(moved, low, high)
    step = float(parameter.step or 1)
    last = int(parameter.size) - 1
    now, then = round((x - low) / step), round((moved - low) / step)
    i = min(max(then if then != now else now + way, 0), last)
    return float(parameter.low + i * parameter.step) if isinstance(parameter, Int) else _rung(parameter, i)


def _rung(parameter: Float, i: int) -> float:
    ladder = parameter.ladder
    assert ladder is not None
    return ladder.value(i)
