import math
import re

import numpy as np
import pytest

from tunewright.analysis.evidence import evidence
from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.analysis.tuning import default_row, left_out, levels, places, tunability
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.space import Bool, Categorical, Choice, Float, Int, Ordinal, SearchSpace
from tunewright.study import Study
from tunewright.trial import Failure

PLAIN = SearchSpace({"a": Float(0, 1, default=0.0), "b": Float(0, 1, default=0.0), "idle": Float(0, 1, default=0.0)})
NESTED = SearchSpace({"model": Choice({"tree": {}, "svm": {"C": Float(0, 1)}}), "z": Float(0, 1)})


def sampled(history_of, space, function, n=60):
    rng = np.random.default_rng(0)
    return history_of(space, [(params := space.sample(rng), function(params)) for _ in range(n)])


def test_what_each_parameter_is_worth_is_what_it_is_worth(history_of):
    found = tunability(sampled(history_of, PLAIN, lambda p: (p["a"] - 0.8) ** 2 + 0.5 * (p["b"] - 0.5) ** 2))

    worth = {gain.names[0]: gain for gain in found.parameters}
    assert worth["a"].value == pytest.approx(0.64, abs=0.05)
    assert worth["b"].value == pytest.approx(0.125, abs=0.05)
    assert worth["idle"].value < 0.02
    assert found.whole.value == pytest.approx(0.765, abs=0.05)
    assert found.pairs[0].names == ("a", "b")
    assert all(gain.low <= gain.value <= gain.high for gain in (*found.parameters, *found.pairs, found.whole))


def test_the_path_goes_from_the_default_to_the_winner_the_largest_gain_first(history_of):
    history = sampled(history_of, PLAIN, lambda p: (p["a"] - 0.8) ** 2 + 0.5 * (p["b"] - 0.5) ** 2)

    found = tunability(history)

    best = history.best.params
    assert found.path[0].name == "a"
    assert {step.name: step.after for step in found.path} == best
    assert all(step.before == 0.0 for step in found.path)
    assert sum(step.gain.value for step in found.path) == pytest.approx(0.765 - history.best.value, abs=0.05)
    assert found.stay.names == ("idle",)
    assert abs(found.stay.loss) < 0.03
    assert "Can stay at their default: idle" in repr(found)


def test_where_only_two_together_gain_the_first_step_loses_least_and_the_text_agrees(history_of):
    def loss(p):
        return 5 * (p["a"] - p["b"]) ** 2 - p["a"] + 0.1 * p["b"]

    rng = np.random.default_rng(0)
    trials = [PLAIN.default, {"a": 0.9, "b": 0.8, "idle": 0.0}, *(PLAIN.sample(rng) for _ in range(60))]

    history = history_of(PLAIN, [(params, loss(params)) for params in trials])
    found = tunability(history)

    first = found.path[0].gain.value
    assert first < 0 < found.path[-1].gain.value
    assert "at each step the change that gains most there (one below 0 pays only with later ones):" in repr(found)
    assert found.walk in report(history, title="", insight=insight(history))


def test_where_the_default_of_the_space_failed_it_is_about_the_next(history_of):
    space = SearchSpace({"model": Choice({"tree": {}, "svm": {"C": Float(0, 1)}}), "z": Float(0, 1)})
    rng = np.random.default_rng(0)
    trials = [(space.default, Failure("exception", "no")), ({"model": "svm", "svm.C": 0.25, "z": 0.5}, 0.5)]
    trials += [(params := space.sample(rng), abs(params.get("svm.C", 2.0) - 0.9)) for _ in range(40)]

    found = tunability(history_of(space, trials, notes={0: "default tree", 1: "default svm"}))

    assert all(step.name != "model" for step in found.path)
    assert {step.before for step in found.path if step.name == "svm.C"} == {0.25}


