"""A task goes in, an outcome comes out; whatever the objective does, the worker does not raise.

An objective is a function of a `LiveTrial`. It returns a number, a dictionary by metric name, a sequence with one number per
metric, or it is a generator of these: then each yield is a report on the way, and the last one (or what it returns) is the value.
"""

import inspect
import math
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from types import GeneratorType
from typing import Any, TypeAlias

import msgspec

from tunewright.errors import CheckpointMissing, MetricError, NoValue, Stopped, TrialError
from tunewright.execution.channel import Channel
from tunewright.execution.files import Place
from tunewright.execution.forked import SameProcess
from tunewright.execution.live import LiveTrial, report_of
from tunewright.execution.plain import as_text, plain_info
from tunewright.gradients import gradient_of
from tunewright.space.branches import Branches
from tunewright.space.values import plain_number
from tunewright.trial import Failure, Outcome, Report, Task
from tunewright.typing import Value

__all__ = ["Objective", "measured", "outcome_of", "run", "told"]

Objective: TypeAlias = Callable[[LiveTrial], Any]


def run(
    objective: Objective,
    task: Task,
    metrics: tuple[str, ...],
    channel: Channel | None = None,
    folder: Place | None = None,
    branches: Branches | None = None,
) -> Outcome:
    """Evaluate one task.

    Args:
        objective: the user's function.
        task: what to evaluate.
        metrics: the names that the result must have.
        channel: takes the reports, and says when to stop; None: reports come with the outcome.
        folder: where the files of the study's trials lie.
        branches: of the study's space.

    Returns:
        Values, or a failure with its traceback. `KeyboardInterrupt` alone passes through, in the main thread. A process that the
        objective forked does not return.
    """
    channel = Channel() if channel is None else channel
    start = time.perf_counter()
    live: LiveTrial | None = None
    try:
        live = LiveTrial(task, channel, folder, branches)  # which may have to fetch a checkpoint from afar
        with SameProcess() as same:
            result = objective(live)
            if isinstance(result, GeneratorType):
                result = _drain(result, live, metrics, same)
        live.check_origin()
    except KeyboardInterrupt as error:
        if threading.current_thread() is threading.main_thread():
            raise
        result = error  # Ctrl-C reaches the main thread alone: this one is the objective's own
    except BaseException as error:  # noqa: BLE001  sys.exit in an objective costs the task, not the study
        result = error
    finally:
        if live is not None:
            live.close()
    outcome = outcome_of(result, metrics, time.perf_counter() - start, channel.rest())
    if (
        isinstance(result, Stopped) and outcome.failure is not None and channel.stopping() is None
    ):  # nobody asked: an error like others
        return msgspec.structs.replace(outcome, failure=msgspec.structs.replace(outcome.failure, kind="exception"))
    if live is not None and live.slopes and outcome.values is not None:
        outcome = msgspec.structs.replace(outcome, gradient=live.slopes)
    stopped_at = None if live is None else live.stopped_at
    return outcome if stopped_at is None else msgspec.structs.replace(outcome, reached=stopped_at)


def outcome_of(result: Any, metrics: tuple[str, ...], seconds: float = 0.0, reports: tuple[Report, ...] = ()) -> Outcome:  # noqa: ANN401
    """What a result comes to: values, or a failure if it is an exception or cannot be used."""
    if isinstance(result, BaseException):
        info = plain_info(result.info) if isinstance(result, NoValue) and isinstance(result.info, Mapping) else {}
        return Outcome(None, _failure_of(result), seconds, info, reports)
    try:
        values, info = measured(result, metrics)
    except MetricError as error:
        return Outcome(None, _failure_of(error), seconds, reports=reports)
    except Exception as error:  # noqa: BLE001  the user's own class, which may raise whatever it is asked
        said = f"What the objective returned, of type {type(result).__name__}, cannot be read: {_failure_of(error).message}"
        return Outcome(None, Failure("bad value", said), seconds, reports=reports)
    return Outcome(values, None, seconds, info, reports)


def told(
    result: Any,  # noqa: ANN401  whatever an objective returns
    metrics: tuple[str, ...],
    seconds: float | None,
    gradient: object = None,
) -> Outcome:
    """What a result that is told by hand comes to: as `outcome_of`; an `Outcome` whose values cannot be used is a failure.

    Raises:
        TrialError: the seconds are no time, the gradient is no dictionary, or the rest of an `Outcome` cannot be read.
    """
    time_given = None if seconds is None else _seconds(seconds)
    slopes = None if gradient is None else gradient_of(gradient)
    outcome = _by_hand(result, metrics) if isinstance(result, Outcome) else outcome_of(result, metrics)
    if slopes is not None and outcome.values is not None:
        outcome = msgspec.structs.replace(outcome, gradient=slopes)
    return outcome if time_given is None else msgspec.structs.replace(outcome, seconds=time_given)


