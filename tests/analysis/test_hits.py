import math

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.analysis import by_folds, by_outer_folds, find_winner
from tunewright.analysis.hits import least_deviation, rows_behind, share_bounds
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})


def judged(table: np.ndarray, rows: int | None = None, name: str = "accuracy") -> tw.History:
    """A history of trials, the default first, with these scores on folds 0, 1, …, that divide so many rows; NaN: not met."""
    journal = Journal(SPACE, (Metric(name, "maximize"),))
    if rows is not None:
        journal.history.frozen.update(rows=rows, overlap=0.25)
    for i, row in enumerate(table):
        trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
        for fold, value in enumerate(row):
            if np.isfinite(value):
                journal.tell(trial, float(value), index=journal.send(trial, fold=fold) if fold else 0)
    return journal.history


def even(n: int = 12, gain: float = 0.01) -> np.ndarray:
    """Folds that hardly differ; the default first, and trial 3 better by the gain."""
    table = 0.97 + 0.0005 * np.random.default_rng(0).standard_normal((n, 5))
    table[3] += gain
    return table


@pytest.mark.parametrize(("right", "rows"), [(0, 7), (3, 10), (188, 192), (192, 192)])
def test_the_bounds_of_a_share_are_wilsons(right: int, rows: int) -> None:
    found = share_bounds(right / rows, rows)

    assert found == pytest.approx(tuple(stats.binomtest(right, rows).proportion_ci(method="wilson")), abs=1e-12)


def test_a_percentage_and_unknown_rows_have_no_bounds() -> None:
    for share, rows in ((98.0, 192.0), (-0.1, 192.0), (0.98, None)):
        assert all(math.isnan(end) for end in share_bounds(share, rows))
    assert least_deviation(2.0, 192.0) == least_deviation(0.1, None) == 0.0


def test_two_shares_that_differ_by_a_row_are_no_surer_than_that_row() -> None:
    """One answers all n rows, the other all but k: the standard deviation of the mean of n differences, k of them 1."""
    each = np.repeat([0.0, 1.0], [188, 4])

    assert least_deviation(4 / 192, 192) == pytest.approx(each.std() / math.sqrt(192))


def test_an_accuracy_is_claimed_no_surer_than_its_rows_allow() -> None:
    loose, tight = find_winner(judged(even())), find_winner(judged(even(), 192))

    assert loose.high - loose.low < 0.01
    assert (tight.low, tight.high) == pytest.approx(share_bounds(tight.value, 192))
    assert tight.value == loose.value
    assert find_winner(judged(even(), 1_000_000)) == loose


def test_all_right_on_every_fold_is_no_certainty() -> None:
    found = find_winner(judged(np.ones((6, 5)), 50))

    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(50 / (50 + stats.norm.ppf(0.975) ** 2))
    assert math.isnan(find_winner(judged(np.ones((6, 5)))).low)


def test_other_metrics_and_unknown_rows_stay_as_they_are() -> None:
    assert find_winner(judged(even(), 192, "roc_auc")).low == find_winner(judged(even(), None, "roc_auc")).low
    assert rows_behind(judged(even(), 192, "roc_auc")) is None
    assert rows_behind(judged(even())) is None


def test_who_met_some_of_the_folds_was_judged_on_some_of_the_rows() -> None:
    table = even()
    table[5, 2:] = np.nan
    history = judged(table, 200)

    assert rows_behind(history, 5) == pytest.approx(80)
    assert rows_behind(history, 4) == rows_behind(history) == pytest.approx(200)


def test_a_gain_is_claimed_no_surer_than_its_rows_allow() -> None:
    loose, tight = by_folds(judged(even())), by_folds(judged(even()), rows=192)

    least = least_deviation(loose.gain.value, 192)
    assert loose.probability > 0.9999
    assert tight.gain.value == loose.gain.value
    assert (tight.gain.high - tight.gain.low) / 2 == pytest.approx(stats.norm.ppf(0.975) * least)
    assert tight.probability == pytest.approx(stats.norm.cdf(loose.gain.value / least))
    assert tight.winner.low < loose.winner.low
    assert tight.default.low < loose.default.low


def test_outer_folds_are_no_surer_than_their_rows() -> None:
    scores, defaults = np.array([0.97, 0.97, 0.97]), np.array([0.96, 0.96, 0.96])
    loose, tight = (by_outer_folds(judged(even(), rows), scores, defaults) for rows in (None, 192))

    assert math.isnan(loose.probability)
    assert tight.probability == pytest.approx(stats.norm.cdf(0.01 / least_deviation(0.01, 192)), abs=0.1)  # t of 2
    assert (tight.winner.low, tight.winner.high) == pytest.approx(share_bounds(0.97, 192))


def test_a_cross_validation_tells_its_rows() -> None:
    X, y = load_iris(return_X_y=True)
    study = tw.Study({"max_depth": tw.Int(1, 6)}, Metric("accuracy", "maximize"), sampler=tw.samplers.Random(), seed=0)
    study.optimize(tw.CrossValidation(DecisionTreeClassifier(), X, y, scoring="accuracy", racing=False), trials=4)

    low, high = share_bounds(study.winner().value, 150)
    assert study.winner().low <= low
    assert high <= study.winner().high
