"""Cross-validation as work that can be divided: frozen splits, folds as tasks, scores with their out-of-fold predictions."""

from tunewright.lazy import face

__all__ = ["CrossValidation", "alike_rows"]

_CONTENTS = {"copied": ("alike_rows",), "cross_validation": ("CrossValidation",)}

__getattr__, __dir__ = face(__name__, _CONTENTS)
