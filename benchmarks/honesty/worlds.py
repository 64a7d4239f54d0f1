"""Tables whose truth is known.

A `World` is an estimator for any search of scikit-learn's kind. It learns nothing: on a test row r it scores

    s(r) = f(p) + d_r + u(p) w_r . phi(p) + u(p) mean over the training rows t of v_t . phi(p) - c / (training rows)

of which f is the worth of the parameters p, d_r the difficulty of the row, and w, v fields over the parameters (random Fourier features
phi of length 1): like configurations are lucky on the same rows, and folds that share training rows share luck, as with a real model.
A score is the mean over the test rows; where the row's outcome is right or wrong, the share of s(r) > 0. What a configuration fitted
on all rows is worth on endless new rows is then known exactly.
"""

import functools
import math
from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin

__all__ = ["NAMES", "World", "score"]

ROWS = 150
_WAVES = 12
_LENGTH = 0.25
NAMES = ("smooth", "heavy tails", "near the bound", "uneven noise", "near ties")


class _Land:
    """What one seed of a world holds."""

    def __init__(self, name: str, seed: int) -> None:
        rng = np.random.default_rng([NAMES.index(name), seed])
        self.best = rng.uniform(0.1, 0.9, 3)
        self.steep = 10 ** rng.uniform(-1, 0, 3)
        self.waves = rng.standard_normal((_WAVES, 3)) / _LENGTH
        self.difficulty = rng.standard_normal(ROWS)
        tails = np.sqrt(1 / (rng.chisquare(3, ROWS)))[:, None] if name == "heavy tails" else 1.0
        self.test = rng.standard_normal((ROWS, 2 * _WAVES)) * tails
        self.train = rng.standard_normal((ROWS, 2 * _WAVES))


_land = functools.lru_cache(maxsize=64)(_Land)


class World(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A model of nothing, with three hyperparameters in [0, 1]; X holds the numbers of the rows."""

    def __init__(self, world: str = "smooth", land: int = 0, x: float = 0.5, y: float = 0.5, z: float = 0.5) -> None:
        self.world, self.land = world, land
        self.x, self.y, self.z = x, y, z

    def fit(self, X: Any, y: Any = None) -> "World":  # noqa: ANN401, ARG002, N803  scikit-learn's names
        self.rows_ = np.asarray(X, int).ravel()
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401, N803
        """Scores of single rows."""
        land, rows = _land(self.world, self.land), np.asarray(X, int).ravel()
        amount, chance = self._field()
        scores = self._worth() + 0.15 * land.difficulty[rows] + amount * land.test[rows] @ chance
        if self.world == "near the bound":
            return (scores > 0).astype(float)
        return np.asarray(scores)

    def truth(self) -> float:
        """Expected score on new rows."""
        amount, _ = self._field()
        if self.world == "near the bound":
            return float(stats.norm.cdf(self._worth() / math.hypot(0.15, amount)))
        return self._worth()

    def _field(self) -> tuple[float, np.ndarray]:
        land = _land(self.world, self.land)
        angles = land.waves @ np.array([self.x, self.y, self.z])
        uneven = 1 + 10 * self._lost() if self.world == "uneven noise" else 1.0
        return 0.15 * uneven, np.concatenate([np.cos(angles), np.sin(angles)]) / math.sqrt(_WAVES)

    def _lost(self) -> float:
        land = _land(self.world, self.land)
        flat = 0.02 if self.world == "near ties" else 1.0
        return float(flat * 0.5 * land.steep @ (np.array([self.x, self.y, self.z]) - land.best) ** 2)

    def _worth(self) -> float:
        land = _land(self.world, self.land)
        amount, chance = self._field()
        learned = amount * float(land.train[self.rows_].mean(axis=0) @ chance)
        top = 0.5 if self.world == "near the bound" else 0.8
        return top - self._lost() + learned - 2 / len(self.rows_)


def score(model: World, X: Any, y: Any = None) -> float:  # noqa: ANN401, ARG001, N803
    """Mean score of the rows."""
    return float(model.predict(X).mean())
