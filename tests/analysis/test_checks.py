import math
import re

import numpy as np
import pytest

from tunewright.analysis import effects, importance, tunability
from tunewright.analysis.checks import failures_told, health
from tunewright.analysis.evidence import crowded, evidence
from tunewright.analysis.summary import difference
from tunewright.analysis.text import number
from tunewright.events import Asked, Entry, Reported, Sent, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, Int, Ordinal, SearchSpace
from tunewright.testing import Journal
from tunewright.trial import Failure

SPACE = SearchSpace({"lr": Float(1e-4, 1, log=True), "x": Float(2, 3), "kind": Categorical(["a", "b", "c"])})


def sampled(history_of, function, n=60, space=SPACE, **kwargs):
    rng = np.random.default_rng(0)
    return history_of(space, [(params := space.sample(rng), function(params)) for _ in range(n)], **kwargs)


def good(p):
    return (math.log10(p["lr"]) + 2) ** 2 + p["x"] / 10


def found(history, name):
    return [check for check in health(history).findings if check.name == name]


def test_a_good_study_gets_no_warning(history_of):
    result = health(sampled(history_of, good))

    assert result.warnings == ()
    assert len(result.passed) >= 8
    assert repr(result).startswith("Health: 0 warnings")


def test_failures_are_told_with_the_parameter_that_goes_with_them(history_of):
    def fails(p):
        return Failure("exception", "ValueError: NaN in step 3") if p["lr"] > 0.1 else good(p)

    (check,) = found(sampled(history_of, fails, 80), "failures")

    assert check.level == "warning"
    assert "NaN in step" in check.said
    assert "lr of" in check.said
    assert "0 of" in check.said or "elsewhere" in check.said


@pytest.mark.parametrize("asked", [importance, effects, tunability])
def test_what_explains_names_the_parameter_that_failures_go_with(asked, history_of):
    def fails(p):
        return Failure("exception", "no") if p["lr"] > 0.1 else good(p)

    history = sampled(history_of, fails, 80)

    said = failures_told(history)

    assert re.fullmatch(
        r"\d+ of 80 finished trials failed and are not in this: \d+ of \d+ with lr of [\d.]+ and more, \d+ of \d+ elsewhere\.",
        said,
    )
    assert said in asked(history).remarks


def test_failures_that_go_with_nothing_are_left_to_health(history_of):
    rng = np.random.default_rng(1)
    history = sampled(history_of, lambda p: Failure("exception", "no") if rng.random() < 0.2 else good(p))

    assert failures_told(history).endswith("what failures go with says study.health().")
    assert failures_told(sampled(history_of, good)) == ""


def test_a_choice_that_diverges_is_named(history_of):
    (check,) = found(sampled(history_of, lambda p: 1e4 if p["kind"] == "b" and p["x"] > 2.5 else good(p), 120), "wasted range")

    assert "kind = b" in check.said or "x of" in check.said


def test_the_best_at_the_end_of_a_range(history_of):
    history = sampled(history_of, lambda p: -math.log10(p["lr"]) + 0.01 * p["x"], 100)

    (check,) = found(history, "best value on a boundary")

    assert "lr at the upper end of its range (1)" in check.said
    known = evidence(history)
    unit = SPACE.to_unit(known.rows)
    assert crowded(known, 0, unit[:, 0]).side == "high"
    assert crowded(known, 1, unit[:, 1]) is None


def test_few_trials_are_a_note(history_of):
    (check,) = found(sampled(history_of, good, 6), "few trials")

    assert "6 completed trials for 3 parameters" in check.said


def test_constant_and_duplicate_metrics(history_of):
    metrics = [Metric("a"), Metric("b", "maximize"), Metric("c", bound=9.0)]
    history = sampled(history_of, lambda p: {"a": good(p), "b": -2 * good(p), "c": 1.0}, metrics=metrics)

    assert "c has the same value" in found(history, "constant metric")[0].said
    assert "a and b say the same" in found(history, "duplicate metric")[0].said


@pytest.mark.parametrize(("goal", "factor"), [("minimize", -1.0), ("maximize", 2.0)])
def test_metrics_at_odds_are_no_duplicates(history_of, goal, factor):
    metrics = [Metric("a"), Metric("b", goal)]

    assert not found(sampled(history_of, lambda p: {"a": good(p), "b": factor * good(p)}, metrics=metrics), "duplicate metric")
    (check,) = found(sampled(history_of, lambda p: {"a": good(p), "b": -factor * good(p)}, metrics=metrics), "duplicate metric")

    assert f"a and b say the same (correlation {'-1' if factor > 0 else '1'})" in check.said.replace("\N{MINUS SIGN}", "-")


