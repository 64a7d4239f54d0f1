"""Where studies live: in memory, in a SQLite file that many processes may share, or in a PostgreSQL database for many machines.

A study is an append-only journal. `connect` turns an address into a `Storage`; the database library is imported only when a database
is asked for.
"""

import difflib
import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from tunewright.errors import StorageError, StudyMissing
from tunewright.paths import masked
from tunewright.storage.base import Storage
from tunewright.storage.memory import Memory
from tunewright.storage.records import Header, StudyRecord

__all__ = ["Header", "Memory", "Storage", "StudyRecord", "connect", "only_study"]

_ENDINGS: Final = (".db", ".sqlite", ".sqlite3")
_EXAMPLES: Final = '"memory", "sqlite:///runs.db" (in this folder), "sqlite:////home/me/runs.db" (anywhere), or just "runs.db"; for several machines "postgresql://user@host/database"'
_LATER: Final = ("mysql", "mariadb", "redis")
_MODULES: Final = {
    "postgres": ("tunewright.storage.postgres", "Postgres"),
    "postgresql": ("tunewright.storage.postgres", "Postgres"),
    "sqlite": ("tunewright.storage.sql", "Sql"),
}
"""Which module and class serve a scheme; imported when it is first asked for."""


def connect(url: "str | os.PathLike[str] | Storage | None" = None) -> Storage:
    """Turn an address into a storage.

    Args:
        url: None or "memory": in memory. "sqlite:///runs.db": a file in this folder; "sqlite:////home/me/runs.db": a file anywhere;
            a path that ends in .db, .sqlite or .sqlite3 means the same. "postgresql://user:password@host:5432/database": a database for
            several machines. A storage comes back as it is.

    Raises:
        StorageError: the address means nothing, with what may have been meant. What lies there is looked at when it is first used.
        ExtraMissing: the database's driver is not installed.
    """
    if isinstance(url, Storage):
        return url
    if url is None or url == "memory":
        return Memory()
    if not isinstance(url, str | os.PathLike):
        raise StorageError(f"storage must be an address, a path or a Storage, got {url!r}. Write one of: {_EXAMPLES}.")
    text = str(os.fspath(url))
    if not text.strip():
        raise StorageError(f"{url!r} is no storage. Write one of: {_EXAMPLES}.")
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        return _plain(text)
    if scheme.lower().partition("+")[0] in _MODULES:
        kind = scheme.lower().partition("+")[0]
        return _open(kind, _path(text, rest) if kind == "sqlite" else f"postgresql://{rest}")
    if scheme.lower().partition("+")[0] in _LATER:
        raise StorageError(
            f'"{masked(text)}": studies are kept in SQLite files and PostgreSQL databases only. Write for example "sqlite:///runs.db".'
        )
    if scheme.lower() == "memory":
        return Memory()
    close = difflib.get_close_matches(scheme.lower(), [*_MODULES, "memory", *_LATER], n=1)
    meant = f' Did you mean "{close[0]}://"?' if close else ""
    raise StorageError(f'"{masked(text)}": there is no storage of kind "{scheme}".{meant} Write one of: {_EXAMPLES}.')


def only_study(storage: Storage) -> str:
    """The name of the one study in a storage.

    Raises:
        StudyMissing: there is none, or more than one.
    """
    names = [record.name for record in storage.studies()]
    if len(names) != 1:
        held = ", ".join(f'"{known}"' for known in names)
        raise StudyMissing(f"{storage.url} holds {f'several studies: {held}. Name the one you mean' if held else 'no study'}.")
    return names[0]


def _plain(text: str) -> Storage:
    scheme = re.match(r"([A-Za-z]{3,}):", text)
    if scheme and difflib.get_close_matches(scheme[1].lower(), list(_MODULES), n=1):
        path = text[scheme.end() :].lstrip("/") or "runs.db"
        raise StorageError(f'"{text}" is no storage: three slashes follow the colon. Did you mean "sqlite:///{path}"?')
    if text.lower().endswith(_ENDINGS) or Path(text).is_file():
        return _open("sqlite", text)
    if Path(text).is_dir():
        file = Path(text) / "runs.db"
        raise StorageError(f'"{text}" is a folder, and a study is kept in a file. Did you mean "{file}"?')
    close = difflib.get_close_matches(text.lower(), ["memory"], n=1)
    meant = 'Did you mean "memory"?' if close or text == ":memory:" else f'Did you mean "{text}.db"?'
    raise StorageError(f'"{text}" is no storage. {meant} Write one of: {_EXAMPLES}.')


def _path(text: str, rest: str) -> str:
    path = rest[1:]
    if not path or path == ":memory:":
        raise StorageError(
            f'"{text}" names no file. For a study that lives in memory write "memory"; for a file "sqlite:///runs.db".'
        )
    if not rest.startswith("/"):
        raise StorageError(f'"{text}": after "sqlite:" come three slashes and the path. Did you mean "sqlite:///{rest}"?')
    if options := re.search(r"\?\w+=[^/]*$", path):  # else the mark is part of a name
        raise StorageError(f'"{text}": no options are needed after the path. Write "{text.removesuffix(options[0])}".')
    return path


def _open(scheme: str, path: str) -> Storage:
    module, name = _MODULES[scheme]
    return cast("Callable[[str], Storage]", getattr(importlib.import_module(module), name))(path)
