from typing import Any

import numpy as np
import pytest

from tunewright.analysis.evidence import evidence
from tunewright.analysis.slowness import uneven
from tunewright.space import Categorical, Choice, Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"model": Choice({"a": {}, "b": {"weight": Categorical([None, "balanced"])}}), "x": Float(0, 1)})


def timed(seconds, n=60, share=0.5, folds=lambda params: 1):
    """A study of n trials, of which so large a share are of model b; `seconds` says how long a task of a configuration takes."""
    rng, journal = np.random.default_rng(0), Journal(SPACE)
    for trial in range(n):
        params: dict[str, Any] = {"model": "b" if trial < share * n else "a", "x": float(rng.random())}
        params |= {"b.weight": ("balanced", None)[trial % 2]} if params["model"] == "b" else {}
        number = journal.ask(params)
        for fold in range(folds(params)):
            index = journal.send(number, fold=fold) if fold else 0
            journal.tell(number, params["x"], index=index, seconds=seconds(params))
    return journal.history


def told(history):
    known = evidence(history)
    return uneven(history, known)


def test_choices_are_named_and_have_no_quarters():
    said, mend = told(timed(lambda params: 0.8 if params.get("b.weight") == "balanced" else 0.2))

    assert said == "Time hangs on b.weight: 200 ms with null, 800 ms with balanced, 4 times as much."
    assert mend == "If another does as well as balanced, leave that out: more trials fit into the same time."


def test_a_handful_of_trials_says_nothing():
    assert told(timed(lambda params: 0.8 if params.get("b.weight") == "balanced" else 0.2, share=0.2)) is None


def test_numbers_have_quarters():
    said, mend = told(timed(lambda params: 10 ** params["x"]))

    assert said.startswith("Time hangs on x: ")
    assert "in its lower quarter" in said
    assert mend.startswith("If large and small x do equally well, cap it")


def test_more_folds_for_the_better_are_not_slowness():
    assert told(timed(lambda _: 0.5, folds=lambda params: 10 if params["x"] < 0.3 else 1)) is None


@pytest.mark.parametrize("seconds", [0.0, 1e-4])
def test_what_takes_no_time_needs_none_saved(seconds):
    assert told(timed(lambda params: seconds * (1 + 9 * params["x"]))) is None


def test_time_that_hangs_on_the_budget_hangs_on_no_parameter():
    rng, journal = np.random.default_rng(0), Journal(SPACE)
    for _ in range(60):
        x = float(rng.random())
        number = journal.ask({"model": "a", "x": x}, budget=1.0)
        journal.tell(number, x, seconds=1.0)
        if x < 0.4:
            journal.tell(number, x, index=journal.send(number, budget=9.0), seconds=9.0)

    assert told(journal.history) is None
