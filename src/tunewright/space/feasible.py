"""Configurations that violate no constraint.

They are found in four ways, each bounded.

1. Rejection: draw until one is allowed. This keeps the priors exactly.
2. Where none of 11,000 draws was allowed and the space has at most 100,000 combinations: all of them are looked at, which tells
   "impossible" from "rare".
3. Elsewhere: repair. A violated constraint is picked at random, one of the parameters that it reads is drawn again (the best of 20
   draws, half of them near where it was), up to 1,000 times. This finds the narrow corners (x0 < x1 < … < x9) that rejection misses.
4. From what is known to be allowed (the default, also a repaired one, what repair found when the space was made) a walk goes on: one parameter after the
   other moves to a place drawn from its prior, from an interval that shrinks towards where it was until that is allowed (slice sampling
   [1]); then pairs move against each other, along what the constraints may hold constant, and all that they read together. It never fails. Draws begin at
   independent repairs and are no more than near to what the priors say.

[1] Neal, Slice sampling, Annals of Statistics 31, 2003, section 4.
"""

import math
from itertools import pairwise
from typing import Final, NoReturn

import numpy as np

from tunewright.errors import SpaceError
from tunewright.space.choices import Bool, Categorical
from tunewright.space.engine import Engine
from tunewright.space.expression import Arithmetic, Compare, Expression, Name
from tunewright.space.number import Float
from tunewright.space.shortfall import shortfall
from tunewright.space.terms import value_text
from tunewright.typing import Array, Params

__all__ = ["ENUMERABLE", "all_rows", "draw_allowed", "draw_allowed_rows", "nearest_allowed", "prepare", "refuse"]

ENUMERABLE: Final = 100_000
"""Up to how many combinations a space is looked at as a whole."""

_QUICK: Final = 100
_PATIENCE: Final = 11_000
_LARGEST: Final = 10_000
_REPAIRS: Final = 1_000
_REDRAWS: Final = 20
_RESTARTS: Final = 6
_KNOWN: Final = 64
_EFFORT: Final = 4_000
"""So many rows at most are repaired when a space is made, and so many draws are made again for them."""

_SWEEPS: Final = 3
_SHRINKS: Final = 40


def prepare(engine: Engine) -> None:
    """Find out, once and always alike, whether anything is allowed, and whether rejection finds it (`engine.tight`); if not, what is allowed
    (`engine.known`).

    It is done at construction and never later, so that what is drawn depends on the space and the rng alone.

    Raises:
        SpaceError: nothing was found.
    """
    rng = np.random.default_rng(0)
    found = []
    for size in (_PATIENCE - _LARGEST, _LARGEST):
        uniform = rng.random((size, len(engine.names)))
        found.append(uniform[engine.allowed(engine.quantiles(uniform))])
        if len(found[-1]):
            return
    engine.tight = True
    if (everything := all_rows(engine)) is not None:
        if not len(everything):
            refuse(engine)
        return
    engine.known = _begun(engine)


def _begun(engine: Engine) -> Array:
    """Where walks begin, shape (k, d): what repair finds, else the default. Always the same."""
    rng = np.random.default_rng(0)
    found = _known(engine, rng)
    found = found if len(found) else _default(engine)
    if len(found):
        return found
    near, _ = _repaired(engine, rng, _REPAIRS, by_amount=True, start=_default_place(engine)[0])
    return _first(engine, rng) if near is None else near[None, :]


def _known(engine: Engine, rng: np.random.Generator) -> Array:
    """The quantiles of what repair finds, each begun anew, shape (k, d)."""
    rows: list[Array] = []
    left = _EFFORT
    while left > 0 and len(rows) < _KNOWN:
        found, steps = _repaired(engine, rng, min(left, _REPAIRS), by_amount=len(rows) % 2 == 1)
        left -= max(steps, 1)
        if found is not None:
            rows.append(found)
    return np.array(rows).reshape(-1, len(engine.names))


def _first(engine: Engine, rng: np.random.Generator) -> Array:
    """The first one that repair finds, shape (1, d), of several that begin anew."""
    for attempt in range(_RESTARTS):
        found, _ = _repaired(engine, rng, _REPAIRS, by_amount=attempt % 2 == 1)
        if found is not None:
            return found[None, :]
    return refuse(engine)


def _default(engine: Engine) -> Array:
    """The quantiles of the default, shape (1, d); (0, d) where it is not allowed, or no quantile gives it."""
    near = _default_place(engine)
    return near[engine.allowed(engine.quantiles(near))]


def _default_place(engine: Engine) -> Array:
    """The quantiles that come nearest to the default, shape (1, d)."""
    low, high = np.zeros((1, len(engine.names))), np.ones((1, len(engine.names)))
    for _ in range(64):
        middle = (low + high) / 2
        below = engine.from_quantiles(middle) < engine.defaults
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.minimum(high, np.nextafter(1.0, 0.0))


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
    if everything is not None:
        return everything[rng.integers(len(everything), size=n)] if len(everything) else refuse(engine)
    if not len(engine.known):  # the space was not prepared, or all that is rare was not known to be
        engine.known = _begun(engine)
    return engine.quantiles(_walked(engine, rng, engine.known[rng.integers(len(engine.known), size=n)]))


