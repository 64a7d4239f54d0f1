"""Is it worth going on?

*What more trials would gain.* The Gaussian process is drawn many times over at a thousand candidates. A search of k more trials is
imitated by Thompson sampling [1]: k of the draws each name their best candidate, and what these are worth in another draw, beyond the
best so far in that draw, is the gain. The trials are chosen at once, without learning from each other, so a real search should do a
little better.

*When to stop.* The best so far is at most min UCB over the trials, the optimum at least min LCB over the candidates. Where their
difference, a bound on the regret, is below the error with which a configuration is measured at all, searching on tunes the noise [2].
Advice only: nothing stops by itself.

[1] Thompson, Biometrika 25, 1933; as batches: Kandasamy et al., Parallelised Bayesian Optimisation via Thompson Sampling, AISTATS 2018.
[2] Makarova et al., Automatic Termination for Hyperparameter Optimization, AutoML 2022; the constants as in Optuna's terminator.
"""

import math
from typing import Final

import msgspec
import numpy as np

from tunewright.analysis.evidence import Evidence, evidence
from tunewright.analysis.summary import at_full_effort, standard_deviation
from tunewright.analysis.surrogate import WIDEST, Fit, Surrogate, candidates, surrogate
from tunewright.analysis.text import counted, duration, number, with_spread
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.typing import Array

__all__ = ["Prospect", "prospect"]

_CANDIDATES: Final = 500
_DRAWS: Final = 256
_DOUBT: Final = 0.1
_SHRINK: Final = 5.0


class Prospect(msgspec.Struct, frozen=True):
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
        fit: how well the model predicts.
        remarks: what to know before using the numbers.
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
    fit: Fit = Fit(math.nan, math.nan, 0)
    remarks: tuple[str, ...] = ()

    @property
    def stop(self) -> bool:
        """Whether stopping is advised: what is left to gain is less than the noise, by a model that predicts."""
        return self.fit.predicts and self.regret < self.noise

    @property
    def lines(self) -> list[str]:
        """What it says, a sentence each."""
        if math.isnan(self.gain):
            return list(self.remarks)
        time = f" (about {duration(self.seconds)})" if self.seconds >= 1 else ""
        gain = f"expected gain {with_spread(self.gain, self.sd)} in {self.metric}"
        said = [f"{counted(self.trials, 'more trial')}{time}: {gain}; {_percent(self.chance)} chance of any."]
        left = f"At most {number(self.regret, 2)} is left to gain"
        if math.isnan(self.noise):
            said.append(f"{left}; the noise of a measurement is unknown.")
        elif self.regret < self.noise:
            said.append(f"{left}, less than the error of a measurement ({number(self.noise, 2)}): stopping is advised.")
        else:
            said.append(f"{left}, the error of a measurement is {number(self.noise, 2)}: no reason to stop.")
        return [*said, *self.remarks]

    def __repr__(self) -> str:
        behind = [] if math.isnan(self.fit.r2) else [f"model: cross-validated R² {number(self.fit.r2, 2)}, n = {self.fit.n:,}"]
        return "\n".join([*self.lines, *behind])


def _percent(chance: float) -> str:
    return "more than 99 %" if chance > 0.99 else "less than 1 %" if chance < 0.01 else f"{number(100 * chance, 2)} %"


def prospect(history: History, trials: int = 20, *, seed: int = 0, model: Surrogate | None = None) -> Prospect:
    """What so many more trials would bring; see the module.

    Args:
        history: of the study.
        trials: how many more, at least 1.
        seed: of the draws.
        model: fitted already; default: fitted here.

    Raises:
        StudyError: `trials` is no whole number of at least 1.
    """
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise StudyError(f"trials must be a whole number, 1 or more, got {trials!r}.")
    known = evidence(history)
    took = history.seconds[known.numbers]
    seconds = float(np.median(took)) * trials if len(known) else math.nan
    trouble = known.trouble
    if not trouble and len(known.space) > WIDEST and model is None:
        trouble = f"What more trials would gain is foretold for at most {WIDEST} parameters; the space has {len(known.space)}."
    if trouble:
        return Prospect(known.metric.name, len(known), trials, seconds=seconds, remarks=(trouble,))
    rng = np.random.default_rng(seed)
    model = surrogate(known) if model is None else model
    rows = candidates(known, rng, _CANDIDATES)
    gains = _gains(model, rows, trials, rng)
    said = []
    if not model.fit.predicts:
        said.append(f"The model does not predict (cross-validated R² {number(model.fit.r2, 2)}): take this for a guess.")
    if len(history.objectives) > 1:
        said.append(f"Several metrics are optimised; this is about {known.metric.name} alone.")
    return Prospect(
        known.metric.name,
        len(known),
        trials,
        gain=float(gains.mean()),
        sd=standard_deviation(gains),
        chance=float((gains > 1e-3 * model.scale).mean()),
        seconds=seconds,
        regret=_regret(model, rows),
        noise=_noise(history, known, model),
        fit=model.fit,
        remarks=tuple(said),
    )


def _gains(model: Surrogate, rows: Array, trials: int, rng: np.random.Generator) -> Array:
    """What the best of k Thompson samples is worth in each draw, shape (draws,)."""
    tried = model.evidence.rows[np.argsort(model.evidence.losses, kind="stable")[:20]]
    drawn = model.draws(np.concatenate([tried, rows]), 2 * _DRAWS, rng) if len(rows) else np.zeros((0, 2 * _DRAWS))
    unique = len(tried)
    best = drawn[:unique].min(axis=0)
    named = drawn[unique:, _DRAWS:].argmin(axis=0)
    gains = np.empty(_DRAWS)
    for i in range(_DRAWS):
        chosen = rng.choice(named, min(trials, len(named)), replace=False)
        gains[i] = max(0.0, best[i] - drawn[unique:, i][chosen].min())
    return gains


def _regret(model: Surrogate, rows: Array) -> float:
    """The bound of [2]: min UCB over the trials less min LCB over everything."""
    n, d = len(model.evidence), len(model.evidence.space)
    width = math.sqrt(2 * math.log(d * n**2 * math.pi**2 / (6 * _DOUBT)) / _SHRINK)
    mean, sd = model.predict(model.evidence.rows)
    upper = float((mean + width * sd).min())
    mean, sd = model.predict(np.concatenate([rows, model.evidence.rows]))
    return max(0.0, upper - float((mean - width * sd).min()))


def _noise(history: History, known: Evidence, model: Surrogate) -> float:
    """The error of the best trial's mean over its folds, corrected for their overlap; without folds, what the model takes for noise."""
    best = history.trial(int(known.numbers[int(np.argmin(known.losses))]))
    values = np.array([each.values[known.metric.name] for each in at_full_effort(best) if each.values])
    k = len(values)
    return standard_deviation(values) * math.sqrt(1 / k + 1 / (k - 1)) if k > 1 else model.noise
