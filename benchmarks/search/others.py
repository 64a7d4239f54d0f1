"""Problems that nothing was chosen on: written when the samplers stood, to see how they do elsewhere.

They are meant to be unlike the others: networks and forests drawn by chance in the place of surrogates of real ones, a training whose step
diverges, many categories, a long valley, noise that drowns all but a small region, twenty parameters of which few matter, a narrow basin
beside a wide one, stairs; and real models on tables of other kinds. Whoever changes a sampler for the sake of these must write new ones.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from problem import OTHERS, Problem
from real import Real, scaled

from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, Parameter, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["others"]

_DRAWS: Final = 500


def _unit(space: SearchSpace, params: Params) -> Array:
    unit: Array = space.to_unit(space.rows([params]))[0]
    return unit


def _network(seed: int, d: int, gain: float) -> Callable[[Array], float]:
    """Three layers of 24 hyperbolic tangents with random weights, on the unit cube."""
    rng = np.random.default_rng(seed)
    sizes = (d, 24, 24)
    weights = [rng.standard_normal((size, 24)) * gain / math.sqrt(size) for size in sizes]
    biases = [0.5 * rng.standard_normal(24) for _ in sizes]
    out = rng.standard_normal(24) / math.sqrt(24)

    def value(unit: Array) -> Any:  # noqa: ANN401  of one or many
        layer = 2 * unit - 1
        for weight, bias in zip(weights, biases, strict=True):
            layer = np.tanh(layer @ weight + bias)
        return layer @ out

    return value


def _net(name: str, seed: int, steep: float) -> Problem:
    """The exponential of a network: the steeper, the smaller the good region."""
    space = SearchSpace(
        {
            "lr": Float(1e-4, 1e-1, log=True),
            "batch": Int(16, 512, log=True),
            "wd": Float(1e-6, 1e-1, log=True),
            "layers": Int(1, 5),
            "units": Int(64, 1024, log=True),
            "drop": Float(0, 1),
            "mom": Float(0.1, 0.99),
        }
    )
    network = _network(seed, 7, 1.8)
    return Problem(name, OTHERS, space, lambda params: math.exp(steep * float(network(_unit(space, params)))), draws=_DRAWS)


@cache
def _forest_of(seed: int) -> Any:  # noqa: ANN401  scikit-learn ships no types
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415  only who asks for these problems needs it

    rng = np.random.default_rng(seed + 100)
    X = rng.random((1500, 8))  # noqa: N806  what scikit-learn calls it
    y = _network(seed, 8, 1.5)(X) + 0.1 * rng.standard_normal(1500)
    return RandomForestRegressor(50, min_samples_leaf=3, random_state=0).fit(X, y)


def _forest(name: str, seed: int) -> Problem:
    """A forest that has learnt a noisy network: constant in pieces."""
    space = SearchSpace(
        {
            "eta": Float(1e-3, 1, log=True),
            "rounds": Int(10, 1000, log=True),
            "depth": Int(1, 12),
            "sub": Float(0.1, 1),
            "col": Float(0.1, 1),
            "lam": Float(1e-4, 1e3, log=True),
            "booster": Categorical(("a", "b", "c")),
            "grow": Bool(),
        }
    )

    def loss(params: Params) -> float:
        return float(_forest_of(seed).predict(np.clip(_unit(space, params)[None, :8], 0, 1))[0])

    return Problem(name, OTHERS, space, loss, draws=_DRAWS)


def _sgd() -> Problem:
    """Descent with momentum on a noisy quadratic of twelve curvatures, which is trained, and diverges where the step is too long."""
    space = SearchSpace(
        {
            "lr": Float(1e-5, 10, log=True),
            "mom": Float(0, 0.999),
            "wd": Float(1e-7, 1, log=True),
            "batch": Ordinal([8, 16, 32, 64, 128, 256]),
            "nesterov": Bool(),
            "warm": Int(0, 50),
        }
    )
    curvature = np.geomspace(0.01, 5, 12)

    def loss(params: Params) -> float:
        p: Any = params
        at, velocity, rng = np.ones(12), np.zeros(12), np.random.default_rng(5)
        for step in range(min(1600 // p["batch"] * 4, 400)):
            lr = p["lr"] * min(1, (step + 1) / (p["warm"] + 1))
            ahead = at + p["mom"] * velocity if p["nesterov"] else at
            slope = curvature * (ahead - 0.3) + p["wd"] * ahead + 0.3 / math.sqrt(p["batch"]) * rng.standard_normal(12)
            velocity = p["mom"] * velocity - lr * slope
            at = at + velocity
            if not np.all(np.abs(at) < 1e6):
                return 1e6
        return float(np.log(1e-6 + (curvature * (at - 0.3) ** 2).mean()))

    return Problem("sgd", OTHERS, space, loss, draws=_DRAWS)


def _cats() -> Problem:
    """12, 20 and 6 categories, two of which interact, and two numbers."""
    rng = np.random.default_rng(77)
    a, b, both = rng.standard_normal(12), rng.standard_normal(20), rng.standard_normal((12, 6))
    letters = {"a": 12, "b": 20, "c": 6}
    parameters: dict[str, Parameter] = {
        letter: Categorical(tuple(f"{letter}{i}" for i in range(count))) for letter, count in letters.items()
    }
    space = SearchSpace(parameters | {"x": Float(0, 1), "y": Float(1e-4, 1, log=True)})

    def loss(params: Params) -> float:
        i, j, k = (int(str(params[letter])[1:]) for letter in letters)
        p: Any = params
        smooth = 3 * (p["x"] - 0.2 - 0.05 * i) ** 2 + 0.3 * (math.log10(p["y"]) + 1.5) ** 2
        return float(a[i] + 0.7 * b[j] + 0.8 * both[i, k] + smooth)

    return Problem("cats", OTHERS, space, loss, draws=_DRAWS)


def _ridge() -> Problem:
    """What a network's training hangs on: the rate of learning per row, and the product of rate and decay, each of several parameters."""
    space = SearchSpace(
        {
            "lr": Float(1e-6, 1, log=True),
            "mom": Float(0, 0.999),
            "batch": Int(1, 1024, log=True),
            "wd": Float(1e-8, 1, log=True),
            "drop": Float(0, 0.9),
            "sm": Float(0, 0.5),
        }
    )

    def loss(params: Params) -> float:
        p: Any = params
        rate, decay = math.log10(p["lr"] / (1 - p["mom"]) * 32 / p["batch"]), math.log10(p["wd"] * p["lr"])
        steep = 5 * max(0, rate + 1.2) ** 2
        valley = (rate + 2.2) ** 2 + 0.3 * (decay + 7.5 + 0.5 * rate) ** 2
        return valley + steep + 2 * (p["drop"] - 0.25) ** 2 + (p["sm"] - 0.1) ** 2 + 0.015 * math.log2(p["batch"])

    return Problem("ridge", OTHERS, space, loss, draws=_DRAWS)