def _walked(engine: Engine, rng: np.random.Generator, start: Array) -> Array:
    """Quantiles of allowed rows, shape (n, d), moved on from others."""
    names = frozenset[str]().union(*(constraint.expression.names for constraint in engine.constraints))
    read = np.array([name in names for name in engine.names])
    each = np.eye(len(engine.names))
    for _ in range(_SWEEPS):
        for j in rng.permutation(len(engine.names)):
            start = _moved(engine, rng, start, each[j])
        order = rng.permutation(np.flatnonzero(read))
        for a, b in pairwise([*order, order[0]] if len(order) > 1 else []):
            start = _moved(engine, rng, start, each[a] - each[b])
        start = _moved(engine, rng, start, read.astype(np.float64))
    return start


def _moved(engine: Engine, rng: np.random.Generator, rows: Array, way: Array) -> Array:
    """Each row shifted along a way of -1, 0 and 1, shape (d,), as far as is allowed: by an interval that shrinks towards none."""
    room = np.where(way > 0, 1.0 - rows, rows)[:, way != 0].min(axis=1)
    back = np.where(way > 0, rows, 1.0 - rows)[:, way != 0].min(axis=1)
    low, high = -back, room
    moved, waiting = rows.copy(), np.arange(len(rows))
    for _ in range(_SHRINKS):
        shift = low[waiting] + rng.random(len(waiting)) * (high[waiting] - low[waiting])
        tried = rows[waiting] + shift[:, None] * way
        tried = tried.clip(0.0, np.nextafter(1.0, 0.0))
        allowed = engine.allowed(engine.quantiles(tried))
        moved[waiting[allowed]] = tried[allowed]
        low[waiting], high[waiting] = np.where(shift < 0, shift, low[waiting]), np.where(shift < 0, high[waiting], shift)
        waiting = waiting[~allowed]
        if not len(waiting):
            break
    return moved


def _repaired(
    engine: Engine, rng: np.random.Generator, most: int, *, by_amount: bool, start: Array | None = None
) -> tuple[Array | None, int]:
    """The quantiles of an allowed row, shape (d,), None where none was found; and how often something was drawn again.

    Args:
        most: so often.
        by_amount: judge a draw by how much it violates, which has a slope towards a sum; else by how many constraints.
        start: quantiles to begin with, shape (d,); None: they are drawn.
    """
    draw = {name: code.draw for name, code in zip(engine.names, engine.codings, strict=True)}
    begun = rng.random(len(engine.names)) if start is None else start
    u = dict(zip(engine.names, begun.tolist(), strict=True))
    values = {name: draw[name](u[name]) for name in engine.names}
    readers = [engine.ancestors(constraint.expression.names) for constraint in engine.constraints]
    for step in range(most):
        params = engine.decided(values)
        broken = engine.broken(params)
        if not broken:
            return np.array([u[name] for name in engine.names]), step
        read = readers[broken[rng.integers(len(broken))]]
        name = read[rng.integers(len(read))]
        least, best = math.inf, u[name]
        near = rng.normal(0.0, 10.0 ** -rng.uniform(0.5, 4.0), _REDRAWS // 2)
        for place in [*rng.random(_REDRAWS - len(near)), *(u[name] + near).clip(0.0, np.nextafter(1.0, 0.0))]:
            values[name] = draw[name](float(place))
            params = engine.decided(values)
            violated = engine.broken(params)
            cost = (
                sum(shortfall(engine.constraints[i].expression, params, engine.constraints[i].ranks) for i in violated)
                if by_amount
                else float(len(violated))
            )
            if cost < least:
                least, best = cost, float(place)
        u[name], values[name] = best, draw[name](best)
    return None, most


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
        found = f"are impossible or too tight: in {_PATIENCE:,} random configurations and {_RESTARTS} repaired {_REPAIRS:,} times none meets them"
    which = f" Already alone none met: {'; '.join(map(str, alone))}." if alone else ""
    raise SpaceError(
        f"The constraints {found} ({'; '.join(str(c.expression) for c in engine.constraints)}).{which} "
        f"Loosen them or the bounds. {_advice(engine)}"
    )


def _advice(engine: Engine) -> str:
    """How to do without an equation between numbers, which rounding alone may keep from being met: by one parameter less."""
    for constraint in engine.constraints:
        if not isinstance(equation := constraint.expression, Compare) or equation.op != "==":
            continue
        read = [node.name for node in equation.walk() if isinstance(node, Name)]
        for name in reversed(read):
            parameter = engine.parameters[name]
            if len(read) > 1 and read.count(name) == 1 and isinstance(parameter, Float):
                found = _solved(name, *equation.children)
                if found is not None:
                    low, high = value_text(parameter.low), value_text(parameter.high)
                    return (
                        f'Better solve {equation} for one of them: take "{name}" out of the space, compute {name} = {found} in the objective, and keep it '
                        f'in its range with the constraints "{found} >= {low}" and "{found} <= {high}".'
                    )
    return "An equation between numbers is better solved for one of them, which is then computed in the objective."


def _solved(name: str, left: Expression, right: Expression) -> Expression | None:
    """What a parameter that stands once in left == right must be; None where something else than + - * / is in the way."""
    side, other = (left, right) if name in left.names else (right, left)
    while isinstance(side, Arithmetic):
        first, second = side.children
        here = name in first.names
        match side.op:
            case "+":
                other = other - (second if here else first)
            case "-":
                other = other + second if here else first - other
            case "*":
                other = other / (second if here else first)
            case _:
                other = other * second if here else first / other
        side = first if here else second
    return other if isinstance(side, Name) else None
