"""Which configuration? Each module here is one answer.

| sampler       | proposes                                                                  |
|---------------|---------------------------------------------------------------------------|
| `Auto`        | by the samplers below, whichever the trials and their cost allow; the default |
| `Manual`      | only what a person enqueued                                               |
| `Grid`        | every point of a grid, once                                               |
| `Random`      | independent draws                                                         |
| `QuasiRandom` | points that fill the space evenly (scrambled Sobol)                       |
| `GP`          | where a Gaussian process expects the largest improvement                  |
| `TPE`         | where good trials are dense and bad ones are not (Parzen estimators)      |
| `CMAES`       | draws from a normal distribution that adapts; numbers only                |
| `Evolution`   | children of the best trials; several objectives too                       |
| `Gradient`    | descents by the gradients that the objective tells                        |

Names are imported when they are first used, so that a study by `Random` does not wait for SciPy.
"""

from tunewright.lazy import face

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

_CONTENTS = {
    "auto": ("Auto",),
    "base": ("Sampler", "propose_new"),
    "cmaes": ("CMAES",),
    "evolution": ("Evolution",),
    "gp": ("GP",),
    "gradient": ("Gradient",),
    "grid": ("Grid",),
    "manual": ("Manual",),
    "quasi_random": ("QuasiRandom",),
    "random": ("Random",),
    "tpe": ("TPE",),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
