from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.models import hypervolume
from tunewright.models.hypervolume import _scaled, dominated, representatives, undominated
from tunewright.typing import Array


def front_of(n: int, m: int, seed: int) -> Array:
    """Points on the positive sphere, none of which dominates another."""
    points: Array = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def volume(points: Array) -> float:
    """What points dominate below the reference point, by inclusion and exclusion."""
    corner, total = 1.1 if points.shape[1] <= 3 else 1.5, 0.0
    for k in range(1, len(points) + 1):
        for some in combinations(points, k):
            total -= (-1) ** k * float(np.prod(corner - np.max(some, axis=0)))
    return total


def greedily(points: Array, wanted: int) -> list[int]:
    chosen: list[int] = []
    for _ in range(wanted):
        left = [i for i in range(len(points)) if i not in chosen]
        chosen.append(max(left, key=lambda i: volume(points[[*chosen, i]])))
    return chosen


@pytest.mark.parametrize("m", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_up_to_three_objectives_each_choice_is_the_one_that_adds_most(m: int, seed: int) -> None:
    losses = front_of(9, m, seed)

    assert representatives(losses, 7).tolist() == greedily(_scaled(losses), 7)


def greedily_on_a_grid(points: Array, wanted: int) -> list[int]:
    """The same for more points: the space is cut at every coordinate of every point, and all points are measured anew each time."""
    edges = [np.unique([0.0, 1.1, *column]) for column in points.T]
    cells = np.prod(np.meshgrid(*map(np.diff, edges), indexing="ij"), axis=0)
    starts = np.meshgrid(*(edge[:-1] for edge in edges), indexing="ij")
    dominated = [np.logical_and.reduce([start >= x for start, x in zip(starts, point, strict=True)]) for point in points]
    chosen: list[int] = []
    for _ in range(wanted):
        gains = [float(cells[mine].sum()) if i not in chosen else -1.0 for i, mine in enumerate(dominated)]
        chosen.append(int(np.argmax(gains)))
        cells[dominated[chosen[-1]]] = 0.0
    return chosen


@pytest.mark.parametrize(("n", "m"), [(120, 2), (30, 3)])
@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_of_larger_fronts_the_order_is_that_of_the_plain_greedy_to_the_last_point(n: int, m: int, bent: bool, seed: int) -> None:
    losses = 1 - front_of(n, m, seed) if bent else front_of(n, m, seed)

    assert representatives(losses, n).tolist() == greedily_on_a_grid(_scaled(losses), n)


@pytest.mark.parametrize("m", [4, 5, 6])
@pytest.mark.parametrize("seed", range(4))
def test_with_more_objectives_the_choice_dominates_nearly_as_much(m: int, seed: int) -> None:
    losses = front_of(40, m, seed)

    found, exact = representatives(losses, 5), greedily(_scaled(losses), 5)

    points, rng = _scaled(losses), np.random.default_rng(seed)
    assert volume(points[found]) > 0.95 * volume(points[exact])
    some = [volume(points[rng.permutation(40)[:5]]) for _ in range(20)]
    assert np.mean(some) < 0.8 * volume(points[exact])  # the test would see a choice at random


def test_directions_are_uniform_on_the_sphere() -> None:
    directions = hypervolume._directions(5)

    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert (directions > 0.0).all()
    assert np.allclose((directions**2).mean(axis=0), 1 / 5, atol=0.01)  # of a uniform one each has the same share


@given(
    st.integers(1, 6).flatmap(lambda m: st.lists(st.lists(st.integers(0, 4), min_size=m, max_size=m), min_size=1, max_size=12)),
    st.integers(0, 15),
)
def test_any_points_are_chosen_once_and_the_fewer_are_the_beginning(rows: list[list[int]], wanted: int) -> None:
    losses = np.array(rows, float)  # whether they are a front or not, with ties and copies

    every = representatives(losses, len(losses)).tolist()

    assert sorted(every) == list(range(len(losses)))
    assert representatives(losses, wanted).tolist() == every[:wanted]


@given(
    st.integers(2, 6).flatmap(
        lambda m: st.lists(st.lists(st.integers(0, 4), min_size=m, max_size=m), min_size=2, max_size=12, unique_by=tuple)
    )
)
def test_copies_come_after_what_adds_something_and_in_order(rows: list[list[int]]) -> None:
    one = np.array(rows, float)
    front = one[[not any((p <= q).all() and (p < q).any() for p in one) for q in one]]
    losses = np.concatenate([front, front])

    found = representatives(losses, len(losses))

    assert set(found[: len(front)].tolist()) == set(range(len(front)))


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1e8, 1e100])
def test_units_do_not_matter(m: int, scale: float) -> None:
    losses = front_of(30, m, 0)
    units = np.linspace(1.0, 9.0, m)

    other = representatives(losses * units * scale, 12)

    assert other.tolist() == representatives(losses, 12).tolist()


@pytest.mark.parametrize("m", [2, 3, 5])
def test_a_divergence_does_not_hide_what_tells_the_others_apart(m: int) -> None:
    losses = front_of(30, m, 0)
    losses[0] = 0.0
    losses[0, 0] = 1e200  # the best but for that

    assert np.ptp(_scaled(losses)[1:, 0]) > 0.3
    assert _scaled(losses)[0].tolist() == [1.0] + [0.0] * (m - 1)


def test_nothing_is_chosen_of_nothing() -> None:
    assert representatives(np.empty((0, 3)), 4).tolist() == []
    assert representatives(front_of(5, 3, 0), 0).tolist() == []


@pytest.mark.parametrize("m", [2, 4, 5])
def test_equal_points_come_in_their_order(m: int) -> None:
    assert representatives(np.ones((6, m)), 6).tolist() == list(range(6))


@pytest.mark.parametrize(("n", "m"), [(0, 2), (1, 2), (12, 2), (9, 3), (6, 4), (5, 5)])
def test_the_boxes_are_disjoint_and_hold_what_no_point_dominates(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    points, reference = rng.random((n, m)), np.full(m, 0.9)

    low, high = undominated(points, reference)

    at = rng.uniform(-0.5, 1.0, (4000, m))
    inside = ((low.T[None] <= at[:, None]) & (at[:, None] < high.T[None])).all(axis=2).sum(axis=1)
    dominated = np.asarray((points[None] <= at[:, None]).all(axis=2)).any(axis=1)
    assert inside.tolist() == (~dominated & (at < reference).all(axis=1)).astype(int).tolist()


@pytest.mark.parametrize("m", [2, 3, 4])
def test_what_points_dominate_is_what_inclusion_and_exclusion_say(m: int) -> None:
    points = np.concatenate([front_of(7, m, 0), 1.0 + front_of(3, m, 1)])  # some behind others, some behind the reference
    corner = 1.1 if m <= 3 else 1.5
    before = points[(points < corner).all(axis=1)]

    assert dominated(points, np.full(m, corner)) == pytest.approx(volume(before))
    assert dominated(points + 5, np.full(m, corner)) == 0.0
