import signal
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from tunewright.analysis.facts import HELD, held_trial
from tunewright.automl import TunePlan, TuneRequest, TuneResult, load_model, predict, read_table, report_extras, tune
from tunewright.errors import DataError, NoResult, StudyChanged, StudyExists
from tunewright.study import Study

RNG = np.random.default_rng(0)


def written(folder: Path, name: str, frame: pd.DataFrame) -> str:
    frame.to_csv(folder / f"{name}.csv", index=False)
    return str(folder / f"{name}.csv")


def people(rows: int = 160) -> pd.DataFrame:
    """A messy table: an identifier, missing values, text, a date, a constant, and a target that two columns tell."""
    age, city = RNG.normal(50, 10, rows).round(1), RNG.choice(["Bonn", "Rome", "Oslo"], rows)
    frame = pd.DataFrame({
        "person_id": np.arange(rows) + 7000,
        "age": age.astype(object),
        "city": city,
        "visit": pd.date_range("2023-05-01", periods=rows, freq="31h").strftime("%d.%m.%Y"),
        "unit": "mg",
        "note": [f"seen on day {i} in the ward" for i in range(rows)],
        "risk": np.where((age - 50) / 10 + (city == "Rome") + RNG.normal(0, 0.5, rows) > 0.3, "high", "low"),
    })  # fmt: skip
    frame.loc[::11, "age"] = None
    frame.loc[::13, "city"] = None
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def request_(folder: Path) -> TuneRequest:
    data = written(folder, "people", people())
    return TuneRequest(data=data, target="risk", trials=4, models=("linear", "knn"), cv=3, workers=1, out=str(folder / "out"))


@pytest.fixture(scope="module")
def result(request_: TuneRequest) -> TuneResult:
    return tune(request_)


def changed(request: TuneRequest, **changes: Any) -> TuneRequest:
    return msgspec.structs.replace(request, **changes)


def test_the_job_writes_a_model_a_report_a_study_and_its_result(result: TuneResult, folder: Path) -> None:
    assert sorted(file.name for file in (folder / "out").iterdir() if "study" not in file.name) == [
        "model.skops",
        "report.html",
        "result.json",
    ]
    assert msgspec.json.decode(Path(result.paths.result).read_bytes(), type=TuneResult) == result
    assert "logistic" in Path(result.paths.report).read_text(encoding="utf-8").lower() or result.winner.title in Path(
        result.paths.report
    ).read_text(encoding="utf-8")


def test_the_defaults_are_tried_first(result: TuneResult) -> None:
    trials = Study.load(result.paths.study).history.trials

    assert {trial.note for trial in trials[:2]} == {"default linear", "default knn"}
    assert result.counts.completed == len(trials) == 4


def test_a_result_holds_what_was_found(result: TuneResult) -> None:
    roles = {column.name: column.role for column in result.columns}

    assert roles == {
        "person_id": "identifier", "age": "number", "city": "category", "visit": "date", "unit": "constant", "note": "text", "risk": "target",
    }  # fmt: skip
    assert all(column.sentence for column in result.columns if not column.used and column.role != "target")
    assert result.task.classes == ("high", "low")
    assert result.data.train_rows + result.data.test_rows == 160
    assert result.budget.ended == "trials"
    assert result.best[0] == result.winner
    assert [c.mean for c in result.best] == sorted((c.mean for c in result.best if c.mean is not None), reverse=True)
    assert len(result.winner.folds) >= 3  # and those in which it was confirmed
    assert result.winner.mean == pytest.approx(np.mean(result.winner.folds))
    assert result.winner.sd == pytest.approx(np.std(result.winner.folds, ddof=1))
    assert [family.name for family in result.families if family.searched] == ["linear", "knn"]
    assert set(result.environment) >= {"python", "tunewright", "numpy", "scipy", "scikit-learn", "system"}


def test_the_test_score_is_that_of_the_model_on_the_rows_held_out(result: TuneResult) -> None:
    score, baseline = result.test.winner, result.test.baseline

    assert score.value is not None
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high
    assert baseline.value == 0.5
    assert score.value > 0.7
    assert result.test.difference.sentence in result.advice or result.recommended == "default"


def test_the_model_predicts_the_table_it_came_from(result: TuneResult, request_: TuneRequest) -> None:
    frame = read_table(request_.data).frame

    predicted = predict(load_model(result.paths.model), frame)

    assert predicted.notes == ()
    assert np.mean(predicted.frame["prediction"].to_numpy() == frame["risk"].to_numpy()) > 0.7


