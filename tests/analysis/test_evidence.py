import numpy as np
import pytest

from tunewright.analysis.evidence import cutoff, evidence, share_of
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.trial import Failure

ONE = SearchSpace({"x": Float(0, 1)})


def test_only_trials_with_a_value_are_evidence_and_smaller_is_better(history_of):
    trials = [({"x": 0.1}, 3.0), ({"x": 0.2}, Failure("crash", "killed")), ({"x": 0.3}, None), ({"x": 0.4}, 5.0)]

    known = evidence(history_of(ONE, trials, metrics=Metric("accuracy", "maximize")))

    assert known.numbers.tolist() == [0, 3]
    assert known.losses.tolist() == [-3.0, -5.0]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([], "no completed trial"),
        ([1.0], "is 1 completed trial inside"),
        ([1.0, 2.0], "are 2 completed"),
        ([2.0] * 9, "same loss"),
    ],
)
def test_it_says_why_nothing_can_be_learned(losses, says, history_of):
    history = history_of(ONE, [({"x": i / 10}, loss) for i, loss in enumerate(losses)])

    assert says in evidence(history).trouble


def test_an_unknown_metric_is_refused_with_those_that_are_there(history_of):
    with pytest.raises(StudyError, match=r'"los".*measures: loss'):
        evidence(history_of(ONE, []), "los")


def test_a_share_may_be_written_in_three_ways():
    assert [share_of(of) for of in ("all", "top 10 %", "top 2.5%", 0.3)] == [1.0, 0.1, 0.025, 0.3]
    for wrong in ("best", "top 0 %", 0, 2.0, True):
        with pytest.raises(StudyError, match="top 10 %"):
            share_of(wrong)


def test_the_cutoff_is_the_last_loss_inside():
    assert cutoff(np.array([5.0, 1.0, 4.0, 2.0, 3.0]), 0.4) == 2.0
    assert cutoff(np.array([5.0, 1.0, 4.0, 2.0, 3.0]), 0.01) == 1.0
