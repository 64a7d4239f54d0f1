"""The journal in a SQLite file: several processes, forks, sudden death."""

import os
import pickle
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StorageError, StorageLocked, StudyExists, StudyMissing
from tunewright.events import Asked, Commented, Entry, Told
from tunewright.processes import SILENCE
from tunewright.storage.sql import Sql
from tunewright.testing.storage_contract import HEADER, asked, told

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="these processes are forked"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

Say = Callable[[object], None]
Fork = Callable[[Callable[[Say], None]], Any]


def test_no_file_is_made_to_read_from(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))

    assert storage.studies() == []
    with pytest.raises(StudyMissing, match=r"runs\.db does not exist"):
        storage.open("first")
    with pytest.raises(StudyMissing):
        list(storage.read(1))
    assert list(tmp_path.iterdir()) == []


def test_the_url_opens_the_same_file_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = Sql("runs.db")
    storage.create("first", HEADER)

    monkeypatch.chdir("/")

    assert storage.open("first").name == "first"
    assert storage.url == f"sqlite:///{tmp_path / 'runs.db'}"
    storage.close()


def test_a_storage_travels_to_other_processes_as_its_address(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    storage.create("first", HEADER)

    twin = pickle.loads(pickle.dumps(storage))

    assert twin.studies() == storage.studies()
    assert twin.join() == storage.join()
    twin.close()
    storage.close()


def test_two_processes_keep_positions_gapless(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id

    def write(loss: float) -> None:
        since = 0
        for _ in range(250):
            number = storage.append(study, [asked(since)], since)[-1]
            new = storage.append(study, [told(number.trial, loss)], number.position)
            assert [entry.position for entry in new] == list(range(number.position + 1, number.position + len(new) + 1))
            since = new[-1].position

    writers = [fork(lambda _: write(0.0)), fork(lambda _: write(1.0))]
    lengths = []
    while any(writer.alive for writer in writers):
        positions = [entry.position for entry in storage.read(study)]
        assert positions == list(range(1, len(positions) + 1))  # a reader sees a prefix, never a gap
        lengths.append(len(positions))
        time.sleep(0.005)

    entries = list(storage.read(study))
    assert [writer.wait() for writer in writers] == [(0, "")] * 2
    assert lengths == sorted(lengths)
    assert [entry.position for entry in entries] == list(range(1, 1001))
    assert [entry.trial for entry in entries if isinstance(entry.event, Asked)] == list(range(500))
    losses = [entry.event.values["loss"] for entry in entries if isinstance(entry.event, Told)]
    assert (losses.count(0.0), losses.count(1.0)) == (250, 250)
    storage.close()


def test_eight_processes_create_one_study_at_once(tmp_path: Path, fork: Fork) -> None:
    for round_ in range(3):
        storage = Sql(str(tmp_path / f"{round_}.db"))
        gate = os.pipe()

        def create(say: Say, storage: Sql = storage, gate: tuple[int, int] = gate) -> None:
            os.close(gate[1])
            os.read(gate[0], 1)  # until the parent opens the gate for all
            try:
                record, how = storage.create("s", HEADER), "created"
            except StudyExists:
                record, how = storage.open("s"), "opened"
            storage.append(record.id, [asked()], 0)
            storage.close()
            say(how)

        processes = [fork(create) for _ in range(8)]
        for end in gate:
            os.close(end)

        assert sorted(process.wait() for process in processes) == [(0, "created\n")] + [(0, "opened\n")] * 7
        assert [entry.trial for entry in storage.read(storage.open("s").id)] == list(range(8))
        storage.close()


def test_killing_writers_loses_nothing_that_was_acknowledged(tmp_path: Path, fork: Fork) -> None:
    path = tmp_path / "runs.db"
    storage = Sql(str(path))
    study = storage.create("first", HEADER).id

    def write(say: Say) -> None:
        since, chance = 0, random.Random(os.getpid())
        while True:
            number = storage.append(study, [asked(since)], since)[-1]
            since = storage.append(study, [told(number.trial)] * chance.randint(1, 40), number.position)[-1].position
            say(f"{number.trial} {since}")

    chance = random.Random(0)
    running = [fork(write) for _ in range(2)]
    acknowledged: list[tuple[int, int]] = []
    for _ in range(40):
        victim = running.pop(0)
        running.append(fork(write))
        heard = [victim.hear()]
        time.sleep(chance.uniform(0, 0.03))
        victim.kill()
        heard += victim.wait()[1].splitlines()
        acknowledged += [(int(trial), int(position)) for trial, position in (line.split() for line in heard)]
    for process in running:
        process.kill()
        process.wait()

    entries = list(storage.read(study))
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert {trial for trial, _ in acknowledged} <= {entry.trial for entry in entries if isinstance(entry.event, Told)}
    assert max(position for _, position in acknowledged) <= len(entries)
    assert len(acknowledged) >= 40
    storage.close()
    with closing(sqlite3.connect(path)) as foreign:
        assert foreign.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_right_to_ask_of_a_killed_process_is_free_at_once(killed_writer: Path) -> None:
    storage = Sql(str(killed_writer), patience=0.0)

    with storage.asking(1):
        assert len(list(storage.read(1))) == 41
    storage.close()


def test_who_waits_in_vain_for_the_right_to_ask_hears_for_whom(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"), patience=0.1)
    study = storage.create("first", HEADER).id

    def hold(say: Say) -> None:
        with storage.asking(study):
            say("held")
            time.sleep(60)

    holder = fork(hold)
    assert holder.hear() == "held"

    with pytest.raises(StorageLocked, match=rf"\(pid {holder.pid}\) has held the right to ask"), storage.asking(study):
        pass
    assert len(storage.append(study, [asked(), told(0)], 0)) == 2  # telling goes on
    holder.kill()
    holder.wait()
    with storage.asking(study):
        pass
    storage.close()


def test_workers_are_dead_when_their_process_is(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    storage.create("first", HEADER)
    me = storage.join()

    def join(say: Say) -> None:
        say(storage.join())
        time.sleep(60)

    other = fork(join)
    number = int(other.hear())

    assert number != me
    assert storage.gone({me, number}) == set()
    other.kill()
    other.wait()
    assert storage.gone({me, number}) == {number}
    storage.close()


def test_workers_of_other_machines_are_dead_when_they_are_silent(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    storage.create("first", HEADER)
    now = time.time()
    with closing(sqlite3.connect(tmp_path / "runs.db")) as foreign:
        for number, silence in ((7, SILENCE / 2), (8, SILENCE + 1)):
            foreign.execute("INSERT INTO workers VALUES (?, 'elsewhere', 1, 0, ?)", (number, now - silence))
        foreign.commit()

    assert storage.gone({7, 8}) == {8}
    storage.close()


def test_a_forked_child_and_its_parent_go_on_each_with_a_connection_of_its_own(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    storage.append(study, [asked()], 0)
    me = storage.join()

    def work(_: object) -> None:
        assert storage.join() != me
        for number in range(1, 50):
            storage.append(study, [asked(number)], number)
        with storage.asking(study):
            pass
        # killed by _exit: the log is left as it is

    assert fork(work).wait() == (0, "")
    assert storage.join() == me
    assert [entry.trial for entry in storage.append(study, [asked(50)], 0)] == list(range(51))
    storage.close()
    with closing(sqlite3.connect(tmp_path / "runs.db")) as foreign:
        assert foreign.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert foreign.execute("SELECT count(*) FROM events").fetchone() == (51,)


def test_threads_may_fork_and_append_at_once(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    codes: list[int] = []

    def work() -> None:
        for _ in range(5):
            storage.append(study, [asked()], 0)
            pid = os.fork()
            if pid == 0:
                storage.append(study, [asked()], 0)
                os._exit(0)
            storage.append(study, [asked()], 0)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == [0] * 15
    assert [entry.trial for entry in storage.read(study)] == list(range(45))
    storage.close()


def test_a_parent_that_closes_does_not_take_the_log_from_its_child(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    storage.append(study, [asked()], 0)
    ready, go = os.pipe(), os.pipe()

    pid = os.fork()
    if pid == 0:
        storage.append(study, [asked(1)], 1)
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        storage.append(study, [asked(2)], 2)
        os._exit(0)
    os.read(ready[0], 1)
    storage.append(study, [Entry(-1, Commented("from the parent"), 1.0)], 2)
    storage.close()
    os.write(go[1], b"x")
    os.waitpid(pid, 0)

    assert [type(entry.event) for entry in storage.read(study)] == [Asked, Asked, Commented, Asked]
    storage.close()
    for end in (*ready, *go):
        os.close(end)


def test_a_child_forked_while_its_parent_asks_does_not_hold_the_right(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"), patience=0.0)
    study = storage.create("first", HEADER).id
    with storage.asking(study):
        fork(lambda _: time.sleep(60))
        assert fork(lambda _: _cannot_ask(storage, study)).wait() == (0, "")

    with storage.asking(study):  # the first child still lives
        pass
    storage.close()


def _cannot_ask(storage: Sql, study: int) -> None:
    with pytest.raises(StorageLocked), storage.asking(study):
        pass


def test_an_interrupt_in_an_append_leaves_all_or_nothing(tmp_path: Path, fork: Fork) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id

    def write(say: Say) -> None:
        since, hits = 0, 0
        while hits < 20:
            writing = False
            try:
                while True:
                    since = storage.append(study, [asked(since), told(0)], since)[-1].position
                    if not writing:
                        writing = True
                        say("writing")
            except KeyboardInterrupt:
                hits += 1
                say("hit")

    process = fork(write)
    for _ in range(20):
        assert process.hear() == "writing"
        time.sleep(0.005)
        os.kill(process.pid, signal.SIGINT)
        assert process.hear() == "hit"
    assert process.wait() == (0, "")

    entries = list(storage.read(study))
    assert [type(entry.event) for entry in entries] == [Asked, Told] * (len(entries) // 2)
    storage.append(study, [asked()], len(entries))
    storage.close()


def test_a_position_that_is_not_there_is_refused(tmp_path: Path) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    storage.append(study, [asked()], 0)

    with pytest.raises(StorageError, match=r"position 9 of study 1 is not there; its journal ends at 1.*older copy"):
        storage.append(study, [asked()], 9)
    storage.close()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DELETE FROM events WHERE id & 0xff = 2", r"position 2: the journal has a gap: after position 1 comes 3"),
        (
            "UPDATE events SET body = '{}' WHERE id & 0xff = 2",
            r"position 2: an event of kind .* cannot be read.*tunewright doctor",
        ),
        (
            "UPDATE events SET body = json_insert(body, '$.herd', 1) WHERE id & 0xff = 2",
            r"position 2: it holds an event of kind \"asked\" with the field `herd`.*a newer one wrote it.*git pull, then pip install \.$",
        ),
        (
            "UPDATE studies SET header = json_insert(header, '$.herd', 1)",
            r'study "first": its description holds the field `herd`',
        ),
        ("UPDATE events SET kind = 'cloned' WHERE id & 0xff = 2", r'kind "cloned".*a newer one wrote it.*git pull'),
    ],
)
def test_a_journal_that_breaks_the_rules_is_told_by_position(tmp_path: Path, damage: str, what: str) -> None:
    storage = Sql(str(tmp_path / "runs.db"))
    study = storage.create("first", HEADER).id
    storage.append(study, [asked(), asked(), asked()], 0)
    with closing(sqlite3.connect(tmp_path / "runs.db")) as foreign:
        foreign.execute(damage)
        foreign.commit()

    with pytest.raises(StorageError, match=what):
        list(storage.read(storage.open("first").id))
    storage.close()
