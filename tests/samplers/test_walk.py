import pickle
from collections.abc import Iterator

import pytest

from tunewright.samplers.walk import Row, Walk
from tunewright.space import Int, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"a": Int(0, 9)})


class Source:
    """The rows 9, 8, … 0; counts how many were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> Iterator[Row]:
        for a in range(9, -1, -1):
            self.taken += 1
            yield [float(a)]


def test_it_gives_the_first_row_that_no_trial_has_had() -> None:
    journal = Journal(SPACE)
    walk = Walk()
    journal.ask({"a": 8})

    found = []
    while (row := walk.first_new(SPACE, journal.history, Source())) is not None:
        found.append(int(row[0]))
        journal.ask({"a": int(row[0])})

    assert found == [9, 7, 6, 5, 4, 3, 2, 1, 0]
    assert walk.first_new(SPACE, journal.history, Source()) is None


def test_asking_does_not_use_a_row_up() -> None:
    journal = Journal(SPACE)
    walk = Walk()

    assert [walk.first_new(SPACE, journal.history, Source()) for _ in range(3)] == [[9.0]] * 3


def test_each_row_is_passed_once() -> None:
    journal, source, walk = Journal(SPACE), Source(), Walk()
    for a in range(9, 3, -1):
        walk.first_new(SPACE, journal.history, source)
        journal.ask({"a": a})

    assert walk.first_new(SPACE, journal.history, source) == [3.0]
    assert source.taken == 7


@pytest.mark.parametrize("length", [0, 3, 6])
def test_another_history_begins_from_the_start(length: int) -> None:
    journal, walk = Journal(SPACE), Walk()
    for a in range(9, 3, -1):
        walk.first_new(SPACE, journal.history, Source())
        journal.ask({"a": a})

    assert walk.first_new(SPACE, journal.folded(length), Source()) == [9.0 - length]


def test_another_space_begins_from_the_start() -> None:
    journal, walk, other = Journal(SPACE), Walk(), SearchSpace({"a": Int(0, 20)})
    journal.ask({"a": 9})
    walk.first_new(SPACE, journal.history, Source())

    assert walk.first_new(other, journal.history, lambda: iter([[20.0]])) == [20.0]


def test_an_equal_space_goes_on() -> None:
    journal, walk, source = Journal(SPACE), Walk(), Source()
    walk.first_new(SPACE, journal.history, source)
    walk.first_new(SearchSpace({"a": Int(0, 9)}), journal.history, source)

    assert source.taken == 1


def test_pickled_it_remembers_nothing() -> None:
    journal, walk = Journal(SPACE), Walk()
    walk.first_new(SPACE, journal.history, Source())
    source = Source()

    assert pickle.loads(pickle.dumps(walk)).first_new(SPACE, journal.history, source) == [9.0]
    assert source.taken == 1


def test_a_sequence_that_only_repeats_itself_ends() -> None:
    journal = Journal(SPACE)
    journal.ask({"a": 3})

    def same() -> Iterator[Row]:
        while True:
            yield [3.0]

    assert Walk().first_new(SPACE, journal.history, same) is None
