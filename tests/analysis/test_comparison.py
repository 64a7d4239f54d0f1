import copy
import itertools
import math

import msgspec
import numpy as np
import pytest

from tunewright.analysis.comparison import compare
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(0, 1)})
MOMENTS = itertools.count(1.0)


def side(history_of, bests, seeds=None, **kwargs):
    histories = [history_of(SPACE, [({"x": 0.5}, 9.0), ({"x": 0.1}, best)], **kwargs) for best in bests]
    for history, seed in zip(histories, seeds or range(100), strict=False):
        history.seed = seed
    return [apart(history) for history in histories]


def apart(history):
    """As if begun at a moment of its own."""
    history.sessions[0] = msgspec.structs.replace(history.sessions[0], time=next(MOMENTS))
    return history


@pytest.mark.parametrize("count", [1, 3])
def test_a_study_beside_itself_differs_by_exactly_nothing(history_of, count):
    one = side(history_of, [1.0, 1.1, 0.9][:count])

    found = compare(one, [copy.deepcopy(each) for each in one], names=("a.db", "b.db"), margin=0.1)

    assert (found.gain, found.low, found.high, found.how) == (0.0, 0.0, 0.0, "the same")
    assert found.verdict == "a.db and b.db are the same search, told twice: the difference is exactly 0."
    assert repr(found).endswith(found.verdict)


def test_a_study_beside_itself_with_noise_on_folds_has_no_interval(history_of):
    scores = [({"x": i / 9}, [1 + i / 9, 1.2, 0.9 + i / 20]) for i in range(9)]
    one, other = (apart(history_of(SPACE, scores)) for _ in range(2))

    assert compare(one, one).low == compare(one, one).high == 0.0
    assert compare(one, other).low < 0.0 < compare(one, other).high  # another search that came to the same
    assert "Both winners are the same configuration: how they differ is chance." in compare(one, other).remarks


def test_a_study_on_both_sides_beside_others_is_refused(history_of):
    one, two, three = side(history_of, [1.0, 1.1, 0.9])

    with pytest.raises(StudyError, match="1 study stands both among those of A and of B"):
        compare([one, two], [one, three])


def test_studies_with_the_same_seeds_are_compared_in_pairs(history_of):
    hard = np.arange(8.0)
    jitter = np.array([0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1])

    found = compare(side(history_of, hard - 1 + jitter), side(history_of, hard))

    assert (found.how, found.n, found.trials) == ("paired seeds", 8, 2)
    assert found.gain == pytest.approx(0.95)
    assert found.low > 0.85
    assert found.verdict == "A is better than B."


def test_other_seeds_are_compared_without_pairs_and_hardness_blurs_them(history_of):
    hard = np.arange(8.0)

    found = compare(side(history_of, hard - 1), side(history_of, hard, seeds=range(50, 58)))

    assert found.how == "unpaired seeds"
    assert found.low < 0 < found.high
    assert "not shown" in found.verdict


def test_equal_they_are_only_within_a_margin_that_somebody_named(history_of):
    one, other = side(history_of, [1.0, 1.1, 0.9]), side(history_of, [1.0, 1.1001, 0.9])

    assert "No difference" in compare(one, other).verdict
    assert compare(one, other, margin=0.01).verdict == "A and B are equal within the margin of 0.01."


@pytest.mark.parametrize("gain", [0.0, 0.01])
@pytest.mark.parametrize("seeds", [range(2), range(50, 52)])
def test_differences_that_are_all_the_same_show_no_chance(history_of, gain, seeds):
    found = compare(side(history_of, [0.91, 0.91]), side(history_of, [0.91 + gain] * 2, seeds=seeds), margin=0.02)

    assert found.gain == pytest.approx(gain)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.verdict == "Whether A and B differ cannot be told."
    assert "alike" in found.remarks[-1]


