import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.metric import Metric
from tunewright.models.ranking import Ranking, fronts
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal
from tunewright.typing import Array

SPACE = SearchSpace({"x": Float(0, 1)})
EVERY = 1_000_000


def journal_of(values: list[float | dict[str, float] | None], *metrics: Metric) -> Journal:
    """None: failed."""
    journal = Journal(SPACE, metrics or (Metric("value"),))
    for i, value in enumerate(values):
        trial = journal.ask({"x": i / 100})
        if value is None:
            journal.fail(trial)
        else:
            journal.tell(trial, value)
    return journal


def best(journal: Journal, wanted: int = EVERY) -> list[int]:
    found: list[int] = Ranking(journal.history).best(np.arange(len(journal.history)), wanted).tolist()
    return found


def by_definition(losses: Array) -> list[list[int]]:
    left, found = list(range(len(losses))), []
    while left:
        front = [i for i in left if not any((losses[j] <= losses[i]).all() and (losses[j] < losses[i]).any() for j in left)]
        found.append(front)
        left = [i for i in left if i not in front]
    return found


def test_one_objective_is_ordered_by_its_loss_and_then_by_age() -> None:
    assert best(journal_of([3.0, 1.0, None, 2.0, 1.0])) == [1, 4, 3, 0]
    assert best(journal_of([3.0, 1.0, None, 2.0], Metric("value", "maximize"))) == [0, 3, 1]


def test_only_as_many_as_wanted_come_and_only_of_those_given() -> None:
    journal = journal_of([3.0, 1.0, None, 2.0, 0.0])

    assert best(journal, 2) == [4, 1]
    assert best(journal, 0) == []
    assert Ranking(journal.history).best(np.array([0, 2, 3]), 5).tolist() == [3, 0]
    assert Ranking(journal.history).best(np.array([2]), 5).tolist() == []


def test_running_and_failed_trials_have_no_place() -> None:
    journal = journal_of([1.0, None])
    journal.ask({"x": 0.5})

    assert best(journal) == [0]
    assert Ranking(journal.history).completed.tolist() == [True, False, False]


def test_what_breaks_a_bound_comes_after_what_does_not() -> None:
    metrics = Metric("loss"), Metric("memory", bound=8.0), Metric("recall", "maximize", bound=0.5)
    values = [(1.0, 16.0, 0.9), (5.0, 8.0, 0.5), (3.0, 2.0, 0.4), (4.0, 1.0, 0.6), (0.0, 9.0, 0.9)]
    journal = journal_of([dict(zip(("loss", "memory", "recall"), row, strict=True)) for row in values], *metrics)

    assert best(journal) == [3, 1, 4, 2, 0]
    assert np.allclose(Ranking(journal.history).broken, [1.0, 0.0, 0.2, 0.0, 0.125])


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_fronts_are_what_the_definition_says(m: int, seed: int) -> None:
    losses = np.random.default_rng(seed).integers(0, 6, size=(40, m)).astype(float)  # many ties and some equals

    found = [front.tolist() for front in fronts(losses, EVERY)]

    assert found == by_definition(losses)


@given(st.integers(0, 10_000), st.integers(1, 700), st.integers(2, 5), st.sampled_from([2, 5, 40, None]))
def test_fronts_of_many_points_are_those_of_the_simple_way(seed: int, n: int, m: int, levels: int | None) -> None:
    """More points than are looked at together, and few levels, so that many are equal."""
    rng = np.random.default_rng(seed)
    losses = rng.standard_normal((n, m)) if levels is None else rng.integers(-1, levels, (n, m)) * rng.choice([-0.0, 0.5], m)

    left, found = np.arange(n), fronts(losses, n)

    for front in found:
        rest = losses[left]
        nowhere_worse = (rest[:, None] <= rest).all(axis=2)
        first = ~(nowhere_worse & ~nowhere_worse.T).any(axis=0)
        assert front.tolist() == left[first].tolist()
        left = left[~first]
    assert not len(left)


