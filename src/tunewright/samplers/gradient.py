"""Gradient: quasi-Newton descents, where the objective tells derivatives.

An objective that tells the derivatives of what it returns (`live.gradient({"alpha": …})`) says as much with one trial as others do with one
for each parameter. This sampler descends: a trust-region method with a BFGS matrix on the unit scale of the Float parameters
(`models/descent.py`), so that a logarithmic one is descended in its logarithm: the chain rule is applied here, and bounds are kept by projection.

- **The descents are replayed from the history.** Finished trials, in the order in which they finished, are told one after the other to the
  descents in whose trust regions they lie; a trial that lies in none begins one of its own, and descents that meet go on as one. So
  nothing has to be stored, any number of workers may share a study, and trials from elsewhere (the default, enqueued ones, another
  sampler's) are starts and knowledge like others.
- **What is no Float without step**, and what is active, is held fixed along a descent, which keeps to configurations that agree in all of that.
- **Starts.** First the default (after enqueued ones), then points of a Sobol sequence; the best one not descended from yet is next. When a descent has ended, three fresh
  points are tried before the next one begins; of these every second one is the best trial with another choice, where there are choices.
- **Parallel workers** descend from other starts, then try shorter steps of one that is under way, then further points of the sequence.
- **Failed trials**, and those that break a metric's bound, shorten the step, as does a point that is no better.
- **Trials without a gradient** among others with one are tried again, once, when it is their turn to be descended from. A step that is better and tells none
  is descended from as the model would have it, and tried again where that leads nowhere.

Where a constraint or a condition cuts a step off, half of it is tried, and half of that; a descent does not slide along constraints.
"""

import math
import weakref
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import RUNNING, History
from tunewright.metric import one_alone
from tunewright.models.descent import Descent
from tunewright.models.ranking import Ranking
from tunewright.samplers.base import Sampler
from tunewright.samplers.sequence import Opening
from tunewright.space import Float, SearchSpace
from tunewright.typing import Array, Indices, Mask, Params

__all__ = ["Gradient"]

_RADIUS: Final = 0.2
_FRESH: Final = 1
"""Points that are tried before the next descent begins."""
_SHARES: Final = (0.3, 0.1)
"""Of the region, for further workers on one descent."""
_PATIENCE: Final = 5
"""Completed trials without a gradient after which that is said."""
_LARGEST: Final = 1e100
_HALVINGS: Final = 12
_TRIES: Final = 32
_ROW: Final = 3
"""Where the raw row begins in the table of finished trials."""


