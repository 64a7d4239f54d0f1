"""From which probability of being better than the default a winner should be recommended.

    PYTHONPATH=src python benchmarks/honest_threshold.py [seeds [first seed]]

Searches like those of `honest.py`, of Tunewright alone and on other divisions of the tables (16 from seed 100 on: ten minutes): the winner's test
score, the default's, and the probability that `study.generalization()` gave before. Each search is a line of results/honest-threshold.jsonl;
what is there is not run again. Printed: what several thresholds would have done. The gain is the test score less the default's, 0 where the default
stays, in standard deviations of that over a table's searches.
"""

import json
import math
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from honesty.tables import TASKS, Task, judge, prepare
from honesty.tools import race

import tunewright as tw

__all__: list[str] = []

RESULTS: Final = Path(__file__).parent / "results" / "honest-threshold.jsonl"
FITS: Final = 100
THRESHOLDS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)


def search(task: Task, seed: int) -> dict[str, Any]:
    """One search, as a line."""
    rows = prepare(task, seed)
    study = race(task, rows, FITS, seed, tw.samplers.GP())
    worth = study.generalization()
    verdict = judge(task, rows, study.best.params, seed)
    gain = math.nan if worth.gain is None else worth.gain.value
    return {
        "task": task.name, "real": task.real, "seed": seed, "test": verdict.test, "default": verdict.default, "worse": verdict.worse,
        "probability": worth.probability, "gain": gain, "version": tw.__version__,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> None:
    """What each threshold would have done; 0: the winner always."""
    apart = defaultdict(list)
    for row in rows:
        apart[row["task"]].append(row["test"] - row["default"])
    units = {task: float(np.std(values)) or 1.0 for task, values in apart.items()}
    for real in (True, False):
        some = [row for row in rows if row["real"] is real]
        print(f"{'real tables' if real else 'worlds'}, {len(some)} searches")
        for least in THRESHOLDS if some else ():
            # a probability that is not known (no spread over the folds) leaves the sign of the gain
            taken = [
                not least or (row["gain"] > 0 if math.isnan(row["probability"]) else row["probability"] > least) for row in some
            ]
            gains = np.array(
                [(row["test"] - row["default"]) / units[row["task"]] * take for row, take in zip(some, taken, strict=True)]
            )
            worse = np.mean([row["test"] < row["default"] - 1e-12 and take for row, take in zip(some, taken, strict=True)])
            clearly = np.mean([row["worse"] and take for row, take in zip(some, taken, strict=True)])
            print(
                f"  from {least:.1f}: taken {np.mean(taken):4.0%}   mean gain {gains.mean():.2f} ± {gains.std() / math.sqrt(len(gains)):.2f}"
                f"   worse {worse:5.1%}   significantly {clearly:5.1%}"
            )


def main() -> None:
    seeds, first = (int(each) for each in (sys.argv[1:] + ["16", "100"][len(sys.argv) - 1 :]))
    warnings.simplefilter("ignore")
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()] if RESULTS.exists() else []
    there = {(row["task"], row["seed"]) for row in rows}
    for seed in range(first, first + seeds):
        for task in TASKS:
            if (task.name, seed) not in there:
                rows.append(search(task, seed))
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    table([row for row in rows if first <= row["seed"] < first + seeds])


if __name__ == "__main__":
    main()
