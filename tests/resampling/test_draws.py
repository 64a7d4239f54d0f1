from typing import NamedTuple

import numpy as np
import pytest

from tunewright.errors import MetricError
from tunewright.resampling.draws import constant, drawn_scores
from tunewright.resampling.scoring import Answer, score


class Named(NamedTuple):
    scorer: str


RNG = np.random.default_rng(0)
Y = np.tile([0.0, 1.0], 30)
FOLDS = np.arange(60) % 4
GOOD = Answer(Y.copy(), np.eye(2)[Y.astype(int)] * 0.8 + 0.1)


def test_a_perfect_answer_is_perfect_in_every_draw() -> None:
    found = drawn_scores("accuracy", Y, [GOOD], np.arange(60), FOLDS, seed=0)

    assert found.drawn == pytest.approx(np.ones((1, 500)))
    assert found.scores == pytest.approx([1.0])
    assert found.drawn.shape == (1, 500)


def test_greater_is_better_as_scikit_learn_has_it() -> None:
    assert drawn_scores("neg_log_loss", Y, [GOOD], np.arange(60), FOLDS, seed=0).drawn.max() == pytest.approx(np.log(0.9))


def test_groups_are_drawn_as_a_whole() -> None:
    wrong = Answer(np.where(np.arange(60) < 30, Y, 1 - Y), None)
    found = drawn_scores("accuracy", Y, [wrong], np.arange(60) // 30, np.zeros(60, int), seed=0)

    assert set(np.unique(found.drawn.round(12))) == {0.0, 0.5, 1.0}


@pytest.mark.parametrize("scorer", ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"])
def test_the_level_is_the_mean_over_the_folds_and_few_rows_do_not_blow_it_up(scorer: str) -> None:
    y = RNG.standard_normal(60)
    said, folds = Answer(y + 0.5 * RNG.standard_normal(60), None), np.arange(60) % 15

    found = drawn_scores(scorer, y, [said], np.arange(60), folds, seed=0)

    each = [score(Named(scorer), y[folds == fold], said.of(np.flatnonzero(folds == fold))) for fold in range(15)]
    assert found.scores[0] == pytest.approx(np.mean(each) * (-1 if scorer.startswith("neg") else 1))
    assert found.drawn.mean() == pytest.approx(found.scores[0], abs=0.2)
    assert found.drawn.std() < 0.5  # of R² drawn anew in folds of 4 rows it is beyond 1e6
    assert np.isfinite(found.drawn).all()


def test_of_a_mean_over_rows_the_draws_are_exact() -> None:
    wrong = Answer(np.where(RNG.random(60) < 0.3, 1 - Y, Y), None)

    found = drawn_scores("accuracy", Y, [wrong], np.arange(60), np.zeros(60, int), seed=0)

    counts = np.random.default_rng(0).integers(60, size=(50, 60))  # the first fifty draws
    assert found.drawn[0, :50] == pytest.approx((wrong.predicted == Y)[counts].mean(axis=1))


def test_a_score_that_is_not_there_is_nan() -> None:
    found = drawn_scores("r2", np.full(20, 0.1), [Answer(np.full(20, 0.1), None)], np.arange(20), np.arange(20) % 4, seed=0)

    assert np.isnan(found.scores).all()
    assert np.isnan(found.drawn).all()


def test_the_baseline_knows_the_training_rows_only() -> None:
    folds = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    y = np.r_[np.zeros(30), np.ones(30)]

    assert constant(y, folds, classes=True).predicted.tolist() == (1 - y).tolist()
    assert constant(y, folds, classes=False).predicted.tolist() == (1 - y).tolist()


def test_what_cannot_be_computed_for_many_draws_is_refused() -> None:
    with pytest.raises(MetricError, match="drawn anew"):
        drawn_scores("jaccard", Y, [GOOD], np.arange(60), FOLDS, seed=0)


def test_what_depends_on_order_is_scored_fold_by_fold() -> None:
    # in each fold the ranking is perfect, but the folds' scales differ: pooled, it would be far from perfect
    folds = np.arange(60) // 15
    score = (Y + 10.0 * folds) / 100
    apart = Answer(Y.copy(), np.column_stack([1 - score, score]))

    found = drawn_scores("roc_auc", Y, [apart], np.arange(60), folds, seed=0)

    assert found.drawn == pytest.approx(np.ones((1, 500)))
    assert drawn_scores("roc_auc", Y, [apart], np.arange(60), np.zeros(60, int), seed=0).drawn.max() < 0.9
