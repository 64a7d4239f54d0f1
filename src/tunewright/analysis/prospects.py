"""Is it worth going on?

*What more trials would gain.* The search is imitated: it proposes as it did of late (its last 20 trials, each moved a little, as from a
kernel density), and if its sampler learns, half of the time near the five best, and one time in ten what looks best in a draw from the
Gaussian process, as Thompson sampling does [1]. Many times over, a function is drawn from the process, k proposals are measured on it
with the noise that the process sees, and whichever measures best takes the winner's place; what its *true* value is better by is the
gain. So luck in measuring gains nothing. Where metrics have bounds these are drawn and measured too (`bounded.py`), and what breaks one
gains nothing.

The spread over these draws is too narrow, since the process itself may be wrong. To it is added half of what the last k trials brought.
On 66 searches, 198 forecasts, the interval of two such standard deviations held what 20 further trials brought in 93 %, and on
99 forecasts with a seed that nothing was chosen on in 95 % (`benchmarks/forecast.py` prints it).

*When to stop.* The best so far is at most min UCB over the trials, the optimum at least min LCB over the candidates. Where their
difference, a bound on the regret, is below the error with which a configuration is measured at all, searching on tunes the noise [2].
The bound is the model's, so it is believed only if the forecast agrees: two standard deviations above the expected gain are noise too.
Advice only: nothing stops by itself.

[1] Thompson, Biometrika 25, 1933; as batches: Kandasamy et al., Parallelised Bayesian Optimisation via Thompson Sampling, AISTATS 2018.
[2] Makarova et al., Automatic Termination for Hyperparameter Optimization, AutoML 2022; the constants as in Optuna's terminator.
"""

import math
from typing import Final

import msgspec
import numpy as np

from tunewright.analysis.bounded import Bounds, bounds
from tunewright.analysis.evidence import NONE_KEPT, Evidence, evidence
from tunewright.analysis.summary import at_full_effort, standard_deviation
from tunewright.analysis.surrogate import WIDEST, Fit, Surrogate, candidates, surrogate
from tunewright.analysis.text import counted, duration, number, r2_text, with_spread
from tunewright.analysis.told import Told
from tunewright.analysis.winner import reach
from tunewright.arguments import count_of
from tunewright.history import History
from tunewright.models.threads import one_thread
from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Array

__all__ = ["Prospect", "prospect"]

_CANDIDATES: Final = 500
_DRAWS: Final = 256
_PROPOSALS: Final = 200
_LATE: Final = 20
_ELITE: Final = 5
_STEPS: Final = (0.02, 0.05, 0.1, 0.2)
_THOMPSON: Final = 0.1
_UNFORESEEN: Final = 0.5
_BLIND: Final = frozenset({"random", "quasi_random", "grid", "manual"})
"""Samplers that do not learn from results."""
_DOUBT: Final = 0.1
_UNLIKELY: Final = 0.01
_SHRINK: Final = 5.0


class Prospect(Told, msgspec.Struct, frozen=True):
    """What more trials would bring.

    Attributes:
        metric: which one.
        n: trials behind it.
        trials: how many more.
        gain: expected, in units of the metric; NaN where nothing can be said.
        sd: of the gain.
        chance: the probability of any gain above the noise of the model's own rounding (a thousandth of the values' spread).
        seconds: about so long they would take, one after the other; NaN: unknown.
        regret: bound on what is left to gain at all.
        noise: the error with which a configuration is measured; NaN: unknown.
        repeated: whether that is from measuring the best one several times (folds, seeds); else it is what the model takes for noise.
        fit: how well the model predicts.
        remarks: what to know before using the numbers.
        several: whether several metrics are optimised, of which this is about one.
    """

    metric: str
    n: int
    trials: int
    gain: float = math.nan
    sd: float = math.nan
    chance: float = math.nan
    seconds: float = math.nan
    regret: float = math.nan
    noise: float = math.nan
    repeated: bool = False
    fit: Fit = Fit(math.nan, math.nan, 0)
    remarks: tuple[str, ...] = ()
    several: bool = False

    @property
    def stop(self) -> bool:
        """Whether stopping is advised: what is left to gain is less than the noise, by a model that predicts and by the forecast."""
        return self.fit.predicts and max(self.regret, self.gain + 2 * self.sd) < self.noise

    @property
    def lines(self) -> list[str]:
        """What it says, a sentence each."""
        if math.isnan(self.gain):
            return list(self.remarks)
        time = f" (about {duration(self.seconds)})" if self.seconds >= 1 else ""
        gain = f"expected gain {with_spread(self.gain, self.sd)}" if self.gain or self.sd else "no gain expected"
        said = [f"{counted(self.trials, 'more trial')}{time}: {gain} in {self.metric}; {_percent(self.chance)} chance of any."]
        noise = f"{'the error of a measurement' if self.repeated else 'what the model takes for noise'} ({number(self.noise, 2)})"
        left = f"At most {number(self.regret, 2)} is left to gain{f' in {self.metric} alone' if self.several else ''}"
        alone = f" for {self.metric} alone" if self.several else ""
        if math.isnan(self.noise):
            said.append(f"{left}; the noise of a measurement is unknown.")
        elif self.stop:
            said.append(f"{left}, less than {noise}: stopping is advised{alone}.")
        elif self.regret == 0:
            said.append("By the model and the limits of the metric nothing is left to gain.")
        elif self.regret < self.noise:
            said.append(f"{left}, less than {noise}, but the forecast is too unsure to stop.")
        elif self.chance < _UNLIKELY:
            said.append(
                f"{left}, more than {noise}, but as it went of late the search will hardly find it: little reason to go on{alone}."
            )
        else:
            said.append(f"{left}, more than {noise}: searching on may find it.")
        return [*said, *self.remarks]

    @property
    def _told(self) -> list[str]:
        behind = [] if math.isnan(self.fit.r2) else [f"model: cross-validated R² {r2_text(self.fit.r2)}, n = {self.fit.n:,}"]
        return [*self.lines, *behind]


