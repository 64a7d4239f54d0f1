"""Data in, tuned model out: the main job."""

from tunewright.automl.records import TuneRequest, TuneResult

__all__ = ["TuneRequest", "TuneResult"]
