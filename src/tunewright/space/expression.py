"""Conditions and constraints: one small tree of expressions over parameters.

    opt == "sgd" and depth > 3          low < high          kernel in ["poly", "rbf"]          not bootstrap or samples <= 0.9

The text is the form in which an expression is stored and shown; `parse` reads it. In Python the same tree grows from operators:
`(param("opt") == "sgd") & (param("depth") > 3)`.

The logic has three values (Kleene): True, False, and None for "unknown". A comparison that reads an inactive parameter is None, and so
is one with undefined arithmetic (division by zero, overflow). `and` is False if either side is, `or` True if either is, and otherwise
None wins. A parameter is active only where its condition is True; a constraint is violated only where it is False.

Numbers compare by value in float64 (1 == 1.0; True is no number), everything else as JSON. `<` orders numbers, and the choices of an
Ordinal by their order.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from tunewright.errors import SpaceError
from tunewright.space.terms import ABSENT, Found, Frozen, Ranks, Truth, joined, name_text, number_in, value_text
from tunewright.space.values import canonical, is_name, plain_number, same_value, show
from tunewright.typing import Value

__all__ = [
    "Arithmetic",
    "Both",
    "Compare",
    "Either",
    "Expression",
    "Literal",
    "Name",
    "Not",
    "OneOf",
    "param",
    "truth",
]


class Expression(Frozen, ABC):
    """A node of the tree. Immutable; operators build larger trees. `str(expression)` is its text, and its JSON."""

    __slots__ = ()
    level: int
    """How tightly it binds in the text: or 1, and 2, not 3, comparison 4, + - 5, * / 6, atom 8."""

    @property
    @abstractmethod
    def children(self) -> tuple["Expression", ...]:
        """The nodes below."""

    @abstractmethod
    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Found:
        """What it comes to: a Truth for logic; a JSON value or ABSENT for names, literals and arithmetic."""

    @abstractmethod
    def __str__(self) -> str: ...

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it reads."""
        return frozenset(node.name for node in self.walk() if isinstance(node, Name))

    def walk(self) -> Iterator["Expression"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def evaluate(self, params: Mapping[str, Value]) -> Truth:
        """Evaluate on one configuration; a parameter that is not in `params` is inactive.

        Raises:
            SpaceError: it orders or adds what has no order or is no number. (The order of an Ordinal is known to its space, which
                evaluates with it.)
        """
        return truth(self, params, None)

    def __bool__(self) -> NoReturn:
        raise SpaceError(
            f"An expression ({self}) has no truth value before it is evaluated. Write & | ~ instead of and, or, not; put each "
            "comparison in parentheses; write (low <= x) & (x <= high) instead of low <= x <= high; and x.isin([...]) instead of x in [...]."
        )

    __hash__ = None  # type: ignore[assignment]  # == builds an expression: a set or a dict would ask for its truth

    def __eq__(self, other: object) -> "Expression":  # type: ignore[override]
        return Compare("==", self, _node(other))

    def __ne__(self, other: object) -> "Expression":  # type: ignore[override]
        return Compare("!=", self, _node(other))

    def __lt__(self, other: object) -> "Expression":
        return Compare("<", self, _node(other))

    def __le__(self, other: object) -> "Expression":
        return Compare("<=", self, _node(other))

    def __gt__(self, other: object) -> "Expression":
        return Compare(">", self, _node(other))

    def __ge__(self, other: object) -> "Expression":
        return Compare(">=", self, _node(other))

    def isin(self, values: Sequence[Value]) -> "Expression":
        """Whether it is one of these values."""
        return OneOf(self, values)

    def __and__(self, other: object) -> "Expression":
        return Both(self, _node(other))

    def __rand__(self, other: object) -> "Expression":
        return Both(_node(other), self)

    def __or__(self, other: object) -> "Expression":
        return Either(self, _node(other))

    def __ror__(self, other: object) -> "Expression":
        return Either(_node(other), self)

    def __invert__(self) -> "Expression":
        return Not(self)

    def __add__(self, other: object) -> "Expression":
        return Arithmetic("+", self, _node(other))

    def __radd__(self, other: object) -> "Expression":
        return Arithmetic("+", _node(other), self)

    def __sub__(self, other: object) -> "Expression":
        return Arithmetic("-", self, _node(other))

    def __rsub__(self, other: object) -> "Expression":
        return Arithmetic("-", _node(other), self)

    def __mul__(self, other: object) -> "Expression":
        return Arithmetic("*", self, _node(other))

    def __rmul__(self, other: object) -> "Expression":
        return Arithmetic("*", _node(other), self)

    def __truediv__(self, other: object) -> "Expression":
        return Arithmetic("/", self, _node(other))

    def __rtruediv__(self, other: object) -> "Expression":
        return Arithmetic("/", _node(other), self)

    def __neg__(self) -> "Expression":
        return Arithmetic("-", Literal(0), self)

    def __repr__(self) -> str:
        return str(self)

    def _wrap(self, child: "Expression", level: int) -> str:
        return str(child) if child.level >= level else f"({child})"


class Name(Expression):
    """A parameter."""

    __slots__ = ("name",)
    name: str
    level = 8
    children = ()

    def __init__(self, name: str) -> None:
        if not is_name(name):
            raise SpaceError(f'param needs the name of a parameter, got {show(name)}. Write for example param("lr").')
        self._set(name=name)

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Found:  # noqa: ARG002  a name has no rank by itself
        return params.get(self.name, ABSENT)

    def __str__(self) -> str:
        return name_text(self.name)


class Literal(Expression):
    """A JSON value."""

    __slots__ = ("literal",)
    literal: Value
    level = 8
    children = ()

    def __init__(self, literal: object) -> None:
        try:
            self._set(literal=canonical(literal))
        except SpaceError as error:
            raise SpaceError(f"A condition compares with {show(literal)}, which is {error}.") from None

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Found:  # noqa: ARG002  it is itself
        return self.literal

    def __str__(self) -> str:
        return value_text(self.literal)


class Arithmetic(Expression):
    """Two numbers joined by + - * /; undefined where it divides by zero or overflows."""

    __slots__ = ("left", "op", "right")
    op: str
    left: Expression
    right: Expression

    def __init__(self, op: str, left: Expression, right: Expression) -> None:
        for side in (left, right):
            if (isinstance(side, Literal) and plain_number(side.literal) is None) or side.level < 5:
                raise SpaceError(f"{side} is no number: {op} joins numbers and number parameters.")
        self._set(op=op, left=left, right=right)

    @property
    def level(self) -> int:  # type: ignore[override]
        return 5 if self.op in "+-" else 6

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.left, self.right

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Found:
        left, right = (side.value(params, ranks) for side in self.children)
        if left is ABSENT or right is ABSENT:
            return ABSENT
        result = joined(self.op, number_in(left, self), number_in(right, self))
        return result if not math.isnan(result) else ABSENT

    def __str__(self) -> str:
        return f"{self._wrap(self.left, self.level)} {self.op} {self._wrap(self.right, self.level + 1)}"


class Compare(Expression):
    """Two values compared by == != < <= > >=."""

    __slots__ = ("left", "op", "right")
    op: str
    left: Expression
    right: Expression
    level = 4

    def __init__(self, op: str, left: Expression, right: Expression) -> None:
        for side in (left, right):
            if side.level < 5:
                raise SpaceError(
                    f"{op} cannot compare the truth of {side}. Put parentheses around each comparison and join them by & |."
                )
        self._set(op=op, left=left, right=right)

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.left, self.right

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Truth:
        left, right = self.left.value(params, ranks), self.right.value(params, ranks)
        if left is ABSENT or right is ABSENT:
            return None
        if self.op == "==":
            return same_value(left, right)
        if self.op == "!=":
            return not same_value(left, right)
        a, b = self._rank(left, ranks), self._rank(right, ranks)
        return a < b if self.op == "<" else a <= b if self.op == "<=" else a > b if self.op == ">" else a >= b

    def _rank(self, value: Value, ranks: Ranks | None) -> float:
        if ranks is not None:
            for side in self.children:
                rank = ranks(side.name, value) if isinstance(side, Name) else None
                if rank is not None:
                    return rank
        return number_in(value, self)

    def __str__(self) -> str:
        return f"{self._wrap(self.left, 5)} {self.op} {self._wrap(self.right, 5)}"


class OneOf(Expression):
    """Whether a value is one of several."""

    __slots__ = ("operand", "values")
    operand: Expression
    values: tuple[Value, ...]
    level = 4

    def __init__(self, operand: Expression, values: Sequence[Value]) -> None:
        if isinstance(values, str | bytes | Mapping | Expression) or not hasattr(values, "__iter__"):
            raise SpaceError(
                f"isin needs a list of values, got {show(values)}. Write for example {operand}.isin([{show(values)}])."
            )
        if operand.level < 5:
            raise SpaceError(f"isin asks for a parameter's value; ({operand}) is true or false.")
        self._set(operand=operand, values=tuple(Literal(value).literal for value in values))

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Truth:
        found = self.operand.value(params, ranks)
        return None if found is ABSENT else any(same_value(found, value) for value in self.values)

    def __str__(self) -> str:
        return f"{self._wrap(self.operand, 5)} in {value_text(list(self.values))}"


class Not(Expression):
    """Not."""

    __slots__ = ("operand",)
    operand: Expression
    level = 3

    def __init__(self, operand: Expression) -> None:
        self._set(operand=_logical(operand))

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Truth:
        found = truth(self.operand, params, ranks)
        return None if found is None else not found

    def __str__(self) -> str:
        return f"not {self._wrap(self.operand, 3)}"


class _Pair(Expression):
    __slots__ = ("left", "right")
    left: Expression
    right: Expression
    _word: str
    _wins: bool

    def __init__(self, left: Expression, right: Expression) -> None:
        self._set(left=_logical(left), right=_logical(right))

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.left, self.right

    def value(self, params: Mapping[str, Value], ranks: Ranks | None = None) -> Truth:
        left = truth(self.left, params, ranks)
        if left is self._wins:
            return left
        right = truth(self.right, params, ranks)
        return right if right is self._wins or left is not None else None

    def __str__(self) -> str:
        return f"{self._wrap(self.left, self.level)} {self._word} {self._wrap(self.right, self.level)}"


class Both(_Pair):
    """And."""

    __slots__ = ()
    level, _word, _wins = 2, "and", False


class Either(_Pair):
    """Or."""

    __slots__ = ()
    level, _word, _wins = 1, "or", True


def param(name: str) -> Expression:
    """A parameter of the space, to write conditions and constraints with.

    `param("depth") > 3`, `param("low") < param("high")`, `param("opt").isin(["sgd", "adam"])`, `(… == 1) & ~(… > 2)`.
    A Bool may stand alone: `param("bootstrap") & (param("depth") > 3)`.
    """
    return Name(name)


def truth(node: Expression, params: Mapping[str, Value], ranks: Ranks | None = None) -> Truth:
    """The truth of an expression; `ranks` gives the order of the choices of Ordinals.

    Raises:
        SpaceError: it is a value other than True and False.
    """
    found = node.value(params, ranks)
    if found is ABSENT or (found is None and node.level < 5):
        return None
    if not isinstance(found, bool):
        raise SpaceError(f"{node} is {show(found)}, which is neither true nor false. Compare it with something.")
    return found


def _node(value: object) -> Expression:
    return value if isinstance(value, Expression) else Literal(value)


def _logical(node: Expression) -> Expression:
    """The node, if it can be true or false."""
    if isinstance(node, Arithmetic) or (isinstance(node, Literal) and not isinstance(node.literal, bool)):
        raise SpaceError(
            f"{node} is neither true nor false. Compare it with something, and put parentheses around each comparison."
        )
    return node
