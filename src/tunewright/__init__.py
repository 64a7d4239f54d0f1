"""Tunewright finds the hyperparameters of a model, judges them honestly, and loses nothing.

This is the table of contents. Names load when they are first used, so that `import tunewright` costs next to nothing.
"""

from tunewright.lazy import face

_CONTENTS = {
    "space": ("Bool", "Categorical", "Choice", "Float", "Int", "Normal", "Ordinal", "Parameter", "SearchSpace", "param"),
    "metric": ("Metric",),
    "trial": ("Failure", "Measurement", "Outcome", "Task", "Trial", "TrialState"),
    "history": ("History",),
    "hypergradients": ("hypergradients",),
    "execution.live": ("LiveTrial",),
    "study": ("Study",),
    "resampling.cross_validation": ("CrossValidation",),
    "automl": ("automl",),
    "catalog": ("catalog",),
    "plots": ("plots",),
    "sklearn": ("SearchCV", "sklearn"),
    "errors": ("Stopped", "TunewrightError", "errors"),
    "samplers": ("samplers",),
    "schedulers": ("schedulers",),
    "storage": ("storage",),
    "testing": ("testing",),
    "unsupervised": ("unsupervised",),
    "tracking.provenance": ("__version__",),
}

__all__ = sorted(name for names in _CONTENTS.values() for name in names if name != "__version__")  # noqa: PLE0605  the type stub spells it out

__getattr__, __dir__ = face(__name__, _CONTENTS)
