"""By how much a constraint is violated: a slope towards a configuration that it allows."""

import math

from tunewright.space.expression import Both, Compare, Either, Expression, Name
from tunewright.space.terms import Found, Ranks
from tunewright.space.values import plain_number
from tunewright.typing import Params

__all__ = ["shortfall"]


def shortfall(expression: Expression, params: Params, ranks: Ranks | None = None) -> float:
    """0 where it is not violated, else above 0 and at most 1: for a comparison of numbers d / (1 + d) at a distance of d, for anything
    else 1; `and` is violated as much as its parts in the mean, `or` as its least violated one.

    Args:
        expression: of a constraint.
        params: a configuration.
        ranks: the order of the choices of Ordinals, between which the distance is in places.
    """
    if expression.value(params, ranks) is not False:
        return 0.0
    if isinstance(expression, Both):
        return (shortfall(expression.left, params, ranks) + shortfall(expression.right, params, ranks)) / 2
    if isinstance(expression, Either):
        return min(shortfall(expression.left, params, ranks), shortfall(expression.right, params, ranks))
    if isinstance(expression, Compare) and expression.op != "!=":
        left, right = (_number(side.value(params, ranks), expression, ranks) for side in expression.children)
        if left is not None and right is not None and math.isfinite(left - right):
            apart = abs(left - right)
            return max(apart / (1.0 + apart), 1e-12)  # also where equal ones may not be
    return 1.0


def _number(value: Found, where: Compare, ranks: Ranks | None) -> float | None:
    """What a side counts for: where an order is asked for, the place in it of a choice that has one."""
    if ranks is not None and where.op != "==":
        for side in where.children:
            rank = ranks(side.name, value) if isinstance(side, Name) else None
            if rank is not None:
                return rank
    return plain_number(value)
