"""The searches, each with its own ways, for the same number of fits. A fit is one of five folds; for halving, by its share of the rows."""

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optuna
from scipy import stats
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import check_scoring
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV, RepeatedKFold, RepeatedStratifiedKFold

import tunewright as tw
from tunewright.execution.live import LiveTrial

from .tables import Rows, Space, Task

__all__ = ["OURS", "ROWS_FIRST", "TOOLS", "Found", "race"]

ROWS_FIRST = "Tunewright, few rows first"

FOLDS, REPEATS = 5, 1
CELLS = FOLDS * REPEATS


class Found(NamedTuple):
    """What a search recommends, the score that it promises, how many configurations it saw, and the fits that took; `on_folds` is what it
    would promise of models that learn from four fifths of the rows.
    """

    params: dict[str, Any]
    claimed: float
    seen: int
    fits: float
    low: float = math.nan
    high: float = math.nan
    raw: float = math.nan
    on_folds: float = math.nan


Search = Callable[[Task, Rows, int, int], Found]


def _folds(rows: Rows, seed: int) -> Any:  # noqa: ANN401  scikit-learn ships no types
    kind = (
        RepeatedStratifiedKFold
        if hasattr(rows.model, "predict_proba") or len(np.unique(rows.y)) < 20 < len(rows.y)
        else RepeatedKFold
    )
    if not rows.y.any():
        kind = RepeatedKFold
    return kind(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)


# ---- Tunewright --------------------------------------------------------------------------------------------------------------------


def race(task: Task, rows: Rows, fits: int, seed: int, sampler: tw.samplers.Sampler) -> tw.Study:
    """The study that comes of a race with so many fits."""
    cv = tw.CrossValidation(rows.model, rows.x, rows.y, cv=FOLDS, repeats=REPEATS, scoring=task.scoring, seed=seed)
    study = tw.Study(tw.SearchSpace(task.space), cv.metrics, seed=seed, sampler=sampler)
    study.optimize(cv, trials=1)
    history = study.history
    while sum(map(history.sent, range(len(history)))) < fits / 1.1:
        handed = study.ask()
        study.tell(handed, cv(LiveTrial(handed)))
    study.optimize(cv, trials=history.finished)  # what began is finished, and the best are confirmed
    return study


def _tunewright(task: Task, rows: Rows, fits: int, seed: int, sampler: tw.samplers.Sampler) -> Found:
    study = race(task, rows, fits - FOLDS if task.real else fits, seed, sampler)  # ten fits of half the rows come afterwards
    history = study.history
    return _said(task, study, sum(map(history.sent, range(len(history)))))


def _said(task: Task, study: tw.Study, spent: float) -> Found:
    """What a study recommends and promises."""
    on_folds = study.generalization()
    worth = study.generalization(all_rows=True) if task.real else on_folds
    claimed, shares = (
        found.winner if worth.recommended == "winner" or found.default is None else found.default for found in (worth, on_folds)
    )
    spent += FOLDS if task.real else 0
    return Found(worth.params, claimed.value, len(study.history), spent, claimed.low, claimed.high, worth.raw, shares.value)


