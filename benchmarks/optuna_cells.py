"""What is measured, in Optuna as it comes."""

import datetime as dt
import random
import time
from collections.abc import Callable
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
    "in_memory",
    "in_store",
    "load_nothing",
    "open",
    "search",
    "settings",
    "storage",
    "suggested",
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


def suggested(trial: optuna.Trial) -> float:
    """Ask for all ten parameters; the first of them."""
    x = [trial.suggest_float(f"x{i}", -5.0, 5.0) for i in range(4)]
    for i in range(2):
        trial.suggest_float(f"log{i}", 1e-5, 1e-1, log=True)
    for i in range(2):
        trial.suggest_int(f"n{i}", 1, 100)
    trial.suggest_categorical("three", ["a", "b", "c"])
    trial.suggest_categorical("four", ["p", "q", "r", "s"])
    return x[0]


def _step(study: optuna.Study, sleep: float = 0.0) -> Callable[[], None]:
    def step() -> None:
        trial = study.ask()
        x = suggested(trial)
        if sleep:
            time.sleep(sleep)
        study.tell(trial, x**2)

    return step


def in_memory() -> Callable[[], None]:
    """A function that asks and tells once."""
    return _step(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)))


Of = Callable[[str], RDBStorage]


def storage(url: str) -> RDBStorage:
    return RDBStorage(url)


def create(url: str, of: Of = storage) -> None:
    optuna.create_study(storage=of(url), study_name="study")


def in_store(url: str, sleep: float, of: Of = storage) -> Callable[[], None]:
    """A function that asks and tells once, with so many seconds between."""
    return _step(optuna.load_study(study_name="study", storage=of(url), sampler=optuna.samplers.RandomSampler()), sleep)


def search(url: str, of: Of = storage) -> Callable[[Callable[[float], float], float], None]:
    """A function that optimizes a function of x0 for so many seconds."""
    study = optuna.load_study(study_name="study", storage=of(url), sampler=optuna.samplers.RandomSampler())
    return lambda value, seconds: study.optimize(lambda trial: value(suggested(trial)), timeout=seconds)


def count(url: str) -> int:
    with storage(url).engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").scalar_one())


def settings(url: str, of: Of = storage) -> str:
    """What is really set for the durability of a commit."""
    with of(url).engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            names = ("fsync", "synchronous_commit")
            return ", ".join(f"{name}={connection.exec_driver_sql(f'SHOW {name}').scalar_one()}" for name in names)
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    return f"journal_mode={mode}, synchronous={['OFF', 'NORMAL', 'FULL', 'EXTRA'][level]}"


def write(url: str, n: int, *, batch: int = 5_000) -> None:
    """The rows that its storage writes for each trial, through its own tables, many to a transaction.

    By `study.add_trial`, one transaction for each row, the same 100,000 trials would take half an hour.
    """
    store = storage(url)
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


def open(url: str) -> tuple[list[Any], float]:  # noqa: A001  the same name in each tool
    """Until all finished trials are known to the study, as its samplers need them; without the copy that `study.trials` makes."""
    study = optuna.load_study(study_name="study", storage=storage(url), sampler=optuna.samplers.RandomSampler())
    known = study.get_trials(deepcopy=False)
    return known, study.best_value


def trials(study: list[Any]) -> int:
    return len(study)
