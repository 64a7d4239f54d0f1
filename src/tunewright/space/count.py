"""How many configurations there are, without walking through them.

Parameters that no condition and no constraint ties together multiply. What is tied together is counted by deciding one parameter after
the other (parents first); once decided, a parameter may leave the rest in independent parts, which multiply again, and a part that
was counted under the same circumstances is not counted twice. Values that no condition can tell apart are decided together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tunewright.space.bind import bind
from tunewright.space.engine import Engine
from tunewright.space.expression import Both, Compare, Either, Expression, Literal, Name, Not, OneOf
from tunewright.space.feasible import ENUMERABLE
from tunewright.space.grid import Levels, level_values
from tunewright.space.number import Float, Int
from tunewright.space.parameter import Parameter
from tunewright.space.values import plain_number
from tunewright.typing import Params, Value

__all__ = ["grid_size", "space_size"]


class _Group(NamedTuple):
    """Values that count alike: one for all, and how many they are."""

    value: Value
    weight: int | float


class _TooMany(Exception):
    pass


def grid_size(engine: Engine, levels: Levels) -> int:
    """How many configurations the grid has, exactly; see `SearchSpace.grid_size`."""
    values = level_values(engine, levels)
    tied = _Tied(engine, constrained=True)
    groups = {name: _grouped(tied, name, values[name]) for name in engine.names}
    return int(_Counter(tied, groups, limit=math.inf).count())


def space_size(engine: Engine) -> int | float:
    """How many configurations the space has; see `SearchSpace.size`."""
    for constrained in (True, False):
        try:
            tied = _Tied(engine, constrained=constrained)
            groups = {name: _whole(tied, name, parameter) for name, parameter in engine.parameters.items()}
            return _Counter(tied, groups, limit=ENUMERABLE).count()
        except (_TooMany, RecursionError):
            continue
    return math.prod(parameter.size for parameter in engine.parameters.values())


class _Tied:
    """What ties the parameters of a space together: its conditions, and its constraints if they count."""

    def __init__(self, engine: Engine, *, constrained: bool) -> None:
        self.engine = engine
        self.constraints = engine.constraints if constrained else ()

    def atoms(self, name: str) -> tuple[list[Expression], bool]:
        """The comparisons that read a parameter, and whether each compares it with fixed values alone."""
        bounds = (*self.engine.conditions.values(), *self.constraints)
        atoms = [atom for bound in bounds for atom in _leaves(bound.expression) if name in atom.names]
        simple = all(
            isinstance(atom, Name)
            or (isinstance(atom, OneOf) and isinstance(atom.operand, Name))
            or (isinstance(atom, Compare) and {type(atom.left), type(atom.right)} == {Name, Literal})
            for atom in atoms
        )
        return atoms, simple


class _Counter:
    def __init__(self, tied: _Tied, groups: Mapping[str, Sequence[_Group]], *, limit: float) -> None:
        engine, constraints = tied.engine, tied.constraints
        self._engine = engine
        self._groups = groups
        self._left = limit
        place = {name: i for i, name in enumerate(engine.order)}
        self._place = place
        self._links = [frozenset({name}) | condition.expression.names for name, condition in engine.conditions.items()]
        self._links += [constraint.expression.names for constraint in constraints]
        self._due: dict[str, list[Any]] = {name: [] for name in engine.names}
        for constraint in constraints:
            self._due[max(constraint.expression.names, key=place.__getitem__)].append(constraint.one)
        self._parts: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._known: dict[Any, int | float] = {}
        self._params: Params = {}
        self._decided: dict[str, int] = {}

    def count(self) -> int | float:
        return self._rest(tuple(self._engine.order))

    def _rest(self, names: tuple[str, ...]) -> int | float:
        total: int | float = 1
        for part, read in self._split(names):
            key = (part, tuple(self._decided.get(name) for name in read))
            if key not in self._known:
                self._known[key] = self._part(part)
            if self._known[key] == 0:
                return 0
            total *= self._known[key]
        return total

    def _part(self, names: tuple[str, ...]) -> int | float:
        first, rest = names[0], names[1:]
        condition = self._engine.conditions.get(first)
        if condition is not None and condition.one(self._params) is not True:
            return self._allowed(first, rest)
        total: int | float = 0
        for i, (value, weight) in enumerate(self._groups[first]):
            self._params[first] = value
            self._decided[first] = i
            found = self._allowed(first, rest)
            total += weight * found if found else 0
        del self._params[first], self._decided[first]
        return total

    def _allowed(self, name: str, rest: tuple[str, ...]) -> int | float:
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        return 0 if any(holds(self._params) is False for holds in self._due[name]) else self._rest(rest)

    def _split(self, names: tuple[str, ...]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The independent parts of what is undecided, each with the decided parameters that it reads."""
        if names not in self._parts:
            undecided = set(names)
            root = {name: name for name in names}

            def find(name: str) -> str:
                while root[name] != name:
                    root[name] = root[root[name]]
                    name = root[name]
                return name

            for link in self._links:
                inside = sorted(link & undecided)
                for other in inside[1:]:
                    root[find(other)] = find(inside[0])
            parts: dict[str, list[str]] = {}
            for name in names:
                parts.setdefault(find(name), []).append(name)
            self._parts[names] = [(tuple(part), self._read(part, undecided)) for part in parts.values()]
        return self._parts[names]

    def _read(self, part: Iterable[str], undecided: set[str]) -> tuple[str, ...]:
        inside = set(part)
        return tuple(sorted({name for link in self._links if link & inside for name in link - undecided}))


