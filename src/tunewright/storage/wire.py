"""How an event becomes the text of a row, and comes back.

A body is JSON with the defaults left out, written and read by msgspec, one decoder for each kind. Fields may be added to events; a
reader that does not know one says so, since what it says would be missing in all that the reader answers. What JSON cannot hold is refused before anything is written: an entry that comes back
is the entry that went in.
"""

import math
from collections.abc import Callable
from typing import Final

import msgspec

from tunewright.errors import StorageDamaged, StorageError
from tunewright.events import KINDS, Entry, Event
from tunewright.storage.records import UPDATE, Header

__all__ = ["DECODERS", "NAMES", "decode", "decode_header", "encode", "encode_header"]

NAMES: Final[dict[type[Event], str]] = {kind: name for name, kind in KINDS.items()}
"""The name under which each type of event is stored."""

_encoder = msgspec.json.Encoder()

_UNKNOWN: Final = "Object contains unknown field"
"""How msgspec begins to say it."""

_NEWER: Final = f"which this version of Tunewright does not know: a newer one wrote it. {UPDATE}"


DECODERS: Final[dict[str, Callable[[str], Event]]] = {name: msgspec.json.Decoder(kind).decode for name, kind in KINDS.items()}
"""What reads the body of each kind; `decode` also says what is wrong with one that cannot be read."""

_header = msgspec.json.Decoder(Header)


def _not_finite(value: object) -> bool:
    match value:
        case float():
            return not math.isfinite(value)
        case dict():
            return any(map(_not_finite, value.values()))
        case list() | tuple():
            return any(map(_not_finite, value))
        case _:
            return False


def encode(entry: Entry) -> str:
    """The body of an event.

    Raises:
        StorageError: it holds what JSON cannot: NaN, an infinity, a NumPy scalar, an object; or something of another type than it says.
    """
    kind = NAMES[type(entry.event)]
    where = f'"{kind}"' + (f" of trial {entry.trial}" if entry.trial >= 0 else "")
    try:
        body = _encoder.encode(entry.event)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StorageError(
            f"The event {where} cannot be stored: {error}. A journal holds JSON values only: convert it with float(), int(), str() or .tolist()."
        ) from error
    if b"null" in body and _not_finite(msgspec.to_builtins(entry.event)):
        raise StorageError(
            f"The event {where} cannot be stored: it holds NaN or an infinity, which JSON cannot. Record it as a failure."
        )
    text = body.decode()
    try:
        DECODERS[kind](text)
    except msgspec.ValidationError as error:
        raise StorageError(f"The event {where} cannot be stored: {error}. Give it what it asks for.") from error
    return text


def decode(kind: str, body: str) -> Event:
    """The event of a row.

    Raises:
        StorageError: a kind, or a field, that only a newer Tunewright knows.
        StorageDamaged: the body cannot be read.
    """
    try:
        return DECODERS[kind](body)
    except KeyError:
        raise StorageError(f'it holds an event of kind "{kind}", {_NEWER}') from None
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        if field := _unknown(error):
            raise StorageError(f'it holds an event of kind "{kind}" with {field}, {_NEWER}') from error
        raise StorageDamaged(f'an event of kind "{kind}" cannot be read: {error}') from error


def _unknown(error: Exception) -> str:
    """The field that nobody knows, where that is what is wrong."""
    text = str(error)
    return f"the field {text.removeprefix(_UNKNOWN).strip()}" if text.startswith(_UNKNOWN) else ""


def encode_header(header: Header) -> str:
    """The header of a study as JSON. Raises StorageError as `encode` does."""
    try:
        text = _encoder.encode(header)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StorageError(f"The study's description cannot be stored: {error}. It holds JSON values only.") from error
    if b"null" in text and _not_finite(msgspec.to_builtins(header)):
        raise StorageError("The study's description cannot be stored: it holds NaN or an infinity, which JSON cannot.")
    return text.decode()


def decode_header(text: str) -> Header:
    """The header of a study.

    Raises:
        StorageError: it holds a field that only a newer Tunewright knows.
        StorageDamaged: it cannot be read.
    """
    try:
        return _header.decode(text)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        if field := _unknown(error):
            raise StorageError(f"its description holds {field}, {_NEWER}") from error
        raise StorageDamaged(f"its description cannot be read: {error}") from error
