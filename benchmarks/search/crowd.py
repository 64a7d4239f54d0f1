"""What several workers cost the search: the same number of evaluations one after another, and with workers at once.

    build/peers/bin/python benchmarks/search/crowd.py      GP, develop half, 100 evaluations, 1 and 8 workers, 2 seeds: half an hour
    python benchmarks/search/crowd.py --problems branin --samplers TPE --seeds 1

The workers are simulated: an evaluation takes a log-normal time (spread 0.3), and whoever is free takes the next proposal, which does not know
what the others will find. "8, 4 wait" takes proposals made four results earlier, as `optimize` does where a proposal takes long beside a trial
(`tunewright/ahead.py`: of 8 workers, four wait where a proposal takes 4 to 5 % of a trial). Each line of results/crowd.jsonl is a search; what is
there is not run again. Printed: the mean normalised regret, and how much worse than one after another, with a 95 % interval over problems, then seeds;
and the same for one worker seven results earlier, a yardstick: so many of eight workers' results are under way when a proposal is made.
"""

import argparse
import heapq
import json
import zlib
from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np
from normalise import scales
from problems import Problem, problems
from run import version_of

from tunewright import samplers
from tunewright.metric import Metric
from tunewright.study import Study

__all__: list[str] = []

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "crowd.jsonl"
WAYS: Final = {"1": (1, 0), "8": (8, 0), "8, 4 wait": (8, 4)}
"""Name -> how many work, and how many proposals wait for them."""

LATE: Final = "1, seven results earlier"
AFTER: Final = (20, 50, 100)


def search(problem: Problem, sampler: str, way: str, seed: int, budget: int) -> list[float]:
    """The loss without noise of what was measured best, after each result."""
    workers, ahead = WAYS[way]
    waiting: deque[Any] = deque()
    noise = np.random.default_rng([zlib.crc32(problem.name.encode()), seed])
    clock = np.random.default_rng([1, zlib.crc32(problem.name.encode()), seed])
    study = Study(problem.space, Metric("loss", "minimize"), sampler=getattr(samplers, sampler)(), seed=seed, repeats=True)
    flying: list[tuple[float, int, Any]] = []
    lowest, best = np.inf, np.inf
    trajectory = []

    def start(now: float) -> None:
        task = waiting.popleft()
        heapq.heappush(flying, (now + float(clock.lognormal(0.0, 0.3)), task.trial, task))

    waiting.extend(study.ask() for _ in range(workers + ahead))
    for _ in range(workers):
        start(0.0)
    for done in range(1, budget + 1):
        now, _, task = heapq.heappop(flying)
        truth = problem.loss(problem.space.validate(task.params))
        told = truth + problem.noise * float(noise.standard_normal())
        study.tell(task, told, seconds=0.0)
        if done + len(flying) + len(waiting) < budget:
            waiting.append(study.ask())
        if waiting:
            start(now)
        if told < lowest:
            lowest, best = told, truth
        trajectory.append(float(f"{best:.9g}"))
    return trajectory


def table(rows: list[dict[str, Any]], sampler: str, budget: int) -> None:
    scale = scales()
    found: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for row in rows:
        best, middle = scale[row["problem"]]["optimum"], scale[row["problem"]]["median"]
        found.setdefault((row["problem"], row["seed"]), {})[row["way"]] = (np.array(row["best"]) - best) / (middle - best)
    for ways in found.values():
        if "1" in ways:
            ways[LATE] = np.concatenate([np.full(7, np.nan), ways["1"][:-7]])
    rng = np.random.default_rng(0)
    for way in (*WAYS, LATE):
        whole = {key: ways for key, ways in found.items() if "1" in ways and way in ways}
        names = sorted({problem for problem, _ in whole})
        if not names:
            continue
        cells = []
        for after in AFTER:
            if after > budget:
                continue
            pairs = {
                name: np.array([(w["1"][after - 1], w[way][after - 1]) for (other, _), w in whole.items() if other == name])
                for name in names
            }
            mean = np.mean([pair.mean(axis=0) for pair in pairs.values()], axis=0)
            draws = []
            for _ in range(2000):
                drawn = [pairs[name] for name in rng.choice(names, len(names))]
                one, many = np.mean([pair[rng.integers(len(pair), size=len(pair))].mean(axis=0) for pair in drawn], axis=0)
                draws.append(many / one - 1)
            low, high = np.percentile(draws, [2.5, 97.5])
            cells.append(f"at {after}: {mean[1]:.4f}, {mean[1] / mean[0] - 1:+.0%} [{low:+.0%}, {high:+.0%}]")
        print(f"{sampler}, workers: {way}, {len(whole)} searches on {len(names)} problems: {'   '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="*", default=["classic", "lcbench"])
    parser.add_argument("--samplers", nargs="*", default=["GP"])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--table", action="store_true", help="print what is there, run nothing")
    given = parser.parse_args()
    version, known = version_of(""), scales()
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    keys = ("sampler", "problem", "seed", "way", "budget", "version")
    there = {tuple(row[key] for key in keys) for row in rows}
    chosen = [problem for problem in problems(given.problems) if problem.name in known]
    for seed in range(given.first, given.first + (0 if given.table else given.seeds)):
        for problem in chosen:
            for sampler in given.samplers:
                for way in given.ways:
                    key = (sampler, problem.name, seed, way, given.budget, version)
                    if key not in there:
                        rows.append(
                            dict(zip(keys, key, strict=True)) | {"best": search(problem, sampler, way, seed, given.budget)}
                        )
                        with RESULTS.open("a") as file:
                            file.write(json.dumps(rows[-1]) + "\n")
    wanted = {problem.name for problem in chosen}
    if given.table:
        version = rows[-1]["version"]
    for sampler in given.samplers:
        table(
            [
                row
                for row in rows
                if row["sampler"] == sampler
                and (row["version"], row["budget"]) == (version, given.budget)
                and row["problem"] in wanted
                and given.first <= row["seed"] < given.first + given.seeds
            ],
            sampler,
            given.budget,
        )


if __name__ == "__main__":
    main()
