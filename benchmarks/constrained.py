"""How near searches come to an optimum that lies on a bound of another metric, beside Optuna in the same run.

    python benchmarks/constrained.py                     about 20 minutes, most of them Optuna's Gaussian process (which needs torch)
    python benchmarks/constrained.py --seeds 3 --only disk

Each problem has a loss and one or two further metrics with a bound; every tool with its own defaults, Optuna's samplers with the excess as
their `constraints_func`. A figure is the regret of the best configuration that keeps all bounds, 0 the best of 200,000 random ones and 1 their
median, after 20 and 40 trials; 1.5 where none keeps them yet. Mean over seeds and its standard error; below, over the problems.

gardner: Gardner et al., Bayesian Optimization with Inequality Constraints, ICML 2014. gramacy: Gramacy et al., Modeling an Augmented Lagrangian
for Blackbox Constrained Optimization, Technometrics 58, 2016. The others are made for this page: a slope cut off, a small disc far from the free optimum, a
training whose memory and time grow with what makes it good, with a choice among them.
"""

import argparse
import math
import platform
import statistics
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import optuna

import tunewright
from tunewright import Categorical, Float, Int, Metric, SearchSpace, Study, samplers
from tunewright.space import Parameter

__all__: list[str] = []

Values = tuple[float, ...]


class Problem(NamedTuple):
    """A loss and by how much each further metric passes its bound, 0."""

    function: Callable[[dict[str, Any]], Values]
    space: SearchSpace


def gardner(params: dict[str, Any]) -> Values:
    x, y = 6.0 * params["x"], 6.0 * params["y"]
    return math.sin(x) + y / 6.0, math.sin(x) * math.sin(y) + 0.95


def gramacy(params: dict[str, Any]) -> Values:
    x, y = params["x"], params["y"]
    wave = 0.5 * math.sin(2.0 * math.pi * (x * x - 2.0 * y))
    return x + y, 1.5 - x - 2.0 * y - wave, x * x + y * y - 1.5


def slope(params: dict[str, Any]) -> Values:
    return -params["x"] - 0.3 * params["y"], params["x"] + params["y"] - 0.8


def disc(params: dict[str, Any]) -> Values:
    return (params["x"] - 1.0) ** 2 + (params["y"] - 1.0) ** 2, (params["x"] - 0.3) ** 2 + (params["y"] - 0.3) ** 2 - 0.05


def memory(params: dict[str, Any]) -> Values:
    width, depth, rate = params["width"], params["depth"], math.log10(params["rate"])
    size = {"plain": 1.0, "gated": 2.2, "mixed": 1.5}[params["block"]]
    loss = 2.0 / math.log2(width) + 0.6 / depth + 0.2 * (rate + 2.5 + 0.1 * depth) ** 2
    loss -= {"plain": 0.0, "gated": 0.12, "mixed": 0.05}[params["block"]]
    return loss, math.log10(size * depth * width**2) - 5.5, math.log10(size * depth**1.5 * width) - 3.2


SQUARE: Final = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
NETWORK: Final = SearchSpace(
    {
        "width": Int(8, 2048, log=True),
        "depth": Int(1, 24),
        "rate": Float(1e-5, 1, log=True),
        "block": Categorical(["plain", "gated", "mixed"]),
    }
)
PROBLEMS: Final = {
    "gardner": Problem(gardner, SQUARE),
    "gramacy": Problem(gramacy, SQUARE),
    "slope": Problem(slope, SQUARE),
    "disc": Problem(disc, SQUARE),
    "memory": Problem(memory, NETWORK),
}
OURS: Final[dict[str, Callable[[], samplers.Sampler]]] = {
    "random": samplers.Random,
    "Tunewright, GP": samplers.GP,
    "Tunewright, TPE": samplers.TPE,
}
THEIRS: Final[dict[str, Callable[..., optuna.samplers.BaseSampler]]] = {
    "Optuna, GPSampler": optuna.samplers.GPSampler,
    "Optuna, TPE": optuna.samplers.TPESampler,
}
AT: Final = (20, 40)
NOWHERE: Final = 1.5


def ours(name: str, problem: Problem, seed: int) -> Iterator[Values]:
    bounded = len(problem.function(problem.space.default)) - 1
    metrics = [Metric("loss"), *(Metric(f"excess{i}", bound=0.0) for i in range(bounded))]
    study = Study(problem.space, metrics, sampler=OURS[name](), seed=seed)
    for _ in range(AT[-1]):
        task = study.ask()
        values = problem.function(dict(task.params))
        study.tell(task, {metric.name: float(value) for metric, value in zip(metrics, values, strict=True)})
        yield values


def theirs(name: str, problem: Problem, seed: int) -> Iterator[Values]:
    sampler = THEIRS[name](seed=seed, constraints_func=lambda trial: trial.user_attrs["excess"])
    study = optuna.create_study(sampler=sampler)
    for _ in range(AT[-1]):
        trial = study.ask()
        values = problem.function({name: suggest(trial, name, each) for name, each in problem.space.parameters.items()})
        trial.set_user_attr("excess", values[1:])
        study.tell(trial, values[0])
        yield values


def suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> str | float:
    if isinstance(parameter, Categorical):
        return trial.suggest_categorical(name, list(parameter.choices))
    if isinstance(parameter, Int):
        return trial.suggest_int(name, parameter.low, parameter.high, log=parameter.log)
    assert isinstance(parameter, Float)
    return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)


def scale(problem: Problem) -> tuple[float, float]:
    """The best and the median loss of random configurations that keep all bounds."""
    rng = np.random.default_rng(0)
    drawn = [problem.function(problem.space.params(row)) for row in problem.space.sample_rows(rng, 200_000)]
    losses = [values[0] for values in drawn if max(values[1:]) <= 0.0]
    return min(losses), statistics.median(losses)


def search(name: str, problem: Problem, seed: int, best: float, middling: float) -> list[float]:
    """The regret after so many trials as `AT` says."""
    found, reached = [], math.inf
    for values in (ours if name in OURS else theirs)(name, problem, seed):
        if max(values[1:]) <= 0.0:
            reached = min(reached, values[0])
        found.append((reached - best) / (middling - best) if math.isfinite(reached) else NOWHERE)
    return [found[n - 1] for n in AT]


def shown(values: list[float]) -> str:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{statistics.mean(values):.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--tools", nargs="+", choices=[*OURS, *THEIRS], default=[*OURS, *THEIRS])
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(
        f"Tunewright {tunewright.__version__}, Optuna {optuna.__version__}, Python {platform.python_version()}, {asked.seeds} seeds\n"
    )
    print(f"| problem | {' | '.join(f'{tool}, at {n}' for tool in asked.tools for n in AT)} |", flush=True)
    print("| --- |" + " ---: |" * len(asked.tools) * len(AT))
    means: dict[tuple[str, int], list[float]] = {}
    for title in asked.only:
        problem = PROBLEMS[title]
        best, middling = scale(problem)
        row = []
        for tool in asked.tools:
            regrets = [search(tool, problem, seed, best, middling) for seed in range(asked.seeds)]
            for i, n in enumerate(AT):
                row.append(shown([each[i] for each in regrets]))
                means.setdefault((tool, n), []).append(statistics.mean(each[i] for each in regrets))
        print(f"| {title} | {' | '.join(row)} |", flush=True)
    print(f"| mean | {' | '.join(f'{statistics.mean(each):.3f}' for each in means.values())} |")


if __name__ == "__main__":
    main()
