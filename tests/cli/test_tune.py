import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from tunewright.automl.records import TuneResult
from tunewright.cli import tune as command
from tunewright.cli.commands import group
from tunewright.errors import NoResult, NothingFinished
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]

FAST = ("--models", "linear,knn", "--cv", "3", "--workers", "1")


@pytest.fixture
def data(folder: Path) -> Path:
    """120 rows, two columns that tell the class and one that does not."""
    rng = np.random.default_rng(0)
    kind = np.repeat(["ill", "well"], 60)
    shift = np.where(kind == "ill", 1.5, 0.0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=120) + shift, "b": rng.normal(size=120) - shift, "c": rng.choice(["x", "y"], 120), "kind": kind}
    )
    frame.to_csv(folder / "patients.csv", index=False)
    return folder / "patients.csv"


def test_a_table_goes_in_and_a_tuned_model_comes_out(cli: Cli, data: Path) -> None:
    result = cli("tune", data.name, "--target", "kind", "--trials", "4", *FAST)

    folder = data.parent / "tunewright-patients"
    assert result.code == 0, result.err
    assert {"model.skops", "report.html", "study.db"} <= {path.name for path in folder.iterdir()}
    assert re.search(
        r"^tuning  kind · 96 rows × \d+ columns · classification \(2 classes\) · roc_auc, 3 folds", result.err, re.MULTILINE
    )
    assert re.search(r"^ 4 of 4 trials   best 0\.\d+ ± 0\.\d+ \((linear|knn), trial \d\)", result.err, re.MULTILINE)
    assert "\x1b" not in result.err + result.out
    assert "roc_auc on 24 rows that the search never saw" in result.out
    assert re.search(r"over (3 fits|\d fits \(3 folds, and \d on rows divided anew, to confirm it\)), of 4", result.out)
    for what in ("winner", "default", "baseline", "model   tunewright-patients", "report  tunewright-patients", "study   "):
        assert what in result.out
    assert "next    tunewright predict tunewright-patients/model.skops new.csv -o predictions.csv" in result.out


def test_what_is_left_out_is_said_before_the_search(cli: Cli, data: Path) -> None:
    frame = pd.read_csv(data)
    frame = frame.assign(row=range(len(frame)), unit="mg", empty=None, kind=frame["kind"].where(frame.index % 20 > 0))
    frame.to_csv("odd.csv", index=False)

    result = cli("tune", "odd.csv", "--target", "kind", "--trials", "1", *FAST)
    quiet = cli("tune", "odd.csv", "--target", "kind", "--trials", "1", *FAST, "-q", "-o", "quiet")

    assert " noted   6 rows have no value in the target and are left out.\n" in result.err
    assert (
        ' noted   columns not used: "row" (only tells rows apart); "unit" (one value in every row); "empty" (no value)\n'
        in result.err
    )
    assert "· 1 trial\n" in result.err
    assert "of 1 configuration\n" in result.out
    assert quiet.err.startswith("tunewright: note: 6 rows have no value in the target and are left out.\n")
    assert "noted" not in quiet.err
    assert "columns not used" not in quiet.err
    assert "of the class" not in result.out  # roc_auc is the same for both


def test_a_class_that_is_too_rare_is_told_without_progress_and_the_class_that_is_judged_with_the_scores(
    cli: Cli, data: Path
) -> None:
    frame = pd.read_csv(data)
    frame.loc[:2, "kind"] = "unsure"
    frame.to_csv("rare.csv", index=False)

    result = cli("tune", "rare.csv", "--target", "kind", "--trials", "1", *FAST, "-q", "--metric", "f1", "--json")
    again = cli("tune", "rare.csv", "--target", "kind", "--trials", "1", *FAST, "-q", "--metric", "f1", "--resume")

    for each in (result, again):
        assert 'cannot be learned and judged, and are left out: "unsure" (3)' in each.err
    assert result.json["task"]["positive"] == "well"
    assert again.out.count('f1 of the class "well" on 23 rows that the search never saw') == 1


def test_a_score_without_an_interval_says_why(cli: Cli, folder: Path) -> None:
    a = np.linspace(-1, 1, 60)
    pd.DataFrame({"a": a + 3 * np.sign(a), "kind": np.where(a > 0, "ill", "well")}).to_csv(folder / "apart.csv", index=False)

    result = cli("tune", "apart.csv", "--target", "kind", "--trials", "1", *FAST)

    assert re.search(r"^  winner    1\.000   \w", result.out, re.MULTILINE), result.out
    assert "the rows are too few for an interval" in " ".join(result.out.split())


