"""Clusterers, mixtures and decompositions.

What to judge them by is a question of its own (`tunewright.unsupervised`). The number of clusters or of components matters most, and is
bounded by the data.
"""

from typing import Final

from tunewright.catalog.entries import Either, Entry, Searched
from tunewright.space import Bool, Categorical, Float, Int

__all__ = ["ENTRIES"]

_COMPONENTS: Final = Either([None], Int(1, 100, log=True))
_IN_RANK: Final = {"n_components": "rank"}
_NEIGHBOURS: Final = {"n_neighbors": "below rows", "n_components": "rank"}
_FEW: Final = "The number of components alone: judge it by what is done with them."
_MIXTURE: Final = {
    "n_components": Int(1, 20, log=True, default=1),
    "covariance_type": Categorical(["full", "tied", "diag", "spherical"], default="full"),
    "reg_covar": Float(1e-9, 1e-1, log=True, default=1e-6),
}
_MEANS: Final[dict[str, Searched]] = {
    "n_clusters": Int(2, 20, log=True, default=8),
    "init": Categorical(["k-means++", "random"], default="k-means++"),
    "n_init": Either(["auto"], Int(1, 10)),
}
_DRAWN: Final = {"init": ("k-means++", "random")}
_STARTS: Final = {"n_clusters": _DRAWN, "n_init": _DRAWN}
"""Centres that a user gives say how many there are."""

