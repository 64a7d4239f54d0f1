"""A Gaussian process on mixed and conditional configurations.

The kernel is Matérn-5/2 of one radius,

    r² = Σ_k ((x_k - x'_k) / ℓ_k)²  +  Σ_c [c ≠ c'] / ℓ_c²,         k = s² (1 + √5 r + 5 r²/3) exp(-√5 r),

over coordinates k and codes c (`features.py`). The mean is constant, estimated by generalised least squares. Hyperparameters are the
maximum of the posterior: the likelihood with its exact gradient, times weak log-normal priors. Everything is NumPy; one evaluation
costs one Cholesky factorisation and a few matrix products, whatever the number of dimensions.

A function may change fast at one end of a range and slowly at the other. Where there is data enough, each coordinate is bent by the
distribution function of Kumaraswamy, w(x) = 1 - (1 - x^a)^b, and the bends are fitted with the rest [1]; they stay only if they explain
the data clearly better.

[1] Snoek et al., Input Warping for Bayesian Optimization of Non-Stationary Functions, ICML 2014; the family as in Cowen-Rivers et al.,
HEBO, JAIR 74, 2022.

Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2, 4 and 5; the priors as in Song et al., The
Vizier Gaussian Process Bandit Algorithm, 2024 (arXiv 2408.11527), widened with the dimension as in Hvarfner et al., Vanilla
Bayesian Optimization Performs Great in High Dimensions, ICML 2024 (arXiv 2402.02229).
"""

import math
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
from scipy.linalg import blas, cho_solve, lapack
from scipy.optimize import minimize

from tunewright.models.features import Points
from tunewright.typing import Array, Indices

__all__ = ["GaussianProcess", "Hyperparameters", "Posterior", "fit"]

_SQRT5: Final = math.sqrt(5.0)
_IMPOSSIBLE: Final = 1e10
_JITTERS: Final = (0.0, 1e-8, 1e-6, 1e-4)
_BOUND_LENGTH: Final = (math.log(0.05), math.log(30.0))
_BOUND_SCALE: Final = (math.log(1e-3), math.log(1e2))
_BOUND_NOISE: Final = (math.log(1e-6), 0.0)
_SHORT: Final = 0.1
"""How strongly short lengths are resisted, as in Optuna's GPSampler: without it a cluster round the best point is explained by one."""

_BOUND_BEND: Final = (-1.5, 1.5)
_END: Final = 1e-6  # a bend may be vertical at 0 and 1
_BENT: Final = (16, 2)
"""So many observations, and so many for each dimension, before coordinates are bent."""
_GAIN: Final = 2.0
"""By so many nats bends must improve the posterior."""

_WIDE: Final = 10
"""From so many dimensions on, length scales are expected to grow with their number."""


class Hyperparameters(msgspec.Struct, frozen=True):
    """Logarithms: `lengths`, shape (p,), of the coordinates; `codes`, shape (q,), of the codes; `scale` ln s²; `noise` ln σ²; and
    `bends`, ln a and ln b for each coordinate, shape (2, p), or (0, p) where none is bent.
    """

    lengths: Array
    codes: Array
    scale: float
    noise: float
    bends: Array = msgspec.field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def start(cls, p: int, q: int) -> "Hyperparameters":
        """Where the search for the best ones begins."""
        return cls(np.full(p, _prior_length(p + q)), np.zeros(q), 0.0, math.log(1e-2))

    def vector(self) -> Array:
        """All in one, shape (p + q + 2,), or (3 p + q + 2,) with bends."""
        return np.concatenate([self.lengths, self.codes, [self.scale, self.noise], self.bends.ravel()])

    @classmethod
    def of(cls, vector: Array, p: int, q: int) -> "Hyperparameters":
        """The inverse of `vector`."""
        d = p + q
        bends = vector[d + 2 :].reshape(-1, p) if p else np.zeros((0, 0))
        return cls(vector[:p], vector[p:d], float(vector[d]), float(vector[d + 1]), bends)

    def bend(self, points: Points) -> Points:
        """The points with their coordinates bent."""
        if not len(self.bends):
            return points
        a, b = np.exp(self.bends)
        x = points.numbers.clip(_END, 1 - _END)
        return Points(1.0 - (1.0 - x**a) ** b, points.codes)

    def steepness(self, numbers: Array) -> Array:
        """Dw/dx of coordinates that are not bent yet, same shape; where all is straight, 1."""
        if not len(self.bends):
            return np.ones_like(numbers)
        a, b = np.exp(self.bends)
        x = numbers.clip(_END, 1 - _END)
        return np.asarray(a * b * x ** (a - 1) * (1 - x**a) ** (b - 1))


