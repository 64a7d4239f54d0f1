"""What the winner claims, in races whose truth is known.

    PYTHONPATH=src python benchmarks/honest_simulated.py [races [first seed [quantile of the default]]]

A world has some configurations and folds; what folds share (Nadeau & Bengio) is in it, so that no repetition averages it away, and every
repeat has folds of its own. The real scheduler decides who meets which fold, on a real history. `DEVELOPED` are the worlds on which the estimators were chosen, `SET_ASIDE`
those that were only looked at afterwards: other shapes, other noise, heavier tails, noise that grows with the loss, other folds, few
configurations, near ties. Printed: how far the raw score of the best and the claimed value are off the truth, less what the folds of this
world shared (known here; it averages to nothing), how often 95 % intervals hold the truth and the gain over the default, how often
the recommended configuration is worse than the default, and by how much in the mean, how many folds a configuration met, and which part of
those that the race stopped would have overtaken the incumbent on all folds. The default is a configuration like any other, drawn at
random; or the one at a quantile of what they are worth, 0.1 for one that is better than nine tenths.
"""

import math
import sys
import warnings
from typing import NamedTuple

import numpy as np

from tunewright.analysis.generalization import by_folds
from tunewright.history import History
from tunewright.schedulers import Race, Resume
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})
SPREAD = 0.03


class World(NamedTuple):
    worth: str
    configurations: int
    noise: float
    folds: int = 5
    repeats: int = 2
    tails: str = "normal"
    uneven: float = 0.0
    """How much noisier a configuration is that is worse by one spread."""


DEVELOPED = [
    World("normal", 100, 0.01), World("normal", 100, 0.03), World("exponential", 100, 0.01), World("exponential", 100, 0.03),
    World("bowl", 100, 0.01), World("bowl", 100, 0.03), World("searched", 100, 0.01), World("searched", 100, 0.03),
    World("ties", 100, 0.03), World("exponential", 20, 0.03), World("normal", 8, 0.03), World("exponential", 60, 0.02, tails="t3"),
    World("bowl", 60, 0.01, uneven=1.5), World("exponential", 60, 0.02, tails="skewed"), World("exponential", 60, 0.02, repeats=1),
]  # fmt: skip
SET_ASIDE = [
    World("gamma", 80, 0.02), World("two levels", 80, 0.02), World("log-normal", 80, 0.02), World("normal", 40, 0.04, tails="laplace"),
    World("gamma", 12, 0.03), World("ties", 10, 0.02), World("bowl", 80, 0.02, folds=3, repeats=3), World("normal", 80, 0.02, folds=10, repeats=1),
    World("gamma", 80, 0.01, tails="laplace", uneven=2.0), World("searched", 250, 0.02),
]  # fmt: skip


def worths(shape: str, n: int, rng: np.random.Generator) -> np.ndarray:
    bowl = SPREAD * (rng.random((n, 3)) ** 2).sum(axis=1)
    return {
        "normal": SPREAD * rng.standard_normal(n),
        "exponential": SPREAD * rng.exponential(1.0, n),
        "gamma": SPREAD * rng.gamma(2.0, 0.5, n),
        "bowl": bowl,
        "searched": np.where(rng.random(n) < 0.6, SPREAD * 0.1 * rng.exponential(1.0, n), bowl),
        "two levels": np.where(rng.random(n) < 0.3, 0.0, SPREAD) + 0.1 * SPREAD * rng.standard_normal(n),
        "log-normal": SPREAD * np.exp(1.5 * rng.standard_normal(n)),
        "ties": 0.05 * SPREAD * rng.standard_normal(n),
    }[shape]