def test_a_study_that_is_there_is_not_touched(result: TuneResult, request_: TuneRequest) -> None:
    with pytest.raises(StudyExists, match="say --resume"):
        tune(request_)

    assert len(Study.load(result.paths.study).history) == 4


def test_resuming_adds_what_is_missing_and_then_nothing(result: TuneResult, request_: TuneRequest, folder: Path) -> None:
    more = changed(request_, trials=6, resume=True, out=str(folder / "more"))

    tune(changed(more, trials=3))
    first, second = tune(more), tune(more)

    assert first.counts.completed == second.counts.completed == 6
    assert first.winner == second.winner
    assert first.test == second.test
    assert result.split == first.split


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 5}, "rows were divided differently; seed was 0, now 5"),
        ({"cv": 4}, "cv was 3, now 4"),
        ({"metric": "accuracy"}, "metric was roc_auc, now accuracy"),
        ({"models": ("svm",)}, "searches the families .*, not svm"),
    ],
)
def test_another_question_cannot_resume_a_study(
    result: TuneResult, request_: TuneRequest, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyChanged, match=message):
        tune(changed(request_, resume=True, **changes))

    assert result.counts.trials == 4


def test_another_table_cannot_resume_a_study(result: TuneResult, request_: TuneRequest, folder: Path) -> None:
    (folder / "other").mkdir()
    data = written(folder / "other", "people", people())

    with pytest.raises(StudyChanged, match="the file's content differs"):
        tune(changed(request_, data=data, resume=True))

    assert result.counts.trials == 4


def test_progress_is_told(request_: TuneRequest, folder: Path) -> None:
    plans: list[TunePlan] = []
    stages: list[str] = []
    entries: list[int] = []

    tune(
        changed(request_, trials=2, out=str(folder / "told")),
        on_plan=plans.append,
        on_stage=stages.append,
        listeners=[lambda history, entry: entries.append(entry.position)],
    )

    assert [plan.headline for plan in plans] == [
        "risk · 128 rows × 6 columns · classification (2 classes) · roc_auc, 3 folds · 2 trials"
    ]
    assert 4 <= len(entries) <= 6  # the first configuration meets all 3 folds, the second at least one
    assert stages[0].startswith("reading")
    assert any(stage.startswith("fitting the winner") for stage in stages)


def test_ctrl_c_ends_with_the_best_so_far(request_: TuneRequest, folder: Path) -> None:
    def press(history: Any, _: object) -> None:
        if history.completed == 3:
            signal.raise_signal(signal.SIGINT)

    result = tune(changed(request_, trials=500, out=str(folder / "stopped")), listeners=[press])

    assert result.budget.ended == "interrupted"
    assert 3 <= result.counts.completed <= 4
    assert any("interrupted" in warning for warning in result.warnings)
    assert load_model(result.paths.model).card.validation == result.winner.mean


def test_the_time_is_kept_and_processes_are_used(request_: TuneRequest, folder: Path) -> None:
    result = tune(changed(request_, trials=None, seconds=6.0, workers=2, out=str(folder / "timed")))

    assert result.budget.ended == "time"
    assert result.budget.searched >= 6.0
    assert result.counts.completed >= 1


def test_a_table_of_numbers_is_regression(folder: Path) -> None:
    frame = datasets.load_diabetes(as_frame=True).frame
    request = TuneRequest(
        data=written(folder, "diabetes", frame), target="target", trials=2, models=("linear", "forest"), cv=2, workers=1
    )

    result = tune(changed(request, out=str(folder / "diabetes")))

    assert result.task.kind == "regression"
    assert (result.metric.name, result.metric.goal) == ("root_mean_squared_error", "minimize")
    assert result.default.family == "forest"
    assert result.test.winner.value is not None
    assert result.test.baseline.value is not None
    assert result.test.winner.value < result.test.baseline.value


def test_groups_and_several_classes(folder: Path) -> None:
    frame = datasets.load_wine(as_frame=True).frame.assign(site=RNG.integers(0, 20, 178))
    request = TuneRequest(
        data=written(folder, "wine", frame), target="target", trials=2, models=("linear", "boosting"), cv=3, workers=1
    )

    result = tune(changed(request, groups="site", out=str(folder / "wine")))

    assert result.split.kind == "stratified groups"
    assert result.metric.name == "log_loss"
    assert "groups of rows" in result.test.sentence
    assert predict(load_model(result.paths.model), frame).frame["prediction"].tolist()[0] in {0, 1, 2}


