"""Quasi-random search: the points of one scrambled Sobol sequence, in order.

The first n points of a Sobol sequence fill the unit cube more evenly than n independent draws: every box that is cut from the cube by
halving holds its share of the points, up to a small constant. The error of the best point found, and of any average, falls faster
than that of random search, with no more cost. Scrambling [1] keeps that evenness and takes away the regular pattern, so that no
point stands on a face of the cube and each single point is uniformly distributed.

How it reaches a space with choices, conditions and constraints: every parameter, active or not, owns one coordinate of the cube,
and the coordinate becomes a value through the quantile function of its prior. A condition then *ignores* coordinates and a
constraint *leaves out* points; neither moves a point. Both keep the evenness. The points with `optimizer == "sgd"` are those in
one slab of the cube, a union of few boxes; the sequence gives each of these boxes its share at any moment, and cut down to a box it
is again such a sequence, in the remaining coordinates too. So every branch, however deep, is filled evenly by the points that fall
into it, although they come in the order of the trials and not by a counter of each branch: the n-th trial simply takes the n-th
point that is allowed. (A counter for each branch would have to be agreed on by all processes, and each would need a sequence of
its own, which would be even by itself but not together with the others.)

[1] Owen, Randomly Permuted (t,m,s)-Nets and (t,s)-Sequences, 1995; here the affine matrix scrambling of Matousek, On the
    L2-Discrepancy for Anchored Boxes, J. Complexity 14, 1998, as SciPy has it; direction numbers of Joe and Kuo, SIAM J. Sci.
    Comput. 30, 2008.
"""

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.samplers.base import Sampler
from tunewright.samplers.sequence import scramble_of, sobol_rows
from tunewright.samplers.walk import Walk
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["QuasiRandom"]


class QuasiRandom(Sampler):
    """Proposes the first point of a scrambled Sobol sequence that no trial has had.

    Each parameter has one dimension of the sequence. Dimensions beyond the first 1,024 are filled with independent draws, since there
    the evenness of a Sobol sequence would show only after more points than anybody evaluates. On a finite space each configuration comes once; when the
    sequence brings no new one any more, the rest is drawn at random.

    Args:
        seed: of the scrambling, 0 or more. Default None: follows from the study's seed and the content of the space, so that every
            process scrambles alike and studies with other seeds are independent repetitions.

    Raises:
        StudyError: the seed is not an integer of at least 0.
    """

    learns = False

    def __init__(self, seed: int | None = None) -> None:
        if not (seed is None or _whole(seed)):
            raise StudyError(f"QuasiRandom: seed must be None or an integer of at least 0, got {seed!r}.")
        self.seed = None if seed is None else int(seed)
        self._walk = Walk()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The next point. `rng` is used only where the sequence brings nothing new."""
        row = self._walk.first_new(space, history, lambda: sobol_rows(space, self._scramble(space, history.seed)))
        return space.sample(rng) if row is None else space.params(row)

    def _scramble(self, space: SearchSpace, seed: int) -> int:
        if self.seed is not None:
            return self.seed
        return scramble_of(space, seed)

    def __repr__(self) -> str:
        return "QuasiRandom()" if self.seed is None else f"QuasiRandom(seed={self.seed})"


def _whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 0
