import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.errors import StudyError
from tunewright.resampling.resource import ROWS, Resource, part_of, resource_for, resource_of

FOREST = {"n_estimators": 100, "max_depth": None, "bootstrap": True, "verbose": 0}


def resource(name=ROWS, low=None, high=None, *, sizes=(800, 801), classes=0, params=FOREST):
    budgets = None if low is None and high is None else (low, high)
    return resource_of(name, budgets, sizes=sizes, classes=classes, params=params)


def test_rows_begin_with_a_27th_of_them_ten_for_each_class_and_200_if_these_are_few():
    assert resource(sizes=[27_000]) == Resource(ROWS, 1000, 27_000)
    assert resource(sizes=[2700]) == Resource(ROWS, 200, 2700)
    assert resource() == Resource(ROWS, 200, 801)
    assert resource(sizes=[90]) == Resource(ROWS, 30, 90)
    assert resource(sizes=[90], classes=5) == Resource(ROWS, 50, 90)
    assert resource(classes=40) == Resource(ROWS, 400, 801)
    assert resource(low=5, high=200) == Resource(ROWS, 5, 200)


def test_more_rows_than_there_are_are_all_of_them():
    assert resource(high=10_000) == Resource(ROWS, 200, 801)
    assert resource(high=300) == Resource(ROWS, 100, 300)
    assert resource(low=1, high=10_000) == Resource(ROWS, 1, 801)


def test_a_parameter_is_set_to_the_budget():
    trees = resource("n_estimators", 4, 100)

    assert trees.setting(12.4) == {"n_estimators": 12}
    assert trees.setting(None) == {"n_estimators": 100}
    assert resource("n_estimators", None, 100).low == 4
    assert resource().setting(50) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"name": "trees"},
            'resource="trees" is no parameter of the estimator that is a whole number: the estimator has n_estimators.',
        ),
        ({"name": "trees", "params": {"C": 1.0}}, "whole number: the estimator has none"),
        ({"name": "trees", "params": None}, "a function that makes the estimator sees live.budget itself"),
        ({"name": "n_estimators"}, "Say the largest number"),
        ({"name": "n_estimators", "low": 4.5, "high": 100}, "whole numbers, got 4.5 and 100"),
        ({"name": "n_estimators", "low": True, "high": 100}, "whole numbers, got True"),
        ({"name": "n_estimators", "low": 100, "high": 100}, "the least is 100, the largest 100."),
        ({"sizes": (8, 9), "classes": 2}, "A fold has 9 training rows: leave resource= out"),
        ({"low": 0}, "must rise from above 0, and the least is 0"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(arguments, said):
    with pytest.raises(StudyError, match=said.replace("(", r"\(")):
        resource(**arguments)


def test_what_the_budget_counts_is_not_searched_as_well():
    resource("n_estimators", 4, 100).check_free(["max_depth"])
    with pytest.raises(StudyError, match='"n_estimators" is searched, and it is what the budget counts as well'):
        resource("n_estimators", 4, 100).check_free(["max_depth", "n_estimators"])


@given(seed=st.integers(0, 99), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4), share=st.floats(0.05, 1.0))
def test_smaller_parts_are_in_larger_ones_and_classes_keep_their_shares(seed, sizes, share):
    target = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    train = np.flatnonzero(np.arange(len(target) + 7) != 3)[: len(target) - 1]
    target = np.append(target, [0] * 8)
    if not len(train):
        return
    parts = [part_of(train, target, count, seed=(seed, 0, 1), timed=False) for count in range(1, len(train) + 1)]

    for count, (small, large) in enumerate(zip(parts, [*parts[1:], train], strict=True), 1):
        assert len(small) == count
        assert set(small) <= set(large) <= set(train)
        assert (np.diff(small) > 0).all()
    part = parts[max(1, round(share * len(train))) - 1]
    for label in np.unique(target[train]):
        there = (target[train] == label).sum() / len(train) * len(part)
        assert abs((target[part] == label).sum() - there) <= len(sizes)


def test_rare_classes_are_in_the_smallest_part():
    target = np.array([0] * 990 + [1] * 10)
    part = part_of(np.arange(1000), target, 10, seed=(0, 0, 0), timed=False)

    assert set(target[part]) == {0, 1}


def test_of_rows_in_time_the_last_ones_are_taken():
    assert part_of(np.arange(50), None, 5, seed=(0,), timed=True).tolist() == [45, 46, 47, 48, 49]


def test_without_classes_rows_are_drawn_by_chance_and_the_same_again():
    first, again, other = (part_of(np.arange(50), None, 20, seed=(seed, 1), timed=False) for seed in (0, 0, 1))

    assert first.tolist() == again.tolist() != other.tolist()
    assert part_of(np.arange(50), None, 50, seed=(0,), timed=False).tolist() == list(range(50))


@pytest.mark.parametrize(
    ("library", "kind", "own", "name", "heeded"),
    [
        ("xgboost", "XGBClassifier", {}, "n_estimators", "n_estimators"),
        ("catboost", "CatBoostClassifier", {}, "iterations", "iterations"),
        ("catboost", "CatBoostClassifier", {}, "n_estimators", "iterations"),
        ("catboost", "CatBoostClassifier", {"num_trees": 7}, "iterations", "num_trees"),
        ("lightgbm", "LGBMClassifier", {"num_iterations": 7}, "n_estimators", "num_iterations"),
    ],
)
def test_the_rounds_of_a_booster_are_counted_whatever_it_says_of_them(library, kind, own, name, heeded):
    model = getattr(pytest.importorskip(library), kind)(**own)

    assert resource_for(model, name, (4, 100), sizes=[90], classes=2) == Resource(heeded, 4, 100)
    with pytest.raises(StudyError, match='"rounds" is no parameter'):
        resource_for(model, "rounds", (4, 100), sizes=[90], classes=2)


def test_rows_are_counted_for_a_function_too_and_parameters_are_not():
    assert resource_for(lambda live: live, ROWS, (4, 80), sizes=[90], classes=0) == Resource(ROWS, 4, 80)
    with pytest.raises(StudyError, match="needs none"):
        resource_for(lambda live: live, "n_estimators", (4, 80), sizes=[90], classes=0)
