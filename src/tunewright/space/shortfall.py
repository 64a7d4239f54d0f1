"""By how much a constraint is violated: a slope towards a configuration that it allows."""

import math

from tunewright.space.expression import Both, Compare, Either, Expression
from tunewright.space.values import plain_number
from tunewright.typing import Params

__all__ = ["shortfall"]


def shortfall(expression: Expression, params: Params) -> float:
    """0 where it is not violated, else above 0 and at most 1: for a comparison of numbers d / (1 + d) at a distance of d, for anything
    else 1; `and` is violated as much as its parts in the mean, `or` as its least violated one.
    """
    if expression.value(params) is not False:
        return 0.0
    if isinstance(expression, Both):
        return (shortfall(expression.left, params) + shortfall(expression.right, params)) / 2
    if isinstance(expression, Either):
        return min(shortfall(expression.left, params), shortfall(expression.right, params))
    if isinstance(expression, Compare) and expression.op != "!=":
        left, right = (plain_number(side.value(params)) for side in (expression.left, expression.right))
        if left is not None and right is not None and math.isfinite(left - right):
            apart = abs(left - right)
            return max(apart / (1.0 + apart), 1e-12)  # also where equal ones may not be
    return 1.0
