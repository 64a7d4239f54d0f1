"""How a decision is made, and made again.

A decision is a pure function of the history up to a position (its basis), the scheduler, the sampler and the study's seed. `ask`
and `replay` call the same function, so they cannot differ.
"""

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np

from tunewright import samplers as all_samplers
from tunewright import schedulers as all_schedulers
from tunewright.arithmetic import as_usual
from tunewright.errors import ParamsError, SpaceExhausted, StudyError, TunewrightError
from tunewright.events import Asked, Entry, Opened, called
from tunewright.history import History
from tunewright.samplers.base import Sampler, propose, propose_new
from tunewright.schedulers.base import Clone, Decision, Resume, Scheduler, Start, Wait, checked
from tunewright.trial import Task
from tunewright.typing import Params

__all__ = ["CLONE", "Decided", "Replay", "decide", "finishes", "recorded", "replay", "wish"]


CLONE: Final = "clone"
"""Who proposed a clone, as the journal calls it."""

_DECISIVE: Final = ("tunewright", "numpy", "scipy", "scikit-learn")
"""The libraries whose versions may change what is proposed."""


class Decided(msgspec.Struct, frozen=True):
    """What to do next; for a `Start` or `Clone` also with which parameters, who proposed them, which queued entry (0: none) they take up, which
    `Asked.stream` was drawn from, and what the sampler had to remark (something went wrong) and to note.
    """

    decision: Decision
    params: Params = {}
    by: str = ""
    queued: int = 0
    stream: int = 0
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@as_usual
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
        SpaceExhausted: nothing is left to propose, and nothing to `finish`.
        ParamsError: the sampler proposed what the space does not hold.
        StudyError: the scheduler decided what cannot be.
    """
    if stream is None:
        stream = 0 if sampler.learns or scheduler.learns else 1
    rng = np.random.default_rng([seed, len(history), 1] if stream else [seed, history.position])
    decision = checked(
        scheduler, history, (scheduler.finish if closing or not may_start else scheduler.decide)(history.space, history, rng)
    )
    if may_start and isinstance(decision, Wait):  # nothing to finish: there is still time for another trial
        decision = checked(scheduler, history, scheduler.decide(history.space, history, rng))
    if isinstance(decision, Clone) and may_start:
        return Decided(decision, decision.params, CLONE)
    if not isinstance(decision, Start | Clone):
        return Decided(decision)
    if not may_start:
        return Decided(Wait())
    for position, queued in history.queue:
        return Decided(_plain(decision), queued.params, "queue", position)
    again, decision = isinstance(decision, Start) and decision.again, _plain(decision)
    try:
        params = _proposed(sampler, history, rng, repeats=repeats, again=again)
    except SpaceExhausted:
        last = checked(scheduler, history, scheduler.finish(history.space, history, rng))
        if isinstance(last, Resume):
            return Decided(last)
        raise
    return Decided(decision, params, sampler.label, stream=stream, remarks=sampler.remarks, notes=sampler.notes)


@as_usual
def finishes(history: History, scheduler: Scheduler, *, seed: int) -> bool:
    """Whether the scheduler has work left where no trial may begin."""
    rng = np.random.default_rng([seed, history.position])
    return isinstance(scheduler.finish(history.space, history, rng), Resume)


@as_usual
def wish(history: History, scheduler: Scheduler, task: Task, new: int) -> str:
    """What the scheduler says of a running task; see `Scheduler.stop`."""
    return scheduler.stop(history.space, history, task, new)


def _plain(decision: Start | Clone) -> Start | Clone:
    """As the journal knows it: whether a configuration may come again is asked once."""
    return msgspec.structs.replace(decision, again=False) if isinstance(decision, Start) else decision


def _proposed(sampler: Sampler, history: History, rng: np.random.Generator, *, repeats: bool, again: bool) -> Params:
    """A proposal; one that was made before only where that may be, or nothing else is left and it may be `again`."""
    if repeats:
        return propose(sampler, history.space, history, rng)
    try:
        return propose_new(sampler, history.space, history, rng)
    except SpaceExhausted:
        if not again:
            raise
    try:
        return propose(sampler, history.space, history, rng)
    except SpaceExhausted:  # of a grid that is through; not of somebody who waits to be told
        if math.isinf(history.space.size) or len({*map(bytes, history.rows)}) < history.space.size:
            raise
        return history.space.sample(rng)


class Replay(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What came of asking every decision again.

    Attributes:
        checked: how many proposals were made again, clones among them.
        skipped: how many were not, because a person, or a sampler or scheduler that is not at hand, made them.
        differing: numbers of the trials whose proposal came out otherwise, or that were promised other tasks (plan, and budget, fold and
            seed of the first), where the journal says which scheduler that was.
        elsewhere: those of them that were proposed with other versions of Tunewright, NumPy, SciPy or scikit-learn, which may propose otherwise,
            and with which.
    """

    checked: int
    skipped: int
    differing: tuple[int, ...]
    elsewhere: dict[int, str] = {}

    @property
    def same(self) -> bool:
        """Whether every checked proposal came out the same."""
        return not self.differing

    @property
    def remark(self) -> str:
        """What other versions have to do with the differences, in a sentence; empty: nothing."""
        if not self.elsewhere:
            return ""
        which = "; ".join(dict.fromkeys(self.elsewhere.values()))
        rest = len(self.differing) - len(self.elsewhere)
        return (
            f"{f'{len(self.elsewhere):,} of them' if rest else 'They'} were proposed with other versions ({which}), which may propose otherwise: such a "
            "difference is no sign of damage. With those versions installed they can be compared."
        )


