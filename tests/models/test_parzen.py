import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, truncnorm

from tunewright.models.parzen import Axes, Parzen, Product, _cell_masses, bandwidths, ramp
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, SearchSpace
from tunewright.typing import Array

MIXED = SearchSpace(
    {
        "x": Float(-2, 3),
        "lr": Float(1e-5, 1e-1, log=True),
        "opt": Categorical(("a", "b", "c")),
        "depth": Int(1, 7),
        "rate": Float(0, 1, step=0.25),
        "size": Ordinal(("S", "M", "L", "XL")),
        "skip": Bool(prior=0.7),
        "units": Int(1, 300, log=True),
        "many": Int(0, 5000),
    }
)


def axes_of(space: SearchSpace) -> Axes:
    return Axes(space, space.names)


def points_of(space: SearchSpace, rows: Array) -> Array:
    return axes_of(space).points(rows, space.to_unit(rows))


def parzen(space: SearchSpace, n: int, seed: int = 0) -> Parzen:
    rows = space.sample_rows(np.random.default_rng(seed), n)
    return Parzen(axes_of(space), points_of(space, rows), ramp(n))


def every(space: SearchSpace) -> Array:
    """Every configuration of a finite space, as points."""
    return points_of(space, space.rows(list(space.grid(10_000))))


def normals(centers: list[float], kernels: int) -> list[tuple[float, float]]:
    """Center and bandwidth of each kernel and of the prior, written out as in the papers."""
    found = []
    for center in centers:
        left = [center - other for other in centers if other < center]
        right = [other - center for other in centers if other > center]
        gaps = ([min(left)] if left else []) + ([min(right)] if right else [])
        found.append((center, min(1.0, max(*gaps, 1 / min(100, 1 + kernels)))))
    return [*found, (0.5, 1.0)]


def test_a_line_is_a_mixture_of_truncated_normals() -> None:
    space = SearchSpace({"x": Float(0, 1)})
    centers, at = [0.1, 0.5, 0.55, 0.9], np.linspace(0, 1, 41)
    weights = np.array([1.0, 2.0, 0.5, 1.5])

    found = Parzen(axes_of(space), np.array(centers)[:, None], weights).log_density(at[:, None])

    shares = np.append(weights, 1.0) / 6.0
    kinds = normals(centers, 5)
    exact = sum(w * truncnorm.pdf(at, -mu / s, (1 - mu) / s, loc=mu, scale=s) for w, (mu, s) in zip(shares, kinds, strict=True))
    assert np.allclose(found, np.log(exact), rtol=0, atol=1e-12)


def test_a_ladder_has_the_mass_of_its_cells() -> None:
    space = SearchSpace({"depth": Int(1, 7)})
    centers = [0.5 / 7, 4.5 / 7, 5.5 / 7]

    found = Parzen(axes_of(space), np.array(centers)[:, None], np.ones(3)).log_density(every(space))

    kinds = normals(centers, 4)
    edges = np.arange(8) / 7
    exact = sum(np.diff(truncnorm.cdf(edges, -mu / s, (1 - mu) / s, loc=mu, scale=s)) for mu, s in kinds) / 4
    assert np.allclose(np.exp(found), exact, rtol=1e-12)


def test_a_choice_has_the_smoothed_weights() -> None:
    space = SearchSpace({"opt": Categorical(("a", "b", "c"), prior=(0.5, 0.3, 0.2))})

    found = np.exp(Parzen(axes_of(space), np.array([[0.0], [0.0], [2.0]]), np.ones(3)).log_density(np.arange(3.0)[:, None]))

    prior, s = np.array([0.5, 0.3, 0.2]), 3 / 4
    exact = (2 * (s * prior + np.eye(3)[0]) / (s + 1) + (s * prior + np.eye(3)[2]) / (s + 1) + prior) / 4
    assert np.allclose(found, exact, rtol=1e-14)


def test_the_kernels_are_products() -> None:
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    seen, at = np.array([[0.1, 0.8], [0.7, 0.2], [0.4, 0.3]]), np.array([[0.3, 0.6], [0.9, 0.9]])

    found = Parzen(axes_of(space), seen, np.ones(3)).log_density(at)

    kernels = [normals(seen[:, j].tolist(), 4) for j in range(2)]
    exact = [
        sum(
            math.prod(
                truncnorm.pdf(x[j], -mu / s, (1 - mu) / s, loc=mu, scale=s)
                for j, (mu, s) in ((0, kernels[0][k]), (1, kernels[1][k]))
            )
            for k in range(4)
        )
        / 4
        for x in at
    ]
    assert np.allclose(np.exp(found), exact, rtol=1e-12)


