"""How long explanations take, beside Optuna in the same run, and how well they agree with what is known.

    python benchmarks/explain.py                 about two minutes
    python benchmarks/explain.py --rounds 3
    python benchmarks/explain.py --only ped-anova          or fanova, or agreement
    python benchmarks/explain.py --only intervals --rounds 20               whether Sobol's hold the truth; about four minutes
    OPENBLAS_NUM_THREADS=1 python benchmarks/explain.py --only space        after real searches; about ten minutes with --rounds 4

Each figure is the median over rounds, with the least and the largest; contenders take turns. CPU seconds bear a busy machine better
than wall seconds.

"space" asks after searches by `Random` and by the default sampler, on ten formulas, what share each parameter has alone and what tuning is worth. The
truth of the shares is counted on 40,000 configurations, losses pulled in at the third quartile plus 3 interquartile ranges of these.
"""

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import numpy as np
import optuna
import sklearn

from tunewright import Study, param
from tunewright.analysis.importances import importance
from tunewright.analysis.shares import Importance
from tunewright.analysis.tuning import tunability
from tunewright.events import Asked, Entry, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.space import Bool, Categorical, Choice, Float, Int, SearchSpace
from tunewright.testing.problems import branin
from tunewright.typing import Array

__all__: list[str] = []

ISHIGAMI: Final = {"x0": 0.3139, "x1": 0.4424, "x2": 0.0}
G: Final = np.array([0.0, 1.0, 4.5, 9.0])


def ishigami(rows: Array) -> Array:
    x = (2 * rows[:, :3] - 1) * np.pi
    values: Array = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return values


def g_function(rows: Array) -> Array:
    values: Array = np.prod((np.abs(4 * rows[:, :4] - 2) + G) / (1 + G), axis=1)
    return values


def studies(n: int, d: int, function: Callable[[Array], Array], seed: int = 0) -> tuple[History, Any]:
    """The same trials for both."""
    space = SearchSpace({f"x{j}": Float(0, 1) for j in range(d)})
    rows = space.sample_rows(np.random.default_rng(seed), n)
    values = function(rows)
    history = History(space, [Metric("value")])
    events = [
        event
        for number, (row, value) in enumerate(zip(rows, values, strict=True))
        for event in ((number, Asked(space.params(row), "random", 0)), (number, Told({"value": float(value)}, 0.0)))
    ]
    history.fold(Entry(trial, event, 0.0, i) for i, (trial, event) in enumerate(events, 1))
    distributions = {name: optuna.distributions.FloatDistribution(0, 1) for name in space.names}
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(params=space.params(row), distributions=distributions, value=float(value))
            for row, value in zip(rows, values, strict=True)
        ]
    )
    return history, study


