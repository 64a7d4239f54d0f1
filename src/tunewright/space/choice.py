"""Choice: a choice between sub-spaces.

    {"model": Choice({"svm": {"C": Float(…)}, "forest": {"trees": Int(…)}})}

is shorthand for a Categorical "model" and the parameters "svm.C" (active when model == "svm") and "forest.trees" (active when
model == "forest"). Sub-spaces may hold Choices again, to any depth: "svm.kernel", "svm.poly.degree", …
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from tunewright.errors import SpaceError
from tunewright.space.choices import Categorical
from tunewright.space.expression import Both, Compare, Expression, Literal, Name
from tunewright.space.parameter import Parameter
from tunewright.space.terms import Frozen
from tunewright.space.values import hint, is_name, show

__all__ = ["Choice", "Flat", "Member", "flatten"]


class Choice(Frozen):
    """A choice between named sub-spaces (algorithm selection).

    Args:
        branches: for each branch its parameters by name; {} for a branch without any.
        default: the branch to begin with; None: the first.
        prior: a positive weight for each branch, in order or by name; None: all alike.

    Raises:
        SpaceError: the description cannot be.
    """

    __slots__ = ("branches", "default", "prior")
    branches: Mapping[str, Mapping[str, "Member"]]
    default: str | None
    prior: Sequence[float] | None

    def __init__(
        self,
        branches: Mapping[str, Mapping[str, "Member"]],
        default: str | None = None,
        prior: Sequence[float] | Mapping[str, float] | None = None,
    ) -> None:
        if not branches or not hasattr(branches, "items"):
            raise SpaceError(f'Choice needs branches, {{"svm": {{…parameters…}}, "none": {{}}}}, got {show(branches)}.')
        for name, members in branches.items():
            if not is_name(name):
                raise SpaceError(f"Choice: a branch needs a name, got {show(name)}.")
            if not isinstance(members, Mapping):
                raise SpaceError(
                    f"Choice: branch {show(name)} must hold parameters by name ({{}} for none), got {show(members)}."
                )
        if default is not None and default not in branches:
            listed = ", ".join(map(show, branches))
            raise SpaceError(f"Choice: the default {show(default)} is no branch (branches: {listed}).{hint(default, branches)}")
        if isinstance(prior, Mapping):
            if set(prior) != set(branches):
                raise SpaceError(
                    f"Choice: prior needs a weight for each branch ({', '.join(map(show, branches))}), got {show(prior)}."
                )
            prior = [prior[name] for name in branches]
        kept = MappingProxyType({name: MappingProxyType(dict(members)) for name, members in branches.items()})
        self._set(branches=kept, default=default, prior=None if prior is None else tuple(prior))
        self.categorical()

    def categorical(self) -> Categorical:
        """The parameter that says which branch."""
        if self.default is None:
            return Categorical(list(self.branches), prior=self.prior)
        return Categorical(list(self.branches), self.default, self.prior)

    def __eq__(self, other: object) -> bool:
        # two equal mappings may differ in order, and the order of a space counts
        return (
            isinstance(other, Choice)
            and self.categorical() == other.categorical()
            and all(
                list(mine.items()) == list(theirs.items())
                for mine, theirs in zip(self.branches.values(), other.branches.values(), strict=True)
            )
        )

    def __hash__(self) -> int:
        return hash((self.categorical(), tuple(tuple(members.items()) for members in self.branches.values())))

    def __reduce__(self) -> tuple[Any, ...]:
        return Choice, ({name: dict(members) for name, members in self.branches.items()}, self.default, self.prior)

    def __repr__(self) -> str:
        shown = repr({name: dict(members) for name, members in self.branches.items()})
        default = "" if self.default is None else f", default={self.default!r}"
        return f"Choice({shown}{default}{'' if self.prior is None else f', prior={list(self.prior)!r}'})"


Member: TypeAlias = Parameter | Choice
"""What a space, or a branch of a Choice, holds by name."""


class Flat(NamedTuple):
    """Parameters without Choices, and the conditions that these have become."""

    parameters: dict[str, Parameter]
    when: dict[str, Expression]


def flatten(members: Mapping[str, Member], where: str = "the space") -> Flat:
    """Turn every Choice into a Categorical and conditional parameters.

    Raises:
        SpaceError: a name is empty or stands twice, or something is no parameter.
    """
    flat = Flat({}, {})
    for name, member in members.items():
        if not is_name(name):
            raise SpaceError(
                f'A parameter needs a name, got {show(name)} in {where}. Write for example {{"lr": Float(1e-5, 1e-1, log=True)}}.'
            )
        if isinstance(member, Choice):
            _add(flat, name, member.categorical(), where)
            for branch, inner in member.branches.items():
                below = flatten(inner, f"branch {show(branch)} of {show(name)}")
                for short, parameter in below.parameters.items():
                    chosen: Expression = Compare("==", Name(name), Literal(branch))
                    if short in below.when:
                        chosen = Both(chosen, _renamed(below.when[short], f"{branch}."))
                    _add(flat, f"{branch}.{short}", parameter, f"branch {show(branch)} of {show(name)}")
                    flat.when[f"{branch}.{short}"] = chosen
        elif isinstance(member, Parameter):
            _add(flat, name, member, where)
        else:
            raise SpaceError(
                f"{show(name)} in {where} is {show(member)} ({type(member).__name__}), which is no parameter. "
                "Use Float, Int, Categorical, Ordinal, Bool or Choice."
            )
    return flat


def _add(flat: Flat, name: str, parameter: Parameter, where: str) -> None:
    if name in flat.parameters:
        raise SpaceError(f"The name {show(name)}, from {where}, stands twice in the space. Rename the branch or the parameter.")
    flat.parameters[name] = parameter


def _renamed(expression: Expression, prefix: str) -> Expression:
    """The same condition with every name behind a prefix. Flattening makes only `name == branch` and conjunctions of them."""
    if isinstance(expression, Both):
        return Both(_renamed(expression.left, prefix), _renamed(expression.right, prefix))
    assert isinstance(expression, Compare)
    assert isinstance(expression.left, Name)
    return Compare("==", Name(prefix + expression.left.name), expression.right)
