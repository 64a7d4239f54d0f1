"""Every scheduler keeps the contract that anyone can run."""

import pytest

from tunewright import schedulers
from tunewright.schedulers import ASHA, PBT, Hyperband, Median, Once, Race, Scheduler
from tunewright.testing import check_scheduler

SCHEDULERS = [
    ASHA(1, 27),
    ASHA(0.1, 1, eta=2),
    ASHA(1, 27, resume=False),
    ASHA(1, 9, folds=3),
    ASHA(10, 90, eta=2, folds=2, seeds=2),
    Hyperband(1, 9, seeds=3),
    Hyperband(1, 27),
    Hyperband(2, 50, eta=4),
    Median(),
    Median(folds=3, seeds=2, after=2, warmup=3),
    Once(),
    Once(folds=5),
    Once(seeds=3),
    Once(folds=3, seeds=2),
    Once(folds=1),
    PBT(1, 4, population=4),
    PBT(1, 9),
    PBT(0.3, 1.0, population=6, truncation=0.5, resample=0, factors=(0.5, 2)),
    Race(folds=5),
    Race(folds=3, seeds=2),
    Race(seeds=4, error=0),
    Race(folds=2, confirm=0),
]


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=repr)
def test_every_scheduler_keeps_the_contract(scheduler: Scheduler, workers: int) -> None:
    check_scheduler(scheduler, workers=workers)


def test_the_room_opens_what_its_stub_promises() -> None:
    assert all(hasattr(schedulers, name) for name in schedulers.__all__)
    assert set(schedulers.__all__) <= set(dir(schedulers))
    with pytest.raises(AttributeError, match="Twice"):
        schedulers.Twice  # type: ignore[attr-defined]  # noqa: B018
