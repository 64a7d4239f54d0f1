"""What can be read of a file without SQLite."""

import random
from pathlib import Path

import pytest

from tunewright.errors import StorageError
from tunewright.events import Asked, Commented, Entry, Opened, Warned
from tunewright.storage.salvage import carve, salvage
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import ENTRIES, HEADER, asked, told


def made(path: Path) -> Sql:
    storage = Sql(str(path))
    study = storage.create("first", HEADER).id
    storage.append(study, ENTRIES, 0)
    storage.append(study, [Entry(-1, Commented("long " * 20_000), 3.0), Entry(-1, Commented("ü" * 8_150), 4.0)], len(ENTRIES))
    return storage


def test_every_row_of_a_sound_file_is_found_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    storage = made(path)
    record = storage.open("first")
    storage.close()

    found = carve(path)

    storage = Sql(str(path))
    assert found.studies == {record.id: (record.name, record.created, record.header)}
    assert found.events == {
        record.id: {entry.position: (entry.time, entry.trial, entry.event) for entry in storage.read(record.id)}
    }
    assert found.unreadable == 0
    storage.close()


def test_the_log_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    storage = made(path)
    whole = {entry.position for entry in storage.read(1)}

    found = carve(path)  # open still: almost all lies in the log

    assert path.with_name("runs.db-wal").stat().st_size > 100_000
    assert found.events[1].keys() == whole
    storage.close()


def test_a_salvaged_study_is_the_same_but_for_a_warning(tmp_path: Path) -> None:
    made(tmp_path / "runs.db").close()

    kept = salvage(carve(tmp_path / "runs.db"), tmp_path / "new.db", "salvaged")

    old, new = Sql(str(tmp_path / "runs.db")), Sql(str(tmp_path / "new.db"))
    before, after = list(old.read(1)), list(new.read(1))
    assert kept == len(before)
    assert after[:-1] == before
    assert after[-1].event == Warned("salvaged")
    assert new.studies() == old.studies()
    old.close()
    new.close()


def test_numbers_of_workers_are_not_given_again(tmp_path: Path) -> None:
    storage = made(tmp_path / "runs.db")
    known = max(entry.event.worker for entry in ENTRIES if isinstance(entry.event, Asked | Opened))
    storage.close()
    salvage(carve(tmp_path / "runs.db"), tmp_path / "new.db", "salvaged")
    new = Sql(str(tmp_path / "new.db"))

    assert new.gone({known}) == {known}
    assert new.join() > known
    new.close()


def test_deleted_studies_stay_deleted(tmp_path: Path) -> None:
    storage = made(tmp_path / "runs.db")
    other = storage.create("other", HEADER).id
    storage.append(other, [asked(), told(0)] * 500, 0)
    storage.delete("first")
    storage.close()

    found = carve(tmp_path / "runs.db")
    salvage(found, tmp_path / "new.db", "salvaged")

    assert found.studies.keys() == {other}
    new = Sql(str(tmp_path / "new.db"))
    assert [record.name for record in new.studies()] == ["other"]
    new.close()


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    made(tmp_path / "runs.db").close()
    target = tmp_path / "new.db"
    target.write_text("mine")

    with pytest.raises(StorageError, match=r"new\.db is there already"):
        salvage(carve(tmp_path / "runs.db"), target, "salvaged")
    assert target.read_text() == "mine"


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_makes_it_fall_over(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    made(path).close()
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 100, 20_000])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data[: chance.randrange(len(data))])

    found = carve(path)
    kept = salvage(found, tmp_path / "new.db", "salvaged")

    new = Sql(str(tmp_path / "new.db"))
    read = [len(list(new.read(record.id))) for record in new.studies()]
    assert sum(read) == kept + len(read)  # a warning in each
    new.close()


def test_a_salvaged_clone_keeps_its_parent_under_its_new_number(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    clone = Asked({"lr": 0.2}, "clone", 2, budget=2, parent=1, since=1, replaces=0)
    storage.append(study, [asked(0), asked(1), Entry(-1, clone, 2.0)], 0)
    storage.close()
    found = carve(tmp_path / "runs.db")
    del found.events[study][1]  # as if the page had been lost: trial 1 is the first now

    salvage(found, tmp_path / "new.db", "salvaged")

    kept = [entry for entry in Sql(str(tmp_path / "new.db")).read(study) if isinstance(entry.event, Asked)]
    assert [(entry.trial, entry.event.parent, entry.event.replaces) for entry in kept] == [(0, None, None), (1, 0, None)]
