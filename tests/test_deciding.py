from typing import Any

import msgspec
import numpy as np
import pytest

from tunewright.deciding import Decided, decide, recorded, replay
from tunewright.errors import SpaceExhausted
from tunewright.events import Asked, Enqueued, Entry, Opened, Told, called
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import CMAES, GP, TPE, Auto, Evolution, Grid, QuasiRandom, Random
from tunewright.samplers.base import Sampler
from tunewright.schedulers import PBT, Race
from tunewright.schedulers.base import Clone, Resume, Scheduler, Start, Wait
from tunewright.schedulers.once import Once
from tunewright.space import Bool, Float, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1), "flag": Bool()})
LOSS = (Metric("loss"),)
MIXED: Any = {"x": np.array([0.1, 0.5]), "n": range(3), "k": [np.float64(0.25)], "m": np.int64(4)}


class Same(Sampler):
    def propose(self, space, history, rng):
        return {"x": 0.5, "flag": True}


class Busy(Scheduler):
    def decide(self, space, history, rng):
        return Wait()


def journal_of(sampler, trials, *, seed=3, late=0, stream=None):
    """Entries of a study in which each result arrives `late` asks after its own."""
    history = History(SPACE, LOSS)
    entries: list[Entry] = []
    asked: list[int] = []

    def write(trial, event):
        entries.append(Entry(trial, event, 0.0, len(entries) + 1))
        history.fold(entries[-1:])

    for trial in range(trials):
        decided = decide(history, Once(), sampler, seed=seed, repeats=False, stream=stream)
        write(trial, Asked(decided.params, decided.by, history.position, stream=decided.stream))
        asked.append(trial)
        if len(asked) > late:
            write(asked.pop(0), Told({"loss": float(trial)}))
    return entries


def test_the_same_history_and_seed_give_the_same_decision():
    first = decide(History(SPACE, LOSS), Once(), Random(), seed=1, repeats=False)
    again = decide(History(SPACE, LOSS), Once(), Random(), seed=1, repeats=False)
    other = decide(History(SPACE, LOSS), Once(), Random(), seed=2, repeats=False)

    assert first == again
    assert first.params != other.params
    assert first.by == "random"
    assert isinstance(first.decision, Start)


def test_what_a_person_enqueued_comes_first():
    history = History(SPACE, LOSS)
    history.fold([Entry(-1, Enqueued({"x": 0.1, "flag": False}), 0.0, 1)])

    decided = decide(history, Once(), Random(), seed=0, repeats=False)

    assert decided == Decided(Start(), {"x": 0.1, "flag": False}, "queue", 1)


def test_a_scheduler_that_waits_asks_no_sampler():
    assert decide(History(SPACE, LOSS), Busy(), Random(), seed=0, repeats=False) == Decided(Wait())


def test_nothing_starts_when_nothing_may():
    assert decide(History(SPACE, LOSS), Once(), Random(), seed=0, repeats=False, may_start=False) == Decided(Wait())


def test_a_finite_space_is_not_repeated_unless_asked():
    space = SearchSpace({"flag": Bool()})
    history = History(space, LOSS)
    for trial, flag in enumerate([True, False]):
        history.fold([Entry(trial, Asked({"flag": flag}, "test", trial), 0.0, trial + 1)])

    with pytest.raises(SpaceExhausted):
        decide(history, Once(), Random(), seed=0, repeats=False)
    assert decide(history, Once(), Random(), seed=0, repeats=True).params["flag"] in (True, False)


@pytest.mark.parametrize("late", [0, 3])
def test_every_decision_can_be_made_again(late):
    entries = journal_of(Random(), 20, late=late)

    found = replay(History(SPACE, LOSS), entries, [Random()], Once(), seed=3, repeats=False)

    assert found.same
    assert (found.checked, found.skipped, found.differing) == (20, 0, ())


def test_a_changed_decision_is_found():
    entries = journal_of(Random(), 5)
    position = next(i for i, entry in enumerate(entries) if entry.trial == 2)
    forged = Asked({"x": 0.125, "flag": True}, "random", entries[position].event.basis, stream=1)
    entries[position] = Entry(2, forged, 0.0, entries[position].position)

    found = replay(History(SPACE, LOSS), entries, [Random()], Once(), seed=3, repeats=False)

    assert found.differing[0] == 2
    assert not found.same


def test_a_journal_whose_streams_are_named_by_the_basis_is_made_again_too():
    entries = journal_of(Random(), 5, stream=0)

    assert all(entry.event.stream == 0 for entry in entries if isinstance(entry.event, Asked))
    assert replay(History(SPACE, LOSS), entries, [Random()], Once(), seed=3, repeats=False).same


def test_another_seed_differs_and_another_sampler_is_skipped():
    entries = journal_of(Random(), 5)

    assert not replay(History(SPACE, LOSS), entries, [Random()], Once(), seed=4, repeats=False).same
    assert replay(History(SPACE, LOSS), entries, [Same()], Once(), seed=3, repeats=False).skipped == 5


def entered(sampler, position, *, repeats=False, worker=1):
    return Entry(-1, Opened(worker, sampler, "Once()", {}, repeats=repeats), 0.0, position)


def test_each_proposal_is_that_of_whoever_asked():
    fast, slow = TPE(startup=0), TPE(startup=50)
    history, entries = History(SPACE, LOSS), [entered("TPE(startup=0)", 1), entered("TPE(startup=50)", 2)]
    history.fold(entries)
    for number in range(12):
        sampler, session = ((fast, 1), (slow, 0))[number % 2]
        decided = decide(history, Once(), sampler, seed=3, repeats=False)
        asked = Asked(decided.params, decided.by, history.position, worker=1, stream=decided.stream, session=session)
        for event in (asked, Told({"loss": decided.params["x"]})):
            entries.append(Entry(number, event, 0.0, history.position + 1))
            history.fold(entries[-1:])

    found = replay(History(SPACE, LOSS), entries, [], Once(), seed=3, repeats=False)
    assert (found.checked, found.skipped, found.differing) == (12, 0, ())


