"""What every storage is."""

import msgspec
import pytest

from tunewright.storage.base import Header, Storage, StudyRecord
from tunewright.testing.storage_contract import HEADER


def test_a_storage_is_what_its_methods_promise() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Storage()  # type: ignore[abstract]


def test_records_cannot_be_changed() -> None:
    record = StudyRecord(1, "first", 0.0, HEADER)

    with pytest.raises(AttributeError):
        record.name = "second"
    with pytest.raises(AttributeError):
        record.header.seed = 1


def test_a_header_is_json_and_back() -> None:
    assert msgspec.json.decode(msgspec.json.encode(HEADER), type=Header) == HEADER
