"""What may be written into a journal, in one transaction."""

import pytest

import tunewright as tw
from tunewright.errors import AlreadyTold, TrialError
from tunewright.events import StopAsked, Told
from tunewright.journal import Journal
from tunewright.pen import as_dict
from tunewright.storage import Memory
from tunewright.trial import Outcome, Report

SPACE = tw.SearchSpace({"x": tw.Float(0, 1)})


@pytest.fixture
def study():
    study = tw.Study(SPACE, tw.Metric("loss"), seed=0)
    study.ask()
    study.ask()
    return study


def told(study):
    return [entry.event for entry in study.storage.read(study._journal.record.id) if isinstance(entry.event, Told)]


def test_a_result_is_written_once_with_its_reports(study):
    with study._journal.writing() as pen:
        pen.tell(0, 0, Outcome({"loss": 1.0}, reports=(Report(1, {"loss": 2.0}),), reached=1.0))
        with pytest.raises(AlreadyTold):
            pen.tell(0, 0, Outcome({"loss": 3.0}))
        with pytest.raises(TrialError, match="neither values nor a failure"):
            pen.tell(1, 0, Outcome(None))

    assert told(study) == [Told({"loss": 1.0}, reached=1.0)]
    assert study.history.curve(0) == [Report(1, {"loss": 2.0})]


def test_of_several_results_those_that_others_told_are_passed_over(study):
    tasks = [task for task, _ in study.history.open_tasks]
    study.tell(0, 1.0)

    with study._journal.writing() as pen:
        pen.tell_all([(task, Outcome({"loss": 5.0})) for task in tasks])

    assert [event.values["loss"] for event in told(study)] == [1.0, 5.0]


@pytest.mark.parametrize(("by", "value"), [("", None), ("Median()", 2.0)])
def test_a_task_in_nobodys_hand_that_should_stop_has_failed_or_counts_with_what_it_reported(study, by, value):
    study._journal.report(study.history.task(0), [Report(1, {"loss": 2.0}), Report(2, {"other": 1.0})])
    with study._journal.writing() as pen:
        pen.write(0, StopAsked("enough", by))
        assert pen.cut(0, 0)

    trial = study.history.trial(0)
    assert trial.value == value
    assert (trial.failure is None) == (value is not None)
    assert trial.measurements[0].budget == (None if value is None else 1)


def test_nobody_is_cut_who_was_not_asked_to_stop(study):
    with study._journal.writing() as pen:
        assert not pen.cut(0, 0)


def test_a_space_is_held_as_it_is_written():
    journal = Journal(Memory(), "study", space=SPACE)

    assert journal.record.header.space == as_dict(SPACE)


def test_a_configuration_waits_once_unless_it_is_to_be_tried_again(study):
    def enqueue(again):
        with study._journal.writing() as pen:
            assert pen.enqueue({"x": 0.125}, "mine", again=again) == ({"x": 0.125}, None)
        return len(study.history.queue)

    assert [enqueue(again) for again in (False, False, True)] == [1, 1, 2]
