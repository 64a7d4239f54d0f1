import math
from collections.abc import Callable

import numpy as np
import pytest

from tunewright.analysis.training import Gap, gap, gap_sentence, gap_size, train_key, train_score
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.trial import Failure

HistoryOf = Callable[..., History]
SPACE = SearchSpace({"x": Float(0, 1)})
ACCURACY = Metric("accuracy", "maximize")


def test_training_scores_stand_beside_validation_scores(history_of: HistoryOf) -> None:
    trials = [({"x": 0.1}, [0.8, 0.9]), ({"x": 0.2}, Failure("told", "no")), ({"x": 0.3}, [0.9, 1.0])]
    history = history_of(SPACE, trials, metrics=ACCURACY, train=[[0.9, 1.0], [], [1.0, 1.0]])

    found = gap(history)

    assert train_key(history) == "train_accuracy"
    assert train_score(history.trial(0), "train_accuracy") == pytest.approx(0.95)
    assert found is not None
    assert (found.trials, found.best) == ((0, 2), 1)
    assert found.train == pytest.approx((0.95, 1.0))
    assert found.validation == pytest.approx((0.85, 0.95))
    assert found.sd == pytest.approx(math.sqrt(0.005))


def test_without_training_scores_there_is_no_gap(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [({"x": 0.1}, [0.8, 0.9])])

    assert train_key(history) == ""
    assert train_key(history, "mine") == "mine"
    assert gap(history) is None
    assert gap(history, "mine") is None
    assert gap(history_of(SPACE, [])) is None
    assert math.isnan(train_score(history.trial(0), "train_loss"))


def one(train: float, validation: float, sd: float) -> Gap:
    return Gap((0,), (train,), (validation,), sd, 0)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (one(0.90, 0.91, 0.01), "no gap, so no sign of overfitting"),
        (one(0.905, 0.90, 0.01), "within one standard deviation"),
        (one(0.92, 0.90, 0.01), "somewhat better than new data"),
        (one(1.00, 0.90, 0.01), "do not carry over"),
        (one(1.00, 0.90, 0.0), "while the folds do not vary at all"),
        (one(1.00, 0.90, math.nan), "Without folds there is no spread"),
        (Gap((0,), (1.0,), (0.9,), 0.01, -1), "no winner"),
    ],
)
def test_a_gap_is_judged_by_the_noise(found: Gap, says: str) -> None:
    assert says in gap_sentence(found, ACCURACY)


@pytest.mark.parametrize(
    ("found", "size"),
    [
        (
            Gap((0,), (0.9949,), (0.9915,), 0.00088, 0, 3),
            "some",
        ),  # 3.9 of a deviation that three folds hardly know, and no loss to anybody
        (Gap((0,), (0.9949,), (0.9915,), 0.00088, 0, 10), "some"),
        (Gap((0,), (1.0,), (0.9,), 0.025, 0, 3), "some"),
        (Gap((0,), (1.0,), (0.9,), 0.025, 0, 5), "large"),
        (Gap((0,), (1.0,), (0.9,), 0.005, 0, 3), "large"),
    ],
)
def test_a_gap_is_large_only_where_it_is_clear_and_matters(found: Gap, size: str) -> None:
    assert gap_size(found, ACCURACY) == size
    assert ("do not carry over" in gap_sentence(found, ACCURACY)) == (size == "large")


def test_the_sentence_names_whom_it_is_told() -> None:
    said = gap_sentence(one(1.00, 0.90, 0.01), ACCURACY, "the model in the file")

    assert said.startswith("The model in the file scores 1 on its training data")


def test_for_a_loss_the_gap_has_the_other_sign() -> None:
    assert "no gap" in gap_sentence(one(0.5, 0.4, 0.01), Metric("loss"))
    assert "do not carry over" in gap_sentence(one(0.1, 0.9, 0.01), Metric("loss"))


def test_closer_fits_that_validate_worse_are_overfitting() -> None:
    flexibility = np.linspace(0, 1, 40)
    train = 0.7 + 0.3 * flexibility
    validation = 0.9 - (flexibility - 0.5) ** 2
    best = int(validation.argmax())

    said = gap_sentence(Gap(tuple(range(40)), tuple(train), tuple(validation), 0.02, best), ACCURACY)

    assert "overfitting sets in there" in said


def test_validation_that_rises_with_every_closer_fit_is_underfitting() -> None:
    train = np.linspace(0.6, 0.8, 40)
    validation = train - 0.001

    said = gap_sentence(Gap(tuple(range(40)), tuple(train), tuple(validation), 0.02, 39), ACCURACY)

    assert "underfitting" in said


def test_scores_of_many_trials_print_in_a_line() -> None:
    found = Gap((0, 4), (0.5, 0.75), (0.25, 0.5), 0.125, 1, 3)

    assert repr(found) == "Gap(2 trials; the winner, trial 4: train 0.75, validation 0.5, sd 0.12, n = 3)"
    assert repr(Gap((0,), (0.5,), (0.25,), math.nan, -1)) == "Gap(1 trial; the winner is not among them)"