ENTRIES: Final = (
    Entry(
        "KMeans",
        _MEANS,
        "The number of clusters; more starts steady it.",
        "guide",
        limits={"n_clusters": "rows"},
        only=_STARTS,
    ),
    Entry(
        "MiniBatchKMeans",
        {**_MEANS, "batch_size": Int(64, 4096, log=True, default=1024)},
        "As KMeans; the batch only trades time for steadiness.",
        "guide",
        limits={"n_clusters": "rows"},
        only=_STARTS,
    ),
    Entry(
        "AgglomerativeClustering",
        {
            "n_clusters": Int(2, 20, log=True, default=2),
            "linkage": Categorical(["ward", "complete", "average", "single"], default="ward"),
            "metric": Categorical(["euclidean", "manhattan", "cosine"], default="euclidean"),
        },
        "The linkage decides the shape of the clusters.",
        "guide",
        when={"metric": ("linkage", "complete", "average", "single")},
        only={"linkage": {"metric": ("euclidean", "manhattan", "cosine")}},
        limits={"n_clusters": "rows"},
    ),
    Entry(
        "DBSCAN",
        {"eps": Float(0.05, 10.0, log=True, default=0.5), "min_samples": Int(2, 30, log=True, default=5)},
        "eps is a distance in units of the data: scale them, or the range is wrong.",
        "guide",
    ),
    Entry(
        "HDBSCAN",
        {
            "min_cluster_size": Int(2, 100, log=True, default=5),
            "min_samples": Either([None], Int(1, 30, log=True)),
            "cluster_selection_method": Categorical(["eom", "leaf"], default="eom"),
        },
        "min_cluster_size first.",
        "guide",
        limits={"min_cluster_size": "half of the rows", "min_samples": "half of the rows"},
    ),
    Entry(
        "OPTICS",
        {"min_samples": Int(2, 30, log=True, default=5), "xi": Float(0.01, 0.3, log=True, default=0.05)},
        "min_samples first; xi says how steep a border is.",
        "guide",
        limits={"min_samples": "half of the rows"},
    ),
    Entry(
        "SpectralClustering",
        {
            "n_clusters": Int(2, 20, log=True, default=8),
            "affinity": Categorical(["rbf", "nearest_neighbors"], default="rbf"),
            "gamma": Float(1e-3, 1e2, log=True, default=1.0),
            "n_neighbors": Int(2, 50, log=True, default=10),
        },
        "The width of the affinity matters as much as the number of clusters.",
        "guide",
        when={"gamma": ("affinity", "rbf"), "n_neighbors": ("affinity", "nearest_neighbors")},
        limits={"n_clusters": "half of the rows", "n_neighbors": "below rows"},
    ),
    Entry(
        "Birch",
        {
            "n_clusters": Int(2, 20, log=True, default=3),
            "threshold": Float(0.05, 5.0, log=True, default=0.5),
            "branching_factor": Int(10, 200, log=True, default=50),
        },
        "The threshold is a distance in units of the data: scale them.",
        "guide",
        limits={"n_clusters": "rows"},
    ),
    Entry("MeanShift", {"bandwidth": Either([None], Float(0.1, 10.0, log=True))}, "The bandwidth alone.", "guide"),
    Entry(
        "AffinityPropagation",
        {"damping": Float(0.5, 0.99, default=0.5)},
        "Damping is for convergence; the preference, which it chooses itself, for the number of clusters.",
        "guide",
    ),
    Entry(
        "GaussianMixture",
        _MIXTURE,
        "The number of components with the kind of covariance.",
        "guide",
        limits={"n_components": "half of the rows"},
    ),
    Entry(
        "BayesianGaussianMixture",
        {**_MIXTURE, "weight_concentration_prior": Either([None], Float(1e-4, 1e3, log=True))},
        "It empties components that it does not need: give it enough.",
        "guide",
        limits={"n_components": "half of the rows"},
    ),
    Entry(
        "PCA",
        {"n_components": _COMPONENTS, "whiten": Bool(default=False)},
        _FEW,
        "guide",
        limits=_IN_RANK,
        only={"n_components": {"svd_solver": ("auto", "full", "covariance_eigh", "randomized")}},
    ),
    Entry("TruncatedSVD", {"n_components": Int(1, 100, log=True, default=2)}, _FEW, "guide", limits={"n_components": "rank"}),
    Entry(
        "KernelPCA",
        {
            "n_components": _COMPONENTS,
            "kernel": Categorical(["linear", "rbf", "poly", "cosine"], default="linear"),
            "gamma": Either([None], Float(1e-4, 10.0, log=True)),
        },
        "gamma with the number of components.",
        "guide",
        when={"gamma": ("kernel", "rbf", "poly")},
        limits={"n_components": "rows"},
    ),
    Entry(
        "NMF",
        {
            "n_components": Either(["auto"], Int(1, 100, log=True)),
            "alpha_W": Either([0.0], Float(1e-6, 1e-1, log=True)),
            "l1_ratio": Float(0.0, 1.0, default=0.0),
        },
        "The number of components; a penalty makes the parts sparse, and all of them zero where it is too strong.",
        "guide",
        limits=_IN_RANK,
    ),
    Entry(
        "FastICA",
        {"n_components": _COMPONENTS, "fun": Categorical(["logcosh", "exp", "cube"], default="logcosh")},
        _FEW,
        "guide",
        limits=_IN_RANK,
    ),
    Entry(
        "FactorAnalysis",
        {"n_components": _COMPONENTS, "rotation": Categorical([None, "varimax", "quartimax"], default=None)},
        _FEW,
        "guide",
        limits=_IN_RANK,
    ),
    Entry(
        "LatentDirichletAllocation",
        {
            "n_components": Int(2, 100, log=True, default=10),
            "doc_topic_prior": Either([None], Float(1e-2, 1.0, log=True)),
            "learning_decay": Float(0.51, 1.0, default=0.7),
        },
        "The number of topics, then how few a document has.",
        "guide",
    ),
    Entry(
        "Isomap",
        {"n_neighbors": Int(2, 50, log=True, default=5), "n_components": Int(1, 50, log=True, default=2)},
        "Too few neighbours tear the graph, too many cut through.",
        "guide",
        limits=_NEIGHBOURS,
    ),
    Entry(
        "LocallyLinearEmbedding",
        {
            "n_neighbors": Int(2, 50, log=True, default=5),
            "n_components": Int(1, 50, log=True, default=2),
            "reg": Float(1e-5, 1e-1, log=True, default=1e-3),
        },
        "The number of neighbours first.",
        "guide",
        limits=_NEIGHBOURS,
    ),
)
