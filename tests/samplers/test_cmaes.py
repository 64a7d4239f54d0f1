import sys
from collections.abc import Callable

import numpy as np
import pytest

from tunewright.errors import ExtraMissing, StudyError
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import CMAES, Sampler
from tunewright.samplers.cmaes import _Axes, _finished, _Replay, _state
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, SearchSpace, param
from tunewright.testing import Journal, Problem, check_sampler, problems
from tunewright.typing import Array, Params

PROBLEMS = {problem.name: problem for problem in problems()}
NUMBERS = SearchSpace(
    {
        "x": Float(-2, 2),
        "lr": Float(1e-5, 1e-1, log=True),
        "n": Int(0, 20),
        "units": Int(1, 512, log=True),
        "size": Ordinal(("S", "M", "L", "XL")),
        "rate": Float(0, 1, step=0.1),
        "many": Int(0, 5000, prior=Normal(100, 0.2)),
    }
)
ROTATION = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
CENTER = np.array([0.3, -0.4, 0.1, 0.6, -0.2])


def ellipsoid() -> Problem:
    """Rotated, with a condition number of 1e4."""

    def function(params: Params) -> float:
        z = ROTATION @ (np.array([params[f"x{i}"] for i in range(5)]) - CENTER)
        return float((10.0 ** np.arange(5) * z * z).sum())

    return Problem("ellipsoid", SearchSpace({f"x{i}": Float(-1, 1) for i in range(5)}), function, 0.0, {})


def integer_valley() -> Problem:
    """Integers and real numbers that depend on each other."""

    def function(params: Params) -> float:
        n = np.array([params[f"n{i}"] for i in range(3)]) - np.array([3, 7, 12])
        return float(0.1 * (n * n).sum() + (n[0] - n[1]) ** 2 + (params["a"] - 0.2 + 0.1 * n[2]) ** 2)

    space = SearchSpace({f"n{i}": Int(0, 20) for i in range(3)} | {"a": Float(-1, 1)})
    return Problem("integer valley", space, function, 0.0, {"n0": 3, "n1": 7, "n2": 12, "a": 0.2})


def rastrigin() -> Problem:
    """Many valleys."""

    def function(params: Params) -> float:
        x = np.array([params[f"x{i}"] for i in range(2)]) * 5.12 - 1.3
        return float((x * x - 10 * np.cos(2 * np.pi * x) + 10).sum())

    return Problem("rastrigin", SearchSpace({f"x{i}": Float(-1, 1) for i in range(2)}), function, 0.0, {})


def proposals(sampler: Sampler, journal: Journal, n: int) -> list[Params]:
    return [sampler.propose(journal.space, journal.history, np.random.default_rng([9, i])) for i in range(n)]


def replay(journal: Journal, sampler: CMAES | None = None) -> _Replay:
    """The run of a sampler that is brought up to date with a journal."""
    used = sampler or CMAES()
    proposals(used, journal, 1)
    assert used._replay is not None
    return used._replay


def fill(journal: Journal, n: int, loss: Callable[[Params], float], sampler: Sampler | None = None) -> None:
    used = sampler or CMAES()
    for _ in range(n):
        params = used.propose(journal.space, journal.history, np.random.default_rng([1, len(journal.entries)]))
        journal.tell(journal.ask(params), loss(params))


@pytest.mark.parametrize("name", ["sphere", "constrained", "integers", "ordinal", "wide"])
def test_it_keeps_the_contract_far_into_a_study(name: str) -> None:
    check_sampler(CMAES(population=4), on=[PROBLEMS[name]], trials=40)


@pytest.mark.parametrize("problem", [ellipsoid(), integer_valley(), PROBLEMS["branin"]], ids=lambda problem: problem.name)
def test_it_beats_random_search(
    problem: Problem, odds_against_random: Callable[[Callable[[], Sampler], Problem, int, int], float]
) -> None:
    assert odds_against_random(CMAES, problem, 150, 14) < 1e-6


