"""What a Choice has chosen, taken out of a flat configuration.

A Choice leaves its trace in the conditions: everything below a branch has the conjunct `name == branch`, and a name that ends in
"<branch>.<its own name>".
"""

from collections.abc import Iterator, Mapping

from tunewright.errors import ParamsError
from tunewright.space.expression import Both, Compare, Expression, Literal, Name
from tunewright.space.values import hint, show
from tunewright.typing import Params, Value

__all__ = ["branch_of"]


def branch_of(when: Mapping[str, Expression], params: Mapping[str, Value], name: str) -> tuple[str, Params]:
    """The branch chosen, and what belongs to it under its own names.

    Raises:
        ParamsError: `name` is not in the configuration, or holds no text.
    """
    branch = params.get(name)
    if not isinstance(branch, str):
        raise ParamsError(
            f"{show(name)} is no Choice of this configuration (it holds {', '.join(map(show, params))}).{hint(name, params)}"
        )
    found: Params = {}
    for full, value in params.items():
        if full in when and any(_says(conjunct, name, branch) for conjunct in _conjuncts(when[full])):
            prefix = f"{_place(name, full, branch)}{branch}."
            if full.startswith(prefix):
                found[full.removeprefix(prefix)] = value
    return branch, found


def _place(name: str, full: str, branch: str) -> str:
    """What stands before the branch in the full name: the place of the Choice itself."""
    parts = name.split(".")
    places = (".".join(parts[:i]) + "." if i else "" for i in range(len(parts) - 1, -1, -1))
    return next((place for place in places if full.startswith(f"{place}{branch}.")), "")


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, Both):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _says(condition: Expression, name: str, branch: str) -> bool:
    return (
        isinstance(condition, Compare)
        and condition.op == "=="
        and isinstance(condition.left, Name)
        and condition.left.name == name
        and isinstance(condition.right, Literal)
        and condition.right.literal == branch
    )
