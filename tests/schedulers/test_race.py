import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.events import SpaceEdited
from tunewright.metric import Metric
from tunewright.samplers import Grid, Random
from tunewright.schedulers import Race, Resume, Start, Wait
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1)})
RNG = np.random.default_rng(0)


BOUNDED = (Metric("loss"), Metric("size", bound=10.0))


def bounded(*trials):
    """Trials with a loss and a size on each of their first seeds."""
    journal = Journal(SPACE, BOUNDED)
    for cells in trials:
        trial = journal.ask({"x": 0.5})
        for seed, (loss, size) in enumerate(cells):
            journal.tell(trial, {"loss": loss, "size": size}, index=journal.send(trial, seed=seed) if seed else 0)
    return journal


def begun(rows, seeds=1, folds=4):
    """Trials with results on their first cells."""
    journal = Journal(SPACE)
    for row in rows:
        trial = journal.ask({"x": 0.5}, fold=0)
        journal.tell(trial, row[0])
        for i, value in enumerate(row[1:], 1):
            journal.tell(trial, value, index=journal.send(trial, fold=i % folds, seed=i // folds))
    return journal


def decide(race, journal):
    return race.decide(SPACE, journal.history, RNG)


def test_the_first_trial_is_promised_every_cell():
    assert decide(Race(folds=5, seeds=2), Journal(SPACE)) == Start(plan=10, fold=0)


def test_while_the_first_is_underway_others_begin_with_one_cell():
    journal = Journal(SPACE)
    journal.ask({"x": 0.5}, plan=2, fold=0)
    journal.send(0, fold=1)

    assert decide(Race(folds=2), journal) == Start(plan=1, fold=0)


def test_forgiving_a_challenger_may_be_worse_but_not_than_the_worst_fold():
    incumbent = [1.0, 2.0, 3.0, 2.0]

    assert decide(Race(folds=4), begun([incumbent, [2.9]])) == Resume(1, fold=1)
    assert decide(Race(folds=4), begun([incumbent, [3.0]])) == Resume(1, fold=1)  # a tie is not worse
    assert decide(Race(folds=4), begun([incumbent, [3.1]])) == Start(plan=1, fold=0)


def test_with_scores_of_zero_and_one_a_failure_at_first_ends_nobody():
    incumbent = [0.0, 1.0, 1.0, 1.0]

    assert decide(Race(folds=4), begun([incumbent, [1.0]])) == Resume(1, fold=1)


def test_the_worst_cell_is_that_of_the_incumbent_and_not_of_those_before_it():
    rows = [[2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 3.0]]

    assert decide(Race(folds=4), begun([*rows, [2.5]])) == Resume(2, fold=1)
    assert decide(Race(folds=4), begun([*rows, [3.5]])) == Start(plan=1, fold=0)


def test_a_challenger_that_is_worse_beyond_chance_on_the_same_folds_is_stopped():
    incumbent = [1.0, 2.0, 3.0, 2.0]

    assert decide(Race(folds=4), begun([incumbent, [1.3, 2.31, 3.29]])) == Start(plan=1, fold=0)
    assert decide(Race(folds=4, error=0), begun([incumbent, [1.3, 2.31, 3.29]])) == Resume(1, fold=3)
    assert decide(Race(folds=4), begun([incumbent, [1.3, 1.9, 3.2]])) == Resume(1, fold=3)


def test_who_finishes_better_is_the_incumbent():
    journal = begun([[1.0, 2.0, 3.0, 2.0], [0.5, 1.5, 2.0, 1.5], [2.5]])

    assert decide(Race(folds=4), journal) == Start(plan=1, fold=0)


def test_who_was_passed_over_stays_out():
    journal = begun([[1.0, 2.0, 3.0, 2.0], [3.5]])
    later = journal.ask({"x": 0.1}, fold=0)
    journal.tell(later, 3.6)

    assert decide(Race(folds=4), journal) == Start(plan=1, fold=0)
    assert decide(Race(folds=4, error=0.2), journal) == Start(plan=1, fold=0)


def test_seeds_follow_the_folds():
    journal = begun([[1.0, 2.0, 1.0, 2.0], [0.9, 1.8]], folds=2)

    assert decide(Race(folds=2, seeds=2), journal) == Resume(1, fold=0, seed=1)
    assert decide(Race(seeds=2), Journal(SPACE)) == Start(plan=2)


def test_if_the_first_fails_the_next_is_promised_every_cell():
    journal = Journal(SPACE)
    journal.ask({"x": 0.5}, plan=4, fold=0)
    journal.fail(0)

    assert decide(Race(folds=4), journal) == Start(plan=4, fold=0)


def test_at_the_end_the_best_meet_fresh_cells_until_a_tenth_is_spent():
    journal = begun([[1.0 + 0.01 * i, 2.0, 3.0, 2.0] for i in range(10)])  # 40 tasks
    race, seen = Race(folds=4, confirm=3), []
    while isinstance(decision := race.finish(SPACE, journal.history, RNG), Resume):
        seen.append((decision.trial, decision.fold, decision.seed))
        index = journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
        journal.tell(decision.trial, 2.0, index=index)

    assert decision == Wait()
    assert seen == [(0, 0, 1), (1, 0, 1), (2, 0, 1), (0, 1, 1)]


def test_who_is_confirmed_stays_so_and_pushes_nobody_out():
    journal = begun([[1.0 + 0.01 * i, 2.0, 3.0, 2.0] for i in range(30)])  # 120 tasks
    race, seen = Race(folds=4, confirm=2), []
    while isinstance(decision := race.finish(SPACE, journal.history, RNG), Resume):
        seen.append(decision.trial)
        index = journal.send(decision.trial, fold=decision.fold, seed=decision.seed, spare=decision.spare)
        journal.tell(decision.trial, 9.0 - decision.trial, index=index)  # far worse than what the others met

    assert seen == [0, 1] * 6
    assert journal.history.effects().counts.tolist() == [10, 10] + [4] * 28
    assert journal.history.proven.all()  # four of ten, but all that they were owed
    assert Race(folds=4, confirm=0).finish(SPACE, journal.history, RNG) == Wait()


def test_without_confirmation_the_end_is_the_end():
    journal = begun([[1.0, 2.0, 3.0, 2.0] for _ in range(10)])

    assert Race(folds=4, confirm=0).finish(SPACE, journal.history, RNG) == Wait()


def test_of_what_the_paired_test_stops_hardly_any_would_have_won():
    """Simulated: at most a tenth by theory, and in fact about 1 in 200. 80 races of which some 50 are stopped; more than 5 wrong ones of them: odds below 1e-6."""
    rng, stopped, wrong = np.random.default_rng(1), 0, 0
    for _ in range(80):
        fold = rng.standard_normal(5)
        rows = fold + 0.3 * rng.standard_normal((2, 1)) + 0.3 * rng.standard_normal((2, 5))
        for j in range(1, 5):
            if isinstance(decide(Race(folds=5), begun([rows[0], rows[1, :j]], folds=5)), Start):
                stopped += 1
                wrong += rows[1].mean() < rows[0].mean()
                break

    assert stopped > 10
    assert wrong <= 5


@pytest.mark.parametrize(("arguments", "said"), [
    ({"folds": 0}, "folds"), ({"seeds": 0}, "seeds"), ({"folds": True}, "folds"), ({"error": 0.5}, "error"), ({"confirm": -1}, "confirm"),
])  # fmt: skip
def test_impossible_arguments_are_refused(arguments, said):
    with pytest.raises(StudyError, match=said):
        Race(**arguments)


def test_several_objectives_cannot_race():
    history = Journal(SPACE, (Metric("a"), Metric("b"))).history

    with pytest.raises(StudyError, match="Once"):
        Race(folds=3).decide(SPACE, history, RNG)


def test_a_race_goes_on_after_a_restart_as_it_would_have(tmp_path):
    def loss(live):
        return float(abs(live["x"] - 0.3) + 0.01 * live.rng.standard_normal())

    url = f"sqlite:///{tmp_path / 'runs.db'}"
    study = Study({"x": Float(0, 1)}, Metric("loss"), sampler=Random(), scheduler=Race(seeds=6), storage=url, seed=1)
    study.optimize(loss, trials=30)
    again = Study.load(url, sampler=Random(), scheduler=Race(seeds=6))

    assert study.history.result_at.tolist() == again.history.result_at.tolist()
    assert again.replay().same


def test_a_trial_that_was_measured_without_folds_meets_all_of_them():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5}), 1.0)
    cells = []
    for value in (1.0, 2.0, 3.0):
        resumed = decide(Race(folds=3), journal)
        cells.append((resumed.trial, resumed.fold, resumed.seed))
        journal.tell(0, value, index=journal.send(0, fold=resumed.fold, seed=resumed.seed))

    assert cells == [(0, 0, 0), (0, 1, 0), (0, 2, 0)]
    assert isinstance(decide(Race(folds=3), journal), Start)


