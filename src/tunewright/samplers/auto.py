"""The sampler for those who do not want to choose one.

Three samplers share the work. A Gaussian process makes the most of each trial, but thinks for some 30 milliseconds at ten trials
and a third of a second at six hundred; TPE learns less and answers in milliseconds, however many trials there are; a Sobol sequence
learns nothing and costs nothing. So the process proposes as long as its thinking costs less than a tenth of what a trial costs, and
all workers get their proposals in time, up to 1,000 trials; else TPE, by the same rule; else the sequence. Some ten seconds are
free, for which the process thinks about 150 trials (100 with two metrics, 75 with three), or TPE about 2,000 (400 with several
objectives): who tries a function that costs nothing wants to see it searched well. Before there is anything to learn from, the space's default comes first, then the sequence.
Where trials are judged with different budgets, TPE takes what is good at the lowest for good, and comes no further than chance
(docs/search-benchmark.md); there the process, to which the budget is one more coordinate, is asked up to 5,000 trials, and else the sequence.
Who proposes now is what the last note in the journal says, and the process comes back only when it is clearly cheap enough.

The costs of thinking are fixed figures (`benchmarks/search` prints them anew), not measured while searching: a choice that hung on the
clock could not be made again by a replay. What trials cost is read from the journal, so a replay makes the same choices; a rerun,
whose trials may take a little longer or shorter, may choose otherwise near a border. Who needs bit-identical reruns names a sampler.
"""

import math
from typing import Final

import numpy as np

from tunewright.history import COMPLETED, FAILED, History
from tunewright.samplers.base import Sampler
from tunewright.samplers.gp import EACH, GP
from tunewright.samplers.quasi_random import QuasiRandom
from tunewright.samplers.tpe import TPE
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["Auto"]

_SHARE: Final = 0.1
"""Of a trial's time, that a proposal may cost."""

_BUSY: Final = 0.8
"""Of the time that all workers together leave between two proposals, that one may take: else workers would wait for it."""

_MOST: Final = 1000
"""Trials up to which the Gaussian process is asked."""
_MOST_UNEVEN: Final = 5000
"""The same, where budgets differ: most of the trials are small."""

_FREE_GP: Final = 150
_FREE_TPE: Final = 2000
"""Trials for which each may think whatever a trial costs, if nobody waits for it."""

_AGAIN: Final = 2.0
"""How many times cheaper than allowed the process must be to come back, since tasks that wait for it count as at work: a choice that went to
and fro would keep workers waiting each time."""

_NAMES: Final[dict[type[Sampler], str]] = {GP: "a Gaussian process", TPE: "TPE", QuasiRandom: "a Sobol sequence"}
_NOTE: Final = "Auto: from here "
_RECENT: Final = 20
_FIRST: Final = 10
_TPE_SECONDS: Final = 0.006
_SEVERAL: Final = 5.0
"""So many times as long TPE thinks with several objectives: 13 to 48 ms at 1,000 trials, with two to five."""


class Auto(Sampler):
    """Proposes by a Gaussian process, TPE or a Sobol sequence, whichever the trials so far, their cost and the workers allow.

    When it chooses another one of them it notes in the journal which, and why.
    """

    def __init__(self) -> None:
        self._gp, self._tpe, self._sequence = GP(), TPE(), QuasiRandom()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """What the chosen sampler proposes."""
        chosen = self.choose(history)
        params = chosen.propose(space, history, rng)
        self.remarks, self.notes = chosen.remarks, ()
        if history.finished >= _FIRST and _NAMES[type(chosen)] != _present(history):  # told once, whoever asked then
            self.notes = (f"{_NOTE}{self.explain(history)}.",)
        return params

    def choose(self, history: History) -> Sampler:
        """Who proposes next."""
        n = history.finished
        if n < _FIRST:
            return self._gp  # which begins with the default and the sequence
        margin = 1.0 if _present(history) in ("", _NAMES[GP]) else _AGAIN
        uneven = history.uneven
        if n <= (_MOST_UNEVEN if uneven else _MOST) and margin * _gp_seconds(
            n, len(history.metrics), refit=n <= EACH or not history.single
        ) <= _allowance(history, 2 * _FREE_GP // (1 + len(history.metrics))):
            return self._gp
        longer = _SEVERAL if len(history.objectives) > 1 else 1.0
        dear = _allowance(history, int(_FREE_TPE / longer)) < _TPE_SECONDS * longer
        return self._sequence if uneven or dear else self._tpe

    def explain(self, history: History) -> str:
        """Who proposes next, and why, in one sentence."""
        if history.finished < _FIRST:
            return "the default, then a Sobol sequence; from 10 trials on a Gaussian process"
        why = f"{_NAMES[type(self.choose(history))]}, since {history.finished:,} trials are there and one takes about {_usual(history):.2g} s"
        return f"{why}, with {history.running} more at work" if history.running else why

    def __reduce__(self) -> tuple[type["Auto"], tuple[()]]:
        return Auto, ()


def _present(history: History) -> str:
    """Who has been proposing, by the last note in the journal; empty before the first one."""
    told = (str(getattr(entry.event, "text", "")) for entry in reversed(history.comments))
    return next((text.removeprefix(_NOTE).split(",")[0] for text in told if text.startswith(_NOTE)), "")


def _allowance(history: History, free: int) -> float:
    """Seconds that a proposal may take; up to `free` trials only the other workers must not wait."""
    workers = history.running + 1
    waiting = _BUSY / workers if workers > 1 else math.inf
    share = math.inf if history.finished <= free else _SHARE
    return math.inf if min(waiting, share) == math.inf else _usual(history) * min(waiting, share)


def _usual(history: History) -> float:
    """Seconds that a trial took of late."""
    ended = np.flatnonzero((history.states == COMPLETED) | (history.states == FAILED))
    return float(np.median(history.seconds[ended[-_RECENT:]]))


def _gp_seconds(n: int, metrics: int, *, refit: bool) -> float:
    """What a proposal of the Gaussian process costs with n trials behind it; a further fold of an old one makes it fit anew each time.
    Each objective and each bounded metric has a process of its own.
    """
    return metrics * (0.03 + 4e-4 * min(n, 600) + (0.005 + 3e-4 * min(n, 200) if refit else 0.0))
