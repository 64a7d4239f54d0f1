"""Small problems whose optimum is known, one for each kind of space.

They are no benchmark of how well a sampler searches (each is solved by a few hundred random draws, or is hopeless in 100
dimensions); they are the kinds of ground that a sampler must be able to stand on.
"""

import functools
import math
from collections.abc import Callable
from typing import cast

import msgspec

from tunewright.space import Bool, Categorical, Choice, Float, Int, Normal, Ordinal, SearchSpace, param
from tunewright.typing import Params

__all__ = [
    "Problem",
    "branin",
    "categorical",
    "conditional",
    "constrained",
    "hundred",
    "integers",
    "nested",
    "one_point",
    "ordinal",
    "priors",
    "problems",
    "sphere",
    "steps",
    "thousand",
    "wide",
]


class Problem(msgspec.Struct, frozen=True):
    """A space, a function on it, and the least value of that function.

    Attributes:
        name: of the problem.
        space: where to search.
        function: the loss of a configuration; smaller is better; no noise.
        optimum: its least value over the space.
        best: a configuration that has it.
        gradient: derivatives of the function at a configuration, by parameter; None: none are told.
    """

    name: str
    space: SearchSpace
    function: Callable[[Params], float]
    optimum: float
    best: Params
    gradient: Callable[[Params], dict[str, float]] | None = None


def _number(params: Params, name: str) -> float:
    return float(cast("float", params[name]))


def sphere() -> Problem:
    """Three real parameters, one of them on a log scale; the optimum lies in the middle."""
    space = SearchSpace({"x": Float(-5, 5), "y": Float(-5, 5), "lr": Float(1e-5, 1e-1, log=True)})

    def function(params: Params) -> float:
        return _number(params, "x") ** 2 + _number(params, "y") ** 2 + math.log10(_number(params, "lr") / 1e-3) ** 2

    def gradient(params: Params) -> dict[str, float]:
        lr = _number(params, "lr")
        by_lr = 2 * math.log10(lr / 1e-3) / (lr * math.log(10))
        return {"x": 2 * _number(params, "x"), "y": 2 * _number(params, "y"), "lr": by_lr}

    return Problem("sphere", space, function, 0.0, {"x": 0.0, "y": 0.0, "lr": 1e-3}, gradient)


def branin() -> Problem:
    """The Branin function: two real parameters, three equal optima. Source: Dixon and Szegö, 1978."""
    space = SearchSpace({"x1": Float(-5, 10), "x2": Float(0, 15)})

    def function(params: Params) -> float:
        x1, x2 = _number(params, "x1"), _number(params, "x2")
        valley = x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6
        return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10

    def gradient(params: Params) -> dict[str, float]:
        x1, x2 = _number(params, "x1"), _number(params, "x2")
        valley = x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6
        by_x1 = 2 * valley * (5 / math.pi - 5.1 / (2 * math.pi**2) * x1) - 10 * (1 - 1 / (8 * math.pi)) * math.sin(x1)
        return {"x1": by_x1, "x2": 2 * valley}

    return Problem("branin", space, function, 10 / (8 * math.pi), {"x1": math.pi, "x2": 2.275}, gradient)


def categorical() -> Problem:
    """Choices of every JSON type, among them three that Python calls equal: 1, True and 1.0."""
    choices = (None, True, 1, 1.0, "1", [1, 2], {"depth": 3})
    space = SearchSpace({"kind": Categorical(choices), "flag": Bool(), "other": Categorical(("a", "b", "c"))})
    costs = {type(None): 5.0, bool: 4.0, int: 0.0, float: 3.0, str: 2.0, list: 1.0, dict: 6.0}

    def function(params: Params) -> float:
        return costs[type(params["kind"])] + (params["flag"] is True) + "bac".index(str(params["other"]))

    return Problem("categorical", space, function, 0.0, {"kind": 1, "flag": False, "other": "b"})


def conditional() -> Problem:
    """Conditions on conditions, and one on two parents."""
    space = SearchSpace(
        {
            "opt": Categorical(("sgd", "adam", "lbfgs")),
            "lr": Float(1e-4, 1.0, log=True),
            "momentum": Float(0, 0.99),
            "nesterov": Bool(),
            "depth": Int(1, 8),
        },
        when={
            "lr": param("opt") != "lbfgs",
            "momentum": param("opt") == "sgd",
            "nesterov": (param("momentum") > 0.5) & (param("depth") >= 3),
        },
    )

    def function(params: Params) -> float:
        loss = abs(_number(params, "depth") - 6) + {"sgd": 0.0, "adam": 0.5, "lbfgs": 2.0}[str(params["opt"])]
        if "lr" in params:
            loss += abs(math.log10(_number(params, "lr") / 1e-2))
        if "momentum" in params:
            loss += abs(_number(params, "momentum") - 0.9)
        return loss + (params.get("nesterov") is False)

    def gradient(params: Params) -> dict[str, float]:
        by = {"momentum": math.copysign(1.0, _number(params, "momentum") - 0.9)} if "momentum" in params else {}
        if "lr" in params:
            by["lr"] = math.copysign(1.0, _number(params, "lr") - 1e-2) / (_number(params, "lr") * math.log(10))
        return by

    best: Params = {"opt": "sgd", "lr": 1e-2, "momentum": 0.9, "nesterov": True, "depth": 6}
    return Problem("conditional", space, function, 0.0, best, gradient)


