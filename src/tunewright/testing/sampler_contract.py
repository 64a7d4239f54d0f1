"""The contract of a sampler, as a test that anyone can run.

A sampler is a pure function of the space, the history and the random stream that it is given. What follows from that one sentence is
checked on every problem: what it proposes is valid; asked again it says the same; a fresh instance, which has seen nothing, says the
same too, so that a study can be resumed, shared by processes and replayed; it draws from no other source of chance; and it leaves
the history as it found it. Running and failed trials stand in that history, as they do in any real one.
"""

import ast
import copy
import inspect
import math
import pickle
import re
from collections.abc import Callable, Sequence

import numpy as np

from tunewright.errors import NoResult, ParamsError, SpaceExhausted
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import Sampler, propose_new
from tunewright.testing.checks import expect, global_chance, seen_of
from tunewright.testing.journal import Journal
from tunewright.testing.problems import Problem, problems
from tunewright.typing import Params

__all__ = ["check_sampler"]

_ENUMERABLE = 200
_VALUES: dict[str, Callable[[int], float]] = {
    "all equal": lambda _: 1.0,
    "huge": lambda number: (-1.0) ** number * 1e300,
    "tiny differences": lambda number: 1.0 + number * 2e-16,
}


def check_sampler(sampler: Sampler, *, on: Sequence[Problem] | None = None, trials: int = 12, seed: int = 0) -> None:
    """Check that a sampler keeps the contract.

    Args:
        sampler: an instance that was not used yet.
        on: the problems; default: all of `problems()`.
        trials: how many on each problem. A sampler that begins with random points needs more than those.
        seed: of all random streams.

    Raises:
        AssertionError: it does not; the message says what, on which problem, and the mend.
        SpaceExhausted: never; a sampler may say at any time that it has nothing left.
    """
    untouched = _check_identity(sampler)
    grounds = problems() if on is None else tuple(on)
    for problem in grounds:
        losses = problem.function
        ground = _Ground(problem.name, losses, trials, seed)
        ground.gradient = problem.gradient
        _check_run(sampler, untouched, Journal(problem.space), ground)
        if problem.space.size <= _ENUMERABLE:
            _check_exhaustion(untouched, problem, seed)
    for problem in grounds[:2] + grounds[3:5]:
        for what, value in _VALUES.items():
            ground = _Ground(f"{problem.name}, values {what}", _counting(value), trials, seed)
            _check_run(sampler, untouched, Journal(problem.space, [Metric("value", "maximize")]), ground)


class _Ground:
    """Where a run takes place: name, losses, number of trials, seed; and what derivatives are told."""

    gradient: Callable[[Params], dict[str, float]] | None = None

    def __init__(self, name: str, losses: Callable[[Params], float], trials: int, seed: int) -> None:
        self.name, self.losses, self.trials, self.seed = name, losses, trials, seed

    def rng(self, position: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, position])


def _counting(value: Callable[[int], float]) -> Callable[[Params], float]:
    calls = iter(range(1 << 62))
    return lambda _: value(next(calls))


def _check_identity(sampler: Sampler) -> bytes:
    """Check name, text form and pickling, and return the unused sampler pickled."""
    kind = type(sampler).__name__
    try:
        untouched = pickle.dumps(sampler)
        twin = pickle.loads(untouched)  # noqa: S301  our own bytes
    except Exception as error:
        raise AssertionError(
            f"{kind} does not pickle ({type(error).__name__}: {error}), so processes cannot share it. "
            "Keep no open files, generators or lambdas in it, or leave caches out in __getstate__."
        ) from error
    expect(
        " at 0x" not in repr(sampler),
        f"{kind}: repr must name the arguments, not an address: {repr(sampler)!r}. Define __repr__.",
    )
    expect(repr(sampler) == repr(twin), f"{kind}: repr differs after pickling: {repr(sampler)!r} and {repr(twin)!r}.")
    _check_arguments(sampler)
    expect(
        re.fullmatch(r"[a-z][a-z0-9_]*", sampler.label),
        f"{kind}: label must be a lower-case name such as quasi_random, got {sampler.label!r}.",
    )
    expect(sampler.label == twin.label, f"{kind}: label differs after pickling: {sampler.label!r} and {twin.label!r}.")
    return untouched


