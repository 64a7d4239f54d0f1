from tunewright.resampling.copied import alike_rows as alike_rows
from tunewright.resampling.cross_validation import CrossValidation as CrossValidation

__all__ = ["CrossValidation", "alike_rows"]
