import math

import numpy as np
import pytest

from tunewright.testing import Problem, problems

ALL = problems()


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)
def test_the_optimum_is_where_it_is_said_to_be(problem: Problem) -> None:
    best = problem.space.validate(problem.best)

    assert problem.function(best) == pytest.approx(problem.optimum, abs=1e-9)


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)
def test_nothing_is_better_than_the_optimum(problem: Problem) -> None:
    losses = np.array([problem.function(params) for params in problem.space.sample(np.random.default_rng(0), 500)])

    assert np.all(np.isfinite(losses))
    assert losses.min() >= problem.optimum - 1e-9


def test_the_names_are_different() -> None:
    assert len({problem.name for problem in ALL}) == len(ALL)


def test_finite_and_endless_conditional_and_plain_spaces_are_among_them() -> None:
    sizes = [problem.space.size for problem in ALL]

    assert {1, 20, 54, 1000} <= set(sizes)
    assert math.inf in sizes
    assert any(problem.space.when for problem in ALL)
    assert any(problem.space.constraints for problem in ALL)
    assert max(len(problem.space) for problem in ALL) == 100
