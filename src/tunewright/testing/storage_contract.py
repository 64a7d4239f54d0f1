"""The contract of a storage, as a test that anyone can run.

A storage keeps a journal for each study: positions without gaps, trials numbered in the order of asking, all of an append or nothing
of it, and the same entries back that went in, for any number of threads. What processes and crashes do to it depends on where it
keeps its data, and has to be tested there.
"""

import contextlib
import functools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, cast

from tunewright import events
from tunewright.errors import StorageError, StudyExists, StudyMissing, TunewrightError
from tunewright.events import Asked, Commented, Entry, Told
from tunewright.metric import Metric
from tunewright.storage.base import Storage
from tunewright.storage.records import Header, StudyRecord
from tunewright.testing.checks import expect
from tunewright.trial import Failure

__all__ = ["CHECKS", "ENTRIES", "HEADER", "Factory", "asked", "check_storage", "told"]

Factory: TypeAlias = Callable[[], Storage]
"""Makes a new, empty storage at each call."""

HEADER: Final = Header(
    space={
        "version": 1,
        "parameters": {"lr": {"type": "float", "low": 1e-5, "high": 0.1}, "é\n": {"choices": [None, True, 1, 1.0, "1", []]}},
    },
    metrics=(Metric("loss"), Metric("latency", "maximize", bound=0.1)),
    seed=2**31,
    version="0.1.0",
)
"""A study's description with all that JSON can hold."""

ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(
        -1, events.Opened(3, "Random()", "Once(folds=5)", {"python": "3.11", "cpus": 2, "load": [0.1, 2.0], "gpu": None}), 1.25
    ),
    Entry(-1, events.Enqueued({"lr": 0.1 + 0.2, "opt": None}, "the default"), 2.5),
    Entry(-1, Asked({"lr": 5e-324, "depth": 2**53, "opt": {"a": [1, 1.0, "1", True]}}, "queue", 1, 3, 2, 5, 0.25, 4, 2**62), 3.0),
    Entry(-1, Asked({}, "Random", 3, parent=0, since=0.5, replaces=0), 4.0),
    Entry(0, events.Sent(1, 3, 2, 1.0, 1, 7, "/checkpoints/0"), 5.0),
    Entry(0, events.Reported(0, 0.5, {"loss": -1.7976931348623157e308}), 6.0),
    Entry(
        0,
        Told({"loss": 0.30000000000000004, "latency": 0.0}, 1e-9, 1, {"note": "ü", "deep": [{"x": None}]}, 0.1, {"lr": -1e-300}),
        7.0,
    ),
    Entry(1, events.Failed(Failure("exception", "ValueError: ?", "Traceback …\n  line\n"), 0.5, 0), 8.0),
    Entry(0, events.Released(0, "its worker died"), 9.0),
    Entry(-1, Commented("on the whole\0 \U0001f600"), 10.0),
    Entry(1, Commented("on a trial"), 11.0),
    Entry(-1, events.SpaceEdited({"parameters": {}}), 12.0),
    Entry(-1, events.Frozen({"splits": "1f", "overlap": 0.25, "folds": 5}), 13.0),
    Entry(1, events.StopAsked("it diverges"), 14.0),
    Entry(-1, events.Warned("careful"), 1.7e9),
)
"""One entry of each kind at least; the first `Asked` is trial 0, the second trial 1."""


def asked(basis: int = 0) -> Entry:
    """A trial with one parameter."""
    return Entry(-1, Asked({"lr": 0.1}, "Random", basis), 1.0)


def told(trial: int, value: float = 1.0) -> Entry:
    """A result."""
    return Entry(trial, Told({"loss": value}, seconds=0.1), 2.0)


def _storable(entries: Sequence[Entry]) -> list[Entry]:
    """As they must come back: with positions, and `Asked` numbered."""
    numbers = iter(range(len(entries)))
    return [
        Entry(next(numbers) if isinstance(entry.event, Asked) else entry.trial, entry.event, entry.time, position)
        for position, entry in enumerate(entries, 1)
    ]


