"""CMA-ES: a normal distribution that learns the shape of the valley it descends.

Each generation of lambda points is drawn from N(m, σ² C) on the unit scale of the parameters; the better half of it, by rank only,
moves m, and the paths that m has taken adapt σ and C, a second-order model of the objective without derivatives [1]. It needs some
hundred evaluations to learn C; with a thousand or more it is hard to beat on numbers that depend on each other.

The library `cmaes` does the arithmetic. What is here:

- **The state is replayed from the history.** Finished trials, in the order in which they finished, are cut into generations and told
  one after the other. So a study can be resumed and shared: nothing else has to be stored. A worker that asks while a
  generation is incomplete gets a further point of the present distribution, and a straggler is told with the generation in
  which it returns. (In the order of asking, a straggler would change the past, and with it the whole future.)
- **Points from elsewhere** (the default, enqueued ones, another sampler's) are told too. Like every point they are pulled in to a
  Mahalanobis length of √d + 2d/(d+2) of the present distribution, as is right for solutions injected from outside [2].
- **Values to count** (Int, stepped Float, Ordinal) are given a margin: the probability of leaving the present value never falls
  below 1/(dλ), so that no coordinate freezes [3]. That method is told points before rounding; the history has them after it, so they
  are drawn again from the present distribution inside their cells. Numbers with more than 1,000 values, and logarithmic Ints,
  whose cells are unequal, are taken for real ones and rounded.
- **Restarts.** When a run has converged (to 1e-8 of the spread of its first generation), or its numbers are no longer sound, the next begins at a random place: with IPOP each time with twice the population [4]; with
  BIPOP in turns with small ones, so that both have spent equally much [5].
- **Failed trials** are the worst of their generation, and those that break a metric's bound come just before them.
- **Bounds** are kept by drawing again, and at last by clipping; **constraints** by drawing again, and at last by taking the allowed
  one, of many draws from the space, that lies nearest to a point wanted.

[1] Hansen, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772. [2] Hansen, Injecting External Solutions Into CMA-ES, arXiv 1110.4181,
eq. (5). [3] Hamano et al., CMA-ES with Margin, GECCO 2022. [4] Auger and Hansen, A Restart CMA Evolution Strategy With Increasing
Population Size, CEC 2005. [5] Hansen, Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed, GECCO 2009.
"""

import math
import weakref
from typing import Any, Final, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from tunewright.errors import StudyError
from tunewright.extras import require
from tunewright.history import RUNNING, History
from tunewright.metric import one_alone
from tunewright.models.ranking import Ranking
from tunewright.samplers.base import Sampler
from tunewright.space import Bool, Categorical, Int, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["CMAES"]

_SIGMA: Final = 1 / 6
"""The first generation fills the range to three deviations."""
_COUNTABLE: Final = 1000
_TRIES: Final = 50
_NEAREST: Final = 256
_UNIT: Final = 1e-4
"""The library says that a run has converged when losses differ by less than 1e-12; in these units that is 1e-8 of the first spread."""
_SEEDS: Final = 2**32
_ROW: Final = 4
"""Where the raw row begins in the table of finished trials."""


