"""The results as a drawing: python benchmarks/search/draw.py OUT.svg [--tools …] [--problems …] [--report]

Left, the mean normalised regret after each evaluation, on a logarithmic scale; the band holds 95 % of the means when problems, then seeds,
are drawn again with replacement. Right, the mean rank at the end with the same interval: 1 is best. Only searches count that every tool
in the drawing has finished, as in `table.py`.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from problems import problems
from run import RESULTS
from scipy.stats import rankdata
from table import at, intervals, read
from tools import OURS, TOOLS

from tunewright.typing import Array

__all__: list[str] = []

COLOURS: Final = ("#1f6f8b", "#c8553d", "#6a8d3a", "#8a6fb0", "#b8860b", "#5f6b73", "#d081a8", "#3aa6a0")
_LEAST: Final = 1e-3
_EVERY: Final = 5


def curves(axes: Any, regret: Array, tools: list[str], keys: list[tuple[str, int]]) -> None:  # noqa: ANN401  matplotlib ships no types here
    """Regret, shape (evaluations, searches, tools)."""
    steps = np.arange(1, len(regret) + 1)
    means = regret.mean(axis=1)
    some = np.unique([*range(_EVERY - 1, len(regret), _EVERY), len(regret) - 1])
    bands = np.array([intervals(regret[step], keys, np.random.default_rng(0), resamples=400) for step in some])
    for i, tool in enumerate(tools):
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(steps, means[:, i].clip(_LEAST), color=colour, lw=2.4 if tool in OURS else 1.4, label=tool)
        axes.fill_between(some + 1, *bands[:, :, i].T.clip(_LEAST), color=colour, alpha=0.12, lw=0)
    axes.set(yscale="log", xlabel="evaluations", ylabel="mean normalised regret", xlim=(1, len(regret)))
    axes.legend(frameon=False, fontsize=9)


def ranks(axes: Any, last: Array, tools: list[str], keys: list[tuple[str, int]]) -> None:  # noqa: ANN401  the same
    """Mean ranks of regrets, shape (searches, tools)."""
    found = rankdata(last, axis=1)
    low, high = intervals(found, keys, np.random.default_rng(0))
    mean = found.mean(axis=0)
    for place, i in enumerate(np.argsort(-mean)):
        colour = COLOURS[i % len(COLOURS)]
        axes.plot([low[i], high[i]], [place, place], color=colour, lw=2)
        axes.plot(mean[i], place, "o", color=colour, ms=7)
    axes.set(yticks=range(len(tools)), yticklabels=[tools[i] for i in np.argsort(-mean)], xlabel="mean rank (1 is best)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--problems", nargs="*", default=["classic", "real", "lcbench"])
    parser.add_argument("--report", action="store_true", help="the report half of LCBench too")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    import matplotlib as mpl  # noqa: PLC0415  only who draws needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "tunewright", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot as plt  # noqa: PLC0415  the same

    names = [problem.name for problem in problems(chosen.problems, report=chosen.report)]
    searches, versions = read(chosen.results, names, chosen.tools)
    budget = max(len(best) for tool in searches.values() for best in tool.values())
    tools, keys, _ = at(searches, budget)
    if not keys:
        raise SystemExit(
            f"No search of {budget} evaluations was finished by all of {', '.join(tools)}. Choose fewer with --tools."
        )
    regret = np.array([[[searches[tool][key][step] for tool in tools] for key in keys] for step in range(budget)])
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), width_ratios=(3, 2), layout="constrained")
    curves(left, regret, tools, keys)
    ranks(right, regret[-1], tools, keys)
    figure.savefig(chosen.out, metadata={"Date": None})
    counts = {"problems": len({key[0] for key in keys}), "searches of each tool": len(keys), "versions": versions}
    print(json.dumps({"drawn": str(chosen.out)} | counts))


if __name__ == "__main__":
    main()
