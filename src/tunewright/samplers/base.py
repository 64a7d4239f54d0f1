"""Which configuration? The one question a sampler answers."""

import math
import re
from abc import ABC, abstractmethod

import numpy as np

from tunewright.errors import NoResult, ParamsError, StudyError
from tunewright.history import History
from tunewright.samplers.remainder import draw_remaining, is_repeat, size_of
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["Sampler", "propose", "propose_new"]

_OURS = "tunewright."
"""Where samplers are at home whose proposals are rows of the space, which the contract tests check: to check each would cost a tenth of an ask."""


class Sampler(ABC):
    """Proposes configurations; a pure function of what has happened.

    A whole sampler:

        class Random(Sampler):
            def propose(self, space, history, rng):
                return space.sample(rng)

    A sampler may cache what it computed, but a fresh instance must propose the same. Arguments given to its constructor belong
    into its `repr`, from which the journal knows with what a study was searched.

    Attributes:
        learns: whether proposals depend on results. Where neither the sampler nor the scheduler learns, tasks that are over in no
            time may be asked for in groups. False only if `propose` is quick and looks at nothing but what was asked.
    """

    remarks: tuple[str, ...] = ()
    """What went wrong in the last proposal, though it was made; the journal keeps each as a `Warned`."""
    notes: tuple[str, ...] = ()
    """What should be known of how the last proposal came about; the journal keeps each as a `Commented`."""
    learns: bool = True

    @abstractmethod
    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """Propose one configuration.

        Args:
            space: what may be proposed.
            history: all trials so far; those still running are among them, so that a batch does not crowd.
            rng: the only source of chance; seeded by the study's seed and the position in its journal.

        Returns:
            The active parameters by name; `space.validate` must accept it.

        Raises:
            SpaceExhausted: nothing is left to propose.
        """

    @property
    def label(self) -> str:
        """The name under which the journal records who proposed: "quasi_random" for `QuasiRandom`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def propose(sampler: Sampler, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
    """What the sampler proposes, in canonical form.

    Raises:
        SpaceExhausted: nothing is left to propose.
        ParamsError: the sampler proposed what the space does not hold.
        StudyError: the sampler asked for a result where there is none.
    """
    try:
        params = sampler.propose(space, history, rng)
    except NoResult as error:  # its mend, to run the study, is for whoever asks from outside
        raise StudyError(
            f"{sampler!r} asked for a result while it proposed trial {len(history)}, where {history.completed} trials are completed and "
            f"{history.failed} failed ({error}). Let it propose without one, for example while history.completed is 0."
        ) from error
    if type(sampler).__module__.startswith(_OURS):
        return params
    try:
        return space.validate(params)
    except ParamsError as error:
        raise ParamsError(f"{sampler!r} proposed what the space does not hold. {error}") from None


def propose_new(sampler: Sampler, space: SearchSpace, history: History, rng: np.random.Generator, *, tries: int = 20) -> Params:
    """Propose a configuration that no trial has had.

    A proposal in which something continuous is active is taken as it is. Else the sampler is asked up to `tries` times; then one of the
    configurations left is drawn, of a finite space; of another the last proposal is taken.

    Raises:
        SpaceExhausted: every configuration of the space has been tried.
        ParamsError: as `propose`.
    """
    for _ in range(tries):
        params = propose(sampler, space, history, rng)
        if not is_repeat(space, history, np.asarray(space.row(params))):
            return params
    return params if math.isinf(size_of(space)) else draw_remaining(space, history, rng)
