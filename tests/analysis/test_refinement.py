import math
from typing import Any

import numpy as np
import pytest

from tunewright.analysis.refinement import refine
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.space import Bool, Categorical, Choice, Float, Int, Normal, Ordinal, SearchSpace
from tunewright.study import Study
from tunewright.trial import Failure

SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True, default=1e-5),
        "depth": Int(1, 40),
        "kind": Categorical(["good", "bad", "fair"]),
        "idle": Float(0, 1, prior=Normal(0.5, 0.2)),
    }
)


def sampled(history_of, space, function, n=200, seed=0):
    rng = np.random.default_rng(seed)
    return history_of(space, [(params := space.sample(rng), function(params)) for _ in range(n)])


def new_of(found) -> dict[str, Any]:
    return dict(found.space.parameters)


def loss(p):
    return (math.log10(p["lr"]) + 3) ** 2 + abs(p["depth"] - 20) / 20 + {"good": 0.0, "fair": 0.3, "bad": 9.0}[p["kind"]]


def test_ranges_shrink_to_where_the_best_are_and_hopeless_choices_go(history_of):
    history = sampled(history_of, SPACE, loss)

    found = refine(history)

    new: dict[str, Any] = dict(found.space.parameters)
    assert 1e-5 < new["lr"].low < 1e-3 < new["lr"].high < 1e-1
    assert new["lr"].low <= new["lr"].default <= new["lr"].high
    assert "bad" not in new["kind"].choices
    assert found.kept >= 0.9
    assert found.volume < 0.6
    assert found.changes == SPACE.diff(found.space)
    assert found.space.validate(history.best.params) == history.best.params
    assert 0 < found.usable[0] < found.usable[1] == 200


def test_the_less_is_kept_the_smaller_the_space(history_of):
    history = sampled(history_of, SPACE, loss)

    assert refine(history, 0.5).volume <= refine(history, 0.9).volume <= refine(history, 1.0).volume


def test_a_range_is_widened_where_the_best_crowd_at_its_end_but_not_beyond_what_can_be(history_of):
    space = SearchSpace({"lr": Float(1e-5, 1e-1, log=True), "drop": Float(0, 1), "n": Int(1, 100), "free": Float(-5, 5)})
    near = sampled(
        history_of,
        space,
        lambda p: -math.log10(p["lr"]) - 3 * (p["lr"] > 0.06) + (1 - p["drop"]) * 20 + (p["n"] > 5) + p["free"] / 100,
        400,
    )

    found = refine(near)

    assert new_of(found)["drop"].high == 1.0
    assert new_of(found)["n"].low >= 1


def test_an_end_that_is_crowded_moves_out(history_of):
    space = SearchSpace({"lr": Float(1e-5, 1e-1, log=True), "x": Float(-2, 2)})

    found = refine(sampled(history_of, space, lambda p: -math.log10(p["lr"]) + 0.01 * p["x"]))

    assert new_of(found)["lr"].high == pytest.approx(1.0)
    assert any("lr: high" in change for change in found.changes)


def test_a_branch_goes_with_its_choice(history_of):
    space = SearchSpace(
        {"model": Choice({"a": {"x": Float(0, 1)}, "b": {"k": Int(1, 9), "deep": Choice({"p": {"q": Bool()}, "r": {}})}})}
    )

    found = refine(sampled(history_of, space, lambda p: p.get("a.x", 5.0)))

    assert list(found.space.parameters) == ["model", "a.x"]
    assert new_of(found)["model"].choices == ("a",)


def test_what_makes_no_difference_is_frozen_when_asked(history_of):
    found = refine(sampled(history_of, SPACE, loss), freeze=True)

    assert isinstance(new_of(found)["idle"], Categorical)
    assert not isinstance(new_of(found)["lr"], Categorical)


def test_conditions_and_constraints_stay_whole(history_of):
    space = SearchSpace(
        {"a": Float(0, 1), "b": Float(0, 1), "o": Ordinal([1, 2, 3]), "c": Bool()},
        when={"c": "o >= 2"},
        constraints=["a <= b"],
    )

    found = refine(sampled(history_of, space, lambda p: abs(p["a"] - 0.4) + abs(p["b"] - 0.6) + (p["o"] == 3)))

    assert found.space.constraints == space.constraints
    assert found.kept > 0.8


