"""Reaching a PostgreSQL server, and finding or making the tables there."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tunewright.errors import ExtraMissing, StorageError, StudyMissing
from tunewright.storage.postgres import Postgres
from tunewright.storage.schema import VERSION
from tunewright.storage.server import Server, safe
from tunewright.testing.storage_contract import HEADER, asked

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host:5432/runs", "postgresql://me@host:5432/runs"),
        ("postgresql://me@host/runs", "postgresql://me@host/runs"),
        ("postgresql:///runs?host=/tmp", "postgresql:///runs?host=/tmp"),
        ("postgresql://host/runs?password=secret", "postgresql://host/runs"),
        ("postgresql://host/runs?password=secret&sslmode=require", "postgresql://host/runs?sslmode=require"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert safe(url) == shown


def test_a_driver_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)

    with pytest.raises(ExtraMissing, match=r"pip install \"psycopg\[binary\]>=3"):
        Postgres("postgresql://me@host/runs")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: "postgresql://me@127.0.0.1:1/runs", "cannot be reached"),
        (lambda url: url.replace("/test", "/nothing"), "no such database"),
        (lambda url: url.replace("postgres:@", "stranger@"), "no such user"),
        (lambda url: url.replace("postgres:@", "stran%40ger:x@"), "no such user"),
        (lambda url: "postgresql://me@host/runs?speed=high", "is no address"),
    ],
)
def test_a_server_that_cannot_be_had_is_said_at_once(change: Callable[[str], str], says: str, postgres: str) -> None:
    with pytest.raises(StorageError, match=says):
        Postgres(change(postgres)).studies()


def test_an_address_that_cannot_be_read_is_quoted_without_its_password() -> None:
    with pytest.raises(StorageError, match="is no address") as raised:
        Postgres("postgresql://me:secret@[::1/runs").studies()

    assert "secret" not in str(raised.value)
    assert raised.value.__suppress_context__  # the library's own message holds it


def test_a_refused_password_is_said(postgres_server: Any) -> None:
    url = postgres_server.database()
    rules = postgres_server.rules
    before = rules.read_text()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        try:
            rules.write_text("local all guarded scram-sha-256\n" + before)
            owner.execute("SELECT pg_reload_conf()")
            wrong = url.replace("postgres:@", "guarded:wrong@")

            with pytest.raises(StorageError, match="refuses the password") as raised:
                Postgres(wrong).studies()
            assert "wrong@" not in str(raised.value)
            with pytest.raises(StorageError, match=r'GRANT CREATE ON DATABASE "\w+" TO "guarded";'):
                Postgres(url.replace("postgres:@", "guarded:right@")).create("first", HEADER)
        finally:
            rules.write_text(before)
            owner.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("100%secret", "a % in it begins no code"),
        ("p@ss:secret/rd%", "a % in it begins no code"),
        ("a secret", "a blank in it is no %20"),
        ("p@s-secret:w/rd", "no address"),
        ("sec@secret:x", "no address"),
    ],
)
def test_a_password_that_is_not_encoded_is_explained_and_not_shown(password: str, why: str) -> None:
    with pytest.raises(StorageError, match=why) as raised:
        Postgres(f"postgresql://me:{password}@127.0.0.1:1/runs", patience=0.0).studies()

    assert "write %25 for %, %40 for @" in str(raised.value)
    assert "sec" not in str(raised.value)
    assert str(raised.value).startswith("postgresql://me@127.0.0.1:1/runs ")
    assert raised.value.__suppress_context__


@pytest.fixture
def guest(postgres: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """Somebody without rights in a database, and its owner."""
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS guest")
        owner.execute("CREATE ROLE guest LOGIN")
        yield postgres.replace("postgres:@", "guest:@"), owner
        owner.execute("DROP OWNED BY guest CASCADE")
        owner.execute("DROP ROLE guest")


@pytest.mark.parametrize("state", ["nothing", "schema", "tables", "tables and USAGE", "tables and SELECT"])
def test_the_rights_that_it_proposes_are_those_that_are_missing(
    state: str, guest: tuple[str, psycopg.Connection], postgres: str
) -> None:
    url, owner = guest
    if state == "schema":
        owner.execute("CREATE SCHEMA tunewright")
    elif state != "nothing":
        with contextlib.closing(Postgres(postgres)) as mine:
            mine.create("first", HEADER)
    if " and " in state:
        owner.execute("GRANT USAGE ON SCHEMA tunewright TO guest")
    if "SELECT" in state:
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA tunewright TO guest")

    with contextlib.closing(Postgres(url)) as storage:
        with pytest.raises(StorageError, match="GRANT ") as raised:
            storage.create("second", HEADER)
        said = str(raised.value)
        assert "LINE" not in said
        for grant in re.findall(r"GRANT [^;]*;", said):
            owner.execute(grant)

        study = storage.create("second", HEADER).id
        storage.append(study, [asked(0)], 0)
        storage.join()
        storage.delete("second")


def test_eight_processes_make_the_tables_at_once(postgres: str, fork: Any) -> None:
    children = [fork(lambda say, name=str(number): say(Postgres(postgres).create(name, HEADER).name)) for number in range(8)]

    assert [child.hear() for child in children] == [str(number) for number in range(8)]
    assert [child.wait()[0] for child in children] == [0] * 8


def test_who_only_looks_makes_no_tables(postgres: str) -> None:
    storage = Postgres(postgres)

    assert storage.studies() == []
    with pytest.raises(StudyMissing, match=r'no study "first": .* holds no studies yet'):
        storage.open("first")
    with psycopg.connect(postgres) as foreign:
        assert foreign.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'tunewright'").fetchone() == (0,)

    storage.create("first", HEADER)
    assert [record.name for record in storage.studies()] == ["first"]
    storage.close()


def test_tables_of_the_future_are_refused_and_not_touched(postgres: str) -> None:
    storage = Postgres(postgres)
    storage.create("first", HEADER)
    storage.close()
    with psycopg.connect(postgres, autocommit=True) as foreign:
        foreign.execute("UPDATE tunewright.version SET number = 99")

    with pytest.raises(StorageError, match=f"newer Tunewright .tables of version 99, this one knows {VERSION}"):
        storage.studies()


def test_other_tables_of_the_same_names_are_left_alone(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as foreign:
        foreign.execute("CREATE TABLE studies (mine text)")

    storage = Postgres(postgres)
    storage.create("first", HEADER)
    storage.close()

    with psycopg.connect(postgres) as foreign:
        assert foreign.execute("SELECT count(*) FROM public.studies").fetchone() == (0,)


def test_threads_take_turns_on_the_one_connection(postgres: str) -> None:
    server = Server(postgres, patience=5.0)
    seen: list[int] = []

    def work() -> None:
        for _ in range(20):
            server.write(lambda cursor: seen.append(cursor.execute("SELECT pg_backend_pid()").fetchone()[0]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(seen), len(set(seen))) == (80, 1)
    server.close()


@pytest.fixture
def stopped(postgres_server: Any) -> Iterator[Callable[[], None]]:
    """Stop the server, as a crash does; it is there again after the test."""
    try:
        yield lambda: postgres_server.stop("immediate")
    finally:
        postgres_server.start()


def gives_up(server: Server) -> float:
    """Seconds until it says that the server cannot be reached."""
    begun = time.monotonic()
    with pytest.raises(StorageError, match="cannot be reached"):
        server.clock()
    return time.monotonic() - begun


def test_all_threads_share_one_wait_for_a_server_that_has_gone(postgres: str, stopped: Callable[[], None]) -> None:
    server = Server(postgres, patience=2.0)
    server.clock()
    waited: list[float] = []
    threads = [threading.Thread(target=lambda: waited.append(gives_up(server))) for _ in range(4)]

    stopped()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(waited) == 4
    assert max(waited) < 5.0  # one after the other it would be 8
    assert gives_up(server) < 1.0  # nobody waits again


def test_a_server_that_comes_back_after_it_was_given_up_is_waited_for_anew(postgres: str, postgres_server: Any) -> None:
    server = Server(postgres, patience=1.0)
    server.clock()
    postgres_server.stop("immediate")
    gives_up(server)
    postgres_server.start()
    assert server.clock() > 0

    postgres_server.stop("immediate")
    try:
        assert gives_up(server) > 0.5
    finally:
        postgres_server.start()
    server.close()


def test_who_has_to_end_does_not_wait(postgres: str, stopped: Callable[[], None]) -> None:
    server = Server(postgres, patience=60.0)
    server.clock()
    waited: list[float] = []
    waiting = threading.Thread(target=lambda: waited.append(gives_up(server)))

    stopped()
    waiting.start()
    time.sleep(0.5)
    server.hurried = True
    waiting.join()

    assert waited[0] < 5.0
    assert gives_up(server) < 1.0
    server.hurried = False
    assert gives_up(server) < 1.0  # it was given up
