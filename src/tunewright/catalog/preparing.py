"""Scalers, encoders, imputers, features made and features chosen: what stands before a model in a pipeline.

Those that have nothing to search (`StandardScaler`, `MinMaxScaler`) are not here: search whether to use them, by `choices`.
"""

from typing import Final

from tunewright.catalog.entries import Either, Entry
from tunewright.space import Bool, Categorical, Float, Int

__all__ = ["ENTRIES"]

_BIAS: Final = {"include_bias": Bool(default=True)}
_WIDTH: Final = Either([None], Float(1e-4, 10.0, log=True))
_FEATURES: Final = Int(10, 500, log=True, default=100)
_SELECTED: Final = "How many features stay is the whole question: judge it by the model behind it."

ENTRIES: Final = (
    Entry(
        "RobustScaler",
        {"quantile_range": Categorical([[25.0, 75.0], [10.0, 90.0], [5.0, 95.0]], default=[25.0, 75.0])},
        "Wider for lighter tails; matters little.",
        "guide",
    ),
    Entry(
        "QuantileTransformer",
        {
            "n_quantiles": Int(10, 2000, log=True, default=1000),
            "output_distribution": Categorical(["uniform", "normal"], default="uniform"),
        },
        "Normal for linear models and networks.",
        "feurer2015",
        limits={"n_quantiles": "rows"},
    ),
    Entry("PowerTransformer", {"standardize": Bool(default=True)}, "Whether to use it at all is what matters.", "guide"),
    Entry(
        "KBinsDiscretizer",
        {
            "n_bins": Int(2, 30, log=True, default=5),
            "strategy": Categorical(["quantile", "uniform", "kmeans"], default="quantile"),
            "encode": Categorical(["onehot", "ordinal"], default="onehot"),
        },
        "The number of bins against the rows in each.",
        "guide",
    ),
    Entry(
        "PolynomialFeatures",
        {"degree": Int(1, 3, default=2), "interaction_only": Bool(default=False), **_BIAS},
        "Features grow with the power of the degree: give the model behind it a penalty.",
        "feurer2015",
    ),
    Entry(
        "SplineTransformer",
        {
            "n_knots": Int(2, 20, log=True, default=5),
            "degree": Int(0, 4, default=3),
            "knots": Categorical(["uniform", "quantile"], default="uniform"),
            "extrapolation": Categorical(["constant", "linear", "continue"], default="constant"),
            **_BIAS,
        },
        "The number of knots against the penalty of the model behind it.",
        "guide",
    ),
    Entry(
        "SimpleImputer",
        {"strategy": Categorical(["mean", "median", "most_frequent"], default="mean"), "add_indicator": Bool(default=False)},
        "The indicator is worth most where values are missing for a reason.",
        "feurer2015",
    ),
    Entry(
        "KNNImputer",
        {
            "n_neighbors": Int(1, 30, log=True, default=5),
            "weights": Categorical(["uniform", "distance"], default="uniform"),
            "add_indicator": Bool(default=False),
        },
        "Slow on many rows; the number of neighbours matters little.",
        "guide",
    ),
    Entry(
        "OneHotEncoder",
        {"min_frequency": Either([None], Float(1e-3, 0.2, log=True)), "drop": Categorical([None, "if_binary"], default=None)},
        "Rare categories together, where there are many.",
        "feurer2015",
    ),
    Entry(
        "OrdinalEncoder",
        {"min_frequency": Either([None], Float(1e-3, 0.2, log=True))},
        "Rare categories together, where there are many.",
        "feurer2015",
    ),
    Entry(
        "TargetEncoder",
        {"smooth": Either(["auto"], Float(0.1, 1e3, log=True))},
        "More smoothing for rare categories; auto is an empirical Bayes estimate.",
        "guide",
    ),
    Entry(
        "TfidfVectorizer",
        {
            "ngram_range": Categorical([[1, 1], [1, 2], [1, 3]], default=[1, 1]),
            "min_df": Int(1, 20, log=True, default=1),
            "max_df": Float(0.3, 1.0, default=1.0),
            "sublinear_tf": Bool(default=False),
            "norm": Categorical(["l2", "l1", None], default="l2"),
        },
        "Pairs of words and a smaller vocabulary first.",
        "guide",
        limits={"min_df": "a tenth of the rows"},
    ),
    Entry(
        "CountVectorizer",
        {
            "ngram_range": Categorical([[1, 1], [1, 2], [1, 3]], default=[1, 1]),
            "min_df": Int(1, 20, log=True, default=1),
            "max_df": Float(0.3, 1.0, default=1.0),
            "binary": Bool(default=False),
        },
        "Pairs of words and a smaller vocabulary first.",
        "guide",
        limits={"min_df": "a tenth of the rows"},
    ),
    Entry(
        "Nystroem",
        {
            "kernel": Categorical(["rbf", "laplacian", "poly"], default="rbf"),
            "gamma": _WIDTH,
            "n_components": _FEATURES,
        },
        "gamma first; more components only come nearer to the kernel.",
        "guide",
        limits={"n_components": "rows"},
        only={"gamma": {"kernel": ("rbf", "laplacian", "poly")}},
    ),
    Entry(
        "RBFSampler",
        {"gamma": Float(1e-4, 10.0, log=True, default=1.0), "n_components": _FEATURES},
        "gamma first; more components only come nearer to the kernel.",
        "guide",
    ),
    Entry("VarianceThreshold", {"threshold": Float(0.0, 0.2, default=0.0)}, "A variance in units of the data.", "guide"),
    Entry("SelectKBest", {"k": Int(1, 200, log=True, default=10)}, _SELECTED, "guide", limits={"k": "features"}),
    Entry("SelectPercentile", {"percentile": Int(1, 100, default=10)}, _SELECTED, "feurer2015"),
    Entry("SelectFpr", {"alpha": Float(1e-4, 0.5, log=True, default=0.05)}, _SELECTED, "feurer2015"),
    Entry(
        "SelectFromModel",
        {"threshold": Categorical([None, "median", "mean", "0.5*mean", "2*mean"], default=None)},
        f"{_SELECTED} The estimator inside is searched too.",
        "guide",
        only={"threshold": {"prefit": (False,)}},
    ),
    Entry(
        "RFE",
        {"n_features_to_select": Either([None], Int(1, 100, log=True)), "step": Either([1], Float(0.05, 0.5))},
        f"{_SELECTED} The estimator inside is searched too.",
        "guide",
        limits={"n_features_to_select": "features"},
    ),
    Entry(
        "SequentialFeatureSelector",
        {
            "n_features_to_select": Either(["auto"], Int(1, 100, log=True)),
            "direction": Categorical(["forward", "backward"], default="forward"),
        },
        f"{_SELECTED} Slow: it fits a model for each feature at each step.",
        "guide",
        limits={"n_features_to_select": "below features"},
    ),
)
