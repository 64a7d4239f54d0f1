"""Scores on the test set, with how sure they are: plain records."""

import msgspec

__all__ = ["Difference", "Score", "TestScores"]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A score on the test set with its 95 % interval, None where the rows cannot tell it; `others` holds further metrics without intervals."""

    value: float | None
    low: float | None
    high: float | None
    others: dict[str, float] = {}


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
