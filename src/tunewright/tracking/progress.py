"""How a search goes, in one line.

The line says the number that matters first and keeps every other at its place:

    tuning  diagnosis · 455 rows × 30 columns · classification (2 classes) · roc_auc, 5 folds · budget 60 s
     41 trials   best 0.9952 ± 0.0031 (svm, trial 17)   default 0.9921   0 failed   0:38 left

On a terminal it is refreshed in place. In a pipe or a log it is written anew at each new best and at each tenth of the budget, so that
a night of work leaves a page and not a book. What is shown is folded from the history as results arrive, at a cost that does not grow with
it; drawing happens in a thread of its own, a few times a second.
"""

import contextlib
import math
import os
import shutil
import statistics
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TextIO, TypeAlias, cast

import numpy as np

from tunewright.events import Entry
from tunewright.history import COMPLETED, RUNNING, History
from tunewright.tracking.calm import Calm
from tunewright.trial import Trial

__all__ = ["Progress", "clock", "family", "measured", "plain_number", "shown", "spread_of"]

_Listener: TypeAlias = Callable[[History, Entry], None]

_FRAMES: Final = 5
"""How often a second the live line is drawn."""

_LOOK_AGAIN: Final = 2.0
"""Seconds between two computations of the Pareto front, which costs the square of its candidates."""

_SHARE: Final = 20
"""What looking took, times this, is waited before the next look: it costs the search at most a twentieth of its time."""


