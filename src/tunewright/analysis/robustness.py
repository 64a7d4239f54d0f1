"""How firmly the winner stands: over seeds, over folds, and under small changes of each hyperparameter.

*Seeds and folds.* The scores y_sf of the winner, with seed s on fold f. The spread over seeds is the standard deviation of the seed
means, of those seeds that met the most folds. The spread over folds is pooled inside the seeds, sqrt(sum (y_sf - y_s.)^2 / sum (n_s - 1)):
where folds are drawn anew in each repeat, fold 0 of one has nothing in common with fold 0 of another. The intervals are those of a
normal standard deviation, by chi-square; folds share training rows, so theirs are a little too narrow [1].

*Small changes.* Each active number of the winner is moved by a share of its range, on its own scale, down and up, at least to the next
value that it can take; each choice is exchanged for every other one. What a change costs is read from the Gaussian process
(`surrogate.py`), the winner and its neighbours drawn jointly, and from the scores of those neighbours that were really tried, on the
folds and seeds that both met [1]. The winner was chosen for its scores: the luck in these, by which its posterior mean is worse
(`effects.py`), is taken off what was measured. What is measured for this meets every fold and seed. Each interval is of 95 % by itself, however many changes are looked at.

[1] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.
"""

import math
from typing import Final, Literal

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.evidence import evidence
from tunewright.analysis.generalization import by_folds
from tunewright.analysis.lineages import on_clone
from tunewright.analysis.summary import at_full_effort, difference, objective
from tunewright.analysis.surrogate import Fit, surrogate
from tunewright.analysis.text import counted, cut, interval, number, r2_text, read_alike, value_text
from tunewright.analysis.told import Told
from tunewright.analysis.tuning import default_row
from tunewright.analysis.winner import Estimate, default_of
from tunewright.arguments import count_of
from tunewright.errors import NoResult, StudyError
from tunewright.history import COMPLETED, FAILED, History
from tunewright.metric import Metric
from tunewright.models.threads import one_thread
from tunewright.space import Categorical, SearchSpace
from tunewright.trial import Trial
from tunewright.typing import Array, Params, Value

__all__ = ["Change", "Sensitivity", "Variation", "neighbours", "sensitivity"]

_DRAWS: Final = 400
_MANY: Final = 60
"""Of more parameters than this, no Gaussian process is fitted."""
_CHOICES: Final = 8
"""So many other choices of one parameter are looked at."""


class Variation(msgspec.Struct, frozen=True):
    """How much the winner's score varies over one axis.

    Attributes:
        over: "seeds" or "folds".
        n: how many of them.
        sd: standard deviation, in units of the metric; NaN for fewer than two.
        low, high: its 95 % interval; NaN likewise.
        worst, best: of the seed means, or of the scores on single folds; NaN where nothing was measured.
    """

    over: Literal["seeds", "folds"]
    n: int
    sd: float = math.nan
    low: float = math.nan
    high: float = math.nan
    worst: float = math.nan
    best: float = math.nan


class Change(msgspec.Struct, frozen=True):
    """One small change of one hyperparameter of the winner.

    Attributes:
        name: of the hyperparameter.
        before, after: its values.
        params: the changed configuration.
        expected: what the change costs according to the model, in units of the metric, positive: worse; None without a model.
        measured: the same by trials of exactly this configuration; NaN bounds where fewer than two scores can be compared; None where
            it was not tried.
        n: scores behind `measured`.
        failed: it was tried, and failed.
    """

    name: str
    before: Value
    after: Value
    params: Params
    expected: Estimate | None = None
    measured: Estimate | None = None
    n: int = 0
    failed: bool = False

    @property
    def cost(self) -> Estimate | None:
        """As measured, if there is an interval; else as expected, else as measured once; None where nothing is known."""
        if self.measured is not None and (not math.isnan(self.measured.low) or self.expected is None):
            return self.measured
        return self.expected


