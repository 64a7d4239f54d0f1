"""Six families of models, with spaces that are worth searching.

For each family: what is searched, over what range, and what a fit costs. The defaults are scikit-learn's own, so that the default
configuration of a family is what a user gets without tuning. Ranges are those of published studies of tunability, clipped to the
shape of the data. Costs are rough (within a factor of three on a 2020s core); they serve to leave out what is hopeless, not to plan.

[1] van Rijn & Hutter, Hyperparameter Importance Across Datasets, KDD 2018, Tables 1-3.
[2] Probst, Boulesteix & Bischl, Tunability: Importance of Hyperparameters of Machine Learning Algorithms, JMLR 20, 2019, Table 1.
[3] Hsu, Chang & Lin, A Practical Guide to Support Vector Classification, 2016, section 3.2.
[4] Grinsztajn, Oyallon & Varoquaux, Why Do Tree-Based Models Still Outperform Deep Learning on Typical Tabular Data?, NeurIPS 2022,
    appendix A.3.
[5] Feurer et al., Efficient and Robust Automated Machine Learning, NeurIPS 2015, supplement.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import msgspec

from tunewright.catalog.shape import Shape, SubSpace, within
from tunewright.space import Bool, Categorical, Float, Int, Parameter

__all__ = ["FAMILIES", "Family", "boosting", "forest", "knn", "linear", "mlp", "svm"]


class Family(msgspec.Struct, frozen=True):
    """A family of models.

    Attributes:
        name: in the space.
        title: for people.
        aliases: other names that people use.
        space: what is searched, given the shape.
        seconds: estimated time to fit and judge the default configuration on one fold.
        dense: whether it needs scaled numbers without missing values (trees do not).
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    space: Callable[[Shape], SubSpace]
    seconds: Callable[[Shape], float]
    dense: bool


def _class_weight(shape: Shape) -> dict[str, Parameter]:
    return {"class_weight": Categorical([None, "balanced"], default=None)} if shape.classes else {}


def _scaled_target(shape: Shape) -> dict[str, Parameter]:
    return {} if shape.classes else {"scale_target": Bool(default=False)}


def linear(shape: Shape) -> SubSpace:
    """Logistic regression, or ridge and elastic net.

    C over eight decades around 1, wider than the glmnet range of [2] has use for after scaling. The penalty of ridge grows with
    the rows, so its range reaches further up. Elastic net's is per row; l1_ratio = 1 is the lasso.
    """
    if shape.classes:
        return SubSpace({"C": Float(1e-4, 1e4, log=True, default=1.0), **_class_weight(shape)})
    return SubSpace(
        {
            "penalty": Categorical(["ridge", "elastic_net"], default="ridge"),
            "alpha": Float(1e-4, 1e5, log=True, default=1.0),
            "strength": Float(1e-5, 1e1, log=True, default=1.0),
            "l1_ratio": Float(0.05, 1.0, default=0.5),
        },
        {"alpha": 'penalty == "ridge"', "strength": 'penalty == "elastic_net"', "l1_ratio": 'penalty == "elastic_net"'},
    )


