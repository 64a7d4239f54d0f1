"""What a Choice has chosen, taken out of a flat configuration.

A Choice leaves its trace in the conditions: everything below a branch has the conjunct `name == branch`, and a name that ends in
"<branch>.<its own name>".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from tunewright.errors import ParamsError
from tunewright.space.expression import Both, Compare, Expression, Literal, Name
from tunewright.space.values import hint, show
from tunewright.typing import Params, Value

__all__ = ["Branches", "branch_of"]


class Branches(NamedTuple):
    """What of a space a running task needs to take its branches out: plain, small, and hashable.

    Attributes:
        names: of all parameters.
        below: what belongs to a branch: the name of the Choice, the branch, the parameter, and how the branch calls it.
    """

    names: frozenset[str]
    below: tuple[tuple[str, str, str, str], ...]

    @classmethod
    def of(cls, names: Iterable[str], when: Mapping[str, Expression]) -> Self:
        """Of a space with these parameters and conditions."""
        return cls(
            frozenset(names),
            tuple(
                (name, branch, full, own) for full, condition in when.items() for name, branch, own in _owners(full, condition)
            ),
        )

    def taken(self, params: Mapping[str, Value], name: str) -> tuple[str, Params]:
        """As `branch_of`; a parameter that the space did not have yet is judged by its name."""
        branch = _chosen(params, name)
        found = {full: own for choice, taken, full, own in self.below if (choice, taken) == (name, branch)}
        new = {full: own for full in params if full not in self.names and (own := _own(name, full, branch)) is not None}
        owns = {**found, **new}
        return branch, {owns[full]: value for full, value in params.items() if full in owns}


def branch_of(when: Mapping[str, Expression], params: Mapping[str, Value], name: str) -> tuple[str, Params]:
    """The branch chosen, and what belongs to it under its own names.

    Raises:
        ParamsError: `name` is not in the configuration, or holds no text.
    """
    _chosen(params, name)
    return Branches.of(params, {full: when[full] for full in params if full in when}).taken(params, name)


def _chosen(params: Mapping[str, Value], name: str) -> str:
    if name not in params:
        raise ParamsError(
            f"{show(name)} is no Choice of this configuration (it holds {', '.join(map(show, params))}).{hint(name, params)}"
        )
    branch = params[name]
    if not isinstance(branch, str):
        raise ParamsError(f"{show(name)} is no Choice: its value is {show(branch)}, which names no branch.")
    return branch


def _owners(full: str, condition: Expression) -> Iterator[tuple[str, str, str]]:
    """The Choices and branches that a parameter belongs to, and what each calls it."""
    for conjunct in _conjuncts(condition):
        match conjunct:
            case Compare(op="==", left=Name(name=name), right=Literal(literal=str(branch))):
                own = _own(name, full, branch)
                if own is not None:
                    yield name, branch, own


def _own(name: str, full: str, branch: str) -> str | None:
    """How the branch of a Choice calls a parameter; None: by its name it is not below."""
    prefix = f"{_place(name, full, branch)}{branch}."
    return full.removeprefix(prefix) if full.startswith(prefix) else None


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
