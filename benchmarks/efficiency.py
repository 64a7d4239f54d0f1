"""How busy a tool keeps 8 workers, in this process: `efficiency.py CONTENDER '{"argument": …}'` prints a line of JSON.

The objective sleeps for half a second and notes when it began and ended, so it needs no processor, and all that is not sleep is the
tool's. `parallel.py --only efficiency` runs every contender in turn.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["IDEAL", "SLEEP", "TRIALS", "WORKERS"]

TRIALS: Final = 200
WORKERS: Final = 8
SLEEP: Final = 0.5
IDEAL: Final = TRIALS * SLEEP / WORKERS


def sleepy(side: str, x: float) -> float:
    """Sleep, and note when, on the clock that all processes of this machine share."""
    begun = time.monotonic()
    time.sleep(SLEEP)
    line = f"{begun} {time.monotonic()}\n".encode()
    file = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(file, line)
    os.close(file)
    return x


def figures(side: Path, began: float, ended: float) -> dict[str, float]:
    """Shares of the workers' time that the objective slept: once all work, from the first trial on, and from the first line on."""
    times = sorted(tuple(map(float, line.split())) for line in side.read_text(encoding="ascii").splitlines())
    last = max(end for _, end in times)
    full = times[WORKERS - 1][0]  # when as many trials had begun as there are workers
    slept = sum(max(0.0, end - max(begun, full)) for begun, end in times)
    spent = sum(end - begun for begun, end in times)
    return {
        "trials": len(times),
        "steady": slept / WORKERS / (last - full),
        "span": spent / WORKERS / (last - times[0][0]),
        "whole": spent / WORKERS / (ended - began),
        "seconds": ended - began,
    }


# ---- contenders: each runs the trials, and says when it began ------------------------------------------------------------------


class Place(NamedTuple):
    """Where the objective notes its times, where the study lies, and a folder for other files."""

    side: str
    url: str
    folder: str


def pool(place: Place) -> float:
    """No search at all."""
    began = time.monotonic()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as executor:
        list(executor.map(partial(sleepy, place.side), map(float, range(TRIALS))))
    return began


def ours(side: str, url: str, sampler: str, workers: int = WORKERS) -> None:
    tw = importlib.import_module("tunewright")
    chosen = {"auto": tw.samplers.Auto, "random": tw.samplers.Random}[sampler]()
    space = {"x": tw.Float(0.0, 1.0), "y": tw.Float(0.0, 1.0), "n": tw.Int(1, 100)}
    study = tw.Study(space, tw.Metric("loss"), storage=url, name="sleepy", seed=0, sampler=chosen)
    study.optimize(lambda live: sleepy(side, live["x"] + live["y"]), trials=TRIALS, workers=workers)


def workers_of_ours(place: Place, sampler: str = "auto") -> float:
    """One process with 8 workers."""
    importlib.import_module("tunewright").Study  # noqa: B018  it is lazy; what is loaded stands before the clock in every contender
    began = time.monotonic()
    ours(place.side, place.url, sampler)
    return began


def processes(code: str, *arguments: str) -> float:
    """The same script 8 times."""
    began = time.monotonic()
    command = [sys.executable, "-c", f"import sys, efficiency; efficiency.{code}(*sys.argv[1:])", *arguments]
    crew = [subprocess.Popen(command, cwd=Path(__file__).parent) for _ in range(WORKERS)]
    if any(process.wait() for process in crew):
        raise SystemExit("A process failed; see above.")
    return began


def one_of_ours(side: str, url: str, sampler: str) -> None:
    ours(side, url, sampler, workers=1)


def processes_of_ours(place: Place, sampler: str = "auto") -> float:
    return processes("one_of_ours", place.side, place.url, sampler)


def optuna_study(url: str, *, create: bool = False) -> Any:  # noqa: ANN401  an optional library
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage: Any = url or None
    if url.startswith("journal:"):
        backend = importlib.import_module("optuna.storages.journal").JournalFileBackend(url.removeprefix("journal:"))
        storage = optuna.storages.JournalStorage(backend)
    if create:
        return optuna.create_study(storage=storage, study_name="sleepy")
    return optuna.load_study(storage=storage, study_name="sleepy")


def optuna_objective(side: str) -> Callable[[Any], float]:
    def objective(trial: Any) -> float:  # noqa: ANN401  an optional library
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        trial.suggest_int("n", 1, 100)
        return sleepy(side, x + y)

    return objective


def one_of_optuna(side: str, url: str) -> None:
    optuna = importlib.import_module("optuna")
    enough = optuna.study.MaxTrialsCallback(TRIALS, states=(optuna.trial.TrialState.COMPLETE,))
    optuna_study(url).optimize(optuna_objective(side), callbacks=[enough])


def processes_of_optuna(place: Place) -> float:
    """Its study is made before, since eight that make one at once crash; that is not counted."""
    address = place.url or f"journal:{place.folder}/journal.log"
    optuna_study(address, create=True)
    return processes("one_of_optuna", place.side, address)


def threads_of_optuna(place: Place) -> float:
    study = optuna_study(place.url, create=True)
    began = time.monotonic()
    study.optimize(optuna_objective(place.side), n_trials=TRIALS, n_jobs=WORKERS)
    return began


def ray_tune(place: Place) -> float:
    """With actors that are used again, without which it starts a process for each trial. Its cluster is started before the clock."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's name; its workers would run at 15, and starve on a busy machine
    ray, tune = importlib.import_module("ray"), importlib.import_module("ray.tune")
    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR", _temp_dir=place.folder)

    def objective(config: dict[str, float]) -> None:
        tune.report({"loss": sleepy(place.side, config["x"] + config["y"])})

    tuner = tune.Tuner(
        tune.with_resources(objective, {"cpu": 1}),
        param_space={"x": tune.uniform(0.0, 1.0), "y": tune.uniform(0.0, 1.0), "n": tune.randint(1, 101)},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", num_samples=TRIALS, max_concurrent_trials=WORKERS, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=f"{place.folder}/results", verbose=0),
    )
    began = time.monotonic()
    tuner.fit()
    return began


CONTENDERS: Final[Mapping[str, Callable[..., float]]] = {
    "pool": pool,
    "workers": workers_of_ours,
    "processes": processes_of_ours,
    "optuna-processes": processes_of_optuna,
    "optuna-threads": threads_of_optuna,
    "ray": ray_tune,
}


def main() -> None:
    name, arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder:  # short: Ray puts sockets there
        side, given = Path(folder, "side"), json.loads(arguments)
        url = given.pop("url", "").replace("{folder}", folder)
        began = CONTENDERS[name](Place(str(side), url, folder), **given)
        print(json.dumps(figures(side, began, time.monotonic())), flush=True)


if __name__ == "__main__":
    main()
