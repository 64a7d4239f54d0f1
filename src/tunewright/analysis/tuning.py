"""What tuning is worth beyond the defaults.

A Gaussian process fitted to the study says what loss to expect at configurations that were never run. With it

- the *tunability* of a parameter is what the default gains when this parameter alone is set as well as it can be [1]; of a pair, when
  both are; of the whole, when everything is;
- the *ablation path* walks from the default to the winner, one parameter at a time, each time the one that gains most [2], which may be a loss where only several together gain;
- parameters *can stay at their default* when putting them back costs the winner next to nothing.

Intervals are of the posterior: losses are drawn jointly at the configurations that are compared, so what both have in common cancels.
Which configurations these are was chosen by the model, so a gain may still be a little flattered; little, since what is chosen is the least
of mean plus standard deviation: a place where nobody was is not taken for the best because it may be. The intervals know nothing of what
the process cannot see: on formulas with kinks or waves between the trials they hold the truth in two cases of three, not in 95 %
(`benchmarks/forecast.py`).

No expected or drawn loss is better than the metric can be (`Metric.limits`).

Where a change makes other parameters active, these begin at their default. Where metrics have bounds, only values count that likely keep
within them (`bounded.py`), and going back to a default must not come nearer to breaking one than the winner is.

[1] Probst, Boulesteix, Bischl, Tunability, JMLR 20, 2019, definitions (3) to (6).
[2] Fawcett and Hoos, Analysing differences between algorithm configurations through ablation, Journal of Heuristics 22, 2016.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from tunewright.analysis.bounded import Bounds, bounds
from tunewright.analysis.checks import failures_told
from tunewright.analysis.evidence import NONE_KEPT, Evidence, evidence, pulled_in
from tunewright.analysis.gains import Gain, Stay, Step, Tunability
from tunewright.analysis.summary import default_trial, default_without_value, standard_deviation
from tunewright.analysis.surrogate import WIDEST, Surrogate, candidates, surrogate
from tunewright.analysis.text import r2_text, read_alike
from tunewright.analysis.winner import reach
from tunewright.arguments import count_of
from tunewright.history import History
from tunewright.models.threads import one_thread
from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Array, Mask, Params, Value

__all__ = ["default_row", "left_out", "levels", "places", "tunability"]

_LEVELS: Final = 33
_PAIRED: Final = 6
"""So many of the most tunable parameters are looked at in pairs."""
_PAIR_LEVELS: Final = 15
_CHOICES: Final = (200, 50)
"""Of more choices than this only so many are looked at: of one parameter alone, and of each of two."""
_DRAWS: Final = 400
_LITTLE: Final = 0.05
"""What parameters may lose together, as a share of the whole gain, to count as free to stay at their default."""
_MANY: Final = 40
"""Of more parameters than this, the path is not walked one by one."""


@one_thread
def tunability(
    history: History,
    *,
    metric: str | None = None,
    seed: int = 0,
    model: Surrogate | None = None,
    bounded: Bounds | None = None,
) -> Tunability:
    """What tuning is worth beyond the defaults; see the module.

    Args:
        history: of the study.
        metric: by name; default: the first that is optimised.
        seed: of the draws.
        model, bounded: fitted already; default: fitted here.

    Raises:
        StudyError: there is no such metric, or the seed is no whole number of at least 0.
    """
    seed = count_of(seed, "seed")
    known = evidence(history, metric)
    trouble = known.trouble or ("" if known.kept.any() else NONE_KEPT) or _no_default(history)
    if not trouble and len(known.space) > WIDEST and model is None:
        trouble = f"Tunability is for at most {WIDEST} parameters; the space has {len(known.space)}."
    if trouble:
        return Tunability(known.metric.name, len(known), remarks=(trouble,))
    rng = np.random.default_rng(seed)
    model = surrogate(known) if model is None else model
    column = [each.name for each in history.metrics].index(known.metric.name)
    weigh = _Weigh(model, bounds(history) if bounded is None else bounded, reach(history, column), rng)
    default = _beginning(history)
    winner = known.rows[known.best]
    filled = np.where(np.isnan(winner), default, winner)
    around = candidates(known, rng)
    best = around[int(np.argmin(np.where(weigh.within(around), np.add(*model.predict(around)), np.inf)))]
    alone = _alone(weigh, default)
    pairs = _pairs(weigh, default, [each.names[0] for each in alone[:_PAIRED]])
    tried = np.stack([default, np.where(np.isnan(best), default, best), *weigh.best])  # the whole is worth no less than its parts
    tried = np.concatenate([filled[None], tried[weigh.within(tried)]])
    best = tried[int(np.argmin(weigh.means(tried)))]
    walked = len(known.space) <= _MANY
    return Tunability(
        known.metric.name,
        len(known),
        whole=weigh.gain((), default, best),
        parameters=tuple(alone),
        pairs=tuple(pairs),
        path=tuple(_path(weigh, default, filled)) if walked else (),
        stay=_stay(weigh, default, filled) if walked else None,
        fit=model.fit,
        remarks=(*_remarks(model, walked=walked), *_about(history, known, weigh, default)),
        exact=read_alike(known.space.parameters),
    )


def _no_default(history: History) -> str:
    """Why there is nothing to compare with, in a sentence; "" where there is something."""
    default = default_without_value(history)
    if default is None or default.state != "failed":
        return ""
    return (
        f"The default failed (trial {default.number}), so what tuning is worth beyond it cannot be told. What failures go with says study.health(); enqueue "
        'a configuration that works with note="default" to compare with that.'
    )


def _remarks(model: Surrogate, *, walked: bool) -> tuple[str, ...]:
    said = []
    if not model.fit.predicts:
        said.append(
            f"The Gaussian process does not predict (cross-validated R² {r2_text(model.fit.r2)}): do not build on these numbers."
        )
    if not walked:
        said.append(f"With more than {_MANY} parameters the path from default to winner is not walked.")
    return tuple(said)


def _about(history: History, known: Evidence, weigh: "_Weigh", default: Array) -> list[str]:
    """What it looks at."""
    failed = failures_told(history)
    said = [*pulled_in(known, weigh.fence), *([failed] if failed else []), *left_out(known, range(len(known.space)))]
    tried = (np.nan_to_num(known.rows) == np.nan_to_num(known.space.deactivate(default[None]))).all(axis=1)
    if (known.losses[tried] > weigh.fence).any():
        said.append("The default is one of them: tuning is worth more than is said here.")
    if any(metric.bound is not None for metric in history.metrics):
        said.append("Only what likely keeps within every metric's bound counts.")
        if not weigh.within(default[None])[0]:
            said.append("The default likely breaks a bound: what keeps within them may be worse than it, a gain below 0.")
        if weigh.hopeless:
            said.append(f"Left out, since set alone nothing of theirs likely keeps within: {', '.join(weigh.hopeless)}.")
    if len(history.objectives) > 1:
        said.append(f"This is about {known.metric.name} alone.")
    return said


def _beginning(history: History) -> Array:
    """The default that the study is compared with (`summary.default_trial`), else the space's, as a raw row with all values filled."""
    filled, tried = default_row(history.space), default_trial(history)
    row = filled if tried is None else np.asarray(history.space.row(tried.params), np.float64)
    return np.where(np.isnan(row), filled, row)