def _prior_length(dimensions: int) -> float:
    return math.log(0.5) + 0.5 * math.log(max(1.0, dimensions / 4))


def _radius2(theta: Hyperparameters, level: Indices, a: Points, b: Points) -> Array:
    """Squared radii, shape (len(a), len(b)), of points that are bent already; `level` maps one-hot levels to their codes."""
    u, v = a.numbers * np.exp(-theta.lengths), b.numbers * np.exp(-theta.lengths)
    r2 = (u * u).sum(axis=1)[:, None] + (v * v).sum(axis=1)[None, :] - 2.0 * (u @ v.T)
    if len(theta.codes):
        weights = np.exp(-2.0 * theta.codes)
        r2 += weights.sum() - (a.codes * weights[level]) @ b.codes.T
    nothing_below: Array = np.maximum(r2, 0.0)
    return nothing_below


def _matern(r2: Array, scale: float) -> tuple[Array, Array]:
    """The kernel, and g with dk/d(r²) = -g / 2."""
    r = np.sqrt(5.0 * r2)
    decay = math.exp(scale) * np.exp(-r)
    return (1.0 + r + (5.0 / 3.0) * r2) * decay, (5.0 / 3.0) * (1.0 + r) * decay


def _cholesky(matrix: Array) -> Array | None:
    """The lower factor, with the least jitter that makes it possible."""
    for jitter in _JITTERS:
        lower, info = lapack.dpotrf(matrix + jitter * np.eye(len(matrix)) if jitter else matrix, lower=1, clean=1)
        if info == 0:
            return np.asarray(lower, np.float64)
    return None


def _solve(lower: Array, right: Array) -> Array:
    """L⁻¹ R, shape (n, m): BLAS itself, without SciPy's checks."""
    return np.asarray(blas.dtrsm(1.0, lower, right, lower=1), np.float64)


def _inverse(lower: Array) -> Array:
    """The inverse of L Lᵀ."""
    inverse = np.tril(lapack.dpotri(lower, lower=1)[0])
    whole: Array = inverse + np.tril(inverse, -1).T
    return whole


class GaussianProcess:
    """The prior over functions.

    Args:
        level: to which code each one-hot level of the points belongs, shape (levels,).
    """

    def __init__(self, level: Indices) -> None:
        self.level = np.asarray(level, np.intp)
        self.codes = int(self.level.max(initial=-1)) + 1

    def negative_log_posterior(self, vector: Array, points: Points, y: Array, noise: Array) -> tuple[float, Array]:
        """What the fit minimises, and its gradient.

        Args:
            vector: as `Hyperparameters.vector`, t of them.
            points, y: n observations; y of about zero mean and unit variance, shape (n,).
            noise: known variance of each, shape (n,).

        Returns:
            The value, without the constant, and the gradient, shape (t,). (1e10, 0) where the covariance cannot be factorised.

        Source: Rasmussen and Williams 2006, eqs. (5.8) and (5.9).
        """
        p, q = points.numbers.shape[1], self.codes
        theta = Hyperparameters.of(vector, p, q)
        straight, points = points.numbers.clip(_END, 1 - _END), theta.bend(points)
        kernel, g = _matern(_radius2(theta, self.level, points, points), theta.scale)
        covariance = kernel + np.diag(math.exp(theta.noise) + noise)
        lower = _cholesky(covariance)
        if lower is None:
            return _IMPOSSIBLE, np.zeros_like(vector)
        inverse = _inverse(lower)
        ones = inverse.sum(axis=1)
        residual = y - ones @ y / ones.sum()
        alpha = inverse @ residual
        value = 0.5 * residual @ alpha + np.log(np.diag(lower)).sum()
        w = np.outer(alpha, alpha) - inverse
        m = w * g
        u = points.numbers * np.exp(-theta.lengths)
        gradient = np.empty_like(vector)
        pull = m.sum(axis=1)[:, None] * u - m @ u  # the derivative of the value by u, for all coordinates at once
        gradient[:p] = -(u * pull).sum(axis=0)
        if q:
            same = np.bincount(self.level, (points.codes * (m @ points.codes)).sum(axis=0), q)
            gradient[p : p + q] = -0.5 * np.exp(-2.0 * theta.codes) * (m.sum() - same)
        gradient[p + q] = -0.5 * (w * kernel).sum()
        gradient[p + q + 1] = -0.5 * math.exp(theta.noise) * np.trace(w)
        if len(theta.bends):
            a, b = np.exp(theta.bends)
            power = straight**a
            by_a = a * b * (1 - power) ** (b - 1) * power * np.log(straight)
            by_b = -b * (1 - power) ** b * np.log1p(-power)
            scaled = pull * np.exp(-theta.lengths)
            gradient[p + q + 2 :] = np.concatenate([(scaled * by_a).sum(axis=0), (scaled * by_b).sum(axis=0)])
        penalty, slope = _penalty(vector, p, q)
        return float(value + penalty), gradient + slope

    def condition(self, theta: Hyperparameters, points: Points, y: Array, noise: Array) -> "Posterior":
        """The posterior given n observations; arguments as above. Jitter is added until it can be computed."""
        points = theta.bend(points)
        kernel, _ = _matern(_radius2(theta, self.level, points, points), theta.scale)
        covariance = kernel + np.diag(math.exp(theta.noise) + noise)
        lower = _cholesky(covariance)
        if lower is None:  # the data say nothing that can be modelled: independent points
            covariance = np.diag(np.diag(covariance))
            lower = np.sqrt(covariance)
        ones = cho_solve((lower, True), np.ones(len(y)))
        mean = float(ones @ y / ones.sum())
        return Posterior(self.level, theta, points, lower, cho_solve((lower, True), y - mean), mean)


