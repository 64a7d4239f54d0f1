"""What the storages carry, beside Optuna on the same database in the same run.

    python benchmarks/storage.py                       all of it, about half an hour on two cores
    python benchmarks/storage.py --quick               fewer rounds, studies of 10,000 trials alone: some five minutes
    python benchmarks/storage.py --only postgres       one of: sqlite, postgres, sizes
    python benchmarks/storage.py --cache DIR           keep the generated files of 10,000 and 100,000 trials there

The PostgreSQL server is a real one, made for the run in a temporary folder, with the settings that servers come with (a commit waits
for the disk); each cell gets a new database. Each figure is the median over n rounds with its 5th to 95th percentile. See README.md.
"""

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from measure import ROOT, Contest, Report, cell, spread

sys.path.insert(0, str(ROOT))

from tests.harness import PostgresServer

__all__ = ["OURS", "PEER", "SAME", "Size", "sharing", "sizing"]

OURS: Final = "tunewright"
PEER: Final = "optuna"
SAME: Final = "optuna-wal"
COSTS: Final = {"~0": 0.0, "1 ms asleep": 0.001}
WORKERS: Final = (1, 2, 4)

NewStore = Callable[[], str]
"""The address of an empty database; empty for a new SQLite file, which a cell makes itself."""


class Size(NamedTuple):
    """How much is done: rounds, seconds of a window, trials of the studies that are opened."""

    rounds: int
    window: float
    studies: tuple[int, ...]


FULL: Final = Size(5, 5.0, (10_000, 100_000))
QUICK: Final = Size(2, 2.0, (10_000,))


def sharing(report: Report, size: Size, where: str, new: NewStore, tools: tuple[str, ...], costs: tuple[str, ...]) -> None:
    """Trials per second by ask and tell. A round holds every tool with every number of workers and every cost."""
    report.section(f"{where}: processes on one new study, 10 parameters, ask and tell, {size.window:g} s")
    cpu: dict[str, list[float]] = {}
    settings: dict[str, str] = {}

    def run(tool: str, workers: int, cost: str) -> float:
        told = cell(tool, "shared_steps", workers=workers, window=size.window, url=new(), sleep=COSTS[cost])
        if not told["kept"]:
            raise SystemExit(f"{tool} lost trials that it was told.")
        settings[tool] = told["settings"]
        cpu.setdefault(f"{tool} {cost} {workers}", []).append(told["cpu"])
        return float(told["rate"])

    cells = [(tool, cost, workers) for cost in costs for workers in WORKERS for tool in tools]
    contest = Contest.held({f"{t} {c} {w}": partial(run, t, w, c) for t, c, w in cells}, size.rounds)
    for cost in costs:
        for workers in WORKERS:
            what, key = f"objective {cost}, workers: {workers}", f"{cost} {workers}"
            for tool in tools:
                report.figure(where, f"trials/s, {what}", tool, contest.rounds[f"{tool} {key}"], unit="/s")
            for tool in tools:
                report.figure(where, f"CPU per trial, {what}", tool, cpu[f"{tool} {key}"], unit="ms", scale=1000)
            for tool in tools[1:]:
                ratio = contest.ratio(f"{OURS} {key}", f"{tool} {key}")
                report.ratio(where, f"trials/s, {what}", f"{OURS} / {tool}", ratio, 10)
        for tool in tools:
            for workers in WORKERS[1:]:
                growth = contest.ratio(f"{tool} {cost} {workers}", f"{tool} {cost} 1")
                report.ratio(where, f"{workers} workers / 1 worker, objective {cost}", tool, growth)
    for tool, text in settings.items():
        report.note(f"{tool}: {text}")