@pytest.mark.parametrize(
    "case",
    [
        lambda h: h(SPACE, []),
        lambda h: sampled(h, SPACE, loss, 1),
        lambda h: sampled(h, SPACE, loss, 2),
        lambda h: sampled(h, SPACE, lambda _: 1.0, 50),
        lambda h: sampled(h, SPACE, lambda p: float(p["depth"] > 2), 50),
        lambda h: sampled(h, SPACE, lambda _: Failure("crash", "killed"), 9),
    ],
)
def test_where_there_is_no_top_region_nothing_is_proposed(case, history_of):
    found = refine(case(history_of))

    assert found.changes == ()
    assert found.space == SPACE
    assert len(found.remarks) == 1
    assert repr(found).startswith("Nothing to refine.")


def test_only_choices_and_many_parameters_do(history_of):
    choices = SearchSpace({"a": Categorical(["p", "q"]), "b": Bool()})
    wide = SearchSpace({f"x{j}": Float(0, 1) for j in range(100)})

    assert 0 < refine(sampled(history_of, choices, lambda p: (p["a"] == "q") + 0.1 * p["b"], 60)).volume <= 1
    assert refine(sampled(history_of, wide, lambda p: p["x0"], 60)).kept >= 0.9


def test_keep_is_a_share(history_of):
    for wrong in (0, 1.5, True, "most"):
        with pytest.raises(StudyError, match="share of the top region"):
            refine(history_of(SPACE, []), wrong)


BOUNDED = SearchSpace({"x": Float(0, 1, default=0.0), "z": Float(0, 1)})


def measured(metrics, trials=40):
    """a falls and b rises with x."""
    study = Study(BOUNDED, metrics, sampler=Random(), seed=0)
    study.optimize(lambda live: {"a": 1 - live["x"] + 0.1 * live["z"], "b": live["x"]}, trials=trials)
    return study


def test_a_proposal_keeps_within_the_bounds():
    study = measured([Metric("a"), Metric("b", bound=0.3)])
    found = study.refine()
    study.edit(found.space)

    assert study.best.params["x"] <= 0.3
    assert dict(found.space.parameters)["x"].low < 0.3
    assert any("outside a bound left out of the top region" in remark for remark in found.remarks)
    assert study.history.feasible.sum() > 5


def test_a_proposal_keeps_the_pareto_front():
    study = Study(BOUNDED, [Metric("a"), Metric("b")], sampler=Random(), seed=0)
    study.optimize(lambda live: {"a": 1 - live["x"] + live["z"], "b": live["x"] + live["z"]}, trials=60)
    before = len(study.history.pareto)
    found = study.refine()
    study.edit(found.space)

    assert len(study.history.pareto) > 0.7 * before
    assert "The top region is the Pareto front and what comes next to it." in found.remarks


def test_where_nothing_keeps_within_the_bounds_nothing_is_proposed():
    found = measured([Metric("a"), Metric("b", bound=-1.0)]).refine()

    assert not found.changes
    assert "keeps within every metric's bound" in found.remarks[0]


def test_a_choice_that_breaks_a_bound_in_every_trial_goes(history_of):
    space, rng = SearchSpace({"x": Float(0, 1), "size": Categorical(["small", "medium", "large"])}), np.random.default_rng(0)
    memory, loss_of = {"small": 1.0, "medium": 2.0, "large": 9.0}, {"small": 0.5, "medium": 0.4, "large": 0.0}
    trials = [
        (params := space.sample(rng), {"loss": loss_of[params["size"]] + params["x"], "memory": memory[params["size"]]})
        for _ in range(150)
    ]

    found = refine(history_of(space, trials, metrics=[Metric("loss"), Metric("memory", bound=4.0)]))

    assert new_of(found)["size"].choices == ("small", "medium")


def test_a_range_wider_than_the_largest_float_has_its_share_of_the_volume(history_of):
    found = refine(sampled(history_of, SearchSpace({"y": Float(-1e308, 1e308)}), lambda p: abs(p["y"] / 1e308 - 0.3)))

    new = new_of(found)["y"]
    assert -1e308 < new.low < 0.3e308 < new.high < 1e308
    assert found.volume == pytest.approx((new.high / 1e308 - new.low / 1e308) / 2)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "parameter",
    [Float(-1e308, 1e308), Float(-8e307, 8e307), Float(1e-300, 1e300, log=True), Float(-1.79e308, 1.79e308)],
    ids=repr,
)
def test_a_range_is_never_widened_beyond_the_floats(history_of, parameter, sign):
    space = SearchSpace({"y": parameter})

    found = refine(sampled(history_of, space, lambda p: sign * (math.log(p["y"]) if parameter.log else p["y"] / 2)))

    new = new_of(found)["y"]
    assert math.isfinite(new.low)
    assert math.isfinite(new.high)
    assert new.low < new.high
    assert 0 < found.volume < 1


