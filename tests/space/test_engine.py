import numpy as np

from tunewright.space import Bool, Categorical, Float, Int, parse
from tunewright.space.engine import Engine

PARAMETERS = {"momentum": Float(0, 1), "opt": Categorical(["sgd", "adam"]), "deep": Bool(), "depth": Int(1, 9)}
ENGINE = Engine(
    PARAMETERS,
    {"momentum": parse("opt == 'sgd'"), "depth": parse("deep and momentum > 0.5")},
    [parse("depth > 3"), parse("momentum < 0.9")],
)


def test_parents_are_decided_first_and_params_stand_in_the_users_order() -> None:
    rng = np.random.default_rng(0)

    assert ENGINE.order == ["opt", "momentum", "deep", "depth"]
    for _ in range(100):
        params = ENGINE.draw(rng)
        assert list(params) == [name for name in PARAMETERS if name in params]
        assert ("momentum" in params) == (params["opt"] == "sgd")
        assert ("depth" in params) == (params["deep"] and params.get("momentum", 0) > 0.5)


def test_an_inactive_parent_makes_inactive_children() -> None:
    rows = np.array([[0.7, 0, 1, 5], [0.7, 1, 1, 5], [0.2, 0, 1, 5], [0.7, 0, 0, 5]])
    before = rows.copy()

    active, kept = ENGINE.activity(rows)

    assert active.tolist() == [[True, True, True, True], [False, True, True, False], [True] * 3 + [False], [True] * 3 + [False]]
    assert (np.isnan(kept) == ~active).all()
    assert (rows == before).all()


def test_a_constraint_on_what_is_inactive_is_not_violated() -> None:
    rows = np.array([[0.7, 0, 1, 5], [0.7, 0, 1, 2], [0.95, 0, 1, 5], [np.nan, 1, 0, np.nan]])

    assert ENGINE.allowed(rows).tolist() == [True, False, False, True]
    violated = [ENGINE.violated(ENGINE.params(row)) for row in rows]
    assert [None if bound is None else str(bound.expression) for bound in violated] == [None, "depth > 3", "momentum < 0.9", None]


def test_inactive_places_are_filled_with_defaults() -> None:
    assert ENGINE.filled(np.array([[np.nan, 1, 0, np.nan]])).tolist() == [[0.5, 1, 0, 5]]
