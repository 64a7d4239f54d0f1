"""The task's end by itself. Where it meets a coordinator, and studies use both: test_line.py."""

import contextlib
import os
import socket
import threading
import time

import msgspec
import pytest

from tunewright.execution import line_channel
from tunewright.execution.channel import Board
from tunewright.execution.frames import LEFT, LIMIT, Challenge, Frames, Hello, Lead, News, Said, packed, proof, unpacked
from tunewright.execution.line import Line
from tunewright.execution.line_channel import LineChannel, Outbox
from tunewright.processes import machine
from tunewright.trial import Outcome, Report

SECRET = bytes(range(32))


def numbered(count):
    return tuple(Report(float(step), {"loss": 0.5}) for step in range(count))


@pytest.fixture(autouse=True)
def nothing_missed(monkeypatch):
    monkeypatch.setattr(line_channel, "_missed", {})


class Coordinator:
    """Answers as it is told to, one connection after the other; keeps what it heard.

    Args:
        deeds: for each connection: "listen", "stay mute", "lie", "hang up", "over", or ("have", n).
    """

    def __init__(self, *deeds):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.lead = Lead((self.listener.getsockname(),), 1, SECRET)
        self.said = []
        self.calls = 0
        self.line = None
        self._deeds = deeds
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        for deed in self._deeds:
            with contextlib.suppress(OSError):
                line, _ = self.listener.accept()
                self.calls += 1
                with line:
                    self._meet(line, deed)

    def _meet(self, line, deed):
        if deed == "stay mute":
            line.recv(1)  # until the other side gives up
            return
        frames = Frames()
        line.sendall(packed(Challenge("theirs")))
        hello = unpacked(self._hear(line, frames), Hello)
        right = proof(SECRET, "coordinator", (1, hello.run), (hello.nonce, "theirs"))
        have = deed[1] if isinstance(deed, tuple) else 0
        self.line = line  # before the other side knows that it is met
        line.sendall(packed(News(have, None, deed == "over", "wrong" if deed == "lie" else right)))
        if deed == "hang up":
            self.said.append(unpacked(self._hear(line, frames), Said))
            return
        while (frame := self._hear(line, frames)) is not None:
            self.said.append(unpacked(frame, Said))

    @staticmethod
    def _hear(line, frames):
        while (frame := frames.take()) is None:
            data = line.recv(1 << 16)
            if not data:
                return None
            frames.put(data)
        return frame

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self.listener.close()


@pytest.fixture
def coordinator():
    made = []

    def make(*deeds):
        made.append(Coordinator(*deeds))
        return made[-1]

    yield make
    for each in made:
        each.close()