def _raises(kind: type[TunewrightError], call: Callable[[], object], what: str, *, naming: str = "") -> None:
    try:
        call()
    except kind as error:
        expect(naming in str(error), f"{what} raises {kind.__name__}, but does not name {naming!r}: {error}")
        return
    expect(holds=False, message=f"{what} must raise {kind.__name__}.")


@contextlib.contextmanager
def _new(factory: Factory) -> Iterator[tuple[Storage, StudyRecord]]:
    storage = factory()
    try:
        yield storage, storage.create("study", HEADER)
    finally:
        storage.close()


def _studies_are_found_by_name(factory: Factory) -> None:
    """Created, opened, listed; each name once."""
    storage = factory()
    expect(not storage.studies(), "A new storage must hold no study.")
    _raises(StudyMissing, lambda: storage.open("first"), "open() in an empty storage", naming="first")
    records = [storage.create(name, HEADER) for name in ("first", "ünï 'quoted\" name", "a/b\\c%s")]
    expect(storage.studies() == records, f"studies() must list what create() returned, oldest first; got {storage.studies()}.")
    for record in records:
        expect(storage.open(record.name) == record, f"open({record.name!r}) must return what create() returned.")
        expect(record.header == HEADER, f"The header must come back as it was given: {record.header}")
    expect(len({record.id for record in records}) == len(records), "Studies must have different numbers.")
    _raises(StudyExists, lambda: storage.create("first", HEADER), "create() of a name that is there", naming="first")
    _raises(StudyMissing, lambda: storage.open("frist"), "open() of an unknown name", naming="first")
    _raises(StorageError, lambda: storage.create("", HEADER), "create() with an empty name")
    storage.close()


def _entries_come_back_as_they_went_in(factory: Factory) -> None:
    """Every kind of event, exactly."""
    with _new(factory) as (storage, study):
        wanted = _storable(ENTRIES)
        returned = storage.append(study.id, ENTRIES, 0)
        expect(returned == wanted, f"append() must return the entries with positions and trials; got {returned}")
        for got, entry in zip(storage.read(study.id), wanted, strict=True):
            expect(got == entry and repr(got) == repr(entry), f"read() gave {got!r}, but {entry!r} was appended.")
        expect(
            {type(entry.event) for entry in ENTRIES} == set(events.KINDS.values()), "The contract must know every kind of event."
        )


def _an_append_tells_what_is_new(factory: Factory) -> None:
    """The entries of others first, the caller's own last."""
    with _new(factory) as (storage, study):
        first = storage.append(study.id, [asked()], 0)
        second = storage.append(study.id, [asked(), told(0)], 1)
        third = storage.append(study.id, [told(1)], 1)
        expect([entry.position for entry in first] == [1], "The first position must be 1.")
        expect(
            [(entry.position, entry.trial) for entry in second] == [(2, 1), (3, 0)],
            "Trials must be numbered by the Asked before them.",
        )
        expect(third[:-1] == second and third[-1].position == 4, f"append() must return every entry after `since`; got {third}")
        expect(storage.append(study.id, [], 2) == third[1:], "append() of nothing must return what is new.")
        expect(list(storage.read(study.id, 3)) == third[-1:], "read() must begin behind `since`.")
        expect(list(storage.read(study.id, 4)) == [], "read() from the end must be empty.")


def _many_trials_in_one_append_are_numbered(factory: Factory) -> None:
    """0, 1, 2 … also when one append asks several."""
    with _new(factory) as (storage, study):
        storage.append(study.id, [asked(), asked(), Entry(-1, Commented("between"), 1.0), asked()], 0)
        storage.append(study.id, [told(2)] * 30, 4)
        last = storage.append(study.id, [asked()], 34)
        numbers = [entry.trial for entry in storage.read(study.id) if isinstance(entry.event, Asked)]
        expect(numbers == [0, 1, 2, 3], f"Trials must be numbered 0, 1, 2, 3; got {numbers}.")
        expect(last[0].trial == 3, "append() must return the number that it gave.")


