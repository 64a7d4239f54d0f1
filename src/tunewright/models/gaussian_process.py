"""A Gaussian process on mixed and conditional configurations.

The kernel is Matérn-5/2 of one radius,

    r² = Σ_k ((x_k - x'_k) / ℓ_k)²  +  Σ_c [c ≠ c'] / ℓ_c²,         k = s² (1 + √5 r + 5 r²/3) exp(-√5 r),

over coordinates k and codes c (`features.py`). The mean is constant, estimated by generalised least squares. Hyperparameters are the
maximum of the posterior: the likelihood with its exact gradient, times weak log-normal priors. Everything is NumPy; one evaluation
costs one Cholesky factorisation and a few matrix products, whatever the number of dimensions.

Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2, 4 and 5; the priors as in Song et al., The
Vizier Gaussian Process Bandit Algorithm, 2024 (arXiv 2408.11527), widened with the dimension as in Hvarfner et al., Vanilla
Bayesian Optimization Performs Great in High Dimensions, ICML 2024 (arXiv 2402.02229).
"""

import math
from typing import Final

import msgspec
import numpy as np
from scipy.linalg import cho_solve, lapack, solve_triangular
from scipy.optimize import minimize

from tunewright.models.features import Points
from tunewright.typing import Array, Indices

__all__ = ["GaussianProcess", "Hyperparameters", "Posterior", "fit"]

_SQRT5: Final = math.sqrt(5.0)
_JITTERS: Final = (0.0, 1e-8, 1e-6, 1e-4)
_BOUND_LENGTH: Final = (math.log(0.05), math.log(30.0))
_BOUND_SCALE: Final = (math.log(1e-3), math.log(1e2))
_BOUND_NOISE: Final = (math.log(1e-6), 0.0)
_SHORT: Final = 0.1
"""How strongly short lengths are resisted, as in Optuna's GPSampler: without it a cluster round the best point is explained by one."""

_WIDE: Final = 10
"""From so many dimensions on, length scales are expected to grow with their number."""


class Hyperparameters(msgspec.Struct, frozen=True):
    """Logarithms: `lengths`, shape (p,), of the coordinates; `codes`, shape (q,), of the codes; `scale` ln s²; `noise` ln σ²."""

    lengths: Array
    codes: Array
    scale: float
    noise: float

    @classmethod
    def start(cls, p: int, q: int) -> "Hyperparameters":
        """Where the search for the best ones begins."""
        return cls(np.full(p, _prior_length(p + q)), np.zeros(q), 0.0, math.log(1e-2))

    def vector(self) -> Array:
        """All in one, shape (p + q + 2,)."""
        return np.concatenate([self.lengths, self.codes, [self.scale, self.noise]])

    @classmethod
    def of(cls, vector: Array, p: int) -> "Hyperparameters":
        """The inverse of `vector`."""
        return cls(vector[:p], vector[p:-2], float(vector[-2]), float(vector[-1]))


def _prior_length(dimensions: int) -> float:
    return math.log(0.5) + 0.5 * math.log(max(1.0, dimensions / 4))


def _radius2(theta: Hyperparameters, level: Indices, a: Points, b: Points) -> Array:
    """Squared radii, shape (len(a), len(b)); `level` maps one-hot levels to their codes."""
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


class GaussianProcess:
    """The prior over functions.

    Args:
        level: to which code each one-hot level of the points belongs, shape (levels,).
    """

    def __init__(self, level: Indices) -> None:
        self.level = np.asarray(level, np.intp)

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
        p = points.numbers.shape[1]
        theta = Hyperparameters.of(vector, p)
        kernel, g = _matern(_radius2(theta, self.level, points, points), theta.scale)
        covariance = kernel + np.diag(math.exp(theta.noise) + noise)
        lower = _cholesky(covariance)
        if lower is None:
            return 1e10, np.zeros_like(vector)
        inverse = lapack.dpotri(lower, lower=1)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        ones = inverse.sum(axis=1)
        residual = y - ones @ y / ones.sum()
        alpha = inverse @ residual
        value = 0.5 * residual @ alpha + np.log(np.diag(lower)).sum()
        w = np.outer(alpha, alpha) - inverse
        m = w * g
        u = points.numbers * np.exp(-theta.lengths)
        gradient = np.empty_like(vector)
        # Σ_ij M_ij (u_ik - u_jk)² for all k at once: 2 (Σ_i M_i· u_ik² - Σ_i u_ik (M u)_ik)
        gradient[:p] = -((m.sum(axis=1) @ (u * u)) - (u * (m @ u)).sum(axis=0))
        if len(theta.codes):
            same = np.bincount(self.level, (points.codes * (m @ points.codes)).sum(axis=0), len(theta.codes))
            gradient[p:-2] = -0.5 * np.exp(-2.0 * theta.codes) * (m.sum() - same)
        gradient[-2] = -0.5 * (w * kernel).sum()
        gradient[-1] = -0.5 * math.exp(theta.noise) * np.trace(w)
        penalty, slope = _penalty(vector, p)
        return float(value + penalty), gradient + slope

    def condition(self, theta: Hyperparameters, points: Points, y: Array, noise: Array) -> "Posterior":
        """The posterior given n observations; arguments as above. Jitter is added until it can be computed."""
        kernel, _ = _matern(_radius2(theta, self.level, points, points), theta.scale)
        covariance = kernel + np.diag(math.exp(theta.noise) + noise)
        lower = _cholesky(covariance)
        if lower is None:  # the data say nothing that can be modelled: independent points
            covariance = np.diag(np.diag(covariance))
            lower = np.sqrt(covariance)
        ones = cho_solve((lower, True), np.ones(len(y)))
        mean = float(ones @ y / ones.sum())
        return Posterior(self.level, theta, points, lower, cho_solve((lower, True), y - mean), mean)