def wait_for(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_an_outbox_keeps_what_has_not_arrived():
    box = Outbox()
    for report in numbered(5):
        box.add(report)

    assert box.next(2) == Said(0, numbered(2))
    assert box.next(2) == Said(2, numbered(4)[2:])
    box.arrived(3)
    assert (box.first, box.kept, box.waiting) == (3, numbered(5)[3:], True)
    box.arrived(1)  # late news
    assert box.first == 3
    assert box.next() == Said(4, numbered(5)[4:])
    assert not box.waiting
    box.begin_anew(4)
    assert box.next() == Said(4, numbered(5)[4:])
    with pytest.raises(ValueError, match="6 reports are said to have arrived, of 5"):
        box.arrived(6)


def test_reports_are_said_in_their_order_and_kept_until_they_have_arrived(coordinator):
    there = coordinator("listen")
    channel = LineChannel(there.lead)

    for report in numbered(3):
        channel.send(report)
    wait_for(lambda: sum(len(said.reports) for said in there.said) == 3)
    assert [report for said in there.said for report in said.reports] == list(numbered(3))
    there.line.sendall(packed(News(have=2)))
    wait_for(lambda: channel.stopping() is None and channel._box.first == 2)

    delivery = channel.delivery(Outcome({"loss": 1.0}, reports=channel.rest()))
    assert (delivery.outcome.reports, delivery.first, delivery.missed) == (numbered(3)[2:], 2, False)
    channel.send(Report(9.0, {}))  # of a thread that the objective left behind
    assert there.calls == 1


def test_it_is_heard_at_once_that_the_task_should_stop(coordinator):
    there = coordinator("listen")
    channel = LineChannel(there.lead)
    channel.send(numbered(1)[0])
    assert channel.stopping() is None

    there.line.sendall(packed(News(stop="enough")))

    wait_for(lambda: channel.stopping() == "enough")
    channel.rest()
    assert channel.stopping() == "enough"


def test_a_line_that_broke_is_looked_for_later_and_not_at_each_report(coordinator, monkeypatch):
    there = coordinator("hang up", ("have", 1))
    channel = LineChannel(there.lead)
    channel.send(numbered(1)[0])
    wait_for(lambda: channel.stopping() is None and channel._socket is None)

    for report in numbered(50)[1:]:
        channel.send(report)
    assert there.calls == 1
    monkeypatch.setattr(channel, "_next", 0.0)  # the pause is over
    channel.send(Report(50.0, {}))

    wait_for(lambda: sum(len(said.reports) for said in there.said) == 51)
    assert there.said[1].first == 1
    assert channel._pause == line_channel._PAUSES[0]
    assert channel.rest()[0].step == 1.0


def test_pauses_grow_while_nobody_is_there_again(coordinator, monkeypatch):
    there = coordinator("hang up")
    channel = LineChannel(there.lead)
    channel.send(numbered(1)[0])
    wait_for(lambda: channel.stopping() is None and channel._socket is None)
    there.close()

    pauses = []
    for report in numbered(10):
        now = channel._next = time.monotonic()
        channel.send(report)
        pauses.append(channel._next - now)

    assert pauses[0] < pauses[1] < pauses[2]
    assert all(2 ** (n + 1) <= pause < 2 ** (n + 1) + 1 for n, pause in enumerate(pauses[:4]))
    assert all(pause < 2 * line_channel._PAUSES[1] for pause in pauses)
    assert len(channel.rest()) == 11
    assert channel.delivery(Outcome(None)).missed is False


def test_an_address_where_nobody_is_is_tried_once(coordinator):
    there = coordinator()
    there.close()
    channel = LineChannel(there.lead)

    for report in numbered(100):
        channel.send(report)

    assert channel._next == float("inf")
    assert channel.rest() == numbered(100)
    assert channel.delivery(Outcome(None)).missed is True


def test_where_the_door_of_a_coordinator_of_this_machine_is_shut_the_task_should_stop(coordinator):
    there = coordinator()
    there.close()
    channel = LineChannel(msgspec.structs.replace(there.lead, machine=machine()))
    assert channel.stopping() is None  # it has not looked yet

    channel.send(numbered(1)[0])

    assert channel.stopping() == LEFT
    assert channel.rest() == numbered(1)


def test_a_task_whose_coordinator_has_gone_from_this_machine_should_stop(coordinator):
    there = coordinator("hang up")
    channel = LineChannel(msgspec.structs.replace(there.lead, machine=machine()))
    channel.send(numbered(1)[0])
    there.close()

    wait_for(lambda: channel.stopping() is None and channel._socket is None)  # it notices, and looks again a second later
    channel._next = 0.0
    channel.send(numbered(2)[1])

    assert channel.stopping() == LEFT


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="how a full queue is treated is Linux's own")
def test_an_address_that_says_nothing_is_waited_for_once_by_a_process(monkeypatch):
    monkeypatch.setattr(line_channel, "_FIRST", 0.3)
    tried = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *args, **more: tried.append(args) or connect(*args, **more))
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # the queue is full: what comes now gets no answer
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        lead = Lead((full.getsockname(),), 1, SECRET)
        channels = [LineChannel(lead) for _ in range(3)]

        for channel in channels:
            for report in numbered(20):
                channel.send(report)

        assert len(tried) == 1
        assert [channel.rest() for channel in channels] == [numbered(20)] * 3
        assert all(channel.delivery(Outcome(None)).missed for channel in channels)


def test_who_is_slow_to_answer_is_asked_again_later(coordinator, monkeypatch):
    monkeypatch.setattr(line_channel, "_FIRST", 0.2)
    there = coordinator("stay mute", "listen")
    channel = LineChannel(there.lead)

    channel.send(numbered(1)[0])
    assert 1 < channel._next - time.monotonic() < 60
    other = LineChannel(there.lead)
    other.send(numbered(1)[0])
    assert (there.calls, other._next) == (1, channel._next)  # nor does the next task wait
    assert other.delivery(Outcome(None)).missed
    channel._next = 0.0
    line_channel._missed.clear()
    monkeypatch.setattr(line_channel, "_FIRST", 10.0)
    channel.send(numbered(2)[1])

    wait_for(lambda: there.said == [Said(0, numbered(2))])
    channel.rest()
    assert not channel.delivery(Outcome(None)).missed


