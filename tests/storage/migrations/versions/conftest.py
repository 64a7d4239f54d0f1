"""Files as older versions wrote them."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tunewright.space import Float
from tunewright.study import Study

Older: TypeAlias = Callable[[int], Path]


@pytest.fixture
def older(tmp_path: Path) -> Older:
    """A file with two trials, whose tables say that they are of another version, and whose view is another one."""

    def made(version: int) -> Path:
        path = tmp_path / "runs.db"
        study = Study({"x": Float(0, 1)}, storage=f"sqlite:///{path}")
        study.optimize(lambda live: live["x"], trials=2)
        study.storage.close()
        with sqlite3.connect(path) as file:
            file.execute("DROP VIEW trials")
            file.execute("CREATE VIEW trials AS SELECT 1 AS number")
            file.execute(f"PRAGMA user_version={version}")
        return path

    return made
