from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.analysis.view import direction, drawn, jitter, thin, value_axis
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.trial import Failure

HistoryOf = Callable[..., History]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60), st.sampled_from([1.0, -1.0]))
def test_the_axis_holds_the_best_value_and_at_least_nine_tenths_of_all(values: list[float], sign: float) -> None:
    array = np.array(values)

    found = value_axis(array, sign)
    scale = found.scale()

    best = min(values) if sign > 0 else max(values)
    assert not found.outside(best)
    assert sum(found.outside(value) for value in values) == found.beyond <= len(values) / 10
    assert -1e-9 <= scale(found.low) <= scale(found.high) <= 1 + 1e-9


def test_values_far_worse_than_the_rest_are_left_to_the_edge() -> None:
    values = np.concatenate([np.linspace(0.9, 1.0, 50), [0.1]])

    found = value_axis(values, -1.0)

    assert (found.low, found.high, found.beyond, found.worse) == (0.9, 1.0, 1, "bottom")


def test_a_good_value_is_never_left_out() -> None:
    values = np.concatenate([np.linspace(0.9, 1.0, 50), [0.1]])

    assert value_axis(values, 1.0).beyond == 0


def test_losses_over_many_powers_of_ten_get_a_logarithmic_axis() -> None:
    assert value_axis(np.geomspace(1e-6, 1, 30), 1.0).log
    assert not value_axis(np.linspace(0.5, 1, 30), 1.0).log
    assert not value_axis(np.linspace(-1, 1, 30), 1.0).log


@given(st.integers(1, 400), st.integers(5, 100))
def test_thinning_keeps_the_best_and_the_order(count: int, limit: int) -> None:
    losses = np.random.default_rng(count).random(count)

    kept = thin(losses, limit)

    assert len(kept) == min(count, limit)
    assert (np.diff(kept) > 0).all()
    assert set(np.argsort(losses)[: limit // 5]) <= set(kept)


def test_jitter_spreads_and_is_always_the_same() -> None:
    offsets = jitter(50, 4.0)

    assert np.abs(offsets).max() <= 4
    assert len(np.unique(offsets)) == 50
    assert (jitter(50, 4.0) == offsets).all()


@pytest.mark.parametrize(("metric", "words"), [(Metric("a"), "lower is better"), (Metric("a", "maximize"), "higher is better")])
def test_the_direction_is_said(metric: Metric, words: str) -> None:
    assert direction(metric) == words


def test_only_completed_trials_are_drawn(history_of: HistoryOf) -> None:
    history = history_of(
        SearchSpace({"x": Float(0, 1)}), [({"x": 0.1}, 1.0), ({"x": 0.2}, Failure("told", "")), ({"x": 0.3}, None)]
    )

    numbers, values = drawn(history)

    assert (numbers.tolist(), values.tolist()) == ([0], [1.0])
