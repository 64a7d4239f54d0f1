"""How long explanations take, beside Optuna in the same run, and how well they agree with what is known.

    python benchmarks/explain.py                 about two minutes
    python benchmarks/explain.py --rounds 3
    python benchmarks/explain.py --only ped-anova          or fanova, or agreement

Each figure is the median over rounds, with the least and the largest; contenders take turns. CPU seconds bear a busy machine better
than wall seconds.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import optuna
import sklearn

from tunewright.analysis.importances import importance
from tunewright.events import Asked, Entry, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["fanova", "ped-anova", "agreement"])
    given = parser.parse_args()
    rounds, only = given.rounds, given.only
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, scikit-learn {sklearn.__version__}, optuna {optuna.__version__}"
    )
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
