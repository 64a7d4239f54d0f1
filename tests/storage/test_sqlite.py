"""What can happen to a file: each fault has its sentence, and nothing is overwritten."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StorageDamaged, StorageError, StorageLocked
from tunewright.events import Entry, Told
from tunewright.storage import connect
from tunewright.storage.file_lock import FileLock
from tunewright.storage.schema import VERSION
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told

Say = Callable[[object], None]
Fork = Callable[[Callable[[Say], None]], Any]

is_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="these processes are forked")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def made(path: Path, trials: int = 0) -> Sql:
    storage = Sql(str(path), timeout=0.1)
    study = storage.create("first", HEADER).id
    for number in range(trials):
        storage.append(study, [asked(2 * number), told(number)], 2 * number)
    return storage


@is_root
def test_a_full_disk_is_said_and_nothing_told_is_lost(small_disk: Path, tmp_path: Path) -> None:
    storage = made(small_disk / "runs.db")
    since = storage.append(1, [asked()], 0)[-1].position

    full = r"runs\.db: the disk is full\. Nothing of this was written; what was told before is safe\. Free some"
    with pytest.raises(StorageError, match=full):  # noqa: PT012  which append fails is not known
        for _ in range(10_000):
            since = storage.append(1, [Entry(0, Told({"loss": 1.0}, info={"note": "x" * 500}), 1.0)], since)[-1].position

    assert len(list(storage.read(1))) == since
    storage.close()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(small_disk, elsewhere)  # the log too: there was no room to merge it
    again = Sql(str(elsewhere / "runs.db"))
    assert len(list(again.read(1))) == since
    assert again.append(1, [told(0)], since)[-1].position == since + 1
    again.close()


@is_root
def test_a_study_on_a_disk_that_is_read_only_can_be_read_and_says_so_when_written(small_disk: Path) -> None:
    made(small_disk / "runs.db", 1).close()
    (small_disk / "empty.db").touch()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    storage = Sql(str(small_disk / "runs.db"))

    assert storage.open("first").name == "first"
    assert [entry.position for entry in storage.read(1)] == [1, 2]
    with pytest.raises(
        StorageError, match=r"runs\.db cannot be written: .*read-only for you.*copy the file .* to a folder of yours"
    ):
        storage.append(1, [told(0)], 2)
    with pytest.raises(StorageError, match=r"empty\.db is empty, and .*read-only"):
        Sql(str(small_disk / "empty.db")).open("first")
    with pytest.raises(StorageError, match="read-only"):
        Sql(str(small_disk / "other.db")).create("first", HEADER)


def as_nobody(fork: Fork, work: Callable[[], object]) -> str:
    """What a user without rights hears."""

    def unprivileged(say: Say) -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            work()
        except StorageError as error:
            say(error)

    code, words = fork(unprivileged).wait()
    assert code == 0, words
    return str(words)


@forks
def test_a_read_only_folder_or_file_is_said(fork: Fork) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        path = Path(folder) / "runs.db"
        made(path, 1).close()
        Path(folder).chmod(0o555)
        path.chmod(0o444)
        before = path.read_bytes()

        folder_words = as_nobody(fork, lambda: Sql(str(path)).append(1, [told(0)], 2))
        Path(folder).chmod(0o777)
        file_words = as_nobody(fork, lambda: Sql(str(path)).append(1, [told(0)], 2))

        assert "runs.db cannot be written" in folder_words
        assert "is read-only for you. Nothing was written." in folder_words
        assert f"the file {path} is read-only for you" in file_words
        assert path.read_bytes() == before


@forks
def test_a_read_only_folder_with_a_log_is_not_read_past_it(fork: Fork, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        storage = made(tmp_path / "runs.db", 1)
        for ending in ("", "-wal"):
            shutil.copy(tmp_path / f"runs.db{ending}", f"{path}{ending}")
        storage.close()
        Path(folder).chmod(0o555)

        with_log = as_nobody(fork, lambda: Sql(str(path)).studies())
        Path(f"{path}-wal").unlink()
        shutil.copy(tmp_path / "runs.db", path)
        without = as_nobody(fork, lambda: Sql(str(path)).studies())

    assert "copy the file (and its log" in with_log
    assert without == ""


def test_a_folder_that_is_missing_is_offered_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=rf"the folder {tmp_path}/a/b does not exist. Make it with: mkdir -p {tmp_path}/a/b"):
        made(tmp_path / "a" / "b" / "runs.db")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_instead_of_a_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "runs.db"
    folder.mkdir()

    with pytest.raises(StorageError, match=r"runs\.db is a folder\. Give a file in it"):
        made(folder)
    with pytest.raises(StorageError, match="is a folder"):
        Sql(str(folder)).studies()


@pytest.mark.parametrize("content", [b"id,loss\n1,0.5\n", b"\x89PNG\r\n" * 1000, b"x", b"SQLite format 3\0 but short"])
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    for use in (lambda: made(path), lambda: Sql(str(path)).studies(), lambda: Sql(str(path)).append(1, [told(0)], 0)):
        with pytest.raises(StorageDamaged, match=r"runs\.db .*It was not touched"):
            use()

    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_database_of_another_program_is_left_alone(path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute(f"PRAGMA journal_mode={mode}")
        foreign.execute("CREATE TABLE studies (id, name)")
        foreign.commit()
    before = path.read_bytes()

    with pytest.raises(StorageDamaged, match=r"is a SQLite database, but not one of Tunewright's\. It was not touched"):
        made(path)

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_study(path: Path) -> None:
    path.touch()

    made(path).close()

    assert [record.name for record in Sql(str(path)).studies()] == ["first"]


def test_a_file_of_a_newer_tunewright_is_not_touched(path: Path) -> None:
    made(path).close()
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute(f"PRAGMA user_version={VERSION + 1}")
    before = path.read_bytes()

    with pytest.raises(
        StorageError,
        match=rf"newer Tunewright \(tables of version {VERSION + 1}, this one knows {VERSION}\).*git pull",
    ):
        Sql(str(path)).open("first")

    assert path.read_bytes() == before


def test_damage_is_said_with_the_file_and_the_mend(path: Path) -> None:
    made(path, 200).close()
    with path.open("r+b") as file:
        file.seek(3 * 8192)
        file.write(os.urandom(5 * 8192))
    storage = Sql(str(path))

    with pytest.raises(StorageDamaged, match=r"runs\.db is damaged.*tunewright doctor"):
        storage.append(1, [told(0)], len(list(storage.read(1))))
    storage.close()


def test_a_file_deleted_during_the_run_is_noticed_at_once(path: Path) -> None:
    storage = made(path, 1)
    path.unlink()

    for use in (lambda: storage.append(1, [told(0)], 2), lambda: list(storage.read(1)), storage.studies, storage.beat):
        with pytest.raises(StorageError, match=r"runs\.db was deleted, moved, replaced or emptied while Tunewright was using it"):
            use()
    assert not path.exists()
    storage.close()
    assert storage.studies() == []


def test_a_file_emptied_during_the_run_is_noticed_at_once(path: Path) -> None:
    """By `> runs.db`, or a copy over it that is under way; the log still holds what was not in the file yet."""
    storage = made(path, 1)
    path.write_bytes(b"")

    with pytest.raises(StorageError, match="deleted, moved, replaced or emptied"):
        storage.append(1, [told(0)], 2)


@pytest.mark.parametrize("name", ["q?d/runs.db", "a?.db", "a#b%20.db"])
def test_the_address_of_a_file_opens_it_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    made(path, 1).close()

    with closing(connect(Sql(str(path)).url)) as again:
        assert [record.name for record in again.studies()] == ["first"]


def test_a_link_to_a_file_leads_to_the_same_locks(path: Path, tmp_path: Path) -> None:
    """Under other names the locks beside it would keep nobody out: two processes would give one number to two trials."""
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    storage, other = made(path), Sql(str(link), timeout=0.1, patience=0.1)

    assert other.url == storage.url
    with storage.asking(1), pytest.raises(StorageLocked), other.asking(1):
        pass
    other.append(1, [asked(0)], 0)
    assert [each.name for each in link.parent.iterdir()] == ["link.db"]
    storage.close()
    other.close()


@pytest.mark.parametrize("name", ["loop.db", "n" * 300 + ".db", "a\0b.db"])
def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    if name == "loop.db":
        (tmp_path / name).symlink_to(name)

    with pytest.raises(StorageError, match="cannot be the path of a study"):
        Sql(f"{tmp_path}/{name}")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")

    with pytest.raises(StorageError, match="is a pipe"):
        Sql(str(tmp_path / "pipe.db")).studies()


def test_a_file_replaced_during_the_run_is_noticed(path: Path) -> None:
    storage = made(path, 1)
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)
    copied = path.read_bytes()

    with pytest.raises(StorageError, match="deleted, moved, replaced or emptied"):
        storage.append(1, [told(0)], 2)
    assert path.read_bytes() == copied
    storage.close()


def test_a_foreign_writer_is_waited_for_and_named_as_one(path: Path) -> None:
    storage = made(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StorageLocked, match=r"runs\.db is held by another program, not by Tunewright"):
            storage.append(1, [told(0)], 2)
        assert len(list(storage.read(1))) == 2  # reading goes on
        foreign.execute("ROLLBACK")

    assert len(storage.append(1, [told(0)], 2)) == 1
    storage.close()


@forks
def test_a_process_that_holds_the_file_is_named(path: Path, fork: Fork) -> None:
    storage = made(path, 1)

    gate = os.pipe()

    def hold(say: Say) -> None:
        os.read(gate[0], 1)
        with FileLock(path.with_name("runs.db.lock"), str).hold(1):
            say("held")
            time.sleep(60)

    holder = fork(hold)
    storage.studies()  # open again: no connection crosses a fork
    os.write(gate[1], b"x")
    for end in gate:
        os.close(end)
    assert holder.hear() == "held"

    with pytest.raises(StorageLocked) as caught:
        storage.append(1, [told(0)], 2)
    assert str(caught.value) == (
        f"{path} is held by another process (pid {holder.pid}) for 0 s. Tunewright waited and gave up; nothing was written. "
        f"If that process is dead, run: tunewright doctor {path}"
    )
    assert len(list(storage.read(1))) == 2
    holder.kill()
    holder.wait()
    assert len(storage.append(1, [told(0)], 2)) == 1
    storage.close()


def test_a_lock_file_that_is_removed_does_no_harm(path: Path) -> None:
    first, second = made(path, 1), Sql(str(path))
    second.append(1, [told(0)], 2)
    path.with_name("runs.db.lock").unlink()

    first.append(1, [told(0)], 3)
    second.append(1, [told(0)], 4)

    assert [entry.position for entry in first.read(1)] == [1, 2, 3, 4, 5]
    first.close()
    second.close()


def test_a_crash_while_the_tables_are_made_leaves_a_file_that_opens(path: Path) -> None:
    """The tables are made in one transaction: what a crash leaves is an empty database."""
    with closing(sqlite3.connect(path)) as begun:
        begun.execute("PRAGMA page_size=8192")
        begun.execute("CREATE TABLE x (y)")
        begun.execute("DROP TABLE x")
        begun.execute("VACUUM")

    made(path, 1).close()

    assert len(list(Sql(str(path)).read(1))) == 2


def test_a_file_whose_maker_was_killed_in_the_middle_of_the_commit_is_made_anew(path: Path) -> None:
    made(path).close()
    whole = path.read_bytes()
    page = whole[16:18]
    # SQLite's formats: both versions "legacy" (a file without write-ahead log); a rollback journal of a file that was empty before
    path.write_bytes(whole[:18] + b"\1\1" + whole[20 : int.from_bytes(page)])
    journal = bytes.fromhex("d9d505f920a163d7") + bytes(4) + b"once" + bytes(4) + (512).to_bytes(4) + bytes(2) + page
    path.with_name("runs.db-journal").write_bytes(journal.ljust(512, b"\0"))

    with closing(made(path, trials=2)) as storage:
        assert len(list(storage.read(storage.open("first").id))) == 4

    assert not path.with_name("runs.db-journal").exists()


def test_the_last_one_out_leaves_one_file(path: Path) -> None:
    first, second = made(path, 1), Sql(str(path))
    second.studies()

    first.close()
    assert path.with_name("runs.db-wal").exists()
    second.close()

    assert list(path.parent.iterdir()) == [path]


def test_a_storage_that_is_forgotten_closes_its_file(path: Path) -> None:
    storage = made(path, 1)
    del storage

    assert list(path.parent.iterdir()) == [path]
