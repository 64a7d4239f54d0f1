import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import betaln

from tunewright.analysis.chances import told

NAN = np.nan


def tables(number, chance, first=0):
    """Tables of 20 configurations that all fail with this chance: raced, so that each goes on in 10 cells until it failed."""
    for seed in range(first, first + number):
        failed = (np.random.default_rng([3, seed]).random((20, 10)) < chance).astype(float)
        failed[0, 0] = 1.0  # that there is one
        before = np.cumsum(failed, axis=1) - failed
        yield np.where(before > 0, np.nan, failed)


def test_the_posterior_is_that_of_the_beta_binomial_model():
    """Against integrals over the mean, by its arcsine, and the logarithm of the concentration."""
    table = np.array([[0, 0, 0, 1, 0], [0, 1, NAN, NAN, NAN], [0, 0, 0, 0, 0], [1, NAN, NAN, NAN, NAN]], float)
    k, n = np.array([1, 1, 0, 1]), np.array([5, 2, 5, 1])

    def weight(angle, log, extra):
        mean, concentration = np.sin(angle) ** 2, np.exp(log)
        a, b = mean * concentration, (1 - mean) * concentration
        return np.exp((betaln(k + a, n - k + b) - betaln(a, b)).sum()) * (a / (a + b + 5) if extra else 1.0)

    span = (np.log(0.5), np.log(2000.0), 1e-9, np.pi / 2 - 1e-9)
    whole = integrate.dblquad(weight, *span, args=(False,), epsabs=1e-10)[0]
    expected = integrate.dblquad(weight, *span, args=(True,), epsabs=1e-10)[0] / whole

    assert told(table, 0.0, 2).mean == pytest.approx(expected, rel=0.03)


def test_where_all_are_surely_alike_everyone_is_worth_the_mean_of_all():
    table = np.tile(np.repeat([1.0, 0.0], [60, 240]), (40, 1))
    found = told(table, 0.0, 3)

    assert found.mean == pytest.approx(0.2, abs=1e-9)
    assert found.low < 0.2 < found.high
    assert found.high - found.low < 2 * 3.92 * np.sqrt(0.16 / 300)


@pytest.mark.parametrize("one", [-1.0, 100.0, -0.25, 1e140])
def test_whatever_stands_for_one_it_is_the_same_in_that_unit(one):
    table = next(tables(1, 0.3))
    plain, scaled = told(np.sign(one) * table, 0.0, 4), told(one * table, 0.0, 4)

    assert np.array(scaled) / abs(one) == pytest.approx(np.array(plain))
    assert min(0.0, one) <= scaled.low <= scaled.mean <= scaled.high <= max(0.0, one)


def test_luck_is_taken_off_and_never_added():
    table = next(tables(1, 0.3))

    for trial in range(len(table)):
        assert told(table, 0.0, trial).mean >= np.nanmean(table[trial])
        assert told(-(1 - table), 0.0, trial).mean >= np.nanmean(-(1 - table[trial]))


def test_folds_that_share_rows_say_less():
    table = next(tables(1, 0.3))

    assert told(table, 0.25, 1).deviation > told(table, 0.0, 1).deviation


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
def test_who_never_failed_in_a_race_is_no_certainty(chance):
    """30 races of configurations that are all alike: 95 % of the intervals should hold; that fewer than 20 do has the probability below."""
    held = 0
    for table in tables(30, chance):
        best = int(np.lexsort((-np.isfinite(table).sum(axis=1), np.nanmean(table, axis=1)))[0])
        found = told(table, 0.0, best)
        held += found.low <= chance <= found.high

    assert stats.binom.cdf(19, 30, 0.95) < 1e-6
    assert held >= 20
