import math
import pickle
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.execution.frames import (
    LIMIT,
    Challenge,
    Delivery,
    Frames,
    Hello,
    Lead,
    News,
    Said,
    packed,
    proof,
    same,
    steady,
    unpacked,
)
from tunewright.trial import Outcome, Report

finite = st.floats(allow_nan=False, allow_infinity=False)
reports = st.builds(Report, finite, st.dictionaries(st.text(max_size=5), finite, max_size=3), st.tuples(st.text(max_size=3)))


def frames_of(data, limit=LIMIT):
    frames = Frames(limit)
    frames.put(data)
    return list(iter(frames.take, None))


@given(st.lists(reports, max_size=4), st.integers(0, 1 << 40), st.data())
def test_reports_come_out_as_they_went_in_however_the_bytes_are_cut(given, first, data):
    said = [Said(first, tuple(given)), Said(first + len(given), ())]
    sent, frames, found = b"".join(map(packed, said)), Frames(), []

    while sent:
        size = data.draw(st.integers(1, len(sent)))
        frames.put(sent[:size])
        sent = sent[size:]
        found += [unpacked(frame, Said) for frame in iter(frames.take, None)]

    assert found == said


def test_a_frame_that_is_longer_than_allowed_is_refused_before_it_has_come():
    assert frames_of(packed(Challenge("a" * 80)), 100) != []
    for head in (b"\x00\x00\x00\x65", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n"):
        with pytest.raises(ValueError, match="allowed"):
            frames_of(head, 100)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"nonce": 1}',
        b'{"first": 0}',
        b"[" * 100_000,
        b'{"x":' + b"[" * 1010,
        b'{"nonce": "\xff"}',
    ],
)
@pytest.mark.parametrize("kind", [Challenge, Hello, Said])
def test_what_is_no_message_is_refused(body, kind):
    with pytest.raises(ValueError, match=f"no {kind.__name__}"):
        unpacked(body, kind)


@given(st.text(), st.text(), st.integers(), st.text(), st.text())
def test_a_proof_is_of_this_secret_role_task_and_meeting(theirs, ours, number, run, other):
    secret, nonces = bytes(32), (theirs, ours)
    right = proof(secret, "task", (number, run), nonces)

    assert same(right, right)
    assert not same(other, right)
    assert not same(proof(bytes(31) + b"\x01", "task", (number, run), nonces), right)
    assert not same(proof(secret, "coordinator", (number, run), nonces), right)
    assert not same(proof(secret, "task", (number + 1, run), nonces), right)
    assert not same(proof(secret, "task", (number, run + "!"), nonces), right)
    assert theirs == ours or not same(proof(secret, "task", (number, run), (ours, theirs)), right)


def test_the_secret_travels_and_is_never_shown():
    lead = Lead((("127.0.0.1", 80),), 3, b"\x01" * 32)

    assert pickle.loads(pickle.dumps(lead)) == lead
    assert "127.0.0.1" in repr(lead)
    assert "\\x01" not in f"{lead}{lead!r}{[lead]}"


def test_a_delivery_without_a_line_is_its_outcome():
    delivery = Delivery(Outcome({"loss": 1.0}))

    assert pickle.loads(pickle.dumps(delivery)) == delivery
    assert (delivery.run, delivery.first, delivery.missed) == ("", 0, False)


def test_news_say_nothing_of_what_is_not_new():
    assert frames_of(packed(News())) == [b"{}"]
    assert unpacked(b'{"stop": "enough"}', News) == News(stop="enough")


def test_infinite_steps_are_no_reports():
    with pytest.raises(ValueError, match="no Said"):
        unpacked(packed(Said(0, (Report(math.inf, {}),)))[4:], Said)


def test_a_steady_line_sends_at_once_and_looks_for_signs_of_life():
    with socket.socket() as line:
        steady(line)

        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
