"""The next round: a smaller space that keeps what was good, as a proposal to read.

The top region is the best tenth of the space: of the trials, each standing for what is nearest to it, and at least 10 of them. (The best tenth
of the trials of a search that converged is a point, however little it knows of parameters that matter less.) Each number's range shrinks to what holds them: from both ends by the
same share of the top trials, as large as keeps the wanted share of them in all ranges at once, but never so far that the winner, or of
several objectives a trial on the front, is left out. Then a margin is added, since few points do not show where a region ends: of k, spread
evenly, the outermost stand within it by 1 / (k + 1) of their range at either side, so twice that. An end of which no more than 15 % would go
stays. Where the best crowd at an end, the range is widened beyond it (`widening`). A choice goes when it was tried often enough
without once coming among the top region or the best third, and its branch with it; of an Ordinal one stretch is left. With `freeze`, parameters that make next to no difference round the winner, by a Gaussian process that
predicts, are fixed (`freezing`); trials with other values then no longer count as tried, whatever share was to be kept. How many that costs is said.

Nothing is changed until the proposal is accepted: then the edit is an event of the same study, and old trials that fit are used on.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from tunewright.analysis.evidence import Evidence, crowded, cutoff, evidence, territory
from tunewright.analysis.freezing import cost, frozen
from tunewright.analysis.text import counted, number
from tunewright.analysis.told import Told
from tunewright.analysis.widening import neat, widened
from tunewright.arguments import count_of
from tunewright.errors import SpaceError, StudyError
from tunewright.history import History
from tunewright.models.ranking import Ranking
from tunewright.models.threads import one_thread
from tunewright.space import Categorical, Float, Int, Normal, Ordinal, Parameter, SearchSpace
from tunewright.space.expression import Both, Compare, Expression, Literal, Name
from tunewright.typing import Array, Mask

__all__ = ["Refinement", "refine"]

_TOP: Final = 0.1
_FEWEST: Final = 10
_MARGIN: Final = 0.05
_STAYS: Final = 0.15
"""An end of which no more would go stays."""
_LEAST: Final = 0.05
"""No range shrinks to less than this share of its width."""
_TRIED: Final = 8
"""A choice tried less often is not dropped."""


class Refinement(Told, msgspec.Struct, frozen=True):
    """A proposal for the next round.

    Attributes:
        space: the proposed one; the present one where nothing is proposed.
        changes: what is different, a sentence each.
        top: how many trials lie in the top region.
        kept: the share of them that the new space holds.
        volume: of the new space as a share of the old one, on the unit scale; above 1 where it is widened more than narrowed.
        usable: how many completed trials the new space holds, of how many.
        remarks: what to know, or why nothing is proposed.
    """

    space: SearchSpace
    changes: tuple[str, ...]
    top: int
    kept: float
    volume: float
    usable: tuple[int, int]
    remarks: tuple[str, ...] = ()

    @property
    def _told(self) -> list[str]:
        if not self.changes:
            return ["Nothing to refine.", *(f"  {line}" for line in self.remarks)]
        lines = [
            *self.changes,
            f"keeps {number(100 * self.kept, 3)} % of the best {counted(self.top, 'trial')} in {_share(self.volume)} of the volume",
            f"{self.usable[0]:,} of {self.usable[1]:,} completed trials stay usable",
            *self.remarks,
        ]
        return ["Proposed space:", *(f"  {line}" for line in lines)]


def _share(volume: float) -> str:
    return f"{number(100 * volume, 2)} %"


@one_thread
def refine(history: History, keep: float = 0.9, *, freeze: bool = False, seed: int = 0) -> Refinement:
    """Propose the space of the next round; see the module.

    Args:
        history: of the study.
        keep: the share of the top region to keep, in (0, 1].
        freeze: fix parameters that make no difference; of the top region then only trials with these very values are kept.
        seed: of what decides that.

    Raises:
        StudyError: keep is no share, or the seed no whole number of at least 0.
    """
    seed = count_of(seed, "seed")
    if isinstance(keep, bool) or not isinstance(keep, int | float) or not 0 < keep <= 1:
        raise StudyError(f"keep is the share of the top region to keep, between 0 and 1, got {keep!r}.")
    known = evidence(history)
    have = len(known)
    shares = territory(known.space, known.rows) if have else np.zeros(0)
    top, tied = _top(history, known, shares)
    trouble = known.trouble
    if not trouble and not known.kept.any():
        trouble = "No completed trial keeps within every metric's bound, so there is no top region. Search on, or loosen a bound."
    if not trouble and have < 3 * _FEWEST:
        trouble = f"{counted(have, 'completed trial')} do not show a top region yet; ask again at {3 * _FEWEST}."
    if not trouble and tied:
        equal = "equally good" if len(history.objectives) == 1 else "on the Pareto front"
        trouble = f"More than half of the trials are {equal}: there is no top region."
    if trouble:
        return Refinement(known.space, (), int(top.sum()), 1.0, 1.0, (have, have), (trouble,))
    plan = _plan(known, np.where(top, shares, 0.0), keep, _kept_whole(history, known))
    space, said = _built(known, plan)
    holds = _held(space, known)
    if freeze and (fixed := frozen(known, top, seed)):
        before = holds
        space, said = _built(known, {**plan, **fixed})
        holds = _held(space, known)
        names = [name for name, new in fixed.items() if space.parameters.get(name) == new]
        said = (*said, *cost(names, (top & before, top & holds), (before, holds)))
    return Refinement(
        space,
        known.space.diff(space),
        int(top.sum()),
        float(holds[top].mean()),
        _volume(known.space, space, known),
        (int(holds.sum()), have),
        (*said, *_left_out(history, known)),
    )


def _top(history: History, known: Evidence, shares: Array) -> tuple[Mask, bool]:
    """The best tenth of the space within the bounds, and of several objectives of the trials by rank, the whole front at least; at least
    10 trials. And whether more than half of all are equally good.
    """
    few = max(_TOP * len(known), float(_FEWEST))
    if len(history.objectives) > 1:
        wanted = max(math.ceil(few), len(history.pareto))
        top = np.isin(known.numbers, Ranking(history).best(known.numbers[known.kept], wanted))
        return top, bool(top.sum() > 0.5 * len(top))
    if not known.kept.any():
        return known.kept, False
    losses, shares = known.losses[known.kept], shares[known.kept]
    best = cutoff(losses, min(1.0, few / len(losses)))
    order = np.argsort(losses, kind="stable")
    tenth = losses[order][np.searchsorted(np.cumsum(shares[order]), _TOP * shares.sum() * (1 - 1e-9))]
    return known.kept & (known.losses <= max(best, tenth)), bool((known.losses[known.kept] <= best).sum() > 0.5 * len(known))


def _left_out(history: History, known: Evidence) -> list[str]:
    """What the top region is, where that is not simply the best."""
    outside = int((~known.kept).sum())
    said = [f"{counted(outside, 'trial')} outside a bound left out of the top region."] if outside else []
    if len(history.objectives) > 1:
        said.append("The top region is the Pareto front and what comes next to it.")
    return said


def _kept_whole(history: History, known: Evidence) -> Array:
    """The trials that no range may leave out, as raw rows: the winner, or of several objectives the front."""
    if len(history.objectives) == 1:
        return known.rows[[known.best]]
    return known.rows[np.isin(known.numbers, [trial.number for trial in history.pareto])]


def _plan(known: Evidence, shares: Array, keep: float, whole: Array) -> dict[str, Parameter]:
    """The new parameters by name.

    Args:
        known: the trials.
        shares: how much of the top region each stands for, shape (n,).
        keep: the share of it to keep.
        whole: raw rows that none may leave out.
    """
    every, top = known.space.to_unit(known.rows), shares > 0
    unit, must, shares = every[top], known.space.to_unit(whole), shares[top]
    numbers = [j for j, parameter in enumerate(known.space.parameters.values()) if isinstance(parameter, Float | Int)]
    low, high = _box(unit[:, numbers], shares, keep)
    low = np.fmin(low, np.fmin.reduce(must[:, numbers], axis=0, initial=np.inf))
    high = np.fmax(high, np.fmax.reduce(must[:, numbers], axis=0, initial=-np.inf))
    ends = {j: (float(low[i]), float(high[i])) for i, j in enumerate(numbers)}
    plan: dict[str, Parameter] = {}
    for j, (name, parameter) in enumerate(known.space.parameters.items()):
        active = np.isfinite(unit[:, j])
        if isinstance(parameter, Float | Int):
            if active.sum() >= _FEWEST // 2:
                points = shares[active].sum() ** 2 / (shares[active] ** 2).sum()  # Kish's effective number
                plan[name] = _ranged(known, j, parameter, _with_margin(*ends[j], points), whole=whole[:, j], unit=every[:, j])
        elif isinstance(parameter, Categorical | Ordinal):
            plan[name] = _chosen(known, j, parameter, top, whole[:, j])
    return plan


def _with_margin(low: float, high: float, points: float) -> tuple[float, float]:
    """Ends on the unit scale, with what so many points do not show beyond theirs."""
    margin = max(_MARGIN, 2 * (high - low) / (points + 1), _LEAST / 2 - (high - low) / 2)
    low, high = low - margin, high + margin
    return (0.0 if low <= _STAYS else low), (1.0 if high >= 1 - _STAYS else high)


def _box(unit: Array, shares: Array, keep: float) -> tuple[Array, Array]:
    """Bounds on the unit scale, shapes (p,), that hold at least `keep` of the points, and of what these stand for, NaN being inside: the
    tightest equal trim.
    """
    if not unit.shape[1]:
        return np.zeros(0), np.ones(0)
    best = (np.zeros(unit.shape[1]), np.ones(unit.shape[1]))
    for trim in np.linspace(0.0, 0.5, 51):
        low, high = _quantiles(unit, trim), _quantiles(unit, 1 - trim)
        inside = (np.isnan(unit) | ((unit >= low) & (unit <= high))).all(axis=1)
        if min(inside.mean(), inside @ shares / shares.sum()) < keep:
            break
        best = (low, high)
    return best


def _quantiles(unit: Array, share: float) -> Array:
    return np.array([np.quantile(known, share) if len(known := column[np.isfinite(column)]) else 0.5 for column in unit.T])


def _ranged(
    known: Evidence, column: int, parameter: Float | Int, ends: tuple[float, float], *, whole: Array, unit: Array
) -> Parameter:
    """A number's new range, from its ends on the unit scale."""
    raw = known.space.from_unit(np.stack([np.full(len(known.space), at) for at in ends]))[:, column]
    bounds = [float(raw[0]), float(raw[1])]
    if isinstance(parameter, Float) and parameter.step is None:
        bounds = [neat(bounds[0], down=True), neat(bounds[1], down=False)]
    bounds = [max(bounds[0], float(parameter.low)), min(bounds[1], float(parameter.high))]
    edge = crowded(known, column, unit)
    if edge is not None:
        bounds[edge.side == "high"] = widened(parameter, edge.side)
    whole = whole[np.isfinite(whole)].tolist()
    bounds = [min([bounds[0], *whole]), max([bounds[1], *whole])]
    if not bounds[0] < bounds[1]:
        return parameter
    winner = known.rows[known.best, column]
    return _renewed(parameter, low=type(parameter.low)(bounds[0]), high=type(parameter.high)(bounds[1]), winner=winner)


