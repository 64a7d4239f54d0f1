import msgspec
import pytest

from tunewright.storage.records import Header, StudyRecord
from tunewright.testing.storage_contract import HEADER


def test_records_cannot_be_changed() -> None:
    record = StudyRecord(1, "first", 0.0, HEADER)

    with pytest.raises(AttributeError):
        record.name = "second"
    with pytest.raises(AttributeError):
        record.header.seed = 1


def test_a_header_is_json_and_back() -> None:
    assert msgspec.json.decode(msgspec.json.encode(HEADER), type=Header) == HEADER