def test_on_a_narrow_terminal_nothing_runs_over_the_edge(cli: Cli, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    result = cli("tune", data.name, "--target", "kind", "--trials", "2", *FAST)

    scores, *_ = result.out.partition("model   ")
    assert max(map(len, scores.splitlines())) <= 40
    assert "\n            " in scores  # what stands under a name goes on there
    assert "…" not in scores
    assert "\N{MINUS SIGN}" not in scores


def test_with_json_the_whole_result_is_the_document(cli: Cli, data: Path) -> None:
    result = cli("tune", data.name, "--target", "kind", "--trials", "3", *FAST, "--json", "--out", "here", "--metric", "log_loss")

    document = result.json
    assert set(document) == set(TuneResult.__struct_fields__)
    assert document["metric"]["goal"] == "minimize"
    assert document["budget"]["ended"] == "trials"
    assert document["counts"]["completed"] == 3
    assert json.loads((data.parent / "here" / Path(document["paths"]["result"]).name).read_text(encoding="utf-8")) == document


def test_a_study_that_is_there_is_not_touched_unless_resumed(cli: Cli, data: Path) -> None:
    line = ("tune", data.name, "--target", "kind", *FAST, "--out", "here", "-q")
    cli(*line, "--trials", "3")

    refused = cli(*line, "--trials", "5")
    resumed = cli(*line, "--trials", "5", "--resume")

    assert refused.code == 2
    assert "To go on with it, say --resume" in refused.err
    assert resumed.code == 0
    assert Study.load("here/study.db").history.finished == 5


def test_the_study_can_live_elsewhere(cli: Cli, data: Path) -> None:
    result = cli(
        "tune", data.name, "--target", "kind", "--trials", "3", *FAST, "--study", "runs.db", "--name", "mine", "-q", "--json"
    )

    assert result.json["paths"]["name"] == "mine"
    assert cli("best", "runs.db", "--json").json["params"] == result.json["winner"]["params"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["patients.csv", "--target", "kin"], 'Did you mean "kind"'),
        (["patient.csv", "--target", "kind"], 'Did you mean "patients.csv"'),
        (["patients.csv"], "--target"),
        (["patients.csv", "--target", "kind", "--metric", "r2"], "r2"),
        (["patients.csv", "--target", "kind", "--models", "forrest"], "forest"),
        (["patients.csv", "--target", "kind", "--models", ","], "names no family of models"),
        (["patients.csv", "--target", "kind", "--time", "soon"], "Write for example 60s"),
        (["patients.csv", "--target", "kind", "--cv", "1"], "--cv"),
        (["patients.csv", "--target", "kind", "--test", "1.5"], "test"),
        (["patients.csv", "--target", "kind", "--task", "clustering"], "clustering"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(cli: Cli, data: Path, arguments: list[str], message: str) -> None:
    result = cli("tune", *arguments, "-q")

    assert result.code == 2
    assert result.out == ""
    assert message in result.err
    assert "Traceback" not in result.err


def test_every_option_of_the_main_job_is_there() -> None:
    options = {option for parameter in group().get_command(None, "tune").params for option in parameter.opts}

    assert options >= {
        "--target", "--metric", "--time", "--trials", "--models", "--cv", "--groups", "--time-order", "--test", "--workers",
        "--seed", "--out", "--study", "--name", "--task", "--copies", "--resume", "--json",
    }  # fmt: skip


@contextmanager
def started(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`tunewright tune` in a process of its own, which does not outlive the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tunewright", "tune", *options],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_ctrl_c_ends_the_search_and_keeps_the_best_so_far(data: Path) -> None:
    with started(data.parent, data.name, "--target", "kind", "--time", "1h", *FAST) as process:
        study, end = data.parent / "tunewright-patients" / "study.db", time.monotonic() + 90
        while time.monotonic() < end and not (study.exists() and Study.load(str(study)).history.completed >= 2):
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    assert process.returncode == 130, err
    assert (data.parent / "tunewright-patients" / "model.skops").exists()
    assert "winner" in out
    assert "interrupted" in err


@pytest.mark.slow
def test_ctrl_c_before_anything_was_finished_is_an_interruption(data: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(8000, 40))).add_prefix("x")
    frame.assign(y=frame["x0"] + rng.normal(size=8000)).to_csv(data.parent / "slow.csv", index=False)
    with started(data.parent, "slow.csv", "--target", "y", "--models", "forest", "--workers", "1", "--json") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("tuning"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    assert process.returncode == 130, err
    assert "tunewright: interrupted: " in err
    assert "--resume" in err
    assert json.loads(out)["error"] == {
        "type": "Interrupted", "message": err.split("tunewright: ")[1].rstrip("\n"), "exit": 130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (NoResult("The winner could not be fitted: MemoryError."), 1, "MemoryError. The search was interrupted; what was"),
        (NothingFinished("No configuration was finished."), 130, "tunewright: interrupted: what was finished"),
    ],
)
def test_ctrl_c_hides_no_failure(
    cli: Cli, data: Path, monkeypatch: pytest.MonkeyPatch, error: NoResult, code: int, says: str
) -> None:
    def stopped(*_: object, listeners: list[Any], **__: object) -> None:
        listeners[0].__self__.began = True
        before = signal.signal(signal.SIGINT, lambda *_: None)
        signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
        raise error

    monkeypatch.setattr(command, "tune_table", stopped)

    result = cli("tune", str(data), "--target", "kind")

    assert result.code == code
    assert says in result.err
    assert "--resume" in result.err
