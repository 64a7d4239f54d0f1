"""The one door to optional libraries."""

import importlib
import re
from importlib import metadata
from typing import Any

from tunewright.errors import ExtraMissing

__all__ = ["require"]


def require(module: str, *, extra: str) -> Any:  # noqa: ANN401  a module has no better type
    """Import an optional library, or say how to get it.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise
        library = module.split(".")[0]
        named = " ".join(f'"{each}"' for each in _declared(extra)) or library
        raise ExtraMissing(f"This needs {library}, which is not installed. Install it with: pip install {named}") from error


def _declared(extra: str) -> list[str]:
    """What the extra brings: named one by one it can be installed wherever Tunewright itself came from. Empty where that is not known."""
    try:
        declared = metadata.requires("tunewright") or []
    except metadata.PackageNotFoundError:  # run from its source
        return []
    pairs = (each.partition(";") for each in declared)
    return [needed.strip() for needed, _, marker in pairs if re.fullmatch(rf"\s*extra == [\"']{extra}[\"']\s*", marker)]