def test_a_branch_that_is_entered_begins_at_its_defaults(history_of):
    found = tunability(sampled(history_of, NESTED, lambda p: 1.0 if p["model"] == "tree" else abs(p["svm.C"] - 0.9) - 0.5))

    names = [step.name for step in found.path]
    assert names.index("model") < names.index("svm.C")
    step = found.path[names.index("svm.C")]
    assert step.before == NESTED.parameters["svm.C"].default_value
    assert "svm.C" not in [gain.names[0] for gain in found.parameters]  # inactive at the default


def test_the_defaults_as_a_row_hold_what_is_inactive_too():
    assert default_row(NESTED).tolist() == [0.0, 0.5, 0.5]


def test_levels_are_all_values_or_evenly_spread_ones():
    space = SearchSpace({"k": Int(1, 4), "x": Float(1e-4, 1, log=True), "c": Categorical(["a", "b"])})

    assert levels(space, 0, 9).tolist() == [1, 2, 3, 4]
    assert np.allclose(levels(space, 1, 5), [1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert levels(space, 2, 9).tolist() == [0, 1]


BAD = {
    "none": lambda h: h(PLAIN, []),
    "two": lambda h: sampled(h, PLAIN, lambda p: p["a"], 2),
    "five": lambda h: sampled(h, PLAIN, lambda p: p["a"], 5),
    "all failed": lambda h: sampled(h, PLAIN, lambda _: Failure("crash", "killed"), 9),
    "constant": lambda h: sampled(h, PLAIN, lambda _: 1.0, 9),
    "noise": lambda h: sampled(h, PLAIN, lambda p: math.sin(1e6 * p["a"]), 20),
    "choices": lambda h: sampled(h, SearchSpace({"c": Categorical(["a", "b"]), "d": Bool()}), lambda p: float(p["d"]), 9),
    "one parameter": lambda h: sampled(h, SearchSpace({"x": Float(0, 1)}), lambda p: p["x"], 9),
    "huge": lambda h: sampled(h, PLAIN, lambda p: 1e200 * p["a"], 9),
    "wide": lambda h: sampled(h, SearchSpace({f"x{j}": Float(0, 1) for j in range(60)}), lambda p: p["x0"], 9),
    "constrained": lambda h: sampled(
        h, SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a <= b"]), lambda p: p["b"] - p["a"], 9
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_every_study_gets_an_answer_or_a_sentence(case, history_of):
    found = tunability(BAD[case](history_of))

    assert found.whole is not None or found.remarks
    assert "nan" not in repr(found).lower()
    assert "nan" not in found._repr_html_().lower()


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_whole_is_worth_no_less_than_its_parts(history_of, n):
    noise = np.random.default_rng(n)
    found = tunability(sampled(history_of, PLAIN, lambda p: (p["a"] - 0.8) ** 2 + noise.normal(), n=n))

    parts = [gain.value for gain in (*found.parameters, *found.pairs)]
    assert found.whole.value >= max(0.0, *parts) - 1e-9


def test_a_none_that_was_chosen_is_not_inactive(history_of):
    space = SearchSpace({"w": Categorical([None, "balanced"], default="balanced"), "z": Float(0, 1)})
    found = tunability(sampled(history_of, space, lambda p: float(p["w"] is not None) + 0.1 * p["z"]))

    assert "w: balanced -> null" in repr(found)
    assert "inactive" not in repr(found)


def test_only_what_keeps_within_the_bounds_is_worth_something():
    study = Study(SearchSpace({"x": Float(0, 1, default=0.0)}), [Metric("a"), Metric("b", bound=0.3)], sampler=Random(), seed=0)
    study.optimize(lambda live: {"a": 1 - live["x"], "b": live["x"]}, trials=30)
    found = study.tunability()

    assert found.path[-1].after == study.best.params["x"] <= 0.3
    assert found.parameters[0].at[0] <= 0.3
    assert found.whole.value == pytest.approx(0.3, abs=0.02)
    assert any("Only what likely keeps within every metric's bound counts" in remark for remark in found.remarks)


def test_a_default_that_breaks_the_bound_is_no_place_to_stay(history_of):
    space = SearchSpace({"x": Float(0, 1, default=0.9), "idle": Float(0, 1, default=0.5)})
    rng = np.random.default_rng(0)
    trials = [({"x": x, "idle": y}, {"a": 1 - 0.01 * x, "b": x}) for x, y in rng.random((40, 2)).tolist()]

    found = tunability(history_of(space, trials, metrics=[Metric("a"), Metric("b", bound=0.3)]))

    assert found.stay.names == ("idle",)
    assert found.parameters[0].names != ("idle",)  # which cannot mend it
    assert any("The default likely breaks a bound" in remark for remark in found.remarks)


def test_where_no_trial_keeps_within_the_bounds_it_says_so(history_of):
    trials = [({"a": i / 9, "b": 0.5, "idle": 0.5}, {"x": float(i), "y": 1.0 + i}) for i in range(9)]

    found = tunability(history_of(PLAIN, trials, metrics=[Metric("x"), Metric("y", bound=0.3)]))

    assert found.whole is None
    assert "keeps within every metric's bound" in repr(found)


def test_after_a_search_that_converged_tuning_is_worth_what_it_gained(history_of):
    rng = np.random.default_rng(0)

    def loss(p):
        return 50 * (p["a"] - 0.8) ** 2 + 0.5 * (p["b"] - 0.5) ** 2

    explored = [(params := PLAIN.sample(rng), loss(params)) for _ in range(12)]
    near = [
        (params := {"a": a, "b": b, "idle": 0.5}, loss(params))
        for a, b in zip(*(x + 0.02 * rng.normal(size=48) for x in (0.8, 0.5)), strict=True)
    ]
    history = history_of(PLAIN, [(PLAIN.default, loss(PLAIN.default)), *explored, *near])

    found = tunability(history)

    assert found.whole.value == pytest.approx(loss(PLAIN.default) - history.best.value, rel=0.05)
    assert not any("far worse" in remark for remark in found.remarks)


def test_of_a_default_that_diverges_tuning_is_worth_more_than_is_said(history_of):
    def loss(p):
        return 1e6 if p["a"] < 0.15 else p["b"] - p["a"]

    rng = np.random.default_rng(0)
    drawn = [(params := PLAIN.sample(rng), loss(params)) for _ in range(80)]
    said = "The default is one of them: tuning is worth more than is said here."

    assert said not in repr(tunability(history_of(PLAIN, drawn)))
    assert said in repr(tunability(history_of(PLAIN, [(PLAIN.default, 1e6), *drawn])))


def test_choices_that_read_alike_are_told_apart(history_of):
    space = SearchSpace({"f": Categorical([1, 1.0, None]), "z": Float(0, 1)})
    found = tunability(sampled(history_of, space, lambda p: float(not isinstance(p["f"], float)) + 0.1 * p["z"]))

    assert "f: 1 -> 1.0, " in repr(found)
    assert re.search(r"f alone: .*, at 1\.0$", repr(found), re.MULTILINE)


def test_the_best_of_many_choices_is_not_passed_over(history_of):
    space = SearchSpace({"c": Categorical([f"c{i:02d}" for i in range(40)], default="c00"), "x": Float(0, 1, default=0.5)})
    trials = [
        ({"c": f"c{i % 40:02d}", "x": (i * 0.618) % 1}, (-2.0 if i % 40 == 7 else 0.01 * (i % 40)) + 0.2 * ((i * 0.618) % 1))
        for i in range(160)
    ]

    found = tunability(history_of(space, trials))

    assert found.parameters[0].names == ("c",)
    assert found.parameters[0].at == ("c07",)
    assert found.parameters[0].value == pytest.approx(2.0, abs=0.05)
    assert found.pairs[0].value == pytest.approx(2.1, abs=0.05)


def test_all_choices_are_looked_at_and_of_very_many_the_best(history_of):
    space = SearchSpace({"c": Categorical(range(300), default=299), "o": Ordinal(range(60)), "b": Bool(), "x": Float(0, 1)})
    trials = [({"c": i % 250, "o": i % 60, "b": True, "x": 0.5}, float(abs(i % 250 - 120))) for i in range(500)]
    known = evidence(history_of(space, trials))

    looked = places(known, 0, 9)

    assert looked.tolist() == [*range(21, 220), 299]  # 199 around the best, and the default
    assert places(known, 1, 9).tolist() == list(range(60))
    assert len(places(known, 1, 9, paired=True)) == 50
    assert places(known, 2, 9).tolist() == [0, 1]
    assert len(places(known, 3, 9)) == 9
    assert [said.split(":")[0] for said in left_out(known, range(4))] == ["c has 300 choices"]
    assert [said.split(":")[0] for said in left_out(known, range(4), paired=True)] == ["c has 300 choices", "o has 60 choices"]


def test_a_default_that_was_measured_and_keeps_within_its_bound_breaks_none(history_of):
    space = SearchSpace({"x": Float(0, 1, default=0.5), "y": Int(1, 10, default=5)})
    rng = np.random.default_rng(0)
    trials = [space.default, *(space.sample(rng) for _ in range(60))]

    found = tunability(
        history_of(
            space,
            [(params, {"loss": params["x"] - 0.1 * params["y"], "size": float(params["y"])}) for params in trials],
            metrics=[Metric("loss"), Metric("size", bound=5)],
        )
    )

    alone = {gain.names[0]: gain.value for gain in found.parameters}
    assert alone["x"] == pytest.approx(0.5, abs=0.02)
    assert alone["y"] == pytest.approx(0.0, abs=0.02)
    assert not any("likely breaks" in remark for remark in found.remarks)


def test_parameters_that_alone_mend_no_broken_bound_are_named(history_of):
    space = SearchSpace({"x": Float(0, 1, default=0.9), "idle": Float(0, 1, default=0.5)})
    rng = np.random.default_rng(0)
    trials = [({"x": x, "idle": y}, {"a": 1 - 0.01 * x, "b": x}) for x, y in rng.random((40, 2)).tolist()]

    found = tunability(history_of(space, trials, metrics=[Metric("a"), Metric("b", bound=0.3)]))

    assert found.remarks[-1] == "Left out, since set alone nothing of theirs likely keeps within: idle."


def test_nothing_is_told_of_a_default_that_failed(history_of):
    rng = np.random.default_rng(0)
    trials = [(PLAIN.default, Failure("exception", "no"))]
    trials += [(params := PLAIN.sample(rng), params["a"] + params["b"]) for _ in range(20)]

    found = tunability(history_of(PLAIN, trials))

    assert found.whole is None
    assert "The default failed (trial 0)" in repr(found)


def test_failures_are_mentioned(history_of):
    rng = np.random.default_rng(0)
    trials = [(params := PLAIN.sample(rng), Failure("exception", "no") if i % 4 == 0 else params["a"]) for i in range(40)]

    assert any(remark.startswith("10 of 40 finished trials failed") for remark in tunability(history_of(PLAIN, trials)).remarks)


@pytest.mark.parametrize("name", ["accuracy", "val_acc"])
def test_nothing_is_worth_more_than_the_metric_has(name, history_of):
    space = SearchSpace({"a": Float(0, 1, default=0.5), "b": Float(0, 1)})
    rng = np.random.default_rng(1)
    trials = [(params := space.sample(rng), round(20 * min(1, 0.5 + 0.6 * params["a"])) / 20) for _ in range(40)]

    found = tunability(history_of(space, trials, metrics=[Metric(name, "maximize")]))
    free = tunability(history_of(space, trials, metrics=[Metric("profit", "maximize")]))

    assert found.whole.value < free.whole.value - 0.002  # the process goes on rising beyond 1
    assert found.whole.high < free.whole.high - 0.002
