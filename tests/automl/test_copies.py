import numpy as np

from tunewright.automl.copies import facts
from tunewright.resampling.alike import Alike


def test_a_test_row_counts_as_seen_where_its_like_is_a_training_row() -> None:
    found = Alike(np.array([0, 1, 0, 2, 2, 1]), rows=3, exact=2, natural=False)

    told = facts(found, np.array([0, 1, 5]), np.array([2, 3, 4]), "apart")

    assert (told.rows, told.exact, told.natural, told.handled) == (3, 2, False, "apart")
    assert (told.sets, told.seen) == (2, 1)  # rows 3 and 4 are one; row 2 is row 0 again