class Gradient(Sampler):
    """Descends from the best starts by the gradients that the objective tells (`LiveTrial.gradient`, `Study.tell(gradient=…)`).

    For one objective, and spaces with a Float without step. As long as no trial has told a gradient, it proposes the default and a Sobol
    sequence, and after five completed trials says so in a `Warned`.

    Args:
        starts: how many trials there must be before the first descent begins: the default, and points of a Sobol sequence.

    Raises:
        StudyError: `starts` is not an integer of at least 1.
    """

    def __init__(self, *, starts: int = 1) -> None:
        whole = isinstance(starts, int | np.integer) and not isinstance(starts, bool)
        if not (whole and starts >= 1):
            raise StudyError(f"Gradient: starts must be an integer of at least 1, got {starts!r}.")
        self.starts = int(starts)
        self._opening = Opening()
        self._replay: _Replay | None = None

    def __repr__(self) -> str:
        return "Gradient()" if self.starts == 1 else f"Gradient(starts={self.starts})"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_replay": None}

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The next step of a descent, or a fresh start.

        Raises:
            StudyError: there is no Float without step, or several metrics are optimised.
        """
        _check(space, history)
        if self._replay is None or not self._replay.serves(space, history):
            self._replay = _Replay(space, history)
        replay = self._replay
        replay.catch_up(history)
        self.remarks = _remarks(history) if not replay.told else ()
        row = replay.next(history, self.starts, rng) if replay.told and len(history) >= self.starts else None
        return self._opening.propose(space, history, rng) if row is None else space.params(row)


def _check(space: SearchSpace, history: History) -> None:
    if not _real(space).any():
        raise StudyError(
            "Gradient descends along Float parameters without step, and the space has none. Use GP, TPE or Evolution."
        )
    if len(history.objectives) > 1:
        listed = ", ".join(f'"{history.metrics[j].name}"' for j in history.objectives)
        raise StudyError(
            f"Gradient has one objective, but {listed} are optimised. {one_alone(history.metrics)}, or use Evolution."
        )


def _remarks(history: History) -> tuple[str, ...]:
    """That nobody tells a gradient, once."""
    if history.completed < _PATIENCE:
        return ()
    said = "Gradient: no trial has told a gradient"
    if any(getattr(entry.event, "text", "").startswith(said) for entry in history.warnings):
        return ()
    return (
        (
            f"{said} ({history.completed} completed), so that there is nothing to descend by: a Sobol sequence is proposed. Tell one in the "
            "objective with live.gradient({name: derivative}), or use another sampler."
        ),
    )


def _real(space: SearchSpace) -> Mask:
    """Which parameters are Floats without step, shape (d,)."""
    return np.array([isinstance(each, Float) and each.step is None for each in space.parameters.values()], bool)


class _Chain:
    """A descent among configurations that agree in all but their Floats.

    Attributes:
        row: of the trial at its centre, raw, shape (d,).
        places: of the Floats that are active, shape (p,).
    """

    def __init__(self, row: Array, places: Indices, descent: Descent) -> None:
        self.row, self.places, self.descent = row, places, descent


class _Replay:
    """The descents that the history has brought about; goes on where it was while the history only grows."""

    def __init__(self, space: SearchSpace, history: History) -> None:
        self._space, self._history = space, weakref.ref(history)
        self._real = _real(space)
        self._sizes = np.array([parameter.size for parameter in space.parameters.values()], np.float64)
        self._position = -1
        self._reset()

    def serves(self, space: SearchSpace, history: History) -> bool:
        """Whether it is of this history."""
        return self._history() is history and self._space == space and history.position >= self._position

    def _reset(self) -> None:
        self.told = False
        self._table = np.empty((0, _ROW + len(self._space)))
        self._chains: dict[bytes, list[_Chain]] = {}

    # ---- telling ---------------------------------------------------------------------------------------------------------------

    def catch_up(self, history: History) -> None:
        """Take in the trials that finished since."""
        if self._position == history.position:
            return
        table = _finished(history)
        if not np.array_equal(table[: len(self._table)], self._table):  # the past was changed: by an edit, or by more effort
            self._reset()
        for entry in table[len(self._table) :]:
            self._take(entry[_ROW:], float(entry[1]), history.gradient(int(entry[2])), history)
        self._table, self._position = table, history.position

    def _take(self, row: Array, loss: float, gradient: dict[str, float], history: History) -> None:
        self.told |= bool(gradient)
        places = np.flatnonzero(self._real & ~np.isnan(row))
        point, slope = self._unit(row, places), None
        if gradient:
            scale = history.metrics[history.objectives[0]].sign * self._space.slopes([row])[0, places]
            with np.errstate(over="ignore", invalid="ignore"):
                slope = np.nan_to_num(scale * np.array([gradient.get(self._space.names[j], 0.0) for j in places]))
            slope = np.clip(slope, -_LARGEST, _LARGEST)
        family = self._chains.setdefault(self._key(row), [])
        near = [chain for chain in family if chain.descent.covers(point)]
        for chain in near:
            chain.descent.take(point, loss, slope)
        there = sorted((chain for chain in near if not chain.descent.away(point)), key=lambda chain: -chain.descent.steps)
        for chain in there:
            chain.row = row.copy()
        for chain in there[1:]:  # descents that have met go on as one
            family.remove(chain)
        if not near and math.isfinite(loss):
            family.append(_Chain(row.copy(), places, Descent(point, loss, slope, _RADIUS)))

    def _unit(self, row: Array, places: Indices) -> Array:
        point: Array = self._space.to_unit([row])[0, places]
        return point

    def _key(self, row: Array) -> bytes:
        """What is held fixed: all that is no real number, and what is active."""
        return (np.where(self._real & ~np.isnan(row), 0.0, row) + 0.0).tobytes()

    # ---- asking ----------------------------------------------------------------------------------------------------------------

    def next(self, history: History, starts: int, rng: np.random.Generator) -> Array | None:
        """A raw row, shape (d,); None: a fresh point of the sequence."""
        chains = [chain for family in self._chains.values() for chain in family]
        chains.sort(key=lambda chain: chain.descent.loss)  # stable: the earlier one of equals
        begun = [chain for chain in chains if chain.descent.steps and chain.descent.slope is not None]
        ended = [chain for chain in begun if chain.descent.over]
        open_ = [chain for chain in begun if not chain.descent.over]
        waiting = [chain for chain in chains if not chain.descent.steps and (chain.descent.wants or not chain.descent.over)]
        pending = self._pending(history)
        ready = len(chains) + len(pending) >= starts + (_FRESH + 1) * len(ended)
        for chain in [*open_, *(waiting if ready or open_ else [])]:
            if not self._at_work(chain, pending) and (row := self._step(chain, 1.0, history)) is not None:
                return row
        for chain in open_ or (waiting if ready else []):
            at_work = self._at_work(chain, pending)
            for share in _SHARES[at_work - 1 :] if at_work else ():
                if (row := self._step(chain, share, history)) is not None:
                    return row
        return self._neighbour(chains[0], rng) if ended and len(history) % 2 else None

    def _pending(self, history: History) -> Array:
        """Raw rows of the running trials, shape (k, d)."""
        rows: Array = history.rows[history.usable & (history.states == RUNNING)]
        return rows

    def _at_work(self, chain: _Chain, pending: Array) -> int:
        """How many running trials lie in its region."""
        key = self._key(chain.row)
        same = [row for row in pending if self._key(row) == key]
        return sum(chain.descent.covers(self._unit(row, chain.places)) for row in same)

    def _step(self, chain: _Chain, share: float, history: History) -> Array | None:
        """The next point of a descent as a raw row; None: constraints and conditions leave none, or none that is new."""
        centre, step = chain.descent.point, chain.descent.step(share) - chain.descent.point
        if chain.descent.wants:
            return chain.row if share == 1.0 else None
        for _ in range(_HALVINGS):
            row = self._row(chain, centre + step)
            if self._fits(row):
                return None if history.seen(row) else row
            step = 0.5 * step
        return None

    def _row(self, chain: _Chain, point: Array) -> Array:
        unit = np.full((1, len(self._space)), np.nan)
        unit[0, chain.places] = point
        row = chain.row.copy()
        row[chain.places] = self._space.from_unit(unit)[0, chain.places]
        return row

    def _fits(self, row: Array) -> bool:
        """Whether constraints hold, and as much is active as before."""
        if not (self._space.when or self._space.constraints):
            return True
        active = self._space.active([row])[0]
        return bool((active == ~np.isnan(row)).all() and self._space.allowed([row])[0])

    def _neighbour(self, best: _Chain, rng: np.random.Generator) -> Array | None:
        """The best trial with another choice that no descent has; None: there is none, or chance found none."""
        for row in self._others(best, rng):
            if self._key(row) not in self._chains and self._space.allowed([row])[0]:
                return row
        return None

    def _others(self, best: _Chain, rng: np.random.Generator) -> Iterator[Array]:
        here = self._row(best, best.descent.point)
        default = np.array(self._space.row(self._space.default))
        places = np.flatnonzero(~self._real & ~np.isnan(here) & (self._sizes > 1))
        fresh = self._space.sample_rows(rng, _TRIES if len(places) else 0)
        for drawn in fresh:
            j, row = int(rng.choice(places)), here.copy()
            row[j] = drawn[j] if not np.isnan(drawn[j]) else row[j]
            filled = np.where(np.isnan(row), np.where(np.isnan(drawn), default, drawn), row)
            row = self._space.deactivate([filled])[0]
            if not np.isnan(row[self._space.active([row])[0]]).any():
                yield row


def _finished(history: History) -> Array:
    """The finished trials in the order of finishing: time, loss (inf: failed, or it breaks a bound), number, raw row."""
    order = np.flatnonzero(history.usable & (history.states != RUNNING))
    order = order[np.lexsort((order, history.finished_at[order]))]
    ranking = Ranking(history)
    good = ranking.completed & (ranking.broken == 0.0)
    losses = np.where(good, np.clip(history.merits[:, history.objectives[0]], -1e300, 1e300), np.inf)
    return np.column_stack([history.finished_at[order], losses[order], order, history.rows[order]])
