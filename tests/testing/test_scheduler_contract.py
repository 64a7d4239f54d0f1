"""Each breach of the contract is found, and said in words."""

import random
from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np
import pytest

from tunewright.history import History
from tunewright.schedulers import PBT, Clone, Decision, Done, Once, Resume, Scheduler, Start, Wait
from tunewright.space import SearchSpace
from tunewright.testing import check_scheduler


class AlwaysWaits(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Wait()


class Forgets(Once):
    """Promises two tasks and sends one."""

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Start(plan=2)


class ResumesNobody(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Resume(len(history))


class ResumesTheFailed(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Resume(0) if history.failed else Start()


class ResumesForEver(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Resume(0) if len(history) else Start()


class WantsTheBest(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Start(seed=history.best.number)


class Promises(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Start(plan=0)


class NoBudget(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return Start(budget=float("inf"))


class Mumbles(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        return None  # type: ignore[return-value]


class Counts(Once):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        self.calls += 1
        return Start(seed=self.calls)


class OwnCache(Once):
    """Remembers the longest history that it has met."""

    def __init__(self) -> None:
        super().__init__()
        self._longest = 0

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        self._longest = max(self._longest, history.position)
        return Start(seed=self._longest)


class Global(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        random.random()
        return super().decide(space, history, rng)


class Changes(Once):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        history.position += 1
        return super().decide(space, history, rng)


class Address(Once):
    __repr__ = object.__repr__


class Unpicklable(Once):
    def __init__(self) -> None:
        super().__init__()
        self.hook = lambda: None


class KeepsNothing(PBT):
    def keeps(self, history: History) -> float | None:
        return None


class ClonesNobody(PBT):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        found = super().decide(space, history, rng)
        return msgspec.structs.replace(found, trial=99) if isinstance(found, Clone) else found


class ClonesTooEarly(PBT):
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        found = super().decide(space, history, rng)
        return msgspec.structs.replace(found, since=0.5) if isinstance(found, Clone) else found


BREACHES = [
    (AlwaysWaits, "would wait for ever"),
    (Forgets, "never finished.*1 of 2 tasks sent"),
    (ResumesNobody, "there are trials"),
    (ResumesTheFailed, "that trial failed"),
    (ResumesForEver, r"no new trial begins in 500 steps: trial 0 was promised 1 tasks and was sent \d+"),
    (WantsTheBest, "after 0 trials, position 0: decide raised NoResult"),
    (Promises, "promises no task"),
    (NoBudget, "budget must be"),
    (Mumbles, "Answer Start, Resume, Clone, Wait or Done"),
    (Counts, "asked twice"),
    (OwnCache, "a fresh instance decides"),
    (Global, "global random stream"),
    (Changes, "changed the history"),
    (Address, "not an address"),
    (Unpicklable, "does not pickle"),
    (partial(KeepsNothing, 1, 5, population=6), "checkpoints below inf are let go"),
    (partial(ClonesNobody, 1, 5, population=6), "there are trials 0 to"),
    (partial(ClonesTooEarly, 1, 5, population=6), "has finished nothing with that budget"),
]


@pytest.mark.parametrize(("kind", "what"), BREACHES, ids=[what for _, what in BREACHES])
def test_a_breach_is_named(kind: Callable[[], Scheduler], what: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){what}"):
        check_scheduler(kind())


def test_a_scheduler_that_ends_passes() -> None:
    class Ten(Once):
        def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
            decision = super().decide(space, history, rng)
            return Done() if isinstance(decision, Start) and len(history) >= 10 else decision

    check_scheduler(_picklable(Ten))


def _picklable(kind: type[Scheduler]) -> Scheduler:
    globals()[kind.__name__] = kind
    kind.__qualname__ = kind.__name__
    return kind()
