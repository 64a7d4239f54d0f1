import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import qmc

from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.samplers import QuasiRandom, Random, Sampler
from tunewright.samplers.sequence import _points
from tunewright.samplers.walk import Row
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal, Problem, problems
from tunewright.typing import Array, Params

CUBE = SearchSpace({name: Float(0, 1) for name in "abcd"})
MIXED = SearchSpace(
    {
        "opt": Categorical(("sgd", "adam", "rmsprop", "lbfgs")),
        "act": Categorical(("relu", "tanh", "gelu")),
        "momentum": Float(0, 1),
        "lr": Float(1e-4, 1e-1, log=True),
        "nesterov": Bool(),
        "depth": Int(1, 8),
    },
    when={"momentum": param("opt") == "sgd", "nesterov": param("momentum") >= 0.5},
)


def run(sampler: Sampler, space: SearchSpace, n: int, journal: Journal | None = None) -> list[Params]:
    journal = journal or Journal(space)
    found = []
    for _ in range(n):
        params = sampler.propose(space, journal.history, np.random.default_rng([0, len(journal.entries)]))
        journal.ask(params)
        found.append(params)
    return found


def units(sampler: Sampler, space: SearchSpace, n: int) -> Array:
    return space.to_unit(space.rows(run(sampler, space, n)))


