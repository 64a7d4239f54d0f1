"""The doctor finds what is wrong and saves what can be read."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
from pathlib import Path

import psycopg
import pytest

from tunewright.errors import StorageDamaged, StorageError
from tunewright.events import Asked, Enqueued, Entry, Failed, Told, Warned
from tunewright.storage.doctor import Finding, examine
from tunewright.storage.postgres import Postgres
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told
from tunewright.trial import Failure
from tunewright.typing import Params

TRIALS = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A study of 400 finished trials, with a long traceback in it, closed."""
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    chance = random.Random(0)
    position = 0
    for number in range(TRIALS):
        params: Params = {f"p{index}": chance.random() for index in range(10)}
        entries = [
            Entry(-1, Asked(params, "Random", position), 1.0 + number),
            Entry(number, Told({"loss": chance.random()}), 2.0 + number),
        ]
        if number % 100 == 7:
            entries[1] = Entry(number, Failed(Failure("exception", "ValueError", "traceback\n" * 1000)), 3.0)
        position = storage.append(study, entries, position)[-1].position
    storage.close()
    return tmp_path / "runs.db"


def severities(findings: list[Finding]) -> set[str]:
    return {finding.severity for finding in findings}


def salvaged(path: Path) -> list[Entry]:
    storage = Sql(str(path.with_name("runs.salvaged.db")))
    entries = list(storage.read(storage.open("first").id))
    storage.close()
    return entries


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_a_sound_file_has_no_findings_and_is_not_changed(path: Path) -> None:
    before = path.read_bytes()

    assert examine(str(path)) == []
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("share", [0.9, 0.6, 0.4])
def test_a_truncated_file_is_salvaged_into_a_new_one(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    cut = path.read_bytes()

    with pytest.raises(StorageDamaged, match=r"cut short.*tunewright doctor --mend"):
        Sql(str(path)).studies()
    assert severities(examine(str(path))) == {"error", "warning"}
    assert list(path.parent.iterdir()) == [path]

    findings = examine(f"sqlite:///{path}", mend=True)

    assert any(finding.mended for finding in findings)
    assert path.read_bytes() == cut
    entries = salvaged(path)
    told = sum(isinstance(entry.event, Told) for entry in entries)
    assert told > TRIALS * share * 0.5
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert examine(str(path.with_name("runs.salvaged.db"))) == []


@pytest.mark.parametrize("page", [0, 1, 2, 3, 4, 5, 6, 20])
def test_a_zeroed_page_costs_what_was_on_it(path: Path, page: int) -> None:
    overwrite(path, page * 8192, bytes(8192))

    findings = examine(str(path), mend=True)

    assert findings[0].severity == "error"
    assert any(finding.mended for finding in findings)
    entries = salvaged(path)
    assert sum(isinstance(entry.event, Asked) for entry in entries) >= TRIALS - 30
    assert isinstance(entries[-1].event, Warned)
    assert examine(str(path.with_name("runs.salvaged.db"))) == []


def test_events_without_their_study_are_counted(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(len(whole) // 8192):
        if b'"metrics"' in whole[page * 8192 : (page + 1) * 8192]:
            overwrite(path, page * 8192, bytes(8192))

    findings = examine(str(path), mend=True)

    assert findings[-1] == Finding(
        "error", f"No study can be read from runs.db; {2 * TRIALS} events without their study.", "Restore the file from a backup."
    )
    assert list(path.parent.iterdir()) == [path]


def test_most_of_a_file_survives_flipped_bytes(path: Path) -> None:
    chance = random.Random(1)
    size = path.stat().st_size
    for _ in range(20):
        overwrite(path, chance.randrange(3 * 8192, size), bytes([chance.randrange(256)]))

    findings = examine(str(path), mend=True)

    assert severities(findings) >= {"error"}
    entries = salvaged(path)
    assert sum(isinstance(entry.event, Told) for entry in entries) > TRIALS - 100
    assert examine(str(path.with_name("runs.salvaged.db"))) == []


def test_positions_and_trials_of_a_salvaged_study_refer_to_each_other_anew(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    storage = Sql(str(path))
    study = storage.create("first", HEADER).id
    storage.append(
        study,
        [
            Entry(-1, Asked({"a": 0}, "Random", 0), 1.0),
            Entry(-1, Enqueued({"a": 1}, "mine"), 2.0),
            Entry(0, Told({"loss": 0.0}), 3.0),
            Entry(-1, Asked({"a": 1}, "queue", 3, queued=2), 4.0),
            Entry(1, Told({"loss": 1.0}), 5.0),
        ],
        0,
    )
    storage.close()
    with contextlib.closing(sqlite3.connect(path)) as foreign:
        foreign.execute("UPDATE events SET body = 'gibberish' WHERE kind = 'asked' AND trial = 0")
        foreign.commit()

    findings = examine(str(path), mend=True)

    assert 'Study "first": events cannot be read: 1' in findings[0].what
    entries = salvaged(path)
    assert [type(entry.event) for entry in entries] == [Enqueued, Asked, Told, Warned]
    assert entries[1].event == Asked({"a": 1}, "queue", 1, queued=1)
    assert [entry.trial for entry in entries] == [-1, 0, 0, -1]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DELETE FROM events WHERE trial = 3", "positions are missing: 7 to 8"),
        ("UPDATE events SET kind = 'pruned' WHERE trial = 3 AND kind = 'told'", 'kind "pruned", which this version'),
        ("UPDATE events SET trial = 4000 WHERE trial = 3 AND kind = 'told'", "belong to no trial: 8 (told of trial 4000)"),
        ("UPDATE studies SET header = '{}'", "its description cannot be read"),
        ("DELETE FROM studies", "study number 1 that is not in the list"),
    ],
)
def test_the_rules_of_the_journal_are_checked(path: Path, damage: str, what: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as foreign:
        foreign.execute(damage)
        foreign.commit()

    findings = examine(str(path))

    assert findings[0].severity == "error"
    assert what in findings[0].what


def test_a_log_left_by_a_killed_process_is_merged_and_its_locks_are_removed(tmp_path: Path, killed_writer: Path) -> None:
    path = killed_writer
    assert path.with_name("runs.db-wal").stat().st_size > 0
    assert path.with_name("runs.db.ask-1").exists()

    looked = examine(str(path))
    mended = examine(str(path), mend=True)

    assert severities(looked) == {"note"}
    assert not any(finding.mended for finding in looked)
    assert any("1 task waits for a worker that is dead" in finding.what for finding in mended)
    assert sum(finding.mended for finding in mended) >= 2
    assert list(tmp_path.iterdir()) == [path]


def test_the_log_of_a_damaged_file_is_salvaged_too(killed_writer: Path) -> None:
    overwrite(killed_writer, 0, bytes(100))

    examine(str(killed_writer), mend=True)

    assert sum(isinstance(entry.event, Told) for entry in salvaged(killed_writer)) == 20


def test_a_file_of_others_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE photos (name)")
    before = path.read_bytes()

    findings = examine(str(path), mend=True)

    assert [finding.severity for finding in findings] == ["error"]
    assert "not one of Tunewright's" in findings[0].what
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_file_on_a_disk_that_is_read_only_is_examined(small_disk: Path) -> None:
    with contextlib.closing(Sql(str(small_disk / "runs.db"))) as storage:
        storage.append(storage.create("first", HEADER).id, [asked(0)], 0)
    storage = Sql(str(small_disk / "open.db"))
    storage.create("first", HEADER)
    shutil.copy(small_disk / "open.db-wal", small_disk / "left.db-wal")
    shutil.copy(small_disk / "open.db", small_disk / "left.db")
    storage.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    assert examine(str(small_disk / "runs.db")) == []
    with pytest.raises(StorageError, match=r"Copy left\.db and left\.db-wal to a folder of yours") as raised:
        examine(str(small_disk / "left.db"))
    assert ".lock" not in str(raised.value)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("SELECT 1", ""),
        ("DELETE FROM events WHERE trial = 3", "positions are missing: 7 to 8"),
        ("UPDATE events SET kind = 'pruned' WHERE trial = 3 AND kind = 'told'", 'kind "pruned", which this version'),
        ("UPDATE events SET trial = 4000 WHERE trial = 3 AND kind = 'told'", "belong to no trial: 8 (told of trial 4000)"),
        ("UPDATE studies SET header = '{}'", "its description cannot be read"),
        ("DELETE FROM studies", "study number 1 that is not in the list"),
    ],
)
def test_the_rules_of_the_journals_on_a_server_are_checked(postgres: str, damage: str, what: str) -> None:
    with contextlib.closing(Postgres(postgres)) as storage:
        study = storage.create("first", HEADER).id
        entries = [entry for number in range(5) for entry in (asked(2 * number), told(number))]
        storage.append(study, entries, 0)
    with psycopg.connect(postgres, autocommit=True) as foreign:
        foreign.execute("SET search_path TO tunewright")
        foreign.execute(damage)

    findings = examine(postgres, mend=True)

    assert severities(findings) == ({"error"} if what else set())
    assert what in "".join(finding.what for finding in findings)


def test_a_task_of_a_dead_worker_on_a_server_is_told(postgres: str) -> None:
    with contextlib.closing(Postgres(postgres)) as storage:
        storage.append(storage.create("first", HEADER).id, [Entry(-1, Asked({}, "Random", 0, worker=77), 1.0)], 0)

    assert ["1 task waits for a worker that is dead" in finding.what for finding in examine(postgres)] == [True]


def test_a_long_journal_is_looked_at_in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.storage.doctor._SOME", 7)

    assert examine(str(path)) == []


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such file"):
        examine(str(tmp_path / "none.db"))
    with pytest.raises(StorageError, match="nothing to examine"):
        examine("memory")