def default_row(space: SearchSpace) -> Array:
    """The defaults of all parameters as a raw row, also of those that are inactive by default, shape (d,)."""
    each = [
        SearchSpace({name: parameter}).row({name: parameter.default_value})[0] for name, parameter in space.parameters.items()
    ]
    return np.array(each)


class _Weigh:
    """Compares configurations by the model; rows are given with all values filled."""

    def __init__(self, model: Surrogate, bounded: Bounds, limits: tuple[float, float], rng: np.random.Generator) -> None:
        self.known = model.evidence
        self.space = model.evidence.space
        self.fence = model.fence
        self._model = model
        self._bounded = bounded
        self._limits = limits
        self._seed = int(rng.integers(2**31))
        self.best: list[Array] = []
        """Where the default went, each time something alone was set as well as it can be."""
        self.hopeless: list[str] = []
        """Parameters of which, set alone, nothing is allowed and likely keeps within the bounds."""

    def means(self, rows: Array) -> Array:
        """Expected losses, infinite where a constraint forbids it, shape (m,)."""
        active = self.space.deactivate(rows)
        return np.where(self.space.allowed(active), self._model.predict(active)[0], np.inf)

    def expected(self, rows: Array) -> Array:
        """The means, as far as the metric can reach, shape (m,)."""
        return self.means(rows).clip(*self._limits)

    def safe(self, rows: Array) -> Array:
        """Expected losses and a standard deviation more, infinite where a constraint forbids it or a bound is likely broken, shape (m,)."""
        active = self.space.deactivate(rows)
        return np.where(self.space.allowed(active) & self.within(rows), np.add(*self._model.predict(active)), np.inf)

    def within(self, rows: Array, like: Array | None = None) -> Mask:
        """Which likely keep within all bounds, or come no nearer to breaking one than the row `like`, shape (m,)."""
        most = 0.0 if like is None else max(0.0, float(self._excess(like[None])[0]))
        return np.asarray(self._excess(rows) <= most)

    def _excess(self, rows: Array) -> Array:
        return self._bounded.excess(self.space.deactivate(rows))

    def draws(self, rows: Array) -> Array:
        """Losses as they may jointly be, as far as the metric can reach, shape (m, draws)."""
        drawn = self._model.draws(self.space.deactivate(rows), _DRAWS, np.random.default_rng(self._seed))
        return drawn.clip(*self._limits)

    def gain(self, names: tuple[str, ...], before: Array, after: Array) -> Gain:
        """What is gained from one configuration to another."""
        both = np.stack([before, after])
        drawn, means = self.draws(both), self._model.predict(self.space.deactivate(both))[0].clip(*self._limits)
        return self.summed(names, both[1], drawn[0] - drawn[1], float(means[0] - means[1]))

    def summed(self, names: tuple[str, ...], row: Array, gains: Array, mean: float) -> Gain:
        """Gains as they may be, put together."""
        low, high = np.quantile(gains, [0.025, 0.975])
        params = self.space.params(self.space.deactivate(row[None])[0])
        mean += 0.0  # not -0.0
        return Gain(names, mean, min(mean, float(low)), max(mean, float(high)), tuple(_there(params, name) for name in names))

    def shown(self, row: Array, name: str) -> Value:
        """A parameter's value in a configuration; None where it is inactive."""
        return _there(self.space.params(self.space.deactivate(row[None])[0]), name)


