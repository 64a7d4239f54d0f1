import functools
from fractions import Fraction

import numpy as np
import pytest

from tunewright.arguments import (
    check_flag,
    check_instance,
    check_objective,
    check_text,
    checked_listeners,
    count_of,
    numbered,
    whole,
)
from tunewright.errors import StudyError, TrialError


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_whatever_counts_is_a_whole_number(value):
    assert whole(value) == count_of(value, "trials") == numbered(value, "a trial") == 3
    assert type(whole(value)) is int


@pytest.mark.parametrize("value", [True, np.True_, np.array(True), 3.0, np.float64(3), "3", None, Fraction(3), [3]])
def test_what_does_not_count_is_no_whole_number(value):
    assert whole(value) is None
    with pytest.raises(StudyError, match="trials must be a whole number, 0 or more, got"):
        count_of(value, "trials")
    with pytest.raises(TrialError, match="by its number, got"):
        numbered(value, "A trial is asked for by its number")


def test_a_count_has_its_least():
    with pytest.raises(StudyError, match="workers must be a whole number, 1 or more, got 0"):
        count_of(0, "workers", 1)


def test_flags_texts_and_instances_are_what_they_seem():
    check_flag(True, "edit")
    check_flag(None, "repeats", optional=True)
    check_text("a", "name")
    check_instance(None, dict, "sampler")
    with pytest.raises(StudyError, match="edit must be True or False, got 1"):
        check_flag(1, "edit")
    with pytest.raises(StudyError, match="name must be a text, got 3"):
        check_text(3, "name")
    with pytest.raises(StudyError, match=r"must be an instance of dict, got .*Write dict\(\)"):
        check_instance(dict, dict, "sampler")


class Callable:
    def __call__(self, live):
        return 0.0


class Later:
    async def __call__(self, live):
        return 0.0


async def later(live):
    return 0.0


async def some(live):
    yield 0.0


def test_functions_and_instances_are_objectives():
    for objective in (lambda live: 0.0, Callable(), functools.partial(max, 0.0), float):
        check_objective(objective)


@pytest.mark.parametrize("objective", [later, some, Later(), functools.partial(later, 1)])
def test_an_async_function_is_no_objective(objective):
    with pytest.raises(StudyError, match=r"is an async function; give one with a plain def"):
        check_objective(objective)


def test_a_class_is_no_objective_where_its_instance_is():
    with pytest.raises(StudyError, match=r"is the class Callable, not an instance of it. Write Callable\(...\)"):
        check_objective(Callable)
    with pytest.raises(StudyError, match="must be a function of the live trial, got 3"):
        check_objective(3)


def test_listeners_are_a_list_of_functions():
    assert checked_listeners([print]) == (print,)
    assert checked_listeners(iter(())) == ()
    for wrong in (print, [3], 3, "ab"):
        with pytest.raises(StudyError, match=r"listeners must be a list of functions .*Write listeners=\[show\]"):
            checked_listeners(wrong)
