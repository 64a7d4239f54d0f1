"""Samplers and schedulers of somebody's own, named as the objective is."""

from typing import TypeVar

from tunewright.cli.inputs import import_object
from tunewright.errors import StudyError, TunewrightError
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Scheduler

__all__ = ["made"]

_Kind = TypeVar("_Kind", Sampler, Scheduler)


def made(text: str, kind: type[_Kind], what: str) -> _Kind:
    """What MODULE:NAME names: an instance, or a class or function that makes one without arguments.

    Args:
        text: as the user wrote it.
        kind: `Sampler` or `Scheduler`.
        what: the option, for messages: "sampler" or "scheduler".

    Raises:
        StudyError: there is no such thing, or it is none.
    """
    found = import_object(text, what=f"the {what}")
    if callable(found) and not isinstance(found, kind):
        try:
            found = found()
        except TunewrightError:
            raise
        except Exception as error:
            raise StudyError(
                f'--{what} "{text}": making it without arguments failed ({type(error).__name__}: {error}). Name an instance, or a function '
                f"that makes one: {what} = lambda: Mine(3)."
            ) from error
    if not isinstance(found, kind):
        raise StudyError(f'--{what} "{text}" is a {type(found).__name__}, no tunewright.{what}s.{kind.__name__}.')
    return found
