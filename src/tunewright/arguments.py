"""What a user gave as an argument, looked at before any work is done with it."""

import inspect
import operator
from collections.abc import Callable, Iterable

from tunewright.errors import StudyError, TrialError

__all__ = [
    "check_flag",
    "check_instance",
    "check_objective",
    "check_text",
    "checked_listeners",
    "count_of",
    "numbered",
    "whole",
]


def whole(value: object) -> int | None:
    """A Python int for whatever stands for a whole number (NumPy's integers, too), None for all else; a bool is no number here."""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def count_of(value: object, name: str, least: int = 0) -> int:
    """A whole number of at least `least`.

    Raises:
        StudyError: it is none.
    """
    count = whole(value)
    if count is None or count < least:
        raise StudyError(f"{name} must be a whole number, {least} or more, got {value!r}.")
    return count


def numbered(value: object, what: str) -> int:
    """The number of a trial.

    Raises:
        TrialError: it is no whole number; `what` says what was wanted.
    """
    number = whole(value)
    if number is None:
        raise TrialError(f"{what}, got {value!r}.")
    return number


def check_flag(value: object, name: str, *, optional: bool = False) -> None:
    """Raise StudyError for what is neither True nor False, nor, where it is optional, None."""
    if not isinstance(value, bool) and not (optional and value is None):
        raise StudyError(f"{name} must be True or False, got {value!r}.")


def check_text(value: object, name: str) -> None:
    """Raise StudyError for what is no text."""
    if not isinstance(value, str):
        raise StudyError(f"{name} must be a text, got {value!r}.")


def check_instance(given: object, kind: type, name: str) -> None:
    """Raise StudyError for what is neither None nor an instance of a class."""
    if given is not None and not isinstance(given, kind):
        mend = f"Write {given.__name__}()." if isinstance(given, type) else f"Give a {kind.__name__}."
        raise StudyError(f"{name} must be an instance of {kind.__name__}, got {given!r}. {mend}")


def check_objective(objective: object) -> None:
    """Raise StudyError for what cannot be called with a live trial, or gives no result when it is."""
    if not callable(objective):
        raise StudyError(f"The objective must be a function of the live trial, got {objective!r}.")
    if isinstance(objective, type) and any("__call__" in vars(kind) for kind in objective.__mro__):
        raise StudyError(
            f"The objective is the class {objective.__name__}, not an instance of it. Write {objective.__name__}(...)."
        )
    for call in (objective, type(objective).__call__):
        if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
            name = getattr(objective, "__name__", type(objective).__name__)
            raise StudyError(
                f"The objective {name} is an async function; give one with a plain def, which may call asyncio.run(...)."
            )


def checked_listeners(given: object) -> tuple[Callable[..., None], ...]:
    """The listeners, as they came.

    Raises:
        StudyError: they are no list of functions.
    """
    listeners = tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(map(callable, listeners)):
        raise StudyError(
            f"listeners must be a list of functions of the history and an entry, got {given!r}. Write listeners=[show]."
        )
    return listeners
