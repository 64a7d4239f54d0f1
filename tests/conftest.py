"""What every test stands on: the same examples at every run, one thread per process, and nobody's own settings."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # the suite runs in several processes already; said before NumPy is loaded
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("COLUMNS", "120")

from hypothesis import HealthCheck, settings  # noqa: E402  the environment comes first

settings.register_profile(
    "house",
    derandomize=True,  # a failure is a failure at every run, on every machine
    deadline=None,  # no timed unit tests
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # the same reason: a busy machine is no failure
)
settings.load_profile("house")
