import math

import numpy as np
import pytest

from tunewright.analysis.prospects import prospect
from tunewright.errors import StudyError
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(-1, 1), "y": Float(-1, 1)})


def sampled(history_of, function, n, space=SPACE, seed=0):
    rng = np.random.default_rng(seed)
    return history_of(space, [(params := space.sample(rng), function(params)) for _ in range(n)])


def bowl(p):
    return p["x"] ** 2 + p["y"] ** 2


def test_a_search_that_has_just_begun_has_more_to_gain_than_one_that_has_arrived(history_of):
    early = prospect(sampled(history_of, bowl, 8))
    trials = [({"x": x, "y": y}, x * x + y * y) for x in np.linspace(-1, 1, 6) for y in np.linspace(-1, 1, 6)]
    late = prospect(history_of(SPACE, [*trials, ({"x": 0.0, "y": 0.0}, 0.0)]))

    assert early.gain > 5 * late.gain
    assert late.gain < 0.02
    assert early.seconds == pytest.approx(20 * 0.25)
    assert "20 more trials (about 5.0 s): expected gain" in repr(early)


def test_what_is_gained_is_about_what_is_promised(history_of):
    # the best possible of 12 random trials of the bowl is their own best value, since the least loss is 0
    for seed in range(4):
        history = sampled(history_of, bowl, 12, seed=seed)

        found = prospect(history, 30)

        assert abs(found.gain - history.best.value) < 3 * found.sd + 0.05


def test_stopping_is_advised_when_only_noise_is_left(history_of):
    rng = np.random.default_rng(1)
    trials = [
        ({"x": x, "y": y}, [bowl({"x": x, "y": y}) + 0.3 * e for e in rng.normal(size=4)])
        for x, y in rng.uniform(-1, 1, (60, 2)).tolist()
    ]

    found = prospect(history_of(SPACE, trials))

    values = [each.values["loss"] for each in history_of(SPACE, trials).best.measurements]
    assert found.noise == pytest.approx(np.std(values, ddof=1) * math.sqrt(1 / 4 + 1 / 3))
    assert found.stop == (found.fit.predicts and found.regret < found.noise)
    assert ("stopping is advised" in repr(found)) == (found.regret < found.noise)


@pytest.mark.parametrize(
    "case",
    [
        lambda h: h(SPACE, []),
        lambda h: sampled(h, bowl, 2),
        lambda h: sampled(h, lambda _: 1.0, 9),
        lambda h: sampled(h, lambda _: Failure("crash", "killed"), 9),
        lambda h: sampled(h, lambda p: float(p["c"]), 9, SearchSpace({"c": Categorical([1, 2, 3])})),
        lambda h: sampled(h, lambda p: 1e200 * bowl(p), 9),
    ],
)
def test_every_study_gets_an_answer_or_a_sentence(case, history_of):
    found = prospect(case(history_of), 5)

    assert math.isfinite(found.gain) or found.remarks
    assert not found.stop or found.fit.predicts
    assert "nan" not in repr(found)


def test_trials_are_counted(history_of):
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(StudyError, match="whole number"):
            prospect(history_of(SPACE, []), wrong)
