"""What every test stands on: the same examples at every run, one thread per process, and nobody's own settings."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # the suite runs in several processes already; said before NumPy is loaded
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("COLUMNS", "120")

import pytest  # noqa: E402  the environment comes first
from hypothesis import HealthCheck, settings  # noqa: E402

from tests.harness import PostgresServer  # noqa: E402

settings.register_profile(
    "house",
    derandomize=True,  # a failure is a failure at every run, on every machine
    deadline=None,  # no timed unit tests
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # the same reason: a busy machine is no failure
)
settings.load_profile("house")


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
