import numpy as np
import pytest

from tunewright.analysis.hidden import hidden
from tunewright.analysis.importances import importance
from tunewright.space import Categorical, Float, SearchSpace

FOUR = SearchSpace({f"x{j}": Float(-1, 1) for j in range(4)})


def sampled(history_of, function, n, seed=0):
    rng = np.random.default_rng(seed)
    return history_of(FOUR, [(params := FOUR.sample(rng), function(params)) for _ in range(n)])


@pytest.mark.parametrize("method", ["fanova", "shapley"])
@pytest.mark.parametrize("n", [60, 100])
def test_a_product_among_main_effects_is_named(history_of, n, method):
    """The product is 0.4 of the variance, and the forest finds next to none of it."""
    history = sampled(history_of, lambda p: p["x0"] * p["x1"] + 0.5 * (p["x2"] + p["x3"]), n)

    found = importance(history, method)

    (said,) = [remark for remark in found.remarks if "sees too little" in remark]
    assert "of what x0 and x1 do together" in said
    assert '"sobol"' in said
    assert importance(history, "sobol")["x0"].total == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_is_done_together_nothing_is_said(history_of, seed):
    """By chance once in 1,000; the seeds are fixed."""
    rng = np.random.default_rng(seed)
    history = sampled(history_of, lambda p: p["x0"] ** 2 + p["x1"] + abs(p["x2"]) + 0.3 * rng.normal(), 80, seed)

    assert not any("sees too little" in remark for remark in importance(history).remarks)


def test_the_share_is_that_of_the_product():
    unit = np.random.default_rng(0).random((2000, 4))
    product = (unit[:, 1] - 0.5) * (unit[:, 3] - 0.5)
    values = product / product.std() + unit[:, 0] / unit[:, 0].std()

    ((one, other, share),) = hidden(FOUR, unit, values, unit[:, 0] / unit[:, 0].std())

    assert (one, other) == ("x1", "x3")
    assert share == pytest.approx(0.5, abs=0.05)
    assert hidden(FOUR, unit, values, values) == []
    assert hidden(FOUR, unit, values, np.full(2000, np.nan)) == []


def test_few_trials_choices_and_what_is_not_always_there_are_left_out():
    unit = np.random.default_rng(0).random((200, 4))
    values = (unit[:, 0] - 0.5) * (unit[:, 1] - 0.5)
    guesses = np.zeros(200)
    assert hidden(FOUR, unit, values, guesses)
    assert hidden(FOUR, unit[:20], values[:20], guesses[:20]) == []
    assert hidden(FOUR, np.where((np.arange(4) == 1) & (values < 0)[:, None], np.nan, unit), values, guesses) == []

    choice = SearchSpace({"x0": Categorical(["a", "b", "c"]), **{f"x{j}": Float(0, 1) for j in (1, 2, 3)}})
    assert hidden(choice, unit, values, guesses) == []
