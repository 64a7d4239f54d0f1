from tunewright.analysis.facts import ReportExtras, Rows, Score
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
from tunewright.analysis.table import records
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
    "records",
    "sentence_on_difference",
    "spread",
    "totals",
    "with_spread",
]