def test_a_metric_is_constant_whatever_folds_were_met_and_however_it_was_rounded(history_of):
    folds = [0.04, 0.02, 0.04]
    raced = history_of(SPACE, [(SPACE.sample(np.random.default_rng(i)), folds[: 3 - i % 2]) for i in range(6)])
    rounded = sampled(history_of, lambda p: {"a": 0.3 if good(p) > 1 else 0.1 + 0.2}, metrics=[Metric("a")])

    for history in (raced, rounded):
        assert "has the same value" in found(history, "constant metric")[0].said
    assert "have the same loss" in evidence(raced).trouble


def test_a_gain_that_is_noise(history_of):
    rng = np.random.default_rng(0)
    trials = [(SPACE.sample(rng) if i else SPACE.default, rng.normal(1, 0.1, 3).tolist()) for i in range(30)]
    history = history_of(SPACE, trials)

    assert "holds 0" in found(history, "noise larger than the gain")[0].said
    assert "flatters" in found(history, "overfitted validation")[0].said


def test_a_gain_is_the_same_wherever_it_is_named(history_of):
    """The default missed the hard fold, so its plain mean is better than that of the best, and worse where both were."""
    rng = np.random.default_rng(0)
    folds = np.array([1.0, 1.1, 0.9, 1.05, 3.0])
    rows = [folds + 0.02 * rng.standard_normal(5) for _ in range(30)]
    trials = [(SPACE.sample(rng) if i else SPACE.default, (row if i else row[:4]).tolist()) for i, row in enumerate(rows)]
    history = history_of(SPACE, trials)
    gain = difference(history.best, history.trial(0), history.metrics[0], history)

    (noise,), (flattery,) = (found(history, name) for name in ("noise larger than the gain", "overfitted validation"))

    words = f"gains {number(gain.gain, 2)} on the default over the 4 folds and seeds that both met"
    assert words in noise.said
    assert words in flattery.said


def test_trials_that_met_only_easy_folds_are_not_as_good_as_the_best(history_of):
    """All but the best are worse by 0.5 on every fold, but ten of them missed the hard one, so their plain means are lower."""
    rng = np.random.default_rng(0)
    folds = np.array([1.0, 1.1, 0.9, 1.05, 9.0])
    rows = [folds + 0.5 * (i > 0) + 0.01 * rng.standard_normal(5) for i in range(20)]
    trials = [(SPACE.sample(rng), row[: 5 if i < 10 else 3].tolist()) for i, row in enumerate(rows)]

    assert not found(history_of(SPACE, trials), "overfitted validation")


@pytest.mark.parametrize(
    ("parameter", "loss", "said", "mend"),
    [
        (Int(1, 4), lambda v: -v, "upper end of its range \\(4\\)", "study.refine\\(\\) proposes 5"),
        (Int(1, 512, log=True), lambda v: v, "lower end of its range \\(1\\)", "Such values mostly end at 1"),
        (Ordinal(["16", "32", "64", "128", "256"]), lambda v: -int(v), 'upper end of its range \\("?256', "Add values beyond"),
        (Float(0, 1), lambda v: -v, "upper end of its range \\(1\\)", "Such values mostly end at 1"),
    ],
    ids=["few values", "logarithmic", "ordinal", "share"],
)
def test_the_best_at_the_end_of_few_values(history_of, parameter, loss, said, mend):
    space = SearchSpace({"v": parameter, "x": Float(0, 1)})
    history = sampled(history_of, lambda p: loss(p["v"]) + 0.01 * abs(p["x"] - 0.5), 150, space)

    (check,) = found(history, "best value on a boundary")

    assert re.search(said, check.said)
    assert re.search(mend, check.mend)


def test_what_has_two_values_is_at_no_end(history_of):
    space = SearchSpace({"o": Ordinal([1, 2]), "n": Int(1, 2), "x": Float(0, 1)})

    assert not found(sampled(history_of, lambda p: p["o"] + p["n"] + abs(p["x"] - 0.5), 150, space), "best value on a boundary")


def test_noise_is_not_predicted(history_of):
    rng = np.random.default_rng(1)

    (check,) = found(sampled(history_of, lambda _: float(rng.normal())), "surrogate does not predict")

    assert "n = 60" in check.said


def test_early_values_that_say_nothing_of_late_ones():
    rng = np.random.default_rng(2)
    history = History(SPACE, [Metric("loss")])
    entries = []
    for trial in range(20):
        early, late = rng.normal(size=2).tolist()
        entries += [
            (trial, Asked(SPACE.sample(rng), "random", 0, plan=1, budget=1.0)),
            (trial, Told({"loss": early}, 1.0, 0)),
            (trial, Sent(1, budget=9.0)),
            (trial, Told({"loss": late}, 9.0, 1)),
        ]
    history.fold(Entry(trial, event, float(i), i) for i, (trial, event) in enumerate(entries, 1))

    (check,) = found(history, "scheduler too harsh")

    assert "over 20 trials" in check.said