@pytest.mark.parametrize(
    "arguments",
    [{"overlap": -1}, {"overlap": float("nan")}, {"overlap": "x"}, {"error": "x"}, {"error": None}, {"confirm": "x"}, {"confirm": None}, {"confirm": True}],
)  # fmt: skip
def test_what_cannot_be_an_argument_is_refused(arguments):
    with pytest.raises(StudyError, match=f"Race: {next(iter(arguments))} must be"):
        Race(folds=5, **arguments)


def test_a_fresh_cell_that_fails_costs_a_finalist_nothing():
    splits = np.random.default_rng(0).standard_normal((2, 5))  # no seed but 0 and 1

    def loss(live):
        return (live["x"] - 0.3) ** 2 + 0.01 * splits[live.seed][live.fold]

    study = Study({"x": Float(0, 1)}, Metric("loss"), sampler=Random(), scheduler=Race(folds=5, seeds=2), seed=0)
    study.optimize(loss, trials=30)
    history = study.history

    assert history.failed == 0
    assert {failure.message for _, failure in history.failures} == {"IndexError: index 2 is out of bounds for axis 0 with size 2"}
    assert all(trial.failure is None for trial in history.trials)
    best = study.best
    assert len([each for each in best.measurements if each.values]) == 10
    assert best.value == pytest.approx(np.mean([each.values["loss"] for each in best.measurements if each.values]))
    assert study.replay().same


