"""What every storage is."""

import pytest

from tunewright.storage.base import Storage


def test_a_storage_is_what_its_methods_promise() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Storage()  # type: ignore[abstract]
