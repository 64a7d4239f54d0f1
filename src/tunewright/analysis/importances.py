"""Which hyperparameters mattered.

Four questions with four answers, each with an interval, the number of trials behind it, and a word on whether the model predicts:

    "fanova"      how much of the variance does it explain, alone and in pairs?     a random forest, exactly     `forest.py`
    "ped-anova"   what sets the best trials apart from the others?                  densities only               `ped_anova.py`
    "sobol"       how much alone, how much in any company?                          a Gaussian process           `sobol.py`
    "shapley"     how is the whole shared out, and what is done by two or three?    a random forest, exactly     `shapley.py`

"All" asks over the whole space. "Top 10 %" asks what matters among good configurations: losses beyond that quantile count as equal
(for PED-ANOVA: only these trials are looked at).
"""

import math
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.checks import failures_told
from tunewright.analysis.evidence import Evidence, cutoff, evidence, pulled_in, seen, share_of, territory
from tunewright.analysis.forest import Grid, grow
from tunewright.analysis.hidden import hidden
from tunewright.analysis.ped_anova import TARGET, divergences
from tunewright.analysis.shapley import MOST, interactions, variance_games
from tunewright.analysis.shares import Importance, Share
from tunewright.analysis.sobol import indices, intervals
from tunewright.analysis.surrogate import WIDEST, Fit, judge, surrogate
from tunewright.analysis.text import counted, number, r2_text
from tunewright.arguments import count_of
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.models.threads import one_thread
from tunewright.typing import Array

__all__ = ["DOUBT", "Method", "importance"]

Method: TypeAlias = Literal["fanova", "ped-anova", "sobol", "shapley"]

_FOREST: Final = 2000
"""So many trials at most grow a forest."""
_PAIRS: Final = 45
"""So many of the largest interactions are told: all pairs of ten parameters."""
_PATHS: Final = 24
_THROUGH: Final = 96
_FEW_BEST: Final = 5
DOUBT: Final = "do not build on these numbers"
"""Where the model does not predict; `guidance.py` shows none then, and says no more than the model's part of it."""
_INSTEAD: Final = 'More trials may help, or the Gaussian process of method "sobol".'


@one_thread
def importance(
    history: History, method: Method = "fanova", of: str | float = "all", *, metric: str | None = None, seed: int = 0
) -> Importance:
    """Which hyperparameters mattered; see the module.

    Args:
        history: of the study.
        method: "fanova", "ped-anova", "sobol" or "shapley" (up to 12 parameters).
        of: "all", or "top 10 %", or a share.
        metric: by name; default: the first that is optimised.
        seed: of the bootstrap and the forest.

    Returns:
        The shares; none of them, and a remark that says why, where the trials say nothing.

    Raises:
        StudyError: there is no such method or metric, `of` means nothing, or the seed is no whole number of at least 0.
    """
    seed = count_of(seed, "seed")
    if method not in get_args(Method):
        raise StudyError(f"There is no importance method {method!r}. Say one of: {', '.join(get_args(Method))}.")
    share, known = share_of(of), evidence(history, metric)
    empty = Importance(method, share, known.metric.name, len(known))
    remarks, trouble = _about(history, known), known.trouble
    losses = known.losses
    if share < 1 and not trouble:
        limit = cutoff(known.losses, share)
        if method == "ped-anova":
            known = known.take(np.flatnonzero(known.losses <= limit))
        else:
            known = msgspec.structs.replace(known, losses=np.minimum(known.losses, limit))
        if trouble := known.trouble:
            trouble = f"The best {number(100 * share)} % of {counted(len(losses), 'trial')} are too few, or too alike, to tell anything apart."
    if trouble:
        return msgspec.structs.replace(empty, remarks=(trouble,))
    limits = {"shapley": MOST, "sobol": WIDEST}
    if len(known.space) > limits.get(method, math.inf):
        said = (
            f"{method} is for at most {limits[method]} parameters; the space has {len(known.space)}. Ask for fanova or ped-anova."
        )
        return msgspec.structs.replace(empty, remarks=(said,))
    compute: dict[str, Callable[[Evidence, np.random.Generator], Importance]] = {
        "fanova": _fanova,
        "ped-anova": _ped_anova,
        "sobol": _sobol,
        "shapley": _shapley,
    }
    found = compute[method](known, np.random.default_rng(seed))
    if found.fit.r2 <= 0:  # no better than the mean: whatever the model's own spread, nothing is known
        found = msgspec.structs.replace(found, shares=_anything(found.shares), interactions=_anything(found.interactions))
    return msgspec.structs.replace(found, of=share, remarks=(*found.remarks, *remarks))


