"""Optuna with SQLite set by hand to what Tunewright uses: write-ahead log, synchronous=NORMAL.

So both keep the same promise: what was told survives the death of any process, not a power cut.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna_cells as plain
import sqlalchemy
from optuna.storages import RDBStorage

__all__ = ["count", "create", "in_file", "settings"]

count = plain.count


def _storage(path: Path) -> RDBStorage:
    store = RDBStorage(f"sqlite:///{path}")

    def set_up(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlalchemy.event.listen(store.engine, "connect", set_up)
    store.engine.dispose()  # the connections of before
    return store


def create(path: Path) -> None:
    plain.create(path, _storage)


def in_file(path: Path) -> Callable[[], None]:
    return plain.in_file(path, _storage)


def settings(path: Path) -> str:
    return plain.settings(path, _storage)
