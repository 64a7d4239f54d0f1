"""The journal in a real PostgreSQL server: that goes away, that loses answers, that many write at once."""

import contextlib
import json
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

import tunewright as tw
from tunewright.errors import StorageError, StorageLost, StudyMissing
from tunewright.events import Asked, Entry, Failed, Opened, Sent, Told
from tunewright.processes import SILENCE
from tunewright.samplers import TPE, Random
from tunewright.schedulers import Once
from tunewright.storage import connect
from tunewright.storage.postgres import Postgres
from tunewright.testing.storage_contract import HEADER, asked, told

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
Say = Callable[[object], None]
Fork = Callable[[Callable[[Say], None]], Any]
LINE = tw.SearchSpace({"x": tw.Float(0.0, 1.0)})


class Proxy:
    """Stands between a client and the server, and loses the answer to a COMMIT when it is told to.

    `lose` is "" (nothing), "answer" (the commit arrives, its answer does not), or "commit" (not even the commit arrives); `word` is what
    such a message holds, and `then` what is done when it has arrived, before the client notices, or when the connection is broken.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.lose = ""
        self.word = b"COMMIT"
        self.lost = 0
        self.lose_all = False
        self._deaf: set[socket.socket] = set()
        self.then: Callable[[], object] = lambda: None
        server = Path(url.partition("host=")[2])
        self._target = next(
            str(path) for path in server.iterdir() if path.name.startswith(".s.PGSQL.") and path.suffix != ".lock"
        )
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / Path(self._target).name))
        self._listener.listen()
        self.url = f"{url.partition('host=')[0]}host={folder}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self.lose and self.word in data:
                    lose, self.lose = self.lose, self.lose if self.lose_all else ""
                    self.lost += 1
                    if lose == "answer":
                        self._deaf.add(source)
                        target.sendall(data)
                        time.sleep(0.2)
                        self.then()
                    self._end(source, target)
                    if lose == "commit":
                        self.then()
                    return
                if target not in self._deaf:
                    target.sendall(data)
        self._end(source, target)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def proxy(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    between = Proxy(tmp_path_factory.mktemp("p"), postgres)
    yield between
    between.close()


def entries_of(url: str, name: str = "study") -> list[Entry]:
    """The whole journal, having looked that it makes sense."""
    storage = connect(url)
    entries = list(storage.read(storage.open(name).id))
    storage.close()
    asks = [entry for entry in entries if isinstance(entry.event, Asked)]
    assert [entry.trial for entry in asks] == list(range(len(asks)))
    assert all(early.event.basis < late.event.basis for early, late in pairwise(asks))
    results = [(entry.trial, entry.event.index) for entry in entries if isinstance(entry.event, Told | Failed)]
    assert len(results) == len(set(results))
    return entries


def test_an_address_opens_it_and_hides_its_password() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        storage = connect(f"{scheme}://me:secret@host:5432/runs")

        assert isinstance(storage, Postgres)
        assert storage.url == "postgresql://me@host:5432/runs"
        assert "secret" not in repr(storage)


def test_it_travels_to_other_processes_as_its_address(postgres: str) -> None:
    storage = Postgres(postgres)
    storage.create("first", HEADER)

    twin = pickle.loads(pickle.dumps(storage))

    assert twin.studies() == storage.studies()
    assert twin.join() == storage.join()
    twin.close()
    storage.close()


@pytest.mark.parametrize("lose", ["answer", "commit"])
def test_a_result_whose_commit_was_lost_is_there_once(lose: str, proxy: Proxy, postgres: str) -> None:
    study = tw.Study(LINE, storage=proxy.url, sampler=Random())
    task = study.ask()

    proxy.lose = lose
    study.tell(task, 0.5)

    assert proxy.lost == 1
    assert study.best.value == 0.5
    assert [type(entry.event) for entry in entries_of(postgres)] == [Opened, Asked, Told]
    study.storage.close()


def test_a_server_that_dies_between_two_statements_of_a_question_costs_nothing(postgres: str) -> None:
    study = tw.Study(LINE, storage=postgres, sampler=Random())
    study.tell(study.ask(), 0.5)
    storage: Any = study.storage
    numbered, broken = storage._next, list[bool]()

    def breaks(cursor: Any, number: int) -> Any:
        if not broken:
            broken.append(True)
            with psycopg.connect(postgres, autocommit=True) as foreign:
                foreign.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return numbered(cursor, number)

    storage._next = breaks
    study.tell(study.ask(), 0.25)

    assert broken
    assert [trial.value for trial in study.history.trials] == [0.5, 0.25]
    study.storage.close()


@pytest.mark.parametrize("sampler", [Random(), TPE()])
@pytest.mark.parametrize("lose", ["answer", "commit"])
def test_a_question_whose_commit_was_lost_is_asked_once(lose: str, sampler: Any, proxy: Proxy, postgres: str) -> None:
    study = tw.Study(LINE, storage=proxy.url, sampler=sampler)
    study.tell(study.ask(), 0.5)

    proxy.lose = lose
    task = study.ask()
    study.tell(task, 0.25)

    assert proxy.lost == 1
    assert [entry.trial for entry in entries_of(postgres) if isinstance(entry.event, Asked)] == [0, 1]
    assert (task.trial, study.history.running, study.best.value) == (1, 0, 0.25)
    assert study.replay().same
    study.storage.close()


@pytest.fixture
def forgetful(postgres_server: Any) -> Iterator[Any]:
    """A server that brings nothing to the disk by itself for ten seconds."""
    with psycopg.connect(postgres_server.database(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        connection.execute("SELECT pg_reload_conf()")
    yield postgres_server
    with psycopg.connect(postgres_server.database(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET wal_writer_delay")
        connection.execute("SELECT pg_reload_conf()")


def test_what_was_asked_or_told_is_there_after_a_crash_in_the_next_moment(forgetful: Any) -> None:
    url = forgetful.database()
    study = tw.Study(LINE, storage=url, sampler=Random())

    for expected in ([Asked], [Asked, Told], [Asked, Told, Asked], [Asked, Told, Asked, Told]):
        if expected[-1] is Asked:
            task = study.ask()
        else:
            study.tell(task, 0.5)
        forgetful.stop("immediate")
        forgetful.start()

        assert [type(entry.event) for entry in entries_of(url)] == [Opened, *expected]
    study.storage.close()


def take_back(url: str) -> None:
    """The last event is gone, as after a crash of the server that had not brought it to the disk yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM tunewright.events WHERE id = (SELECT max(id) FROM tunewright.events)")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


