import pytest

from tunewright.errors import StorageError
from tunewright.events import Asked, Commented, Entry, Told
from tunewright.storage.page import Page


def test_entries_get_their_places_as_they_are_added():
    page = Page([], 7, lambda: 3)

    first = page.add(Entry(-1, Asked({"x": 1.0}, "test", 7), 1.0))
    page.add(Entry(-1, Commented("so"), 2.0))
    second = page.add(Entry(-1, Asked({"x": 2.0}, "test", 9), 3.0))

    assert [(entry.position, entry.trial) for entry in page.stored] == [(8, 3), (9, -1), (10, 4)]
    assert (first, second) == (page.stored[0], page.stored[2])
    assert len(page.bodies) == 3


def test_trials_are_counted_only_when_one_is_asked():
    page = Page([], 0, lambda: 1 // 0)

    assert page.add(Entry(4, Told({"loss": 1.0}), 1.0)).trial == 4


def test_what_cannot_be_stored_is_refused_and_leaves_no_trace():
    page = Page([], 0, lambda: 0)

    with pytest.raises(StorageError):
        page.add(Entry(0, Told({"loss": float("nan")}), 1.0))

    assert page.stored == []
    assert page.add(Entry(0, Commented("so"), 1.0)).position == 1
