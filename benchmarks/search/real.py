"""Real models of scikit-learn, 5-fold cross-validation on the tables that come with it.

The folds, and the seed of every model, are fixed, so a configuration has one loss: 1 - mean accuracy, mean log loss, or mean absolute error.
Losses are kept in a file: trying the same configuration again costs nothing. They depend on scikit-learn's version, which is part of the file's name.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from problem import REAL, Problem

from tunewright.space import Bool, Categorical, Choice, Float, Int, SearchSpace
from tunewright.typing import Params

__all__ = ["Real", "real", "scaled"]

_CACHE: Final = Path(__file__).resolve().parents[2] / "build" / "search" / "cache"
_FOLDS: Final = 5
_DRAWS: Final = 500
_FAILED: Final = 1.0

Model = Any
"""A scikit-learn estimator: the library ships no types."""


@cache
def _table(name: str) -> tuple[Any, Any]:
    from sklearn import datasets  # noqa: PLC0415  only who asks for these problems needs it

    if name == "fair":
        from statsmodels import datasets as more  # noqa: PLC0415  a table of its own

        table = more.fair.load_pandas().data
        y = (table.pop("affairs") > 0).astype(int).to_numpy()
        chosen = np.random.default_rng(0).permutation(len(y))[:1200]
        return table.to_numpy(float)[chosen], y[chosen]
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)  # noqa: N806  what scikit-learn calls it
    if name == "digits":
        chosen = np.random.default_rng(0).permutation(len(X))[:600]
        X, y = X[chosen], y[chosen]  # noqa: N806  the same
    return X, y


class Real:
    """The loss of a configuration: looked up, or computed and written down."""

    def __init__(self, name: str, table: str, scoring: str, build: Callable[[Mapping[str, Any]], Model]) -> None:
        self.name, self.table, self.scoring, self.build = name, table, scoring, build
        self._known: dict[str, float] | None = None

    def __call__(self, params: Params) -> float:
        known, path = self._read()
        key = json.dumps(params, sort_keys=True)
        if key not in known:
            known[key] = self._measure(params)
            with path.open("a") as file:
                file.write(json.dumps([key, known[key]]) + "\n")
        return known[key]

    def _read(self) -> tuple[dict[str, float], Path]:
        import sklearn  # noqa: PLC0415  only who asks for these problems needs it

        path = _CACHE / f"{self.name}-{sklearn.__version__}.jsonl"
        if self._known is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._known = dict(json.loads(line) for line in path.read_text().splitlines()) if path.exists() else {}
        return self._known, path

    def _measure(self, params: Params) -> float:
        import warnings  # noqa: PLC0415  beside its use

        from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score  # noqa: PLC0415  only who asks needs it

        X, y = _table(self.table)  # noqa: N806  what scikit-learn calls it
        kind = KFold if self.scoring == "neg_mean_absolute_error" else StratifiedKFold
        folds = kind(_FOLDS, shuffle=True, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # networks that stop before they converge are part of the search
            scores = cross_val_score(self.build(params), X, y, cv=folds, scoring=self.scoring, error_score="raise")
        mean = float(np.mean(scores))
        return 1.0 - mean if self.scoring == "accuracy" else -mean


def scaled(model: Model) -> Model:
    """Behind a scaler."""
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415  only who asks needs it
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  the same

    return make_pipeline(StandardScaler(), model)


def _svm(params: Mapping[str, Any]) -> Model:
    from sklearn.svm import SVC  # noqa: PLC0415  only who asks needs it

    return scaled(SVC(max_iter=20_000, **params))


def _svr(params: Mapping[str, Any]) -> Model:
    from sklearn.svm import SVR  # noqa: PLC0415  only who asks needs it

    return scaled(SVR(max_iter=20_000, **params))


def _forest(params: Mapping[str, Any]) -> Model:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415  only who asks needs it

    return RandomForestClassifier(random_state=0, **params)


def _mlp(params: Mapping[str, Any]) -> Model:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  only who asks needs it

    chosen = dict(params)
    sizes = (chosen.pop("units"),) * chosen.pop("layers")
    return scaled(MLPClassifier(hidden_layer_sizes=sizes, max_iter=25, random_state=0, **chosen))


def _any(space: SearchSpace) -> Callable[[Mapping[str, Any]], Model]:
    def build(params: Mapping[str, Any]) -> Model:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only who asks needs it
        from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415  the same

        name, own = space.branch(dict(params), "model")
        if name == "svm":
            kernel, inner = space.branch(dict(params), "svm.kernel")
            return _svm({"C": own["C"], "kernel": kernel} | inner)
        if name == "forest":
            return _forest(own)
        if name == "knn":
            return scaled(KNeighborsClassifier(**own))
        return scaled(LogisticRegression(max_iter=200, **own))

    return build


def real() -> list[Problem]:
    """All of them."""
    svm = SearchSpace({"C": Float(1e-3, 1e3, log=True), "gamma": Float(1e-5, 10, log=True), "shrinking": Bool()})
    svr = SearchSpace({"C": Float(1e-2, 1e3, log=True), "gamma": Float(1e-5, 10, log=True), "epsilon": Float(1e-2, 50, log=True)})
    forest = SearchSpace(
        {
            "n_estimators": Int(5, 40),
            "max_depth": Int(1, 20),
            "max_features": Float(0.05, 1.0),
            "min_samples_leaf": Int(1, 30, log=True),
            "criterion": Categorical(("gini", "entropy")),
            "bootstrap": Bool(),
        }
    )
    mlp = SearchSpace(
        {
            "units": Int(4, 64, log=True),
            "layers": Int(1, 3),
            "alpha": Float(1e-6, 1.0, log=True),
            "learning_rate_init": Float(1e-4, 1e-1, log=True),
            "batch_size": Int(16, 256, log=True),
            "activation": Categorical(("relu", "tanh", "logistic")),
        }
    )
    kernels = Choice(
        {"rbf": {"gamma": Float(1e-5, 10, log=True)}, "poly": {"degree": Int(2, 5), "coef0": Float(0, 1)}, "linear": {}}
    )
    models = {
        "svm": {"C": Float(1e-3, 1e3, log=True), "kernel": kernels},
        "forest": {"n_estimators": Int(5, 40), "max_depth": Int(1, 20), "max_features": Float(0.05, 1.0)},
        "knn": {"n_neighbors": Int(1, 50, log=True), "weights": Categorical(("uniform", "distance")), "p": Int(1, 2)},
        "logistic": {"C": Float(1e-4, 1e3, log=True)},
    }
    any_model = SearchSpace({"model": Choice(models)})
    return [
        Problem("svm-breast_cancer", REAL, svm, Real("svm-breast_cancer", "breast_cancer", "accuracy", _svm), draws=_DRAWS),
        Problem("svr-diabetes", REAL, svr, Real("svr-diabetes", "diabetes", "neg_mean_absolute_error", _svr), draws=_DRAWS),
        Problem("forest-wine", REAL, forest, Real("forest-wine", "wine", "neg_log_loss", _forest), draws=_DRAWS),
        Problem("mlp-digits", REAL, mlp, Real("mlp-digits", "digits", "neg_log_loss", _mlp), draws=_DRAWS),
        Problem(
            "any-breast_cancer",
            REAL,
            any_model,
            Real("any-breast_cancer", "breast_cancer", "accuracy", _any(any_model)),
            draws=_DRAWS,
        ),
        Problem("any-digits", REAL, any_model, Real("any-digits", "digits", "accuracy", _any(any_model)), draws=_DRAWS),
    ]
