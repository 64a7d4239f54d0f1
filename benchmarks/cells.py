"""One measurement of one tool in this process: `cells.py TOOL WHAT '{"argument": …}'` prints a line of JSON.

Tools: "tunewright", "optuna", and "optuna-wal" (Optuna with SQLite in WAL and synchronous=NORMAL, which it does not set by itself).
"""

import importlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path
from types import ModuleType
from typing import Any, Final

__all__: list[str] = []

NEXT: Final = 200


def ask_tell(tool: ModuleType, n: int) -> dict[str, float]:
    """CPU seconds per ask+tell over the next 200, with n finished trials behind; and what the n took."""
    step = tool.in_memory()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(n):
        step()
    filled = {"fill_cpu": time.process_time() - cpu, "fill_wall": time.perf_counter() - wall}
    start = time.process_time()
    for _ in range(NEXT):
        step()
    return {"cpu": (time.process_time() - start) / NEXT, **filled}


def shared_file(tool: ModuleType, workers: int, window: float) -> dict[str, Any]:
    """Trials per second that `workers` processes finish together in one new SQLite file within a window of seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "study.db")
        tool.create(path)
        context = multiprocessing.get_context("spawn")
        ready, go, counts = context.Semaphore(0), context.Event(), context.Queue()
        crew = [context.Process(target=_work, args=(tool.__name__, str(path), window, ready, go, counts)) for _ in range(workers)]
        for process in crew:
            process.start()
        for _ in crew:
            ready.acquire()
        go.set()
        told = [counts.get() for _ in crew]
        for process in crew:
            process.join()
        return {
            "rate": sum(count for count, _ in told) / window,
            "cpu": sum(cpu for _, cpu in told) / max(1, sum(count for count, _ in told)),
            "kept": tool.count(path) >= sum(count for count, _ in told),
            "settings": tool.settings(path),
        }


def shared_search(tool: ModuleType, workers: int, window: float, cpu: float, sleep: float) -> dict[str, Any]:
    """Trials per second of `workers` processes that run the same `optimize` on one new SQLite file for a window of seconds.

    The objective computes for `cpu` seconds and sleeps for `sleep`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "study.db")
        tool.create(path)
        context = multiprocessing.get_context("spawn")
        ready, go, spent = context.Semaphore(0), context.Event(), context.Queue()
        crew = [
            context.Process(target=_search, args=(tool.__name__, str(path), window, (cpu, sleep), ready, go, spent))
            for _ in range(workers)
        ]
        for process in crew:
            process.start()
        for _ in crew:
            ready.acquire()
        go.set()
        used = sum(spent.get() for _ in crew)
        for process in crew:
            process.join()
        count = tool.count(path)
        return {"rate": count / window, "cpu": used / max(1, count)}


def _search(
    name: str, path: str, window: float, costs: tuple[float, float], ready: Semaphore, go: Event, spent: "Queue[float]"
) -> None:
    compute, sleep = costs
    tool = importlib.import_module(name)
    search = tool.search(Path(path))

    def value(x: float) -> float:
        if compute:
            end = time.thread_time() + compute
            while time.thread_time() < end:
                pass
        if sleep:
            time.sleep(sleep)
        return x**2

    ready.release()
    go.wait()
    cpu = time.process_time()
    search(value, window)
    spent.put(time.process_time() - cpu)


def _work(name: str, path: str, window: float, ready: Semaphore, go: Event, counts: "Queue[tuple[int, float]]") -> None:
    tool = importlib.import_module(name)
    step = tool.in_file(Path(path))
    ready.release()
    go.wait()
    cpu, end, count = time.process_time(), time.perf_counter() + window, 0
    while True:
        step()
        if time.perf_counter() >= end:
            break  # a trial that ends after the window does not count
        count += 1
    counts.put((count, time.process_time() - cpu))


def write(tool: ModuleType, path: str, n: int) -> dict[str, float]:
    """Write a study of n finished trials, in bulk; done only if it is not there yet."""
    target = Path(path)
    start = time.perf_counter()
    if not target.exists():
        part = target.with_name(target.name + ".part")
        for left in target.parent.glob(part.name + "*"):
            left.unlink()
        tool.write(part, n)
        part.rename(target)
    return {"wall": time.perf_counter() - start, "mib": target.stat().st_size / 2**20}


def open_file(tool: ModuleType, path: str, n: int) -> dict[str, float]:
    """Open a study of n trials in a process that has the tool loaded: until the best is known, then until all trials are records."""
    tool.load_nothing()
    before, cpu, wall = _peak(), time.process_time(), time.perf_counter()
    study, best = tool.open(Path(path))
    opened = {"open_wall": time.perf_counter() - wall, "open_cpu": time.process_time() - cpu, "open_rss": _peak()}
    count = tool.trials(study)
    if count != n:
        raise SystemExit(f"{path} holds {count} trials, not {n}.")
    return {**opened, "all_wall": time.perf_counter() - wall, "all_rss": _peak(), "before_rss": before, "best": best}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    tool, what, arguments = sys.argv[1:]
    module = importlib.import_module(f"{tool.replace('-', '_')}_cells")
    cells = {"ask_tell": ask_tell, "shared_file": shared_file, "shared_search": shared_search, "write": write, "open": open_file}
    print(json.dumps(cells[what](module, **json.loads(arguments))))


if __name__ == "__main__":
    main()
