"""From a configuration to a fresh scikit-learn pipeline.

    ("prepare", ColumnTransformer)   categories encoded, numbers imputed and scaled, learned from the rows it is fitted to
    ("model", estimator)

Only scikit-learn's own types stand in it, so that a saved one loads by a fixed list of types and runs without Tunewright. Trees get
numbers as they are, missing ones included; the other families get them imputed and scaled, and categories as columns of their own.
"""

from collections.abc import Callable
from typing import Any, Final

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR

from tunewright.catalog import Shape
from tunewright.typing import Params

__all__ = ["MAX_COLUMNS", "build_pipeline"]

MAX_COLUMNS: Final = 50
"""One-hot columns of one category at most; the rarest share the last."""

_NATIVE_LEVELS: Final = 250
"""Categories that gradient boosting tells apart; its bins hold 255."""

_ITERATIONS: Final = 1000
_STEPS: Final = 200_000
"""Bounds that only stop what does not converge: of logistic regression and elastic net, and of libsvm."""


def build_pipeline(params: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401  scikit-learn ships no types
    """An unfitted pipeline for arrays as `prepare` makes them: categories first, then numbers.

    Args:
        params: a configuration of the catalog's space.
        shape: what it will be fitted to.
        seed: of everything random in it.
    """
    family = str(params["model"])
    own = {name.removeprefix(f"{family}."): value for name, value in params.items() if name.startswith(f"{family}.")}
    model = _MODELS[family](own, shape, seed)
    if family == "forest":
        prepare = _for_forest(own, shape)
    elif family == "boosting":
        prepare = _for_boosting(shape)
    else:
        prepare = _for_dense(params, shape, seed)
    return Pipeline([("prepare", prepare), ("model", model)])


def _places(shape: Shape) -> tuple[list[int], list[int]]:
    return list(range(shape.categories)), list(range(shape.categories, shape.features))


def _for_dense(params: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    categories, numbers = _places(shape)
    parts: list[tuple[str, Any, list[int]]] = []
    if categories:
        rare = params.get("rare", 1)
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=rare if rare != 1 else None, max_categories=MAX_COLUMNS
        )
        parts.append(("categories", encoder, categories))
    if numbers:
        imputer = SimpleImputer(
            strategy=params.get("imputer", "median"), add_indicator=params.get("indicator", False), keep_empty_features=True
        )
        steps: list[tuple[str, Any]] = [("impute", imputer)]
        scaler = _scaler(str(params.get("scaler", "standard")), shape, seed)
        steps += [("scale", scaler)] if scaler is not None else []
        parts.append(("numbers", Pipeline(steps), numbers))
    return ColumnTransformer(parts)


def _scaler(name: str, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    if name == "quantile":
        quantiles = max(2, min(1000, shape.rows // 2))
        return QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", random_state=seed)
    return {"standard": StandardScaler(), "robust": RobustScaler(), "none": None}[name]


def _for_forest(own: Params, shape: Shape) -> Any:  # noqa: ANN401
    categories, numbers = _places(shape)
    if own.get("encoding") == "onehot":
        encoder: Any = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_COLUMNS, sparse_output=False)
    else:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    return _with_numbers(encoder, categories, ("numbers", "passthrough", numbers))


def _for_boosting(shape: Shape) -> Any:  # noqa: ANN401
    categories, numbers = _places(shape)
    nan = float("nan")
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=nan, encoded_missing_value=nan, max_categories=_NATIVE_LEVELS
    )
    # a column without any value in a fold would break its binning; categories stay in front, where the model looks for them
    keep = VarianceThreshold() if shape.missing else "passthrough"
    return _with_numbers(encoder, categories, ("numbers", keep, numbers))


def _with_numbers(encoder: Any, categories: list[int], numbers: Any) -> Any:  # noqa: ANN401
    parts = [("categories", encoder, categories)] if categories else []
    return ColumnTransformer([*parts, numbers], sparse_threshold=0.0)


# ---- families ----------------------------------------------------------------------------------------------------------------------


def _linear(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    if shape.classes:
        return LogisticRegression(C=own["C"], class_weight=own["class_weight"], max_iter=_ITERATIONS, random_state=seed)
    if own["penalty"] == "ridge":
        return Ridge(alpha=own["alpha"], random_state=seed)
    return ElasticNet(alpha=own["strength"], l1_ratio=own["l1_ratio"], max_iter=_ITERATIONS, random_state=seed)


def _knn(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401, ARG001  every family is built in the same way
    kind = KNeighborsClassifier if shape.classes else KNeighborsRegressor
    return kind(n_neighbors=own["n_neighbors"], weights=own["weights"], p=own["p"])


def _svm(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    gamma = own["own_gamma"] if own.get("gamma") == "own" else "scale"
    common = {"C": own["C"], "kernel": own["kernel"], "degree": own.get("degree", 3), "gamma": gamma, "max_iter": _STEPS}
    if not shape.classes:
        return _target_scaled(SVR(epsilon=own["epsilon"], **common), own)
    machine = SVC(class_weight=own["class_weight"], random_state=seed, **common)
    parts = max(2, min(3, shape.smallest))
    # probabilities, as SVC(probability=True) once gave them: a sigmoid of the decision, learned on folds within the training rows
    return CalibratedClassifierCV(machine, method="sigmoid", cv=parts, ensemble=False)


def _forest(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    common = {
        "n_estimators": own["n_estimators"],
        "min_samples_leaf": own["min_samples_leaf"],
        "max_samples": None if own["max_samples"] == 1.0 else own["max_samples"],
        "random_state": seed,
    }
    if not shape.classes:
        return RandomForestRegressor(max_features=own["max_features"], **common)
    features = own["feature_share"] if own["max_features"] == "share" else own["max_features"]
    return RandomForestClassifier(max_features=features, criterion=own["criterion"], class_weight=own["class_weight"], **common)


def _boosting(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    names = ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf", "l2_regularization", "max_features")
    common: dict[str, Any] = {name: own[name] for name in names} | {"random_state": seed}
    if shape.categories:
        common["categorical_features"] = list(range(shape.categories)) if own["encoding"] == "native" else None
    if shape.classes:
        return HistGradientBoostingClassifier(class_weight=own["class_weight"], **common)
    return HistGradientBoostingRegressor(**common)


def _mlp(own: Params, shape: Shape, seed: int) -> Any:  # noqa: ANN401
    common: dict[str, Any] = {name: own[name] for name in ("activation", "alpha", "learning_rate_init", "early_stopping")}
    common |= {"hidden_layer_sizes": (own["width"],) * int(str(own["layers"])), "random_state": seed}
    if shape.classes:
        return MLPClassifier(**common)
    return _target_scaled(MLPRegressor(**common), own)


def _target_scaled(model: Any, own: Params) -> Any:  # noqa: ANN401
    return TransformedTargetRegressor(model, transformer=StandardScaler()) if own["scale_target"] else model


_MODELS: Final[dict[str, Callable[[Params, Shape, int], Any]]] = {
    "boosting": _boosting,
    "forest": _forest,
    "knn": _knn,
    "linear": _linear,
    "mlp": _mlp,
    "svm": _svm,
}
"""Family -> estimator; the names of the catalog."""
