import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]
SPACE = SearchSpace({"x": Float(0, 1), "kind": Categorical(["good", "bad"])})


def search(storage: str, name: str, seed: int, offset: float = 0.0, trials: int = 40) -> Study:
    study = Study(SPACE, Metric("loss"), storage=storage, name=name, seed=seed, sampler=Random())
    study.optimize(lambda live: abs(live["x"] - 0.3) + 5 * (live["kind"] == "bad") + offset, trials=trials)
    return study


@pytest.fixture
def study(folder: Path) -> Study:
    return search("runs.db", "one", 0)


def test_a_proposal_changes_nothing_until_it_is_accepted(cli: Cli, study: Study) -> None:
    told = cli("refine", "runs.db", "-o", "space.json")
    before = study.space

    assert "Proposed space:" in told.out
    assert "To accept: --yes" in told.out
    assert told.out.endswith(
        "space.json holds the proposed space; to search it: tunewright run MODULE:OBJECTIVE --study runs.db --space space.json --edit\n"
    )
    assert before == SPACE
    assert SearchSpace.from_json(Path("space.json").read_text(encoding="utf-8")) != SPACE

    assert cli("refine", "runs.db", "--yes", "-o", "taken.json").out.endswith(
        "from here on.\ntaken.json holds the proposed space\n"
    )
    study.edit(SPACE)
    accepted = cli("refine", "runs.db", "--yes", "--json").json
    assert accepted["accepted"] is True
    assert study.history.space == SearchSpace.from_json(json.dumps(accepted["space"]))


def test_too_few_trials_get_a_sentence(cli: Cli, folder: Path) -> None:
    search("small.db", "one", 0, trials=5)

    told = cli("refine", "small.db", "--yes", "-o", "same.json")

    assert told.code == 0
    assert "Nothing to refine." in told.out
    assert told.out.endswith("same.json holds the present space, unchanged.\n")
    assert cli("refine", "small.db", "--keep", "2").code == 2


def test_two_files_of_studies_are_compared_by_their_seeds(cli: Cli, folder: Path) -> None:
    for seed in range(3):
        search("a.db", f"s{seed}", seed, trials=10)
        search("b.db", f"s{seed}", seed, offset=1.0 + seed / 100, trials=10)

    told = cli("compare", "a.db", "b.db")

    assert "paired seeds, n = 3" in told.out
    assert "a.db is better than b.db." in told.out
    one = cli("compare", "a.db::s0", "b.db::s0", "--json").json
    assert one["how"] == "none"
    assert "cannot be told" in one["verdict"]
    assert "a.db and a.db are the same search, told twice" in cli("compare", "a.db", "a.db").out
    assert cli("compare", "a.db::s0", "a.db::s0", "--json").json["gain"] == 0
    for sides in (("a.db", "nothing.db"), ("nothing.db", "a.db")):
        missing = cli("compare", *sides)
        assert missing.code != 0
        assert "There is no study in nothing.db. (The file nothing.db does not exist.)" in " ".join(missing.err.split())