def made(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """What configurations are worth, their scores, shape (configurations, cells), and what all scores of this world share."""
    n, cells = world.configurations, world.folds * world.repeats
    worth, overlap = worths(world.worth, n, rng), 1 / (world.folds - 1)
    noise = world.noise * (1 + world.uneven * (worth - worth.min()) / SPREAD)
    own = noise * math.sqrt(overlap) * rng.standard_normal(n)
    shared = SPREAD * math.sqrt(overlap) * rng.standard_normal()
    folds = SPREAD * rng.standard_normal(cells)  # each repeat divides the rows anew
    chance = {
        "normal": rng.standard_normal, "t3": lambda size: rng.standard_t(3, size) / math.sqrt(3),
        "laplace": lambda size: rng.laplace(size=size) / math.sqrt(2), "skewed": lambda size: rng.exponential(size=size) - 1,
    }[world.tails]((n, cells))  # fmt: skip
    return 0.5 + worth, 0.5 + (worth + own)[:, None] + shared + folds + noise[:, None] * chance, shared + float(folds.mean())


def raced(world: World, scores: np.ndarray, rng: np.random.Generator) -> History:
    journal, scheduler = Journal(SPACE), Race(world.folds, world.repeats, confirm=0)
    history = journal.history
    while True:
        decision = scheduler.decide(SPACE, history, rng)
        if isinstance(decision, Resume):
            trial, index = decision.trial, journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
        elif len(history) < world.configurations:
            trial = journal.ask({"x": 0.5 if not len(history) else float(rng.random())}, plan=decision.plan, fold=0)
            index = 0
        else:
            return history
        journal.tell(trial, scores[trial, index], index=index)


def run(world: World, place: int, seed: int, quantile: float | None) -> list[float]:
    rng = np.random.default_rng([place, seed])  # worlds share no chance
    truth, scores, shared = made(world, rng)
    if quantile is not None:
        swapped = np.argsort(truth)[int(quantile * (len(truth) - 1))]
        truth[[0, swapped]], scores[[0, swapped]] = truth[[swapped, 0]], scores[[swapped, 0]]
    history = raced(world, scores, rng)
    best, found = history.best.number, by_folds(history)
    gain = truth[0] - truth[best]
    kept = 0 if found.recommended == "default" else best
    claimed = found.winner.value - truth[best] - shared
    known = found.winner.low == found.winner.low
    return [
        float(np.nanmean(history.table()[0][best])) - truth[best] - shared, claimed,
        found.winner.low <= truth[best] <= found.winner.high if known else math.nan,
        found.gain.low <= gain <= found.gain.high if known and found.gain and best else math.nan,
        truth[best] > truth[0], truth[kept] > truth[0], max(0.0, truth[kept] - truth[0]), truth[kept] - truth.min(),
        float(history.effects().counts.mean()), mistaken(history, scores), found.probability if best else 0.0, gain,
    ]  # fmt: skip


def mistaken(history: History, scores: np.ndarray) -> float:
    """Which part of those that were stopped would have had a better mean over all cells than the incumbent of that time."""
    whole, means = history.effects().counts >= scores.shape[1], scores.mean(axis=1)
    incumbents = np.minimum.accumulate(np.where(whole, means, np.inf))
    return float(np.mean((means < incumbents)[~whole])) if not whole.all() else math.nan


def main(races: int, first: int, quantile: float | None = None) -> None:
    warnings.simplefilter("error")
    for title, worlds in (("developed on", DEVELOPED), ("set aside", SET_ASIDE)):
        print(
            f"{title:52}raw - true  claimed - true    covers  gain covers   winner worse  recommended worse (by)  regret  fits  mistaken",
            flush=True,
        )
        everything = []
        for place, world in enumerate(worlds, 100 * (worlds is SET_ASIDE)):
            rows = np.array([run(world, place, first + seed, quantile) for seed in range(races)], float)
            everything.append(rows)
            name = f"{world.worth}, {world.configurations} configurations, noise {world.noise:g}, {world.folds} x {world.repeats}"
            line(name + (f", {world.tails}" if world.tails != "normal" else "") + (", uneven" if world.uneven else ""), rows)
        line(f"all {races * len(worlds)}", np.concatenate(everything))
        thresholds(np.concatenate(everything))


def thresholds(rows: np.ndarray) -> None:
    """What would come of recommending the winner only where it is better than the default with some probability."""
    for least in (0.0, 0.5, 0.7, 0.9):
        taken = rows[:, -2] > least
        gains = np.where(taken, rows[:, -1], 0.0)
        print(
            f"  taken above {least:.1f}: {taken.mean():4.0%}   worse {(gains < 0).mean():6.1%}   by a tenth of the spread {(gains < -SPREAD / 10).mean():6.1%}"
            f"   mean gain {gains.mean():.4f}",
            flush=True,
        )


def line(name: str, rows: np.ndarray) -> None:
    off, claimed, covers, gain, worse, kept, by, regret, fits, stops, *_ = np.nanmean(rows, axis=0)
    error = rows[:, 1].std(ddof=1) / math.sqrt(len(rows))
    print(
        f"{name:52}{off:10.4f}  {claimed:7.4f} ± {error:.4f}  {covers:7.1%}  {gain:11.1%}  {worse:12.1%}  {kept:10.1%} ({by:.5f})    {regret:.4f}  {fits:4.1f}  {stops:8.2%}",
        flush=True,
    )


if __name__ == "__main__":
    races, first, *quantile = sys.argv[1:] + ["50", "0"][len(sys.argv) - 1 :]
    main(int(races), int(first), *map(float, quantile))
