"""Addresses of storages."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StorageError
from tunewright.storage import Memory, connect
from tunewright.storage.sql import Sql


@pytest.mark.parametrize("url", [None, "memory", "memory://"])
def test_memory_is_the_default(url: str | None) -> None:
    assert isinstance(connect(url), Memory)
    assert connect(url) is not connect(url)


def test_a_storage_is_itself() -> None:
    storage = Memory()

    assert connect(storage) is storage


@pytest.mark.parametrize(
    "url", ["sqlite:///runs.db", "SQLite:///runs.db", "runs.db", "./runs.db", "sqlite+pysqlite:///runs.db", "a b/../runs.db"]
)
def test_a_file_is_found_in_this_folder(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = connect(url)

    assert isinstance(storage, Sql)
    assert storage.path.name == "runs.db"
    assert list(tmp_path.iterdir()) == []  # nothing is opened yet


@pytest.mark.parametrize("form", ["sqlite:///{}", "{}"])
@pytest.mark.parametrize("name", ["runs.db", "runs.sqlite3", "with space.db", "50%.db", "ünï.db"])
def test_a_file_is_found_anywhere(form: str, name: str, tmp_path: Path) -> None:
    storage = connect(form.format(tmp_path / name))

    assert storage.url == f"sqlite:///{tmp_path / name}"
    assert connect(storage.url).url == storage.url


def test_a_path_may_be_a_path(tmp_path: Path) -> None:
    assert connect(tmp_path / "runs.db").url == f"sqlite:///{tmp_path / 'runs.db'}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqllite:///runs.db", 'Did you mean "sqlite://"'),
        ("sqlite3:///runs.db", 'Did you mean "sqlite://"'),
        ("sqlite://runs.db", 'Did you mean "sqlite:///runs.db"'),
        ("sqlite:/runs.db", 'Did you mean "sqlite:///runs.db"'),
        ("sqlite:///", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", 'write "memory"'),
        ("sqlite:///runs.db?timeout=3", 'Write "sqlite:///runs.db"'),
        (":memory:", 'Did you mean "memory"'),
        ("memmory", 'Did you mean "memory"'),
        ("runs", 'Did you mean "runs.db"'),
        ("", "is no storage"),
        (".", 'is a folder, and a study is kept in a file. Did you mean "runs.db"'),
        (3, "must be an address, a path or a Storage, got 3"),
        ("mysql://me:secret@host/db", "SQLite files and PostgreSQL databases only"),
        ("gopher://host", 'no storage of kind "gopher"'),
    ],
)
def test_an_address_that_means_nothing_is_said_with_what_may_be_meant(url: Any, words: str) -> None:
    with pytest.raises(StorageError) as caught:
        connect(url)

    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_database_library_is_imported_only_for_a_database() -> None:
    code = "import sys, tunewright.storage as s; s.connect('memory'); assert 'sqlalchemy' not in sys.modules; s.connect('x.db'); assert 'sqlalchemy' in sys.modules"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
