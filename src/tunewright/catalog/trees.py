"""Trees, forests, and boosting by scikit-learn.

Forests are hard to get wrong: features per split first, then leaf size and the share of rows; more trees only steady them. Boosting
has more to gain: the learning rate first, together with the number of rounds.
"""

from typing import Final

from tunewright.catalog.entries import BALANCED, Either, Entry, twins
from tunewright.space import Bool, Categorical, Float, Int, Normal

__all__ = ["ENTRIES"]

_WEIGHTS: Final = {"class_weight": BALANCED}
_IMPURITY: Final = {"criterion": Categorical(["gini", "entropy"], default="gini")}
_LEAF: Final = Int(1, 50, log=True, default=1)
_SPLIT: Final = Int(2, 50, log=True, default=2)
_DEPTH: Final = Either([None], Int(1, 30, log=True))
_TREES: Final = Int(50, 500, log=True, default=100)
_SHARE: Final = Float(0.05, 1.0, default=1.0)
_ROOT: Final = Either(["sqrt", "log2"], Float(0.05, 1.0))
_RATE: Final = Float(1e-3, 1.0, log=True, default=0.1, prior=Normal(0.05, 0.3))
_FEW_FEATURES: Final = {"min_samples_leaf": "half of the rows", "min_samples_split": "rows"}

ENTRIES: Final = (
    *twins(
        "DecisionTree",
        {
            "max_depth": _DEPTH,
            "min_samples_leaf": _LEAF,
            "min_samples_split": _SPLIT,
            "ccp_alpha": Float(0.0, 0.05, default=0.0, prior=Normal(0.0, 0.3)),
        },
        classifier={**_IMPURITY, **_WEIGHTS},
        limits=_FEW_FEATURES,
        note="A single tree gains much from any bound on its size: leaf, split or depth.",
        source="probst2019",
    ),
    *twins(
        "RandomForest",
        {
            "n_estimators": _TREES,
            "min_samples_leaf": _LEAF,
            "max_samples": Either([None], Float(0.2, 1.0, default=0.7)),
        },
        classifier={"max_features": _ROOT, **_IMPURITY, **_WEIGHTS},
        regressor={"max_features": _SHARE},
        only={"max_samples": {"bootstrap": (True,)}},
        limits=_FEW_FEATURES,
        note="Among the least tunable: features per split first, then the share of rows and the leaf size.",
        source="probst2019rf",
    ),
    *twins(
        "ExtraTrees",
        {"n_estimators": _TREES, "min_samples_leaf": _LEAF, "min_samples_split": _SPLIT, "bootstrap": Bool(default=False)},
        classifier={"max_features": _ROOT, **_IMPURITY, **_WEIGHTS},
        regressor={"max_features": _SHARE},
        only={"bootstrap": {"oob_score": (False,), "max_samples": (None,)}},
        limits=_FEW_FEATURES,
        note="As a random forest; larger leaves and more features per split pay more, since thresholds are drawn.",
        source="vanrijn2018",
    ),
    *twins(
        "GradientBoosting",
        {
            "learning_rate": _RATE,
            "n_estimators": Int(20, 500, log=True, default=100),
            "max_depth": Int(1, 10, default=3),
            "subsample": Float(0.3, 1.0, default=1.0, prior=Normal(0.8, 0.3)),
            "min_samples_leaf": _LEAF,
            "max_features": Either([None], Float(0.1, 1.0)),
        },
        limits=_FEW_FEATURES,
        note="The learning rate with the number of trees first, then the depth.",
        source="probst2019",
    ),
    *twins(
        "HistGradientBoosting",
        {
            "learning_rate": _RATE,
            "max_iter": Int(20, 500, log=True, default=100),
            "max_leaf_nodes": Int(4, 127, log=True, default=31),
            "min_samples_leaf": Int(2, 100, log=True, default=20),
            "l2_regularization": Float(0.0, 10.0, default=0.0),
            "max_features": Float(0.2, 1.0, default=1.0),
        },
        classifier=_WEIGHTS,
        limits=_FEW_FEATURES,
        note="The learning rate first, then the number of leaves. On small tables a smaller min_samples_leaf than 20.",
        source="grinsztajn2022",
    ),
    *twins(
        "AdaBoost",
        {"n_estimators": Int(10, 500, log=True, default=50), "learning_rate": Float(1e-2, 2.0, log=True, default=1.0)},
        regressor={"loss": Categorical(["linear", "square", "exponential"], default="linear")},
        note="The depth of the tree that is boosted matters most: give one, and it is searched too.",
        source="vanrijn2018",
    ),
    *twins(
        "Bagging",
        {
            "n_estimators": Int(10, 200, log=True, default=10),
            "max_features": Float(0.2, 1.0, default=1.0),
            "bootstrap": Bool(default=True),
            "bootstrap_features": Bool(default=False),
        },
        only={"bootstrap": {"oob_score": (False,)}},
        note="More estimators never harm; fewer features for each make them differ.",
        source="guide",
    ),
    Entry(
        "IsolationForest",
        {
            "n_estimators": _TREES,
            "max_samples": Either(["auto"], Float(0.1, 1.0)),
            "max_features": Float(0.2, 1.0, default=1.0),
            "bootstrap": Bool(default=False),
        },
        "The rows of each tree matter most: few of them isolate outliers best.",
        "guide",
    ),
)
