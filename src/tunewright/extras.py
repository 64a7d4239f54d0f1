"""The one door to optional libraries."""

import importlib
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
        raise ExtraMissing(
            f'This needs {library}, which is not installed. Install it with: pip install "tunewright[{extra}]"'
        ) from error