@pytest.mark.parametrize("deed", ["lie", "over"])
def test_who_is_not_the_coordinator_or_does_not_listen_hears_nothing(coordinator, deed):
    there = coordinator(deed, "listen")
    channel = LineChannel(there.lead)

    for report in numbered(3):
        channel.send(report)
    channel._next = 0.0
    channel.send(Report(3.0, {}))

    assert there.said == []
    assert there.calls == 1
    assert [report.step for report in channel.rest()] == [0, 1, 2, 3]


@pytest.mark.parametrize("sent", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]", packed(News(have=99))])
def test_a_coordinator_that_makes_no_sense_costs_nothing_but_the_line(coordinator, sent):
    there = coordinator("listen")
    channel = LineChannel(there.lead)
    channel.send(numbered(1)[0])

    there.line.sendall(sent)

    wait_for(lambda: channel.stopping() is None and channel._socket is None)
    assert channel.rest() == numbered(1)


def test_addresses_are_tried_in_turn(coordinator):
    there, gone = coordinator("listen"), coordinator()
    gone.close()
    channel = LineChannel(Lead((gone.lead.addresses[0], there.lead.addresses[0]), 1, SECRET))

    channel.send(numbered(1)[0])

    wait_for(lambda: there.said == [Said(0, numbered(1))])
    channel.rest()


def test_a_line_that_takes_nothing_does_not_hold_the_objective_up():
    board, listener = Board(), socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))
    channel = LineChannel(line.lead((0, 0)))
    channel.send(Report(0.0, {}))
    busy = board._lock
    with busy:  # the coordinator's thread stands still when it pins the next one
        for step in range(1, 3000):
            channel.send(Report(float(step), {f"layer {n}": 0.1 + n for n in range(200)}))
        assert channel._box.waiting

    outcome = line.end((0, 0), channel.delivery(Outcome({"loss": 0.0}, reports=channel.rest())))
    assert [report.step for report in (*board.take().get((0, 0), []), *outcome.reports)] == list(range(3000))
    line.close()


def test_a_report_that_is_too_long_comes_with_the_outcome_and_so_do_all_after_it():
    board, listener = Board(), socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))
    channel = LineChannel(line.lead((0, 0)))
    long = Report(1.0, {f"{n:0100}": 1.0 for n in range(LIMIT // 100)})

    channel.send(Report(0.0, {}))
    channel.send(long)
    channel.send(Report(2.0, {}))
    outcome = line.end((0, 0), channel.delivery(Outcome({"loss": 0.0}, reports=channel.rest())))

    assert [*board.take().get((0, 0), []), *outcome.reports] == [Report(0.0, {}), long, Report(2.0, {})]
    assert outcome.reports[-2:] == (long, Report(2.0, {}))
    line.close()


def test_many_long_reports_go_in_several_frames():
    board, listener = Board(), socket.create_server(("127.0.0.1", 0))
    line = Line(board, listener, (listener.getsockname(),))
    lead = line.lead((0, 0))
    channel = LineChannel(lead)
    channel._next = time.monotonic() + 3600  # no line yet
    long = {f"{n:0100}": 1.0 for n in range(500)}
    for step in range(150):
        channel.send(Report(float(step), long))
    channel._next = 0.0

    wait_for(lambda: channel.stopping() is None and channel._box.first == 150)

    assert [report.step for report in board.take()[0, 0]] == list(range(150))
    assert channel.rest() == ()
    line.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # threads and forks
def test_a_process_that_the_objective_forks_off_does_not_speak_for_it(coordinator):
    there = coordinator("listen")
    channel = LineChannel(there.lead)
    channel.send(numbered(1)[0])

    pid = os.fork()
    if not pid:
        channel.send(Report(99.0, {}))
        os._exit(0 if channel.stopping() is None else 1)
    assert os.waitpid(pid, 0)[1] == 0
    channel.send(numbered(2)[1])

    wait_for(lambda: len(there.said) == 2)
    assert [said.reports[0].step for said in there.said] == [0.0, 1.0]
    channel.rest()