def _policy() -> Problem:
    """A return between 0 and 200, 0 almost everywhere, with noise of 20: losses are 200 less the return."""
    space = SearchSpace(
        {
            "gamma": Float(0.8, 0.9999),
            "lr": Float(1e-5, 1e-1, log=True),
            "ent": Float(1e-5, 1e-1, log=True),
            "steps": Int(16, 2048, log=True),
            "clip": Float(0.05, 0.5),
            "epochs": Int(1, 20),
        }
    )

    def loss(params: Params) -> float:
        p: Any = params
        horizon, rate, entropy = -math.log10(1 - p["gamma"]), math.log10(p["lr"] * p["epochs"]), math.log10(p["ent"])
        hill = math.exp(-(((horizon - 2.2) / 0.7) ** 2) - ((rate + 2.4) / 0.8) ** 2 - ((entropy + 2.7) / 1.5) ** 2)
        return 200 - 200 * hill * (1 - abs(p["clip"] - 0.2)) * (1 - 0.05 * abs(math.log2(p["steps"]) - 9))

    return Problem("rl-noisy", OTHERS, space, loss, noise=20.0, draws=_DRAWS)


def _wide20() -> Problem:
    """Twenty parameters of three kinds, whose weights differ by orders of magnitude."""
    rng = np.random.default_rng(9)
    weights, centre = rng.random(20) ** 4, rng.random(20)
    kinds = (Float(0, 1), Float(0, 1), Int(0, 10), Bool())
    space = SearchSpace({f"p{i}": kinds[i % 4] for i in range(20)})

    def loss(params: Params) -> float:
        unit = _unit(space, params)[:20]
        apart = unit - centre
        return float((weights * np.abs(apart) ** 1.5).sum() + 0.5 * apart[0] * apart[1] + 0.3 * math.sin(6 * unit[4]))

    return Problem("wide20", OTHERS, space, loss, draws=_DRAWS)


def _deceptive() -> Problem:
    """A wide basin, and far from it a narrow one that is deeper."""
    space = SearchSpace({f"x{i}": Float(0, 1) for i in range(4)})
    wide, narrow = np.array([0.75, 0.7, 0.65, 0.8]), np.array([0.12, 0.2, 0.15, 0.1])

    def loss(params: Params) -> float:
        x = np.array([params[f"x{i}"] for i in range(4)], float)
        return float(-0.8 * np.exp(-8 * ((x - wide) ** 2).sum()) - np.exp(-60 * ((x - narrow) ** 2).sum()))

    return Problem("deceptive", OTHERS, space, loss, draws=_DRAWS)


def _steps() -> Problem:
    """Stairs of a tenth, along whole numbers and along numbers that hang together."""
    space = SearchSpace({"k": Int(1, 8), "m": Int(1, 30), "q": Ordinal([0, 1, 2, 5, 10]), "s": Float(0, 1), "t": Float(0, 1)})

    def loss(params: Params) -> float:
        p: Any = params
        whole = 0.5 * abs(p["k"] - 6) + 0.15 * abs(p["m"] - 11) + 0.3 * abs(p["q"] - 2)
        return float(round(whole + 2 * abs(p["s"] - 0.83) + 2 * abs(p["t"] - p["s"] * 0.5), 1))

    return Problem("steps", OTHERS, space, loss, draws=_DRAWS)


