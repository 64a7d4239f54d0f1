"""Histories to analyse, folded from journals written out by hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tunewright.events import Asked, Enqueued, Entry, Event, Failed, Opened, Sent, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import SearchSpace
from tunewright.trial import Failure
from tunewright.typing import Params

START = 1_760_000_000.0
Result = Failure | None | float | Mapping[str, float] | Sequence[Any]


def _events(trial: int, result: Result, metrics: Sequence[Metric], infos: Sequence[dict[str, Any]]) -> list[tuple[int, Event]]:
    """What follows the asking: a Failure, None (still running), one value, or a list of values, one per fold."""
    if result is None:
        return []
    if isinstance(result, Failure):
        return [(trial, Failed(result, seconds=0.5))]
    folds = list(result) if isinstance(result, Sequence) else [result]
    events: list[tuple[int, Event]] = []
    for fold, value in enumerate(folds):
        values = dict(value) if isinstance(value, Mapping) else {metrics[0].name: float(value)}
        if fold:
            events.append((trial, Sent(fold, fold=fold)))
        events.append((trial, Told(values, 0.25, fold, infos[fold] if infos else {})))
    return events


def _history(
    space: SearchSpace,
    trials: Sequence[tuple[Params, Result]],
    *,
    metrics: Metric | Sequence[Metric] = (),
    notes: Mapping[int, str] | None = None,
    train: Sequence[Sequence[float]] | None = None,
) -> History:
    known = [metrics] if isinstance(metrics, Metric) else list(metrics) or [Metric("loss")]
    events: list[tuple[int, Event]] = [(-1, Opened(1, "QuasiRandom()", "Once()", {"python": "3.11", "numpy": "2.0"}))]
    for number, (params, result) in enumerate(trials):
        queued = 0
        if notes and number in notes:
            events.append((-1, Enqueued(params, notes[number])))
            queued = len(events)
        plan = len(result) if isinstance(result, Sequence) else 1
        fold = 0 if isinstance(result, Sequence) else None
        events.append(
            (number, Asked(params, "queue" if queued else "quasi-random", len(events), queued=queued, plan=plan, fold=fold))
        )
        infos = [{f"train_{known[0].name}": score} for score in train[number]] if train else []
        events += _events(number, result, known, infos)
    history = History(space, known)
    history.fold(Entry(trial, event, START + i, i) for i, (trial, event) in enumerate(events, 1))
    return history


@pytest.fixture
def history_of() -> Callable[..., History]:
    """history_of(space, [(params, result), …], metrics=, notes={trial: note}, train=[[score per fold], …])."""
    return _history
