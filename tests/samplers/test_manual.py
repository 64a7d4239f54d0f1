import numpy as np
import pytest

from tunewright.errors import SpaceExhausted
from tunewright.samplers import Manual
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal


def test_it_proposes_nothing_and_says_what_to_do() -> None:
    space = SearchSpace({"x": Float(0, 1)})

    with pytest.raises(SpaceExhausted, match=r"study\.enqueue.*study\.ask"):
        Manual().propose(space, Journal(space).history, np.random.default_rng(0))