def nested() -> Problem:
    """The choice of an algorithm, each with parameters of its own, two levels deep."""
    kernels = Choice({"rbf": {"gamma": Float(1e-4, 10, log=True)}, "poly": {"degree": Int(2, 5)}, "linear": {}})
    models = Choice({"svm": {"C": Float(1e-3, 1e3, log=True), "kernel": kernels}, "forest": {"trees": Int(10, 1000, log=True)}})
    space = SearchSpace({"model": models, "scale": Bool()})

    def function(params: Params) -> float:
        loss = float(params["scale"] is False)
        if params["model"] == "forest":
            return loss + 1 + math.log10(1000 / _number(params, "forest.trees"))
        return loss + sum(0.1 for name in params if name.endswith(("gamma", "degree")))

    return Problem("nested", space, function, 0.0, {"model": "svm", "svm.C": 1.0, "svm.kernel": "linear", "scale": True})


def constrained() -> Problem:
    """Two constraints that leave about a quarter of the space; the optimum lies on their border."""
    space = SearchSpace(
        {"low": Float(0, 1), "high": Float(0, 1), "n": Int(1, 10)},
        constraints=[param("low") <= param("high"), param("low") + param("high") >= 1.0],
    )

    def function(params: Params) -> float:
        return _number(params, "high") - 0.5 + _number(params, "n") - 1

    return Problem("constrained", space, function, 0.0, {"low": 0.5, "high": 0.5, "n": 1})


def integers() -> Problem:
    """Integers: on a log scale, with steps, and across zero."""
    space = SearchSpace({"units": Int(1, 4096, log=True), "layers": Int(2, 20, step=3), "shift": Int(-3, 3)})

    def function(params: Params) -> float:
        return (
            abs(math.log2(_number(params, "units") / 64))
            + abs(_number(params, "layers") - 11)
            + abs(_number(params, "shift") + 2)
        )

    return Problem("integers", space, function, 0.0, {"units": 64, "layers": 11, "shift": -2})


def steps() -> Problem:
    """A finite space of 54 configurations with conditions: stepped reals, choices, integers."""
    space = SearchSpace(
        {"dropout": Float(0, 0.5, step=0.1), "pool": Categorical(("max", "mean", None)), "width": Int(1, 3), "skip": Bool()},
        when={"width": param("pool") != "max", "skip": param("width") == 2},
    )

    def function(params: Params) -> float:
        return abs(_number(params, "dropout") - 0.3) + float(params["pool"] != "max")

    return Problem("steps", space, function, 0.0, {"dropout": 0.3, "pool": "max"})


def one_point() -> Problem:
    """A single configuration."""
    space = SearchSpace({"only": Categorical(("this",))})
    return Problem("one point", space, lambda _: 1.0, 1.0, {"only": "this"})


def thousand() -> Problem:
    """One parameter with a thousand choices without order."""
    space = SearchSpace({"word": Categorical(tuple(f"w{i}" for i in range(1000)))})
    return Problem("thousand", space, lambda params: float((int(str(params["word"])[1:]) * 7) % 1000), 0.0, {"word": "w0"})


def ordinal() -> Problem:
    """Ordered choices that are no evenly spaced numbers; 20 configurations."""
    space = SearchSpace({"size": Ordinal(("XS", "S", "M", "L", "XL")), "batch": Ordinal((16, 32, 64, 256))})

    def function(params: Params) -> float:
        return ("XS", "S", "M", "L", "XL").index(str(params["size"])) + abs(_number(params, "batch") - 64) / 16

    return Problem("ordinal", space, function, 0.0, {"size": "XS", "batch": 64})


def priors() -> Problem:
    """Parameters with a prior belief on where the optimum lies; here it is right."""
    space = SearchSpace(
        {
            "lr": Float(1e-5, 1, log=True, prior=Normal(1e-3, 0.1)),
            "depth": Int(1, 12, prior=Normal(4, 0.2)),
            "act": Categorical(("relu", "tanh"), prior=(0.9, 0.1)),
            "norm": Bool(prior=0.8),
        }
    )

    def function(params: Params) -> float:
        loss = math.log10(_number(params, "lr") / 1e-3) ** 2 + (_number(params, "depth") - 4) ** 2
        return loss + float(params["act"] != "relu") + float(params["norm"] is False)

    return Problem("priors", space, function, 0.0, {"lr": 1e-3, "depth": 4, "act": "relu", "norm": True})


def hundred() -> Problem:
    """A hundred parameters, of which two matter."""
    space = SearchSpace({f"x{i}": Float(0, 1) if i % 2 else Int(0, 9) for i in range(100)})

    def function(params: Params) -> float:
        return (_number(params, "x1") - 0.25) ** 2 + abs(_number(params, "x2") - 7)

    best: Params = {f"x{i}": 0.25 if i % 2 else 7 for i in range(100)}
    return Problem("hundred", space, function, 0.0, best)


def wide() -> Problem:
    """Bounds at the ends of what numbers can be: 600 decades on a log scale, and integers up to 2^53."""
    space = SearchSpace({"tiny": Float(1e-300, 1e300, log=True), "huge": Int(-(2**53), 2**53), "near": Float(1.0, 1.0 + 1e-12)})

    def function(params: Params) -> float:
        return (
            abs(math.log10(_number(params, "tiny"))) + abs(_number(params, "huge")) / 2**53 + (_number(params, "near") - 1) * 1e12
        )

    return Problem("wide", space, function, 0.0, {"tiny": 1.0, "huge": 0, "near": 1.0})


@functools.cache
def problems() -> tuple[Problem, ...]:
    """All of them."""
    makers = (
        sphere,
        branin,
        categorical,
        conditional,
        nested,
        constrained,
        integers,
        steps,
        one_point,
        thousand,
        ordinal,
        priors,
        hundred,
        wide,
    )
    return tuple(make() for make in makers)
