"""Runs of a journal that can be folded by columns.

Most of a long journal is trials of one task and the one value of each. In a stretch of only these, the order of the entries says
nothing that their own numbers do not, so the whole stretch is entered at once: first its trials, then its values.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from tunewright.events import Asked, Entry, Told

__all__ = ["pieces"]

_CHUNK: Final = 500  # entries that stay in the processor's cache
_SHORTEST: Final = 16


def pieces(
    entries: Iterable[Entry], trials: Callable[[], int], awaits_one: Callable[[int], bool]
) -> Iterator[tuple[list[Entry], bool]]:
    """Cut entries into runs and what stands between them; each piece must be folded before the next one is asked for.

    Args:
        entries: in the order of the journal.
        trials: how many trials there are.
        awaits_one: whether a known trial is running, and its only task is out.

    Returns:
        Pieces, each with whether it is a run.
    """
    rest = iter(entries)
    while chunk := list(islice(rest, _CHUNK)):
        at = 0
        while at < len(chunk):
            end = _end(chunk, at, trials(), awaits_one) if len(chunk) - at >= _SHORTEST else len(chunk) - 1
            if end - at < _SHORTEST:
                yield chunk[at : end + 1], False
                at = end + 1
            else:
                yield chunk[at:end], True
                at = end


def _end(chunk: list[Entry], at: int, known: int, awaits_one: Callable[[int], bool]) -> int:
    """Where the run ends that begins there."""
    trials, told = known, set()
    for i in range(at, len(chunk)):
        event, trial = chunk[i].event, chunk[i].trial
        if type(event) is Asked:
            if (
                event.plan != 1
                or event.queued
                or event.seed
                or event.budget is not None
                or event.fold is not None
                or event.parent is not None
            ):
                return i
            trials += 1
        elif type(event) is Told:
            if (
                event.index
                or event.reached is not None
                or trial in told
                or not 0 <= trial < trials
                or (trial < known and not awaits_one(trial))
            ):
                return i
            told.add(trial)
        else:
            return i
    return len(chunk)