def _there(params: Params, name: str) -> Value:
    """The value of a parameter; None where it is inactive, so that a None that was chosen is "null"."""
    return "null" if params.get(name, "") is None else params.get(name)


def levels(space: SearchSpace, column: int, count: int) -> Array:
    """Values of one parameter to try, raw, shape (k,): all, or evenly spread ones with both ends."""
    size = list(space.parameters.values())[column].size
    unit = np.full((int(min(size, count)), len(space)), 0.5)
    unit[:, column] = (np.arange(len(unit)) + 0.5) / len(unit) if size <= count else np.linspace(0, 1, len(unit))
    return np.unique(space.from_unit(unit)[:, column])


def places(known: Evidence, column: int, count: int, *, paired: bool = False) -> Array:
    """Values of one parameter to look at, raw and rising, shape (k,): `levels` of a number; all choices, since what lies between two that
    were looked at says nothing of a choice: of very many the default, the winner's, and those whose trials have the best means.
    """
    parameter = list(known.space.parameters.values())[column]
    most = _CHOICES[paired]
    if isinstance(parameter, Float | Int):
        return levels(known.space, column, count)
    if parameter.size <= most:
        return np.arange(parameter.size, dtype=np.float64)
    raw = known.rows[:, column]
    active = np.isfinite(raw)
    tried, which = np.unique(raw[active], return_inverse=True)
    unit = float(np.abs(known.losses).max()) or 1.0  # sums of losses may overflow
    means = np.bincount(which, known.losses[active] / unit) / np.bincount(which)
    first = [float(default_row(known.space)[column]), *raw[[known.best]][active[[known.best]]]]
    ranked = [*first, *tried[np.argsort(means, kind="stable")], *np.arange(parameter.size, dtype=np.float64)]
    return np.sort(np.array(list(dict.fromkeys(ranked))[:most], np.float64))


