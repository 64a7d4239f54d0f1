from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tunewright.automl.plan import checked, identity, paths_of, settle, shape_of, workers_of
from tunewright.automl.records import TuneRequest
from tunewright.errors import DataError

RNG = np.random.default_rng(0)
ROWS = 150


@pytest.fixture
def table(tmp_path: Path) -> str:
    frame = pd.DataFrame({
        "id": np.arange(ROWS),
        "x": RNG.normal(size=ROWS),
        "city": RNG.choice(["Bonn", "Rome"], ROWS),
        "site": RNG.integers(0, 12, ROWS),
        "day": pd.date_range("2024-01-01", periods=ROWS).strftime("%d.%m.%Y"),
        "y": RNG.choice(["a", "b"], ROWS),
    })  # fmt: skip
    frame.loc[3, ["y", "x"]] = None
    frame.loc[7, "day"] = None
    frame.loc[[8, 9], "site"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


def test_everything_is_settled_from_file_and_request(table: str) -> None:
    settled = settle(TuneRequest(data=table, target="y"))

    assert settled.task.classes == ("a", "b")
    assert settled.data.used_rows == len(settled.x) == ROWS - 1
    assert settled.data.notes == ("1 row has no value in the target and is left out.",)
    assert {column.name: column.role for column in settled.columns}["id"] == "identifier"
    assert settled.x.shape[1] == settled.data.features == len(settled.schema.features)
    assert np.array_equal(settled.x, settle(TuneRequest(data=table, target="y")).x, equal_nan=True)


def test_the_latest_rows_are_the_test_set(table: str) -> None:
    settled = settle(TuneRequest(data=table, target="y", time_order="day", test=0.1))

    assert settled.split.test.tolist() == list(range(len(settled.y) - 15, len(settled.y)))
    assert '1 rows without a value in "day" are left out.' in settled.data.notes


def test_rows_without_a_group_are_groups_of_their_own(table: str) -> None:
    settled = settle(TuneRequest(data=table, target="y", groups="site"))

    assert settled.groups is not None
    assert len(np.unique(settled.groups)) == 14
    assert '2 rows without a value in "site" count as groups of their own.' in settled.data.notes


def test_the_schema_is_made_from_training_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"c": ["u", "v"] * 40 + ["late"] * 20, "t": np.arange(100), "x": RNG.normal(size=100), "y": RNG.normal(size=100)}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)

    settled = settle(TuneRequest(data=str(tmp_path / "t.csv"), target="y", time_order="t"))

    assert settled.schema.categories[0].levels == ("u", "v")
    assert (settled.x[settled.split.test, 0] == 2).all()


def test_a_column_that_says_the_target_is_warned_of(tmp_path: Path) -> None:
    y = RNG.integers(0, 2, 100)
    pd.DataFrame({"x": RNG.normal(size=100), "paid": np.where(y, "no", "yes"), "y": y}).to_csv(tmp_path / "c.csv", index=False)
    z = RNG.normal(size=100)
    pd.DataFrame({"x": RNG.normal(size=100), "cents": z * 100, "z": z}).to_csv(tmp_path / "r.csv", index=False)

    for name, target, leak in (("c.csv", "y", "paid"), ("r.csv", "z", "cents")):
        warnings = settle(TuneRequest(data=str(tmp_path / name), target=target)).warnings
        assert any(f'"{leak}" says the target exactly' in warning for warning in warnings)
        assert not any('"x"' in warning for warning in warnings)


def test_the_identity_changes_with_what_makes_scores_comparable(table: str) -> None:
    request = TuneRequest(data=table, target="y")
    mine = identity(settle(request), request)

    again = TuneRequest(data=table, target="y", trials=9, workers=1)
    assert identity(settle(again), again) == mine
    for other in (TuneRequest(data=table, target="y", seed=1), TuneRequest(data=table, target="y", metric="accuracy")):
        assert identity(settle(other), other) != mine


def test_the_shape_is_that_of_the_smallest_fold(table: str) -> None:
    settled = settle(TuneRequest(data=table, target="y", cv=3))

    shape = shape_of(settled, 2.0)

    assert shape.rows == min(len(fold.train) for fold in settled.split.folds)
    assert (shape.categories, shape.classes, shape.seconds) == (1, 2, 2.0)
    assert shape.missing
    assert shape_of(settled, None, whole=True).rows == settled.data.train_rows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": 0}, "time must be more than 0"),
        ({"trials": -1}, "trials must be more than 0"),
        ({"workers": 0}, "workers must be more than 0"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"models": ("knn", "xgb2")}, 'no model family "xgb2"'),
        ({"groups": "a", "time_order": "b"}, "either groups or a time order"),
    ],
)
def test_an_impossible_request_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked(TuneRequest(data="t.csv", target="y", **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": "sit"}, 'no column "sit" for --groups. Did you mean "site"'),
        ({"time_order": "y"}, "is the target; --time-order needs another"),
        ({"time_order": "city"}, '"city" does not order the rows'),
        ({"target": "Y"}, 'Did you mean "y"'),
    ],
)
def test_a_column_that_cannot_serve_is_refused(table: str, changes: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        settle(TuneRequest(**{"data": table, "target": "y", **changes}))


def test_without_a_limit_the_search_takes_a_minute() -> None:
    assert checked(TuneRequest(data="t.csv", target="y")).seconds == 60
    assert checked(TuneRequest(data="t.csv", target="y", trials=5)).seconds is None


def test_everything_goes_into_one_folder() -> None:
    paths = paths_of(TuneRequest(data="some/where/patients.csv", target="y"))

    assert (paths.folder, paths.name) == ("tunewright-patients", "patients")
    assert paths.study == "sqlite:///tunewright-patients/study.db"
    assert (
        paths_of(TuneRequest(data="t.csv", target="y", study="sqlite:///all.db", name="n", out="o")).study == "sqlite:///all.db"
    )


def test_workers_are_as_many_as_processors() -> None:
    assert workers_of(TuneRequest(data="t.csv", target="y", workers=3)) == 3
    assert workers_of(TuneRequest(data="t.csv", target="y")) >= 1


def test_copies_are_found_beside_an_identifier(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=120), "z": RNG.normal(size=120), "y": RNG.choice(["a", "b"], 120)})
    frame = pd.concat([frame, frame], ignore_index=True)
    frame.insert(0, "id", np.arange(240))
    frame.to_csv(tmp_path / "t.csv", index=False)

    settled = settle(TuneRequest(data=str(tmp_path / "t.csv"), target="y"))

    assert settled.data.copies is not None
    assert (settled.data.copies.rows, settled.data.copies.handled) == (120, "together")
    assert settled.groups is not None
    assert not set(settled.groups[settled.split.test]) & set(settled.groups[settled.split.train])
    assert "120 of 240 rows repeat another row" in settled.warnings[0]