def knn(shape: Shape) -> SubSpace:
    """K nearest neighbours. Up to 50 of them (30 in [2], 100 in [5]), but no more than two thirds of the rows."""
    most = max(2, min(50, shape.rows * 2 // 3))
    return SubSpace({
        "n_neighbors": Int(1, most, log=True, default=min(5, most)),
        "weights": Categorical(["uniform", "distance"], default="uniform"),
        "p": Categorical([1, 2], default=2),
    })  # fmt: skip


def svm(shape: Shape) -> SubSpace:
    """Support vector machine.

    C and gamma within the ranges of [1] and [3] (2^-5 to 2^15, 2^-15 to 2^3), cut where fits take for ever or all rows look alike.
    gamma "scale" is scikit-learn's default, 1 / (features x variance); "own" searches it.
    """
    parameters: dict[str, Parameter] = {
        "C": Float(1e-2, 1e3, log=True, default=1.0),
        "kernel": Categorical(["rbf", "linear", "poly"], default="rbf"),
        "degree": Int(2, 4, default=3),
        "gamma": Categorical(["scale", "own"], default="scale"),
        "own_gamma": Float(1e-4, 8.0, log=True, default=0.03),
    }
    if not shape.classes:
        parameters["epsilon"] = Float(1e-3, 1.0, log=True, default=0.1)
    return SubSpace(
        parameters | _class_weight(shape) | _scaled_target(shape),
        {"degree": 'kernel == "poly"', "gamma": 'kernel != "linear"', "own_gamma": 'gamma == "own"'},
    )


def forest(shape: Shape) -> SubSpace:
    """Random forest. Features per split and leaf size matter most [1], then the share of rows [2]; more trees only steady it."""
    trees = within(shape, 100, 400, _forest_seconds(shape))
    parameters: dict[str, Parameter] = {
        "n_estimators": Int(50, trees, log=True, default=100),
        "min_samples_leaf": Int(1, max(2, min(20, shape.rows // 10)), log=True, default=1),
        "max_samples": Float(0.3, 1.0, default=1.0),
    }
    when: dict[str, str] = {}
    if shape.classes:
        parameters |= {
            "criterion": Categorical(["gini", "entropy"], default="gini"),
            "max_features": Categorical(["sqrt", "share"], default="sqrt"),
            "feature_share": Float(0.05, 1.0, default=0.5),
        }
        when["feature_share"] = 'max_features == "share"'
    else:
        parameters["max_features"] = Float(0.05, 1.0, default=1.0)
    if shape.categories:
        parameters["encoding"] = Categorical(["ordinal", "onehot"], default="ordinal")
    return SubSpace(parameters | _class_weight(shape), when)


def boosting(shape: Shape) -> SubSpace:
    """Histogram gradient boosting. Learning rate first [2]; ranges of [4], with leaves instead of depth."""
    rounds = within(shape, 100, 500, _boosting_seconds(shape))
    parameters: dict[str, Parameter] = {
        "learning_rate": Float(0.01, 0.5, log=True, default=0.1),
        "max_iter": Int(50, rounds, log=True, default=100),
        "max_leaf_nodes": Int(4, 127, log=True, default=31),
        "min_samples_leaf": Int(2, 100, log=True, default=20),
        "l2_regularization": Float(0.0, 10.0, default=0.0),
        "max_features": Float(0.2, 1.0, default=1.0),
    }
    if shape.categories:
        parameters["encoding"] = Categorical(["native", "ordinal"], default="native")
    return SubSpace(parameters | _class_weight(shape))


def mlp(shape: Shape) -> SubSpace:
    """Multi-layer perceptron trained by Adam. Ranges of [5] and of the MLP in [4]; one hidden layer of 100 is the default."""
    return SubSpace({
        "layers": Int(1, 3, default=1),
        "width": Int(16, 256, log=True, default=100),
        "activation": Categorical(["relu", "tanh"], default="relu"),
        "alpha": Float(1e-6, 1.0, log=True, default=1e-4),
        "learning_rate_init": Float(1e-4, 3e-2, log=True, default=1e-3),
        "early_stopping": Bool(default=False),
        **_scaled_target(shape),
    })  # fmt: skip


# ---- seconds for one fold, default configuration; measured with benchmarks of single fits and rounded up -----------------------------


def _linear_seconds(shape: Shape) -> float:
    if shape.classes:
        return 0.01 + 2e-7 * shape.rows * shape.width * shape.outputs
    return 0.01 + 2e-9 * shape.rows * shape.width * min(shape.rows, shape.width)


def _knn_seconds(shape: Shape) -> float:
    asked = shape.rows / 4 + min(shape.rows, 2000)  # validation rows, and training rows for the training score
    return 0.01 + 1e-9 * shape.rows * asked * (shape.width + 10)


def _svm_seconds(shape: Shape) -> float:
    calibrated = 2.3 if shape.classes else 1.0
    return 0.02 + 2e-9 * shape.rows**2 * (shape.width + 20) * calibrated


def _forest_seconds(shape: Shape) -> float:
    tried = shape.features**0.5 if shape.classes else shape.features
    return 0.2 + 100 * 3e-8 * shape.rows * shape.depth * (tried + 4)


def _boosting_seconds(shape: Shape) -> float:
    return 0.05 + 100 * shape.outputs * (2e-3 + 3e-8 * shape.rows * shape.features)


def _mlp_seconds(shape: Shape) -> float:
    steps = 200 * max(1.0, shape.rows / 200)
    return 0.05 + steps * (1e-3 + 200 * 100 * (shape.width + max(shape.classes, 1)) * 6 * 1e-10)


FAMILIES: Final = MappingProxyType({
    family.name: family
    for family in (
        Family("linear", "linear model", ("logistic", "logistic_regression", "ridge", "lr", "lasso"), linear, _linear_seconds, dense=True),
        Family("knn", "k nearest neighbours", ("neighbours", "neighbors", "k_nearest_neighbours", "kneighbors"), knn, _knn_seconds, dense=True),
        Family("svm", "support vector machine", ("svc", "svr", "support_vector_machine"), svm, _svm_seconds, dense=True),
        Family("forest", "random forest", ("rf", "random_forest", "randomforest"), forest, _forest_seconds, dense=False),
        Family("boosting", "gradient boosting", ("hgb", "gb", "gbm", "gradient_boosting", "hist_gradient_boosting"), boosting, _boosting_seconds, dense=False),
        Family("mlp", "neural network", ("nn", "neural", "network", "neural_network", "perceptron"), mlp, _mlp_seconds, dense=True),
    )
})  # fmt: skip
"""By name, in the order in which they are told to people."""
