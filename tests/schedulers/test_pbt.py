import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import tunewright as tw
from tunewright.deciding import recorded
from tunewright.errors import NoResult, ObjectiveError, StudyError
from tunewright.metric import Metric
from tunewright.samplers import Auto, QuasiRandom, Random
from tunewright.schedulers import ASHA, PBT, Clone, Done, Once, Resume, Start, Wait
from tunewright.space import Categorical, Float, Int, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})
LINE = SearchSpace({"a": Float(0, 1, default=0.5), "b": Float(0, 1, default=0.5)})
LOSS = Metric("loss")
FOUR = PBT(2, 6, population=4)


def population(losses, budget=2, metrics=(LOSS,)):
    """Members that have finished so much; None: failed."""
    journal = Journal(SPACE, metrics)
    for loss in losses:
        trial = journal.ask({"x": 0.5}, budget=budget)
        if loss is None:
            journal.fail(trial)
        else:
            journal.tell(trial, loss)
    return journal


def decide(journal, scheduler=FOUR, seed=0):
    return scheduler.decide(journal.space, journal.history, np.random.default_rng(seed))


def finish(journal, scheduler=FOUR):
    return scheduler.finish(journal.space, journal.history, np.random.default_rng(0))


def carry_out(journal, decision, loss):
    """Do what was decided."""
    if isinstance(decision, Resume):
        journal.tell(decision.trial, loss, index=journal.send(decision.trial, budget=decision.budget))
    else:
        since, replaces = decision.since, decision.replaces
        trial = journal.clone(decision.trial, decision.params, budget=decision.budget, since=since, replaces=replaces)
        journal.tell(trial, loss)


# ---- who goes on ---------------------------------------------------------------------------------------------------------------


def test_members_begin_with_one_step_until_the_population_is_whole():
    assert decide(Journal(SPACE)) == Start(budget=2, again=True)
    assert decide(population([1.0, 2.0, 3.0])) == Start(budget=2, again=True)
    assert decide(population([1.0, 2.0, 3.0, 4.0])) == Resume(0, budget=4)


def test_the_worst_quarter_goes_on_as_a_clone_of_the_best():
    journal = population([4.0, 1.0, 2.0, 3.0])

    decision = decide(journal)

    assert isinstance(decision, Clone)
    assert (decision.trial, decision.budget, decision.since, decision.replaces, decision.plan) == (1, 4, 2, 0, 1)
    assert decision.params["x"] != 0.5
    assert len({decide(journal, seed=seed).params["x"] for seed in range(20)}) > 2  # 1 in 4 is drawn anew: else less than 1e-9


def test_nobody_is_the_worst_of_three():
    journal = population([4.0, 1.0, 2.0])
    journal.ask({"x": 0.5}, budget=2)

    assert decide(journal) == Resume(0, budget=4)


def test_who_has_least_comes_first_and_of_these_who_was_done_first():
    journal = population([1.0, 2.0, 3.0, 4.0])
    order = []
    for loss in (0.1, 0.2, 0.3, 0.4):
        order.append(decide(journal))
        carry_out(journal, order[-1], loss)

    assert [(type(each), each.trial) for each in order] == [(Resume, 0), (Resume, 1), (Resume, 2), (Clone, 0)]
    assert decide(journal) == Resume(0, budget=6)
    assert journal.history.clones[4].replaces == 3


def test_the_comparison_is_with_those_at_the_same_budget():
    journal = population([4.0, 3.0, 2.0, 1.0])
    for trial in (1, 2, 3):
        carry_out(journal, Resume(trial, budget=4), 0.1)

    assert decide(journal).trial == 3  # the best at 2, whatever it has become
    assert decide(journal).replaces == 0


def test_the_parent_is_one_of_the_best_quarter():
    journal = population([float(loss) for loss in range(8, 0, -1)])

    parents = {decide(journal, PBT(2, 6, population=8), seed).trial for seed in range(60)}

    assert parents == {6, 7}  # 2 ** -59 that it was always the same