def _an_append_is_whole_or_nothing(factory: Factory) -> None:
    """What JSON cannot hold is refused, with all that came along."""
    with _new(factory) as (storage, study):
        storage.append(study.id, [asked()], 0)
        before = list(storage.read(study.id))
        for bad in (math.nan, math.inf, -math.inf, object(), "\ud800"):
            values = cast("dict[str, float]", {"loss": bad})
            append = functools.partial(storage.append, study.id, [asked(), Entry(0, Told(values), 1.0)], 1)
            _raises(StorageError, append, f"append() of {bad!r}", naming="told")
            expect(list(storage.read(study.id)) == before, f"append() of {bad!r} must store nothing.")
        _raises(StorageError, lambda: storage.append(study.id, [asked()], 2), "append() with `since` behind the end")
        expect(list(storage.read(study.id)) == before, "A refused append must store nothing.")


def _studies_do_not_mix(factory: Factory) -> None:
    """Each has its own positions and trials."""
    with _new(factory) as (storage, study):
        other = storage.create("other", HEADER)
        for round_ in range(3):
            storage.append(study.id, [asked()], round_)
            storage.append(other.id, [asked(), told(round_)], 2 * round_)
        for record, length in ((study, 3), (other, 6)):
            entries = list(storage.read(record.id))
            expect([entry.position for entry in entries] == list(range(1, length + 1)), "Positions must count within a study.")
            numbers = [entry.trial for entry in entries if isinstance(entry.event, Asked)]
            expect(numbers == [0, 1, 2], "Trials must be numbered within a study.")


def _a_deleted_study_is_gone(factory: Factory) -> None:
    """Its number too: who still holds it must not write into another study."""
    with _new(factory) as (storage, study):
        kept = storage.create("kept", HEADER)
        storage.append(study.id, [asked()], 0)
        storage.append(kept.id, [asked(), told(0)], 0)
        storage.delete("study")
        _raises(StudyMissing, lambda: storage.open("study"), "open() of a deleted study")
        _raises(StudyMissing, lambda: storage.delete("study"), "delete() of a deleted study")
        _raises(StudyMissing, lambda: storage.append(study.id, [asked()], 0), "append() to a deleted study")
        _raises(StudyMissing, lambda: storage.append(study.id, [told(0)], 1), "append() to a deleted study")
        _raises(StudyMissing, lambda: list(storage.read(study.id)), "read() of a deleted study")
        again = storage.create("study", HEADER)
        expect(again.id not in {study.id, kept.id}, "A new study must not get the number of a deleted one.")
        expect(list(storage.read(again.id)) == [], "A study created again must begin empty.")
        expect(len(list(storage.read(kept.id))) == 2, "Deleting a study must leave the others alone.")


def _a_long_journal_is_read_whole(factory: Factory) -> None:
    """Also while it grows: never a gap."""
    with _new(factory) as (storage, study):
        storage.append(study.id, [asked()], 0)
        storage.append(study.id, [told(0, float(value)) for value in range(12_000)], 1)
        reader = storage.read(study.id)
        seen = [next(reader).position]
        storage.append(study.id, [told(0)], 12_001)
        seen += [entry.position for entry in reader]
        expect(seen == list(range(1, len(seen) + 1)), "read() must give the positions one after the other.")
        expect(
            len(seen) in {12_001, 12_002},
            f"read() must give all 12,001 entries, or that and the one added meanwhile; got {len(seen)}.",
        )


def _threads_share_a_journal(factory: Factory) -> None:
    """Eight threads append and read at once."""
    with _new(factory) as (storage, study):
        failures: list[BaseException] = []

        def work() -> None:
            try:
                since = 0
                for _ in range(25):
                    new = storage.append(study.id, [asked(since)], since)
                    expect(
                        [entry.position for entry in new] == list(range(since + 1, since + len(new) + 1)), "append() left a gap."
                    )
                    since = new[-1].position
                    expect(
                        [entry.position for entry in storage.read(study.id)][:since] == list(range(1, since + 1)),
                        "read() left a gap.",
                    )
            except BaseException as error:  # noqa: BLE001  raised again below, in the caller's thread
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        numbers = [entry.trial for entry in storage.read(study.id)]
        expect(numbers == list(range(200)), "Trials asked by several threads must be numbered without gaps.")


