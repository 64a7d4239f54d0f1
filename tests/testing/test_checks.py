import random

import numpy as np
import pytest

from tunewright.testing import Journal
from tunewright.testing.checks import expect, global_chance, seen_of
from tunewright.testing.problems import sphere


def test_expect_speaks_only_when_it_must() -> None:
    expect(True, "unheard")
    with pytest.raises(AssertionError, match="heard"):
        expect([], "heard")


def test_drawing_from_a_global_stream_is_noticed() -> None:
    before = global_chance()
    np.random.default_rng(0).random()

    assert global_chance() == before
    random.random()
    after_python = global_chance()
    assert after_python != before
    np.random.rand()  # noqa: NPY002  what is to be noticed
    assert global_chance() != after_python


def test_histories_are_the_same_when_their_trials_are() -> None:
    problem = sphere()
    one, other = Journal(problem.space), Journal(problem.space)
    for journal in (one, other):
        journal.ask(problem.best)

    assert seen_of(one.history) == seen_of(other.history)
    other.tell(0, 1.0)
    assert seen_of(one.history) != seen_of(other.history)
