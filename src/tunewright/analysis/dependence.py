"""How the metric goes with one parameter, or with two, all others averaged out: partial dependence, by a Gaussian process.

The average is over configurations drawn from the space [1], for a conditional parameter over those in which it is active. A parent's
branches bring their own parameters, drawn like the rest. The band adds the model's variance at every configuration that is averaged,
as if all were off in the same direction, so it is wide rather than narrow [2]. Where no trial is near (within a twentieth of the
range, of two parameters a tenth) the curve is marked as not supported: there the model only guesses.

The single curves beside the mean are those of the best trials: what would have happened to each if only this parameter had been
different. Curves that run alike mean no interaction.

[1] Friedman, Greedy Function Approximation, Annals of Statistics 29, 2001, section 8.2.
[2] Moosbauer et al., Explaining Hyperparameter Optimization via Partial Dependence Plots, NeurIPS 2021, eq. (5).
"""

import math
from typing import Final

import msgspec
import numpy as np

from tunewright.analysis.by_name import ByName
from tunewright.analysis.checks import failures_told
from tunewright.analysis.evidence import check_names, evidence, pulled_in
from tunewright.analysis.surrogate import WIDEST, Fit, Surrogate, surrogate
from tunewright.analysis.text import choice_labels, counted, cut, interval, number, r2_text
from tunewright.analysis.told import Row, Told
from tunewright.analysis.tuning import left_out, places
from tunewright.arguments import count_of
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.models.threads import one_thread
from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Array, Mask, Value

__all__ = ["Effect", "Effects", "effects"]

_LEVELS: Final = 25
_SQUARE: Final = 15
_PRINTED: Final = 24
"""So many choices are printed."""
_AVERAGED: Final = 48
_CURVES: Final = 5
_NEAR: Final = (0.05, 0.1)
"""How far a trial may be, as a share of the range: for one parameter, and for each of two."""
_SIDES: Final = 1.96


