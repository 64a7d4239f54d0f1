"""What tests of samplers that learn have in common: short runs, and histories that are hard on them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, qmc

from tunewright.metric import Metric
from tunewright.samplers import Random, Sampler, propose_new
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.testing import Journal, Problem

Run = Callable[..., Journal]
HARD = ("constant", "all failed", "one trial", "duplicates", "huge", "tiny", "one point", "thousand choices", "near-identical")


def run_of(
    sampler: Sampler, problem: Problem, trials: int, seed: int, *, metrics: Sequence[Metric] = (Metric("value"),)
) -> Journal:
    """So many trials, asked and told one by one."""
    journal = Journal(problem.space, metrics)
    journal.history.seed = seed
    for number in range(trials):
        params = propose_new(sampler, problem.space, journal.history, np.random.default_rng([seed, number]))
        journal.tell(journal.ask(params), problem.function(params))
    return journal


@pytest.fixture(scope="session")
def run() -> Run:
    return run_of


@pytest.fixture(scope="session")
def odds_against_random() -> Callable[[Callable[[], Sampler], Problem, int, int], float]:
    """The probability that the best losses of so many runs would be so much lower than those of 80 random searches by chance.

    The one-sided test of Mann and Whitney. All seeds are fixed.
    """

    def odds(make: Callable[[], Sampler], problem: Problem, trials: int, runs: int) -> float:
        found = [np.nanmin(run_of(make(), problem, trials, seed).history.losses) for seed in range(runs)]
        random = [np.nanmin(run_of(Random(), problem, trials, 1000 + seed).history.losses) for seed in range(80)]
        return float(mannwhitneyu(found, random, alternative="less").pvalue)

    return odds


@pytest.fixture(scope="session")
def odds_on_three() -> Callable[[Callable[[], Sampler]], float]:
    """The probability that the hypervolumes of 10 runs on DTLZ2, 3 objectives, 12 parameters, 60 trials, would be so much larger than those
    of 40 random searches by chance. The one-sided test of Mann and Whitney, exact. All seeds are fixed.
    """
    probes = 2.0 * qmc.Sobol(3, scramble=False).random(4096)
    space, metrics = SearchSpace({f"x{i:02}": Float(0, 1) for i in range(12)}), [Metric(name) for name in "abc"]

    def share(sampler: Sampler, seed: int) -> float:
        """Of the cube below 2 what is dominated."""
        journal, values = Journal(space, metrics), []
        for number in range(60):
            params = sampler.propose(space, journal.history, np.random.default_rng([seed, number]))
            x = np.array([params[name] for name in space.names], float)
            a, b = 0.5 * np.pi * x[:2]
            front = np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
            values.append((1.0 + np.sum((x[2:] - 0.5) ** 2)) * front)
            journal.tell(journal.ask(params), dict(zip("abc", values[-1].tolist(), strict=True)))
        return float((np.array(values)[:, None] <= probes).all(axis=2).any(axis=0).mean())

    def odds(make: Callable[[], Sampler]) -> float:
        found = [share(make(), seed) for seed in range(10)]
        random = [share(Random(), 1000 + seed) for seed in range(40)]
        return float(mannwhitneyu(found, random, alternative="greater", method="exact").pvalue)

    return odds


def hard_history(kind: str, space: SearchSpace, n: int = 40) -> Journal:
    """A history that breaks what is careless."""
    journal = Journal(space)
    stream = np.random.default_rng(0)
    same = space.sample(stream)
    for number in range(1 if kind == "one trial" else n):
        params = same if kind == "duplicates" else space.sample(stream)
        trial = journal.ask(params)
        if kind == "all failed":
            journal.fail(trial)
        else:
            values = {"huge": (-1.0) ** number * 1e300, "tiny": number * 1e-300, "constant": 1.0}
            journal.tell(trial, values.get(kind, float(stream.random())))
    return journal


def near_identical() -> Journal:
    """500 points of one dimension, a billionth apart."""
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for number in range(500):
        journal.tell(journal.ask({"x": 0.3 + number * 1e-12}), 1.0 + number * 1e-15)
    return journal


def thousand_choices() -> Journal:
    return hard_history("random", SearchSpace({"word": Categorical(tuple(f"w{i}" for i in range(1000)))}), 200)


@pytest.fixture(scope="session")
def hard() -> Callable[[str, SearchSpace], Journal]:
    def make(kind: str, space: SearchSpace) -> Journal:
        if kind == "near-identical":
            return near_identical()
        if kind == "thousand choices":
            return thousand_choices()
        if kind == "one point":
            return hard_history(kind, SearchSpace({"only": Categorical(("this",))}))
        return hard_history(kind, space)

    return make


@pytest.fixture(params=HARD)
def hardship(request: pytest.FixtureRequest) -> str:
    return str(request.param)
