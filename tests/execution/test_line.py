"""The coordinator's end by itself, over real sockets, and whole studies in processes of an executor."""

import contextlib
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from typing import ClassVar

import cloudpickle
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tunewright as tw
from tunewright.events import Reported, Told
from tunewright.execution.channel import Board
from tunewright.execution.frames import Challenge, Delivery, Frames, Hello, Lead, News, Said, packed, proof, unpacked
from tunewright.execution.line import Ledger, Line
from tunewright.execution.line_channel import LineChannel, Outbox
from tunewright.samplers import Random
from tunewright.schedulers import ASHA
from tunewright.trial import Outcome, Report

KEY = (7, 0)
DONE = Outcome({"loss": 0.0})


def numbered(count, run=0):
    return [Report(float(step), {"run": float(run)}) for step in range(count)]


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def line(board):
    listener = socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))
    yield line
    line.close()


# ---- each report once ----------------------------------------------------------------------------------------------------------


class Run:
    """One run of a task, as far as the network lets it."""

    def __init__(self, ledger, number, name):
        self.ledger, self.number, self.name = ledger, number, name
        self.box = Outbox()
        self.made = 0
        self.lines = []  # each: what was said and has not been heard on either side; the last one is in use
        self.broken = True

    def report(self, _):
        self.box.add(Report(float(self.made), {"run": float(self.name)}))
        self.made += 1

    def join(self, _):
        have = self.ledger.join(self.number, str(self.name))
        if have is not None:
            self.box.begin_anew(have)
            self.lines.append(([], []))
            self.broken = False

    def say(self, most):
        if not self.broken and self.box.waiting:
            self.lines[-1][0].append(self.box.next(most))

    def arrive(self, which):
        """On any line, also one that this side takes for broken."""
        if self.lines:
            up, down = self.lines[which % len(self.lines)]
            if up:
                try:
                    down.append(self.ledger.take(up.pop(0), self.number, str(self.name)))
                except ValueError:
                    up.clear()  # hung up on

    def hear(self, _):
        if not self.broken and self.lines[-1][1]:
            have = self.lines[-1][1].pop(0)
            if have is None:
                self.broken = True
            else:
                self.box.arrived(have)

    def snap(self, loses):
        self.broken = True
        if self.lines and loses % 2:
            self.lines[-1][0].clear()


DEEDS = ["report", "join", "say", "arrive", "hear", "snap"]
GETS_THERE = [(deed, 0, 2) for deed in ("report", "report", "join", "say", "arrive")]


@settings(max_examples=500, deadline=None)
@example(GETS_THERE, 0)  # it is not known that they have arrived: they come with the outcome, too
@example([*GETS_THERE, ("snap", 0, 1), ("say", 0, 1), ("report", 0, 1), ("join", 0, 1), ("say", 0, 3), ("arrive", 0, 1)], 0)
@example([*GETS_THERE[:-1], ("snap", 0, 2), ("join", 0, 1), ("say", 0, 1), ("arrive", 0, 1), ("arrive", 0, 2)], 0)  # crosswise
@example([*GETS_THERE, ("join", 1, 1), ("report", 0, 1), ("say", 0, 1), ("arrive", 0, 2)], 0)
@given(
    st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from([0, 0, 0, 1, 2]), st.integers(1, 4)), max_size=60).map(
        lambda deeds: [*GETS_THERE, *deeds]
    ),
    st.sampled_from([0, 0, 1]),
)
def test_each_report_is_taken_once_however_lines_break_and_runs_begin_anew(deeds, ends):
    board = Board()
    ledger = Ledger(board)
    number = ledger.open(KEY)
    runs = [Run(ledger, number, name) for name in range(3)]

    for deed, run, detail in deeds:
        getattr(runs[run], deed)(detail)
    pinned = board.take().get(KEY, [])
    rest = ledger.close(number, str(ends), runs[ends].box.first, runs[ends].box.kept)

    for run in runs:
        found = [report for report in (*pinned, *rest) if report.values["run"] == run.name]
        assert found == numbered(run.made if run.name == ends else len(found), run.name)
    assert ledger.join(number, "late") is None
    assert ledger.take(Said(0, tuple(numbered(1))), number, str(ends)) is None


