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


def refitted(rows, targets, alpha):
    """The leave-one-out error and its derivative from n fits, each well conditioned, also for fewer rows than features."""
    value, slope = 0.0, 0.0
    for i in range(len(rows)):
        kept = np.delete(np.arange(len(rows)), i)
        middle, mean = rows[kept].mean(axis=0), targets[kept].mean()
        basis = np.linalg.svd(rows[kept] - middle)[2][: len(kept) - 1]  # the kernel without the direction that centring takes
        learn, judge = (rows[kept] - middle) @ basis.T, (rows[i] - middle) @ basis.T
        inner = np.linalg.inv(learn.T @ learn + alpha * np.eye(len(basis)))
        weights = inner @ learn.T @ (targets[kept] - mean)
        error = targets[i] - mean - judge @ weights
        value, slope = value + error**2 / len(rows), slope + 2 * error * (judge @ inner @ weights) / len(rows)
    return value, slope


@pytest.mark.parametrize("alpha", [1e-14, 1e-10, 1e-6, 1e-2, 1e3, 1e8])
def test_leave_one_out_keeps_its_derivative_where_features_fit_all_rows(alpha):
    assert ridge_leave_one_out(X[:8], Y[:8], alpha) == pytest.approx(refitted(X[:8], Y[:8], alpha), rel=1e-8)


@pytest.mark.parametrize("alpha", [1e-12, 1e-3, 10.0])
def test_leave_one_out_with_a_row_that_alone_has_a_feature(alpha):
    rows = np.column_stack([X[:30, 0], np.eye(30)[3]])

    assert ridge_leave_one_out(rows, Y[:30], alpha) == pytest.approx(refitted(rows, Y[:30], alpha), rel=1e-8)


@pytest.mark.parametrize("features", [1, 10])
def test_targets_may_be_one_column(features):
    rows = X[:, :features]
    for penalty in (1.0, np.ones(features)):
        flat = ridge_held_out(rows[LEARN], Y[LEARN], rows[JUDGE], Y[JUDGE], penalty)
        column = ridge_held_out(rows[LEARN], Y[LEARN, None], rows[JUDGE], Y[JUDGE, None], penalty)
        assert column[0] == flat[0]
        assert column[1].shape == (features,)
        np.testing.assert_array_equal(column[1], flat[1])
    assert ridge_leave_one_out(rows, Y[:, None], 1.0) == ridge_leave_one_out(rows, Y, 1.0)


HOLE = np.where(np.arange(150) == 7, np.nan, Y[LEARN])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"y": Y[:149]}, r"X and y must have shapes.*\(150, 10\) and \(149,\)"),
        ({"y": np.ones((150, 2))}, r"\(150, 2\)"),
        ({"X": Y[LEARN]}, r"\(150,\) and"),
        ({"y_test": Y[:3]}, r"X_test and y_test must have shapes"),
        ({"X_test": X[JUDGE, :4]}, "X has 10 columns, X_test 4"),
        ({"penalties": np.ones(3)}, r"shape \(10,\), got shape \(3,\)"),
        ({"penalties": 0.0}, "penalties must be above 0, got 0"),
        ({"penalties": np.arange(10.0) - 2}, "penalties must be above 0, got -2"),
        ({"penalties": np.nan}, "penalties: 1 of 1"),
        ({"y": HOLE}, "X and y: 1 of 150 numbers are NaN"),
        ({"X_test": np.full((150, 10), np.inf)}, "X_test and y_test: 1500 of 1500"),
    ],
)
def test_what_held_out_ridge_cannot_use_is_named(given, said):
    usual = {"X": X[LEARN], "y": Y[LEARN], "X_test": X[JUDGE], "y_test": Y[JUDGE], "penalties": 1.0}
    with pytest.raises(MetricError, match=said):
        ridge_held_out(**usual | given)


@pytest.mark.parametrize(
    ("rows", "targets", "alpha", "said"),
    [
        (X, Y[:5], 1.0, r"\(442, 10\) and \(5,\)"),
        (X, Y, 0.0, "alpha must be above 0"),
        (X, Y, -1.0, "alpha must be above 0"),
        (X, Y, np.inf, "alpha: 1 of 1"),
        (X, Y, [1.0, 2.0], r"one number, got shape \(2,\)"),
        (X[:150], HOLE, 1.0, "NaN"),
        (X[:1], Y[:1], 1.0, "at least 2"),
    ],
)
def test_what_leave_one_out_cannot_use_is_named(rows, targets, alpha, said):
    with pytest.raises(MetricError, match=said):
        ridge_leave_one_out(rows, targets, alpha)


@pytest.mark.parametrize("scale", [1e-320, 1e-170, 1.0, 1e200, 1e307])
def test_the_implicit_gradient_has_no_scale(scale):
    hessian = np.array([[2.0, 0.5], [0.5, 1.0]])

    found = implicit_gradient(lambda v: hessian @ v, [scale, 2 * scale], lambda v: v)

    np.testing.assert_allclose(found / scale, [0.0, -2.0], atol=1e-3 if scale < 1e-300 else 1e-9)  # hardly any digits down there


def test_what_is_not_finite_is_not_blamed_on_the_hessian():
    with pytest.raises(MetricError, match="outer_gradient: 1 of 2 numbers are NaN"):
        implicit_gradient(lambda v: v, [1.0, np.nan], lambda v: v)
    with pytest.raises(MetricError, match="what hvp returns: 2 of 2"):
        implicit_gradient(lambda v: v * np.inf, [1.0, 1.0], lambda v: v)
    with pytest.raises(MetricError, match=r"hvp must return shape \(2,\).*got \(2, 1\)"):
        implicit_gradient(lambda v: v[:, None], [1.0, 1.0], lambda v: v)
    with pytest.raises(MetricError, match=r"outer_gradient must have shape \(p,\), got \(1, 2\)"):
        implicit_gradient(lambda v: v, [[1.0, 1.0]], lambda v: v)
