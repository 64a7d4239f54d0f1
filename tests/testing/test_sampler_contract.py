"""Each breach of the contract is found, and said in words."""

import random
from typing import cast

import numpy as np
import pytest

from tunewright.errors import SpaceExhausted
from tunewright.history import History
from tunewright.samplers import Random, Sampler
from tunewright.space import SearchSpace
from tunewright.testing import check_sampler
from tunewright.testing.problems import branin, conditional, ordinal, sphere, steps
from tunewright.typing import Params

PROBLEMS = [sphere(), conditional(), steps(), ordinal(), branin()]


class Invalid(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return {**super().propose(space, history, rng), "surprise": 1}


class NotCanonical(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return dict(reversed(super().propose(space, history, rng).items()))


class NumpyScalars(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        params = super().propose(space, history, rng)
        return cast("Params", {name: np.float64(value) if isinstance(value, float) else value for name, value in params.items()})


class OwnStream(Random):
    def __init__(self) -> None:
        self.own = np.random.default_rng(0)

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return space.sample(self.own)


class GlobalPython(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return space.sample(np.random.default_rng(random.getrandbits(30)))


class GlobalNumpy(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return space.sample(np.random.default_rng(int(np.random.randint(1 << 30))))  # noqa: NPY002  the breach itself


class Changes(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        history.position += 1
        return super().propose(space, history, rng)


class Counter(Random):
    """Remembers what the history does not say: how many studies it has served."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        self._known.add(len(history))
        return space.sample(np.random.default_rng([max(self._known), int(rng.integers(1 << 30))]))


class Address(Random):
    __repr__ = object.__repr__


class ReprOfUse(Random):
    def __init__(self) -> None:
        self.uses = 0

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        self.uses += 1
        return super().propose(space, history, rng)

    def __repr__(self) -> str:
        return f"ReprOfUse(uses={self.uses})"


class Label(Random):
    label = "My Sampler"


class Unpicklable(Random):
    def __init__(self) -> None:
        self.hook = lambda: None


class Speechless(Sampler):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        raise SpaceExhausted


class FailsOnFailures(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        assert np.isfinite(history.losses).all(), "never seen a failed trial"
        return super().propose(space, history, rng)


BREACHES = [
    (Invalid, "which the space refuses.*surprise"),
    (NotCanonical, "canonical form"),
    (NumpyScalars, "canonical form"),
    (OwnStream, "asked twice with the same history"),
    (GlobalPython, "global random stream"),
    (GlobalNumpy, "global random stream"),
    (Changes, "changed the history"),
    (Counter, "a fresh instance proposes"),
    (Address, "not an address"),
    (ReprOfUse, "repr or label changed by use"),
    (Label, "lower-case name"),
    (Unpicklable, "does not pickle"),
    (Speechless, "SpaceExhausted without a message"),
    (FailsOnFailures, "never seen a failed trial"),
]


@pytest.mark.parametrize(("kind", "what"), BREACHES, ids=[kind.__name__ for kind, _ in BREACHES])
def test_a_breach_is_named(kind: type[Sampler], what: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){what}"):
        check_sampler(kind(), on=PROBLEMS)


def test_a_sampler_that_keeps_it_passes() -> None:
    check_sampler(Random(), on=PROBLEMS)