def test_whether_a_configuration_may_come_again_is_what_the_journal_says():
    space = SearchSpace({"flag": Bool()})
    history = History(space, LOSS)
    entries = [entered("Random()", 1)]
    for number in range(2):
        history.fold(entries[len(entries) - 1 :])
        decided = decide(history, Once(), Random(), seed=3, repeats=False)
        entries.append(Entry(number, Asked(decided.params, decided.by, history.position, stream=1), 0.0, history.position + 1))

    assert replay(History(space, LOSS), entries, [], Once(), seed=3, repeats=True).same


@pytest.mark.parametrize(
    ("said", "skipped"), [("train.Same()", 0), ("Same()", 0), ("Random()", 0), ("GP()", 0), ("elsewhere.Random()", 0)]
)
def test_a_sampler_of_ones_own_is_known_by_its_class(said, skipped):
    entries = [entered(said, 1), Entry(0, Asked({"x": 0.5, "flag": True}, "same", 1, stream=0), 0.0, 2)]

    assert replay(History(SPACE, LOSS), entries, [Same()], Once(), seed=3, repeats=False).skipped == skipped


def test_somebody_elses_random_is_not_ours():
    entries = [entered("train.Random()", 1), Entry(0, Asked({"x": 0.5, "flag": True}, "random", 1, stream=1), 0.0, 2)]

    assert replay(History(SPACE, LOSS), entries, [Random()], Once(), seed=3, repeats=False).skipped == 1


@pytest.mark.parametrize(
    "made",
    [
        Random(), TPE(startup=3), Grid(MIXED), Grid(7), CMAES(), GP(initial=4),
        Evolution(), QuasiRandom(), Auto(), Once(5, 2), Race(folds=5, seeds=2, overlap=1 / 3, error=0.1234567891, confirm=0), Race(seeds=3),
    ],
    ids=repr,
)  # fmt: skip
def test_what_the_journal_says_of_ours_makes_it_again(made):
    assert called(made) == repr(made)
    assert repr(recorded(called(made))) == repr(made)
    assert type(recorded(called(made))) is type(made)


@pytest.mark.parametrize("changed", [{"plan": 2}, {"budget": 3.0}, {"fold": 1}, {"seed": 7}])
def test_what_a_trial_was_promised_is_compared_where_the_scheduler_is_known(changed):
    def entries_by(scheduler):
        history, entries = History(SPACE, LOSS), [Entry(-1, Opened(1, "Random()", scheduler, {}), 0.0, 1)]
        history.fold(entries)
        for trial in range(4):
            decided = decide(history, Once(), Random(), seed=3, repeats=False)
            asked = Asked(decided.params, decided.by, trial + 1, stream=decided.stream, **(changed if trial == 3 else {}))
            entries.append(Entry(trial, asked, 0.0, trial + 2))
            history.fold(entries[-1:])
        return entries

    known, unknown = (
        replay(History(SPACE, LOSS), entries_by(scheduler), [Random()], Once(), seed=3, repeats=False)
        for scheduler in ("Once(folds=None, seeds=1)", "mine.Odd()")
    )

    assert known.differing == (3,)
    assert unknown.same


def bred():
    """A study that PBT has cloned in, by ask and tell."""
    study = Study(SPACE, LOSS, sampler=Random(), scheduler=PBT(1, 4, population=4), seed=5)
    for loss in (4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0):
        study.tell(study.ask(), loss)
    return study


def test_clones_are_decided_again():
    study = bred()
    assert len(study.history.clones) >= 1

    assert (study.replay().checked, study.replay().skipped, study.replay().same) == (len(study.history), 0, True)


def test_a_clone_that_comes_out_otherwise_is_found():
    study = bred()
    entries = list(study.storage.read(1))
    clone = next(i for i, entry in enumerate(entries) if isinstance(entry.event, Asked) and entry.event.parent is not None)
    for changes in ({"parent": 0}, {"since": 2}, {"replaces": 2}, {"params": {"x": 0.123, "flag": True}}):
        event = msgspec.structs.replace(entries[clone].event, **changes)
        changed = [*entries[:clone], msgspec.structs.replace(entries[clone], event=event), *entries[clone + 1 :]]
        found = replay(History(SPACE, LOSS), changed, [Random()], Once(), seed=5, repeats=False)
        assert entries[clone].trial in found.differing


def test_clones_of_a_scheduler_that_is_not_at_hand_are_skipped():
    study = bred()
    renamed = [
        msgspec.structs.replace(entry, event=msgspec.structs.replace(entry.event, scheduler="mine.Breeder()"))
        if isinstance(entry.event, Opened)
        else entry
        for entry in study.storage.read(1)
    ]

    found = replay(History(SPACE, LOSS), renamed, [Random()], Once(), seed=5, repeats=False)

    assert (found.checked, found.skipped) == (4, len(study.history.clones))


def test_nothing_is_cloned_when_no_trial_may_begin():
    journal = Journal(SPACE)
    for loss in (4.0, 1.0, 2.0, 3.0):
        journal.tell(journal.ask({"x": 0.5, "flag": True}, budget=1), loss)
    how = {"seed": 0, "repeats": False}

    assert isinstance(decide(journal.history, PBT(1, 4, population=4), Random(), **how).decision, Clone)
    assert decide(journal.history, PBT(1, 4, population=4), Random(), may_start=False, **how).decision == Resume(1, budget=2)