class CMAES(Sampler):
    """Proposes draws from a normal distribution that adapts to the objective.

    For spaces of numbers (Float, Int, Ordinal; a choice of one value is a constant) without conditions, and one objective. Needs the library `cmaes`.

    Args:
        restarts: how a converged run is followed: "ipop", each time with twice the population; "bipop", in turns with small ones.
        population: of the first run; default: 4 + 3 ln d for d parameters.

    Raises:
        StudyError: another `restarts`, or a population that is not an integer of at least 4.
    """

    def __init__(self, *, restarts: Literal["ipop", "bipop"] = "bipop", population: int | None = None) -> None:
        if restarts not in {"ipop", "bipop"}:
            raise StudyError(f'CMAES: restarts must be "ipop" or "bipop", got {restarts!r}.')
        whole = isinstance(population, int | np.integer) and not isinstance(population, bool)
        if population is not None and not (whole and population >= 4):
            raise StudyError(f"CMAES: population must be None or an integer of at least 4, got {population!r}.")
        self.restarts: Literal["ipop", "bipop"] = restarts
        self.population = None if population is None else int(population)
        self._replay: _Replay | None = None

    def __repr__(self) -> str:
        told = [f'restarts="{self.restarts}"'] * (self.restarts != "bipop")
        told += [f"population={self.population}"] * (self.population is not None)
        return f"CMAES({', '.join(told)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_replay": None}

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The default first, then draws from the present distribution.

        Raises:
            StudyError: the space has parameters, or the study metrics, that it cannot handle.
            ExtraMissing: the library `cmaes` is not installed.
        """
        _check(space, history)
        default = space.default
        if not len(history):
            return default
        if self._replay is None or not self._replay.serves(space, history):
            self._replay = _Replay(space, history, self.restarts, self.population)
        return space.params(self._replay.draw(history, rng))


def _check(space: SearchSpace, history: History) -> None:
    mend = "Use TPE, Evolution or GP for such a space."
    choices = [
        name for name, parameter in space.parameters.items() if isinstance(parameter, Categorical | Bool) and parameter.size > 1
    ]
    if choices:
        listed = ", ".join(f'"{name}"' for name in choices)
        raise StudyError(
            f"CMAES searches numbers only, but {listed} {'is a choice' if len(choices) == 1 else 'are choices'} without order. {mend} "
            "Ordered choices can be Ordinal."
        )
    if space.when:
        listed = ", ".join(f'"{name}"' for name in space.when)
        raise StudyError(f"CMAES knows no conditions, but {listed} {'is' if len(space.when) == 1 else 'are'} conditional. {mend}")
    if len(history.objectives) > 1:
        listed = ", ".join(f'"{history.metrics[j].name}"' for j in history.objectives)
        raise StudyError(f"CMAES has one objective, but {listed} are optimised. {one_alone(history.metrics)}, or use Evolution.")


class _Axes:
    """Which coordinates move, and in what steps.

    Attributes:
        moving: columns with more than one value, p of them.
        steps: of their grids on the unit scale, 0 for real numbers, shape (p,).
        bounds: of their values there, shape (p, 2).
    """

    def __init__(self, space: SearchSpace) -> None:
        parameters = list(space.parameters.values())
        sizes = np.array([parameter.size for parameter in parameters], np.float64)
        self.moving = np.flatnonzero(sizes > 1)
        uneven = np.array([isinstance(parameter, Int) and parameter.log for parameter in parameters])
        self.steps = np.where((sizes <= _COUNTABLE) & ~uneven, 1.0 / sizes, 0.0)[self.moving]
        self.bounds = np.column_stack([self.steps / 2, 1.0 - self.steps / 2])


class _Replay:
    """The run that the history has brought about; goes on where it was while the history only grows."""

    def __init__(self, space: SearchSpace, history: History, restarts: str, population: int | None) -> None:
        self._space, self._history, self._restarts = space, weakref.ref(history), restarts
        self._library = require("cmaes", extra="cmaes")
        self._axes = _Axes(space)
        self._default = space.to_unit(space.rows([space.default]))[0]
        self._population = population or 4 + math.floor(3 * math.log(max(1, len(self._axes.moving))))
        self._position = -1
        self._reset()

    def serves(self, space: SearchSpace, history: History) -> bool:
        """Whether it is of this history."""
        return self._history() is history and self._space == space and history.position >= self._position

    def _reset(self) -> None:
        self._told = np.empty((0, _ROW + len(self._space)))
        self._spent = {"large": 0, "small": 0}
        self._doublings = self._runs = 0
        self._begin("large", self._population, self._default[self._axes.moving], _SIGMA)

    def _begin(self, kind: str, population: int, mean: Array, sigma: float) -> None:
        axes = self._axes
        self._kind, self._scale = kind, 0.0
        self._optimizer: Any = None
        if len(axes.moving):
            mean = np.clip(mean, axes.bounds[:, 0], axes.bounds[:, 1])
            self._optimizer = self._library.CMAwM(mean, sigma, axes.bounds, axes.steps, population_size=population)

    # ---- telling ---------------------------------------------------------------------------------------------------------------

    def _catch_up(self, history: History) -> None:
        if self._position == history.position or self._optimizer is None:
            return
        table = _finished(history)
        if not np.array_equal(table[: len(self._told)], self._told):  # the past was changed: by an edit, or by more effort
            self._reset()
        known = len(self._told)
        while len(table) - known >= self._optimizer.population_size:
            upto = known + self._optimizer.population_size
            self._tell(table[known:upto], np.random.default_rng([history.seed, 1, upto]))
            known = upto
            if not _sound(self._optimizer) or self._optimizer.should_stop():
                self._restart(np.random.default_rng([history.seed, 2, upto]))
        self._told, self._position = table[:known], history.position

    def _tell(self, generation: Array, rng: np.random.Generator) -> None:
        losses, broken, rows = generation[:, 1], generation[:, 2], generation[:, _ROW:]
        known = broken == 0.0
        least, most = (float(losses[known].min()), float(losses[known].max())) if known.any() else (0.0, 0.0)
        self._scale = self._scale or most / 2 - least / 2  # halves: no overflow
        values = np.zeros(len(losses))
        if self._scale > 0.0:
            with np.errstate(over="ignore"):
                values[known] = np.clip(losses[known] / self._scale * _UNIT, -1e100, 1e100)
        values[~known] = max(values.max(), 0.0) * (1.0 + 1e-9) + 1.0 - 1.0 / (1.0 + broken[~known])
        points = self._unrounded(self._space.to_unit(rows)[:, self._axes.moving], rng)
        self._spent[self._kind] += len(rows)
        with np.errstate(all="ignore"):  # what is not sound afterwards is begun anew
            self._optimizer.tell(list(zip(self._pulled_in(points), values.tolist(), strict=True)))

    def _unrounded(self, points: Array, rng: np.random.Generator) -> Array:
        """Points as they may have been before rounding, drawn inside their cells; shape (n, p)."""
        grid = np.flatnonzero(self._axes.steps > 0)
        if not len(grid):
            return points
        mean, sigma, covariance = _state(self._optimizer)
        stretch = self._optimizer._A[grid]  # noqa: SLF001  the library has no name for it; see `_state`
        deviation = sigma * np.sqrt(np.diag(covariance)[grid]) * stretch
        at, half = points[:, grid], self._axes.steps[grid] / 2
        low = np.where(at <= self._axes.bounds[grid, 0] + half / 2, -np.inf, at - half - mean[grid])
        high = np.where(at >= self._axes.bounds[grid, 1] - half / 2, np.inf, at + half - mean[grid])
        below, above = ndtr(low / deviation), ndtr(high / deviation)
        z = ndtri(np.clip(below + rng.random(at.shape) * (above - below), 1e-12, 1.0 - 1e-12)) * deviation
        inside = np.clip(z, np.maximum(low, at - 3 * half - mean[grid]), np.minimum(high, at + 3 * half - mean[grid]))
        found = points.copy()
        found[:, grid] = mean[grid] + inside / stretch
        return found

    def _pulled_in(self, points: Array) -> Array:
        """Points no farther than is usual for a draw."""
        mean, sigma, covariance = _state(self._optimizer)
        variance, axes = np.linalg.eigh((covariance + covariance.T) / 2)
        away = (points - mean) / sigma
        length = np.linalg.norm((away @ axes) / np.sqrt(np.maximum(variance, 1e-300)), axis=1)
        d = len(mean)
        usual = math.sqrt(d) + 2 * d / (d + 2)
        shorter = np.minimum(1.0, usual / np.maximum(length, 1e-300))
        found: Array = mean + (points - mean) * shorter[:, None]
        return found

    def _restart(self, rng: np.random.Generator) -> None:
        self._runs += 1
        mean = rng.random(len(self._axes.moving))
        if self._restarts == "bipop" and self._runs > 1 and self._spent["small"] < self._spent["large"]:
            ratio = 2.0**self._doublings / 2
            population = max(4, math.floor(self._population * ratio ** (rng.random() ** 2)))
            self._begin("small", population, mean, _SIGMA * 10.0 ** (-2 * rng.random()))
        else:
            self._doublings += 1
            self._begin("large", self._population * 2**self._doublings, mean, _SIGMA)

    # ---- asking ----------------------------------------------------------------------------------------------------------------

    def draw(self, history: History, rng: np.random.Generator) -> Array:
        """A raw row, shape (d,)."""
        self._catch_up(history)
        unit = self._default.copy()
        if self._optimizer is None:
            found: Array = self._space.from_unit(unit[None, :])[0]
            return found
        self._optimizer.reseed_rng(int(rng.integers(_SEEDS)))
        for _ in range(_TRIES):
            unit[self._axes.moving] = self._optimizer.ask()[0]
            row: Array = self._space.from_unit(unit[None, :])[0]
            if not self._space.constraints or self._space.allowed(row[None, :])[0]:
                return row
        rows = self._space.sample_rows(rng, _NEAREST)
        nearest: Array = rows[np.argmin(np.linalg.norm(self._space.to_unit(rows) - unit, axis=1))]
        return nearest


def _state(optimizer: Any) -> tuple[Array, float, Array]:  # noqa: ANN401  a class of an untyped library
    """Mean, σ and C: the library keeps them without public names."""
    inner = optimizer._cma  # noqa: SLF001
    return inner._mean, inner._sigma, inner._C  # noqa: SLF001


def _sound(optimizer: Any) -> bool:  # noqa: ANN401  as above
    mean, sigma, covariance = _state(optimizer)
    variance = np.diag(covariance)
    return bool(np.isfinite(mean).all() and 0.0 < sigma < np.inf and np.isfinite(covariance).all() and (variance > 0.0).all())


def _finished(history: History) -> Array:
    """The finished trials in the order of finishing: time, loss, by how much it breaks bounds (inf: failed), number, raw row."""
    order = np.flatnonzero(history.usable & (history.states != RUNNING))
    order = order[np.lexsort((order, history.finished_at[order]))]
    ranking = Ranking(history)
    losses = np.where(ranking.completed, np.clip(history.merits[:, history.objectives[0]], -1e300, 1e300), 0.0)
    broken = np.where(ranking.completed, ranking.broken, np.inf)
    return np.column_stack([history.finished_at[order], losses[order], broken[order], order, history.rows[order]])
