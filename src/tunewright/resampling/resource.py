"""What a scheduler's budget is of: training rows, or a parameter of the estimator.

A configuration that is bad on a tenth of the rows is seldom good on all of them, and a tenth costs a tenth or less. So successive halving
begins with few training rows (or trees, or iterations), and only the best get more. The test rows of a fold stay whole: what is saved is
fitting, and scores of small budgets are not noisier than they must be.

The rows of a smaller budget are among those of a larger one, and of classes each has its share, the rare ones at least one row.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from tunewright.arguments import whole
from tunewright.catalog.own import heeded_names, own_values
from tunewright.errors import StudyError
from tunewright.space import SearchSpace
from tunewright.typing import Indices

__all__ = ["NOT_BOTH", "ROWS", "Resource", "part_of", "resource_for", "resource_of"]

ROWS: Final = "n_samples"
NOT_BOTH: Final = "racing saves folds, and resource has all of them met with little. Leave one of them out."
"""Why there is no race with a resource, wherever both were asked for."""

_RUNGS: Final = 27
"""The least budget is this part of the largest: with eta 3 there are four rungs."""
_NO_COUNTS: Final = frozenset({"n_jobs", "random_state", "verbose"})
_EACH: Final = 10
"""Rows for each class in the least budget."""
_TELLING: Final = 200
"""Rows in the least budget, if that is no more than a third: what fewer say of a configuration is mostly chance."""


class Resource(msgspec.Struct, frozen=True):
    """What a budget counts.

    Attributes:
        name: "n_samples", training rows of a fold; else a parameter of the estimator.
        low, high: the least and the largest budget. Without a budget a parameter has the largest, and rows are all.
    """

    name: str
    low: int
    high: int

    @property
    def text(self) -> str:
        """In words: what the winner has, by which it is judged."""
        return f"{self.name} up to {self.high}"

    def for_rows(self, rows: float) -> str | None:
        """Its name, where a fold has so many training rows; None: that is hardly more than the least."""
        return None if self.of_rows and self.low > 0.9 * rows else self.name

    @property
    def of_rows(self) -> bool:
        """Whether it counts rows."""
        return self.name == ROWS

    def amount(self, budget: float | None) -> int:
        """The budget as a whole number; None: the largest."""
        return self.high if budget is None else max(1, round(budget))

    def setting(self, budget: float | None) -> dict[str, Any]:
        """What the estimator is set to; {} where rows are counted."""
        return {} if self.of_rows else {self.name: self.amount(budget)}

    def check_free(self, names: Sequence[str] | Mapping[str, Any]) -> None:
        """Raise a StudyError where one of these parameters, which are searched, is what the budget counts."""
        if self.name in names:
            raise StudyError(
                f'"{self.name}" is searched, and it is what the budget counts as well. Take it out of the space, or leave resource= out.'
            )

    def check_whole(self, rows: int) -> None:
        """Raise a StudyError where folds of so many training rows were judged by fewer of them."""
        if self.of_rows and self.high < rows:
            raise StudyError(f"The folds judge by {self.text}, so they do not tell what all rows bring. Leave all_rows= out.")

    def left_out(self, space: SearchSpace) -> SearchSpace:
        """A space of the catalogue without the parameter that the budget counts."""
        if self.name not in space.parameters or len(space) == 1:
            return space
        parameters = {name: each for name, each in space.parameters.items() if name != self.name}
        when = {name: each for name, each in space.when.items() if name != self.name and self.name not in each.names}
        return SearchSpace(parameters, when=when, constraints=[each for each in space.constraints if self.name not in each.names])


def resource_for(
    estimator: Any,  # noqa: ANN401  scikit-learn ships no types
    name: str | None,
    budgets: Sequence[float | None] | None,
    *,
    sizes: Sequence[int],
    classes: int,
) -> Resource | None:
    """`resource_of` for an estimator, or for a function that makes one; a parameter by the name that the estimator heeds."""
    params = own_values(estimator).values if hasattr(estimator, "get_params") else None
    heard = name if params is None or name is None or name == ROWS else heeded_names(estimator, [name])[name]
    return resource_of(heard, budgets, sizes=sizes, classes=classes, params=params)


def resource_of(
    name: str | None,
    budgets: Sequence[float | None] | None,
    *,
    sizes: Sequence[int],
    classes: int,
    params: Mapping[str, Any] | None,
) -> Resource | None:
    """The resource of that name; None: there is none.

    Args:
        name: "n_samples", or a parameter.
        budgets: the least and the largest, whole numbers. None for the least: a 27th of the largest; of rows at least ten for each class, and 200
            if these are no more than a third. None for the largest: of rows all that the largest training part has; more rows than that are all
            of them.
        sizes: training rows of each fold.
        classes: how many there are; 0: the target is a number, or there is none.
        params: of the estimator; None: it is not known before the trial is.

    Raises:
        StudyError: there is no such parameter, or the budgets cannot be used.
    """
    if name is None and budgets is not None:
        raise StudyError(
            f'How much is said, {budgets!r}, and not of what. Say resource="n_samples", or a parameter of the estimator.'
        )
    if budgets is not None and (not isinstance(budgets, Sequence) or len(budgets) != 2):
        raise StudyError(f"budgets must be two numbers, the least and the largest, got {budgets!r}.")
    if name is None:
        return None
    low, high = (None, None) if budgets is None else budgets
    most, rows = max(sizes), name == ROWS
    numbers = _whole_numbers(params or {})
    if not rows and name not in numbers:
        known = "a function that makes the estimator sees live.budget itself, and needs none"
        if params is not None:
            known = f"the estimator has {', '.join(numbers)}" if numbers else "the estimator has none"
        raise StudyError(
            f'resource="{name}" is no parameter of the estimator that is a whole number: {known}. "{ROWS}" counts training rows.'
        )
    if high is None and not rows:
        raise StudyError(
            f'How many "{name}" the best get at last is not known. Say the largest number, and the least if you like.'
        )
    top = whole(most if high is None else high)
    if top is not None and rows:
        top = min(top, most)
    bottom = whole(low) if low is not None or top is None else -(-top // _RUNGS)
    if top is None or bottom is None:
        raise StudyError(f"The least and the largest budget must be whole numbers, got {low!r} and {high!r}.")
    if rows and low is None:
        bottom = max(bottom, _EACH * classes, min(_TELLING, top // 3))
    if not 0 < bottom < top:
        mend = f" A fold has {most} training rows: leave resource= out, and every configuration has all of them." if rows else ""
        raise StudyError(f"Budgets must rise from above 0, and the least is {bottom}, the largest {top}.{mend}")
    return Resource(name, bottom, top)


def _whole_numbers(params: Mapping[str, Any]) -> list[str]:
    """Parameters that count something."""
    counts = [name for name, value in params.items() if isinstance(value, int) and not isinstance(value, bool)]
    return [name for name in counts if name.rsplit("__", maxsplit=1)[-1] not in _NO_COUNTS]


def part_of(train: Indices, target: Any, count: int, *, seed: Sequence[int], timed: bool) -> Indices:  # noqa: ANN401  any array
    """So many of the training rows of a fold, shape (min(count, rows),), in their order.

    Args:
        train: numbers of the rows, in their order.
        target: the classes of all rows, of which each keeps its share; None: there are none.
        count: how many.
        seed: of the drawing.
        timed: whether the rows follow one another in time: then the last ones are taken.
    """
    if count >= len(train):
        return train
    if timed:
        return train[-count:]
    rng = np.random.default_rng(list(seed))
    drawn = rng.permutation(len(train))
    if target is not None:
        ranks = np.unique(np.asarray(target)[train[drawn]], return_inverse=True)[1].reshape(-1)
        sizes = np.bincount(ranks)
        order = np.argsort(ranks, kind="stable")
        within = np.empty(len(train), int)  # the how-manieth of its class each is
        within[order] = np.arange(len(train)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        drawn = drawn[np.argsort(within / sizes[ranks], kind="stable")]
    return train[np.sort(drawn[:count])]
