"""Paths and addresses as people write them."""

import os
import re
from pathlib import Path
from typing import Final

__all__ = ["expanded", "masked"]

_NO_QUERY: Final = r"(?:(?!\?\w+=).)*"
_PASSWORD: Final = re.compile(rf"(?s)(\w://[^:/@?]*):(?:[^@/]*@(?:{_NO_QUERY}@)?|{_NO_QUERY}@)")
"""From the first ":" to the last "@" before the query: whoever writes a password with @, / or ? in it wants it hidden as well."""


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a leading ~ or ~user as the folder of that user; as it is where there is no such user, as a shell has it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def masked(address: str, mark: str = ":***") -> str:
    """An address without its password, wherever that stands, for journals, pages and messages.

    Args:
        address: "postgresql://user:password@host/database?sslpassword=…"; what is no address comes back as it is.
        mark: what stands in place of ":password".
    """
    hidden = _PASSWORD.sub(rf"\g<1>{mark}@", address)
    return re.sub(r"(?i)(^|[\s?&])(\w*password=)[^&\s]*", r"\1\2***", hidden)
