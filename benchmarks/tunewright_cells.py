"""What is measured, in Tunewright."""

import time
from collections.abc import Callable

import numpy as np

import tunewright as tw
from tunewright.events import Asked, Entry, Told
from tunewright.samplers import Random
from tunewright.storage.postgres import Postgres
from tunewright.study import Study

__all__ = ["SPACE", "count", "create", "in_memory", "in_store", "load_nothing", "open", "search", "settings", "trials", "write"]

SPACE = tw.SearchSpace(
    {f"x{i}": tw.Float(-5.0, 5.0) for i in range(4)}
    | {f"log{i}": tw.Float(1e-5, 1e-1, log=True) for i in range(2)}
    | {f"n{i}": tw.Int(1, 100) for i in range(2)}
    | {"three": tw.Categorical(["a", "b", "c"]), "four": tw.Categorical(["p", "q", "r", "s"])}
)
METRIC = tw.Metric("loss", "minimize")


def _step(study: Study, sleep: float = 0.0) -> Callable[[], None]:
    def step() -> None:
        task = study.ask()
        if sleep:
            time.sleep(sleep)
        study.tell(task, task.params["x0"] ** 2)

    return step


def in_memory() -> Callable[[], None]:
    """A function that asks and tells once."""
    return _step(Study(SPACE, METRIC, sampler=Random(), seed=0))


def create(url: str) -> None:
    Study(SPACE, METRIC, storage=url, seed=0).storage.close()


def in_store(url: str, sleep: float) -> Callable[[], None]:
    """A function that asks and tells once, with so many seconds between."""
    return _step(Study.load(url, sampler=Random()), sleep)


def search(url: str) -> Callable[[Callable[[float], float], float], None]:
    """A function that optimizes a function of x0 for so many seconds."""
    study = Study.load(url, sampler=Random())
    return lambda value, seconds: study.optimize(lambda live: value(live["x0"]), seconds=seconds)


def count(url: str) -> int:
    return Study.load(url).history.completed


def settings(url: str) -> str:
    """What is really set for the durability of a commit."""
    storage = Study.load(url).storage
    if isinstance(storage, Postgres):
        names = ("fsync", "synchronous_commit")
        return ", ".join(f"{name}={storage._server.fetch(f'SHOW {name}', {})[0][0]}" for name in names)  # noqa: SLF001
    with storage._file.reading() as cursor:  # type: ignore[attr-defined]  # noqa: SLF001
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        level = cursor.execute("PRAGMA synchronous").fetchone()[0]
    return f"journal_mode={mode}, synchronous={['OFF', 'NORMAL', 'FULL', 'EXTRA'][level]}"


def write(url: str, n: int, *, batch: int = 5_000) -> None:
    """Through `Storage.append`, as `ask` and `tell` would have written them."""
    study = Study(SPACE, METRIC, storage=url, seed=0)
    record = study.storage.open(study.name)
    rng, worker, position, moment = np.random.default_rng(0), study.storage.join(), 0, 1.8e9
    for first in range(0, n, batch):
        entries = []
        for trial in range(first, min(first + batch, n)):
            params = SPACE.sample(rng)
            moment += 1.234567
            entries.append(Entry(-1, Asked(params, "random", position + len(entries), worker), moment))
            entries.append(Entry(trial, Told({"loss": float(rng.normal())}, 0.1234567), moment + 1.0))
        position = study.storage.append(record.id, entries, position)[-1].position
    study.storage.close()  # the last one out moves the log into the file


def load_nothing() -> None:
    """All modules that opening needs are loaded with this one."""
    from tunewright.storage import sql  # noqa: F401, PLC0415  the database library is part of opening, not of us


def open(url: str) -> tuple[Study, float]:  # noqa: A001  the same name in each tool
    study = Study.load(url, sampler=Random())
    best = study.best.value
    assert best is not None
    return study, best


def trials(study: Study) -> int:
    return len(study.history.trials)