def _percent(chance: float) -> str:
    return "more than 99 %" if chance > 0.99 else "less than 1 %" if chance < _UNLIKELY else f"{number(100 * chance, 2)} %"


@one_thread
def prospect(
    history: History,
    trials: int = 20,
    *,
    metric: str | None = None,
    seed: int = 0,
    model: Surrogate | None = None,
    bounded: Bounds | None = None,
) -> Prospect:
    """What so many more trials would bring; see the module.

    Args:
        history: of the study.
        trials: how many more, at least 1.
        metric: by name; default: the first that is optimised.
        seed: of the draws.
        model, bounded: fitted already; default: fitted here.

    Raises:
        StudyError: `trials` is no whole number of at least 1, the seed none of at least 0, or there is no such metric.
    """
    trials, seed = count_of(trials, "trials", 1), count_of(seed, "seed")
    known = evidence(history, metric)
    took = history.seconds[known.numbers]
    seconds = float(np.median(took)) * trials if len(known) else math.nan
    trouble = known.trouble or ("" if known.kept.any() else NONE_KEPT)
    if not trouble and len(known.space) > WIDEST and model is None:
        trouble = f"What more trials would gain is foretold for at most {WIDEST} parameters; the space has {len(known.space)}."
    if trouble:
        return Prospect(known.metric.name, len(known), trials, seconds=seconds, remarks=(trouble,))
    rng = np.random.default_rng(seed)
    model = surrogate(known) if model is None else model
    bounded = bounds(history) if bounded is None else bounded
    rows, least = (
        candidates(known, rng, _CANDIDATES),
        reach(history, [each.name for each in history.metrics].index(known.metric.name))[0],
    )
    learns = _learns(history, known)
    proposals = _proposals(known, learns=learns, rng=rng)
    gains = _gains(model, bounded, known, proposals, trials, rng, thompson=_THOMPSON if learns else 0.0, least=least)
    error = _error(history, known)
    return Prospect(
        known.metric.name,
        len(known),
        trials,
        gain=max(0.0, float(gains.mean())),
        sd=math.hypot(standard_deviation(gains), _UNFORESEEN * _past(known, trials)),
        chance=float((gains > 1e-3 * model.scale).mean()),
        seconds=seconds,
        regret=_regret(model, bounded, np.concatenate([rows, proposals]), known, least),
        noise=model.noise if math.isnan(error) else error,
        repeated=not math.isnan(error),
        fit=model.fit,
        remarks=_remarks(history, known, model),
        several=len(history.objectives) > 1,
    )


def _remarks(history: History, known: Evidence, model: Surrogate) -> tuple[str, ...]:
    said = []
    if not model.fit.predicts:
        said.append(f"The model does not predict (cross-validated R² {r2_text(model.fit.r2)}): take this for a guess.")
    if len(history.objectives) > 1:
        said.append(
            f"Several metrics are optimised; this is about {known.metric.name} alone, and not about how far their front may still go."
        )
    return tuple(said)


