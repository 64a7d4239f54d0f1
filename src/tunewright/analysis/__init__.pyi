from tunewright.analysis.facts import ReportExtras, Rows, Score
from tunewright.analysis.importances import Importance, Share, importance
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
from tunewright.analysis.surrogate import Fit
from tunewright.analysis.table import records
from tunewright.analysis.text import duration, number, with_spread
from tunewright.analysis.training import Gap, gap, gap_sentence

__all__ = [
    "Cause",
    "Difference",
    "Fit",
    "Gap",
    "Importance",
    "Ranked",
    "ReportExtras",
    "Rows",
    "Score",
    "Share",
    "Spread",
    "Totals",
    "causes",
    "default_trial",
    "difference",
    "duration",
    "gap",
    "gap_sentence",
    "importance",
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
