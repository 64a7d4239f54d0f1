"""A study's journal written line by line, and the history folded from it: what a test of a sampler or scheduler stands on."""

from collections.abc import Mapping, Sequence

from tunewright.events import Asked, Entry, Event, Failed, Reported, Sent, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import SearchSpace
from tunewright.trial import Failure
from tunewright.typing import Params

__all__ = ["Journal"]


class Journal:
    """Writes entries and folds each at once into `history`. An hour passes between two entries, so times are the same at each run.

    Args:
        space: of the study.
        metrics: of the study; default: one, "value", to minimize.
    """

    def __init__(self, space: SearchSpace, metrics: Sequence[Metric] = (Metric("value"),)) -> None:
        self.space = space
        self.metrics = tuple(metrics)
        self.entries: list[Entry] = []
        self.history = History(space, self.metrics)

    def ask(self, params: Params, *, plan: int = 1, fold: int | None = None, seed: int = 0, budget: float | None = None) -> int:
        """Ask a trial with its first task, and return its number."""
        trial = len(self.history)
        asked = Asked(params, by="test", basis=len(self.entries), plan=plan, fold=fold, seed=seed, budget=budget)
        self._write(trial, asked)
        return trial

    def clone(
        self, parent: int, params: Params, *, budget: float | None = None, since: float | None = None, replaces: int | None = None
    ) -> int:
        """Ask a trial that goes on from another one's checkpoint, and return its number."""
        trial = len(self.history)
        basis = len(self.entries)
        self._write(trial, Asked(params, "clone", basis, budget=budget, parent=parent, since=since, replaces=replaces))
        return trial

    def send(
        self, trial: int, *, fold: int | None = None, seed: int = 0, budget: float | None = None, spare: bool = False
    ) -> int:
        """Send a further task of a trial, and return its index."""
        index = self.history.sent(trial)
        self._write(trial, Sent(index, fold=fold, seed=seed, budget=budget, spare=spare))
        return index

    def report(self, trial: int, step: float, value: float | Mapping[str, float], *, index: int = 0) -> None:
        """Let a task report a value (of every metric the same), or values by metric."""
        self._write(trial, Reported(index, step, self._values(value)))

    def tell(
        self,
        trial: int,
        value: float | Mapping[str, float],
        *,
        index: int = 0,
        seconds: float = 1.0,
        reached: float | None = None,
        gradient: Mapping[str, float] | None = None,
    ) -> None:
        """Tell a task its value (of every metric the same), or its values by metric, and how long it took; `reached`: the step at which a scheduler stopped it;
        `gradient`: derivatives by parameter.
        """
        self._write(
            trial, Told(self._values(value), seconds=seconds, index=index, reached=reached, gradient=dict(gradient or {}))
        )

    def fail(self, trial: int, *, index: int = 0) -> None:
        """Let a task fail."""
        self._write(trial, Failed(Failure("exception", "ValueError: made to fail by a test"), seconds=1.0, index=index))

    def folded(self, length: int | None = None) -> History:
        """A history folded anew from the first `length` entries (default: all)."""
        history = History(self.space, self.metrics)
        history.fold(self.entries[:length])
        return history

    def _values(self, value: float | Mapping[str, float]) -> dict[str, float]:
        return dict(value) if isinstance(value, Mapping) else {metric.name: float(value) for metric in self.metrics}

    def _write(self, trial: int, event: Event) -> None:
        position = len(self.entries) + 1
        self.entries.append(Entry(trial, event, 1.7e9 + 3600.0 * position, position))
        self.history.fold(self.entries[-1:])
