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


def masked(text: str) -> str:
    """The text without the passwords of the addresses in it, for journals, pages and messages."""
    hidden = re.sub(r"(\w://[^\s:/@]*):\S*@", r"\1:***@", text)
    return re.sub(r"(?i)([?&]password=)[^&\s]*", r"\1***", hidden)