def test_it_learns_the_shape_of_a_valley(run: Callable[..., Journal]) -> None:
    journal = run(CMAES(), ellipsoid(), 900, 0)

    assert journal.history.losses.min() < 1e-4  # a condition of 1e4, rotated: axis by axis it would stand at 1
    mean, _, covariance = _state(replay(journal)._optimizer)
    assert np.abs(mean * 2 - 1 - CENTER).max() < 0.01
    steepest = np.linalg.eigh(covariance)[1][:, 0]
    assert abs(steepest @ ROTATION[4]) > 0.99


def test_integers_do_not_freeze(run: Callable[..., Journal]) -> None:
    found = [run(CMAES(), integer_valley(), 400, seed).history.best.params for seed in range(5)]

    assert [[params[f"n{i}"] for i in range(3)] for params in found] == [[3, 7, 12]] * 5


@pytest.mark.parametrize("restarts", ["ipop", "bipop"])
def test_a_run_that_has_converged_is_followed_by_others(restarts: str) -> None:
    sampler, journal = CMAES(restarts=restarts), Journal(rastrigin().space)

    fill(journal, 800, lambda _: 1.0, sampler)  # what is flat has converged soon

    state = replay(journal, sampler)
    assert state._runs >= 3
    assert state._doublings == (state._runs if restarts == "ipop" else pytest.approx(state._runs / 2, abs=1))
    assert (state._spent["small"] > 0) == (restarts == "bipop")
    if restarts == "ipop":
        assert state._optimizer.population_size == 6 * 2**state._runs


def test_it_starts_at_the_default() -> None:
    space = SearchSpace({"x": Float(0, 1, default=0.9), "n": Int(1, 10, default=2)})
    journal = Journal(space)

    assert proposals(CMAES(), journal, 1) == [{"x": 0.9, "n": 2}]
    journal.tell(journal.ask(space.default), 1.0)
    later = proposals(CMAES(), journal, 200)
    assert abs(np.mean([params["x"] for params in later]) - 0.83) < 0.03  # 0.9 ± 1/6, cut off at 1
    assert np.mean([params["n"] <= 4 for params in later]) > 0.8


@pytest.mark.parametrize("cuts", [1, 3, 7])
def test_a_fresh_instance_stands_where_a_used_one_stands(cuts: int) -> None:
    journal = Journal(integer_valley().space)
    sampler = CMAES()
    for _ in range(cuts):
        fill(journal, 20, integer_valley().function, sampler)

    used, fresh = _state(replay(journal, sampler)._optimizer), _state(replay(journal)._optimizer)

    assert all(np.array_equal(one, other) for one, other in zip(used, fresh, strict=True))


def test_a_straggler_changes_nothing_that_was_told_before() -> None:
    journal = Journal(ellipsoid().space)
    sampler = CMAES()
    late = journal.ask(proposals(sampler, journal, 1)[0])
    fill(journal, 30, ellipsoid().function, sampler)
    before = replay(journal, sampler)._told

    journal.tell(late, 0.0)
    fill(journal, 20, ellipsoid().function, sampler)

    after = replay(journal, sampler)._told
    assert np.array_equal(after[: len(before)], before)
    assert late in after[:, 3]
    assert np.array_equal(after, replay(journal)._told)


def test_workers_that_ask_before_any_tells_get_different_points() -> None:
    journal = Journal(ellipsoid().space)
    for _ in range(30):
        journal.ask(proposals(CMAES(), journal, 1)[0]) if not len(journal.history) else journal.ask(
            CMAES().propose(journal.space, journal.history, np.random.default_rng(len(journal.history)))
        )

    assert len({str(trial.params) for trial in journal.history.trials}) == 30


def test_a_trial_that_gets_more_effort_is_told_anew() -> None:
    journal = Journal(ellipsoid().space)
    sampler = CMAES()
    fill(journal, 30, ellipsoid().function, sampler)
    index = journal.send(3, budget=2.0)
    assert 3 not in replay(journal, sampler)._told[:, 3]
    journal.tell(3, 0.5, index=index)
    fill(journal, 10, ellipsoid().function, sampler)

    assert np.array_equal(replay(journal, sampler)._told, replay(journal)._told)


