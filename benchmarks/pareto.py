"""How much of the Pareto front searches with two, three and five objectives find, beside Optuna in the same run.

    python benchmarks/pareto.py                          about half an hour: all but Optuna's Gaussian process
    python benchmarks/pareto.py --trials 60 --only "ZDT1, 6" --tools "Tunewright, GP" "Optuna, GPSampler"    which needs torch
    python benchmarks/pareto.py --seeds 2 --only "DTLZ2, 6"

ZDT1 to ZDT3 and DTLZ2 [1, 2], every parameter in [0, 1], every tool with its own defaults. All of these are made of parameters that can be
searched one at a time; "turned" is DTLZ2 after a fixed rotation of the space, in which they cannot. A figure is the hypervolume of what a
search found as a share of that of the whole front, both before the reference point 11 (ZDT) or 2 (DTLZ2) in each objective: mean over seeds
and its standard error. "off" is how far the last third of the proposals of a search are from the front: the mean of the function g, less
what it is on the front.

[1] Zitzler, Deb and Thiele, Comparison of Multiobjective Evolutionary Algorithms, Evolutionary Computation 8, 2000.
[2] Deb et al., Scalable Test Problems for Evolutionary Multiobjective Optimization, 2005.
"""

import argparse
import math
import platform
import statistics
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import optuna
from optuna._hypervolume import compute_hypervolume

import tunewright
from tunewright import Float, Metric, SearchSpace, Study, samplers
from tunewright.typing import Array

__all__: list[str] = []


class Problem(NamedTuple):
    """A function on the unit cube: its objectives and how far it is from the front."""

    function: Callable[[Array], tuple[Array, float]]
    dimensions: int
    objectives: int
    corner: float
    front: float
    trials: int


def zdt(number: int) -> Callable[[Array], tuple[Array, float]]:
    def function(x: Array) -> tuple[Array, float]:
        g = 1.0 + 9.0 * float(np.mean(x[1:]))
        return np.array([x[0], g * shape(number, x[0], g)]), g - 1.0

    return function


def shape(number: int, first: Array | float, g: float) -> Array:
    ratio = np.asarray(first) / g
    if number == 2:
        return np.asarray(1.0 - ratio**2)
    return np.asarray(1.0 - np.sqrt(ratio) - (ratio * np.sin(10 * np.pi * first) if number == 3 else 0.0))


def zdt_front(number: int, corner: float) -> float:
    """The hypervolume of the whole front."""
    first = np.linspace(0.0, 1.0, 1_000_001)
    second = np.minimum.accumulate(shape(number, first, 1.0))
    return float(np.trapezoid(corner - second, first) + (corner - 1.0) * (corner - second[-1]))


def dtlz2(m: int, turn: Array | None = None) -> Callable[[Array], tuple[Array, float]]:
    def function(x: Array) -> tuple[Array, float]:
        if turn is not None:
            x = np.clip(0.5 + turn @ (x - 0.5), 0.0, 1.0)
        g = float(np.sum((x[m - 1 :] - 0.5) ** 2))
        angle = 0.5 * np.pi * x[: m - 1]
        cosines = np.concatenate([[1.0], np.cumprod(np.cos(angle))])[::-1]
        return (1.0 + g) * cosines * np.concatenate([[1.0], np.sin(angle[::-1])]), g

    return function


def dtlz2_front(m: int, corner: float) -> float:
    return float(corner**m - math.pi ** (m / 2) / math.gamma(m / 2 + 1) / 2**m)


