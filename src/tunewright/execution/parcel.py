"""An objective on its way to another process.

It travels by value (cloudpickle): lambdas, closures and what was typed into a notebook do too.
"""

import contextlib
import functools
import io
import sys
import types
from collections import ChainMap
from typing import Any, cast

from tunewright.errors import StudyError
from tunewright.execution.worker import Objective

__all__ = ["at_hand", "pack", "unpack"]


def pack(objective: Objective) -> bytes:
    """The objective as bytes.

    Raises:
        StudyError: it holds what cannot leave this process.
    """
    import cloudpickle  # noqa: PLC0415  a study without other processes need not load it

    code_of = cloudpickle.CloudPickler.dispatch_table[types.CodeType]

    def with_file(code: types.CodeType) -> Any:  # noqa: ANN401  pickle's own form
        """Cloudpickle may leave out where the code was written (3.1.3 does): a traceback needs it."""
        make, parts = code_of(code)
        return make, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts)

    table = ChainMap({types.CodeType: with_file}, cloudpickle.CloudPickler.dispatch_table)
    packed = io.BytesIO()
    try:
        type("Pickler", (cloudpickle.CloudPickler,), {"dispatch_table": table})(packed).dump(objective)
        return packed.getvalue()
    except Exception as error:  # any object may refuse in its own way
        raise StudyError(
            f"The objective cannot be sent to another process: {type(error).__name__}: {error}. It holds what lives in this process "
            'alone, such as a lock, an open file or a connection. Make that inside the objective, or say isolation="none".'
        ) from error


@functools.lru_cache(maxsize=2)
def unpack(parcel: bytes) -> Objective:
    """The objective again; the same bytes give the same object, so that what it keeps from task to task is kept."""
    import cloudpickle  # noqa: PLC0415

    objective: Any = cloudpickle.loads(parcel)
    return cast(Objective, objective)


def at_hand(objective: Objective) -> None:
    """Put what the objective knows from its script into this process's own script.

    Where it starts processes itself, they find functions by name there: `pool.map(fold, ...)` with a `fold` of the script's.
    """
    main = sys.modules["__main__"]
    function: Any = getattr(objective, "func", objective)
    function = getattr(function, "__func__", function) if isinstance(function, types.MethodType) else function
    known = getattr(function if isinstance(function, types.FunctionType) else type(function).__call__, "__globals__", {})
    for name, value in known.items():
        with contextlib.suppress(Exception):  # whatever the user's object does when it is asked where it is from
            if value.__module__ == "__main__":
                setattr(main, name, value)
