"""Configurations that violate no constraint.

They are found in three ways, each bounded.

1. Rejection: draw until one is allowed. This keeps the priors exactly.
2. Where 11,000 draws gave nothing and the space has at most 100,000 combinations: all of them are looked at, which tells
   "impossible" from "rare".
3. Elsewhere: repair. A violated constraint is picked at random, one of the parameters that it reads is drawn again (the best of 20
   draws), up to 1,000 times. This finds the narrow corners (x0 < x1 < … < x9) that rejection misses; there the draws are no
   longer distributed exactly as the priors say.
"""

import math
from typing import Final, NoReturn

import numpy as np

from tunewright.errors import SpaceError
from tunewright.space.choices import Bool, Categorical
from tunewright.space.engine import Engine
from tunewright.typing import Array, Params

__all__ = ["ENUMERABLE", "all_rows", "draw_allowed", "draw_allowed_rows", "nearest_allowed", "prepare", "refuse"]

ENUMERABLE: Final = 100_000
"""Up to how many combinations a space is looked at as a whole."""

_QUICK: Final = 100
_PATIENCE: Final = 11_000
_LARGEST: Final = 10_000
_REPAIRS: Final = 1_000
_REDRAWS: Final = 20


def prepare(engine: Engine) -> None:
    """Find out, once and always alike, whether anything is allowed, and whether rejection finds it (`engine.tight`).

    It is done at construction and never later, so that what is drawn depends on the space and the rng alone.

    Raises:
        SpaceError: nothing was found.
    """
    rng = np.random.default_rng(0)
    for size in (_PATIENCE - _LARGEST, _LARGEST):
        if engine.allowed(engine.quantiles(rng.random((size, len(engine.names))))).any():
            return
    engine.tight = True
    _corner(engine, rng, 1)


def draw_allowed(engine: Engine, rng: np.random.Generator) -> Params:
    """One configuration, drawn through the priors.

    Raises:
        SpaceError: none was found.
    """
    for _ in range(0 if engine.tight else _QUICK):
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
    found, barren = 0, _PATIENCE if engine.tight else 0
    while found < n:
        if barren < _PATIENCE:
            size = min(_LARGEST, max(64, 2 * (n - found), 4 * barren))
            rows = engine.quantiles(rng.random((size, d)))
            rows = rows[engine.allowed(rows)][: n - found]
            barren = 0 if len(rows) else barren + size
        else:
            rows = _corner(engine, rng, n - found)
        parts.append(rows)
        found += len(rows)
    return np.concatenate(parts)


def _corner(engine: Engine, rng: np.random.Generator, n: int) -> Array:
    """Rows where rejection does not help, shape (n, d)."""
    everything = all_rows(engine)
    if everything is None:
        return np.array([engine.row(_repaired(engine, rng)) for _ in range(n)])
    return everything[rng.integers(len(everything), size=n)] if len(everything) else refuse(engine)


def _repaired(engine: Engine, rng: np.random.Generator) -> Params:
    draw = {name: code.draw for name, code in zip(engine.names, engine.codings, strict=True)}
    values = {name: draw[name](rng.random()) for name in engine.names}
    readers = [engine.ancestors(constraint.expression.names) for constraint in engine.constraints]
    for _ in range(_REPAIRS):
        broken = engine.broken(engine.decided(values))
        if not broken:
            return engine.sorted(engine.decided(values))
        read = readers[broken[rng.integers(len(broken))]]
        name = read[rng.integers(len(read))]
        fewest, best = math.inf, values[name]
        for _ in range(_REDRAWS):
            values[name] = draw[name](rng.random())
            count = len(engine.broken(engine.decided(values)))
            if count < fewest:
                fewest, best = count, values[name]
        values[name] = best
    return refuse(engine)


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
    rng = np.random.default_rng(0)
    everything = all_rows(engine)
    rows = draw_allowed_rows(engine, rng, 50 if engine.tight else 1_000) if everything is None else everything
    candidates = engine.filled(rows) if len(rows) else refuse(engine)
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


def refuse(engine: Engine) -> NoReturn:
    """Say which constraint cannot be met, as far as a fixed sample tells."""
    rng = np.random.default_rng(0)
    rows = engine.quantiles(rng.random((_LARGEST, len(engine.names))))
    alone = [c.expression for c in engine.constraints if not (c.many(rows) != 0).any()]
    everything = all_rows(engine)
    if everything is not None:
        found = "are impossible: none of the space's configurations meets them"
    else:
        found = f"are impossible or too tight: in {_PATIENCE:,} random configurations and one repaired {_REPAIRS:,} times none meets them"
    which = f" Already alone none met: {'; '.join(map(str, alone))}." if alone else ""
    raise SpaceError(
        f"The constraints {found} ({'; '.join(str(c.expression) for c in engine.constraints)}).{which} "
        "Loosen them or the bounds. An equation between numbers is better solved for one of them, which is then computed in the objective."
    )