def replay(
    history: History,
    entries: Iterable[Entry],
    samplers: Sequence[Sampler],
    scheduler: Scheduler,
    *,
    seed: int,
    repeats: bool,
    libraries: Mapping[str, str] = MappingProxyType({}),
) -> Replay:
    """Ask every recorded proposal again.

    Args:
        history: an empty one, with the study's first space and its metrics.
        entries: the whole journal.
        samplers: who may have proposed; found by label, and by the arguments that the journal says. Tunewright's own are made as the
            journal says; the proposals of others are skipped.
        scheduler: the study's, where the journal does not say which one it was then.
        seed: the study's.
        repeats: the study's, where the journal does not say it.
        libraries: the versions at hand, by name; what proposed otherwise with others is said to have (`Replay.elsewhere`).
    """
    checked = skipped = 0
    differing: list[int] = []
    elsewhere: dict[int, str] = {}
    waiting: list[Entry] = []
    sessions: dict[int, Opened] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, Opened):
            sessions[entry.position] = sessions[0] = event
        elif isinstance(event, Asked):
            basis = next((i for i, other in enumerate(waiting) if other.position > event.basis), len(waiting))
            history.fold(waiting[:basis])
            del waiting[:basis]
            session = sessions.get(event.session)
            decider, known = _decider(session, scheduler)
            sampler = _proposer(event.by, session, samplers) if event.parent is None else _bystander(samplers) if known else None
            if sampler is None:
                skipped += 1
            else:
                checked += 1
                twice = repeats if session is None or session.repeats is None else session.repeats
                if not _same(history, decider, sampler, event, seed=seed, repeats=twice, effort=known):
                    differing.append(entry.trial)
                    if versions := _other_versions(session, libraries):
                        elsewhere[entry.trial] = versions
        waiting.append(entry)
    return Replay(checked, skipped, tuple(differing), elsewhere)


def _other_versions(session: Opened | None, present: Mapping[str, str]) -> str:
    """With which other versions of what proposals hang on a process worked; empty: with the same, or the journal does not say."""
    written = {} if session is None else session.environment.get("libraries")
    then = written if isinstance(written, dict) else {}
    pairs = [(name, then.get(name), present.get(name)) for name in _DECISIVE]
    return ", ".join(f"{name} {was}, now {now}" for name, was, now in pairs if was and now and was != now)


def _same(
    history: History, scheduler: Scheduler, sampler: Sampler, event: Asked, *, seed: int, repeats: bool, effort: bool
) -> bool:
    """Whether the proposal comes out the same, and, where `effort` is to be compared, what the trial was promised."""
    try:
        again = decide(history, scheduler, sampler, seed=seed, repeats=repeats, stream=event.stream)
    except (SpaceExhausted, ParamsError, StudyError):
        return False
    asked: Decision = Start(event.plan, event.budget, event.fold, event.seed)
    if event.parent is not None:
        effects = event.budget, event.fold, event.seed, event.plan, event.since, event.replaces
        asked = Clone(event.parent, event.params, *effects)
    return again.params == event.params and (again.decision == asked or not effort)


def _bystander(samplers: Sequence[Sampler]) -> Sampler:
    """Whoever may stand there while a scheduler is asked for a clone, which no sampler proposes."""
    return samplers[-1] if samplers else all_samplers.Random()


def _proposer(label: str, session: Opened | None, samplers: Sequence[Sampler]) -> Sampler | None:
    """Who proposed: of the samplers at hand, or, where the journal says it, made anew. None: neither."""
    known = [sampler for sampler in samplers if sampler.label == label]
    if session is None:
        return known[-1] if known else None
    exact = [sampler for sampler in known if called(sampler) == session.sampler]
    if exact:
        return exact[-1]
    made = recorded(session.sampler)
    if isinstance(made, Sampler) and made.label == label:
        return made
    said = session.sampler.split("(")[0]
    kin = [sampler for sampler in known if _may_be(said, called(sampler).split("(")[0])]
    return kin[-1] if kin else None


def _may_be(said: str, name: str) -> bool:
    """Whether a class may be the one that the journal names: somebody's own, which has moved; or the journal names another label's."""
    same = said.split(".")[-1] == name.split(".")[-1]
    return not same or ("." in name and said not in all_samplers.__all__)


def _decider(session: Opened | None, scheduler: Scheduler) -> tuple[Scheduler, bool]:
    """Who decided, and whether the journal says that it was this one."""
    if session is None or session.scheduler == called(scheduler):
        return scheduler, session is not None
    found = recorded(session.scheduler)
    return (found, True) if isinstance(found, Scheduler) else (scheduler, False)


@cache
def recorded(text: str) -> Sampler | Scheduler | None:
    """One of Tunewright's samplers or schedulers, made from its repr as the journal keeps it; None: it is none, or cannot be made from it."""
    try:
        call = ast.parse(text, mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            return None
        package = next((each for each in (all_samplers, all_schedulers) if call.func.id in each.__all__), None)
        given = [ast.literal_eval(value) for value in call.args]
        named: dict[str, Any] = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
        made = None if package is None else getattr(package, call.func.id)(*given, **named)
    except (SyntaxError, TypeError, ValueError, TunewrightError):
        return None
    return made if isinstance(made, Sampler | Scheduler) else None
