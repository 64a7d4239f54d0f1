"""Whatever the state of a study, every question gets an answer: a clear sentence, or numbers with honest intervals."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import tunewright as tw
from tunewright import analysis, plots
from tunewright.analysis.guidance import markdown
from tunewright.analysis.importances import Method
from tunewright.analysis.insight import insight, json_of
from tunewright.analysis.report import report
from tunewright.errors import NoResult, StudyError
from tunewright.findings import Findings
from tunewright.history import History
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal

PAIR = SearchSpace({"x": Float(0, 1), "y": Int(1, 5)})
CONDITIONAL = SearchSpace(
    {"lr": Float(1e-4, 1e-1, log=True), "opt": Categorical(["adam", "sgd"]), "momentum": Float(0, 1)},
    when={"momentum": param("opt") == "sgd"},
)
LOSS = (tw.Metric("loss"),)
TWO = (tw.Metric("loss"), tw.Metric("cost"))


class Held(Findings):
    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def history(self) -> History:
        return self._history


def told(space: SearchSpace, values: list[Any], metrics: tuple[tw.Metric, ...] = LOSS) -> History:
    """Trials drawn at random; None is a failure, "running" has no value yet."""
    journal, rng = Journal(space, metrics), np.random.default_rng(0)
    for value in values:
        trial = journal.ask(space.params(space.sample_rows(rng, 1)[0]))
        if value is None:
            journal.fail(trial)
        elif value != "running":
            journal.tell(trial, value)
    return journal.history


def edited() -> History:
    """The space was edited so that no trial is inside any more."""
    study = tw.Study({"x": Float(0, 1)})
    for x in (0.1, 0.2, 0.3, 0.4, 0.15, 0.25):
        study.enqueue({"x": x})
    study.optimize(lambda params: params["x"], trials=6)
    study.edit({"x": Float(5, 6)})
    return study.history


WAVE = [round(2 + math.sin(7.0 * i), 3) for i in range(12)]
CASES: dict[str, Callable[[], History]] = {
    "no trial": lambda: told(PAIR, []),
    "running": lambda: told(PAIR, ["running", "running"]),
    "one trial": lambda: told(PAIR, [1.0]),
    "two trials": lambda: told(PAIR, [1.0, 2.0]),
    "all failed": lambda: told(PAIR, [None] * 6),
    "mostly failed": lambda: told(PAIR, [None, 1.0, None, None, 2.0, None, 3.0, None, 1.5, 0.5]),
    "one parameter": lambda: told(SearchSpace({"x": Float(0, 1)}), [3.0, 1.0, 2.0, 0.5, 4.0]),
    "one configuration": lambda: told(SearchSpace({"x": Categorical(["this"])}), [3.0, 1.0, 2.0, 0.5, 4.0]),
    "constant": lambda: told(PAIR, [1.0] * 6),
    "only choices": lambda: told(SearchSpace({"a": Categorical(["u", "v", "w"]), "b": Bool()}), WAVE),
    "500 parameters": lambda: told(SearchSpace({f"x{j}": Float(0, 1) for j in range(500)}), WAVE),
    "conditional": lambda: told(CONDITIONAL, [*WAVE, None]),
    "far apart": lambda: told(PAIR, [1e300, 1.0, -1e300, 2.0, 3.0, 1e-300]),
    "a metric without values": lambda: told(PAIR, [{"loss": value, "cost": math.nan} for value in WAVE], TWO),
    "an objective without values": lambda: told(PAIR, [{"loss": math.nan, "cost": value} for value in WAVE], TWO),
    "infinite": lambda: told(PAIR, [math.inf, 1.0, 2.0, math.inf, 0.5, 3.0, -math.inf]),
    "two objectives": lambda: told(PAIR, [{"loss": value, "cost": 5 - value} for value in WAVE], TWO),
    "no longer inside": edited,
}  # fmt: skip

QUESTIONS: dict[str, Callable[[Held], Any]] = {
    **{f"importance by {method}": lambda held, method=method: held.importance(method) for method in get_args(Method)},
    **{f"importance by {method} of the top": lambda held, method=method: held.importance(method, "top 10 %") for method in get_args(Method)},
    "effects": lambda held: held.effects(),
    "effect of one": lambda held: held.effects(held.history.space.names[0]),
    "effect of two": lambda held: held.effects(*held.history.space.names[:2]),
    "tunability": lambda held: held.tunability(),
    "health": lambda held: held.health(),
    "value of continuing": lambda held: held.value_of_continuing(),
    "the next round": lambda held: held.refine(),
    "the next round, frozen": lambda held: held.refine(freeze=True),
    "sensitivity": lambda held: held.sensitivity(),
    "overfitting": lambda held: held.overfitting(),
    "winner": lambda held: held.winner(),
    "comparison with itself": lambda held: analysis.compare([held.history], [held.history], margin=0.1),
    "comparison of repeated seeds": lambda held: analysis.compare([held.history] * 3, [held.history] * 3),
}  # fmt: skip
PLOTS: dict[str, Callable[[History], plots.Picture]] = {
    "history": lambda history: plots.history(history, backend="data"),
    "history of two": lambda history: plots.history([history, history], backend="data"),
    "slices": lambda history: plots.slices(history, backend="data"),
    "contour": lambda history: plots.contour(history, *history.space.names[:2], backend="data"),
    "rank": lambda history: plots.rank(history, *history.space.names[:2], backend="data"),
    "parallel": lambda history: plots.parallel(history, backend="data"),
    "importance": lambda history: plots.importance(history, "ped-anova", backend="data"),
    "interactions": lambda history: plots.interactions(history, backend="data"),
    "effects": lambda history: plots.effects(history, backend="data"),
    "timeline": lambda history: plots.timeline(history, backend="data"),
    "learning curves": lambda history: plots.learning_curves(history, backend="data"),
    "distribution": lambda history: plots.distribution(history, backend="data"),
    "folds": lambda history: plots.folds(history, backend="data"),
    "pareto": lambda history: plots.pareto(history, backend="data"),
    "comparison": lambda history: plots.comparison({"a": [history] * 2, "b": [history] * 2}, backend="data"),
}
NOTHING = re.compile(r"\b(nan|NaN|None(?! of)|inf)\b")
"""What no sentence should contain."""


def answer_of(ask: Callable[[Any], Any], asked: Any) -> Any:
    """The answer, or the sentence of an error that a study may raise."""
    try:
        return ask(asked)
    except (NoResult, StudyError) as error:
        return str(error)


@pytest.mark.parametrize("case", CASES)
def test_every_question_is_answered_by_a_sentence_or_by_numbers_with_honest_intervals(case: str) -> None:
    held = Held(CASES[case]())
    few = int(np.isfinite(held.history.losses[held.history.usable, 0]).sum()) < 4

    found = {name: answer_of(ask, held) for name, ask in QUESTIONS.items()}

    assert sum(isinstance(answer, str) for answer in found.values()) <= 3  # no winner, nothing to compare
    for name, answer in found.items():
        said = answer.sentence if isinstance(answer, analysis.Winner) else repr(answer)
        assert said, name
        assert not NOTHING.search(said), f"{name}: {said}"
        if isinstance(answer, analysis.Importance):
            together = [*answer.shares, *answer.interactions]
            assert all(-1 <= each.low <= each.value <= each.high <= 1 for each in together), name
            assert together or answer.remarks, name
            if answer.fit.r2 <= 0:  # a model that is no better than the mean knows nothing
                assert all(each.low <= 0 and each.high == 1 for each in together), name
        if few and isinstance(answer, analysis.Importance | analysis.Effects | analysis.Tunability | analysis.Prospect):
            assert "completed trial" in answer.remarks[0], name
            assert not any(getattr(answer, part, None) for part in ("shares", "found", "whole")), name


@pytest.mark.parametrize("case", CASES)
def test_every_plot_shows_marks_or_says_why_it_does_not(case: str) -> None:
    history = CASES[case]()
    drawn = {name: draw for name, draw in PLOTS.items() if name not in {"contour", "rank"} or len(history.space) > 1}

    found = {name: answer_of(draw, history) for name, draw in drawn.items()}

    assert {name for name, picture in found.items() if isinstance(picture, str)} <= {"pareto"}  # one metric has no trade-off
    for name, picture in found.items():
        if isinstance(picture, str):
            continue
        assert picture.title, name
        assert all(bool(panel.marks) or panel.note.endswith(".") for panel in picture.panels), name
        assert not any(panel.marks for panel in picture.panels) or picture.caption.endswith((".", ")")), name
        text = " ".join([picture.title, picture.caption, *(panel.note for panel in picture.panels)])
        assert not NOTHING.search(text), f"{name}: {text}"


@pytest.mark.parametrize("case", CASES)
def test_every_report_is_whole(case: str) -> None:
    history = CASES[case]()

    known = insight(history)
    page = report(history, title="A study", insight=known)

    told = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert not NOTHING.search(told)
    assert not NOTHING.search(markdown(history, "A study", known))
    assert [level for level in re.findall(r"<h([1-6])", page) if int(level) > 3] == []
    assert not re.search(r"\b(nan|inf)\b", " ".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)))
    assert json.loads(json_of(known))["health"]["n"] == history.finished


def test_whatever_holds_a_history_can_be_asked() -> None:
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for x in (0.9, 0.2, 0.6):
        journal.tell(journal.ask({"x": x}), x)

    assert Held(journal.history).best.params == {"x": 0.2}
    assert Held(journal.history).winner().raw == 0.2


def test_a_report_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    study = tw.Study({"x": Float(0, 1)})

    path = study.report(tmp_path / "page.html", title="Nothing yet")

    assert "<h1>Nothing yet</h1>" in path.read_text(encoding="utf-8")


def test_how_many_neighbours_are_tried_may_be_a_number_of_numpy() -> None:
    study = tw.Study(PAIR, sampler=tw.samplers.Random())

    assert study.sensitivity(around=np.int64(1)).trial == -1  # there is no winner yet
    for wrong in (-1, 1.0, True):
        with pytest.raises(StudyError, match="around must be a whole number, 0 or more, got"):
            study.sensitivity(around=wrong)


def test_a_notebook_shows_what_is_printed_and_runs_nothing_of_it():
    name, choice = "<script>alert(1)</script>", "<img src=x onerror=alert(1)>"
    space = SearchSpace({name: Categorical([choice, "b & c"]), "x": Float(0, 1, default=0.5)})
    study = tw.Study(space, tw.Metric("<b>loss"), scheduler=tw.schedulers.Once(seeds=2))
    study.enqueue({}, note="<i>default")

    def train(live: tw.LiveTrial) -> dict[str, float]:
        loss = (live.params["x"] - 0.3) ** 2 + (live.params[name] == choice) + 0.01 * live.rng.normal()
        return {"<b>loss": loss, "train_<b>loss": 0.9 * loss}

    study.optimize(train, trials=30)
    results = [
        study.winner(), study.effects(), study.effects("x")["x"], study.tunability(), study.value_of_continuing(), study.refine(),
        study.sensitivity(), study.generalization(), study.overfitting(), study.lineage(),
        analysis.compare(study.history, study.history, names=("<u>A", "B")),
    ]  # fmt: skip

    for found in results:
        html = found._repr_html_()
        said = Counter(re.findall(r"[\w.]+", unescape(re.sub(r"<[^>]*>", " ", html.partition("</style>")[2]))))
        printed = Counter(re.findall(r"[\w.]+", repr(found)))
        assert not [word for word in printed - said if re.search(r"\d", word)]  # every number
        assert not re.search("<(script|img|u>|i>|b>loss)", html)


@pytest.mark.parametrize("seed", ["a", -1, 1.5, None, True])
@pytest.mark.parametrize("few", [2, 30])
@pytest.mark.parametrize(
    "asked",
    [
        analysis.importance,
        analysis.effects,
        analysis.tunability,
        analysis.prospect,
        analysis.sensitivity,
        analysis.refine,
        lambda history, seed: plots.contour(history, seed=seed, backend="data"),
    ],
)
def test_a_seed_that_is_none_is_refused_in_a_sentence(asked, few, seed):
    history = told(PAIR, [float(i % 7) for i in range(few)])

    with pytest.raises(StudyError, match=f"seed must be a whole number, 0 or more, got {seed!r}"):
        asked(history, seed=seed)


def test_a_seed_of_numpy_is_a_seed():
    history = told(PAIR, [float(i % 7) for i in range(30)])

    assert repr(analysis.importance(history, seed=np.int64(3))) == repr(analysis.importance(history, seed=3))
