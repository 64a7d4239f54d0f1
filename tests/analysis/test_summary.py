import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from tunewright.analysis.summary import (
    Difference,
    association,
    at_full_effort,
    causes,
    counts_text,
    default_trial,
    difference,
    failures,
    failures_left_out,
    objective,
    ranked,
    ranking,
    sentence_on_difference,
    spread,
    standard_deviation,
    totals,
    unfinished,
)
from tunewright.events import Entry, Released
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal
from tunewright.trial import Failure, Measurement, Trial, TrialState

HistoryOf = Callable[..., History]
SPACE = SearchSpace({"x": Float(0, 1)})
ACCURACY = Metric("accuracy", "maximize")


def at(x: float) -> dict[str, float]:
    return {"x": x}


def test_a_trial_is_worth_its_mean_and_spreads_with_its_folds(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(at(0.1), [1.0, 2.0, 3.0])])

    found = spread(history.trial(0), "loss")

    assert (found.mean, found.values, found.sd) == (2.0, (1.0, 2.0, 3.0), 1.0)


def test_what_was_given_back_is_unfinished_and_not_running() -> None:
    journal = Journal(SPACE)
    held, given = journal.ask(at(0.1)), journal.ask(at(0.2))
    journal.history.fold([Entry(given, Released(0, "interrupted"), 1.8e9, 3)])

    assert unfinished(journal.history) == {given}
    assert held not in unfinished(journal.history)
    assert counts_text(journal.history) == "0 completed, 0 failed, 1 running, 1 unfinished"
    assert (totals(journal.history).running, totals(journal.history).unfinished) == (1, 1)


def test_without_folds_there_is_no_spread(history_of: HistoryOf) -> None:
    found = spread(history_of(SPACE, [(at(0.1), 5.0)]).trial(0), "loss")

    assert (found.mean, found.values) == (5.0, (5.0,))
    assert math.isnan(found.sd)


def test_only_the_highest_budget_counts() -> None:
    def measured(index: int, budget: float | None, value: float) -> Measurement:
        return Measurement(index, budget, None, 0, {"loss": value}, 1.0)

    trial = Trial(
        0,
        {},
        TrialState.COMPLETED,
        {"loss": 2.5},
        (measured(0, 1, 9.0), measured(1, 4, 2.0), measured(2, 4, 3.0)),
        "",
        "",
        0,
        0,
        0,
    )

    assert spread(trial, "loss").values == (2.0, 3.0)
    assert [measurement.index for measurement in at_full_effort(trial)] == [1, 2]


def test_the_spread_is_safe_for_huge_values() -> None:
    assert standard_deviation(np.array([1e308, -1e308])) == pytest.approx(math.sqrt(2) * 1e308)
    assert standard_deviation(np.array([0.0, 0.0])) == 0
    assert standard_deviation(np.array([1e-300, 3e-300])) == pytest.approx(math.sqrt(2) * 1e-300)


@pytest.mark.parametrize(("metric", "best"), [(Metric("score"), [1, 3, 0]), (Metric("score", "maximize"), [0, 3, 1])])
def test_the_ranking_knows_which_way_is_better(history_of: HistoryOf, metric: Metric, best: list[int]) -> None:
    history = history_of(
        SPACE, [(at(0.1), 3.0), (at(0.2), 1.0), (at(0.3), Failure("told", "no")), (at(0.4), 2.0), (at(0.5), None)], metrics=metric
    )

    found = ranking(history)

    assert [row.trial.number for row in found] == best
    assert [row.rank for row in found] == [1, 2, 3]
    assert [row.trial.number for row in ranking(history, 1)] == best[:1]
    assert ranked(history, history.trial(3)).rank == 2


def test_a_trial_outside_a_bound_is_not_ranked(history_of: HistoryOf) -> None:
    metrics = [Metric("loss"), Metric("seconds", bound=1.0)]
    history = history_of(
        SPACE, [(at(0.1), {"loss": 1.0, "seconds": 5.0}), (at(0.2), {"loss": 2.0, "seconds": 0.5})], metrics=metrics
    )

    assert [row.trial.number for row in ranking(history)] == [1]
    assert objective(history) == metrics[0]


