"""Expressions bound to a space: checked, and compiled for one configuration and for columns of many.

Two evaluators must agree (a property test says so). The scalar one is a closure over a dict, with short cuts for the commonest
conditions. The columnar one works on raw rows and codes the three values as numbers, False 0, unknown 1, True 2, in which Kleene's
logic is arithmetic: and = min, or = max, not = 2 - x.
"""

import math
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import SpaceError
from tunewright.space.choices import Bool, ChoiceParameter, Ordinal
from tunewright.space.expression import Arithmetic, Both, Compare, Either, Expression, Literal, Name, Not, OneOf, truth
from tunewright.space.number import Float, Int
from tunewright.space.parameter import Parameter
from tunewright.space.terms import Ranks, Truth
from tunewright.space.values import hint, plain_number, show, value_key
from tunewright.typing import Array, Params, Value

__all__ = ["Bound", "Codes", "bind"]

Codes: TypeAlias = NDArray[np.int8]
"""Truth in columns: False 0, unknown 1, True 2."""

_FALSE, _UNKNOWN, _TRUE = np.int8(0), np.int8(1), np.int8(2)
_ORDER: Final = ("<", "<=", ">", ">=")


class Bound(NamedTuple):
    """An expression of one space: `one` evaluates a configuration, `many` raw rows (n, d); `ranks` is the order of its Ordinals, None
    where it reads none that needs one.
    """

    expression: Expression
    one: Callable[[Params], Truth]
    many: Callable[[Array], Codes]
    ranks: Ranks | None


def bind(expression: Expression, parameters: Mapping[str, Parameter], what: str) -> Bound:
    """Check an expression against the parameters and compile it.

    Args:
        expression: a condition or a constraint.
        parameters: of the space, in its order.
        what: names it in messages: 'the condition of "momentum"'.

    Raises:
        SpaceError: it names no parameter, an unknown one, a value that is no choice, or orders what has no order.
    """
    try:
        binder = _Binder(parameters, what, expression)
        binder.check(expression)
        return Bound(expression, binder.scalar(expression), binder.columns(expression), binder.ranks(expression))
    except RecursionError:
        raise SpaceError(f"{what} nests too deep. Use isin, or several constraints.") from None


