from html.parser import HTMLParser

import pytest

from tunewright.analysis.markup import tag
from tunewright.analysis.notebook import card, framed
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.trial import Failure

SPACE = SearchSpace({"<x>": Float(0, 1)})


def test_a_card_shows_counts_the_best_and_how_the_search_went(history_of):
    history = history_of(SPACE, [({"<x>": 0.5}, 3.0), ({"<x>": 0.25}, [1.0, 2.0]), ({"<x>": 0.1}, Failure("crash", "killed"))])

    text = card(history, "A & B")

    assert "<b>A &amp; B</b>: 2 completed, 1 failed, 0 running" in text
    assert "best loss 1.50 ± 0.71 (lower is better), trial 1" in text
    assert "&lt;x&gt;</b> = 0.25" in text
    assert text.count("<svg") == 1


@pytest.mark.parametrize(
    "results", [[], [None], [Failure("crash", "killed")], [1.0], [{"loss": 1.0, "cost": 2.0}]], ids=["none", "running", "failed", "one", "two metrics"]
)  # fmt: skip
def test_every_study_has_a_card(results, history_of):
    metrics = [Metric("loss"), Metric("cost")] if results and isinstance(results[0], dict) else Metric("loss")

    text = card(history_of(SPACE, [({"<x>": 0.5}, result) for result in results], metrics=metrics), "s")

    parser = HTMLParser()
    parser.feed(text)
    assert text.startswith('<div class="tunewright"><style>.tunewright {')
    assert "nan" not in text.partition("</style>")[2]


def test_a_front_is_found_under_the_name_that_the_card_says(history_of):
    metrics = [Metric("loss"), Metric("cost")]
    history = history_of(
        SPACE, [({"<x>": 0.5}, {"loss": 1.0, "cost": 2.0}), ({"<x>": 0.1}, {"loss": 2.0, "cost": 1.0})], metrics=metrics
    )

    assert "2 configurations beaten by no other in all metrics together (.history.pareto)" in card(history, "s")
    assert len(history.pareto) == 2


def test_the_style_touches_nothing_else_in_a_notebook():
    style = framed(tag("p", "text")).partition("<style>")[2].partition("</style>")[0]

    depth, outside = 0, ""
    for letter in style:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        outside += letter if depth == 0 else ""
    assert outside.strip(" }") == ".tunewright"


def test_choices_that_read_alike_are_told_apart(history_of):
    space = SearchSpace({"f": Categorical([1, 1.0])})

    assert "f</b> = 1.0<" in card(history_of(space, [({"f": 1}, 3.0), ({"f": 1.0}, 1.0)]), "study")
