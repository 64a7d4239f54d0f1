import math

import numpy as np
import pytest

from tunewright.analysis.prospects import _BLIND, Prospect, prospect
from tunewright.analysis.surrogate import Fit
from tunewright.errors import StudyError
from tunewright.events import Asked, Entry, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.samplers import Grid, Manual, QuasiRandom, Random
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.testing import Journal
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


def test_no_more_is_left_to_gain_than_the_metric_has(history_of):
    """Ten trials of a wave of 0.55 to 0.95: the model alone would have these accuracies rise to 1.3."""
    rng = np.random.default_rng(1)
    trials = [(p := SPACE.sample(rng), 0.75 + 0.2 * math.sin(5 * p["x"] + 3 * p["y"])) for _ in range(10)]

    def told(name):
        return prospect(history_of(SPACE, trials, metrics=Metric(name, "maximize")))

    found, free = told("accuracy"), told("points")

    best = max(value for _, value in trials)
    assert free.regret > 0.2
    assert found.regret == pytest.approx(1 - best)
    assert found.gain < min(1 - best, free.gain)
    assert "At most 0.06 is left to gain" in repr(found)


def test_no_draw_is_better_than_the_metric_can_be(history_of):
    """All but one of the trials are perfect."""
    rng = np.random.default_rng(0)
    trials = [(SPACE.sample(rng), value) for value in [0.6, *[1.0] * 11]]

    found = prospect(history_of(SPACE, trials, metrics=Metric("accuracy", "maximize")))

    assert found.regret == 0.0
    assert found.gain < 0.01


def test_stopping_is_advised_when_only_noise_is_left(history_of):
    rng = np.random.default_rng(1)
    trials = [
        ({"x": x, "y": y}, [bowl({"x": x, "y": y}) + 0.3 * e for e in rng.normal(size=4)])
        for x, y in rng.uniform(-1, 1, (60, 2)).tolist()
    ]

    found = prospect(history_of(SPACE, trials))

    values = [each.values["loss"] for each in history_of(SPACE, trials).best.measurements]
    assert found.noise == pytest.approx(np.std(values, ddof=1) * math.sqrt(1 / 4 + 1 / 3))
    assert found.stop == (found.fit.predicts and max(found.regret, found.gain + 2 * found.sd) < found.noise)
    assert ("stopping is advised" in repr(found)) == found.stop
    assert found.repeated
    assert "error of a measurement" in repr(found)


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


def searched(n, by, function, sampler, seed=0):
    """A history whose trials were proposed by one sampler."""
    history, rng = History(SPACE, [Metric("loss")]), np.random.default_rng(seed)
    for number in range(n):
        params = sampler(rng)
        entries = (Asked(params, by, 2 * number), Told({"loss": function(params)}, 1.0))
        history.fold([Entry(number, event, 0.0, 2 * number + i) for i, event in enumerate(entries, 1)])
    return history


def test_the_samplers_that_do_not_learn_are_known_by_their_labels():
    assert {Random().label, QuasiRandom().label, Grid().label, Manual().label} == _BLIND


def test_a_blind_search_is_promised_what_chance_brings():
    """Of 60 random trials the best is among the last 20 in a third of all searches. Seeds are fixed: nothing is left to chance."""
    chances = [prospect(searched(40, "random", bowl, SPACE.sample, seed), 20).chance for seed in range(16)]

    assert np.mean(chances) == pytest.approx(1 / 3, abs=0.2)


def test_a_search_that_learns_is_promised_more_than_a_blind_one():
    blind, learning = (prospect(searched(30, by, bowl, SPACE.sample), 20) for by in ("random", "gp"))

    assert learning.gain > blind.gain


def test_what_the_last_trials_brought_widens_the_forecast():
    def late(rng):
        return SPACE.sample(rng)

    steady = searched(30, "gp", lambda p: min(bowl(p), 0.9), late)
    found, sd = prospect(steady, 20), prospect(steady, 20).sd

    assert sd >= 0.5 * (min(steady.losses[:15, 0]) - min(steady.losses[:, 0]))
    assert found.gain >= 0


def test_luck_in_measuring_is_no_gain():
    """Where nothing but noise is measured, the best by measurement is no better than another."""
    rng = np.random.default_rng(3)

    found = prospect(searched(60, "gp", lambda p: 0.01 * bowl(p) + float(rng.normal()), SPACE.sample), 20)

    assert found.gain < 0.5  # of noise 1, whose least of 20 lies 1.9 below the mean


BOUNDED = [Metric("accuracy", "maximize"), Metric("latency", bound=300.0)]


