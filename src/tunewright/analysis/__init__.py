"""What a study says: its numbers (`summary`, `training`) and its page (`report`).

Everything here is a pure function of a history. What a history cannot know comes in a `ReportExtras`.
"""

from tunewright.analysis.facts import ReportExtras, Rows, Score
from tunewright.analysis.report import report
from tunewright.analysis.summary import (
    Cause,
    Difference,
    Ranked,
    Spread,
    Totals,
    causes,
    default_trial,
    difference,
    objective,
    ranked,
    ranking,
    sentence_on_difference,
    spread,
    totals,
)
from tunewright.analysis.text import duration, number, with_spread
from tunewright.analysis.training import Gap, gap, gap_sentence

__all__ = [
    "Cause",
    "Difference",
    "Gap",
    "Ranked",
    "ReportExtras",
    "Rows",
    "Score",
    "Spread",
    "Totals",
    "causes",
    "default_trial",
    "difference",
    "duration",
    "gap",
    "gap_sentence",
    "number",
    "objective",
    "ranked",
    "ranking",
    "report",
    "sentence_on_difference",
    "spread",
    "totals",
    "with_spread",
]