def test_at_the_top_it_is_over():
    journal = population([4.0, 1.0, 2.0, 3.0])
    for _ in range(8):
        carry_out(journal, decide(journal), 1.0)

    assert decide(journal) == Done()
    assert finish(journal) == Wait()
    alive = journal.history.budgets == 6
    assert alive.sum() == 4


def test_budgets_are_multiples_of_the_step_and_the_top():
    journal = population([1.0, 2.0], budget=0.3)
    scheduler = PBT(0.3, 1.0, population=2)
    met = []
    while not isinstance(decision := decide(journal, scheduler), Done):
        met.append(decision.budget)
        carry_out(journal, decision, 1.0)

    assert met == pytest.approx([0.6, 0.6, 0.9, 0.9, 1.0, 1.0])


def test_who_runs_is_waited_for_at_the_end():
    journal = population([1.0, 1.0], budget=2)
    scheduler = PBT(2, 4, population=2)
    for trial in (0, 1):
        journal.send(trial, budget=4)

    assert decide(journal, scheduler) == Wait()


# ---- several objectives, bounds, failures --------------------------------------------------------------------------------------


def test_of_a_metric_to_maximize_the_smallest_are_the_worst():
    decision = decide(population([1.0, 4.0, 2.0, 3.0], metrics=(Metric("accuracy", "maximize"),)))

    assert (decision.trial, decision.replaces) == (1, 0)


def test_several_objectives_are_ranked_front_by_front():
    journal = Journal(SPACE, (Metric("loss"), Metric("seconds")))
    for loss, seconds in ((9.0, 9.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)):
        journal.tell(journal.ask({"x": 0.5}, budget=2), {"loss": loss, "seconds": seconds})

    assert (decide(journal).trial, decide(journal).replaces) == (1, 0)


def test_who_breaks_a_bound_is_behind_who_does_not():
    journal = Journal(SPACE, (Metric("loss"), Metric("size", bound=10)))
    for loss, size in ((1.0, 99.0), (3.0, 9.0), (2.0, 5.0), (4.0, 5.0)):
        journal.tell(journal.ask({"x": 0.5}, budget=2), {"loss": loss, "size": size})

    assert (decide(journal).trial, decide(journal).replaces) == (2, 0)


def test_a_failed_member_is_replaced_by_a_clone_of_a_good_one():
    decision = decide(population([None, 1.0, 2.0, 3.0]))
    assert (decision.trial, decision.replaces, decision.budget) == (1, 0, 4)

    journal = population([1.0, 2.0, 3.0, 4.0])
    journal.fail(0, index=journal.send(0, budget=4))
    met = [decide(journal)]
    while met[-1].budget == 4:
        carry_out(journal, met[-1], 0.5)
        met.append(decide(journal))

    assert [each.replaces for each in met if isinstance(each, Clone)] == [3, 0]
    assert (met[-1].since, met[-1].budget) == (4, 6)


def test_a_failed_member_waits_for_somebody_to_stand_in_from():
    journal = population([None])
    scheduler = PBT(2, 6, population=2)
    other = journal.ask({"x": 0.5}, budget=2)

    assert decide(journal, scheduler) == Wait()
    journal.tell(other, 1.0)
    assert decide(journal, scheduler).replaces == 0
    assert decide(journal, scheduler).trial == 1


def test_where_all_failed_it_is_over():
    assert decide(population([None] * 4)) == Done()


@pytest.mark.parametrize("high", [6, 4])
def test_where_all_failed_at_one_budget_a_clone_tries_the_stretch_again(high):
    journal, scheduler = population([1.0, 2.0, 3.0, 4.0]), PBT(2, high, population=4)
    for trial in range(4):
        journal.fail(trial, index=journal.send(trial, budget=4))
    assert scheduler.keeps(journal.history) == 2

    again = decide(journal, scheduler)

    assert (again.trial, again.replaces, again.since, again.budget) == (0, 0, 2, 4)
    trial = journal.clone(again.trial, again.params, budget=4, since=2, replaces=0)
    assert decide(journal, scheduler) == Wait()
    journal.tell(trial, 1.0)
    after = decide(journal, scheduler)
    assert after == Done() if high == 4 else (after.trial, after.replaces, after.since) == (trial, 1, 4)


