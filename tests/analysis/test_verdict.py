import math

import numpy as np
import pytest

from tunewright.analysis import by_folds
from tunewright.analysis.verdict import said, turned
from tunewright.analysis.winner import Estimate
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal


def judged(table: np.ndarray, metric: Metric = Metric("loss")) -> History:  # noqa: B008
    """A history of trials, the default first, with these scores on folds 0, 1, …; NaN: not met."""
    journal = Journal(SearchSpace({"x": Float(0, 1, default=0.5)}), (metric,))
    for i, row in enumerate(table):
        trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
        for fold, value in enumerate(row):
            if np.isfinite(value):
                journal.tell(trial, float(value), index=journal.send(trial, fold=fold) if fold else 0)
    return journal.history


@pytest.mark.parametrize(
    ("gain", "probability", "taken", "words"),
    [
        (Estimate(0.2, 0.1, 0.3), 0.99, "winner", "probability 0.99; expected gain 0.20 ± 0.10 loss (95 %)."),
        (Estimate(0.2, -0.1, 0.5), 0.9, "winner", "within the noise: the winner is the better bet, no more."),
        (Estimate(0.2, -0.4, 0.8), 0.69, "default", "Less than 0.7 is mostly luck: take the default."),
        (Estimate(-0.1, -0.4, 0.2), 0.3, "default", "That is no gain: take the default."),
        (Estimate(0.2), math.nan, "winner", "how much of it is luck cannot be told"),
        (Estimate(0.0), 0.5, "default", "It scores as the default does: take the default."),
    ],
)
def test_the_winner_is_taken_where_it_is_likely_to_be_better(gain: Estimate, probability: float, taken: str, words: str) -> None:
    history = judged(np.array([[1.0, 1.1], [0.8, 0.9]]))

    found = said("folds", history, Estimate(0.9), Estimate(1.05), None, gain=gain, probability=probability)

    assert found.recommended == taken
    assert found.params == {"x": 0.5 if taken == "default" else 0.001}
    assert words in found.sentence


def test_a_loss_turns_into_a_score_and_back() -> None:
    loss, metric = Estimate(-0.9, -0.95, -0.8), Metric("accuracy", "maximize")

    assert turned(loss, metric) == Estimate(0.9, 0.8, 0.95)
    assert turned(turned(loss, metric), metric) == loss
    assert math.isnan(turned(Estimate(1.0), metric).low)


SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})


def sentence(history: History) -> str:
    return by_folds(history).sentence


def test_a_default_that_was_stopped_after_one_fold_is_named() -> None:
    table = 1 + 0.1 * np.random.default_rng(0).standard_normal((4, 5))
    table[0, 1:] = np.nan

    assert "There is no comparison with the default, trial 0: it met 1 of the winner's 5 folds and seeds" in sentence(
        judged(table)
    )
    assert "no comparison" not in sentence(judged(table[:, :2]))


def test_a_default_that_failed_or_runs_is_named() -> None:
    for failed, why in ((True, 'it failed with "'), (False, "it has no result yet")):
        journal = Journal(SPACE)
        trial = journal.ask({"x": 0.5})
        if failed:
            journal.fail(trial)
        journal.tell(journal.ask({"x": 0.1}), 1.0)

        assert f"There is no comparison with the default, trial 0: {why}" in sentence(journal.history)


def test_a_default_that_breaks_a_bound_is_named() -> None:
    journal = Journal(SPACE, (Metric("loss"), Metric("ms", bound=10)))
    journal.tell(journal.ask({"x": 0.5}), {"loss": 1.0, "ms": 20.0})
    journal.tell(journal.ask({"x": 0.1}), {"loss": 2.0, "ms": 5.0})

    assert "the default, trial 0: it breaks the bound of a metric." in sentence(journal.history)


def test_a_default_with_a_lower_budget_is_named() -> None:
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5}, budget=3), 1.0)
    journal.tell(journal.ask({"x": 0.1}, budget=27), 2.0)

    assert "the default, trial 0: it was judged with a budget of 3, the winner with 27." in sentence(journal.history)


def test_of_a_default_that_nobody_tried_nothing_is_said() -> None:
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.1}), 1.0)

    assert "default" not in sentence(journal.history)