@pytest.mark.parametrize("since", ["nothing", "another entry"])
def test_what_a_crash_took_from_others_is_read_anew(since: str, postgres: str) -> None:
    study, other = (tw.Study(LINE, storage=postgres, sampler=Random()) for _ in range(2))
    task = study.ask()
    other.tell(other.ask(), 0.25)
    assert study.history.completed == 1  # it has read the result of the other one

    take_back(postgres)
    if since == "another entry":
        third = tw.Study(LINE, storage=postgres, sampler=Random())
        third.tell(1, 0.75)
        third.storage.close()
    study.tell(task, 0.5)

    results = {entry.trial: entry.event.values["value"] for entry in entries_of(postgres) if isinstance(entry.event, Told)}
    assert results == {0: 0.5} | ({1: 0.75} if since == "another entry" else {})
    assert {trial.number: trial.value for trial in study.history.trials if trial.value is not None} == results
    other.storage.close()
    study.storage.close()


@pytest.mark.parametrize("sampler", [Random(), TPE()])
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize("step", ["ask", "tell"])
def test_a_crash_between_commit_and_disk_costs_nothing(step: str, kept: bool, sampler: Any, proxy: Proxy, postgres: str) -> None:
    study = tw.Study(LINE, storage=proxy.url, sampler=sampler)
    task = study.ask()
    study.tell(task, 0.5)
    task = study.ask() if step == "tell" else task

    proxy.lose, proxy.word = "answer", b"pg_logical_emit_message"
    proxy.then = (lambda: None) if kept else (lambda: take_back(postgres))
    task = study.ask() if step == "ask" else task
    proxy.lose = "" if step == "ask" else proxy.lose
    study.tell(task, 0.25)

    assert proxy.lost == 1
    assert [type(entry.event) for entry in entries_of(postgres)] == [Opened, Asked, Told, Asked, Told]
    assert [trial.value for trial in study.history.trials] == [0.5, 0.25]
    assert study.replay().same
    study.storage.close()


