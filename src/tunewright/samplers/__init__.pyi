from tunewright.samplers.base import Sampler, propose_new
from tunewright.samplers.grid import Grid
from tunewright.samplers.manual import Manual
from tunewright.samplers.quasi_random import QuasiRandom
from tunewright.samplers.random import Random

__all__ = ["Grid", "Manual", "QuasiRandom", "Random", "Sampler", "propose_new"]