def test_a_front_of_all_points_is_found_whole() -> None:
    """On a sphere nobody dominates anybody; one that all dominate stands alone."""
    points = np.abs(np.random.default_rng(0).standard_normal((1500, 3)))
    points /= np.linalg.norm(points, axis=1, keepdims=True)

    found = fronts(np.concatenate([[[2.0, 2.0, 2.0]], points]), 2000)

    assert [front.tolist() for front in found] == [list(range(1, 1501)), [0]]


def test_fronts_end_when_there_are_enough() -> None:
    losses = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])

    assert [front.tolist() for front in fronts(losses, 2)] == [[0], [1, 2]]
    assert fronts(losses, 0) == []
    assert fronts(np.empty((0, 2)), 3) == []


def test_several_objectives_are_ordered_by_front_and_then_by_what_they_add() -> None:
    metrics = Metric("a"), Metric("b", "maximize")
    points = [(5.0, 5.0), (0.0, 4.0), (1.0, 3.0), (4.0, 0.0), (1.5, 1.0)]
    journal = journal_of([{"a": a, "b": -b} for a, b in points], *metrics)

    # Over 4 and from (1.1, 1.1), [4] stands at (0.375, 0.25) and dominates 0.62, [2] 0.30 and the ends 0.11; beside [4], [2] adds
    # 0.125 * 0.35 = 0.044, the ends 0.375 * 0.1 = 0.038 and 0.1 * 0.25 = 0.025.
    assert best(journal)[:2] == [4, 2]
    assert sorted(best(journal)[:4]) == [1, 2, 3, 4]
    assert best(journal)[4] == 0


def test_the_best_few_are_the_beginning_of_the_best_many() -> None:
    values = np.random.default_rng(0).normal(size=(60, 3))
    journal = journal_of([dict(zip("abc", row.tolist(), strict=True)) for row in values], *map(Metric, "abc"))

    assert all(best(journal, wanted) == best(journal)[:wanted] for wanted in range(61))


def test_with_three_objectives_the_best_few_are_not_the_ends_of_the_front() -> None:
    rng = np.random.default_rng(0)
    values = np.abs(rng.normal(size=(100, 3)))
    values /= np.linalg.norm(values, axis=1, keepdims=True)  # on the sphere: the front
    values[:30] *= 1.5
    values[:3] = 2.0 * np.eye(3)  # far behind the front, and at its ends
    journal = journal_of([dict(zip("abc", row.tolist(), strict=True)) for row in values], *map(Metric, "abc"))

    assert min(best(journal, 10)) >= 30


def test_a_bound_comes_before_several_objectives() -> None:
    metrics = Metric("a"), Metric("b"), Metric("c"), Metric("d", bound=1.0)
    values = [(0.0, 0.0, 0.0, 2.0), (3.0, 1.0, 2.0, 1.0), (0.0, 0.0, 0.0, 1.5), (1.0, 3.0, 2.0, 0.0)]
    journal = journal_of([dict(zip("abcd", row, strict=True)) for row in values], *metrics)

    assert sorted(best(journal, 2)) == [1, 3]
    assert best(journal)[2:] == [2, 0]


@pytest.mark.parametrize("scale", [1e300, 1e-300, 0.0])
def test_any_scale_is_ordered(scale: float) -> None:
    metrics = Metric("a", bound=0.9e300), Metric("b"), Metric("c")
    journal = journal_of([{"a": -scale, "b": scale * i, "c": -scale * i} for i in range(-3, 4)], *metrics)

    assert sorted(best(journal)) == list(range(7))


def test_what_was_judged_with_a_higher_budget_comes_first() -> None:
    journal = Journal(SPACE)
    for budget, value in ((1, 0.1), (3, 5.0), (1, 0.05), (None, 9.0), (3, 4.0), (None, 8.0)):
        journal.tell(journal.ask({"x": 0.5}, budget=budget), value)

    assert best(journal) == [5, 3, 4, 1, 2, 0]


def test_other_losses_may_be_ranked() -> None:
    journal = journal_of([1.0, 2.0, 3.0, None])
    losses = np.array([[3.0], [np.nan], [1.0], [2.0]])

    assert Ranking(journal.history, losses).best(np.arange(4), 3).tolist() == [2, 3, 0]
