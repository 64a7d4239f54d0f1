import numpy as np
import pytest

import tunewright as tw
from tunewright import samplers
from tunewright.arithmetic import as_usual
from tunewright.schedulers import Scheduler, Start

USUAL = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
SPACE = tw.SearchSpace({"x": tw.Float(1e-8, 1.0, log=True), "y": tw.Float(-5, 5)})


@pytest.fixture
def strict():
    with np.errstate(all="raise"):
        yield np.geterr()


@as_usual
def settings(fail=False):
    if fail:
        raise ValueError
    np.seterr(over="ignore")
    return {**np.geterr(), "over": "warn"}


def test_it_works_under_numpys_defaults_and_gives_back_the_callers(strict):
    assert settings() == USUAL
    with pytest.raises(ValueError):
        settings(fail=True)

    assert np.geterr() == strict


def loss(live):
    assert set(np.geterr().values()) == {"raise"}  # the objective's are the user's
    return np.log(live["x"] / 0.01) ** 2 + live["y"] ** 2


@pytest.mark.parametrize("sampler", [samplers.TPE, samplers.GP, samplers.CMAES, samplers.Evolution, samplers.Auto])
def test_what_is_proposed_and_found_does_not_hang_on_the_callers_settings(strict, sampler):
    study = tw.Study(SPACE, sampler=sampler())

    study.optimize(loss, trials=40, progress=False)
    study.ask()

    with np.errstate(**USUAL):
        lenient = tw.Study(SPACE, sampler=sampler())
        lenient.optimize(lambda live: np.log(live["x"] / 0.01) ** 2 + live["y"] ** 2, trials=40, progress=False)
    assert np.array_equal(study.history.rows[:40], lenient.history.rows)
    assert study.replay().same
    assert study.best == study.history.best
    assert np.geterr() == strict


class Watching(Scheduler):
    """Notes under which settings it was asked."""

    def __init__(self):
        self.seen = []

    def decide(self, space, history, rng):
        self.seen.append(("decide", np.geterr()))
        return Start()

    def finish(self, space, history, rng):
        self.seen.append(("finish", np.geterr()))
        return super().finish(space, history, rng)

    def stop(self, space, history, task, new):
        self.seen.append(("stop", np.geterr()))
        return ""


def test_schedulers_decide_under_the_defaults_and_reports_leave_the_objective_its_own(strict):
    scheduler = Watching()
    study = tw.Study(SPACE, sampler=samplers.Random(), scheduler=scheduler)

    def reporting(live):
        live.report(1, value=live["y"])
        return loss(live)

    study.optimize(reporting, trials=3, progress=False)
    study.optimize(reporting, trials=3, progress=False)

    assert {name for name, _ in scheduler.seen} == {"decide", "finish", "stop"}
    assert all(settings == USUAL for _, settings in scheduler.seen)


def by_folds(live):
    return 1e-3 * live["x"] + live.fold


def test_what_is_found_over_folds_does_not_hang_on_them_either(strict):
    study = tw.Study(SPACE, sampler=samplers.Random(), scheduler=tw.schedulers.Race(folds=5))

    study.optimize(by_folds, trials=30, progress=False)

    for find in ("winner", "generalization", "importance", "health", "value_of_continuing", "sensitivity", "tunability"):
        getattr(study, find)()
    assert study.best == study.history.best
