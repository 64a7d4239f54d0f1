"""Which of a trial's checkpoints stays: the newest, and where trials are cloned, those from which a clone may still go on.

A clone goes on from its parent's checkpoint as it was at some budget, and the parent may have gone on since. So the newest checkpoint of each
budget stays as long as somebody may be cloned there; the scheduler says from which budget on that is (`Task.keep`).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["NO_MARK", "Mark", "dispensable", "newest"]


class Mark(NamedTuple):
    """What is written down with a checkpoint.

    Attributes:
        steps: how many yields it holds; 0: not said.
        budget: of the task that saves it; None: not said.
        keep: as for `Task`.
    """

    steps: int = 0
    budget: float | None = None
    keep: float | None = None


NO_MARK: Final = Mark()
"""Nothing is said."""


def newest(budgets: Mapping[int, float | None], since: float | None = None) -> int | None:
    """Which checkpoint is the newest of tasks with at most the budget `since` (None: of all); None: there is none.

    Args:
        budgets: of the complete checkpoints by number; None: not said.
        since: a budget.
    """
    fitting = [number for number, budget in budgets.items() if since is None or (budget is not None and budget <= since)]
    return max(fitting, default=None)


def dispensable(budgets: Mapping[int, float | None], mark: Mark) -> list[int]:
    """Which checkpoints may go when a further one has been saved with this mark; `budgets` as for `newest`, of those before it.

    The newest of each budget from `keep` up stays, and the newest at or below `keep`.
    """
    if mark.keep is None or mark.budget is None:
        return list(budgets)
    lower = {number: budget for number, budget in budgets.items() if budget is not None and budget < mark.budget}
    wanted = [mark.keep, *(budget for budget in lower.values() if budget > mark.keep)]
    kept = {newest(lower, budget) for budget in wanted}
    return [number for number in budgets if number not in kept]
