"""Derivatives of validation losses by hyperparameters, for models that bring none.

A model is fitted by minimising a training loss T(w, λ) over its weights w; what is asked for is how a validation loss V(w(λ)) changes with
the hyperparameters λ inside T, such as penalties. At the minimum the implicit function theorem gives [1, 2]

    dV/dλ = ∂V/∂λ - (∂²T/∂λ∂w) (∂²T/∂w∂w)⁻¹ ∂V/∂w

so one linear system, with the Hessian of the fit, tells the derivatives by all hyperparameters at once. `implicit_gradient` solves it by conjugate
gradients for any model; ridge regression has closed forms. It is right only where the fit has converged.

[1] Pedregosa, Hyperparameter optimization with approximate gradient, ICML 2016, arXiv 1602.02355. [2] Lorraine, Vicol and Duvenaud,
Optimizing Millions of Hyperparameters by Implicit Differentiation, AISTATS 2020, arXiv 1911.02590.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from tunewright.errors import MetricError
from tunewright.typing import Array

__all__ = ["implicit_gradient", "ridge_held_out", "ridge_leave_one_out"]


def implicit_gradient(
    hvp: Callable[[Array], ArrayLike],
    outer_gradient: ArrayLike,
    mixed_vjp: Callable[[Array], ArrayLike],
    *,
    direct: ArrayLike = 0.0,
    tolerance: float = 1e-10,
    iterations: int | None = None,
) -> Array:
    """The gradient of a validation loss by q hyperparameters, through the minimum of a training loss over p weights.

    Args:
        hvp: a vector v of shape (p,) to ∂²T/∂w∂w v, shape (p,), at the fitted weights: the Hessian of the training loss, penalties included.
        outer_gradient: ∂V/∂w at the fitted weights, shape (p,).
        mixed_vjp: a vector v of shape (p,) to v·∂²T/∂w∂λ, shape (q,). For a penalty λ_j w_j² / 2 of its own for each weight: `lambda v: v * w`.
        direct: ∂V/∂λ with the weights held, shape (q,); 0 where the validation loss knows no hyperparameter.
        tolerance: the length of the residual of the linear system at which it is solved, beside that of `outer_gradient`.
        iterations: of conjugate gradients at most; default: 10 p. What is found then is returned.

    Returns:
        dV/dλ, shape (q,).

    Raises:
        MetricError: the Hessian is not positive definite along some direction: these weights are no strict minimum of the training loss.
    """
    wanted = np.asarray(outer_gradient, np.float64)
    found, residual = np.zeros_like(wanted), wanted.copy()
    way, square = residual, float(residual @ residual)
    enough = tolerance**2 * square
    for _ in range(10 * len(wanted) if iterations is None else iterations):
        if square <= enough:
            break
        pushed = np.asarray(hvp(way), np.float64)
        curvature = float(way @ pushed)
        if not curvature > 0.0:
            raise MetricError(
                f"implicit_gradient: the Hessian has curvature {curvature:.3g} along a direction, so these weights are no strict minimum of "
                "the training loss. Fit to convergence, or add a small penalty to what is not penalised."
            )
        found = found + (square / curvature) * way
        residual = residual - (square / curvature) * pushed
        square, before = float(residual @ residual), square
        way = residual + (square / before) * way
    return np.asarray(direct, np.float64) - np.asarray(mixed_vjp(found), np.float64)


def ridge_leave_one_out(X: ArrayLike, y: ArrayLike, alpha: float) -> tuple[float, float]:  # noqa: N803  as scikit-learn has it
    """The mean squared leave-one-out error of ridge regression, and its derivative by `alpha`, from one singular value decomposition.

    The model is scikit-learn's `Ridge(alpha)`, with an intercept that is not penalised.

    Args:
        X: rows, shape (n, p).
        y: targets, shape (n,).
        alpha: the penalty, more than 0.

    Source: the leave-one-out residual is the residual over 1 - h (Golub, Heath and Wahba, Technometrics 21, 1979), differentiated by hand.
    """
    rows, targets = np.asarray(X, np.float64), np.asarray(y, np.float64)
    left, singular, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    squares, centred = singular**2, targets - targets.mean()
    shrunk, slope = squares / (squares + alpha), -squares / (squares + alpha) ** 2
    pull = left.T @ centred
    spare = 1.0 - 1.0 / len(targets) - left**2 @ shrunk  # 1 - h
    errors = (centred - left @ (shrunk * pull)) / spare
    change = (errors * (left**2 @ slope) - left @ (slope * pull)) / spare
    return float((errors**2).mean()), float(2.0 * (errors * change).mean())


def ridge_held_out(
    X: ArrayLike,  # noqa: N803  as scikit-learn has it
    y: ArrayLike,
    X_test: ArrayLike,  # noqa: N803
    y_test: ArrayLike,
    penalties: ArrayLike,
) -> tuple[float, Array]:
    """The mean squared error on held-out rows of ridge regression with a penalty for each feature, and its gradient by these.

    Minimises |y - X w - b|² + Σ_j a_j w_j² over w and b: with equal a_j scikit-learn's `Ridge(alpha=a)`.

    Args:
        X, y: rows to learn from, shapes (n, p) and (n,).
        X_test, y_test: rows to judge by, shapes (m, p) and (m,).
        penalties: a, more than 0: shape (p,), or one number for all.

    Returns:
        The error, and its gradient, shape (p,). By a penalty that several features share the derivative is the sum of theirs.
    """
    rows, targets = np.asarray(X, np.float64), np.asarray(y, np.float64)
    middle, mean = rows.mean(axis=0), targets.mean()
    centred = rows - middle
    hessian = centred.T @ centred + np.diag(np.broadcast_to(np.asarray(penalties, np.float64), rows.shape[1:]))
    weights = np.linalg.solve(hessian, centred.T @ (targets - mean))
    judged = np.asarray(X_test, np.float64) - middle
    errors = judged @ weights + mean - np.asarray(y_test, np.float64)
    pull = np.linalg.solve(hessian, 2.0 * judged.T @ errors / len(errors))
    return float((errors**2).mean()), -pull * weights
