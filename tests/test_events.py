import msgspec
import pytest

from tunewright import events
from tunewright.events import KINDS, Asked, Enqueued, Entry, Failed, Told, class_called
from tunewright.trial import Failure


def test_every_event_has_a_kind():
    assert set(KINDS.values()) == set(events.Event.__args__)


@pytest.mark.parametrize(
    "event",
    [
        Asked({"lr": 0.1, "opt": None}, "random", 7, worker=2, fold=0),
        Told({"loss": 0.1 + 0.2}, 1e-9, 3, {"note": [1, None, "é"]}),
        Failed(Failure("exception", "ValueError: no", "Traceback …"), 0.5),
        Enqueued({"x": 5e-324}, "tiny"),
    ],
)
def test_an_event_comes_back_from_json_exactly(event):
    text = msgspec.json.encode(event)

    assert msgspec.json.decode(text, type=type(event)) == event


def test_events_cannot_be_changed():
    entry = Entry(0, Told({"loss": 1.0}), 0.0)

    with pytest.raises(AttributeError):
        entry.event.seconds = 1.0


@pytest.mark.parametrize(
    ("text", "name"), [("PBT(1, 4)", "PBT"), ("mine.deep.Own(x=(1, 2))", "Own"), ("<object>", "<object>"), ("", "")]
)
def test_the_class_of_what_the_journal_calls_it(text, name):
    assert class_called(text) == name
