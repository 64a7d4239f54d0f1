import numpy as np
import pytest

from tunewright.analysis.winner import shrunk
from tunewright.effects import effects

RNG = np.random.default_rng(0)


def scores(n=40, m=10, between=0.03, cells=0.05, noise=0.01, rng=RNG):
    a, b = between * rng.standard_normal(n), cells * rng.standard_normal(m)
    return 1 + a[:, None] + b + noise * rng.standard_normal((n, m)), 1 + a, b - b.mean()


def test_a_whole_table_keeps_its_means_and_tells_folds_from_chance():
    table, _, folds = scores()

    found = effects(table)

    assert found.values == pytest.approx(table.mean(axis=1))
    assert found.cells == pytest.approx(folds, abs=0.01)  # noise 0.01 / sqrt(40): more than 6 sigma
    assert found.noise**0.5 == pytest.approx(0.01, rel=0.4)  # 351 degrees of freedom: more than 6 sigma
    assert found.variances == pytest.approx(found.noises / 10)
    assert np.median(found.noises) == pytest.approx(found.noise, rel=0.3)


def test_what_met_an_easy_fold_only_is_not_taken_for_good():
    table, truth, folds = scores()
    easy = int(np.argmin(folds))
    table[1, np.arange(10) != easy] = np.nan

    found = effects(table)

    assert found.values[1] - truth[1] == pytest.approx(0, abs=0.08)  # 6 sigma of the noise, and of the estimated folds
    assert table[1, easy] < truth[1] - 0.02
    assert found.variances[1] > 5 * found.variances[0]


def test_stopping_by_a_rule_that_looks_does_not_bias_the_folds():
    bias = []
    for seed in range(30):
        table, _, folds = scores(n=200, m=4, noise=0.03, rng=np.random.default_rng(seed))
        table[table[:, 0] > 0.99 + folds[0], 1:] = np.nan  # those with bad luck on the first fold get no second one
        bias.append(effects(table).cells - folds)

    assert np.abs(np.mean(bias, axis=0)).max() < 0.006  # a plain difference of fold means is off by more than 0.01


def test_overlapping_folds_are_worth_less_than_independent_ones():
    table, *_ = scores()

    assert effects(table, 0.25).variances[0] == pytest.approx(effects(table).noises[0] * (1 / 10 + 0.25))
    assert effects(table, 0.25).between < effects(table).between


def test_the_best_posterior_mean_is_not_the_luckiest_value():
    """Averages over 20 tables; half of the luck is more than 6 sigma away from the tenth or so that is left."""
    tables = [1 + 0.1 * np.random.default_rng(seed).standard_normal((50, 5)) for seed in range(20)]  # nothing but chance
    found = [effects(table) for table in tables]

    lucky, left = (1 - np.mean([getattr(each, name).min() for each in found]) for name in ("values", "posterior"))

    assert lucky > 0.08
    assert left < lucky / 2


@pytest.mark.parametrize(
    "table", [np.full((3, 2), np.nan), np.array([[1.0, np.nan], [np.nan, 2.0]]), np.empty((0, 0)), np.ones((4, 1))]
)
def test_where_nothing_can_be_told_apart_values_stay_as_they_are(table):
    found = effects(table)

    assert np.isnan(found.variances).all()
    assert found.values[np.isfinite(table).any(axis=1)] == pytest.approx(table[np.isfinite(table)])


def test_a_diverged_configuration_does_not_spoil_the_rest():
    table, *_ = scores()
    clean = effects(table)
    table[5] = 1e9

    assert effects(table).noise == pytest.approx(clean.noise, rel=0.2)


def test_equal_scores_are_no_division_by_zero():
    found = effects(np.ones((5, 4)))

    assert found.values == pytest.approx(np.ones(5))
    assert found.posterior == pytest.approx(np.ones(5))


def test_a_configuration_under_several_names_counts_once():
    table, *_ = scores(n=6, m=5)
    table[1, 3:] = np.nan
    once, many = effects(table), effects(np.repeat(table, [1, 2, 40, 1, 1, 1], axis=0))

    assert many.noise == pytest.approx(once.noise)
    assert many.cells == pytest.approx(once.cells)
    assert np.isfinite(once.variances).all()
    for name in ("values", "variances", "counts", "posterior", "spread", "noises", "freedom"):
        assert getattr(many, name) == pytest.approx(np.repeat(getattr(once, name), [1, 2, 40, 1, 1, 1]))


