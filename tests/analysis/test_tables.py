import re
from collections.abc import Callable

from tunewright.analysis.facts import ReportExtras, Score
from tunewright.analysis.markup import tag
from tunewright.analysis.summary import Cause, causes, ranked, ranking
from tunewright.analysis.tables import best_table, failure_list, pareto_table, score_table, space_table, table
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace
from tunewright.trial import Failure

HistoryOf = Callable[..., History]
SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True, default=1e-3),
        "opt": Categorical(["sgd", "adam"]),
        "momentum": Float(0, 0.9, default=0.5),
    },
    when={"momentum": "opt == 'sgd'"},
)
DEFAULT = {"lr": 1e-3, "opt": "sgd", "momentum": 0.5}
BETTER = {"lr": 1e-2, "opt": "adam"}


def test_a_table_has_headings_for_its_columns_and_rows() -> None:
    page = table(["name", "#value"], [tag("tr", tag("th", "a", scope="row"), tag("td", "1"))], "What it shows")

    assert '<th scope="col">name</th>' in page
    assert '<th scope="col" class="number">value</th>' in page
    assert "<caption><span>What it shows</span></caption>" in page


def test_a_long_heading_may_be_broken() -> None:
    page = table(["b" * 31, "#" + "m" * 200, "#" + "s" * 30], [], "What it shows")

    assert f'<th scope="col" class="long">{"b" * 31}</th>' in page
    assert f'<th scope="col" class="number long">{"m" * 200}</th>' in page
    assert f'<th scope="col" class="number">{"s" * 30}</th>' in page


def test_the_default_stands_beside_the_best_even_far_behind(history_of: HistoryOf) -> None:
    trials = [(DEFAULT, [5.0, 6.0]), *[({**BETTER, "lr": 10.0 ** -(i % 4 + 1)}, [float(i), i + 1.0]) for i in range(3)]]
    history = history_of(SPACE, trials, notes={0: "default"})

    page = best_table(ranking(history, 2), ranked(history, history.trial(0)), Metric("loss"))

    assert page.count("<tr") == 1 + 2 + 1 + 1  # heading, the two best, the default, the ruler
    assert '<th scope="row">4</th>' in page
    assert '<span class="note">default</span>' in page
    assert "0.50 ± 0.71" in page
    assert "momentum" in page


def test_where_some_met_fewer_folds_the_table_says_how_many_and_marks_the_winner(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(DEFAULT, [5.0, 6.0]), (BETTER, [1.0])])

    page = best_table(ranking(history), None, Metric("loss"), winner=0)

    assert '<th scope="col" class="number">measured</th>' in page
    assert page.count('<tr class="winner"><th scope="row">') == 1
    assert "measured</th>" not in best_table(ranking(history, 1), None, Metric("loss"))


def test_without_folds_there_is_no_column_for_them(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(DEFAULT, 1.0)])

    assert "each measurement" not in best_table(ranking(history), None, Metric("loss"))


def test_a_configuration_of_a_hundred_parameters_is_folded(history_of: HistoryOf) -> None:
    space = SearchSpace({f"p{i}": Float(0, 1) for i in range(100)})
    history = history_of(space, [(space.default, 1.0)])

    assert "92 more" in best_table(ranking(history), None, Metric("loss"))
    assert "60 more hyperparameters" in space_table(history)


def test_the_space_is_told_in_words(history_of: HistoryOf) -> None:
    space = SearchSpace({**SPACE.parameters, "layers": Int(2, 8, step=2), "bias": Bool()}, when={"momentum": "opt == 'sgd'"})

    page = space_table(history_of(space, []))

    assert "1×10⁻⁵ to 0.1" in page
    assert ">log</td>" in page
    assert "2 to 8, step 2" in page
    assert "sgd, adam" in page
    assert "false, true" in page
    assert "always" in page
    assert "opt" in page


def test_many_choices_are_counted(history_of: HistoryOf) -> None:
    space = SearchSpace({"word": Categorical([f"w{i}" for i in range(1000)])})

    assert "w11, … (1,000 choices)" in space_table(history_of(space, []))


def test_test_scores_share_a_scale_and_one_without_interval_says_so() -> None:
    page = score_table(
        ReportExtras(test=(Score("tuned", 0.9, 0.8, 0.95), Score("other", 0.5)), test_note="114 rows"), Metric("auc", "maximize")
    )

    assert "0.80 to 0.95" in page
    assert "114 rows" in page
    assert page.count('class="strip"') == 2


def test_failures_are_counted_and_their_traceback_is_folded(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(DEFAULT, Failure("exception", "ValueError: <b>", "line 1\nValueError: <b>"))] * 3)

    page = failure_list(causes(history))

    assert "<b>3 ×</b>" in page
    assert "ValueError: &lt;b&gt;" in page
    assert "<details><summary>traceback of the first</summary>" in page


def test_a_very_long_traceback_keeps_its_end() -> None:
    page = failure_list([Cause("exception", "m", (1,), "x" * 50_000 + "the end")] * 40)

    assert "characters left out" in page
    assert "the end" in page
    assert "and 10 more messages" in page
    assert len(page) < 400_000


def test_the_pareto_table_has_a_column_for_each_metric(history_of: HistoryOf) -> None:
    metrics = [Metric("loss"), Metric("seconds")]
    history = history_of(SPACE, [(BETTER, {"loss": 1.0, "seconds": 2.0})] * 2, metrics=metrics)

    page = pareto_table(history, history.pareto, limit=1)

    assert ">loss</th>" in page
    assert ">seconds</th>" in page
    assert "the first 1 of 2" in page


def test_choices_that_read_alike_are_told_apart(history_of: HistoryOf) -> None:
    space = SearchSpace({"f": Categorical([1, 1.0], default=1.0)})
    history = history_of(space, [({"f": 1.0}, 1.0)])

    assert " = 1.0<" in pareto_table(history, [history.trial(0)])
    assert " = 1.0<" in best_table(ranking(history), None, Metric("loss"), exact=("f",))
    assert ">1.0</td>" in space_table(history)


def test_no_two_columns_are_headed_time(history_of: HistoryOf) -> None:
    metrics = [Metric("loss"), Metric("time")]
    history = history_of(SPACE, [(DEFAULT, {"loss": 1.0, "time": 2.0})], metrics=metrics)

    heads = re.findall(r"<th[^>]*>([^<]*)</th>", str(pareto_table(history, list(history.pareto))))

    assert heads.count("time") == 1
    assert "took" in heads