def _anything(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    return tuple(msgspec.structs.replace(share, low=min(0.0, share.low), high=1.0) for share in shares)


def _about(history: History, known: Evidence) -> tuple[str, ...]:
    said = []
    if len(history.objectives) > 1:
        said.append(f"Several metrics are optimised; this is about {known.metric.name} alone.")
    if any(metric.bound is not None for metric in history.metrics):
        said.append("Bounds are not looked at: shares are about all configurations, also those that break one.")
    if failed := failures_told(history):
        said.append(failed)
    if known.space.constraints:
        said.append("The space has constraints; shares refer to the ranges without them.")
    return tuple(said)


def _doubt(fit: Fit, what: str, instead: str = "More trials may help.") -> tuple[str, ...]:
    if fit.predicts:
        return ()
    shown = "unknown" if math.isnan(fit.r2) else r2_text(fit.r2)
    return (f"The {what} does not predict (cross-validated R² {shown}): {DOUBT}. {instead}",)


def _active(known: Evidence, columns: tuple[int, ...]) -> int:
    return int(np.isfinite(known.rows[:, list(columns)]).all(axis=1).sum())


def _shares(
    known: Evidence, values: dict[tuple[int, ...], float], halves: dict[tuple[int, ...], float], *, floor: float = 0.0
) -> tuple[Share, ...]:
    """The largest first; `halves` are half the widths of the intervals."""
    names = known.space.names
    found = [
        Share(
            tuple(names[j] for j in key),
            value := min(1.0, max(floor, estimate)),
            max(floor, value - halves[key]),
            max(value, min(1.0, value + halves[key])),
            _active(known, key),
        )
        for key, estimate in values.items()
    ]
    return tuple(sorted(found, key=lambda share: -abs(share.value)))


def _half(bags: Array) -> Array:
    """Half the width of a 95 % interval, from the estimates of the bags, shape (bags, …): their spread is that of samples."""
    return np.asarray(stats.t.ppf(0.975, len(bags) - 1) * bags.std(axis=0, ddof=1))


class _Grown(msgspec.Struct, frozen=True):
    """What a forest grows from, how well it predicts is weighed by, and what to say of it."""

    known: Evidence
    grid: Grid
    unit: Array
    values: Array
    weights: Array
    said: tuple[str, ...]


def _grown(known: Evidence, rng: np.random.Generator) -> _Grown:
    some: tuple[str, ...] = ()
    if len(known) > _FOREST:
        some = (f"The forest grows from {_FOREST:,} of the {len(known):,} trials, drawn at random.",)
        known = known.take(np.sort(rng.choice(len(known), _FOREST, replace=False)))
    weights = territory(known.space, known.rows)
    found = seen(known.losses, weights)
    return _Grown(
        known, Grid(known.space), known.space.to_unit(known.rows), found.values, weights, (*some, *pulled_in(known, found.fence))
    )


def _unseen(given: _Grown, guesses: Array) -> tuple[str, ...]:
    """What to say of the two largest interactions that the forest does not see."""
    return tuple(
        f"The forest sees too little of what {one} and {other} do together: their product explains a further {number(share, 2)} of the variance. "
        'The Gaussian process of method "sobol" may see it.'
        for one, other, share in hidden(given.known.space, given.unit, given.values, guesses)[:2]
    )


def _fanova(known: Evidence, rng: np.random.Generator) -> Importance:
    given = _grown(known, rng)
    known, grid = given.known, given.grid
    forest = grow(grid, given.unit, given.values, rng)
    fit = judge(given.values, forest.out_of_bag, given.weights)
    unseen = _unseen(given, forest.out_of_bag)
    main = _half(np.stack([bag.main for bag in forest.bags]))
    d = len(main)
    shares = _shares(known, {(j,): float(forest.whole.main[j]) for j in range(d)}, {(j,): float(main[j]) for j in range(d)})
    pairs: tuple[Share, ...] = ()
    if grid.paired and d > 1:
        half = _half(np.stack([bag.pair for bag in forest.bags]))
        keys = list(zip(*(each.tolist() for each in np.triu_indices(d, 1)), strict=True))
        keys = [key for key in keys if _active(known, key)]  # the others can do nothing together
        keys = sorted(keys, key=lambda key: -forest.whole.pair[key])[:_PAIRS]
        pairs = _shares(known, {key: float(forest.whole.pair[key]) for key in keys}, {key: float(half[key]) for key in keys})
    said = given.said if grid.paired else (*given.said, f"With {d} parameters no pairs were computed.")
    return Importance(
        "fanova",
        1.0,
        known.metric.name,
        len(known),
        shares,
        pairs,
        fit,
        (*_doubt(fit, "random forest behind this", _INSTEAD), *unseen, *said),
    )


def _ped_anova(known: Evidence, rng: np.random.Generator) -> Importance:
    best = known.losses <= cutoff(known.losses, TARGET)
    columns = np.asfortranarray(known.rows)  # what follows goes column by column
    found = divergences(known.space, known.space.to_unit(columns), best, rng)
    total = float(found.value.sum()) or 1.0
    sums = found.drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(found.drawn / np.where(sums > 0, sums, 1.0), [0.025, 0.975], axis=0)
    active = (~np.isnan(columns)).sum(axis=0)
    shares = [
        Share(
            (name,),
            value := float(found.value[j] / total),
            min(value, float(low[j])),
            max(value, float(high[j])),
            int(active[j]),
            chance=float(found.chance[j] / total),
        )
        for j, name in enumerate(known.space.names)
    ]
    count, said = int(best.sum()), []
    if count < _FEW_BEST:
        said.append(
            f"The best tenth is only {counted(count, 'trial')}: at least {_FEW_BEST} ({10 * _FEW_BEST} trials) would say more."
        )
    if count > 0.5 * len(known):
        said.append(f"{count:,} of {len(known):,} trials are equally good: the best cannot be told from the rest.")
    return Importance(
        "ped-anova",
        1.0,
        known.metric.name,
        len(known),
        tuple(sorted(shares, key=lambda share: -share.value)),
        remarks=tuple(said),
    )


def _sobol(known: Evidence, rng: np.random.Generator) -> Importance:
    model = surrogate(known)
    through = known.space.from_quantiles(rng.random((_THROUGH, len(known.space))))
    paths = model.paths(through, _PATHS, rng)

    def functions(rows: Array) -> Array:
        return (
            np.column_stack([model.predict(rows)[0], paths(rows)]) - model.shift
        ) / model.scale  # squares of losses may overflow

    found = indices(known.space, functions, rng)
    weights, missed = territory(model.evidence.space, model.evidence.rows), 1.0 - model.fit.r2
    missed = min(1.0, max(0.0, missed)) if math.isfinite(missed) else 1.0
    low, high = intervals(found, missed, 1.0 / float(weights @ weights), rng)
    shares = [
        Share(
            (name,),
            float(found.first[j, 0]),
            float(low[j]),
            float(high[j]),
            _active(known, (j,)),
            total=float(found.total[j, 0]),
        )
        for j, name in enumerate(known.space.names)
    ]
    ordered = tuple(sorted(shares, key=lambda share: -share.total))
    said = (*_doubt(model.fit, "Gaussian process"), *pulled_in(known, model.fence))
    return Importance("sobol", 1.0, known.metric.name, len(known), ordered, fit=model.fit, remarks=said)


def _shapley(known: Evidence, rng: np.random.Generator) -> Importance:
    given = _grown(known, rng)
    known, grid, unit, values = given.known, given.grid, given.unit, given.values
    guesses = grow(grid, unit, values, rng).out_of_bag
    fit = judge(values, guesses, given.weights)
    games = variance_games(grid, unit, values, rng)
    whole = max(float(games[:, -1].mean()), 1e-12)
    found = interactions(games, min(3, len(known.space)))
    means = {key: float(each.mean()) / whole for key, each in found.items()}
    halves = {key: float(_half(each)) / whole for key, each in found.items()}
    singles, several = ({key: means[key] for key in means if (len(key) > 1) == many} for many in (False, True))
    several = dict(sorted(several.items(), key=lambda item: -abs(item[1]))[:_PAIRS])
    return Importance(
        "shapley",
        1.0,
        known.metric.name,
        len(known),
        _shares(known, singles, halves),
        _shares(known, several, halves, floor=-1.0),
        fit,
        (*_doubt(fit, "random forest behind this", _INSTEAD), *_unseen(given, guesses), *given.said),
    )