def _whole(tied: _Tied, name: str, parameter: Parameter) -> list[_Group]:
    """All values of a parameter, in groups."""
    atoms, simple = tied.atoms(name)
    if not atoms:
        return [_Group(parameter.default_value, parameter.size)]
    if parameter.size <= ENUMERABLE:
        code = tied.engine.codings[tied.engine.place[name]]
        return _grouped(tied, name, [code.value(x) for x in code.members().tolist()])
    if not simple or not isinstance(parameter, Float | Int):
        raise _TooMany
    return _between(parameter, sorted({x for atom in atoms for x in _numbers(atom) if parameter.low <= x <= parameter.high}))


def _grouped(tied: _Tied, name: str, values: Sequence[Value]) -> list[_Group]:
    """Values in groups that no condition or constraint can tell apart."""
    atoms, simple = tied.atoms(name)
    if not atoms:
        return [_Group(values[0], len(values))]
    if not simple:
        return [_Group(value, 1) for value in values]
    tests = [bind(atom, tied.engine.parameters, "").one for atom in atoms]
    found: dict[tuple[Any, ...], list[Value]] = {}
    for value in values:
        found.setdefault(tuple(test({name: value}) for test in tests), []).append(value)
    return [_Group(members[0], len(members)) for members in found.values()]


def _between(parameter: Float | Int, marks: Sequence[float]) -> list[_Group]:
    """The numbers of a parameter cut at marks: each mark that is one of them, and what lies strictly between."""
    if isinstance(parameter, Float) and parameter.step is None:
        edges = [parameter.low, *marks, parameter.high]
        inner = [_Group(0.5 * a + 0.5 * b, math.inf) for a, b in pairwise(edges) if a < 0.5 * a + 0.5 * b < b]
        return [_Group(mark, 1) for mark in marks] + inner
    size = int(parameter.size)
    ladder = parameter.ladder if isinstance(parameter, Float) else None

    def value(i: int) -> float:
        return ladder.value(i) if ladder is not None else parameter.low + i * (parameter.step or 1)

    def first(mark: float, *, beyond: bool) -> int:
        """The first place whose value is at least the mark, or greater."""
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if value(middle) < mark or (beyond and value(middle) == mark):
                low = middle + 1
            else:
                high = middle
        return low

    starts = sorted({0, size, *(first(mark, beyond=beyond) for mark in marks for beyond in (False, True))})
    return [_Group(value(a), b - a) for a, b in pairwise(starts)]


def _leaves(node: Expression) -> Iterable[Expression]:
    if isinstance(node, Both | Either | Not):
        for child in node.children:
            yield from _leaves(child)
    else:
        yield node


def _numbers(atom: Expression) -> list[float]:
    """The fixed numbers that a parameter is compared with."""
    values = atom.values if isinstance(atom, OneOf) else [node.literal for node in atom.walk() if isinstance(node, Literal)]
    return [float(number) for value in values if (number := plain_number(value)) is not None]
