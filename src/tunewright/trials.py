"""The trials of a study as columns, each remembered in the space in which it was asked.

When the space is edited, the rows are written anew in the new space; what was asked stays as it was in its own era.
"""

from collections.abc import Sequence
from sys import intern
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunewright.columns import Columns
from tunewright.errors import ParamsError
from tunewright.events import Asked
from tunewright.metric import Metric
from tunewright.space import SearchSpace
from tunewright.tasks import TaskTable
from tunewright.trial import Descent, Trial, TrialState
from tunewright.typing import Array, Params

__all__ = ["COMPLETED", "FAILED", "RUNNING", "TrialTable", "carried"]

RUNNING: Final = 0
COMPLETED: Final = 1
FAILED: Final = 2
_STATES: Final = (TrialState.RUNNING, TrialState.COMPLETED, TrialState.FAILED)


class _Era(msgspec.Struct, frozen=True):
    """The trials from `start` on were asked in this space; `rows` keeps theirs as they were once the space is edited."""

    start: int
    space: SearchSpace
    rows: Array


class TrialTable:
    """All trials that were ever asked."""

    def __init__(self, space: SearchSpace, metrics: tuple[Metric, ...]) -> None:
        self.space = space
        self._names = tuple(metric.name for metric in metrics)
        unknown = np.float64(np.nan)
        self._columns = Columns(
            {
                "rows": np.full(len(space), np.nan),
                "values": np.full(len(metrics), np.nan),
                "states": np.int8(RUNNING),
                "seconds": np.float64(0),
                "asked_at": unknown,
                "finished_at": unknown,
                "result_at": np.int64(0),
                "usable": np.bool_(True),
            }
        )
        self.cells = self._columns.raw
        self.column = self._columns.view
        self.plan: list[int] = []
        self.sent: list[int] = []
        """How many tasks were sent, without spare ones."""
        self.ended: list[int] = []
        """How many of these ended."""
        self.origin: list[str] = []
        self.basis: list[int] = []
        self.notes: dict[int, str] = {}
        self.descents: dict[int, Descent] = {}
        self._eras = [_Era(0, space, np.empty((0, len(space))))]
        self._seen: set[bytes] = set()
        self._seen_trials = 0

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, event: Asked, time: float) -> int:
        """Enter a trial with its first task sent; returns its number."""
        trial = self._columns.add()
        self.cells["rows"][trial] = self.space.row(event.params)
        self.cells["asked_at"][trial] = time
        self.plan.append(event.plan)
        self.sent.append(1)
        self.ended.append(0)
        self.origin.append(intern(event.by))
        self.basis.append(event.basis)
        if event.parent is not None:
            self.descents[trial] = Descent(event.parent, event.since, event.replaces)
        return trial

    def add_many(self, asked: Sequence[Asked], times: Sequence[float]) -> int:
        """Enter trials of one task each; returns the number of the first."""
        count = len(asked)
        trial = self._columns.add(count)
        self.cells["rows"][trial : trial + count] = self.space.rows([event.params for event in asked])
        self.cells["asked_at"][trial : trial + count] = times
        self.plan += [1] * count
        self.sent += [1] * count
        self.ended += [0] * count
        self.origin += [intern(event.by) for event in asked]
        self.basis += [event.basis for event in asked]
        return trial

    def complete_many(
        self, trials: Sequence[int], values: Array, seconds: Sequence[float], times: Sequence[float], positions: Sequence[int]
    ) -> None:
        """Complete trials of one task each."""
        self.cells["values"][trials] = values
        self.cells["result_at"][trials] = positions
        self.cells["seconds"][trials] = seconds
        self.cells["finished_at"][trials] = times
        self.cells["states"][trials] = COMPLETED
        for trial in trials:
            self.ended[trial] = 1

    def edit(self, space: SearchSpace) -> None:
        """Write the rows anew in another space: new parameters at their defaults, and what no longer fits not usable."""
        n, era = len(self), self._eras[-1]
        self._eras[-1] = _Era(era.start, era.space, self.cells["rows"][era.start : n].copy())
        self._eras.append(_Era(n, space, np.empty((0, len(space)))))
        self.space = space
        rows = np.full((n, len(space)), np.nan)
        usable = np.ones(n, bool)
        for trial in range(n):
            params = carried(space, self.params(trial))
            if params is None:
                usable[trial] = False
            else:
                rows[trial] = space.row(params)
        self._columns.replace("rows", rows)
        self._columns.replace("usable", usable)
        self._seen, self._seen_trials = set(), 0

    def params(self, trial: int) -> Params:
        """As asked, in the space of that time."""
        if trial >= self._eras[-1].start:
            return self.space.params(self.cells["rows"][trial])
        era = next(era for era in reversed(self._eras) if era.start <= trial)
        return era.space.params(era.rows[trial - era.start])

    def seen(self, row: Any) -> bool:  # noqa: ANN401  any sequence of floats
        """Whether this raw row, shape (d,), was asked before."""
        rows = self.cells["rows"]
        for trial in range(self._seen_trials, len(self)):
            self._seen.add(_key(rows[trial]))
        self._seen_trials = len(self)
        return _key(np.asarray(row, np.float64)) in self._seen

    def record(self, trial: int, tasks: TaskTable) -> Trial:
        """The trial, whole."""
        cells, descent = self.cells, self.descents.get(trial)
        state = _STATES[cells["states"][trial]]
        return Trial(
            number=trial,
            params=self.params(trial),
            state=state,
            values=dict(zip(self._names, cells["values"][trial].tolist(), strict=True))
            if state is TrialState.COMPLETED
            else None,
            measurements=tasks.measurements(trial),
            origin=self.origin[trial],
            note=self.notes.get(trial, ""),
            asked_at=float(cells["asked_at"][trial]),
            finished_at=None if state is TrialState.RUNNING else float(cells["finished_at"][trial]),
            seconds=float(cells["seconds"][trial]),
            failure=tasks.failure(trial),
            usable=bool(cells["usable"][trial]),
            parent=None if descent is None else descent.parent,
        )


def carried(space: SearchSpace, params: Params) -> Params | None:
    """A configuration of another space in this one: without the parameters that went, new ones at their defaults. None: it does not fit,
    or nothing of it is left.
    """
    known = {name: value for name, value in params.items() if name in space.parameters}
    try:
        return space.validate(known, fill=True) if known or not params else None
    except ParamsError:
        return None


def _key(row: NDArray[np.float64]) -> bytes:
    return (row + 0.0).tobytes()  # + 0.0 makes -0.0 and 0.0 one
