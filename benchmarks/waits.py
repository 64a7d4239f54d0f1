"""How long a worker that has become free waits for its next trial, with many results behind.

    python benchmarks/waits.py [--behind 500] [--trials 160] [--workers 8] [--sampler GP] [--seconds 1.0]

A study in SQLite gets results of random configurations of 10 mixed parameters, as if each had taken as long as those to come; then so many workers, each a process, run an objective that
sleeps (log-normally, a third of its median up or down) and writes down when it began and ended. A wait is the time from a worker's end to its next begin, with the
way there and back, and the pickling. The first begin of each worker does not count.
"""

import argparse
import os
import random
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

import tunewright as tw

__all__: list[str] = []

MIXED = tw.SearchSpace(
    {
        **{f"x{i}": tw.Float(0, 1) for i in range(4)},
        **{f"log{i}": tw.Float(1e-5, 1, log=True) for i in range(2)},
        **{f"n{i}": tw.Int(1, 100) for i in range(2)},
        **{f"c{i}": tw.Categorical(["a", "b", "c"]) for i in range(2)},
    }
)


def bowl(params: dict[str, object]) -> float:
    return sum((float(value) - 0.3) ** 2 for value in params.values() if isinstance(value, float))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--behind", type=int, default=500)
    parser.add_argument("--trials", type=int, default=160)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--sampler", default="GP")
    parser.add_argument("--seconds", type=float, default=1.0, help="the median of what a trial takes")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url, notes = f"sqlite:///{folder}/study.db", Path(folder) / "notes"
        first = tw.Study(MIXED, sampler=tw.samplers.Random(), seed=0, storage=url, name="waits")
        for _ in range(said.behind):
            task = first.ask()
            first.tell(task, bowl(dict(task.params)), seconds=said.seconds)
        first.storage.close()

        def objective(live: tw.LiveTrial) -> float:
            begun = time.monotonic()
            time.sleep(said.seconds * random.Random(live.trial).lognormvariate(0.0, 0.3))
            with notes.open("a") as file:
                file.write(f"{os.getpid()} {begun} {time.monotonic()}\n")
            return bowl(dict(live))

        study = tw.Study(MIXED, sampler=getattr(tw.samplers, said.sampler)(), seed=0, storage=url, name="waits")
        study.optimize(objective, more=said.trials, workers=said.workers, isolation="process")
        by_worker = defaultdict(list)
        for line in notes.read_text().splitlines():
            worker, begun, ended = line.split()
            by_worker[worker].append((float(begun), float(ended)))
        waits = [1000 * (after[0] - before[1]) for each in by_worker.values() for before, after in pairwise(sorted(each))]
        study.storage.close()
    low, middle, high, most = np.percentile(waits, [5, 50, 95, 100])
    print(
        f"{said.sampler}, {said.behind} results behind, {said.workers} workers, trials of {said.seconds} s: a free worker waits "
        f"{middle:.1f} ms (5 %: {low:.1f}, 95 %: {high:.1f}, longest {most:.1f}; {len(waits)} waits; load {os.getloadavg()[0]:.1f})"
    )


if __name__ == "__main__":
    main()
