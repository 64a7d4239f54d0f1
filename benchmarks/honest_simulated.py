"""What the winner claims, in races whose truth is known.

    PYTHONPATH=src python benchmarks/honest_simulated.py [races]

A world has 100 configurations and 5 x 2 folds; what folds share (Nadeau & Bengio) is in it, so that no repetition averages it away. The
real scheduler decides who meets which fold, on a real history. Printed: how far the raw score of the best and the claimed value are off
the truth, how often 95 % intervals hold it, and how many fits the race took.
"""

import math
import sys
import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats

from tunewright.analysis.generalization import by_folds
from tunewright.schedulers import Race, Resume
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})
FOLDS, REPEATS, OVERLAP, CONFIGURATIONS = 5, 2, 0.25, 100
SPREAD = 0.03


class World(NamedTuple):
    truth: np.ndarray
    scores: np.ndarray


def world(shape: str, noise: float, rng: np.random.Generator) -> World:
    bowl = SPREAD * (rng.random((CONFIGURATIONS, 3)) ** 2).sum(axis=1)
    worth = {
        "normal": SPREAD * rng.standard_normal(CONFIGURATIONS),
        "exponential": SPREAD * rng.exponential(1.0, CONFIGURATIONS),
        "bowl": bowl,
        "bowl, searched": np.where(rng.random(CONFIGURATIONS) < 0.6, SPREAD * 0.1 * rng.exponential(1.0, CONFIGURATIONS), bowl),
    }[shape]
    own = noise * math.sqrt(OVERLAP) * rng.standard_normal(CONFIGURATIONS)
    shared = SPREAD * math.sqrt(OVERLAP) * rng.standard_normal()
    folds = np.tile(SPREAD * rng.standard_normal(FOLDS), REPEATS) + 0.3 * SPREAD * rng.standard_normal(FOLDS * REPEATS)
    chance = noise * rng.standard_normal((CONFIGURATIONS, FOLDS * REPEATS))
    return World(0.5 + worth, 0.5 + worth[:, None] + own[:, None] + shared + folds + chance)


def race(shape: str, noise: float, rng: np.random.Generator) -> list[float]:
    truth, scores = world(shape, noise, rng)
    journal, scheduler = Journal(SPACE), Race(FOLDS, REPEATS, confirm=0)
    history = journal.history
    while True:
        decision = scheduler.decide(SPACE, history, rng)
        if isinstance(decision, Resume):
            trial = decision.trial
            index = journal.send(trial, fold=decision.fold, seed=decision.seed)
        elif len(history) < CONFIGURATIONS:
            trial = journal.ask({"x": 0.5 if not len(history) else float(rng.random())}, plan=decision.plan, fold=0)
            index = 0
        else:
            break
        journal.tell(trial, scores[trial, index], index=index)
    best, found = history.best.number, by_folds(history)
    raw = float(np.nanmean(history.table()[0][best]))
    met = history.table()[0][best]
    met = met[np.isfinite(met)]
    naive = stats.t.ppf(0.975, len(met) - 1) * met.std(ddof=1) * math.sqrt(1 / len(met) + OVERLAP)
    gain = truth[0] - truth[best]
    return [
        raw - truth[best], found.winner.value - truth[best], found.winner.low <= truth[best] <= found.winner.high,
        abs(raw - truth[best]) < naive, found.gain.low <= gain <= found.gain.high, gain - found.gain.value,
        truth[best] > truth[0], found.recommended == "winner" and truth[best] > truth[0], float(history.effects().counts.mean()),
    ]  # fmt: skip


def main(races: int) -> None:
    warnings.simplefilter("error")
    print("worth            noise  raw-true  claimed-true   covers  raw, NB covers   gain covers  gain off  fits a configuration")
    for shape in ("normal", "exponential", "bowl", "bowl, searched"):
        for noise in (0.01, 0.03):
            rng = np.random.default_rng(0)
            off, claimed, covers, naive, gain, gain_off, _, worse, fits = np.mean(
                [race(shape, noise, rng) for _ in range(races)], axis=0
            )
            print(
                f"{shape:15}  {noise:5.2f}  {off:8.4f}  {claimed:8.4f}      {covers:6.1%}     {naive:6.1%}          {gain:6.1%}    {gain_off:7.4f}  {fits:5.1f} of {FOLDS * REPEATS}"
                f"   worse than the default {worse:.1%}",
                flush=True,
            )


main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