def test_the_default_is_found_by_its_parameters_or_by_its_note(history_of: HistoryOf) -> None:
    by_params = history_of(SPACE, [(at(0.1), 1.0), (SPACE.default, 2.0)])
    by_note = history_of(SPACE, [(at(0.1), 1.0), (at(0.2), 2.0)], notes={1: "default forest"})
    neither = history_of(SPACE, [(at(0.1), 1.0), (SPACE.default, Failure("told", "no"))])

    assert [getattr(default_trial(history), "number", None) for history in (by_params, by_note, neither)] == [1, 1, None]


def test_failures_are_worth_a_word_where_they_are_not_rare(history_of: HistoryOf) -> None:
    said = failures_left_out(history_of(SPACE, [(at(0.1), Failure("exception", "no")), *[(at(0.2), 1.0)] * 3]))

    assert said.startswith("1 of 4 finished trials failed and are not in this")
    assert failures_left_out(history_of(SPACE, [(at(0.2), 1.0)])) == ""
    assert failures_left_out(history_of(SPACE, [(at(0.1), Failure("exception", "no")), *[(at(0.2), 1.0)] * 20])) == ""


def test_the_difference_is_taken_fold_by_fold_and_corrected_for_overlap(history_of: HistoryOf) -> None:
    ours, theirs = [0.91, 0.93, 0.95, 0.92, 0.94], [0.90, 0.91, 0.95, 0.90, 0.91]
    history = history_of(SPACE, [(at(0.1), ours), (at(0.2), theirs)], metrics=ACCURACY)
    gains = np.subtract(ours, theirs)
    half = stats.t.ppf(0.975, 4) * gains.std(ddof=1) * math.sqrt(1 / 5 + 1 / 4)

    found = difference(history.trial(0), history.trial(1), ACCURACY)

    assert found is not None
    assert (found.gain, found.low, found.high) == pytest.approx((gains.mean(), gains.mean() - half, gains.mean() + half))


def test_a_smaller_loss_is_a_gain(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(at(0.1), [1.0, 2.0]), (at(0.2), [2.0, 3.5])])

    found = difference(history.trial(0), history.trial(1), Metric("loss"))

    assert found is not None
    assert found.gain == pytest.approx(1.25)
    assert found.low < 1.25 < found.high


def test_two_gains_that_are_the_same_prove_nothing(history_of: HistoryOf) -> None:
    """Equally good classifiers, judged on 2 folds of 30 rows: of 40 pairs, some gain the same on both folds."""
    alone = history_of(SPACE, [(at(0.1), [0.8, 0.7]), (at(0.2), [0.75, 0.65])], metrics=ACCURACY)
    found = difference(alone.trial(0), alone.trial(1), ACCURACY, alone)
    rng = np.random.default_rng(0)
    others = [(at(0.3 + i / 100), list(rng.binomial(30, 0.8, 2) / 30)) for i in range(10)]
    many = history_of(SPACE, [(at(0.1), [0.8, 0.7]), (at(0.2), [0.75, 0.65]), *others], metrics=ACCURACY)
    among = difference(many.trial(0), many.trial(1), ACCURACY, many)
    same = difference(alone.trial(0), alone.trial(0), ACCURACY)

    assert found is not None
    assert among is not None
    assert found.gain == pytest.approx(0.05)
    assert found.shared == 2
    assert math.isnan(found.low)
    assert "cannot be told" in sentence_on_difference(found)
    assert "nan" not in sentence_on_difference(found)
    assert among.low < 0 < among.high
    assert same == Difference(0.0, 0.0, 0.0, 2)


def test_how_much_folds_share_depends_on_all_of_them(history_of: HistoryOf) -> None:
    """A raced trial met 2 of 10 folds: n_test / n_train is 1/9 and not 1."""
    ours, theirs = list(0.9 + np.arange(10) / 100), [0.8, 0.83]
    history = history_of(SPACE, [(at(0.1), ours), (at(0.2), theirs)], metrics=ACCURACY)
    half = stats.t.ppf(0.975, 1) * np.std([0.1, 0.08], ddof=1) * math.sqrt(1 / 2 + 1 / 9)

    for known in ((), (history,)):
        found = difference(history.trial(0), history.trial(1), ACCURACY, *known)

        assert found is not None
        assert found.high - found.gain == pytest.approx(half)


