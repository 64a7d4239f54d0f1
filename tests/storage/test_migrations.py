"""Tables of an older version become those of this one: once, whole, and with all that was in them."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from tunewright.errors import StorageError
from tunewright.storage import migrations
from tunewright.storage.postgres import Postgres
from tunewright.storage.schema import VERSION
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

Query = Callable[[str], list[tuple[Any, ...]]]

REVISION: Final = """
import time
from alembic import op
import sqlalchemy as sa
revision, down_revision = "{revision:04}", "{before:04}"
def upgrade():
    {work}
"""
NEWEST: Final = VERSION + 2


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make this Tunewright two versions newer than its tables: by what the two revisions do."""

    def change(*works: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(str(migrations.__file__)).parent / "versions", folder / "versions")
        for before, work in enumerate(works, VERSION):
            text = REVISION.format(revision=before + 1, before=before, work=work)
            (folder / "versions" / f"to_{before + 1}.py").write_text(text)
        monkeypatch.setattr(migrations, "_FOLDER", folder)
        monkeypatch.setattr(migrations, "VERSION", VERSION + len(works))

    return change


class Place:
    """A storage at one address, and another program that looks into it."""

    def __init__(self, make: Callable[[], Sql | Postgres], query: Query, number: str, columns: str) -> None:
        self.make = make
        self.query = query
        self.number = number
        self.columns = columns
        self.view = "tunewright.trials" if "tunewright." in number else "trials"

    def read(self, study: int) -> list[Any]:
        """The journal, as a process of this Tunewright sees it."""
        storage = self.make()
        try:
            return list(storage.read(study))
        finally:
            storage.close()

    def version(self) -> int:
        return int(self.query(self.number)[0][0])

    def of_workers(self) -> list[str]:
        return [name for (name,) in self.query(self.columns)]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        path = tmp_path / "runs.db"

        def ask_file(text: str) -> list[tuple[Any, ...]]:
            with closing(sqlite3.connect(path)) as foreign:
                return foreign.execute(text).fetchall()

        return Place(lambda: Sql(str(path)), ask_file, "PRAGMA user_version", "SELECT name FROM pragma_table_info('workers')")
    url: str = request.getfixturevalue("postgres")

    def ask_server(text: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as foreign:
            return foreign.execute(text.encode()).fetchall()

    return Place(
        lambda: Postgres(url),
        ask_server,
        "SELECT number FROM tunewright.version",
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'workers' ORDER BY ordinal_position",
    )


def filled(place: Place) -> int:
    """The study of a storage of today's version, with one trial."""
    storage = place.make()
    study = storage.create("first", HEADER).id
    storage.append(study, [asked(), told(0)], 0)
    storage.close()
    return study


ADD: Final = 'op.add_column("workers", sa.Column("colour", sa.Text, nullable=False, server_default="red"))'
NARROW: Final = 'op.drop_column("workers", "host")'


def test_the_newest_revision_is_the_version_of_the_tables() -> None:
    scripts = ScriptDirectory(str(Path(str(migrations.__file__)).parent))

    assert scripts.get_current_head() == f"{VERSION:04}"
    assert [step.revision for step in scripts.walk_revisions()] == [f"{number:04}" for number in range(VERSION, 0, -1)]


def test_revisions_make_of_an_empty_file_what_a_new_one_has(tmp_path: Path) -> None:
    def shape(path: Path) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path)) as foreign:
            number = foreign.execute("PRAGMA user_version").fetchall()
            rows = foreign.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        return number + [(*row[:3], " ".join((row[3] or "").split())) for row in rows]

    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'stepwise.db'}", poolclass=NullPool)
    with engine.begin() as connection:
        migrations.upgrade(connection)
    storage = Sql(str(tmp_path / "at_once.db"))
    storage.create("first", HEADER)
    storage.close()

    assert shape(tmp_path / "stepwise.db") == shape(tmp_path / "at_once.db")


