"""Searches with and without gradients, on validation losses whose hypergradients are exact.

Run: python benchmarks/gradients.py [--splits 20] [--first 100] [--out results.json]. The sampler's constants were chosen on splits 0 to 15.

Each problem is a real, bundled data set of scikit-learn, split anew at each seed into rows to learn from and rows to judge by; a search is
judged by the validation loss that it reaches, not by what that is worth on new data. Every evaluation gives the gradient, at whatever cost
to nobody: the searches without one ignore it. The yardstick is scipy.optimize.minimize(method="L-BFGS-B") on the same unit cube from the same
default, begun anew at a random point when it ends early.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import PolynomialFeatures

import tunewright as tw
from tunewright.hypergradients import implicit_gradient, ridge_held_out
from tunewright.typing import Array

Loss = Callable[[Array], tuple[float, Array]]
BUDGETS = (10, 20, 50)


class Problem(NamedTuple):
    name: str
    space: tw.SearchSpace
    make: Callable[[int], Loss]
    """A seed to a function of the parameters in their order: loss and gradient, natural units."""


def halves(rows: Array, y: Array, seed: int) -> tuple[Array, Array, Array, Array]:
    order = np.random.default_rng([seed, 7]).permutation(len(rows))
    learn, judge = order[: len(rows) // 2], order[len(rows) // 2 :]
    mean, spread = rows[learn].mean(axis=0), rows[learn].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return (rows[learn] - mean) / spread, y[learn], (rows[judge] - mean) / spread, y[judge]


def penalties(count: int, low: float = 1e-3, high: float = 1e5) -> tw.SearchSpace:
    return tw.SearchSpace({f"a{j}": tw.Float(low, high, log=True) for j in range(count)})


def ridge_by_group(seed: int) -> Loss:
    """Two penalties: of the ten features, and of their squares and products."""
    rows, y = load_diabetes(return_X_y=True, scaled=False)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    wide = PolynomialFeatures(2, include_bias=False).fit(rows)
    group = (wide.powers_.sum(axis=1) > 1).astype(int)
    learn, target, judge, truth = halves(wide.transform(rows), y, seed)

    def loss(a: Array) -> tuple[float, Array]:
        value, slope = ridge_held_out(learn, target, judge, truth, a[group])
        return value, np.bincount(group, slope, 2)

    return loss


def ridge_by_feature(seed: int) -> Loss:
    learn, target, judge, truth = halves(*load_diabetes(return_X_y=True, scaled=False), seed)
    return lambda a: ridge_held_out(learn, target, judge, truth, a)


def kernel_ridge(seed: int) -> Loss:
    """The penalty and the width of a Gaussian kernel: not convex."""
    learn, target, judge, truth = halves(*load_diabetes(return_X_y=True, scaled=False), seed)
    mean = target.mean()
    inside = ((learn[:, None] - learn[None]) ** 2).sum(axis=2)
    across = ((judge[:, None] - learn[None]) ** 2).sum(axis=2)

    def loss(a: Array) -> tuple[float, Array]:
        alpha, gamma = a
        kernel, seen = np.exp(-gamma * inside), np.exp(-gamma * across)
        system = kernel + alpha * np.eye(len(learn))
        dual = np.linalg.solve(system, target - mean)
        errors = seen @ dual + mean - truth
        pull = np.linalg.solve(system, 2 * seen.T @ errors / len(errors))
        by_gamma = 2 * errors @ ((-across * seen) @ dual) / len(errors) - pull @ ((-inside * kernel) @ dual)
        return float((errors**2).mean()), np.array([-pull @ dual, by_gamma])

    return loss


def kernel_by_feature(seed: int) -> Loss:
    """The penalty, and a width of the kernel for each feature: not convex."""
    learn, target, judge, truth = halves(*load_diabetes(return_X_y=True, scaled=False), seed)
    mean = target.mean()
    inside = ((learn[:, None] - learn[None]) ** 2).transpose(2, 0, 1)
    across = ((judge[:, None] - learn[None]) ** 2).transpose(2, 0, 1)

    def loss(a: Array) -> tuple[float, Array]:
        alpha, gamma = a[0], a[1:]
        kernel, seen = (np.exp(-np.tensordot(gamma, part, 1)) for part in (inside, across))
        system = kernel + alpha * np.eye(len(learn))
        dual = np.linalg.solve(system, target - mean)
        errors = seen @ dual + mean - truth
        pull = np.linalg.solve(system, 2 * seen.T @ errors / len(errors))
        outer, inner = seen * np.outer(-2 * errors / len(errors), dual), kernel * np.outer(pull, dual)
        by_gamma = np.tensordot(across, outer, 2) + np.tensordot(inside, inner, 2)
        return float((errors**2).mean()), np.append(-pull @ dual, by_gamma)

    return loss


def logistic_by_feature(seed: int) -> Loss:
    learn, target, judge, truth = halves(*load_breast_cancer(return_X_y=True), seed)
    learn, judge = (np.column_stack([part, np.ones(len(part))]) for part in (learn, judge))

    def loss(a: Array) -> tuple[float, Array]:
        penalty = np.append(a, 1e-6)
        weights = fitted(learn, target, penalty)
        chance = expit(learn @ weights)
        spread = chance * (1 - chance)
        margin = judge @ weights
        value = np.mean(np.logaddexp(0, margin) - truth * margin)
        slope = implicit_gradient(
            lambda v: learn.T @ (spread * (learn @ v)) + penalty * v,
            judge.T @ (expit(margin) - truth) / len(truth),
            lambda v: (v * weights)[:-1],
        )
        return float(value), slope

    return loss


def fitted(rows: Array, y: Array, penalty: Array) -> Array:
    """The minimum of the summed log loss plus Σ a_j w_j² / 2, by Newton steps."""
    w = np.zeros(rows.shape[1])

    def cost(w: Array) -> float:
        margin = rows @ w
        return float((np.logaddexp(0, margin) - y * margin).sum() + 0.5 * penalty @ w**2)

    for _ in range(100):
        chance = expit(rows @ w)
        slope = rows.T @ (chance - y) + penalty * w
        step = np.linalg.solve((rows.T * (chance * (1 - chance))) @ rows + np.diag(penalty), slope)
        length = 1.0
        while cost(w - length * step) > cost(w) - 1e-4 * length * (slope @ step) and length > 1e-8:
            length *= 0.5
        w = w - length * step
        if slope @ step < 1e-18 * max(1.0, cost(w)):
            break
    return w


PROBLEMS = (
    Problem("ridge, 2 groups", penalties(2), ridge_by_group),
    Problem(
        "kernel ridge, 2",
        tw.SearchSpace({"alpha": tw.Float(1e-4, 1e3, log=True), "gamma": tw.Float(1e-5, 1e1, log=True)}),
        kernel_ridge,
    ),
    Problem(
        "kernel ridge, 2, poor default",
        tw.SearchSpace(
            {"alpha": tw.Float(1e-4, 1e3, log=True, default=1e-3), "gamma": tw.Float(1e-5, 1e1, log=True, default=5.0)}
        ),
        kernel_ridge,
    ),
    Problem(
        "kernel ridge, 11",
        tw.SearchSpace(
            {"alpha": tw.Float(1e-4, 1e3, log=True)} | {f"gamma{j}": tw.Float(1e-5, 1e1, log=True) for j in range(10)}
        ),
        kernel_by_feature,
    ),
    Problem("ridge, 10 features", penalties(10), ridge_by_feature),
    Problem("logistic, 30 features", penalties(30), logistic_by_feature),
)


def by_sampler(sampler: tw.samplers.Sampler, problem: Problem, loss: Loss, seed: int, budget: int) -> list[float]:
    study = tw.Study(problem.space, tw.Metric("loss"), sampler=sampler, seed=seed)
    found = []
    for _ in range(budget):
        task = study.ask()
        value, slope = loss(np.array([task.params[name] for name in problem.space]))
        study.tell(task, value, gradient=dict(zip(problem.space, slope, strict=True)))
        found.append(value)
    return found


class _EnoughError(Exception):
    pass


def by_lbfgsb(problem: Problem, loss: Loss, seed: int, budget: int) -> list[float]:
    found: list[float] = []

    def on_unit(u: Array) -> tuple[float, Array]:
        if len(found) >= budget:
            raise _EnoughError
        row = problem.space.from_unit([u])
        value, slope = loss(row[0])
        found.append(value)
        return value, slope * problem.space.slopes(row)[0]

    start, rng = problem.space.to_unit([problem.space.row(problem.space.default)])[0], np.random.default_rng([seed, 8])
    try:
        while True:
            minimize(on_unit, start, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(start))
            start = rng.random(len(start))
    except _EnoughError:
        return found


def searches() -> dict[str, Callable[..., list[float]]]:
    ours: dict[str, Callable[[], tw.samplers.Sampler]] = {
        "Gradient": tw.samplers.Gradient,
        "5 starts": lambda: tw.samplers.Gradient(starts=5),
        "GP": tw.samplers.GP,
        "TPE": tw.samplers.TPE,
        "Random": tw.samplers.Random,
    }
    made: dict[str, Callable[..., list[float]]] = {
        name: (lambda problem, loss, seed, budget, make=make: by_sampler(make(), problem, loss, seed, budget))
        for name, make in ours.items()
    }
    made["L-BFGS-B"] = by_lbfgsb
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--problems", nargs="*", help="problems, by name")
    parser.add_argument("--first", type=int, default=100, help="seed of the first split")
    parser.add_argument("--only", nargs="*", help="searches, by name")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    budget, seeds = max(BUDGETS), range(given.first, given.first + given.splits)
    print(f"python {' '.join(sys.argv)}")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}"
    )
    results: dict[str, Any] = {}
    for problem in PROBLEMS:
        if given.problems and problem.name not in given.problems:
            continue
        curves: dict[str, list[list[float]]] = {}
        for name, search in searches().items():
            if given.only and name not in given.only:
                continue
            begun = time.perf_counter()
            runs = [search(problem, problem.make(seed), seed, budget) for seed in seeds]
            curves[name] = np.minimum.accumulate(runs, axis=1).tolist()
            print(f"  {problem.name}: {name}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        results[problem.name] = curves
        report(problem.name, {name: np.array(curve) for name, curve in curves.items()})
    if given.out:
        given.out.write_text(json.dumps(results))


def report(problem: str, curves: dict[str, Array]) -> None:
    """How much of the way from the default to the best loss that any search found is left: median, 5th and 95th percentile over splits."""
    first = next(iter(curves.values()))[:, 0]
    best = np.min([curve[:, -1] for curve in curves.values()], axis=0)
    left = {name: 100 * (curve - best[:, None]) / (first - best)[:, None] for name, curve in curves.items()}
    print(f"\n{problem}: % of the way from the default's loss to the best one found that is left, n = {len(first)} splits")
    print(f"{'':12}" + "".join(f"{f'after {budget}':>28}" for budget in BUDGETS))
    for name, curve in left.items():
        print(f"{name:12}" + "".join(f"{spread(curve[:, budget - 1]):>28}" for budget in BUDGETS))
    for name, curve in left.items():
        if name != "Gradient" and "Gradient" in left:
            apart = curve - left["Gradient"]
            wins = [int((apart[:, budget - 1] > 0).sum()) for budget in BUDGETS]
            cells = (f"{spread(apart[:, budget - 1])} ({win})" for budget, win in zip(BUDGETS, wins, strict=True))
            print(f"- Gradient: {name:9}" + "".join(f"{cell:>28}" for cell in cells))
    print("Lower rows: each search minus Gradient, split by split, and in how many splits Gradient is better.", flush=True)


def spread(values: Array) -> str:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
