"""Out-of-fold predictions, kept beside the study: a small file for each task, named by what it is of.

A journal of 200 configurations on 10,000 rows would grow by millions of numbers; so the journal holds a name, and the folder the
numbers. The name is a hash of the data, the splits, the estimator and the parameters with the fold and the repeat, so a file is found
without the journal, tasks that run twice write the same file, and a folder may serve several studies.
"""

import hashlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tunewright.errors import DataError
from tunewright.resampling.scoring import Answer
from tunewright.typing import Array, Params

__all__ = ["Kept"]

_WAYS: Final = ("predict_proba", "decision_function", "predict")


class Kept:
    """The predictions in a folder.

    Args:
        folder: made if it is not there.
        whose: a fingerprint of all that the predictions depend on beside the parameters: data, splits, estimator.

    Raises:
        DataError: the folder cannot be made.
    """

    def __init__(self, folder: str | Path, whose: str) -> None:
        self.folder = Path(folder)
        self._whose = whose
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"The folder {folder} for predictions cannot be made: {error.strerror or error}.") from error

    def name(self, params: Params, fold: int, repeat: int) -> str:
        """The file of a task."""
        text = self._whose.encode() + msgspec.json.encode(params, order="sorted")
        return f"{hashlib.sha256(text).hexdigest()[:20]}-{repeat}-{fold}.npz"

    def write(self, params: Params, fold: int, repeat: int, model: Any, X: Any) -> str:  # noqa: ANN401, N803
        """Keep what a fitted model says of rows; returns the name of the file.

        Probabilities are kept where the model gives them (as float32), else its decision values, else its predictions. Beside the first two
        the classes it predicts, which need not be the most probable ones: there are thresholds, and support vector machines.
        """
        way = next((way for way in _WAYS if hasattr(model, way)), None)
        if way is None:
            raise DataError(f"{type(model).__name__} predicts nothing that could be kept. Leave predictions= out.")
        said = _plain(getattr(model, way)(X))
        held = {"said": said.astype(np.float32) if way == "predict_proba" else said, "way": np.array(way)}
        if hasattr(model, "classes_"):
            held["classes"] = _plain(model.classes_)
        if way != "predict" and hasattr(model, "predict"):
            held["predicted"] = _plain(model.predict(X)).reshape(len(said), -1)[:, 0]  # CatBoost's is a column
        name = self.name(params, fold, repeat)
        part = self.folder / f".{name}.{os.getpid()}"
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **held)
        part.replace(self.folder / name)
        return name

    def pooled(self, params: Params, folds: Any, y: Any) -> Answer | None:  # noqa: ANN401
        """What a configuration said of each row in the first repeat, in the order of the rows.

        Args:
            params: of the configuration.
            folds: of the first repeat.
            y: the classes, whose sorted order is that of the columns; None for a regression.

        Returns:
            None where a file is missing, or the predictions are neither values nor say which classes were predicted. Where a model gives no
            probabilities, what stands in their place orders the rows of each fold as it does (`Answer.proba`).
        """
        names = [self.folder / self.name(params, fold, 0) for fold in range(len(folds))]
        if not all(name.exists() for name in names):
            return None
        classes = None if y is None else np.unique(np.asarray(y))
        order = np.argsort(np.concatenate([fold.test for fold in folds]), kind="stable")
        answers = [answer for name in names if (answer := _read(name, classes)) is not None]
        if len(answers) < len(names):
            return None
        predicted = np.concatenate([answer.predicted for answer in answers])[order]
        if classes is None:
            return Answer(predicted, None)
        return Answer(predicted, np.concatenate([answer.proba for answer in answers if answer.proba is not None])[order])


def _plain(cells: Any) -> Array:  # noqa: ANN401
    """As an array that needs no pickle: labels that are Python objects as texts."""
    found = np.asarray(cells)
    return found.astype(np.str_) if found.dtype == object else found


def _read(path: Path, classes: Any) -> Answer | None:  # noqa: ANN401
    with np.load(path, allow_pickle=False) as held:
        way, said = str(held["way"]), held["said"]
        if classes is None:
            return Answer(said.astype(np.float64), None) if way == "predict" and said.ndim == 1 else None
        predicted = said if way == "predict" else held.get("predicted")
        if predicted is None or predicted.ndim != 1:
            return None
        places = {str(label): place for place, label in enumerate(classes)}
        codes = [places.get(str(label)) for label in predicted]
        if None in codes:  # no class of the target
            return None
        known = [places[str(label)] for label in held["classes"]] if "classes" in held else []
        return Answer(np.array(codes, np.float64), _by_class(way, said, np.array(codes), known, len(classes)))


def _by_class(way: str, said: Array, codes: Array, known: list[int], count: int) -> Array:
    """A column for each class: its probability; else, of two classes, the decision value; else whether it was predicted.

    No score takes the last two for probabilities: scikit-learn's scorers that need these fail with a model that gives none.
    """
    whole = np.zeros((len(said), count))
    if way == "predict_proba":
        whole[:, known] = said
    elif way == "decision_function" and said.ndim == 1 and len(known) == count == 2:
        whole[:, known] = np.stack([-said, said], axis=1)
    else:
        whole[np.arange(len(said)), codes] = 1.0
    return whole