def test_one_fold_drawn_anew_shares_what_the_history_says() -> None:
    journal, rng = Journal(SPACE, (ACCURACY,)), np.random.default_rng(0)
    journal.history.frozen["overlap"] = 0.25
    for x in (0.1, 0.2):
        trial = journal.ask(at(x), fold=0)
        for repeat in range(10):
            journal.tell(trial, float(rng.random()), index=journal.send(trial, fold=0, seed=repeat) if repeat else 0)
    one, other = journal.history.trial(0), journal.history.trial(1)

    plain, known = difference(one, other, ACCURACY), difference(one, other, ACCURACY, journal.history)

    assert plain is not None
    assert known is not None
    assert (known.high - known.low) / (plain.high - plain.low) == pytest.approx(math.sqrt(0.35 / 0.1))


def test_without_shared_folds_there_is_no_difference(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(at(0.1), 1.0), (at(0.2), 2.0)])

    assert difference(history.trial(0), history.trial(1), Metric("loss")) is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (Difference(0.02, 0.01, 0.03), "Better than the default by 0.02"),
        (Difference(-0.02, -0.03, -0.01), "Worse than the default by 0.02"),
        (Difference(0.01, -0.01, 0.03), "Within noise of the default: 0.010 better"),
        (Difference(0.0, -0.01, 0.01), "As good as the default"),
    ],
)
def test_a_difference_is_said_in_words(found: Difference, says: str) -> None:
    assert sentence_on_difference(found).startswith(says)


def test_failures_that_differ_only_in_numbers_are_one_cause(history_of: HistoryOf) -> None:
    def broken(message: str, traceback: str = "") -> Failure:
        return Failure("exception", message, traceback)

    history = history_of(
        SPACE,
        [
            (at(0.1), broken("KeyError: 'a'")),
            (at(0.2), broken("ValueError: NaN in row 3")),
            (at(0.3), broken("ValueError: NaN in row 41", "whole")),
            (at(0.4), 1.0),
        ],
    )

    found = causes(history)

    assert [(cause.message, cause.trials, cause.traceback) for cause in found] == [
        ("ValueError: NaN in row 3", (1, 2), "whole"),
        ("KeyError: 'a'", (0,), ""),
    ]
    assert [number for number, _ in failures(history)] == [0, 1, 2]


def test_totals_count_everything(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [(at(0.1), [1.0, 2.0]), (at(0.2), Failure("told", "no")), (at(0.3), None)], notes={1: "mine"})

    found = totals(history)

    assert (found.completed, found.failed, found.running, found.tasks) == (1, 1, 1, 3)
    assert found.seconds == pytest.approx(1.0)
    assert found.origins == (("quasi-random", 2), ("queue", 1))
    assert found.started < found.ended


def test_totals_of_nothing_are_zero(history_of: HistoryOf) -> None:
    found = totals(history_of(SPACE, []))

    assert (found.completed, found.tasks, found.seconds, found.origins) == (0, 0, 0.0, ())
    assert math.isnan(found.started)


def test_association_tells_what_matters_from_what_does_not() -> None:
    rng = np.random.default_rng(0)
    matters, noise = rng.random(300), rng.random(300)
    losses = (matters - 0.5) ** 2 + rng.normal(0, 0.01, 300)
    sometimes = np.where(rng.random(300) < 0.5, np.nan, matters)

    assert association(matters, losses) > 0.8
    assert association(sometimes, losses) > 0.8
    assert association(noise, losses) < 0.1
    assert association((matters > 0.9).astype(float), losses) > 0.05
    assert association(np.ones(300), losses) == 0
    assert association(noise, np.ones(300)) == 0
    assert association(noise[:3], losses[:3]) == 0
