"""History is not rewritten."""

import sqlite3
from contextlib import closing

from tunewright.storage.migrations.versions import stopped_results
from tunewright.storage.schema import TRIALS_VIEW, VERSION
from tunewright.study import Study


def test_an_older_file_gets_the_view_that_knows_what_a_stopped_task_had_reached(older):
    path = older(3)

    Study.load(f"sqlite:///{path}").storage.close()

    with closing(sqlite3.connect(path)) as newer:
        (text,) = newer.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone()
        assert text == TRIALS_VIEW
        assert "$.reached" in text
        assert newer.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert (stopped_results.revision, stopped_results.down_revision) == ("0004", "0003")