def test_a_run_that_was_started_anew_is_not_listened_to_any_more():
    board = Board()
    ledger = Ledger(board)
    number = ledger.open(KEY)

    assert ledger.join(number, "first") == 0
    assert ledger.take(Said(0, tuple(numbered(2))), number, "first") == 2
    assert ledger.join(number, "second") == 0
    assert ledger.take(Said(2, tuple(numbered(1))), number, "first") is None
    assert ledger.join(number, "first") is None
    assert ledger.take(Said(0, tuple(numbered(1))), number, "second") == 1
    with pytest.raises(ValueError, match="Report 3 comes where 1 was to come"):
        ledger.take(Said(3, ()), number, "second")


class Rope:
    """Between a task and its coordinator; it snaps after so many bytes, in whichever direction they go."""

    def __init__(self, address, lengths):
        self._to, self._lengths = address, iter(lengths)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._ends = [self._listener]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(self._to)
                self._ends += [near, far]
                left = [next(self._lengths, 1 << 40)]
                for one, other in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._carry, args=(one, other, left), daemon=True))
                    self._threads[-1].start()

    @staticmethod
    def _carry(one, other, left):
        with contextlib.suppress(OSError):
            while left[0] > 0 and (data := one.recv(min(left[0], 100))):
                left[0] -= len(data)
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()


@pytest.mark.parametrize("seed", range(5))
def test_a_line_that_breaks_again_and_again_loses_and_doubles_nothing(line, board, seed, monkeypatch):
    for name, value in (("_PAUSES", (0.0, 0.0)), ("_SHARE", 0.0)):
        monkeypatch.setattr(f"tunewright.execution.line_channel.{name}", value)
    draw = random.Random(seed)
    rope = Rope(line.addresses[0], [draw.randint(400, 1500) for _ in range(20)])
    channel = LineChannel(msgspec.structs.replace(line.lead(KEY), addresses=(rope.address,)))

    for report in numbered(300):
        channel.send(report)
        time.sleep(0.0005)
    outcome = line.end(KEY, channel.delivery(msgspec.structs.replace(DONE, reports=channel.rest())))
    rope.close()

    heard = board.take().get(KEY, [])
    assert [*heard, *outcome.reports] == numbered(300)
    assert len(heard) > 100


# ---- who is listened to --------------------------------------------------------------------------------------------------------


class Caller:
    """Somebody on the network."""

    opened: ClassVar[list[socket.socket]] = []

    def __init__(self, line):
        self.socket = socket.create_connection(line.addresses[0], timeout=10)
        self.opened.append(self.socket)
        self.frames = Frames()

    def hear(self, kind):
        while (frame := self.frames.take()) is None:
            data = self.socket.recv(1 << 12)
            if not data:
                return None
            self.frames.put(data)
        return unpacked(frame, kind)

    def hung_up_on(self):
        """Reads to the end; fails when there is none within 10 seconds."""
        try:
            while self.socket.recv(1 << 12):
                pass
        except ConnectionError:
            pass
        return True

    def greet(self, lead, run="a run"):
        theirs = self.hear(Challenge).nonce
        who = lead.number, run
        self.socket.sendall(packed(Hello(*who, "ours", proof(lead.secret, "task", who, (theirs, "ours")))))
        return self.hear(News), theirs


@pytest.fixture(autouse=True)
def closed():
    yield
    while Caller.opened:
        Caller.opened.pop().close()


def works(line, board, key):
    """A task is heard."""
    channel = LineChannel(line.lead(key))
    channel.send(Report(1.0, {}))
    return line.end(key, channel.delivery(DONE)) == DONE or board.take()[key] == [Report(1.0, {})]


