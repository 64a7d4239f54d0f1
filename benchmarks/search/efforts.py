"""How far one comes with so many epochs: tools that train few configurations to the end, or many for a while.

    python benchmarks/search/efforts.py                                    what is missing: all tools, develop half, 20 trainings, 3 seeds
    python benchmarks/search/efforts.py --tools asha-gp optuna-hyperband --seeds 1
    python benchmarks/search/efforts.py --table                            mean normalised regret, and its difference to training to the end

To be run with the interpreter of the peers (`environments.py`). The problems are the surrogates of LCBench (`surrogates.py`) with the epoch for
a budget, 1 to 52. An epoch costs one; a training that goes on from its checkpoint pays for the further epochs only, whoever does it. A
search is judged by the loss after 52 epochs of its incumbent, which for all tools is the configuration with the best value among those
that were trained longest. Each line of results/efforts.jsonl is a search.
"""

import argparse
import hashlib
import json
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from normalise import scales
from surrogates import DEVELOP_TASKS, REPORT_TASKS, SPACE, outputs
from translate import bounds_of, complete

import tunewright as tw
from tunewright.execution.live import LiveTrial
from tunewright.samplers import GP, TPE, Random, Sampler
from tunewright.schedulers import ASHA, Hyperband, Median, Once, Scheduler
from tunewright.space import Int
from tunewright.typing import Params

__all__: list[str] = []

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "efforts.jsonl"
EPOCHS: Final = 52
AT: Final = (5, 10, 20)
"""Trainings to the end, in whose epochs a search is looked at."""


class Spent(Exception):
    """The epochs are used up."""


class Training:
    """The network of one task, and a count of the epochs.

    Attributes:
        spent: epochs so far.
        seen: what was seen: epochs spent until then, epochs of this configuration, its loss then, and its loss after the last epoch.
    """

    def __init__(self, task: str, most: int) -> None:
        self.task, self.most, self.spent = task, most, 0
        self.seen: list[tuple[int, int, float, float]] = []
        self._done: dict[str, int] = {}
        self._curves: dict[str, Any] = {}

    def train(self, params: Params, epoch: int) -> float:
        """The loss after so many epochs; those that this configuration had before are not paid for again."""
        key = json.dumps(params, sort_keys=True)
        if key not in self._curves:
            self._curves[key] = (
                100.0 - outputs(self.task, np.repeat(SPACE.rows([params]), EPOCHS, axis=0), np.arange(1.0, EPOCHS + 1))[:, 1]
            )
        self.spent += max(0, epoch - self._done.get(key, 0))
        self._done[key] = max(epoch, self._done.get(key, 0))
        if self.spent > self.most:
            raise Spent
        loss = float(self._curves[key][epoch - 1])
        self.seen.append((self.spent, epoch, loss, float(self._curves[key][-1])))
        return loss


def ours(
    sampler: Callable[[], Sampler], scheduler: Callable[[], Scheduler], *, reports: bool = False
) -> Callable[[Training, int], None]:
    """Tunewright, with these."""

    def search(training: Training, seed: int) -> None:
        def objective(live: LiveTrial) -> float:
            try:
                last = int(live.budget or EPOCHS)
                for epoch in range(1, last) if reports else ():
                    live.report(epoch, loss=training.train(live.params, epoch))
                return training.train(live.params, last)
            except Spent:
                study.stop()
                raise

        study = tw.Study(SPACE, tw.Metric("loss"), sampler=sampler(), scheduler=scheduler(), seed=seed)
        study.optimize(objective, trials=100_000)

    return search


def optuna_with(sampler: str, pruner: str) -> Callable[[Training, int], None]:
    """Optuna, with these by name; a pruner hears every epoch."""

    def search(training: Training, seed: int) -> None:
        import optuna  # noqa: PLC0415  only these tools need it

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruners = {
            "none": optuna.pruners.NopPruner,
            "median": optuna.pruners.MedianPruner,
            "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
            "hyperband": lambda: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS, reduction_factor=3),
        }
        study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed), pruner=pruners[pruner]())

        def objective(trial: Any) -> float:  # noqa: ANN401  Optuna's
            params: Params = {}
            for name, parameter in SPACE.parameters.items():
                low, high, log = bounds_of(parameter)
                suggest = trial.suggest_int if isinstance(parameter, Int) else trial.suggest_float
                params[name] = suggest(name, low, high, log=log)
            for epoch in range(1, EPOCHS + 1) if pruner != "none" else (EPOCHS,):
                loss = training.train(params, epoch)
                trial.report(loss, epoch)
                if epoch < EPOCHS and trial.should_prune():
                    raise optuna.TrialPruned
            return loss

        with suppress(Spent):
            study.optimize(objective, n_trials=100_000)

    return search


def smac(training: Training, seed: int) -> None:
    """SMAC3's facade for several fidelities: Hyperband with a random forest."""
    from ConfigSpace import ConfigurationSpace, Float, Integer  # noqa: PLC0415  only this tool needs it
    from smac import MultiFidelityFacade, Scenario  # noqa: PLC0415
    from smac.runhistory.dataclasses import TrialValue  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    configurations = ConfigurationSpace(seed=seed)
    for name, parameter in SPACE.parameters.items():
        low, high, log = bounds_of(parameter)
        kind = Integer if isinstance(parameter, Int) else Float
        configurations.add(kind(name, (low, high), log=log))
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            configurations,
            deterministic=True,
            n_trials=100_000,
            min_budget=1,
            max_budget=EPOCHS,
            seed=seed,
            output_directory=Path(folder),
        )
        intensifier = MultiFidelityFacade.get_intensifier(scenario, eta=3)
        facade = MultiFidelityFacade(scenario, _unused, intensifier=intensifier, logging_level=False, overwrite=True)
        with suppress(Spent):
            while True:
                info = facade.ask()
                params = complete(SPACE, dict(info.config))
                facade.tell(info, TrialValue(training.train(params, max(1, round(info.budget)))))


