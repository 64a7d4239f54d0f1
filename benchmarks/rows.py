"""Few rows first: what successive halving over rows saves, and what it costs, on tables that are worth it.

    PYTHONPATH=src python benchmarks/rows.py [--seeds 5] [--first 0] [--candidates 27] [--report]

Each search is given the same number of candidates (one of ours three times as many) on the same three folds, and is judged on a test set that it never saw (a third of the rows): ours with
`resource="n_samples"`, ours with a race over the folds, scikit-learn's `HalvingRandomSearchCV` and `RandomizedSearchCV`. Seconds are those of the CPU, the last
fit to all rows not counted. Each search is a line of results/rows.jsonl; what is there is not run again.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import get_scorer
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tunewright as tw
from tunewright.sklearn import SearchCV

RESULTS: Final = Path(__file__).parent / "results" / "rows.jsonl"
FOLDS: Final = 3
_BOOSTING: Final = {
    "learning_rate": loguniform(0.01, 1.0), "max_leaf_nodes": randint(4, 128), "min_samples_leaf": randint(2, 200),
    "l2_regularization": loguniform(1e-3, 1e2), "max_iter": randint(20, 200),
}  # fmt: skip
_SVC: Final = {"svc__C": loguniform(1e-2, 1e3), "svc__gamma": loguniform(1e-5, 1e1)}


def _table(name: str, seed: int) -> tuple[Any, dict[str, Any], str, np.ndarray, np.ndarray]:
    """Model, what is searched, the score, and the data."""
    if name == "made, SVC":
        x, y = make_classification(6000, 20, n_informative=8, flip_y=0.05, class_sep=0.7, random_state=seed)
        return make_pipeline(StandardScaler(), SVC()), _SVC, "roc_auc", x, y
    from statsmodels import datasets  # noqa: PLC0415  two tables of its own

    table = getattr(datasets, name).load_pandas().data
    target = {"fair": "affairs", "randhie": "mdvis"}[name]
    x, y = table.drop(columns=target).to_numpy(float), table[target].to_numpy(float)
    if name == "fair":
        return HistGradientBoostingClassifier(random_state=0), _BOOSTING, "roc_auc", x, (y > 0).astype(int)
    return HistGradientBoostingRegressor(random_state=0), _BOOSTING, "r2", x, np.log1p(y)


TABLES: Final = ("made, SVC", "fair", "randhie")


def _searches(model: Any, space: dict[str, Any], score: str, folds: Any, count: int, seed: int) -> dict[str, Any]:  # noqa: ANN401
    ours = {"n_iter": count, "cv": folds, "scoring": score, "random_state": seed, "refit": False, "sampler": tw.samplers.GP()}
    theirs = {"cv": folds, "scoring": score, "random_state": seed, "refit": False}
    return {
        "Tunewright, few rows first": SearchCV(model, space, resource="n_samples", **ours),
        "Tunewright, few rows first, three times as many": SearchCV(
            model, space, resource="n_samples", **ours | {"n_iter": 3 * count}
        ),
        "Tunewright, race": SearchCV(model, space, racing=True, **ours),
        "HalvingRandomSearchCV": HalvingRandomSearchCV(model, space, n_candidates=count, **theirs),
        "RandomizedSearchCV": RandomizedSearchCV(model, space, n_iter=count, **theirs),
    }


def _run(name: str, seed: int, count: int, done: set[tuple[str, str, int, int]]) -> None:
    model, space, score, x, y = _table(name, seed)
    classes = y if len(np.unique(y)) == 2 else None
    x, x_test, y, y_test = train_test_split(x, y, test_size=1 / 3, stratify=classes, random_state=seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed) if classes is not None else FOLDS
    for tool, search in _searches(model, space, score, folds, count, seed).items():
        if (name, tool, seed, count) in done:
            continue
        start = time.process_time()
        search.fit(x, y)
        seconds = time.process_time() - start
        best = search.cv_results_["params"][search.best_index_]
        test = float(get_scorer(score)(clone(model).set_params(**best).fit(x, y), x_test, y_test))
        row = {
            "table": name,
            "tool": tool,
            "seed": seed,
            "candidates": count,
            "rows": len(x),
            "test": test,
            "seconds": seconds,
            "version": tw.__version__,
        }
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{seed} {name:12}{tool:28} test {test:.4f}  {seconds:6.1f} s", flush=True)


def _rows() -> list[dict[str, Any]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return list(map(json.loads, lines))


def _report() -> None:
    rows = _rows()
    tools = list(dict.fromkeys(row["tool"] for row in rows))
    for table in dict.fromkeys(row["table"] for row in rows):
        by_seed: dict[int, dict[str, dict[str, Any]]] = {}
        for row in rows:
            if row["table"] == table:
                by_seed.setdefault(row["seed"], {})[row["tool"]] = row
        whole = [found for found in by_seed.values() if len(found) == len(tools)]
        print(
            f"\n{table}, {whole[0][tools[0]]['rows']} rows, {len(whole)} seeds\n\n| tool | test score | less that of the first | seconds of the CPU |\n| --- | ---: | ---: | ---: |"
        )
        for tool in tools:
            test, first = (np.array([found[which]["test"] for found in whole]) for which in (tool, tools[0]))
            seconds = np.array([found[tool]["seconds"] for found in whole])
            apart = (
                "" if tool == tools[0] else f"{(test - first).mean():+.4f} ± {(test - first).std(ddof=1) / len(whole) ** 0.5:.4f}"
            )
            print(
                f"| {tool} | {test.mean():.4f} | {apart} | {np.median(seconds):.1f} ({seconds.min():.1f} to {seconds.max():.1f}) |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--candidates", type=int, default=27)
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--report", action="store_true")
    said = parser.parse_args()
    if said.report:
        _report()
        return
    warnings.simplefilter("ignore")
    done = {(row["table"], row["tool"], row["seed"], row["candidates"]) for row in _rows()}
    for seed in range(said.first, said.first + said.seeds):
        for table in said.tables:
            _run(table, seed, said.candidates, done)


if __name__ == "__main__":
    main()
