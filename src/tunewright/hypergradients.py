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
        MetricError: the Hessian is not positive definite along some direction: these weights are no strict minimum of the training loss. Or
            `outer_gradient`, or what `hvp` returns, is not finite or not of shape (p,).
    """
    wanted = _finite(outer_gradient, "implicit_gradient: outer_gradient")
    if wanted.ndim != 1:
        raise MetricError(f"implicit_gradient: outer_gradient must have shape (p,), got {wanted.shape}. Flatten the weights.")
    largest = float(np.abs(wanted).max(initial=0.0)) or 1.0
    length = float(np.linalg.norm(wanted / largest)) or 1.0
    residual = wanted / largest / length  # of length 1, so that no square under- or overflows
    found, way, square = np.zeros_like(wanted), residual, float(residual @ residual)
    for _ in range(10 * len(wanted) if iterations is None else iterations):
        if square <= tolerance**2:
            break
        pushed = _finite(hvp(way), "implicit_gradient: what hvp returns")
        if pushed.shape != wanted.shape:
            raise MetricError(
                f"implicit_gradient: hvp must return shape {wanted.shape}, as outer_gradient has it, got {pushed.shape}."
            )
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
    return np.asarray(direct, np.float64) - np.asarray(mixed_vjp(found * length * largest), np.float64)


def ridge_leave_one_out(X: ArrayLike, y: ArrayLike, alpha: float) -> tuple[float, float]:  # noqa: N803  as scikit-learn has it
    """The mean squared leave-one-out error of ridge regression, and its derivative by `alpha`, from one singular value decomposition.

    The model is scikit-learn's `Ridge(alpha)`, with an intercept that is not penalised.

    Args:
        X: rows, shape (n, p).
        y: targets, shape (n,).
        alpha: the penalty, more than 0.

    Raises:
        MetricError: `alpha` is not above 0, shapes do not fit (a `y` of shape (n, 1) does), there are fewer than 2 rows, or something is not finite.

    Source: the leave-one-out residual is the residual over 1 - h (Golub, Heath and Wahba, Technometrics 21, 1979), differentiated by hand.
    """
    rows, targets = _sample(X, y, "ridge_leave_one_out: X and y")
    if len(targets) < 2:
        raise MetricError("ridge_leave_one_out: one row leaves none to learn from. Give at least 2.")
    penalty = float(_penalties(alpha, (), "ridge_leave_one_out: alpha"))
    left, singular, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    seen = singular > max(rows.shape) * np.finfo(np.float64).eps * singular.max(initial=0.0)
    left, squares, centred = left[:, seen], singular[seen] ** 2, targets - targets.mean()
    pull, square = left.T @ centred, left**2
    beyond = 1.0 - 1.0 / len(targets) - square.sum(axis=1)  # of 1 - h, what no penalty changes
    whole = beyond < 1e-13  # nothing, where features fit the row exactly: with p >= n all rows
    weights = 1.0 / (squares + penalty)
    # Without it alpha cancels in residual / (1 - h); and so it must, as 1 - 1 / n - h has no digits left where alpha is small.
    outside, beyond = np.where(whole, 0.0, centred - left @ pull), np.where(whole, 0.0, beyond)
    factors = np.where(whole, 1.0, penalty)
    spare = factors * (square @ weights) + beyond
    errors = (factors * (left @ (weights * pull)) + outside) / spare
    least = squares.min(initial=np.inf)
    fixed = weights**2 * squares
    moved = (
        weights**2 * (squares - least) / (least + penalty)
    )  # weights less the largest, without cancellation where alpha is large
    change = np.where(
        whole,
        left @ (moved * pull) - errors * (square @ moved),
        left @ (fixed * pull) - errors * (square @ fixed),
    )
    return float((errors**2).mean()), float(2.0 * (errors * change / spare).mean())


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

    Raises:
        MetricError: a penalty is not above 0, shapes do not fit (targets of shape (n, 1) do), or something is not finite.
    """
    rows, targets = _sample(X, y, "ridge_held_out: X and y")
    judged, truth = _sample(X_test, y_test, "ridge_held_out: X_test and y_test")
    if judged.shape[1] != rows.shape[1]:
        raise MetricError(
            f"ridge_held_out: X has {rows.shape[1]} columns, X_test {judged.shape[1]}. Give both the same features."
        )
    own = _penalties(penalties, rows.shape[1:], "ridge_held_out: penalties")
    middle, mean = rows.mean(axis=0), targets.mean()
    centred = rows - middle
    hessian = centred.T @ centred + np.diag(own)
    weights = np.linalg.solve(hessian, centred.T @ (targets - mean))
    judged = judged - middle
    errors = judged @ weights + mean - truth
    pull = np.linalg.solve(hessian, 2.0 * judged.T @ errors / len(errors))
    return float((errors**2).mean()), -pull * weights


def _finite(values: ArrayLike, what: str) -> Array:
    found = np.asarray(values, np.float64)
    if not np.isfinite(found).all():
        raise MetricError(
            f"{what}: {int((~np.isfinite(found)).sum())} of {found.size} numbers are NaN or infinite. Fill or drop them first."
        )
    return found


def _sample(rows: ArrayLike, targets: ArrayLike, what: str) -> tuple[Array, Array]:
    """Rows of shape (n, p) and targets of shape (n,), also given as one column."""
    X, y = _finite(rows, what), _finite(targets, what)  # noqa: N806  as scikit-learn has it
    column = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if X.ndim != 2 or column.shape != X.shape[:1] or not len(X):
        raise MetricError(f"{what} must have shapes (n, p) and (n,), with rows, got {X.shape} and {y.shape}.")
    return X, column


def _penalties(given: ArrayLike, shape: tuple[int, ...], what: str) -> Array:
    found = _finite(given, what)
    if found.shape not in ((), shape):
        raise MetricError(
            f"{what} must be one number" + (f", or have shape {shape}" if shape else "") + f", got shape {found.shape}."
        )
    if not (found > 0.0).all():
        raise MetricError(
            f"{what} must be above 0, got {found.min():.6g}. Search on a logarithmic scale, whose low end is above 0."
        )
    return np.broadcast_to(found, shape)