def _unused(config: Any, seed: int, budget: float) -> float:  # noqa: ANN401, ARG001  the facade asks for a function with these names
    return 0.0


TOOLS: Final[dict[str, Callable[[Training, int], None]]] = {
    "gp": ours(GP, Once),
    "asha-gp": ours(GP, lambda: ASHA(1, EPOCHS)),
    "hyperband-gp": ours(GP, lambda: Hyperband(1, EPOCHS)),
    "asha-stop-gp": ours(GP, lambda: ASHA(1, EPOCHS, resume=False), reports=True),
    "median-gp": ours(GP, Median, reports=True),
    "asha-tpe": ours(TPE, lambda: ASHA(1, EPOCHS)),
    "asha-random": ours(Random, lambda: ASHA(1, EPOCHS)),
    "random": ours(Random, Once),
    "optuna-tpe": optuna_with("TPESampler", "none"),
    "optuna-tpe-median": optuna_with("TPESampler", "median"),
    "optuna-tpe-halving": optuna_with("TPESampler", "halving"),
    "optuna-tpe-hyperband": optuna_with("TPESampler", "hyperband"),
    "optuna-gp": optuna_with("GPSampler", "none"),
    "optuna-gp-hyperband": optuna_with("GPSampler", "hyperband"),
    "smac-hyperband": smac,
}


def regrets(training: Training, name: str) -> list[float]:
    """Normalised regret of the incumbent after the epochs of so many whole trainings, by `AT`; NaN before the first result."""
    scale = scales()[name]
    found: list[float] = []
    for trainings in AT:
        known = [(-epoch, loss, last) for spent, epoch, loss, last in training.seen if spent <= trainings * EPOCHS]
        truth = min(known)[2] if known else np.nan
        found.append((truth - scale["optimum"]) / (scale["median"] - scale["optimum"]))
    return found


def version_of(tool: str) -> str:
    """Of a peer its own; for Tunewright a fingerprint of what decides, since its version number does not move with every change."""
    if tool.startswith(("optuna", "smac")):
        return version(tool.split("-")[0])
    digest = hashlib.sha256()
    for package in ("samplers", "schedulers", "models", "space"):
        for path in sorted((Path(tw.__file__).parent / package).glob("*.py")):
            digest.update(path.read_bytes())
    return "src-" + digest.hexdigest()[:8]


def run(chosen: argparse.Namespace) -> None:
    there = {(r["tool"], r["task"], r["seed"]) for r in records(chosen.out) if r["version"] == version_of(r["tool"])}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.first, chosen.seeds):
        for task in REPORT_TASKS if chosen.report else DEVELOP_TASKS:
            for tool in chosen.tools:
                if (tool, task, seed) in there:
                    continue
                training, begun = Training(task, AT[-1] * EPOCHS), time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    TOOLS[tool](training, seed)
                found, took = regrets(training, f"lcbench-{task}"), time.process_time() - begun
                record = {
                    "tool": tool,
                    "task": task,
                    "seed": seed,
                    "version": version_of(tool),
                    "regrets": found,
                    "seconds": round(took, 1),
                    "seen": len(training.seen),
                }
                with chosen.out.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(f"{tool:22} {task:8} seed {seed}  {'  '.join(f'{each:8.4f}' for each in found)}  {took:6.1f} s", flush=True)


@cache
def records(path: Path) -> list[dict[str, Any]]:
    """What is there."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(chosen: argparse.Namespace) -> None:
    """Over what all tools have, each in the version that ran last: the mean over problems of the mean over seeds; ± one standard error over problems of the difference to the
    first tool.
    """
    tasks = REPORT_TASKS if chosen.report else DEVELOP_TASKS
    found = {(r["tool"], r["task"], r["seed"]): r["regrets"] for r in records(chosen.out)}
    tools = [tool for tool in chosen.tools if any(key[0] == tool for key in found)]
    seeds = {task: [s for s in range(99) if all((tool, task, s) in found for tool in tools)] for task in tasks}
    tasks = tuple(task for task in tasks if seeds[task])
    print(f"{sum(map(len, seeds.values()))} searches a tool; mean normalised regret after the epochs of {AT} trainings\n")
    means = {tool: np.array([np.mean([found[tool, task, s] for s in seeds[task]], axis=0) for task in tasks]) for tool in tools}
    for tool, mine in means.items():
        apart = mine - means[tools[0]]
        error = apart.std(axis=0, ddof=1) / np.sqrt(len(tasks))
        three = zip(mine.mean(axis=0), apart.mean(axis=0), error, strict=True)
        print(f"{tool:22} " + "  ".join(f"{mean:6.3f} ({more:+.3f} ± {sure:.3f})" for mean, more, sure in three))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--report", action="store_true", help="the report half of LCBench instead, for the final table only")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    if chosen.table:
        table(chosen)
    else:
        os.nice(10)
        run(chosen)


if __name__ == "__main__":
    main()
