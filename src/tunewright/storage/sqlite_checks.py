"""What can be wrong with a file or its place, seen before SQLite touches it, and said so that it can be mended.

SQLite answers many faults with "database disk image is malformed" or "unable to open database file", and a file of another
program it would take for its own. So the first hundred bytes are read by hand [1], and SQLite's error codes become sentences.

[1] https://www.sqlite.org/fileformat.html, section 1.3.
"""

import errno
import os
import re
import shlex
import sqlite3
import struct
from pathlib import Path
from typing import Final

from tunewright.errors import StorageDamaged, StorageError, StorageLocked
from tunewright.paths import expanded
from tunewright.storage.migrations import outdated
from tunewright.storage.schema import APPLICATION

__all__ = ["NETWORK", "check_file", "check_place", "explain", "look", "network_mount", "real_path", "sealed", "vanished"]

NETWORK: Final = frozenset(
    [
        "9p",
        "acfs",
        "afs",
        "autofs.nfs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.ceph-fuse",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "ncp",
        "nfs",
        "nfs3",
        "nfs4",
        "panfs",
        "pvfs2",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "sshfs",
    ]
)
"""File systems on which processes of several machines cannot share memory, as SQLite's WAL needs."""

_MAGIC: Final = b"SQLite format 3\0"


def network_mount(path: Path, mounts: str) -> tuple[str, str] | None:
    """The network file system under a path: (type, where it is mounted); None on a local disk.

    Args:
        path: absolute, without links.
        mounts: as in /proc/mounts: "device folder type options 0 0", one a line, later ones over earlier ones.
    """
    found: tuple[str, str] | None = None
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        folder = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), parts[1])
        if path.is_relative_to(folder) and (found is None or len(folder) >= len(found[1])):
            found = parts[2], folder
    return found if found is not None and found[0] in NETWORK else None


def real_path(path: str) -> Path:
    """The path as a user wrote it, absolute and without links.

    Raises:
        StorageError: no file can have it.
    """
    try:
        found = expanded(path).resolve()
        found.lstat()  # of a loop of links, resolve() says so in some versions of Python only
    except FileNotFoundError:
        return found
    except (RuntimeError, ValueError) as error:
        raise StorageError(f"{path!r} cannot be the path of a study ({error}). Give another path.") from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENAMETOOLONG}:
            raise StorageError(f"{path!r} cannot be the path of a study ({error.strerror}). Give another path.") from error
    return found


def check_place(path: Path, shown: str) -> None:
    """Look at where the file is to be. Raises StorageError."""
    folder = path.parent
    if path.is_dir():
        raise StorageError(f"{shown} is a folder. Give a file in it, for example: sqlite:///{Path(shown) / 'runs.db'}")
    if path.exists() and not path.is_file():
        raise StorageError(f"{shown} is a pipe, a socket or a device, and a study is kept in a file. Give another path.")
    if not folder.is_dir():
        raise StorageError(f"{shown}: the folder {folder} does not exist. Make it with: mkdir -p {shlex.quote(str(folder))}")
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return
    if (mount := network_mount(path.resolve(), mounts)) is not None:
        raise StorageError(
            f"{shown} lies on a network file system ({mount[0]}, mounted at {mount[1]}), where SQLite's write-ahead log can lose or spoil data. "
            "Put it on a local disk of the machine that runs the study, and copy it afterwards if you need it here."
        )


