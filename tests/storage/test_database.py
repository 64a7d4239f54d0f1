"""What both databases do alike; the rest is the contract's, and that of `test_sql.py` and `test_postgres.py`."""

from pathlib import Path

import pytest

from tunewright.errors import StudyExists
from tunewright.events import Asked, Commented, Entry
from tunewright.storage.database import rows_of, span
from tunewright.storage.page import Page
from tunewright.storage.schema import SHIFT
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER


@pytest.mark.parametrize("study", [1, 7, 2**22])
def test_the_events_of_a_study_are_one_stretch_of_numbers(study: int) -> None:
    here, next_one = span(study), span(study + 1)

    assert here["first"] == (study << SHIFT) + 1
    assert here["last"] < next_one["first"] < 2**63
    assert span(study, 5)["first"] == here["first"] + 4


def test_a_page_becomes_rows() -> None:
    page = Page([], 4, lambda: 2)
    page.add(Entry(-1, Asked({"x": 1.0}, "test", 4), 1.5))
    page.add(Entry(2, Commented("so"), 2.5))

    rows = rows_of(3, page)

    assert [tuple(row.values())[:4] for row in rows] == [
        ((3 << SHIFT) + 5, 1.5, "asked", 2),
        ((3 << SHIFT) + 6, 2.5, "commented", 2),
    ]
    assert rows[1]["body"] == '{"text":"so"}'


def test_two_that_create_in_one_tick_of_the_clock_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.storage.database.time.time", lambda: 1_700_000_000.0)
    first, second = Sql(str(tmp_path / "runs.db")), Sql(str(tmp_path / "runs.db"))
    first.create("s", HEADER)

    with pytest.raises(StudyExists, match='A study "s" is in'):
        second.create("s", HEADER)

    first.close()
    second.close()
