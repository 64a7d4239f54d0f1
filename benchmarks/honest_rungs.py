"""What winners of successive halving with several seeds on each rung may claim, where the truth is known.

    PYTHONPATH=src python benchmarks/honest_rungs.py [STUDIES] [FIRST] [CONFIGURATIONS]

Configurations are drawn, and each is measured with seeds 0 to 4 on each rung of `ASHA(1, 27, seeds=5)`. A score is the worth of a configuration, what the budget
leaves of its growth, the difficulty of the seed, and chance, of which a part is the same on every rung (as that of the same test rows). `Race(seeds=5)` beside it
gives everything to those that still matter. Losses: raw - true is below 0 for luck.
"""

import sys
from typing import Any, Final

import numpy as np

import tunewright as tw

SEEDS: Final = 5
BUDGETS: Final = (1, 3, 9, 27)
CHANCE: Final = 0.02
KINDS: Final = ("normal", "exponential", "flat")


def _worth(kind: str, rng: np.random.Generator, count: int) -> np.ndarray:
    if kind == "normal":
        return rng.normal(0, 0.03, count)
    return rng.exponential(0.03, count) if kind == "exponential" else np.zeros(count)


def _searched(kind: str, number: int, count: int, scheduler: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Raw and claimed less true, whether the interval holds, and what was lost beside the best."""
    rng = np.random.default_rng([number, 7])
    worth, growth, hard = _worth(kind, rng, count), rng.uniform(0.05, 0.15, count), rng.normal(0, 0.03, SEEDS)
    shared, own = rng.normal(0, CHANCE, (count, SEEDS)), rng.normal(0, CHANCE / 2, (count, SEEDS, len(BUDGETS)))

    def loss(live: Any) -> float:  # noqa: ANN401
        i, budget = live["i"], live.budget or BUDGETS[-1]
        chance = shared[i, live.seed] + own[i, live.seed, BUDGETS.index(budget)] * (BUDGETS[-1] / budget) ** 0.25
        return float(worth[i] + growth[i] * (1 / budget - 1 / BUDGETS[-1]) + hard[live.seed] + chance)

    study = tw.Study(
        {"i": tw.Int(0, count - 1)}, tw.Metric("loss"), scheduler=scheduler, sampler=tw.samplers.Random(), seed=number
    )
    study.optimize(loss, trials=count, progress=False)
    found = study.winner()
    truth = float(worth[found.trial.params["i"]])
    return found.raw - truth, found.value - truth, float(found.low <= truth <= found.high), truth - float(worth.min())


def main() -> None:
    studies, first, count = (int(said) for said in [*sys.argv[1:4], *("60", "0", "60")[len(sys.argv) - 1 :]])
    print(
        f"{studies} studies of {count} configurations a line\n\n| worth | by | raw − true | claimed − true | interval holds | behind the best |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        for scheduler in (tw.schedulers.ASHA(1, 27, seeds=SEEDS), tw.schedulers.Race(seeds=SEEDS, confirm=0)):
            raw, claimed, holds, lost = np.array(
                [_searched(kind, first + number, count, scheduler) for number in range(studies)]
            ).T
            error = claimed.std(ddof=1) / studies**0.5
            print(
                f"| {kind} | {type(scheduler).__name__} | {raw.mean():.4f} | {claimed.mean():.4f} ± {error:.4f} | {holds.mean():.0%} | {lost.mean():.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
