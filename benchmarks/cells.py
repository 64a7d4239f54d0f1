"""One measurement of one tool in this process: `cells.py TOOL WHAT '{"argument": …}'` prints a line of JSON.

Tools: "tunewright", "optuna", and "optuna-wal" (Optuna with SQLite in WAL and synchronous=NORMAL, which it does not set by itself).
"""

import contextlib
import importlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


def shared_steps(tool: ModuleType, workers: int, window: float, url: str = "", sleep: float = 0.0) -> dict[str, Any]:
    """Trials per second that `workers` processes finish together in one new study within a window of seconds, by ask and tell.

    Args:
        url: an empty database; default: a new SQLite file.
        sleep: seconds between ask and tell.
    """
    with new_store(url) as store:
        told = crew(tool, store, workers, _step, (window, sleep))
        count = sum(count for count, _ in told)
        return {
            "rate": count / window,
            "cpu": sum(cpu for _, cpu in told) / max(1, count),
            "kept": tool.count(store) >= count,
            "settings": tool.settings(store),
        }


def shared_search(tool: ModuleType, workers: int, window: float, cpu: float, sleep: float, url: str = "") -> dict[str, Any]:
    """Trials per second of `workers` processes that run the same `optimize` on one new study for a window of seconds.

    The objective computes for `cpu` seconds and sleeps for `sleep`.
    """
    with new_store(url) as store:
        used = sum(spent for _, spent in crew(tool, store, workers, _search, (window, cpu, sleep)))
        count = tool.count(store)
        return {"rate": count / window, "cpu": used / max(1, count)}


@contextlib.contextmanager
def new_store(url: str) -> Iterator[str]:
    """The address; of a new SQLite file where it is empty."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/study.db"


Figures = tuple[int, float]
"""Trials that count, and CPU seconds."""
Part = Callable[[ModuleType, str, tuple[float, ...], Callable[[], None]], Figures]


def crew(tool: ModuleType, url: str, workers: int, part: Part, sizes: tuple[float, ...]) -> list[Figures]:
    """Make the study, start the workers, and let them go at the same moment when all are ready."""
    tool.create(url)
    context = multiprocessing.get_context("spawn")
    ready, go, told = context.Semaphore(0), context.Event(), context.Queue()
    processes = [context.Process(target=_join, args=(tool.__name__, url, part, sizes, ready, go, told)) for _ in range(workers)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    go.set()
    figures = [told.get() for _ in processes]
    for process in processes:
        process.join()
    return figures


def _join(name: str, url: str, part: Part, sizes: tuple[float, ...], ready: Semaphore, go: Event, told: "Queue[Figures]") -> None:
    def wait() -> None:
        ready.release()
        go.wait()

    told.put(part(importlib.import_module(name), url, sizes, wait))


def _search(tool: ModuleType, url: str, sizes: tuple[float, ...], wait: Callable[[], None]) -> Figures:
    window, compute, sleep = sizes
    search = tool.search(url)

    def value(x: float) -> float:
        if compute:
            end = time.thread_time() + compute
            while time.thread_time() < end:
                pass
        if sleep:
            time.sleep(sleep)
        return x**2

    wait()
    cpu = time.process_time()
    search(value, window)
    return 0, time.process_time() - cpu


def _step(tool: ModuleType, url: str, sizes: tuple[float, ...], wait: Callable[[], None]) -> Figures:
    window, sleep = sizes
    step = tool.in_store(url, sleep)
    wait()
    cpu, end, count = time.process_time(), time.perf_counter() + window, 0
    while True:
        step()
        if time.perf_counter() >= end:
            break  # a trial that ends after the window does not count
        count += 1
    return count, time.process_time() - cpu


def write(tool: ModuleType, url: str, n: int) -> dict[str, float]:
    """Write a study of n finished trials, in bulk; into a file only if it is not there yet."""
    start = time.perf_counter()
    if not url.startswith("sqlite:///"):
        empty = _mib(url)
        tool.write(url, n)
        return {"wall": time.perf_counter() - start, "mib": _mib(url) - empty}
    target = Path(url.removeprefix("sqlite:///"))
    if not target.exists():
        part = target.with_name(target.name + ".part")
        for left in target.parent.glob(part.name + "*"):
            left.unlink()
        tool.write(f"sqlite:///{part}", n)
        part.rename(target)
    return {"wall": time.perf_counter() - start, "mib": target.stat().st_size / 2**20}


def _mib(url: str) -> float:
    """What a PostgreSQL database takes on the disk, with its indices."""
    from psycopg import connect  # noqa: PLC0415  no part of what it takes to open a file

    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM")  # what a server does by and by
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert found is not None
    return int(found[0]) / 2**20


def open_store(tool: ModuleType, url: str, n: int) -> dict[str, float]:
    """Open a study of n trials in a process that has the tool loaded: until the best is known, then until all trials are records."""
    tool.load_nothing()
    before, cpu, wall = _peak(), time.process_time(), time.perf_counter()
    study, best = tool.open(url)
    opened = {"open_wall": time.perf_counter() - wall, "open_cpu": time.process_time() - cpu, "open_rss": _peak()}
    count = tool.trials(study)
    if count != n:
        raise SystemExit(f"{url} holds {count} trials, not {n}.")
    return {**opened, "all_wall": time.perf_counter() - wall, "all_rss": _peak(), "before_rss": before, "best": best}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    tool, what, arguments = sys.argv[1:]
    module = importlib.import_module(f"{tool.replace('-', '_')}_cells")
    cells = {
        "ask_tell": ask_tell,
        "shared_steps": shared_steps,
        "shared_search": shared_search,
        "write": write,
        "open": open_store,
    }
    print(json.dumps(cells[what](module, **json.loads(arguments))))


if __name__ == "__main__":
    main()
