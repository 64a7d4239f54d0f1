from tunewright.trial import TRANSITIONS, Failure, Measurement, Outcome, Task, Trial, TrialState


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


def trial(**known):
    fields = {"number": 3, "params": {"lr": 0.1, "<script>": "a & b"}, "state": TrialState.COMPLETED, "values": {"loss": 0.5}}
    fields |= {"measurements": (Measurement(0, None, 0, 0, {"loss": 0.5}, 1.0),), "origin": "gp", "note": "", "seconds": 1.0}
    return Trial(**fields | {"asked_at": 0.0, "finished_at": 1.0} | known)


def test_a_trial_prints_in_a_line():
    assert repr(trial()) == (
        "Trial(number=3, state='completed', values={'loss': 0.5}, params={'lr': 0.1, '<script>': 'a & b'}, "
        "origin='gp', seconds=1, 1 measurement)"
    )


def test_a_trial_says_what_is_special_about_it():
    failure = Failure("exception", "ValueError: no", "Traceback\n  line")

    found = trial(state=TrialState.FAILED, values=None, measurements=(), note="by hand", failure=failure, usable=False, parent=2)

    assert repr(found).endswith("note='by hand', failure='ValueError: no', usable=False, parent=2, seconds=1, 0 measurements)")
    assert "values=None" in repr(found)


def test_a_notebook_shows_a_trial_and_runs_nothing_of_it():
    html = trial(note="<script>alert(1)</script>", values={"<loss>": 0.5})._repr_html_()

    assert html.startswith("<p><b>Trial 3</b>: completed, &lt;loss&gt; 0.5</p><table>")
    assert ">&lt;script&gt;</td>" in html
    assert ">&quot;a &amp; b&quot;</td>" in html
    assert "<script" not in html
    assert html.endswith("note=&#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;, seconds=1, 1 measurement</p>")


def test_a_failure_prints_without_its_traceback():
    assert repr(Failure("exception", "ValueError: no", "Traceback\n  line")) == (
        "Failure(kind='exception', message='ValueError: no', traceback=<2 lines>)"
    )
    assert repr(Failure("told", "no")) == "Failure(kind='told', message='no')"


def test_a_task_prints_what_is_not_usual():
    assert repr(Task(1, 0, {"x": 0.5}, fold=2)) == "Task(trial=1, index=0, params={'x': 0.5}, fold=2)"