def race(title: str, contenders: dict[str, Callable[[], object]], rounds: int) -> None:
    print(f"\n{title}")
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    print("  (load before: " + ", ".join(f"{each:.1f}" for each in os.getloadavg()) + ")")
    for _ in range(rounds):
        for name, run in contenders.items():
            start, ticks = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - ticks)
    for name in contenders:
        low, high = min(cpu[name]), max(cpu[name])
        print(
            f"  {name:<12} CPU {statistics.median(cpu[name]) * 1e3:9.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f})"
            f"   wall {statistics.median(wall[name]) * 1e3:9.1f} ms"
        )
    ratios = [theirs / ours for ours, theirs in zip(cpu["tunewright"], cpu["optuna"], strict=True)]
    print(f"  optuna / tunewright, CPU: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def agreement(rounds: int) -> None:
    print(f"\nagreement with known first-order indices, largest error over parameters, median over {rounds} seeds")
    parts = 1 / (3 * (1 + G) ** 2)
    known_g = {f"x{j}": float(part / (np.prod(1 + parts) - 1)) for j, part in enumerate(parts)}
    for name, function, d, known in (("Ishigami", ishigami, 3, ISHIGAMI), ("g-function", g_function, 4, known_g)):
        for n in (100, 300, 1000):
            errors: dict[str, list[float]] = {"fanova": [], "sobol": [], "optuna": []}
            for seed in range(rounds):
                history, study = studies(n, d, function, seed)
                for method in ("fanova", "sobol"):
                    found = importance(history, method)
                    errors[method].append(max(abs(found[each].value - known[each]) for each in known))
                evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
                theirs = evaluator.evaluate(study)
                errors["optuna"].append(max(abs(theirs[each] - known[each]) for each in known))
            print(
                f"  {name:<11} n={n:<5}"
                + "   ".join(f"{method} {statistics.median(error):.3f}" for method, error in errors.items())
            )


def g_of(a: Array) -> tuple[Callable[[Array], Array], Array]:
    """Sobol's g-function, which has a kink in the middle of each range, and its first indices."""

    def function(rows: Array) -> Array:
        values: Array = np.prod((np.abs(4 * rows - 2) + a) / (1 + a), axis=1)
        return values

    parts = 1 / (3 * (1 + a) ** 2)
    return function, parts / (np.prod(1 + parts) - 1)


def corner(rows: Array) -> Array:
    """Steps: in a corner of two parameters, and at the middle of a third; of the fourth nothing."""
    values: Array = 1.0 * (rows[:, 0] > 0.6) * (rows[:, 1] > 0.3) + 0.3 * (rows[:, 2] > 0.5)
    return values


def bowl(rows: Array) -> Array:
    values: Array = ((rows - 0.3) ** 2) @ np.array([1.0, 0.5, 0.25, 0.0])
    return values


def intervals(rounds: int) -> None:
    """How many 95 % intervals of first Sobol indices hold the truth, and how wide they are, after random trials."""
    parts = np.array([0.28 * 0.72, 0.3**2 / 4])
    known: dict[str, tuple[Callable[[Array], Array], Array]] = {
        f"g-function, {d} parameters": g_of(np.arange(d) / 2) for d in (4, 5, 6)
    }
    known["g-function, 4 alike"] = g_of(np.zeros(4))
    known["steps"] = (corner, np.array([0.24 * 0.49, 0.21 * 0.16, 0.3**2 / 4, 0.0]) / parts.sum())
    known["Ishigami"] = (ishigami, np.array(list(ISHIGAMI.values())))
    known["bowl"] = (bowl, np.array([1.0, 0.25, 0.0625, 0.0]) / 1.3125)
    print(f"\n95 % intervals of first Sobol indices after random trials, {rounds} seeds; held within 0.005")
    for name, (function, truth) in known.items():
        for n in (60, 150, 300):
            rows = []
            for seed in range(rounds):
                history, _ = studies(n, len(truth), function, seed)
                found = importance(history, "sobol")
                shares = [found[f"x{j}"] for j in range(len(truth))]
                low, high = np.array([[share.low, share.high] for share in shares]).T
                held = (low - 0.005 <= truth) & (truth <= high + 0.005)
                rows.append((held.mean(), (high - low).mean(), (high - low).max(), found.fit.r2, found.fit.predicts))
            holds, width, widest, r2, predicts = np.array(rows, float).T
            print(
                f"  {name:<24} n={n:<4} R² {np.median(r2):.2f}   intervals hold {holds.mean():4.0%}, mean width {width.mean():.3f},"
                f" widest {np.median(widest):.3f}; warned {1 - predicts.mean():.0%}"
            )


# ---- over the whole space, after a search that went where it liked ---------------------------------------------------------------

POINTS: Final = 40_000
CELLS: Final = 24
NOISE: Final = {"noisy": 0.3}
Formula = Callable[[dict[str, Any]], float]


def tutorial(at: dict[str, Any]) -> float:
    return (math.log10(at["lr"]) + 2.5) ** 2 + 0.05 * abs(at["depth"] - 6) - 0.3 * at.get("momentum", 0.0)


def tiny(at: dict[str, Any]) -> float:
    return 1e-9 * (1 + (math.log10(at["x"]) + 6) ** 2 + at["y"] ** 2)


def huge(at: dict[str, Any]) -> float:
    return 3e9 + 1e9 * (at["x"] / 1e9 - 0.3) ** 2 + 1e8 * math.log10(at["n"])


def conditional(at: dict[str, Any]) -> float:
    if at["model"] == "tree":
        return 0.3 + 0.004 * abs(at["tree.depth"] - 8) + 0.6 * at["tree.leaf"]
    return 0.2 + 0.05 * (math.log10(at["svm.C"]) - 1) ** 2 + 0.1 * (at["svm.kernel"] == "linear") + 0.15 * (not at["scale"])


def diverging(at: dict[str, Any]) -> float:
    if math.log10(at["lr"]) > -0.5 - 0.3 * at["wd"]:
        return 1e6 * (1 + at["wd"])
    return 0.09 * (math.log10(at["lr"]) + 2.5) ** 2 + 0.5 * (at["wd"] - 0.3) ** 2 + {"a": 0.0, "b": 0.1, "c": 0.25}[at["act"]]


def howto(at: dict[str, Any]) -> float:
    return 0.1 * (math.log10(at["lr"]) + 2.5) ** 2 + 0.02 * abs(at["depth"] - 9) + 0.3 * (at["opt"] == "sgd")


def hartmann6(at: dict[str, Any]) -> float:
    scale = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    centre = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    )
    apart = np.array([at[f"x{j}"] for j in range(6)]) - centre
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(scale * apart**2).sum(axis=1)))


