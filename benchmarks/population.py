"""Population-based training beside searches of one configuration, at equal total epochs.

    python benchmarks/population.py                                            all tools, 10 seeds, 640 epochs a search
    python benchmarks/population.py --tools pbt random --seeds 3 --high 160    a longer training, of as many members

The problem is a network of 64 hidden units on scikit-learn's handwritten digits, trained by stochastic gradient descent with a momentum; its
learning rate, momentum and penalty are searched, for the log loss on a quarter of the rows that training does not see. The best learning rate
falls while the network is trained. Each seed divides the rows anew and draws other weights; all tools get the same division, and all but Ray Tune
the same first configurations, a Sobol sequence, so that they are compared pair by pair.

A search is judged by its best model after the last epoch (for pbt, whatever schedule came to it): its log loss on the rows it was chosen by, and
on another quarter that nobody has looked at. What a search spends are epochs; copying weights costs none.

- pbt: schedulers.PBT, compared every tenth of a training.
- random: as many configurations as the population has members, each to the end.
- asha: schedulers.ASHA from a tenth of a training on, promoting, until as many epochs are spent.
- decay: as random, with a learning rate that falls to a hundredth along a cosine, whatever it begins with: what a person would do.
- ray-pbt: Ray Tune's PopulationBasedTraining with the same settings, all members at once in a process each, from configurations that it draws itself.
"""

import argparse
import json
import math
import os
import platform
import tempfile
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tunewright as tw
from tunewright.samplers import QuasiRandom
from tunewright.schedulers import ASHA, PBT, Once, Scheduler

__all__: list[str] = []

SPACE: Final = tw.SearchSpace(
    {"rate": tw.Float(1e-4, 1.0, log=True), "momentum": tw.Float(0.5, 0.99), "penalty": tw.Float(1e-6, 1.0, log=True)}
)
COMPARISONS: Final = 10


class Training:
    """One division of the rows, and a count of the epochs.

    Attributes:
        spent: epochs so far.
    """

    def __init__(self, seed: int) -> None:
        images, digits = load_digits(return_X_y=True)
        self.X, rest, self.y, others = train_test_split(images / 16.0, digits, train_size=0.5, random_state=seed, stratify=digits)
        halves = train_test_split(rest, others, train_size=0.5, random_state=seed, stratify=others)
        self.judged, self.unseen = (halves[0], halves[2]), (halves[1], halves[3])
        self.seed, self.spent = seed, 0

    def fresh(self) -> MLPClassifier:
        """An untrained network."""
        return MLPClassifier(
            (64,),
            solver="sgd",
            batch_size=32,
            warm_start=True,
            n_iter_no_change=10**6,
            nesterovs_momentum=True,
            random_state=self.seed,
        )

    def train(self, model: MLPClassifier, params: dict[str, Any], epochs: int) -> None:
        """Go on with a network; its weights stay, and the optimizer begins anew."""
        self.spent += epochs
        model.set_params(
            learning_rate_init=params["rate"], momentum=params["momentum"], alpha=params["penalty"], max_iter=epochs,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.X, self.y)

    def losses(self, model: MLPClassifier) -> tuple[float, float]:
        """On the rows it is chosen by, and on those nobody has looked at; 10 where it has diverged."""
        found = []
        for rows, digits in (self.judged, self.unseen):
            shares = model.predict_proba(rows)
            found.append(min(10.0, float(log_loss(digits, shares))) if np.isfinite(shares).all() else 10.0)
        return found[0], found[1]


def trained(training: Training, model: MLPClassifier, params: dict[str, Any], epochs: int) -> tuple[float, float]:
    """Train; a network that diverges has the largest loss."""
    try:
        training.train(model, params, epochs)
    except ValueError:  # "Solver produced non-finite parameter weights"
        return 10.0, 10.0
    return training.losses(model)