def _penalty(vector: Array, p: int, q: int) -> tuple[float, Array]:
    """Minus the log prior without its constant, and its gradient."""
    d = p + q
    straight = np.zeros(len(vector) - d - 2)
    centre = np.concatenate([np.full(p, _prior_length(d)), np.zeros(q), [0.0, math.log(4e-3)], straight])
    precision = np.concatenate([np.full(p, 1.0 if d > _WIDE else 0.08), np.full(q, 0.25), [0.02, 0.02], straight + 4.0])
    off = vector - centre
    short = np.zeros_like(vector)
    short[:d] = _SHORT * np.exp(-2.0 * vector[:d])  # 40 nats at a length of 0.05, 0.1 at 1
    return float(0.5 * (precision * off * off).sum() + short.sum()), precision * off - 2.0 * short


class Posterior(msgspec.Struct, frozen=True, dict=True):
    """What is believed of the function after n observations.

    Attributes:
        level: as in `GaussianProcess`.
        theta: the hyperparameters.
        points: where it was observed, bent.
        lower: Cholesky factor of the covariance of the observations, shape (n, n).
        alpha: the inverse covariance times the residuals, shape (n,) or, for s fantasies, (n, s).
        mean: the constant.
    """

    level: Indices
    theta: Hyperparameters
    points: Points
    lower: Array
    alpha: Array
    mean: float

    @cached_property
    def _inverse(self) -> Array:
        """Of the covariance. A product with it is quicker than two solutions with its factor, and good enough for a slope."""
        return _inverse(self.lower)

    def predict(self, at: Points) -> tuple[Array, Array]:
        """Mean, shape (m,) or (m, s), and standard deviation, shape (m,), of the function without noise."""
        kernel, _ = _matern(_radius2(self.theta, self.level, self.theta.bend(at), self.points), self.theta.scale)
        v = _solve(self.lower, kernel.T)
        variance = math.exp(self.theta.scale) - np.einsum("nm,nm->m", v, v)
        return self.mean + kernel @ self.alpha, np.sqrt(np.maximum(variance, 1e-12))

    def slopes(self, at: Points) -> tuple[Array, Array, Array, Array]:
        """`predict`, less exact near the observations, and the derivatives of mean and deviation by the coordinates, (m, p) both."""
        steepness, at = self.theta.steepness(at.numbers), self.theta.bend(at)
        kernel, g = _matern(_radius2(self.theta, self.level, at, self.points), self.theta.scale)
        weights = kernel @ self._inverse
        std = np.sqrt(np.maximum(math.exp(self.theta.scale) - np.einsum("mn,mn->m", kernel, weights), 1e-12))
        # dk/dx_k = -g (x_k - x'_k) / ℓ_k², and a sum of that over the observations is two products of matrices
        x, numbers = at.numbers, self.points.numbers
        factor = -steepness * np.exp(-2.0 * self.theta.lengths)
        weighed = g * weights
        d_std = -factor * (x * weighed.sum(axis=1)[:, None] - weighed @ numbers) / std[:, None]
        weighed = g * self.alpha
        d_mean = factor * (x * weighed.sum(axis=1)[:, None] - weighed @ numbers)
        return self.mean + kernel @ self.alpha, std, d_mean, d_std

    def fantasise(self, at: Points, normals: Array) -> "Posterior":
        """The posterior as if each of s draws from it had been observed at pending points.

        Args:
            at: the pending points, shape (b, ·).
            normals: standard normal numbers, shape (b, s).
        """
        grown = self._grown(at)
        if grown is None:
            return self
        points, lower, expected = grown
        n = len(self.points)
        residual = self.lower @ (self.lower.T @ self.alpha)
        drawn = expected[:, None] + lower[n:, n:] @ normals
        both = np.vstack([np.repeat(residual[:, None], normals.shape[1], axis=1), drawn])
        return Posterior(self.level, self.theta, points, lower, cho_solve((lower, True), both), self.mean)

    def believe(self, at: Points) -> "Posterior":
        """The posterior as if at pending points just what it expects had been observed: the mean stays, the deviation falls.

        Source: the Kriging believer of Ginsbourger et al., Kriging Is Well-Suited to Parallelize Optimization, 2010.
        """
        grown = self._grown(at)
        if grown is None:
            return self
        points, lower, _ = grown
        return Posterior(
            self.level, self.theta, points, lower, np.concatenate([self.alpha, np.zeros(len(at.numbers))]), self.mean
        )

    def _grown(self, at: Points) -> tuple[Points, Array, Array] | None:
        """With pending points, shape (b, ·): all points, the factor of their covariance, and what is expected there less the mean, shape (b,)."""
        at = self.theta.bend(at)
        cross, _ = _matern(_radius2(self.theta, self.level, self.points, at), self.theta.scale)
        own, _ = _matern(_radius2(self.theta, self.level, at, at), self.theta.scale)
        below = _solve(self.lower, cross)
        tail = _cholesky(own - below.T @ below + math.exp(self.theta.noise) * np.eye(len(at)))
        if tail is None:
            return None
        n, b = len(self.points), len(at)
        lower = np.zeros((n + b, n + b))
        lower[:n, :n], lower[n:, :n], lower[n:, n:] = self.lower, below.T, tail
        return self.points.join(at), lower, cross.T @ self.alpha