def test_few_cells_tell_little_of_the_noise():
    table, *_ = scores(n=60, m=10)
    freedom = [effects(part).freedom for part in (table[:3, :2], table[:3], table)]

    assert freedom[0] == pytest.approx(np.full(3, 2.0))  # six scores, three configurations, one difference of two folds
    assert freedom[1].max() <= 18
    assert freedom[2].min() >= 10


def test_the_last_digits_make_no_other_configuration():
    table, *_ = scores(n=6, m=5, rng=np.random.default_rng(0))
    many = np.concatenate([table, table[2] * (1 + 3e-16 * (np.arange(30)[:, None] % 3))])

    assert effects(many).noise == pytest.approx(effects(table).noise)


def test_a_noisy_bad_configuration_does_not_drown_the_folds_of_the_good_ones():
    rng = np.random.default_rng(2)
    table, _, folds = scores(n=5, noise=0.01, rng=rng)
    table[4] = 3 + rng.standard_normal(10)

    found = effects(table)

    assert found.cells == pytest.approx(folds, abs=0.06)  # its own deviations are up to 2
    assert found.noises[4] > 20 * found.noise


@pytest.mark.parametrize("cells", [1, 4])
def test_losses_at_the_end_of_the_floats_stay_what_they_are(cells):
    signs = np.resize([1.0, -1.0], (6, 1))
    for losses in (np.full((6, cells), 1.7e308), signs * np.full((6, cells), 1.7e308)):
        found = effects(losses if cells == 1 else np.where(np.arange(cells) < 3, losses, np.nan)[:2])

        assert found.values == pytest.approx(losses[: len(found.values), 0])  # and NumPy warned of nothing
        assert abs(found.mean) == pytest.approx(abs(2 * np.median(losses[: len(found.values), 0] / 2)))


def test_a_small_loss_beside_a_huge_one_keeps_its_digits():
    assert effects(np.array([[1e-300, 3e-300], [1.7e308, 1.7e308]])).values.tolist() == [2e-300, 1.7e308]


@pytest.mark.parametrize("cells", [4, 7])
def test_who_agrees_with_another_on_all_that_both_met_is_worth_the_same(cells):
    row = 0.9 + 0.05 * np.random.default_rng(1).random(cells)
    table = np.array([np.where(np.arange(cells) < met, row, np.nan) for met in (cells, cells - 1, cells - 1, 2, 1)])

    for apart in (0.0, 0.01):  # two groups
        found = effects(np.concatenate([table, table + apart]))

        assert len(set(found.values[:5])) == len(set(found.values[5:])) == 1
        assert found.values == pytest.approx(row.mean() + apart * np.repeat([0, 1], 5))
        assert len(set(found.posterior[:5])) == 1


def test_two_configurations_are_compared_where_both_were():
    """The worse one missed the hard fold."""
    folds = np.array([0.1, 0.2, 0.15, 0.1, 0.2, 0.9])
    found = effects(np.stack([folds, np.where(np.arange(6) < 5, folds + 0.01, np.nan)]))

    assert found.values == pytest.approx([folds.mean(), folds.mean() + 0.01])
    assert np.isnan(found.variances).all()


def test_who_shares_no_cell_with_anybody_keeps_the_mean():
    found = effects(np.array([[1.0, 3.0, np.nan, np.nan], [np.nan, np.nan, 7.0, np.nan]]))

    assert found.values == pytest.approx([2.0, 7.0])


def test_the_order_of_summing_makes_nobody_better():
    found = effects(np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.3, 0.1], [0.3, 0.1, 0.2]]))

    assert len({np.mean([0.1, 0.2, 0.3]), np.mean([0.3, 0.2, 0.1])}) == 2
    assert len(set(found.values)) == len(set(found.posterior)) == 1


def best_of(table):
    """What the best of these configurations is expected to be worth, with its bounds."""
    found = effects(table)
    return shrunk(found, int(np.nanargmin(found.posterior)))[:3]