def test_a_result_whose_commit_was_lost_gives_way_to_what_others_wrote(proxy: Proxy, postgres: str) -> None:
    study, other = (tw.Study(LINE, storage=url, sampler=Random()) for url in (proxy.url, postgres))
    task = study.ask()

    def meanwhile() -> None:
        with contextlib.suppress(tw.errors.AlreadyTold):
            other.tell(task, RuntimeError("no"))

    proxy.lose, proxy.then = "commit", meanwhile
    with contextlib.suppress(tw.errors.AlreadyTold):
        study.tell(task, 0.5)

    results = [entry for entry in entries_of(postgres) if isinstance(entry.event, Told | Failed)]
    assert len(results) == 1  # whoever came first
    other.storage.close()
    study.storage.close()


def test_a_study_whose_creation_was_lost_is_created_once(proxy: Proxy, postgres: str) -> None:
    storage = Postgres(proxy.url)
    storage.studies()

    proxy.lose = "answer"
    record = storage.create("first", HEADER)

    assert proxy.lost == 1
    assert storage.studies() == [record]
    storage.close()


def test_the_right_to_ask_is_lost_with_the_connection(postgres: str) -> None:
    storage, other = Postgres(postgres), Postgres(postgres, patience=1.0)
    study = storage.create("first", HEADER).id

    with storage.asking(study):
        with pytest.raises(StorageError, match="right to ask"), other.asking(study):
            pass
        with psycopg.connect(postgres) as foreign:
            foreign.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(StorageLost):
            storage.append(study, [asked()], 0)
        with other.asking(study):
            other.append(study, [asked()], 0)

    assert storage.append(study, [told(0)], 0)[-1].position == 2
    other.close()
    storage.close()


@pytest.mark.parametrize("sampler", [Random(), TPE()])
def test_a_server_that_restarts_in_the_middle_loses_and_doubles_nothing(sampler: Any, postgres_server: Any) -> None:
    url = postgres_server.database()
    study = tw.Study(LINE, storage=url, sampler=sampler)
    acknowledged = []

    def restart() -> None:
        for mode in ("fast", "immediate"):
            time.sleep(0.3)
            postgres_server.stop(mode)
            time.sleep(0.2)
            postgres_server.start()

    def listen(history: Any, entry: Entry) -> None:
        acknowledged.append((entry.position, entry.trial, entry.event))
        if restarter.is_alive() and len(acknowledged) % 10 == 0:
            time.sleep(0.05)

    restarter = threading.Thread(target=restart)
    restarter.start()
    while restarter.is_alive():
        study.optimize(lambda live: live["x"], more=20, listeners=[listen])
    restarter.join()
    study.optimize(lambda live: live["x"], more=5, listeners=[listen])

    entries = entries_of(url)
    kept = [(entry.position, entry.trial, entry.event) for entry in entries if isinstance(entry.event, Told)]
    assert kept == acknowledged
    assert study.history.running == 0
    assert study.replay().same
    study.storage.close()


def test_a_server_that_stays_away_is_said(postgres_server: Any) -> None:
    storage = Postgres(postgres_server.database(), patience=0.5)
    study = storage.create("first", HEADER).id

    postgres_server.stop()
    try:
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.append(study, [asked()], 0)
    finally:
        postgres_server.start()

    assert storage.append(study, [asked()], 0)[-1].position == 1
    storage.close()


def test_a_forked_child_and_its_parent_go_on_with_connections_of_their_own(postgres: str, fork: Fork) -> None:
    storage = Postgres(postgres)
    study = storage.create("first", HEADER).id
    storage.append(study, [asked()], 0)

    child = fork(lambda say: say(storage.append(study, [asked(1)], 1)[-1].trial))
    assert child.hear() == "1"
    assert child.wait()[0] == 0

    assert [entry.trial for entry in storage.append(study, [asked(2)], 1)] == [1, 2]
    storage.close()


