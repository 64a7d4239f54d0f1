"""Searches of the same number of fits, judged on rows that none of them saw.

    PYTHONPATH=src python benchmarks/honest.py [seeds [fits]]

Tunewright (races over 5 x 2 folds) beside scikit-learn's RandomizedSearchCV (5 x 2 folds), HalvingRandomSearchCV and, where it is
installed, Optuna (TPE, mean of 5 x 2 folds), on scikit-learn's own tables. A third of the rows trains, the rest is the test set, so that
its score is close to the truth. A fit counts as one, however long it takes; for halving, by its share of the rows. Printed a row a
table and tool: configurations seen, test score, claimed score less test score, runs that end worse than the default, and seconds.
"""

import math
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from sklearn import datasets
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.execution.live import LiveTrial

try:
    import optuna
except ImportError:
    optuna = None  # type: ignore[assignment]

CELLS = 10


class Task(NamedTuple):
    name: str
    data: tuple[np.ndarray, np.ndarray]
    model: Any
    space: dict[str, tw.Float | tw.Int]
    scoring: str


class Found(NamedTuple):
    params: dict[str, Any]
    claimed: float
    seen: int


def tasks() -> list[Task]:
    svm = make_pipeline(StandardScaler(), SVC())
    svm_space: dict[str, tw.Float | tw.Int] = {
        "svc__C": tw.Float(1e-3, 1e3, log=True, default=1.0),
        "svc__gamma": tw.Float(1e-5, 1e1, log=True, default=0.03),
    }
    tree_space: dict[str, tw.Float | tw.Int] = {
        "max_depth": tw.Int(1, 20, default=20), "min_samples_leaf": tw.Int(1, 50, log=True, default=1), "ccp_alpha": tw.Float(1e-5, 1e-1, log=True, default=1e-5),
    }  # fmt: skip
    cancer, wine, digits = (
        load(return_X_y=True) for load in (datasets.load_breast_cancer, datasets.load_wine, datasets.load_digits)
    )
    return [
        Task("breast cancer, svm", cancer, svm, svm_space, "accuracy"),
        Task("breast cancer, tree", cancer, DecisionTreeClassifier(random_state=0), tree_space, "balanced_accuracy"),
        Task("wine, svm", wine, svm, svm_space, "accuracy"),
        Task("digits, tree", digits, DecisionTreeClassifier(random_state=0), tree_space, "accuracy"),
    ]


def distributions(space: dict[str, tw.Float | tw.Int]) -> dict[str, Any]:
    return {
        name: stats.randint(p.low, p.high + 1) if isinstance(p, tw.Int) else stats.loguniform(p.low, p.high)
        for name, p in space.items()
    }


def tunewright_race(
    task: Task, x: np.ndarray, y: np.ndarray, fits: int, seed: int, *, sampler: tw.samplers.Sampler | None = None
) -> Found:
    cv = tw.CrossValidation(task.model, x, y, cv=5, repeats=2, scoring=task.scoring, seed=seed)
    study = tw.Study(tw.SearchSpace(task.space), cv.metrics, seed=seed, sampler=sampler)
    study.optimize(cv, trials=1)
    history = study.history
    while sum(map(history.sent, range(len(history)))) < fits / 1.1:
        handed = study.ask()
        study.tell(handed, cv(LiveTrial(handed)))
    study.optimize(cv, trials=history.finished)  # what began is finished, and the best are confirmed
    worth = study.generalization()
    return Found(worth.params, worth.winner.value, len(study.history))


def tunewright_random(task: Task, x: np.ndarray, y: np.ndarray, fits: int, seed: int) -> Found:
    return tunewright_race(task, x, y, fits, seed, sampler=tw.samplers.Random())