def rosenbrock(at: dict[str, Any]) -> float:
    x = [at[f"x{j}"] for j in range(4)]
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def formulas() -> dict[str, tuple[SearchSpace, Formula]]:
    first = SearchSpace(
        {
            "lr": Float(1e-5, 1e-1, log=True, default=1e-3),
            "depth": Int(1, 12),
            "optimizer": Categorical(["sgd", "adam"]),
            "momentum": Float(0, 0.99),
        },
        when={"momentum": param("optimizer") == "sgd"},
    )
    svm, tree = (
        {"C": Float(1e-3, 1e3, log=True), "kernel": Categorical(["rbf", "linear"])},
        {"depth": Int(1, 20), "leaf": Float(0, 0.5)},
    )
    known = branin()
    return {
        "tutorial": (first, tutorial),
        "tiny": (SearchSpace({"x": Float(1e-9, 1e-3, log=True, default=1e-5), "y": Float(-5, 5, default=3.0)}), tiny),
        "huge": (SearchSpace({"x": Float(-1e9, 1e9), "n": Int(1, 10**9, log=True)}), huge),
        "conditional": (SearchSpace({"model": Choice({"svm": svm, "tree": tree}), "scale": Bool()}), conditional),
        "diverging": (
            SearchSpace({"lr": Float(1e-5, 1, log=True, default=1e-2), "wd": Float(0, 1), "act": Categorical(["a", "b", "c"])}),
            diverging,
        ),
        "hartmann6": (SearchSpace({f"x{j}": Float(0, 1) for j in range(6)}), hartmann6),
        "branin": (known.space, known.function),
        "noisy": (first, tutorial),
        "how-to": (
            SearchSpace(
                {
                    "lr": Float(1e-5, 1e-1, log=True, default=1e-4),
                    "depth": Int(1, 12, default=3),
                    "opt": Categorical(["adam", "sgd"]),
                    "idle": Float(0, 1),
                }
            ),
            howto,
        ),
        "rosenbrock": (SearchSpace({f"x{j}": Float(-2, 2, default=-1.0) for j in range(4)}), rosenbrock),
    }


def shares_of(space: SearchSpace, function: Formula) -> Array:
    """The share that each parameter has alone, shape (d,)."""
    unit = np.random.default_rng(0).random((POINTS, len(space)))
    y = np.array([function(space.params(row)) for row in space.deactivate(space.from_unit(unit))])
    first, third = np.quantile(y, [0.25, 0.75])
    y = np.minimum(y, third + 3 * (third - first))
    found = []
    for j, parameter in enumerate(space.parameters.values()):
        count = int(min(parameter.size, CELLS))
        cell = np.minimum((unit[:, j] * count).astype(int), count - 1)
        many = np.bincount(cell, minlength=count)
        means = np.bincount(cell, y, count) / many
        found.append(float(many @ (means - y.mean()) ** 2 / POINTS / y.var()))
    return np.array(found)


def after_searches(rounds: int) -> None:
    print(
        f"\nshares alone and worth over the whole space, {rounds} seeds of each search; a share counts as held within 0.02 of its interval"
    )
    known = formulas()
    truth = {name: shares_of(*formula) for name, formula in known.items()}
    for trials in (30, 60):
        for by in ("Random", "default"):
            shares: dict[str, list[tuple[float, float, float, bool]]] = {"fanova": [], "sobol": []}
            held, kept = list[bool](), list[bool]()
            each: dict[str, list[str]] = {}
            for name, (space, function) in known.items():
                for seed in range(rounds):
                    study = search(space, function, by, trials, seed, NOISE.get(name, 0.0))
                    for method, rows in shares.items():
                        rows.append(judged(importance(study.history, method), space.names, truth[name]))
                        each.setdefault(name, []).append(f"{rows[-1][0]:.2f}{'!' if rows[-1][3] else ''}")
                    of_worth(study, function, held, kept)
            print(f"  {by} sampler, {trials} trials")
            for method, rows in shares.items():
                print(f"    {method:<7}" + told(rows) + "   where it does not warn: " + told([row for row in rows if not row[3]]))
            print(
                f"    worth   {np.mean(held):.0%} of {len(held)} gains of one parameter hold the truth in their interval (or within 5 %);"
                f" the worth of everything is at least the winner's true gain on the default (or 95 % of it) in {np.mean(kept):.0%} of {len(kept)}"
            )
            for name, errors in each.items():
                print(f"      {name:<12} error by fanova, sobol, seed by seed (! warned): {', '.join(errors)}")


