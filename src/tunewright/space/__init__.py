"""The search space: parameters, conditions, constraints, and their encoding as arrays."""

from tunewright.space.choice import Choice
from tunewright.space.choices import Bool, Categorical, Ordinal
from tunewright.space.expression import Expression, param
from tunewright.space.number import Float, Int
from tunewright.space.parameter import Parameter
from tunewright.space.parse import parse
from tunewright.space.prior import Normal
from tunewright.space.search_space import SearchSpace

__all__ = [
    "Bool",
    "Categorical",
    "Choice",
    "Expression",
    "Float",
    "Int",
    "Normal",
    "Ordinal",
    "Parameter",
    "SearchSpace",
    "param",
    "parse",
]
