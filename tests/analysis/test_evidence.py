import numpy as np
import pytest

from tunewright.analysis.evidence import check_names, cutoff, evidence, pulled_in, seen, share_of, territory
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.schedulers import ASHA
from tunewright.space import Categorical, Choice, Float, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal
from tunewright.trial import Failure

ONE = SearchSpace({"x": Float(0, 1)})


def test_only_trials_with_a_value_are_evidence_and_smaller_is_better(history_of):
    trials = [({"x": 0.1}, 3.0), ({"x": 0.2}, Failure("crash", "killed")), ({"x": 0.3}, None), ({"x": 0.4}, 5.0)]

    known = evidence(history_of(ONE, trials, metrics=Metric("accuracy", "maximize")))

    assert known.numbers.tolist() == [0, 3]
    assert known.losses.tolist() == [-3.0, -5.0]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([], "no completed trial"),
        ([1.0], "is 1 completed trial inside"),
        ([1.0, 2.0], "are 2 completed"),
        ([2.0] * 9, "same loss"),
        ([0.3, 0.1 + 0.2] * 4, "same loss"),
    ],
)
def test_it_says_why_nothing_can_be_learned(losses, says, history_of):
    history = history_of(ONE, [({"x": i / 10}, loss) for i, loss in enumerate(losses)])

    assert says in evidence(history).trouble


def test_an_unknown_metric_is_refused_with_those_that_are_there(history_of):
    with pytest.raises(StudyError, match=r'"los".*measures: loss'):
        evidence(history_of(ONE, []), "los")


def test_a_share_may_be_written_in_several_ways():
    assert [share_of(of) for of in ("all", "top 10 %", "top 2.5%", 0.3, "0.3", ".3", "1", "10%")] == [
        1.0,
        0.1,
        0.025,
        0.3,
        0.3,
        0.3,
        1.0,
        0.1,
    ]
    for wrong in ("best", "top 0 %", 0, 2.0, True):
        with pytest.raises(StudyError, match="top 10 %"):
            share_of(wrong)


def test_the_cutoff_is_the_last_loss_inside():
    assert cutoff(np.array([5.0, 1.0, 4.0, 2.0, 3.0]), 0.4) == 2.0
    assert cutoff(np.array([5.0, 1.0, 4.0, 2.0, 3.0]), 0.01) == 1.0


def test_losses_are_seen_with_unit_variance_and_those_far_above_the_bulk_are_pulled_in():
    losses = np.array([*np.linspace(1, 2, 20), 1e6])

    found = seen(losses)

    assert found.values.mean() == pytest.approx(0.0)
    assert found.values.std() == pytest.approx(1.0)
    assert np.allclose(found.scale * found.values[:-1] + found.shift, losses[:-1])
    assert found.scale * found.values[-1] + found.shift == pytest.approx(found.fence) == pytest.approx(3.3, abs=0.3)
    assert not seen(np.ones(5)).values.any()
    assert np.isfinite(seen(np.array([1e300, -1e300, 5.0, 1.0])).values).all()


def test_a_trial_owns_the_share_of_the_space_that_is_nearest_to_it():
    space = SearchSpace({"x": Float(1e-4, 1, log=True), "c": Categorical(["a", "b"])})
    rows = np.array([[1e-4, 0], [1, 0], [1e-2, 1], [1e-2, 1]])

    shares = territory(space, rows)

    # a choice that differs is as far as the whole range; 2,000 points: a standard error of 0.01
    assert shares == pytest.approx([0.25, 0.25, 0.25, 0.25], abs=0.05)
    assert shares[2] == shares[3]
    assert shares.sum() == pytest.approx(1.0)


def test_what_is_inactive_is_alike_when_the_space_is_shared_out():
    space = SearchSpace({"model": Choice({"tree": {"leaf": Float(0, 1)}, "svm": {"C": Float(0, 1)}})})
    rows = np.array([[0, 0.5, np.nan], [1, np.nan, 0.1], [1, np.nan, 0.9]])

    assert territory(space, rows) == pytest.approx([0.5, 0.25, 0.25], abs=0.05)


def test_once_a_search_has_converged_the_bulk_is_still_that_of_the_space():
    x = np.array([*np.linspace(0, 1, 11), *np.linspace(0.29, 0.31, 60)])
    losses = (x - 0.3) ** 2

    trials, space = seen(losses), seen(losses, territory(ONE, x[:, None]))

    assert trials.fence < 0.02
    assert space.fence > losses.max()
    assert space.scale * space.values + space.shift == pytest.approx(losses)


