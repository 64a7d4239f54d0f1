"""Every storage keeps the contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tunewright.storage import Memory, Storage
from tunewright.storage.database import Database
from tunewright.storage.postgres import Postgres
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import CHECKS, Factory

STORAGES: dict[str, Callable[[Path], Storage]] = {
    "Memory": lambda _: Memory(),
    "Sql": lambda folder: Sql(str(folder / "runs.db")),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.strip("_"))
@pytest.mark.parametrize("storage", STORAGES)
def test_every_storage_keeps_the_contract(storage: str, check: Callable[[Factory], None], tmp_path: Path) -> None:
    check(lambda: STORAGES[storage](tmp_path))

    assert {path.name for path in tmp_path.iterdir()} <= {"runs.db"}  # closed, nothing is left beside the file


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.strip("_"))
def test_a_real_server_keeps_the_contract(check: Callable[[Factory], None], postgres: str) -> None:
    check(lambda: Postgres(postgres))


def test_both_databases_are_one_journal() -> None:
    assert issubclass(Sql, Database)
    assert issubclass(Postgres, Database)