def test_points_from_elsewhere_do_not_blow_the_distribution_up() -> None:
    journal = Journal(ellipsoid().space)
    sampler = CMAES()
    fill(journal, 200, ellipsoid().function, sampler)
    _, before, _ = _state(replay(journal, sampler)._optimizer)
    for params in journal.space.sample(np.random.default_rng(0), 16):
        journal.tell(journal.ask(params), -1.0)  # far away, and called the best

    _, after, covariance = _state(replay(journal, sampler)._optimizer)

    assert after < 5 * before
    assert np.isfinite(covariance).all()


def test_points_are_pulled_in_to_what_is_usual() -> None:
    state = replay_of_sphere()
    mean, sigma, _ = _state(state._optimizer)
    direction = np.array([0.6, 0.8, 0.0])
    usual = np.sqrt(3) + 6 / 5  # Hansen 2011, eq. (5)

    found = state._pulled_in(np.array([mean + sigma * direction, mean + 100 * sigma * direction]))

    assert np.allclose(found[0], mean + sigma * direction)
    assert np.allclose(found[1], mean + usual * sigma * direction)


def replay_of_sphere() -> _Replay:
    journal = Journal(PROBLEMS["sphere"].space)
    journal.tell(journal.ask(journal.space.default), 0.0)
    return replay(journal)


def test_rounded_points_are_drawn_inside_their_cells_as_they_were() -> None:
    space = SearchSpace({"n": Int(0, 9), "x": Float(0, 1)})
    journal = Journal(space)
    journal.tell(journal.ask(space.default), 0.0)
    state = replay(journal)
    cells = (np.arange(10) + 0.5) / 10
    drawn = np.array([state._optimizer.ask() for _ in range(4000)])  # after and before rounding

    again = state._unrounded(drawn[:, 0], np.random.default_rng(0))

    place = state._axes.moving.tolist().index(0)
    inside = (again[:, place] > 0.0) & (again[:, place] < 1.0)
    assert np.array_equal(np.rint(again[inside, place] * 10 - 0.5), np.rint(drawn[inside, 0, place] * 10 - 0.5))
    assert np.allclose(np.abs(drawn[:, 0, place, None] - cells).min(axis=1), 0.0)
    assert np.array_equal(again[:, 1 - place], drawn[:, 0, 1 - place])
    # the same distribution as before rounding: mean and deviation within 6 sigma, odds 4e-9
    assert abs(again[:, place].mean() - drawn[:, 1, place].mean()) < 6 * np.sqrt(2) / 6 / np.sqrt(4000)
    assert abs(again[:, place].std() - drawn[:, 1, place].std()) < 6 / 6 / np.sqrt(4000)


def test_failed_trials_come_last_and_broken_bounds_just_before() -> None:
    space = SearchSpace({"x": Float(0, 1)})
    journal = Journal(space, [Metric("loss"), Metric("memory", bound=2.0)])
    for i, memory in enumerate((1.0, 4.0, None, 3.0)):
        trial = journal.ask({"x": i / 10})
        journal.fail(trial) if memory is None else journal.tell(trial, {"loss": -float(i), "memory": memory})

    table = _finished(journal.history)

    assert table[:, 3].tolist() == [0, 1, 2, 3]
    assert table[:, 2].tolist() == [0.0, 1.0, np.inf, 0.5]
    told: list[tuple[Array, float]] = []
    state = replay(journal, CMAES())
    state._optimizer = Recorder(state._optimizer, told)
    state._tell(table, np.random.default_rng(0))
    assert np.argsort([loss for _, loss in told]).tolist() == [0, 3, 1, 2]


class Recorder:
    """Passes everything on, and remembers what was told."""

    def __init__(self, inner: object, told: list[tuple[Array, float]]) -> None:
        self._inner, self._told = inner, told

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def tell(self, solutions: list[tuple[Array, float]]) -> None:
        self._told.extend(solutions)


def test_constraints_hold() -> None:
    space = SearchSpace({"a": Int(0, 30), "b": Int(0, 30)}, constraints=[param("a") + param("b") == 30])
    journal = Journal(space)
    fill(journal, 40, lambda params: abs(params["a"] - 20))

    assert all(trial.params["a"] + trial.params["b"] == 30 for trial in journal.history.trials)