class _Binder:
    def __init__(self, parameters: Mapping[str, Parameter], what: str, expression: Expression) -> None:
        self._parameters = parameters
        self._what = f"{what} ({expression})"
        self._place = {name: i for i, name in enumerate(parameters)}

    # ---- checks ----------------------------------------------------------------------------------------------------------------

    def check(self, expression: Expression) -> None:
        if not expression.names:
            self._refuse("names no parameter", 'Write for example param("depth") > 3')
        for name in sorted(expression.names):
            if name not in self._parameters:
                raise SpaceError(
                    f"{self._what} names {show(name)}, which is no parameter.{hint(name, self._parameters)} "
                    f"Parameters: {', '.join(map(show, self._parameters))}."
                )
        self._check_truth(expression)

    def _refuse(self, problem: str, mend: str) -> None:
        raise SpaceError(f"{self._what}: {problem}. {mend}.")

    def _check_truth(self, node: Expression) -> None:
        if isinstance(node, Both | Either | Not):
            for child in node.children:
                self._check_truth(child)
        elif isinstance(node, OneOf):
            for value in node.values:
                self._check_equal(node.operand, Literal(value))
        elif isinstance(node, Compare) and node.op in _ORDER:
            self._check_order(node)
        elif isinstance(node, Compare):
            self._check_equal(node.left, node.right)
            self._check_equal(node.right, node.left)
        elif isinstance(node, Name):
            if not self._is_bool(node):
                self._refuse(f"{show(node.name)} stands alone but is not a Bool", "Compare it with something")
        elif not (isinstance(node, Literal) and isinstance(node.literal, bool)):
            self._refuse(f"{node} is neither true nor false", "Compare it with something")

    def _is_bool(self, node: Name) -> bool:
        parameter = self._parameters[node.name]
        return isinstance(parameter, Bool) or (
            isinstance(parameter, ChoiceParameter) and all(isinstance(choice, bool) for choice in parameter.choices)
        )

    def _check_equal(self, node: Expression, other: Expression) -> None:
        """What `node` can be must include what `other` is, where that is a literal."""
        if isinstance(node, Arithmetic):
            self._check_number(node)
        if not isinstance(other, Literal) or isinstance(node, Literal):
            return
        choices = self._choices(node)
        if choices is None:
            if plain_number(other.literal) is None:
                self._refuse(f"{node} is a number and never {other}", "Compare it with a number")
        elif value_key(other.literal) not in {value_key(choice) for choice in choices}:
            listed = ", ".join(show(choice) for choice in choices[:8]) + (", …" if len(choices) > 8 else "")
            raise SpaceError(f"{self._what}: {node} has no choice {other} (choices: {listed}).{hint(other.literal, choices)}")

    def _check_order(self, node: Compare) -> None:
        ranked = [side for side in node.children if isinstance(side, Name) and self._ranking(side.name) is not None]
        if not ranked:
            for side in node.children:
                self._check_number(side)
            return
        for side in node.children:
            if isinstance(side, Literal):
                self._check_equal(ranked[0], side)
            elif not isinstance(side, Name) or self._choices(side) is None or self._keys(side) != self._keys(ranked[0]):
                self._refuse(
                    f"{ranked[0]} is ordered by its choices, and {side} has not the same", "Compare it with one of its choices"
                )

    def _keys(self, node: Expression) -> list[bytes]:
        return [value_key(choice) for choice in self._choices(node) or ()]

    def _check_number(self, node: Expression) -> None:
        if isinstance(node, Arithmetic):
            for child in node.children:
                self._check_number(child)
        elif isinstance(node, Literal):
            if plain_number(node.literal) is None:
                self._refuse(f"{node} is no number", "Only numbers and the choices of an Ordinal have an order")
        elif isinstance(node, Name):
            choices = self._choices(node)
            if choices is not None and any(plain_number(choice) is None for choice in choices):
                self._refuse(f"{node} is no number and has no order", "Use == or isin, or make it an Ordinal")

    def _choices(self, node: Expression) -> tuple[Value, ...] | None:
        """The choices of a choice parameter; None for numbers."""
        parameter = self._parameters[node.name] if isinstance(node, Name) else None
        if isinstance(parameter, Bool):
            return (False, True)
        return tuple(parameter.choices) if isinstance(parameter, ChoiceParameter) else None

    def _is_number(self, name: str) -> bool:
        return isinstance(self._parameters[name], Float | Int)

    def _ranking(self, name: str) -> dict[bytes, float] | None:
        """The order of an Ordinal whose choices are not rising numbers; those are simply numbers."""
        parameter = self._parameters[name]
        if not isinstance(parameter, Ordinal):
            return None
        numbers = [plain_number(choice) for choice in parameter.choices]
        rising = all(a is not None and b is not None and a < b for a, b in pairwise(numbers))
        if rising and numbers[0] is not None:
            return None
        return {value_key(choice): float(i) for i, choice in enumerate(parameter.choices)}

    # ---- one configuration -----------------------------------------------------------------------------------------------------

    def scalar(self, node: Expression) -> Callable[[Params], Truth]:
        match node:
            case Both(left=left, right=right):
                return _both(self.scalar(left), self.scalar(right))
            case Either(left=left, right=right):
                return _either(self.scalar(left), self.scalar(right))
            case Compare(op="==", left=Name(name=name), right=Literal(literal=str(text))):
                return lambda params: params[name] == text if name in params else None
            case OneOf(operand=Name(name=name), values=values) if all(isinstance(value, str) for value in values):
                texts = frozenset(values)
                return lambda params: (
                    (params[name] in texts if isinstance(params[name], str) else False) if name in params else None
                )
            case Name(name=name):
                return lambda params: params.get(name)  # a bool, or None when it is absent
            case Compare(op=op, left=Name(name=name), right=Literal(literal=int() | float() as number)) if self._is_number(name):
                holds, bound = _HOLDS[op], float(number)
                return lambda params: holds(params[name], bound) if name in params else None
            case Compare(op=op, left=Name(name=a), right=Name(name=b)) if self._is_number(a) and self._is_number(b):
                holds = _HOLDS[op]
                return lambda params: holds(params[a], params[b]) if a in params and b in params else None
        ranks = self.ranks(node)
        return lambda params: truth(node, params, ranks)

    def ranks(self, node: Expression) -> Ranks | None:
        """The order of the choices of the Ordinals that it reads; None where numbers say it all."""
        rankings = {name: ranking for name in node.names if (ranking := self._ranking(name)) is not None}
        if not rankings:
            return None
        return lambda name, value: rankings[name].get(value_key(value)) if name in rankings else None

    # ---- columns of many -------------------------------------------------------------------------------------------------------

    def columns(self, node: Expression) -> Callable[[Array], Codes]:
        match node:
            case Both(left=left, right=right):
                a, b = self.columns(left), self.columns(right)
                return lambda rows: np.minimum(a(rows), b(rows))
            case Either(left=left, right=right):
                a, b = self.columns(left), self.columns(right)
                return lambda rows: np.maximum(a(rows), b(rows))
            case Not(operand=operand):
                inner = self.columns(operand)
                return lambda rows: _TRUE - inner(rows)
            case Name(name=name):
                return self._member(name, [True])
            case OneOf(operand=Name(name=name), values=values) if self._choices(node.operand) is not None:
                return self._member(name, values)
            case OneOf(operand=operand, values=values):
                number, wanted = self._numbers(operand), [_as_number(value) for value in values]
                return lambda rows: _coded(np.isin(x := number(rows), wanted), np.isnan(x))
            case Compare(op=op, left=left, right=right):
                return self._comparison(op, left, right)
        constant = _TRUE if isinstance(node, Literal) and node.literal is True else _FALSE
        return lambda rows: np.full(len(rows), constant)

    def _member(self, name: str, values: Any) -> Callable[[Array], Codes]:  # noqa: ANN401  JSON values
        """Whether a choice is one of these, by a table over the indices."""
        j, keys = self._place[name], {value_key(value) for value in values}
        table = np.array([value_key(choice) in keys for choice in self._choices(Name(name)) or ()])
        return lambda rows: _coded(table[_index(rows[:, j])], np.isnan(rows[:, j]))

    def _comparison(self, op: str, left: Expression, right: Expression) -> Callable[[Array], Codes]:
        compare = _COMPARE[op]
        if op in _ORDER:
            ranking = next((r for side in (left, right) if isinstance(side, Name) and (r := self._ranking(side.name))), None)
            a, b = (self._numbers(side) if ranking is None else self._keyed(side, ranking) for side in (left, right))
        elif all(self._choices(side) is None and not _is_other(side) for side in (left, right)):
            a, b = self._numbers(left), self._numbers(right)
        else:
            shared: dict[bytes, float] = {}
            a, b = self._keyed(left, shared), self._keyed(right, shared)

        def codes(rows: Array) -> Codes:
            x, y = a(rows), b(rows)
            return _coded(compare(x, y), np.isnan(x) | np.isnan(y))

        return codes

    def _keyed(self, node: Expression, ranks: dict[bytes, float]) -> Callable[[Array], Array]:
        """A column of numbers that are equal exactly where the values are; new values get new numbers."""
        choices = self._choices(node)
        if isinstance(node, Literal):
            constant = ranks.setdefault(value_key(node.literal), float(len(ranks)))
            return lambda rows: np.full(len(rows), constant)
        if choices is not None and isinstance(node, Name):
            j = self._place[node.name]
            table = np.array([ranks.setdefault(value_key(choice), float(len(ranks))) for choice in choices])
            return lambda rows: np.where(np.isnan(rows[:, j]), np.nan, table[_index(rows[:, j])])
        numbers = self._numbers(node)

        def keyed(rows: Array) -> Array:
            found = numbers(rows)
            return np.array([x if math.isnan(x) else ranks.get(value_key(x), -1.0) for x in found.tolist()])

        return keyed

    def _numbers(self, node: Expression) -> Callable[[Array], Array]:
        """A column of numbers, NaN where absent or undefined."""
        if isinstance(node, Arithmetic):
            op, a, b = node.op, self._numbers(node.left), self._numbers(node.right)

            def arithmetic(rows: Array) -> Array:
                with np.errstate(all="ignore"):
                    result = _ARITHMETIC[op](a(rows), b(rows))
                return np.where(np.isfinite(result), result, np.nan)

            return arithmetic
        if isinstance(node, Literal):
            constant = _as_number(node.literal)
            return lambda rows: np.full(len(rows), constant)
        assert isinstance(node, Name)
        j = self._place[node.name]
        if isinstance(self._parameters[node.name], Float | Int):
            return lambda rows: rows[:, j]
        table = np.array([_as_number(choice) for choice in self._choices(node) or ()])
        return lambda rows: np.where(np.isnan(rows[:, j]), np.nan, table[_index(rows[:, j])])


