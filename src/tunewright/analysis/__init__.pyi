from tunewright.analysis.checks import Check, Health, health
from tunewright.analysis.comparison import Comparison, compare
from tunewright.analysis.dependence import Effect, Effects, effects
from tunewright.analysis.facts import ReportExtras, Rows, Score
from tunewright.analysis.gains import Gain, Stay, Step, Tunability
from tunewright.analysis.generalization import by_draws, by_folds, by_objective, by_outer_folds, by_test, nested
from tunewright.analysis.growth import Halved, grown
from tunewright.analysis.importances import importance
from tunewright.analysis.lineages import Lineage, Stretch, lineage
from tunewright.analysis.notebook import card
from tunewright.analysis.pages import page
from tunewright.analysis.prospects import Prospect, prospect
from tunewright.analysis.refinement import Refinement, refine
from tunewright.analysis.robustness import Change, Sensitivity, Variation, neighbours, sensitivity
from tunewright.analysis.shares import Importance, Share
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
from tunewright.analysis.trends import Overfitting, Trend, over_range, overfitting
from tunewright.analysis.tuning import tunability
from tunewright.analysis.verdict import Generalization
from tunewright.analysis.winner import Estimate, Winner, find_winner

__all__ = [
    "Cause",
    "Change",
    "Check",
    "Comparison",
    "Difference",
    "Effect",
    "Effects",
    "Estimate",
    "Fit",
    "Gain",
    "Gap",
    "Generalization",
    "Halved",
    "Health",
    "Importance",
    "Lineage",
    "Overfitting",
    "Prospect",
    "Ranked",
    "Refinement",
    "ReportExtras",
    "Rows",
    "Score",
    "Sensitivity",
    "Share",
    "Spread",
    "Stay",
    "Step",
    "Stretch",
    "Totals",
    "Trend",
    "Tunability",
    "Variation",
    "Winner",
    "by_draws",
    "by_folds",
    "by_objective",
    "by_outer_folds",
    "by_test",
    "card",
    "causes",
    "compare",
    "default_trial",
    "difference",
    "duration",
    "effects",
    "find_winner",
    "gap",
    "gap_sentence",
    "grown",
    "health",
    "importance",
    "lineage",
    "neighbours",
    "nested",
    "number",
    "objective",
    "over_range",
    "overfitting",
    "page",
    "prospect",
    "ranked",
    "ranking",
    "records",
    "refine",
    "sensitivity",
    "sentence_on_difference",
    "spread",
    "totals",
    "tunability",
    "with_spread",
]
