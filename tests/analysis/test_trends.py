import numpy as np
import pytest

import tunewright as tw
from tunewright.analysis import over_range, overfitting
from tunewright.errors import StudyError
from tunewright.events import Entry, Told
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"depth": tw.Float(0, 1), "idle": tw.Float(0, 1), "kind": tw.Categorical(["a", "b"])})
ACCURACY = tw.Metric("accuracy", "maximize")


def history(history_of, n):
    rng = np.random.default_rng(1)
    trials, train = [], []
    for i in range(n):
        depth, idle = rng.random(2)
        score = 0.7 + 0.01 * rng.standard_normal()
        trials.append(({"depth": depth, "idle": idle, "kind": "ab"[i % 2]}, [score, score + 0.01]))
        train.append([score + 0.2 * depth] * 2)
    return history_of(SPACE, trials, metrics=ACCURACY, train=train)


def test_the_gap_widens_with_what_makes_the_model_flexible(history_of):
    found = overfitting(history(history_of, 40))

    assert found.trends[0].name == "depth"
    assert found.trends[0].low > 0.7
    assert found.trends[0].n == 40
    assert "The gap widens with depth" in found.sentence
    assert "idle (" not in found.sentence
    assert {value for value, _, _ in found.trends[-1].medians} == {"a", "b"}
    assert "kind: median gap" in repr(found)


def test_few_trials_show_no_trend(history_of):
    found = overfitting(history(history_of, 5))

    assert all(np.isnan(trend.rank) for trend in found.trends)
    assert "cannot be told from 5 trials" in found.sentence


def test_without_training_scores_it_says_what_to_return(history_of):
    found = overfitting(history_of(SPACE, [({"depth": 0.1, "idle": 0.1, "kind": "a"}, 0.5)], metrics=ACCURACY))

    assert found.gap is None
    assert "train_accuracy" in repr(found)


def test_of_a_score_that_nobody_returned_it_says_which_there_are():
    study = tw.Study({"max_depth": tw.Int(1, 9)}, Metric("loss"), seed=0)
    study.optimize(lambda live: {"loss": live["max_depth"] / 10, "train_loss": 0.1, "size": 3.0}, trials=4)

    sentence = study.overfitting("max_depth").sentence

    assert 'no number called "max_depth"' in sentence
    assert "It returned: size, train_loss." in sentence
    assert "max_depth is a hyperparameter" in sentence
    assert "hyperparameter" not in study.overfitting("other").sentence


def test_values_over_a_range_hold_both_ends():
    assert over_range(SPACE, "depth", 3) == [0.0, 0.5, 1.0]
    assert over_range(SPACE, "kind") == ["a", "b"]
    with pytest.raises(StudyError, match="no parameter"):
        over_range(SPACE, "width")


def test_choices_that_read_alike_are_told_apart(history_of):
    space, values = SearchSpace({"f": tw.Categorical([1, 1.0, "1"])}), [1, 1.0, "1"]
    trials = [({"f": values[i % 3]}, [0.7 + i / 100]) for i in range(9)]

    said = repr(overfitting(history_of(space, trials, metrics=ACCURACY, train=[[0.9 + i % 3] for i in range(9)])))

    assert all(f" with {text} (n = 3)" in said for text in ("1", "1.0", '"1"'))


def test_along_which_hyperparameters_a_gap_goes_is_not_said_of_clones():
    journal = Journal(SearchSpace({"x": Float(0, 1)}), [Metric("loss")])
    for trial in (journal.ask({"x": 0.5}, budget=1), journal.clone(0, {"x": 0.25}, budget=2, since=1)):
        position = len(journal.entries) + 1
        journal.entries.append(Entry(trial, Told({"loss": 1.0}, 1.0, 0, {"train_loss": 0.5}), 1.7e9, position))
        journal.history.fold(journal.entries[-1:])

    found = overfitting(journal.history)

    assert found.gap is not None
    assert found.trends == ()
    assert "a whole lineage" in found.sentence
