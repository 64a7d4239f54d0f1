import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tunewright.analysis import by_folds, find_winner, skewed
from tunewright.analysis.winner import Estimate, Judged, believed, of_folds, posterior, shrunk
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})
LOSS = (Metric("value"),)


def judged(table: np.ndarray, metrics: tuple[Metric, ...] = LOSS) -> History:
    """A history of trials, the default first, with these scores on folds 0, 1, …; NaN: not met."""
    journal = Journal(SPACE, metrics)
    for i, row in enumerate(table):
        trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
        journal.tell(trial, float(row[0]))
        for fold, value in enumerate(row[1:], 1):
            if np.isfinite(value):
                journal.tell(trial, float(value), index=journal.send(trial, fold=fold))
    return journal.history


def chance(seed: int, n: int = 60, noise: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 1 + 0.05 * rng.standard_normal(5) + noise * rng.standard_normal((n, 5))


def test_where_all_is_chance_the_winner_claims_what_all_are_worth() -> None:
    """Mean over 10 histories: the raw score is some 0.05 too good (2.3 sigma of 0.05 / sqrt(5)), what is claimed a fifth of it."""
    found = [find_winner(judged(chance(seed))) for seed in range(10)]
    middle = np.mean([chance(seed).mean() for seed in range(10)])

    assert np.mean([each.raw for each in found]) < middle - 0.04
    assert np.mean([each.value for each in found]) > middle - 0.02


def test_a_winner_that_is_better_beyond_doubt_keeps_its_score() -> None:
    table = chance(0, noise=0.002)
    table[7] -= 0.3

    found = find_winner(judged(table))

    assert found.trial.number == 7
    assert found.value == pytest.approx(found.raw, abs=0.01)
    assert found.low < found.value < found.high
    assert found.evaluations == 5
    assert "95 % interval" in found.sentence


def test_what_is_maximised_is_claimed_in_its_own_units() -> None:
    found = find_winner(judged(-chance(1) + 2, (Metric("value", "maximize"),)))

    assert 0.9 < found.value <= found.raw
    assert found.low < found.value < found.high


def test_measured_once_nothing_is_known_of_luck() -> None:
    found = find_winner(judged(np.array([[0.3], [0.2], [0.4]])))

    assert (found.value, found.raw, found.evaluations) == (0.2, 0.2, 1)
    assert math.isnan(found.low)
    assert "cannot be told" in found.sentence


def test_luck_is_taken_off_and_never_added() -> None:
    for seed in range(5):
        history = judged(chance(seed, n=8))
        best = history.best.number

        assert shrunk(history.effects(), best)[0] >= history.effects().values[best]
        assert posterior(history, best).low < posterior(history, best).high


def test_an_interval_ends_where_the_metric_ends() -> None:
    table = np.minimum(0.997 + 0.2 * (chance(0, n=30, noise=0.02) - 1), 1.0)
    shares = find_winner(judged(table, (Metric("accuracy", "maximize"),)))
    points = find_winner(judged(table, (Metric("points", "maximize"),)))

    assert points.high > 1
    assert shares.high == 1
    assert (shares.value, shares.low) == (points.value, points.low)


def test_a_metric_in_percent_is_not_cut() -> None:
    table = 99 + 10 * (chance(0, n=30, noise=0.01) - 1)
    found = find_winner(judged(table, (Metric("accuracy", "maximize"),)))

    assert found.high > 99


@pytest.mark.parametrize("whole", [1, 100])
def test_successes_are_cut_at_the_ends_whatever_stands_for_them(whole: int) -> None:
    table = whole * (np.random.default_rng(2).random((20, 5)) < 0.8).astype(float)
    found = find_winner(judged(table, (Metric("success", "maximize"),)))

    assert found.raw == found.high == whole
    assert 0.5 * whole < found.low < found.value < 0.98 * whole


@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_intervals_hold_the_truth_and_claims_are_near_it(noise: float) -> None:
    """40 tables of 40 configurations on 5 folds. 26 of 40 misses a coverage of 0.95 by 8 sigma; the bias is within 6 standard errors."""
    held, raw, claimed = [], [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        worth = 1 + 0.02 * rng.exponential(size=40)
        folds = 0.02 * rng.standard_normal(5)
        table = worth[:, None] + folds + noise * rng.standard_normal((40, 5))
        found = find_winner(judged(table))
        truth = worth[found.trial.number]
        held.append(found.low <= truth <= found.high)
        raw.append(found.raw - truth - folds.mean())
        claimed.append(found.value - truth - folds.mean())

    assert sum(held) > 26
    assert abs(np.mean(claimed)) < abs(np.mean(raw)) / 3 + 6 * np.std(claimed) / np.sqrt(40)


def repeated(levels: np.ndarray, overlap: float | None = None) -> History:
    """A history of 6 configurations on cells with these levels, shape (repeats, folds), and next to no noise."""
    journal, rng = Journal(SPACE, LOSS), np.random.default_rng(0)
    if overlap is not None:
        journal.history.frozen["overlap"] = overlap
    for i in range(6):
        trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
        for (repeat, fold), level in np.ndenumerate(levels):
            index = journal.send(trial, fold=fold, seed=repeat) if repeat or fold else 0
            journal.tell(trial, float(1 + 0.01 * i + level + 1e-5 * rng.standard_normal()), index=index)
    return journal.history


def half(history: History) -> float:
    return of_folds(history, history.effects())


def test_repeats_do_not_make_the_training_sets_of_folds_differ() -> None:
    """Fold 0 of one repeat holds other rows than fold 0 of the next: Nadeau & Bengio's variance of all cells, s^2 (1 / cells + r)."""
    levels = np.random.default_rng(0).standard_normal((10, 5))

    expected = stats.t.ppf(0.975, 49) * levels.std(ddof=1) * math.sqrt(1 / 50 + 1 / 4)

    assert half(repeated(levels)) == pytest.approx(expected, rel=0.15)
    assert half(repeated(levels[:1])) == pytest.approx(
        stats.t.ppf(0.975, 4) * levels[0].std(ddof=1) * math.sqrt(1 / 5 + 1 / 4), rel=0.01
    )


def test_folds_that_are_the_same_in_every_repeat_count_once() -> None:
    levels = np.tile(np.random.default_rng(0).standard_normal(5), (10, 1))

    expected = stats.t.ppf(0.975, 4) * levels[0].std(ddof=1) * math.sqrt(1 / 5 + 1 / 4)

    assert half(repeated(levels)) == pytest.approx(expected, rel=0.01)


def test_one_fold_that_is_drawn_anew_in_every_repeat_tells_how_hard_folds_are() -> None:
    levels = np.random.default_rng(0).standard_normal((10, 1))

    expected = stats.t.ppf(0.975, 9) * levels.std(ddof=1) * math.sqrt(1 / 10 + 1 / 4)

    assert half(repeated(levels, overlap=0.25)) == pytest.approx(expected, rel=0.01)
    assert half(repeated(levels[:1])) == 0


@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 5), st.lists(st.sampled_from([0, 10, 150, 300]), min_size=1))
def test_scores_of_any_size_have_an_answer_and_no_warning(seed: int, n: int, cells: int, powers: list[int]) -> None:
    """Every row in a power of its own; warnings are errors here."""
    table = np.random.default_rng(seed).standard_normal((n, cells)).clip(-3, 3) * 10.0 ** np.resize(powers, n)[:, None]

    found, worth = find_winner(judged(table)), by_folds(judged(table))

    assert math.isfinite(found.value)
    assert math.isnan(found.low) or found.low <= found.value <= found.high
    assert worth.winner.value == found.value
    assert "nan" not in worth.sentence + found.sentence


