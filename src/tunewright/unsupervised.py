"""How good is a model for which there is no right answer? Scores for clusterings and for reductions of dimension.

Each is a scorer as scikit-learn takes them, `score(model, X, y=None)`, larger is better, so that it goes into `SearchCV(scoring=…)`,
or may be called in an objective of your own. None of them is the truth; each rewards something else:

    silhouette        clusters that are dense and far apart [1]; blind to other shapes
    Stability         clusters that come again on other rows of the same kind [2, 3]; blind to how fine they are
    agreement         clusters that are those of known labels [4]
    reconstruction    components from which rows that were not seen can be restored; alone it always asks for more of them

[1] Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20, 1987.
[2] Ben-Hur, Elisseeff & Guyon, A Stability Based Method for Discovering Structure in Clustered Data, PSB 2002.
[3] von Luxburg, Clustering Stability: An Overview, Foundations and Trends in Machine Learning 2, 2010.
[4] Hubert & Arabie, Comparing Partitions, Journal of Classification 2, 1985: the adjusted Rand index.
"""

from typing import Any, Final

import numpy as np
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.utils import _safe_indexing

from tunewright.resampling.splits import rows_of
from tunewright.typing import Array

__all__ = ["Stability", "agreement", "reconstruction", "silhouette"]

_WORST: Final = -0.5
"""The least that the adjusted Rand index can be."""


def silhouette(model: Any, X: Any, y: Any = None) -> float:  # noqa: ANN401, ARG001, N803  a scorer's signature
    """Mean silhouette of the clusters that the model finds in these rows, in [-1, 1]; rows called noise (-1) count as one cluster.

    One cluster, or as many as rows, is no clustering: -1.
    """
    labels = _labels(model, X)
    if not 1 < len(np.unique(labels)) < len(labels):
        return -1.0
    return float(silhouette_score(X, labels))


def agreement(model: Any, X: Any, y: Any) -> float:  # noqa: ANN401, N803
    """Adjusted Rand index between the clusters of these rows and their labels: 1 where they are the same, 0 on average by chance."""
    return float(adjusted_rand_score(y, _labels(model, X)))


class Stability:
    """How alike the clusters are that the model finds in different parts of the rows: the mean adjusted Rand index, at most 1.

    The model is fitted anew to random parts of the rows; each two parts are compared on the rows that they share. Where it finds one cluster
    in a part, or as many as rows (noise, -1, counts as a cluster), there is no clustering that could come again: what is compared with that
    part counts -1/2, the least that the index can be.

    Args:
        parts: how many parts; at least 2.
        share: of the rows in each part, above 1/2 so that any two share some.
        seed: of the parts.

    Raises:
        ValueError: an argument cannot be used.
    """

    def __init__(self, parts: int = 6, share: float = 0.8, seed: int = 0) -> None:
        if parts < 2 or not 0.5 < share < 1:
            raise ValueError(f"Stability needs at least 2 parts of more than half of the rows each, got {parts} of {share}.")
        self.parts, self.share, self.seed = parts, share, seed

    def __call__(self, model: Any, X: Any, y: Any = None) -> float:  # noqa: ANN401, ARG002, N803
        """Score a model; whether it is fitted does not matter, and it is not changed."""
        rng = np.random.default_rng(self.seed)
        rows = rows_of(X)
        found = []
        for _ in range(self.parts):
            part = np.sort(rng.choice(rows, max(2, int(self.share * rows)), replace=False))
            labels = np.full(rows, np.nan)
            labels[part] = clone(model).fit_predict(_safe_indexing(X, part))
            found.append(labels)
        none = [not 1 < len(np.unique(labels[~np.isnan(labels)])) < (~np.isnan(labels)).sum() for labels in found]
        pairs = [(i, j) for i in range(self.parts) for j in range(i)]
        return float(np.mean([_WORST if none[i] or none[j] else _alike(found[i], found[j]) for i, j in pairs]))

    def __repr__(self) -> str:
        return f"Stability(parts={self.parts}, share={self.share}, seed={self.seed})"


def reconstruction(model: Any, X: Any, y: Any = None) -> float:  # noqa: ANN401, ARG001, N803
    """Share of the variance of these rows that is restored by `inverse_transform(transform(X))`: 1 for all of it.

    On rows that the model was not fitted to it may be below 0. Rows that are all alike have no variance: 1 where they are restored, else 0.
    """
    table, restored = _table(X), _table(model.inverse_transform(model.transform(X)))
    missed, varied = ((table - restored) ** 2).sum(), ((table - table.mean(axis=0)) ** 2).sum()
    if not np.ptp(table, axis=0).any():
        return float(np.allclose(restored, table))
    return float(1.0 - missed / varied)


def _table(X: Any) -> Array:  # noqa: ANN401, N803
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float)


def _labels(model: Any, X: Any) -> Array:  # noqa: ANN401, N803
    """The clusters of these rows: predicted, or those of a model that cannot predict and was fitted to these very rows."""
    if hasattr(model, "predict"):
        return np.asarray(model.predict(X))
    while hasattr(model, "steps"):  # a pipeline's clusters are those of its last step
        model = model.steps[-1][1]
    labels = np.asarray(model.labels_)
    if len(labels) != (rows := rows_of(X)):
        raise ValueError(
            f"{type(model).__name__} cannot predict, and was fitted to {len(labels)} rows, not to these {rows}. Judge it on the "
            "rows that it was fitted to: cv=[(rows, rows)]."
        )
    return labels


def _alike(one: Array, other: Array) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    return float(adjusted_rand_score(one[both], other[both]))
