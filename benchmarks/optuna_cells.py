"""What is measured, in Optuna as it comes."""

import datetime as dt
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.storages import RDBStorage
from optuna.storages._rdb import models

__all__ = [
    "SPACE",
    "count",
    "create",
    "in_file",
    "in_memory",
    "load_nothing",
    "open",
    "search",
    "settings",
    "storage",
    "trials",
    "write",
]

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE: dict[str, BaseDistribution] = (
    {f"x{i}": FloatDistribution(-5.0, 5.0) for i in range(4)}
    | {f"log{i}": FloatDistribution(1e-5, 1e-1, log=True) for i in range(2)}
    | {f"n{i}": IntDistribution(1, 100) for i in range(2)}
    | {"three": CategoricalDistribution(["a", "b", "c"]), "four": CategoricalDistribution(["p", "q", "r", "s"])}
)


def _suggested(trial: optuna.Trial) -> float:
    x = [trial.suggest_float(f"x{i}", -5.0, 5.0) for i in range(4)]
    for i in range(2):
        trial.suggest_float(f"log{i}", 1e-5, 1e-1, log=True)
    for i in range(2):
        trial.suggest_int(f"n{i}", 1, 100)
    trial.suggest_categorical("three", ["a", "b", "c"])
    trial.suggest_categorical("four", ["p", "q", "r", "s"])
    return x[0]


def _step(study: optuna.Study) -> Callable[[], None]:
    def step() -> None:
        trial = study.ask()
        study.tell(trial, _suggested(trial) ** 2)

    return step


def in_memory() -> Callable[[], None]:
    """A function that asks and tells once."""
    return _step(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)))


def storage(path: Path) -> RDBStorage:
    return RDBStorage(f"sqlite:///{path}")


def create(path: Path, of: Callable[[Path], RDBStorage] = storage) -> None:
    optuna.create_study(storage=of(path), study_name="study")


def in_file(path: Path, of: Callable[[Path], RDBStorage] = storage) -> Callable[[], None]:
    return _step(optuna.load_study(study_name="study", storage=of(path), sampler=optuna.samplers.RandomSampler()))


def search(path: Path, of: Callable[[Path], RDBStorage] = storage) -> Callable[[Callable[[float], float], float], None]:
    """A function that optimizes a function of x0 for so many seconds."""
    study = optuna.load_study(study_name="study", storage=of(path), sampler=optuna.samplers.RandomSampler())
    return lambda value, seconds: study.optimize(lambda trial: value(_suggested(trial)), timeout=seconds)


def count(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        found: int = connection.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0]
    return found


def settings(path: Path, of: Callable[[Path], RDBStorage] = storage) -> str:
    with of(path).engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").fetchone()
        level = connection.exec_driver_sql("PRAGMA synchronous").fetchone()
    assert mode is not None
    assert level is not None
    return f"journal_mode={mode[0]}, synchronous={['OFF', 'NORMAL', 'FULL', 'EXTRA'][level[0]]}"


def write(path: Path, n: int, *, batch: int = 5_000) -> None:
    """The rows that its storage writes for each trial, through its own tables, many to a transaction.

    By `study.add_trial`, one transaction for each row, the same 100,000 trials would take half an hour.
    """
    store = storage(path)
    study = optuna.create_study(storage=store, study_name="study")
    texts = {name: distribution_to_json(distribution) for name, distribution in SPACE.items()}
    rng = random.Random(0)
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC).replace(tzinfo=None)
    tables = [model.__table__ for model in (models.TrialModel, models.TrialParamModel, models.TrialValueModel)]
    for first in range(0, n, batch):
        rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
        for number in range(first, min(first + batch, n)):
            at = start + dt.timedelta(seconds=1.234567 * number)
            trial = {"trial_id": number + 1, "number": number, "study_id": study._study_id, "state": "COMPLETE"}  # noqa: SLF001
            rows[0].append(trial | {"datetime_start": at, "datetime_complete": at + dt.timedelta(seconds=1)})
            rows[1].extend(
                {"trial_id": number + 1, "param_name": name, "param_value": _draw(rng, kind), "distribution_json": texts[name]}
                for name, kind in SPACE.items()
            )
            rows[2].append({"trial_id": number + 1, "objective": 0, "value": rng.gauss(0, 1), "value_type": "FINITE"})
        with store.engine.begin() as connection:
            for table, lines in zip(tables, rows, strict=True):
                connection.execute(table.insert(), lines)
    store.remove_session()


def _draw(rng: random.Random, kind: BaseDistribution) -> float:
    """In Optuna's internal representation."""
    match kind:
        case FloatDistribution(log=True):
            return 10 ** rng.uniform(-5, -1)
        case FloatDistribution():
            return rng.uniform(kind.low, kind.high)
        case IntDistribution():
            return rng.randint(kind.low, kind.high)
        case CategoricalDistribution():
            return rng.randrange(len(kind.choices))
    raise TypeError(kind)


def load_nothing() -> None:
    """All modules that opening needs are loaded with this one."""


def open(path: Path) -> tuple[list[Any], float]:  # noqa: A001  the same name in each tool
    """Until all finished trials are known to the study, as its samplers need them; without the copy that `study.trials` makes."""
    study = optuna.load_study(study_name="study", storage=storage(path), sampler=optuna.samplers.RandomSampler())
    known = study.get_trials(deepcopy=False)
    return known, study.best_value


def trials(study: list[Any]) -> int:
    return len(study)
