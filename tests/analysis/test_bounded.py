import numpy as np
import pytest

from tunewright.analysis.bounded import bounds
from tunewright.metric import Metric
from tunewright.space import Float, Int, SearchSpace

SPACE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})


def sampled(history_of, *metrics):
    rng = np.random.default_rng(0)
    trials = [
        (params, {"loss": -params["x"], "cost": params["x"], "score": 1 - params["x"], "flat": 1.0})
        for params in (SPACE.sample(rng) for _ in range(40))
    ]
    named = [Metric("loss"), *metrics]
    return history_of(
        SPACE, [(params, {each.name: values[each.name] for each in named}) for params, values in trials], metrics=named
    )


@pytest.mark.parametrize("metric", [Metric("cost", bound=0.4), Metric("score", "maximize", bound=0.6)])
def test_it_tells_what_keeps_within_from_what_does_not(metric, history_of):
    found = bounds(sampled(history_of, metric))
    rows = np.array([[0.1, 0.5], [0.35, 0.5], [0.45, 0.5], [0.9, 0.5]])

    kept = found.kept(rows, 200, np.random.default_rng(1)).mean(axis=1)

    assert (found.excess(rows) <= 0).tolist() == [True, True, False, False]
    assert kept[0] > 0.99
    assert kept[-1] < 0.01


def test_without_a_bound_everything_keeps_within(history_of):
    found = bounds(sampled(history_of, Metric("cost")))

    assert found.models == ()
    assert np.isneginf(found.excess(np.zeros((2, 2)))).all()
    assert found.kept(np.zeros((2, 2)), 3, np.random.default_rng(0)).all()


def test_a_bounded_metric_that_never_changes_is_taken_to_be_kept(history_of):
    assert bounds(sampled(history_of, Metric("flat", bound=2.0))).models == ()


def test_what_lies_at_the_bound_keeps_within(history_of):
    space = SearchSpace({"x": Float(0, 1), "k": Int(1, 10)})
    rng = np.random.default_rng(0)
    trials = [(params, {"loss": params["x"], "size": float(params["k"])}) for params in (space.sample(rng) for _ in range(60))]
    found = bounds(history_of(space, trials, metrics=[Metric("loss"), Metric("size", bound=5)]))
    measured = np.array([[params["x"], params["k"]] for params, _ in trials])

    assert (found.excess(measured) <= 0).tolist() == (measured[:, 1] <= 5).tolist()
    assert (found.excess(np.array([[0.05, 5], [0.5, 5], [0.95, 5], [0.5, 6]])) <= 0).tolist() == [True, True, True, False]


def test_what_was_measured_as_kept_is_kept_though_its_neighbours_break_the_bound(history_of):
    space = SearchSpace({"x": Float(0, 1)})
    trials = [({"x": i / 40}, {"loss": 0.0, "cost": 0.9 if i == 20 else 1.1 + 0.01 * (-1) ** i}) for i in range(41)]
    found = bounds(history_of(space, trials, metrics=[Metric("loss"), Metric("cost", bound=1.0)]))

    assert (found.excess(np.array([[0.475], [0.5], [0.525]])) <= 0).tolist() == [False, True, False]
