from tunewright.analysis.facts import ReportExtras, Rows, Score
from tunewright.analysis.generalization import Generalization, by_draws, by_folds, by_objective, by_outer_folds, nested
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
from tunewright.analysis.winner import Estimate, Winner, find_winner

__all__ = [
    "Cause",
    "Difference",
    "Estimate",
    "Fit",
    "Gap",
    "Generalization",
    "Importance",
    "Ranked",
    "ReportExtras",
    "Rows",
    "Score",
    "Share",
    "Spread",
    "Totals",
    "Winner",
    "by_draws",
    "by_folds",
    "by_objective",
    "by_outer_folds",
    "causes",
    "default_trial",
    "difference",
    "duration",
    "find_winner",
    "gap",
    "gap_sentence",
    "importance",
    "nested",
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
