import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.samplers import Gradient, Sampler
from tunewright.samplers.gradient import _real, _Replay
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal, Problem, check_sampler, problems
from tunewright.typing import Params

PROBLEMS = {problem.name: problem for problem in problems()}
Slopes = Callable[[Params], dict[str, float]]


def search(
    problem: Problem, trials: int, *, seed: int = 0, sampler: Sampler | None = None, metric: Metric | None = None
) -> Journal:
    """So many trials, asked and told one by one, with their gradients."""
    journal, used = Journal(problem.space, [metric or Metric("value")]), sampler or Gradient()
    journal.history.seed = seed
    sign = journal.metrics[0].sign
    for _ in range(trials):
        params = used.propose(problem.space, journal.history, np.random.default_rng([seed, journal.history.position]))
        slopes = problem.gradient(params) if problem.gradient else {}
        gradient = {name: sign * slope for name, slope in slopes.items()}
        journal.tell(journal.ask(params), sign * problem.function(params), gradient=gradient)
    return journal


def mixed() -> Problem:
    """A choice, an integer and two real numbers whose best values depend on the choice."""
    space = SearchSpace(
        {
            "kind": Categorical(("a", "b", "c")),
            "n": Int(1, 4),
            "x": Float(-3, 3),
            "lr": Float(1e-4, 1, log=True),
            "m": Float(0, 1),
        },
        when={"m": param("kind") == "c"},
    )
    best = {"a": 1.0, "b": -2.0, "c": 0.5}

    def function(params: Params) -> float:
        cost = abs(params["n"] - 3) + {"a": 2.0, "b": 1.0, "c": 0.0}[params["kind"]] + 3 * (params.get("m", 0.2) - 0.2) ** 2
        return float(cost + (params["x"] - best[params["kind"]]) ** 2 + math.log10(params["lr"] / 0.01) ** 2)

    def gradient(params: Params) -> dict[str, float]:
        lr = params["lr"]
        by = {"x": 2 * (params["x"] - best[params["kind"]]), "lr": 2 * math.log10(lr / 0.01) / (lr * math.log(10))}
        return by | ({"m": 6 * (params["m"] - 0.2)} if "m" in params else {})

    return Problem("mixed", space, function, 0.0, {"kind": "c", "n": 3, "x": 0.5, "lr": 0.01, "m": 0.2}, gradient)


def valley() -> Problem:
    """Twenty parameters that depend on each other, condition 1e3, half of them logarithmic; the optimum lies inside."""
    d = 20
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((d, d)))[0]
    hessian = turn @ np.diag(np.logspace(0, 3, d)) @ turn.T
    best = np.random.default_rng(1).uniform(0.2, 0.8, d)
    space = SearchSpace({f"x{i}": Float(1e-3, 1e3, log=True) if i % 2 else Float(-5, 5) for i in range(d)})

    def away(params: Params) -> np.ndarray:
        found: np.ndarray = space.to_unit([space.row(params)])[0] - best
        return found

    def gradient(params: Params) -> dict[str, float]:
        by = hessian @ away(params) / space.slopes([space.row(params)])[0]
        return dict(zip(space, by.tolist(), strict=True))

    return Problem("valley", space, lambda params: float(away(params) @ hessian @ away(params) / 2), 0.0, {}, gradient)


SMOOTH = (PROBLEMS["sphere"], PROBLEMS["branin"], mixed(), valley())


@pytest.mark.parametrize(
    "problem", [PROBLEMS["sphere"], PROBLEMS["branin"], PROBLEMS["conditional"], mixed()], ids=lambda p: p.name
)
def test_it_keeps_the_contract_far_into_a_study(problem: Problem) -> None:
    check_sampler(Gradient(), on=[problem], trials=40)


@pytest.mark.parametrize("problem", SMOOTH, ids=lambda problem: problem.name)
def test_the_gradients_of_the_tests_are_those_of_differences(problem: Problem) -> None:
    """And so is the chain rule: on the unit scale, where a sampler descends."""
    space, real = problem.space, _real(problem.space)
    assert problem.gradient is not None
    for row in space.sample_rows(np.random.default_rng(0), 20):
        slopes, told = space.slopes([row])[0], problem.gradient(space.params(row))
        unit = space.to_unit([row])
        for j in np.flatnonzero(real & ~np.isnan(row) & (unit[0] > 1e-3) & (unit[0] < 1 - 1e-3)):
            near = np.repeat(unit, 2, axis=0)
            near[:, j] += [-1e-6, 1e-6]
            low, high = (problem.function(space.params(each)) for each in space.from_unit(near))
            assert slopes[j] * told[space.names[j]] == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-5)


