import re

import numpy as np

from tunewright.analysis.evidence import evidence
from tunewright.analysis.freezing import cost, frozen
from tunewright.analysis.refinement import refine
from tunewright.space import Categorical, Float, SearchSpace

SPACE = SearchSpace(
    {"x": Float(0, 1), "y": Float(0, 1), "idle": Float(0, 1, default=0.25), "flag": Categorical(["a", "b"], default="a")}
)


def searched(history_of, flags, n=80):
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) | {"flag": flags(rng)} for _ in range(n)]
    best = {"x": 0.3, "y": 0.6, "idle": 0.7, "flag": "b"}
    return history_of(SPACE, [(p, (p["x"] - 0.3) ** 2 + (p["y"] - 0.6) ** 2) for p in [*drawn, best]])


def top_of(known):
    return known.losses <= np.sort(known.losses)[9]


def test_what_makes_no_difference_is_fixed_where_the_best_stays(history_of):
    known = evidence(searched(history_of, lambda _: "b"))

    assert frozen(known, top_of(known), 0)["idle"] == Categorical([0.7])


def test_it_is_fixed_at_the_default_where_that_saves_more_of_the_best(history_of):
    known = evidence(searched(history_of, lambda rng: "a" if rng.random() < 0.8 else "b"))

    found = frozen(known, top_of(known), 0)

    assert found["flag"] == Categorical(["a"])
    assert found["idle"] == Categorical([0.7])
    assert set(found) == {"flag", "idle"}


def test_a_refinement_that_freezes_says_how_many_trials_that_costs(history_of):
    history = searched(history_of, lambda rng: "a" if rng.random() < 0.8 else "b")

    plain, found = refine(history), refine(history, freeze=True)

    [said] = [remark for remark in found.remarks if remark.startswith("Frozen: ")]
    few, best, left, usable = map(int, re.findall(r"\d+", said))
    assert said.startswith("Frozen: idle, flag.")
    assert (best, usable) == (round(plain.kept * plain.top), plain.usable[0])
    assert (few, left) == (round(found.kept * found.top), found.usable[0])
    assert few < best
    assert not any("Frozen" in remark for remark in plain.remarks)


def test_what_nothing_is_known_of_is_not_frozen(history_of):
    rng = np.random.default_rng(0)
    known = evidence(history_of(SPACE, [(SPACE.sample(rng), float(rng.normal())) for _ in range(60)]))

    assert frozen(known, top_of(known), 0) == {}


def test_nothing_frozen_costs_nothing():
    everything = np.ones(3, bool)

    assert cost([], (everything, everything), (everything, everything)) == []
    assert cost(["x"], (everything, ~everything), (everything, ~everything)) == [
        "Frozen: x. Trials with other values no longer count as tried: 0 of the best stay usable, not 3, and 0 in all, not 3."
    ]
