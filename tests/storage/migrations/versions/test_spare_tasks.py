"""History is not rewritten."""

import sqlite3
from contextlib import closing

from tunewright.storage.migrations.versions import spare_tasks
from tunewright.storage.schema import VERSION
from tunewright.study import Study


def test_an_older_file_gets_the_view_that_knows_spare_tasks(older):
    path = older(1)

    Study.load(f"sqlite:///{path}").storage.close()

    with closing(sqlite3.connect(path)) as newer:
        (text,) = newer.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone()
        assert "$.spare" in text
        assert newer.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert (spare_tasks.revision, spare_tasks.down_revision) == ("0002", "0001")