def heard(board, count, key=KEY):
    """The reports of the task, when so many have arrived."""
    found: list[Report] = []
    end = time.monotonic() + 60
    while len(found) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} reports arrived within a minute"
        found += board.take().get(key, [])
        time.sleep(0.005)
    return found


def test_both_sides_prove_that_they_know_the_secret(line, board):
    lead = line.lead(KEY)
    news, theirs = (caller := Caller(line)).greet(lead)

    assert news.proof == proof(lead.secret, "coordinator", (lead.number, "a run"), ("ours", theirs))
    caller.socket.sendall(packed(Said(0, tuple(numbered(3)))))
    assert caller.hear(News) == News(have=3)
    assert board.take() == {KEY: numbered(3)}


@pytest.mark.parametrize("kind", ["wrong secret", "echo", "no proof", "not ascii", "nothing asked"])
def test_who_does_not_know_the_secret_is_hung_up_on_and_not_heard(line, board, kind):
    lead = line.lead(KEY)
    caller = Caller(line)
    theirs = caller.hear(Challenge).nonce
    who = lead.number, "a run"
    wrong = {
        "wrong secret": proof(bytes(32), "task", who, (theirs, "ours")),
        "echo": proof(lead.secret, "coordinator", who, (theirs, "ours")),
        "no proof": "",
        "not ascii": "ü",
        "nothing asked": proof(lead.secret, "task", who, ("another meeting's", "ours")),
    }[kind]

    caller.socket.sendall(packed(Hello(*who, "ours", wrong)) + packed(Said(0, tuple(numbered(1)))))

    assert caller.hear(News) is None
    assert board.take() == {}
    assert works(line, board, (8, 0))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: tunewright\r\n\r\n",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff" + b"x" * 10_000,
        b"\x00\x00\x04\x01" + b"x" * 1025,
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x03\xe8" + b"[" * 1000,
        b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n.",
        packed(Said(0, tuple(numbered(1)))),
        os.urandom(100_000),
    ],
    ids=["http", "empty", "endless", "too long", "not a hello", "deep", "pickle", "no hello", "noise"],
)
def test_garbage_costs_its_own_connection_only(line, board, sent):
    caller, other = Caller(line), Caller(line)
    news, _ = other.greet(line.lead(KEY))

    with contextlib.suppress(OSError):  # it may have been hung up on already
        caller.socket.sendall(sent)
        caller.socket.shutdown(socket.SHUT_WR)

    assert caller.hung_up_on()
    assert news == News(proof=news.proof)
    other.socket.sendall(packed(Said(0, tuple(numbered(1)))))
    assert other.hear(News) == News(have=1)
    assert works(line, board, (8, 0))


def test_even_who_knows_the_secret_may_not_say_everything(line, board):
    for sent in (b"\x00\x40\x00\x01", b"\x00\x00\x00\x01{", packed(Said(5, ())), packed(News())):
        caller = Caller(line)
        caller.greet(line.lead(KEY))
        caller.socket.sendall(sent)

        assert caller.hung_up_on()
    assert board.take() == {}
    assert works(line, board, (8, 0))


def test_strangers_who_say_nothing_make_room_for_others(line, board, monkeypatch):
    monkeypatch.setattr("tunewright.execution.line._STRANGERS", 5)
    callers = [Caller(line) for _ in range(20)]

    assert all(caller.hear(Challenge) for caller in callers)
    assert all(caller.hung_up_on() for caller in callers[:15])
    assert works(line, board, KEY)


def test_strangers_who_say_nothing_are_not_waited_for(board, monkeypatch):
    monkeypatch.setattr("tunewright.execution.line._PATIENCE", 0.1)
    listener = socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))

    assert Caller(line).hung_up_on()
    assert works(line, board, KEY)
    line.close()