def search(space: SearchSpace, function: Formula, by: str, trials: int, seed: int, noise: float) -> Study:
    rng = np.random.default_rng(seed)
    study = (
        Study(space, Metric("loss"), sampler=Random(), seed=seed) if by == "Random" else Study(space, Metric("loss"), seed=seed)
    )
    study.enqueue(space.default, note="default")
    study.optimize(lambda live: function(live.params) + noise * rng.standard_normal(), trials=trials)
    return study


def judged(found: Importance, names: tuple[str, ...], truth: Array) -> tuple[float, float, float, bool]:
    """The largest error of a share, how many intervals hold the truth, how wide they are, and whether it warned."""
    shares = [found[name] for name in names]
    value, low, high = (np.array([getattr(share, part) for share in shares]) for part in ("value", "low", "high"))
    held = (low - 0.02 <= truth) & (truth <= high + 0.02)
    return float(np.abs(value - truth).max()), float(held.mean()), float((high - low).mean()), not found.fit.predicts


def told(rows: list[tuple[float, float, float, bool]]) -> str:
    if not rows:
        return "nothing"
    error, held, width, warned = np.array(rows, float).T
    return (
        f"n={len(rows):<3} largest error: mean {error.mean():.3f}, median {np.median(error):.3f}; intervals hold {held.mean():.0%}, mean width"
        f" {width.mean():.2f}; warned {warned.mean():.0%}"
    )


def of_worth(study: Study, function: Formula, held: list[bool], kept: list[bool]) -> None:
    """Whether gains of one parameter hold the truth, and whether the whole is worth what the winner truly gains on the default."""
    found, default = tunability(study.history), study.space.default
    for gain in found.parameters:
        if None not in gain.at and len(study.space.when) == 0:
            true = function(default) - function(default | dict(zip(gain.names, gain.at, strict=True)))
            held.append(gain.low - 0.05 * abs(true) <= true <= gain.high + 0.05 * abs(true))
    if found.whole is not None:
        true = function(default) - function(study.best.params)
        kept.append(found.whole.high >= 0.95 * true)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["fanova", "ped-anova", "agreement", "intervals", "space"])
    given = parser.parse_args()
    rounds, only = given.rounds, given.only
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, scikit-learn {sklearn.__version__}, optuna {optuna.__version__}"
    )
    if only in {"space", "intervals"}:
        (after_searches if only == "space" else intervals)(rounds)
        return
    evaluators = optuna.importance
    small, small_study = studies(30, 3, ishigami)
    for method in ("fanova", "ped-anova"):  # what is loaded when first used
        importance(small, method)
    for evaluator in (evaluators.FanovaImportanceEvaluator(seed=0), evaluators.PedAnovaImportanceEvaluator()):
        evaluators.get_param_importances(small_study, evaluator=evaluator)
    if only in {None, "fanova"}:
        fanova(rounds)
    if only in {None, "ped-anova"}:
        ped_anova(rounds)
    if only in {None, "agreement"}:
        agreement(min(rounds, 3))


def fanova(rounds: int) -> None:
    history, study = studies(1000, 20, ishigami)
    evaluators = optuna.importance
    race(
        "fANOVA, 1,000 trials, 20 parameters; ours with all pairs and intervals, Optuna's main effects only",
        {
            "tunewright": lambda: importance(history),
            "optuna": lambda: evaluators.get_param_importances(study, evaluator=evaluators.FanovaImportanceEvaluator(seed=0)),
        },
        min(rounds, 3),
    )


def ped_anova(rounds: int) -> None:
    large, large_study = studies(10_000, 20, ishigami)
    evaluators = optuna.importance
    race(
        "PED-ANOVA, 10,000 trials, 20 parameters; ours with intervals and the level of chance",
        {
            "tunewright": lambda: importance(large, "ped-anova"),
            "optuna": lambda: evaluators.get_param_importances(large_study, evaluator=evaluators.PedAnovaImportanceEvaluator()),
        },
        rounds,
    )


if __name__ == "__main__":
    main()
