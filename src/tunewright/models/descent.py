"""Descending by gradients inside a box: a trust-region quasi-Newton method that is told one point at a time.

Around its centre, the best point so far, a descent believes in the quadratic model

    m(s) = f + g·s + s·B s / 2

inside a box of some radius, the trust region. B is the BFGS matrix of the last steps and differences of gradients [1, eqs. (6.19), (7.19)],
damped so that it stays positive definite where the loss is not convex [1, procedure 18.2]. The next point minimises m inside the region and
the unit cube. It becomes the centre if it is better by a share of what was predicted, and the region grows where the model was right; else
the region shrinks to where a parabola through what is known has its minimum [1, algorithm 4.1 and eq. (3.57)]. So a descent ends also where
values are noisy: each point that is no better makes the next step shorter.

What it is told need not be what it asked for: any point inside the region, in any order, improves the model. A better point that tells no slope
becomes the centre with the slope that the model has there. Only when that leads nowhere, the centre is asked for once more, for its own.

[1] Nocedal and Wright, Numerical Optimization, 2nd edition, Springer 2006. [2] Bertsekas, Projected Newton Methods for Optimization Problems
with Simple Constraints, SIAM J. Control and Optimization 20, 1982.
"""

import math
from typing import Final

import numpy as np

from tunewright.typing import Array

__all__ = ["Descent", "bfgs", "box_minimum"]

_MEMORY: Final = 20
_LARGEST: Final = 0.5
_CLOSE: Final = 0.05
_LEAST: Final = 1e-5
"""Radius below which a descent has ended."""
_TOLERANCE: Final = 1e-7
"""The decrease that must be in sight, of what was gained so far and of the loss itself, whichever is more."""
_SUFFICIENT: Final = 1e-4
_GOOD: Final = 0.75
_POOR: Final = 0.25
_ROUNDS: Final = 60


class Descent:
    """One descent.

    Args:
        point: where it begins, shape (p,), in the unit cube.
        loss: there, finite.
        slope: derivatives there, shape (p,), 0 where they are not known; None: none is, until the same point is taken once more.
        radius: of the trust region, in the largest coordinate.

    Attributes:
        steps: how many points inside its region it was told.
    """

    def __init__(self, point: Array, loss: float, slope: Array | None, radius: float) -> None:
        self.point, self.loss, self.slope, self.radius = point, loss, slope, radius
        self.steps = 0
        self._asked = False
        self._guessed = False
        self._known = point, slope
        self._first = loss
        self._pairs: list[tuple[Array, Array]] = []
        self._curvature: Array | None = None
        self._over: bool | None = None

    def covers(self, point: Array) -> bool:
        """Whether a point of shape (p,) tells something of this descent: it lies inside the region, or close to where it has ended."""
        reach = 0.0 if self.slope is None else min(self.radius, _CLOSE) if self.over else self.radius * (1.0 + 1e-9)
        return self.away(point) <= reach

    def away(self, point: Array) -> float:
        """The largest coordinate of the way from the centre."""
        return float(np.abs(point - self.point).max(initial=0.0))

    @property
    def over(self) -> bool:
        """Whether there is nowhere to go: no slope, or no decrease in sight that would matter."""
        return self.slope is None or (self._stuck and not self.wants)

    @property
    def wants(self) -> bool:
        """Whether the centre is asked for once more: it told no slope, and there is nowhere to go without."""
        return not self._asked and (self.slope is None or (self._guessed and self._stuck))

    @property
    def _stuck(self) -> bool:
        if self._over is None:
            gained = self._first - self.loss
            small = self.radius < _LEAST
            self._over = small or not self._predicted(self._lowest(1.0) - self.point) > _TOLERANCE * max(gained, abs(self.loss))
        return self._over

    def step(self, share: float = 1.0) -> Array:
        """The point where the model is least inside this share of the region, shape (p,); the centre where that is wanted."""
        return self.point if self.slope is None or self.wants else self._lowest(share)

    def _lowest(self, share: float) -> Array:
        assert self.slope is not None
        radius = share * self.radius
        low, high = np.maximum(-radius, -self.point), np.minimum(radius, 1.0 - self.point)
        return np.clip(self.point + box_minimum(self.slope, self._model(), low, high), 0.0, 1.0)

    def take(self, point: Array, loss: float, slope: Array | None) -> None:
        """What came of a point inside the region; an infinite loss: it failed."""
        self.steps, self._over = self.steps + 1, None
        step, slope = point - self.point, slope if math.isfinite(loss) else None
        if not np.abs(step).max(initial=0.0) > 0.0:
            self._take_centre(slope)
        elif self.slope is not None:
            self._take_step(step, point, loss, slope)

    def _take_centre(self, slope: Array | None) -> None:
        """The centre once more."""
        self._asked = True
        if slope is None or not (self.slope is None or self._guessed):
            return
        if self.slope is not None:
            self._learn(self.point, slope)
            self.radius = max(self.radius, _CLOSE)  # what made it small was a guess
        self._settle(slope, guessed=False)

    def _take_step(self, step: Array, point: Array, loss: float, slope: Array | None) -> None:
        predicted, gained = self._predicted(step), self.loss - loss
        if slope is not None:
            self._learn(point, slope)
        if gained > _SUFFICIENT * max(predicted, 0.0) and gained > 0.0:
            arrived = self._guess(step, gained) if slope is None else slope
            self._move(point, loss, gained / predicted if predicted > 0.0 else 0.5)
            self._asked = False
            self._settle(arrived, guessed=slope is None)
            return
        if predicted > 0.0:
            self._shrink(step, gained)
        if slope is not None and self._guessed:  # a guess from near by is a better one
            self.slope = slope - self._model() @ step
            self._curvature = None

    def _settle(self, slope: Array, *, guessed: bool) -> None:
        """The slope at the centre."""
        self.slope, self._guessed, self._curvature = slope, guessed, None
        if not guessed:
            self._known = self.point, slope

    def _guess(self, step: Array, gained: float) -> Array:
        """The slope at a better point that told none: the model's, bent along the step so that it agrees with what was gained."""
        assert self.slope is not None
        pushed = self._model() @ step
        seen, along = -2.0 * (gained + float(self.slope @ step)), float(step @ pushed)
        share = seen / along if along > 0.0 else 1.0
        return self.slope + min(2.0, max(0.0, share if math.isfinite(share) else 1.0)) * pushed

    def _move(self, point: Array, loss: float, ratio: float) -> None:
        length = self.away(point)
        if ratio > _GOOD and length > 0.8 * self.radius:
            self.radius = min(_LARGEST, 2.0 * self.radius)
        elif ratio < _POOR:
            self.radius = max(0.5 * length, 0.25 * self.radius)
        self.point, self.loss = point, loss

    def _shrink(self, step: Array, gained: float) -> None:
        """To where the parabola through both values and the slope at the centre is least, or a quarter where there is none."""
        assert self.slope is not None
        length, slope = float(np.abs(step).max()), float(self.slope @ step)
        excess = -gained - slope
        share = -slope / (2.0 * excess) if math.isfinite(excess) and excess > 0.0 else 0.25
        self.radius = min(self.radius, length) * min(0.5, max(0.1, share))

    def _learn(self, point: Array, slope: Array) -> None:
        """From the difference to the last slope that was told at a centre."""
        known, told = self._known
        assert told is not None
        self._pairs = [*self._pairs[1 - _MEMORY :], (point - known, slope - told)]
        self._curvature = None

    def _predicted(self, step: Array) -> float:
        """The decrease that the model sees."""
        assert self.slope is not None
        return -float(self.slope @ step + 0.5 * step @ self._model() @ step)

    def _model(self) -> Array:
        if self._curvature is None:
            assert self.slope is not None
            steepest = float(np.abs(self.slope).max(initial=0.0))
            self._curvature = bfgs(self._pairs, steepest / self.radius if steepest > 0.0 else 1.0, len(self.point))
        return self._curvature