def _renewed(parameter: Any, *, low: float, high: float, winner: float) -> Parameter:  # noqa: ANN401  Float or Int
    """The same parameter with other bounds; a default or a prior that no longer fits goes."""
    default, prior = parameter.default, parameter.prior
    if default is not None and not low <= default <= high:
        default = _short(winner, low, high) if math.isfinite(winner) else None
    if isinstance(prior, Normal) and not low <= prior.center <= high:
        prior = None
    renewed: Parameter = type(parameter)(low, high, log=parameter.log, step=parameter.step, default=default, prior=prior)
    return renewed


def _short(x: float, low: float, high: float) -> float:
    """Three significant digits where that stays inside; as it is, for an Int."""
    short = float(f"{x:.3g}")
    if isinstance(low, int):
        return int(x)
    return short if low <= short <= high else x


def _chosen(known: Evidence, column: int, parameter: Categorical | Ordinal, top: Mask, whole: Array) -> Parameter:
    """The choices of the top region and of the best third of what keeps within the bounds, or hardly tried; of an Ordinal, one stretch."""
    good = top | (known.within <= cutoff(known.within, float(known.kept.mean()) / 3))
    x, needed, winner = known.rows[:, column], set(whole[np.isfinite(whole)].tolist()), known.rows[known.best, column]
    kept = [i for i in range(len(parameter.choices)) if (good & (x == i)).any() or i in needed]
    if isinstance(parameter, Ordinal) and kept:  # what lies between good ones is no worse than they
        kept = list(range(min(kept), max(kept) + 1))
        spare = [i for i in range(len(parameter.choices)) if i not in kept and (x == i).sum() < _TRIED]
        while kept[0] - 1 in spare:
            kept.insert(0, kept[0] - 1)
        while kept[-1] + 1 in spare:
            kept.append(kept[-1] + 1)
    else:
        kept = [i for i in range(len(parameter.choices)) if i in kept or (x == i).sum() < _TRIED]
    if len(kept) in {0, len(parameter.choices)}:
        return parameter
    return _fewer(parameter, kept, winner)


