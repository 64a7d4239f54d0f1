import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss, mean_squared_error

from tunewright.errors import MetricError
from tunewright.hypergradients import implicit_gradient, ridge_held_out, ridge_leave_one_out

X, Y = load_diabetes(return_X_y=True, scaled=False)
X = (X - X.mean(axis=0)) / X.std(axis=0)
LEARN, JUDGE = slice(0, 150), slice(150, 300)


def slope_of(function, at, step=1e-4):
    """Central differences of fourth order on the logarithmic scale, turned to natural units; shape as `at`."""
    at = np.asarray(at, float)
    flat = at.reshape(-1)
    found = np.empty(len(flat))
    for j in range(len(flat)):
        values = []
        for k in (-2, -1, 1, 2):
            moved = flat.copy()
            moved[j] *= np.exp(k * step)
            values.append(function(moved.reshape(at.shape)))
        found[j] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step) / flat[j]
    return found.reshape(at.shape)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 30.0, 1e5])
@pytest.mark.parametrize("rows", [200, 8])  # also fewer rows than features
def test_leave_one_out_is_scikit_learns_and_its_derivative_that_of_differences(alpha, rows):
    value, slope = ridge_leave_one_out(X[:rows], Y[:rows], alpha)

    oracle = RidgeCV(alphas=[alpha], store_cv_results=True).fit(X[:rows], Y[:rows])
    assert value == pytest.approx(oracle.cv_results_.mean(), rel=1e-8)
    assert slope == pytest.approx(slope_of(lambda a: ridge_leave_one_out(X[:rows], Y[:rows], float(a))[0], alpha), rel=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_held_out_ridge_is_scikit_learns(alpha):
    value, slope = ridge_held_out(X[LEARN], Y[LEARN], X[JUDGE], Y[JUDGE], alpha)

    model = Ridge(alpha=alpha).fit(X[LEARN], Y[LEARN])
    assert value == pytest.approx(mean_squared_error(Y[JUDGE], model.predict(X[JUDGE])), rel=1e-10)
    shared = slope_of(lambda a: ridge_held_out(X[LEARN], Y[LEARN], X[JUDGE], Y[JUDGE], float(a))[0], alpha)
    assert slope.sum() == pytest.approx(float(shared), rel=1e-6)


def test_held_out_ridge_has_a_penalty_for_each_feature():
    penalties = np.logspace(-1, 3, 10)

    value, slope = ridge_held_out(X[LEARN], Y[LEARN], X[JUDGE], Y[JUDGE], penalties)

    scaled = Ridge(alpha=1.0).fit(X[LEARN] / np.sqrt(penalties), Y[LEARN])  # the same model in other units
    assert value == pytest.approx(mean_squared_error(Y[JUDGE], scaled.predict(X[JUDGE] / np.sqrt(penalties))), rel=1e-10)
    differences = slope_of(lambda a: ridge_held_out(X[LEARN], Y[LEARN], X[JUDGE], Y[JUDGE], a)[0], penalties)
    np.testing.assert_allclose(slope * penalties, differences * penalties, rtol=1e-6, atol=1e-6 * np.abs(slope * penalties).max())


def logistic(c):
    """Scikit-learn's logistic regression, its held-out log loss, and that by C through the implicit function theorem."""
    label = (Y > 140).astype(int)
    model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X[LEARN], label[LEARN])
    learn, judge = (np.column_stack([X[part], np.ones(150)]) for part in (LEARN, JUDGE))
    weights = np.append(model.coef_[0], model.intercept_)
    chance, judged = (1 / (1 + np.exp(-rows @ weights)) for rows in (learn, judge))
    held = np.append(np.ones(10), 0.0)  # the intercept is not penalised
    slope = implicit_gradient(
        lambda v: learn.T @ (chance * (1 - chance) * (learn @ v)) + held * v / c,
        judge.T @ (judged - label[JUDGE]) / 150,
        lambda v: np.array([-(v @ (held * weights)) / c**2]),
    )
    return log_loss(label[JUDGE], judged), float(slope[0])


@pytest.mark.parametrize("c", [0.01, 1.0])
def test_the_implicit_gradient_is_that_of_differences_of_whole_fits(c):
    assert logistic(c)[1] == pytest.approx(float(slope_of(lambda c: logistic(float(c))[0], c, 1e-3)), rel=1e-6)


def test_the_implicit_gradient_agrees_with_the_closed_form():
    penalties = np.logspace(0, 2, 10)
    rows, mean = X[LEARN] - X[LEARN].mean(axis=0), Y[LEARN].mean()
    hessian = rows.T @ rows + np.diag(penalties)
    weights = np.linalg.solve(hessian, rows.T @ (Y[LEARN] - mean))
    judged = X[JUDGE] - X[LEARN].mean(axis=0)
    outer = 2 * judged.T @ (judged @ weights + mean - Y[JUDGE]) / 150

    found = implicit_gradient(lambda v: hessian @ v, outer, lambda v: v * weights, direct=np.full(10, 0.5))

    closed = ridge_held_out(X[LEARN], Y[LEARN], X[JUDGE], Y[JUDGE], penalties)[1]
    np.testing.assert_allclose(found, 0.5 + closed, rtol=1e-8)


def test_no_minimum_has_no_gradient():
    with pytest.raises(MetricError, match="no strict minimum"):
        implicit_gradient(lambda v: np.array([1.0, -1.0]) * v, [1.0, 1.0], lambda v: v)


def test_a_flat_validation_loss_is_flat():
    assert implicit_gradient(lambda v: v, np.zeros(2), lambda v: v).tolist() == [0.0, 0.0]


def test_few_iterations_give_what_they_have_found():
    scale = np.array([1.0, 10.0, 100.0])
    errors = [
        np.abs(implicit_gradient(lambda v: scale * v, np.ones(3), lambda v: v, iterations=count) + 1 / scale).max()
        for count in (0, 1, 2, 3)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 1e-12 < errors[2]
