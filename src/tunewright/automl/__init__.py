"""Data in, tuned model out: the main job.

from tunewright.automl import TuneRequest, load_model, predict, read_table, tune

result = tune(TuneRequest(data="patients.csv", target="diagnosis", seconds=60))
predicted = predict(load_model(result.paths.model), read_table("new.csv").frame)
"""

from tunewright.automl.claims import Claim, Gap, RaceFacts
from tunewright.automl.copies import Copies
from tunewright.automl.model_file import Model, ModelCard, Predicted, load_model, predict, save_model
from tunewright.automl.page import report_extras
from tunewright.automl.records import (
    BudgetFacts,
    ColumnFacts,
    Configuration,
    Counts,
    DataFacts,
    FamilyFacts,
    MetricFacts,
    Paths,
    SplitFacts,
    TaskFacts,
    TaskKind,
    TunePlan,
    TuneRequest,
    TuneResult,
)
from tunewright.automl.schema import Column, Schema, Target
from tunewright.automl.scores import Difference, Score, TestScores
from tunewright.automl.tables import Table, read_table
from tunewright.automl.tune import tune

__all__ = [
    "BudgetFacts",
    "Claim",
    "Column",
    "ColumnFacts",
    "Configuration",
    "Copies",
    "Counts",
    "DataFacts",
    "Difference",
    "FamilyFacts",
    "Gap",
    "MetricFacts",
    "Model",
    "ModelCard",
    "Paths",
    "Predicted",
    "RaceFacts",
    "Schema",
    "Score",
    "SplitFacts",
    "Table",
    "Target",
    "TaskFacts",
    "TaskKind",
    "TestScores",
    "TunePlan",
    "TuneRequest",
    "TuneResult",
    "load_model",
    "predict",
    "read_table",
    "report_extras",
    "save_model",
    "tune",
]
