from tunewright.resampling.cross_validation import CrossValidation as CrossValidation

__all__ = ["CrossValidation"]
