"""Optuna with SQLite set by hand to what Tunewright uses: write-ahead log, synchronous=NORMAL.

So both keep the same promise: what was told survives the death of any process, not a power cut.
"""

import sqlite3
from collections.abc import Callable

import optuna_cells as plain
import sqlalchemy
from optuna.storages import RDBStorage

__all__ = ["count", "create", "in_store", "settings"]

count = plain.count


def _storage(url: str) -> RDBStorage:
    store = RDBStorage(url)

    def set_up(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlalchemy.event.listen(store.engine, "connect", set_up)
    store.engine.dispose()  # the connections of before
    return store


def create(url: str) -> None:
    plain.create(url, _storage)


def in_store(url: str, sleep: float) -> Callable[[], None]:
    return plain.in_store(url, sleep, _storage)


def settings(url: str) -> str:
    return plain.settings(url, _storage)