def test_a_fold_that_the_race_does_not_know_is_no_cell_of_it():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5}, fold=0), 1.0)
    journal.tell(0, 9.0, index=journal.send(0, fold=3, seed=0))  # of a study that was begun with five
    race = Race(folds=3, seeds=2)

    asked = []
    for _ in range(5):
        resumed = decide(race, journal)
        asked.append((resumed.fold, resumed.seed))
        journal.tell(0, 1.0, index=journal.send(0, fold=resumed.fold, seed=resumed.seed))
    assert asked == [(1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]


def test_a_trial_that_somebody_stopped_is_out_of_the_race():
    study = tw.Study({"x": tw.Float(0, 1)}, tw.Metric("loss"), sampler=tw.samplers.Random(), scheduler=Race(folds=5, confirm=0))

    def objective(live):
        if live.trial == 1:
            study.stop(1)
        return 1.0 / (live.trial + 1)  # each is better than all before

    study.optimize(objective, trials=3)

    assert [len(trial.measurements) for trial in study.history.trials] == [5, 1, 5]
    assert study.replay().same


def test_who_breaks_a_bound_is_no_incumbent():
    default = [(0.0, 20.0), (0.1, 20.0), (0.0, 20.0)]

    assert decide(Race(seeds=3), bounded(default, [(5.0, 9.0)])) == Resume(1, seed=1)
    assert decide(Race(seeds=3), bounded(default, [(5.0, 9.0), (5.0, 9.0)])) == Resume(1, seed=2)


def test_who_clearly_breaks_a_bound_is_stopped():
    steady = [(1.0, 9.0), (1.1, 9.0), (1.0, 9.0)]
    noisy = [(1.0, 7.0), (1.1, 9.0), (1.0, 8.0)]

    assert decide(Race(seeds=3), bounded(steady, [(0.0, 10.1)])) == Start(plan=1)
    assert decide(Race(seeds=3), bounded(noisy, [(0.0, 10.9)])) == Resume(1, seed=1)  # one noisy seed
    assert decide(Race(seeds=3), bounded(noisy, [(0.0, 11.1)])) == Start(plan=1)
    assert decide(Race(seeds=3), bounded(noisy, [(0.0, 10.9), (0.0, 9.5)])) == Resume(1, seed=2)
    assert decide(Race(seeds=3), bounded(noisy, [(0.0, 10.9), (0.0, 10.8)])) == Start(plan=1)


def test_a_race_within_a_bound_is_won_by_who_met_every_seed():
    def objective(live):
        return {"loss": live["x"] + 0.05 * live.rng.standard_normal(), "size": 30 * (1 - live["x"])}

    study = Study({"x": Float(0, 1, default=0.1)}, BOUNDED, sampler=Random(), scheduler=Race(seeds=5, confirm=0), seed=0)
    study.optimize(objective, trials=30)
    history = study.history
    counts = history.effects().counts

    assert counts[history.feasible].max() == counts[study.best.number] == 5
    assert counts[~history.feasible][1:].max() == 1


def test_the_best_of_a_search_with_fewer_seeds_meets_the_others():
    journal = begun([[2.0], [1.0], [3.0]])  # with one fold each
    journal.fail(journal.ask({"x": 0.5}, fold=0))
    seen = []
    for _ in range(3):
        resumed = decide(Race(folds=4), journal)
        seen.append((resumed.trial, resumed.fold))
        journal.tell(1, 1.5, index=journal.send(1, fold=resumed.fold))

    assert seen == [(1, 1), (1, 2), (1, 3)]
    assert decide(Race(folds=4), journal) == Start(plan=1, fold=0)


def test_who_is_ahead_of_the_incumbent_on_few_seeds_is_not_left_behind():
    journal = begun([[0.5], [2.0, 2.0, 2.0, 2.0], [9.0]])

    assert decide(Race(folds=4), journal) == Resume(0, fold=1)


def test_what_an_edited_space_no_longer_holds_meets_no_further_fold():
    journal = Journal(SPACE)
    for x, values in ((0.2, [1.0, 2.0]), (0.8, [0.5])):
        trial = journal.ask({"x": x}, fold=0)
        for fold, value in enumerate(values):
            journal.tell(trial, value, index=journal.send(trial, fold=fold) if fold else 0)
    assert decide(Race(folds=2), journal) == Resume(1, fold=1)

    journal._write(-1, SpaceEdited(SearchSpace({"x": Float(0, 0.5)}).to_json()))

    assert decide(Race(folds=2), journal) == Start(plan=1, fold=0)


@pytest.mark.parametrize("limits", [{"trials": 12}, {"trials": 20}, {}])
def test_the_best_of_a_finite_space_meet_fresh_seeds_however_the_search_ends(limits):
    study = Study(
        {"x": Categorical(list(range(12)))}, Metric("loss"), sampler=Grid(), scheduler=Race(seeds=10, confirm=3), seed=0
    )
    study.optimize(lambda live: live["x"] + 6 * live.rng.standard_normal(), **limits)
    history = study.history

    assert len(history) == 12
    assert any(seed >= 10 for trial in range(12) for _, seed in history.cells(trial))
    assert study.replay().same


def test_a_race_without_trials_is_over():
    study = tw.Study({"x": tw.Float(0, 1)}, scheduler=Race(folds=3))

    study.optimize(lambda live: live["x"], trials=0)

    assert len(study.history) == 0