def test_how_many_count_as_the_fence_is_told_in_units_of_the_metric(history_of):
    history = history_of(
        ONE, [({"x": i / 10}, value) for i, value in enumerate([1, 2, 3, -90, -80])], metrics=Metric("gain", "maximize")
    )

    assert pulled_in(evidence(history), 5.0) == ("2 of 5 trials, far worse than the rest of the space, count as gain −5 here.",)
    assert pulled_in(evidence(history), 85.0)[0].startswith("1 of 5 trials, far worse than the rest of the space, counts as gain")
    assert pulled_in(evidence(history), 100.0) == ()


def test_in_a_race_losses_are_adjusted_for_the_folds_and_the_best_is_that_of_the_study(history_of):
    hard = [0.0, 0.0, 0.5]  # the third fold
    whole = [({"x": i / 10}, [i / 10 + fold + 0.01 * (-1) ** (i + j) for j, fold in enumerate(hard)]) for i in range(1, 8)]
    lucky = ({"x": 0.9}, [0.09])

    history = history_of(ONE, [*whole, lucky])
    known = evidence(history)

    assert known.losses[-1] == pytest.approx(0.09 + 0.5 / 3, abs=0.02)  # what it would have had on all folds
    assert known.doubts[-1] > 0 == known.doubts.min()
    assert known.numbers[known.best] == history.best.number == 0
    assert np.isinf(known.merits[-1])


def test_what_breaks_a_bound_is_never_the_best(history_of):
    trials = [({"x": i / 10}, {"a": float(i), "b": 5.0 - i}) for i in range(5)]
    known = evidence(history_of(ONE, trials, metrics=[Metric("a"), Metric("b", bound=3.0)]))

    assert known.best == 2
    assert known.within.tolist() == [np.inf, np.inf, 2.0, 3.0, 4.0]


def test_equal_rows_share_also_where_something_is_inactive():
    space = SearchSpace({"model": Choice({"tree": {"leaf": Float(0, 1)}, "svm": {"C": Float(0, 1)}})})
    rows = np.array([[0, 0.5, np.nan], [1, np.nan, 0.5], [0, 0.5, np.nan], [0, 0.5, np.nan]])

    shares = territory(space, rows)
    assert shares[1] == pytest.approx(0.5, abs=0.05)
    assert shares[0] == shares[2] == shares[3]


@pytest.mark.parametrize("name", [["a"], {"a"}, 3, None, ("a", "b")])
def test_what_is_no_name_is_refused(name):
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1)})

    check_names(space, ["b", "a"])
    with pytest.raises(StudyError, match=r'given by its name, and several one after the other \("a", "b"\), got'):
        check_names(space, ["a", name])


def test_results_of_small_budgets_are_taken_for_what_they_would_be_worth_at_the_highest() -> None:
    study = Study(SearchSpace({"x": Float(0, 1)}), Metric("loss"), scheduler=ASHA(1, 9), sampler=Random(), seed=0)
    study.optimize(lambda live: live["x"] + 100 / (live.budget or 9), trials=40, isolation="none")

    known = evidence(study.history)

    assert len(known) == 40
    assert np.abs(known.losses - (known.rows[:, 0] + 100 / 9)).max() < 0.2


def test_of_configurations_that_went_on_from_others_nothing_is_said():
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for i in range(6):
        journal.tell(journal.ask({"x": i / 6}, budget=1), float(i))
    assert evidence(journal.history).trouble == ""

    journal.tell(journal.clone(0, {"x": 0.9}, budget=2, since=1, replaces=5), -1.0)
    found = evidence(journal.history)

    assert found.trouble.startswith("1 trial is a clone that went on from the checkpoint of another")
    assert found.clones == found.take(np.arange(3)).clones == 1
    assert 6 not in found.numbers


def test_nobody_is_carried_to_where_nobody_was() -> None:
    journal = Journal(ONE, (Metric("accuracy", "maximize"),))
    for number in range(8):
        trial = journal.ask({"x": number / 8}, budget=1)
        journal.tell(trial, 0.1 + 0.1 * number)
    for number, high in ((4, 0.3), (5, 0.5), (6, 0.7), (7, 0.9)):  # twice as far apart as with a budget of 1
        journal.tell(number, high, index=journal.send(number, budget=9))

    known = evidence(journal.history)

    assert journal.history.worth[0, 0] == pytest.approx(0.5)  # an accuracy of -0.5
    assert known.losses.max() == pytest.approx(-0.1)  # the worst that was measured
    assert known.losses[4:] == pytest.approx([-0.3, -0.5, -0.7, -0.9])
