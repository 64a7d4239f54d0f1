"""What a study says: its numbers (`summary`, `training`, `table`) and its page (`report`).

Everything here is a pure function of a history. What a history cannot know comes in a `ReportExtras`.
"""

from tunewright.lazy import face

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

_CONTENTS = {
    "facts": ("ReportExtras", "Rows", "Score"),
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
    "training": ("Gap", "gap", "gap_sentence"),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
