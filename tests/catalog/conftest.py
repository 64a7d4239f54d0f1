"""What every table of the catalogue is put through: its defaults are the library's own, and 30 random configurations of it fit."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import all_estimators

from tunewright.catalog import Entry, Shape, settings, space_for
from tunewright.space import SearchSpace

ROWS: Final = 50
X, LABELS = make_classification(ROWS, 6, n_informative=4, n_redundant=0, n_classes=3, n_clusters_per_class=1, random_state=0)
X = (X - X.mean(axis=0)) / X.std(axis=0)
AMOUNTS: Final = np.exp(X[:, 0] + 0.3 * np.random.default_rng(0).standard_normal(ROWS))
GAPS: Final = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
LEVELS: Final = np.round(2 * X[:, :3]).astype(str).astype(object)
TEXTS: Final = [" ".join(f"word{int(abs(value) * 5)}" for value in row) for row in X]

FEATURES: Final[dict[str, Any]] = {
    "ComplementNB": np.abs(X),
    "CountVectorizer": TEXTS,
    "KNNImputer": GAPS,
    "LatentDirichletAllocation": np.abs(X[:20]),
    "MeanShift": X[:20],
    "MultinomialNB": np.abs(X),
    "NMF": np.abs(X),
    "OPTICS": X[:30],
    "OneHotEncoder": LEVELS,
    "OrdinalEncoder": LEVELS,
    "SimpleImputer": GAPS,
    "TargetEncoder": LEVELS,
    "TfidfVectorizer": TEXTS,
}
"""For those that take no plain table of numbers, or take their time."""

INNER: Final[dict[str, dict[str, Any]]] = {
    "RFE": {"estimator": LogisticRegression()},
    "SelectFromModel": {"estimator": LogisticRegression()},
    "SequentialFeatureSelector": {"estimator": KNeighborsClassifier(3), "cv": 2},
}
"""Arguments that an estimator cannot be without."""

CAPS: Final = {"n_estimators": 6, "iterations": 6, "max_iter": 15}
"""More trees, rounds and steps only cost time: what is tested is that the configuration is one."""

SCIKIT_LEARN: Final = dict(all_estimators())


def built(entry: Entry) -> Any:
    """The estimator of an entry, as its library sets it."""
    if entry.library == "sklearn":
        return SCIKIT_LEARN[entry.name](**INNER.get(entry.name, {}))
    if entry.library == "torch":
        pytest.skip("a recipe for a training loop of your own: there is no class to fit")
    library = pytest.importorskip(entry.library, reason=f"{entry.library} is not installed: its space is not fitted")
    quiet = {"lightgbm": {"verbose": -1}, "catboost": {"verbose": 0, "allow_writing_files": False}}
    return getattr(library, entry.name)(**quiet.get(entry.library, {}), **({"n_jobs": 1} if entry.library != "catboost" else {}))


def target(estimator: Any) -> Any:
    return AMOUNTS if is_regressor(estimator) else LABELS


def capped(estimator: Any, told: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(type(estimator).__init__).parameters
    few = {name: most for name, most in CAPS.items() if name in told}
    if "max_iter" in known and isinstance(known["max_iter"].default, int) and known["max_iter"].default > 0:
        few["max_iter"] = CAPS["max_iter"]
    return told | {name: min(most, told.get(name, most)) for name, most in few.items()}


@pytest.fixture
def thirty() -> Callable[[Entry], None]:
    """Fit 30 random configurations of an entry's space, and its default, on a small table."""

    def fit(entry: Entry) -> None:
        estimator = built(entry)
        features = FEATURES.get(entry.name, X)
        shape = Shape(rows=len(features), numbers=np.shape(features)[1] if np.ndim(features) == 2 else 1, classes=3)
        space = space_for(estimator, shape=shape)
        rng = np.random.default_rng(0)
        drawn = {repr(params): params for params in [space.default, *space.sample(rng, 30)]}
        for params in drawn.values():  # a space of two configurations need not be fitted 30 times
            told = capped(estimator, settings(params))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                clone(estimator).set_params(**told).fit(features, target(estimator)[: len(features)])

    return fit


@pytest.fixture
def own_defaults() -> Callable[[Entry], None]:
    """Check that the default configuration of an entry is what its library sets."""

    def check(entry: Entry) -> None:
        space: SearchSpace = space_for(entry.name)
        theirs = built(entry).get_params(deep=False)
        for name, value in settings(space.default).items():
            own = theirs.get(name)
            if entry.library == "sklearn" or own is not None:
                assert value == own, f"{name}: the catalogue begins with {value!r}, the library with {own!r}"

    return check