def fit(
    process: GaussianProcess, points: Points, y: Array, noise: Array, *, start: Hyperparameters | None = None
) -> Hyperparameters | None:
    """The most probable hyperparameters, by L-BFGS-B from a fixed start: the same data give the same ones. None: none were found.

    Args:
        process, points, y, noise: as in `GaussianProcess.negative_log_posterior`.
        start: where to begin; default `Hyperparameters.start`.
    """
    p, q = points.numbers.shape[1], process.codes
    first = Hyperparameters.start(p, q) if start is None else start

    def best(begin: Array) -> tuple[Hyperparameters, float] | None:
        bounds = [_BOUND_LENGTH] * (p + q) + [_BOUND_SCALE, _BOUND_NOISE] + [_BOUND_BEND] * (len(begin) - p - q - 2)
        found = minimize(
            process.negative_log_posterior,
            begin,
            args=(points, y, noise),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 50, "ftol": 1e-6},
        )
        sound = np.isfinite(found.x).all() and found.fun < _IMPOSSIBLE
        return (Hyperparameters.of(found.x, p, q), float(found.fun)) if sound else None

    straight = best(first.vector())
    if straight is None:
        return None
    if p and len(y) >= max(_BENT[0], _BENT[1] * (p + q)) and not len(first.bends):
        bent = best(np.concatenate([straight[0].vector(), np.zeros(2 * p)]))
        if bent is not None and bent[1] < straight[1] - _GAIN:
            return bent[0]
    return straight[0]
