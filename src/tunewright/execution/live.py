"""What the objective holds while it runs."""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from tunewright.trial import Report, Task
from tunewright.typing import Params, Value

__all__ = ["LiveTrial"]


class LiveTrial(Mapping[str, Any]):
    """One task in the hands of the objective.

    It reads like a dictionary of the active parameters: `live["lr"]`, `live.get("momentum", 0.0)`, `dict(live)`.

    Attributes:
        params: the active parameters.
        trial: number of the trial.
        fold: which cross-validation fold to judge on, from 0; None: the study knows no folds.
        seed: what to seed the model with, an int; the same for all trials, so that they are compared under equal chance.
        budget: how much effort to spend; None: all of it.
        resume_from: where the checkpoint lies to go on from; None: from the start.
    """

    def __init__(self, task: Task) -> None:
        self.params: Params = dict(task.params)
        self.trial = task.trial
        self.fold = task.fold
        self.seed = task.seed
        self.budget = task.budget
        self.resume_from = task.resume_from
        self.reports: list[Report] = []

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

    def branch(self, name: str) -> tuple[Value, Params]:
        """The choice taken at `name`, and its own parameters without the prefix: `("svm", {"C": 1.0})`."""
        choice = self[name]
        prefix = f"{choice}."
        return choice, {key.removeprefix(prefix): value for key, value in self.params.items() if key.startswith(prefix)}

    def report(self, step: float, **values: float) -> None:
        """Say how far it is: `live.report(epoch, loss=0.3)`. Kept with the result as the trial's curve; NaN and inf are left out."""
        numbers = {name: float(value) for name, value in values.items()}
        self.reports.append(Report(float(step), {name: number for name, number in numbers.items() if math.isfinite(number)}))

    def __repr__(self) -> str:
        return f"LiveTrial(trial={self.trial}, params={self.params}, fold={self.fold}, seed={self.seed})"
