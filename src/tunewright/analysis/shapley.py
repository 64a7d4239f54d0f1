"""Shapley values: a total shared out among its parameters, and what they do only together.

A game says what each coalition of parameters is worth, v(S). Its Möbius transform m(S) is what S is worth beyond all of its parts, and

    Shapley value         φ_i  = Σ_{S ∋ i} m(S) / |S|
    interaction index     I_S  = Σ_{R ⊇ S} m(R) / (|R| - |S| + 1)                                             [1, 2]

The game of variance is v(S) = Var E[f | x_S], for which the Shapley values are shares that are never negative and sum to one, also
where everything interacts [3]. On a forest it is exact: with leaves l of one tree and l' of another,

    v(S) = Σ v_l v_l' Π_{j in S} overlap_j(l, l') Π_{j not in S} vol_j(l) vol_j(l')  -  the product of the means,

and the products over all 2^d coalitions are one matrix product of those over either half of the parameters. Two trees of different
bags are used, since a tree shares its noise with itself.

[1] Grabisch and Roubens, An axiomatic approach to the concept of interaction among players, Int. J. of Game Theory 28, 1999.
[2] Wever et al., HyperSHAP: Shapley Values and Interactions for Hyperparameter Importance, AAAI 2026 (arXiv 2502.01276).
[3] Owen, Sobol' Indices and Shapley Value, SIAM/ASA Journal on Uncertainty Quantification 2, 2014.
"""

from itertools import combinations
from typing import Any, Final

import numpy as np

from tunewright.analysis.forest import BAGS, Grid, leaves_of, trees
from tunewright.typing import Array

__all__ = ["MOST", "interactions", "variance_games"]

MOST: Final = 12
"""So many parameters at most: there are 2^d coalitions."""


def _mobius(game: Array) -> Array:
    """What each coalition is worth beyond its parts; the last axis counts coalitions in binary, parameter j being bit j."""
    found = game.copy()
    size = found.shape[-1]
    for j in range(size.bit_length() - 1):
        blocks = found.reshape(*found.shape[:-1], size >> (j + 1), 2, 1 << j)
        blocks[..., 1, :] -= blocks[..., 0, :]
    return found


def interactions(game: Array, order: int) -> dict[tuple[int, ...], Array]:
    """Shapley values (of one parameter) and interaction indices (of two, three, …).

    Args:
        game: what each of 2^d coalitions is worth, shape (…, 2^d), counted in binary, parameter j being bit j; 0 for none of them.
        order: of how many parameters at most.

    Returns:
        For each set of parameters its index, shape (…).
    """
    worth = _mobius(game)
    size = game.shape[-1]
    sizes = np.array([number.bit_count() for number in range(size)])
    everything = np.arange(size)
    found: dict[tuple[int, ...], Array] = {}
    for many in range(1, order + 1):
        for chosen in combinations(range(size.bit_length() - 1), many):
            mask = sum(1 << j for j in chosen)
            above = everything[(everything & mask) == mask]
            found[chosen] = (worth[..., above] / (sizes[above] - many + 1)).sum(axis=-1)
    return found


def variance_games(grid: Grid, unit: Array, losses: Array, rng: np.random.Generator) -> Array:
    """The game of variance on a forest, a game for each bag, shape (bags, 2^d); arguments as for `forest.grow`."""
    n = len(unit)
    grown = []
    for _ in range(BAGS):
        drawn = np.asarray(rng.integers(0, n, n), np.intp)
        grown.append([leaves_of(own, tree) for tree, own, _ in trees(grid, unit, losses, drawn, rng)])
    return np.stack(
        [np.mean([_game(grid, *pair) for pair in zip(grown[i - 1], grown[i], strict=True)], axis=0) for i in range(BAGS)]
    )


def _game(grid: Grid, one: Any, other: Any) -> Array:  # noqa: ANN401  (memberships, values) of two trees
    (m, v), (k, w) = one, other
    ratios = []
    volumes = [grid.sums(each * grid.widths) for each in (m, k)]
    for j, (start, count) in enumerate(zip(grid.starts, grid.counts, strict=True)):
        cells = slice(start, start + count)
        overlap = (m[:, cells] * grid.widths[cells]) @ k[:, cells].T.astype(np.float64)
        ratios.append((overlap / np.outer(volumes[0][:, j], volumes[1][:, j])).ravel())
    weight = np.outer(v * volumes[0].prod(axis=1), w * volumes[1].prod(axis=1)).ravel()
    half = len(ratios) // 2
    low, high = (_products(part, weight.size) for part in (ratios[:half], ratios[half:]))
    game: Array = ((high * weight) @ low.T).ravel()  # the high half counts in steps of 2^half
    return np.asarray(game - game[0])


def _products(ratios: list[Array], size: int) -> Array:
    """The products over every coalition, shape (2^k, size)."""
    products = np.ones((1, size))
    for ratio in ratios:
        products = np.concatenate([products, products * ratio])
    return products
