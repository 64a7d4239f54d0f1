"""Models with kernels. The width of the kernel and the penalty go together; both are searched by their logarithm, on scaled features."""

from typing import Final

from tunewright.catalog.entries import BALANCED, Either, Entry, Searched, twins
from tunewright.space import Bool, Categorical, Float, Int, Normal

__all__ = ["ENTRIES"]

_PENALTY: Final = {"C": Float(1e-3, 1e3, log=True, default=1.0, prior=Normal(10.0, 0.3))}
_KERNEL: Final[dict[str, Searched]] = {
    "kernel": Categorical(["rbf", "linear", "poly", "sigmoid"], default="rbf", prior=[4, 2, 1, 1]),
    "gamma": Either(["scale", "auto"], Float(1e-5, 8.0, log=True)),
    "degree": Int(2, 5, default=3),
    "coef0": Float(-1.0, 1.0, default=0.0),
}
_WHEN: Final = {
    "gamma": ("kernel", "rbf", "poly", "sigmoid"),
    "degree": ("kernel", "poly"),
    "coef0": ("kernel", "poly", "sigmoid"),
}

ENTRIES: Final = (
    *twins(
        "SV",
        {**_PENALTY, **_KERNEL},
        classifier={"class_weight": BALANCED},
        regressor={"epsilon": Float(1e-3, 1.0, log=True, default=0.1)},
        endings=("C", "R"),
        when=_WHEN,
        note="The most tunable of six families: gamma and C together, then the kernel. Scale the features.",
        source="probst2019",
    ),
    Entry(
        "OneClassSVM",
        {**_KERNEL, "nu": Float(0.01, 0.6, default=0.5, prior=Normal(0.1, 0.3))},
        "nu bounds the share of outliers: its default calls half of the rows so.",
        "guide",
        when=_WHEN,
    ),
    Entry(
        "KernelRidge",
        {
            "alpha": Float(1e-6, 1e3, log=True, default=1.0),
            "kernel": Categorical(["linear", "rbf", "laplacian", "poly"], default="linear"),
            "gamma": Either([None], Float(1e-5, 8.0, log=True)),
            "degree": Int(2, 5, default=3),
        },
        "As the support vector machine: gamma and alpha together, then the kernel. The default is linear.",
        "probst2019",
        when={"gamma": ("kernel", "rbf", "laplacian", "poly"), "degree": ("kernel", "poly")},
    ),
    Entry(
        "GaussianProcessRegressor",
        {"alpha": Float(1e-10, 1.0, log=True, default=1e-10), "normalize_y": Bool(default=False)},
        "alpha is the noise in the target: the default says that there is none. Its kernel fits itself.",
        "guide",
    ),
)
