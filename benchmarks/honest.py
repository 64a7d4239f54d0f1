"""Searches of the same number of fits, judged on rows that none of them saw.

    PYTHONPATH=src python benchmarks/honest.py [--seeds 5] [--fits 100] [--tools …] [--tasks …] [--again] [--report]

Tunewright (races over 5 folds, with its Gaussian process and with random proposals) beside scikit-learn's RandomizedSearchCV and
HalvingRandomSearchCV and Optuna's TPE, GPSampler and TPE with the Wilcoxon pruner, on eight real tables (a third of the rows trains, the
rest is the test set) and five worlds whose truth is known (`honesty/worlds.py`). Each search is a line of results/honest.jsonl; what
is there is not run again, unless `--again` says so. "Tunewright, few rows first" is run, and reported, where `--tools` names it. `--report` runs nothing and prints the tables of docs/honest-benchmark.md.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

from honesty.summary import report
from honesty.tables import TASKS, judge, prepare
from honesty.tools import ROWS_FIRST, TOOLS

import tunewright as tw

RESULTS = Path(__file__).parent / "results" / "honest.jsonl"


def rows() -> list[dict[str, object]]:
    """The last line of each search."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    found = {tuple(row[name] for name in ("task", "tool", "seed", "fits")): row for row in map(json.loads, lines)}
    return list(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--fits", type=int, default=100)
    parser.add_argument("--tools", nargs="*", default=[tool for tool in TOOLS if tool != ROWS_FIRST], choices=list(TOOLS))
    parser.add_argument("--tasks", nargs="*", default=[task.name for task in TASKS], choices=[task.name for task in TASKS])
    parser.add_argument("--again", action="store_true", help="run also what is there")
    parser.add_argument("--report", action="store_true")
    said = parser.parse_args()
    if said.report:
        print(report([row for row in rows() if row["fits"] == said.fits and row["tool"] in said.tools]))
        return
    warnings.simplefilter("ignore")
    done = set() if said.again else {(row["task"], row["tool"], row["seed"], row["fits"]) for row in rows()}
    for seed in range(said.first, said.first + said.seeds):
        for task in TASKS:
            wanted = [tool for tool in said.tools if (task.name, tool, seed, said.fits) not in done]
            if task.name not in said.tasks or not wanted:
                continue
            data = prepare(task, seed)
            for tool in wanted:
                start = time.process_time()
                found = TOOLS[tool](task, data, said.fits, seed)
                seconds = time.process_time() - start
                verdict = judge(task, data, found.params, seed)
                row = {
                    "task": task.name, "real": task.real, "tool": tool, "seed": seed, "fits": said.fits, "spent": found.fits,
                    "seen": found.seen, "test": verdict.test, "default": verdict.default, "worse": verdict.worse,
                    "claimed": found.claimed, "low": found.low, "high": found.high, "raw": found.raw, "on_folds": found.on_folds,
                    "spread": verdict.spread, "seconds": seconds, "version": tw.__version__,
                }  # fmt: skip
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(f"{seed} {task.name:16}{tool:24}{found.seen:5} seen  test {verdict.test:.4f}  default {verdict.default:.4f}  "
                      f"claimed {found.claimed:.4f}  {seconds:5.1f} s{'  WORSE' if verdict.worse else ''}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