def test_differences_that_are_the_same_but_for_rounding_show_no_chance(history_of):
    found = compare(side(history_of, [0.1, 0.2, 0.3]), side(history_of, [0.2, 0.3, 0.4]))

    assert math.isnan(found.low)
    assert found.gain == pytest.approx(0.1)


def test_two_winners_that_differ_by_nothing_on_any_fold_are_not_called_equal(history_of):
    one, other = (apart(history_of(SPACE, [({"x": 0.1}, [0.91, 0.92])])) for _ in range(2))

    assert compare(one, other, margin=0.1).verdict == "Whether A and B differ cannot be told."


@pytest.mark.parametrize("names", [("x",), ("x", "y", "z"), "xy", (1, 2)])
def test_names_are_two(history_of, names):
    with pytest.raises(StudyError, match="names must be two texts"):
        compare(*side(history_of, [1.0, 2.0]), names=names)


@pytest.mark.parametrize("margin", [-1, -0.1, math.inf, True, "0.1"])
def test_a_margin_is_a_size(history_of, margin):
    with pytest.raises(StudyError, match="margin must be 0 or more"):
        compare(*side(history_of, [1.0, 2.0]), margin=margin)


def test_one_study_a_side_is_judged_by_the_folds_of_its_winner(history_of):
    up = Metric("accuracy", "maximize")
    one = history_of(SPACE, [({"x": 0.1}, [0.91, 0.92, 0.93, 0.94])], metrics=up)
    other = history_of(SPACE, [({"x": 0.2}, [0.80, 0.82, 0.83, 0.84])], metrics=up)

    found = compare([one], [other], names=("svm", "tree"))

    assert found.how == "folds of the winners"
    assert found.verdict == "svm is better than tree."
    assert "Repeat both with other seeds" in found.remarks[0]


def test_folds_that_one_winner_alone_met_are_told(history_of):
    rest = [({"x": 0.2}, [0.5, 0.6, 0.7])] * 3
    one, other = (
        history_of(SPACE, [({"x": 0.1}, [0.1, 0.2, 0.3, 0.7]), *rest]),
        history_of(SPACE, [({"x": 0.1}, [0.1, 0.2, 0.3]), *rest]),
    )

    found = compare([one], [other])

    assert (found.gain, found.n) == (0.0, 3)
    assert "The winners met 4 and 3 folds and seeds; the gain is by the 3 that both met." in found.remarks


def test_what_a_race_stopped_after_an_easy_fold_is_not_the_winner(history_of):
    rest = [({"x": 0.1}, [1.0, 2.1, 2.0, 2.2]), ({"x": 0.2}, [1.1, 2.3, 2.2, 2.1]), ({"x": 0.3}, [1.2, 2.2, 2.3, 2.4])]
    one = history_of(SPACE, [*rest, ({"x": 0.9}, [1.5])])
    other = history_of(SPACE, [*rest, ({"x": 0.9}, [1.9, 2.9])])

    found = compare([one], [other])

    assert found.values == pytest.approx((1.825, 1.825))
    assert found.gain == 0
    assert compare([one], [history_of(SPACE, [({"x": 0.4}, [1.5, 2.4])] * 4)]).n == 2


def test_without_folds_or_seeds_nothing_is_claimed(history_of):
    found = compare(side(history_of, [1.0]), side(history_of, [2.0]))

    assert math.isnan(found.low)
    assert "cannot be told" in found.verdict
    assert "nan" not in repr(found)


def test_only_equally_many_trials_count(history_of):
    long = history_of(SPACE, [({"x": i / 9}, float(9 - i)) for i in range(9)])

    found = compare([long], side(history_of, [5.0]))

    assert found.trials == 2
    assert found.values == (8.0, 5.0)


