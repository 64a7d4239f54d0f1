"""Paths and addresses as people write them."""

import os
import re
from pathlib import Path

__all__ = ["expanded", "masked"]


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
    hidden = re.sub(r"(\w://[^:/@?]*):[^?]*@", rf"\g<1>{mark}@", address)
    return re.sub(r"(?i)(^|[\s?&])(\w*password=)[^&\s]*", r"\1\2***", hidden)