class Sensitivity(Told, msgspec.Struct, frozen=True, kw_only=True):
    """How firmly the winner stands.

    Attributes:
        metric: the name of the first optimised metric; everything is in its units.
        trial: number of the winner; -1 where there is none.
        value: its score.
        seeds, folds: how the score varies over them.
        changes: of each hyperparameter, the costliest first; those of which nothing is known last.
        gain: over the default (`Study.generalization`), with its 95 % interval; None where the default was not tried, or has won.
        step: the share of the range by which numbers were moved.
        fit: how well the model predicts.
        remarks: what to know before using the numbers.
        exact: hyperparameters whose values are shown as JSON, since choices of theirs would read alike.
    """

    metric: str
    trial: int = -1
    value: float = math.nan
    seeds: Variation = Variation("seeds", 0)
    folds: Variation = Variation("folds", 0)
    changes: tuple[Change, ...] = ()
    gain: Estimate | None = None
    step: float = math.nan
    fit: Fit = Fit(math.nan, math.nan, 0)
    remarks: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    @property
    def within_noise(self) -> bool | None:
        """Whether the interval of the gain over the default holds zero; None where that cannot be told."""
        return None if self.gain is None or math.isnan(self.gain.low) else self.gain.low <= 0

    @property
    def sentence(self) -> str:
        """What to make of it: the spread, the touchiest hyperparameter, a warning where the gain is within the noise, and the remarks."""
        if self.trial < 0:
            return " ".join(self.remarks)
        return " ".join([_on_spread(self), *_on_changes(self), *_on_gain(self), *self.remarks])

    @property
    def _told(self) -> list[str]:
        if self.trial < 0:
            return [self.sentence]
        lines = [f"Trial {self.trial}: {self.metric} {number(self.value)}"]
        lines += [
            f"  over {counted(each.n, each.over[:-1])}: sd {Estimate(each.sd, each.low, each.high).text()}, "
            f"{number(each.worst)} to {number(each.best)}"
            for each in (self.seeds, self.folds)
            if each.n > 1
        ]
        lines += [f"  {_shown(change, self.exact)}" for change in self.changes]
        behind = [] if math.isnan(self.fit.r2) else [f"  model: cross-validated R² {r2_text(self.fit.r2)}, n = {self.fit.n:,}"]
        return [*lines, *behind, self.sentence]


def _shown(change: Change, exact: tuple[str, ...]) -> str:
    before, after = _values(change, exact)
    said = f"{change.name} {before} -> {after}: "
    parts = [f"{change.expected.text()} expected"] if change.expected is not None else []
    if change.measured is not None:
        parts.append(f"{change.measured.text()} measured (n = {change.n})")
    if change.failed:
        parts.append("failed")
    return said + ("; ".join(parts) or "not known")


def _values(change: Change, exact: tuple[str, ...]) -> list[str]:
    return [cut(value_text(value, exact=change.name in exact), 40) for value in (change.before, change.after)]


def _on_spread(found: Sensitivity) -> str:
    known = [each for each in (found.seeds, found.folds) if each.n > 1]
    if not known:
        return f"The winner was measured once ({found.metric} {number(found.value)}): how much it varies over seeds or folds cannot be told."
    said = " and ".join(f"{number(each.sd, 2)} over {counted(each.n, each.over[:-1])}" for each in known)
    return f"The winner's {found.metric} of {number(found.value)} varies by {said} (standard deviations)."


def _on_changes(found: Sensitivity) -> list[str]:
    known = [(change, cost) for change in found.changes if (cost := change.cost) is not None]
    if not known:
        return []
    clear = [(change, cost) for change, cost in known if cost.low > 0]
    if not clear:
        return ["No small change of a hyperparameter makes it worse beyond the noise."]
    change, cost = clear[0]
    before, after = _values(change, found.exact)
    return [f"It is most sensitive to {change.name}: from {before} to {after} costs {cost.text()}."]


def _on_gain(found: Sensitivity) -> list[str]:
    if found.gain is None:
        return []
    value, ends = interval(found.gain.value, found.gain.low, found.gain.high)
    bounds = f"{value} (95 % interval {ends})"
    if found.within_noise is None:
        return [
            f"Warning: the gain over the default is {number(found.gain.value, 3)}; whether that is more than noise cannot be told."
        ]
    if found.within_noise:
        return [f"Warning: the gain over the default, {bounds}, is within the noise. Measure both on more seeds or folds first."]
    return [f"The gain over the default, {bounds}, is beyond the noise."]


