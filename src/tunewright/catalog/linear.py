"""Linear models. The strength of the penalty is what matters: it is searched by its logarithm, over decades around the default."""

from typing import Final

from tunewright.catalog.entries import BALANCED, Either, Entry, twins
from tunewright.space import Bool, Categorical, Float, Int

__all__ = ["ENTRIES"]

_WEIGHTS: Final = {"class_weight": BALANCED}
_GLM: Final = {"alpha": Float(1e-4, 1e3, log=True, default=1.0)}
_GLM_NOTE: Final = "One parameter: the penalty. Its default of 1 is strong for a target of large counts or amounts."
_GAMMA_PRIOR: Final = Float(1e-8, 1e-2, log=True, default=1e-6)
_GAMMA_PRIORS: Final = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), _GAMMA_PRIOR)
_DESCENT: Final = {
    "alpha": Float(1e-7, 1e-1, log=True, default=1e-4),
    "l1_ratio": Float(0.0, 1.0, default=0.15),
    "average": Bool(default=False),
}
_OWN_COVARIANCE: Final = {"covariance_estimator": (None,)}

ENTRIES: Final = (
    Entry(
        "LogisticRegression",
        {"C": Float(1e-4, 1e4, log=True, default=1.0), **_WEIGHTS},
        "C alone matters much. Features must be scaled; then the default is often near the best.",
        "probst2019",
        only={"C": {"penalty": ("l2", "l1", "elasticnet", "deprecated")}},
    ),
    *twins(
        "Ridge",
        {"alpha": Float(1e-4, 1e5, log=True, default=1.0)},
        classifier=_WEIGHTS,
        endings=("Classifier", ""),
        note="alpha alone. It grows with the rows, so the range reaches far up.",
        source="probst2019",
    ),
    Entry(
        "Lasso",
        {"alpha": Float(1e-5, 1e2, log=True, default=1.0)},
        "alpha alone. The default sets every coefficient to 0 where the target varies by less than 1: always tune it.",
        "guide",
    ),
    Entry(
        "ElasticNet",
        {"alpha": Float(1e-5, 1e2, log=True, default=1.0), "l1_ratio": Float(0.05, 1.0, default=0.5)},
        "alpha first, the mixture second.",
        "probst2019",
    ),
    Entry("BayesianRidge", _GAMMA_PRIORS, "Hardly tunable: it finds its own penalty, and its priors are wide.", "sipper2022"),
    Entry(
        "ARDRegression",
        {**_GAMMA_PRIORS, "threshold_lambda": Float(1e2, 1e6, log=True, default=1e4)},
        "threshold_lambda decides how many features stay; the priors matter little.",
        "guide",
    ),
    Entry(
        "HuberRegressor",
        {"epsilon": Float(1.01, 5.0, log=True, default=1.35), "alpha": Float(1e-6, 1e3, log=True, default=1e-4)},
        "epsilon 1.35 is 95 % efficient on normal errors: smaller for many outliers.",
        "guide",
    ),
    Entry(
        "QuantileRegressor",
        {"alpha": Float(1e-5, 1e1, log=True, default=1.0)},
        "alpha alone. Its default is far too strong for a scaled target.",
        "guide",
    ),
    Entry("PoissonRegressor", _GLM, _GLM_NOTE, "guide"),
    Entry("GammaRegressor", _GLM, _GLM_NOTE, "guide"),
    Entry(
        "TweedieRegressor",
        {**_GLM, "power": Categorical([0.0, 1.2, 1.5, 1.8], default=0.0)},
        "The power is the family of the target: between 1 and 2 for amounts with many zeros.",
        "guide",
    ),
    *twins(
        "SGD",
        _DESCENT,
        classifier={
            "loss": Categorical(["hinge", "log_loss", "modified_huber", "squared_hinge"], default="hinge"),
            "penalty": Categorical(["l2", "l1", "elasticnet"], default="l2"),
            "learning_rate": Categorical(["optimal", "invscaling", "adaptive", "constant"], default="optimal"),
            "eta0": Float(1e-4, 1.0, log=True, default=0.01),
            **_WEIGHTS,
        },
        regressor={
            "loss": Categorical(["squared_error", "huber", "epsilon_insensitive"], default="squared_error"),
            "penalty": Categorical(["l2", "l1", "elasticnet"], default="l2"),
            "learning_rate": Categorical(["invscaling", "adaptive", "constant"], default="invscaling"),
            "eta0": Float(1e-5, 0.1, log=True, default=0.01),
            "epsilon": Float(1e-3, 1.0, log=True, default=0.1),
        },
        when={
            "l1_ratio": ("penalty", "elasticnet"),
            "eta0": ("learning_rate", "invscaling", "adaptive", "constant"),
            "epsilon": ("loss", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"),
        },
        only={"loss": {"learning_rate": ("optimal", "invscaling", "adaptive", "constant")}},
        note="alpha and the learning rate together; among the models with most to gain from tuning.",
        source="sipper2022",
    ),
    Entry(
        "Perceptron",
        {
            "penalty": Categorical([None, "l2", "l1", "elasticnet"], default=None),
            "alpha": Float(1e-7, 1e-1, log=True, default=1e-4),
            "l1_ratio": Float(0.0, 1.0, default=0.15),
            "early_stopping": Bool(default=False),
            **_WEIGHTS,
        },
        "A penalty helps where the classes overlap.",
        "guide",
        when={"alpha": ("penalty", "l2", "l1", "elasticnet"), "l1_ratio": ("penalty", "elasticnet")},
        limits={"early_stopping": "rows to hold out"},
    ),
    Entry(
        "LinearSVC",
        {
            "C": Float(1e-4, 1e3, log=True, default=1.0),
            "loss": Categorical(["squared_hinge", "hinge"], default="squared_hinge"),
            **_WEIGHTS,
        },
        "C alone matters much; scaled features need a smaller one.",
        "hsu2016",
        only={"loss": {"penalty": ("l2",), "dual": (True, "auto")}},
    ),
    Entry(
        "LinearSVR",
        {
            "C": Float(1e-4, 1e3, log=True, default=1.0),
            "epsilon": Float(0.0, 1.0, default=0.0),
            "loss": Categorical(["epsilon_insensitive", "squared_epsilon_insensitive"], default="epsilon_insensitive"),
        },
        "C first. epsilon is in units of the target: scale it.",
        "hsu2016",
        only={"loss": {"dual": (True, "auto")}},
    ),
    Entry(
        "LinearDiscriminantAnalysis",
        {
            "solver": Categorical(["svd", "lsqr"], default="svd"),
            "shrinkage": Either([None, "auto"], Float(0.0, 1.0, default=0.1)),
        },
        "Shrinkage matters where there are few rows for the features.",
        "guide",
        when={"shrinkage": ("solver", "lsqr", "eigen")},
        only={"solver": _OWN_COVARIANCE, "shrinkage": _OWN_COVARIANCE},
    ),
    Entry(
        "QuadraticDiscriminantAnalysis",
        {"reg_param": Float(0.0, 1.0, default=0.0)},
        "reg_param alone; without it a class with fewer rows than features has no covariance.",
        "guide",
    ),
    Entry(
        "PLSRegression",
        {"n_components": Int(1, 50, log=True, default=2), "scale": Bool(default=True)},
        "The number of components is the regularisation.",
        "guide",
        limits={"n_components": "rank"},
    ),
)
