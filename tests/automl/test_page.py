import math
import re
import shlex
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from sklearn import datasets

from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.automl import TuneRequest, TuneResult, report_extras, tune
from tunewright.automl.scores import Difference, Score
from tunewright.study import Study


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> TuneResult:
    folder = tmp_path_factory.mktemp("page")
    frame: pd.DataFrame = datasets.load_iris(as_frame=True).frame
    frame.to_csv(folder / "iris <b>.csv", index=False)
    request = TuneRequest(
        data=str(folder / "iris <b>.csv"),
        target="target",
        trials=2,
        models=("linear", "knn"),
        cv=2,
        workers=1,
        out=str(folder / "out"),
    )
    return tune(request)


def test_a_page_shows_what_the_result_knows(result: TuneResult) -> None:
    extras = report_extras(result)

    assert [score.value for score in extras.test] == [result.test.winner.value, result.test.baseline.value]
    assert extras.gap == result.gap.sentence
    assert ("classes", "0 (50), 1 (50), 2 (50)") in extras.facts
    assert len(extras.tables[0].rows) == 6
    assert any(f"predict {result.paths.model}" in command for _, command in extras.commands)


def test_no_two_facts_have_one_name_and_nothing_is_said_twice(result: TuneResult) -> None:
    page = Path(result.paths.report).read_text(encoding="utf-8")

    names = re.findall(r"<dt>(.*?)</dt>", page.partition("<h2>What was searched</h2>")[2].partition("</dl>")[0])
    assert len(names) == len(set(names))
    assert not {"metric", "metrics"} <= set(names)
    assert page.count("never saw: 30 rows, with 95 % intervals") == 2  # the caption, and what it is called for who cannot see


def test_a_default_that_could_not_be_fitted_has_no_row(result: TuneResult) -> None:
    lost = msgspec.structs.replace(result.test, default=Score(value=None, low=None, high=None))

    extras = report_extras(msgspec.structs.replace(result, recommended="winner", test=lost))

    assert [score.value for score in extras.test] == [result.test.winner.value, result.test.baseline.value]


def test_where_the_model_may_be_of_no_use_the_page_says_that_alone(result: TuneResult) -> None:
    said = "It may be of no use."
    floor = Difference(value=-0.1, low=-0.3, high=0.1, better=0.2, sentence="")
    test = msgspec.structs.replace(result.test, floor=floor)

    assert report_extras(msgspec.structs.replace(result, advice=said, test=test)).verdict == said
    assert report_extras(msgspec.structs.replace(result, advice="Far from the baseline.")).verdict != "Far from the baseline."


def test_where_the_default_was_kept_the_page_says_so_first_and_compares_it_with_nothing(result: TuneResult) -> None:
    assert result.recommended == "default"
    page = Path(result.paths.report).read_text(encoding="utf-8")

    assert page.index("Nothing that was tried is better than the default beyond luck") < page.index("<section>")
    assert f"trial {result.winner.trial}, of 2 completed · in the model file" in page
    assert "As good as the default" not in page
    assert "interval 0 to 0" not in page


def test_where_another_was_kept_it_stands_beside_the_default(result: TuneResult) -> None:
    extras = report_extras(msgspec.structs.replace(result, recommended="winner"))

    assert [score.value for score in extras.test] == [
        result.test.winner.value,
        result.test.default.value,
        result.test.baseline.value,
    ]
    assert extras.test[0].name.startswith("the winner (")
    assert not extras.verdict


def test_a_gain_is_positive_when_the_winner_is_better(result: TuneResult) -> None:
    gain = report_extras(msgspec.structs.replace(result, recommended="winner")).gain
    found = result.test.difference

    assert gain is not None
    assert found.value is not None
    assert gain.gain == -found.value  # log loss: smaller is better
    assert gain.low <= gain.gain <= gain.high
    assert not math.isnan(gain.low)


def test_the_page_is_the_one_that_was_written(result: TuneResult) -> None:
    history = Study.load(result.paths.study).history

    page = report(history, title="target: iris <b>.csv", extras=report_extras(result), insight=insight(history))

    assert Path(result.paths.report).read_text(encoding="utf-8") == page
    for heading in ("What mattered", "Health checks", "What to do next", "What was searched", "How to go on"):
        assert f"<h2>{heading}</h2>" in page
    assert "iris &lt;b&gt;.csv" in page


def test_the_command_that_goes_on_goes_on(result: TuneResult) -> None:
    command = shlex.split(dict(report_extras(result).commands)["search on"])

    assert {"--resume", "--cv=2", "--models=linear,knn", f"--out={result.request.out}"} <= set(command)
    assert command[2] == result.request.data
    assert not any(word.startswith("--seed") for word in command)


def test_a_result_prints_and_shows_in_a_notebook_what_the_command_says(result: TuneResult) -> None:
    lines, html = repr(result).splitlines(), result._repr_html_()

    assert lines[0] == "log_loss on 30 rows that the search never saw (minimize; 95 % interval)"
    assert [line.split()[0] for line in lines[1:4]] == ["winner", "default", "baseline"]
    assert result.test.winner.text in lines[1]
    assert f"<td>{result.test.baseline.text}</td>" in html
    assert result.advice in lines
    assert len(lines) < 20
    assert 'study "iris &lt;b&gt;" in' in html.replace("&quot;", '"')
    assert "iris <b>" not in html


def test_a_password_is_not_shown(result: TuneResult) -> None:
    paths = msgspec.structs.replace(result.paths, study="postgresql://me:secret@host/tunes")

    found = msgspec.structs.replace(result, paths=paths)

    assert "secret" not in repr(found) + found._repr_html_()
    assert "@host/tunes" in repr(found)