@pytest.mark.parametrize("n", [64, 256, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_it_fills_the_cube_more_evenly_than_random_draws(n: int, seed: int) -> None:
    quasi = qmc.discrepancy(units(QuasiRandom(seed), CUBE, n))
    random = np.median([qmc.discrepancy(np.random.default_rng([seed, i]).random((n, 4))) for i in range(20)])

    assert quasi < random / 4  # all seeds are fixed: no chance


def test_it_is_more_even_on_discrete_parameters_too() -> None:
    space = SearchSpace({"a": Int(0, 15), "b": Int(0, 15), "x": Float(0, 1)})

    def worst_cell(sampler: Sampler) -> float:
        unit = units(sampler, space, 256)
        counts, _, _ = np.histogram2d(unit[:, 0], unit[:, 1], bins=4, range=[[0, 1], [0, 1]])
        return float(np.abs(counts - 16).max())

    assert worst_cell(QuasiRandom()) <= 2 < worst_cell(Random())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", [64, 256, 1024])
def test_every_choice_gets_its_share(seed: int, n: int) -> None:
    rows = MIXED.rows(run(QuasiRandom(seed), MIXED, n))

    # a one-dimensional net puts exactly one of n = 2^k points into each interval of width 1/n, so a choice that owns an interval
    # between multiples of 1/4 gets exactly a quarter, and one between thirds is off by less than one at each end
    assert np.bincount(rows[:, 0].astype(int), minlength=4).tolist() == [n // 4] * 4
    assert np.all(np.abs(np.bincount(rows[:, 1].astype(int), minlength=3) - n / 3) < 2)
    assert np.bincount(rows[:, 5].astype(int))[1:].tolist() == [n // 8] * 8


@pytest.mark.parametrize("seed", range(8))
def test_every_branch_is_filled_evenly(seed: int) -> None:
    rows = MIXED.rows(run(QuasiRandom(seed), MIXED, 1024))
    momentum = rows[~np.isnan(rows[:, 2]), 2]

    eighths = np.bincount((momentum * 8).astype(int), minlength=8)
    nesterov = rows[~np.isnan(rows[:, 4]), 4]

    assert np.all(np.abs(eighths - 32) <= 4)  # independent draws: a standard deviation of 5.3 in each of eight
    assert abs(len(nesterov) - 128) <= 8
    assert abs(nesterov.sum() - 64) <= 8


def test_what_a_constraint_leaves_is_filled_evenly() -> None:
    space = SearchSpace({"low": Float(0, 1), "high": Float(0, 1)}, constraints=[param("low") <= param("high")])
    rows = space.rows(run(QuasiRandom(0), space, 512))

    low, high = rows.T
    corner = np.mean(high <= 0.5)  # a quarter of the triangle, as is its other corner
    other = np.mean(low >= 0.5)
    assert np.all(low <= high)
    assert abs(corner - 0.25) < 0.01  # independent draws: a standard deviation of 0.019
    assert abs(other - 0.25) < 0.01


def test_the_nth_trial_takes_the_nth_allowed_point() -> None:
    sampler = QuasiRandom(3)
    together = run(sampler, CUBE, 150)
    journal = Journal(CUBE)
    apart = [params for _ in range(15) for params in run(QuasiRandom(3), CUBE, 10, journal)]

    assert together == apart


def test_processes_that_share_a_journal_share_the_sequence() -> None:
    alone = run(QuasiRandom(), MIXED, 90)
    journal = Journal(MIXED)
    processes = [(QuasiRandom(), History(MIXED, journal.metrics)) for _ in range(3)]
    together = []
    for turn in range(90):
        sampler, history = processes[turn * turn % 3]
        history.fold(journal.entries)
        together.append(sampler.propose(MIXED, history, np.random.default_rng(turn)))
        journal.ask(together[-1])

    assert together == alone


def test_another_persons_trials_do_not_use_points_up() -> None:
    alone = run(QuasiRandom(), CUBE, 20)
    journal = Journal(CUBE)
    first = run(QuasiRandom(), CUBE, 5, journal)
    journal.ask(CUBE.default)
    second = run(QuasiRandom(), CUBE, 15, journal)

    assert first + second == alone


def test_seeds_give_different_sequences_and_none_follows_from_the_space() -> None:
    other = SearchSpace({name: Float(0, 2) for name in "abcd"})

    assert run(QuasiRandom(0), CUBE, 3) != run(QuasiRandom(1), CUBE, 3)
    assert run(QuasiRandom(), CUBE, 3) == run(QuasiRandom(), CUBE, 3)
    assert not np.array_equal(units(QuasiRandom(), CUBE, 3), units(QuasiRandom(), other, 3))


def test_another_process_scrambles_alike() -> None:
    code = (
        "import numpy as np, tunewright.space as s, tunewright.samplers as m, tunewright.testing as t\n"
        "space = s.SearchSpace({name: s.Float(0, 1) for name in 'abcd'})\n"
        "print(m.QuasiRandom().propose(space, t.Journal(space).history, np.random.default_rng(9)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == f"{run(QuasiRandom(), CUBE, 1)[0]}\n"


@pytest.mark.parametrize("problem", [p for p in problems() if p.space.size <= 2000], ids=lambda p: p.name)
def test_on_a_finite_space_each_configuration_comes_once(problem: Problem) -> None:
    size = int(problem.space.size)
    reached = max(1, int(0.9 * size))

    proposals = run(QuasiRandom(), problem.space, reached)

    assert len({str(params) for params in proposals}) == reached


def test_a_finite_space_is_covered_before_anything_is_drawn_at_random() -> None:
    space = SearchSpace({"a": Int(0, 9), "b": Bool(), "c": Categorical(("x", "y", "z"))})
    journal, drawn = Journal(space), []

    for _ in range(60):
        stream = np.random.default_rng(0)
        journal.ask(QuasiRandom().propose(space, journal.history, stream))
        drawn.append(stream.random() != np.random.default_rng(0).random())

    assert not any(drawn)
    assert len({str(trial.params) for trial in journal.history.trials}) == 60


def test_when_everything_was_tried_it_repeats_by_chance() -> None:
    space = SearchSpace({"a": Int(0, 3)})
    journal = Journal(space)
    run(QuasiRandom(), space, 4, journal)

    again = [QuasiRandom().propose(space, journal.history, np.random.default_rng(i))["a"] for i in range(80)]

    assert set(map(str, again)) == {"0", "1", "2", "3"}  # one of four missing in 80 draws: odds 4e-10


def test_a_fixed_branch_of_an_endless_space_comes_once() -> None:
    space = SearchSpace({"opt": Categorical(("sgd", "none")), "lr": Float(0, 1)}, when={"lr": param("opt") == "sgd"})

    proposals = run(QuasiRandom(), space, 100)

    assert sum(params["opt"] == "none" for params in proposals) == 1


def test_it_goes_through_the_sequence_once() -> None:
    looked_up = 0

    class Counted(History):
        def seen(self, row: Row) -> bool:
            nonlocal looked_up
            looked_up += 1
            return super().seen(row)

    journal, sampler = Journal(MIXED), QuasiRandom()
    history = Counted(MIXED, journal.metrics)
    for _ in range(2000):
        journal.ask(sampler.propose(MIXED, history, np.random.default_rng(0)))
        history.fold(journal.entries[-1:])

    assert looked_up <= 2 * 2000


@pytest.mark.parametrize("dimensions", [1, 1025])
def test_any_number_of_parameters(dimensions: int) -> None:
    space = SearchSpace({f"x{i}": Float(0, 1) for i in range(dimensions)})

    unit = units(QuasiRandom(), space, 16)

    assert unit.shape == (16, dimensions)
    assert np.all(np.abs(unit.mean(axis=0) - 0.5) < 0.5)
    assert abs(unit[:, -1].mean() - 0.5) < 0.45  # 6 sigma of the mean of 16 independent draws
    assert all(not np.array_equal(one, other) for one, other in pairwise(unit))


def test_more_parameters_than_any_sobol_sequence_has() -> None:
    first, second = (block for _, block in zip(range(2), _points(22_000, 0), strict=False))

    assert first.shape == (64, 22_000)
    assert second.shape == (128, 22_000)
    assert np.all((first >= 0) & (first < 1))
    assert len(np.unique(first[:, ::1000])) == 64 * 22


def test_repr_tells_the_seed() -> None:
    assert repr(QuasiRandom()) == "QuasiRandom()"
    assert repr(QuasiRandom(seed=3)) == "QuasiRandom(seed=3)"


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True])
def test_a_seed_that_is_none_is_refused(seed: object) -> None:
    with pytest.raises(StudyError, match="seed must be None or an integer of at least 0"):
        QuasiRandom(seed)