class Effect(Told, msgspec.Struct, frozen=True):
    """How the metric goes with one parameter or two, in units of the metric.

    Attributes:
        names: of the parameters.
        levels: the raw values at which it is told, for each parameter: numbers, or indices of choices.
        values: the same as values.
        mean: shape (k,), or (k, l) for two; NaN where constraints allow nothing.
        sd: the model's uncertainty of it, same shape.
        supported: whether a trial is near, same shape.
        curves: of the best trials, shape (c, k); none for two parameters.
        n: trials in which the parameters were active.
        listed: whether the levels of a single parameter are choices, each of which stands for itself.
    """

    names: tuple[str, ...]
    levels: tuple[Array, ...]
    values: tuple[tuple[Value, ...], ...]
    mean: Array
    sd: Array
    supported: Mask
    curves: Array
    n: int
    listed: bool = False

    @property
    def low(self) -> Array:
        """The lower end of the 95 % band."""
        return self.mean - _SIDES * self.sd

    @property
    def high(self) -> Array:
        """The upper end of the 95 % band."""
        return self.mean + _SIDES * self.sd

    @property
    def range(self) -> float:
        """From the least to the largest mean where it is supported; 0 where nothing is."""
        known = self.mean[self.supported & np.isfinite(self.mean)]
        return float(np.ptp(known)) if known.size else 0.0

    @property
    def _told(self) -> list[str]:
        title = f"Effect of {' and '.join(self.names)} ({counted(self.n, 'trial')}), from {number(float(np.nanmin(self.mean)))} to {number(float(np.nanmax(self.mean)))}"
        if len(self.names) > 1:
            return [title]
        lines, texts = [title], [cut(text, 30) for text in choice_labels(self.values[0])]
        shown = self._shown
        for i in shown:
            mean, band = interval(*(float(each[i]) for each in (self.mean, self.low, self.high)))
            doubt = "" if self.supported[i] else "(no trial near)"
            text = f"  {texts[i]:>12}  {mean:>10}  {band}  {doubt}".rstrip()
            lines.append(Row(text, (texts[i], mean, band, doubt), (cut(self.names[0], 60), "mean", "95 % band", "")))
        if self.listed and len(shown) < len(self.mean):
            lines.append(f"  … and {counted(len(self.mean) - len(shown), 'choice')} with means between these")
        return lines

    @property
    def _shown(self) -> list[int]:
        """The places that are printed: of numbers some, evenly spread; of choices all, or those with the smallest and the largest means."""
        if not self.listed:
            return list(range(0, len(self.mean), max(1, len(self.mean) // 12)))
        order = np.argsort(self.mean, kind="stable").tolist()[: int(np.isfinite(self.mean).sum())]
        half = _PRINTED // 2
        return sorted(order if len(order) <= _PRINTED else order[:half] + order[-half:])


class Effects(Told, ByName[Effect], msgspec.Struct, frozen=True):
    """The effects of several parameters, the largest range first; by name, that of each alone.

    Attributes:
        metric: which one.
        n: trials behind them.
        found: the effects.
        fit: how well the model predicts.
        remarks: what to know, or why there are none.
    """

    metric: str
    n: int
    found: tuple[Effect, ...] = ()
    fit: Fit = Fit(math.nan, math.nan, 0)
    remarks: tuple[str, ...] = ()

    @property
    def _named(self) -> dict[str, Effect]:
        return {each.names[0]: each for each in self.found if len(each.names) == 1}

    @property
    def _told(self) -> list[str]:
        behind = "" if math.isnan(self.fit.r2) else f"; cross-validated R² {r2_text(self.fit.r2)}, {self.fit.behind(self.n)}"
        effects = [line for each in self.found for line in each._told]  # noqa: SLF001  an effect tells itself likewise
        return [f"Effects on {self.metric}: {counted(self.n, 'trial')}{behind}", *effects, *self.remarks]


@one_thread
def effects(history: History, *names: str, metric: str | None = None, seed: int = 0, model: Surrogate | None = None) -> Effects:
    """The effect of each parameter alone; or, with two names, that of both together.

    Args:
        history: of the study.
        names: none: every parameter alone; one: that one; two: both together.
        metric: by name; default: the first that is optimised.
        seed: of what is averaged over.
        model: fitted already; default: fitted here.

    Raises:
        StudyError: there is no such parameter or metric, more than two are named, or the seed is no whole number of at least 0.
    """
    seed = count_of(seed, "seed")
    known = evidence(history, metric)
    check_names(known.space, names)
    if len(names) > 2 or len(set(names)) < len(names):
        raise StudyError(f"Name one parameter, or two different ones; got {', '.join(names)}.")
    trouble = known.trouble
    if not trouble and len(known.space) > WIDEST and model is None:
        trouble = f"Effects are for at most {WIDEST} parameters; the space has {len(known.space)}."
    if trouble:
        return Effects(known.metric.name, len(known), remarks=(trouble,))
    model = surrogate(known) if model is None else model
    rng = np.random.default_rng(seed)
    if len(names) == 2:
        asked = [tuple(known.space.names.index(name) for name in names)]
    else:
        asked = [(known.space.names.index(name),) for name in names or known.space.names]
    found = [effect for columns in asked if (effect := _effect(model, columns, rng)) is not None]
    said = []
    if not model.fit.predicts:
        said.append(f"The model does not predict (cross-validated R² {r2_text(model.fit.r2)}): these curves may be anything.")
    said += [*pulled_in(known, model.fence), *([failed] if (failed := failures_told(history)) else [])]
    said += left_out(known, (j for columns in asked for j in columns), paired=len(names) == 2)
    return Effects(known.metric.name, len(known), tuple(sorted(found, key=lambda effect: -effect.range)), model.fit, tuple(said))


def _effect(model: Surrogate, columns: tuple[int, ...], rng: np.random.Generator) -> Effect | None:
    """None where the parameters were never active together."""
    space, rows = model.evidence.space, model.evidence.rows
    axes = [places(model.evidence, j, _LEVELS if len(columns) == 1 else _SQUARE, paired=len(columns) > 1) for j in columns]
    grid = np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)
    filled = space.from_unit(rng.random((8 * _AVERAGED, len(space))))
    filled = filled[np.isfinite(space.deactivate(filled)[:, list(columns)]).all(axis=1)][:_AVERAGED]
    active = np.asarray(np.isfinite(rows[:, list(columns)]).all(axis=1))
    if not len(filled) or not active.any():
        return None
    mean, sd = _profile(model, filled, columns, grid)
    unit = model.scale  # squares of losses may overflow
    together = unit * np.sqrt(np.nanmean((sd / unit) ** 2, axis=0)), np.nanmean(mean / unit, axis=0) * unit  # eq. (5)
    shape = tuple(len(each) for each in axes)
    sign = model.evidence.metric.sign
    return Effect(
        tuple(space.names[j] for j in columns),
        tuple(axes),
        tuple(tuple(_value(space, j, each) for each in axis) for j, axis in zip(columns, axes, strict=True)),
        sign * together[1].reshape(shape),
        together[0].reshape(shape),
        _supported(space, rows[active], columns, grid).reshape(shape),
        sign * _curves(model, columns, grid, active) if len(columns) == 1 else np.zeros((0, *shape)),
        int(active.sum()),
        len(columns) == 1 and not isinstance(list(space.parameters.values())[columns[0]], Float | Int),
    )


def _profile(model: Surrogate, filled: Array, columns: tuple[int, ...], grid: Array) -> tuple[Array, Array]:
    """Mean and deviation with the parameters set to each point of the grid in each configuration, shapes (m, g)."""
    space = model.evidence.space
    rows = np.repeat(filled, len(grid), axis=0)
    rows[:, list(columns)] = np.tile(grid, (len(filled), 1))
    rows = space.deactivate(rows)
    mean, sd = model.predict(rows)
    allowed = space.allowed(rows)
    allowed |= np.tile(~allowed.reshape(len(filled), -1).any(axis=0), len(filled))  # allowed nowhere: what the model says anyway
    return tuple(np.where(allowed, each, np.nan).reshape(len(filled), -1) for each in (mean, sd))  # type: ignore[return-value]


def _curves(model: Surrogate, columns: tuple[int, ...], grid: Array, active: Mask) -> Array:
    """Those of the best trials in which the parameter is active, without regard to constraints."""
    space, known = model.evidence.space, model.evidence
    best = np.flatnonzero(active)[np.argsort(known.within[active], kind="stable")[:_CURVES]]
    rows = known.rows[best]
    filled = np.where(np.isnan(rows), space.from_unit(np.full(rows.shape, 0.5)), rows)
    rows = np.repeat(filled, len(grid), axis=0)
    rows[:, list(columns)] = np.tile(grid, (len(filled), 1))
    return model.predict(space.deactivate(rows))[0].reshape(len(best), len(grid))


def _supported(space: SearchSpace, rows: Array, columns: tuple[int, ...], grid: Array) -> Mask:
    """Whether a trial lies near in each parameter (of a choice: has it), shape (g,)."""
    near = np.ones((len(grid), len(rows)), bool)
    for i, j in enumerate(columns):
        parameter = list(space.parameters.values())[j]
        if isinstance(parameter, Float | Int):
            at = np.full((len(grid), len(space)), np.nan)
            at[:, j] = grid[:, i]
            apart = np.abs(space.to_unit(at)[:, j, None] - space.to_unit(rows)[None, :, j])
            near &= apart <= _NEAR[len(columns) - 1]
        else:
            near &= grid[:, i, None] == rows[None, :, j]
    return np.asarray(near.any(axis=1))


def _value(space: SearchSpace, column: int, raw: float) -> Value:
    name = space.names[column]
    alone = SearchSpace({name: space.parameters[name]})
    return alone.params([raw])[name]
