"""Does `value_of_continuing` keep its word? What it foretells, beside what 20 further trials brought.

    OPENBLAS_NUM_THREADS=1 python benchmarks/forecast.py                searches and forecasts: about five minutes
    OPENBLAS_NUM_THREADS=1 python benchmarks/forecast.py --seeds 1      a third of it

Searches of 80 trials by three samplers on formulas, some of them measured with noise. After 20, 40 and 60 trials the forecast for 20
more is asked for, and compared with what the next 20 trials of the same search brought: the fall of the best value (with noise: of the
true value of the trial that was the best by its measurement).
"""

import argparse
import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from tunewright import Study
from tunewright.analysis.evidence import evidence
from tunewright.analysis.prospects import Prospect, prospect
from tunewright.analysis.tuning import tunability
from tunewright.events import Asked, Entry, Told
from tunewright.history import History
from tunewright.samplers import GP, TPE, Random
from tunewright.samplers.base import Sampler
from tunewright.space import Float, SearchSpace
from tunewright.testing.problems import Problem, branin, conditional, integers, nested, priors, sphere
from tunewright.typing import Params

__all__: list[str] = []

TRIALS: Final = 80
AHEAD: Final = 20
AFTER: Final = (20, 40, 60)
SAMPLERS: Final[dict[str, Callable[[], Sampler]]] = {"random": Random, "tpe": TPE, "gp": GP}


class Case(NamedTuple):
    sampler: str
    problem: str
    noise: float
    after: int
    forecast: Prospect
    gain: float
    spread: float


def rastrigin() -> Problem:
    space = SearchSpace({f"x{j}": Float(-2, 2) for j in range(4)})

    def function(params: Params) -> float:
        x = np.array([float(params[name]) - 0.3 for name in space.names])  # type: ignore[arg-type]
        return float((x**2 + 2 * (1 - np.cos(2 * np.pi * x))).sum())

    return Problem("rastrigin", space, function, 0.0, dict.fromkeys(space.names, 0.3))


def problems() -> list[tuple[Problem, float]]:
    """With the standard deviation of the noise."""
    quiet = [(make(), 0.0) for make in (sphere, branin, conditional, nested, integers, priors, rastrigin)]
    return [*quiet, (sphere(), 2.0), (branin(), 5.0), (conditional(), 0.3), (priors(), 1.0)]


def cases(sampler: str, problem: Problem, noise: float, seed: int) -> list[Case]:
    """One search, and its forecasts."""
    rng = np.random.default_rng([seed, 7])
    study = Study(problem.space, sampler=SAMPLERS[sampler](), seed=seed)
    study.optimize(lambda params: problem.function(params) + noise * rng.standard_normal(), trials=TRIALS)
    trials = study.history.trials
    measured = np.array([float(trial.value or 0.0) for trial in trials])
    true = np.array([problem.function(trial.params) for trial in trials])
    drawn = [problem.function(problem.space.params(row)) for row in problem.space.sample_rows(np.random.default_rng(0), 400)]
    spread = float(np.median(drawn) - min(drawn))
    found, known = [], History(problem.space, study.history.metrics)
    for number, (trial, value) in enumerate(zip(trials, measured.tolist(), strict=True), 1):
        told = (Asked(trial.params, trial.origin, 2 * number - 2), Told({study.history.metrics[0].name: value}, 1.0))
        known.fold([Entry(number - 1, event, 0.0, 2 * number - 1 + i) for i, event in enumerate(told)])
        if number in AFTER and number + AHEAD <= len(trials) and not evidence(known).trouble:
            best, later = (int(np.argmin(measured[:end])) for end in (number, number + AHEAD))
            gain = float(true[best] - true[later])
            found.append(Case(sampler, problem.name, noise, number, prospect(known, AHEAD), gain, spread))
    return found


def table(rows: list[Case], title: str) -> None:
    """How the forecasts of these cases turned out."""
    forecast = np.array([each.forecast.gain / each.spread for each in rows])
    sd = np.array([each.forecast.sd / each.spread for each in rows])
    gain = np.array([each.gain / each.spread for each in rows])
    inside = [np.abs(gain - forecast) <= k * sd + 1e-9 for k in (1, 2)]
    chance = np.array([each.forecast.chance for each in rows])
    came = np.array([each.gain > 1e-3 * each.spread for each in rows])
    print(
        f"  {title:<22} n={len(rows):<4} mean forecast {forecast.mean():.4f}  mean gain {gain.mean():.4f}"
        f"   within 1 sd {inside[0].mean():4.0%}  within 2 sd {inside[1].mean():4.0%}"
        f"   chance of any: said {chance.mean():4.0%}, came {came.mean():4.0%}, Brier {((chance - came) ** 2).mean():.3f}"
    )


def tunability_kept(seeds: range) -> None:
    """How often the true gain of a setting lies inside the interval that `tunability` tells for it: formulas without noise, 40 trials."""
    inside, told, real = [], [], []
    for seed in seeds:
        for problem in (problem for problem, noise in problems() if not noise and problem.name != "nested"):
            for name in ("random", "tpe"):
                study = Study(problem.space, sampler=SAMPLERS[name](), seed=seed)
                study.optimize(problem.function, trials=40)
                found, default = tunability(study.history), problem.space.default
                for gain in (*found.parameters, *found.pairs[:3]):
                    if None in gain.at or gain.value <= 0:
                        continue
                    true = problem.function(default) - problem.function(default | dict(zip(gain.names, gain.at, strict=True)))
                    inside.append(gain.low <= true <= gain.high)
                    told.append(gain.value)
                    real.append(true)
    print(
        f"tunability: {len(inside)} gains, {np.mean(inside):.0%} inside their 95 % interval; told / true {sum(told) / sum(real):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", choices=["forecasts", "tunability"])
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    if given.only != "forecasts":
        tunability_kept(seeds)
    if given.only != "tunability":
        forecasts(seeds)


def forecasts(seeds: range) -> None:
    found = [
        case
        for seed in seeds
        for problem, noise in problems()
        for sampler in SAMPLERS
        for case in cases(sampler, problem, noise, seed)
    ]
    searches = len(seeds) * len(problems()) * len(SAMPLERS)
    print(
        f"{searches} searches of {TRIALS} trials, {len(found)} forecasts of {AHEAD} more; in units of the median of random configurations less the best of 400"
    )
    table(found, "all")
    table([each for each in found if each.forecast.fit.predicts], "model predicts")
    table([each for each in found if not each.forecast.fit.predicts], "model does not")
    for noisy in (False, True):
        table([each for each in found if bool(each.noise) == noisy], "with noise" if noisy else "without noise")
    for sampler in SAMPLERS:
        table([each for each in found if each.sampler == sampler], sampler)
    for after in AFTER:
        table([each for each in found if each.after == after], f"after {after} trials")
    stopped = [each for each in found if each.forecast.stop]
    missed = [each.gain / each.forecast.noise for each in stopped]
    print(
        f"  stopping advised in {len(stopped)}; what was then missed, in errors of a measurement: "
        + (f"median {np.median(missed):.2f}, largest {max(missed):.2f}" if stopped else "nothing")
    )
    for case in stopped:
        print(
            f"    {case.sampler}, {case.problem}, noise {case.noise}, after {case.after}: missed {case.gain / case.forecast.noise:.2f}"
        )
    bounded = [each.gain <= each.forecast.regret + 1e-9 for each in found if math.isfinite(each.forecast.regret)]
    print(f"  the gain stayed below the bound on the regret in {np.mean(bounded):.0%}")


if __name__ == "__main__":
    main()
