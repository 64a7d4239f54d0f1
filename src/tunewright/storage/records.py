"""What a storage knows of a study beside its journal."""

from typing import Final

import msgspec

from tunewright.metric import Metric
from tunewright.typing import Value

__all__ = ["UPDATE", "Header", "StudyRecord"]

UPDATE: Final = "Update Tunewright: in the copy of the repository, git pull, then pip install ."
"""What to do about what a newer version wrote."""


class Header(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a study is from its first moment.

    Attributes:
        space: as `SearchSpace.to_json` writes it, parsed; the first of possibly several (see `SpaceEdited`).
        metrics: in order of importance; the first is the one that is optimised when only one can be.
        seed: of all decisions.
        version: of Tunewright that created it.
        sampler, scheduler: what it was created with, as `events.called` calls them, for those who go on with it before anybody has worked on
            it; empty: not said.
        repeats: likewise, whether a configuration of a finite space may be proposed twice; None: not said.
    """

    space: dict[str, Value]
    metrics: tuple[Metric, ...]
    seed: int
    version: str
    sampler: str = ""
    scheduler: str = ""
    repeats: bool | None = None


class StudyRecord(msgspec.Struct, frozen=True):
    """A study as stored: its number in this storage, its unique name, when it was created (seconds since 1970), its header."""

    id: int
    name: str
    created: float
    header: Header