def test_a_task_that_is_over_is_told_so(line, board):
    lead = line.lead(KEY)
    early = Caller(line)
    early.greet(lead)
    line.end(KEY, Delivery(DONE))

    news, _ = (late := Caller(line)).greet(lead)
    assert news.over
    assert late.hung_up_on()
    early.socket.sendall(packed(Said(0, tuple(numbered(1)))))
    assert early.hear(News).over
    assert early.hung_up_on()
    assert board.take() == {}


def test_who_is_asked_to_stop_hears_it_now_or_when_it_comes(line, board):
    here, late = Caller(line), Caller(line)
    here.greet(line.lead((1, 0)))
    lead = line.lead((2, 0))

    board.ask((1, 0), "enough")
    board.ask((2, 0), "too much")
    line.ask()

    assert here.hear(News) == News(stop="enough")
    assert late.greet(lead)[0].stop == "too much"


def test_who_is_left_on_a_line_that_closes_is_asked_to_stop(board):
    listener = socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))
    channel = LineChannel(line.lead(KEY))
    channel.send(numbered(1)[0])
    heard(board, 1)

    line.close()

    assert channel.stopping() == "The study goes on without this task."
    channel.send(numbered(2)[1])
    assert channel.rest() == tuple(numbered(2)[1:])
    with pytest.raises(ConnectionRefusedError):
        Caller(line)
    line.close()  # once more harms nothing


FORKS = """
import os, socket, sys, time
from tunewright.execution.channel import Board
from tunewright.execution.line import Line

listener = socket.create_server(("127.0.0.1", 0))
line = Line(Board(), listener, (listener.getsockname(),))
lead = line.lead((7, 0))
print(listener.getsockname()[1], lead.number, lead.secret.hex(), flush=True)
sys.stdin.readline()
child = os.fork()
if child:
    print(child, flush=True)
time.sleep(60)
"""


