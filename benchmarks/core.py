"""The speed of the core, beside Optuna in the same run.

    python benchmarks/core.py                    all of it, about half an hour on two cores
    python benchmarks/core.py --quick            fewer rounds, a smaller study: about three minutes
    python benchmarks/core.py --only sqlite      one of: import, ask_tell, memory, sqlite, growth, open
    python benchmarks/core.py --cache DIR        keep the generated studies of 100,000 trials there

Each figure is the median over n rounds with its 5th to 95th percentile, each contender once a round in a fresh process. See README.md.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from measure import ROOT, Contest, Report, cell, command_cost, spread

import storage
from storage import OURS, PEER, SAME

__all__: list[str] = []


class Size(NamedTuple):
    """How much is done: rounds of the cheap and of the dear cells, seconds of a window, trials of the big study."""

    rounds: int
    dear: int
    window: float
    big: int


FULL: Final = Size(15, 5, 6.0, 100_000)
QUICK: Final = Size(5, 2, 2.0, 10_000)


def importing(report: Report, size: Size, _: Path) -> None:
    """(a) What `import` costs beyond the bare interpreter."""
    report.section("import, beyond the bare interpreter of the same round")
    statements = {
        "interpreter": "pass",
        "import tunewright": "import tunewright",
        "tunewright.Study": "import tunewright; tunewright.Study",
        "import optuna": "import optuna",
    }
    for code in statements.values():
        command_cost([sys.executable, "-c", code])  # compiled, and in the disk's cache
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in statements}

    def run(name: str) -> float:
        costs[name].append(command_cost([sys.executable, "-c", statements[name]]))
        return costs[name][-1]["cpu"]

    contest = Contest.held({name: partial(run, name) for name in statements}, size.rounds)
    beyond: dict[tuple[str, str], list[float]] = {}
    for name in list(statements)[1:]:
        for kind in ("cpu", "wall"):
            pairs = zip(costs[name], costs["interpreter"], strict=True)
            beyond[name, kind] = [ours[kind] - bare[kind] for ours, bare in pairs]
            report.figure("import", kind, name, beyond[name, kind], unit="ms", scale=1000)
    report.ratio("import", "cpu, whole process", "optuna / tunewright", contest.ratio("import optuna", "import tunewright"))
    report.ratio("import", "cpu, whole process", "optuna / .Study", contest.ratio("import optuna", "tunewright.Study"))
    wall = beyond["import tunewright", "wall"]
    text = f"import tunewright: {spread(wall, 'ms', 1000)} of wall time beyond the interpreter; wanted: below 150 ms"
    report.verdict(sorted(wall)[len(wall) // 2] < 0.15, text)


def asking(report: Report, size: Size, _: Path) -> None:
    """(b) What a suggestion costs."""
    for n in (1_000, 10_000):
        report.section(f"ask+tell of the random sampler, 10 mixed parameters, in memory, {n:,} finished trials behind")

        def run(tool: str, n: int = n) -> float:
            return float(cell(tool, "ask_tell", n=n)["cpu"])

        contest = Contest.held({tool: partial(run, tool) for tool in (OURS, PEER)}, size.rounds if n == 1_000 else size.dear)
        for tool, values in contest.rounds.items():
            report.figure("ask_tell", f"CPU per ask+tell, n={n:,}", tool, values, unit="ms", scale=1000)
        report.ratio("ask_tell", f"CPU per ask+tell, n={n:,}", "optuna / tunewright", contest.ratio(PEER, OURS), 3)


def remembering(report: Report, size: Size, _: Path) -> None:
    """(e) A whole search in memory."""
    report.section("10,000 times ask and tell, from empty, in memory")
    walls: dict[str, list[float]] = {OURS: [], PEER: []}

    def run(tool: str) -> float:
        told = cell(tool, "ask_tell", n=10_000)
        walls[tool].append(told["fill_wall"])
        return float(told["fill_cpu"])

    contest = Contest.held({tool: partial(run, tool) for tool in (OURS, PEER)}, size.dear)
    for tool in (OURS, PEER):
        report.figure("memory", "CPU, 10,000 trials", tool, contest.rounds[tool], unit="s")
        report.figure("memory", "wall, 10,000 trials", tool, walls[tool], unit="s")
    report.ratio("memory", "CPU, 10,000 trials", "optuna / tunewright", contest.ratio(PEER, OURS))


def sharing(report: Report, size: Size, _: Path) -> None:
    """(c) Trials per second in one file."""
    storage.sharing(report, storage.Size(size.dear, size.window, ()), "SQLite", str, (OURS, PEER, SAME), ("~0",))
    report.note(f"{OURS} and {SAME} promise the same: a told trial survives the death of any process.")
    report.note(f"{PEER}, as it comes, also syncs each commit to the disk, so that it would survive a power cut.")


def growing(report: Report, size: Size, _: Path) -> None:
    """(f) The same script in several processes: `optimize` at objectives of 0, 1 and 5 ms. A round holds every cell."""
    report.section(f"SQLite: `optimize` in several processes on one new file, 10 parameters, {size.window:g} s")
    costs = {"~0": (0.0, 0.0), "1 ms of CPU": (0.001, 0.0), "1 ms asleep": (0.0, 0.001), "5 ms asleep": (0.0, 0.005)}
    counts = (1, 2, 4)

    def run(tool: str, workers: int, cost: str) -> float:
        cpu, sleep = costs[cost]
        return float(cell(tool, "shared_search", workers=workers, window=size.window, cpu=cpu, sleep=sleep)["rate"])

    contenders = {
        f"{tool} {cost} {workers}": partial(run, tool, workers, cost)
        for cost in costs
        for workers in counts
        for tool in ((OURS, PEER) if cost == "~0" else (OURS,))
    }
    contest = Contest.held(contenders, size.dear)
    for cost in costs:
        for tool in (OURS, PEER):
            for workers in counts if f"{tool} {cost} 1" in contenders else ():
                values = contest.rounds[f"{tool} {cost} {workers}"]
                report.figure("growth", f"trials/s, {cost}, workers: {workers}", tool, values, unit="/s")
            for workers in counts[1:] if f"{tool} {cost} 1" in contenders else ():
                growth = contest.ratio(f"{tool} {cost} {workers}", f"{tool} {cost} 1")
                report.ratio("growth", f"{workers} workers / 1 worker, {cost}", tool, growth, 1.0 if tool == OURS else None)
    for workers in counts:
        ratio = contest.ratio(f"{OURS} ~0 {workers}", f"{PEER} ~0 {workers}")
        report.ratio("growth", f"trials/s, ~0, workers: {workers}", f"tunewright / {PEER}", ratio, 10)


def opening(report: Report, size: Size, cache: Path) -> None:
    """(d) A big study."""
    storage.sizing(report, size.dear, "SQLite", size.big, lambda tool: f"sqlite:///{cache / f'{tool}-{size.big}.db'}")


SECTIONS: Final[dict[str, Callable[[Report, Size, Path], None]]] = {
    "import": importing,
    "ask_tell": asking,
    "memory": remembering,
    "sqlite": sharing,
    "growth": growing,
    "open": opening,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter windows, 10,000 trials instead of 100,000")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section; may be given several times")
    parser.add_argument("--cache", type=Path, help="folder that keeps the generated studies (default: a temporary one)")
    chosen = parser.parse_args()
    report = Report(shlex.join(["python", "benchmarks/core.py", *sys.argv[1:]]))
    try:
        with tempfile.TemporaryDirectory() as folder:
            cache = chosen.cache or Path(folder)
            cache.mkdir(parents=True, exist_ok=True)
            for name in chosen.only or SECTIONS:
                SECTIONS[name](report, QUICK if chosen.quick else FULL, cache.resolve())
    finally:  # what was measured before an error is measured
        report.close(ROOT / "benchmarks" / "results" / "core.jsonl")


if __name__ == "__main__":
    main()
