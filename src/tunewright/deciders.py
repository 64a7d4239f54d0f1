"""Who proposes, and who decides on effort, in one process's part in a study.

What was said holds. Else a study goes on as the process that worked on it last did, whose sampler and scheduler the journal names
(`Opened`), or, where nobody has worked on it yet, with what it was created with (`Header`), so that the same study is not searched in one way by who begins it and in another by who goes on. Tunewright's own are made
anew from that; somebody else's cannot be, since running code that a journal names would be to trust whoever can write into it. Then, and in a
new study, it is `Auto` and `Once`.
"""

import copy
import warnings
from typing import Any

from tunewright import samplers
from tunewright.deciding import recorded
from tunewright.events import Warned, called, class_called
from tunewright.history import History
from tunewright.journal import Journal
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Scheduler
from tunewright.schedulers.once import Once
from tunewright.storage.records import Header

__all__ = ["Deciders", "as_said", "last_sampler", "last_scheduler"]


def as_said(sampler: Sampler | None, scheduler: Scheduler | None, repeats: bool | None) -> dict[str, Any]:
    """What was said of who proposes and who decides, as fields of a `Header`; None: nothing was."""
    names = {name: called(who) for name, who in (("sampler", sampler), ("scheduler", scheduler)) if who is not None}
    return names if repeats is None else {**names, "repeats": repeats}


def last_sampler(history: History, header: Header) -> tuple[Sampler | None, str]:
    """The sampler of the process that worked on a study last; of who created it, where nobody has worked on it.

    Args:
        history, header: of the study.

    Returns:
        Itself, made anew with its arguments, and what the journal calls it. None: it is nobody's that can be made anew; an empty text:
        the journal does not say.
    """
    found, name = _last(history, header, "sampler")
    return (found if isinstance(found, Sampler) else None), name


def last_scheduler(history: History, header: Header) -> tuple[Scheduler | None, str]:
    """The scheduler of the process that worked on a study last; as `last_sampler`."""
    found, name = _last(history, header, "scheduler")
    return (found if isinstance(found, Scheduler) else None), name


def _last(history: History, header: Header, what: str) -> tuple[object, str]:
    name: str = getattr(history.sessions[-1].event if history.sessions else header, what, "")
    return copy.deepcopy(recorded(name)) if name else None, name  # a sampler keeps caches, which studies must not share


class Deciders:
    """Who proposes and who decides on effort: as was said, as the last process had it, or by default.

    Args:
        journal: of the study.
        sampler, scheduler: as was said; None: nobody said.
        repeats: likewise, whether the same configuration of a finite space may be proposed twice.
    """

    def __init__(self, journal: Journal, sampler: Sampler | None, scheduler: Scheduler | None, *, repeats: bool | None) -> None:
        self.journal = journal
        self._sampler = sampler
        self._scheduler = scheduler
        self._repeats = repeats
        self._lost: dict[str, str] = {}
        self._beside: Scheduler | None = None
        """For whom it was looked whether it disturbs a population, or is disturbed."""

    @property
    def sampler(self) -> Sampler:
        """Who proposes."""
        if self._sampler is None:  # made when it is needed: whoever only looks at a study need not wait for SciPy
            found, name = last_sampler(self.journal.history, self.journal.record.header)
            self._sampler = samplers.Auto() if found is None else found
            self._note("sampler", name, found, self._sampler)
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._lost.pop("sampler", None)

    @property
    def scheduler(self) -> Scheduler:
        """Who decides on effort."""
        if self._scheduler is None:
            found, name = last_scheduler(self.journal.history, self.journal.record.header)
            self._scheduler = Once() if found is None else found
            self._note("scheduler", name, found, self._scheduler)
        return self._scheduler

    @scheduler.setter
    def scheduler(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lost.pop("scheduler", None)

    @property
    def repeats(self) -> bool:
        """Whether the same configuration of a finite space may be proposed twice."""
        if self._repeats is None:
            sessions, header = self.journal.history.sessions, self.journal.record.header
            self._repeats = bool(getattr(sessions[-1].event if sessions else header, "repeats", False))
        return self._repeats

    @property
    def chosen(self) -> tuple[Sampler | None, Scheduler | None, bool | None]:
        """Who proposes, who decides, and whether configurations may repeat, if that was said or needed yet."""
        return self._sampler, self._scheduler, self._repeats

    def _note(self, what: str, name: str, found: object, now: object) -> None:
        if name and found is None:
            self._lost[what] = (
                f"The study's last {what}, {name}, is none of Tunewright's, so it cannot be made anew from the journal: from here on it is "
                f"{now!r}. Give yours as {what}=, or this one, to go on without this warning."
            )

    def warn_of_strangers(self, stacklevel: int) -> None:
        """Warn, once, where somebody else's sampler or scheduler cannot be gone on with, or goes on beside what it disturbs; to be called before
        the first is asked.
        """
        if self._sampler is None or self._scheduler is None or self._lost:
            _ = self.sampler, self.scheduler
            for text in self._lost.values():
                warnings.warn(text, stacklevel=stacklevel + 1)
            self._lost.clear()
        if self._beside is not self.scheduler:
            self._beside = self.scheduler
            if text := self._rivals():
                self.journal.write(-1, Warned(text))
                warnings.warn(text, stacklevel=stacklevel + 1)

    def _rivals(self) -> str:
        """What to say if another process is at work now, and one of the two trains a population and the other shares no study with one."""
        mine = called(self.scheduler)
        for worker, theirs in self.journal.at_work().items():
            kinds = {class_called(mine), class_called(theirs)} - {"Once"}  # which gives no more to what it did not begin
            if len(kinds) > 1 and "PBT" in kinds:
                return (
                    f"Worker {worker} is at work on this study with {theirs}, and this process begins with {mine}: a population takes what another "
                    "scheduler does for its end, and begins anew. End one of the two, or go on with the same scheduler, or in a study of another name."
                )
        return ""
