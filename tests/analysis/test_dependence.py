import numpy as np
import pytest

from tunewright.analysis.dependence import Effect, Effects, effects
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.space import Bool, Categorical, Choice, Float, Int, SearchSpace
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(0, 1), "c": Categorical(["a", "b"]), "y": Float(0, 1)})
NESTED = SearchSpace({"model": Choice({"tree": {"leaf": Int(1, 5)}, "svm": {"C": Float(0, 1)}}), "z": Bool()})


def sampled(history_of, function, n=60, space=SPACE, keep=lambda _: True, **kwargs):
    rng = np.random.default_rng(0)
    drawn = (space.sample(rng) for _ in range(10_000))
    chosen = [params for params, _ in zip(filter(keep, drawn), range(n), strict=False)]
    return history_of(space, [(params, function(params)) for params in chosen], **kwargs)


def test_the_effect_of_a_sum_is_its_own_part_plus_the_mean_of_the_rest(history_of):
    found = effects(sampled(history_of, lambda p: 4 * (p["x"] - 0.3) ** 2 + (p["c"] == "b") + p["y"]))

    x, c = found["x"], found["c"]
    # the others' means: 1/2 and 1/2
    assert np.abs(x.mean - (4 * (x.levels[0] - 0.3) ** 2 + 1.0)).max() < 0.15
    assert c.mean[1] - c.mean[0] == pytest.approx(1.0, abs=0.1)
    assert c.values == (("a", "b"),)
    assert x.curves.shape == (5, 25)
    assert (x.low < x.mean).all()
    assert found.fit.predicts
    assert found.found[0].names == ("x",)


def test_where_no_trial_is_near_the_curve_is_not_supported_and_the_band_is_wide(history_of):
    x = effects(sampled(history_of, lambda p: np.sin(9 * p["x"]) + p["y"], keep=lambda p: p["x"] < 0.5), "x").found[0]

    far = x.levels[0] > 0.6
    assert not x.supported[far].any()
    assert x.supported[x.levels[0] < 0.5].all()
    assert x.sd[far].mean() > 3 * x.sd[~far].mean()
    assert "(no trial near)" in repr(x)


def test_two_parameters_together(history_of):
    both = effects(sampled(history_of, lambda p: p["x"] * p["y"]), "x", "y").found[0]

    assert both.mean.shape == both.supported.shape == (15, 15)
    assert np.abs(both.mean - np.outer(both.levels[0], both.levels[1])).max() < 0.15


def test_a_conditional_parameter_is_averaged_over_where_it_is_active(history_of):
    history = sampled(history_of, lambda p: p["svm.C"] if p["model"] == "svm" else 10.0 + p["tree.leaf"], space=NESTED)

    found = effects(history)

    assert np.abs(found["svm.C"].mean - found["svm.C"].levels[0]).max() < 0.5
    assert found["tree.leaf"].n == sum(trial.params["model"] == "tree" for trial in history.trials)
    assert found["model"].mean[0] - found["model"].mean[1] == pytest.approx(12.5, abs=0.5)


def test_more_is_better_where_the_metric_is_maximised(history_of):
    found = effects(sampled(history_of, lambda p: p["x"], metrics=Metric("accuracy", "maximize")), "x")

    assert found["x"].mean[-1] > found["x"].mean[0] + 0.8


@pytest.mark.parametrize(
    "case",
    [
        lambda h: h(SPACE, []),
        lambda h: sampled(h, lambda p: p["x"], 2),
        lambda h: sampled(h, lambda p: p["x"], 5),
        lambda h: sampled(h, lambda _: 1.0, 9),
        lambda h: sampled(h, lambda _: Failure("crash", "killed"), 9),
        lambda h: sampled(h, lambda p: p["x0"], 9, SearchSpace({f"x{j}": Float(0, 1) for j in range(100)})),
        lambda h: sampled(h, lambda p: p["a"], 9, SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a <= b"])),
    ],
)
def test_every_study_gets_curves_or_a_sentence(case, history_of):
    found = effects(case(history_of))

    assert found.found or found.remarks
    assert all(np.isfinite(each.mean).all() and np.isfinite(each.sd).all() for each in found.found)
    assert "nan" not in repr(found)


def test_wrong_names_are_refused(history_of):
    history = history_of(SPACE, [])
    for names in (("q",), ("x", "y", "c"), ("x", "x")):
        with pytest.raises(StudyError, match=r"space has|two different"):
            effects(history, *names)
    with pytest.raises(KeyError):
        effects(history)["x"]


def test_choices_that_read_alike_are_told_apart(history_of):
    space = SearchSpace({"f": Categorical([1, 1.0, "1"]), "x": Float(0, 1)})

    said = repr(effects(sampled(history_of, lambda p: p["x"], space=space), "f").found[0])

    assert [line.split()[0] for line in said.splitlines()[1:]] == ["1", "1.0", '"1"']


def test_effects_read_like_a_dictionary_of_those_of_each_parameter_alone(history_of):
    history = sampled(history_of, lambda p: p["x"])

    found = effects(history)

    assert dict(found).keys() == {"x", "c", "y"}
    assert list(found) == [each.names[0] for each in found.found]
    assert not list(effects(history, "x", "y"))
    assert "; cross-validated R²" in repr(found).splitlines()[0]


def test_every_choice_has_an_effect_and_the_best_and_worst_of_many_are_printed(history_of):
    space = SearchSpace({"c": Categorical([f"c{i:02d}" for i in range(40)]), "x": Float(0, 1)})

    found = effects(
        sampled(history_of, lambda p: (-2.0 if p["c"] == "c07" else 0.01 * int(p["c"][1:])) + 0.2 * p["x"], 200, space)
    )

    assert found["c"].listed
    assert not found["x"].listed
    assert len(found["c"].values[0]) == 40
    assert found["c"].range == pytest.approx(2.39, abs=0.05)
    text = repr(found["c"])
    assert " c07 " in text
    assert " c39 " in text
    assert "and 16 choices with means between these" in text


def test_what_was_left_out_of_very_many_choices_is_said(history_of):
    space = SearchSpace({"c": Categorical(range(60)), "x": Float(0, 1)})
    history = sampled(history_of, lambda p: 0.01 * p["c"] + p["x"], 60, space)

    both = effects(history, "x", "c")

    assert both.found[0].mean.shape == (15, 50)
    assert any(said.startswith("c has 60 choices: 50 are looked at") for said in both.remarks)
    assert not any("choices" in said for said in effects(history).remarks)


def test_a_single_trial_is_no_trials():
    effect = Effect(("x",), (np.zeros(1),), ((0.0,),), np.zeros(1), np.ones(1), np.ones(1, bool), np.zeros((0, 1)), 1)

    assert "(1 trial)" in repr(effect)
    assert (
        repr(Effects("loss", 1)).startswith("Effects on loss: 1 trial\n")
        or repr(Effects("loss", 1)) == "Effects on loss: 1 trial"
    )
