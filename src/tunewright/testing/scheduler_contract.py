"""The contract of a scheduler, as a test that anyone can run.

A scheduler is a pure function of the history and the random stream, as a sampler is. Beyond that it must keep the work going: what
it decides can be done, it waits only while something runs, and a trial that was begun is also finished.
"""

import math
import pickle
from collections.abc import Sequence

import numpy as np

from tunewright.history import FAILED, History
from tunewright.schedulers import Clone, Decision, Done, Resume, Scheduler, Start, Wait
from tunewright.testing.checks import expect, global_chance, seen_of
from tunewright.testing.journal import Journal
from tunewright.testing.problems import Problem, branin, conditional
from tunewright.trial import Task

__all__ = ["check_scheduler"]

_PATIENCE = 500
"""Decisions and ends of tasks between two new trials: more would never end. Budgets of many steps for many trials take some dozens."""


def check_scheduler(
    scheduler: Scheduler, *, on: Sequence[Problem] | None = None, trials: int = 20, workers: int = 3, seed: int = 0
) -> None:
    """Check that a scheduler keeps the contract.

    Args:
        scheduler: an instance that was not used yet.
        on: the problems whose configurations are judged; default: Branin and one with conditions.
        trials: how many are begun before the rest is finished. Each task reports three times before its result.
        workers: how many tasks run at a time.
        seed: of all random streams.

    Raises:
        AssertionError: it does not; the message says what, and the mend.
    """
    kind = type(scheduler).__name__
    try:
        untouched = pickle.dumps(scheduler)
        twin = pickle.loads(untouched)  # noqa: S301  our own bytes
    except Exception as error:
        raise AssertionError(
            f"{kind} does not pickle ({type(error).__name__}: {error}). Leave caches out in __getstate__ or __reduce__."
        ) from error
    expect(" at 0x" not in repr(scheduler), f"{kind}: repr must name the arguments, not an address. Define __repr__.")
    expect(repr(scheduler) == repr(twin), f"{kind}: repr differs after pickling: {scheduler!r} and {twin!r}.")
    for problem in (branin(), conditional()) if on is None else on:
        for share in (0.0, 0.3, 1.0):
            _Simulation(scheduler, untouched, problem, seed, share).run(trials, workers)