def test_only_what_is_real_has_a_slope() -> None:
    space = SearchSpace(
        {"x": Float(-1, 3), "s": Float(0, 1, step=0.1), "n": Int(1, 8, log=True), "b": Bool(), "lr": Float(1, 100, log=True)}
    )

    slopes = space.slopes([[0.0, 0.5, 2.0, 1.0, 10.0], [np.nan, 0.5, 2.0, 1.0, np.nan]])

    np.testing.assert_allclose(slopes, [[4, 0, 0, 0, 10 * math.log(100)], [np.nan, 0, 0, 0, np.nan]])
    assert _real(space).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("problem", "trials", "close"),
    [(PROBLEMS["sphere"], 12, 1e-6), (PROBLEMS["branin"], 25, 1e-4), (valley(), 60, 0.02), (mixed(), 80, 1e-3)],
    ids=lambda case: getattr(case, "name", ""),
)
@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_optimum(problem: Problem, trials: int, close: float, seed: int) -> None:
    assert search(problem, trials, seed=seed).history.losses.min() < problem.optimum + close


def test_what_is_maximised_is_climbed() -> None:
    problem = PROBLEMS["sphere"]

    up, down = (search(problem, 10, metric=Metric("value", goal)).history for goal in ("maximize", "minimize"))

    np.testing.assert_array_equal(up.rows, down.rows)
    assert up.losses.min() < 1e-5


def test_the_default_comes_first_and_the_descent_begins_there() -> None:
    problem = PROBLEMS["sphere"]
    space = SearchSpace({"x": Float(-5, 5, default=4.0), "y": Float(-5, 5, default=4.0), "lr": Float(1e-5, 1e-1, log=True)})
    history = search(Problem("", space, problem.function, 0.0, {}, problem.gradient), 3).history

    unit = space.to_unit(history.rows)
    np.testing.assert_allclose(unit[0], [0.9, 0.9, 0.5])
    np.testing.assert_allclose(unit[1], [0.7, 0.7, 0.5])  # steepest, as far as the region reaches
    np.testing.assert_allclose(unit[2], [0.5, 0.5, 0.5])  # and the curvature is known


def test_an_enqueued_start_is_descended_from() -> None:
    problem = valley()
    journal = Journal(problem.space)
    start = problem.space.sample(np.random.default_rng(4))
    journal.tell(journal.ask(start), problem.function(start), gradient=problem.gradient(start) if problem.gradient else None)

    params = Gradient().propose(problem.space, journal.history, np.random.default_rng(0))

    assert problem.function(params) < problem.function(start)


def test_parameters_without_a_derivative_stay_where_they_are() -> None:
    problem = PROBLEMS["sphere"]

    def partial(params: Params) -> dict[str, float]:
        return {"x": 2 * float(params["x"])}

    space = SearchSpace({"x": Float(-5, 5, default=4.0), "y": Float(-5, 5, default=3.0), "lr": Float(1e-5, 1e-1, log=True)})
    history = search(Problem("", space, problem.function, 0.0, {}, partial), 3).history

    assert history.rows[:, 1].tolist() == [3.0] * 3
    assert abs(history.rows[-1, 0]) < 0.1


def test_bounds_hold_at_the_ends() -> None:
    space = SearchSpace({"x": Float(0, 1), "lr": Float(1e-4, 1, log=True)})

    def slopes(params: Params) -> dict[str, float]:
        return {"x": -1.0, "lr": 1.0}

    journal = search(Problem("", space, lambda params: float(params["lr"]) - float(params["x"]), 0.0, {}, slopes), 25)

    assert journal.history.best.params["x"] == 1.0
    assert journal.history.losses.min() < -0.999


