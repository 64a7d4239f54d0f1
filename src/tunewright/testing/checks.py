"""What the contract tests are made of."""

import pickle
import random

import numpy as np

from tunewright.history import History

__all__ = ["expect", "global_chance", "seen_of"]


def expect(holds: object, message: str) -> None:
    """Raise AssertionError with the message unless it holds (an `assert` would vanish under `python -O`)."""
    if not holds:
        raise AssertionError(message)


def global_chance() -> tuple[object, bytes]:
    """The state of the random streams that belong to nobody; it changes when somebody draws from them."""
    return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002  the old stream is what is watched


def seen_of(history: History) -> tuple[object, ...]:
    """Everything of a history that samplers and schedulers see, to compare."""
    columns = (history.rows, history.values, history.losses, history.states, history.seconds, history.usable)
    tasks = [(history.plan(trial), history.sent(trial)) for trial in range(len(history))]
    return (history.position, history.space, history.queue, tasks, *(column.tobytes() for column in columns))