def test_where_they_fail_again_it_is_over_and_said():
    journal = population([1.0, 2.0, 3.0, 4.0])
    for trial in range(4):
        journal.fail(trial, index=journal.send(trial, budget=4))
    again = decide(journal)
    journal.fail(journal.clone(again.trial, again.params, budget=4, since=2, replaces=again.replaces))

    with pytest.warns(UserWarning, match="No member of the population came to budget 6: all failed between 2 and 4, 1 clones"):
        assert decide(journal) == Done()


def test_for_whom_somebody_stopped_nobody_tries_again():
    study = tw.Study(SPACE, sampler=Random(), scheduler=PBT(2, 4, population=2))
    for loss in (1.0, 2.0):
        study.tell(study.ask(), loss)
    running = [study.ask(), study.ask()]
    for task in running:
        study.stop(task.trial)
        study.tell(task, RuntimeError("it was stopped"))

    assert study.history.failed == 2
    assert decide(study, PBT(2, 4, population=2)) == Done()


def test_who_somebody_stopped_is_replaced_and_never_cloned():
    study = tw.Study(SPACE, sampler=Random(), scheduler=FOUR)
    tasks = [study.ask() for _ in range(4)]
    study.stop(1)
    for task, loss in zip(tasks, [2.0, 1.0, 3.0, 4.0], strict=True):
        study.tell(task, loss)

    clones = [task for task in (study.ask() for _ in range(4)) if task.parent is not None]

    assert {task.parent for task in clones} <= {0}
    assert {study.history.clones[task.trial].replaces for task in clones} == {1, 3}
    assert len(clones) == 2


def test_the_default_is_not_replaced_for_its_value():
    journal = Journal(SPACE)
    for x, loss in ((0.25, 9.0), (0.5, 1.0), (0.5, 2.0), (0.5, 3.0)):
        journal.tell(journal.ask({"x": x}, budget=2), loss)

    assert decide(journal) == Resume(0, budget=4)
    journal.fail(0, index=journal.send(0, budget=4))
    for loss in (1.0, 2.0, 3.0):
        carry_out(journal, decide(journal), loss)
    assert decide(journal).replaces == 0


# ---- the end of the budget -----------------------------------------------------------------------------------------------------


def test_when_nothing_may_begin_the_worst_get_no_more_and_the_others_go_on():
    journal = population([4.0, 1.0, 2.0, 3.0])
    met = []
    while not isinstance(decision := finish(journal), Wait):
        met.append((decision.trial, decision.budget))
        carry_out(journal, decision, 1.0)

    assert met == [(1, 4), (2, 4), (3, 4), (1, 6), (2, 6), (3, 6)]


def test_a_population_does_not_grow_once_somebody_has_gone_on():
    journal = population([1.0, 2.0, 3.0])
    carry_out(journal, Resume(0, budget=4), 1.0)

    assert decide(journal) == Resume(1, budget=4)


# ---- what is kept --------------------------------------------------------------------------------------------------------------


def test_checkpoints_are_kept_from_the_budget_of_who_is_furthest_behind():
    journal = population([4.0, 1.0, 2.0, 3.0])
    assert FOUR.keeps(journal.history) == 2
    for trial in (1, 2, 3):
        carry_out(journal, Resume(trial, budget=4), 1.0)
    assert FOUR.keeps(journal.history) == 2

    clone = decide(journal)
    trial = journal.clone(clone.trial, clone.params, budget=clone.budget, since=clone.since, replaces=clone.replaces)
    assert FOUR.keeps(journal.history) == 2  # it may have to begin again from there
    journal.tell(trial, 1.0)
    assert FOUR.keeps(journal.history) == 4
    for _ in range(4):
        carry_out(journal, decide(journal), 1.0)
    assert FOUR.keeps(journal.history) == np.inf
    assert ASHA(1, 9).keeps(journal.history) is None


