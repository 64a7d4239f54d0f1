from tunewright.events import Asked, Commented, Entry, Told
from tunewright.runs import pieces


def asked(position, **more):
    return Entry(-1, Asked({}, "test", 0, **more), 1.0, position)


def told(trial, position):
    return Entry(trial, Told({"loss": 1.0}), 2.0, position)


def cut(entries, known=0, *, awaits=lambda _: True):
    """Pieces as (first position, last position, whether it is a run)."""
    return [(piece[0].position, piece[-1].position, run) for piece, run in pieces(entries, lambda: known, awaits)]


def test_trials_of_one_task_and_their_values_are_one_run():
    entries = [entry for trial in range(20) for entry in (asked(2 * trial + 1), told(trial, 2 * trial + 2))]

    assert cut(entries) == [(1, 40, True)]


def test_what_is_something_else_cuts_a_run():
    entries = [asked(position) for position in range(1, 61)]
    for odd in (Entry(-1, Commented("so"), 1.0, 30), asked(30, plan=2), asked(30, queued=3), asked(30, fold=1), told(500, 30)):
        entries[29] = odd

        assert cut(entries) == [(1, 29, True), (30, 30, False), (31, 60, True)]


def test_a_second_value_and_one_that_is_not_awaited_are_looked_at_alone():
    entries = [asked(position) for position in range(1, 31)]

    assert cut([*entries, told(3, 31), told(3, 32)])[:2] == [(1, 31, True), (32, 32, False)]
    assert cut([*entries, told(3, 31)], 10, awaits=lambda _: False) == [(1, 30, True), (31, 31, False)]


def test_every_entry_stands_in_one_piece():
    entries = [asked(position) if position % 40 else Entry(-1, Commented("so"), 1.0, position) for position in range(1, 1702)]

    assert [entry for piece, _ in pieces(iter(entries), lambda: 0, lambda _: True) for entry in piece] == entries
    assert cut([]) == []
