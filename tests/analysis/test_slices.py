import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np

from tunewright.analysis.charts import Figure
from tunewright.analysis.slices import slices
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Bool, Categorical, Float, Int, Ordinal, SearchSpace

HistoryOf = Callable[..., History]
RNG = np.random.default_rng(0)
MIXED = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "depth": Int(1, 5),
        "opt": Categorical(["sgd", "adam"]),
        "size": Ordinal([1, 2, 4]),
        "bias": Bool(),
        "momentum": Float(0, 0.9),
    },
    when={"momentum": "opt == 'sgd'"},
)


def sampled(history_of: HistoryOf, space: SearchSpace, count: int, metric: Metric = Metric("loss")) -> History:  # noqa: B008  frozen
    rng = np.random.default_rng(1)
    return history_of(space, [(space.sample(rng), float(rng.normal())) for _ in range(count)], metrics=metric)


def texts(figure: Figure) -> list[str]:
    return [text.text or "" for text in ET.fromstring(figure.svg).iter("text")]


def dots(figure: Figure) -> int:
    return sum(
        path.attrib["d"].count("h0") for path in ET.fromstring(figure.svg).iter("path") if path.attrib["class"] == "dots trial"
    )


def test_every_parameter_gets_a_chart_with_its_condition(history_of: HistoryOf) -> None:
    figures, left_out = slices(sampled(history_of, MIXED, 40), None)

    assert [figure.name for figure in figures] == list(MIXED.names)
    assert left_out == ""
    assert [figure.note for figure in figures[:5]] == [""] * 5
    assert "opt" in figures[5].note
    assert "sgd" in figures[5].note
    assert figures[0].caption == "log scale"
    assert {"10⁻⁴", "10⁻²"} <= set(texts(figures[0]))
    assert {"1", "3", "5"} <= set(texts(figures[1]))
    assert {"sgd", "adam"} <= set(texts(figures[2]))
    assert {"1", "2", "4"} <= set(texts(figures[3]))
    assert {"true", "false"} <= set(texts(figures[4]))


def test_inactive_trials_are_left_out(history_of: HistoryOf) -> None:
    history = sampled(history_of, MIXED, 40)
    active = int(np.isfinite(history.rows[:, 5]).sum())

    figures, _ = slices(history, None)

    assert 0 < active < 40
    assert dots(figures[0]) + figures[0].svg.count("l-3") == 40
    assert dots(figures[5]) <= active


def test_a_parameter_that_was_never_active_has_no_chart(history_of: HistoryOf) -> None:
    history = history_of(MIXED, [({"lr": 1e-3, "depth": 2, "opt": "adam", "size": 2, "bias": True}, 1.0)])

    assert [figure.name for figure in slices(history, None)[0]] == ["lr", "depth", "opt", "size", "bias"]
    assert slices(history_of(MIXED, []), None) == ([], "")


def test_of_a_thousand_choices_the_best_are_shown_and_the_others_are_one_row(history_of: HistoryOf) -> None:
    space = SearchSpace({"word": Categorical([f"word {i}" for i in range(1000)])})
    history = sampled(history_of, space, 200)
    best = space.params(history.rows[int(np.argmin(history.losses))])["word"]

    (figure,), _ = slices(history, None)

    assert "989 others" in texts(figure)
    assert best in texts(figure)


def test_of_a_hundred_parameters_those_that_matter_are_shown(history_of: HistoryOf) -> None:
    space = SearchSpace({f"p{i}": Float(0, 1) for i in range(100)})
    rng = np.random.default_rng(2)
    params = [space.sample(rng) for _ in range(150)]
    history = history_of(space, [(each, float(np.float64(each["p77"]))) for each in params])

    figures, left_out = slices(history, None)

    assert len(figures) == 36
    assert "p77" in [figure.name for figure in figures]
    assert "36 of 100 hyperparameters are drawn" in left_out


def test_very_many_points_are_thinned_and_the_page_says_so(history_of: HistoryOf) -> None:
    space = SearchSpace({f"p{i}": Float(0, 1) for i in range(20)})
    history = sampled(history_of, space, 1000)

    figures, left_out = slices(history, None)

    assert "thinned" in left_out
    assert sum(dots(figure) for figure in figures) <= 8000