def _check_arguments(sampler: Sampler) -> None:
    """What was given to the constructor stands in the repr, where that can be seen: kept under its name, and not the default."""
    shown, kind = repr(sampler), type(sampler).__name__
    for name, parameter in inspect.signature(type(sampler)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or re.search(rf"\b{name}=", shown):
            continue
        kept = next(
            (vars(sampler)[key] for key in (name, f"_{name}") if key in getattr(sampler, "__dict__", {})), parameter.empty
        )
        if kept is parameter.empty and parameter.default is parameter.empty:
            lost = shown == f"{kind}()"
        else:
            lost = (
                kept is not parameter.empty and not _same(kept, parameter.default) and not {repr(kept), str(kept)} & _words(shown)
            )
        expect(
            not lost,
            f"{kind}: the argument {name} does not stand in its repr, {shown!r}, from which the journal knows with what a study was "
            f'searched. Define __repr__: return f"{kind}({{self.{name}!r}})".',
        )


def _words(shown: str) -> set[str]:
    """The arguments of a call as they are written."""
    try:
        call = ast.parse(shown, mode="eval").body
    except SyntaxError:
        return set()
    given = [*call.args, *(each.value for each in call.keywords)] if isinstance(call, ast.Call) else []
    return {text for each in given for text in (ast.unparse(each), ast.get_source_segment(shown, each) or "")}


def _check_run(sampler: Sampler, untouched: bytes, journal: Journal, ground: _Ground) -> None:
    """Ask some trials; every fifth fails, every fifth is left running, one comes from the queue."""
    before = repr(sampler), sampler.label
    lengths = []
    for number in range(ground.trials):
        lengths.append(len(journal.entries))
        if number == 2:
            params = journal.space.sample(ground.rng(-1 % 2**32))
        else:
            rng = ground.rng(len(journal.entries))
            answer = _propose(sampler, journal.history, rng, ground.name)
            if number < 2 or number % 4 == 0 or number == ground.trials - 1:
                _check_fresh(untouched, journal.folded(), ground, answer)
            if answer is None:
                break
            params = answer
        trial = journal.ask(params)
        if number % 5 == 3:
            journal.fail(trial)
        elif number % 5 != 4:
            journal.tell(trial, ground.losses(params), gradient=ground.gradient(params) if ground.gradient else None)
    expect(
        (repr(sampler), sampler.label) == before, f"{before[0]}: repr or label changed by use. They must name the arguments only."
    )
    earlier = journal.folded(lengths[len(lengths) // 2])
    answer = _propose(sampler, earlier, ground.rng(earlier.position), ground.name)
    _check_fresh(untouched, earlier, ground, answer)


def _propose(sampler: Sampler, history: History, rng: np.random.Generator, where: str) -> Params | None:
    """A proposal, checked; None when the sampler says that nothing is left."""
    kind = f"{sampler!r} on {where!r} after {len(history)} trials"
    twin = copy.deepcopy(rng)
    snapshot = seen_of(history)
    chance = global_chance()
    try:
        params = _asked(sampler, history, rng, kind)
    except SpaceExhausted as error:
        expect(len(str(error)) > 10, f"{kind}: SpaceExhausted without a message. Say what is finished, and what to do.")
        return None
    expect(global_chance() == chance, f"{kind}: drew from the global random stream. Draw from the `rng` that is given.")
    expect(seen_of(history) == snapshot, f"{kind}: changed the history. Copy what you change.")
    _check_valid(params, history, kind)
    again = _asked(sampler, history, twin, kind)
    expect(
        _same(params, again),
        f"{kind}: asked twice with the same history and the same rng, it proposed {params} and then {again}. "
        "Keep no state that the history does not determine, and draw from `rng` only.",
    )
    return params


def _asked(sampler: Sampler, history: History, rng: np.random.Generator, kind: str) -> Params:
    """What it proposes; SpaceExhausted is an answer, too, every other exception a breach."""
    try:
        return sampler.propose(history.space, history, rng)
    except SpaceExhausted:
        raise
    except NoResult as error:
        raise AssertionError(
            f"{kind}: asked for a result where there is none ({error}). Before a trial is completed, and where all have failed, propose without."
        ) from error
    except Exception as error:
        raise AssertionError(f"{kind}: propose raised {type(error).__name__}: {error}") from error


def _check_valid(params: Params, history: History, kind: str) -> None:
    try:
        canonical = history.space.validate(params)
    except ParamsError as error:
        raise AssertionError(f"{kind}: proposed {params}, which the space refuses: {error}") from error
    expect(
        _same(params, canonical) and list(params) == list(canonical),
        f"{kind}: proposed {params}, but its canonical form is {canonical}. Return what space.sample or space.params gives.",
    )


def _check_fresh(untouched: bytes, history: History, ground: _Ground, answer: Params | None) -> None:
    fresh: Sampler = pickle.loads(untouched)  # noqa: S301  our own bytes
    other = _propose(fresh, history, ground.rng(history.position), ground.name)
    expect(
        (answer is None) == (other is None) and (answer is None or _same(answer, other)),
        f"{fresh!r} on {ground.name!r} after {len(history)} trials: a fresh instance proposes {other}, a used one {answer}. "
        "A cache may only hold what can be computed again from the history; forget it when space or history is another.",
    )


def _check_exhaustion(untouched: bytes, problem: Problem, seed: int) -> None:
    """On a finite space two processes that share a journal propose each configuration once, then say that nothing is left."""
    size = int(problem.space.size)
    samplers: list[Sampler] = [pickle.loads(untouched) for _ in range(2)]  # noqa: S301  our own bytes
    journal = Journal(problem.space)
    histories = [History(problem.space, journal.metrics) for _ in range(2)]
    kind = f"{samplers[0]!r} on {problem.name!r} ({size} configurations)"
    while True:
        turn = len(journal.history) % 2
        sampler, history = samplers[turn], histories[turn]
        history.fold(journal.entries)
        rng = np.random.default_rng([seed, history.position])
        try:
            params = propose_new(sampler, problem.space, history, rng)
        except SpaceExhausted:
            break
        except Exception as error:
            raise AssertionError(
                f"{kind}, after {len(history)} trials: propose raised {type(error).__name__}: {error}"
            ) from error
        expect(not history.seen(problem.space.row(params)), f"{kind}: propose_new gave {params} a second time.")
        trial = journal.ask(params)
        if trial % 3:
            journal.tell(trial, problem.function(params))
        expect(trial < size, f"{kind}: more than {size} different configurations. The size of the space must be wrong.")
    if len(history) < size:
        own_end = _propose(sampler, history, np.random.default_rng([seed, history.position]), problem.name) is None
        expect(own_end, f"{kind}: exhausted after {len(history)} of {size} configurations, though the sampler still proposes.")


def _same(one: object, other: object) -> bool:
    """Equal in type too, at any depth: 1, True and 1.0 are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other