def check_file(path: Path, shown: str) -> bool:
    """Look at the file's first bytes. True if there is nothing yet: no file, an empty one, or a SQLite database without tables.

    Raises:
        StorageDamaged: it is not a SQLite database, or another program's, or cut short.
        StorageError: a newer Tunewright wrote it.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return True
    if not head:
        return True
    untouched = "It was not touched. Give another path, or move it away."
    if not head.startswith(_MAGIC):
        if head[:16].strip(b"\0"):
            raise StorageDamaged(f"{shown} is not a Tunewright study: it is not a SQLite database. {untouched}")
        raise StorageDamaged(
            f"{shown} is damaged: it begins with zeros. It was not touched. Salvage it with: tunewright doctor --mend {shlex.quote(shown)}"
        )
    if len(head) < 100:
        raise StorageDamaged(
            f"{shown} is cut short to {len(head)} bytes, less than a header; nothing can be read from it. {untouched}"
        )
    page, change, pages, version, application, valid = (
        struct.unpack_from(form, head, at)[0]
        for form, at in ((">H", 16), (">I", 24), (">I", 28), (">I", 60), (">I", 68), (">I", 92))
    )
    page = 65536 if page == 1 else page
    if application != APPLICATION:
        if application == 0 and pages <= 1:
            return True
        raise StorageDamaged(f"{shown} is a SQLite database, but not one of Tunewright's. {untouched}")
    outdated(version, shown)
    # a log holds the rest of a file that seems short; a journal, left by a process killed while it made the file, undoes what there is
    to_come = any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal"))
    if valid == change and size < pages * page and not to_come:
        raise StorageDamaged(
            f"{shown} is cut short: {size:,} bytes of {pages * page:,} are there. It was not touched. "
            f"Was it copied without its log, {Path(shown).name}-wal? Then copy that too. "
            f"Else save what is left with: tunewright doctor --mend {shlex.quote(shown)}"
        )
    return False


def sealed(path: Path) -> bool:
    """Whether a file can be read as it is, without a lock: nothing can be written beside it by this user, and no log belongs to it."""
    log = path.with_name(path.name + "-wal")
    return path.is_file() and not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def look(path: Path, shown: str) -> sqlite3.Connection:
    """A connection that only reads a `sealed` file, and makes none.

    Raises:
        StorageError: it is empty, damaged, another program's, or its tables are of another version.
    """
    if check_file(path, shown):
        raise StorageError(f"{shown} is empty, and {_read_only(path, shown)}")
    connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    if outdated(connection.execute("PRAGMA user_version").fetchone()[0], shown):
        connection.close()
        raise StorageError(f"{shown} was written by an older version, and {_read_only(path, shown)}")
    return connection


def vanished(shown: str) -> str:
    """The message for a file that was removed, replaced or emptied while it was in use."""
    return (
        f"{shown} was deleted, moved, replaced or emptied while Tunewright was using it. Nothing more was written. "
        f"Put it back and run again, or restore a backup (first remove {shown}-wal and {shown}-shm, which belong to the file that was there); "
        "if it is gone for good, running again starts a new file."
    )


def explain(error: sqlite3.Error | OSError, path: Path, shown: str, seconds: float) -> StorageError:
    """The error of SQLite, or of the system, as a sentence with a mend."""
    if isinstance(error, OSError):
        return _explain_system(error, path, shown)
    code = getattr(error, "sqlite_errorcode", None) or 0
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    nothing = "Nothing of this was written; what was told before is safe."
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageLocked(
                f"{shown} is held by another program, not by Tunewright, for {seconds:.0f} s (an open SQLite shell or viewer?). "
                "Tunewright waited and gave up; nothing was written. Close that program and run again."
            )
        case sqlite3.SQLITE_FULL:
            return StorageError(f"{shown}: the disk is full. {nothing} Free some space and run again.")
        case sqlite3.SQLITE_READONLY if name == "SQLITE_READONLY_DBMOVED":
            return StorageError(vanished(shown))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StorageError(_read_only(path, shown))
        case sqlite3.SQLITE_CANTOPEN:
            if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
                return StorageError(_read_only(path, shown))
            return StorageError(f"{shown} cannot be opened ({error}). Are too many files open, or is the disk full? {nothing}")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(shown, str(error))
        case _ if "Could not decode to UTF-8" in str(error):
            return _damaged(shown, "a text in it is no text")
        case sqlite3.SQLITE_IOERR:
            return StorageError(f"{shown}: the disk cannot be read or written ({name}). {nothing} Is it full, or failing?")
        case _:
            return StorageError(f"{shown}: SQLite says {name}: {error}. {nothing}")


def _damaged(shown: str, how: str) -> StorageDamaged:
    return StorageDamaged(
        f"{shown} is damaged ({how}). Nothing of this was written; what was told before is safe. See what is wrong with: tunewright doctor {shlex.quote(shown)}; "
        f"save what can be read into a new file with: tunewright doctor --mend {shlex.quote(shown)}"
    )


def _read_only(path: Path, shown: str) -> str:
    what = f"the file {path}" if path.exists() and not os.access(path, os.W_OK) else f"the folder {path.parent}"
    return (
        f"{shown} cannot be written: {what} is read-only for you. Nothing was written. Tunewright also needs to make files beside it "
        "(the log and the lock). Give yourself the right to write there, or copy the file (and its log, -wal, if there is one) to a folder "
        "of yours."
    )


def _explain_system(error: OSError, path: Path, shown: str) -> StorageError:
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StorageError(_read_only(path, shown))
        case errno.ENOSPC | errno.EDQUOT:
            return StorageError(f"{shown}: the disk is full. Nothing of this was written. Free some space and run again.")
        case _:
            return StorageError(
                f"{shown} cannot be used: {error.strerror or error} ({error.filename or path}). Nothing was written."
            )
