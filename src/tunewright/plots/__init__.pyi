from tunewright.plots.parameters import contour as contour
from tunewright.plots.parameters import parallel as parallel
from tunewright.plots.parameters import rank as rank
from tunewright.plots.parameters import slices as slices
from tunewright.plots.picture import Picture as Picture
from tunewright.plots.progress import comparison as comparison
from tunewright.plots.progress import distribution as distribution
from tunewright.plots.progress import history as history
from tunewright.plots.progress import learning_curves as learning_curves
from tunewright.plots.progress import timeline as timeline
from tunewright.plots.reasons import effects as effects
from tunewright.plots.reasons import importance as importance
from tunewright.plots.reasons import interactions as interactions
from tunewright.plots.results import folds as folds
from tunewright.plots.results import pareto as pareto

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
