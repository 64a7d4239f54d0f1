"""Functions with a formula: smooth, crooked, steep, noisy, mixed, and a tree.

Where a textbook puts the optimum into the middle of the box, it is moved here, or a tool that begins with the middle would be done at
once. Sources: Surjanovic and Bingham, Virtual Library of Simulation Experiments, 2013; the mixed sums in the manner of Ru et al., Bayesian
Optimisation over Multiple Continuous and Categorical Inputs, ICML 2020 (CoCaBO), section 5.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from problem import CLASSIC, WIDE, Problem

from tunewright.space import Bool, Categorical, Choice, Float, Int, Parameter, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["classic", "wide"]

_A: Final = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
_P: Final = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_ALPHA: Final = np.array([1.0, 1.2, 3.0, 3.2])
_SHIFT: Final = (0.31, -0.17, 0.23, -0.37, 0.11, 0.29)
"""By which part of the range the optimum of Levy and Ackley is moved from where the textbook has it."""


def branin(x: float, y: float) -> float:
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(x: Array) -> float:
    """On [0, 1]^6; the least value is -3.32237."""
    return float(-_ALPHA @ np.exp(-(_A * (x - _P) ** 2).sum(axis=1)))


def levy(x: Array) -> float:
    """Least, 0, where all x are 1."""
    w = 1 + (x - 1) / 4
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + middle.sum() + last)


def ackley(x: Array) -> float:
    """Least, 0, where all x are 0."""
    n = len(x)
    return float(20 + math.e - 20 * math.exp(-0.2 * math.sqrt((x * x).sum() / n)) - math.exp(np.cos(2 * math.pi * x).sum() / n))


def rosenbrock(x: Array) -> float:
    """Least, 0, where all x are 1."""
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def camel(x: float, y: float) -> float:
    """Six-hump camel; the least value is -1.0316."""
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2


def beale(x: float, y: float) -> float:
    """Least, 0, at (3, 0.5)."""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _box(low: float, high: float, d: int) -> dict[str, Parameter]:
    return {f"x{i}": Float(low, high) for i in range(d)}


def _values(params: Mapping[str, Any], names: Sequence[str]) -> Array:
    return np.array([params[name] for name in names], np.float64)


def _numeric(
    name: str,
    low: float,
    high: float,
    d: int,
    function: Callable[[Array], float],
    *,
    group: str = CLASSIC,
    **more: Any,  # noqa: ANN401
) -> Problem:
    space = SearchSpace(_box(low, high, d))
    return Problem(name, group, space, lambda params: function(_values(params, space.names)), **more)


def _moved(function: Callable[[Array], float], d: int, span: float) -> Callable[[Array], float]:
    shift = np.resize(_SHIFT, d) * span
    return lambda x: function(x - shift)


def _hartmann_mixed() -> Problem:
    """Hartmann-6 whose second, fourth and last coordinate are choices without order, of 5, 4 and 3 values."""
    levels = ((1, (0.55, 0.15, 0.9, 0.35, 0.7)), (3, (0.9, 0.27, 0.05, 0.6)), (5, (0.3, 0.65, 0.95)))
    parameters: dict[str, Parameter] = {f"x{i}": Float(0, 1) for i in (0, 2, 4)}
    parameters |= {f"c{i}": Categorical(tuple("abcde"[: len(values)])) for i, values in levels}
    space = SearchSpace(parameters)

    def loss(params: Params) -> float:
        x = np.zeros(6)
        for i in (0, 2, 4):
            x[i] = params[f"x{i}"]
        for i, values in levels:
            x[i] = values["abcde".index(str(params[f"c{i}"]))]
        return hartmann(x)

    return Problem("hartmann6-mixed", CLASSIC, space, loss)


def _sum_mixed(name: str, noise: float = 0.0) -> Problem:
    """Two choices say which two of five landscapes are added, a third one by how much the plane is moved."""
    landscapes: dict[str, Callable[[float, float], float]] = {
        "bowl": lambda x, y: 8 * (x - 0.6) ** 2 + 4 * (y + 0.2) ** 2,
        "branin": lambda x, y: branin(7.5 * x + 2.5, 7.5 * y + 7.5) / 30,
        "camel": lambda x, y: camel(2 * x, y) / 2,
        "beale": lambda x, y: math.log1p(beale(4.5 * x, 4.5 * y)),
        "valley": lambda x, y: math.log1p(rosenbrock(2 * np.array([x, y]))),
    }
    moves = {"here": (0.0, 0.0), "left": (-0.3, 0.1), "up": (0.2, 0.4), "far": (0.5, -0.6)}
    space = SearchSpace(
        {
            "first": Categorical(tuple(landscapes)),
            "second": Categorical(("beale", "bowl", "branin")),
            "where": Categorical(tuple(moves)),
            "flip": Bool(),
            "x": Float(-1, 1),
            "y": Float(-1, 1),
        }
    )

    def loss(params: Mapping[str, Any]) -> float:
        right, up = moves[params["where"]]
        x, y = params["x"] - right, params["y"] - up
        x, y = (y, x) if params["flip"] else (x, y)
        return landscapes[params["first"]](x, y) + landscapes[params["second"]](x, y) + 0.1 * len(params["where"])

    return Problem(name, CLASSIC, space, loss, noise)


def _ackley_mixed() -> Problem:
    """Ackley with three real, one logarithmic and two whole coordinates, and two flags that must be off."""
    space = SearchSpace(
        {
            **_box(-8, 12, 3),
            "scale": Float(1e-4, 1.0, log=True),
            "n": Int(-6, 14),
            "m": Int(1, 64, log=True),
            "on": Bool(default=True),
            "also": Bool(default=True),
        }
    )

    def loss(params: Mapping[str, Any]) -> float:
        real = _values(params, ("x0", "x1", "x2")) - 3.3
        steps = [
            2 * math.log10(params["scale"] / 3e-3),
            params["n"] - 1.0,
            math.log2(params["m"] / 8),
            params["on"],
            2.0 * params["also"],
        ]
        return ackley(np.concatenate([real, steps]))

    return Problem("ackley-mixed", CLASSIC, space, loss, optimum=0.0)


def _tree() -> Problem:
    """Three branches of 1, 3 and 7 parameters, one with a branch of its own; all share two.

    The large branch holds the optimum; the small one is the best of the three where one knows nothing.
    """
    inner = Choice({"plain": {}, "shaped": {"bend": Float(0, 1), "power": Int(1, 9)}})
    branches = {
        "small": {"a": Float(0, 1)},
        "middle": {"a": Float(1e-3, 1e3, log=True), "b": Float(0, 1), "kind": Categorical(("p", "q", "r", "s"))},
        "large": {**{f"x{i}": Float(0, 1) for i in range(4)}, "inner": inner},
    }
    space = SearchSpace({"rate": Float(1e-4, 1.0, log=True), "depth": Int(1, 12), "model": Choice(branches, default="small")})

    def loss(params: Mapping[str, Any]) -> float:
        shared = 0.3 * (math.log10(params["rate"] / 2e-3) / 2) ** 2 + 0.02 * abs(params["depth"] - 9)
        if params["model"] == "small":
            return shared + 0.45 + 0.3 * (params["small.a"] - 0.8) ** 2
        if params["model"] == "middle":
            off = {"p": 0.3, "q": 0.05, "r": 0.0, "s": 0.5}[params["middle.kind"]]
            return shared + 0.3 + off + 0.1 * abs(math.log10(params["middle.a"] / 30)) + (params["middle.b"] - 0.3) ** 2
        x = np.array([params[f"large.x{i}"] for i in range(4)]) - (0.2, 0.7, 0.55, 0.85)
        value = shared + 0.1 + 1.6 * float(np.sqrt((x * x).sum())) * 0.5
        if params["large.inner"] == "shaped":
            return value - 0.1 + 0.4 * (params["large.shaped.bend"] - 0.35) ** 2 + 0.03 * abs(params["large.shaped.power"] - 4)
        return value

    return Problem("tree", CLASSIC, space, loss, optimum=0.0)


def classic() -> list[Problem]:
    """All of them."""
    plane = SearchSpace({"x": Float(-5, 10), "y": Float(0, 15)})

    def on_plane(params: Mapping[str, Any]) -> float:
        return branin(params["x"], params["y"])

    best = 10 / (8 * math.pi)
    return [
        Problem("branin", CLASSIC, plane, on_plane, optimum=best),
        Problem("branin-noisy", CLASSIC, plane, on_plane, noise=2.0, optimum=best),
        _numeric("hartmann6", 0, 1, 6, hartmann, optimum=-3.322368011391339),
        _numeric("hartmann6-noisy", 0, 1, 6, hartmann, noise=0.15, optimum=-3.322368011391339),
        _numeric("levy5", -10, 10, 5, _moved(levy, 5, 20.0), optimum=0.0),
        _numeric("ackley6", -10, 20, 6, _moved(ackley, 6, 20.0), optimum=0.0),
        _numeric("rosenbrock4", -5, 10, 4, rosenbrock, optimum=0.0),
        _numeric("levy3-noisy", -10, 10, 3, _moved(levy, 3, 20.0), noise=1.0, optimum=0.0),
        _hartmann_mixed(),
        _sum_mixed("sum-mixed"),
        _sum_mixed("sum-mixed-noisy", noise=0.1),
        _ackley_mixed(),
        _tree(),
    ]


def wide() -> list[Problem]:
    """In 100 dimensions: one where all matter, and two where six do."""
    few = slice(0, 96, 16)
    return [
        _numeric("levy100", -10, 10, 100, _moved(levy, 100, 20.0), group=WIDE, optimum=0.0),
        _numeric("levy6-of-100", -10, 10, 100, lambda x: _moved(levy, 6, 20.0)(x[few]), group=WIDE, optimum=0.0),
        _numeric("hartmann6-of-100", 0, 1, 100, lambda x: hartmann(x[few]), group=WIDE, optimum=-3.322368011391339),
    ]