# ---- with what was there before ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[ASHA(2, 18)], [PBT(2, 18, population=6), ASHA(2, 18)]])
def test_after_another_scheduler_a_population_begins_anew(before):
    study = study_of(before[0], seed=3)
    for scheduler in before:
        study.scheduler = scheduler
        study.optimize(climb, more=8)
    known = len(study.history)
    study.scheduler = PBT(2, 10, population=6)

    study.optimize(climb)

    history = study.history
    assert (history.budgets[known:] == 10).sum() == 6
    assert {number for number in history.clones if number >= known}
    assert all(clone.parent >= known and clone.replaces >= known for trial, clone in history.clones.items() if trial >= known)
    assert study.replay().same


def test_who_is_asked_for_first_by_hand_is_a_member():
    study = study_of(ASHA(2, 18))
    study.tell(study.ask(), {"height": 9.0})
    study.scheduler = PBT(2, 6, population=2)

    asked = []
    for _ in range(3):
        asked.append(study.ask())
        study.tell(asked[-1], {"height": 1.0})

    assert [(task.trial, task.budget) for task in asked] == [(1, 2), (2, 2), (1, 4)]


def test_a_trial_by_hand_with_once_disturbs_no_population():
    study = study_of(seed=3)
    study.optimize(climb, trials=8)
    known = len(study.history)
    population, study.scheduler = study.scheduler, Once()
    study.tell(study.ask(), {"height": 0.0})
    study.scheduler = population

    study.optimize(climb)

    assert known == 8
    assert set(study.history.trials[known].measurements[0].values.values()) == {0.0}
    assert {trial.origin for trial in study.history.trials[known + 1 :]} <= {"clone"}


def test_where_an_edited_space_holds_no_member_a_population_begins_anew():
    study = tw.Study(
        {"a": Float(0, 1), "b": Float(0, 1)}, Metric("height", "maximize"), sampler=Random(), scheduler=PBT(2, 6, population=4)
    )
    for _ in range(6):
        study.tell(study.ask(), {"height": 1.0})
    study.edit({"a": Float(2, 3), "b": Float(2, 3)})

    known = len(study.history)
    study.optimize(climb)

    assert (study.history.budgets[known:] == 6).sum() == 4


def test_after_a_limit_a_population_fills_up_and_clones_of_who_went_on_find_its_checkpoint():
    study = study_of(seed=3)
    for a in (0.7, 0.8, 0.9):
        study.enqueue({"a": a, "b": 1.0})
    study.optimize(climb, trials=3)
    assert list(study.history.budgets) == [10, 10, 10]
    for a in (0.1, 0.2, 0.3):
        study.enqueue({"a": a, "b": 0.1})

    study.optimize(climb)

    check(study, queued=6)
    assert 2 in {clone.parent for clone in study.history.clones.values() if clone.since == 2}


def test_a_larger_population_does_not_fill_up_one_whose_checkpoints_are_gone():
    study = study_of(PBT(2, 10, population=3), seed=3)
    study.optimize(climb)
    study.scheduler = PBT(2, 10, population=6)

    study.optimize(climb)

    assert len(study.history) == 3


@pytest.mark.parametrize("trials", [6, 9])
def test_another_step_is_refused(trials):
    study = study_of(seed=3)
    study.optimize(climb, trials=trials)
    study.scheduler = PBT(3, 10, population=6)

    with pytest.raises(StudyError, match=r"begun with step=2 \(trial 0\).*Go on with that step"):
        study.optimize(climb)
    study.scheduler = PBT(2, 10, population=6)
    study.optimize(climb)
    assert study.replay().same