def test_what_is_reported_on_the_way_stops_nobody_and_no_scheduler_is_too_harsh():
    rng = np.random.default_rng(3)
    history = History(SPACE, [Metric("loss")])
    entries = []
    for trial in range(20):
        early, late = rng.normal(size=2).tolist()
        entries.append((trial, Asked(SPACE.sample(rng), "random", 0)))
        entries += [(trial, Reported(0, step, {"loss": early})) for step in (1.0, 2.0)]
        entries.append((trial, Told({"loss": late}, 1.0)))
    history.fold(Entry(trial, event, float(i), i) for i, (trial, event) in enumerate(entries, 1))

    assert found(history, "scheduler too harsh") == []


def test_who_seems_better_than_the_best_and_met_too_few_seeds():
    rng = np.random.default_rng(5)
    journal = Journal(SPACE, (Metric("loss"),))
    for trial in range(12):
        journal.tell(journal.ask(SPACE.sample(rng)), 1.0 + trial)
    assert found(journal.history, "passed over") == []
    for _ in range(3):
        trial = journal.ask(SPACE.sample(rng))
        for seed in range(4):
            journal.tell(trial, 5.0 + 0.1 * float(rng.normal()), index=journal.send(trial, seed=seed) if seed else 0)

    (check,) = found(journal.history, "passed over")

    assert "Trial 0 (and 3 more) seems better than the best, trial " in check.said
    assert "met 1 of 4 folds and seeds" in check.said
    assert "Race" in check.mend


def test_time_that_hangs_on_one_parameter():
    rng = np.random.default_rng(4)
    history = History(SPACE, [Metric("loss")])
    entries = []
    for trial in range(40):
        params = SPACE.sample(rng)
        entries += [(trial, Asked(params, "random", 0)), (trial, Told({"loss": good(params)}, 100 ** (params["x"] - 2)))]
    history.fold(Entry(trial, event, float(i), i) for i, (trial, event) in enumerate(entries, 1))

    (check,) = found(history, "uneven time")

    assert "Time hangs on x" in check.said


@pytest.mark.parametrize(
    "case",
    [
        lambda h: h(SPACE, []),
        lambda h: sampled(h, lambda _: None, 3),
        lambda h: sampled(h, good, 1),
        lambda h: sampled(h, good, 2),
        lambda h: sampled(h, lambda _: Failure("crash", "killed"), 9),
        lambda h: sampled(h, lambda _: 1.0, 30),
        lambda h: sampled(h, lambda p: p["x"], 30, SearchSpace({"x": Float(0, 1)})),
        lambda h: sampled(h, lambda p: p["x0"], 30, SearchSpace({f"x{j}": Float(0, 1) for j in range(500)})),
        lambda h: sampled(h, lambda p: "ab".index(p["c"]), 30, SearchSpace({"c": Categorical(["a", "b"])})),
        lambda h: sampled(h, lambda p: 1e300 * (p["x"] - 2.5), 30),
        lambda h: sampled(h, lambda p: {"a": p["x"], "b": -p["x"]}, 30, metrics=[Metric("a"), Metric("b")]),
    ],
)
def test_every_study_can_be_looked_over(case, history_of):
    result = health(case(history_of))

    assert all(check.said.endswith(".") and check.mend.endswith(".") for check in result.findings)
    assert "nan" not in repr(result).lower().replace("nan in step", "")
    assert "<ul class" in result._repr_html_() or not result.findings


def test_crowding_at_an_end_is_that_of_trials_within_the_bounds(history_of):
    space, rng = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)}), np.random.default_rng(0)
    x = [*rng.random(20), *[1.0] * 20]  # half of the search breaks the bound at the upper end
    metrics = [Metric("accuracy", "maximize"), Metric("latency", bound=300.0)]

    free, bounded = (
        history_of(space, [({"x": a, "y": 0.5}, {"accuracy": a, "latency": 1000 * a}) for a in x], metrics=[metrics[0], latency])
        for latency in (Metric("latency", bound=2000.0), metrics[1])
    )

    assert found(free, "best value on a boundary")
    assert not found(bounded, "best value on a boundary")


def test_the_bulk_of_a_search_that_converged_makes_no_range_wasted(history_of):
    space, rng = SearchSpace({"x": Float(0, 1)}), np.random.default_rng(0)
    x = [*rng.random(20), *(0.9 + 0.01 * rng.random(60))]

    assert not found(history_of(space, [({"x": a}, (a - 0.9) ** 2) for a in x]), "wasted range")


def test_choices_that_read_alike_are_told_apart(history_of):
    space, values = SearchSpace({"f": Categorical([1, 1.0])}), [1, 1.0]
    results = [({"f": values[i % 2]}, Failure("exception", "ValueError: no") if i % 2 else float(i)) for i in range(20)]

    (check,) = found(history_of(space, results), "failures")

    assert "f = 1.0" in check.said
