import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from tunewright.automl.records import TuneRequest
from tunewright.automl.tune import tune

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of "kind" from a and b, and new rows."""
    folder = tmp_path_factory.mktemp("tuned")
    rng = np.random.default_rng(0)
    kind = np.repeat(["ill", "well"], 60)
    shift = np.where(kind == "ill", 3.0, -3.0)
    frame = pd.DataFrame({"a": rng.normal(size=120) + shift, "b": rng.choice(["x", "y"], 120), "kind": kind})
    frame.to_csv(folder / "old.csv", index=False)
    pd.DataFrame({"patient": [7, 8, 9], "a": [3.0, -3.0, 2.5], "b": ["x", "y", "x"]}).to_csv(folder / "new.csv", index=False)
    tune(TuneRequest(data=str(folder / "old.csv"), target="kind", trials=2, models=("linear",), cv=3, workers=1, out=str(folder)))
    return folder


def test_rows_are_predicted_into_a_file(cli: Cli, tuned: Path) -> None:
    result = cli("predict", tuned / "model.skops", tuned / "new.csv", "-o", "out.csv")

    frame = pd.read_csv("out.csv")
    assert result.code == 0, result.err
    assert result.out == "out.csv: 3 predictions of kind\n"
    assert list(frame.columns) == ["prediction", "probability ill", "probability well"]
    assert frame["prediction"].tolist() == ["ill", "well", "ill"]
    assert np.allclose(frame.iloc[:, 1:].sum(axis=1), 1)


def test_the_standard_output_gets_the_same_rows(cli: Cli, tuned: Path) -> None:
    text = cli("predict", tuned / "model.skops", tuned / "new.csv").out
    document = cli("predict", tuned / "model.skops", tuned / "new.csv", "--json").json

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["prediction"] for row in rows] == ["ill", "well", "ill"]
    assert [row["prediction"] for row in document["predictions"]] == ["ill", "well", "ill"]
    assert document["rows"] == 3


def test_one_number_that_is_too_large_costs_no_other_row(cli: Cli, tuned: Path) -> None:
    pd.DataFrame({"a": [3.0, 1e300, 2.5], "b": ["x", "y", "x"]}).to_csv("huge.csv", index=False)

    result = cli("predict", tuned / "model.skops", "huge.csv", "--json")

    assert result.code == 0, result.err
    assert [row["prediction"] for row in result.json["predictions"]][::2] == ["ill", "ill"]
    assert 'note: Column "a": 1 row holds a number that no model can use' in result.err


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_the_ending_says_the_format(cli: Cli, tuned: Path, ending: str) -> None:
    result = cli("predict", tuned / "model.skops", tuned / "new.csv", "-o", f"out.{ending}", "--json")

    readers: dict[str, Callable[[str], pd.DataFrame]] = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}
    assert result.json["rows"] == 3
    assert readers[ending](f"out.{ending}")["prediction"].tolist() == ["ill", "well", "ill"]


def test_the_columns_of_the_data_can_come_along(cli: Cli, tuned: Path) -> None:
    text = cli("predict", tuned / "model.skops", tuned / "new.csv", "--with-data").out

    assert next(csv.reader(io.StringIO(text)))[:4] == ["patient", "a", "b", "prediction"]


def test_columns_that_do_not_fit_are_named(cli: Cli, tuned: Path, folder: Path) -> None:
    (folder / "other.csv").write_text("a,bee\n1,x\n", encoding="utf-8")

    result = cli("predict", tuned / "model.skops", "other.csv", "-o", "out.csv")

    assert result.code == 2
    assert '"b"' in result.err
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        ("nothing.skops", "new.csv", "nothing.skops"),
        ("new.csv", "new.csv", "not a model file"),
        ("model.skops", "nothing.csv", "nothing.csv"),
    ],
)
def test_what_is_not_there_or_no_model_is_said(cli: Cli, tuned: Path, model: str, data: str, message: str) -> None:
    result = cli("predict", tuned / model, tuned / data)

    assert result.code == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1


def test_a_column_of_the_data_called_prediction_is_kept(cli: Cli, tuned: Path) -> None:
    frame = pd.read_csv(tuned / "new.csv").assign(prediction=[1, 2, 3])
    frame.to_csv("more.csv", index=False)
    result = cli("predict", tuned / "model.skops", "more.csv", "--with-data", "-o", "out.csv")

    found = pd.read_csv("out.csv")
    assert found["prediction (data)"].tolist() == [1, 2, 3]
    assert found["prediction"].tolist() == ["ill", "well", "ill"]
    assert 'the column "prediction" of the data is called "prediction (data)" here' in result.err
