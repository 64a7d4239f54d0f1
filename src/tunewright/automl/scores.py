"""What models are worth on rows that the search never saw: plain records, each score with its interval.

How they are found is in `outcome.py` and `intervals.py`.
"""

from typing import Final

import msgspec

from tunewright.analysis.text import interval
from tunewright.tracking.progress import plain_number

__all__ = ["Difference", "Score", "TestScores", "judged_class"]

_LARGE: Final = 1e5

_OF_ONE_CLASS: Final = frozenset({
    "average_precision", "f1", "jaccard", "neg_negative_likelihood_ratio", "positive_likelihood_ratio", "precision", "recall",
})  # fmt: skip
"""Scorers for two classes that are not the same whichever of the classes is called positive."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A score on the test set with its 95 % interval, None where the rows cannot tell it; `others` holds further metrics without intervals."""

    value: float | None
    low: float | None
    high: float | None
    others: dict[str, float] = {}

    @property
    def text(self) -> str:
        """As "0.9954 (0.9871 to 1.0000)"; without an interval where there is none, "-" without a value."""
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{self.value:#.4g}".rstrip(".") if abs(self.value) < _LARGE else plain_number(self.value)
        return "{} ({})".format(*interval(self.value, self.low, self.high))


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Winner minus another on the same test rows, in the metric's units, with its 95 % interval, None as for `Score`.

    `better` is the share of bootstrap draws in which the winner was the better one, ties counted half.
    """

    value: float | None
    low: float | None
    high: float | None
    better: float | None
    sentence: str


class TestScores(msgspec.Struct, frozen=True, kw_only=True):
    """What the models are worth on rows that the search never saw.

    Attributes:
        winner, default, baseline: each fitted on all training rows; without a value where that failed.
        default_title, baseline_title: what they are ("random forest with scikit-learn's defaults", "always the class B").
        difference: winner against default.
        floor: winner against baseline; None in results that were written before there was one.
        draws: bootstrap draws behind the intervals, and behind the shares of draws.
        sentence: how to read the intervals.
    """

    __test__ = False  # pytest collects classes by their name

    winner: Score
    default: Score
    baseline: Score
    default_title: str
    baseline_title: str
    difference: Difference
    draws: int
    sentence: str
    floor: Difference | None = None


def judged_class(scorer: str, positive: str | None) -> str | None:
    """The class that a score is of, as precision and recall are of one of two; None where it is of all of them.

    Args:
        scorer: the scikit-learn scorer.
        positive: the class that is called so; None: there are not two.
    """
    return positive if scorer in _OF_ONE_CLASS else None