class Progress:
    """Shows a search while it runs. A listener of `Study.optimize`, and a context.

        with Progress("tuning  digits", trials=200) as progress:
            study.optimize(train, trials=200, listeners=[progress])

    Args:
        headline: printed once, first; "" for none.
        trials: how many finished trials the study shall hold; None: no such budget.
        seconds: wall time that the search may take, counted from the start of the context; None: no such budget.
        history: of a study that goes on, so that its best is known from the start.
        label: what to call a trial beside its number; default: the branch that it took in the space's first `Choice`.
        stream: where to write; default: the standard error.
        live: refresh one line in place; default: when the stream is a terminal that can.
        stopping: asked at each drawing: whether the search has been told to stop.
    """

    alive: ClassVar[int] = 0
    """How many are refreshed in this process now."""

    def __init__(
        self,
        headline: str = "",
        *,
        trials: int | None = None,
        seconds: float | None = None,
        history: History | None = None,
        label: Callable[[Trial], str] | None = None,
        stream: TextIO | None = None,
        live: bool | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> None:
        self._headline = headline
        self._budget = (trials, seconds)
        self._label = label or family
        self._proxied = stream is None or stream is sys.stderr
        self._stream = Calm(sys.stderr if stream is None else stream)
        can = self._stream.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}
        self._in_place = can if live is None else live
        self._stopping = stopping or (lambda: False)
        self._signs = ("±", "·") if self._stream.writes("±") else ("+/-", "-")
        self._board = _Board(self._label)
        self._live: Any = None
        self._start = time.monotonic()
        self._end = math.nan
        self._tenths = 0
        self._last = self._board.state
        self._first = 0
        if history is not None:
            self._board.begin(history)
            self._first, self._last = self._board.finished, self._board.state

    # ---- as a context ----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        self._tenths = int(10 * self._share())
        if self._headline:
            self.say(self._headline)
        if self._in_place:
            from rich.console import Console  # noqa: PLC0415  whoever shows nothing need not wait for it
            from rich.live import Live  # noqa: PLC0415

            console = Console(file=cast("TextIO", self._stream), force_terminal=True, highlight=False, emoji=False, markup=False)
            self._live = Live(
                get_renderable=self._draw,
                console=console,
                refresh_per_second=_FRAMES,
                redirect_stdout=Calm(sys.stdout).isatty(),
                redirect_stderr=self._proxied,
            )
            self._live.start()
            Progress.alive += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end = time.monotonic()
        self._board.settle()
        if self._live is not None:
            Progress.alive -= 1
            self._live.stop()
            self._live = None
        elif self._board.state != self._last:
            self._write()

    # ---- as a listener ---------------------------------------------------------------------------------------------------------

    def __call__(self, history: History, entry: Entry) -> None:
        """Take in one result."""
        if not self._board.begun:
            self._board.begin(history)
            self._first = self._board.finished - (history.states[entry.trial] != RUNNING)
            better = self._board.best_trial == entry.trial
        else:
            better = self._board.take(history, entry)
        if self._in_place:
            return
        tenths = int(10 * self._share() + 1e-9)
        if better or tenths > self._tenths:
            self._tenths = max(tenths, self._tenths)
            self._write()

    def say(self, text: str) -> None:
        """Print a line of its own, above the live one."""
        if self._live is not None:
            self._live.console.print(self._wrapped(text), soft_wrap=True)
        else:
            self._put(self._wrapped(text) if self._in_place else text)

    def _wrapped(self, text: str) -> str:
        """Broken between words at the terminal's edge, so that the lines stand under one another."""
        width = shutil.get_terminal_size().columns
        indent = " " * (text.find("  ") + 2 if 0 < text.find("  ") < 20 else 1)
        return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    # ---- the line --------------------------------------------------------------------------------------------------------------

    def line(self, width: int = 10_000) -> str:
        """The line as it stands now, within so many columns if its less important parts can be left out."""
        board, (plus_minus, _) = self._board, self._signs
        goal = self._budget[0]
        count = f"{board.finished:>3,} trial{'' if board.finished == 1 else 's'}"
        if goal is not None:
            count = f"{board.finished:>{len(f'{goal:,}')},} of {goal:,} trials"
        parts = [(count, 9), *((text.replace("±", plus_minus), rank) for text, rank in board.parts())]
        parts += [(f"{board.failed:,} failed", 6 if board.failed else 2), (self._clock(), 8)]
        if self._stopping() and math.isnan(self._end):
            parts.append(("stopping: running trials finish; Ctrl-C again stops at once", 7))
        parts = [part for part in parts if part[0]]
        for gap in ("   ", "  "):
            text = " " + gap.join(part for part, _ in parts)
            if len(text) < width:
                return text
        while len(text) >= width and min(rank for _, rank in parts) < 9:
            least = min(rank for _, rank in parts)
            parts = [part for part in parts if part[1] != least]
            text = " " + "  ".join(part for part, _ in parts)
        return text

    def _clock(self) -> str:
        """The time left, where a budget tells it; the time that it took, once it is over."""
        now = time.monotonic() if math.isnan(self._end) else self._end
        used = now - self._start
        goal, seconds = self._budget
        if not math.isnan(self._end):
            return f"{clock(used)} used"
        if seconds is not None:
            return f"{clock(math.ceil(seconds - used))} left" if used < seconds else f"{clock(used - seconds)} over time"
        done, todo = self._board.finished - self._first, (goal or 0) - self._board.finished
        if done > 0 and todo > 0 and used >= 1:
            return f"{clock(used)} used, about {clock(math.ceil(used / done * todo))} left"
        return f"{clock(used)} used"

    def _share(self) -> float:
        """How much of the budget is used up, 0 to 1."""
        goal, seconds = self._budget
        shares = [0.0]
        if seconds:
            shares.append((time.monotonic() - self._start) / seconds)
        if goal:
            shares.append(self._board.finished / goal)
        return min(1.0, max(shares))

    def _draw(self) -> Any:  # noqa: ANN401  a text of Rich's
        from rich.text import Text  # noqa: PLC0415

        width = self._live.console.width if self._live is not None else 80
        return Text(self.line(width), no_wrap=True, overflow="ellipsis")

    def _write(self) -> None:
        self._last = self._board.state
        self._put(self.line())

    def _put(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


@contextlib.contextmanager
def shown(
    progress: bool | None, listeners: Sequence[_Listener], history: History, *, trials: float, seconds: float | None
) -> Iterator[Sequence[_Listener]]:
    """The listeners of a search, and while the context lasts a line of progress among them, on the standard error.

    Args:
        progress: whether there shall be one; None: where that is a terminal in which this process is at the front (a worker is not), and no
            other line is refreshed there. Never where one of the listeners is a `Progress`.
        listeners: of the search.
        history, trials, seconds: as for `Progress`; trials: infinite where there is no such goal.
    """
    wanted = Calm(sys.stderr).in_front and not Progress.alive if progress is None else progress
    if not wanted or any(isinstance(each, Progress) for each in listeners):
        yield listeners
        return
    with Progress(trials=None if math.isinf(trials) else int(trials), seconds=seconds, history=history) as line:
        yield [*listeners, line]


class _Board:
    """What is known of the search; each result changes it at a constant cost."""

    def __init__(self, label: Callable[[Trial], str]) -> None:
        self._label = label
        self.finished = self.failed = 0
        self.begun = False
        self.best_trial = -1
        self._best = math.inf
        self._best_text = self._default = ""
        self._default_trial = -1
        self._several = False
        self._look_at = 0.0
        self._history: History | None = None

    def begin(self, history: History) -> None:
        """Take in what there is already."""
        self.begun, self._history = True, history
        self.finished, self.failed = history.finished, history.failed
        self._several = len(history.objectives) > 1
        for number in np.flatnonzero(history.states == COMPLETED)[:200]:  # defaults are tried first
            self._notice_default(history, int(number))
        _ = self._front(history) if self._several else self._follow(history)

    def take(self, history: History, entry: Entry) -> bool:
        """Take in one result; whether it is a new best."""
        self.finished, self.failed = history.finished, history.failed
        trial = entry.trial
        if trial == self._default_trial or (not self._default and history.states[trial] == COMPLETED and history.usable[trial]):
            self._notice_default(history, trial)
        if self._several:
            return self._front(history)
        if history.single and not (_within(history, trial) and history.losses[trial, history.objectives[0]] < self._best):
            return False
        return self._follow(history)

    def settle(self) -> None:
        """Look once more, however lately that was: the last line is the truth."""
        if self._history is not None:
            self._look_at = 0.0
            _ = self._front(self._history) if self._several else self._follow(self._history)

    @property
    def state(self) -> tuple[int, int, str]:
        """Changes when the line does, but for its clock."""
        return self.finished, self.failed, self._best_text

    def parts(self) -> list[tuple[str, int]]:
        """Texts, each with its rank: what is left out first has the lowest."""
        return [(self._best_text or "no result yet", 9), (self._default, 3)]

    def _follow(self, history: History) -> bool:
        """Show `history.best`, which in a race may move or fall with anyone's result; whether it is another trial."""
        now = time.monotonic()
        if now < self._look_at and not history.single:
            return False
        before = self.best_trial
        if history.feasible.any():
            self._show(history, history.best)
        else:
            self._best, self.best_trial, self._best_text = math.inf, -1, ""
        self._look_at = now + _SHARE * (time.monotonic() - now)
        return self.best_trial not in {before, -1}

    def _show(self, history: History, trial: Trial) -> None:
        column = history.objectives[0]
        name = history.metrics[column].name
        self._best, self.best_trial = float(history.losses[trial.number, column]), trial.number
        value = trial.values[name] if trial.values else math.nan
        label = self._label(trial)
        where = f"({label}, trial {trial.number})" if label else f"(trial {trial.number})"
        self._best_text = f"best {measured(value, spread_of(trial, name))} {where}"

    def _notice_default(self, history: History, number: int) -> None:
        if (self._default and number != self._default_trial) or self._several:
            return
        trial = history.trial(number)
        if trial.values is not None and (trial.note == "default" or trial.params == history.space.default):
            name = history.metrics[history.objectives[0]].name
            self._default_trial = number
            self._default = f"default {measured(trial.values[name], spread_of(trial, name)).split(' ')[0]}"

    def _front(self, history: History) -> bool:
        now = time.monotonic()
        if now < self._look_at:
            return False
        text = f"{len(history.pareto):,} on the Pareto front"
        self._look_at = now + max(_LOOK_AGAIN, _SHARE * (time.monotonic() - now))
        changed, self._best_text = text != self._best_text, text
        return changed


def _within(history: History, trial: int) -> bool:
    """Whether a completed trial keeps every metric's bound."""
    losses = history.losses[trial]
    bounds = (math.inf if metric.bound is None else metric.sign * metric.bound for metric in history.metrics)
    return all(loss <= bound for loss, bound in zip(losses, bounds, strict=True))


def family(trial: Trial) -> str:
    """The branch that a trial took: the first text value that other parameters are named after ("svm", for "svm.C")."""
    for value in trial.params.values():
        if isinstance(value, str) and any(name.startswith(f"{value}.") for name in trial.params):
            return value
    return ""


def spread_of(trial: Trial, metric: str) -> float:
    """Standard deviation (n - 1) of a metric over the folds and seeds at the trial's highest budget; NaN for fewer than two."""
    done = [each for each in trial.measurements if each.values is not None and metric in each.values]
    top = max((math.inf if each.budget is None else each.budget for each in done), default=math.inf)
    values = [each.values[metric] for each in done if each.values and (math.inf if each.budget is None else each.budget) == top]
    return statistics.stdev(values) if len(values) > 1 else math.nan


def plain_number(x: float, digits: int = 4) -> str:
    """To so many significant digits, as programs write numbers: 0.9952, 12345, 1.2e-07."""
    if math.isfinite(x) and 10 ** (digits - 1) <= abs(x) < 1e9:
        return f"{x:.0f}"
    return f"{x:z.{digits}g}"


def measured(mean: float, sd: float) -> str:
    """Mean ± sd, both to the second significant digit of sd: 0.9952 ± 0.0031; without the spread when it is not known."""
    if not math.isfinite(sd):
        return plain_number(mean)
    if sd == 0:
        return f"{plain_number(mean)} ± 0"
    decimals = 1 - math.floor(math.log10(sd))
    if decimals > 8 or max(abs(mean), sd) >= 1e9:
        return f"{mean:.4g} ± {sd:.2g}"
    return f"{mean:z.{max(decimals, 0)}f} ± {sd:.{max(decimals, 0)}f}"


def clock(seconds: float) -> str:
    """Minutes and seconds: 0:38; from an hour on 1:02:05."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
