"""History is not rewritten."""

import sqlite3
from contextlib import closing

from tunewright.storage.migrations.versions import parents
from tunewright.storage.schema import TRIALS_VIEW, VERSION
from tunewright.study import Study


def test_an_older_file_gets_the_view_that_knows_whose_clone_a_trial_is(older):
    path = older(4)

    Study.load(f"sqlite:///{path}").storage.close()

    with closing(sqlite3.connect(path)) as newer:
        assert newer.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone() == (TRIALS_VIEW,)
        assert newer.execute("SELECT parent FROM trials").fetchall() == [(None,)] * 2
        assert newer.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert (parents.revision, parents.down_revision) == ("0005", "0004")