@pytest.mark.parametrize(("sigma", "least"), [(0.0, 33), (0.5, 30), (0.8, 24)])
def test_skewed_noise_does_not_make_the_luckiest_the_surest(sigma, least):
    """40 tables of configurations that are all alike, 20 on 8 cells, normal and log-normal noise. The seeds are fixed; over 100 tables 96, 89 and 79 intervals
    hold, and without the skewness 95, 52 and 21.
    """
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        table = rng.lognormal(0.0, sigma, (20, 8)) - np.exp(sigma**2 / 2) if sigma else rng.standard_normal((20, 8))
        _, low, high = best_of(table)
        held += low <= 0 <= high

    assert held >= least


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_ten_successes_in_a_row_are_no_certainty(chance, sign):
    """40 tables of 20 configurations that all fail with this chance, in 10 cells. Over 60 tables 88 and 98 % of the intervals hold at 0.05 and 0.2; with a variance
    of 0 for the lucky ones 0 and 21 % did so.
    """
    held = 0
    for seed in range(40):
        failed = (np.random.default_rng(seed).random((20, 10)) < chance).astype(float)
        _, low, high = best_of(failed if sign == 1 else failed - 1)
        held += low <= (chance if sign == 1 else chance - 1) <= high

    assert held >= 30


@pytest.mark.parametrize("whole", [100.0, -100.0, 0.5, 3e149])
def test_successes_in_percent_are_chances_too(whole):
    """Whatever stands for one: the same as of zeros and ones, in that unit."""
    failed = (np.random.default_rng(0).random((20, 10)) < 0.2).astype(float)
    plain, scaled = effects(np.sign(whole) * failed), effects(whole * failed)

    assert scaled.chances
    for name in ("values", "posterior", "spread", "cells", "mean"):
        assert getattr(scaled, name) / abs(whole) == pytest.approx(getattr(plain, name))
    for name in ("variances", "noises", "noise", "between", "covariance"):
        assert getattr(scaled, name) / whole**2 == pytest.approx(getattr(plain, name))


def test_rounding_does_not_make_a_sure_success_a_chance():
    table = np.repeat([[0.1], [0.0], [0.1], [0.0]], 6, axis=1)
    table[0, 4:] = np.nan

    assert table[2].sum() / 6 < 0.1  # by the rounding of the sum
    assert not effects(table).chances


def test_a_failure_among_successes_is_no_divergence():
    """Most configurations never failed: the median, and the best tenth, are 0."""
    table = np.zeros((9, 6))
    table[0, 0] = table[1, 3] = 1.0

    found = effects(table)

    assert found.noise > 0
    assert found.values[0] == pytest.approx(1 / 6)
    assert 0 < found.posterior[2] < 1 / 6


def test_a_perfect_score_on_every_fold_is_no_certainty():
    """Scores that end at 0, on 2 to 5 of 5 cells: of 100 tables 79 intervals hold what all are worth; by the noise of the best alone, which is often none, 46.
    The seeds are fixed.
    """
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        whole = np.maximum(0.0, 0.01 + 0.02 * rng.standard_normal((25, 5)))
        truth = float(np.maximum(0.0, 0.01 + 0.02 * rng.standard_normal(100_000)).mean())
        met = np.arange(5) < rng.integers(2, 6, 25)[:, None]
        _, low, high = best_of(np.where(met, whole, np.nan))
        held += low <= truth <= high

    assert held >= 22


def test_zeros_and_ones_that_coincide_are_not_one_configuration():
    """200 configurations that fail once in ten have some 14 different rows of five; what all are worth is the mean of the 200."""
    table = (np.random.default_rng(0).random((200, 5)) < 0.1).astype(float)

    found = effects(table)

    assert found.mean == pytest.approx(table.mean(), abs=0.03)
    assert best_of(table)[0] == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("diverged", [1, 3, 5])
def test_diverged_cells_leave_the_luck_of_the_others_what_it_is(diverged):
    """40 tables of 20 configurations that are all alike; of 100 such intervals some 90 hold, as without a divergence. They were 8 to 40."""
    held = 0
    for seed in range(40):
        table = np.random.default_rng(seed).normal(size=(20, 8))
        table[:diverged, 2] = 1e6
        _, low, high = best_of(table)
        held += low <= 0 <= high

    assert held >= 31
