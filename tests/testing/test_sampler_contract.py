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


class WantsTheBest(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return history.best.params


class Divides(Random):
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return {"x": 1 / len(history)}


class Silent(Random):
    """Does not say with which share."""

    def __init__(self, share: float = 0.5) -> None:
        self._share = share


class SilentStill(Random):
    def __init__(self, share: float) -> None:
        self.half = share / 2


class Says(Random):
    def __init__(self, share: float, other: int = 3) -> None:
        self.share = share
        self.other = other

    def __repr__(self) -> str:
        return f"Says({self.share!r})"


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
    (WantsTheBest, r"WantsTheBest\(\) on 'sphere' after 0 trials: asked for a result where there is none"),
    (Divides, r"Divides\(\) on 'sphere' after 0 trials: propose raised ZeroDivisionError"),
]


@pytest.mark.parametrize(("kind", "what"), BREACHES, ids=[kind.__name__ for kind, _ in BREACHES])
def test_a_breach_is_named(kind: type[Sampler], what: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){what}"):
        check_sampler(kind(), on=PROBLEMS)


@pytest.mark.parametrize("sampler", [Silent(0.7), SilentStill(0.7), Says(0.7, 4)], ids=lambda each: type(each).__name__)
def test_arguments_that_the_repr_does_not_say_are_named(sampler: Sampler) -> None:
    with pytest.raises(AssertionError, match=r"the argument (share|other) does not stand in its repr"):
        check_sampler(sampler, on=PROBLEMS)


@pytest.mark.parametrize("sampler", [Silent(), Says(0.7), Says(1)], ids=repr)
def test_arguments_that_it_says_or_that_are_the_default_are_no_breach(sampler: Sampler) -> None:
    check_sampler(sampler, on=PROBLEMS[:1])


def test_a_sampler_that_keeps_it_passes() -> None:
    check_sampler(Random(), on=PROBLEMS)
