"""Tasks that wait for a worker, so that no worker waits for a task.

A Gaussian process thinks for 50 to 400 milliseconds, and a commit waits for the server's disk. Who becomes free meanwhile would be idle. So where
that takes long, tasks are asked for ahead, while all workers are busy: a worker that becomes free takes up the next one at once, whatever
its coordinator does at that moment.

Such a task was asked like any other: it stands in the journal from then on, later decisions know it, and a replay makes it again. What
it lacks is the results that came while it waited, which with many workers are a few among several that are missing anyway. Only new
trials are begun ahead: whether an old one goes on may depend on what is at work just now. What has not begun when the search ends is
given back, and taken up first by whoever goes on.
"""

import math
from typing import Final

from tunewright.pace import Pace

__all__ = ["spares"]

_WORTH: Final = 0.02
"""Of a task's time: for less than that a worker waits, and gets a proposal that knows all."""
_LONG: Final = 0.04
"""Seconds for which nobody waits, however long tasks take."""
_EARLY: Final = 100
_WORTH_EARLY: Final = 0.05
"""Up to 100 trials a worker waits for longer, since proposals that know less cost more there: with four that wait, eight workers are at 50
trials where they are at 44 without (benchmarks/search/crowd.py)."""
_SELDOM: Final = 1e-3
"""How often a worker may find nothing that waits, though the coordinator keeps up."""


def spares(pace: Pace, workers: int, trials: int) -> int:
    """How many tasks should wait: as many as will be taken up while two are asked for, except once in a thousand times.

    Each worker becomes free in that time with the chance 2 × asked / usual, independently; so their number is binomial.

    Args:
        pace: what tasks and asking took of late.
        workers: how many there are.
        trials: how many are finished.
    """
    usual = pace.usual or math.inf
    patience = _WORTH_EARLY * usual if trials < _EARLY else min(_LONG, _WORTH * usual)
    if workers == 1 or pace.asked is None or pace.asked <= patience:
        return 0
    if not pace.usual:  # the first tasks are still at work
        return 2
    chance = min(1.0, 2 * pace.asked / pace.usual)
    count, more = 0, 1.0 - (1.0 - chance) ** workers
    while more > _SELDOM and count < workers:
        count += 1
        more -= math.comb(workers, count) * chance**count * (1.0 - chance) ** (workers - count)
    return max(1, count)