def test_a_product_multiplies_the_densities_of_its_blocks() -> None:
    axes, rng = axes_of(MIXED), np.random.default_rng(0)
    names = [["lr", "opt", "many"], ["x"], ["depth", "skip", "rate", "size", "units"]]
    blocks = [Axes(MIXED, block) for block in names]
    rows, others = MIXED.sample_rows(rng, 30), MIXED.sample_rows(rng, 9)

    product = Product(axes, blocks, points_of(MIXED, rows), ramp(30), stands_for=50)

    def of(block: Axes, rows: Array) -> Array:
        return block.points(rows, MIXED.to_unit(rows))

    single = [Parzen(block, of(block, rows), ramp(30), stands_for=50).log_density(of(block, others)) for block in blocks]
    assert np.allclose(product.log_density(points_of(MIXED, others)), np.sum(single, axis=0))


def test_blocks_of_a_product_are_drawn_each_by_itself() -> None:
    space = SearchSpace({name: Float(0, 1) for name in "abc"})
    blocks = [Axes(space, ["b"]), Axes(space, ["a", "c"])]
    points = np.repeat([[0.1, 0.1, 0.1], [0.9, 0.9, 0.9]], 100, axis=0)

    drawn = Product(axes_of(space), blocks, points, np.ones(200)).sample(np.random.default_rng(0), 4000) > 0.5

    # nearly all draws are within 0.05 of a kernel, so a and c agree, and b with either in one case of two; its deviation is 0.008
    assert (drawn[:, 0] == drawn[:, 2]).mean() > 0.98
    assert abs((drawn[:, 0] == drawn[:, 1]).mean() - 0.5) < 0.05  # 6 sigma: fails by chance less than once in 1e8 runs


@pytest.mark.parametrize("n", [0, 1, 2, 30, 300])
def test_probabilities_add_up_to_one(n: int) -> None:
    space = SearchSpace(
        {name: MIXED.parameters[name] for name in ("opt", "depth", "size", "skip", "units")} | {"units": Int(1, 40, log=True)}
    )

    assert np.exp(parzen(space, n).log_density(every(space))).sum() == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_densities_integrate_to_one(n: int) -> None:
    mixture = parzen(SearchSpace({"lr": Float(1e-5, 1e-1, log=True)}), n)

    total = quad(lambda u: math.exp(mixture.log_density(np.array([[u]]))[0]), 0, 1, limit=500)[0]

    assert total == pytest.approx(1.0, abs=1e-6)


def test_fine_cells_are_taken_for_a_line() -> None:
    fine, exact = SearchSpace({"many": Int(0, 1999)}), axes_of(SearchSpace({"many": Int(0, 1999)}))
    mixture = parzen(fine, 50)
    assert exact.lines == 1

    total = np.exp(mixture.log_density(every(fine))).sum() / 2000  # the density is per unit, a cell is 1/2000

    assert total == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("n", [1, 40])
def test_draws_follow_the_density(n: int) -> None:
    draws = 20_000
    space = SearchSpace({"x": Float(0, 1), "depth": Int(1, 5), "opt": Categorical(("a", "b", "c")), "units": Int(1, 6, log=True)})
    mixture = parzen(space, n)
    drawn = mixture.sample(np.random.default_rng(1), draws)
    cells = SearchSpace({name: parameter for name, parameter in space.parameters.items() if name != "x"})

    seen = points_of(space, space.sample_rows(np.random.default_rng(0), n))
    marginal = Parzen(axes_of(cells), seen[:, 1:], ramp(n))
    table = every(cells)
    expected = np.exp(marginal.log_density(table))
    found = np.array([(np.abs(drawn[:, 1:] - point) < 1e-9).all(axis=1).mean() for point in table])
    line = Parzen(axes_of(SearchSpace({"x": Float(0, 1)})), seen[:, :1], ramp(n))
    grid = (np.arange(2000) + 0.5) / 2000
    distribution = np.cumsum(np.exp(line.log_density(grid[:, None]))) / 2000
    below = np.searchsorted(np.sort(drawn[:, 0]), grid + 0.5 / 2000) / draws

    assert found.sum() == pytest.approx(1.0)
    # Hoeffding for each of 90 cells, and Dvoretzky, Kiefer, Wolfowitz and Massart for the line: odds of 2e-7 and 2e-9 (all seeds fixed)
    assert np.abs(found - expected).max() < math.sqrt(math.log(2 / 2e-9) / (2 * draws))
    assert np.abs(below - distribution).max() < math.sqrt(math.log(2 / 2e-9) / (2 * draws)) + 1e-3


