"""Plots of studies: `tunewright.plots.history(study)`, and thirteen more.

Each takes a `Study` or its history (several of them where that makes sense), says in a caption what to see, and is drawn by plotly, or
by matplotlib with `backend="matplotlib"` (extra `plots`). Where there is nothing to see, the figure says why.
"""

from tunewright.lazy import face

__all__ = [
    "Picture",
    "comparison",
    "contour",
    "distribution",
    "effects",
    "folds",
    "history",
    "importance",
    "interactions",
    "learning_curves",
    "parallel",
    "pareto",
    "rank",
    "slices",
    "timeline",
]

_CONTENTS = {
    "parameters": ("contour", "parallel", "rank", "slices"),
    "picture": ("Picture",),
    "progress": ("comparison", "distribution", "history", "learning_curves", "timeline"),
    "reasons": ("effects", "importance", "interactions"),
    "results": ("folds", "pareto"),
}

__getattr__, __dir__ = face(__name__, _CONTENTS)
