"""scikit-learn's configuration, where an objective runs somewhere else.

`sklearn.config_context` holds in its own thread: a worker process or another thread knows nothing of it, and would transform to
arrays where tables were asked for, or refuse metadata that is to be routed.
"""

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sklearn import config_context, get_config

__all__ = ["Ambient"]


class Ambient:
    """The configuration of the thread that made it or, after it was sent to another process, that sent it."""

    def __init__(self) -> None:
        self._config, self._home = get_config(), _here()

    def restored(self) -> AbstractContextManager[Any]:
        """That configuration, for elsewhere; in the thread it is from, whatever holds there."""
        found: AbstractContextManager[Any] = nullcontext() if self._home == _here() else config_context(**self._config)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {"_config": get_config() if self._home == _here() else self._config, "_home": None}


def _here() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()