# ---- real models on other tables -----------------------------------------------------------------------------------------------


def _boosting(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  scikit-learn ships no types
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415  only who asks needs it

    return GradientBoostingClassifier(random_state=0, **params)


def _extra(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  as above
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415  only who asks needs it

    return ExtraTreesRegressor(random_state=0, **params)


def _linear(space: SearchSpace) -> Callable[[Mapping[str, Any]], Any]:
    def build(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  as above
        from sklearn.linear_model import SGDClassifier  # noqa: PLC0415  only who asks needs it
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415  the same
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: PLC0415  the same

        penalty, own = space.branch(dict(params), "penalty")
        plain = {name: params[name] for name in ("alpha", "eta0", "learning_rate")}
        plain |= {"l1_ratio": own["l1_ratio"]} if "l1_ratio" in own else {}
        model = SGDClassifier(loss="log_loss", random_state=0, max_iter=30, penalty=penalty, **plain)
        return make_pipeline(StandardScaler(), PolynomialFeatures(params["degree"], include_bias=False), StandardScaler(), model)

    return build


def _kernel(space: SearchSpace) -> Callable[[Mapping[str, Any]], Any]:
    def build(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  as above
        from sklearn.kernel_ridge import KernelRidge  # noqa: PLC0415  only who asks needs it

        kernel, own = space.branch(dict(params), "kernel")
        inner = {name: value for name, value in own.items() if name != "alpha"}
        return scaled(KernelRidge(alpha=params["alpha"], kernel=kernel, **inner))

    return build


def _nearest(params: Mapping[str, Any]) -> Any:  # noqa: ANN401  as above
    from sklearn.decomposition import PCA  # noqa: PLC0415  only who asks needs it
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415  the same
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415  the same

    own = dict(params)
    axes = PCA(own.pop("n_components"), whiten=own.pop("whiten"), random_state=0)
    return make_pipeline(axes, KNeighborsClassifier(**own))


def _models() -> list[Problem]:
    boosting = SearchSpace(
        {
            "learning_rate": Float(1e-3, 1, log=True),
            "n_estimators": Int(5, 60, log=True),
            "max_depth": Int(1, 6),
            "subsample": Float(0.2, 1),
            "max_features": Float(0.2, 1),
            "min_samples_leaf": Int(1, 100, log=True),
        }
    )
    extra = SearchSpace(
        {
            "n_estimators": Int(5, 50),
            "max_features": Float(0.1, 1),
            "min_samples_leaf": Int(1, 30, log=True),
            "min_samples_split": Int(2, 40, log=True),
            "bootstrap": Bool(),
            "criterion": Categorical(("squared_error", "friedman_mse")),
        }
    )
    linear = SearchSpace(
        {
            "degree": Int(1, 3),
            "alpha": Float(1e-7, 1, log=True),
            "penalty": Choice({"l1": {}, "l2": {}, "elasticnet": {"l1_ratio": Float(0, 1)}}),
            "eta0": Float(1e-4, 1, log=True),
            "learning_rate": Categorical(("constant", "invscaling", "adaptive", "optimal")),
        }
    )
    width = {"gamma": Float(1e-5, 1, log=True)}
    kernel = SearchSpace(
        {
            "alpha": Float(1e-5, 1e2, log=True),
            "kernel": Choice(
                {"rbf": width, "laplacian": width, "poly": {"degree": Int(1, 4), **width, "coef0": Float(0, 2)}, "linear": {}}
            ),
        }
    )
    nearest = SearchSpace(
        {
            "n_components": Int(2, 40),
            "whiten": Bool(),
            "n_neighbors": Int(1, 30),
            "weights": Categorical(("uniform", "distance")),
            "p": Float(1, 5),
        }
    )
    chosen = {
        "gbm-fair": (boosting, "fair", "neg_log_loss", _boosting),
        "extra-diabetes": (extra, "diabetes", "neg_mean_absolute_error", _extra),
        "sgd-fair": (linear, "fair", "neg_log_loss", _linear(linear)),
        "kridge-diabetes": (kernel, "diabetes", "neg_mean_absolute_error", _kernel(kernel)),
        "pcaknn-digits": (nearest, "digits", "neg_log_loss", _nearest),
    }
    return [Problem(name, OTHERS, space, Real(name, *how), draws=_DRAWS) for name, (space, *how) in chosen.items()]


def others() -> list[Problem]:
    """All of them."""
    nets = [_net("net-a", 1, 0.5), _net("net-b", 2, 2.0), _net("net-c", 3, 4.0)]
    forests = [_forest("forest-a", 4), _forest("forest-b", 5)]
    return [*nets, *forests, _sgd(), _cats(), _ridge(), _policy(), _wide20(), _deceptive(), _steps(), *_models()]
