"""What a task may take: time, memory, threads, devices.

Memory is watched, not reserved: the supervisor sums what the task's processes really hold, ten times a second. The kernel's own limits
are no help here. RLIMIT_AS counts addresses, of which a BLAS, a memory-mapped table or CUDA take many times what they use; RLIMIT_DATA
counts reserved pages, and a process each, not a task; cgroups need rights that a user seldom has.
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

import msgspec

from tunewright.arguments import whole
from tunewright.errors import StudyError
from tunewright.space.values import plain_number

__all__ = ["Fence", "Isolation", "cores"]

Isolation: TypeAlias = Literal["process", "none"]

_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",  # what n_jobs=-1 inside a task comes to
)


def cores() -> int:
    """How many processors this process may use: those of its affinity, or of its container's quota if that is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return count if quota == "max" else max(1, min(count, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # not Linux, or an older kind of container
        return count


class Fence(msgspec.Struct, frozen=True):
    """Around each task.

    Attributes:
        isolation: "process": in a child process of our own keeping; "none": in this process.
        seconds: of wall time; inf: no limit.
        memory: bytes that the task's processes may hold together; inf: no limit.
        threads: of BLAS and OpenMP, for each worker.
        devices: what each worker's CUDA_VISIBLE_DEVICES says; empty: as it is.
    """

    isolation: Isolation = "process"
    seconds: float = math.inf
    memory: float = math.inf
    threads: int = 1
    devices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        workers: int,
        executor: bool = False,
        overtime: bool = False,
        isolation: Isolation | None = None,
        seconds: float | None = None,
        memory: str | float | None = None,
        resources: Mapping[str, Sequence[int | str]] | None = None,
    ) -> Self:
        """Check what a user asked for.

        Args:
            workers: how many tasks run at once.
            executor: whether somebody else's executor runs the tasks.
            overtime: whether running tasks must be ended when the time is up.
            isolation: None: processes for several workers of our own, or where something that was asked for needs them.
            seconds, memory, resources: see `Study.optimize`.

        Raises:
            StudyError: it cannot be had.
        """
        asked = [
            name
            for name, value in (("task_seconds", seconds), ("task_memory", memory), ("resources", resources))
            if value is not None
        ]
        own = not executor and (workers > 1 or overtime)
        asked += ["overtime"] if overtime and not executor else []
        if isolation not in {None, "process", "none"}:
            raise StudyError(f'isolation must be "process" or "none", got {isolation!r}.')
        if isolation == "none" and asked:
            raise StudyError(f'{asked[0]} needs isolation="process": a task in this very process cannot be ended or kept apart.')
        if executor and resources is not None:
            raise StudyError(
                "resources are for workers of our own: an executor (Dask, Ray) gives devices to its workers by itself."
            )
        if seconds is not None and not 0 < (plain_number(seconds) or 0) < math.inf:
            raise StudyError(f"task_seconds must be a number of seconds, more than 0, got {seconds!r}.")
        return cls(
            isolation or ("process" if own or asked else "none"),
            math.inf if seconds is None else float(seconds),
            math.inf if memory is None else _bytes(memory),
            max(1, cores() // workers),
            _devices(resources, workers),
        )

    def environment(self, slot: int) -> dict[str, str]:
        """The environment of the worker in this slot (0, 1, …). A number of threads that the user has set stands."""
        environment = dict.fromkeys(_THREADS, str(self.threads)) | os.environ
        if self.devices:
            environment["CUDA_VISIBLE_DEVICES"] = self.devices[slot]
        return environment


def _bytes(value: Any) -> float:  # noqa: ANN401  the user's value
    number = plain_number(value)
    if number is not None and 0 < number < math.inf:
        return float(number)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", value.lower()) if isinstance(value, str) else None
    if found is None or found[2] not in _UNITS or not float(found[1]):
        raise StudyError(f'task_memory must be a size such as "2GB", "512MiB" or a number of bytes, got {value!r}.')
    return float(found[1]) * _UNITS[found[2]]


def _devices(resources: Any, workers: int) -> tuple[str, ...]:  # noqa: ANN401  the user's value
    if resources is None:
        return ()
    if not isinstance(resources, Mapping) or set(resources) != {"gpu"}:
        raise StudyError(f'resources knows "gpu" only, as in {{"gpu": [0, 1]}}, got {resources!r}.')
    named = resources["gpu"]
    if isinstance(named, str | bytes) or not isinstance(named, Sequence) or not named:
        raise StudyError(f'resources["gpu"] must list devices, one for each worker, as in [0, 1], got {named!r}.')
    if len(named) < workers:
        raise StudyError(
            f'{workers} workers need {workers} places in resources["gpu"], got {list(named)}. Repeat a device to put several tasks on it.'
        )
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    ours = None if given is None else [part.strip() for part in given.split(",") if part.strip()]
    return tuple(_device(name, ours) for name in named)


def _device(name: Any, ours: list[str] | None) -> str:  # noqa: ANN401  the user's value
    """Numbers count among the devices that this process was given (a cluster gives "3,5"); names (GPU-…, MIG-…) stand."""
    if isinstance(name, str):
        return name
    number = whole(name)
    if number is None or number < 0:
        raise StudyError(f'resources["gpu"] must hold device numbers or names, got {name!r}.')
    if ours is not None and number >= len(ours):
        raise StudyError(
            f'resources["gpu"] names device {name}, but CUDA_VISIBLE_DEVICES gives this process {len(ours)}: {ours}.'
        )
    return str(number) if ours is None else ours[number]
