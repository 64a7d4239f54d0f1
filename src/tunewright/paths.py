"""Paths as people write them."""

import os
from pathlib import Path

__all__ = ["expanded"]


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a leading ~ or ~user as the folder of that user; as it is where there is no such user, as a shell has it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
