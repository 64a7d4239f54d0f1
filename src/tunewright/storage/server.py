"""The connection to a PostgreSQL server, held by one process so that the server may go and come back.

A process has one connection, in which one transaction runs at a time; its threads take turns. When it breaks, a new one is made with
growing pauses, for a minute at most: a server that restarts in the middle of a run costs the time that it is away. What is done in
between is decided by whoever was at work: `write` does it again, `writing` says `StorageLost`.

The minute is that of the outage, not of the one who waits: it begins when the server is first missed, all threads share it, and once it
is over nobody waits again until the server has been reached. A process that has to end (`hurried`) does not wait at all.

The tables stand in a schema of their own, "tunewright", made by whoever first has something to write. Its table `version` says which tables these are.
A newer version is refused; an older one is brought up to date (`migrations`) in one transaction, under a lock.

The server itself is told to end the session of a client that is silent in the middle of a transaction, or that its network has lost.
So what such a client held (the lock of a journal, the right to ask) is free within a minute.
"""

import contextlib
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import sqlalchemy
from sqlalchemy.dialects import registry
from sqlalchemy.pool import NullPool

from tunewright.errors import StorageError, StorageLocked, StorageLost
from tunewright.extras import require
from tunewright.paths import masked
from tunewright.storage.migrations import outdated, upgrade
from tunewright.storage.schema import APPLICATION, POSTGRES_VIEW, VERSION, metadata

__all__ = ["Server", "safe"]

T = TypeVar("T")

_PAUSES: Final = (0.05, 2.0)  # seconds before the second attempt to connect, and at most between two
_NAP: Final = 0.1  # seconds of a pause after which a thread looks whether it should hurry
_TRIES: Final = (5, 10)  # seconds for one attempt to connect: at least, also when the time is up, and at most
_HURRIED: Final = 2  # the same, for a process that has to end
_STARTING: Final = re.compile(r"starting up|shutting down|recovery|too many (clients|connections)|remaining connection slots")
_SETTINGS: Final = (
    "-c search_path=tunewright -c idle_in_transaction_session_timeout=60000 -c lock_timeout=60000 "
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
)
_NETWORK: Final = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 4, "tcp_user_timeout": 40_000}
"""When this end sees that the network has gone: after 40 s; else it would wait for a quarter of an hour."""


def safe(url: str) -> str:
    """The address without its password, wherever it stands."""
    return re.sub(r"(?i)([?&])\w*password=[^&]*&?", r"\1", masked(url, "")).rstrip("?&")


class _NoTablesError(Exception): ...