def test_what_cannot_be_compared_is_refused(history_of):
    good = side(history_of, [1.0])
    with pytest.raises(StudyError, match="at least one"):
        compare([], good)
    others = [History(SPACE, [Metric("other", "maximize")]), History(SPACE, [Metric("a"), Metric("b", "maximize")])]
    with pytest.raises(
        StudyError, match=r"same single metric.*: minimize loss; b\.db: maximize other, minimize a and maximize b\.$"
    ):
        compare(good, others, names=("a.db", "b.db"))
    with pytest.raises(StudyError, match="no result"):
        compare(good, [history_of(SPACE, [({"x": 0.5}, Failure("crash", "killed"))])])


def test_the_same_against_itself_is_called_different_as_often_as_was_said():
    """200 comparisons of 6 with 6 searches of 20 random trials, alike: an interval of 95 % misses zero in about 5 %.

    Odds of failing by accident: 29 or more of 200 at 5 %, 3e-7; at the true rate of t on skewed minima, which is no larger, less.
    """
    rng, missed = np.random.default_rng(0), {"paired seeds": 0, "unpaired seeds": 0}
    for _ in range(200):
        one, paired, other = (searches(bests, seeds) for bests, seeds in zip(
            (rng.random((3, 6, 20)) ** 2).min(axis=2, keepdims=True), (range(6), range(6), range(10, 16)), strict=True
        ))  # fmt: skip
        for second in (paired, other):
            found = compare(one, second)
            missed[found.how] += not found.low <= 0 <= found.high

    assert all(count < 29 for count in missed.values()), missed


def test_a_clear_difference_is_found_with_few_seeds():
    """One side searches a space in which values are a tenth: 8 seeds show it in all of 20 comparisons."""
    rng = np.random.default_rng(1)

    verdicts = {
        compare(searches(0.1 * rng.random((8, 20)), range(8)), searches(0.5 + rng.random((8, 20)), range(8))).verdict
        for _ in range(20)
    }

    assert verdicts == {"A is better than B."}


def test_studies_without_a_partner_and_other_spaces_are_told():
    rng = np.random.default_rng(2)
    one, other = searches(rng.random((4, 3)), range(4)), searches(rng.random((3, 3)), range(3), SearchSpace({"x": Float(0, 2)}))

    found = compare(one, other)

    assert found.n == 3
    assert found.remarks == ("They searched different spaces.", "1 study without a partner of the same seed left out.")
    assert found.values[0] == pytest.approx(np.mean([min(h.values[:, 0]) for h in one[:3]]))


def searches(values, seeds, space=SPACE):
    """A study for each row of values."""
    found = []
    for seed, row in zip(seeds, values, strict=True):
        journal = Journal(space)
        for value in row.tolist():
            journal.tell(journal.ask({"x": 0.5}), value)
        journal.history.seed = seed
        found.append(journal.history)
    return found


def test_one_history_is_a_side(history_of):
    one, other = side(history_of, [1.0, 2.0])

    assert compare(one, other).values == compare([one], [other]).values == (1.0, 2.0)


def test_trials_that_are_not_there_are_not_compared(history_of):
    with pytest.raises(StudyError, match="has finished 2 trials only, so there is no comparison after 1000"):
        compare(*side(history_of, [1.0, 2.0]), trials=1000)


def test_the_side_without_a_result_is_named(history_of):
    one, _ = side(history_of, [1.0, 2.0])

    with pytest.raises(StudyError, match=r"zero\.db has no finished trial, so there is nothing to compare"):
        compare(one, history_of(SPACE, []), names=("one.db", "zero.db"))


def test_studies_are_compared_as_their_histories_are():
    studies = [Study(SPACE, Metric("loss"), seed=seed) for seed in (0, 1)]
    for i, study in enumerate(studies):
        study.optimize(lambda live, i=i: live["x"] + i, trials=3)
    first, second = studies

    assert repr(compare(first, second)) == repr(compare(first.history, second.history))
    assert repr(compare([first], second)) == repr(compare(first.history, second.history))
    with pytest.raises(StudyError, match="Studies are compared, or their histories"):
        compare("runs.db", second)
    with pytest.raises(StudyError, match="Studies are compared, or their histories"):
        compare([first, 3], second)  # type: ignore[list-item]