def test_rows_in_time_are_judged_by_what_comes_later(folder: Path) -> None:
    result = tune(
        TuneRequest(
            data=written(folder, "visits", people(200)), target="risk", time_order="visit", trials=1, models=("linear",), cv=3, workers=1,
            out=str(folder / "visits"), metric="accuracy",
        )
    )  # fmt: skip

    assert result.split.kind == "time"
    assert "true intervals are wider" in result.test.sentence
    assert {column.name: column.used for column in result.columns}["visit"] is False


def test_a_study_in_a_storage_of_its_own(folder: Path, request_: TuneRequest) -> None:
    url = f"sqlite:///{folder / 'all.db'}"

    for name in ("one", "two"):
        tune(changed(request_, trials=1, study=url, name=name, out=str(folder / name)))

    assert {record.name for record in Study.load(url, "one").storage.studies()} == {"one", "two"}


def test_a_folder_that_cannot_be_made_is_named(folder: Path, request_: TuneRequest) -> None:
    (folder / "file").write_text("")

    with pytest.raises(DataError, match=r"file.* cannot be made.*--out"):
        tune(changed(request_, out=str(folder / "file" / "out")))


def test_when_nothing_was_finished_it_is_said(folder: Path, request_: TuneRequest) -> None:
    def press(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(NoResult, match="interrupted before a configuration was finished"):
        tune(changed(request_, out=str(folder / "nothing")), listeners=[press])

    assert threading.active_count() < 50


def test_the_study_knows_which_trial_the_model_file_holds(result: TuneResult, request_: TuneRequest) -> None:
    tune(changed(request_, resume=True))  # once is enough

    history = Study.load(result.paths.study).history

    assert held_trial(history) == result.winner.trial
    assert sum(getattr(entry.event, "text", "").startswith(HELD) for entry in history.comments) == 1


def test_to_resume_what_is_not_there_is_said_and_begins_anew(request_: TuneRequest, folder: Path) -> None:
    stages: list[str] = []

    tune(changed(request_, trials=1, resume=True, out=str(folder / "not yet")), on_stage=stages.append)

    assert any("there is no study" in stage and "beginning a new one" in stage for stage in stages)


def test_a_model_that_is_no_better_than_the_baseline_is_called_of_no_use_first(folder: Path) -> None:
    frame = pd.DataFrame({"a": RNG.normal(size=200), "b": RNG.normal(size=200), "y": RNG.integers(0, 5, 200)})
    request = TuneRequest(data=written(folder, "noise", frame), target="y", trials=2, models=("linear", "knn"), cv=3, workers=1)

    result = tune(changed(request, out=str(folder / "noise")))

    assert result.test.floor is not None
    assert result.advice.startswith(("Of no use as it stands", "It may be of no use"))
    assert result.advice.split(". ")[0] in Path(result.paths.report).read_text(encoding="utf-8")


def test_noise_that_stands_in_the_table_three_times_is_noise(folder: Path) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(150, 5)).round(3), columns=list("abcde")).assign(t=rng.choice(["no", "yes"], 150))
    data = written(folder, "thrice", pd.concat([frame] * 3).sample(frac=1, random_state=0))
    request = TuneRequest(data=data, target="t", trials=1, models=("knn",), cv=3, workers=1, out=str(folder / "thrice"))

    result = tune(request)

    assert result.data.copies is not None
    assert (result.data.copies.rows, result.data.copies.sets, result.data.copies.seen) == (300, 30, 0)
    assert result.test.winner.value is not None
    assert result.test.winner.value < 0.9
    assert result.winner.mean is not None
    assert result.winner.mean < 0.8
    assert "bootstrap draws of different rows" in result.test.sentence
    assert "repeat another row" in result.warnings[0]
    assert "repeat another row" in Path(result.paths.report).read_text(encoding="utf-8")
    assert "--copies" not in " ".join(command for _, command in report_extras(result).commands)
    apart = changed(request, copies="apart", out=str(folder / "apart"))
    assert "--copies=apart" in " ".join(command for _, command in report_extras(tune(apart)).commands)
