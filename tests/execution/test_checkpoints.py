import math

from tunewright.execution.checkpoints import Mark, dispensable, newest


def test_the_newest_is_the_one_with_the_highest_number():
    assert newest({}) is None
    assert newest({3: None, 10: None, 9: None}) == 10


def test_the_newest_of_tasks_up_to_a_budget():
    budgets = {1: 2.0, 2: 2.0, 3: 4.0, 4: 6.0, 5: None}

    assert newest(budgets, 2) == 2
    assert newest(budgets, 5) == 3
    assert newest(budgets, 1) is None  # of one without a budget nothing is known


def test_where_nobody_clones_all_that_came_before_may_go():
    assert dispensable({1: None, 2: 2.0}, Mark(budget=4)) == [1, 2]
    assert dispensable({1: None, 2: 2.0}, Mark(keep=2)) == [1, 2]


def test_the_newest_of_each_budget_from_the_lowest_that_is_needed_stays():
    before = {1: 2.0, 2: 2.0, 3: 4.0, 4: 6.0, 5: 8.0}

    assert dispensable(before, Mark(budget=8, keep=2)) == [1, 5]  # the one of the same budget is superseded
    assert dispensable(before, Mark(budget=8, keep=4)) == [1, 2, 5]
    assert dispensable(before, Mark(budget=8, keep=5)) == [1, 2, 5]  # who has nothing at 5 goes on from what it had at 4
    assert dispensable(before, Mark(budget=8, keep=math.inf)) == [1, 2, 3, 5]
