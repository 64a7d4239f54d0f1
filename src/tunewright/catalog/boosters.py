"""XGBoost, LightGBM and CatBoost, through their scikit-learn classes. Nothing of them is imported here.

Their defaults are those that their documentation states (XGBoost's classes show None for "the library's own").
"""

from typing import Final

from tunewright.catalog.entries import Either, twins
from tunewright.space import Float, Int, Normal

__all__ = ["ENTRIES"]

_ROUNDS: Final = Int(20, 1000, log=True, default=100)
_PART: Final = Float(0.3, 1.0, default=1.0, prior=Normal(0.8, 0.3))
_NOTE: Final = (
    "The learning rate with the number of rounds first, then the size of the trees and the shares of rows and features."
)

ENTRIES: Final = (
    *twins(
        "XGB",
        {
            "learning_rate": Float(1e-3, 1.0, log=True, default=0.3, prior=Normal(0.05, 0.25)),
            "n_estimators": _ROUNDS,
            "max_depth": Int(1, 12, default=6),
            "min_child_weight": Float(0.1, 100.0, log=True, default=1.0),
            "subsample": _PART,
            "colsample_bytree": _PART,
            "reg_lambda": Float(1e-3, 100.0, log=True, default=1.0),
            "reg_alpha": Float(0.0, 10.0, default=0.0, prior=Normal(0.0, 0.3)),
            "gamma": Float(0.0, 5.0, default=0.0, prior=Normal(0.0, 0.3)),
        },
        note=f"{_NOTE} The most tunable of six families after the support vector machine.",
        source="probst2019",
        library="xgboost",
    ),
    *twins(
        "LGBM",
        {
            "learning_rate": Float(1e-3, 1.0, log=True, default=0.1, prior=Normal(0.05, 0.25)),
            "n_estimators": _ROUNDS,
            "num_leaves": Int(4, 256, log=True, default=31),
            "min_child_samples": Int(2, 100, log=True, default=20),
            "colsample_bytree": _PART,
            "reg_lambda": Float(0.0, 100.0, default=0.0, prior=Normal(0.0, 0.3)),
            "reg_alpha": Float(0.0, 10.0, default=0.0, prior=Normal(0.0, 0.3)),
        },
        note=f"{_NOTE} On small tables a smaller min_child_samples than 20.",
        source="grinsztajn2022",
        limits={"min_child_samples": "half of the rows"},
        library="lightgbm",
    ),
    *twins(
        "CatBoost",
        {
            "learning_rate": Either([None], Float(1e-3, 0.5, log=True, default=0.05)),
            "iterations": Int(50, 2000, log=True, default=1000),
            "depth": Int(2, 10, default=6),
            "l2_leaf_reg": Float(0.1, 100.0, log=True, default=3.0),
            "random_strength": Float(0.0, 10.0, default=1.0),
        },
        note=f"{_NOTE} It chooses a learning rate itself (None), which is hard to beat.",
        source="prokhorenkova2018",
        library="catboost",
    ),
)