def test_points_and_unit_numbers_are_two_forms_of_one_row() -> None:
    rows = MIXED.sample_rows(np.random.default_rng(3), 200)
    axes = axes_of(MIXED)

    points = axes.points(rows, MIXED.to_unit(rows))

    assert np.allclose(MIXED.from_unit(axes.unit(points)), rows, rtol=1e-12)
    inside = points[:, axes.lines : axes.lines + axes.ladders]
    assert np.allclose(axes.snap(inside), inside, atol=1e-12)
    low, high = axes.edges(inside)
    assert np.all((low < inside) & (inside < high))
    assert np.all((low > -1e-12) & (high < 1 + 1e-12))


def test_draws_are_values_of_the_space() -> None:
    mixture, axes = parzen(MIXED, 60), axes_of(MIXED)

    drawn = mixture.sample(np.random.default_rng(0), 500)

    rows = MIXED.from_unit(axes.unit(drawn))
    assert all(MIXED.validate(MIXED.params(row)) == MIXED.params(row) for row in rows)
    snapped = axes.points(rows, MIXED.to_unit(rows))
    fine = MIXED.names.index("many")
    assert np.allclose(np.delete(snapped, fine - 6, axis=1), np.delete(drawn, fine - 6, axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("parameter", "center", "spread"),
    [
        (Float(1e-5, 1, log=True, prior=Normal(1e-3, 0.1)), 0.4, 0.1),
        (Int(1, 10, prior=Normal(4, 0.2)), 0.35, 0.2),
        (Float(0, 1, step=0.1, prior=Normal(0.5, 0.3)), 0.5, 0.3),
        (Ordinal(("S", "M", "L"), prior=(1, 2, 1)), 0.5, math.sqrt(0.5 / 9 + 1 / 108)),
        (Float(0, 1), 0.5, 1.0),
        (Float(0, 1, prior=Normal(0.5, 1e-9)), 0.5, 1e-4),
    ],
)
def test_the_prior_is_one_kernel(parameter: Float, center: float, spread: float) -> None:
    axes = axes_of(SearchSpace({"p": parameter}))

    assert axes.centers[0] == pytest.approx(center)
    assert axes.spreads[0] == pytest.approx(spread)


def test_with_nothing_seen_the_density_is_the_prior() -> None:
    space = SearchSpace({"x": Float(0, 1, prior=Normal(0.2, 0.1)), "skip": Bool(prior=0.7)})
    at = np.array([[0.3, 1.0], [0.9, 0.0]])

    found = Parzen(axes_of(space), np.empty((0, 2)), np.empty(0)).log_density(at)

    line = truncnorm.logpdf(at[:, 0], -2, 8, loc=0.2, scale=0.1)
    assert np.allclose(found, line + np.log([0.7, 0.3]), rtol=1e-12)


def test_far_from_everything_the_logarithm_is_finite_and_falls() -> None:
    space = SearchSpace({"x": Float(0, 1, prior=Normal(0.1, 1e-3)), "depth": Int(1, 200, prior=Normal(2, 1e-3))})
    points = np.column_stack([np.full(400, 0.1), np.full(400, 0.5 / 200)])
    mixture = Parzen(axes_of(space), points, ramp(400))
    at = np.column_stack([np.linspace(0.2, 1, 30), (np.linspace(20, 199, 30).astype(int) + 0.5) / 200])

    found = mixture.log_density(at)

    assert np.isfinite(found).all()
    assert np.all(np.diff(found) < 0)


def test_the_tail_of_a_cell_is_near_its_exact_mass() -> None:
    low = np.arange(50) / 50

    found = _cell_masses(low, low + 0.02, np.array([0.01, 0.5]), np.array([0.01, 0.02]))

    for row, (mu, sigma) in zip(found, ((0.01, 0.01), (0.5, 0.02)), strict=True):
        z = np.maximum(low - mu, mu - low - 0.02) / sigma  # what is beyond the far end of the cell is nothing beside this
        near = np.abs(z) < 8.0
        exact = np.where(
            low > mu,
            norm.sf(low, mu, sigma) - norm.sf(low + 0.02, mu, sigma),
            np.diff(norm.cdf([low, low + 0.02], mu, sigma), axis=0)[0],
        )
        assert np.allclose(row[near], np.log(exact[near]), atol=1e-9)
        assert np.allclose(row[~near], norm.logsf(z[~near]), rtol=0.03)


def test_bandwidths_are_the_distance_to_the_farther_neighbour() -> None:
    mu = np.array([[0.5, 0.1, 0.2, 0.9]])

    found, order = bandwidths(mu, 200)

    assert order.tolist() == [[1, 2, 0, 3]]
    assert np.allclose(found, [[0.4, 0.1, 0.3, 0.4]])  # at the ends the bounds do not count


@pytest.mark.parametrize(("mu", "expected"), [(0.3, 0.7), (0.9, 0.9)])
def test_a_lonely_kernel_reaches_to_the_farther_bound(mu: float, expected: float) -> None:
    assert bandwidths(np.array([[mu]]), 2)[0][0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(("kernels", "least"), [(4, 0.2), (99, 0.01), (5000, 0.01)])
def test_bandwidths_have_a_least(kernels: int, least: float) -> None:
    assert np.allclose(bandwidths(np.full((2, 5), 0.3), kernels)[0], least)


def test_the_latest_weigh_most() -> None:
    assert ramp(24).tolist() == [1.0] * 24
    assert np.allclose(ramp(27), [1 / 27, *[1.0] * 26])
    weights = ramp(200)
    assert weights[0] == pytest.approx(1 / 200)
    assert np.all(np.diff(weights) >= 0)
    assert weights[-25:].tolist() == [1.0] * 25


def test_an_even_selection_with_larger_weights_stands_for_all() -> None:
    space = SearchSpace({"x": Float(0, 1), "opt": Categorical(("a", "b"))})
    rng = np.random.default_rng(0)
    points = points_of(space, space.sample_rows(rng, 8000))
    points[:, 0] = np.sort(points[:, 0] ** 2)
    at = points_of(space, space.sample_rows(rng, 100))

    every_point = Parzen(axes_of(space), points, np.ones(8000)).log_density(at)
    selected = Parzen(axes_of(space), points[::8], np.full(1000, 8.0), stands_for=8000).log_density(at)

    # about ten of the selected kernels reach each place
    assert abs(np.mean(selected - every_point)) < 0.1
    assert np.median(np.abs(selected - every_point)) < 0.3


@pytest.mark.parametrize("n", [0, 1, 7, 60, 300])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_density_that_optuna_has(n: int, seed: int) -> None:
    optuna = pytest.importorskip("optuna")
    reference = pytest.importorskip("optuna.samplers._tpe.parzen_estimator")
    space = SearchSpace({name: MIXED.parameters[name] for name in ("x", "lr", "opt", "depth", "rate")})
    observed = space.sample_rows(np.random.default_rng(seed), n)
    at = space.sample_rows(np.random.default_rng(seed + 100), 50)
    named = {name: observed[:, j] for j, name in enumerate(space.names)}
    theirs = reference._ParzenEstimator(
        named,
        {
            "x": optuna.distributions.FloatDistribution(-2, 3),
            "lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
            "opt": optuna.distributions.CategoricalDistribution(("a", "b", "c")),
            "depth": optuna.distributions.IntDistribution(1, 7),
            "rate": optuna.distributions.FloatDistribution(0, 1, step=0.25),
        },
        reference._ParzenEstimatorParameters(
            prior_weight=1.0, consider_magic_clip=True, consider_endpoints=False, weights=ramp, multivariate=True
        ),
    )

    ours = Parzen(axes_of(space), points_of(space, observed), ramp(n)).log_density(points_of(space, at))
    expected = theirs.log_pdf({name: at[:, j] for j, name in enumerate(space.names)})

    # theirs are densities per unit of x and of ln(lr), ours per range
    assert np.allclose(ours, expected + math.log(5) + math.log(math.log(1e4)), rtol=0, atol=1e-8)
