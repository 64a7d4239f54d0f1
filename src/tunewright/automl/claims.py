"""What a result claims from cross-validation alone, and what racing saved: plain records, made from a history.

The claim is that of `analysis.generalization`: the winner's score less the luck of having been chosen by it, beside the default.
"""

import math

import msgspec

from tunewright.analysis.summary import totals
from tunewright.analysis.text import counted
from tunewright.analysis.verdict import Generalization
from tunewright.analysis.winner import Estimate
from tunewright.history import History

__all__ = ["Claim", "Gap", "RaceFacts", "claim_of", "race_facts"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What cross-validation lets one expect of the winner: its score less the luck of having been chosen by it.

    Attributes:
        value, low, high: with a 95 % interval, in the metric's units; None where it cannot be told.
        raw: the winner's plain score.
        gain, gain_low, gain_high: over the default, positive: better; None without a default to compare with.
        probability: that the winner is better than the default.
        sentence: the same in words.
    """

    value: float | None
    low: float | None
    high: float | None
    raw: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    probability: float | None
    sentence: str


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Training beside validation score of the winner; `verdict` is "overfitting", "underfitting", "sound" or "unknown", said in the `sentence`."""

    train: float | None
    validation: float | None
    verdict: str
    sentence: str


class RaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What racing saved: `fits` were done, where full cross-validation of the same configurations takes `whole`."""

    fits: int
    whole: int
    sentence: str


def claim_of(worth: Generalization, about: str = "") -> Claim:
    """The same as JSON can hold it; `about`: a sentence on which configuration it is, where that is not the one in the model file."""
    claimed = worth.winner
    gain = worth.gain or Estimate(math.nan)
    return Claim(
        value=_real(claimed.value), low=_real(claimed.low), high=_real(claimed.high), raw=_real(worth.raw),
        gain=_real(gain.value), gain_low=_real(gain.low), gain_high=_real(gain.high),
        probability=_real(worth.probability), sentence=f"{about} {worth.sentence}".strip(),
    )  # fmt: skip


def race_facts(history: History, folds: int) -> RaceFacts:
    """How many fits were done, and how many full cross-validation of the same configurations takes."""
    fits = totals(history).tasks  # the report's measurements
    whole = folds * history.finished
    if fits >= whole:
        return RaceFacts(fits=fits, whole=whole, sentence="Every configuration was fitted on every fold.")
    words = (
        f"Racing took {counted(fits, 'fit')}, each on one fold, for {counted(history.finished, 'configuration')}; "
        f"{folds}-fold cross-validation of all of them takes {whole:,}, "
        f"{whole / fits:.1f} times as many."
    )
    return RaceFacts(fits=fits, whole=whole, sentence=words)


def _real(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
