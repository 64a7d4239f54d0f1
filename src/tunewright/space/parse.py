"""Text to expression.

The text is Python's own grammar of comparisons, read by Python's parser and never run: names (dots allowed, or param("any name")),
JSON values (true, false, null and True, False, None), `== != < <= > >= in`, `not in`, chains (`1 < x < 5`), `and or not` (and `& | ~`),
`+ - * /`, parentheses.
"""

import ast
from typing import Any, Final, NoReturn

from tunewright.errors import SpaceError
from tunewright.space.expression import Arithmetic, Both, Compare, Either, Expression, Literal, Name, Not, OneOf

__all__ = ["parse"]

_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_COMPARE: Final[dict[type, str]] = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC: Final[dict[type, str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_LOGIC: Final[dict[type, type[Both | Either]]] = {ast.And: Both, ast.Or: Either, ast.BitAnd: Both, ast.BitOr: Either}


def parse(text: str) -> Expression:
    """Read an expression, `opt == "sgd" and depth > 3`.

    Raises:
        SpaceError: it is no expression over parameters; the message shows the place.
    """
    if not isinstance(text, str):
        raise SpaceError(f"A condition is text or an expression, got {text!r}. Write for example 'opt == \"sgd\"'.")
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval")
        return _read(tree.body, text)
    except SpaceError:  # a ValueError, too
        raise
    except SyntaxError as error:
        mend = " Write and, or, not." if "&&" in text or "||" in text or "!" in text.replace("!=", "") else ""
        raise SpaceError(f"Cannot read {text!r}: {error.msg} at character {error.offset}.{mend}") from None
    except (RecursionError, MemoryError, ValueError) as error:
        raise SpaceError(f"Cannot read the condition {text[:60]!r}: {error}. Make it simpler.") from None


def _read(node: ast.expr, text: str) -> Expression:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _chain([left, *rights], ops, text)
        case ast.BoolOp(op=op, values=values):
            return _fold(_LOGIC[type(op)], [_read(value, text) for value in values])
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
            return _LOGIC[type(op)](_read(left, text), _read(right, text))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return Arithmetic(_ARITHMETIC[type(op)], _read(left, text), _read(right, text))
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return Not(_read(operand, text))
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not _is_literal(operand):
            return -_read(operand, text)
        case ast.Call(func=ast.Name(id="param"), args=[ast.Constant(value=str(name))], keywords=[]):
            return Name(name)
        case ast.Call(func=ast.Attribute(value=operand, attr="isin"), args=[ast.List() | ast.Tuple() as values], keywords=[]):
            return OneOf(_read(operand, text), _json(values, text))
        case ast.Name(id=name) if name not in _CONSTANTS:
            return Name(name)
        case ast.Attribute():
            return Name(_dotted(node, text))
    return Literal(_json(node, text))


def _chain(sides: list[ast.expr], ops: list[ast.cmpop], text: str) -> Expression:
    parts: list[Expression] = []
    for left, op, right in zip(sides, ops, sides[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                _refuse(right, text, 'after "in" stands a list of values')
            one_of = OneOf(_read(left, text), _json(right, text))
            parts.append(one_of if isinstance(op, ast.In) else Not(one_of))
        elif type(op) in _COMPARE:
            parts.append(Compare(_COMPARE[type(op)], _read(left, text), _read(right, text)))
        else:
            _refuse(right, text, "compare by == != < <= > >= in")
    return _fold(Both, parts)


def _fold(join: type[Both | Either], parts: list[Expression]) -> Expression:
    whole = parts[0]
    for part in parts[1:]:
        whole = join(whole, part)
    return whole


def _dotted(node: ast.expr, text: str) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, text)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else _refuse(node, text, "a dot joins the parts of a parameter's name")


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _json(node: ast.expr, text: str) -> Any:  # noqa: ANN401  any JSON value
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if not isinstance(value, bool):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_json(item, text) for item in items]
        case ast.Dict(keys=keys, values=values) if all(
            isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys
        ):
            return {_json(key, text): _json(value, text) for key, value in zip(keys, values, strict=True) if key is not None}
    return _refuse(node, text, "a condition is made of parameters, JSON values, comparisons, and, or, not, + - * /")


def _refuse(node: ast.expr, text: str, rule: str) -> NoReturn:
    part = ast.get_source_segment(text.strip(), node) or type(node).__name__
    raise SpaceError(f"Cannot read {part!r} in {text!r}: {rule}.")
