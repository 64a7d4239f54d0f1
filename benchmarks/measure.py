"""How a figure is taken: in a fresh process, beside its peer, in turn, several times.

A round runs each contender once, one after the other (A B A B …), so that a busy moment of the machine hits both. The ratio is
taken within a round, so that what both suffer cancels; its spread over the rounds says how far to trust it.
"""

import importlib.metadata
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["Contest", "Report", "cell", "command_cost", "environment", "facts", "percentile", "spread"]

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent


def environment() -> dict[str, str]:
    """One thread per process, no settings of the user's, and the source beside this folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OPTUNA", "TUNEWRIGHT"))}
    env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    env["PYTHONPATH"] = str(ROOT / "src")
    env["PYTHONHASHSEED"] = "0"
    return env


def command_cost(command: Sequence[str]) -> dict[str, float]:
    """Run a command to its end: wall seconds, CPU seconds (all its threads), peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it is reaped; subprocess must not look again
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024}


def cell(tool: str, what: str, **arguments: str | float) -> dict[str, Any]:
    """Measure one thing of one tool in a fresh process (`cells.py`)."""
    command = [sys.executable, str(HERE / "cells.py"), tool, what, json.dumps(arguments)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool} {what} {arguments} ended with {done.returncode}; see above.")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def percentile(values: Sequence[float], share: float) -> float:
    """Linear between the ordered values; the extremes for few of them."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def spread(values: Sequence[float], unit: str = "", scale: float = 1.0) -> str:
    """`median [5th–95th percentile] unit`, three significant digits."""
    three = (statistics.median(values), percentile(values, 0.05), percentile(values, 0.95))
    middle, low, high = (_digits(value * scale) for value in three)
    return f"{middle} [{low}–{high}] {unit}".rstrip()


def _digits(value: float) -> str:
    if value and abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


@dataclass
class Contest:
    """Figures of several contenders, one each a round.

    Attributes:
        rounds: for each contender its figure in each round.
    """

    rounds: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def held(cls, contenders: Mapping[str, Callable[[], float]], rounds: int) -> "Contest":
        """Hold it: in each round every contender once, in turn; each second round in the opposite order."""
        contest = cls({name: [] for name in contenders})
        for number in range(rounds):
            order = list(contenders) if number % 2 == 0 else list(contenders)[::-1]
            for name in order:
                contest.rounds[name].append(contenders[name]())
        return contest

    def ratio(self, above: str, below: str) -> list[float]:
        """`above / below`, round by round."""
        return [a / b for a, b in zip(self.rounds[above], self.rounds[below], strict=True)]


class Report:
    """Prints as it goes, and keeps each figure for the end and for the file of results."""

    def __init__(self, command: str) -> None:
        self.facts = facts()
        self._lines: list[dict[str, Any]] = []
        self._verdicts: list[tuple[bool, str]] = []
        print(f"command   {command}")
        for name, value in self.facts.items():
            print(f"{name:<9} {value}")

    def section(self, title: str) -> None:
        """Begin a section; says the load of the moment."""
        print(f"\n{title}\n  load {_load()}", flush=True)

    def figure(self, section: str, what: str, who: str, values: Sequence[float], *, unit: str, scale: float = 1.0) -> None:
        """One row: who, the median with its spread, and n."""
        print(f"  {what:<34} {who:<22} {spread(values, unit, scale):<34} n={len(values)}", flush=True)
        kept = [round(value * scale, 6) for value in values]
        self._keep(section, what, who=who, unit=unit, values=kept, median=statistics.median(kept))

    def ratio(self, section: str, what: str, who: str, values: Sequence[float], target: float | None = None) -> None:
        """A ratio that should be at least `target`, pair by pair."""
        print(f"  {what:<34} {who:<22} {spread(values, 'times'):<34} n={len(values)}", flush=True)
        middle = statistics.median(values)
        self._keep(section, what, who=who, unit="times", values=[round(v, 4) for v in values], median=middle)
        if target is not None:
            self.verdict(middle >= target, f"{what}: {who} {spread(values, 'times')}; wanted: at least {target:g}")

    def verdict(self, met: bool, sentence: str) -> None:
        """Whether a target is met."""
        self._verdicts.append((met, sentence))

    def note(self, text: str) -> None:
        """A remark under the figures."""
        print(f"  {text}", flush=True)

    def _keep(self, section: str, what: str, **more: object) -> None:
        self._lines.append({"section": section, "what": what, **more, "load": _load(), "at": round(time.time()), **self.facts})

    def close(self, path: Path) -> None:
        """Print what is missed, then what is met, and append the figures to the file."""
        print("\nmissed" if any(not met for met, _ in self._verdicts) else "\nmissed: nothing")
        for met, sentence in self._verdicts:
            if not met:
                print(f"  {sentence}")
        print("met")
        for met, sentence in self._verdicts:
            if met:
                print(f"  {sentence}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in self._lines)
        print(f"\nfigures   {path.relative_to(ROOT)} ({len(self._lines)} lines appended)")


def facts() -> dict[str, str]:
    """What was measured, on what."""
    packages = ("optuna", "numpy", "msgspec", "sqlalchemy")
    versions = [f"tunewright {_commit()}", *(f"{name} {importlib.metadata.version(name)}" for name in packages)]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "versions": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(versions)}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        "disk": f"fsync of 4 KiB: {spread(_fsync(), 'ms', 1000)}",
    }


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "(no commit)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _fsync(times: int = 50) -> list[float]:
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    return taken
