"""Random search: independent draws from the priors of the parameters, uniform where none is given.

Hard to beat by a grid when only a few of many parameters matter, since each draw tries a new value of every one of them [1].

[1] Bergstra and Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.
"""

import numpy as np

from tunewright.history import History
from tunewright.samplers.base import Sampler
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["Random"]


class Random(Sampler):
    """Draws each configuration independently of all others."""

    learns = False

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:  # noqa: ARG002  the contract gives more than is used here
        """Draw one configuration; conditions and constraints hold."""
        return space.sample(rng)