def _gains(
    model: Surrogate, bounded: Bounds, known: Evidence, rows: Array, trials: int, rng: np.random.Generator, *,
    thompson: float, least: float,
) -> Array:  # fmt: skip
    """What k trials are worth in each draw, shape (draws,), in units of the loss; `rows` are what may be proposed, and no loss is below the
    `least`.
    """
    incumbent = known.best
    rows = np.concatenate([known.rows[[incumbent]], rows])
    twice, kept = np.maximum(model.draws(rows, 2 * _DRAWS, rng), least), bounded.kept(rows, 2 * _DRAWS, rng)
    true, within = twice[:, :_DRAWS], kept[:, :_DRAWS]
    named = np.where(kept, twice, np.inf)[1:, _DRAWS:].argmin(axis=0)
    chosen = rng.integers(0, len(rows) - 1, (_DRAWS, trials))
    chosen = 1 + np.where(rng.random(chosen.shape) < thompson, rng.choice(named, chosen.shape), chosen)
    values = np.take_along_axis(true, chosen.T, axis=0)
    measured = values + model.noise * rng.standard_normal(values.shape)
    measured = np.where(np.take_along_axis(within, chosen.T, axis=0), measured, np.inf)
    best = measured.argmin(axis=0)
    each = np.arange(_DRAWS)
    gains: Array = np.where(measured[best, each] < known.losses[incumbent], true[0] - values[best, each], 0.0)
    return np.minimum(gains, max(0.0, float(known.losses[incumbent]) - least))


def _proposals(known: Evidence, *, learns: bool, rng: np.random.Generator) -> Array:
    """Raw rows as the search may propose them."""
    late = _moved(known.space, known.rows[-_LATE:], None, rng)
    if learns:
        late = np.concatenate(
            [late, _moved(known.space, known.rows[np.argsort(known.within, kind="stable")[:_ELITE]], _STEPS, rng)]
        )
    return late


def _moved(space: SearchSpace, rows: Array, steps: tuple[float, ...] | None, rng: np.random.Generator) -> Array:
    """The rows over and over, their numbers moved by so much on the unit scale (None: Scott's rule), some choices as another has them."""
    m, (count, d) = len(rows), (_PROPOSALS, rows.shape[1])
    unit = space.to_unit(rows)
    shown = np.where(np.isnan(unit), np.nanmean(np.append(unit, 0.5)), unit)
    width = m ** (-1 / (np.isfinite(unit).sum(axis=1).mean() + 4))
    far = width * shown.std(axis=0) if steps is None else rng.choice(steps, (count, 1))
    again = rows[rng.integers(0, m, count)]
    filled = np.where(np.isnan(again), space.from_unit(rng.random(again.shape)), again)
    at = space.to_unit(filled) + far * rng.standard_normal((count, d))
    at = 1 - np.abs(1 - np.abs(at) % 2)  # mirrored at the bounds
    numbers = np.array([isinstance(parameter, Float | Int) for parameter in space.parameters.values()])
    other = rows[rng.integers(0, m, count)]
    swapped = np.where((rng.random((count, d)) < width / 2) & np.isfinite(other), other, filled)
    moved = space.deactivate(np.where(numbers, space.from_unit(at), swapped))
    allowed = moved[space.allowed(moved)]
    return allowed if len(allowed) else rows


def _learns(history: History, known: Evidence) -> bool:
    """Whether what proposed the last trials learns from results."""
    late = [history.origin(int(number)) for number in known.numbers[-_LATE:]]
    late = [origin for origin in late if origin != "queue"]
    return sum(origin in _BLIND for origin in late) < len(late) / 2


def _past(known: Evidence, trials: int) -> float:
    """What the last k trials brought, but at most the last half of them; beside the worst that keeps within bounds, where none did before."""
    since = min(trials, len(known) // 2)
    worst = float(known.losses[known.kept].max())
    return min(worst, float(known.within[: len(known) - since].min())) - float(known.within.min())


def _regret(model: Surrogate, bounded: Bounds, rows: Array, known: Evidence, least: float) -> float:
    """The bound of [2]: min UCB over the trials less min LCB over everything; where there are bounds, of what (may) keep within them.
    Nothing is below the `least` loss that the metric can reach, so no more is left than from the best as measured to there.
    """
    n, d = len(model.evidence), len(model.evidence.space)
    width = math.sqrt(2 * math.log(d * n**2 * math.pi**2 / (6 * _DOUBT)) / _SHRINK)
    trials = known.rows[known.kept]
    mean, sd = model.predict(trials)
    upper = float((mean + width * sd).min())
    everything = np.concatenate([rows[bounded.excess(rows, -width) <= 0], trials])
    mean, sd = model.predict(everything)
    left = upper - max(float((mean - width * sd).min()), least)
    return max(0.0, min(left, float(known.losses[known.best]) - least))


def _error(history: History, known: Evidence) -> float:
    """The error of the best trial's mean over its folds, or seeds, corrected for what folds have in common; NaN for fewer than two.

    Source: Nadeau & Bengio 2003, eq. (9).
    """
    best = history.trial(int(known.numbers[known.best]))
    values = np.array([each.values[known.metric.name] for each in at_full_effort(best) if each.values])
    k = len(values)
    return standard_deviation(values) * math.sqrt(1 / k + history.overlap) if k > 1 else math.nan
