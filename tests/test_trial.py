from tunewright.trial import TRANSITIONS, Failure, Outcome, Trial, TrialState


def test_a_failed_trial_stays_failed():
    assert TRANSITIONS[TrialState.FAILED] == frozenset()


def test_every_state_has_its_transitions():
    assert set(TRANSITIONS) == set(TrialState)


def test_the_value_of_a_trial_is_that_of_its_first_metric():
    trial = Trial(0, {}, TrialState.COMPLETED, {"loss": 0.5, "seconds": 3.0}, (), "random", "", 0.0, 1.0, 1.0)

    assert trial.value == 0.5


def test_a_failed_outcome_has_no_values():
    outcome = Outcome(None, Failure("exception", "ValueError: no"))

    assert outcome.values is None
    assert outcome.info == {}
