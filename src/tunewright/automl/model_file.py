"""A model in one file, which cannot run code of its own when it is loaded.

A pickle executes what is written in it. Here the file is a zip archive in the format of skops: arrays, and a tree of type names from
which the pipeline is put together again. Before anything is built, every type name in the file is compared with a fixed list:
scikit-learn's estimators, the inner types that our families leave in them, and NumPy's arrays. A file with any other name is refused.

Beside the pipeline the file holds a `ModelCard`: how a table is read (the schema), what the classes are, what was measured. So
`predict` needs the file and the new table, nothing else.
"""

import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from sklearn.pipeline import Pipeline

from tunewright.automl.objective import threads
from tunewright.automl.prepare import prepare
from tunewright.automl.records import MetricFacts, TaskFacts
from tunewright.automl.schema import Schema
from tunewright.automl.tables import Frame
from tunewright.automl.task import original
from tunewright.errors import DataError, ModelError
from tunewright.extras import require
from tunewright.resampling.scoring import respond

__all__ = ["INNER_TYPES", "Model", "ModelCard", "Predicted", "load_model", "predict", "save_model"]

INNER_TYPES: Final = (
    "functools.partial",  # of check_array, in gradient boosting with categories; what it is of is checked by itself
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types inside fitted estimators of the catalog, beside the estimators themselves."""

_LARGEST: Final = 1 << 34
"""Bytes that a model file may unpack to."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a saved model.

    Attributes:
        schema: how a table is read.
        task: what it predicts.
        metric: what it was chosen by.
        params: its configuration.
        validation: mean validation score; None when unknown.
        environment: versions it was made with.
        created: ISO 8601, UTC.
        format: of this file.
    """

    schema: Schema
    task: TaskFacts
    metric: MetricFacts
    params: dict[str, Any]
    validation: float | None
    environment: dict[str, Any]
    created: str
    format: int = 1


class Model(NamedTuple):
    """A fitted pipeline and its card."""

    card: ModelCard
    pipeline: Any


class Predicted(NamedTuple):
    """Predictions and what had to be said about the rows.

    Attributes:
        frame: pandas DataFrame: "prediction"; for classification also "probability <class>" for each class.
        notes: sentences: columns not used, values never seen in training, cells that could not be read.
    """

    frame: Frame
    notes: tuple[str, ...]


def save_model(path: str | Path, model: Model) -> None:
    """Write the file, whole or not at all.

    Raises:
        ModelError: it cannot be written there.
        ExtraMissing: skops is not installed.
    """
    skops = require("skops.io", extra="tune")
    content = {"tunewright": msgspec.json.encode(model.card).decode(), "pipeline": model.pipeline}
    data = skops.dumps(content, compression=zipfile.ZIP_DEFLATED, compresslevel=3)
    file = Path(path)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ModelError(f"The model cannot be written to {file}: {error.strerror or error}. Choose another folder.") from error


def load_model(path: str | Path) -> Model:
    """Read a model file. Nothing in it is executed.

    Raises:
        ModelError: it is not there, it is damaged, it is none of ours, or it holds types that are not allowed; they are named.
        ExtraMissing: skops is not installed.
    """
    skops = require("skops.io", extra="tune")
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{file} cannot be read: {error.strerror or error}. Give the path of a model that tune has written."
        ) from error
    _checked_archive(file, data)
    try:
        foreign = sorted(set(skops.get_untrusted_types(data=data)) - set(INNER_TYPES))
    except Exception as error:
        raise ModelError(f"{file} is damaged: {type(error).__name__}: {error}. Tune again, or take a copy.") from error
    if foreign:
        shown = ", ".join(foreign[:5])
        raise ModelError(
            f"{file} holds types that no model of ours has: {shown}. It was changed or made by something else; it is not loaded."
        )
    try:
        content = skops.loads(data, trusted=list(INNER_TYPES))
        if not isinstance(content, dict) or "tunewright" not in content:
            raise ModelError(f"it holds a {type(content).__name__} without a card")
        card = msgspec.json.decode(content["tunewright"], type=ModelCard)
        pipeline = content["pipeline"]
    except Exception as error:
        raise ModelError(
            f"{file} is damaged or no model of ours: {type(error).__name__}: {error}. Tune again, or take a copy."
        ) from error
    if not isinstance(pipeline, Pipeline):
        raise ModelError(
            f"{file} holds no scikit-learn pipeline but a {type(pipeline).__name__}. Give a model that tune has written."
        )
    return Model(card, pipeline)


def predict(model: Model, frame: Frame) -> Predicted:
    """Predict every row of a table.

    Columns that training did not have are not used, and said; a target column is ignored.

    Raises:
        ModelError: columns are missing, or hold another kind of value; all of them are named.
    """
    pandas = require("pandas", extra="tune")
    schema = model.card.schema
    try:
        values, notes = prepare(frame, schema)
    except DataError as error:
        raise ModelError(str(error)) from None
    classes = schema.target.classes
    with threads(1 if len(values) < 1000 else None):
        answer = respond(model.pipeline, values, len(classes)) if len(values) else None
    if answer is None:
        return Predicted(pandas.DataFrame({"prediction": []}), notes)
    out = pandas.DataFrame({"prediction": original(answer.predicted, schema.target)}, index=frame.index)
    if answer.proba is not None:
        proba = pandas.DataFrame(
            np.asarray(answer.proba), columns=[f"probability {label}" for label in classes], index=frame.index
        )
        out = pandas.concat([out, proba], axis=1)
    return Predicted(out, notes)


def _checked_archive(file: Path, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(item.file_size for item in archive.infolist())
            broken = archive.testzip() if size < _LARGEST else None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ModelError(f"{file} is not a model file, or it is damaged: {error}. Give a file that tune has written.") from error
    if "schema.json" not in names:
        raise ModelError(f"{file} is a zip archive but not a model file. Give a file that tune has written.")
    if size >= _LARGEST:
        raise ModelError(f"{file} would unpack to {size / 2**30:.0f} GiB. No model of ours is that large; it is not loaded.")
    if broken is not None:
        raise ModelError(f"{file} is damaged ({broken}). Tune again, or take a copy.")
