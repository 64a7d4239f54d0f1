import pytest

from tunewright.analysis.volume import volume
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace

SPACE = SearchSpace({"x": Float(0, 1)})


def of(history_of, values, metrics):
    return history_of(SPACE, [({"x": i / 100}, each) for i, each in enumerate(values)], metrics=metrics)


def test_the_front_dominates_what_lies_between_it_and_the_worst(history_of):
    values = [{"loss": 1.0, "score": 1.0}, {"loss": 2.0, "score": 3.0}, {"loss": 4.0, "score": 0.0}]

    found = volume(of(history_of, values, [Metric("loss"), Metric("score", "maximize")]))

    assert found.reference == {"loss": 4.0, "score": 0.0}
    assert found.value == pytest.approx(3 * 1 + 2 * 2)
    assert str(found) == "7 before the reference point loss 4, score 0"


def test_a_divergence_does_not_move_the_reference_point_to_it(history_of):
    values = [{"a": i / 10, "b": 1 - i / 10} for i in range(10)]

    found = volume(of(history_of, [*values, {"a": 1e9, "b": 0.5}], [Metric("a"), Metric("b")]))

    assert found.reference["a"] < 10


def test_what_breaks_a_bound_neither_dominates_nor_is_the_worst(history_of):
    values = [{"a": 1.0, "b": 2.0, "c": 0.0}, {"a": 2.0, "b": 1.0, "c": 0.0}, {"a": 0.0, "b": 9.0, "c": 5.0}]

    found = volume(of(history_of, values, [Metric("a"), Metric("b"), Metric("c", bound=1.0)]))

    assert found.reference == {"a": 2.0, "b": 2.0}
    assert found.value == 0.0  # each of the two is the worst in something


def test_where_there_is_no_front_there_is_no_volume(history_of):
    two = [Metric("a"), Metric("b")]

    assert volume(of(history_of, [], two)) is None
    assert volume(of(history_of, [1.0, 2.0], [Metric("a")])) is None
    assert volume(of(history_of, [dict.fromkeys("abcd", 1.0)], [Metric(name) for name in "abcd"])) is None
