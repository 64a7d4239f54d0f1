"""One configuration on one fold.

The arrays lie in a folder, written once; each process reads them when it first needs them (memory-mapped, so that processes share
one copy) and keeps them. What travels with each task is the configuration and the number of the fold.

Besides the metric on the validation part, a task reports the same metric on the training part (on at most 2,000 rows, drawn once),
how long it took, and what scikit-learn warned of.
"""

import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from tunewright.automl.pipeline import build_pipeline
from tunewright.automl.records import MetricFacts
from tunewright.automl.split import Split, fresh
from tunewright.catalog import Shape
from tunewright.errors import DataError
from tunewright.execution.live import LiveTrial
from tunewright.resampling.scoring import respond, score
from tunewright.typing import Array, Value

__all__ = ["TRAIN_ROWS", "FoldObjective", "Workspace", "fit", "threads"]

TRAIN_ROWS = 2000
"""Rows on which the training score is computed, at most."""


def threads(count: int | None) -> AbstractContextManager[Any]:
    """Bound the threads of BLAS and OpenMP inside; None: no bound."""
    bound: AbstractContextManager[Any] = threadpool_limits(count)
    return bound


class Workspace:
    """A temporary folder with the arrays of the training rows; use it as a context, it is removed at the end.

    Args:
        x: features of all rows, shape (rows, features).
        y: target of all rows, shape (rows,).
        split: who may see which row.
        seed: of the rows for the training score.
        groups: number of each row's group; None: no groups.
    """

    def __init__(self, x: Array, y: Array, split: Split, seed: int, groups: NDArray[np.int64] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tunewright-"))
        try:
            self._write(x, y, split, np.random.default_rng([seed, 1]))
            np.save(self.folder / "assigned.npy", split.assigned)
            np.save(self.folder / "groups.npy", np.empty(0, np.int64) if groups is None else groups)
            np.save(self.folder / "copies.npy", np.array(split.copies))
        except OSError as error:
            self.__exit__()
            raise DataError(
                f"No room for a working copy of the data in {self.folder.parent}: {error.strerror or error}. Set TMPDIR to a larger folder."
            ) from error

    def _write(self, x: Array, y: Array, split: Split, rng: np.random.Generator) -> None:
        np.save(self.folder / "X.npy", np.ascontiguousarray(x))
        np.save(self.folder / "y.npy", y)
        for number, fold in enumerate(split.folds):
            seen = fold.train if len(fold.train) <= TRAIN_ROWS else np.sort(rng.choice(fold.train, TRAIN_ROWS, replace=False))
            for part, rows in (("train", fold.train), ("valid", fold.valid), ("seen", seen)):
                np.save(self.folder / f"{part}{number}.npy", rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _LOADED.pop(str(self.folder), None)
        shutil.rmtree(self.folder, ignore_errors=True)


class _Part(NamedTuple):
    x: Array
    y: Array


_LOADED: dict[str, dict[str, Array]] = {}


def _load(folder: str, name: str) -> Array:
    held = _LOADED.setdefault(folder, {})
    if name not in held:
        held[name] = np.load(Path(folder) / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return held[name]


def _part(folder: str, rows: str) -> _Part:
    return _rows(folder, _load(folder, rows))


def _rows(folder: str, numbers: NDArray[Any]) -> _Part:
    return _Part(np.asarray(_load(folder, "X")[numbers]), np.asarray(_load(folder, "y")[numbers]))


def _anew(folder: str, fold: int, repeat: int, classes: int, seed: int) -> list[_Part]:
    """Training, validation and seen part of a fold that nobody met in the first round."""
    groups = _load(folder, "groups")
    assigned = fresh(
        np.asarray(_load(folder, "assigned")), np.asarray(_load(folder, "y")), np.asarray(groups) if len(groups) else None,
        classes=classes, seed=seed, repeat=repeat, copies=bool(_load(folder, "copies")),
    )  # fmt: skip
    train, valid = np.flatnonzero((assigned >= 0) & (assigned != fold)), np.flatnonzero(assigned == fold)
    rng = np.random.default_rng([seed, 1, repeat, fold])
    seen = train if len(train) <= TRAIN_ROWS else np.sort(rng.choice(train, TRAIN_ROWS, replace=False))
    return [_rows(folder, numbers) for numbers in (train, valid, seen)]


class FoldObjective(msgspec.Struct, frozen=True):
    """Fits a configuration to the training rows of `live.fold`, and scores it.

    Returns the metric under its name; beside it "train" (the training score), "fit_seconds", "score_seconds" and, where there were
    any, "warnings": sentence -> how often.

    Attributes:
        folder: of the arrays.
        shape: of a training fold.
        metric: what is scored.
        seed: of the models, to which `live.seed` is added, and of the folds in which the best are confirmed.
    """

    folder: str
    shape: Shape
    metric: MetricFacts
    seed: int

    def __call__(self, live: LiveTrial) -> dict[str, Any]:
        """Evaluate one task. Raises what scikit-learn raises: the trial is then recorded as failed."""
        fold = live.fold or 0
        train, valid, seen = (
            _anew(self.folder, fold, live.seed, self.shape.classes, self.seed)
            if live.seed
            else [_part(self.folder, f"{part}{fold}") for part in ("train", "valid", "seen")]
        )
        model, said, fitted = fit(live.params, self.shape, self.seed + live.seed, train.x, train.y)
        start = time.perf_counter()
        with threads(1):
            value = score(self.metric, valid.y, respond(model, valid.x, self.shape.classes))
            trained = score(self.metric, seen.y, respond(model, seen.x, self.shape.classes))
        if not np.isfinite(value):
            few, large = "its rows may all be of one class", "the predictions may be too large, or the rows too few"
            raise ValueError(
                f"{self.metric.name} is not defined on fold {fold} ({few if self.shape.classes else large}). Use fewer folds or another metric."
            )
        scored = time.perf_counter() - start
        found: dict[str, Any] = {self.metric.name: value, "train": trained, "fit_seconds": fitted, "score_seconds": scored}
        return found | ({"warnings": dict(said)} if said else {})


def fit(
    params: Mapping[str, Value],
    shape: Shape,
    seed: int,
    x: Array,
    y: Array,
    *,
    cores: int | None = 1,
) -> tuple[Any, Counter[str], float]:
    """Build a pipeline and fit it.

    Returns:
        The pipeline, what scikit-learn warned of with how often, and the seconds it took.
    """
    start = time.perf_counter()
    with threads(cores), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = build_pipeline(dict(params), shape, seed).fit(x, y)
    said = Counter(f"{item.category.__name__}: {_first_sentence(str(item.message))}" for item in caught)
    return model, said, time.perf_counter() - start


def _first_sentence(text: str) -> str:
    """Without the colon after which a list would follow."""
    return text.split(". ")[0].strip().splitlines()[0].rstrip(" .:") if text.strip() else ""