def measured(x, y):
    return {"accuracy": 0.9 * x + 0.1 * y, "latency": 1000 * (x * x + 0.2 * y)}


def test_what_breaks_a_bound_is_no_gain(history_of):
    rng = np.random.default_rng(0)
    unit = SearchSpace({"x": Float(0, 1), "y": Float(0, 1)})
    trials = [({"x": x, "y": y}, measured(x, y)) for x, y in rng.random((40, 2)).tolist()]

    history = history_of(unit, trials, metrics=BOUNDED)
    found = prospect(history)

    left = 0.493 - history.best.values["accuracy"]  # of x = sqrt(0.3), y = 0, that keeps within
    assert 0 < found.gain < left + 2 * found.sd
    assert found.gain < 0.1 < 1.0 - history.best.values["accuracy"]
    assert 0.8 * left < found.regret < left + 0.1


def test_where_nothing_keeps_within_the_bounds_there_is_nothing_to_improve_on(history_of):
    trials = [({"x": x, "y": 1.0}, measured(0.6 + x / 10, 1.0)) for x in np.linspace(-1, 1, 20).tolist()]

    found = prospect(history_of(SPACE, trials, metrics=BOUNDED))

    assert math.isnan(found.gain)
    assert "keeps within every metric's bound" in repr(found)


def test_when_nothing_will_come_of_it_it_does_not_say_go_on():
    told = {"metric": "loss", "n": 60, "trials": 20, "regret": 0.0012, "noise": 0.00023, "seconds": 0.0}

    idle, lively = Prospect(**told, gain=0.0, sd=0.0, chance=0.0), Prospect(**told, gain=0.1, sd=0.1, chance=0.4)

    assert "20 more trials: no gain expected in loss; less than 1 % chance of any" in repr(idle)
    assert "little reason to go on" in repr(idle)
    assert "searching on may find it" in repr(lively)
    for each in (idle, lively):
        assert "what the model takes for noise (0.00023)" in repr(each)
        assert "error of a measurement" not in repr(each)


def test_the_error_of_seeds_has_no_share_that_they_have_in_common():
    journal, values = Journal(SPACE), {}
    rng = np.random.default_rng(0)
    for folds, seeds, r in ((None, 4, 0.0), (5, 4, 1 / 4)):
        journal = Journal(SPACE, (Metric("loss"),))
        for _ in range(12):
            params = SPACE.sample(rng)
            trial = journal.ask(params, fold=None if folds is None else 0)
            values[trial] = [bowl(params) + 0.1 * e for e in rng.normal(size=(folds or 1) * seeds)]
            for cell, value in enumerate(values[trial]):
                fold, seed = (None, cell) if folds is None else (cell % folds, cell // folds)
                journal.tell(trial, value, index=journal.send(trial, fold=fold, seed=seed) if cell else 0)

        best = values[journal.history.best.number]
        expected = np.std(best, ddof=1) * math.sqrt(1 / len(best) + r)
        assert prospect(journal.history, 5).noise == pytest.approx(expected)


def test_where_nothing_is_left_to_gain_it_does_not_say_that_searching_may_find_it():
    def said(**more):
        return " ".join(Prospect("accuracy", 20, 10, gain=0.0, sd=0.0, chance=0.5, regret=0.0, **more).lines)

    assert "By the model and the limits of the metric nothing is left to gain." in said(noise=0.0)
    assert "searching on" not in said(noise=0.0)
    assert "less than what the model takes for noise (0.01): stopping is advised" in said(noise=0.01, fit=Fit(0.9, 0.9, 20))
    assert "the noise of a measurement is unknown" in said()


def test_of_several_metrics_it_speaks_of_one_alone(history_of):
    rng = np.random.default_rng(0)
    trials = [(params := SPACE.sample(rng), {"a": params["x"], "b": 1 - params["x"]}) for _ in range(30)]
    history = history_of(SPACE, trials, metrics=[Metric("a"), Metric("b")])

    first, second = prospect(history), prospect(history, metric="b")

    assert (first.metric, second.metric) == ("a", "b")
    assert "in a alone" in first.lines[1]
    assert "in b alone" in second.lines[1]
    assert "about b alone" in repr(second)


def test_where_the_best_is_as_good_as_can_be_nothing_is_promised(history_of):
    trials = [({"x": i / 39, "y": 0.5}, round(20 * min(1.0, 0.5 + 0.6 * i / 39)) / 20) for i in range(40)]

    found = prospect(history_of(SPACE, trials, metrics=[Metric("val_acc", "maximize")]))

    assert found.gain == 0.0
    assert found.chance == 0.0
