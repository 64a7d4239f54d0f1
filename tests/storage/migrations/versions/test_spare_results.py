"""History is not rewritten."""

import sqlite3
from pathlib import Path

from tunewright.space import Float
from tunewright.storage.migrations.versions import spare_results
from tunewright.storage.schema import TRIALS_VIEW, VERSION
from tunewright.study import Study


def test_an_older_file_gets_the_view_in_which_spare_tasks_cost_no_trial_its_completion(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    study = Study({"x": Float(0, 1)}, storage=f"sqlite:///{path}")
    study.optimize(lambda live: live["x"], trials=2)
    study.storage.close()
    with sqlite3.connect(path) as older:
        older.execute("DROP VIEW trials")
        older.execute("CREATE VIEW trials AS SELECT 1 AS number")
        older.execute("PRAGMA user_version=2")

    again = Study.load(f"sqlite:///{path}")
    assert again.history.completed == 2
    again.storage.close()

    with sqlite3.connect(path) as newer:
        assert newer.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone() == (TRIALS_VIEW,)
        assert newer.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert newer.execute("SELECT state FROM trials").fetchall() == [("completed",)] * 2
    assert (spare_results.revision, spare_results.down_revision) == ("0003", "0002")
