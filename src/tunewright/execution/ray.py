"""Ray as an executor: `study.optimize(train, trials=100, workers=32, executor=RayExecutor())`."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar, cast

from tunewright.errors import StudyError
from tunewright.extras import require

__all__ = ["RayExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


class RayExecutor(Executor):
    """Runs each call as a Ray task.

    Ray starts a task again when its worker or its node dies (`max_retries`, 3 by default). Connect first (`ray.init("auto")`, or by
    RAY_ADDRESS); where nothing is connected, Ray starts on this machine.

    Args:
        options: of each task, as `ray.remote` takes them: `num_cpus=2`, `num_gpus=0.5`, `memory=4e9`, `max_retries=0`, …

    Raises:
        ExtraMissing: Ray is not installed.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  Ray's own
        self._ray = require("ray", extra="ray")
        if not self._ray.is_initialized():
            self._ray.init()
        self._call = self._ray.remote(_call).options(**options) if options else self._ray.remote(_call)
        self._open = True

    @property
    def host(self) -> str:
        """The address of this machine in Ray's network."""
        return str(self._ray.util.get_node_ip_address())

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call it somewhere in the cluster.

        Raises:
            StudyError: it is shut down, or Ray is.
        """
        if not self._open or not self._ray.is_initialized():
            raise StudyError("This RayExecutor is shut down.")
        return cast("Future[T]", self._call.remote(fn, args, kwargs).future())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002  the contract of Executor
        """Take no more calls. Ray itself goes on: end it with `ray.shutdown()`."""
        self._open = False


def _call(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    return fn(*args, **kwargs)
