import numpy as np
import pytest

from tunewright.analysis.evidence import cutoff, evidence, seen, share_of
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


def test_losses_are_seen_with_unit_variance_and_those_far_above_the_bulk_are_pulled_in():
    losses = np.array([*np.linspace(1, 2, 20), 1e6])

    found = seen(losses)

    assert found.values.mean() == pytest.approx(0.0)
    assert found.values.std() == pytest.approx(1.0)
    assert np.allclose(found.scale * found.values[:-1] + found.shift, losses[:-1])
    assert found.scale * found.values[-1] + found.shift == pytest.approx(found.fence) == pytest.approx(3.3, abs=0.3)
    assert not seen(np.ones(5)).values.any()
    assert np.isfinite(seen(np.array([1e300, -1e300, 5.0, 1.0])).values).all()
