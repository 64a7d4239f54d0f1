"""Eight real tables that need no network, and the five worlds of `worlds.py`: what is searched, and how it ends."""

import math
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import tunewright as tw
from tunewright.resampling.tested import Echo

from .worlds import NAMES, ROWS, World, score

__all__ = ["TASKS", "Rows", "Task", "Verdict", "judge", "prepare"]

Space = dict[str, tw.Float | tw.Int]

_DRAWS = 400
_CLOSE = 0.01
"""In a world, a loss that counts."""


class Task(NamedTuple):
    name: str
    model: Any
    space: Space
    scoring: Any
    real: bool = True


class Rows(NamedTuple):
    """One division of a table; the test set is empty where the truth is known."""

    model: Any
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Verdict(NamedTuple):
    """Of a configuration: its score, the default's, whether it is worse beyond chance (97.5 % of the draws of test rows), and the
    standard deviation of its score over these draws (NaN where the truth is known).
    """

    test: float
    default: float
    worse: bool
    spread: float = math.nan


_SVM: Space = {"svc__C": tw.Float(1e-3, 1e3, log=True, default=1.0), "svc__gamma": tw.Float(1e-5, 1e1, log=True, default=0.03)}
_SVR: Space = {
    "svr__C": tw.Float(1e-2, 1e4, log=True, default=1.0), "svr__gamma": tw.Float(1e-5, 1e1, log=True, default=0.1),
    "svr__epsilon": tw.Float(1e-3, 1e2, log=True, default=0.1),
}  # fmt: skip
_TREE: Space = {
    "max_depth": tw.Int(1, 20, default=20), "min_samples_leaf": tw.Int(1, 50, log=True, default=1),
    "ccp_alpha": tw.Float(1e-5, 1e-1, log=True, default=1e-5),
}  # fmt: skip
_KNN: Space = {
    "kneighborsclassifier__n_neighbors": tw.Int(1, 50, default=5),
    "kneighborsclassifier__p": tw.Float(1, 4, default=2.0),
}
_LOGISTIC: Space = {"logisticregression__C": tw.Float(1e-4, 1e3, log=True, default=1.0)}
_WORLD: Space = {name: tw.Float(0, 1, default=0.5) for name in "xyz"}
_TREES = {"classes": DecisionTreeClassifier(random_state=0), "numbers": DecisionTreeRegressor(random_state=0)}

TASKS = (
    Task("breast cancer", make_pipeline(StandardScaler(), SVC()), _SVM, "roc_auc"),
    Task("wine", _TREES["classes"], _TREE, "balanced_accuracy"),
    Task("iris", make_pipeline(StandardScaler(), KNeighborsClassifier()), _KNN, "accuracy"),
    Task("digits", _TREES["classes"], _TREE, "accuracy"),
    Task("diabetes", make_pipeline(StandardScaler(), SVR()), _SVR, "neg_root_mean_squared_error"),
    Task("fair", _TREES["classes"], _TREE, "roc_auc"),
    Task("anes96", make_pipeline(StandardScaler(), LogisticRegression()), _LOGISTIC, "neg_log_loss"),
    Task("randhie", _TREES["numbers"], _TREE, "neg_mean_absolute_error"),
    *(Task(name, World(name), _WORLD, score, real=False) for name in NAMES),
)


def _data(name: str) -> tuple[np.ndarray, np.ndarray]:
    known = {"breast cancer": "breast_cancer"}.get(name, name)
    if hasattr(datasets, f"load_{known}"):
        x, y = getattr(datasets, f"load_{known}")(return_X_y=True)
        return np.asarray(x, float), np.asarray(y)
    from statsmodels import datasets as others  # noqa: PLC0415  three tables of its own

    table = getattr(others, name).load_pandas().data
    target = {"fair": "affairs", "anes96": "vote", "randhie": "mdvis"}[name]
    table = table.sample(min(len(table), 3000), random_state=0)
    y = table[target].to_numpy()
    return table.drop(columns=target).to_numpy(float), (y > 0).astype(int) if name != "randhie" else y.astype(float)


def prepare(task: Task, seed: int) -> Rows:
    """A third of the rows, drawn anew for each seed; of a world all rows, and another land for each seed."""
    if not task.real:
        x = np.arange(ROWS)[:, None]
        return Rows(clone(task.model).set_params(land=seed), x, np.zeros(ROWS), x[:0], np.zeros(0))
    x, y = _data(task.name)
    classes = len(np.unique(y)) < 20
    x, x_test, y, y_test = train_test_split(x, y, train_size=1 / 3, stratify=y if classes else None, random_state=seed)
    return Rows(task.model, x, y, x_test, y_test)


def judge(task: Task, rows: Rows, params: dict[str, Any], seed: int) -> Verdict:
    """Fit a configuration and the default to all training rows, and compare them on the test rows."""
    models = [clone(rows.model).set_params(**each).fit(rows.x, rows.y) for each in (params, tw.SearchSpace(task.space).default)]
    if not task.real:
        ours, default = (model.truth() for model in models)
        return Verdict(ours, default, ours < default - _CLOSE)
    scorer = get_scorer(task.scoring)
    ours, default = (float(scorer(model, rows.x_test, rows.y_test)) for model in models)
    rng = np.random.default_rng(seed)
    said = [Echo(model, rows.x_test) for model in models]
    scores = np.empty((_DRAWS, 2))
    for each in scores:
        drawn = rng.integers(len(rows.y_test), size=len(rows.y_test))
        each[:] = [scorer(one, drawn, rows.y_test[drawn]) for one in said]
    lost = int((scores[:, 0] < scores[:, 1]).sum())
    return Verdict(ours, default, worse=ours < default and lost > 0.975 * _DRAWS, spread=float(scores[:, 0].std(ddof=1)))
