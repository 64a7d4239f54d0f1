"""Configurations that violate no constraint.

They are found by rejection: draw until one is allowed. Every search is bounded. Where the whole space has at most 100,000
combinations, rejection that fails gives way to looking at all of them, which tells "impossible" from "rare"; elsewhere, after
111,000 draws without one that is allowed, the constraints are called too tight.
"""

import math
from typing import Final, NoReturn

import numpy as np

from tunewright.errors import SpaceError
from tunewright.space.choices import Bool, Categorical
from tunewright.space.engine import Engine
from tunewright.typing import Array, Params

__all__ = ["ENUMERABLE", "all_rows", "draw_allowed", "draw_allowed_rows", "nearest_allowed", "refuse"]

ENUMERABLE: Final = 100_000
"""Up to how many combinations a space is looked at as a whole."""

_QUICK: Final = 100
_PATIENCE: Final = 111_000
_LARGEST: Final = 10_000


def draw_allowed(engine: Engine, rng: np.random.Generator) -> Params:
    """One configuration, drawn through the priors.

    Raises:
        SpaceError: none was found.
    """
    for _ in range(_QUICK):
        params = engine.draw(rng)
        if engine.violated(params) is None:
            return params
    return engine.params(draw_allowed_rows(engine, rng, 1)[0])


def draw_allowed_rows(engine: Engine, rng: np.random.Generator, n: int) -> Array:
    """Raw rows, shape (n, d), drawn through the priors.

    Raises:
        SpaceError: none was found.
    """
    d = len(engine.names)
    if not engine.constraints:
        return engine.quantiles(rng.random((n, d)))
    parts: list[Array] = [np.empty((0, d))]
    found, barren = 0, 0
    while found < n:
        size = min(_LARGEST, max(64, 2 * (n - found), 4 * barren))
        rows = engine.quantiles(rng.random((size, d)))
        rows = rows[engine.allowed(rows)][: n - found]
        barren = 0 if len(rows) else barren + size
        if barren > 1_000 and (everything := all_rows(engine)) is not None:
            if not len(everything):
                refuse(engine)
            rows = everything[rng.integers(len(everything), size=n - found)]
        elif barren >= _PATIENCE:
            refuse(engine)
        parts.append(rows)
        found += len(rows)
    return np.concatenate(parts)


def all_rows(engine: Engine) -> Array | None:
    """Every allowed configuration as raw rows, each once; None where there are more than 100,000 combinations to look at."""
    sizes = [parameter.size for parameter in engine.parameters.values()]
    if math.prod(sizes) > ENUMERABLE:
        return None
    if engine.everything is None:
        counts = [int(size) for size in sizes]
        columns = [code.members() for code in engine.codings]
        total = np.arange(math.prod(counts))
        rows = np.empty((len(total), len(counts)))
        first = np.empty(rows.shape, dtype=np.bool_)
        stride = len(total)
        for j, (column, count) in enumerate(zip(columns, counts, strict=True)):
            stride //= count
            place = total // stride % count
            rows[:, j] = column[place]
            first[:, j] = place == 0
        active, rows = engine.activity(rows)
        rows = rows[(active | first).all(axis=1)]  # where a parameter is inactive its first value stands for all
        engine.everything = rows[engine.allowed(rows)]
    return engine.everything


def nearest_allowed(engine: Engine, wish: Array) -> Array:
    """An allowed raw row near one that is not: the nearest of a fixed sample, then moved towards it parameter by parameter.

    Args:
        wish: all d values filled, shape (d,).

    Raises:
        SpaceError: none was found.
    """
    everything = all_rows(engine)
    if everything is None:
        candidates = _sampled(engine)
    elif len(everything):
        candidates = engine.filled(everything)
    else:
        refuse(engine)
    target = engine.to_unit(wish[None, :])
    distance = np.abs(engine.to_unit(candidates) - target)
    choices = [isinstance(parameter, Categorical | Bool) for parameter in engine.parameters.values()]
    distance[:, choices] = distance[:, choices] > 0
    best = candidates[np.argmin(distance.sum(axis=1))].copy()
    for j in range(len(best)):
        moved = best.copy()
        moved[j] = wish[j]
        if engine.allowed(engine.activity(moved[None, :])[1])[0]:
            best = moved
    row: Array = engine.activity(best[None, :])[1][0]
    return row


def _sampled(engine: Engine) -> Array:
    """Allowed rows from a fixed sample, all d values filled."""
    rng = np.random.default_rng(0)
    for _ in range(0, _PATIENCE, _LARGEST):
        rows = engine.from_quantiles(rng.random((_LARGEST, len(engine.names))))
        rows = rows[engine.allowed(engine.activity(rows)[1])]
        if len(rows):
            return rows
    return refuse(engine)


def refuse(engine: Engine) -> NoReturn:
    """Say which constraint cannot be met, as far as a fixed sample tells."""
    rng = np.random.default_rng(0)
    rows = engine.quantiles(rng.random((_LARGEST, len(engine.names))))
    alone = [c.expression for c in engine.constraints if not (c.many(rows) != 0).any()]
    everything = all_rows(engine)
    if everything is not None:
        found = "are impossible: none of the space's configurations meets them"
    else:
        found = f"are impossible or too tight: not one of {_PATIENCE:,} random configurations meets them"
    which = f" Already alone none met: {'; '.join(map(str, alone))}." if alone else ""
    raise SpaceError(
        f"The constraints {found} ({'; '.join(str(c.expression) for c in engine.constraints)}).{which} "
        "Loosen them or the bounds. An equation between numbers is better solved for one of them, which is then computed in the objective."
    )
