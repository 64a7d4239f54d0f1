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


def spares(pace: Pace, workers: int) -> int:
    """How many tasks should wait: one, and twice as many as will be taken up while the next one is asked for."""
    if workers == 1 or pace.asked is None or pace.asked <= min(_LONG, _WORTH * (pace.usual or math.inf)):
        return 0
    if not pace.usual:  # the first tasks are still at work
        return 2
    return min(workers, 1 + round(2 * workers * pace.asked / pace.usual))
