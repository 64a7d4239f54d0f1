"""Population-based training: hyperparameters that change while a model is trained.

A population of trials is trained side by side, a stretch at a time. Whenever a member has finished one and is among the worst, it gets no
more: in its place a *clone* of one of the best goes on, from a copy of that one's checkpoint and with its hyperparameters perturbed
(`explore.py`). So what wins is not a configuration but a schedule of them, that of its lineage (`Study.lineage`) [1].

Because an effort is a `Task` with a budget, and budgets count all epochs since the beginning, this is three sentences. A member that has
finished budget b is resumed at the next one; unless it is among the worst quarter of all results at that same budget b so far, or has failed
there: then a `Clone` of one drawn from the best quarter at b begins, from the checkpoint that this one had at b.

Nobody waits for the others: the comparison is the asynchronous one of [1, section 3], with the difference that it is made at equal budgets, and
not with whatever the others have reached meanwhile. So who comes first to a budget is beside few, and of fewer than four (1 / truncation)
nobody is the worst; with one worker, who takes the member with the least budget first, all are compared with all. Results of members that were
replaced since count, too. Several objectives are ranked front by front (`models/ranking.py`).

Only a population keeps the checkpoints that its clones need. What another scheduler began or gave more, its own members among that, may have lost them, so
after a session of another scheduler a population begins anew. Where all members failed on the way to the same budget there is nobody to clone
there; a few clones try that stretch again, from the checkpoints before it.

It is greedy: who learns fast in the first stretches is copied, whoever would have been the best at the end, and over a long training random
search may overtake it [2].

[1] Jaderberg et al., Population Based Training of Neural Networks, arXiv:1711.09846, 2017.
[2] Multiple-Frequencies Population-Based Training, arXiv:2506.03225, 2025.
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from tunewright.arguments import whole
from tunewright.errors import StudyError
from tunewright.events import called, class_called
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.models.ranking import Ranking
from tunewright.schedulers.base import Clone, Decision, Done, Resume, Scheduler, Start, Wait
from tunewright.schedulers.explore import explored
from tunewright.schedulers.rungs import is_default
from tunewright.space import SearchSpace
from tunewright.space.values import hint, plain_number
from tunewright.typing import Array, Indices, Mask

__all__ = ["PBT"]

_ROUNDING: Final = 1e-9


class PBT(Scheduler):
    """Trains a population of trials; the worst go on as clones of the best, with other hyperparameters.

    Needs an objective that saves a checkpoint before each task ends, and begins from `live.resume_from`; `live.budget` counts all epochs from
    the first. The sampler proposes the first members, or they are enqueued; then it is not asked any more. The first member, if it is the default
    or was enqueued, is never replaced for its value, so that the winner can be compared with it. When all members have come to `high`, the search is
    over: `optimize` needs no limit, and one in trials counts clones, too.

    Args:
        step: how much budget (epochs) lies between two comparisons.
        high: the budget of a whole training; members are compared at step, 2 step, … below it.
        population: how many members, at least 2; it does not grow any more once the first of them has gone on from `step`, unless a limit of `optimize` made
            it go on, nobody was cloned, and the same line goes on.
        truncation: the share of the worst that is replaced, and of the best that is cloned, above 0 and at most 0.5.
        resample: the probability with which a clone's parameter is drawn anew from its prior and not perturbed.
        factors: by which a perturbed number is multiplied, one of the two with even odds; 0 < down < 1 < up.
        fixed: names of the parameters that clones have as their parents do: those that change the shape of what a checkpoint holds, such as the
            width of a layer. Default: none; all are explored.

    Raises:
        StudyError: an argument is out of its range. When it decides: the space has no parameter of a name in `fixed`, or the study's population was
            begun with another step.

    Source: Jaderberg et al., arXiv:1711.09846, 2017, algorithm 1, with truncation selection, perturbation and resampling.
    """

    def __init__(
        self,
        step: float,
        high: float,
        *,
        population: int = 20,
        truncation: float = 0.25,
        resample: float = 0.25,
        factors: Sequence[float] = (0.8, 1.2),
        fixed: Sequence[str] = (),
    ) -> None:
        bottom, top = plain_number(step), plain_number(high)
        if bottom is None or top is None or not 0 < bottom < top < math.inf:
            raise StudyError(f"PBT: step and high must be finite budgets with 0 < step < high, got step={step!r}, high={high!r}.")
        if (whole(population) or 0) < 2:
            raise StudyError(f"PBT: population must be a whole number of at least 2, got {population!r}.")
        self.step, self.high, self.population = bottom, top, int(population)
        self.truncation = _share("truncation", truncation, "above 0 and at most 0.5", 0.5)
        self.resample = 0.0 if resample == 0 else _share("resample", resample, "between 0 and 1", 1.0)
        self.factors = _pair(factors)
        if isinstance(fixed, str) or not isinstance(fixed, Iterable) or not all(isinstance(name, str) for name in fixed):
            raise StudyError(f'PBT: fixed must be a list of names, got {fixed!r}. Write fixed=["width"].')
        self.fixed = tuple(fixed)

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """Fill the population; then resume who has finished a stretch, or clone one of the best in its place."""
        for name in self.fixed:
            if name not in space.parameters:
                raise StudyError(f'{self!r}: there is no parameter "{name}" to be fixed.{hint(name, space.names)}')
        crowd = self._crowd(history)
        crowd.check(self)
        if crowd.may_grow:
            return Start(budget=self.step, again=True)
        for trial in crowd.waiting(self.high):
            parents = self._parents(space, history, crowd, trial)
            budget = crowd.highest[trial]
            if parents is None:
                return Resume(trial, budget=self._after(budget))
            if len(parents):
                return self._clone(space, history, rng, parents, since=budget, replaces=trial)
        if history.running:
            return Wait()
        return self._once_more(space, history, crowd, rng) or Done()

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  the contract gives more than is used here
        """Resume who is not among the worst, so that the best come to the end; nobody is cloned any more."""
        crowd = self._crowd(history)
        for trial in crowd.waiting(self.high):
            if self._parents(space, history, crowd, trial) is None:
                return Resume(trial, budget=self._after(crowd.highest[trial]))
        return Wait()

    def keeps(self, history: History) -> float | None:
        """The budget of the member that is the furthest behind: who stands in for it goes on from there."""
        return self._crowd(history).behind(self.high)

    def _crowd(self, history: History) -> "_Crowd":
        return _Crowd(history, self.step, self.population, called(self))

    def _clone(
        self, space: SearchSpace, history: History, rng: np.random.Generator, parents: Indices, *, since: float, replaces: int
    ) -> Clone:
        """Of one of the parents, drawn by chance, from its checkpoint at the budget `since`."""
        parent = int(parents[rng.integers(len(parents))])
        params = explored(
            space, space.params(history.rows[parent]), rng, factors=self.factors, resample=self.resample, fixed=self.fixed
        )
        return Clone(parent, params, self._after(since), since=_neat(since), replaces=replaces)

    def _once_more(self, space: SearchSpace, history: History, crowd: "_Crowd", rng: np.random.Generator) -> Clone | None:
        """Where nobody came through a stretch: a clone of one of those that had come to it, for the same stretch; a share `truncation` of the
        population at most, one after the other. It is said when that was in vain.
        """
        lost = crowd.lost
        if not len(lost):
            return None
        budget = float(crowd.highest[lost[0]])
        since = crowd.before(budget)
        ranking = Ranking(history, crowd.results_at(since))
        judged = np.flatnonzero(ranking.completed & (crowd.highest == budget) & ~history.stopped)
        most = max(1, int(self.truncation * self.population + _ROUNDING))
        if len(judged) and crowd.tries(budget) < most:
            best = ranking.best(judged, max(1, int(self.truncation * len(judged) + _ROUNDING)))
            return self._clone(space, history, rng, best, since=since, replaces=int(lost[0]))
        if len(judged):
            warnings.warn(
                f"No member of the population came to budget {self.high:g}: all failed between {since:g} and {budget:g}, {crowd.tries(budget)} clones that tried again "
                "among them. The best is one of those with less. Why they failed is in study.history.failures.",
                stacklevel=2,
            )
        return None

    def _after(self, budget: float) -> int | float:
        """The next budget: a multiple of `step`, or `high`."""
        following = (math.floor(budget / self.step + _ROUNDING) + 1) * self.step
        return following if following < self.high * (1 - _ROUNDING) else self.high

    def _parents(self, space: SearchSpace, history: History, crowd: "_Crowd", trial: int) -> Indices | None:
        """Of whom a clone is to take its place; None: of nobody, it goes on itself."""
        table = crowd.results_at(crowd.highest[trial])
        ranking = Ranking(history, table)
        judged = np.flatnonzero(ranking.completed)
        order = ranking.best(judged, len(judged))
        failed = int(crowd.failed_at(crowd.highest[trial]).sum())
        some = int(self.truncation * (len(order) + failed) + _ROUNDING)
        best = order[~history.stopped[order]][: max(1, some)]
        parents: Indices = best[best != trial]
        sound = ranking.completed[trial] and history.states[trial] == COMPLETED and not history.stopped[trial]
        if not sound:
            return parents
        rivals = order[order > 0] if is_default(space, history, 0) else order
        worst = rivals[len(rivals) - max(0, some - failed) :]
        return parents if trial in worst and len(parents) else None

    def __repr__(self) -> str:
        given = {"population": 20, "truncation": 0.25, "resample": 0.25, "factors": (0.8, 1.2), "fixed": ()}
        odd = [f", {name}={getattr(self, name)!r}" for name, usual in given.items() if getattr(self, name) != usual]
        return f"PBT({self.step!r}, {self.high!r}{''.join(odd)})"


class _Crowd:
    """The members of a population, those that were replaced among them.

    Attributes:
        highest: the highest budget for which each trial was sent, shape (n,).
    """

    def __init__(self, history: History, step: float, population: int, name: str) -> None:
        self._history, self._step = history, step
        self._sessions, first = _sessions(history, name)
        ours = history.usable & (np.arange(len(history)) >= first)
        lowest, self.highest = history.sent_budgets
        begun = ours & (lowest == step) & ~history.cloned
        self._strange = np.flatnonzero(ours & (lowest != step) & np.isfinite(lowest) & ~history.cloned)
        """Who began with another step."""
        self._lowest = lowest
        self._members = begun | (ours & history.cloned)
        gone = [clone.replaces for clone in history.clones.values() if clone.replaces is not None]
        self._alive = self._members.copy()
        self._alive[gone] = False
        self._founded = bool(begun.any())
        self._lacks = int(begun.sum()) < population
        self._unbred = not (self._members & history.cloned).any()
        ahead = self._members & (self.highest > step)
        last = history.sessions[-1].position if history.sessions else 0
        self._alike = all(session == name for session in self._sessions)
        growing = not ahead.any() or (self._unbred and self._alike and not (ahead & (history.result_at > last)).any())
        self.may_grow = self._lacks and growing
        """Whether another member may begin: nobody has gone on from the first budget, or those who have were sent on by an earlier session,
        which was not to begin more, and nobody was cloned.
        """

    def check(self, scheduler: PBT) -> None:
        """Raise StudyError where the population was begun with another step."""
        if len(self._strange) and not self._founded:
            trial = int(self._strange[0])
            raise StudyError(
                f"{scheduler!r}: this population was begun with step={_neat(self._lowest[trial])!r} (trial {trial}), and is compared at its multiples. "
                "Go on with that step, or begin a study of another name."
            )

    def waiting(self, high: float) -> list[int]:
        """Who has come to the end of a stretch that is not the last, the least budget first, and who came first."""
        idle = self._alive & (self._history.states != RUNNING) & (self.highest < high)
        found = np.flatnonzero(idle)
        order = np.lexsort((self._history.result_at[found], self.highest[found]))
        return [int(trial) for trial in found[order]]

    def results_at(self, budget: float) -> Array:
        """The losses of the members at a budget, shape (n, m); NaN where there is none."""
        trials, budgets, losses = self._history.levels()
        here = (budgets == budget) & self._members[trials]
        table = np.full((len(self._history), losses.shape[1]), np.nan)
        table[trials[here]] = losses[here]
        return table

    def failed_at(self, budget: float) -> Mask:
        """Which members failed on the way to a budget, shape (n,)."""
        failed: Mask = self._members & (self._history.states == FAILED) & (self.highest == budget)
        return failed

    @property
    def lost(self) -> Indices:
        """Who failed on the way to the highest budget that anybody was sent for, if nobody has come to it and nobody stopped them; else nobody."""
        history, none = self._history, np.empty(0, np.intp)
        top = float(self.highest[self._members].max(initial=-np.inf))
        if not top > self._step or np.isfinite(self.results_at(top)).all(axis=1).any():
            return none
        return np.flatnonzero(self._alive & self.failed_at(top) & ~history.stopped)

    def before(self, budget: float) -> float:
        """The highest budget below another one at which a member has a result; 0: there is none."""
        trials, budgets, _ = self._history.levels()
        return float(budgets[self._members[trials] & (budgets < budget)].max(initial=0.0))

    def tries(self, budget: float) -> int:
        """How many clones were sent over a stretch on which whom they replace had failed."""
        return sum(
            clone.replaces is not None and clone.since is not None and clone.since < self.highest[clone.replaces] == budget
            for trial, clone in self._history.clones.items()
            if self._members[trial]
        )

    def behind(self, high: float) -> float:
        """The least budget at which anybody may still be cloned, or whose checkpoint a clone is on its way from; infinite: none."""
        history = self._history
        waits = self._alive & (self.highest < high)
        begins = [
            clone.since
            for trial, clone in history.clones.items()
            if clone.since is not None and self._alive[trial] and history.sent(trial) == 1 and history.states[trial] == RUNNING
        ]
        if self._lacks and self._unbred and self._alike and self._members.any():
            begins.append(self._step)  # it may still be filled up
        lost = self.lost
        if len(lost):
            begins.append(self.before(float(self.highest[lost[0]])))
        return min([*self.highest[waits].tolist(), *begins], default=math.inf)


def _sessions(history: History, name: str) -> tuple[list[str], int]:
    """The populations that were at work since another scheduler was, as the journal calls them, and the first trial since then.

    `Once` gives no more to what it did not begin, and begins nothing with a budget: it is no other.
    """
    kinds, found = {"PBT", class_called(name)}, []
    since, time = 0.0, -math.inf
    for entry in history.sessions:
        said = str(getattr(entry.event, "scheduler", ""))
        if class_called(said) in kinds:
            since, time = (entry.position, entry.time) if since == math.inf else (since, time)
            found.append(said)
        elif class_called(said) != "Once":
            since, time, found = math.inf, math.inf, []
    first = int(np.searchsorted([history.basis(trial) for trial in range(len(history))], since)) if since else 0
    if (
        first and history.asked_at[first - 1] >= time
    ):  # by hand it is written down who asks with what is asked for, which knew less
        first -= 1
    return found, first


def _neat(budget: float) -> int | float:
    """As a whole number where it is one."""
    return int(budget) if float(budget).is_integer() else float(budget)


def _share(name: str, given: object, what: str, most: float) -> float:
    number = plain_number(given)
    if number is None or not 0 < number <= most:
        raise StudyError(f"PBT: {name} must be a share {what}, got {given!r}.")
    return float(number)


def _pair(given: Sequence[float]) -> tuple[float, float]:
    numbers = [plain_number(each) for each in given] if isinstance(given, Sequence) and not isinstance(given, str) else []
    down, up = numbers if len(numbers) == 2 else (None, None)
    if down is None or up is None or not 0 < down < 1 < up < math.inf:
        raise StudyError(f"PBT: factors must be two numbers with 0 < down < 1 < up, got {given!r}. Write factors=(0.8, 1.2).")
    return float(down), float(up)