@pytest.mark.parametrize("seed", [262, 493, 508])
def test_others_that_are_far_too_far_say_nothing_of_the_winner(seed: int) -> None:
    """Where the grid of what configurations may be worth has no point near the winner."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 9), rng.integers(1, 6)
    table = rng.standard_normal(shape).clip(-3, 3) * 10.0 ** rng.choice([0, 10, 150, 300], shape[0])[:, None]
    table = np.where(rng.random(shape) < 0.3, np.nan, table) if rng.random() < 0.3 else table
    table[:, 0] = np.where(np.isnan(table[:, 0]), 1.0, table[:, 0])

    history = judged(table)
    found = find_winner(history)

    assert found.low < found.value < found.high
    assert found.value == history.effects().values[found.trial.number]


@pytest.mark.parametrize("size", [1e-300, 1e-100, 1e149, 1e300])
def test_the_size_of_scores_changes_nothing_but_the_unit(size: float) -> None:
    plain, sized = (find_winner(judged(unit * chance(0, n=2))) for unit in (1.0, size))

    assert [each / size for each in (sized.value, sized.low, sized.high)] == pytest.approx([plain.value, plain.low, plain.high])


def test_how_hard_folds_are_is_told_in_any_unit() -> None:
    levels = np.random.default_rng(0).standard_normal((1, 5))
    expected = half(repeated(levels))

    for size in (1e-140, 1e140):
        journal, rng = Journal(SPACE, LOSS), np.random.default_rng(0)
        for i in range(6):
            trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
            for fold, level in enumerate(levels[0]):
                index = journal.send(trial, fold=fold) if fold else 0
                journal.tell(trial, size * float(1 + 0.01 * i + level + 1e-5 * rng.standard_normal()), index=index)
        assert half(journal.history) / size == pytest.approx(expected, rel=1e-6)


def test_a_winner_prints_as_a_few_lines_of_text() -> None:
    found = find_winner(judged(chance(0)))

    head, params, sentence = repr(found).splitlines()

    assert head.startswith(f"Winner: trial {found.trial.number} (")
    assert params == f"  x {found.trial.params['x']}"
    assert sentence == f"  {found.sentence}"


def test_a_winner_that_is_a_clone_is_said_to_be_one() -> None:
    journal = Journal(SPACE, LOSS)
    journal.tell(journal.ask({"x": 0.5}, budget=1), 2.0)
    assert "lineage" not in find_winner(journal.history).sentence

    journal.tell(journal.clone(0, {"x": 0.25}, budget=2, since=1), 1.0)

    assert "Trial 1 went on from trial 0 at budget 1" in find_winner(journal.history).sentence


def test_an_estimate_says_itself_with_its_interval() -> None:
    assert Estimate(0.1538, 0.1531, 0.1545).text() == "0.1538 (0.1531 to 0.1545)"
    assert Estimate(0.99999, 0.999804, 1.0).text() == "0.99999 (0.99980 to 1.00000)"
    assert Estimate(0.15384).text() == "0.1538"


def test_a_default_that_nobody_passed_has_the_interval_of_its_own_folds() -> None:
    """All others were stopped after one fold, so nothing tells chance but the default's own five, which it met whatever it scored there."""
    table = np.full((12, 5), np.nan)
    table[:, 0] = 2 + np.arange(12) / 10
    table[0] = [1.0, 1.1, 0.9, 1.2, 0.8]
    half = stats.t.ppf(0.975, 4) * table[0].std(ddof=1) * math.sqrt(1 / 5 + 1 / 4)

    found = find_winner(judged(table))

    assert found.trial.number == 0
    assert (found.low, found.value, found.high) == pytest.approx((1 - half, 1, 1 + half))


