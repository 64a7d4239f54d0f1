"""The results as Markdown: python benchmarks/search/table.py [--tools …] [--problems …]

Normalised regret is (best so far - optimum) / (median of random - optimum), with the scale of `normalise.py`; where a search of any tool
found less than the optimum that was known, that is the optimum, for all tools. Only searches (problem,
seed) that every tool in the table has finished count, so that all means are over the same ones. Ranks are taken within a search, ties
sharing the mean of their places. Intervals are 95 %: problems are drawn again with replacement, then seeds within each.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from normalise import scales
from problems import problems
from run import LATENCY, RESULTS
from scipy.stats import rankdata
from tools import TOOLS

from tunewright.typing import Array

__all__ = ["at", "intervals", "read"]

AT: Final = (20, 50, 100)
RESAMPLES: Final = 4000

Searches = dict[str, dict[tuple[str, int], list[float]]]
"""By tool, then by (problem, seed): the normalised regret after each evaluation."""


def read(path: Path, names: Sequence[str], tools: Sequence[str]) -> tuple[Searches, dict[str, str]]:
    """The searches by the version of each tool that was run last on these problems; and these versions."""
    known, found, versions = scales(), defaultdict(dict), {}
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        if record["problem"] in names:
            versions[record["tool"]] = record["version"]
        if (scale := known.get(record["problem"])) is not None and scale["how"] != "optimum known":
            scale["optimum"] = min(scale["optimum"], *record["best"])
    for record in records:
        wanted = record["tool"] in tools and record["problem"] in names and record["problem"] in known
        if wanted and record["version"] == versions[record["tool"]]:
            scale = known[record["problem"]]
            best = (np.array(record["best"]) - scale["optimum"]) / (scale["median"] - scale["optimum"])
            found[record["tool"]][record["problem"], record["seed"]] = best.tolist()
    return dict(found), versions


def at(searches: Searches, n: int) -> tuple[list[str], list[tuple[str, int]], Array]:
    """Tools, searches that all have up to n, and the regret then, shape (searches, tools)."""
    tools = [tool for tool in TOOLS if tool in searches]
    keys = set.intersection(*({key for key, best in searches[tool].items() if len(best) >= n} for tool in tools))
    common = sorted(keys)
    return tools, common, np.array([[searches[tool][key][n - 1] for tool in tools] for key in common]).reshape(-1, len(tools))


def _groups(keys: Sequence[tuple[str, int]]) -> list[Array]:
    """The searches of each problem."""
    return [np.flatnonzero([key[0] == name for key in keys]) for name in dict.fromkeys(key[0] for key in keys)]


def mean(values: Array, keys: Sequence[tuple[str, int]]) -> Array:
    """The mean over problems of the mean over seeds, shape (tools,): a problem with more seeds does not count more."""
    found: Array = np.mean([values[group].mean(axis=0) for group in _groups(keys)], axis=0)
    return found


def intervals(values: Array, keys: Sequence[tuple[str, int]], rng: np.random.Generator, *, resamples: int = RESAMPLES) -> Array:
    """The 2.5th and 97.5th percentile of the mean over problems of the mean over seeds, shape (2, tools)."""
    groups = _groups(keys)
    means = []
    for _ in range(resamples):
        drawn = [groups[i] for i in rng.integers(len(groups), size=len(groups))]
        means.append(np.mean([values[rng.choice(group, len(group))].mean(axis=0) for group in drawn], axis=0))
    return np.percentile(means, [2.5, 97.5], axis=0)


def quality(searches: Searches, versions: Mapping[str, str]) -> str:
    """A row for each tool, the best mean rank first."""
    budgets = [n for n in AT if len(at(searches, n)[1])]
    head = ["tool", "version", *(f"regret at {n}" for n in budgets), f"rank at {budgets[-1]}", "90th percentile"]
    cells: dict[str, list[str]] = {tool: [tool, versions[tool]] for tool in at(searches, budgets[0])[0]}
    notes = []
    for n in budgets:
        tools, keys, regret = at(searches, n)
        low, high, middle = *intervals(regret, keys, np.random.default_rng(0)), mean(regret, keys)
        for i, tool in enumerate(tools):
            cells[tool].append(f"{middle[i]:.4f} [{low[i]:.4f}, {high[i]:.4f}]")
        notes.append(f"{n}: {len({key[0] for key in keys})} problems, {len(keys)} searches of each tool")
    ranks = rankdata(regret, axis=1)
    low, high, middle = *intervals(ranks, keys, np.random.default_rng(0)), mean(ranks, keys)
    order = np.argsort(middle)
    for i, tool in enumerate(tools):
        cells[tool].append(f"{middle[i]:.2f} [{low[i]:.2f}, {high[i]:.2f}]")
        cells[tool].append(f"{np.percentile(regret[:, i], 90):.4f}")
    return "\n".join([_table(head, [cells[tools[i]] for i in order]), "", *notes])


def by_problem(searches: Searches) -> str:
    """The mean regret of each tool on each problem at the largest budget that all have."""
    n = [n for n in AT if len(at(searches, n)[1])][-1]
    tools, keys, regret = at(searches, n)
    rows = []
    for name in dict.fromkeys(key[0] for key in keys):
        each = regret[[key[0] == name for key in keys]].mean(axis=0)
        rows.append([name, *(f"**{value:.4f}**" if value == each.min() else f"{value:.4f}" for value in each)])
    return _table([f"regret at {n}", *tools], rows)


def costs(path: Path, tools: Sequence[str]) -> str:
    """Median and 95th percentile of tell and ask together, by tool and results behind."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    latest = {record["tool"]: record["version"] for record in records}
    for record in records:
        if record["version"] == latest[record["tool"]]:
            found[record["tool"], record["n"]] += record["cpu"]
    sizes = sorted({n for _, n in found})
    rows = []
    for tool in tools:
        if any((tool, n) in found for n in sizes):
            measured = [1000 * np.percentile(found[tool, n], [50, 95]) if (tool, n) in found else None for n in sizes]
            rows.append([tool, *("" if pair is None else f"{pair[0]:.2f} / {pair[1]:.2f}" for pair in measured)])
    return _table(["ms CPU, median / 95th percentile", *(f"n = {n}" for n in sizes)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--problems", nargs="*", default=["classic", "real", "lcbench"])
    parser.add_argument("--report", action="store_true", help="the report half of LCBench, and nothing else unless it is named")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    wanted = ["lcbench-report"] if chosen.report and chosen.problems == parser.get_default("problems") else chosen.problems
    names = [problem.name for problem in problems(wanted, report=chosen.report)]
    searches, versions = read(chosen.results, names, chosen.tools)
    if not searches:
        raise SystemExit(f"Nothing in {chosen.results} fits. Run benchmarks/search/run.py first.")
    if not len(at(searches, AT[0])[1]):
        have = ", ".join(f"{tool}: {len(each)}" for tool, each in searches.items())
        raise SystemExit(f"No search of {AT[0]} evaluations was finished by all tools ({have}). Choose fewer with --tools.")
    print(quality(searches, versions), "", by_problem(searches), sep="\n")
    if LATENCY.exists():
        print("", costs(LATENCY, chosen.tools), sep="\n")


if __name__ == "__main__":
    main()