def ours(
    scheduler: Scheduler, training: Training, step: int, high: int, *, most: float = math.inf, decays: bool = False
) -> tuple[float, float]:
    """Tunewright with a scheduler."""

    def objective(live: Any) -> dict[str, float]:  # noqa: ANN401  a live trial
        model, done = joblib.load(f"{live.resume_from}/model") if live.resume_from is not None else (training.fresh(), 0)
        losses, params = (10.0, 10.0), dict(live.params)
        while done < live.budget:
            if decays:
                params["rate"] = live["rate"] * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done / high)))
            losses = trained(training, model, params, epochs := min(step, live.budget - done))
            done += epochs
        with live.save_checkpoint() as folder:
            joblib.dump((model, done), folder / "model")
        if training.spent >= most:
            study.stop()
        return {"loss": losses[0], "unseen": losses[1]}

    study = tw.Study(SPACE, tw.Metric("loss"), sampler=QuasiRandom(), scheduler=scheduler, seed=training.seed)
    count = int(most // high) if isinstance(scheduler, Once) else None
    study.optimize(lambda live: objective(_whole(live, high)), trials=count)
    best = study.best
    judged = [each for each in best.measurements if each.values is not None][-1]
    return judged.values["loss"] if judged.values else math.nan, float(judged.info["unseen"])  # type: ignore[arg-type]


def _whole(live: Any, high: int) -> Any:  # noqa: ANN401
    live.budget = high if live.budget is None else live.budget
    return live


def rays(training: Training, step: int, high: int, members: int) -> tuple[float, float]:
    """Ray Tune's PopulationBasedTraining, all members at once: one at a time, the first would wait for the others to come to its epoch."""
    import ray  # noqa: PLC0415  only this tool needs it
    from ray import tune  # noqa: PLC0415
    from ray.tune.schedulers import PopulationBasedTraining  # noqa: PLC0415

    def trainable(config: dict[str, Any]) -> None:
        mine, model, done = Training(training.seed), training.fresh(), 0
        if (checkpoint := tune.get_checkpoint()) is not None:
            with checkpoint.as_directory() as folder:
                model, done = joblib.load(f"{folder}/model")
        while done < high:
            losses = trained(mine, model, config, step)
            done += step
            with tempfile.TemporaryDirectory() as folder:
                joblib.dump((model, done), f"{folder}/model")
                tune.report(
                    {"loss": losses[0], "unseen": losses[1], "epochs": done}, checkpoint=tune.Checkpoint.from_directory(folder)
                )

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    draws = {
        "rate": tune.loguniform(1e-4, 1.0), "momentum": tune.uniform(0.5, 0.99), "penalty": tune.loguniform(1e-6, 1.0)
    }  # fmt: skip
    scheduler = PopulationBasedTraining(
        time_attr="epochs", perturbation_interval=step, quantile_fraction=0.25, resample_probability=0.25,
        hyperparam_mutations=draws,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1 / members}),
            param_space=draws,
            tune_config=tune.TuneConfig(
                metric="loss", mode="min", scheduler=scheduler, num_samples=members, max_concurrent_trials=1
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        found = tuner.fit()
        frames = [each.metrics for each in found if each.metrics and each.metrics.get("epochs") == high]
    training.spent = members * high
    best = min(frames, key=lambda metrics: float(metrics["loss"]))
    return float(best["loss"]), float(best["unseen"])


def search(tool: str, seed: int, high: int, members: int) -> dict[str, Any]:
    """One search; its losses, and what it took."""
    training, step, begun = Training(seed), high // COMPARISONS, time.perf_counter()
    if tool == "ray-pbt":
        losses = rays(training, step, high, members)
    else:
        scheduler: Scheduler = {"pbt": PBT(step, high, population=members), "asha": ASHA(step, high)}.get(tool, Once())
        losses = ours(scheduler, training, step, high, most=members * high, decays=tool == "decay")
    return {
        "tool": tool, "seed": seed, "high": high, "members": members, "loss": losses[0], "unseen": losses[1],
        "epochs": training.spent, "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> None:
    """Means with standard deviations, and the difference to random, pair by pair, with its 95 % interval."""
    base = {row["seed"]: row for row in rows if row["tool"] == "random"}
    print(
        "| tool | loss | less than random | better on | loss on unseen rows | less than random | better on | epochs | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for tool in dict.fromkeys(row["tool"] for row in rows):
        mine, cells = [row for row in rows if row["tool"] == tool], []
        for name in ("loss", "unseen"):
            gains = np.array([base[row["seed"]][name] - row[name] for row in mine if row["seed"] in base])
            several = tool != "random" and len(gains) > 1
            cells.append(f"{np.mean([row[name] for row in mine]):.4f} ± {np.std([row[name] for row in mine], ddof=1):.4f}")
            cells += [_interval(gains), f"{(gains > 0).sum()} of {len(gains)}"] if several else ["", ""]
        cells += [f"{np.mean([row['epochs'] for row in mine]):.0f}", f"{np.median([row['seconds'] for row in mine]):.0f}"]
        print(f"| {tool} | {' | '.join(cells)} |")


def _interval(gains: np.ndarray[Any, Any]) -> str:
    from scipy import stats  # noqa: PLC0415

    half = float(stats.t.ppf(0.975, len(gains) - 1)) * float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return f"{gains.mean():+.4f} ± {half:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="+", default=["random", "pbt", "asha", "decay", "ray-pbt"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--high", type=int, default=40, help="epochs of a training, a multiple of 10")
    parser.add_argument("--members", type=int, default=16)
    options = parser.parse_args()
    packages = ["tunewright", "scikit-learn", "numpy", *(["ray"] if "ray-pbt" in options.tools else [])]
    versions = {name: _version(name) for name in packages}
    print(f"{versions}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    results, rows = Path(__file__).with_name("results") / "population.jsonl", []
    for seed in range(options.seeds):
        for tool in options.tools:
            rows.append(search(tool, seed, options.high, options.members))
            print(json.dumps(rows[-1]), flush=True)
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**rows[-1], "versions": versions}) + "\n")
    table(rows)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
