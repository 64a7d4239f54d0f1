"""Tuning by hand: a person thinks, the study keeps the record.

What is enqueued is taken up before any sampler is asked. So a sampler that proposes nothing makes a study in which every trial
is a person's own.
"""

import numpy as np

from tunewright.errors import SpaceExhausted
from tunewright.history import History
from tunewright.samplers.base import Sampler
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["Manual"]


class Manual(Sampler):
    """Proposes nothing: only what was enqueued is tried."""

    learns = False

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:  # noqa: ARG002  the contract gives more than is used here
        """Never proposes.

        Raises:
            SpaceExhausted: always; nothing enqueued is left when a sampler is asked.
        """
        raise SpaceExhausted(
            "Nothing is enqueued, and the manual sampler proposes nothing of its own. Enqueue what you want to try, "
            "study.enqueue({...}), then study.ask() and study.tell(...), or study.optimize(...); or choose another sampler."
        )
