from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kstest, mannwhitneyu

from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.samplers import Evolution, QuasiRandom, Random, Sampler
from tunewright.samplers.evolution import _children, _cross, _mutate, _reflect
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, SearchSpace, param
from tunewright.testing import Journal, Problem, check_sampler, problems
from tunewright.typing import Array, Params

PROBLEMS = {problem.name: problem for problem in problems()}
MIXED = SearchSpace(
    {
        "model": Categorical(("svm", "forest")),
        "c": Float(1e-3, 1e3, log=True),
        "gamma": Float(0, 1),
        "trees": Int(1, 50),
        "scale": Bool(),
        "size": Ordinal(("S", "M", "L")),
    },
    when={"c": param("model") == "svm", "gamma": param("model") == "svm", "trees": param("model") == "forest"},
)


def proposals(sampler: Sampler, journal: Journal, n: int) -> list[Params]:
    return [sampler.propose(journal.space, journal.history, np.random.default_rng([9, i])) for i in range(n)]


def told(many: list[Params], losses: list[float], space: SearchSpace = MIXED) -> Journal:
    journal = Journal(space)
    for params, loss in zip(many, losses, strict=True):
        journal.tell(journal.ask(params), loss)
    return journal


def hypervolume(losses: Array, corner: tuple[float, float]) -> float:
    """The area between the front of two objectives and a corner."""
    total, right = 0.0, corner[1]
    for a, b in losses[np.lexsort(losses.T[::-1])]:
        if a < corner[0] and b < right:
            total += (corner[0] - a) * (right - b)
            right = b
    return total


@pytest.mark.parametrize("name", ["sphere", "conditional", "constrained", "thousand", "priors", "wide"])
def test_it_keeps_the_contract_far_into_a_study(name: str) -> None:
    check_sampler(Evolution(population=4), on=[PROBLEMS[name]], trials=25)


def test_it_begins_with_the_default_and_a_sobol_sequence() -> None:
    journal, quasi = Journal(MIXED), Journal(MIXED)
    sampler, other = Evolution(population=6), QuasiRandom()
    found = []
    for _ in range(6):
        found += proposals(sampler, journal, 1)
        journal.tell(journal.ask(found[-1]), 0.0)
    for _ in range(5):
        quasi.ask(proposals(other, quasi, 1)[0])

    assert found == [MIXED.default, *(trial.params for trial in quasi.history.trials)]


@pytest.mark.parametrize(("name", "trials"), [("branin", 100), ("integers", 80), ("conditional", 120)])
def test_it_beats_random_search(
    name: str, trials: int, odds_against_random: Callable[[Callable[[], Sampler], Problem, int, int], float]
) -> None:
    assert odds_against_random(Evolution, PROBLEMS[name], trials, 14) < 1e-6


def test_several_objectives_are_pushed_along_their_front(run: Callable[..., Journal]) -> None:
    space = SearchSpace({f"x{i}": Float(0, 1) for i in range(5)})  # ZDT1 of Zitzler, Deb and Thiele 2000, with five parameters
    metrics = Metric("a"), Metric("b")

    def volume(sampler: Sampler, seed: int) -> float:
        journal = Journal(space, metrics)
        for number in range(150):
            params = sampler.propose(space, journal.history, np.random.default_rng([seed, number]))
            first, *rest = params.values()
            g = 1 + 9 * float(np.mean(rest))
            journal.tell(journal.ask(params), {"a": first, "b": g * (1 - np.sqrt(first / g))})
        return hypervolume(journal.history.losses, (1.1, 5.0))

    found = [volume(Evolution(), seed) for seed in range(12)]
    random = [volume(Random(), seed) for seed in range(40)]

    assert mannwhitneyu(found, random, alternative="greater").pvalue < 1e-6


def test_with_three_objectives_it_finds_more_of_the_front_than_chance(
    odds_on_three: Callable[[Callable[[], Sampler]], float],
) -> None:
    assert odds_on_three(Evolution) < 1e-6


def test_children_come_from_the_best() -> None:
    stream = np.random.default_rng(0)
    good = [{"model": "svm", "c": 1.0, "gamma": 0.25, "scale": True, "size": "M"}] * 2
    bad = [params for params in MIXED.sample(stream, 60) if params["model"] == "forest"]

    found = proposals(Evolution(population=2), told([*bad, *good], [1.0] * len(bad) + [0.0] * 2), 100)

    assert np.mean([params["model"] == "svm" for params in found]) > 0.6
    assert np.median([abs(params["gamma"] - 0.25) for params in found if "gamma" in params]) < 0.05


def test_a_branch_is_inherited_with_what_belongs_to_it() -> None:
    svm = {"model": "svm", "c": 10.0, "gamma": 0.5, "scale": True, "size": "S"}
    forest = {"model": "forest", "trees": 17, "scale": True, "size": "S"}
    unit = MIXED.to_unit(MIXED.rows([svm, forest]))
    choices = np.array([isinstance(parameter, Categorical | Bool) for parameter in MIXED.parameters.values()])

    mixed = _cross(np.repeat(unit[:1], 200, 0), np.repeat(unit[1:], 200, 0), choices, np.random.default_rng(0))
    children = MIXED.deactivate(MIXED.from_unit(mixed))

    found = {str(MIXED.params(row) | {"c": 0, "gamma": 0, "trees": 0}) for row in children}
    assert len(found) == 2
    for row in children:
        params = MIXED.params(row)
        assert params == MIXED.validate(params)
        assert params.get("trees", 17) == 17
        assert params.get("gamma", 0.5) == 0.5
        assert params.get("c", 10.0) == pytest.approx(10.0)


