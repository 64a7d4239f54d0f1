import json
import pickle
import subprocess
import sys
import warnings

import pytest

from tunewright.deciders import last_sampler
from tunewright.events import Enqueued, Opened
from tunewright.samplers import GP, Auto, Manual, Random, Sampler
from tunewright.schedulers import ASHA, PBT, Decision, Done, Once, Resume, Scheduler, Start
from tunewright.space import Float, Int
from tunewright.storage.wire import encode_header
from tunewright.study import Study

SPACE = {"x": Float(0, 1)}


def loss(live):
    return live["x"]


class Mine(Sampler):
    def propose(self, space, history, rng):
        return space.sample(rng)


class Twice(Scheduler):
    def decide(self, space, history, rng):
        return Start()

    def __repr__(self) -> str:
        return "Twice()"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'runs.db'}"


def test_a_study_goes_on_with_the_sampler_and_scheduler_that_it_had(url):
    Study(SPACE, sampler=GP(initial=3), scheduler=Once(seeds=2), storage=url).optimize(loss, trials=4)

    found = Study.load(url)

    assert repr(found.sampler) == "GP(initial=3)"
    assert repr(found.scheduler) == "Once(folds=None, seeds=2)"
    found.optimize(loss, more=2)
    assert [found.history.origin(trial) for trial in range(6)][-2:] == ["gp", "gp"]
    assert {found.history.plan(trial) for trial in range(6)} == {2}
    assert found.replay().same


def test_what_a_study_was_created_with_is_remembered_before_anybody_worked(url):
    Study(SPACE, sampler=GP(initial=3), scheduler=Once(seeds=2), storage=url).enqueue({"x": 0.5})

    found = Study.load(url)

    assert repr(found.sampler) == "GP(initial=3)"
    assert repr(found.scheduler) == "Once(folds=None, seeds=2)"
    assert [type(entry.event) for entry in found.storage.read(1)] == [Enqueued]
    found.ask()
    assert found.history.plan(0) == 2


def test_who_only_enqueues_later_changes_nothing_and_who_worked_last_counts(url):
    Study(SPACE, sampler=GP(), storage=url).enqueue({"x": 0.5})
    Study(SPACE, sampler=Auto(), storage=url).enqueue({"x": 0.6})
    assert isinstance(Study.load(url).sampler, GP)

    Study(SPACE, sampler=Random(), storage=url).optimize(loss, trials=1)

    assert isinstance(Study.load(url).sampler, Random)


def test_where_neither_was_named_the_description_is_as_it_was():
    header = Study(SPACE).storage.studies()[0].header

    assert sorted(json.loads(encode_header(header))) == ["metrics", "seed", "space", "version"]


def test_somebodys_own_that_a_study_was_created_with_is_missed_aloud(url):
    Study(SPACE, sampler=Mine(), storage=url).enqueue({"x": 0.5})

    with pytest.warns(UserWarning, match=r"Mine\(\), is none of Tunewright's"):
        Study.load(url).ask()


def test_the_same_line_again_goes_on_likewise_and_what_is_said_holds(url):
    Study(SPACE, sampler=Random(), scheduler=Once(seeds=2), storage=url).optimize(loss, trials=2)

    assert isinstance(Study(SPACE, storage=url).sampler, Random)
    said = Study(SPACE, sampler=Auto(), scheduler=Once(), storage=url)
    assert isinstance(said.sampler, Auto)
    assert repr(said.scheduler) == "Once(folds=None, seeds=1)"


def test_a_new_study_has_the_defaults(url):
    found = Study(SPACE, storage=url)

    assert isinstance(found.sampler, Auto)
    assert repr(found.scheduler) == "Once(folds=None, seeds=1)"


def test_whether_configurations_may_repeat_is_remembered_too(url):
    few = {"n": Int(1, 2)}
    Study(few, sampler=Random(), storage=url, repeats=True).enqueue({"n": 1})
    created = Study.load(url)
    created.optimize(lambda live: live["n"], trials=5)
    worked = Study(few, storage=url)

    worked.optimize(lambda live: live["n"], more=2)

    assert created.repeats
    assert worked.repeats
    assert worked.history.finished == 7
    assert not Study.load(url, repeats=False).repeats
    assert not Study(few).repeats
    assert pickle.loads(pickle.dumps(worked)).repeats


