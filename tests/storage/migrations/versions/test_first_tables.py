"""History is not rewritten."""

import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.pool import StaticPool

from tunewright.storage.migrations.versions import first_tables

COLUMNS = {
    "copies": "id INTEGER NOT NULL, name TEXT NOT NULL, created FLOAT NOT NULL, header TEXT NOT NULL",
    "events": "id INTEGER NOT NULL, time FLOAT NOT NULL, kind TEXT NOT NULL, trial INTEGER NOT NULL, body TEXT NOT NULL",
    "studies": "id INTEGER NOT NULL, name TEXT NOT NULL, created FLOAT NOT NULL, header TEXT NOT NULL",
    "workers": "id INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, started FLOAT NOT NULL, seen FLOAT NOT NULL",
}


def test_the_first_tables_are_still_what_they_were() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        first_tables.upgrade()

    there = sqlalchemy.inspect(engine)

    assert {
        table: ", ".join(f"{c['name']} {c['type']}{'' if c['nullable'] else ' NOT NULL'}" for c in there.get_columns(table))
        for table in there.get_table_names()
        if not table.startswith("sqlite_")
    } == COLUMNS
    assert all(there.get_pk_constraint(table)["constrained_columns"] == ["id"] for table in COLUMNS)
    assert [unique["column_names"] for unique in there.get_unique_constraints("studies")] == [["name"]]
    engine.dispose()
