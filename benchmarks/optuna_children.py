"""The processes of Optuna that `faults.py` starts and kills, the counterparts of `tests/faults/children.py`."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import optuna
from measure import ROOT
from optuna.storages.journal import JournalFileBackend
from optuna_cells import suggested

sys.path.insert(0, str(ROOT))

from tests.faults.children import mark, nursery, wait_for

__all__ = ["CHILDREN", "opened"]


def opened(url: str, name: str, heartbeat: str = "") -> optuna.Study:
    """Create it, or load it if it is there."""
    storage: Any = url
    if url.startswith("journal:"):
        storage = optuna.storages.JournalStorage(JournalFileBackend(url.removeprefix("journal:")))
    elif heartbeat:
        again = optuna.storages.RetryHeartbeatStaleTrialCallback()
        storage = optuna.storages.RDBStorage(url, heartbeat_interval=1, grace_period=3, heartbeat_stale_trial_callback=again)
    sampler = optuna.samplers.RandomSampler()
    return optuna.create_study(storage=storage, study_name=name, load_if_exists=True, sampler=sampler)


def seek(url: str, acknowledged: str, trials: str, heartbeat: str = "") -> None:
    """Trials of up to 4 ms; each result goes to the side file when it has been told."""

    def note(_: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        mark(acknowledged, f"{trial.number} {float(trial.value or 0.0).hex()}")

    def objective(trial: optuna.Trial) -> float:
        suggested(trial)
        luck = int.from_bytes(os.urandom(7), "big") / 2**56
        trial.report(luck, 1)
        trial.report(-luck, 2)
        time.sleep(luck * 0.004)
        return luck / 3.0

    opened(url, "killed", heartbeat).optimize(objective, n_trials=int(trials), callbacks=[note])


def create(url: str, gate: str, side: str) -> None:
    """Create one and the same study at the same moment as others, and do one trial."""
    wait_for(gate)
    study = opened(url, "one")
    trial = study.ask()
    study.tell(trial, trial.suggest_float("x", 0.0, 1.0))
    mark(side, f"ok {trial.number}")


def fill(url: str, side: str, text: str) -> None:
    """Trials with an attribute that is `text` characters long, until an error stops it; says what was told."""
    study = opened(url, "line")
    while True:
        trial = study.ask()
        trial.set_user_attr("log", os.urandom(int(text) // 2).hex())
        value = trial.suggest_float("x", 0.0, 1.0)
        study.tell(trial, value)
        mark(side, f"{trial.number} {value.hex()}")


def count_to(url: str, trials: str) -> None:
    """So many trials more."""
    opened(url, "line").optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=int(trials))


def hold(path: str) -> None:
    """Hold the lock of a journal file until killed."""
    JournalFileBackend(path)._lock.acquire()  # noqa: SLF001  what every append does
    Path(path + ".held").touch()
    time.sleep(600)


CHILDREN: Final[dict[str, Callable[..., None]]] = {child.__name__: child for child in (count_to, create, fill, hold, seek)}

if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    nursery(CHILDREN)