def test_every_kind_of_number_is_proposed_inside_its_range() -> None:
    journal = Journal(NUMBERS)
    fill(journal, 120, lambda params: abs(params["n"] - 20) + params["units"] / 512 + params["many"] / 5000)

    assert all(NUMBERS.validate(trial.params) == trial.params for trial in journal.history.trials)
    assert journal.history.best.params["n"] >= 18


def test_a_choice_of_one_value_is_a_constant() -> None:
    journal = Journal(SearchSpace({"x": Float(0, 1), "fixed": Categorical([3.5]), "y": Float(0, 1)}))
    fill(journal, 30, lambda params: (params["x"] - 0.2) ** 2 + params["y"])

    assert {trial.params["fixed"] for trial in journal.history.trials} == {3.5}
    assert journal.history.best.value is not None
    assert journal.history.best.value < 0.1


def test_numbers_that_cannot_move_stay() -> None:
    space = SearchSpace({"only": Ordinal(("this",)), "x": Float(0, 1)})
    axes = _Axes(space)
    journal = Journal(space)
    fill(journal, 20, lambda params: params["x"])

    assert axes.moving.tolist() == [1]
    assert {trial.params["only"] for trial in journal.history.trials} == {"this"}
    lonely = Journal(SearchSpace({"only": Ordinal(("this",))}))
    lonely.ask({"only": "this"})
    assert proposals(CMAES(), lonely, 1) == [{"only": "this"}]


@pytest.mark.parametrize("kind", ["constant", "all failed", "one trial", "duplicates", "huge", "tiny", "near-identical"])
def test_hard_histories_end_in_a_proposal(kind: str, hard: Callable[[str, SearchSpace], Journal]) -> None:
    journal = hard(kind, NUMBERS)

    for params in proposals(CMAES(population=4), journal, 20):
        assert journal.space.validate(params) == params


@pytest.mark.parametrize("loss", [lambda _: 1.0, lambda params: 1e300 * params["x"], lambda params: 1e-300 * params["x"]])
def test_long_runs_on_hard_losses_go_on(loss: Callable[[Params], float]) -> None:
    journal = Journal(NUMBERS)

    fill(journal, 400, loss)

    assert all(NUMBERS.validate(trial.params) == trial.params for trial in journal.history.trials)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (SearchSpace({"x": Float(0, 1), "opt": Categorical(("a", "b")), "skip": Bool()}), r'"opt", "skip" are choices.*Ordinal'),
        (SearchSpace({"x": Float(0, 1), "skip": Bool()}), r'"skip" is a choice without order.*Ordinal'),
        (
            SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}, when={"y": param("x") > 0.5}),
            r'conditions, but "y" is conditional.*Use TPE',
        ),
    ],
)
def test_spaces_that_it_cannot_search_are_refused(space: SearchSpace, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        proposals(CMAES(), Journal(space), 1)


def test_several_objectives_are_refused() -> None:
    journal = Journal(ellipsoid().space, [Metric("loss"), Metric("seconds")])

    with pytest.raises(StudyError, match=r'"loss", "seconds" are optimised.*bound'):
        proposals(CMAES(), journal, 1)


def test_without_its_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(ellipsoid().space)
    journal.ask(journal.space.default)
    monkeypatch.setitem(sys.modules, "cmaes", None)

    with pytest.raises(ExtraMissing, match='pip install "cmaes'):
        proposals(CMAES(), journal, 1)


def test_another_history_begins_from_the_start() -> None:
    journal, sampler = Journal(ellipsoid().space), CMAES()
    fill(journal, 60, ellipsoid().function, sampler)
    earlier: History = journal.folded(40)

    stream = np.random.default_rng(0), np.random.default_rng(0)
    assert sampler.propose(journal.space, earlier, stream[0]) == CMAES().propose(journal.space, earlier, stream[1])


def test_repr_tells_what_is_not_usual() -> None:
    assert repr(CMAES()) == "CMAES()"
    assert repr(CMAES(restarts="ipop", population=12)) == 'CMAES(restarts="ipop", population=12)'
    assert CMAES().label == "cmaes"


@pytest.mark.parametrize("arguments", [{"restarts": "none"}, {"population": 3}, {"population": 10.0}, {"population": True}])
def test_impossible_arguments_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(StudyError, match="must be"):
        CMAES(**arguments)