def test_a_challenger_beside_whom_only_the_default_met_all_folds_has_the_interval_of_its_own() -> None:
    """Its luck on the first fold, by which it was let on, is within that: in simulated races without any difference, 3 to 30 of them on 3, 5 or 10 folds (11 to 16 thousand
    winners each), the interval held 97 to 99 %, and 92 to 96 % without the correction for shared rows.
    """
    table = np.full((12, 5), np.nan)
    table[:, 0] = 2 + np.arange(12) / 10
    table[0], table[5] = [1.0, 1.1, 0.9, 1.2, 0.8], [0.7, 0.9, 0.6, 1.0, 0.6]
    half = stats.t.ppf(0.975, 4) * table[5].std(ddof=1) * math.sqrt(1 / 5 + 1 / 4)

    found = find_winner(judged(table))

    assert found.trial.number == 5
    assert (found.low, found.high) == pytest.approx((0.76 - half, 0.76 + half))


def test_a_winner_that_met_fewer_folds_than_another_has_none() -> None:
    table = np.full((12, 5), np.nan)
    table[:, 0] = 2 + np.arange(12) / 10
    table[0], table[5, :4] = [1.0, 1.1, 0.9, 1.2, 0.8], [0.1, 0.2, 0.1, 0.2]

    found = posterior(judged(table), 5)

    assert math.isnan(found.low)


def test_noise_that_is_cut_off_at_a_bound_is_not_taken_for_skewed() -> None:
    """Scores of 1 at most, the winner's all 1: one that knows of no bound takes the best there can be for what is to be expected."""
    rng = np.random.default_rng(1)
    worth = 0.93 + 0.05 * rng.random(24)
    table = (worth[:, None] + 0.08 - 0.08 * rng.exponential(size=(24, 5))).clip(max=1.0)
    table[3] = 1.0
    history = judged(1 - table)
    found = history.at_full()

    assert skewed.told(1 - table, found, 3, 0) is not None
    assert believed(history, 3) == Judged(*shrunk(found, 3))
    assert believed(history, 3).mean > skewed.told(1 - table, found, 3, 0).mean


def test_copies_of_a_lucky_row_are_no_bound() -> None:
    rng = np.random.default_rng(1)
    table = rng.exponential(size=(24, 5))
    table[5:9] = table[4]

    history = judged(table)
    best = int(np.nanargmin(table.min(axis=1)))
    known = skewed.told(table, history.at_full(), best, 0)

    assert known is not None
    assert believed(history, best) == Judged(*known)
