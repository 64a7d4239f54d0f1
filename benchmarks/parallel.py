"""What it costs to run a task elsewhere, and how busy 8 workers are kept, beside other tools in the same run.

    python benchmarks/parallel.py                      both, some ten minutes
    python benchmarks/parallel.py --only tasks         2,000 tasks a round, 7 rounds: about a minute
    python benchmarks/parallel.py --only efficiency    200 trials of half a second, 8 workers
    python benchmarks/parallel.py --quick              300 tasks, 3 rounds; the most important contenders once

`tasks`: a task returns its parameter. The first table is the wall time of one task through one warm worker, one after another, so it
holds the whole way there and back; the median over the rounds with its smallest and largest. The second is CPU time, which bears a busy
machine better. The third starts workers and ends tasks.

`efficiency`: the share of the 8 workers' time in which the objective slept, where 100 % means that nobody ever waits (12.5 s for 200
trials). Three clocks: from when all eight had begun a trial to the last end ("steady", no start-up); from the first trial to the last end
("span"); and from the line that starts the search until it returns ("whole", with the start of all workers; where the tool is started as 8
processes, with the start of 8 interpreters and their imports).
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

import loky
import psutil
from efficiency import IDEAL, SLEEP, TRIALS, WORKERS
from measure import HERE, environment

from storage import server
from tunewright.execution.channel import Channel
from tunewright.execution.crew import Crew
from tunewright.execution.fence import Fence
from tunewright.execution.live import LiveTrial
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Sandbox, Work
from tunewright.trial import Task

__all__: list[str] = []


def objective(live: Mapping[str, float]) -> float:
    return float(live["x"])


def chatty(live: LiveTrial) -> float:
    for step in range(10):
        live.report(step, loss=0.5)
    return live["x"]


Figures = tuple[float, float]
"""Seconds of wall time for a task, and of CPU, here and in the children together."""


def clocks() -> Figures:
    own = time.process_time()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            spent = child.cpu_times()
            own += spent.user + spent.system
    return time.perf_counter(), own


def crew(fence: Fence, function: Callable[[Any], float] = objective) -> Callable[[int], Figures]:
    """What a task costs through a crew of one worker."""

    def once(hands: Crew, number: int) -> None:
        hands.submit(Task(number, 0, {"x": 0.5}))
        while not hands.wait(None):
            pass
        hands.board.take()

    def measure(tasks: int) -> Figures:
        with Crew(function, ("loss",), fence=fence) as hands:
            return timed(tasks, lambda number: once(hands, number))

    return measure


def timed(tasks: int, once: Callable[[int], object]) -> Figures:
    for number in range(20):  # the first ones warm it up
        once(number)
    wall, cpu = clocks()
    for number in range(tasks):
        once(number)
    after, spent = clocks()
    return (after - wall) / tasks, (spent - cpu) / tasks


def pool(make: Callable[[], Executor]) -> Callable[[int], Figures]:
    def measure(tasks: int) -> Figures:
        with make() as executor:
            return timed(tasks, lambda _: executor.submit(objective, {"x": 0.5}).result())

    return measure


WARM = {
    "this process (isolation=none)": crew(Fence("none")),
    "sandbox": crew(Fence()),
    "sandbox, with limits of time and memory": crew(Fence(seconds=60, memory=4e9)),
    "sandbox, 10 reports a task": crew(Fence(), chatty),
    "ProcessPoolExecutor": pool(lambda: ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))),
    "loky": pool(lambda: loky.ProcessPoolExecutor(1)),
}


def starting() -> float:
    """A fresh child until its first outcome."""
    sandbox = Sandbox(Work(pack(objective), ("loss",), None), Fence())
    start = time.perf_counter()
    sandbox.run(Task(0, 0, {"x": 0.5}), Channel())
    spent = time.perf_counter() - start
    sandbox.end()
    return spent


def overrun() -> float:
    """How long after its limit of 0.5 s a sleeping task is gone, with everything that it started."""
    sandbox = Sandbox(Work(pack(lambda live: time.sleep(live["x"])), ("loss",), None), Fence(seconds=0.5))
    sandbox.run(Task(0, 0, {"x": 0.0}), Channel())
    start = time.perf_counter()
    outcome = sandbox.run(Task(1, 0, {"x": 600.0}), Channel())
    assert outcome.failure is not None
    return time.perf_counter() - start - 0.5


def show(name: str, seconds: list[float]) -> None:
    middle, low, high = (1000 * f(seconds) for f in (statistics.median, min, max))
    print(f"  {name:<44}{middle:>9.3f} ms   ({low:.3f} to {high:.3f})")


CONTEST = {
    "a bare process pool": ("pool", "", {}),
    "Tunewright, 8 workers, SQLite, Random": ("workers", "sqlite", {"sampler": "random"}),
    "Tunewright, 8 workers, SQLite, Auto": ("workers", "sqlite", {}),
    "Tunewright, 8 workers, PostgreSQL, Random": ("workers", "postgres", {"sampler": "random"}),
    "Tunewright, 8 workers, PostgreSQL, Auto": ("workers", "postgres", {}),
    "Tunewright, 8 processes, SQLite, Random": ("processes", "sqlite", {"sampler": "random"}),
    "Tunewright, 8 processes, SQLite, Auto": ("processes", "sqlite", {}),
    "Tunewright, 8 processes, PostgreSQL, Random": ("processes", "postgres", {"sampler": "random"}),
    "Tunewright, 8 processes, PostgreSQL, Auto": ("processes", "postgres", {}),
    "Optuna, 8 threads, memory": ("optuna-threads", "", {}),
    "Optuna, 8 threads, SQLite": ("optuna-threads", "sqlite", {}),
    "Optuna, 8 processes, SQLite": ("optuna-processes", "sqlite", {}),
    "Optuna, 8 processes, PostgreSQL": ("optuna-processes", "postgres", {}),
    "Optuna, 8 processes, journal file": ("optuna-processes", "", {}),
    "Ray Tune, random search, actors used again": ("ray", "", {}),
}
"""Name -> contender of `efficiency.py`, where its study lies, and what else it is told."""


def efficiency(rounds: int, contenders: list[str]) -> None:
    print(f"\n{TRIALS} trials of {SLEEP} s, {WORKERS} workers: at best {IDEAL} s; {rounds} rounds, each contender once a round")
    print(f"  {'':<44}{'trials':>8}{'steady':>9}{'span':>9}{'whole':>9}{'seconds':>10}{'load':>7}")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    with server() as postgres:
        for number in range(rounds):
            for name in contenders if number % 2 == 0 else contenders[::-1]:
                contender, where, more = CONTEST[name]
                url = {"": "", "sqlite": "sqlite:///{folder}/study.db"}.get(where) if where != "postgres" else postgres.database()
                command = [sys.executable, str(HERE / "efficiency.py"), contender, json.dumps({"url": url, **more})]
                try:
                    done = subprocess.run(
                        command,
                        env=environment(),
                        capture_output=True,
                        text=True,
                        timeout=600,
                        check=False,
                    )
                except subprocess.TimeoutExpired:
                    print(f"  {name:<44} was not done after 600 s", flush=True)
                    continue
                if done.returncode:
                    print(f"  {name:<44} ended with {done.returncode}: {done.stderr[-300:]}", flush=True)
                    continue
                figures = json.loads(done.stdout.splitlines()[-1])
                found[name].append(figures)
                share = "".join(f"{figures[clock]:>8.1%} " for clock in ("steady", "span", "whole"))
                load = os.getloadavg()[0]
                print(f"  {name:<44}{figures['trials']:>8} {share}{figures['seconds']:>9.1f}{load:>7.1f}", flush=True)
    if rounds > 1:
        print("  medians")
        for name, each in ((name, each) for name, each in found.items() if each):
            trials = "/".join(sorted({str(one["trials"]) for one in each}))
            share = "".join(f"{statistics.median(one[clock] for one in each):>8.1%} " for clock in ("steady", "span", "whole"))
            print(f"  {name:<44}{trials:>8} {share}{statistics.median(one['seconds'] for one in each):>9.1f}")


def costs(tasks: int, rounds: int) -> None:
    found: dict[str, list[Figures]] = {name: [] for name in WARM}
    for number in range(rounds):
        for name in list(WARM) if number % 2 else list(reversed(WARM)):
            found[name].append(WARM[name](tasks))
    print(f"one warm task, {tasks} after another, {rounds} rounds")
    for name, figures in found.items():
        show(name, [wall for wall, _ in figures])
    print("its CPU time, here and there together")
    for name, figures in found.items():
        show(name, [cpu for _, cpu in figures])
    print(f"children, {rounds} times")
    show("a fresh child, until its first outcome", [starting() for _ in range(rounds)])
    show("a task of 600 s is gone after its limit by", [overrun() for _ in range(rounds)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer tasks, rounds and contenders")
    parser.add_argument("--only", choices=("tasks", "efficiency"), help="one section")
    parser.add_argument("--contender", action="append", help="of the second section: those whose name holds this text")
    parser.add_argument("--rounds", type=int, help="of the second section (default: 3, with --quick 1)")
    chosen = parser.parse_args()
    print(f"$ python {' '.join(sys.argv)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if chosen.only != "efficiency":
        costs(*((300, 3) if chosen.quick else (2000, 7)))
    if chosen.only != "tasks":
        wanted = chosen.contender or (("pool", "workers", "Optuna, 8 processes") if chosen.quick else ("",))
        names = [name for name in CONTEST if any(text in name for text in wanted)]
        efficiency(chosen.rounds or (1 if chosen.quick else 3), names)


if __name__ == "__main__":
    main()
