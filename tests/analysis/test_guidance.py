import msgspec
import numpy as np
import pytest

from tunewright.analysis.dependence import effects
from tunewright.analysis.guidance import _inside, advice, ailments, effect_chart, markdown, mattered
from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.metric import Metric
from tunewright.space import Categorical, Choice, Float, Int, SearchSpace
from tunewright.trial import Failure

SPACE = SearchSpace(
    {"lr": Float(1e-4, 1, log=True), "model": Choice({"tree": {"leaf": Int(1, 9)}, "svm": {}}), "<b>": Categorical(["<i>", "&"])}
)


def sampled(history_of, function, n=40, **kwargs):
    rng = np.random.default_rng(0)
    return history_of(SPACE, [(params := SPACE.sample(rng), function(params)) for _ in range(n)], **kwargs)


def good(p):
    return abs(np.log10(p["lr"]) + 2) + p.get("tree.leaf", 5) / 9 + (p["<b>"] == "&")


CASES = {
    "good": lambda h: sampled(h, good),
    "none": lambda h: h(SPACE, []),
    "one": lambda h: sampled(h, good, 1),
    "failed": lambda h: sampled(h, lambda _: Failure("crash", "<killed>"), 5),
    "constant": lambda h: sampled(h, lambda _: 1.0, 9),
    "two metrics": lambda h: sampled(h, lambda p: {"a": good(p), "b": -good(p)}, 9, metrics=[Metric("a"), Metric("b")]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_page_explains_every_study_without_breaking(case, history_of):
    history = CASES[case](history_of)
    found = insight(history)

    page = report(history, title="A study", insight=found)
    text = markdown(history, "A study", found)

    assert page.index("Health checks") < page.index("What to do next") < page.index("What was searched")
    assert "<i>" not in page
    assert "<killed>" not in page
    assert 'd="nan' not in page
    assert "NaN" not in page.replace("NaN in", "")
    assert text.startswith("# A study\n")
    assert ("## The next round" in text) == (case != "failed")


def test_where_everything_failed_the_advice_is_to_mend_it(history_of):
    history = CASES["failed"](history_of)
    found = insight(history)

    page, text = report(history, title="A study", insight=found), markdown(history, "A study", found)

    assert "Nothing can be learned from failures alone. Read the first traceback" in page
    assert "Search on, and ask again" not in page + text
    assert "What mattered" not in page


def test_what_mattered_comes_with_bars_and_curves(history_of):
    history = sampled(history_of, good)
    found = insight(history)

    section = str(mattered(history, found))

    assert section.count('class="strip"') >= len(SPACE.names)
    assert section.count("<figure>") == 4
    assert "band effect" in section
    assert "cross-validated R²" in section


def test_where_the_model_explains_nothing_that_is_all_that_is_said(history_of):
    rng = np.random.default_rng(3)
    history = sampled(history_of, lambda _: float(rng.normal()))
    found = insight(history)
    assert not found.importance.fit.predicts

    section, worth, text = str(mattered(history, found)), str(advice(found)), markdown(history, "A study", found)

    assert section.index("What mattered is not known") < section.index(
        "The random forest behind this does not predict (cross-validated R²"
    )
    assert "these numbers" not in section + worth + text
    assert "<table" not in section + worth
    assert "<figure" not in section
    assert "What tuning was worth is not known." in worth
    assert "What mattered is not known" in text
    assert "█" not in text
    assert "alone:" not in text


def test_a_parameter_that_hardly_any_trial_had_is_left_out_and_named(history_of):
    rng = np.random.default_rng(0)
    powers = rng.uniform(-4, 0, 40).tolist()
    trials = [({"lr": 10**power, "model": "svm", "<b>": "&"}, abs(power + 2)) for power in powers]
    trials += [({"lr": 0.1, "model": "tree", "tree.leaf": 3, "<b>": "<i>"}, 1.0)] * 2
    history = history_of(SPACE, trials)
    found = insight(history)
    assert found.importance["tree.leaf"].n == 2

    section = str(mattered(history, found))

    assert "Left out, since fewer than 5 trials had it: tree.leaf." in section
    assert "<h3>tree" not in section
    assert "Left out, since fewer than 5 trials had it: tree.leaf." in markdown(history, "A study", found)


def test_a_curve_is_dotted_where_nobody_was(history_of):
    rng = np.random.default_rng(1)
    space = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    trials = [({"x": x / 3, "y": y}, x) for x, y in rng.uniform(0, 1, (20, 2)).tolist()]
    history = history_of(space, trials)

    chart = effect_chart(history, effects(history, "x").found[0])

    assert "unsupported" in chart.svg
    assert "no trial near" in chart.caption


def test_the_effect_of_a_choice_names_each_of_them(history_of):
    words = ["squared_error", "absolute_error", "friedman_mse", "poisson_loss", "log_loss_short", "huber_loss"]
    history = history_of(SearchSpace({"c": Categorical(words)}), [({"c": words[i % 6]}, i % 6 + 0.1 * i) for i in range(24)])

    chart = effect_chart(history, effects(history, "c").found[0])

    assert all(f">{word}</text>" in chart.svg for word in words)


def test_the_axis_of_an_effect_holds_its_mean_and_nothing_runs_along_the_edge(history_of):
    history = history_of(SearchSpace({"x": Float(0, 1)}), [({"x": i / 20}, float(i % 3)) for i in range(20)])
    effect = effects(history, "x").found[0]

    high = effect_chart(history, msgspec.structs.replace(effect, mean=effect.mean + 100.0, supported=effect.mean < np.inf))
    away = msgspec.structs.replace(effect, mean=effect.mean + 100.0, supported=np.arange(len(effect.mean)) < 0)

    assert "100" in high.svg
    assert "beyond the axis" not in high.caption
    part = msgspec.structs.replace(
        away, mean=np.where(np.arange(len(effect.mean)) < 3, 1.0, 100.0), supported=np.arange(len(effect.mean)) < 3
    )
    assert "beyond the axis" in (said := effect_chart(history, part)).caption
    assert said.svg.count('class="line unsupported"') == 1  # up to the edge, and not along it


def test_findings_and_advice_say_what_the_records_say(history_of):
    found = insight(sampled(history_of, good, 12))

    assert "few trials" in ailments(found.health)
    assert "20 more trials" in advice(found)
    assert "Nothing to refine." in advice(found)


@pytest.mark.parametrize(
    ("start", "end", "part"),
    [
        ((0.0, 1.0), (1.0, 2.0), [(0.0, 1.0), (1.0, 2.0)]),
        ((0.0, 1.0), (1.0, 5.0), [(0.0, 1.0), (0.5, 3.0)]),
        ((0.0, 5.0), (1.0, 1.0), [(0.5, 3.0), (1.0, 1.0)]),
        ((0.0, -1.0), (1.0, 7.0), [(0.125, 0.0), (0.5, 3.0)]),
        ((0.0, 4.0), (1.0, 5.0), []),
    ],
)
def test_a_stroke_ends_where_the_view_does(start, end, part) -> None:
    assert _inside(start, end, 0.0, 3.0) == part
