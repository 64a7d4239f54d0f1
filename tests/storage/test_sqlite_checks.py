"""What is seen before SQLite touches a file."""

import errno
import sqlite3
from pathlib import Path

import pytest

from tunewright.errors import StorageError
from tunewright.storage.sqlite_checks import check_file, check_place, explain, network_mount

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/fast xfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
C:\134 /mnt/c 9p rw 0 0
mds:/scratch /scratch lustre rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/me/runs.db", ("nfs4", "/home")),
        ("/home/fast/runs.db", None),
        ("/home/faster/runs.db", ("nfs4", "/home")),
        ("/homes/runs.db", None),
        ("/mnt/my share/runs.db", ("cifs", "/mnt/my share")),
        ("/mnt/ssh/a/b.db", ("fuse.sshfs", "/mnt/ssh")),
        ("/mnt/c/runs.db", ("9p", "/mnt/c")),
        ("/scratch/runs.db", ("lustre", "/scratch")),
        ("/dev/shm/runs.db", None),
        ("/runs.db", None),
    ],
)
def test_network_file_systems_are_known_by_their_mounts(path: str, found: tuple[str, str] | None) -> None:
    assert network_mount(Path(path), MOUNTS) == found


def test_what_is_mounted_later_covers_what_was_there() -> None:
    mounts = "server:/a /data nfs rw 0 0\n/dev/sdb1 /data ext4 rw 0 0\n"

    assert network_mount(Path("/data/runs.db"), mounts) is None


def test_a_good_place_is_passed(tmp_path: Path) -> None:
    check_place(tmp_path / "runs.db", "runs.db")


def test_what_is_not_there_yet_is_fresh(tmp_path: Path) -> None:
    assert check_file(tmp_path / "none.db", "none.db")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EACCES, "cannot be written"),
        (errno.EROFS, "read-only"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EMFILE, "cannot be used: Too many open files"),
    ],
)
def test_errors_of_the_system_become_sentences(tmp_path: Path, code: int, words: str) -> None:
    assert words in str(explain(OSError(code, "Too many open files"), tmp_path / "runs.db", "runs.db", 1))


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        (sqlite3.SQLITE_FULL, "SQLITE_FULL", "the disk is full"),
        (sqlite3.SQLITE_BUSY, "SQLITE_BUSY", "another program"),
        (sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT", "is damaged"),
        (sqlite3.SQLITE_IOERR | 10 << 8, "SQLITE_IOERR_READ", "SQLITE_IOERR_READ"),
        (sqlite3.SQLITE_READONLY | 4 << 8, "SQLITE_READONLY_DBMOVED", "deleted, moved, replaced or emptied"),
        (sqlite3.SQLITE_READONLY, "SQLITE_READONLY", "read-only"),
        (sqlite3.SQLITE_CANTOPEN, "SQLITE_CANTOPEN", "cannot be opened"),
        (sqlite3.SQLITE_NOMEM, "SQLITE_NOMEM", "SQLite says SQLITE_NOMEM"),
    ],
)
def test_errors_of_sqlite_become_sentences(tmp_path: Path, code: int, name: str, words: str) -> None:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode, error.sqlite_errorname = code, name

    explained = explain(error, tmp_path / "runs.db", "runs.db", 1)

    assert isinstance(explained, StorageError)
    assert words in str(explained)
    assert "runs.db" in str(explained)
