"""Events as text, and back."""

from typing import Any, cast

import pytest

from tunewright.errors import StorageDamaged, StorageError
from tunewright.events import KINDS, Asked, Commented, Entry, Told
from tunewright.storage.wire import NAMES, decode, decode_header, encode, encode_header
from tunewright.testing.storage_contract import ENTRIES, HEADER


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry.event).__name__)
def test_an_event_comes_back_as_it_went(entry: Entry) -> None:
    assert decode(NAMES[type(entry.event)], encode(entry)) == entry.event


def test_every_kind_has_its_name() -> None:
    assert {name: KINDS[name] for name in NAMES.values()} == KINDS


def test_defaults_are_left_out() -> None:
    assert encode(Entry(0, Told({"loss": 0.5}), 1.0)) == '{"values":{"loss":0.5}}'
    assert encode(Entry(-1, Asked({"lr": 0.1}, "Random", 7), 1.0)) == '{"params":{"lr":0.1},"by":"Random","basis":7}'


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("commented", '{"text":"x","colour":"red"}', "`colour`"),
        ("asked", '{"params":{},"by":"Random","basis":0,"herd":[1]}', "`herd`"),
        ("failed", '{"failure":{"kind":"crash","message":"","core":3}}', "`core`"),
    ],
)
def test_a_field_that_a_newer_version_added_is_not_passed_over(kind: str, body: str, field: str) -> None:
    with pytest.raises(StorageError, match=f'kind "{kind}" with the field {field}.*a newer one wrote it.*git pull') as caught:
        decode(kind, body)
    assert not isinstance(caught.value, StorageDamaged)


def test_a_description_with_a_field_that_a_newer_version_added_is_not_half_read() -> None:
    text = encode_header(HEADER)[:-1] + ',"herd":1}'

    with pytest.raises(StorageError, match=r"description holds the field `herd`.*a newer one wrote it") as caught:
        decode_header(text)
    assert not isinstance(caught.value, StorageDamaged)


def test_a_none_that_is_meant_is_no_nan() -> None:
    assert "null" in encode(Entry(-1, Asked({"opt": None}, "Random", 0), 1.0))


@pytest.mark.parametrize("body", ["", "{", "[]", '{"values":{"loss":null}}', '{"values":{"loss":"0.5"}}', "\x00"])
def test_a_body_that_is_no_event_is_damage(body: str) -> None:
    with pytest.raises(StorageDamaged, match='kind "told" cannot be read'):
        decode("told", body)


def test_an_unknown_kind_is_of_a_newer_version() -> None:
    with pytest.raises(StorageError, match=r'kind "cloned", which this version.*git pull') as caught:
        decode("cloned", "{}")
    assert not isinstance(caught.value, StorageDamaged)


def test_a_header_comes_back_as_it_went() -> None:
    assert decode_header(encode_header(HEADER)) == HEADER
    with pytest.raises(StorageDamaged, match="description cannot be read"):
        decode_header("{}")


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (Commented(None), "Expected `str`, got `null`"),
        (Commented(3), "Expected `str`, got `int`"),
        (Told(cast("Any", {"loss": "low"})), "Expected `float`"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(event: Any, what: str) -> None:
    with pytest.raises(StorageError, match=what):
        encode(Entry(-1, event, 1.0))