_ARITHMETIC: Final[dict[str, Callable[[Array, Array], Array]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_COMPARE: Final[dict[str, Callable[[Array, Array], NDArray[np.bool_]]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _both(a: Callable[[Params], Truth], b: Callable[[Params], Truth]) -> Callable[[Params], Truth]:
    def both(params: Params) -> Truth:
        left = a(params)
        if left is False:
            return False
        right = b(params)
        return right if right is False or left is True else None

    return both


def _either(a: Callable[[Params], Truth], b: Callable[[Params], Truth]) -> Callable[[Params], Truth]:
    def either(params: Params) -> Truth:
        left = a(params)
        if left is True:
            return True
        right = b(params)
        return right if right is True or left is False else None

    return either


def _coded(holds: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> Codes:
    return np.where(unknown, _UNKNOWN, np.where(holds, _TRUE, _FALSE))


def _index(column: Array) -> NDArray[np.intp]:
    return np.where(np.isnan(column), 0.0, column).astype(np.intp)


def _is_other(node: Expression) -> bool:
    """A literal that is no number."""
    return isinstance(node, Literal) and plain_number(node.literal) is None


def _as_number(value: Value) -> float:
    number = plain_number(value)
    return float("inf") if number is None else float(number)  # no number parameter is ever infinite
