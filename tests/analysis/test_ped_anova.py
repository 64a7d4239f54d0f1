import numpy as np
import pytest

from tunewright.analysis.ped_anova import divergences
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace

SPACE = SearchSpace(
    {
        "x": Float(0, 1),
        "n": Int(1, 9),
        "u": Int(1, 512, log=True),
        "c": Categorical(["a", "b", "c"]),
        "b": Bool(),
        "z": Float(-1, 1),
    }
)


def best_of(losses: np.ndarray, share: float = 0.1) -> np.ndarray:
    return np.asarray(losses <= np.sort(losses)[int(np.ceil(share * len(losses))) - 1])


def test_what_decides_stands_out_and_what_does_not_is_within_chance():
    rng = np.random.default_rng(0)
    rows = SPACE.sample_rows(rng, 1000)

    found = divergences(SPACE, SPACE.to_unit(rows), best_of(rows[:, 0] + 0.2 * (rows[:, 3] == 1)), rng)

    assert found.value.argmax() == 0
    assert (found.value > found.chance)[[0, 3]].all()
    assert (found.value[[1, 2, 4, 5]] < 2 * found.chance[[1, 2, 4, 5]]).all()  # chance itself is reached once in twenty times
    low, high = np.quantile(found.drawn, [0.005, 0.995], axis=0)
    assert low[0] < found.value[0] < high[0]


def test_a_conditional_parameter_counts_by_how_often_the_best_have_it():
    # theorem 4.2 of conditional PED-ANOVA: alpha² / beta times the divergence among the trials where it is active
    rng = np.random.default_rng(1)
    space = SearchSpace({"on": Bool(), "x": Float(0, 1)}, when={"x": "on == true"})
    rows = space.sample_rows(rng, 2000)
    active = rows[:, 0] == 1
    best = best_of(np.where(active, rows[:, 1], 0.15))
    alpha, beta = (active & best).sum() / best.sum(), active.mean()
    only = SearchSpace({"x": Float(0, 1)})

    whole = divergences(space, space.to_unit(rows), best, rng).value[1]
    inside = divergences(only, only.to_unit(rows[active][:, 1:]), best[active], rng).value[0]

    assert whole == pytest.approx(alpha**2 / beta * inside)


def test_what_was_never_active_or_has_one_value_counts_nothing():
    space = SearchSpace({"on": Bool(), "x": Float(0, 1), "one": Categorical([5])}, when={"x": "on == true"})
    rows = np.array([[0.0, np.nan, 0.0]] * 8)

    found = divergences(space, space.to_unit(rows), np.arange(8) < 2, np.random.default_rng(0))

    assert not found.value[1:].any()


def test_with_many_trials_the_divergence_of_choices_is_the_true_one():
    rng = np.random.default_rng(3)
    space = SearchSpace({"c": Categorical(["a", "b", "c"]), "b": Bool(), "idle": Categorical(list("abcd"))})
    rows = space.sample_rows(rng, 20_000)
    # the best tenth: a twice as often as b, never c; true in 7 of 10
    chance = np.array([0.2, 0.1, 0.0])[rows[:, 0].astype(int)] * np.array([0.6, 1.4])[rows[:, 1].astype(int)]
    best = rng.random(len(rows)) < chance

    found = divergences(space, space.to_unit(rows), best, rng).value

    # Pearson's: Σ (p_best - p)² / p; 2,000 draws err by 0.02 to 0.03 (one standard deviation), idle is 3/2000 by chance
    assert found == pytest.approx([2 / 3, 0.16, 0.0], abs=0.15)
    assert found[2] < 0.03


def test_a_choice_that_alone_decides_is_seen_among_two_hundred_trials():
    rng = np.random.default_rng(4)
    rows = SPACE.sample_rows(rng, 200)

    found = divergences(SPACE, SPACE.to_unit(rows), best_of(np.where(rows[:, 3] == 1, rng.random(200), 1 + rng.random(200))), rng)

    assert found.value.argmax() == 3
    assert found.value[3] == pytest.approx(
        2.0, abs=1.0
    )  # all of the best have what a third of all have; drawn to it by 3 trials of 20


def test_the_values_of_numbers_are_those_of_optuna():
    optuna = pytest.importorskip("optuna", reason="optuna is not installed: its PED-ANOVA is the oracle of this test")
    rng = np.random.default_rng(2)
    rows = SPACE.sample_rows(rng, 400)
    losses = rows[:, 0] ** 2 + 0.3 * (rows[:, 3] == 1) + 0.05 * rows[:, 1] + 0.1 * np.log(rows[:, 2])
    kinds = optuna.distributions
    distributions = {
        "x": kinds.FloatDistribution(0, 1),
        "n": kinds.IntDistribution(1, 9),
        "u": kinds.IntDistribution(1, 512, log=True),
        "c": kinds.CategoricalDistribution(["a", "b", "c"]),
        "b": kinds.CategoricalDistribution([False, True]),
        "z": kinds.FloatDistribution(-1, 1),
    }
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(params=SPACE.params(row), distributions=distributions, value=float(loss))
            for row, loss in zip(rows, losses, strict=True)
        ]
    )

    theirs = optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    ours = divergences(SPACE, SPACE.to_unit(rows), best_of(losses), rng).value

    # a logarithmic integer stands a little beside the grid of its logarithms; all others differ in the last digits only
    numbers = ["x", "n", "u", "z"]
    kept = dict(zip(SPACE.names, ours, strict=True))
    shares = [{name: of[name] / sum(of[each] for each in numbers) for name in numbers} for of in (kept, theirs)]
    assert shares[0] == pytest.approx(shares[1], abs=0.005)
