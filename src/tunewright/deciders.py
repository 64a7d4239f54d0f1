"""Who proposes, and who decides on effort, in one process's part in a study.

What was said holds. Else a study goes on as the process that worked on it last did, whose sampler and scheduler the journal names
(`Opened`), so that the same study is not searched in one way by who begins it and in another by who goes on. Tunewright's own are made
anew from that; somebody else's cannot be, since running code that a journal names would be to trust whoever can write into it. Then, and in a
new study, it is `Auto` and `Once`.
"""

import copy
import warnings

from tunewright import samplers
from tunewright.deciding import recorded
from tunewright.history import History
from tunewright.journal import Journal
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Scheduler
from tunewright.schedulers.once import Once

__all__ = ["Deciders", "last_sampler", "last_scheduler"]


def last_sampler(history: History) -> tuple[Sampler | None, str]:
    """The sampler of the process that worked on a study last.

    Args:
        history: of the study.

    Returns:
        Itself, made anew with its arguments, and what the journal calls it. None: it is nobody's that can be made anew; an empty text:
        the journal does not say.
    """
    found, said = _last(history, "sampler")
    return (found if isinstance(found, Sampler) else None), said


def last_scheduler(history: History) -> tuple[Scheduler | None, str]:
    """The scheduler of the process that worked on a study last; as `last_sampler`."""
    found, said = _last(history, "scheduler")
    return (found if isinstance(found, Scheduler) else None), said


def _last(history: History, what: str) -> tuple[object, str]:
    said: str = getattr(history.sessions[-1].event, what, "") if history.sessions else ""
    return copy.deepcopy(recorded(said)) if said else None, said  # a sampler keeps caches, which studies must not share


class Deciders:
    """Who proposes and who decides on effort: as was said, as the last process had it, or by default.

    Args:
        journal: of the study.
        sampler, scheduler: as was said; None: nobody said.
    """

    def __init__(self, journal: Journal, sampler: Sampler | None, scheduler: Scheduler | None) -> None:
        self.journal = journal
        self._sampler = sampler
        self._scheduler = scheduler
        self._lost: dict[str, str] = {}

    @property
    def sampler(self) -> Sampler:
        """Who proposes."""
        if self._sampler is None:  # made when it is needed: whoever only looks at a study need not wait for SciPy
            found, said = last_sampler(self.journal.history)
            self._sampler = samplers.Auto() if found is None else found
            self._note("sampler", said, found, self._sampler)
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._lost.pop("sampler", None)

    @property
    def scheduler(self) -> Scheduler:
        """Who decides on effort."""
        if self._scheduler is None:
            found, said = last_scheduler(self.journal.history)
            self._scheduler = Once() if found is None else found
            self._note("scheduler", said, found, self._scheduler)
        return self._scheduler

    @scheduler.setter
    def scheduler(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lost.pop("scheduler", None)

    @property
    def chosen(self) -> tuple[Sampler | None, Scheduler | None]:
        """Who proposes and who decides, if that was said or needed yet."""
        return self._sampler, self._scheduler

    def _note(self, what: str, said: str, found: object, now: object) -> None:
        if said and found is None:
            self._lost[what] = (
                f"The study's last {what}, {said}, is none of Tunewright's, so it cannot be made anew from the journal: from here on it is "
                f"{now!r}. Give yours as {what}=, or this one, to go on without this warning."
            )

    def warn_of_strangers(self, stacklevel: int) -> None:
        """Warn, once, where somebody else's sampler or scheduler cannot be gone on with; to be called before the first is asked."""
        if self._sampler is None or self._scheduler is None or self._lost:
            _ = self.sampler, self.scheduler
            for text in self._lost.values():
                warnings.warn(text, stacklevel=stacklevel + 1)
            self._lost.clear()
