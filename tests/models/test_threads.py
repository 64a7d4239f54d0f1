from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from tunewright import analysis
from tunewright.analysis.insight import insight
from tunewright.models.threads import one_thread


def threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_linear_algebra_has_one_thread_inside_and_as_many_as_before_afterwards():
    with threadpool_limits(2, user_api="blas"):
        before = threads()

        assert one_thread(lambda factor: (threads(), factor))(factor=3) == ({1}, 3)
        assert threads() == before


def test_threads_come_back_after_an_error():
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with pytest.raises(ZeroDivisionError):
            one_thread(lambda: 1 / 0)()

        assert threads() == before


def test_analyses_may_overlap():
    begun, end = Event(), Event()
    with threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        before = threads()
        other = one_thread(lambda: (begun.set(), end.wait(30)))

        first = pool.submit(other)
        begun.wait(30)
        one_thread(lambda: (end.set(), first.result()))()  # begins second and ends last
        assert threads() == before


@pytest.mark.parametrize(
    "asked",
    [
        analysis.importance,
        analysis.effects,
        analysis.tunability,
        analysis.sensitivity,
        analysis.prospect,
        analysis.refine,
        analysis.health,
        insight,
    ],
)
def test_whatever_needs_a_model_has_one_thread(asked):
    assert asked.__globals__["one_thread"] is not None
    assert asked.__code__ is one_thread(len).__code__
