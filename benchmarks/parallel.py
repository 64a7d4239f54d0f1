"""What it costs to run a task elsewhere, beside the pools that are commonly used for it, in the same run.

    python benchmarks/parallel.py             2,000 tasks a round, 7 rounds: about a minute
    python benchmarks/parallel.py --quick     300 tasks, 3 rounds

A task returns its parameter. The first table is the wall time of one task through one warm worker, one after another, so it holds the
whole way there and back; the median over the rounds with its smallest and largest. The second is CPU time, which bears a busy machine
better. The third starts workers and ends tasks.
"""

import argparse
import contextlib
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

import loky
import psutil

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer tasks and rounds")
    quick = parser.parse_args().quick
    tasks, rounds = (300, 3) if quick else (2000, 7)
    print(f"$ python {' '.join(sys.argv)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
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


if __name__ == "__main__":
    main()
