"""Neighbours, centroids and naive Bayes: few parameters, and cheap to search."""

from typing import Final

from tunewright.catalog.entries import Either, Entry, twins
from tunewright.space import Bool, Categorical, Float, Int

__all__ = ["ENTRIES"]

_SMOOTHING: Final = {"alpha": Float(1e-3, 1e2, log=True, default=1.0), "fit_prior": Bool(default=True)}
_SMOOTHING_NOTE: Final = "alpha alone: less smoothing where there are many rows."

ENTRIES: Final = (
    *twins(
        "KNeighbors",
        {
            "n_neighbors": Int(1, 100, log=True, default=5),
            "weights": Categorical(["uniform", "distance"], default="uniform"),
            "p": Categorical([1, 2], default=2),
        },
        only={"p": {"metric": ("minkowski",)}},
        limits={"n_neighbors": "rows"},
        note="k matters, and more of them than the default; then the distance. Scale the features.",
        source="probst2019",
    ),
    Entry(
        "NearestCentroid",
        {
            "metric": Categorical(["euclidean", "manhattan"], default="euclidean"),
            "shrink_threshold": Either([None], Float(1e-2, 5.0, log=True)),
        },
        "The threshold selects features: worth it where there are many.",
        "guide",
    ),
    Entry(
        "GaussianNB",
        {"var_smoothing": Float(1e-12, 1.0, log=True, default=1e-9)},
        "Smoothing far above the default helps where a feature is nearly constant in a class.",
        "guide",
    ),
    Entry("MultinomialNB", _SMOOTHING, _SMOOTHING_NOTE, "guide"),
    Entry("BernoulliNB", _SMOOTHING, _SMOOTHING_NOTE, "guide"),
    Entry("ComplementNB", {**_SMOOTHING, "norm": Bool(default=False)}, _SMOOTHING_NOTE, "guide"),
)