def test_a_number_lies_around_its_parents_as_far_as_they_are_apart() -> None:
    first, second = np.full((4000, 1), 0.4), np.full((4000, 1), 0.5)
    near = np.full((4000, 1), 0.401)

    wide = _cross(first, second, np.array([False]), np.random.default_rng(0))[:, 0]
    narrow = _cross(first, near, np.array([False]), np.random.default_rng(0))[:, 0]

    assert np.std(wide) == pytest.approx(100 * np.std(narrow), rel=1e-6)
    # simulated binary crossover: half of the children lie between their parents (6 sigma: odds 1e-9)
    assert abs(np.mean((wide > 0.4) & (wide < 0.5)) - 0.5) < 6 * 0.5 / np.sqrt(4000)
    assert abs(np.mean(wide) - 0.45) < 6 * np.std(wide) / np.sqrt(4000)


def test_mutation_changes_something_and_on_average_little() -> None:
    rows = MIXED.sample_rows(np.random.default_rng(0), 2000)
    unit = MIXED.to_unit(rows)
    choices = np.array([isinstance(parameter, Categorical | Bool) for parameter in MIXED.parameters.values()])

    moved = _mutate(MIXED, rows, choices, np.random.default_rng(1))

    changed = (MIXED.from_unit(moved) != rows) & ~np.isnan(unit)
    active = (~np.isnan(unit)).sum(axis=1)
    assert np.array_equal(np.isnan(moved), np.isnan(unit))
    assert changed.any(axis=1).mean() > 0.999  # a large step may end where it began by being folded back at both ends
    assert 1.0 < changed.sum(axis=1).mean() < 2.0
    assert active.min() == 4


def test_a_mutated_choice_is_any_other_one() -> None:
    space = SearchSpace({"k": Categorical(tuple("abcde"))})

    moved = _mutate(space, np.full((3000, 1), 2.0), np.array([True]), np.random.default_rng(0))

    counts = np.bincount(space.from_unit(moved)[:, 0].astype(int), minlength=5)
    assert counts[2] == 0
    assert np.all(np.abs(counts[[0, 1, 3, 4]] / 3000 - 0.25) < 6 * np.sqrt(0.25 * 0.75 / 3000))  # 6 sigma: odds 1e-8


def test_a_step_reaches_the_next_value_at_least() -> None:
    space = SearchSpace({"n": Int(0, 10)})

    moved = space.from_unit(_mutate(space, np.full((500, 1), 5.0), np.array([False]), np.random.default_rng(0)))

    assert np.all(moved != 5.0)
    assert set(moved[:, 0]) == set(range(11)) - {5}


def test_what_no_parent_has_is_drawn_from_its_prior() -> None:
    space = SearchSpace(
        {"on": Bool(), "x": Float(0, 1, prior=Normal(0.3, 0.02)), "y": Float(0, 1)},
        when={"x": param("on") == True},  # noqa: E712
    )
    parents = np.repeat(space.rows([{"on": False, "y": 0.5}]), 3, axis=0)
    stream = np.random.default_rng(0)

    rows = np.vstack([_children(space, parents, stream) for _ in range(100)])

    fresh = rows[~np.isnan(rows[:, 1]), 1]
    assert len(fresh) > 100
    assert kstest(fresh, "norm", args=(0.3, 0.02)).pvalue > 1e-6  # odds 1e-6 by definition


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0, -0.2, 1.3, -1.7, 2.6, 1e9])
def test_numbers_are_folded_back(x: float) -> None:
    folded = float(_reflect(np.array([x]))[0])

    assert 0.0 <= folded <= 1.0
    assert folded == pytest.approx(abs((x + 1) % 2 - 1))


def test_constraints_hold() -> None:
    space = SearchSpace({"a": Int(0, 30), "b": Int(0, 30)}, constraints=[param("a") + param("b") == 30])
    journal = told(space.sample(np.random.default_rng(0), 20), [float(i) for i in range(20)], space)

    assert all(params["a"] + params["b"] == 30 for params in proposals(Evolution(population=4), journal, 30))


def test_what_was_tried_is_not_bred_again_as_long_as_there_is_else() -> None:
    space = SearchSpace({"a": Int(0, 9), "b": Int(0, 9)})
    tried = [{"a": a, "b": b} for a in range(4, 7) for b in range(4, 7)]
    journal = told(tried, [0.0] * 9, space)

    assert not any(journal.history.seen(space.row(params)) for params in proposals(Evolution(population=4), journal, 100))


def test_the_bound_of_a_metric_comes_first() -> None:
    space = SearchSpace({"x": Float(0, 1)})
    journal = Journal(space, [Metric("loss"), Metric("memory", bound=0.4)])
    for i in range(100):
        x = (i + 0.5) / 100
        journal.tell(journal.ask({"x": x}), {"loss": 1 - x, "memory": x})

    assert 0.3 < np.median([params["x"] for params in proposals(Evolution(population=5), journal, 100)]) < 0.45


def test_hard_histories_end_in_a_proposal(hardship: str, hard: Callable[[str, SearchSpace], Journal]) -> None:
    journal = hard(hardship, MIXED)

    for params in proposals(Evolution(population=2), journal, 20):
        assert journal.space.validate(params) == params


def test_repr_tells_what_is_not_usual() -> None:
    assert repr(Evolution()) == "Evolution()"
    assert repr(Evolution(population=7)) == "Evolution(population=7)"


@pytest.mark.parametrize("population", [1, 0, 2.5, "20", True])
def test_impossible_populations_are_refused(population: object) -> None:
    with pytest.raises(StudyError, match="population must be None or an integer of at least 2"):
        Evolution(population=population)