TURN: Final = np.linalg.qr(np.random.default_rng(6).standard_normal((6, 6)))[0]
PROBLEMS: Final = {
    "ZDT1, 6": Problem(zdt(1), 6, 2, 11.0, zdt_front(1, 11.0), 120),
    "ZDT2, 6": Problem(zdt(2), 6, 2, 11.0, zdt_front(2, 11.0), 120),
    "ZDT3, 6": Problem(zdt(3), 6, 2, 11.0, zdt_front(3, 11.0), 120),
    "DTLZ2, 6": Problem(dtlz2(3), 6, 3, 2.0, dtlz2_front(3, 2.0), 150),
    "DTLZ2, 12": Problem(dtlz2(3), 12, 3, 2.0, dtlz2_front(3, 2.0), 150),
    "DTLZ2 turned, 6": Problem(dtlz2(3, TURN), 6, 3, 2.0, dtlz2_front(3, 2.0), 150),
    "DTLZ2, 8": Problem(dtlz2(5), 8, 5, 2.0, dtlz2_front(5, 2.0), 150),
}
OURS: Final[dict[str, Callable[[], samplers.Sampler]]] = {
    "random": samplers.Random,
    "Tunewright, TPE": samplers.TPE,
    "Tunewright, Evolution": samplers.Evolution,
    "Tunewright, GP": samplers.GP,
}
THEIRS: Final[dict[str, Callable[[int], optuna.samplers.BaseSampler]]] = {
    "Optuna, TPE": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "Optuna, NSGA-II": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
    "Optuna, NSGA-II, 20": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=20),
    "Optuna, GPSampler": lambda seed: optuna.samplers.GPSampler(seed=seed),
}
DEAR: Final = "Optuna, GPSampler"


def ours(name: str, problem: Problem, trials: int, seed: int) -> Iterator[tuple[Array, float]]:
    space = SearchSpace({f"x{i}": Float(0, 1) for i in range(problem.dimensions)})
    metrics = [Metric(f"f{i}") for i in range(problem.objectives)]
    study = Study(space, metrics, sampler=OURS[name](), seed=seed)
    for _ in range(trials):
        task = study.ask()
        values, off = problem.function(np.array([task.params[name] for name in space.names], np.float64))
        study.tell(task, {metric.name: float(value) for metric, value in zip(metrics, values, strict=True)})
        yield values, off


def theirs(name: str, problem: Problem, trials: int, seed: int) -> Iterator[tuple[Array, float]]:
    study = optuna.create_study(directions=["minimize"] * problem.objectives, sampler=THEIRS[name](seed))
    for _ in range(trials):
        trial = study.ask()
        values, off = problem.function(np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(problem.dimensions)]))
        study.tell(trial, values.tolist())
        yield values, off


def search(name: str, problem: Problem, trials: int, seed: int) -> tuple[float, float]:
    """The share of the front's hypervolume, and how far the last third is from the front."""
    values, off = zip(*(ours if name in OURS else theirs)(name, problem, trials, seed), strict=True)
    inside = np.array([each for each in values if (each < problem.corner).all()]).reshape(-1, problem.objectives)
    volume = float(compute_hypervolume(inside, np.full(problem.objectives, problem.corner))) if len(inside) else 0.0
    return volume / problem.front, statistics.mean(off[-(trials // 3) :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, help="default: what stands with each problem")
    parser.add_argument("--only", nargs="+", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--tools", nargs="+", choices=[*OURS, *THEIRS], help="default: all but Optuna's Gaussian process")
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    names = asked.tools or [name for name in (*OURS, *THEIRS) if name != DEAR]
    print(
        f"Tunewright {tunewright.__version__}, Optuna {optuna.__version__}, Python {platform.python_version()}, {asked.seeds} seeds\n"
    )
    print("| problem | objectives | trials | " + " | ".join(names) + " |")
    print("| --- | ---: | ---: | " + " | ".join("---:" for _ in names) + " |")
    for title in asked.only:
        problem = PROBLEMS[title]
        trials = asked.trials or problem.trials
        cells = []
        for name in names:
            shares, offs = zip(*(search(name, problem, trials, seed) for seed in range(asked.seeds)), strict=True)
            error = statistics.stdev(shares) / math.sqrt(len(shares)) if len(shares) > 1 else math.nan
            cells.append(f"{statistics.mean(shares):.3f} ± {error:.3f} (off {statistics.mean(offs):.2f})")
        print(f"| {title} | {problem.objectives} | {trials} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