def test_constraints_and_conditions_cut_steps_off() -> None:
    space = SearchSpace(
        {"x": Float(0, 1, default=0.9), "y": Float(0, 1, default=0.5), "z": Float(0, 1)},
        when={"z": param("y") < 0.3},
        constraints=[param("x") + param("y") >= 1.0],
    )

    def slopes(params: Params) -> dict[str, float]:
        return {"x": 1.0, "y": 1.0}

    journal = search(Problem("", space, lambda params: float(params["x"]) + float(params["y"]), 1.0, {}, slopes), 40)

    assert all(space.validate(trial.params) for trial in journal.history.trials)
    assert journal.history.losses.min() < 1.01


def test_failures_shorten_the_step_and_do_not_end_the_search() -> None:
    problem, used = PROBLEMS["sphere"], Gradient()
    space = SearchSpace({"x": Float(-5, 5, default=4.0), "y": Float(-5, 5), "lr": Float(1e-5, 1e-1, log=True)})
    journal = Journal(space)
    for number in range(40):
        params = used.propose(space, journal.history, np.random.default_rng(number))
        trial = journal.ask(params)
        if params["x"] < 2.0:
            journal.fail(trial)
        else:
            assert problem.gradient is not None
            journal.tell(trial, problem.function(params), gradient=problem.gradient(params))

    assert journal.history.failed > 1
    assert journal.history.losses[~np.isnan(journal.history.losses)].min() < 4.2  # at x = 2, where failures begin


def test_noise_and_flat_ground_lead_to_ever_new_starts() -> None:
    space, rng = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}), np.random.default_rng(0)

    def noise(params: Params) -> dict[str, float]:
        return {name: float(rng.standard_normal()) for name in params}

    for function, slopes in ((lambda _: float(rng.standard_normal()), noise), (lambda _: 1.0, lambda _: {"x": 0.0, "y": 0.0})):
        rows = search(Problem("", space, function, 0.0, {}, slopes), 80).history.rows
        assert len(np.unique(rows, axis=0)) > 70
        assert np.ptp(rows, axis=0).min() > 0.5


def test_workers_never_do_the_same() -> None:
    problem, used = PROBLEMS["branin"], Gradient()
    assert problem.gradient is not None
    journal, rng = Journal(problem.space), np.random.default_rng(0)
    running: list[int] = []
    for number in range(60):
        while len(running) < 4:
            params = used.propose(problem.space, journal.history, np.random.default_rng([number, len(running)]))
            running.append(journal.ask(params))
        trial = running.pop(int(rng.integers(4)))
        params = journal.history.trial(trial).params
        journal.tell(trial, problem.function(params), gradient=problem.gradient(params))

    assert len(np.unique(journal.history.rows, axis=0)) == len(journal.history)
    assert journal.history.losses[journal.history.states == 1].min() < problem.optimum + 1e-4


@pytest.mark.parametrize("slope", [1.0, 1e-300, 1e300, 1.7e308])
def test_ranges_at_the_ends_of_what_numbers_can_be(slope: float) -> None:
    space = SearchSpace(
        {"near": Float(1.0, 1.0 + 1e-14), "far": Float(-1.7e308, 1.7e308), "tiny": Float(1e-300, 1e300, log=True)}
    )

    def slopes(params: Params) -> dict[str, float]:
        return {"near": slope, "far": slope * np.sign(float(params["far"])), "tiny": slope}

    history = search(Problem("", space, lambda params: float(params["near"]) - 1.0, 0.0, {}, slopes), 60).history

    assert len(np.unique(history.rows, axis=0)) == 60


def test_choices_vary_between_descents_and_stay_along_them() -> None:
    journal = search(mixed(), 80)
    kinds = [trial.params["kind"] for trial in journal.history.trials]

    assert set(kinds) == {"a", "b", "c"}
    assert sum(one == other for one, other in pairwise(kinds)) > 40


def test_a_start_without_a_gradient_is_tried_once_more() -> None:
    problem, used = PROBLEMS["sphere"], Gradient()
    assert problem.gradient is not None
    space = SearchSpace({"x": Float(-5, 5, default=4.0), "y": Float(-5, 5, default=4.0), "lr": Float(1e-5, 1e-1, log=True)})
    journal = Journal(space)
    old: Params = {"x": 0.5, "y": 0.5, "lr": 1e-3}
    journal.tell(journal.ask(old), 0.5)  # by an objective that told none yet
    proposed = []
    for number in range(12):
        params = used.propose(space, journal.history, np.random.default_rng(number))
        proposed.append(params)
        journal.tell(journal.ask(params), problem.function(params), gradient=problem.gradient(params))

    assert proposed[0] == space.default
    assert proposed.count(old) <= 1
    assert journal.history.losses.min() < 1e-4


