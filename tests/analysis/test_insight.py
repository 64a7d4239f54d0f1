import json

import numpy as np

from tunewright.analysis.insight import insight, json_of
from tunewright.space import Float, SearchSpace
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})


def test_one_question_gets_all_answers_as_records_and_as_json(history_of):
    rng = np.random.default_rng(0)
    history = history_of(SPACE, [(params := SPACE.sample(rng), (params["x"] - 0.3) ** 2) for _ in range(40)])

    found = insight(history, trials=7)

    assert found.importance["x"].value > 0.9
    assert found.effects["x"].n == 40
    assert found.tunability.fit == found.effects.fit == found.prospect.fit
    assert found.prospect.trials == 7
    facts = json.loads(json_of(found))
    assert facts["refinement"]["space"] == json.loads(found.refinement.space.to_json())
    assert facts["importance"]["shares"][0]["chance"] is None
    assert len(facts["effects"]["found"][0]["mean"]) == 25


def test_a_study_without_a_result_has_sentences(history_of):
    found = insight(history_of(SPACE, [({"x": 0.5, "y": 0.5}, Failure("crash", "killed"))]))

    assert found.importance.remarks == found.effects.remarks == found.prospect.remarks
    assert found.health.warnings
    assert json.loads(json_of(found))["importance"]["n"] == 0


def test_a_wide_space_is_answered_without_a_gaussian_process(history_of):
    wide = SearchSpace({f"x{j}": Float(0, 1) for j in range(80)})
    rng = np.random.default_rng(1)

    found = insight(history_of(wide, [(params := wide.sample(rng), params["x0"]) for _ in range(10)]))

    assert found.tunability is None
    assert found.prospect is None
    assert found.importance.shares
