"""What a study says: its numbers (`summary`, `training`, `table`) and its page (`report`).

Everything here is a pure function of a history. What a history cannot know comes in a `ReportExtras`.
"""

from tunewright.lazy import face

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

_CONTENTS = {
    "facts": ("ReportExtras", "Rows", "Score"),
    "generalization": ("Generalization", "by_draws", "by_folds", "by_objective", "by_outer_folds", "nested"),
    "importances": ("Importance", "Share", "importance"),
    "summary": (
        "Cause",
        "Difference",
        "Ranked",
        "Spread",
        "Totals",
        "causes",
        "default_trial",
        "difference",
        "objective",
        "ranked",
        "ranking",
        "sentence_on_difference",
        "spread",
        "totals",
    ),
    "surrogate": ("Fit",),
    "table": ("records",),
    "text": ("duration", "number", "with_spread"),
    "winner": ("Estimate", "Winner", "find_winner"),
    "training": ("Gap", "gap", "gap_sentence"),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