def _fewer(parameter: Categorical | Ordinal, kept: list[int], winner: float) -> Parameter:
    choices = [parameter.choices[i] for i in kept]
    prior = None if parameter.prior is None else [parameter.prior[i] for i in kept]
    default = parameter.default
    if parameter.has_default and parameter.index(default) not in kept:
        default = parameter.choices[int(winner)] if math.isfinite(winner) and int(winner) in kept else choices[0]
    return type(parameter)(choices, default, prior)


def _built(known: Evidence, plan: dict[str, Parameter]) -> tuple[SearchSpace, tuple[str, ...]]:
    """The space with the plan; choices that conditions or constraints speak of are left alone where dropping them breaks these."""
    old = known.space
    try:
        return _with(old, plan), ()
    except SpaceError:
        numbers = {name: new for name, new in plan.items() if isinstance(new, Float | Int)}
    try:
        return _with(old, numbers), ("Choices that conditions or constraints speak of were left as they are.",)
    except SpaceError as error:
        return old, (f"Narrower ranges do not go with the constraints: {error}",)


def _with(old: SearchSpace, plan: Mapping[str, Parameter]) -> SearchSpace:
    parameters = {name: plan.get(name, parameter) for name, parameter in old.parameters.items()}
    for (
        name,
        condition,
    ) in old.when.items():  # parents come before their children: what loses its branch goes, and takes its own along
        needs = list(_conjuncts(condition))
        if any(not _possible(need, parameters) for need in needs):
            del parameters[name]
    when = {name: condition for name, condition in old.when.items() if name in parameters}
    return SearchSpace(parameters, when=when, constraints=old.constraints)


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, Both):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _possible(need: Expression, parameters: Mapping[str, Parameter]) -> bool:
    """False for `name == choice` where that parameter is gone, or no longer has that choice."""
    if not (isinstance(need, Compare) and need.op == "==" and isinstance(need.left, Name) and isinstance(need.right, Literal)):
        return True
    parent = parameters.get(need.left.name)
    return parent is not None and (not isinstance(parent, Categorical | Ordinal) or parent.index(need.right.literal) is not None)


