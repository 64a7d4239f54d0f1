"""Which configuration? Each module here is one answer.

| sampler       | proposes                                                                  |
|---------------|---------------------------------------------------------------------------|
| `Manual`      | only what a person enqueued                                               |
| `Grid`        | every point of a grid, once                                               |
| `Random`      | independent draws                                                         |
| `QuasiRandom` | points that fill the space evenly (scrambled Sobol); the default          |

Names are imported when they are first used, so that a study by `Random` does not wait for SciPy.
"""

import importlib

__all__ = ["Grid", "Manual", "QuasiRandom", "Random", "Sampler", "propose_new"]

_MODULES = {
    "Grid": "grid",
    "Manual": "manual",
    "QuasiRandom": "quasi_random",
    "Random": "random",
    "Sampler": "base",
    "propose_new": "base",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