def tunewright_gp(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    return _tunewright(task, rows, fits, seed, tw.samplers.GP())


def tunewright_random(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    return _tunewright(task, rows, fits, seed, tw.samplers.Random())


def tunewright_rows(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    """Few rows at first: a fit of a part of the rows counts for that part."""
    wanted = fits - FOLDS if task.real else fits
    cv = tw.CrossValidation(rows.model, rows.x, rows.y, cv=FOLDS, scoring=task.scoring, seed=seed, resource="n_samples")
    study = tw.Study(tw.SearchSpace(task.space), cv.metrics, seed=seed, sampler=tw.samplers.GP())
    study.optimize(cv, trials=1)
    high = cv.resource.high if cv.resource is not None else 1

    def spent() -> float:
        return sum(float(done.budget or high) / high for trial in study.history.trials for done in trial.measurements)

    while spent() < wanted - FOLDS:  # the last who has begun a rung may need so many to end it
        handed = study.ask()
        study.tell(handed, cv(LiveTrial(handed)))
    study.optimize(cv, trials=study.history.finished)
    return _said(task, study, spent())


# ---- scikit-learn ------------------------------------------------------------------------------------------------------------------


def _distributions(space: Space) -> dict[str, Any]:
    return {
        name: (stats.randint(p.low, p.high + 1) if not p.log else _whole(p.low, p.high))
        if isinstance(p, tw.Int)
        else stats.loguniform(p.low, p.high) if p.log else stats.uniform(p.low, p.high - p.low)
        for name, p in space.items()
    }  # fmt: skip


def _whole(low: float, high: float) -> list[int]:
    """Whole numbers of a logarithmic scale, as a list to draw from."""
    return [int(each) for each in np.exp(np.linspace(math.log(low - 0.49), math.log(high + 0.49), 1001)).round()]


def randomized(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    search = RandomizedSearchCV(
        rows.model, _distributions(task.space), n_iter=fits // CELLS, cv=_folds(rows, seed), scoring=task.scoring, random_state=seed, refit=False
    ).fit(rows.x, rows.y)  # fmt: skip
    best = int(np.argmax(search.cv_results_["mean_test_score"]))
    return Found(search.cv_results_["params"][best], float(search.cv_results_["mean_test_score"][best]), fits // CELLS, fits)


def halving(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    classes = len(np.unique(rows.y)) if isinstance(_folds(rows, seed), RepeatedStratifiedKFold) else 1
    least = max(len(rows.x) // 27, 2 * FOLDS * classes)
    rungs = 1 + int(math.log(len(rows.x) / least, 3))
    start = int(fits / CELLS / rungs * 3 ** (rungs - 1))
    search = HalvingRandomSearchCV(
        rows.model, _distributions(task.space), n_candidates=start, min_resources=len(rows.x) // 3 ** (rungs - 1), factor=3,
        cv=_folds(rows, seed), scoring=task.scoring, random_state=seed, refit=False,
    ).fit(rows.x, rows.y)  # fmt: skip
    found, best = search.cv_results_, search.best_index_
    spent = CELLS * float((found["n_resources"] / len(rows.x)).sum())
    return Found(found["params"][best], float(found["mean_test_score"][best]), start, spent)


# ---- Optuna ------------------------------------------------------------------------------------------------------------------------


def _optuna(task: Task, rows: Rows, fits: int, seed: int, sampler: Any, pruner: Any = None) -> Found:  # noqa: ANN401
    splits = list(_folds(rows, seed).split(rows.x, rows.y))
    scorer = check_scoring(rows.model, task.scoring)
    spent = 0

    def objective(trial: optuna.Trial) -> float:
        nonlocal spent
        params = {
            name: trial.suggest_int(name, p.low, p.high, log=p.log)
            if isinstance(p, tw.Int)
            else trial.suggest_float(name, p.low, p.high, log=p.log)
            for name, p in task.space.items()
        }
        scores = []
        for step, (train, test) in enumerate(splits):
            model = clone(rows.model).set_params(**params).fit(rows.x[train], rows.y[train])
            scores.append(float(scorer(model, rows.x[test], rows.y[test])))
            spent += 1
            trial.report(scores[-1], step)
            if pruner is not None and trial.should_prune():
                break  # the mean so far, as the documentation of the pruner advises
        if spent >= fits:
            trial.study.stop()
        return float(np.mean(scores))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner or optuna.pruners.NopPruner())
    study.optimize(objective, n_trials=fits)
    return Found(study.best_params, study.best_value, len(study.trials), spent)


def optuna_tpe(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    return _optuna(task, rows, fits, seed, optuna.samplers.TPESampler(seed=seed))


def optuna_gp(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    return _optuna(task, rows, fits, seed, optuna.samplers.GPSampler(seed=seed))


def optuna_wilcoxon(task: Task, rows: Rows, fits: int, seed: int) -> Found:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is experimental
        pruner = optuna.pruners.WilcoxonPruner(p_threshold=0.1)
    return _optuna(task, rows, fits, seed, optuna.samplers.TPESampler(seed=seed), pruner)


OURS: dict[str, Search] = {
    "Tunewright": tunewright_gp, "Tunewright, random": tunewright_random, ROWS_FIRST: tunewright_rows,
}  # fmt: skip
TOOLS: dict[str, Search] = OURS | {
    "RandomizedSearchCV": randomized, "HalvingRandomSearchCV": halving, "Optuna TPE": optuna_tpe,
    "Optuna GPSampler": optuna_gp, "Optuna TPE, Wilcoxon": optuna_wilcoxon,
}  # fmt: skip