def _by_hand(given: Outcome, metrics: tuple[str, ...]) -> Outcome:
    """An outcome that somebody made, with nothing in it but what a journal holds."""
    seconds = _seconds(given.seconds)
    try:
        info = plain_info(given.info or {})
    except Exception as error:  # the user's own values, which may raise whatever they are asked
        raise TrialError(f"The info of the outcome cannot be read ({type(error).__name__}). Give a dictionary.") from error
    try:
        reports = tuple(report_of(report.step, report.values) for report in given.reports or ())
    except Exception as error:  # as above
        raise TrialError(
            f"The reports of the outcome cannot be read: {_failure_of(error).message} Give (Report(step, values), …)."
        ) from error
    if given.failure is None:
        outcome = outcome_of(given.values, metrics, seconds, reports)
        gradient = gradient_of(given.gradient or {}) if outcome.values is not None else {}
        return msgspec.structs.replace(outcome, info={**outcome.info, **info}, gradient=gradient)
    if not isinstance(given.failure, Failure):
        raise TrialError(f"The failure of an outcome is a Failure(kind, message), got {_shown(given.failure)}.")
    kind, message, text = (as_text(str(part)) for part in msgspec.structs.astuple(given.failure))
    return Outcome(None, Failure(kind, message, text), seconds, info, reports)


def _seconds(value: object) -> float:
    try:
        number = plain_number(value)
    except ValueError:  # a signalling NaN
        number = None
    if number is None or not 0 <= number < math.inf:
        raise TrialError(f"seconds must be a finite number, 0 or more, got {value!r}.")
    return float(number)


def _failure_of(error: BaseException) -> Failure:
    """What an exception says, whole; the worker's own frames are left out."""
    if isinstance(error, NoValue | MetricError):
        return Failure("bad value", as_text(str(error)))
    if isinstance(error, CheckpointMissing):
        return Failure("checkpoint", as_text(str(error)))
    kind = "stopped" if isinstance(error, Stopped) else "memory" if _is_about_memory(error) else "exception"
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__") == __name__:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames))
    try:
        said = str(error)
    except Exception as mute:  # noqa: BLE001  an exception's own text may raise
        said = f"(its text cannot be had: {type(mute).__name__})"
    first = (said.strip().splitlines() or [""])[0]
    return Failure(kind, as_text(f"{type(error).__name__}: {first}".rstrip(": ")), as_text(text))


def _is_about_memory(error: BaseException) -> bool:
    """Python's own error, or that of a device: PyTorch and CuPy call theirs OutOfMemoryError, JAX says it in the text."""
    name = type(error).__name__
    return (
        isinstance(error, MemoryError)
        or name == "OutOfMemoryError"
        or (name.startswith("Xla") and "RESOURCE_EXHAUSTED" in str(error))
    )


def _drain(steps: Generator[Any, Any, Any], live: LiveTrial, metrics: tuple[str, ...], same: SameProcess) -> Any:  # noqa: ANN401  the user's value
    last: Any = None
    stop: Stopped | None = None
    while True:
        try:
            last, stop = next(steps) if stop is None else steps.throw(stop), None  # it may clean up, and return what it has
        except StopIteration as end:
            return last if end.value is None else end.value
        same.check()  # a yield leaves the objective, too
        values, _ = measured(last, metrics, partial=True)
        try:
            live.record_yield(values)
        except Stopped as error:
            stop = error


def measured(result: Any, metrics: tuple[str, ...], *, partial: bool = False) -> tuple[dict[str, float], dict[str, Value]]:  # noqa: ANN401
    """Check what an objective returned, and sort it into metrics and further information.

    Args:
        result: a number, a dictionary, or a sequence with one number per metric.
        metrics: names of the study's metrics.
        partial: a report on the way, where metrics may be missing, NaN or infinite.

    Raises:
        MetricError: it cannot be used; says why and the mend.
    """
    if hasattr(type(result), "__await__"):
        if inspect.iscoroutine(result):
            result.close()  # or Python warns that nobody awaited it
        raise MetricError(f"The objective returned {_shown(result)}. Is the objective async? Give a plain def.")
    if isinstance(result, Mapping):
        missing = [name for name in metrics if name not in result]
        if missing and not partial:
            got = ", ".join(f'"{key}"' for key in result) or "nothing"
            raise MetricError(f'The objective did not return the metric "{missing[0]}"; it returned {got}.')
        values = {name: _number(result[name], name, partial=partial) for name in metrics if name in result}
        return values, plain_info({key: value for key, value in result.items() if key not in metrics})
    if len(metrics) == 1:
        return {metrics[0]: _number(result, metrics[0], partial=partial)}, {}
    if isinstance(result, Sequence) and not isinstance(result, str) and len(result) == len(metrics):
        return {name: _number(value, name, partial=partial) for name, value in zip(metrics, result, strict=True)}, {}
    wanted = ", ".join(f'"{name}": …' for name in metrics)
    raise MetricError(f"The objective returned {_shown(result)}, but the study has {len(metrics)} metrics. Return {{{wanted}}}.")


def _number(value: Any, name: str, *, partial: bool) -> float:  # noqa: ANN401  the user's value
    if value is None:
        raise MetricError(f'The objective returned None for "{name}". Does it end without a return?')
    if isinstance(value, str | bytes):
        raise MetricError(f'The objective returned the text {_shown(value)} for "{name}". Return a number.')
    single = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value  # NumPy's True is one as well
    if isinstance(single, bool) or getattr(value, "ndim", 0) != 0:
        raise MetricError(f'The objective returned {_shown(value)} for "{name}". Return one number.')
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise MetricError(f'The objective returned {_shown(value)} for "{name}". Return a number.') from None
    if not math.isfinite(number) and not partial:
        raise MetricError(f'The objective returned {number} for "{name}". A diverged configuration counts as failed.')
    return number


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())  # in one line
    return f"{text if len(text) <= 60 else text[:57] + '…'} (a {type(value).__name__})"