def _penalty(vector: Array, p: int) -> tuple[float, Array]:
    """Minus the log prior without its constant, and its gradient."""
    q = len(vector) - p - 2
    wide = p + q > _WIDE
    centre = np.concatenate([np.full(p, _prior_length(p + q)), np.zeros(q), [0.0, math.log(4e-3)]])
    precision = np.concatenate([np.full(p, 1.0 if wide else 0.08), np.full(q, 0.25), [0.02, 0.02]])
    off = vector - centre
    short = np.zeros_like(vector)
    short[:-2] = _SHORT * np.exp(-2.0 * vector[:-2])  # 40 nats at a length of 0.05, 0.1 at 1
    return float(0.5 * (precision * off * off).sum() + short.sum()), precision * off - 2.0 * short


class Posterior(msgspec.Struct, frozen=True):
    """What is believed of the function after n observations.

    Attributes:
        level: as in `GaussianProcess`.
        theta: the hyperparameters.
        points: where it was observed.
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

    def predict(self, at: Points) -> tuple[Array, Array]:
        """Mean, shape (m,) or (m, s), and standard deviation, shape (m,), of the function without noise."""
        kernel, _ = _matern(_radius2(self.theta, self.level, at, self.points), self.theta.scale)
        v = solve_triangular(self.lower, kernel.T, lower=True, check_finite=False)
        variance = math.exp(self.theta.scale) - (v * v).sum(axis=0)
        return self.mean + kernel @ self.alpha, np.sqrt(np.maximum(variance, 1e-12))

    def slopes(self, at: Points) -> tuple[Array, Array, Array, Array]:
        """`predict`, and the derivatives of mean, (m, p) or (m, p, s), and deviation, (m, p), by the coordinates."""
        kernel, g = _matern(_radius2(self.theta, self.level, at, self.points), self.theta.scale)
        v = solve_triangular(self.lower, kernel.T, lower=True, check_finite=False)
        std = np.sqrt(np.maximum(math.exp(self.theta.scale) - (v * v).sum(axis=0), 1e-12))
        # dk/dx_k = -g (x_k - x'_k) / ℓ_k²
        away = (at.numbers[:, None, :] - self.points.numbers[None, :, :]) * np.exp(-2.0 * self.theta.lengths)
        d_kernel = -g[:, :, None] * away
        weights = solve_triangular(self.lower, v, lower=True, trans="T", check_finite=False).T
        d_std = -np.einsum("mnp,mn->mp", d_kernel, weights) / std[:, None]
        d_mean = np.einsum("mnp,n...->mp...", d_kernel, self.alpha)
        return self.mean + kernel @ self.alpha, std, d_mean, d_std

    def fantasise(self, at: Points, normals: Array) -> "Posterior":
        """The posterior as if each of s draws from it had been observed at pending points.

        Args:
            at: the pending points, shape (b, ·).
            normals: standard normal numbers, shape (b, s).
        """
        cross, _ = _matern(_radius2(self.theta, self.level, self.points, at), self.theta.scale)
        own, _ = _matern(_radius2(self.theta, self.level, at, at), self.theta.scale)
        below = solve_triangular(self.lower, cross, lower=True, check_finite=False)
        tail = _cholesky(own - below.T @ below + math.exp(self.theta.noise) * np.eye(len(at)))
        if tail is None:
            return self
        n, b = len(self.points), len(at)
        lower = np.zeros((n + b, n + b))
        lower[:n, :n], lower[n:, :n], lower[n:, n:] = self.lower, below.T, tail
        residual = self.lower @ (self.lower.T @ self.alpha)
        drawn = (cross.T @ self.alpha)[:, None] + tail @ normals
        both = np.vstack([np.repeat(residual[:, None], normals.shape[1], axis=1), drawn])
        return Posterior(self.level, self.theta, self.points.join(at), lower, cho_solve((lower, True), both), self.mean)


def fit(
    process: GaussianProcess, points: Points, y: Array, noise: Array, *, start: Hyperparameters | None = None
) -> Hyperparameters:
    """The most probable hyperparameters, by L-BFGS-B from a fixed start: the same data give the same ones.

    Args:
        process, points, y, noise: as in `GaussianProcess.negative_log_posterior`.
        start: where to begin; default `Hyperparameters.start`.
    """
    p, q = points.numbers.shape[1], int(process.level.max(initial=-1)) + 1
    first = Hyperparameters.start(p, q) if start is None else start
    bounds = [_BOUND_LENGTH] * (p + q) + [_BOUND_SCALE, _BOUND_NOISE]
    found = minimize(
        process.negative_log_posterior,
        first.vector(),
        args=(points, y, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 50, "ftol": 1e-6},
    )
    return Hyperparameters.of(found.x, p) if np.isfinite(found.x).all() else first