# ---- arguments -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        ((5, 5), {}, "0 < step < high"),
        ((0, 5), {}, "0 < step < high"),
        ((1, float("inf")), {}, "0 < step < high"),
        ((1, 5), {"population": 1}, "population"),
        ((1, 5), {"population": 2.5}, "population"),
        ((1, 5), {"truncation": 0.6}, "truncation"),
        ((1, 5), {"truncation": 0}, "truncation"),
        ((1, 5), {"resample": 1.5}, "resample"),
        ((1, 5), {"factors": (1.2, 0.8)}, "factors"),
        ((1, 5), {"factors": 0.8}, "factors"),
        ((1, 5), {"fixed": "width"}, r'fixed=\["width"\]'),
        ((1, 5), {"fixed": None}, r'fixed=\["width"\]'),
    ],
)
def test_what_cannot_be_is_refused(arguments, changes, said):
    with pytest.raises(StudyError, match=said):
        PBT(*arguments, **changes)


def test_a_fixed_name_that_is_none_is_named():
    with pytest.raises(StudyError, match=r'no parameter "wdth".*"width"'):
        decide(Journal(SearchSpace({"width": Int(1, 9)})), PBT(1, 5, fixed=["wdth"]))


def test_a_journal_tells_it_back():
    for scheduler in (FOUR, PBT(1, 9), PBT(0.5, 2, truncation=0.2, resample=0, factors=(0.5, 2.0), fixed=("a", "b"))):
        assert repr(recorded(repr(scheduler))) == repr(scheduler)
    assert repr(PBT(1, 9)) == "PBT(1, 9)"


# ---- whole searches ------------------------------------------------------------------------------------------------------------


def climb(live):
    """A value that grows by the product of its parameters with each epoch; returns it."""
    value, done = 0.0, 0
    if live.resume_from is not None:
        value, done = json.loads(Path(live.resume_from, "state").read_text())
    for _ in range(done, live.budget):
        value += live["a"] * live["b"]
    with live.save_checkpoint() as folder:
        (folder / "state").write_text(json.dumps([value, live.budget]))
    return {"height": value}


def study_of(scheduler=None, **kwargs):
    kwargs.setdefault("sampler", Random())
    return tw.Study(LINE, Metric("height", "maximize"), scheduler=scheduler or PBT(2, 10, population=6), **kwargs)


def height(study, trial):
    """What the schedule of its lineage comes to."""
    return sum((each.end - each.begin) * each.params["a"] * each.params["b"] for each in study.lineage(trial))


def check(study, members=6, top=10, queued=0):
    """Every value is that of its lineage; as many reach the top as there are members; each was replaced once at most."""
    history = study.history
    for trial in history.trials:
        assert trial.values is not None
        assert trial.values["height"] == pytest.approx(height(study, trial.number), rel=1e-9)
    assert (history.budgets == top).sum() == members
    replaced = [clone.replaces for clone in history.clones.values()]
    assert len(replaced) == len(set(replaced)) > 0
    assert len(history) == members + len(replaced)
    assert study.replay().same
    assert (study.replay().checked, study.replay().skipped) == (len(history) - queued, queued)


def test_a_search_ends_by_itself_and_comes_out_the_same_again():
    first, second = study_of(seed=3), study_of(seed=3)

    first.optimize(climb)
    second.optimize(climb)

    check(first)
    assert [(each.params, each.values, each.parent) for each in first.history.trials] == [
        (each.params, each.values, each.parent) for each in second.history.trials
    ]
    assert first.best.value == max(trial.value for trial in first.history.trials)


def test_workers_in_processes_make_clones_of_what_others_saved(tmp_path):
    study = study_of(storage=f"sqlite:///{tmp_path / 'runs.db'}")

    study.optimize(climb, workers=2)

    check(study)


def test_enqueued_configurations_are_members():
    study = study_of()
    for a in (0.125, 0.375):
        study.enqueue({"a": a, "b": 0.5})

    study.optimize(climb)

    assert [trial.origin for trial in study.history.trials[:6]] == ["queue"] * 2 + ["random"] * 4
    check(study, queued=2)


@pytest.mark.parametrize("sampler", [Auto(), QuasiRandom()])
def test_the_sampler_proposes_members_and_is_then_not_asked(sampler):
    study = study_of(sampler=sampler)

    study.optimize(climb)

    check(study)
    assert {trial.origin for trial in study.history.trials[6:]} == {"clone"}