def _one_asks_at_a_time(factory: Factory) -> None:
    """Telling and other studies go on meanwhile."""
    with _new(factory) as (storage, study):
        other = storage.create("other", HEADER)
        inside, entered, go = threading.Event(), threading.Event(), threading.Event()

        def second() -> None:
            go.wait(10)
            with storage.asking(other.id):
                storage.append(study.id, [asked()], 0)
            inside.set()
            with storage.asking(study.id):
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        with storage.asking(study.id):
            go.set()
            expect(inside.wait(10), "Others must be able to append, and to ask of other studies, while somebody asks.")
            expect(not entered.wait(0.05), "Two threads held the right to ask at once.")
        expect(entered.wait(10), "The right to ask must be free after the block.")
        thread.join()
        with contextlib.suppress(KeyError), storage.asking(study.id):
            raise KeyError
        expect(
            _may_ask(storage, study.id), "The right to ask must be free after an exception in the block. Release it in a finally."
        )
        _raises(StudyMissing, lambda: storage.asking(other.id + 1).__enter__(), "asking() of an unknown study")


def _may_ask(storage: Storage, study: int) -> bool:
    """Whether another thread gets the right to ask. A thread that waits for ever is left behind."""
    entered = threading.Event()

    def ask() -> None:
        with contextlib.suppress(StorageError), storage.asking(study):
            entered.set()

    threading.Thread(target=ask, daemon=True).start()
    return entered.wait(10)


def _a_process_is_one_worker(factory: Factory) -> None:
    """It has a number, beats, and is not dead."""
    with _new(factory) as (storage, _):
        me = storage.join()
        storage.beat()
        expect(me >= 1, f"Worker numbers begin with 1; got {me}.")
        expect(storage.join() == me, "The same process must get the same number.")
        expect(storage.gone({me}) == set(), "A process that is alive must not be gone.")
        expect(storage.gone({me, me + 1, 0}) == {me + 1}, "A number that nobody has is gone; 0 is nobody's and never is.")
        expect(storage.gone(set()) == set(), "Of no workers none is gone.")


def _a_closed_storage_opens_again(factory: Factory) -> None:
    """Closing lets go of files, not of data."""
    with _new(factory) as (storage, study):
        storage.append(study.id, [asked(), told(0)], 0)
        me = storage.join()
        storage.close()
        storage.close()
        expect(storage.open("study") == study, "A closed storage must open again.")
        expect(len(storage.append(study.id, [told(0)], 0)) == 3, "A closed storage must keep its journals.")
        expect(storage.join() == me, "Closing must not change the number of a worker.")


CHECKS: Final[tuple[Callable[[Factory], None], ...]] = (
    _studies_are_found_by_name,
    _entries_come_back_as_they_went_in,
    _an_append_tells_what_is_new,
    _many_trials_in_one_append_are_numbered,
    _an_append_is_whole_or_nothing,
    _studies_do_not_mix,
    _a_deleted_study_is_gone,
    _a_long_journal_is_read_whole,
    _threads_share_a_journal,
    _one_asks_at_a_time,
    _a_process_is_one_worker,
    _a_closed_storage_opens_again,
)
"""All parts of the contract; each takes a factory and raises AssertionError."""


def check_storage(factory: Factory) -> None:
    """Check that a storage keeps the contract.

    Args:
        factory: makes a new, empty storage at each call.

    Raises:
        AssertionError: it does not; the message says what.
    """
    expect(
        callable(factory),
        f"check_storage takes what makes a storage, such as its class or a function, not {type(factory).__name__}.",
    )
    for check in CHECKS:
        try:
            check(factory)
        except AssertionError:
            raise
        except Exception as error:
            what = (check.__name__.strip("_").replace("_", " ")).capitalize()
            raise AssertionError(f"{what}: the storage raised {type(error).__name__}: {error}") from error
