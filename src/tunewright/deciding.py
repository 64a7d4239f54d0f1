"""How a decision is made, and made again.

A decision is a pure function of the history up to a position (its basis), the scheduler, the sampler and the study's seed. `ask`
and `replay` call the same function, so they cannot differ.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from tunewright.events import Asked, Entry
from tunewright.history import History
from tunewright.samplers.base import Sampler, propose_new
from tunewright.schedulers.base import Decision, Scheduler, Start, Wait
from tunewright.typing import Params

__all__ = ["Decided", "Replay", "decide", "replay"]


class Decided(msgspec.Struct, frozen=True):
    """What to do next; for a `Start` also with which parameters, who proposed them, which queued entry (0: none) they take up, which
    `Asked.stream` was drawn from, and what the sampler had to remark (something went wrong) and to note.
    """

    decision: Decision
    params: Params = {}
    by: str = ""
    queued: int = 0
    stream: int = 0
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def decide(
    history: History,
    scheduler: Scheduler,
    sampler: Sampler,
    *,
    seed: int,
    repeats: bool,
    may_start: bool = True,
    closing: bool = False,
    stream: int | None = None,
) -> Decided:
    """Decide what the next free worker does.

    Args:
        history: folded up to the basis of the decision.
        scheduler, sampler: who is asked.
        seed: the study's; it seeds all randomness of this decision, with what `stream` says.
        repeats: whether a configuration of a finite space may be proposed again.
        may_start: whether a new trial may begin; if not, the scheduler is asked to `finish`, and `Wait` stands for `Start`.
        closing: whether the budget nears its end: the scheduler may `finish` first.
        stream: see `Asked.stream`. Default: the number of the trial where nothing learns from results, so that the same trials come
            in whatever order results do; else the basis.

    Raises:
        SpaceExhausted: nothing is left to propose.
    """
    if stream is None:
        stream = 0 if sampler.learns or scheduler.learns else 1
    rng = np.random.default_rng([seed, len(history), 1] if stream else [seed, history.position])
    decision = (scheduler.finish if closing or not may_start else scheduler.decide)(history.space, history, rng)
    if may_start and isinstance(decision, Wait):  # nothing to finish: there is still time for another trial
        decision = scheduler.decide(history.space, history, rng)
    if not isinstance(decision, Start):
        return Decided(decision)
    if not may_start:
        return Decided(Wait())
    for position, queued in history.queue:
        return Decided(decision, queued.params, "queue", position)
    if repeats:
        params = sampler.propose(history.space, history, rng)
    else:
        params = propose_new(sampler, history.space, history, rng)
    return Decided(decision, params, sampler.label, stream=stream, remarks=sampler.remarks, notes=sampler.notes)


class Replay(msgspec.Struct, frozen=True):
    """What came of asking every decision again.

    Attributes:
        checked: how many proposals were made again.
        skipped: how many were not, because a person or another sampler made them.
        differing: numbers of the trials whose proposal came out otherwise.
    """

    checked: int
    skipped: int
    differing: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether every checked proposal came out the same."""
        return not self.differing


def replay(
    history: History, entries: Iterable[Entry], samplers: Sequence[Sampler], scheduler: Scheduler, *, seed: int, repeats: bool
) -> Replay:
    """Ask every recorded proposal again.

    Args:
        history: an empty one, with the study's first space and its metrics.
        entries: the whole journal.
        samplers: who may have proposed; found by label. The proposals of others are skipped.
        scheduler: as the study had it.
        seed, repeats: as the study had them.
    """
    by_label = {sampler.label: sampler for sampler in samplers}
    checked = skipped = 0
    differing: list[int] = []
    waiting: list[Entry] = []
    for entry in entries:
        event = entry.event
        if isinstance(event, Asked):
            known = next((i for i, other in enumerate(waiting) if other.position > event.basis), len(waiting))
            history.fold(waiting[:known])
            del waiting[:known]
            sampler = by_label.get(event.by)
            if sampler is None:
                skipped += 1
            else:
                checked += 1
                again = decide(history, scheduler, sampler, seed=seed, repeats=repeats, stream=event.stream)
                if again.params != event.params:
                    differing.append(entry.trial)
        waiting.append(entry)
    return Replay(checked, skipped, tuple(differing))
