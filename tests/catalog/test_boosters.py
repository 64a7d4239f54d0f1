from collections.abc import Callable

import pytest

from tunewright.catalog import Entry
from tunewright.catalog.boosters import ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_space_begins_with_the_library_and_fits_wherever_it_is_drawn(
    entry: Entry, own_defaults: Callable[[Entry], None], thirty: Callable[[Entry], None]
) -> None:
    own_defaults(entry)
    thirty(entry)