def test_a_fork_of_the_coordinator_does_not_hold_the_line():
    with subprocess.Popen([sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as coordinator:
        port, number, secret = coordinator.stdout.readline().split()
        lead = Lead((("127.0.0.1", int(port)),), int(number), bytes.fromhex(secret))
        (caller := Caller(lead)).greet(lead)
        coordinator.stdin.write("\n")
        coordinator.stdin.flush()
        child = int(coordinator.stdout.readline())
        try:
            coordinator.kill()
            coordinator.wait()

            assert caller.hung_up_on()
            with pytest.raises(ConnectionRefusedError):
                Caller(lead)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_process_without_files_left_listens_again_when_it_has_some(line, board):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lead, caller = line.lead(KEY), socket.socket()
    next_file = os.dup(0)
    os.close(next_file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_file, hard))
    try:
        caller.connect(line.addresses[0])  # it is accepted by the system, and by nobody else
        caller.settimeout(0.3)
        with pytest.raises(TimeoutError):
            caller.recv(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    caller.settimeout(10)
    assert caller.recv(1)
    caller.close()
    channel = LineChannel(lead)
    channel.send(numbered(1)[0])
    assert heard(board, 1) == numbered(1)
    channel.rest()


# ---- whole studies -------------------------------------------------------------------------------------------------------------


def study_of(path, **settings):
    return tw.Study(
        {"x": tw.Float(0.0, 1.0)},
        tw.Metric("loss"),
        sampler=Random(),
        storage=f"sqlite:///{path / 'runs.db'}",
        seed=0,
        **settings,
    )


@pytest.fixture
def pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_scheduler_stops_tasks_of_a_pool_in_the_middle(pool, tmp_path, isolation):
    study = study_of(tmp_path, scheduler=ASHA(1, 9, resume=False))

    def objective(live):
        try:
            for _ in range(live.budget):
                time.sleep(0.25)
                yield {"loss": live["x"]}
        except tw.Stopped:
            (tmp_path / f"cleaned-{live.trial}").touch()
            raise

    study.optimize(objective, trials=8, workers=2, executor=pool, isolation=isolation)

    history = study.history
    reached = [trial.measurements[0].budget for trial in history.trials]
    stopped = [number for number, budget in enumerate(reached) if budget < 9]
    assert stopped
    assert history.completed == 8
    assert {path.name for path in tmp_path.glob("cleaned-*")} == {f"cleaned-{number}" for number in stopped}
    assert [[report.step for report in history.curve(number)] for number in range(8)] == [
        list(range(1, int(budget) + 1)) for budget in reached
    ]


def test_what_tasks_of_a_pool_report_is_in_the_journal_while_they_run(pool, tmp_path):
    study, gate = study_of(tmp_path), tmp_path / "gate"

    def objective(live):
        live.report(1, loss=0.5)
        while not gate.exists():
            time.sleep(0.01)
        live.report(2, loss=0.25)
        return 1.0

    def watch():
        other = tw.Study.load(study.storage)
        while not (len(other.history) and other.history.curve(0)):
            time.sleep(0.02)
        gate.touch()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    study.optimize(objective, trials=1, executor=pool)  # it ends only if the first report was seen
    watcher.join()

    entries = list(study.storage.read(study._journal.record.id))
    assert [entry.event.step for entry in entries if isinstance(entry.event, Reported)] == [1.0, 2.0]
    assert isinstance(entries[-1].event, Told)


def test_a_person_stops_a_task_of_a_pool_and_what_it_returns_counts(pool, tmp_path):
    study = study_of(tmp_path)

    def objective(live):
        step = 0
        with contextlib.suppress(tw.Stopped):
            while live.trial == 0:
                live.report(step := step + 1, loss=1.0)
                time.sleep(0.02)
        return 0.25

    def stop():
        other = tw.Study.load(study.storage)
        while not (len(other.history) and other.history.curve(0)):
            time.sleep(0.02)
        other.stop(0, why="it diverges")

    stopper = threading.Thread(target=stop, daemon=True)
    stopper.start()
    study.optimize(objective, trials=3, workers=2, executor=pool)
    stopper.join()

    assert [trial.value for trial in study.history.trials] == [0.25] * 3


def test_when_the_time_is_up_tasks_of_a_pool_may_clean_up(pool, tmp_path):
    study = study_of(tmp_path)
    study.optimize(lambda live: time.sleep(0.5) or live["x"], trials=2, workers=2, executor=pool)  # its processes are there

    def objective(live):
        step = 0
        with contextlib.suppress(tw.Stopped):
            while True:
                live.report(step := step + 1, loss=1.0)
                time.sleep(0.02)
        return 0.5

    study.optimize(objective, seconds=2, overtime=0.2, workers=2, executor=pool)

    assert study.history.completed == 4
    assert study.history.open_tasks == []


def test_a_task_of_a_pool_that_nobody_waits_for_ends_itself(pool, tmp_path):
    study = study_of(tmp_path)

    def objective(live):
        (tmp_path / "begun").touch()
        try:
            for step in range(10**6):
                live.report(step, loss=1.0)
                time.sleep(0.02)
        finally:
            (tmp_path / "ended").touch()

    class Enough(Exception):
        pass

    def listener(history, entry):
        while not (tmp_path / "begun").exists() or not study.history.curve(0):
            time.sleep(0.01)
        raise Enough

    def quick_or(live):
        if live.trial == 1:
            while not (tmp_path / "begun").exists():
                time.sleep(0.01)
            time.sleep(1)  # longer than it takes until reports are written
            return 1.0
        return objective(live)

    with pytest.raises(Enough):
        study.optimize(quick_or, trials=2, workers=2, executor=pool, listeners=[listener])

    end = time.monotonic() + 60
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert pool.submit(int).result(60) == 0


@pytest.mark.filterwarnings("ignore:No trial completed")
@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_task_that_a_pool_begins_when_its_search_is_over_ends_itself(pool, tmp_path, isolation):
    """What stands in the pool's queue cannot be called back."""
    study = study_of(tmp_path)

    def wait():
        while not (tmp_path / "over").exists():
            time.sleep(0.02)

    def objective(live):
        with contextlib.suppress(tw.Stopped):
            while True:
                live.report(0, loss=1.0)
                time.sleep(0.02)
        (tmp_path / "ended").touch()

    study.optimize(lambda live: live["x"], trials=2, workers=2, executor=pool, isolation=isolation)  # all is loaded
    others = [pool.submit(_called, cloudpickle.dumps(wait)) for _ in range(2)]
    study.optimize(objective, seconds=4, overtime=0.1, workers=2, executor=pool, isolation=isolation)
    assert study.history.open_tasks == []
    assert len(study.history) > 2
    (tmp_path / "over").touch()

    assert [other.result(60) for other in others] == [None, None]
    end = time.monotonic() + 60
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert pool.submit(int).result(60) == 0


def _called(function):
    return cloudpickle.loads(function)()


@pytest.mark.filterwarnings("ignore:No trial completed")
@pytest.mark.parametrize("isolation", ["none", "process"])
def test_what_was_reported_before_a_process_was_killed_is_kept(pool, tmp_path, isolation):
    study = study_of(tmp_path)

    def objective(live):
        for step in range(100):
            live.report(step, loss=float(step))
        if isolation == "none":
            os.kill(os.getpid(), signal.SIGKILL)
        while len(tw.Study.load(f"sqlite:///{tmp_path / 'runs.db'}").history.curve(0)) < 100:
            time.sleep(0.1)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    study.optimize(objective, trials=1, executor=pool, isolation=isolation)

    assert [failure.kind for _, failure in study.history.failures] == ["crash"]
    assert study.history.curve(0) == [Report(float(step), {"loss": float(step)}) for step in range(100)]


SCRIPT = """
import sys, time, multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import tunewright as tw

def train(live):
    for step in range(10**6):
        live.report(step, loss=1.0)
        if step == 20:
            Path("far").touch()
        time.sleep(0.02)

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        tw.Study({"x": tw.Float(0, 1)}, storage="sqlite:///runs.db").optimize(train, trials=1, executor=pool)
"""


def test_what_a_pool_reported_outlives_a_killed_coordinator(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    search = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, start_new_session=True)
    try:
        while not (tmp_path / "far").exists():
            assert search.poll() is None
            time.sleep(0.02)
        time.sleep(1)  # twice as long as it takes until reports are written
    finally:
        os.killpg(search.pid, signal.SIGKILL)
        search.wait()

    steps = [report.step for report in tw.Study.load(f"sqlite:///{tmp_path / 'runs.db'}").history.curve(0)]
    assert steps == list(range(len(steps)))
    assert len(steps) > 20


def test_tasks_that_cannot_reach_us_bring_their_reports_with_them_and_that_is_said_once(pool, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("TUNEWRIGHT_LISTEN", f"127.0.0.1:{port}")

    def from_elsewhere(self, key, lead=Line.lead):
        return msgspec.structs.replace(lead(self, key), addresses=(("127.0.0.1", 1),), machine="another")

    monkeypatch.setattr(Line, "lead", from_elsewhere)
    study = study_of(tmp_path)

    def objective(live):
        for step in range(3):
            live.report(step, loss=0.0)
        return 1.0

    with pytest.warns(UserWarning, match=f"do not reach this process at 127.0.0.1:{port}: .*TUNEWRIGHT_LISTEN") as said:
        study.optimize(objective, trials=4, workers=2, executor=pool)

    assert len(said) == 1
    assert [[report.step for report in study.history.curve(number)] for number in range(4)] == [[0.0, 1.0, 2.0]] * 4


def test_who_reports_nothing_looks_for_no_line(line):
    lead = line.lead(KEY)
    channel = LineChannel(Lead((("127.0.0.1", 1),), lead.number, lead.secret))

    assert channel.stopping() is None
    assert channel.rest() == ()
    assert channel.delivery(DONE).missed is False
