from collections.abc import Callable

import numpy as np
import pytest
from sklearn.decomposition import NMF

from tunewright.catalog import Entry, settings, space_for
from tunewright.catalog.unsupervised import ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_space_begins_with_the_library_and_fits_wherever_it_is_drawn(
    entry: Entry, own_defaults: Callable[[Entry], None], thirty: Callable[[Entry], None]
) -> None:
    own_defaults(entry)
    thirty(entry)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_penalty_of_nmf_leaves_something_of_data_between_zero_and_one() -> None:
    table = np.random.default_rng(0).random((100, 13))
    space = space_for(NMF(max_iter=40, random_state=0), X=table)

    for params in space.sample(np.random.default_rng(0), 20):
        assert NMF(max_iter=40, random_state=0).set_params(**settings(params)).fit_transform(table).any()
