from itertools import islice

import numpy as np

from tunewright.samplers.sequence import scramble_of, sobol_rows
from tunewright.space import Bool, Float, Int, SearchSpace, param

SPACE = SearchSpace({"low": Float(0, 1), "high": Float(0, 1)}, constraints=[param("low") < param("high")])


def test_a_space_and_a_seed_have_one_scramble():
    assert scramble_of(SPACE, 1) == scramble_of(SearchSpace.from_json(SPACE.to_json()), 1)
    assert scramble_of(SPACE, 1) != scramble_of(SPACE, 2)
    assert scramble_of(SPACE, 1) != scramble_of(SearchSpace({"x": Float(0, 1)}), 1)


def test_the_rows_are_the_same_each_time_and_all_allowed():
    first = np.array(list(islice(sobol_rows(SPACE, 3), 500)))
    again = np.array(list(islice(sobol_rows(SPACE, 3), 500)))

    assert (first == again).all()
    assert SPACE.allowed(first).all()


def test_a_finite_space_ends_with_each_configuration_once():
    space = SearchSpace({"n": Int(1, 7), "flag": Bool()})

    rows = list(sobol_rows(space, 0))

    assert len(rows) == len({tuple(row) for row in rows}) == 14
