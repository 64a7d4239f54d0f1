"""The journal in a SQLite file: the contract, several processes, sudden death."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import CHECKS, Factory


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sqlite_file_keeps_the_contract(check: Callable[[Factory], None], tmp_path: Path) -> None:
    check(lambda: Sql(str(tmp_path / "runs.db")))

    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]  # nothing is left beside it
