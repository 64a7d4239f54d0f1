"""The search space: named parameters, when each is active, and what must hold between them.

A space is a frozen description. At construction it compiles itself (`engine.py`); nothing of that is pickled.

A configuration (`Params`) holds the active parameters only, in the order of the space. A parameter is active where its condition is
True. As an array it is a raw row: d float64 numbers, NaN where inactive.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunewright.errors import ParamsError, SpaceError
from tunewright.space import wire
from tunewright.space.branches import branch_of
from tunewright.space.choice import Member, flatten
from tunewright.space.count import grid_size, space_size
from tunewright.space.diff import differences
from tunewright.space.engine import Engine
from tunewright.space.expression import Both, Expression
from tunewright.space.feasible import draw_allowed, draw_allowed_rows, nearest_allowed, prepare
from tunewright.space.grid import Levels, grid
from tunewright.space.parameter import Parameter
from tunewright.space.parse import parse
from tunewright.space.table import html_table, text_table
from tunewright.space.values import hint, plain_number, show
from tunewright.typing import Array, Params, Value

__all__ = ["SearchSpace"]


class SearchSpace:
    """What is searched: named parameters, when each is active, and what must hold between them.

    Frozen; equal and hashed by content; pickled as its description. Read like a dictionary of its parameters: `space["lr"]`,
    `"lr" in space`, `for name in space`, `len(space)`.

    Args:
        parameters: by name, in your order; d of them after each `Choice` is flattened.
        when: for a name the condition under which it is active: `param("opt") == "sgd"`, or its text.
        constraints: what must not be violated, `param("low") < param("high")`, or its text. Only False violates; a comparison with
            an inactive parameter does not.

    Raises:
        SpaceError: the space cannot be; the message says what, where, and the mend.
    """

    __slots__ = ("_default", "_engine", "_json", "constraints", "names", "parameters", "when")

    parameters: Mapping[str, Parameter]
    """All parameters by name, flat."""
    names: tuple[str, ...]
    when: Mapping[str, Expression]
    constraints: tuple[Expression, ...]
    _engine: Engine
    _json: str
    _default: Array

    def __init__(
        self,
        parameters: Mapping[str, Member],
        *,
        when: Mapping[str, Expression | str] | None = None,
        constraints: Sequence[Expression | str] = (),
    ) -> None:
        if not isinstance(parameters, Mapping):
            raise SpaceError(f'A space needs parameters by name, {{"lr": Float(1e-5, 1e-1, log=True)}}, got {show(parameters)}.')
        if not parameters:
            raise SpaceError('A space needs at least one parameter, got none. Write for example SearchSpace({"x": Float(0, 1)}).')
        flat = flatten(parameters)
        conditions = _conditions(flat.parameters, flat.when, when or {})
        bounds = _constraints(constraints)
        engine = Engine(flat.parameters, conditions, bounds)
        self._build(engine, conditions, bounds, _default_row(engine))

    def _build(
        self, engine: Engine, conditions: dict[str, Expression], constraints: tuple[Expression, ...], default: Array
    ) -> None:
        parameters = engine.parameters
        when = {name: conditions[name] for name in parameters if name in conditions}
        fields = {
            "parameters": MappingProxyType(parameters),
            "names": engine.names,
            "when": MappingProxyType(when),
            "constraints": constraints,
            "_engine": engine,
            "_json": wire.write(parameters, when, constraints),
            "_default": default,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    # ---- configurations --------------------------------------------------------------------------------------------------------

    @overload
    def sample(self, rng: np.random.Generator, n: None = None) -> Params: ...
    @overload
    def sample(self, rng: np.random.Generator, n: int) -> list[Params]: ...
    def sample(self, rng: np.random.Generator, n: int | None = None) -> Params | list[Params]:
        """Draw a configuration, or a list of n, through the priors (uniformly where there is none). Constraints are never violated.

        Draws that violate one are thrown away, which keeps the priors exactly; only where hardly any is allowed, they are built
        parameter by parameter (see `feasible.py`).

        Raises:
            SpaceError: a bounded search found none that meets the constraints.
        """
        _check_generator(rng)
        if n is None:
            return draw_allowed(self._engine, rng) if self.constraints else self._engine.draw(rng)
        return [self._engine.params(row) for row in self.sample_rows(rng, n).tolist()]

    def sample_rows(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n configurations as raw rows, shape (n, d), much faster than one by one. Raises as `sample` does."""
        _check_generator(rng)
        count = plain_number(n)
        if not isinstance(count, int) or count < 0:
            raise SpaceError(f"n must be a whole number, 0 or more, got {show(n)}.")
        return draw_allowed_rows(self._engine, rng, count)

    @property
    def default(self) -> Params:
        """The configuration to begin with: the default of each active parameter.

        Where these violate a constraint and not all were given explicitly, it is a configuration near them that does not.
        """
        return self._engine.params(self._default)

    def validate(self, params: Mapping[str, object], *, fill: bool = False) -> Params:
        """The same configuration in canonical form: Python types, the order of the space.

        NumPy scalars are taken for Python ones; an int for a Float, and 3.0 for an Int; a Decimal or Fraction for either. Nothing else is
        converted.

        Args:
            params: the active parameters by name.
            fill: give active parameters that are missing their default.

        Raises:
            ParamsError: unknown name, active parameter missing, inactive one given, value outside or off its step or of another
                type, constraint violated.
        """
        if not isinstance(params, Mapping):
            raise ParamsError(f'A configuration is a mapping from names to values, {{"lr": 0.01}}, got {show(params)}.')
        for name in params:
            if name not in self.parameters:
                listed = ", ".join(map(show, self.names[:12])) + (", …" if len(self.names) > 12 else "")
                raise ParamsError(f"There is no parameter {show(name)} (parameters: {listed}).{hint(name, self.names)}")
        engine = self._engine
        found: Params = {}
        for name in engine.order:
            condition = engine.conditions.get(name)
            if condition is not None and condition.one(found) is not True:
                if name in params:
                    raise ParamsError(
                        f"{show(name)} is given but inactive: it is active only when {condition.expression}. Leave it out."
                    )
            elif name in params:
                try:
                    found[name] = engine.codings[engine.place[name]].check(params[name])
                except ParamsError as error:
                    raise ParamsError(f"{show(name)} {error}") from None
            elif fill:
                found[name] = self.parameters[name].default_value
            else:
                because = "" if condition is None else f", active since {condition.expression}"
                raise ParamsError(f"{show(name)} is missing{because}. Give it, or fill in the defaults with fill=True.")
        violated = engine.violated(found)
        if violated is not None:
            values = ", ".join(
                f"{name}={show(found[name])}" for name in self.names if name in violated.expression.names & found.keys()
            )
            raise ParamsError(f"The constraint {violated.expression} is violated by {values}.")
        return engine.sorted(found)

    def grid(self, levels: Levels = 5) -> Iterator[Params]:
        """Every configuration of a grid, lazily, none twice, none that violates a constraint. The last parameter turns fastest.

        Args:
            levels: how many values at most for each number (bounds included, spaced on its scale); choices take all of theirs.
                A mapping gives it by name (others take 5), as a number or as the list of values themselves.

        Raises:
            SpaceError: a level below 1, or an unknown name.
        """
        return grid(self._engine, levels)

    def grid_size(self, levels: Levels = 5) -> int:
        """How many configurations `grid(levels)` gives, exactly. Independent parameters multiply; only what conditions and
        constraints tie together is enumerated.
        """
        return grid_size(self._engine, levels)

    @property
    def size(self) -> int | float:
        """How many different configurations there are; math.inf when a Float without step can be active.

        Exact with conditions. With constraints exact as long as what they tie together has at most 100,000 combinations to look at;
        beyond that an upper bound, as if the constraints were not there.
        """
        return space_size(self._engine)

    def branch(self, params: Mapping[str, Value], name: str) -> tuple[str, Params]:
        """What a `Choice` has chosen: the branch, and the parameters of its sub-space under their own names.

        `space.branch({"model": "svm", "svm.C": 1.0}, "model")` is `("svm", {"C": 1.0})`.

        Raises:
            ParamsError: `name` is not in the configuration.
        """
        return branch_of(self.when, params, name)

    # ---- arrays ----------------------------------------------------------------------------------------------------------------

    def row(self, params: Params) -> list[float]:
        """A valid configuration as d raw numbers, exactly: the number itself, or the index of the choice; NaN where inactive."""
        return self._engine.row(params)

    def rows(self, many: Sequence[Params]) -> Array:
        """Valid configurations as raw rows, shape (n, d)."""
        return self._engine.rows(many)

    def params(self, row: Sequence[float] | Array) -> Params:
        """The inverse of `row`, exactly."""
        return self._engine.params(row)

    def active(self, rows: ArrayLike) -> NDArray[np.bool_]:
        """Which parameters are active, shape (n, d), for rows with all values filled, or with NaN where inactive."""
        return self._engine.activity(self._table(rows))[0]

    def deactivate(self, rows: ArrayLike) -> Array:
        """The rows with NaN where a parameter is inactive, shape (n, d); the rows given are not changed."""
        table = self._table(rows)
        found = self._engine.activity(table)[1]
        return found.copy() if found is table else found

    def allowed(self, rows: ArrayLike) -> NDArray[np.bool_]:
        """Which rows violate no constraint, shape (n,). Values of inactive parameters do not count, filled or not."""
        return self._engine.allowed(self._engine.activity(self._table(rows))[1])

    def to_unit(self, rows: ArrayLike) -> Array:
        """Raw rows on the unit scale, shape (n, d); see `encoding.py`. NaN stays NaN.

        A Float without step stands on a line, 0 at low and 1 at high, of the logarithms if log. All else stands in the middle of its
        cell: (i + 1/2) / k for the i-th of k values (Int with log: cells of the logarithm).
        """
        return self._engine.to_unit(self._table(rows))

    def from_unit(self, unit: ArrayLike) -> Array:
        """Raw rows from the unit scale, shape (n, d): always inside, low at 0 and high at 1 exactly, and the inverse of `to_unit` for
        everything with values to count. Conditions are not applied (see `deactivate`); NaN stays NaN.
        """
        return self._engine.from_unit(self._table(unit))

    def slopes(self, rows: ArrayLike) -> Array:
        """Derivatives of raw numbers by unit ones, shape (n, d): 0 for what is no Float without step. NaN stays NaN."""
        return self._engine.slopes(self._table(rows))

    def from_quantiles(self, uniform: ArrayLike) -> Array:
        """Raw rows from uniform numbers in [0, 1], shape (n, d), through the inverse distribution functions of the priors, with NaN
        where inactive. Constraints are not looked at.
        """
        return self._engine.quantiles(self._table(uniform))

    def _table(self, rows: ArrayLike) -> Array:
        table = np.asarray(rows, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != len(self.names):
            raise SpaceError(f"Rows of this space have shape (n, {len(self.names)}), got {table.shape}. For one row write [row].")
        return table

    # ---- description -----------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The space as JSON text, from which `from_json` makes an equal one."""
        return self._json

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, Any]) -> "SearchSpace":
        """A space from JSON text, or from the values that it (or YAML) stands for; see `wire.py`.

        Raises:
            SpaceError: it describes no space; the message names the place.
        """
        description = wire.read(source)
        return cls(description.parameters, when=description.when, constraints=description.constraints)

    def diff(self, other: "SearchSpace") -> tuple[str, ...]:
        """What changes from this space to the other, a plain sentence each: "lr: high 0.1 -> 1.0"."""
        return differences(self, other)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.parameters

    def __getitem__(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise KeyError(f"There is no parameter {show(name)}.{hint(name, self.names)}")
        return self.parameters[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._json, self._default.tolist(), self._engine.tight, self._engine.known)

    def __copy__(self) -> "SearchSpace":
        return self

    def __deepcopy__(self, memo: object) -> "SearchSpace":
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A SearchSpace does not change; build a new one instead of setting {name!r}.")

    def __repr__(self) -> str:
        return text_table(self.parameters, self.when, self.constraints)

    def _repr_html_(self) -> str:
        return html_table(self.parameters, self.when, self.constraints)


def _rebuild(text: str, default: list[float], tight: bool, known: Array | None = None) -> SearchSpace:
    """Unpickle: what construction found out is known, so that nothing is searched for again."""
    description = wire.read(text)
    flat = flatten(description.parameters)
    space = SearchSpace.__new__(SearchSpace)
    when = _conditions(flat.parameters, flat.when, description.when)
    constraints = _constraints(description.constraints)
    engine = Engine(flat.parameters, when, constraints)
    engine.tight = tight
    engine.known = engine.known if known is None else known
    space._build(engine, when, constraints, np.array(default))  # noqa: SLF001  a second constructor
    return space


def _check_generator(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise SpaceError(f"A draw needs a generator of NumPy's, np.random.default_rng(0), got {show(rng)}.")


def _expression(given: object, what: str) -> Expression:
    if isinstance(given, Expression):
        return given
    if isinstance(given, str):
        try:
            return parse(given)
        except SpaceError as error:
            raise SpaceError(f"{what}: {error}") from None
    mend = 'Write param("a") == 1' + (", with param(), not a plain Python comparison." if isinstance(given, bool) else ".")
    raise SpaceError(f"{what} is {show(given)} ({type(given).__name__}), neither an expression nor text. {mend}")


def _conditions(
    parameters: Mapping[str, Parameter], own: Mapping[str, Expression], given: Mapping[str, Expression | str]
) -> dict[str, Expression]:
    """The conditions of Choices, joined with those given."""
    if not isinstance(given, Mapping):
        raise SpaceError(f'when holds a condition for each name, {{"momentum": param("opt") == "sgd"}}, got {show(given)}.')
    found = dict(own)
    for name, condition in given.items():
        if name not in parameters:
            listed = ", ".join(map(show, parameters))
            raise SpaceError(
                f"when has a condition for {show(name)}, which is no parameter (parameters: {listed}).{hint(name, parameters)}"
            )
        expression = _expression(condition, f"The condition of {show(name)}")
        found[name] = Both(found[name], expression) if name in found else expression
    return found


def _constraints(given: Sequence[Expression | str]) -> tuple[Expression, ...]:
    if isinstance(given, str | Expression | Mapping) or not hasattr(given, "__iter__"):
        raise SpaceError(f"constraints is a list, [{given}], got {type(given).__name__}. Put it in brackets.")
    return tuple(_expression(constraint, f"Constraint {i}") for i, constraint in enumerate(given))


def _default_row(engine: Engine) -> Array:
    row: Array = engine.activity(engine.defaults[None, :])[1][0]
    if not engine.constraints:
        return row
    prepare(engine)  # what cannot be sampled is said now, not in the middle of a study
    violated = engine.violated(engine.params(row))
    if violated is None:
        return row
    if all(engine.parameters[name].has_default for name in engine.params(row)):
        raise SpaceError(f"The defaults violate the constraint {violated.expression}. Change one of the defaults.")
    return nearest_allowed(engine, engine.defaults)
