import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.svm import SVC

from tunewright.automl.columns import decide_columns
from tunewright.automl.metrics import resolve_metric
from tunewright.automl.model_file import Model, ModelCard, load_model, predict, save_model
from tunewright.automl.objective import fit
from tunewright.automl.prepare import prepare
from tunewright.automl.task import decide_task
from tunewright.catalog import FAMILIES, Shape, build_space
from tunewright.errors import ModelError

RNG = np.random.default_rng(0)
ROWS = 80
FRAME = pd.DataFrame({
    "age": RNG.normal(50, 10, ROWS).round(1).astype(str),
    "city": RNG.choice(["Bonn", "Rome", "Oslo"], ROWS),
    "kind": np.repeat([1, 2], ROWS // 2),
})  # fmt: skip
FRAME.loc[::9, "age"] = None
AMOUNT = FRAME.assign(kind=RNG.normal(size=ROWS))


def fitted(family: str = "linear", frame: pd.DataFrame = FRAME, **changes: object) -> Model:
    task = decide_task(frame, "kind", None)
    schema = decide_columns(frame, np.arange(ROWS), task.target, {})
    classes = len(task.facts.classes)
    shape = Shape(rows=ROWS, numbers=1, categories=1, wide=4, missing=True, classes=classes, smallest=40 if classes else 0)
    params = {**build_space(shape, [family]).default, **changes}
    params |= {name: 8 for name in ("forest.n_estimators", "boosting.max_iter") if name in params}
    pipeline, _, _ = fit(params, shape, 0, prepare(frame, schema).array, task.y)
    metric = resolve_metric(None, task.facts)
    card = ModelCard(schema=schema, task=task.facts, metric=metric, params=params, validation=0.5, environment={}, created="now")
    return Model(card, pipeline)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.skops"
    save_model(path, fitted())
    return path


@pytest.mark.parametrize("frame", [FRAME, AMOUNT], ids=["classes", "numbers"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_every_family_comes_back_the_same(tmp_path: Path, family: str, frame: pd.DataFrame) -> None:
    model = fitted(family, frame)

    save_model(tmp_path / "m.skops", model)
    back = load_model(tmp_path / "m.skops")

    assert back.card == model.card
    pd.testing.assert_frame_equal(predict(back, frame).frame, predict(model, frame).frame)
    assert [file.name for file in tmp_path.iterdir()] == ["m.skops"]


@pytest.mark.parametrize(
    "changes",
    [
        {"scaler": "quantile"},
        {"scaler": "robust"},
        {"scaler": "none"},
        {"indicator": True},
        {"rare": 10},
        {"imputer": "most_frequent"},
    ],
)
def test_every_preprocessing_comes_back(tmp_path: Path, changes: dict[str, object]) -> None:
    model = fitted("knn", FRAME, **{**changes, "knn.p": 1})

    save_model(tmp_path / "m.skops", model)

    pd.testing.assert_frame_equal(predict(load_model(tmp_path / "m.skops"), FRAME).frame, predict(model, FRAME).frame)


def test_predictions_are_labels_with_a_probability_for_each_class(saved: Path) -> None:
    found = predict(load_model(saved), FRAME[5:15]).frame

    assert found.columns.tolist() == ["prediction", "probability 1", "probability 2"]
    assert set(found["prediction"]) <= {1, 2}
    assert found.index.tolist() == list(range(5, 15))
    np.testing.assert_allclose(found.iloc[:, 1:].sum(axis=1), 1)


def test_a_table_needs_no_target_and_may_have_more_columns(saved: Path) -> None:
    predicted = predict(load_model(saved), FRAME.drop(columns="kind").assign(extra=1))

    assert predicted.notes == ('Not used, since training had no such column: "extra".',)
    pd.testing.assert_frame_equal(predicted.frame, predict(load_model(saved), FRAME).frame)


def test_categories_never_seen_are_said_and_predicted(saved: Path) -> None:
    predicted = predict(load_model(saved), FRAME.assign(city="Atlantis"))

    assert "Atlantis" in predicted.notes[0]
    assert len(predicted.frame) == ROWS


def test_a_table_that_does_not_fit_is_refused_by_name(saved: Path) -> None:
    with pytest.raises(ModelError, match=r'"city" is missing; column "age" should hold numbers, but 80 rows do not: "old"'):
        predict(load_model(saved), FRAME.drop(columns="city").assign(age="old"))


def test_a_table_without_rows_has_no_predictions(saved: Path) -> None:
    assert len(predict(load_model(saved), FRAME[:0]).frame) == 0


# ---- files that are not what they should be ----------------------------------------------------------------------------------------


def rewritten(source: Path, to: Path, change: Callable[[str], str]) -> Path:
    """The archive with another tree of types."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == "schema.json" else content)
    return to


def poisoned(text: str) -> str:
    """The scaler replaced by a call of os.system."""
    tree = json.loads(text)

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("__class__") == "StandardScaler":
                node |= {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}
            for value in list(node.values()):
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(tree)
    return json.dumps(tree)


def test_a_type_that_is_not_allowed_is_named_and_not_loaded(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds types that no model of ours has: os\.system"):
        load_model(rewritten(saved, tmp_path / "x.skops", poisoned))


@pytest.mark.parametrize("name", ["subprocess.Popen", "builtins.eval", "tunewright.study.Study", "pandas.DataFrame"])
def test_no_type_beyond_the_list_is_loaded(saved: Path, tmp_path: Path, name: str) -> None:
    module, _, kind = name.rpartition(".")

    def change(text: str) -> str:
        return text.replace('"StandardScaler"', f'"{kind}"').replace("sklearn.preprocessing._data", module)

    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        load_model(rewritten(saved, tmp_path / "x.skops", change))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: b"", "not a model file"),
        (lambda whole: b"some text", "not a model file"),
        (lambda whole: whole[:-200], "not a model file, or it is damaged"),
        (lambda whole: whole[:3000] + bytes([whole[3000] ^ 255]) + whole[3001:], "damaged"),
    ],
)
def test_a_broken_file_is_called_so(saved: Path, tmp_path: Path, content: Callable[[bytes], bytes], message: str) -> None:
    (tmp_path / "x.skops").write_bytes(content(saved.read_bytes()))

    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "x.skops")


def test_a_file_of_another_kind_is_called_so(saved: Path, tmp_path: Path) -> None:
    skops.io.dump(SVC(), tmp_path / "other.skops")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme", "hello")

    with pytest.raises(ModelError, match=r"no model of ours: .*SVC"):
        load_model(tmp_path / "other.skops")
    with pytest.raises(ModelError, match="a zip archive but not a model file"):
        load_model(tmp_path / "x.zip")
    with pytest.raises(ModelError, match=r"damaged: .*Nonsense"):
        load_model(rewritten(saved, tmp_path / "y.skops", lambda text: text.replace('"ObjectNode"', '"Nonsense"')))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.skops cannot be read: No such file"):
        load_model(tmp_path / "nowhere.skops")


def test_a_model_is_written_whole_or_not_at_all(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(tmp_path / "no folder" / "m.skops", load_model(saved))

    assert list(tmp_path.iterdir()) == []