def test_somebodys_own_cannot_be_made_anew_and_that_is_said_once(url):
    Study(SPACE, sampler=Mine(), scheduler=Twice(), storage=url).optimize(loss, trials=2)
    found = Study.load(url)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # who only looks is told nothing
        assert isinstance(found.sampler, Auto)
        assert found.best.values
        found.replay()
    with pytest.warns(UserWarning, match="none of Tunewright's") as told:
        found.optimize(loss, more=1)

    assert [str(each.message).split(", ")[:2] for each in told] == [
        ["The study's last sampler", f"{__name__}.Mine()"],
        ["The study's last scheduler", f"{__name__}.Twice()"],
    ]
    assert {each.filename for each in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.tell(found.ask(), 1.0)


def test_who_brings_ones_own_is_told_nothing(url):
    Study(SPACE, sampler=Mine(), scheduler=Twice(), storage=url).optimize(loss, trials=2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Study.load(url, sampler=Mine(), scheduler=Twice()).optimize(loss, more=1)
        late = Study.load(url)
        late.sampler, late.scheduler = Mine(), Twice()
        late.tell(late.ask(), 1.0)

    assert late.history.origin(len(late.history) - 1) == "mine"


def test_by_hand_it_is_said_too(url):
    Study(SPACE, sampler=Mine(), storage=url).optimize(loss, trials=2)

    with pytest.warns(UserWarning, match=r"Mine\(\), is none of Tunewright's") as told:
        Study.load(url).ask()

    assert told[0].filename == __file__


def test_studies_share_no_sampler():
    journals = [Study(SPACE, sampler=GP()) for _ in range(2)]
    for study in journals:
        study._journal.write(-1, Opened(1, "GP()", "Once()", {}))

    one, other = (last_sampler(study.history, study._journal.record.header)[0] for study in journals)

    assert isinstance(one, GP)
    assert one is not other


def test_a_copy_goes_on_with_what_the_study_goes_on_with(url):
    Study(SPACE, sampler=Manual(), scheduler=Once(seeds=2), storage=url).enqueue({"x": 0.5})
    Study(SPACE, sampler=Manual(), scheduler=Once(seeds=2), storage=url).ask()

    copy = pickle.loads(pickle.dumps(Study.load(url)))

    assert isinstance(copy.sampler, Manual)
    assert repr(copy.scheduler) == "Once(folds=None, seeds=2)"


AT_WORK = """
import sys
from tunewright import Study
from tunewright.schedulers import PBT, Once
from tunewright.space import Float

study = Study({"x": Float(0, 1)}, storage=sys.argv[1], scheduler=eval(sys.argv[2]))
study.ask()
print("asked", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("theirs", "ours", "warned"),
    [
        ("PBT(1, 4)", ASHA(1, 4), "with PBT(1, 4), and this process begins with ASHA(1, 4)"),
        ("Once()", PBT(1, 4), ""),
        ("PBT(1, 4)", PBT(1, 4), ""),
        ("PBT(1, 4)", None, ""),
    ],
)
def test_a_population_and_another_scheduler_at_the_same_time_are_warned_of(url, theirs, ours, warned):
    Study(SPACE, storage=url)
    other = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, url, theirs], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "asked\n"
        study = Study.load(url, scheduler=ours)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                study.ask()
    finally:
        other.communicate(timeout=60)

    texts = [str(each.message) for each in caught]
    assert len(texts) == bool(warned)
    assert all(warned in text for text in texts)
    assert [entry.event.text for entry in study.history.warnings] == texts
    assert {each.filename for each in caught} <= {__file__}


def test_who_is_dead_disturbs_no_population(url):
    Study(SPACE, storage=url)
    subprocess.run([sys.executable, "-c", AT_WORK, url, "PBT(1, 4)"], input="", text=True, check=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Study.load(url, scheduler=ASHA(1, 4)).ask()


class Abandon(Scheduler):
    """Promises three tasks, and sends one."""

    def decide(self, space, history, rng) -> Decision:
        return Start(plan=3) if len(history) < 6 else Done()

    def __repr__(self) -> str:
        return "Abandon()"


class Finishes(Abandon):
    def decide(self, space, history, rng) -> Decision:
        left = [trial for trial in history.underway if history.sent(trial) < history.plan(trial)]
        return Resume(left[0], seed=history.sent(left[0])) if left else super().decide(space, history, rng)

    finish = decide


@pytest.mark.parametrize("trials", [6, 20, None])
def test_trials_that_are_never_finished_are_said_to_be_so(trials):
    study = Study(SPACE, sampler=Random(), scheduler=Abandon())

    with pytest.warns(
        UserWarning, match=r"ends at 0 finished trials, 6 unfinished: Abandon\(\) does not send what it promised"
    ) as told:
        study.optimize(loss, trials=trials)

    assert "trial 0 was promised 3 tasks and was sent 1" in str(told[0].message)
    assert len(told) == 1


@pytest.mark.filterwarnings("error")
def test_who_sends_what_was_promised_is_told_nothing():
    study = Study(SPACE, sampler=Random(), scheduler=Finishes())
    study.optimize(loss, trials=6)

    assert study.history.finished == 6
