import numpy as np
import pytest

from tunewright.errors import ParamsError, SpaceError, SpaceExhausted, StudyError
from tunewright.history import History
from tunewright.samplers import Grid
from tunewright.samplers.walk import Row
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal, Problem, problems
from tunewright.typing import Params

SPACE = SearchSpace(
    {"opt": Categorical(("sgd", "adam")), "lr": Float(1e-3, 1e-1, log=True), "momentum": Float(0, 0.9), "depth": Int(1, 3)},
    when={"momentum": param("opt") == "sgd"},
)


def ask(grid: Grid, journal: Journal) -> Params:
    return grid.propose(journal.space, journal.history, np.random.default_rng(0))


def run(grid: Grid, journal: Journal, n: int | None = None) -> list[Params]:
    """Ask n trials, or until the grid is finished."""
    found: list[Params] = []
    while n is None or len(found) < n:
        try:
            params = ask(grid, journal)
        except SpaceExhausted:
            break
        journal.ask(params)
        found.append(params)
    return found


def distinct(proposals: list[Params]) -> int:
    return len({str(params) for params in proposals})


def test_it_proposes_the_grid_of_the_space_in_order() -> None:
    assert run(Grid(3), Journal(SPACE)) == list(SPACE.grid(3))


def test_branches_have_only_their_own_parameters() -> None:
    grid = Grid({"lr": 3, "momentum": 2, "depth": 3})

    proposals = run(grid, Journal(SPACE))

    assert len(proposals) == distinct(proposals) == grid.count(SPACE) == 3 * 3 * (2 + 1)
    assert all(("momentum" in params) == (params["opt"] == "sgd") for params in proposals)


@pytest.mark.parametrize("problem", [p for p in problems() if p.name != "hundred"], ids=lambda p: p.name)
def test_the_count_is_what_comes(problem: Problem) -> None:
    grid = Grid(3)

    proposals = run(grid, Journal(problem.space))

    assert len(proposals) == distinct(proposals) == grid.count(problem.space)


def test_a_finished_grid_says_so_and_what_to_do() -> None:
    space = SearchSpace({"flag": Bool()})
    journal = Journal(space)
    run(Grid(), journal)

    with pytest.raises(SpaceExhausted, match=r"The grid is finished: all 2 configurations were tried.*levels"):
        ask(Grid(), journal)


def test_a_resumed_grid_goes_on_where_it_was() -> None:
    journal = Journal(SPACE)
    first = run(Grid(4), journal, 7)
    second = run(Grid(4), journal)

    assert first + second == list(SPACE.grid(4))


def test_what_was_enqueued_is_not_proposed_again() -> None:
    space = SearchSpace({"a": Int(1, 5)})
    journal = Journal(space)
    journal.ask({"a": 2})
    journal.ask({"a": 5})

    assert [params["a"] for params in run(Grid(), journal)] == [1, 3, 4]


def test_a_finer_grid_leaves_out_what_a_coarser_one_had() -> None:
    space = SearchSpace({"x": Float(0, 1)})
    journal = Journal(space)
    run(Grid(3), journal)

    assert [params["x"] for params in run(Grid(5), journal)] == [0.25, 0.75]


def test_processes_that_share_a_journal_share_the_grid() -> None:
    journal = Journal(SPACE)
    processes = [(Grid(3), History(SPACE, journal.metrics)) for _ in range(3)]
    proposals = []
    for turn in range(Grid(3).count(SPACE)):
        grid, history = processes[turn * turn % 3]
        history.fold(journal.entries)
        proposals.append(grid.propose(SPACE, history, np.random.default_rng(turn)))
        journal.ask(proposals[-1])

    assert proposals == list(SPACE.grid(3))


def test_the_grid_is_not_gone_through_again_at_each_ask() -> None:
    space = SearchSpace({"a": Int(1, 3000)})
    journal = Journal(space)
    looked_up = 0

    class Counted(History):
        def seen(self, row: Row) -> bool:
            nonlocal looked_up
            looked_up += 1
            return super().seen(row)

    history, grid = Counted(space, journal.metrics), Grid(3000)
    for _ in range(3000):
        journal.ask(grid.propose(space, history, np.random.default_rng(0)))
        history.fold(journal.entries[-1:])

    assert looked_up <= 2 * 3000


def test_repr_tells_the_levels() -> None:
    assert repr(Grid()) == "Grid(levels=5)"
    assert repr(Grid({"lr": 7})) == "Grid(levels={'lr': 7})"


@pytest.mark.parametrize("levels", [0, -1, 2.5, "5", True, None, {"lr": 0}, {"lr": "3"}])
def test_levels_that_are_no_positive_integers_are_refused(levels: object) -> None:
    with pytest.raises(StudyError, match="levels must be a positive integer"):
        Grid(levels)


def test_levels_of_an_unknown_parameter_are_refused() -> None:
    with pytest.raises((SpaceError, ParamsError), match="learning_rate"):
        ask(Grid({"learning_rate": 3}), Journal(SPACE))