def test_a_search_that_converged_leaves_room_in_what_matters_little(history_of):
    """150 trials crowd at one place; x decides, and y, which counts for a tenth, was hardly looked at elsewhere."""
    rng = np.random.default_rng(0)
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    wide = [tuple(rng.random(2)) for _ in range(60)]
    crowd = [(0.5 + 0.03 * rng.normal(), 0.35 + 0.03 * rng.normal()) for _ in range(150)]

    found = refine(history_of(space, [({"x": x, "y": y}, (x - 0.5) ** 2 + 0.1 * (y - 0.1) ** 2) for x, y in wide + crowd]))

    new = new_of(found)
    assert new["y"].low < 0.1
    assert 0.2 < new["x"].low < 0.5 < new["x"].high < 0.8


def test_after_a_search_that_converged_choices_go_no_faster_than_ranges(history_of):
    """The best third of the trials have the best of twenty choices, a twentieth of the space; the second best fills up the tenth."""
    rng = np.random.default_rng(0)
    bad = [f"bad {i}" for i in range(18)]
    space = SearchSpace({"kind": Categorical(["best", "good", *bad]), "x": Float(0, 1)})
    kinds = ["best"] * 90 + ["good"] * 11 + bad * 9
    losses = {"best": 0.0, "good": 1.0} | dict.fromkeys(bad, 9.0)
    trials = [
        ({"kind": kind, "x": x}, losses[kind] + 0.1 * (x - 0.5) ** 2) for kind, x in zip(kinds, rng.random(263), strict=True)
    ]

    found = refine(history_of(space, trials))

    assert new_of(found)["kind"].choices == ("best", "good")
    assert found.kept >= 0.9


def test_the_optimum_mostly_stays_inside(history_of):
    """Quadratics in five dimensions, each counting for a quarter of the one before; 50 random trials each."""
    space = SearchSpace({f"x{j}": Float(0, 1) for j in range(5)})
    lost = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        best = rng.uniform(0.05, 0.95, 5)
        losses = lambda p: sum((p[f"x{j}"] - best[j]) ** 2 / 4**j for j in range(5))  # noqa: B023, E731
        new = new_of(refine(sampled(history_of, space, losses, 50, 1000 + seed)))
        lost += any(not new[f"x{j}"].low <= best[j] <= new[f"x{j}"].high for j in range(5))

    assert lost <= 3  # 1 here; 6 with the best tenth of the trials and a margin of 0.05


def test_an_end_of_which_little_would_go_stays(history_of):
    space = SearchSpace({"x": Float(0, 10), "y": Float(0, 1)})

    found = refine(sampled(history_of, space, lambda p: abs(p["x"] - 8.1), 100))

    assert found.changes[0].startswith("x: low 0.0 -> ")
    assert not any("high" in change for change in found.changes)


def test_of_an_ordinal_one_stretch_is_left(history_of):
    values = [8, 16, 32, 64, 128, 256, 512]
    rng = np.random.default_rng(0)
    space = SearchSpace({"o": Ordinal(values), "x": Float(0, 1)})
    worth = {8: 5.0, 16: 5.0, 32: 0.0, 64: 2.5, 128: 0.1, 256: 5.0, 512: 5.0}
    trials = [
        ({"o": int(o), "x": float(x)}, worth[int(o)] + x) for o, x in zip(rng.choice(values, 200), rng.random(200), strict=True)
    ]

    assert new_of(refine(history_of(space, trials)))["o"].choices == (32, 64, 128)


def test_the_whole_front_stays_inside():
    space = SearchSpace({"x": Float(0, 1), "kind": Categorical(["p", "q"]), "z": Float(0, 1)})
    study = Study(space, [Metric("a"), Metric("b")], sampler=Random(), seed=3)
    study.optimize(lambda live: {"a": live["x"] + live["z"], "b": (1 - live["x"]) ** 4 + live["z"]}, trials=80)

    found = study.refine(0.5)

    assert found.changes
    for trial in study.history.pareto:
        assert found.space.validate(trial.params) == trial.params


@pytest.mark.parametrize(
    ("parameter", "high"), [(Float(0.1, 0.5, step=0.1), 0.6), (Int(16, 256, step=16), 320)], ids=["float", "int"]
)
def test_a_range_with_a_step_is_widened_by_steps(history_of, parameter, high):
    found = refine(sampled(history_of, SearchSpace({"v": parameter, "x": Float(0, 1)}), lambda p: -p["v"] + 0.001 * p["x"]))

    assert new_of(found)["v"].high == pytest.approx(high)
