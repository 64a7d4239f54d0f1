"""LCBench: the validation error of a network on an OpenML task, as a surrogate that was fitted to 2,000 real trainings of each.

The surrogate is the ONNX model of YAHPO Gym [1] (folder `lcbench` of its data, version 1.0), fed as there: the task by its number in
`encoding.json`, the rest as raw float32 in the order epoch (always 52, the last), batch_size, learning_rate, momentum, weight_decay,
num_layers, max_units, max_dropout. It is deterministic. What is minimised is 100 - val_accuracy in per cent, and, as problems of their
own ("…-xe"), val_cross_entropy. The default configurations in `config_space.json` are the middles of the ranges, so none is given.

The tasks are divided: REPORT is for the final table and nothing else. The remaining tasks of LCBench are not used at all.

[1] Pfisterer et al., YAHPO Gym, AutoML 2022. [2] Zimmer et al., Auto-PyTorch Tabular, TPAMI 2021 (LCBench).
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from problem import DEVELOP, REPORT, Problem

from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["DEVELOP_TASKS", "REPORT_TASKS", "SPACE", "lcbench"]

DEVELOP_TASKS: Final = ("3945", "34539", "126025", "126029", "146212", "167104", "167149", "167152")
REPORT_TASKS: Final = ("167161", "167181", "167184", "167185", "167190", "167200", "167201", "168329")
SPACE: Final = SearchSpace(
    {
        "batch_size": Int(16, 512, log=True),
        "learning_rate": Float(1e-4, 1e-1, log=True),
        "momentum": Float(0.1, 0.99),
        "weight_decay": Float(1e-5, 1e-1),
        "num_layers": Int(1, 5),
        "max_units": Int(64, 1024, log=True),
        "max_dropout": Float(0.0, 1.0),
    }
)
_LAST_EPOCH: Final = 52.0
_OUTPUTS: Final = (
    "time",
    "val_accuracy",
    "val_cross_entropy",
    "val_balanced_accuracy",
    "test_cross_entropy",
    "test_balanced_accuracy",
)


def folder() -> Path:
    """Where `model.onnx` and `encoding.json` lie: TUNEWRIGHT_LCBENCH, else build/search/lcbench (a link will do).

    Raises:
        SystemExit: not there.
    """
    beside = Path(__file__).resolve().parents[2] / "build" / "search" / "lcbench"
    found = Path(os.environ.get("TUNEWRIGHT_LCBENCH", beside))
    if not (found / "model.onnx").exists():
        raise SystemExit(
            f"No model.onnx in {found}. Set TUNEWRIGHT_LCBENCH to the folder lcbench of the YAHPO Gym data, or leave its problems out."
        )
    return found


@cache
def _session() -> tuple[Any, dict[str, int]]:
    import onnxruntime  # noqa: PLC0415  only who asks for these problems needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    codes: dict[str, int] = json.loads((folder() / "encoding.json").read_text())["OpenML_task_id"]
    return onnxruntime.InferenceSession(str(folder() / "model.onnx"), options), codes


def outputs(task: str, rows: Array, epochs: Array | float = _LAST_EPOCH) -> Array:
    """All six outputs, shape (n, 6), for raw rows of `SPACE`, shape (n, 7), after so many epochs, shape (n,) or one for all."""
    session, codes = _session()
    numbers = np.column_stack([np.broadcast_to(epochs, len(rows)), rows]).astype(np.float32)
    found = session.run(None, {"x_cat": np.full((len(rows), 1), codes[task], np.int32), "x_cont": numbers})[0]
    return np.asarray(found, np.float64)


def _problem(task: str, group: str, output: str) -> Problem:
    column = _OUTPUTS.index(output)

    def many(rows: Array) -> Array:
        values = outputs(task, rows)[:, column]
        return values if output == "val_cross_entropy" else 100.0 - values

    def loss(params: Params) -> float:
        return float(many(SPACE.rows([params]))[0])

    return Problem(f"lcbench-{task}" + "-xe" * (output == "val_cross_entropy"), group, SPACE, loss, many=many)


def lcbench(*, report: bool) -> list[Problem]:
    """The problems of the develop half, or of the report half."""
    tasks, group = (REPORT_TASKS, REPORT) if report else (DEVELOP_TASKS, DEVELOP)
    return [_problem(task, group, output) for output in ("val_accuracy", "val_cross_entropy") for task in tasks]