@one_thread
def sensitivity(history: History, *, trial: int | None = None, step: float = 0.05, seed: int = 0) -> Sensitivity:
    """How firmly the winner stands; see the module.

    Args:
        history: of the study. Without a winner, what is returned says why.
        trial: another trial in place of the winner.
        step: by which share of its range each number is moved, above 0, at most 0.5.
        seed: of the draws from the model.

    Raises:
        StudyError: step is out of its range, the seed no whole number of at least 0, or the trial has no value.
    """
    _check_step(step)
    seed = count_of(seed, "seed")
    metric, remarks = objective(history), list[str]()
    try:
        centre = history.best if trial is None else history.trial(trial)
    except NoResult as error:
        return Sensitivity(metric=metric.name, remarks=(str(error),))
    if centre.parent is not None:
        said = "Nothing is said of how firmly it stands: a neighbour would have to be trained along the whole schedule."
        return Sensitivity(metric=metric.name, remarks=(*on_clone(history, centre.number), said))
    if centre.values is None:
        raise StudyError(f"Trial {centre.number} is {centre.state} and has no value. Ask about a completed one.")
    changes, fit = _changes(history, centre, step, seed, remarks)
    gain = _gain(history, centre, remarks)
    seeds, folds = _variations(centre, metric)
    return Sensitivity(
        metric=metric.name, trial=centre.number, value=centre.values[metric.name], seeds=seeds, folds=folds,
        changes=tuple(changes), gain=gain, step=step, fit=fit, remarks=tuple(remarks),
        exact=read_alike(history.space.parameters),
    )  # fmt: skip


def _gain(history: History, centre: Trial, remarks: list[str]) -> Estimate | None:
    """Of the winner over the default."""
    if (best := history.best).number != centre.number:
        remarks.append(f"Trial {best.number} is the winner now.")
        return None
    default = default_of(history)
    if default is None:
        remarks.append("The default configuration was not tried, so what is gained over it cannot be told.")
        return None
    if default.number == best.number:
        remarks.append("The default configuration is the winner.")
        return None
    return by_folds(history).gain


def _check_step(step: float) -> None:
    if isinstance(step, bool) or not isinstance(step, int | float) or not 0 < step <= 0.5:
        raise StudyError(f"step must be a share of the range, above 0 and at most 0.5, got {step!r}.")


# ---- seeds and folds -----------------------------------------------------------------------------------------------------------


def _variations(trial: Trial, metric: Metric) -> tuple[Variation, Variation]:
    by_seed: dict[int, list[float]] = {}
    folds = set()
    for each in at_full_effort(trial):
        if each.values is not None:
            by_seed.setdefault(each.seed, []).append(each.values[metric.name])
            folds.add(each.fold)
    groups = [np.array(values) for values in by_seed.values()]
    most = max(map(len, groups))
    whole = np.array([values.mean() for values in groups if len(values) == most])
    single = np.concatenate(groups)
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in groups)
    free = len(single) - len(groups)
    over_folds = Variation("folds", 0) if folds == {None} else _variation("folds", len(folds), squares, free, single, metric)
    around = float(((whole - whole.mean()) ** 2).sum())
    return _variation("seeds", len(whole), around, len(whole) - 1, whole, metric), over_folds


def _variation(over: Literal["seeds", "folds"], n: int, squares: float, free: int, values: Array, metric: Metric) -> Variation:
    best, worst = sorted((float(values.min()), float(values.max())), key=lambda value: metric.sign * value)
    if free < 1:
        return Variation(over, n, worst=worst, best=best)
    low, high = (math.sqrt(squares / stats.chi2.ppf(q, free)) for q in (0.975, 0.025))
    return Variation(over, n, math.sqrt(squares / free), float(low), float(high), worst, best)


# ---- small changes -------------------------------------------------------------------------------------------------------------


def neighbours(space: SearchSpace, params: Params, step: float = 0.05) -> list[tuple[str, Params]]:
    """Configurations that differ from one by a small change of one hyperparameter, each with its name.

    Numbers and ordinals go down and up by `step` of their range, on their scale, at least to the next value; choices to each other one, up
    to 8. What becomes active by a change takes its default; what the constraints forbid is left out.

    Raises:
        StudyError: step is not above 0 and at most 0.5.
        ParamsError: params do not fit the space.
    """
    _check_step(step)
    row = np.array(space.row(space.validate(params)))
    filled = np.where(np.isnan(row), default_row(space), row)
    found = []
    for column, (name, parameter) in enumerate(space.parameters.items()):
        if math.isnan(row[column]):
            continue
        for value in _moved(SearchSpace({name: parameter}), row[column], step, choice=isinstance(parameter, Categorical)):
            changed = filled.copy()
            changed[column] = value
            near = space.deactivate(changed[None])
            if space.allowed(near)[0]:
                found.append((name, space.params(near[0])))
    return found


