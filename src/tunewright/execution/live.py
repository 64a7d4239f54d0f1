"""What the objective holds while it runs."""

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tunewright.errors import CheckpointMissing, Stopped, TrialError
from tunewright.execution.channel import Channel
from tunewright.execution.checkpoints import Mark
from tunewright.execution.files import Place, count, folder_of, latest, saving, steps_in, sweep
from tunewright.execution.plain import as_text
from tunewright.execution.remote import Mirror, Remote
from tunewright.gradients import gradient_of
from tunewright.space.branches import Branches
from tunewright.trial import Report, Task
from tunewright.typing import Params

__all__ = ["LiveTrial", "report_of"]


class LiveTrial(Mapping[str, Any]):
    """One task in the hands of the objective.

    It reads like a dictionary of the active parameters: `live["lr"]`, `live.get("momentum", 0.0)`, `dict(live)`.

    Attributes:
        params: the active parameters.
        trial: number of the trial.
        fold: which cross-validation fold to judge on, from 0; None: the study knows no folds.
        seed: what to seed the model with, an int; the same for all trials, so that they are compared under equal chance.
        budget: how much effort to spend; None: all of it.
        attempt: 1; more when a worker died with this task in hand.
    """

    def __init__(
        self, task: Task, channel: Channel | None = None, folder: Place | None = None, branches: Branches | None = None
    ) -> None:
        self.params: Params = dict(task.params)
        self.trial = task.trial
        self.fold = task.fold
        self.seed = task.seed
        self.budget = task.budget
        self.attempt = task.attempt
        self._channel = Channel() if channel is None else channel
        self._branches = Branches(frozenset(), ()) if branches is None else branches
        self._fetched = False
        place = None if folder is None else folder_of(folder, task)
        self._mirror = Mirror(place) if isinstance(place, Remote) else None
        self._folder = place if isinstance(place, Path) else None
        self._keep, self._parent = task.keep, task.parent
        if self._mirror is not None:
            self._folder = self._mirror.local
            found = task.resume_from or self._mirror.checkpoint()
        else:
            if self._folder is not None:
                sweep(self._folder)
            found = task.resume_from or (None if self._folder is None else latest(self._folder))
        if found is None and task.parent is not None and folder is not None:
            found = self._inherited(task, folder_of(folder, msgspec.structs.replace(task, trial=task.parent)))
        self._found = None if found is None else str(found)
        self._before = 0 if found is None else steps_in(Path(found))
        self._goes_on = False
        self._yields = 0
        self.slopes: dict[str, float] = {}
        """What `gradient` told."""
        self.stopped_at: float | None = None
        """The step that it reported last, once it has heard that it should stop; None: it has not."""
        self._saved = False

    def check_origin(self) -> None:
        """Called when the objective has come to its end: if this is a clone, it must have gone on from something.

        Raises:
            CheckpointMissing: it has not.
        """
        if self._parent is not None and not self._goes_on:
            raise CheckpointMissing(
                f"It is a clone of trial {self._parent}, and the objective never looked at live.resume_from, so it began from nothing, and its "
                "value is no member's of a population. Begin from the checkpoint in live.resume_from where that is not None."
            )

    def _inherited(self, task: Task, place: Place) -> Path:
        """The checkpoint of a clone's parent, as it was when it was cloned.

        Raises:
            CheckpointMissing: there is none.
        """
        found = latest(place, task.since) if isinstance(place, Path) else None
        if isinstance(place, Remote) and self._mirror is not None:
            found = self._mirror.borrow(place, task.since)
        if found is None:
            self.close()
            where, at = (
                place.url if isinstance(place, Remote) else place,
                "" if task.since is None else f" at budget {task.since:g}",
            )
            raise CheckpointMissing(
                f"It is a clone of trial {task.parent}{at}, which has left no checkpoint in {where}. Save one before each task ends "
                "(with live.save_checkpoint() as folder: …) and begin from live.resume_from, and let every worker see the same files=."
            )
        return found

    @property
    def resume_from(self) -> str | None:
        """The folder of the checkpoint to go on from, a path: this trial's own or, of a clone, its parent's; None: from the start. Who asks for it is taken to go on from it."""
        self._goes_on = True
        return self._found

    @property
    def number(self) -> int:
        """As `trial`, under the name that a `Trial` has for it."""
        return self.trial

    @cached_property
    def rng(self) -> np.random.Generator:
        """A NumPy generator seeded by `seed` and `fold`."""
        return np.random.default_rng([self.seed, self.fold or 0])

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  a parameter may be any JSON value
        try:
            return self.params[name]
        except KeyError:
            active = ", ".join(f'"{known}"' for known in self.params)
            message = f'"{name}" is not an active parameter of trial {self.trial} (active: {active}). Use live.get("{name}") if it may be inactive.'
            raise KeyError(message) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def branch(self, name: str) -> tuple[str, Params]:
        """The branch taken at the Choice `name`, and its own parameters without the prefix: `("svm", {"C": 1.0})`; as `SearchSpace.branch`.

        Raises:
            KeyError: `name` is not active.
            ParamsError: it is no Choice.
        """
        _ = self[name]  # raises, and says what is active
        return self._branches.taken(self.params, name)

    def report(self, step: float, **values: float) -> None:
        """Say how far it is: `live.report(epoch, loss=0.3)`. Kept as the trial's curve, at once; of NaN and inf it is kept that they came.

        Raises:
            ValueError: the step is no finite number, no value is given, or one that is no number.
            Stopped: somebody asked that this task stop; raised once. What was reported is kept. Catch it to clean up, which may
                report too; what is then returned counts. Else, where the scheduler asked, its last report counts that has all metrics
                of the study, if none has diverged since; else the task has failed, with kind "stopped".
        """
        if not values:
            raise ValueError(f"A report needs a step and a value by its name: live.report(step, loss=0.3), got only {step!r}.")
        self.record(step, values)

    def gradient(self, derivatives: Mapping[str, float]) -> None:
        """Tell the derivatives of what is returned: `live.gradient({"alpha": 0.3})`, for samplers that descend (`samplers.Gradient`).

        A derivative that is no finite number, or not by an active Float, is left out when the value is recorded, with a warning in the journal.

        Args:
            derivatives: by parameter, of the first optimised metric, as the study measures it (not turned round where it is maximised), with
                respect to the value as the objective gets it, also where that is searched on the logarithmic scale. Some may be missing. Of a
                second call, what it names takes the place of what was told.

        Raises:
            TrialError: they are no dictionary.
        """
        self.slopes.update(gradient_of(derivatives))

    def record(self, step: float, values: Mapping[str, float]) -> None:
        """`report`, for names that are no words of Python."""
        report = report_of(step, values)
        self._channel.send(report)
        if self.stopped_at is not None:
            self.stopped_at = report.step  # it cleans up
        elif (why := self._channel.stopping()) is not None:
            self.stopped_at = report.step
            raise Stopped(why)

    def record_yield(self, values: Mapping[str, float]) -> None:
        """`record` what the objective yielded; its steps are counted from 1, or from the checkpoint that it goes on from.

        The first yield after a checkpoint was saved is taken to be in it.
        """
        self._yields += 1
        step = self._count()
        if self._saved and self._folder is not None and (newest := latest(self._folder)) is not None:
            self._saved = False
            counter = count(newest, step)
            if self._mirror is not None:
                self._mirror.push_counter(counter)
        self.record(step, values)

    def _count(self) -> int:
        """How many yields there were, with those of the checkpoint."""
        return self._yields + (self._before if self._goes_on else 0)

    @property
    def checkpoint_dir(self) -> Path:
        """This trial's folder (one for each fold and seed), made when first asked for; what is put there stays.

        Where the study's files lie at an address, this is a folder of this machine: it holds what earlier tasks left, and what is in it
        when the task ends goes there.

        Raises:
            TrialError: the trial was not started by `optimize`, so that there is no place for files.
        """
        folder = self._files()
        folder.mkdir(parents=True, exist_ok=True)
        if self._mirror is not None and not self._fetched:
            self._mirror.fetch_others()
            self._fetched = True
        return folder

    def save_checkpoint(self) -> AbstractContextManager[Path]:
        """`with live.save_checkpoint() as folder:` write into `folder` what is needed to go on.

        At the end of the block it becomes the checkpoint, whole, in place of the one before. The next task of this trial with the
        same fold and seed, after a crash or at a higher budget, finds it in `live.resume_from`; and so does a clone of it.

        Raises:
            TrialError: as `checkpoint_dir`.
        """
        return self._saving(self._files())

    @contextmanager
    def _saving(self, files: Path) -> Iterator[Path]:
        mark = Mark(self._count(), self.budget, self._keep)
        with saving(files, mark) as folder:
            yield folder
        self._saved = True
        if self._mirror is not None:
            newest = latest(files)
            assert newest is not None
            self._mirror.push(newest, mark)

    def close(self) -> None:
        """The task is over: what it left in its folder goes to where the study's files lie. Called by whoever runs the task."""
        if self._mirror is not None:
            self._mirror.close()

    def _files(self) -> Path:
        if self._folder is None:
            raise TrialError("This trial was not started by Study.optimize, so there is no folder for its files.")
        return self._folder

    def __repr__(self) -> str:
        return f"LiveTrial(trial={self.trial}, params={self.params}, fold={self.fold}, seed={self.seed})"


def report_of(step: object, values: Mapping[Any, Any]) -> Report:
    """A report as the journal keeps it; of values that are NaN or infinite only the names.

    Raises:
        ValueError: the step is no finite number, or a value is no number.
    """
    at = _number(step)
    if at is None or not math.isfinite(at):
        raise ValueError(f"The step of a report must be a finite number, got {step!r}.")
    numbers: dict[str, float] = {}
    diverged: list[str] = []
    for name, value in values.items():
        number = _number(value)
        if number is None:
            raise ValueError(f"A report holds numbers, got {name}={value!r} at step {step!r}.")
        if math.isfinite(number):
            numbers[as_text(str(name))] = number
        else:
            diverged.append(as_text(str(name)))
    return Report(at, numbers, tuple(diverged))


def _number(value: object) -> float | None:
    """A float for any kind of number, None for what is none."""
    if isinstance(value, str | bytes):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
