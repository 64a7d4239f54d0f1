import pytest

from tunewright.errors import AlreadyTold, StudyChanged, StudyMissing, TrialError
from tunewright.events import Asked, Enqueued, Sent
from tunewright.journal import Journal
from tunewright.metric import Metric
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.storage import connect
from tunewright.trial import Outcome

SPACE = SearchSpace({"x": Float(0, 1), "opt": Categorical(["sgd", "adam"])})
LOSS = (Metric("loss"),)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    store = connect(None if request.param == "memory" else f"sqlite:///{tmp_path / 'runs.db'}")
    yield store
    store.close()


def test_a_study_is_created_once_and_then_opened(storage):
    first = Journal(storage, "a", space=SPACE, metrics=LOSS, seed=7)
    first.write(-1, Enqueued({"x": 0.5, "opt": "sgd"}))

    again = Journal(storage, "a")

    assert again.record == first.record
    assert again.record.header.seed == 7
    assert again.history.space == SPACE
    assert len(again.history.queue) == 1


def test_without_a_space_a_study_must_exist(storage):
    with pytest.raises(StudyMissing):
        Journal(storage, "nobody")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"metrics": (Metric("loss", "maximize"),)}, r"measures loss \(minimize\), not loss \(maximize\)"),
        ({"seed": 8}, "has seed 7, not 8"),
    ],
)
def test_what_a_study_is_cannot_change_silently(storage, changed, says):
    Journal(storage, "a", space=SPACE, metrics=LOSS, seed=7)

    with pytest.raises(StudyChanged, match=says):
        Journal(storage, "a", space=SPACE, **changed)


def test_a_changed_space_is_listed_and_accepted_on_request(storage):
    Journal(storage, "a", space=SPACE, metrics=LOSS)
    wider = SearchSpace({"x": Float(0, 10), "opt": Categorical(["sgd", "adam", "rmsprop"])})

    with pytest.raises(StudyChanged) as raised:
        Journal(storage, "a", space=wider)
    message = str(raised.value)
    assert "x" in message
    assert "rmsprop" in message
    assert "edit=True" in message

    assert Journal(storage, "a", space=wider, edit=True).history.space == wider
    assert Journal(storage, "a", space=wider).history.space == wider


def test_two_journals_hear_each_other(storage):
    one, two = Journal(storage, "a", space=SPACE, metrics=LOSS), Journal(storage, "a")

    trial = one.write(-1, Asked({"x": 0.5, "opt": "sgd"}, "test", 0)).trial
    two.tell(trial, 0, Outcome({"loss": 1.0}))

    assert one.sync().best.number == trial
    assert one.history.position == two.history.position == 2


def test_the_first_of_two_results_stands(storage):
    one, two = Journal(storage, "a", space=SPACE, metrics=LOSS), Journal(storage, "a")
    trial = one.write(-1, Asked({"x": 0.5, "opt": "sgd"}, "test", 0)).trial
    two.sync()
    one.tell(trial, 0, Outcome({"loss": 1.0}))

    with pytest.raises(AlreadyTold, match="another process"):
        two.tell(trial, 0, Outcome({"loss": 2.0}))
    with pytest.raises(AlreadyTold, match="already"):
        one.tell(trial, 0, Outcome({"loss": 3.0}))

    assert one.sync().best.value == two.history.best.value == 1.0


def test_telling_an_unknown_trial_says_so(storage):
    with pytest.raises(TrialError, match="no trial 3"):
        Journal(storage, "a", space=SPACE, metrics=LOSS).tell(3, 0, Outcome({"loss": 1.0}))


def test_a_task_that_kills_its_workers_is_given_up(storage):
    journal = Journal(storage, "a", space=SPACE, metrics=LOSS)
    journal.write(-1, Asked({"x": 0.5, "opt": "sgd"}, "test", 0, worker=1001))

    for attempt in (1, 2):  # numbers that nobody has are dead workers
        journal.reclaim(me=7)
        assert [task.attempt for task in journal.history.released] == [attempt]
        journal.write(0, Sent(0, worker=1001 + attempt, attempt=attempt + 1))
    journal.reclaim(me=7)

    trial = journal.history.trial(0)
    assert trial.failure.kind == "crash"
    assert trial.failure.message == "3 worker processes died with this task in hand."
    assert journal.history.released == []


def test_a_task_that_may_be_retried_more_often_is_given_up_later(storage):
    journal = Journal(storage, "a", space=SPACE, metrics=LOSS)
    journal.write(-1, Asked({"x": 0.5, "opt": "sgd"}, "test", 0, worker=1001))

    for attempt in range(1, 5):
        journal.reclaim(me=7, retries=4)
        assert [task.attempt for task in journal.history.released] == [attempt]
        journal.write(0, Sent(0, worker=1001 + attempt, attempt=attempt + 1))
    journal.reclaim(me=7, retries=4)

    assert journal.history.trial(0).failure.message == "5 worker processes died with this task in hand."
