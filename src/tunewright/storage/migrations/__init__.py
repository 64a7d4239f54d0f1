"""How tables of an older Tunewright become those of this one: Alembic's revisions, run over Tunewright's own number.

The number of the tables (`schema.VERSION`) stands in the database: SQLite's `user_version`, PostgreSQL's table `version`. It is read
before anything is opened, and changes in the same transaction as the tables. Revision "0002" makes tables of version 2 out of those of
version 1, and so on; a killed upgrade leaves the old tables whole. New databases are made at once from `schema.metadata`, and a test
compares them with what the revisions make of nothing.

A new revision: raise `schema.VERSION`, change the tables there, and write `versions/NAME.py` with `revision`, `down_revision` and
`upgrade()`, in Alembic's operations, for both databases. A revision is history: it imports nothing of `schema`, and is never changed.
The view `trials` is dropped before and made anew after, so that a revision may change what the view reads.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy

from tunewright.errors import StorageError
from tunewright.storage.records import UPDATE
from tunewright.storage.schema import POSTGRES_VIEW, TRIALS_VIEW, VERSION

__all__ = ["outdated", "upgrade"]

_FOLDER: Final = Path(__file__).parent


def outdated(number: int, shown: str) -> bool:
    """Whether tables of this version want to be brought up to date.

    Raises:
        StorageError: they are newer than this Tunewright.
    """
    if number > VERSION:
        raise StorageError(
            f"{shown} was written by a newer Tunewright (tables of version {number}, this one knows {VERSION}). "
            f"It was not touched. {UPDATE}"
        )
    return number < VERSION


def upgrade(connection: sqlalchemy.Connection) -> None:
    """Bring the tables up to date, and their number, in the transaction that runs. Number 0: there are none yet."""
    from alembic.operations import Operations  # noqa: PLC0415  few need it, and it takes longer than to open a study
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    sqlite = connection.dialect.name == "sqlite"
    number = connection.exec_driver_sql("PRAGMA user_version" if sqlite else "SELECT number FROM version").scalar_one()
    if number >= VERSION:  # another process was quicker
        return
    steps = ScriptDirectory(str(_FOLDER)).iterate_revisions(f"{VERSION:04}", f"{number:04}" if number else "base")
    connection.exec_driver_sql("DROP VIEW IF EXISTS trials")
    with Operations.context(MigrationContext.configure(connection)):
        for step in reversed(list(steps)):
            change: Callable[[], None] = step.module.upgrade
            change()
    connection.exec_driver_sql(TRIALS_VIEW if sqlite else POSTGRES_VIEW)
    connection.exec_driver_sql(f"PRAGMA user_version={VERSION}" if sqlite else f"UPDATE version SET number = {VERSION}")  # noqa: S608  our own number
