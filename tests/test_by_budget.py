import numpy as np
import pytest

from tunewright.by_budget import effects_at_highest, effects_by_budget
from tunewright.effects import effects

RNG = np.random.default_rng(5)
FOLDS = np.array([0.0, 0.3, -0.2, 0.5, -0.6])


def studied(worth, noise, seed=0):
    return worth[:, None] + FOLDS + noise * np.random.default_rng(seed).standard_normal((len(worth), 5))


def test_one_budget_is_nothing_else_than_effects():
    table = studied(np.linspace(0, 1, 8), 0.1)

    for budgets in (None, np.full(8, 3.0)):
        found, plain = effects_by_budget(table, budgets, 0.25), effects(table, 0.25)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, plain, strict=True))


def test_each_budget_has_a_noise_of_its_own():
    low, high = studied(np.linspace(2, 3, 30), 1.0), studied(np.linspace(0, 1, 30), 0.01, seed=1)
    budgets = np.repeat([1.0, 9.0], 30)

    found = effects_by_budget(np.concatenate([low, high]), budgets, 0.0)

    assert found.noise == pytest.approx(0.01**2, rel=0.5)
    assert np.median(found.variances[:30]) > 100 * np.median(found.variances[30:])
    assert found.values[30:] == pytest.approx(effects(high, 0.0).values)
    assert found.values[:30] == pytest.approx(effects(low, 0.0).values)
    assert found.cells == pytest.approx(FOLDS - FOLDS.mean(), abs=0.02)
    assert (found.counts == 5).all()


def test_budgets_with_few_trials_are_taken_together():
    table = studied(RNG.random(12), 0.1)
    budgets = np.array([9.0] * 4 + [1, 2, 3, 4, 5, 6, 7, 8])

    found = effects_by_budget(table, budgets, 0.0)

    rest = effects(np.where(np.arange(12)[:, None] < 4, np.nan, table), 0.0)
    assert np.isfinite(found.variances).all()
    assert found.values[4:] == pytest.approx(rest.values[4:])


def test_who_met_nothing_has_no_value():
    table = studied(RNG.random(8), 0.1)
    table[3] = np.nan

    found = effects_by_budget(table, np.array([1.0, 1, 1, -np.inf, 9, 9, 9, 9]), 0.0)

    assert np.isnan(found.values[3])
    assert found.counts[3] == 0
    assert np.isfinite(np.delete(found.values, 3)).all()


def test_one_trial_at_the_top_says_what_the_folds_are():
    table = studied(RNG.random(7), 0.1)

    found = effects_by_budget(table, np.array([1.0] * 6 + [9]), 0.0)

    assert found.values[6] == pytest.approx(table[6].mean())
    assert np.isnan(found.noise)  # of one, chance is not told
    assert np.isfinite(found.variances[:6]).all()


def test_luck_is_taken_off_by_all_that_were_tried_and_not_by_those_at_the_top_alone():
    """Sixty of the same worth, of which the three luckiest were given more: their scores are luck."""
    lost = 0.0
    for seed in range(20):
        luck = studied(np.zeros(60), 0.1, seed)
        low, best = luck + 1.0, np.argsort(luck.mean(axis=1))[:3]
        table = low.copy()
        table[best] = luck[best]
        budgets = np.ones(60)
        budgets[best] = 9.0
        worth = table.mean(axis=1) - np.where(budgets == 1, 1.0, 0.0)

        known = effects_by_budget(table, budgets, 0.0)
        found = effects_at_highest(table, budgets, worth, known)

        first = best[0]
        assert found.values[first] == pytest.approx(table[first].mean(), abs=1e-9)
        assert found.posterior[first] > known.posterior[first] - 1e-9
        lost += float(found.posterior[first] - table[first].mean()) / 20
    assert lost > 0.06  # of about 0.1: the best of 60 means with a deviation of 0.045


def test_of_whom_nothing_tells_the_worth_nothing_is_told():
    table = studied(RNG.random(9), 0.1)
    budgets = np.array([1.0] * 5 + [9] * 4)
    known = effects_by_budget(table, budgets, 0.0)
    worth = table.mean(axis=1)
    worth[0] = np.nan

    found = effects_at_highest(table, budgets, worth, known)

    assert np.isnan(found.values[0])
    assert found.counts[0] == 0
    assert found.variances[5:] == pytest.approx(known.variances[5:])


