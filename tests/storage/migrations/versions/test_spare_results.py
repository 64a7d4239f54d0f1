"""History is not rewritten."""

import sqlite3
from contextlib import closing

from tunewright.storage.migrations.versions import spare_results
from tunewright.storage.schema import TRIALS_VIEW, VERSION
from tunewright.study import Study


def test_an_older_file_gets_the_view_in_which_spare_tasks_cost_no_trial_its_completion(older):
    path = older(2)

    again = Study.load(f"sqlite:///{path}")
    assert again.history.completed == 2
    again.storage.close()

    with closing(sqlite3.connect(path)) as newer:
        assert newer.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone() == (TRIALS_VIEW,)
        assert newer.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert newer.execute("SELECT state FROM trials").fetchall() == [("completed",)] * 2
    assert (spare_results.revision, spare_results.down_revision) == ("0003", "0002")
