"""An evolutionary algorithm on mixed and conditional configurations, for one objective or several.

The population is the best `population` of all trials so far: a steady state, in which a child takes the place of the worst as
soon as it is better, (mu + 1) in the classical notation [1]. It needs no generations, so parallel workers never wait, and it is
a pure function of the history. "Best" is (`models/ranking.py`) bounds first, then non-dominated rank as in NSGA-II [2], then
the hypervolume that a trial adds, so that several objectives spread along their front; with one objective it is simply the loss.

A child is made in three steps.

1. *Selection*: two parents, each the better of two drawn from the population.
2. *Crossover*, for nine children in ten. Every choice comes from one of the two, with even odds. A number that both have lies
   around them as simulated binary crossover [3] has it,

       x = ((1 + s β) a + (1 - s β) b) / 2,    β = (2u)^(1/(η+1)) for u < 1/2, else (2 - 2u)^(-1/(η+1)),    s = ±1

   so that the step is as large as the parents are apart and shrinks by itself. What only one of them has, because the other stands
   in another branch, comes from that one: activity is inherited with its branch. What neither has is drawn from its prior.
3. *Mutation*: each active parameter with probability 1/d, at least one. A choice becomes another one; a number moves by a normal
   step of a scale between 1/2 and 1/2000 of its range, uniformly distributed in the logarithm, and at least to the next value: a heavy
   tail, so that no step length must be known beforehand [4].

Then inactive parameters are left out. A child that violates a constraint, or that was tried before, is made anew, a bounded number of
times.

[1] Syswerda, A Study of Reproduction in Generational and Steady-State Genetic Algorithms, 1991. [2] Deb et al., NSGA-II, IEEE Trans.
Evol. Comp. 6, 2002. [3] Deb and Agrawal, Simulated Binary Crossover for Continuous Search Space, Complex Systems 9, 1995, with
η = 5. [4] Doerr et al., Fast Genetic Algorithms, GECCO 2017, for bit strings; here for lengths.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import RUNNING, History
from tunewright.models.ranking import Ranking
from tunewright.samplers.base import Sampler
from tunewright.samplers.sequence import Opening
from tunewright.space import Bool, Categorical, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["Evolution"]

_FOR_EACH: Final = 10
_CROSSOVER: Final = 0.9
_ETA: Final = 5.0
_SCALES: Final = (0.5, 5e-4)
_BROOD: Final = 16
_BROODS: Final = 4


class Evolution(Sampler):
    """Breeds configurations from the best ones.

    Args:
        population: how many trials may be parents; as many are asked first, the default and a Sobol sequence. Default: ten for each
            objective.

    Raises:
        StudyError: `population` is not an integer of at least 2.
    """

    def __init__(self, *, population: int | None = None) -> None:
        whole = isinstance(population, int | np.integer) and not isinstance(population, bool)
        if population is not None and not (whole and population >= 2):
            raise StudyError(f"Evolution: population must be None or an integer of at least 2, got {population!r}.")
        self.population = None if population is None else int(population)
        self._opening = Opening()

    def __repr__(self) -> str:
        return "Evolution()" if self.population is None else f"Evolution(population={self.population})"

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """A child of the population. The first trials, and all as long as none is completed, come from the default and a Sobol sequence."""
        population = _FOR_EACH * len(history.objectives) if self.population is None else self.population
        finished = np.flatnonzero(history.usable & (history.states != RUNNING))
        parents = Ranking(history).best(finished, population) if len(finished) >= population else finished[:0]
        if not len(parents):
            return self._opening.propose(space, history, rng)
        rows = _breed(space, history.rows[parents], history, rng)
        return space.sample(rng) if rows is None else space.params(rows)


@lru_cache(maxsize=64)
def _unconditional(space: SearchSpace) -> SearchSpace:
    """The same parameters, all of them always active."""
    return SearchSpace(space.parameters) if space.when or space.constraints else space


def _breed(space: SearchSpace, parents: Array, history: History, rng: np.random.Generator) -> Array | None:
    """The first of some children that is allowed and new, else one that is allowed; None if none is."""
    fallback: Array | None = None
    for _ in range(_BROODS):
        children = _children(space, parents, rng)
        children = children[space.allowed(children)]
        for child in children:
            if not history.seen(child):
                found: Array = child
                return found
        if fallback is None and len(children):
            fallback = children[0]
    return fallback


def _children(space: SearchSpace, parents: Array, rng: np.random.Generator) -> Array:
    """Some children as raw rows. Parents are raw rows, the best first, shape (k, d)."""
    unit = space.to_unit(parents)
    drawn = rng.integers(len(parents), size=(2, 2, _BROOD)).min(axis=1)  # the better of two, twice
    first, second = unit[drawn[0]], unit[drawn[1]]
    choices = np.array([isinstance(parameter, Categorical | Bool) for parameter in space.parameters.values()])
    mixed = _cross(first, second, choices, rng)
    mixed = np.where(rng.random((_BROOD, 1)) < _CROSSOVER, mixed, first)
    fresh = _unconditional(space)
    free = fresh.to_unit(fresh.sample_rows(rng, _BROOD))
    children = space.deactivate(space.from_unit(np.where(np.isnan(mixed), free, mixed)))
    mutated = _mutate(space, children, choices, rng)
    return space.deactivate(space.from_unit(np.where(np.isnan(mutated), free, mutated)))


def _cross(first: Array, second: Array, choices: Array, rng: np.random.Generator) -> Array:
    """Parents on the unit scale, shape (n, d), NaN where inactive, to children, NaN where both are."""
    u = rng.random(first.shape)
    beta = np.where(u < 0.5, 2.0 * u, 1.0 / np.maximum(2.0 - 2.0 * u, 1e-12)) ** (1.0 / (_ETA + 1.0))
    beta *= np.where(rng.random(first.shape) < 0.5, 1.0, -1.0)
    numbers = _reflect(0.5 * ((1.0 + beta) * first + (1.0 - beta) * second))
    either = np.where(rng.random(first.shape) < 0.5, first, second)
    found = np.where(choices, either, numbers)
    found = np.where(np.isnan(first), second, found)
    return np.where(np.isnan(second), first, found)


def _mutate(space: SearchSpace, rows: Array, choices: Array, rng: np.random.Generator) -> Array:
    """Raw rows to unit numbers, some of them moved."""
    unit = space.to_unit(rows)
    active = ~np.isnan(unit)
    n, d = unit.shape
    sizes = np.array([parameter.size for parameter in space.parameters.values()], np.float64)
    chosen = active & (sizes > 1) & (rng.random((n, d)) < 1.0 / np.maximum(active.sum(axis=1, keepdims=True), 1))
    forced = np.argmax(np.where(active & (sizes > 1), rng.random((n, d)), -1.0), axis=1)
    chosen[np.arange(n), forced] |= ~chosen.any(axis=1)
    coarse, fine = np.log(_SCALES)
    step = rng.standard_normal((n, d)) * np.exp(coarse + (fine - coarse) * rng.random((n, d)))
    cell = 1.0 / sizes  # 0 for real numbers
    others = np.where(choices, sizes - 1, 0.0)
    step = np.where(np.abs(step) < cell, np.copysign(cell, step), step)
    step = np.where((unit + step < 0.0) | (unit + step > 1.0), -step, step)
    other = (unit + cell * (1.0 + np.floor(rng.random((n, d)) * others))) % 1.0
    moved = np.where(choices, other, _reflect(unit + step))
    return np.where(chosen, moved, unit)


def _reflect(x: Array) -> Array:
    """Numbers folded back into [0, 1] at its ends."""
    folded: Array = 1.0 - np.abs(1.0 - np.abs(x) % 2.0)
    return folded