def sizing(report: Report, rounds: int, where: str, n: int, address: Callable[[str], str]) -> None:
    """A big study: what it takes on the disk, and how long it takes to open it in a fresh process."""
    report.section(f"{where}: opening a study of {n:,} trials, 10 parameters each")
    urls = {tool: address(tool) for tool in (OURS, PEER)}
    sizes = {}
    for tool, url in urls.items():
        sizes[tool] = cell(tool, "write", url=url, n=n)["mib"]
        report.figure(where, f"on the disk, {n:,} trials", tool, [sizes[tool]], unit="MiB")
    report.ratio(where, f"on the disk, {n:,} trials", "optuna / tunewright", [sizes[PEER] / sizes[OURS]], 3)
    told: dict[str, list[dict[str, Any]]] = {OURS: [], PEER: []}

    def run(tool: str) -> float:
        told[tool].append(cell(tool, "open", url=urls[tool], n=n))
        return float(told[tool][-1]["open_wall"])

    contest = Contest.held({tool: partial(run, tool) for tool in (OURS, PEER)}, rounds)
    kinds = {
        "until the best is known": ("open_wall", "s"),
        "the same, CPU": ("open_cpu", "s"),
        "peak memory then": ("open_rss", "MiB"),
        "peak memory before opening": ("before_rss", "MiB"),
        "until every trial is a record": ("all_wall", "s"),
        "peak memory at the end": ("all_rss", "MiB"),
    }
    for what, (key, unit) in kinds.items():
        for tool in (OURS, PEER):
            report.figure(where, f"{what}, {n:,} trials", tool, [each[key] for each in told[tool]], unit=unit)
    report.ratio(where, f"until the best is known, {n:,} trials", "optuna / tunewright", contest.ratio(PEER, OURS))
    memory = [peer["open_rss"] / ours["open_rss"] for peer, ours in zip(told[PEER], told[OURS], strict=True)]
    report.ratio(where, f"peak memory then, {n:,} trials", "optuna / tunewright", memory)
    wall = contest.rounds[OURS]
    report.verdict(sorted(wall)[len(wall) // 2] < 2.0, f"{where}, opening {n:,} trials: {spread(wall, 's')}; wanted: below 2 s")


@contextmanager
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server as it comes."""
    folder = Path(tempfile.mkdtemp(prefix="tw-"))  # short: a socket's path has at most 107 characters
    running = PostgresServer(folder / "data", sync=True)
    try:
        yield running
    finally:
        running.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter windows, no study of 100,000 trials")
    parser.add_argument("--only", choices=("sqlite", "postgres", "sizes"), action="append", help="one section; may be repeated")
    parser.add_argument("--cache", type=Path, help="folder that keeps the generated files (default: a temporary one)")
    parser.add_argument("--rounds", type=int, help="how often each cell is measured (default: 5, with --quick 2)")
    chosen = parser.parse_args()
    size, only = QUICK if chosen.quick else FULL, chosen.only or ("sqlite", "postgres", "sizes")
    size = size._replace(rounds=chosen.rounds or size.rounds)
    report = Report(shlex.join(["python", "benchmarks/storage.py", *sys.argv[1:]]))
    try:
        with tempfile.TemporaryDirectory() as folder, server() as postgres:
            cache = chosen.cache or Path(folder)
            cache.mkdir(parents=True, exist_ok=True)
            if "sqlite" in only:
                sharing(report, size, "SQLite", str, (OURS, PEER, SAME), tuple(COSTS))
            if "postgres" in only:
                sharing(report, size, "PostgreSQL", postgres.database, (OURS, PEER), tuple(COSTS))
            for n in size.studies if "sizes" in only else ():
                files = {tool: f"sqlite:///{cache.resolve() / f'{tool}-{n}.db'}" for tool in (OURS, PEER)}
                sizing(report, size.rounds, "SQLite", n, files.__getitem__)
                sizing(report, size.rounds, "PostgreSQL", n, lambda _: postgres.database())
    finally:  # what was measured before an error is measured
        report.close(ROOT / "benchmarks" / "results" / "storage.jsonl")


if __name__ == "__main__":
    main()