def test_it_goes_on_where_it_was_and_trials_count_clones():
    study = study_of(seed=3)
    whole = study_of(seed=3)
    whole.optimize(climb)

    study.optimize(climb, trials=7)
    assert len(study.history) == 7
    study.optimize(climb)

    assert len(whole.history) > 7
    assert all((study.history.budgets[trial] == 10) or trial in replaced(study) for trial in range(len(study.history)))
    assert study.replay().same


def replaced(study):
    return {clone.replaces for clone in study.history.clones.values()}


def test_without_checkpoints_a_clone_is_an_error_that_names_the_mend():
    study = study_of()

    with pytest.raises(ObjectiveError, match=r"left no checkpoint in .*save_checkpoint"):
        study.optimize(lambda live: {"height": live["a"] * live.budget})

    assert study.history.failures[-1][1].kind == "checkpoint"


def test_an_objective_that_never_looks_at_the_checkpoint_is_an_error():
    def careless(live):
        with live.save_checkpoint() as folder:
            (folder / "state").write_text("nobody reads this")
        return {"height": live["a"] * live.budget}

    with pytest.raises(ObjectiveError, match=r"never looked at live\.resume_from"):
        study_of().optimize(careless)


def test_failures_cost_their_member_and_a_clone_stands_in():
    def touchy(live):
        if live.trial in (0, 3) and live.budget > 2:
            raise ValueError("it broke")
        return climb(live)

    study = study_of()
    study.optimize(touchy)

    assert (study.history.budgets == 10).sum() == 6
    failed = {trial for trial, _ in study.history.failures}
    assert failed <= replaced(study)


def test_all_failing_ends():
    study = study_of()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.optimize(lambda live: 1 / 0)

    assert (len(study.history), study.history.failed) == (6, 6)
    with pytest.raises(NoResult):
        study.lineage()


def test_by_hand_the_task_says_from_whose_checkpoint_it_goes_on():
    study = study_of(PBT(2, 4, population=4))
    for value in (1.0, 4.0, 2.0, 3.0):
        study.tell(study.ask(), {"height": value})

    task = next(task for task in (study.ask() for _ in range(4)) if task.parent is not None)

    assert (task.parent, task.since, task.budget, task.index) == (1, 2, 4, 0)


def test_a_clone_misleads_no_sampler_that_goes_on_after_it():
    study = study_of(seed=3)
    study.optimize(climb)
    history = study.history

    assert np.isnan(history.worth[6:]).all()
    assert np.isfinite(history.worth[:6]).any()
    assert history.merits[6:].min() > history.merits[:6][np.isfinite(history.worth[:6])].max()

    study.scheduler, study.sampler = Once(), tw.samplers.GP()
    study.optimize(lambda live: {"height": 10 * live["a"] * live["b"]}, more=3)
    assert study.replay().same


@pytest.mark.parametrize("sampler", [Random(), tw.samplers.Grid()])
def test_a_space_smaller_than_the_population_has_members_alike(sampler):
    space = SearchSpace({"a": Categorical([0.1, 0.2, 0.3]), "b": Categorical([1])})
    study = tw.Study(space, Metric("height", "maximize"), scheduler=PBT(2, 6, population=8), sampler=sampler, seed=0)

    study.optimize(climb)

    first = [trial for trial in study.history.trials if trial.parent is None]
    assert len(first) == 8
    assert len({trial.params["a"] for trial in first}) == 3
    assert study.history.clones
    assert study.replay().same


def test_who_waits_to_be_told_is_not_replaced_by_chance():
    space = SearchSpace({"a": Categorical([0.1, 0.2, 0.3]), "b": Categorical([1])})
    study = tw.Study(space, Metric("height", "maximize"), scheduler=PBT(2, 6, population=8), sampler=tw.samplers.Manual(), seed=0)
    study.enqueue({"a": 0.2})

    study.optimize(climb)

    assert {trial.params["a"] for trial in study.history.trials if trial.parent is None} <= {0.1, 0.2}