def left_out(known: Evidence, columns: Iterable[int], *, paired: bool = False) -> list[str]:
    """A sentence for each parameter of which `places` leaves choices out."""
    parameters, most = list(known.space.parameters.items()), _CHOICES[paired]
    return [
        f"{name} has {parameter.size:,.0f} choices: {most} are looked at, the default, the winner's, and those whose trials were best on average."
        for name, parameter in (parameters[column] for column in columns)
        if not isinstance(parameter, Float | Int) and parameter.size > most
    ]


def _alone(weigh: _Weigh, default: Array) -> list[Gain]:
    space = weigh.space
    active = ~np.isnan(space.deactivate(default[None])[0])
    found = []
    for column in map(int, np.flatnonzero(active)):
        rows = np.repeat(default[None], len(values := places(weigh.known, column, _LEVELS)), axis=0)
        rows[:, column] = values
        safe = weigh.safe(rows)
        if np.isfinite(safe).any():
            weigh.best.append(rows[int(np.argmin(safe))])
            found.append(weigh.gain((space.names[column],), default, weigh.best[-1]))
        else:
            weigh.hopeless.append(space.names[column])
    return sorted(found, key=lambda gain: -gain.value)


def _pairs(weigh: _Weigh, default: Array, names: list[str]) -> list[Gain]:
    space, found = weigh.space, []
    for i, first in enumerate(names):
        for second in names[:i]:
            a, b = space.names.index(first), space.names.index(second)
            grid = np.meshgrid(*(places(weigh.known, column, _PAIR_LEVELS, paired=True) for column in (a, b)))
            rows = np.repeat(default[None], grid[0].size, axis=0)
            rows[:, a], rows[:, b] = grid[0].ravel(), grid[1].ravel()
            safe = weigh.safe(rows)
            if np.isfinite(safe).any():
                weigh.best.append(rows[int(np.argmin(safe))])
                found.append(weigh.gain((second, first), default, weigh.best[-1]))
    return sorted(found, key=lambda gain: -gain.value)


def _path(weigh: _Weigh, start: Array, end: Array) -> list[Step]:
    """Greedy, by the mean; a parameter that is inactive for now waits."""
    space = weigh.space
    rows, changed = [start], []
    left = [int(j) for j in np.flatnonzero(start != end)]
    while left:
        here = rows[-1]
        flips = np.repeat(here[None], len(left), axis=0)
        flips[np.arange(len(left)), left] = end[left]
        means = weigh.means(flips)
        seen = (space.deactivate(flips) != space.deactivate(here[None])) & np.isfinite(space.deactivate(flips))
        useful = seen.any(axis=1) & np.isfinite(means)
        if not useful.any():
            break
        chosen = int(np.argmin(np.where(useful, means, np.inf)))
        rows.append(flips[chosen])
        changed.append(left.pop(chosen))
    if not changed:
        return []
    drawn, means = weigh.draws(np.stack(rows)), weigh.expected(np.stack(rows))
    return [
        Step(
            name := space.names[j],
            weigh.shown(rows[i], name),
            weigh.shown(rows[i + 1], name),
            weigh.summed((name,), rows[i + 1], drawn[i] - drawn[i + 1], float(means[i] - means[i + 1])),
        )
        for i, j in enumerate(changed)
    ]


def _stay(weigh: _Weigh, default: Array, winner: Array) -> Stay:
    """Put back one after the other what costs least, as long as all of them together cost little."""
    space = weigh.space
    base, start = weigh.means(np.stack([winner, default]))
    limit = _LITTLE * max(0.0, float(start - base)) if np.isfinite(start) else 0.0
    here, names = winner.copy(), list[str]()
    active = ~np.isnan(space.deactivate(winner[None])[0])
    left = [int(j) for j in np.flatnonzero((winner != default) & active)]
    while left:
        back = np.repeat(here[None], len(left), axis=0)
        back[np.arange(len(left)), left] = default[left]
        means = np.where(weigh.within(back, winner), weigh.means(back), np.inf)
        chosen = int(np.argmin(means))
        if means[chosen] - base > limit:
            break
        here = back[chosen]
        names.append(space.names[left.pop(chosen)])
    if not names:
        return Stay((), 0.0, 0.0)
    drawn = weigh.draws(np.stack([winner, here]))
    there = weigh.expected(np.stack([here, winner]))
    return Stay(tuple(names), float(there[0] - there[1]), standard_deviation(drawn[1] - drawn[0]))