def _moved(alone: SearchSpace, raw: float, step: float, *, choice: bool) -> list[float]:
    """The values next to a raw one in a space of one parameter."""
    if choice:
        count = int(next(iter(alone.parameters.values())).size)
        every = alone.from_unit((np.arange(count)[:, None] + 0.5) / count)[:, 0]
        return [float(value) for value in every if value != raw][:_CHOICES]
    unit, found = float(alone.to_unit([[raw]])[0, 0]), []
    for way in (-1.0, 1.0):
        far, end = step, False
        while not end:
            moved = min(1.0, max(0.0, unit + way * far))
            value, end = float(alone.from_unit([[moved]])[0, 0]), moved in {0.0, 1.0}
            if value != raw:
                found.append(value)
                break
            far *= 1.5  # values that lie wide apart
    return found


def _changes(history: History, centre: Trial, step: float, seed: int, remarks: list[str]) -> tuple[list[Change], Fit]:
    space, metric = history.space, objective(history)
    unknown = Fit(math.nan, math.nan, 0)
    if not centre.usable:
        remarks.append("The space was edited and no longer holds this configuration, so nothing is said of small changes.")
        return [], unknown
    near = neighbours(space, centre.params, step)
    if not near:
        return [], unknown
    rows = space.rows([params for _, params in near])
    expected, fit = _expected(history, space.row(centre.params), rows, seed, remarks)
    found = []
    for (name, params), row, cost in zip(near, rows, expected, strict=True):
        measured, n, failed = _measured(history, centre, row, metric)
        found.append(Change(name, centre.params[name], params[name], params, cost, measured, n, failed))
    return sorted(found, key=lambda change: -change.cost.value if change.cost is not None else math.inf), fit


def _expected(
    history: History, centre: list[float], rows: Array, seed: int, remarks: list[str]
) -> tuple[list[Estimate | None], Fit]:
    nothing: list[Estimate | None] = [None] * len(rows)
    known = evidence(history)
    if known.trouble:
        remarks.append(known.trouble)
        return nothing, Fit(math.nan, math.nan, 0)
    if len(known.space) > _MANY:
        remarks.append(f"With more than {_MANY} parameters no model is fitted: nothing is expected of what was not tried.")
        return nothing, Fit(math.nan, math.nan, 0)
    model = surrogate(known)
    if not model.fit.predicts:
        remarks.append(
            f"The Gaussian process does not predict (cross-validated R² {r2_text(model.fit.r2)}): do not build on expected costs."
        )
    both = np.vstack([np.array(centre)[None], rows])
    means, _ = model.predict(both)
    drawn = model.draws(both, _DRAWS, np.random.default_rng(seed))
    found = np.stack([means[1:] - means[0], *np.quantile(drawn[1:] - drawn[0], [0.025, 0.975], axis=1)], axis=1)
    costs: list[Estimate | None] = [Estimate(mean, min(mean, low), max(mean, high)) for mean, low, high in found.tolist()]
    return costs, model.fit


def _measured(history: History, centre: Trial, row: Array, metric: Metric) -> tuple[Estimate | None, int, bool]:
    """What trials of this configuration say: the cost, the scores behind it, and whether it failed."""
    same = ((history.rows == row) | (np.isnan(history.rows) & np.isnan(row))).all(axis=1)
    done = np.flatnonzero(same & (history.states == COMPLETED))
    if not len(done):
        return None, 0, bool((same & (history.states == FAILED)).any())
    tried = history.trial(int(done[-1]))
    ours, theirs = (
        {(m.fold, m.seed): m.values[metric.name] for m in at_full_effort(each) if m.values} for each in (centre, tried)
    )
    shared = [cell for cell in theirs if cell in ours]
    if not shared:
        return None, 0, False
    paired = difference(centre, tried, metric, history)
    if paired is None:
        return Estimate(metric.sign * (theirs[shared[0]] - ours[shared[0]])), 1, False
    every, at = history.effects(), centre.number
    luck = float(every.posterior[at] - every.values[at])  # of having been chosen for these scores
    return Estimate(paired.gain - luck, paired.low - luck, paired.high - luck), len(shared), False
