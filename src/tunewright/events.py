"""What can happen to a study: the events of its journal.

A study *is* its journal; everything else is folded from it (`history.py`). An event is small, frozen, and JSON when it is stored.
Its position in the journal (1, 2, 3 … per study), its time and its trial stand on the `Entry` around it.

They are not tracked by the garbage collector (`gc=False`): JSON holds no cycles, and a journal has hundreds of thousands of them.

Fields may be added at the end with a default, never renamed or removed: yesterday's journals must open tomorrow. What an older version
does not know it must not pass over, since it would go on with half of what happened: it says that a newer one wrote it (`storage/wire.py`).
"""

import re
from typing import Final, TypeAlias

import msgspec

from tunewright.trial import Failure
from tunewright.typing import Params, Value

__all__ = [
    "KINDS",
    "Asked",
    "Commented",
    "Enqueued",
    "Entry",
    "Event",
    "Failed",
    "Frozen",
    "Opened",
    "Released",
    "Reported",
    "Sent",
    "SpaceEdited",
    "StopAsked",
    "Told",
    "Warned",
    "called",
    "class_called",
]


class Asked(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A trial is born, and its first task (index 0) is sent.

    Attributes:
        params: the configuration.
        by: the label of the sampler, or "queue".
        basis: the position in the journal up to which the proposal knew the history. No other `Asked` stands between it and this
            event, so the bases of a journal rise strictly.
        worker: who works on it, as `Storage.join` numbered it; 0: nobody's lease, it waits until it is told.
        queued: the position of the `Enqueued` that it takes up; 0: none.
        plan: how many tasks the trial is promised. It is finished when that many, and all that were sent, have an outcome.
        budget, fold, seed: of the first task.
        stream: what names the decision's random stream: 0: the study's seed and the basis; 1: the seed and the trial's number.
        session: the position of the `Opened` of whoever asked; 0: the last one before.
        parent: the trial from whose checkpoint this one goes on; None: it begins from nothing.
        since: the budget at which the parent had that checkpoint; None: its newest.
        replaces: the trial in whose place it goes on, which gets no more; None: in nobody's.
    """

    params: Params
    by: str
    basis: int
    worker: int = 0
    queued: int = 0
    plan: int = 1
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    stream: int = 0
    session: int = 0
    parent: int | None = None
    since: int | float | None = None
    replaces: int | None = None


class Sent(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A task of the trial is handed to a worker: a further one, or one that was given back (attempt > 1). If a spare one fails, the trial
    has not failed.
    """

    index: int
    worker: int = 0
    attempt: int = 1
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    resume_from: str | None = None
    spare: bool = False


class Reported(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Values on the way; `diverged` names those that were NaN or infinite, which have none."""

    index: int
    step: float
    values: dict[str, float]
    diverged: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A task has its values. The first result of a task stands; later ones are ignored.

    Attributes:
        reached: the step at which the scheduler stopped it; its values are those of so much effort, and its trial is promised no more.
            None: it came to its end.
        gradient: derivatives of the first optimised metric, by parameter, in the units of both.
    """

    values: dict[str, float]
    seconds: float = 0.0
    index: int = 0
    info: dict[str, Value] = {}
    reached: float | None = None
    gradient: dict[str, float] = {}


class Failed(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A task gave no value; `info` is what it told all the same."""

    failure: Failure
    seconds: float = 0.0
    index: int = 0
    info: dict[str, Value] = {}


class Released(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A task is given back unfinished: its worker died (`lost`) or was interrupted. Whoever asks next takes it up."""

    index: int
    why: str
    lost: bool = False


class StopAsked(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Somebody asks that the trial's running tasks stop; trial -1: that all who work on the study now stop.

    Attributes:
        why: in words.
        by: the scheduler that asks, as `called` calls it; empty: a person.
    """

    why: str = ""
    by: str = ""


class Enqueued(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A person's configuration waits to be taken up before any proposal."""

    params: Params
    note: str = ""


class Commented(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A person's remark, on a trial or on the whole study."""

    text: str


class SpaceEdited(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """From here on the study searches another space.

    Attributes:
        space: as `SearchSpace.to_json` writes it, parsed.
    """

    space: dict[str, Value]


class Opened(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A process starts to work on the study, or asks by hand: who it is, with what, where, and until how many trials are finished (0: no
    such limit).
    """

    worker: int
    sampler: str
    scheduler: str
    environment: dict[str, Value]
    goal: int = 0
    repeats: bool | None = None


class Frozen(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The objective says by what it judges, once for the whole study: whoever goes on must bring the same.

    Attributes:
        facts: what must stay the same, by name: fingerprints of the splits and the target, the numbers of folds, repeats and rows,
            and "overlap", the test rows for each training row.
    """

    facts: dict[str, Value]


class Warned(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Something went wrong that the study survived; it should be known."""

    text: str


Event: TypeAlias = (
    Asked | Sent | Reported | Told | Failed | Released | Enqueued | Commented | SpaceEdited | Opened | Frozen | Warned | StopAsked
)

KINDS: Final[dict[str, type[Event]]] = {
    "asked": Asked,
    "sent": Sent,
    "reported": Reported,
    "told": Told,
    "failed": Failed,
    "released": Released,
    "enqueued": Enqueued,
    "commented": Commented,
    "space_edited": SpaceEdited,
    "opened": Opened,
    "frozen": Frozen,
    "warned": Warned,
    "stop_asked": StopAsked,
}
"""The name under which each kind is stored."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event in its place.

    Attributes:
        trial: the trial's number; -1 for events of the whole study. For `Asked` the storage gives it: the number of `Asked`
            before it in the journal.
        event: what happened.
        time: seconds since 1970, UTC.
        position: 1, 2, 3 … within the study; 0: not stored yet.
    """

    trial: int
    event: Event
    time: float
    position: int = 0


def called(who: object) -> str:
    """How the journal calls a sampler or a scheduler: Tunewright's own by their repr, others with their module before it."""
    text, module = re.sub(r" at 0x[0-9a-f]+", "", repr(who)), type(who).__module__
    return text if text.startswith("<") or module.startswith("tunewright.") else f"{module}.{text}"


def class_called(text: str) -> str:
    """The name of the class in what `called` gave."""
    return text.split("(", maxsplit=1)[0].rsplit(".", maxsplit=1)[-1]