class Server:
    """A connection, made when first needed, and made again when it breaks.

    Args:
        url: as PostgreSQL's own library takes it: "postgresql://user:password@host:5432/database".
        patience: seconds to wait for a server that has gone.

    Attributes:
        threads: held by the thread whose transaction runs.
        life: how many connections have ended so far.
        hurried: whether this process has to end, so that nobody waits; a signal handler may set it.
    """

    nothing = "holds no studies yet"

    def __init__(self, url: str, *, patience: float) -> None:
        self._driver = require("psycopg", extra="postgres")
        self._url = url
        self.shown = safe(url)
        self.patience = patience
        self.threads = threading.RLock()
        self.life = 0
        self.hurried = False
        self._connection: Any = None
        self._known = self._looking = False
        self._missed: float | None = None
        self._given_up = False
        self._quiet = 0.0
        self._said = ""
        _SERVERS.add(self)

    def exists(self) -> bool:
        """Whether there are tables. None are made for who only asks; else they are made with the connection. Raises as `connection`."""
        with self.threads:
            self._looking = True
            try:
                return self.connection is not None
            except _NoTablesError:
                self._known = True
                return False
            finally:
                self._looking = False

    # ---- the connection --------------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Any:  # noqa: ANN401  the driver is optional
        """The connection; made if there is none. Raises StorageError, at once if the server was never reached."""
        if self._connection is None:
            self._connection = self._wait()
            self._known, self._missed, self._given_up = True, None, False
        return self._connection

    def _wait(self) -> Any:  # noqa: ANN401  the driver is optional
        """A new connection, as soon as there is one."""
        if self._given_up and time.monotonic() < self._quiet:
            raise StorageError(self._unreached(self._said))
        pause = _PAUSES[0]
        while True:
            begun = time.monotonic()
            try:
                return self._connect()
            except self._driver.OperationalError as error:
                now, self._said = time.monotonic(), str(error)
                if _refused(self._said) or not (self._known or _STARTING.search(self._said)):
                    raise StorageError(self._unreached(self._said)) from error
                self._missed = begun if self._missed is None else self._missed
                left = self._missed + self.patience - now
                self._given_up = self._given_up or self.hurried or left <= 0
                if self._given_up:
                    # a network that swallows everything costs seconds at each attempt: the others need not see it for themselves
                    self._quiet = now + (now - begun)
                    raise StorageError(self._unreached(self._said)) from error
            self._doze(min(pause, left))
            pause = min(2 * pause, _PAUSES[1])

    def _doze(self, pause: float) -> None:
        end = time.monotonic() + pause
        while not self.hurried and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))

    @property
    def _try(self) -> int:
        """Seconds for one attempt to connect."""
        if self.hurried:
            return _HURRIED
        left = self.patience if self._missed is None else self._missed + self.patience - time.monotonic()
        return max(_TRIES[0], min(_TRIES[1], int(left)))

    def _connect(self) -> Any:  # noqa: ANN401  the driver is optional
        connection = self._reach()
        try:
            if self._looking and not self._made(connection):
                raise _NoTablesError
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _reach(self, *, autocommit: bool = True) -> Any:  # noqa: ANN401  the driver is optional
        try:
            return self._driver.connect(
                self._url,
                autocommit=autocommit,
                application_name="tunewright",
                options=_SETTINGS,
                connect_timeout=self._try,
                **_NETWORK,
            )
        except (self._driver.ProgrammingError, self._driver.OperationalError) as error:
            plain = str(error).replace(self._url, self.shown)
            said = self._without_secrets(plain)
            if isinstance(error, self._driver.OperationalError) and said == str(error):
                raise
            mend = "" if said == plain else f" {_ENCODED}"
            raise StorageError(
                f"{self.shown} is no address of a PostgreSQL database: {_line(said)}.{mend}"
            ) from None  # the library's own message holds the password, or a part of it

    def _without_secrets(self, said: str) -> str:
        """What the library said of the address, less what it quotes of it and `shown` leaves out: a password that was misread."""
        if "percent-encoded" in said:
            return "a blank in it is no %20" if "spaces" in said else "a % in it begins no code such as %25"
        secret, known = (text + unquote(text) for text in (self._url, self.shown))
        return re.sub(
            r"""(["'])(.*?)\1""",
            lambda found: "…" if found[2] in secret and found[2] not in known else found[0],
            said,
            flags=re.DOTALL,
        )

    def _set_up(self, connection: Any) -> None:  # noqa: ANN401  the driver is optional
        try:
            if not self._made(connection):
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s, -1)", (APPLICATION,))
                    if not self._made(connection):
                        self._make(connection)
            number = connection.execute("SELECT number FROM tunewright.version").fetchone()[0]
            if outdated(number, self.shown):
                self._upgrade()
        except self._driver.errors.LockNotAvailable as error:
            raise StorageLocked(f"{self.shown}: others held its tables for a minute. Nothing was changed. Try again.") from error
        except (self._driver.errors.InsufficientPrivilege, self._driver.errors.InvalidSchemaName) as error:
            raise StorageError(f"{self.shown}: {self._grants(connection, error, made=self._made(connection))}") from error
        except self._driver.OperationalError:  # the connection broke: tried again
            raise
        except self._driver.Error as error:
            raise StorageError(
                f"{self.shown}: its tables cannot be made or brought up to date ({_line(error.diag.message_primary or str(error))}). Nothing was changed."
            ) from error

    def _grants(self, connection: Any, error: Any, *, made: bool) -> str:  # noqa: ANN401  the driver is optional
        """Which rights are missing, and what to say on the server to give them; `made`: the tables are there."""
        user, lacking = f'"{connection.info.user}"', str(error.diag.message_primary)
        if "must be owner" in lacking:
            return f"its tables are of an older version, and only their owner may bring them up to date ({lacking}). Let the owner open it once."
        if made:
            who, what = (
                "Let the owner of the tables say",
                ("USAGE ON SCHEMA", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA", "USAGE ON ALL SEQUENCES IN SCHEMA"),
            )
            grants = [f"{each} tunewright" for each in what]
        elif "for database" in lacking:
            who, grants = "Let the owner of the database say", [f'CREATE ON DATABASE "{connection.info.dbname}"']
        else:
            who, grants = "Let the owner of the schema say", ["USAGE, CREATE ON SCHEMA tunewright"]
        lines = " ".join(f"GRANT {each} TO {user};" for each in grants)
        return f"the user {user} lacks the rights that a study needs ({lacking}). {who}: {lines}"

    def _made(self, connection: Any) -> bool:  # noqa: ANN401  the driver is optional
        # asked of the catalogue itself: to_regclass() remembers what was not there, also while it waits for the lock
        found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'tunewright' AND tablename = 'version'")
        return found.fetchone() is not None

    def _make(self, connection: Any) -> None:  # noqa: ANN401  the driver is optional
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'tunewright'").fetchone() is None:
            connection.execute("CREATE SCHEMA tunewright")  # IF NOT EXISTS asks for the right to, also where there is one
        dialect: sqlalchemy.Dialect = registry.load("postgresql")()
        for table in metadata.sorted_tables:
            connection.execute(str(sqlalchemy.schema.CreateTable(table).compile(dialect=dialect)))
        connection.execute(POSTGRES_VIEW)
        connection.execute("CREATE TABLE version (number integer NOT NULL)")
        connection.execute("INSERT INTO version VALUES (%s)", (VERSION,))

    def _upgrade(self) -> None:
        """On a connection of its own, since SQLAlchemy changes how it translates values."""
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://", creator=lambda: self._reach(autocommit=False), poolclass=NullPool
        )
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION}, -1)")
                upgrade(connection)
        except sqlalchemy.exc.DBAPIError as error:
            raise error.orig or error from None

    def _unreached(self, said: str) -> str:
        if "password authentication failed" in said or "no password supplied" in said:
            return (
                f"{self.shown}: the server refuses the password. Write it into the address, postgresql://user:password@host/database, "
                "or set PGPASSWORD, or keep it in ~/.pgpass."
            )
        if re.search(r'database "[^"]*" does not exist', said):
            return f"{self.shown}: the server has no such database. Make it with: createdb NAME; or name another one."
        if re.search(r'role "[^"]*" does not exist', said):
            return f"{self.shown}: the server knows no such user. Check the name before the @."
        tried = f"Tunewright tried for {self._waited:.0f} s and gave up; what was told is safe. " if self._known else ""
        return f"{self.shown}: the server cannot be reached ({_line(said)}). {tried}Is it running, and are host and port right?"

    @property
    def _waited(self) -> float:
        return 0.0 if self._missed is None else min(self.patience, time.monotonic() - self._missed)

    def forget(self) -> None:
        """Do without this connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.life += 1
            with contextlib.suppress(self._driver.Error):
                connection.close()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """The driver's errors become StorageLost where the connection broke, StorageLocked or StorageError elsewhere."""
        try:
            yield
        except self._driver.errors.LockNotAvailable as error:
            raise StorageLocked(f"{self.shown}: others held the study for a minute. Nothing was written. Try again.") from error
        except self._driver.Error as error:
            state = error.sqlstate or ""
            gone = state in _GOING or state.startswith("08")  # said before the connection is seen to be closed
            if gone or self._connection is None or self._connection.closed:
                self.forget()
                raise StorageLost(f"{self.shown}: the connection was lost ({_line(str(error))}).") from error
            denied = isinstance(error, self._driver.errors.InsufficientPrivilege)
            said = self._grants(self._connection, error, made=True) if denied else f"{_line(str(error))}."
            raise StorageError(f"{self.shown}: {said} Nothing was written.") from error

    def holds(self, session: object) -> bool:
        """Whether this is the present connection."""
        return self._connection is session

    # ---- at work ---------------------------------------------------------------------------------------------------------------

    def begin(self) -> Any:  # noqa: ANN401  the driver is optional
        """A cursor in a new transaction; for whoever holds `threads`, inside `explained`."""
        cursor = self.connection.cursor()
        cursor.execute("BEGIN")
        return cursor

    def cursor(self) -> Any:  # noqa: ANN401  the driver is optional
        """A cursor; for whoever holds `threads`, inside `explained`."""
        return self.connection.cursor()

    def statements(self) -> Any:  # noqa: ANN401  the driver is optional
        """A cursor that sends several statements in one message, with their values in them."""
        return self._driver.ClientCursor(self.connection)

    def roll_back(self) -> None:
        """Undo the transaction, if there still is one."""
        if self._connection is not None:
            with contextlib.suppress(self._driver.Error):
                self._connection.rollback()

    def fetch(self, text: str, values: Mapping[str, object]) -> list[Any]:
        """All rows of a query; asked again when the connection breaks."""
        while True:
            with contextlib.suppress(StorageLost), self.threads, self.explained():
                rows: list[Any] = self.connection.execute(text, values).fetchall()
                return rows

    def write(self, work: Callable[[Any], T]) -> T:
        """Do something in a transaction; done again when the connection breaks, also if it may have come to its end.

        One process at a time does such work, so it may look first and write then.
        """
        while True:
            with contextlib.suppress(StorageLost), self.writing() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (APPLICATION,))
                result = work(cursor)
                cursor.execute("COMMIT")
                return result

    @contextlib.contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction; its end is the caller's affair, and what breaks off is undone."""
        with self.threads, self.explained():
            try:
                yield self.begin()
            except BaseException:
                self.roll_back()
                raise

    def clock(self) -> float:
        """The server's, which is the same for all machines."""
        return float(self.fetch("SELECT extract(epoch FROM clock_timestamp())::float8", {})[0][0])

    def close(self) -> None:
        """Close the connection. Using it again opens it again."""
        with self.threads:
            self.forget()

    def after_fork(self) -> None:
        """In a forked child: the connection is the parent's (the driver does not end it from here)."""
        self._connection = None
        self.life += 1
        self.hurried = False  # the parent has to end
        self.threads = threading.RLock()


_ENCODED: Final = "In a user name and a password, write %25 for %, %40 for @, %3A for :, %2F for / and %3F for ?."
_GOING = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATE of a server that shuts down, has crashed, or is starting."""


def _refused(said: str) -> bool:
    return "authentication failed" in said or "does not exist" in said or "no password supplied" in said


def _line(said: str) -> str:
    return " ".join(said.split()).rstrip(".")


_SERVERS: "weakref.WeakSet[Server]" = weakref.WeakSet()


def _after_fork() -> None:
    for server in list(_SERVERS):
        server.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
