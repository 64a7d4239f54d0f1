"""Interactions that a forest does not see.

A tree splits by what helps at once. The product of two parameters about their middles, x1 x2, helps only when both are split, so a forest
looks past it as long as anything else explains something, and the more so the fewer the trials: of 60 random ones of
x0 x1 + (x2 + x3) / 2, whose product is 0.40 of the variance, fANOVA finds 0.01 in that pair (a Gaussian process all of it). The forest's own
interval does not know. So it is asked whether the product of two parameters explains what the forest leaves over on trials that it did not
grow from, beyond what the parameters and their squares explain, by the t-test of one more regressor [1].

[1] Frisch & Waugh, Partial time regressions as compared with individual trends, Econometrica 1, 1933.
"""

from typing import Final

import numpy as np
from scipy import stats

from tunewright.space import Categorical, SearchSpace
from tunewright.typing import Array

__all__ = ["hidden"]

_ALPHA: Final = 1e-3
"""Of all pairs together."""
_LEAST: Final = 0.05
"""Of the variance: less is no news."""
_MOST: Final = 30
"""Parameters whose pairs are looked at."""


def hidden(space: SearchSpace, unit: Array, values: Array, guesses: Array) -> list[tuple[str, str, float]]:
    """Pairs whose product explains what a forest leaves over, and the share of the variance that it explains, the largest first.

    Args:
        space: d parameters; choices of more than two, and those that are not always active, are left out.
        unit: n trials on the unit scale, NaN where inactive, shape (n, d).
        values: what the forest learned, shape (n,).
        guesses: its predictions for trials that it did not grow from, shape (n,); NaN where there is none.
    """
    known = np.isfinite(guesses)
    unit, left, total = unit[known], (values - guesses)[known], float(values[known].var()) if known.any() else 0.0
    ordered = [not isinstance(parameter, Categorical) or parameter.size == 2 for parameter in space.parameters.values()]
    varied = (
        np.flatnonzero(np.isfinite(unit).all(axis=0) & (np.ptp(unit, axis=0) > 0) & ordered) if len(unit) else np.empty(0, int)
    )
    if not 2 <= len(varied) <= _MOST or not total > 0 or len(unit) < 4 * len(varied) + 10:
        return []
    x = unit[:, varied] - unit[:, varied].mean(axis=0)
    first, second = np.triu_indices(len(varied), 1)
    plain = np.linalg.qr(np.column_stack([np.ones(len(x)), x, x**2]))[0]
    products = x[:, first] * x[:, second]
    products -= plain @ (plain.T @ products)
    left = left - plain @ (plain.T @ left)
    sizes, rest = (products**2).sum(axis=0), float(left @ left)
    told = np.divide((left @ products) ** 2, sizes * rest, out=np.zeros(len(sizes)), where=sizes * rest > 0).clip(0.0, 1.0)
    free = len(x) - plain.shape[1] - 1
    chance = stats.f.sf(free * told / np.maximum(1 - told, 1e-12), 1, free)
    shares = told * rest / len(x) / total
    found = [k for k in np.argsort(-shares) if chance[k] < _ALPHA / len(sizes) and shares[k] >= _LEAST]
    return [(space.names[varied[first[k]]], space.names[varied[second[k]]], float(shares[k])) for k in found]
