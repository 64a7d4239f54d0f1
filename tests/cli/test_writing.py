import contextlib
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pytest

from tunewright.cli.writing import whole_file
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]


def read(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


@pytest.fixture
def study(folder: Path) -> Study:
    space = SearchSpace({"x": Float(0, 1), "mixed": Categorical([1, "one", [1, 2], None])})
    study = Study(space, Metric("loss"), storage="runs.db", name="größe")
    study.optimize(lambda live: 1 / 0 if live["x"] > 0.8 else live["x"], trials=10)
    return study


def test_csv_has_a_row_for_each_trial_and_exact_numbers(cli: Cli, study: Study) -> None:
    result = cli("export", "runs.db", "-o", "trials.csv")

    rows = list(csv.DictReader(io.StringIO(read("trials.csv"))))
    assert result.out == "trials.csv: 10 trials\n"
    assert [float(row["param.x"]) for row in rows] == [trial.params["x"] for trial in study.history.trials]
    assert {row["loss"] for row in rows if row["state"] == "failed"} == {""}
    assert {row["failure"] for row in rows if row["state"] == "failed"} == {"ZeroDivisionError: division by zero"}


def test_the_standard_output_gets_the_same(cli: Cli, study: Study) -> None:
    cli("export", "runs.db", "-o", "trials.csv")

    assert cli("export", "runs.db").out == read("trials.csv")
    assert cli("export", "runs.db", "--format", "json").json == cli("export", "runs.db", "--json").json


def test_json_keeps_every_value_as_it_is(cli: Cli, study: Study) -> None:
    cli("export", "runs.db", "-o", "trials.json")

    rows = json.loads(read("trials.json"))
    assert [row["param.mixed"] for row in rows] == [trial.params["mixed"] for trial in study.history.trials]


def test_parquet_keeps_numbers_and_writes_mixed_columns_as_json(cli: Cli, study: Study) -> None:
    result = cli("export", "runs.db", "-o", "trials.parquet", "--json")

    frame = pd.read_parquet("trials.parquet")
    assert result.json == {"path": "trials.parquet", "format": "parquet", "trials": 10, "study": "größe"}
    assert frame["param.x"].tolist() == [trial.params["x"] for trial in study.history.trials]
    assert frame["loss"].notna().sum() == study.history.completed
    for text, trial in zip(frame["param.mixed"], study.history.trials, strict=True):
        assert (None if text is None or text != text else json.loads(text)) == trial.params["mixed"]


def test_a_study_without_trials_has_columns_all_the_same(cli: Cli, folder: Path) -> None:
    Study(SearchSpace({"x": Float(0, 1)}), Metric("loss"), storage="empty.db")

    heads = next(csv.reader(io.StringIO(cli("export", "empty.db").out)))

    assert heads[:4] == ["number", "state", "loss", "param.x"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "trials.txt"], 2, "which format?"),
        (["--format", "parquet"], 2, "Name a file: -o trials.parquet"),
        (["--format", "csv", "--json"], 2, "Name a file for the CSV"),
        (["-o", "nowhere/trials.csv"], 3, "there is no folder nowhere"),
        (["-o", ".", "--format", "csv"], 3, "this is a folder"),
    ],
)
def test_what_cannot_be_written_is_said(cli: Cli, study: Study, arguments: list[str], code: int, message: str) -> None:
    result = cli("export", "runs.db", *arguments)

    assert result.code == code
    assert message in result.err


def test_a_file_is_replaced_when_the_new_one_is_whole_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old", encoding="utf-8")

    with contextlib.suppress(ZeroDivisionError), whole_file(path) as partial:
        partial.write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    kept = path.read_text(encoding="utf-8")
    with whole_file(path) as partial:
        partial.write_text("new", encoding="utf-8")

    assert kept == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["out.csv"]


def test_the_report_is_one_page_that_needs_no_network(cli: Cli, study: Study) -> None:
    result = cli("report", "runs.db", "-o", "page.html", "--title", "A & B")

    page = read("page.html")
    assert result.out == "page.html: open it in a browser\n"
    assert page.startswith("<!doctype html>")
    assert "A &amp; B" in page
    assert "größe" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)


def test_the_report_is_called_report_html(cli: Cli, study: Study, folder: Path) -> None:
    facts = cli("report", "runs.db", "--json").json

    assert facts["path"] == "report.html"
    assert facts["counts"]["trials"] == 10
    assert (folder / "report.html").stat().st_size > 1000


def test_a_dash_is_the_standard_output(cli: Cli, study: Study, folder: Path) -> None:
    page = cli("report", "runs.db", "-o", "-")
    markdown = cli("report", "runs.db", "--format", "md", "-o", "-")
    facts = cli("report", "runs.db", "--format", "json", "-o", "-", "--json")
    both = cli("report", "runs.db", "-o", "-", "--json")
    table = cli("export", "runs.db", "-o", "-")

    assert page.out.startswith("<!doctype html>")
    assert markdown.out.startswith("# ")
    assert json.loads(facts.out)["study"] == study.name
    assert "the standard output is JSON" in both.err
    assert table.out.startswith("number,state,")
    assert not (folder / "-").exists()


def test_a_report_can_be_markdown_or_json(cli: Cli, study: Study, folder: Path) -> None:
    cli("report", "runs.db", "--format", "md")
    cli("report", "runs.db", "--format", "json", "-o", "facts.json")

    assert "## Health checks" in (folder / "report.md").read_text(encoding="utf-8")
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert facts["insight"]["importance"]["metric"] == study.metrics[0].name
    assert "Health checks" not in (cli("report", "runs.db", "--quick"), (folder / "report.html").read_text(encoding="utf-8"))[1]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nobody can make a file")
def test_a_file_that_cannot_be_made_is_named_as_it_was_given(cli: Cli, study: Study, ending: str) -> None:
    refused = cli("export", "runs.db", "-o", f"/proc/trials.{ending}")

    assert refused.code == 3
    assert refused.err == f"tunewright: /proc/trials.{ending}: no file can be made in this folder\n"


def test_an_error_about_another_file_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.csv"), whole_file(tmp_path / "mine.csv"):
        (tmp_path / "other.csv").read_text(encoding="utf-8")

    assert list(tmp_path.iterdir()) == []
