import numpy as np
import pytest

from tunewright.models.climb import climb, mutate
from tunewright.models.features import Features
from tunewright.space import Categorical, Float, Int, SearchSpace
from tunewright.testing import problems


@pytest.mark.parametrize("problem", problems(), ids=lambda problem: problem.name)
def test_a_mutation_is_a_configuration_of_the_space(problem):
    features, rng = Features(problem.space), np.random.default_rng(0)
    rows = problem.space.sample_rows(rng, 200)

    moved = mutate(features, rows, np.full(200, 0.1), rng)

    for row in moved[problem.space.allowed(moved)]:
        assert problem.space.validate(problem.space.params(row))
    if problem.space.size > 10:
        same = ((moved == rows) | (np.isnan(moved) & np.isnan(rows))).all(axis=1)
        assert same.mean() < 0.7


@pytest.mark.parametrize("name", ["sphere", "conditional", "constrained", "categorical", "integers"])
def test_a_climb_finds_the_top(name):
    problem = next(problem for problem in problems() if problem.name == name)
    space, features = problem.space, Features(problem.space)

    def score(rows):
        return -np.array([problem.function(space.params(row)) for row in rows])

    def flat(points):
        return np.zeros(len(points)), np.zeros_like(points.numbers)

    found = climb(features, score, flat, np.empty((0, len(space))), np.random.default_rng(0))

    draws = score(space.sample_rows(np.random.default_rng(1), 1000))
    assert space.allowed(found).all()
    assert score(found[:1])[0] >= draws.max()
    assert len(np.unique(np.nan_to_num(found, nan=-1), axis=0)) == len(found)


def test_the_last_steps_follow_the_gradient():
    problem = next(problem for problem in problems() if problem.name == "sphere")
    space, features = problem.space, Features(problem.space)
    top = np.full(len(space), 0.3141592)

    def slope(points):
        away = points.numbers - top
        return -(away**2).sum(axis=1), -2 * away

    found = climb(
        features, lambda rows: slope(features.points(rows))[0], slope, np.empty((0, len(space))), np.random.default_rng(0)
    )

    assert features.points(found[:1]).numbers[0] == pytest.approx(top, abs=1e-5)


def test_what_is_best_at_the_ends_is_found_there():
    space = SearchSpace({"x": Float(0, 1), "rate": Float(1e-4, 1.0, log=True), "n": Int(1, 500), "m": Int(2, 9)})
    features = Features(space)
    corner = features.points(space.rows([{"x": 0.0, "rate": 1.0, "n": 500, "m": 2}])).numbers

    def slope(points):
        away = points.numbers - corner
        return -(away**2).sum(axis=1), -2 * away

    found = climb(features, lambda rows: slope(features.points(rows))[0], slope, np.empty((0, 4)), np.random.default_rng(0))

    assert space.params(found[0]) == {"x": 0.0, "rate": 1.0, "n": 500, "m": 2}


def test_the_one_good_choice_of_many_is_found():
    space = SearchSpace({"x": Float(0, 1), "word": Categorical([f"w{i}" for i in range(400)])})
    features = Features(space)

    def score(rows):
        return -((rows[:, 0] - 0.5) ** 2) + (rows[:, 1] == 321)

    def flat(points):
        return np.zeros(len(points)), np.zeros_like(points.numbers)

    found = climb(features, score, flat, np.empty((0, 2)), np.random.default_rng(0))

    assert space.params(found[0])["word"] == "w321"