def bfgs(pairs: list[tuple[Array, Array]], guess: float, size: int) -> Array:
    """The damped BFGS matrix of steps and changes of the slope, each of shape (size,), the latest last; positive definite.

    Args:
        pairs: so many of them.
        guess: the curvature in all directions where no pair tells a positive one.
        size: p.

    Source: Nocedal and Wright 2006, eqs. (6.19) and (7.20), procedure 18.2.
    """
    unit = max((float(np.abs(y).max(initial=0.0)) for _, y in pairs), default=0.0)
    if not unit > 0.0:
        return guess * np.eye(size)
    pairs, guess = [(s, y / unit) for s, y in pairs], guess / unit  # nothing overflows, and nothing vanishes
    told = [float(y @ y / (s @ y)) for s, y in pairs if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y)]
    start = told[-1] if told and 0.0 < told[-1] < np.inf else guess
    curvature: Array = start * np.eye(size)
    for s, y in pairs:
        pushed = curvature @ s
        along, seen = float(s @ pushed), float(s @ y)
        if not along > 0.0:
            continue
        damped = y if seen >= 0.2 * along else (0.8 * along * y + (0.2 * along - seen) * pushed) / (along - seen)
        updated = curvature - np.outer(pushed, pushed) / along + np.outer(damped, damped) / float(s @ damped)
        if np.isfinite(updated).all():
            curvature = updated
    return unit * curvature


def box_minimum(slope: Array, curvature: Array, low: Array, high: Array) -> Array:
    """Where slope·s + s·B s / 2 is least for low <= s <= high, all of shape (p,), by projected Newton steps; low <= 0 <= high.

    Args:
        slope: at s = 0.
        curvature: B, positive definite, shape (p, p).
        low, high: the box.

    Source: Bertsekas 1982.
    """
    s = np.zeros(len(slope))
    tiny, size = 1e-10 * np.abs(slope).max(initial=0.0), len(slope) * float(np.abs(curvature).max(initial=0.0))
    for _ in range(_ROUNDS):
        here = slope + curvature @ s
        free = ~(((s <= low) & (here > 0.0)) | ((s >= high) & (here < 0.0)))
        if not free.any() or not np.abs(here[free]).max() > tiny:
            break
        best, length = s, 1.0
        newton = np.zeros(len(s))
        newton[free] = -np.linalg.solve(curvature[np.ix_(free, free)] + 1e-13 * size * np.eye(int(free.sum())), here[free])
        for way in (newton, np.where(free, -here, 0.0) / size):
            length = 1.0
            while best is s and length > 1e-4:
                tried = np.clip(s + length * way, low, high)
                change = tried - s
                best = tried if here @ change + 0.5 * change @ curvature @ change < 0.0 else s
                length *= 0.5
        if best is s:
            break
        s = best
    return s
