"""A space compiled: what `SearchSpace` computes with.

Everything stands ready in closures and tables, so that one configuration costs microseconds and columns of many are NumPy's. Where
there are no conditions, nothing asks for them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunewright.space.bind import Bound, bind
from tunewright.space.encoding import coding
from tunewright.space.expression import Expression
from tunewright.space.order import decision_order
from tunewright.space.parameter import Parameter
from tunewright.space.terms import Truth
from tunewright.space.values import show
from tunewright.typing import Array, Params

__all__ = ["Engine"]

_NAN: Final = float("nan")
_TRUE, _FALSE = 2, 0


class Engine:
    """A space compiled.

    Attributes:
        names: of the parameters, in the order of the space; d in number.
        codings: one for each.
        conditions: by name, for those that have one.
        constraints: in their order.
        order: the names in the order in which they are decided: parents before children.
        tight: whether rejection finds none of them, as `feasible.prepare` has found.
        known: where it does not: quantiles of configurations that are allowed, shape (k, d).
        everything: every allowed configuration, where `feasible.py` has looked at all of them.
    """

    def __init__(
        self, parameters: Mapping[str, Parameter], when: Mapping[str, Expression], constraints: Sequence[Expression]
    ) -> None:
        self.parameters = parameters
        self.names = tuple(parameters)
        self.place = {name: i for i, name in enumerate(self.names)}
        self.codings = tuple(coding(parameter) for parameter in parameters.values())
        self.conditions = {
            name: bind(condition, parameters, f"the condition of {show(name)}") for name, condition in when.items()
        }
        self.constraints: tuple[Bound, ...] = tuple(bind(constraint, parameters, "the constraint") for constraint in constraints)
        self.order = decision_order(self.names, {name: condition.names for name, condition in when.items()})
        self.everything: Array | None = None
        self.tight = False
        self.known: Array = np.empty((0, len(self.names)))
        self.defaults: Array = np.array(
            [code.raw(parameter.default_value) for code, parameter in zip(self.codings, parameters.values(), strict=True)]
        )
        self._sorted = self.order == list(self.names)
        self._draws = tuple(zip(self.names, (code.draw for code in self.codings), strict=True))
        self._steps = tuple(
            (self.place[name], name, self.codings[self.place[name]].draw, self.conditions[name].one if name in when else None)
            for name in self.order
        )
        self._raws = tuple(zip(self.names, (code.raw for code in self.codings), strict=True))
        self._values = tuple(zip(self.names, (code.value for code in self.codings), strict=True))
        self._many = tuple((self.place[name], self.conditions[name].many) for name in self.order if name in when)

    # ---- one configuration -----------------------------------------------------------------------------------------------------

    def draw(self, rng: np.random.Generator) -> Params:
        """A configuration drawn through the priors; constraints are not looked at."""
        uniform = rng.random(len(self.names)).tolist()
        if not self._many:
            return {name: draw(u) for (name, draw), u in zip(self._draws, uniform, strict=True)}
        params: Params = {}
        for i, name, draw, condition in self._steps:
            if condition is None or condition(params) is True:
                params[name] = draw(uniform[i])
        return params if self._sorted else self.sorted(params)

    def sorted(self, params: Params) -> Params:
        """The same, in the order of the space."""
        return {name: params[name] for name in self.names if name in params}

    def violated(self, params: Params) -> Bound | None:
        """The first constraint that is violated."""
        for constraint in self.constraints:
            if constraint.one(params) is False:
                return constraint
        return None

    def broken(self, params: Params) -> list[int]:
        """The places of all constraints that are violated."""
        return [i for i, constraint in enumerate(self.constraints) if constraint.one(params) is False]

    def decided(self, values: Params) -> Params:
        """The active ones of all d values, in the order of decision."""
        params: Params = {}
        for _, name, _, condition in self._steps:
            if condition is None or condition(params) is True:
                params[name] = values[name]
        return params

    def ancestors(self, names: Iterable[str]) -> list[str]:
        """These parameters and all that decide on whether they are active, in the order of the space."""
        found = set(names)
        for name in reversed(self.order):
            if name in found and name in self.conditions:
                found |= self.conditions[name].expression.names
        return [name for name in self.names if name in found]

    def due(self) -> dict[str, list[Callable[[Params], Truth]]]:
        """The constraints by the parameter with which they are decided, the last of those that they read."""
        position = {name: i for i, name in enumerate(self.order)}
        found: dict[str, list[Callable[[Params], Truth]]] = {name: [] for name in self.names}
        for constraint in self.constraints:
            found[max(constraint.expression.names, key=position.__getitem__)].append(constraint.one)
        return found

    def row(self, params: Params) -> list[float]:
        """Raw numbers, NaN where inactive."""
        return [raw(params[name]) if name in params else _NAN for name, raw in self._raws]

    def params(self, row: Sequence[float] | Array) -> Params:
        """The inverse of `row`."""
        numbers = row.tolist() if isinstance(row, np.ndarray) else row
        return {name: value(x) for (name, value), x in zip(self._values, numbers, strict=True) if x == x}  # noqa: PLR0124  NaN

    def rows(self, many: Sequence[Params]) -> Array:
        """`row` of each, shape (n, d), column by column."""
        rows = np.empty((len(many), len(self.names)))
        for j, (name, raw) in enumerate(self._raws):
            if raw is float:  # the array makes it one
                rows[:, j] = [params.get(name, _NAN) for params in many]
            else:
                rows[:, j] = [raw(params[name]) if name in params else _NAN for params in many]
        return rows

    # ---- columns of many -------------------------------------------------------------------------------------------------------

    def activity(self, rows: Array) -> tuple[NDArray[np.bool_], Array]:
        """Which parameters are active, and the rows with NaN for those that are not. Both of shape (n, d)."""
        active = np.ones(rows.shape, dtype=np.bool_)
        if not self._many:
            return active, rows
        rows = rows.copy()
        for j, condition in self._many:
            active[:, j] = condition(rows) == _TRUE
            rows[~active[:, j], j] = np.nan
        return active, rows

    def allowed(self, rows: Array) -> NDArray[np.bool_]:
        """Where no constraint is violated, shape (n,). Inactive parameters must be NaN."""
        allowed = np.ones(len(rows), dtype=np.bool_)
        for constraint in self.constraints:
            allowed &= constraint.many(rows) != _FALSE
        return allowed

    def to_unit(self, rows: Array) -> Array:
        """The unit scale, column by column."""
        unit = np.empty_like(rows)  # in the order that the rows have: columns at a stretch stay so
        for j, code in enumerate(self.codings):
            unit[:, j] = code.to_unit(rows[:, j])
        return unit

    def slopes(self, rows: Array) -> Array:
        """Derivatives of raw numbers by unit ones, column by column."""
        return np.column_stack([code.slope(column) for code, column in zip(self.codings, rows.T, strict=True)])

    def from_unit(self, unit: Array) -> Array:
        """Back from the unit scale; conditions are not applied."""
        rows = np.empty(unit.shape)
        for j, code in enumerate(self.codings):
            rows[:, j] = code.from_unit(unit[:, j])
        return rows

    def from_quantiles(self, uniform: Array) -> Array:
        """Uniform numbers through the priors; conditions are not applied."""
        rows = np.empty(uniform.shape)
        for j, code in enumerate(self.codings):
            rows[:, j] = code.quantile(uniform[:, j])
        return rows

    def quantiles(self, uniform: Array) -> Array:
        """Uniform numbers through the priors; conditions applied."""
        return self.activity(self.from_quantiles(uniform))[1]

    def filled(self, rows: Array) -> Array:
        """The rows with the default of each parameter where it is inactive."""
        return np.where(np.isnan(rows), self.defaults, rows)