def _held(space: SearchSpace, known: Evidence) -> Mask:
    """Which trials a space holds, shape (n,)."""
    return np.array([_holds(space, known.space.params(row)) for row in known.rows])


def _holds(space: SearchSpace, params: dict[str, Any]) -> bool:
    try:
        space.validate(params)
    except SpaceError:
        return False
    return True


def _volume(old: SearchSpace, new: SearchSpace, known: Evidence) -> float:
    """The product of the shares of the widths; a conditional parameter's counts by how often it is active."""
    drawn = old.sample_rows(np.random.default_rng(0), 256)
    active = np.isfinite(drawn).mean(axis=0)
    total = 0.0
    for j, (name, parameter) in enumerate(old.parameters.items()):
        share = _width(parameter, new.parameters[name], known, j) if name in new.parameters else 1.0
        total += float(active[j]) * math.log(max(share, 1e-12))
    return math.exp(total)


def _width(old: Parameter, new: Parameter, known: Evidence, column: int) -> float:
    if isinstance(old, Float | Int) and isinstance(new, Float | Int):
        ends = [
            math.log(x) if old.log else float(x) / 2 for x in (old.low, old.high, new.low, new.high)
        ]  # as far apart as floats are
        extra = 0.5 if isinstance(old, Int) and not old.log else 0.0
        return (ends[3] - ends[2] + extra) / (ends[1] - ends[0] + extra)
    if math.isinf(old.size):  # frozen: as if one in as many as were tried
        return 1.0 / max(2, len(np.unique(known.rows[:, column])))
    return float(new.size / old.size)
