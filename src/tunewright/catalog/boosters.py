"""XGBoost, LightGBM and CatBoost, through their scikit-learn classes. Nothing of them is imported here.

Their defaults are those that their documentation states: XGBoost's classes show None for "the library's own", CatBoost's nothing. So are
the names that one setting has. Which of them is heeded was measured: XGBoost heeds the name of its class before another, LightGBM its own
name before that of the class, and CatBoost refuses two of them. `eta` and `max_leaves` are no names of LightGBM's here: beside the class's
own `learning_rate=0.1` and `num_leaves=31` it ignores them.

Source: the parameter pages of XGBoost 3.2, LightGBM 4.7 and CatBoost 1.2; `tests/catalog/test_boosters.py` asks the libraries themselves.
"""

from collections.abc import Mapping
from typing import Final

from tunewright.catalog.entries import Either, Otherwise, Searched, twins
from tunewright.space import Float, Int, Normal, Parameter
from tunewright.typing import Value

__all__ = ["ENTRIES"]

_ROUNDS: Final = Int(20, 1000, log=True, default=100)
_PART: Final = Float(0.3, 1.0, default=1.0, prior=Normal(0.8, 0.3))
_NOTE: Final = (
    "The learning rate with the number of rounds first, then the size of the trees and the shares of rows and features."
)


def _defaults(table: Mapping[str, Searched], more: Mapping[str, Value]) -> dict[str, Value]:
    """The table's, and those of settings that it does not search."""
    return {name: each.default_value for name, each in table.items() if isinstance(each, Parameter)} | dict(more)


_XGB: Final[dict[str, Searched]] = {
    "learning_rate": Float(1e-3, 1.0, log=True, default=0.3, prior=Normal(0.05, 0.25)),
    "n_estimators": _ROUNDS,
    "max_depth": Int(1, 12, default=6),
    "min_child_weight": Float(0.1, 100.0, log=True, default=1.0),
    "subsample": _PART,
    "colsample_bytree": _PART,
    "reg_lambda": Float(1e-3, 100.0, log=True, default=1.0),
    "reg_alpha": Float(0.0, 10.0, default=0.0, prior=Normal(0.0, 0.3)),
    "gamma": Float(0.0, 5.0, default=0.0, prior=Normal(0.0, 0.3)),
}
_XGB_TREES: Final = ("max_depth", "min_child_weight", "subsample", "colsample_bytree", "gamma")
_XGB_NAMES: Final = {
    "learning_rate": ("learning_rate", "eta"),
    "gamma": ("gamma", "min_split_loss"),
    "reg_lambda": ("reg_lambda", "lambda"),
    "reg_alpha": ("reg_alpha", "alpha"),
    "random_state": ("random_state", "seed"),
}
_XGB_DEFAULTS: Final = _defaults(
    _XGB,
    {
        "booster": "gbtree",
        "colsample_bylevel": 1.0,
        "colsample_bynode": 1.0,
        "grow_policy": "depthwise",
        "max_bin": 256,
        "max_delta_step": 0.0,
        "max_leaves": 0,
        "num_parallel_tree": 1,
        "scale_pos_weight": 1.0,
    },
)
_XGB_OTHERWISE: Final[Otherwise] = {
    "booster": {"gblinear": {"learning_rate": 0.5, "reg_lambda": 0.0}},
    "objective": {"count:poisson": {"max_delta_step": 0.7}},
}
_XGB_FOREST: Final[dict[str, Searched]] = {
    "n_estimators": _ROUNDS,
    "max_depth": Int(1, 20, default=6),
    "min_child_weight": Float(0.1, 100.0, log=True, default=1.0),
    "subsample": Float(0.3, 1.0, default=0.8),
    "colsample_bynode": Float(0.1, 1.0, default=0.8),
    "reg_lambda": Float(1e-6, 100.0, log=True, default=1e-5),
    "gamma": Float(0.0, 5.0, default=0.0, prior=Normal(0.0, 0.3)),
}
_LGBM_NAMES: Final = {
    "boosting_type": ("boosting", "boost", "boosting_type"),
    "colsample_bytree": ("feature_fraction", "sub_feature", "colsample_bytree"),
    "min_child_samples": ("min_data_in_leaf", "min_data", "min_samples_leaf", "min_child_samples"),
    "min_child_weight": ("min_sum_hessian_in_leaf", "min_hessian", "min_sum_hessian", "min_child_weight"),
    "min_split_gain": ("min_gain_to_split", "min_split_gain"),
    "n_estimators": (
        "num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds", "nrounds",
        "num_boost_round", "max_iter", "n_estimators",
    ),
    "random_state": ("seed", "random_seed", "random_state"),
    "reg_alpha": ("lambda_l1", "reg_alpha"),
    "reg_lambda": ("lambda_l2", "lambda", "reg_lambda"),
    "subsample": ("bagging_fraction", "bagging", "sub_row", "subsample"),
    "subsample_freq": ("bagging_freq", "subsample_freq"),
}  # fmt: skip
_CATBOOST: Final[dict[str, Searched]] = {
    "learning_rate": Either([None], Float(1e-3, 0.5, log=True, default=0.05)),
    "iterations": Int(50, 2000, log=True, default=1000),
    "depth": Int(2, 10, default=6),
    "l2_leaf_reg": Float(0.1, 100.0, log=True, default=3.0),
    "random_strength": Float(0.0, 10.0, default=1.0),
}
_CATBOOST_NAMES: Final = {
    "border_count": ("border_count", "max_bin"),
    "depth": ("depth", "max_depth"),
    "iterations": ("iterations", "n_estimators", "num_boost_round", "num_trees"),
    "l2_leaf_reg": ("l2_leaf_reg", "reg_lambda"),
    "learning_rate": ("learning_rate", "eta"),
    "max_leaves": ("max_leaves", "num_leaves"),
    "min_data_in_leaf": ("min_data_in_leaf", "min_child_samples"),
    "random_state": ("random_seed", "random_state"),
    "rsm": ("rsm", "colsample_bylevel"),
}

ENTRIES: Final = (
    *twins(
        "XGB",
        _XGB,
        note=f"{_NOTE} The most tunable of six families after the support vector machine.",
        source="probst2019",
        library="xgboost",
        only={name: {"booster": ("gbtree", "dart")} for name in _XGB_TREES},
        aliases=_XGB_NAMES,
        defaults=_XGB_DEFAULTS,
        otherwise=_XGB_OTHERWISE,
    ),
    *twins(
        "XGBRF",
        _XGB_FOREST,
        note="As a random forest: the shares of rows and features first, then the size of the trees. All of its trees are one round.",
        source="probst2019rf",
        library="xgboost",
        aliases=_XGB_NAMES,
        defaults=_XGB_DEFAULTS | _defaults(_XGB_FOREST, {"learning_rate": 1.0}),
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
        only={"learning_rate": {"boosting_type": ("gbdt", "dart", "goss")}},  # a random forest shrinks nothing
        aliases=_LGBM_NAMES,
    ),
    *twins(
        "CatBoost",
        _CATBOOST,
        note=f"{_NOTE} It chooses a learning rate itself (None), which is hard to beat.",
        source="prokhorenkova2018",
        library="catboost",
        aliases=_CATBOOST_NAMES,
        defaults=_defaults(
            _CATBOOST,
            {"border_count": 254, "grow_policy": "SymmetricTree", "min_data_in_leaf": 1, "rsm": 1.0, "task_type": "CPU"},
        ),
        otherwise={"task_type": {"GPU": {"border_count": 128}}},
    ),
)
