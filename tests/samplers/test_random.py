import math

import numpy as np
import pytest

from tunewright.samplers import Random
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, SearchSpace, param
from tunewright.testing import Journal
from tunewright.typing import Array

N = 10_000
SPACE = SearchSpace(
    {
        "x": Float(-2, 3),
        "lr": Float(1e-5, 1e-1, log=True),
        "rate": Float(0, 1, step=0.1),
        "depth": Int(1, 7),
        "units": Int(1, 1000, log=True),
        "opt": Categorical(("sgd", "adam", "lbfgs")),
        "size": Ordinal(("S", "M", "L", "XL")),
        "skip": Bool(),
        "momentum": Float(0, 0.99),
        "kind": Categorical(("a", "b"), prior=(0.8, 0.2)),
        "wd": Float(1e-6, 1, log=True, prior=Normal(1e-3, 0.2)),
    },
    when={"momentum": param("opt") == "sgd"},
)
MARGIN = math.sqrt(math.log(2 / 1e-9) / (2 * N))
"""Dvoretzky, Kiefer, Wolfowitz and Massart: an empirical distribution function of N draws is farther from the true one than this,
anywhere, with odds of at most 1e-9. Hoeffding says the same of a single frequency."""


@pytest.fixture(scope="module")
def rows() -> Array:
    history = Journal(SPACE).history
    stream = np.random.default_rng(0)
    return np.array([SPACE.row(Random().propose(SPACE, history, stream)) for _ in range(N)])


def column(rows: Array, name: str) -> Array:
    return rows[:, SPACE.names.index(name)]


@pytest.mark.parametrize(("name", "cells"), [("rate", 11), ("depth", 7), ("opt", 3), ("size", 4), ("skip", 2)])
def test_each_value_of_a_discrete_parameter_is_equally_likely(rows: Array, name: str, cells: int) -> None:
    _, counts = np.unique(column(rows, name), return_counts=True)

    assert counts.shape == (cells,)
    assert np.all(np.abs(counts / N - 1 / cells) < MARGIN)


def test_each_real_parameter_is_uniform_on_its_scale(rows: Array) -> None:
    uniform = np.arange(1, N + 1) / N
    unit = SPACE.to_unit(rows)

    for name in ("x", "lr"):
        assert np.abs(np.sort(column(unit, name)) - uniform).max() < MARGIN + 1 / N


def test_a_logarithmic_integer_is_uniform_in_each_decade(rows: Array) -> None:
    shares = [np.mean((10**k <= column(rows, "units")) & (column(rows, "units") < 10 ** (k + 1))) for k in range(3)]

    # a cell reaches half a step beyond its integer: decades are a third each but for the rounding at their ends
    assert np.all(np.abs(np.array(shares) - 1 / 3) < MARGIN + 0.1)
    assert abs(np.mean(column(rows, "units") <= 31) - 0.5) < MARGIN + 0.05


def test_a_conditional_parameter_is_uniform_where_it_is_active(rows: Array) -> None:
    active = column(SPACE.to_unit(rows), "momentum")
    active = active[~np.isnan(active)]
    n = len(active)

    # 6 sigma of the number of active ones, then the margin for so many: odds 2e-9 and 1e-9
    assert abs(n - N / 3) < 6 * math.sqrt(N * 2 / 9)
    assert np.array_equal(~np.isnan(column(rows, "momentum")), column(rows, "opt") == 0)
    assert np.abs(np.sort(active) - np.arange(1, n + 1) / n).max() < math.sqrt(math.log(2 / 1e-9) / (2 * n)) + 1 / n


def test_priors_are_followed(rows: Array) -> None:
    logs = np.log10(column(rows, "wd"))

    assert abs(np.mean(column(rows, "kind") == 0) - 0.8) < MARGIN
    assert abs(np.mean(logs < -3) - 0.5) < MARGIN + 1e-3  # the centre is the median, but for what the bounds cut off
    assert abs(np.mean(np.abs(logs + 3) < 6 * 0.2) - 0.6875) < MARGIN + 5e-3  # one sd: 0.6827 / (mass inside ±2.5 sd)


def test_parameters_are_independent(rows: Array) -> None:
    unit = SPACE.to_unit(rows)[:, [name != "momentum" for name in SPACE.names]]
    correlations = np.asarray(np.corrcoef(unit, rowvar=False))[np.triu_indices(unit.shape[1], 1)]

    assert np.abs(correlations).max() < 7 / math.sqrt(N)  # 7 sigma, 45 pairs: odds 1e-10


def test_draws_do_not_depend_on_the_history() -> None:
    journal = Journal(SPACE)
    first = Random().propose(SPACE, journal.history, np.random.default_rng(5))
    journal.ask(first)

    assert Random().propose(SPACE, journal.history, np.random.default_rng(5)) == first
