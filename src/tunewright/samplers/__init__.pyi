from tunewright.samplers.auto import Auto
from tunewright.samplers.base import Sampler, propose_new
from tunewright.samplers.cmaes import CMAES
from tunewright.samplers.evolution import Evolution
from tunewright.samplers.gp import GP
from tunewright.samplers.gradient import Gradient
from tunewright.samplers.grid import Grid
from tunewright.samplers.manual import Manual
from tunewright.samplers.quasi_random import QuasiRandom
from tunewright.samplers.random import Random
from tunewright.samplers.tpe import TPE

__all__ = [
    "CMAES",
    "GP",
    "TPE",
    "Auto",
    "Evolution",
    "Gradient",
    "Grid",
    "Manual",
    "QuasiRandom",
    "Random",
    "Sampler",
    "propose_new",
]
