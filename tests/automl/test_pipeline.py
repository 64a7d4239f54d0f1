import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR

from tunewright.automl.objective import fit
from tunewright.automl.pipeline import build_pipeline
from tunewright.catalog import FAMILIES, Shape, build_space, default_params
from tunewright.resampling.scoring import respond
from tunewright.typing import Array

ROWS = 90
DEFAULTS = {
    ("linear", 2): LogisticRegression(), ("linear", 0): Ridge(), ("knn", 2): KNeighborsClassifier(), ("knn", 0): KNeighborsRegressor(),
    ("svm", 2): SVC(), ("svm", 0): SVR(), ("forest", 2): RandomForestClassifier(), ("forest", 0): RandomForestRegressor(),
    ("boosting", 2): HistGradientBoostingClassifier(), ("boosting", 0): HistGradientBoostingRegressor(),
    ("mlp", 2): MLPClassifier(), ("mlp", 0): MLPRegressor(),
}  # fmt: skip
BOUNDS_ONLY = {"max_iter", "random_state"}


def shape(classes: int) -> Shape:
    return Shape(rows=ROWS, numbers=3, categories=2, wide=12, missing=True, classes=classes, smallest=20 if classes else 0)


def data(classes: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 5, (ROWS, 2)), rng.normal(size=(ROWS, 3))]).astype(float)
    y = x[:, 2] + (x[:, 0] == 1) + 0.1 * rng.normal(size=ROWS)
    x[rng.random(x.shape) < 0.1] = np.nan
    ranks = np.argsort(np.argsort(y))
    return x, (ranks * classes // ROWS).astype(np.float64) if classes else y.astype(np.float64)


@pytest.mark.parametrize(("family", "classes"), DEFAULTS)
def test_defaults_are_those_of_scikit_learn(family: str, classes: int) -> None:
    plain = Shape(rows=ROWS, numbers=3, classes=classes, smallest=20)

    model = build_pipeline(build_space(plain, [family]).default, plain, 0).named_steps["model"]
    model = model.estimator if family == "svm" and classes else model

    ours, theirs = model.get_params(), DEFAULTS[family, classes].get_params()
    apart = {name for name in theirs if ours[name] != theirs[name]}
    assert apart <= BOUNDS_ONLY
    if "max_iter" in apart:  # a bound against fits without end, never below scikit-learn's
        assert theirs["max_iter"] in {-1, 100}
        assert ours["max_iter"] >= 1000


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_configuration_fits_and_answers(family: str, classes: int) -> None:
    x, y = data(classes)
    space = build_space(shape(classes), [family])
    never_seen = np.array([[9.0, np.nan, np.nan, 0.0, 50.0]])

    for drawn in [space.default, *space.sample(np.random.default_rng(0), 6)]:
        params = {**drawn, **{name: 8 for name in ("forest.n_estimators", "boosting.max_iter") if name in drawn}}
        model, _, seconds = fit(params, shape(classes), 0, x, y)
        answer = respond(model, np.vstack([x, never_seen]), classes)
        assert seconds > 0
        assert np.isfinite(answer.predicted).all()
        if answer.proba is not None:
            assert answer.proba.sum(axis=1) == pytest.approx(1.0)
            assert is_classifier(model)


def test_the_same_seed_fits_the_same_model() -> None:
    x, y = data(2)
    space = build_space(shape(2), ["forest"])

    one, two, other = (respond(fit(space.default, shape(2), seed, x, y)[0], x, 2).proba for seed in (1, 1, 2))

    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_what_a_pipeline_learns_it_learns_from_its_rows() -> None:
    x, y = data(0)
    params = build_space(shape(0), ["linear"]).default

    model, _, _ = fit(params, shape(0), 0, x[:50], y[:50])

    scaler = model.named_steps["prepare"].named_transformers_["numbers"].named_steps["impute"]
    np.testing.assert_allclose(scaler.statistics_, np.nanmedian(x[:50, 2:], axis=0))


def test_a_column_that_is_all_missing_in_a_fold_does_no_harm() -> None:
    x, y = data(2)
    x[:, 3] = np.nan

    for family in FAMILIES:
        params = default_params(build_space(shape(2), [family]), family)
        assert respond(fit(params, shape(2), 0, x, y)[0], x, 2).proba is not None