def test_two_at_the_top_say_how_noisy_it_is_there_and_how_its_folds_differ():
    low, high = studied(np.linspace(2, 3, 30), 1.0), studied(np.array([0.0, 0.1]), 0.01, seed=1)
    table, budgets = np.concatenate([low, high]), np.repeat([1.0, 9.0], [30, 2])
    known = effects_by_budget(table, budgets, 0.0)
    worth = np.concatenate([low.mean(axis=1) - 2, high.mean(axis=1)])

    found, deaf = effects_at_highest(table, budgets, worth, known), effects(table + (worth - table.mean(axis=1))[:, None], 0.0)

    assert np.isnan(known.variances[30:]).all()
    assert (found.variances[30:] < deaf.variances[30:] / 3).all()
    assert found.cells == pytest.approx(FOLDS - FOLDS.mean(), abs=0.02)
    assert found.freedom[30] == 5  # (2 - 1) (5 - 1), and one for what was expected
    assert found.variances[:30] == pytest.approx(known.variances[:30])


def test_of_two_at_the_top_who_raced_the_folds_are_not_told_by_plain_means():
    """The better one alone met the last two folds, so their plain means hold how good it is."""
    low, high = studied(np.linspace(2, 3, 30), 0.1), studied(np.array([0.0, 5.0]), 0.01, seed=1)
    high[1, 3:] = np.nan
    table, budgets = np.concatenate([low, high]), np.repeat([1.0, 9.0], [30, 2])
    known = effects_by_budget(table, budgets, 0.0)
    worth = np.concatenate([low.mean(axis=1) - 2, np.nanmean(high, axis=1)])

    found = effects_at_highest(table, budgets, worth, known)

    plain = np.nanmean(high, axis=0) - np.nanmean(high)
    assert np.abs(plain - (FOLDS - FOLDS.mean())).max() > 1.0
    assert found.cells == pytest.approx(FOLDS - FOLDS.mean(), abs=0.15)


def test_folds_count_the_same_though_some_were_met_with_more_seeds():
    """As where the best of a race are confirmed: two of five meet the first fold once more, which is the easiest."""
    truth = np.array([0.3, 0.1, 0.5, 0.2, 0.4])
    table = np.column_stack([studied(truth, 0.001), truth + FOLDS[0] + 5])
    table[:3, 5] = np.nan
    table[:, 0] += 5
    cells = [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)]

    found, plain = (effects_by_budget(table, None, 0.0, given) for given in (cells, ()))

    assert found.values == pytest.approx(truth + FOLDS.mean() + 1, abs=0.01)
    assert plain.values == pytest.approx(truth + (2 * FOLDS[0] + FOLDS[1:].sum() + 10) / 6, abs=0.01)
    assert found.cells[:5].sum() == pytest.approx(0, abs=0.01)


def test_folds_count_the_same_where_chance_cannot_be_told():
    """Two configurations only; both met the first fold twice."""
    table = np.array([[5.0, 1.0, 0.0, 5.0], [6.0, 2.0, 1.0, 6.0]])
    table[1, 3] = np.nan

    found = effects_by_budget(table, None, 0.0, [(0, 0), (1, 0), (2, 0), (0, 1)])

    assert found.values == pytest.approx([2.0, 3.0])


def test_folds_count_the_same_within_each_budget():
    """All met both folds with two seeds, but those at the top the second fold with one: a column of theirs is empty."""
    rng = np.random.default_rng(0)
    truth = rng.random(12)
    table = truth[:, None] + np.array([0.0, 10.0, 0.0, 10.0]) + 0.001 * rng.standard_normal((12, 4))
    table[6:, 3] = np.nan
    cells, budgets = [(0, 0), (1, 0), (0, 1), (1, 1)], np.repeat([1.0, 3.0], 6)

    found = effects_by_budget(table, budgets, 0.1, cells)

    assert found.values - truth == pytest.approx(5.0, abs=0.01)
