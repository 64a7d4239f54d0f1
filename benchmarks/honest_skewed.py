"""What the winner claims where noise is skewed, or is success and failure.

    PYTHONPATH=src python benchmarks/honest_skewed.py [studies]

Studies of 20 configurations on 10 seeds, raced or each on all. In a flat world all are worth the same, so that the best is nothing but the
luckiest; in a sloped one they differ by about as much as a seed's noise (of chances of failure, by a tenth). Printed, for 60 studies a line: how
far the raw score of the best and its claim are off the truth (losses), how often the 95 % interval holds it, and the same of the gain over
the first configuration.
"""

import math
import sys
from collections.abc import Callable

import numpy as np

from tunewright.analysis.generalization import by_folds
from tunewright.history import History
from tunewright.schedulers import Once, Race, Resume, Scheduler
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})
SEEDS, CONFIGURATIONS, FRESH = 10, 20, 5

Noise = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def log_normal(sigma: float) -> Noise:
    return lambda rng, size: rng.lognormal(0.0, sigma, size) - math.exp(sigma**2 / 2)


NOISES: dict[str, Noise | float] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "exponential": lambda rng, size: rng.exponential(size=size) - 1,
    "exponential, downwards": lambda rng, size: 1 - rng.exponential(size=size),
    "log-normal, 0.5": log_normal(0.5), "log-normal, 0.8": log_normal(0.8), "log-normal, 1.2": log_normal(1.2),
    "Student's t, 2.2": lambda rng, size: rng.standard_t(2.2, size),
    "failure in 0.5": 0.5, "failure in 0.2": 0.2, "failure in 0.05": 0.05,
}  # fmt: skip


def searched(scores: np.ndarray, scheduler: Scheduler, rng: np.random.Generator) -> History:
    journal = Journal(SPACE)
    history, decide = journal.history, scheduler.decide
    while True:
        decision = decide(SPACE, history, rng)
        if isinstance(decision, Resume):
            trial, index = decision.trial, journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
        elif len(history) < CONFIGURATIONS:
            params = {"x": 0.5 if not len(history) else float(rng.random())}
            trial, index = journal.ask(params, plan=decision.plan, fold=decision.fold, seed=decision.seed), 0
        elif decide == scheduler.decide:
            decide = scheduler.finish
            continue
        else:
            return history
        journal.tell(trial, scores[trial, index], index=index)


def run(noise: Noise | float, scheduler: Scheduler, slope: float, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    truth, size = slope * np.abs(rng.standard_normal(CONFIGURATIONS)), (CONFIGURATIONS, SEEDS * FRESH)
    if isinstance(noise, float):
        truth = np.clip(noise + 0.1 * truth, 0, 1)
        scores = (rng.random(size) < truth[:, None]).astype(float)
    else:
        scores = truth[:, None] + noise(rng, size)
    history = searched(scores, scheduler, rng)
    best, found = history.best, by_folds(history)
    mine, gain, claimed = truth[best.number], found.gain, found.winner
    raw = float(np.mean([each.values["value"] for each in best.measurements if each.values]))
    known = claimed.low == claimed.low
    return [
        raw - mine, claimed.value - mine, claimed.low <= mine <= claimed.high if known else math.nan,
        gain.low <= truth[0] - mine <= gain.high if gain and best.number and gain.low == gain.low else math.nan,
    ]  # fmt: skip


def main(studies: int) -> None:
    print(f"{'noise':26}{'world':8}{'scheduler':12}raw - true  claimed - true    covers  gain covers")
    for name, noise in NOISES.items():
        for world, slope in (("flat", 0.0), ("sloped", 1.0)):
            for kind in (Race, Once):
                rows = np.array([run(noise, kind(seeds=SEEDS), slope, seed) for seed in range(studies)], float)
                off, claimed, covers, gain = np.nanmean(rows, axis=0)
                error = rows[:, 1].std(ddof=1) / math.sqrt(studies)
                print(
                    f"{name:26}{world:8}{kind.__name__:12}{off:10.3f}  {claimed:7.3f} ± {error:.3f}  {covers:8.0%}  {gain:11.0%}",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