class _Simulation:
    """Workers that do what the scheduler decides, and finish in random order; a share of the tasks fails."""

    def __init__(self, scheduler: Scheduler, untouched: bytes, problem: Problem, seed: int, failing: float) -> None:
        self.scheduler, self.untouched, self.problem, self.failing = scheduler, untouched, problem, failing
        self.journal = Journal(problem.space)
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.kept = -math.inf

    def run(self, trials: int, workers: int) -> None:
        repr_before = repr(self.scheduler)
        history = self.journal.history
        since = 0
        while len(history) < trials:
            begun = len(history)
            if not self._step(workers):
                break
            since = 0 if len(history) > begun else since + 1
            expect(since < _PATIENCE, self._never_starts(since))
        lengths = len(self.journal.entries)
        self._finish_all(len(history))
        expect(repr(self.scheduler) == repr_before, f"{self.scheduler!r}: repr changed by use, it was {repr_before}.")
        self._decide(self.journal.folded(lengths // 2))

    def _step(self, workers: int) -> bool:
        """One decision, or the end of one task; False when the scheduler is done and nothing runs."""
        running = self.journal.history.open_tasks
        if len(running) >= workers:
            self._end_one()
            return True
        decision = self._decide(self.journal.history)
        if isinstance(decision, Done | Wait):
            expect(
                running or isinstance(decision, Done),
                f"{self.scheduler!r} after {len(self.journal.history)} trials: Wait while nothing runs would wait for ever. "
                "Answer Start, Resume or Done.",
            )
            if running:
                self._end_one()
            return bool(running)
        self._carry_out(decision)
        keep = self.scheduler.keeps(self.journal.history)
        self.kept = max(self.kept, math.inf if keep is None else keep)
        return True

    def _never_starts(self, steps: int) -> str:
        """What is wrong where no new trial begins."""
        history = self.journal.history
        most = max(range(len(history)), key=history.sent, default=-1)
        sent = f": trial {most} was promised {history.plan(most)} tasks and was sent {history.sent(most)}" if most >= 0 else ""
        return (
            f"{self.scheduler!r} after {len(history)} trials: no new trial begins in {steps} steps{sent}. Such a search never ends. Resume a "
            "trial only for what it was promised or has won, then answer Start or Done."
        )

    def _finish_all(self, begun: int) -> None:
        """Every trial that was begun and did not fail must be finished, within a bounded number of further steps."""
        history = self.journal.history
        for _ in range(100 + 4 * sum(map(history.plan, range(begun)))):
            if all(trial >= begun for trial in history.underway):
                return
            if not self._step(1):
                break
        left = [trial for trial in history.underway if trial < begun]
        plans = ", ".join(f"trial {trial}: {history.sent(trial)} of {history.plan(trial)} tasks sent" for trial in left[:3])
        expect(not left, f"{self.scheduler!r}: trials are never finished ({plans}). Resume what was promised more.")

    def _decide(self, history: History) -> Decision:
        """A decision, checked, and asked of a fresh instance too."""
        kind = f"{self.scheduler!r} after {len(history)} trials, position {history.position}"
        chance, before = global_chance(), seen_of(history)
        decision = self._asked(self.scheduler, history, kind)
        expect(global_chance() == chance, f"{kind}: drew from the global random stream. Draw from the `rng` that is given.")
        expect(seen_of(history) == before, f"{kind}: changed the history. Copy what you change.")
        again = self._asked(self.scheduler, history, kind)
        fresh: Scheduler = pickle.loads(self.untouched)  # noqa: S301  our own bytes
        other = self._asked(fresh, history, kind)
        expect(decision == again, f"{kind}: asked twice it decided {decision} and then {again}. Keep no state of its own.")
        expect(
            decision == other,
            f"{kind}: a fresh instance decides {other}, a used one {decision}. A cache may only hold what the history determines.",
        )
        self._check_possible(decision, history, kind)
        return decision

    def _asked(self, scheduler: Scheduler, history: History, kind: str) -> Decision:
        try:
            return scheduler.decide(history.space, history, self._stream(history))
        except Exception as error:
            raise AssertionError(f"{kind}: decide raised {type(error).__name__}: {error}") from error

    def _stream(self, history: History) -> np.random.Generator:
        return np.random.default_rng([self.seed, history.position])

    @staticmethod
    def _check_possible(decision: Decision, history: History, kind: str) -> None:
        expect(
            isinstance(decision, Start | Resume | Clone | Wait | Done),
            f"{kind}: decided {decision!r}. Answer Start, Resume, Clone, Wait or Done.",
        )
        if isinstance(decision, Start | Clone):
            expect(decision.plan >= 1, f"{kind}: {decision} promises no task. plan must be at least 1.")
        if isinstance(decision, Resume):
            known = 0 <= decision.trial < len(history)
            expect(known, f"{kind}: {decision}, but there are trials 0 to {len(history) - 1} only.")
            expect(history.states[decision.trial] != FAILED, f"{kind}: {decision}, but that trial failed. Leave it.")
        if isinstance(decision, Clone):
            known = 0 <= decision.trial < len(history)
            expect(known, f"{kind}: {decision}, but there are trials 0 to {len(history) - 1} only.")
            held = history.space.validate(decision.params) == decision.params
            expect(held, f"{kind}: {decision}: params must be a configuration of the space in canonical form.")
        if isinstance(decision, Start | Resume | Clone):
            budget = decision.budget
            expect(
                budget is None or (math.isfinite(budget) and budget > 0), f"{kind}: {decision}: budget must be None or above 0."
            )
            expect(decision.fold is None or decision.fold >= 0, f"{kind}: {decision}: fold must be None or at least 0.")
            expect(decision.seed >= 0, f"{kind}: {decision}: seed must be at least 0.")

    def _carry_out(self, decision: Start | Resume | Clone) -> None:
        if isinstance(decision, Clone):
            self._clone(decision)
        elif isinstance(decision, Start):
            params = self.problem.space.sample(self.rng)
            plan, fold, seed, budget = decision.plan, decision.fold, decision.seed, decision.budget
            self.journal.ask(params, plan=plan, fold=fold, seed=seed, budget=budget)
        else:
            self.journal.send(decision.trial, fold=decision.fold, seed=decision.seed, budget=decision.budget)

    def _clone(self, decision: Clone) -> None:
        """The checkpoint that it goes on from must be there: saved by a task of at most that budget, and not let go since."""
        history, since = self.journal.history, decision.since
        trials, budgets, _ = history.levels()
        reached = [float(budget) for trial, budget in zip(trials, budgets, strict=True) if trial == decision.trial]
        there = [budget for budget in reached if since is None or budget <= since]
        kind = f"{self.scheduler!r} after {len(history)} trials"
        expect(
            there,
            f"{kind}: {decision}, but trial {decision.trial} has finished nothing with that budget, so it has no checkpoint of it.",
        )
        kept = since is None or max(there) == max(reached) or max(there) >= self.kept
        expect(
            kept, f"{kind}: {decision}, but checkpoints below {self.kept} are let go. Let keeps() say how far back clones begin."
        )
        self.journal.clone(decision.trial, decision.params, budget=decision.budget, since=since, replaces=decision.replaces)

    def _end_one(self) -> None:
        tasks = self.journal.history.open_tasks
        task, _ = tasks[self.rng.integers(len(tasks))]
        if self.rng.random() < self.failing:
            self.journal.fail(task.trial, index=task.index)
            return
        value = self.problem.function(task.params) + 0.1 * task.seed
        for step in (1, 2, 4):
            self.journal.report(task.trial, step, value + 1 / step, index=task.index)
            if self._stops(task):
                self.journal.tell(task.trial, value + 1 / step, index=task.index, reached=step)
                return
        self.journal.tell(task.trial, value, index=task.index)

    def _stops(self, task: Task) -> bool:
        """Whether the scheduler wants the task stopped that has just reported; asked of a fresh instance too."""
        history, kind = self.journal.history, f"{self.scheduler!r}.stop after {len(self.journal.history)} trials"
        before = seen_of(history)
        why = self.scheduler.stop(history.space, history, task, 1)
        expect(isinstance(why, str), f"{kind}: returned {why!r}. Return why the task should stop, or an empty text.")
        expect(seen_of(history) == before, f"{kind}: changed the history. Copy what you change.")
        fresh: Scheduler = pickle.loads(self.untouched)  # noqa: S301  our own bytes
        other = fresh.stop(history.space, history, task, 1)
        expect(why == other, f"{kind}: a fresh instance says {other!r}, a used one {why!r}. Keep no state of its own.")
        return bool(why)
