import pytest

import tunewright as tw
from tunewright.measuring import measure
from tunewright.schedulers import Race


def test_what_is_measured_meets_every_seed_and_then_the_study_races_on():
    def objective(live):
        return live["x"] + 0.01 * live.rng.standard_normal()

    study = tw.Study({"x": tw.Float(0, 1, default=0.0)}, sampler=tw.samplers.Random(), scheduler=Race(seeds=4, confirm=0))
    study.optimize(objective, trials=5)
    race = study.scheduler
    measure(study, race, objective, [{"x": 0.9}, {"x": 0.8}], "to be sure", 1)

    assert [trial.params["x"] for trial in study.history.trials[5:]] == [0.9, 0.8]
    assert [len(trial.measurements) for trial in study.history.trials[5:]] == [4, 4]
    assert study.history.note(5) == "to be sure"
    assert study.scheduler is race
    assert study.replay().same

    measure(study, race, objective, [], "", 1)
    assert len(study.history) == 7

    measure(study, race, objective, [{"x": 0.9}], "once more", 1)
    assert study.history.trial(7).params == {"x": 0.9}


def test_the_study_races_on_after_an_objective_that_ends_the_search():
    study = tw.Study({"x": tw.Float(0, 1)}, scheduler=Race(seeds=2))
    race = study.scheduler

    with pytest.raises(KeyboardInterrupt):
        measure(study, race, interrupted, [{"x": 0.5}], "", 1)
    assert study.scheduler is race


def interrupted(live):
    raise KeyboardInterrupt