def test_four_processes_write_one_journal_and_the_right_of_a_killed_one_is_free(postgres: str, fork: Fork) -> None:
    storage = Postgres(postgres)
    study = storage.create("first", HEADER).id

    def write(say: Say) -> None:
        own = Postgres(postgres)
        since = 0
        for _ in range(50):
            with own.asking(study):
                since = own.append(study, [asked(since)], since)[-1].position

    def hold(say: Say) -> None:
        own = Postgres(postgres)
        with own.asking(study):
            say("held")
            time.sleep(60)

    holder = fork(hold)
    assert holder.hear() == "held"
    writers = [fork(write) for _ in range(4)]
    time.sleep(0.1)
    os.kill(holder.pid, signal.SIGKILL)

    assert [writer.wait() for writer in writers] == [(0, "")] * 4
    entries = list(storage.read(study))
    assert [entry.position for entry in entries] == list(range(1, 201))
    assert [entry.trial for entry in entries] == list(range(200))
    storage.close()


def test_a_worker_of_another_machine_is_heard_by_its_beats(postgres: str) -> None:
    storage = Postgres(postgres)
    storage.create("first", HEADER)
    with psycopg.connect(postgres, autocommit=True) as foreign:
        far = "INSERT INTO tunewright.workers (host, pid, started, seen) VALUES (%s, 1, 0, extract(epoch FROM now()) - %s) RETURNING id"
        quiet, late = (foreign.execute(far, ("elsewhere", ago)).fetchone()[0] for ago in (SILENCE / 2, SILENCE + 5))

    assert storage.gone({quiet, late}) == {late}
    storage.close()


def test_the_view_says_what_the_history_says(postgres: str) -> None:
    study = tw.Study(LINE, [tw.Metric("loss"), tw.Metric("size")], storage=postgres, scheduler=Once(folds=3), sampler=Random())
    study.enqueue({"x": 0.5}, note="mine")

    def objective(live: Any) -> dict[str, float]:
        if live.trial == 3:
            raise ValueError("no")
        return {"loss": live["x"] + live.fold, "size": 1.0}

    study.optimize(objective, trials=8)
    study.tell(study.ask(), {"loss": 1.0, "size": 1.0})
    study._journal.write(8, Told({"loss": 2.0, "size": 1.0}, index=study.ask().index, reached=3.0))  # stopped by a scheduler
    clone = Asked({"x": 0.4}, "clone", study.history.position, parent=2, since=1.0, replaces=4)
    study._journal.write(-1, clone)
    task = study.ask()
    with psycopg.connect(postgres) as foreign:
        rows = foreign.execute("SELECT * FROM tunewright.trials ORDER BY number").fetchall()

    for row, trial in zip(rows, study.history.trials, strict=True):
        name, number, state, params, values, seconds, asked_at, finished_at, origin, note, parent = row
        assert (name, number, state, origin, note) == ("study", trial.number, trial.state, trial.origin, trial.note)
        assert parent == trial.parent
        assert json.loads(params) == trial.params
        assert (None if values is None else json.loads(values)) == (None if trial.values is None else pytest.approx(trial.values))
        assert (asked_at, finished_at) == (trial.asked_at, trial.finished_at)
        assert seconds == pytest.approx(trial.seconds)
    assert rows[task.trial][2] == "running"
    assert [row[-1] for row in rows if row[-1] is not None] == [2]
    assert any(isinstance(entry.event, Sent) for entry in entries_of(postgres))
    study.storage.close()


def test_a_study_that_is_not_there_is_said(postgres: str) -> None:
    storage = Postgres(postgres)

    with pytest.raises(StudyMissing, match="no study number 7"):
        storage.append(7, [asked()], 0)
    with pytest.raises(StudyMissing, match="no study number 7"):
        list(storage.read(7))
    storage.close()
