"""A command line in this very process, in an empty folder."""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tunewright.cli import main

TRAIN = """
import tunewright as tw

space = tw.SearchSpace({"x": tw.Float(-5, 5), "shape": tw.Categorical(["bowl", "ridge"])})


def objective(live):
    return (live["x"] - 1) ** 2


def noisy(live):
    return {"loss": (live["x"] - 1) ** 2 + 0.1 * (live.fold or 0) + live.seed, "size": 3}


def fails(live):
    raise ValueError(f"diverged at {abs(live['x']):.3f}")


def talks(live):
    print("trying", live["x"])
    return live["x"]
"""
SPACE = """
parameters:
  x: {type: float, low: -5, high: 5}
  shape: {type: categorical, choices: [bowl, ridge]}
"""


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with train.py and space.yaml in it."""
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "space.yaml").write_text(SPACE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line; gives the exit code and what it printed."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        with warnings.catch_warnings():
            code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run
