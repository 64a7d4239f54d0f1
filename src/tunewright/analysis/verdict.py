"""What is said of a winner's worth on new data, whichever way it was found (`generalization.py`), and which configuration to take."""

import math
from typing import Final, Literal, TypeAlias

import msgspec

from tunewright.analysis.lineages import on_clone
from tunewright.analysis.summary import default_trial, default_without_value, objective
from tunewright.analysis.text import cut, number, params_line, read_alike, with_spread
from tunewright.analysis.told import Row, Told
from tunewright.analysis.winner import Estimate, default_of, default_params, within
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.trial import Trial
from tunewright.typing import Params

__all__ = ["Generalization", "Method", "said", "turned"]

Method: TypeAlias = Literal["predictions", "folds", "nested", "test"]

_SURE: Final = 0.7
"""The probability of being better than the default from which the winner is recommended."""


class Generalization(Told, msgspec.Struct, frozen=True, kw_only=True):
    """What the winner is worth after having been chosen.

    Attributes:
        method: how that was found; see the module.
        metric: the name of the first optimised metric; all values are in its units.
        winner, default, baseline: with 95 % intervals; None where it was not tried.
        raw: the winner's score as it stands in the study.
        gain: of the winner over the default, positive: better; None without a default.
        probability: that the winner is better than the default; NaN without a default, or where it cannot be told: too little was
            measured twice.
        recommended: which of the two to take; the winner only if it is better with probability 0.7 at least or, where that cannot be
            told, by its score.
        params, clone: of the recommended one; of a clone the last part of the schedule that it was trained by, and its number, else None.
        sentence: the same in words.
        growth: what learning from all rows adds to the winner's score, in it already, positive: better; None where it was not asked for.
        exact: parameters whose values are shown as JSON, since choices of theirs would read alike.
    """

    method: Method
    metric: str
    winner: Estimate
    raw: float
    default: Estimate | None
    baseline: Estimate | None
    gain: Estimate | None
    probability: float
    recommended: Literal["winner", "default"]
    params: Params
    sentence: str
    growth: Estimate | None = None
    exact: tuple[str, ...] = ()
    clone: int | None = None

    @property
    def _told(self) -> list[str]:
        found = {"winner": self.winner, "default": self.default, "baseline": self.baseline, "gain": self.gain}
        rows = [
            Row(f"  {name:<8}  {each.text()}", (name, each.text()), ("", f"{self.metric}, 95 % interval"))
            for name, each in found.items()
            if each is not None
        ]
        how = params_line(self.params, self.exact) if self.clone is None else f"the schedule study.lineage({self.clone})"
        take = f"  take the {self.recommended}: {how}"
        return [f"Expected {self.metric} on new data, by {self.method}", *rows, take, f"  {self.sentence}"]


def said(
    method: Method, history: History, claimed: Estimate, default: Estimate | None, baseline: Estimate | None, *,
    gain: Estimate | None, probability: float, added: Estimate | None = None, lacking: str = "",
) -> Generalization:  # fmt: skip
    """All that was found, and what it means: which of the two to take, and the sentence. Arguments as its attributes; `lacking` says why the
    default, which should have been judged anew, was not.
    """
    metric, best, known = objective(history), history.best, default_of(history)
    unbounded, gain = gain, None if gain is None else _reachable(gain, history)
    same = known is not None and known.number == best.number
    unsure = probability < _SURE  # False where it is not known
    back = gain is not None and (same or not gain.value > 0 or unsure)
    raw = best.values[metric.name] if best.values else math.nan
    lucky = f"{number(raw)} is {'its score, the best of all compared' if same else 'the score it was chosen for'}"
    parts = [*on_clone(history, best.number), f"Expected {metric.name} on new data: {claimed.text()}; {lucky}."]
    if added is not None:
        parts.append(
            f"That is of a model that learns from all rows, {number(abs(added.value), 2)} {'better' if added.value >= 0 else 'worse'} than those of the folds."
        )
        if gain is not None and not same:
            parts.append("The gain, and which of the two to take, are by the folds.")
    if same:
        parts.append("Nothing that was tried beat the default: take the default.")
    elif gain is not None and not gain.value and math.isnan(gain.low):
        parts.append("It scores as the default does: take the default.")
    elif gain is not None:
        much = (
            f"{with_spread(gain.value, (gain.high - gain.low) / 2)} {metric.name} (95 %)"
            if gain == unbounded and method != "predictions"
            else f"{gain.text()} {metric.name}"
        )
        sure = f"Better than the default with probability {probability:.2f}; expected gain {much}."
        unknown = f"Expected gain over the default {number(gain.value, 2)} {metric.name}; how much of it is luck cannot be told."
        parts.append(unknown if math.isnan(probability) else sure)
        if back and not gain.value > 0:
            parts.append("That is no gain: take the default.")
        elif back:
            parts.append(f"Less than {_SURE} is mostly luck: take the default.")
        elif gain.low <= 0:
            parts.append("The gain is within the noise: the winner is the better bet, no more.")
    else:
        parts += [lacking] if lacking else _no_comparison(history, best)
    if baseline is not None:
        parts.append(f"A model that does not look at the features reaches {number(baseline.value)}.")
    taken = best if known is None or not back else known
    return Generalization(
        method=method, metric=metric.name, winner=claimed, raw=raw, default=default, baseline=baseline, gain=gain,
        probability=probability, recommended="default" if back else "winner", params=default_params(history) if back else best.params, sentence=" ".join(parts), growth=added,
        exact=read_alike(history.space.parameters), clone=None if taken.parent is None else taken.number,
    )  # fmt: skip


def _no_comparison(history: History, best: Trial) -> list[str]:
    """Why the winner cannot be compared with the default that was tried, a sentence; none where it can, or none was tried."""
    completed = default_trial(history)
    trial = default_without_value(history) if completed is None else completed
    if trial is None or default_of(history) is not None:
        return []
    counts, budgets, number_ = history.effects().counts, history.budgets, trial.number
    if completed is None:
        why = "it has no result yet" if trial.failure is None else f'it failed with "{cut(trial.failure.message, 120)}"'
    elif not history.feasible[number_]:
        why = "it breaks the bound of a metric"
    elif budgets[number_] < budgets[best.number]:
        why = f"it was judged with a budget of {number(budgets[number_])}, the winner with {number(budgets[best.number])}"
    else:
        why = f"it met {counts[number_]} of the winner's {counts[best.number]} folds and seeds, too few for that"
    return [f"There is no comparison with the default, trial {number_}: {why}."]


def turned(loss: Estimate, metric: Metric) -> Estimate:
    """A loss as a score in the metric's units, or a score as a loss."""
    low, high = sorted((metric.sign * loss.low, metric.sign * loss.high)) if loss.low <= loss.high else (math.nan, math.nan)
    return Estimate(metric.sign * loss.value + 0.0, low + 0.0, high + 0.0)  # + 0.0 turns -0.0 into 0.0


def _reachable(gain: Estimate, history: History) -> Estimate:
    """The gain with an interval that ends at the difference of the best and the worst that the metric can reach."""
    ends = within(history, Estimate(0.0, -math.inf, math.inf))
    most = ends.high - ends.low
    return Estimate(gain.value, max(gain.low, -most), min(gain.high, most)) if gain.low <= gain.high else gain