def randomized(task: Task, x: np.ndarray, y: np.ndarray, fits: int, seed: int) -> Found:
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=seed)
    search = RandomizedSearchCV(
        task.model, distributions(task.space), n_iter=fits // CELLS, cv=cv, scoring=task.scoring, random_state=seed, refit=False
    ).fit(x, y)
    best = int(np.argmax(search.cv_results_["mean_test_score"]))
    return Found(search.cv_results_["params"][best], float(search.cv_results_["mean_test_score"][best]), fits // CELLS)


def halving(task: Task, x: np.ndarray, y: np.ndarray, fits: int, seed: int) -> Found:

    least = max(int(len(x) / 27), 10 * len(np.unique(y)))
    rungs = 1 + int(math.log(len(x) / least, 3))
    start = int(fits / CELLS / rungs * 3 ** (rungs - 1))
    search = HalvingRandomSearchCV(
        task.model, distributions(task.space), n_candidates=start, min_resources=len(x) // 3 ** (rungs - 1), factor=3,
        cv=RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=seed), scoring=task.scoring, random_state=seed, refit=False,
    ).fit(x, y)  # fmt: skip
    return Found(
        search.cv_results_["params"][search.best_index_], float(search.cv_results_["mean_test_score"][search.best_index_]), start
    )


def optuna_tpe(task: Task, x: np.ndarray, y: np.ndarray, fits: int, seed: int) -> Found:
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=seed)

    def objective(trial: "optuna.Trial") -> float:
        params = {
            name: trial.suggest_int(name, p.low, p.high, log=p.log)
            if isinstance(p, tw.Int)
            else trial.suggest_float(name, p.low, p.high, log=p.log)
            for name, p in task.space.items()
        }
        return float(cross_val_score(clone(task.model).set_params(**params), x, y, cv=cv, scoring=task.scoring).mean())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=fits // CELLS)
    return Found(study.best_params, study.best_value, fits // CELLS)


TOOLS: dict[str, Callable[[Task, np.ndarray, np.ndarray, int, int], Found]] = {
    "Tunewright": tunewright_race,
    "Tunewright, random": tunewright_random,
    "RandomizedSearchCV": randomized,
    "HalvingRandomSearchCV": halving,
} | ({"Optuna TPE": optuna_tpe} if optuna is not None else {})


def main(seeds: int, fits: int) -> None:
    warnings.simplefilter("ignore")
    print(
        f"{fits} fits, {seeds} seeds\n{'':22}{'tool':24}{'seen':>6}{'test':>9}{'claimed - test':>16}{'|.|':>9}{'worse than default':>20}{'seconds':>9}",
        flush=True,
    )
    for task in tasks():
        scorer = get_scorer(task.scoring)
        rows: dict[str, list[list[float]]] = {name: [] for name in TOOLS}
        for seed in range(seeds):
            x, x_test, y, y_test = train_test_split(*task.data, train_size=1 / 3, stratify=task.data[1], random_state=seed)
            default = scorer(clone(task.model).set_params(**tw.SearchSpace(task.space).default).fit(x, y), x_test, y_test)
            for name, tool in TOOLS.items():
                start = time.perf_counter()
                found = tool(task, x, y, fits, seed)
                seconds = time.perf_counter() - start
                test = scorer(clone(task.model).set_params(**found.params).fit(x, y), x_test, y_test)
                rows[name].append([found.seen, test, found.claimed - test, test < default - 1e-12, seconds])
        ours = np.array(rows["Tunewright"])[:, 1]
        for name, found_rows in rows.items():
            seen, test, off, worse, seconds = np.mean(found_rows, axis=0)
            apart = ours - np.array(found_rows)[:, 1]
            beside = (
                ""
                if name == "Tunewright" or not apart.any()
                else f"   ours better by {apart.mean():+.4f} ± {apart.std(ddof=1) / math.sqrt(len(apart)):.4f}"
            )
            print(
                f"{task.name:22}{name:24}{seen:6.0f}{test:9.4f}{off:16.4f}{np.abs(np.array(found_rows)[:, 2]).mean():9.4f}{worse:20.0%}{seconds:9.1f}{beside}",
                flush=True,
            )


main(*(int(argument) for argument in (sys.argv[1:] + ["5", "200"][len(sys.argv) - 1 :])))