def test_revisions_make_of_an_empty_schema_what_a_new_one_has(postgres: str) -> None:
    def shape() -> list[Any]:
        with psycopg.connect(postgres) as foreign:
            return [
                foreign.execute(text).fetchall()
                for text in (
                    "SELECT number FROM tunewright.version",
                    (
                        "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default "
                        "FROM information_schema.columns WHERE table_schema = 'tunewright' ORDER BY 1, 2"
                    ),
                    (
                        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
                        "WHERE connamespace = 'tunewright'::regnamespace ORDER BY 1"
                    ),
                    "SELECT pg_get_viewdef('tunewright.trials'::regclass)",
                )
            ]

    storage = Postgres(postgres)
    storage.create("first", HEADER)
    storage.close()
    at_once = shape()
    engine = sqlalchemy.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with engine.begin() as connection:
        for text in (
            "DROP SCHEMA tunewright CASCADE",
            "CREATE SCHEMA tunewright",
            "SET LOCAL search_path TO tunewright",
            "CREATE TABLE version (number integer NOT NULL)",
            "INSERT INTO version VALUES (0)",
        ):
            connection.exec_driver_sql(text)
        migrations.upgrade(connection)

    assert shape() == at_once


def test_older_tables_are_brought_up_to_date_by_whoever_comes_first(place: Place, older: Callable[..., None], fork: Any) -> None:
    study = filled(place)
    before = place.read(study)
    older(ADD, NARROW)

    children = [fork(lambda say: say(place.read(study) == before)) for _ in range(4)]

    assert [child.hear() for child in children] == ["True"] * 4
    assert place.version() == NEWEST
    assert place.of_workers() == ["id", "pid", "started", "seen", "colour"]
    assert place.query(f"SELECT study, state FROM {place.view}") == [("first", "completed")]


def test_an_upgrade_that_is_killed_leaves_the_older_tables_whole(
    place: Place, older: Callable[..., None], fork: Any, tmp_path: Path
) -> None:
    study = filled(place)
    before = place.read(study)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    older(ADD, "pass")
    second = tmp_path / "migrations" / "versions" / f"to_{NEWEST}.py"
    whole = second.read_text()
    second.write_text(whole.replace("pass", f'open({str(ready)!r}, "w").close(); time.sleep(60)'))

    child = fork(lambda say: say(place.make().studies()))
    ready.read_text()  # until the first revision is made, and the second has begun
    child.kill()
    child.wait()

    assert place.version() == VERSION
    assert "colour" not in place.of_workers()
    second.write_text(whole)
    assert place.read(study) == before
    assert place.version() == NEWEST


def test_a_revision_that_fails_changes_nothing_and_is_said(place: Place, older: Callable[..., None]) -> None:
    study = filled(place)
    before = place.read(study)
    older(ADD, 'op.drop_column("workers", "nothing")')

    with pytest.raises(StorageError, match="nothing"):
        place.read(study)

    assert place.version() == VERSION
    assert "colour" not in place.of_workers()
    with pytest.MonkeyPatch.context() as today:
        today.setattr(migrations, "VERSION", VERSION)
        assert place.read(study) == before


def test_a_file_whose_log_is_newer_than_its_header_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    storage = Sql(str(path))
    storage.create("first", HEADER)
    storage.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(f"PRAGMA user_version={VERSION + 1}")

        with pytest.raises(StorageError, match=f"newer Tunewright .tables of version {VERSION + 1}"):
            Sql(str(path)).studies()


def test_a_visitor_to_the_tables_is_told_who_can_bring_them_up_to_date(postgres: str, older: Callable[..., None]) -> None:
    storage = Postgres(postgres)
    storage.create("first", HEADER)
    storage.close()
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute("CREATE ROLE visitor LOGIN")
        owner.execute("GRANT USAGE ON SCHEMA tunewright TO visitor")
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA tunewright TO visitor")
    older(ADD)

    with pytest.raises(StorageError, match=r"only their owner may bring them up to date .*Let the owner open it once"):
        Postgres(postgres.replace("postgres:@", "visitor:@")).studies()

    with psycopg.connect(postgres) as owner:
        assert owner.execute("SELECT number FROM tunewright.version").fetchone() == (VERSION,)