@pytest.mark.parametrize(
    "told", [lambda n: n % 4 == 1, lambda n: n % 2 == 0, lambda n: n % 3 > 0], ids=["1 in 4", "1 in 2", "2 in 3"]
)
def test_what_trials_without_a_gradient_gain_is_kept(told: Callable[[int], bool]) -> None:
    space = SearchSpace({f"x{j}": Float(-5, 5, default=4.0) for j in range(3)})
    scale = np.array([1.0, 3.0, 10.0])

    def objective(live: tw.LiveTrial) -> float:
        away = np.array([live[name] - 1.0 for name in space])
        if told(live.trial):
            live.gradient(dict(zip(space, (2 * scale * away).tolist(), strict=True)))
        return float(scale @ away**2)

    study = tw.Study(space, sampler=Gradient(), seed=0)
    study.optimize(objective, trials=25)

    assert study.history.losses.min() < 0.01
    assert study.replay().same


def test_nobody_tells_a_gradient_and_that_is_said_once() -> None:
    study = tw.Study(PROBLEMS["sphere"].space, sampler=Gradient(), seed=0)

    study.optimize(lambda live: live["x"] ** 2, trials=12)

    other = tw.Study(PROBLEMS["sphere"].space, sampler=tw.samplers.QuasiRandom(), seed=0)
    other.optimize(lambda live: live["x"] ** 2, trials=11)
    np.testing.assert_array_equal(study.history.rows[1:], other.history.rows)
    assert [getattr(entry.event, "text", "")[:39] for entry in study.history.warnings] == [
        "Gradient: no trial has told a gradient "
    ]
    assert study.replay().same


def test_what_it_cannot_search_is_refused() -> None:
    with pytest.raises(StudyError, match="the space has none"):
        Gradient().propose(
            SearchSpace({"n": Int(1, 3)}), Journal(SearchSpace({"n": Int(1, 3)})).history, np.random.default_rng(0)
        )
    space = SearchSpace({"x": Float(0, 1)})
    two = Journal(space, [Metric("a"), Metric("b")]).history
    with pytest.raises(StudyError, match='"a", "b" are optimised'):
        Gradient().propose(space, two, np.random.default_rng(0))


@pytest.mark.parametrize("starts", [0, -1, 1.5, "2", True])
def test_starts_are_counted(starts: object) -> None:
    with pytest.raises(StudyError, match="starts"):
        Gradient(starts=starts)


def test_more_starts_come_first() -> None:
    history = search(valley(), 6, sampler=Gradient(starts=5)).history

    best = int(np.argmin(history.losses[:5]))
    away = np.abs(valley().space.to_unit(history.rows[[best, 5]]) @ np.eye(20)).T
    assert np.abs(away[:, 0] - away[:, 1]).max() <= 0.2 + 1e-9
    assert repr(Gradient(starts=5)) == "Gradient(starts=5)"
    assert repr(Gradient()) == "Gradient()"


def test_a_bound_that_is_broken_ends_a_step() -> None:
    space = SearchSpace({"x": Float(0, 1, default=0.9)})
    metrics = [Metric("loss"), Metric("size", bound=-0.4)]
    journal, used = Journal(space, metrics), Gradient()
    for number in range(20):
        x = float(used.propose(space, journal.history, np.random.default_rng(number))["x"])
        journal.tell(journal.ask({"x": x}), {"loss": x, "size": -x}, gradient={"x": 1.0})

    assert journal.history.best.values is not None
    assert 0.4 <= journal.history.best.values["loss"] < 0.41


def test_a_replay_knows_its_history() -> None:
    problem = PROBLEMS["sphere"]
    journal, other = search(problem, 5), search(problem, 3)
    replay = _Replay(problem.space, journal.history)

    assert replay.serves(problem.space, journal.history)
    assert not replay.serves(problem.space, other.history)
